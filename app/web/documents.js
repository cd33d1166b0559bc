/** The documents of the current collection: a list in pages, kept up to date, with uploads and deletion. */

import { deleteDocument, listDocuments } from "./api.js";
import { confirmed } from "./dialogs.js";
import { DocumentRow } from "./document_row.js";
import { announce, byId } from "./elements.js";
import { Uploads } from "./uploads.js";
import { isFinished, Watcher } from "./watching.js";

/**
 * Owns the documents panel. Tells `adding()` before an upload, `read(document)` when one is chosen,
 * `deleted(id)`, and `counted()` when the number of documents has changed.
 */
export class Documents {
  #adding;
  #read;
  #counted;
  #deleted;
  #collection = null;
  #rows = new Map(); // id -> DocumentRow
  #cursor = null;
  #loading = new AbortController();
  #uploads = new Uploads((document) => this.#uploaded(document));
  #watcher = new Watcher({ changed: (document) => this.#changed(document), gone: (id) => this.#removeRow(id) });

  constructor({ adding, read, counted, deleted }) {
    this.#adding = adding;
    this.#read = read;
    this.#counted = counted;
    this.#deleted = deleted;
    const input = byId("files");
    byId("add-files").addEventListener("click", () => input.click());
    byId("welcome-add").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = ""; // so that choosing the same file again is a change
    });
    byId("documents-more").addEventListener("click", () => this.#loadMore());
  }

  /** Uploads files into the current collection. */
  add(files) {
    if (files.length === 0) return;
    this.#adding();
    this.#uploads.add(files, this.#collection);
  }

  /** Shows another collection, from its first page. */
  async show(collection) {
    this.#collection = collection;
    this.#loading.abort();
    this.#watcher.forgetAll();
    this.#rows.clear();
    this.#cursor = null;
    byId("documents-list").replaceChildren();
    byId("documents-empty").hidden = true;
    byId("documents-more").hidden = true;
    await this.#loadMore();
  }

  /** How many documents the collection holds in all; null where that is not known. */
  showCount(total) {
    const known = total ?? this.#rows.size;
    byId("documents-count").textContent = known > 0 ? known.toLocaleString("en") : "";
    byId("documents-badge").textContent = known.toLocaleString("en");
    byId("documents-badge").hidden = known === 0;
  }

  async #loadMore() {
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    const more = byId("documents-more");
    const list = byId("documents-list");
    more.disabled = true;
    list.setAttribute("aria-busy", "true");
    this.notify(null);
    try {
      const page = await listDocuments(this.#collection, this.#cursor, signal);
      signal.throwIfAborted(); // another collection may have been chosen while the body was read
      this.#cursor = page.next_cursor;
      for (const document of page.documents) if (!this.#rows.has(document.id)) list.append(this.#addRow(document).node);
      // Oldest first: the worker takes them in that order, so the streams go to those that move.
      const unfinished = page.documents.filter((document) => !isFinished(document));
      for (const { id } of unfinished.sort((one, other) => one.created_at - other.created_at)) this.#watcher.watch(id);
      more.hidden = this.#cursor === null;
      more.textContent = "Load more";
    } catch (error) {
      if (signal.aborted) return;
      this.notify(`The list could not be loaded. ${error.message}`);
      more.hidden = false;
      more.textContent = "Try again";
    }
    more.disabled = false;
    list.removeAttribute("aria-busy");
    this.#showEmptiness();
  }

  #addRow(document) {
    const row = new DocumentRow(document, { read: this.#read, remove: (chosen) => this.#remove(chosen) });
    this.#rows.set(document.id, row);
    return row;
  }

  #uploaded(document) {
    this.#counted();
    if (document.collection !== this.#collection) return;
    const known = this.#rows.get(document.id);
    if (!known) byId("documents-list").prepend(this.#addRow(document).node);
    if (known) {
      known.show({ ...known.document, ...document }); // one that had failed gets a second try
      known.flash();
      announce(`${document.name} was already here`);
    }
    this.#watcher.watch(document.id); // also one that is ready: what came back has no counts yet
    this.#showEmptiness();
  }

  #changed(document) {
    this.#rows.get(document.id)?.show(document);
    if (!isFinished(document)) return;
    announce(document.status === "ready" ? `${document.name} is ready` : `${document.name} has failed`);
    this.#showEmptiness();
  }

  async #remove(document) {
    const yes = await confirmed({
      title: "Delete this document?",
      text: `“${document.name}” and everything made from it will be gone, and no answer will use it any more.`,
      yes: "Delete",
    });
    if (!yes) return;
    try {
      await deleteDocument(document.id);
    } catch (error) {
      this.notify(`“${document.name}” could not be deleted. ${error.message}`);
      return;
    }
    this.#watcher.forget(document.id);
    this.#removeRow(document.id);
    this.#deleted(document.id);
    this.#counted();
    announce(`${document.name} was deleted`);
    byId("add-files").focus(); // the button that had the focus is gone
  }

  #removeRow(id) {
    this.#rows.get(id)?.node.remove();
    this.#rows.delete(id);
    this.#showEmptiness();
  }

  #showEmptiness() {
    const isEmpty = this.#rows.size === 0 && this.#cursor === null;
    const hasReady = [...this.#rows.values()].some((row) => row.document.status === "ready");
    byId("documents-empty").hidden = !isEmpty || !byId("documents-notice").hidden;
    byId("welcome").dataset.documents = hasReady ? "ready" : isEmpty ? "none" : "waiting";
  }

  /** Shows a sentence above the list, or takes it away with null. */
  notify(sentence) {
    byId("documents-notice").textContent = sentence ?? "";
    byId("documents-notice").hidden = sentence === null;
  }
}
