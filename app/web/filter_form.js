/** A filter on metadata as a form: conditions that a document must all satisfy to be searched. */

import { metadataFields } from "./api.js";
import { byId, element, icon } from "./elements.js";
import { visits } from "./memory.js";

/** Fields that every document has, beside the metadata given at upload. */
const ALWAYS = [
  { name: "name", type: "text", examples: [] },
  { name: "media_type", type: "text", examples: [] },
];
const COMPARISONS = {
  text: { eq: "is", ne: "is not", contains: "contains" },
  number: { eq: "is", ne: "is not", gte: "is at least", lte: "is at most" },
};

/** Owns the conditions of the current collection; calls `changed()` when they become others. */
export class FilterForm {
  #changed;
  #collection = null;
  #fields = ALWAYS;
  #conditions = []; // {field, comparison, value} as typed

  constructor(changed) {
    this.#changed = changed;
    byId("add-condition").addEventListener("click", () => {
      this.#conditions.push({ field: this.#fields[0].name, comparison: null, value: "" });
      this.#show();
      byId("conditions").lastElementChild.querySelector("select").focus();
    });
  }

  /** The filter as the service takes it; null without a complete condition. */
  get filter() {
    const complete = this.#conditions.filter(
      ({ value, type }) => value !== "" && (type !== "number" || Number.isFinite(Number(value))),
    );
    const parts = complete.map(({ field, comparison, value, type }) => ({
      [field]: { [comparison]: type === "number" ? Number(value) : value },
    }));
    return parts.length > 1 ? { and: parts } : (parts[0] ?? null);
  }

  /** Shows the conditions that were last set for a collection. */
  use(collection) {
    this.#collection = collection;
    this.#fields = ALWAYS;
    const kept = visits.recallJson(this.#key, []);
    const isSound = ({ field, value } = {}) => typeof field === "string" && typeof value === "string";
    this.#conditions = Array.isArray(kept) ? kept.filter((condition) => isSound(condition ?? {})) : [];
    this.#show();
    this.#changed();
  }

  /** Asks which fields the documents of the collection have by now. */
  async refresh() {
    const collection = this.#collection;
    const found = await metadataFields(collection).catch(() => []); // the fields that all have can still be chosen
    if (collection !== this.#collection) return;
    this.#fields = [...found, ...ALWAYS];
    this.#show();
  }

  clear() {
    this.#conditions = [];
    this.#keep();
    this.#show();
  }

  #show() {
    byId("conditions").replaceChildren(...this.#conditions.map((condition) => this.#conditionView(condition)));
  }

  #conditionView(condition) {
    const known = this.#fields.find(({ name }) => name === condition.field);
    const field = known ?? { name: condition.field, type: condition.type ?? "text", examples: [] };
    condition.type = field.type;
    const comparisons = COMPARISONS[field.type];
    if (!(condition.comparison in comparisons)) condition.comparison = "eq";

    const names = [...new Set([...this.#fields.map(({ name }) => name), field.name])];
    const fields = selection("Field", names.map((name) => [name, name]), field.name, (chosen) => {
      Object.assign(condition, { field: chosen, value: "" });
      this.#keep();
      this.#show();
    });
    const signs = selection("Comparison", Object.entries(comparisons), condition.comparison, (chosen) => {
      condition.comparison = chosen;
      this.#keep();
    });
    const list = `examples-${this.#conditions.indexOf(condition)}`;
    const examples = field.examples.map((example) => element("option", { value: example }));
    const value = element("input", { "aria-label": "Value", type: field.type, list, autocomplete: "off", step: "any" });
    value.value = condition.value;
    value.addEventListener("input", () => {
      condition.value = value.value.trim();
      this.#keep();
    });
    const removing = { class: "icon-button small", type: "button", "aria-label": "Remove this condition" };
    const remove = element("button", removing, icon("close"));
    remove.addEventListener("click", () => {
      this.#conditions = this.#conditions.filter((other) => other !== condition);
      this.#keep();
      this.#show();
      byId("add-condition").focus();
    });
    return element("li", {}, fields, signs, value, element("datalist", { id: list }, ...examples), remove);
  }

  #keep() {
    visits.remember(this.#key, this.#conditions.length > 0 ? JSON.stringify(this.#conditions) : null);
    this.#changed();
  }

  get #key() {
    return `scholiast.filter.${this.#collection}`;
  }
}

function selection(label, choices, chosen, changed) {
  const select = element("select", { "aria-label": label, autocomplete: "off" });
  select.append(...choices.map(([value, name]) => element("option", { value }, name)));
  select.value = chosen;
  select.addEventListener("change", () => changed(select.value));
  return select;
}
