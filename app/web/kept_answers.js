/**
 * The sources of this tab's answers, for when the page is loaded again: the service keeps what was said, not its place.
 * The service says what may be shown: an answer that it has taken back is not looked up here.
 */

import { tab } from "./memory.js";

const KEY = "scholiast.answers";
const MOST = 40; // answers, some kilobytes each

/** Keeps what is needed to show the sources of an answer again. */
export function keepSources({ request_id, short_answer, citations, claims, abstained, passages }) {
  const sources = { short_answer, citations, claims, abstained, passages };
  const others = kept().filter(([id]) => id !== request_id);
  tab.remember(KEY, JSON.stringify([...others, [request_id, sources]].slice(-MOST)));
}

/** `{short_answer, citations, claims, abstained, passages}` of the answer to a request, or null. */
export const keptSources = (requestId) => new Map(kept()).get(requestId) ?? null;

/** Forgets everything that was taken from a document. */
export function forgetSourcesIn(documentId) {
  const others = kept().filter((answer) => !JSON.stringify(answer).includes(documentId));
  tab.remember(KEY, JSON.stringify(others));
}

/** `[[request id, sources], ...]`, oldest first; what another version of the page wrote otherwise is left out. */
function kept() {
  const found = tab.recallJson(KEY, []);
  return Array.isArray(found) ? found.filter((answer) => Array.isArray(answer?.[1]?.citations)) : [];
}
