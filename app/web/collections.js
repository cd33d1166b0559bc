/** The choice of a collection: a list of those that exist, one that is about to, and which is current. */

import { listCollections } from "./api.js";
import { askForName } from "./dialogs.js";
import { byId, element } from "./elements.js";
import { visits } from "./memory.js";

const KEY = "scholiast.collection";
const FIRST = "default";

/** Owns the picker in the header; calls `changed(name)` when another collection becomes current. */
export class Collections {
  #select = byId("collection");
  #known = []; // as the service lists them
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.#select.addEventListener("change", () => this.#choose(this.#select.value));
    byId("new-collection").addEventListener("click", () => this.#create());
  }

  get current() {
    return this.#select.value;
  }

  /** How many documents the current collection holds, or null where the service has not said. */
  get documentCount() {
    return this.#known.find((collection) => collection.name === this.current)?.documents ?? null;
  }

  /** Picks a collection that exists: the remembered one, the default one, or any. */
  async start() {
    this.#known = await listCollections();
    const names = this.#known.map((collection) => collection.name);
    this.#show([visits.recall(KEY), FIRST, ...names].find((name) => names.includes(name)) ?? FIRST);
  }

  /** Asks the service again: counts have changed, or a new collection has come into being. */
  async refresh() {
    this.#known = await listCollections();
    this.#show(this.current);
  }

  #show(current) {
    // The current one may not exist yet: the service makes it with its first document.
    const names = new Set([FIRST, ...this.#known.map((collection) => collection.name), current]);
    this.#select.replaceChildren(...[...names].map((name) => element("option", { value: name }, name)));
    this.#select.value = current;
  }

  #choose(name) {
    visits.remember(KEY, name);
    this.#show(name);
    this.#changed(name);
  }

  async #create() {
    const name = await askForName();
    if (name) this.#choose(name);
  }
}
