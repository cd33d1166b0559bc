/** What happened on the way to an answer, in sentences: how it was understood, who was asked and why. */

import { element, languageOf, words } from "./elements.js";
import { codeView, filterWords, rowsView } from "./facts.js";

/** What is worth a sentence, by stage; each takes the stage's facts and gives nodes, or none. */
const TOLD = {
  follow_up: ({ understood }) => (understood ? [said("Understood as ", [understood])] : []),
  kind: ({ route }) => [said(`Taken for a question of the kind “${words(route)}”.`)],
  route: toldRoute,
  construct: ({ filter, conditions }) =>
    conditions?.length > 0 && filter ? [said(`Narrowed to ${filterWords(filter)}.`)] : [],
  translate: ({ strategies, gate }) =>
    gate?.chosen.length === 0 ? [said("No further query was judged to pay.")] : (strategies ?? []).map(toldStrategy),
  sources: (facts) => Object.entries(facts).flatMap(([source, given]) => toldSource(source, given)),
  generate: ({ skipped }) => (skipped ? [said(`The language model did not write: ${skipped}.`)] : []),
};

/** The sentences as a list, or null where nothing stands out. */
export function happeningsView(stages) {
  const told = stages.flatMap(({ stage, milliseconds: _, ...facts }) => TOLD[stage]?.(facts) ?? []);
  return told.length > 0 ? element("ul", { class: "happenings" }, ...told) : null;
}

function toldRoute({ sources, asked_for: wanted, chances, reason }) {
  const asked = sources?.length > 0 ? `Asked: ${sources.join(" and ")}` : "Nothing was searched";
  if (wanted !== "auto") return [said(`${asked}, as the request says.`)];
  if (reason) return [said(`${asked}: ${reason}.`)];
  if (!chances) return [said(`${asked}.`)];
  const byChance = Object.entries(chances).sort(([, one], [, other]) => other - one);
  const shown = byChance.map(([source, chance]) => `${source} ${Math.round(100 * chance)} %`);
  return [said(`${asked}. What the question looks meant for: ${shown.join(", ")}.`)];
}

function toldStrategy({ strategy, by, queries = [], skipped }) {
  if (skipped) return said(`No ${words(strategy)}: ${skipped}.`);
  const writer = by ? ` (by ${by})` : "";
  if (queries.length === 0) return said(`${capital(words(strategy))}${writer} made no further query.`);
  return said(`${capital(words(strategy))}${writer} also looked for `, queries);
}

function toldSource(source, given) {
  if (given === null || typeof given !== "object") return [];
  const { statement, reason, failed, confidence, columns, rows, cut, hits = [] } = given;
  const sure = confidence === undefined ? "" : `, confidence ${Math.round(100 * confidence)} %`;
  const line = said(`${capital(source)}${sure}: ${outcome(failed, reason, hits.length)}.`);
  if (statement) line.append(codeView(statement));
  if (Array.isArray(columns) && rows?.length > 0) line.append(rowsView(columns, rows));
  if (cut) line.append(element("p", { class: "quiet" }, "There are more rows than these."));
  return [line];
}

function outcome(failed, reason, passages) {
  if (failed) return `failed (${failed})`;
  if (reason) return `no answer (${reason})`;
  return passages === 1 ? "one passage" : `${passages} passages`;
}

/** A sentence, and queries as quotations after it. */
function said(sentence, queries = []) {
  const quoted = queries.flatMap((query, index) => [
    index > 0 ? ", " : null,
    element("q", { lang: languageOf(query) }, query),
  ]);
  return element("li", {}, sentence, ...quoted);
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
