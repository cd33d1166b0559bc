/** One question and what came of it: the stages as they finish, the answer, its sources, or why there is none. */

import { answerNodes, shortAnswerPieces } from "./answer_text.js";
import { feedback } from "./api.js";
import { claimMarks } from "./claim_marks.js";
import { duration, element, icon, languageOf, words } from "./elements.js";
import { judgement } from "./judgement.js";
import { sourcesView, withCitations } from "./sources.js";
import { traceView } from "./trace.js";

/** Shows one turn; `open(places, index)` opens a citation, `again()` asks the question once more. */
export class Turn {
  #open;
  #again;
  #asked;
  #requestId = null; // known once the answer is complete
  #citations = [];
  #claims = []; // known once the text is complete
  #short = null; // so is the stretch that answers by itself
  #drawing = null; // the animation frame that will draw the text
  #clock = null;
  #stages = element("ol", { class: "stages" });
  #working = element("p", { class: "working" });
  #answer = element("div", { class: "answer", "aria-busy": "true" });
  #after = element("div", { class: "turn-after" });

  /** `asked` is `{question, collection, filter, options}`. */
  constructor(asked, { open, again }) {
    this.#open = (places, index) => {
      this.#noteClick(places[index]);
      open(places, index);
    };
    this.#again = again;
    this.#asked = asked;
    this.question = asked.question;
    this.text = "";
    this.isKept = false; // whether the service has this turn in its conversation
    this.node = element(
      "article",
      { class: "turn" },
      element("h2", { class: "turn-question", lang: languageOf(this.question) }, this.question),
      element("div", { class: "turn-progress" }, this.#working, this.#stages),
      this.#answer,
      this.#after,
    );
  }

  /** The question is on its way. */
  showWorking() {
    this.#startClock();
  }

  addStage({ stage, milliseconds }) {
    if (milliseconds === 0) return; // it was skipped; the account says why
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
    this.#showText(answer);
    this.#after.replaceChildren(
      ...this.#sources(answer),
      judgement(answer.request_id),
      traceView(answer, this.#asked, this.#open),
    );
  }

  /**
   * A turn that the service kept: `{request_id, answer}`, the latter null where a document it was made of is gone;
   * `sources` are what this tab knows of it, or null.
   */
  showKept({ request_id, answer }, sources) {
    if (answer === null) {
      this.isKept = true;
      this.#finish();
      const sentence = "This answer was made of a document that has been deleted since. ";
      this.#after.replaceChildren(element("p", { class: "turn-end" }, sentence, this.#againButton()));
      return;
    }
    const known = sources ?? { citations: [], short_answer: null, claims: [], abstained: false, passages: [] };
    this.#showText({ ...known, request_id, answer });
    const missing = element("p", { class: "turn-end" }, "To see its sources, ", this.#againButton("ask it again"), ".");
    this.#after.replaceChildren(...(sources ? this.#sources(known) : [missing]), judgement(request_id));
  }

  #showText({ answer, short_answer, citations, claims, abstained, request_id }) {
    this.text = answer;
    this.#citations = citations;
    this.#claims = claims;
    this.#short = short_answer;
    this.#requestId = request_id;
    this.isKept = true;
    this.#finish();
    this.node.classList.toggle("abstained", abstained);
  }

  #sources(answer) {
    return sourcesView(answer, this.#open, () => withCitations(this.text, this.#citations));
  }

  /** Opening a citation says that its passage was worth a look. */
  #noteClick(place) {
    if (this.#requestId && place.chunk_id) {
      feedback({ request_id: this.#requestId, chunk_id: place.chunk_id, value: "click" });
    }
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

  #againButton(label = "Ask again") {
    return element("button", { class: "link-button", type: "button", onclick: () => this.#again() }, label);
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
    const marks = [
      ...shortAnswerPieces(this.text, this.#short),
      ...claimMarks(this.text, this.#claims, this.#open),
    ];
    this.#answer.replaceChildren(...answerNodes(this.text, this.#citations, open, marks));
  }
}
