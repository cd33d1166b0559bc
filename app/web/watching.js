/** Follows documents until they are ready or failed: by server-sent events, by polling where those fail. */

import { eventsUrl, readDocument } from "./api.js";

const STREAMS = 2; // browsers allow six connections a host over HTTP/1.1, all tabs together
const POLL_PAUSE = 1500; // milliseconds; one document a time, in turn
const FAILURES = 3; // of a stream in a row, before polling takes over

/** Whether a document has reached its last status. */
export const isFinished = (document) => document.status === "ready" || document.status === "failed";

/** Follows any number of documents with few connections; calls `changed(document)` and `gone(id)`. */
export class Watcher {
  #changed;
  #gone;
  #streams = new Map(); // id -> EventSource
  #waiting = new Set(); // ids without a stream, polled in turn
  #unstreamable = new Set(); // ids whose stream failed
  #timer = null;

  constructor({ changed, gone }) {
    this.#changed = changed;
    this.#gone = gone;
    // A hidden tab gives its connections back, or a few tabs would starve each other.
    window.document.addEventListener("visibilitychange", () => this.#visibilityChanged());
  }

  watch(id) {
    if (this.#streams.has(id)) return;
    this.#waiting.add(id);
    this.#arrange();
  }

  forget(id) {
    this.#streams.get(id)?.close();
    this.#streams.delete(id);
    this.#waiting.delete(id);
    this.#unstreamable.delete(id);
    this.#arrange();
  }

  forgetAll() {
    for (const stream of this.#streams.values()) stream.close();
    for (const ids of [this.#streams, this.#waiting, this.#unstreamable]) ids.clear();
  }

  #visibilityChanged() {
    if (window.document.hidden) {
      const ids = [...this.#streams.keys()];
      for (const id of ids) this.#backToWaiting(id);
    }
    this.#arrange();
  }

  /** Gives free streams to those who wait, and keeps polling while anyone still does. */
  #arrange() {
    if (window.document.hidden) return;
    for (const id of this.#waiting) {
      if (this.#streams.size >= STREAMS) break;
      if (!this.#unstreamable.has(id)) this.#open(id);
    }
    if (this.#waiting.size > 0 && this.#timer === null) this.#timer = setTimeout(() => this.#poll(), POLL_PAUSE);
  }

  #open(id) {
    this.#waiting.delete(id);
    const stream = new EventSource(eventsUrl(id));
    let failures = 0;
    stream.addEventListener("progress", (event) => {
      failures = 0;
      this.#report(JSON.parse(event.data));
    });
    stream.addEventListener("deleted", () => {
      this.forget(id);
      this.#gone(id);
    });
    stream.addEventListener("error", () => {
      failures += 1;
      if (stream.readyState !== EventSource.CLOSED && failures < FAILURES) return; // the browser tries again
      this.#unstreamable.add(id);
      this.#backToWaiting(id);
      this.#arrange();
    });
    this.#streams.set(id, stream);
  }

  #backToWaiting(id) {
    this.#streams.get(id)?.close();
    this.#streams.delete(id);
    this.#waiting.add(id);
  }

  async #poll() {
    const [id] = this.#waiting;
    if (id !== undefined && !window.document.hidden) {
      this.#waiting.delete(id); // to the end of the turn
      this.#waiting.add(id);
      try {
        const document = await readDocument(id);
        if (this.#waiting.has(id)) this.#report(document); // it may have been forgotten meanwhile
      } catch (error) {
        if (error.status === 404) {
          this.forget(id);
          this.#gone(id);
        }
      }
    }
    this.#timer = null;
    this.#arrange();
  }

  #report(document) {
    if (isFinished(document)) this.forget(document.id);
    this.#changed(document);
  }
}
