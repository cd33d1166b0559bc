/** The panel that shows a document's text at a citation: beside the conversation, or over it where there is no room. */

import { contentUrl, documentText } from "./api.js";
import { byId, element, languageOf } from "./elements.js";
import { TextWindow } from "./text_window.js";

const KEPT = 4; // texts, so that stepping through an answer's citations does not fetch them again
const NO_TEXT = "No text was found in this document.";
const narrow = window.matchMedia("(max-width: 899px)");

/** Owns the viewer; a place is `{document_id, document, page, start, end}`, the last three null for no place. */
export class Viewer {
  #dialog = byId("viewer");
  #body = byId("viewer-body");
  #texts = new Map(); // document id -> text, least recently used first
  #places = [];
  #index = 0;
  #loading = new AbortController();
  #opener = null;

  constructor() {
    byId("viewer-close").addEventListener("click", () => this.close());
    byId("viewer-previous").addEventListener("click", () => this.#show(this.#index - 1));
    byId("viewer-next").addEventListener("click", () => this.#show(this.#index + 1));
    // A dialog that is not modal does not close on Escape by itself.
    document.addEventListener("keydown", (event) => {
      const dialog = event.target.closest?.("dialog") ?? this.#dialog;
      if (event.key === "Escape" && dialog === this.#dialog) this.close();
    });
    this.#dialog.addEventListener("close", () => this.#closed());
  }

  /** Opens the place `places[index]`; the others can be stepped to. */
  open(places, index = 0) {
    this.#places = places;
    if (!this.#dialog.open) {
      this.#opener = document.activeElement;
      if (narrow.matches) this.#dialog.showModal();
      else this.#dialog.show();
      document.body.classList.add("viewer-open");
    }
    this.#show(index);
    byId("viewer-title").focus({ preventScroll: true });
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  /** Closes if it shows this document, which is no more. */
  forget(documentId) {
    this.#texts.delete(documentId);
    if (this.#places[this.#index]?.document_id === documentId) this.close();
  }

  #closed() {
    this.#loading.abort();
    document.body.classList.remove("viewer-open");
    if (this.#opener?.isConnected) this.#opener.focus({ preventScroll: true });
  }

  async #show(index) {
    this.#index = index;
    const place = this.#places[index];
    this.#showHead(place);
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    if (!this.#texts.has(place.document_id)) {
      this.#body.replaceChildren(element("p", { class: "quiet" }, "Opening…"));
    }
    try {
      const text = await this.#text(place.document_id, signal);
      if (!signal.aborted) this.#showText(new TextWindow(text, place.start, place.end));
    } catch (error) {
      if (signal.aborted) return;
      this.#body.replaceChildren(element("p", { class: "notice", role: "alert" }, error.message));
    }
  }

  #showHead(place) {
    byId("viewer-title").textContent = place.document;
    byId("viewer-title").title = place.document;
    byId("viewer-place").textContent = place.page ? `Page ${place.page}` : "";
    byId("viewer-original").href = contentUrl(place.document_id);
    byId("viewer-steps").hidden = this.#places.length < 2;
    byId("viewer-position").textContent = `${this.#index + 1} of ${this.#places.length}`;
    byId("viewer-previous").disabled = this.#index === 0;
    byId("viewer-next").disabled = this.#index === this.#places.length - 1;
  }

  async #text(id, signal) {
    const text = this.#texts.get(id) ?? (await documentText(id, signal));
    this.#texts.delete(id);
    this.#texts.set(id, text);
    if (this.#texts.size > KEPT) this.#texts.delete(this.#texts.keys().next().value);
    return text;
  }

  #showText(part) {
    const mark = part.quote ? element("mark", {}, part.quote) : null;
    const language = languageOf(part.quote || part.after.slice(0, 500));
    const text = element("div", { class: "viewer-text", lang: language }, part.before, mark, part.after);
    const earlier = moreButton("Show more above", part.hasEarlier, () => {
      const { scrollHeight, scrollTop } = this.#body;
      text.prepend(part.showEarlier());
      earlier.hidden = !part.hasEarlier;
      // What was in view stays in view.
      this.#body.scrollTop = scrollTop + this.#body.scrollHeight - scrollHeight;
    });
    const later = moreButton("Show more below", part.hasLater, () => {
      text.append(part.showLater());
      later.hidden = !part.hasLater;
    });
    this.#body.replaceChildren(earlier, part.text.trim() ? text : element("p", { class: "quiet" }, NO_TEXT), later);
    const fits = mark && mark.getBoundingClientRect().height < this.#body.clientHeight;
    if (mark) mark.scrollIntoView({ block: fits ? "center" : "start" });
    else this.#body.scrollTop = 0;
  }
}

function moreButton(label, isNeeded, onclick) {
  return element("button", { class: "button quiet-button wide", type: "button", hidden: !isNeeded, onclick }, label);
}
