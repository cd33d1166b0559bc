/** The conversation: asking, following the answer as it comes, stopping; the service keeps what was said. */

import { ask, conversationTurns } from "./api.js";
import { announce, byId, element, isTouchOnly } from "./elements.js";
import { keepSources, keptSources } from "./kept_answers.js";
import { tab } from "./memory.js";
import { patiently } from "./patience.js";
import { Turn } from "./turn.js";

const CUT_SHORT = "The connection ended before the answer was complete. Ask again.";

/**
 * Owns the turns. `open(places, index)` opens a citation, `options()` are what a question is sent with,
 * `unavailable()` is told when the service cannot answer.
 */
export class Conversation {
  #open;
  #options;
  #unavailable;
  #collection = null;
  #id = null; // null until something is asked
  #stopping = null; // AbortController of the answer under way
  #loading = new AbortController();

  constructor({ open, options, unavailable }) {
    this.#open = open;
    this.#options = options;
    this.#unavailable = unavailable;
    byId("stop").addEventListener("click", () => this.stop());
    byId("new-conversation").addEventListener("click", () => this.startNew());
  }

  get isAnswering() {
    return this.#stopping !== null;
  }

  /** The id of the conversation that is shown, or null. */
  get id() {
    return this.#id;
  }

  /** From now on questions go to this collection: to the conversation that this tab had with it, or to a new one. */
  use(collection) {
    if (collection === this.#collection) return;
    this.#collection = collection;
    const id = tab.recall(this.#key);
    this.#clear();
    if (id !== null) this.resume(id);
  }

  /** Shows a conversation as the service has it; the next question goes on from there. */
  async resume(id) {
    this.#clear();
    this.#remember(id);
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    try {
      const turns = await conversationTurns(id, signal);
      signal.throwIfAborted(); // another one may have been chosen meanwhile
      if (turns === null) this.startNew();
      else this.#showKept(turns);
    } catch (error) {
      if (signal.aborted) return;
      const again = { class: "link-button", type: "button", onclick: () => this.resume(id) };
      const sentence = element("p", {}, `The conversation could not be loaded. ${error.message}`);
      const button = element("button", again, "Try again");
      byId("turns").prepend(element("div", { class: "notice", role: "alert" }, sentence, button));
    }
  }

  /** The next question begins a new conversation. */
  startNew() {
    this.#clear();
    this.#remember(null);
    if (!isTouchOnly) byId("question").focus();
  }

  stop() {
    this.#stopping?.abort();
  }

  /** Asks a question and shows the turn from the first stage to the last source. */
  async ask(question) {
    if (this.#id === null) this.#remember(newId());
    const asked = { question, collection: this.#collection, ...this.#options() };
    const turn = this.#turn(asked);
    byId("welcome").hidden = true;
    byId("turns").append(turn.node);
    turn.showWorking();
    turn.node.scrollIntoView({ block: "start" });
    announce("Looking through the documents");

    const stopping = new AbortController();
    this.#setAnswering(stopping);
    try {
      const body = { ...asked, conversation_id: this.#id };
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
      if (this.#stopping === stopping) this.#setAnswering(null);
    }
  }

  #turn(asked) {
    const turn = new Turn(asked, { open: this.#open, again: () => this.#askAgain(turn) });
    return turn;
  }

  #askAgain(turn) {
    if (this.isAnswering) return;
    if (!turn.isKept) turn.node.remove();
    this.ask(turn.question);
  }

  #showKept(turns) {
    const shown = turns.map((kept) => {
      const turn = this.#turn({ question: kept.question, collection: this.#collection });
      turn.showKept(kept, keptSources(kept.request_id));
      return turn.node;
    });
    if (shown.length === 0) return;
    const isFirst = byId("turns").childElementCount === 0; // a question may have been asked meanwhile
    byId("turns").prepend(...shown);
    byId("welcome").hidden = true;
    byId("new-conversation").hidden = false;
    if (isFirst) shown.at(-1).scrollIntoView({ block: "start" });
  }

  #clear() {
    this.stop();
    this.#setAnswering(null);
    this.#loading.abort();
    this.#id = null;
    byId("turns").replaceChildren();
    byId("welcome").hidden = false;
    byId("new-conversation").hidden = true;
  }

  #remember(id) {
    this.#id = id;
    tab.remember(this.#key, id);
  }

  get #key() {
    return `scholiast.conversation.${this.#collection}`;
  }

  #setAnswering(stopping) {
    // A button about to be hidden would take the keyboard focus with it.
    const hadFocus = document.activeElement === byId("stop") || document.activeElement === byId("send");
    this.#stopping = stopping;
    byId("stop").hidden = stopping === null;
    byId("send").hidden = stopping !== null;
    byId("new-conversation").hidden = byId("turns").childElementCount === 0;
    if (hadFocus) byId(stopping ? "stop" : isTouchOnly ? "conversation" : "question").focus({ preventScroll: true });
  }
}

/** An id of our own, so that nothing is begun on the service before something is asked. */
function newId() {
  // Not randomUUID, which browsers offer on https and localhost only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Follows one answer to its end and shows it; throws a ServiceError when the stream stops short. */
async function follow(body, turn, signal) {
  for await (const { event, data } of ask(body, signal)) {
    if (event === "stage") turn.addStage(data);
    if (event === "token") turn.addText(data.text);
    if (event === "citation") turn.addCitation(data);
    if (event === "done") {
      keepSources(data);
      turn.showAnswer(data);
      return;
    }
  }
  throw new Error(CUT_SHORT);
}
