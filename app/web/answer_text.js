/** An answer's text as nodes: plain text, with every known `[n]` a button that opens the citation. */

import { element } from "./elements.js";

const MARKER = /\[(\d{1,3})\]/g;

/** Where a citation is, in words: "report.pdf, page 3". */
export const placeOf = ({ document, page }) => (page ? `${document}, page ${page}` : document);

/**
 * The nodes of an answer. `citations` may name one number several times: the k-th `[n]` in the text is then
 * the k-th citation of that number. A `[n]` that no citation carries stays text. `open(index)` takes the
 * index in `citations`. `marks` are `{position, length, node}` in order: nodes to set in place of so much text.
 */
export function answerNodes(text, citations, open, marks = []) {
  const pieces = [...citationPieces(text, citations, open), ...marks];
  pieces.sort((one, other) => one.position - other.position);
  const nodes = [];
  let position = 0;
  for (const piece of pieces) {
    nodes.push(text.slice(position, piece.position), piece.node);
    position = piece.position + piece.length;
  }
  nodes.push(text.slice(position));
  return nodes.filter((node) => node !== "");
}

/** The stretch of an answer's text that answers by itself, set off from what is quoted around it; none if null. */
export function shortAnswerPieces(text, short) {
  if (!short) return [];
  const [position, end] = utf16Offsets(text, [short.start, short.end]);
  const node = element("strong", {}, text.slice(position, end));
  return [{ position, length: end - position, node }];
}

/** The service counts characters, JavaScript counts units of UTF-16: an emoji is one of those and two of these. */
export function utf16Offsets(text, offsets) {
  const starts = [0];
  for (const character of text) starts.push(starts.at(-1) + character.length);
  return offsets.map((offset) => starts[Math.min(offset, starts.length - 1)]);
}

/** A button for every `[n]` with a citation, and the stretch of text that it stands for. */
function citationPieces(text, citations, open) {
  const indexes = new Map(); // n -> indexes in citations, in order
  citations.forEach(({ n }, index) => indexes.set(n, [...(indexes.get(n) ?? []), index]));
  const pieces = [];
  for (const match of text.matchAll(MARKER)) {
    const candidates = indexes.get(Number(match[1]));
    if (!candidates) continue;
    const index = candidates.length > 1 ? candidates.shift() : candidates[0];
    const node = citationButton(citations[index], () => open(index));
    pieces.push({ position: match.index, length: match[0].length, node });
  }
  return pieces;
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
