/** Facts of the trace as a person reads them: statements as code, rows as a table, the rest as names with values. */

import { duration, element, languageOf, words } from "./elements.js";

const STATEMENTS = new Set(["statement", "sql", "cypher"]);
const SHORT = 24; // characters of a text that stands in a line with others
const SIGNS = { eq: "=", ne: "≠", gt: ">", gte: "≥", lt: "<", lte: "≤" };

/** A list of names with their values; what is empty is left out. */
export function factsView(facts) {
  const list = element("dl", { class: "facts" });
  const isTable = Array.isArray(facts.columns) && Array.isArray(facts.rows);
  for (const [name, value] of Object.entries(facts)) {
    if (isEmpty(value) || (isTable && name === "columns")) continue;
    const shown = isTable && name === "rows" ? rowsView(facts.columns, value) : valueView(name, value);
    list.append(element("dt", {}, words(name)), element("dd", {}, shown));
  }
  return list.childElementCount > 0 ? list : element("p", { class: "quiet" }, "Nothing to show");
}

/** A statement of SQL or Cypher. */
export const codeView = (statement) => element("pre", { class: "statement" }, element("code", {}, statement));

/** Rows under their columns. */
export function rowsView(columns, rows) {
  const cells = (tag, values) => values.map((value) => element(tag, {}, isEmpty(value) ? "" : plain(value)));
  return element(
    "div",
    { class: "rows-scroll", tabindex: 0, role: "region", "aria-label": "Rows" },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...cells("th", columns.map((column) => words(plain(column)))))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row)))),
    ),
  );
}

/** A metadata filter in one line: "year ≥ 2020 and not author in Ann, Bob". */
export function filterWords(filter) {
  const parts = Object.entries(filter).map(([name, value]) => {
    if (name === "and") return value.map(filterWords).join(" and ");
    if (name === "or") return `(${value.map(filterWords).join(" or ")})`;
    if (name === "not") return `not (${filterWords(value)})`;
    if (!isObject(value)) return `${name} = ${value}`;
    const compared = Object.entries(value).map(([sign, other]) => `${name} ${SIGNS[sign] ?? sign} ${plain(other)}`);
    return compared.join(" and ");
  });
  return parts.join(" and ");
}

function valueView(name, value) {
  if (STATEMENTS.has(name) && typeof value === "string") return codeView(value);
  if (name === "filter" && isObject(value)) return filterWords(value);
  if (name === "stages" && Array.isArray(value)) return stepsView(value);
  if (Array.isArray(value)) return listView(value);
  if (isObject(value)) return recordView(value);
  return plain(value);
}

/** The steps that a source took on its own. */
function stepsView(stages) {
  const step = ({ stage, milliseconds, skipped, ...facts }) => {
    const after = skipped ? `skipped: ${skipped}` : duration(milliseconds);
    return element("li", {}, `${words(stage)}, ${after}`, Object.keys(facts).length > 0 ? factsView(facts) : null);
  };
  return element("ol", { class: "steps-taken" }, ...stages.map(step));
}

function listView(values) {
  if (values.every((value) => !isObject(value) && plain(value).length <= SHORT)) return values.map(plain).join(", ");
  const item = (value) =>
    isObject(value)
      ? element("li", {}, recordView(value))
      : element("li", { lang: languageOf(plain(value)) }, plain(value));
  return element("ul", {}, ...values.map(item));
}

/** Short values in one line; what is long or made of parts below it. */
function recordView(record) {
  const entries = Object.entries(record).filter(([, value]) => !isEmpty(value));
  const isShort = ([name, value]) => typeof value !== "object" && !STATEMENTS.has(name) && plain(value).length <= SHORT;
  const pair = ([name, value]) => element("span", {}, `${words(name)} `, element("b", {}, plain(value)));
  const long = entries.filter((entry) => !isShort(entry));
  const short = entries.filter(isShort);
  const line = short.length > 0 ? element("div", { class: "pairs" }, ...short.map(pair)) : null;
  if (long.length === 0) return line ?? "";
  return element("div", {}, line, factsView(Object.fromEntries(long)));
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function isEmpty(value) {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** A value in words: numbers with four digits that count, yes and no, lists with commas. */
function plain(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  // Not below ten thousand: years are numbers, too.
  if (Number.isInteger(value)) return value < 10_000 ? String(value) : value.toLocaleString("en");
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return isObject(value) ? filterWords(value) : String(value);
}
