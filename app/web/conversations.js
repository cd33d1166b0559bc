/** The conversations that the service keeps about the current collection: go on with one, or delete it. */

import { deleteConversation, listConversations } from "./api.js";
import { confirmed } from "./dialogs.js";
import { announce, byId, element, icon, languageOf } from "./elements.js";

/** Owns the list's dialog; calls `chosen(id)` and `deleted(id)`; `collection()` and `current()` say what is shown. */
export class Conversations {
  #chosen;
  #deleted;
  #collection;
  #current;
  #dialog = byId("conversations");
  #cursor = null;
  #loading = new AbortController();

  constructor({ chosen, deleted, collection, current }) {
    this.#chosen = chosen;
    this.#deleted = deleted;
    this.#collection = collection;
    this.#current = current;
    byId("show-conversations").addEventListener("click", () => this.#show());
    byId("conversations-close").addEventListener("click", () => this.#dialog.close());
    byId("conversations-more").addEventListener("click", () => this.#loadMore());
  }

  #show() {
    this.#cursor = null;
    byId("conversations-list").replaceChildren();
    byId("conversations-about").textContent = `About ${this.#collection()}, newest first`;
    this.#dialog.showModal();
    this.#loadMore();
  }

  async #loadMore() {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#say("");
    try {
      const page = await listConversations(this.#collection(), this.#cursor);
      if (signal.aborted) return; // opened anew while the list was on its way
      this.#cursor = page.next_cursor;
      // One in which nothing was answered has no title, and nothing to go on from.
      const titled = page.conversations.filter(({ title }) => title !== null);
      byId("conversations-list").append(...titled.map((conversation) => this.#row(conversation)));
      byId("conversations-more").hidden = this.#cursor === null;
      this.#showEmptiness();
    } catch (error) {
      this.#say(error.message);
    }
  }

  #row(conversation) {
    const { id, title, created_at: begun } = conversation;
    const date = new Date(1000 * begun).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
    const choose = () => {
      this.#dialog.close();
      if (id !== this.#current()) this.#chosen(id);
    };
    const name = { class: "row-name", type: "button", title, lang: languageOf(title), onclick: choose };
    const isCurrent = id === this.#current();
    const note = element("p", { class: "row-note" }, isCurrent ? `${date} · open now` : date);
    const remove = {
      class: "icon-button small",
      type: "button",
      "aria-label": `Delete the conversation “${title}”`,
      title: "Delete",
      onclick: () => this.#remove(conversation, row),
    };
    const row = element(
      "li",
      { class: "row", "aria-current": isCurrent ? "true" : null },
      element("div", { class: "row-main" }, element("button", name, title), note),
      element("div", { class: "row-buttons" }, element("button", remove, icon("delete"))),
    );
    return row;
  }

  async #remove({ id, title }, row) {
    const yes = await confirmed({
      title: "Delete this conversation?",
      text: `“${title}” and all that followed will be gone. The documents stay.`,
      yes: "Delete",
    });
    if (!yes) return;
    try {
      await deleteConversation(id);
    } catch (error) {
      this.#say(error.message);
      return;
    }
    row.remove();
    this.#deleted(id);
    this.#showEmptiness();
    announce("The conversation was deleted");
    byId("conversations-close").focus(); // the button that had the focus is gone
  }

  #showEmptiness() {
    const isEmpty = byId("conversations-list").childElementCount === 0 && this.#cursor === null;
    this.#say(isEmpty ? "Nothing has been asked here yet." : "");
  }

  #say(sentence) {
    byId("conversations-note").textContent = sentence;
    byId("conversations-note").hidden = sentence === "";
  }
}
