/** A small mark after each sentence of an answer: whether the documents support it, and on a click where. */

import { placeOf, utf16Offsets } from "./answer_text.js";
import { element } from "./elements.js";

const VERDICTS = {
  supported: { sign: "✓", words: "Supported by the documents" },
  partly: { sign: "~", words: "Only partly supported by the documents" },
  unsupported: { sign: "?", words: "Not supported by the documents" },
};

/** Marks with their positions in the text; `open(places, index)` shows the evidence of the claim with this index. */
export function claimMarks(text, claims, open) {
  const places = claims.filter(({ evidence }) => evidence).map(({ evidence }) => evidence);
  const ends = utf16Offsets(text, claims.map(({ end }) => end));
  return claims.map((claim, index) => ({ position: ends[index], length: 0, node: mark(claim, places, open) }));
}

function mark({ verdict, score, evidence }, places, open) {
  const { sign, words } = VERDICTS[verdict];
  const label = `${words} (${Math.round(100 * score)} %)`;
  if (!evidence) return element("span", { class: `claim claim-${verdict}`, role: "img", "aria-label": label, title: label }, sign);
  const properties = {
    class: `claim claim-${verdict}`,
    type: "button",
    "aria-label": `${label}: ${placeOf(evidence)}`,
    title: `${label}\n${placeOf(evidence)}\n“${evidence.quote}”`,
    onclick: () => open(places, places.indexOf(evidence)),
  };
  return element("button", properties, sign);
}

