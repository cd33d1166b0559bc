/** "How this answer came about": the stages as a waterfall, and the passages that the model was given. */

import { placeOf } from "./answer_text.js";
import { count, duration, element, languageOf, words } from "./elements.js";
import { codeView, factsView } from "./facts.js";
import { happeningsView } from "./happenings.js";
import { whyNotView } from "./why_not.js";

/** The collapsible account of an answer to `asked`; `open(places, index)` shows a passage in its document. */
export function traceView({ trace, passages, usage }, asked, open) {
  const facts = [duration(trace.milliseconds), count(trace.stages.length, "stage"), count(passages.length, "passage")];
  return element(
    "details",
    { class: "trace" },
    element("summary", {}, "How this answer came about ", element("span", { class: "quiet" }, facts.join(" · "))),
    happeningsView(trace.stages),
    element("h3", {}, "Stages"),
    waterfall(trace),
    usage ? element("p", { class: "quiet" }, usageSentence(usage)) : null,
    passages.length > 0 ? element("h3", {}, "Passages the answer could use") : null,
    passages.length > 0 ? passageList(passages, open) : null,
    whyNotView({ ...asked, passages }),
  );
}

function waterfall({ milliseconds, stages }) {
  const list = element("ol", { class: "waterfall" });
  let elapsed = 0;
  for (const stage of stages) {
    list.append(element("li", {}, stageView(stage, elapsed / milliseconds, stage.milliseconds / milliseconds)));
    elapsed += stage.milliseconds;
  }
  return list;
}

/** One stage as a line that opens to all the trace says about it; `start` and `share` are fractions of the total. */
function stageView({ stage, milliseconds, skipped, ...facts }, start, share) {
  const bar = element("span", { class: "waterfall-bar" });
  // Through the object model: the content security policy forbids style attributes.
  bar.style.setProperty("--start", `${100 * (start || 0)}%`);
  bar.style.setProperty("--share", `${100 * (share || 0)}%`);
  const track = element("span", { class: "waterfall-track" }, bar);
  const line = [
    element("span", { class: "waterfall-name" }, words(stage)),
    ...(skipped
      ? [element("span", { class: "waterfall-skipped" }, `skipped: ${skipped}`)]
      : [track, element("span", { class: "waterfall-time" }, duration(milliseconds))]),
  ];
  if (Object.keys(facts).length === 0) return element("div", { class: "waterfall-line" }, ...line);
  const details = element("details", {}, element("summary", { class: "waterfall-line" }, ...line));
  // Candidates with all their features can be long: written out only when somebody looks.
  const writeOut = () => details.append(element("div", { class: "waterfall-facts", tabindex: 0 }, factsView(facts)));
  details.addEventListener("toggle", writeOut, { once: true });
  return details;
}

function usageSentence(usage) {
  const { prompt_tokens: read, completion_tokens: written, first_token_milliseconds: first } = usage;
  const parts = [`${count(read, "token")} read`, `${count(written, "token")} written`];
  if (first !== undefined) parts.push(`first word after ${duration(first)}`);
  return parts.join(" · ");
}

function passageList(passages, open) {
  const views = passages.map((passage, index) => passageView(passage, () => open(passages, index)));
  return element("ol", { class: "passages" }, ...views);
}

function passageView(passage, open) {
  const title = element("button", { class: "link-button", type: "button", onclick: open }, placeOf(passage));
  const properties = { class: "quiet", title: "Score of the ranking" };
  const score = element("span", properties, Number(passage.score).toPrecision(3));
  const text = element("p", { class: "passage-text", lang: languageOf(passage.text) }, passage.text);
  const statement = passage.statement ? codeView(passage.statement) : null; // such a passage is made of rows
  return element("li", {}, element("div", { class: "passage-head" }, title, score), text, statement);
}
