/** The options of a question: behind a button, remembered, and sent only where they are not the service's defaults. */

import { byId, element } from "./elements.js";
import { FilterForm } from "./filter_form.js";
import { visits } from "./memory.js";
import { readOptions } from "./option_choices.js";

const KEY = "scholiast.options";

/** Owns the options' button and panel. */
export class Options {
  #button = byId("show-options");
  #panel = byId("options");
  #chosen = visits.recallJson(KEY, {}); // name -> value, only what is not the default
  #selects = new Map(); // name -> the select of an option
  #reading = null; // the promise of the service's description
  #filter = new FilterForm(() => this.#showCount());

  constructor() {
    this.#button.addEventListener("click", () => this.#toggle(this.#panel.hidden));
    byId("options-reset").addEventListener("click", () => this.#reset());
    for (const node of [this.#button, this.#panel]) node.addEventListener("keydown", (event) => this.#pressed(event));
    // What was remembered may be nothing that this service knows, so that every question would be refused.
    if (Object.keys(this.#chosen).length > 0) this.#read();
    this.#showCount();
  }

  /** Filters are about the metadata of a collection. */
  use(collection) {
    this.#filter.use(collection);
  }

  /** What a question is sent with beside itself: `{options, filter}`, without what is at its default. */
  get request() {
    const { filter } = this.#filter;
    const hasOptions = Object.keys(this.#chosen).length > 0;
    return { ...(hasOptions ? { options: { ...this.#chosen } } : {}), ...(filter ? { filter } : {}) };
  }

  #toggle(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      this.#read();
      this.#filter.refresh();
    }
  }

  #pressed(event) {
    if (event.key !== "Escape" || this.#panel.hidden) return;
    event.stopPropagation(); // an open document stays open
    this.#toggle(false);
    this.#button.focus();
  }

  /** Asks the service once what there is to choose; a failure is told, and asked again the next time. */
  #read() {
    this.#reading ??= readOptions().then(
      (options) => this.#show(options),
      (error) => {
        this.#reading = null;
        byId("options-list").replaceChildren(element("p", { class: "notice", role: "alert" }, error.message));
      },
    );
  }

  #show(options) {
    const views = options.map((option) => this.#optionView(option));
    byId("options-list").replaceChildren(...views);
    const known = Object.entries(this.#chosen).filter(([name]) => this.#selects.get(name)?.value);
    this.#keep(Object.fromEntries(known));
  }

  #optionView({ name, label, help, fallback, choices }) {
    const id = `option-${name}`;
    const select = element("select", { id, "aria-describedby": `${id}-help`, autocomplete: "off" });
    const byDefault = element("option", { value: "" }, `${fallback} (default)`);
    select.append(byDefault, ...choices.map((choice, index) => element("option", { value: index + 1 }, choice.label)));
    const remembered = choices.findIndex(({ value }) => JSON.stringify(value) === JSON.stringify(this.#chosen[name]));
    select.value = remembered < 0 ? "" : String(remembered + 1);
    select.addEventListener("change", () => {
      const { [name]: _, ...others } = this.#chosen;
      this.#keep(select.value ? { ...others, [name]: choices[Number(select.value) - 1].value } : others);
    });
    this.#selects.set(name, select);
    const helped = element("p", { id: `${id}-help`, class: "quiet" }, ...withCode(help));
    return element("div", { class: "option" }, element("label", { for: id }, label), select, helped);
  }

  #keep(chosen) {
    this.#chosen = chosen;
    visits.remember(KEY, Object.keys(chosen).length > 0 ? JSON.stringify(chosen) : null);
    this.#showCount();
  }

  #reset() {
    for (const select of this.#selects.values()) select.value = "";
    this.#filter.clear();
    this.#keep({});
    this.#button.focus(); // the button that had the focus is about to go
  }

  #showCount() {
    const set = Object.keys(this.#chosen).length + (this.#filter?.filter ? 1 : 0);
    byId("options-count").textContent = set > 0 ? `${set} set` : "";
    byId("options-reset").hidden = set === 0;
  }
}

/** A description of the service as nodes: what it puts between backticks is code. */
const withCode = (text) =>
  text.split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));
