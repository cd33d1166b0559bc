/** What a question may be sent with, as the service itself describes it: no list of allowed values is written here. */

import { optionSchemas } from "./api.js";
import { words } from "./elements.js";

/** The options that the page offers, in order, with what people call them. */
const OFFERED = {
  mode: "Answer",
  route: "Sources",
  translation: "Further queries",
  rerank: "Learned ranker",
  construct_filter: "Filter from the question",
};

/** `[{name, label, help, fallback, choices: [{label, value}]}]`; `fallback` is in words what holds without a choice. */
export async function readOptions() {
  const schemas = await optionSchemas();
  const offered = Object.entries(OFFERED).filter(([name]) => schemas[name]);
  return offered.map(([name, label]) => {
    const schema = schemas[name];
    const fallback = spoken(schema.default);
    const choices = valuesOf(schema).map((value) => ({ label: spoken(value), value }));
    const others = choices.filter((choice) => choice.label !== fallback);
    return { name, label, help: schema.description ?? "", fallback, choices: others };
  });
}

/** Every value that a schema allows; of a list of names, each name alone. */
function valuesOf(schema) {
  if (schema.enum) return schema.enum;
  if (schema.type === "boolean") return [true, false];
  if (schema.anyOf) return schema.anyOf.flatMap(valuesOf);
  return schema.type === "array" ? valuesOf(schema.items).map((value) => [value]) : [];
}

/** A value in words; an empty list is "none". */
function spoken(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length > 0 ? value.map(words).join(", ") : "none";
  return words(String(value));
}
