/** An answer's text as nodes: plain text, with every known `[n]` a button that opens the citation. */

import { element } from "./elements.js";

const MARKER = /\[(\d{1,3})\]/g;

/** Where a citation is, in words: "report.pdf, page 3". */
export const placeOf = ({ document, page }) => (page ? `${document}, page ${page}` : document);

/**
 * The nodes of an answer. `citations` may name one number several times: the k-th `[n]` in the text is then
 * the k-th citation of that number. A `[n]` that no citation carries stays text. `open(index)` takes the
 * index in `citations`.
 */
export function answerNodes(text, citations, open) {
  const indexes = new Map(); // n -> indexes in citations, in order
  citations.forEach(({ n }, index) => indexes.set(n, [...(indexes.get(n) ?? []), index]));
  const nodes = [];
  let position = 0;
  for (const match of text.matchAll(MARKER)) {
    const candidates = indexes.get(Number(match[1]));
    if (!candidates) continue;
    nodes.push(text.slice(position, match.index));
    const index = candidates.length > 1 ? candidates.shift() : candidates[0];
    nodes.push(citationButton(citations[index], () => open(index)));
    position = match.index + match[0].length;
  }
  nodes.push(text.slice(position));
  return nodes.filter((node) => node !== "");
}

function citationButton(citation, onclick) {
  const properties = {
    class: "citation",
    type: "button",
    "aria-label": `Citation ${citation.n}: ${placeOf(citation)}`,
    title: `${placeOf(citation)}\n“${citation.quote}”`,
    onclick,
  };
  return element("button", properties, String(citation.n));
}
