/** One document in the list: what it is, how far it is, what went wrong, and what can be done with it. */

import { count, element, icon, words } from "./elements.js";

/** The ingest's stages as a person would say them; one that is not named here is shown as it is called. */
const STAGES = {
  parse: "Reading",
  chunk: "Splitting into chunks",
  embed: "Indexing",
  sentences: "Looking for central sentences",
  summary: "Writing summaries",
  questions: "Writing questions",
  representations: "Indexing what stands for the chunks",
  overview: "Writing the tree",
  tree: "Building the tree",
};

const COUNTED = [
  ["pages", "page"],
  ["chunks", "chunk"],
];

/** A row that can be shown again with every new state; `read(document)` and `remove(document)` are its actions. */
export class DocumentRow {
  #document;
  #name = element("button", { class: "row-name", type: "button" });
  #note = element("p", { class: "row-note" });
  #bar = element("progress", {});
  #more = element("div", { class: "row-more" });
  #delete = element("button", { class: "icon-button small", type: "button" }, icon("delete"));

  constructor(document, actions) {
    this.#name.addEventListener("click", () => actions.read(this.#document));
    this.#delete.addEventListener("click", () => actions.remove(this.#document));
    const main = element("div", { class: "row-main" }, this.#name, this.#note, this.#bar, this.#more);
    this.node = element("li", { class: "row" }, main, element("div", { class: "row-buttons" }, this.#delete));
    this.show(document);
  }

  get document() {
    return this.#document;
  }

  /** Shows a state of the document as the service gives it. */
  show(document) {
    this.#document = document;
    this.node.dataset.status = document.status;
    this.#name.textContent = document.name;
    this.#name.title = document.name;
    this.#name.disabled = !document.searchable; // a new revision may be on its way while the old one can be read
    this.#delete.title = `Delete ${document.name}`;
    this.#delete.setAttribute("aria-label", this.#delete.title);
    this.#note.textContent = note(document);
    this.#showProgress(document);
    this.#more.replaceChildren(...warnings(document));
  }

  /** Draws the eye to the row, for a file that was already here. */
  flash() {
    this.node.classList.remove("flash");
    void this.node.offsetWidth; // restarts the animation
    this.node.classList.add("flash");
    this.node.scrollIntoView({ block: "nearest" });
  }

  #showProgress({ name, status, progress }) {
    this.#bar.hidden = status !== "queued" && status !== "processing";
    this.#bar.setAttribute("aria-label", `Progress of ${name}`);
    if (status === "processing" && progress?.total > 1) {
      this.#bar.max = progress.total;
      this.#bar.value = progress.done;
    } else {
      this.#bar.removeAttribute("value"); // under way, no telling how far
    }
  }
}

function note(document) {
  const { status, progress } = document;
  if (status === "queued") return "Waiting its turn";
  if (status === "processing") return stageNote(progress);
  if (status === "failed") return document.error?.detail ?? "It could not be read. Delete it and add it again.";
  if (document.enrichment?.status === "running" && document.enrichment.stage) {
    return `Ready · ${stageNote(document.enrichment)}`;
  }
  const parts = COUNTED.filter(([key]) => document[key] > 0).map(([key, noun]) => count(document[key], noun));
  return ["Ready", ...parts].join(" · ");
}

function stageNote(progress) {
  if (!progress?.stage) return "Working";
  const name = STAGES[progress.stage] ?? words(progress.stage);
  const [done, total] = [progress.done, progress.total].map((number) => number.toLocaleString("en"));
  return progress.total > 1 ? `${name}, ${done} of ${total}` : name;
}

function warnings(document) {
  const sentences = document.warnings ?? [];
  if (sentences.length === 0) return [];
  const list = element("ul", {}, ...sentences.map((sentence) => element("li", {}, sentence)));
  const summary = element("summary", {}, count(sentences.length, "warning"));
  return [element("details", { class: "row-warnings" }, summary, list)];
}
