/** One question and what came of it: the stages as they finish, the answer, its sources, or why there is none. */

import { answerNodes, placeOf } from "./answer_text.js";
import { feedback } from "./api.js";
import { claimMarks } from "./claim_marks.js";
import { duration, element, icon, languageOf, words } from "./elements.js";
import { judgement } from "./judgement.js";
import { traceView } from "./trace.js";

/** Shows one turn; `open(places, index)` opens a citation, `again()` asks the question once more. */
export class Turn {
  #open;
  #again;
  #collection;
  #requestId = null; // known once the answer is complete
  #citations = [];
  #claims = []; // known once the text is complete
  #drawing = null; // the animation frame that will draw the text
  #clock = null;
  #stages = element("ol", { class: "stages" });
  #working = element("p", { class: "working" });
  #answer = element("div", { class: "answer", "aria-busy": "true" });
  #after = element("div", { class: "turn-after" });

  constructor(question, collection, { open, again }) {
    this.#open = (places, index) => {
      this.#noteClick(places[index]);
      open(places, index);
    };
    this.#again = again;
    this.#collection = collection;
    this.question = question;
    this.text = "";
    this.isAnswered = false;
    this.node = element(
      "article",
      { class: "turn" },
      element("h2", { class: "turn-question", lang: languageOf(question) }, question),
      element("div", { class: "turn-progress" }, this.#working, this.#stages),
      this.#answer,
      this.#after,
    );
    this.#startClock();
  }

  addStage({ stage, milliseconds }) {
    const time = element("span", { class: "quiet" }, duration(milliseconds));
    this.#stages.append(element("li", {}, icon("check"), words(stage), " ", time));
  }

  addText(text) {
    this.text += text;
    this.#drawSoon();
  }

  addCitation(citation) {
    this.#citations.push(citation);
    this.#drawSoon();
  }

  /** The service is busy: `seconds` until the next try, 0 when it begins. */
  showWaiting(seconds) {
    clearInterval(this.#clock);
    this.#clock = null;
    if (seconds > 0) this.#working.textContent = `The service is busy or still starting. Trying again in ${seconds} s`;
    else this.#startClock();
  }

  /** The whole answer; its text is final and may differ from what was streamed. */
  showAnswer(answer) {
    this.text = answer.answer;
    this.#citations = answer.citations;
    this.#claims = answer.claims ?? [];
    this.#requestId = answer.request_id;
    this.isAnswered = true;
    this.#finish();
    this.node.classList.toggle("abstained", answer.abstained);
    if (answer.abstained) {
      const sentence = "The documents do not clearly answer this.";
      this.#answer.before(element("p", { class: "abstention" }, icon("alert"), sentence));
    }
    this.#after.replaceChildren(...this.#sources(answer), judgement(answer.request_id), this.#account(answer));
  }

  /** Opening a citation says that its passage was worth a look. */
  #noteClick(place) {
    if (this.#requestId && place.chunk_id) {
      feedback({ request_id: this.#requestId, chunk_id: place.chunk_id, value: "click" });
    }
  }

  #account(answer) {
    return traceView(answer, { question: this.question, collection: this.#collection }, this.#open);
  }

  showStopped() {
    this.#finish();
    this.#after.replaceChildren(element("p", { class: "turn-end" }, "Stopped. ", this.#againButton()));
  }

  showError(error) {
    this.#finish();
    const sentence = element("p", {}, error.message);
    this.#after.replaceChildren(element("div", { class: "notice", role: "alert" }, sentence, this.#againButton()));
  }

  #againButton() {
    return element("button", { class: "link-button", type: "button", onclick: () => this.#again() }, "Ask again");
  }

  #startClock() {
    const started = performance.now();
    const tick = () => {
      const seconds = Math.floor((performance.now() - started) / 1000);
      const doing = this.text ? "Answering" : "Looking through the documents";
      this.#working.textContent = seconds > 1 ? `${doing}, ${seconds} s` : doing;
    };
    tick();
    this.#clock = setInterval(tick, 500);
  }

  #finish() {
    clearInterval(this.#clock);
    cancelAnimationFrame(this.#drawing);
    this.#draw();
    this.#answer.removeAttribute("aria-busy");
    this.node.querySelector(".turn-progress").remove();
  }

  /** Draws at most once a frame, however fast the pieces come. */
  #drawSoon() {
    this.#drawing ??= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = null;
    const language = languageOf(this.text);
    if (language) this.#answer.setAttribute("lang", language);
    const open = (index) => this.#open(this.#citations, index);
    const marks = claimMarks(this.text, this.#claims, this.#open);
    this.#answer.replaceChildren(...answerNodes(this.text, this.#citations, open, marks));
  }

  /** The citations as a list, each place once, with a way to copy all; for an abstention, what came closest. */
  #sources({ citations, passages, abstained }) {
    if (citations.length > 0) {
      return [sourcesHead("Sources", this.#copyButton()), sourceList(citations, this.#open)];
    }
    const closest = passages.filter((passage) => passage.document_id).slice(0, 3);
    if (!abstained || closest.length === 0) return [];
    const places = closest.map((passage, index) => ({ ...passage, n: index + 1, quote: passage.text }));
    return [sourcesHead("What came closest"), sourceList(places, this.#open)];
  }

  #copyButton() {
    if (!navigator.clipboard) return null; // browsers offer it on https and localhost only
    const label = element("span", {}, "Copy");
    const copy = async () => {
      const sources = this.#citations.map((citation) => `[${citation.n}] ${placeOf(citation)}: “${citation.quote}”`);
      await navigator.clipboard.writeText([this.text, "", ...new Set(sources)].join("\n"));
      label.textContent = "Copied";
      setTimeout(() => (label.textContent = "Copy"), 2000);
    };
    return element("button", { class: "link-button", type: "button", onclick: copy }, icon("copy"), label);
  }
}

function sourcesHead(title, button = null) {
  return element("div", { class: "sources-head" }, element("h3", {}, title), button);
}

function sourceList(citations, open) {
  const seen = new Set();
  const list = element("ol", { class: "sources" });
  citations.forEach((citation, index) => {
    const place = [citation.n, citation.document_id, citation.start, citation.end].join();
    if (seen.has(place)) return;
    seen.add(place);
    list.append(element("li", {}, sourceView(citation, () => open(citations, index))));
  });
  return list;
}

function sourceView({ n, document, page, quote }, onclick) {
  const name = element(
    "span",
    { class: "source-name" },
    element("span", { class: "source-document" }, document),
    page ? element("span", { class: "quiet" }, `page ${page}`) : null,
  );
  return element(
    "button",
    { class: "source", type: "button", onclick },
    element("span", { class: "source-number" }, String(n)),
    name,
    element("span", { class: "source-quote", lang: languageOf(quote) }, quote),
  );
}
