/** The sources below an answer: its citations, each place once; for an abstention what came closest. */

import { placeOf } from "./answer_text.js";
import { element, icon, languageOf } from "./elements.js";

const CLOSEST = 3; // passages shown where nothing answers

/** The nodes of an answer's sources; `open(places, index)` opens one, `copied()` is the text for the clipboard. */
export function sourcesView({ citations, passages, abstained }, open, copied) {
  if (citations.length > 0) {
    const fromRows = new Set(passages.filter(({ statement }) => statement).map((passage) => passage.chunk_id));
    const title = abstained ? "What came closest" : "Sources";
    return [head(title, copyButton(copied)), sourceList(citations, open, fromRows)];
  }
  const closest = passages.filter((passage) => passage.document_id).slice(0, CLOSEST);
  if (!abstained || closest.length === 0) return [];
  const places = closest.map((passage, index) => ({ ...passage, n: index + 1, quote: passage.text }));
  return [head("What came closest"), sourceList(places, open, new Set())];
}

/** An answer's text with its citations, as it is copied. */
export function withCitations(text, citations) {
  const sources = citations.map((citation) => `[${citation.n}] ${placeOf(citation)}: “${citation.quote}”`);
  return [text, "", ...new Set(sources)].join("\n");
}

function head(title, button = null) {
  return element("div", { class: "sources-head" }, element("h3", {}, title), button);
}

function copyButton(copied) {
  if (!navigator.clipboard) return null; // browsers offer it on https and localhost only
  const label = element("span", {}, "Copy");
  const copy = async () => {
    await navigator.clipboard.writeText(copied());
    label.textContent = "Copied";
    setTimeout(() => (label.textContent = "Copy"), 2000);
  };
  return element("button", { class: "link-button", type: "button", onclick: copy }, icon("copy"), label);
}

/** `fromRows` are the ids of passages that are made of rows of a table. */
function sourceList(citations, open, fromRows) {
  const seen = new Set();
  const list = element("ol", { class: "sources" });
  citations.forEach((citation, index) => {
    const place = [citation.n, citation.document_id, citation.start, citation.end].join();
    if (seen.has(place)) return;
    seen.add(place);
    list.append(element("li", {}, sourceView(citation, fromRows.has(citation.chunk_id), () => open(citations, index))));
  });
  return list;
}

function sourceView({ n, document, page, quote }, isFromRows, onclick) {
  const name = element(
    "span",
    { class: "source-name" },
    element("span", { class: "source-document" }, document),
    page ? element("span", { class: "quiet" }, `page ${page}`) : null,
    isFromRows ? element("span", { class: "quiet" }, "rows of a table") : null,
  );
  return element(
    "button",
    { class: "source", type: "button", onclick },
    element("span", { class: "source-number" }, String(n)),
    name,
    element("span", { class: "source-quote", lang: languageOf(quote) }, quote),
  );
}
