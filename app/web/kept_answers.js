/**
 * The sources of this tab's answers, for when the page is loaded again: the service keeps what was said, not its place.
 * The service says what may be shown: an answer that it has taken back is not looked up here.
 */

import { tab } from "./memory.js";

const KEY = "scholiast.answers";
const MOST = 40; // answers, some kilobytes each

/** Keeps what is needed to show the sources of an answer again. */
export function keepSources({ request_id, citations, claims, abstained, passages }) {
  const sources = { citations, claims, abstained, passages };
  const kept = tab.recallJson(KEY, []).filter(([id]) => id !== request_id);
  tab.remember(KEY, JSON.stringify([...kept, [request_id, sources]].slice(-MOST)));
}

/** `{citations, claims, abstained, passages}` of the answer to a request, or null. */
export const keptSources = (requestId) => new Map(tab.recallJson(KEY, [])).get(requestId) ?? null;

/** Forgets everything that was taken from a document. */
export function forgetSourcesIn(documentId) {
  const kept = tab.recallJson(KEY, []).filter((answer) => !JSON.stringify(answer).includes(documentId));
  tab.remember(KEY, JSON.stringify(kept));
}
