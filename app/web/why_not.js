/** "Expected another document?": why the search for this question did not come up with a document of one's choice. */

import { listDocuments, whyNot } from "./api.js";
import { element } from "./elements.js";

/** A line to choose a document of the collection on; what the service says about it follows below. */
export function whyNotView({ question, collection, filter, options, passages }) {
  const choice = element("select", { "aria-label": "The document you expected" });
  const button = element("button", { class: "link-button", type: "submit" }, "Why not this one?");
  const outcome = element("ul", { class: "why-not", "aria-live": "polite" });
  const say = (...sentences) => outcome.replaceChildren(...sentences.map((text) => element("li", {}, text)));

  const ask = async (event) => {
    event.preventDefault();
    if (!choice.value) return;
    button.disabled = true;
    try {
      const { mode: _, ...searching } = options ?? {}; // how it is answered is no matter of the search
      const k = Math.max(passages.length, 1);
      const body = { query: question, collection, filter, options: searching, document: choice.value, k };
      say(...(await whyNot(body)).sentences);
    } catch (error) {
      say(error.message);
    } finally {
      button.disabled = false;
    }
  };
  // The names are fetched when somebody wants to choose, not with every answer.
  const fill = async () => {
    try {
      const { documents } = await listDocuments(collection, null);
      choice.replaceChildren(...documents.map(({ id, name }) => element("option", { value: id }, name)));
    } catch (error) {
      say(error.message);
    }
  };
  const form = element("form", { class: "why-not-form", onsubmit: ask }, choice, button);
  const head = element("summary", { class: "quiet" }, "Expected another document?");
  const view = element("details", { class: "why-not-box" }, head, form, outcome);
  view.addEventListener("toggle", fill, { once: true });
  return view;
}
