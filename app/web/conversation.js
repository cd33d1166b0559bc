/** The conversation: asking, following the answer as it comes, stopping, asking again; earlier turns stay above. */

import { ask } from "./api.js";
import { announce, byId, element, isTouchOnly } from "./elements.js";
import { patiently } from "./patience.js";
import { Turn } from "./turn.js";

const REMEMBERED = 4; // earlier turns sent along; more would push the passages out of a small model's context
const CUT_SHORT = "The connection ended before the answer was complete. Ask again.";

/** Owns the turns; `open(places, index)` opens a citation, `unavailable()` is told when the service cannot answer. */
export class Conversation {
  #open;
  #unavailable;
  #collection = null;
  #turns = []; // those of this collection since the last fresh start
  #stopping = null; // AbortController of the answer under way

  constructor({ open, unavailable }) {
    this.#open = open;
    this.#unavailable = unavailable;
    byId("stop").addEventListener("click", () => this.stop());
    byId("start-over").addEventListener("click", () => this.#startOver());
  }

  get isAnswering() {
    return this.#stopping !== null;
  }

  /** From now on questions go to this collection; what was said about another is no history for it. */
  use(collection) {
    if (collection === this.#collection) return;
    this.stop();
    if (this.#turns.length > 0) byId("turns").append(element("p", { class: "divider" }, `Now asking ${collection}`));
    this.#turns = [];
    this.#collection = collection;
  }

  stop() {
    this.#stopping?.abort();
  }

  /** Asks a question and shows the turn from the first stage to the last source. */
  async ask(question) {
    const history = this.#history();
    const turn = new Turn(question, this.#collection, { open: this.#open, again: () => this.#askAgain(turn) });
    this.#turns.push(turn);
    byId("welcome").hidden = true;
    byId("turns").append(turn.node);
    turn.node.scrollIntoView({ block: "start" });
    announce("Looking through the documents");

    const stopping = new AbortController();
    this.#setAnswering(stopping);
    try {
      const body = { question, collection: this.#collection, history };
      await patiently(() => follow(body, turn, stopping.signal), {
        signal: stopping.signal,
        waiting: (seconds) => turn.showWaiting(seconds),
      });
      announce(turn.text);
    } catch (error) {
      if (stopping.signal.aborted) {
        turn.showStopped();
      } else {
        turn.showError(error);
        if (error.status === 0 || error.status === 503) this.#unavailable();
      }
    } finally {
      this.#setAnswering(null);
    }
  }

  #askAgain(turn) {
    if (this.isAnswering) return;
    turn.node.remove();
    this.#turns = this.#turns.filter((other) => other !== turn);
    this.ask(turn.question);
  }

  #history() {
    const answered = this.#turns.filter((turn) => turn.isAnswered).slice(-REMEMBERED);
    return answered.flatMap(({ question, text }) => [
      { role: "user", content: question },
      { role: "assistant", content: text },
    ]);
  }

  #startOver() {
    this.stop();
    this.#turns = [];
    byId("turns").replaceChildren();
    byId("welcome").hidden = false;
    byId("start-over").hidden = true;
    if (!isTouchOnly) byId("question").focus();
  }

  #setAnswering(stopping) {
    // A button about to be hidden would take the keyboard focus with it.
    const hadFocus = document.activeElement === byId("stop") || document.activeElement === byId("send");
    this.#stopping = stopping;
    byId("stop").hidden = stopping === null;
    byId("send").hidden = stopping !== null;
    byId("start-over").hidden = byId("turns").childElementCount === 0;
    if (hadFocus) byId(stopping ? "stop" : isTouchOnly ? "conversation" : "question").focus({ preventScroll: true });
  }
}

/** Follows one answer to its end and shows it; throws a ServiceError when the stream stops short. */
async function follow(body, turn, signal) {
  for await (const { event, data } of ask(body, signal)) {
    if (event === "stage") turn.addStage(data);
    if (event === "token") turn.addText(data.text);
    if (event === "citation") turn.addCitation(data);
    if (event === "done") {
      turn.showAnswer(data);
      return;
    }
  }
  throw new Error(CUT_SHORT);
}
