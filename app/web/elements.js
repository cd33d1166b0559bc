/** Building the page: elements, icons, numbers in words. Text only ever becomes text nodes. */

/**
 * Makes an element. Properties are attributes; `on...` takes a listener; null, undefined and false leave it out.
 * Children are elements or strings; null and undefined are left out.
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An icon of the sprite; decorative, so the control around it needs a label of its own. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `/assets/icons.svg#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** Whether there is no pointer that hovers: a phone or tablet, where focus brings up a keyboard over the page. */
export const isTouchOnly = window.matchMedia("(hover: none)").matches;

/** `count(1, "page")` is "1 page", `count(1200, "page")` is "1,200 pages". */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** Milliseconds as a person reads them: "8 ms", "430 ms", "2.4 s". */
export function duration(milliseconds) {
  if (milliseconds < 1) return "<1 ms";
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** A name from the service as words: "hyde_rewrite" is "hyde rewrite". */
export const words = (name) => name.replaceAll("_", " ");

/**
 * The language tag that fonts and screen readers need for a text, or null for the page's own English.
 * Han characters without kana or hangul are taken for Chinese.
 */
export function languageOf(text) {
  if (/[\u3040-\u30ff]/.test(text)) return "ja";
  if (/[\uac00-\ud7af]/.test(text)) return "ko";
  return /[\u4e00-\u9fff]/.test(text) ? "zh" : null;
}

/** Says a sentence to screen readers, politely. */
export function announce(sentence) {
  const announcer = byId("announcer");
  announcer.textContent = "";
  // Changed in a later task, or two equal sentences in a row would be spoken once.
  setTimeout(() => (announcer.textContent = sentence), 50);
}
