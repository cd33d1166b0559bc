/** A window on a long text around a quote: documents can be megabytes, a page of them is enough to read. */

const REACH = 6000; // UTF-16 units shown on each side, and added by each "show more"
const SLACK = 400; // how far an edge may move to fall on a line's end

/**
 * The UTF-16 index of a code point offset. The service counts code points, as Python does;
 * JavaScript strings count UTF-16 units, two for everything beyond U+FFFF.
 */
export function utf16Index(text, codePoints) {
  let index = 0;
  for (let left = codePoints; left > 0 && index < text.length; left -= 1) {
    index += text.codePointAt(index) > 0xffff ? 2 : 1;
  }
  return index;
}

/** What of a text is shown: `[from, to)`, which holds the quote `[start, end)`; all in UTF-16 units. */
export class TextWindow {
  /** `start` and `end` are code points; both null for a text without a quote. */
  constructor(text, start, end) {
    this.text = text;
    this.start = utf16Index(text, start ?? 0);
    this.end = this.start + utf16Index(text.slice(this.start), (end ?? 0) - (start ?? 0));
    this.from = this.#earlier(this.start);
    this.to = this.#later(this.end);
  }

  get before() {
    return this.text.slice(this.from, this.start);
  }

  get quote() {
    return this.text.slice(this.start, this.end);
  }

  get after() {
    return this.text.slice(this.end, this.to);
  }

  get hasEarlier() {
    return this.from > 0;
  }

  get hasLater() {
    return this.to < this.text.length;
  }

  /** Moves the upper edge up and returns the text that this added. */
  showEarlier() {
    const previous = this.from;
    this.from = this.#earlier(previous);
    return this.text.slice(this.from, previous);
  }

  /** Moves the lower edge down and returns the text that this added. */
  showLater() {
    const previous = this.to;
    this.to = this.#later(previous);
    return this.text.slice(previous, this.to);
  }

  #earlier(index) {
    const wanted = index - REACH;
    if (wanted <= SLACK) return 0;
    const lineEnd = this.text.lastIndexOf("\n", wanted);
    return lineEnd >= wanted - SLACK ? lineEnd + 1 : this.#whole(wanted);
  }

  #later(index) {
    const wanted = index + REACH;
    if (wanted >= this.text.length - SLACK) return this.text.length;
    const lineEnd = this.text.indexOf("\n", wanted);
    return lineEnd >= 0 && lineEnd <= wanted + SLACK ? lineEnd + 1 : this.#whole(wanted);
  }

  /** The index, moved off the middle of a surrogate pair. */
  #whole(index) {
    const unit = this.text.charCodeAt(index);
    return unit >= 0xdc00 && unit <= 0xdfff ? index - 1 : index;
  }
}
