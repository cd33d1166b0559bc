/** The uploads under way: a row each, two at a time, until the service has the file or says why not. */

import { announce, byId, element, icon } from "./elements.js";
import { patiently } from "./patience.js";
import { uploadFile } from "./upload.js";

const AT_ONCE = 2;

/** Queues files for upload and shows their rows; calls `uploaded(document)` for each that the service took. */
export class Uploads {
  #queue = [];
  #running = 0;
  #uploaded;

  constructor(uploaded) {
    this.#uploaded = uploaded;
  }

  /** Adds files to the queue; each is sent in a request of its own, so that one bad file spoils no other. */
  add(files, collection) {
    for (const file of files) {
      const row = new UploadRow(file, collection, () => this.#start(row));
      byId("uploads").append(row.node);
      this.#start(row);
    }
    announce(`Uploading ${files.length === 1 ? files[0].name : `${files.length} files`} to ${collection}`);
  }

  #start(row) {
    this.#queue.push(row);
    this.#next();
  }

  async #next() {
    while (this.#running < AT_ONCE && this.#queue.length > 0) {
      this.#running += 1;
      this.#send(this.#queue.shift()).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #send(row) {
    const { signal } = row;
    try {
      const upload = () => uploadFile(row.file, row.collection, { sent: (part) => row.showSent(part), signal });
      const document = await patiently(upload, { signal, waiting: (seconds) => row.showWaiting(seconds) });
      row.node.remove();
      this.#uploaded(document);
    } catch (error) {
      if (signal.aborted) row.node.remove();
      else row.showError(error);
    }
  }
}

class UploadRow {
  #stopping = new AbortController();
  #note = element("p", { class: "row-note" }, "Waiting");
  #bar = element("progress", { max: 1, value: 0 });
  #buttons = element("div", { class: "row-buttons" });
  #again;

  constructor(file, collection, again) {
    this.file = file;
    this.collection = collection;
    this.#again = again;
    this.#bar.setAttribute("aria-label", `Upload of ${file.name}`);
    const name = element("p", { class: "row-name", title: file.name }, file.name);
    const main = element("div", { class: "row-main" }, name, this.#note, this.#bar);
    this.node = element("li", { class: "row" }, main, this.#buttons);
    this.#showButton("close", `Cancel the upload of ${file.name}`, () => this.#cancel());
  }

  get signal() {
    return this.#stopping.signal;
  }

  showSent(part) {
    this.#bar.value = part;
    this.#note.textContent = part < 1 ? `Uploading, ${Math.round(part * 100)} %` : "Saving";
  }

  showWaiting(seconds) {
    this.#note.textContent = seconds > 0 ? `The service is busy. Trying again in ${seconds} s` : "Uploading";
  }

  showError(error) {
    this.node.classList.add("failed");
    this.#bar.remove();
    this.#note.textContent = error.message;
    this.#showButton("close", `Dismiss ${this.file.name}`, () => this.node.remove());
    if (error.status === 0 || error.status >= 500) {
      const retry = { class: "link-button", type: "button", onclick: () => this.#retry() };
      this.#note.append(" ", element("button", retry, "Try again"));
    }
    announce(`${this.file.name}: ${error.message}`);
  }

  #cancel() {
    this.#stopping.abort();
    this.node.remove(); // also when it has not started yet: an aborted row is then skipped
  }

  #retry() {
    this.node.classList.remove("failed");
    this.#note.textContent = "Waiting";
    this.#bar.value = 0;
    this.#note.after(this.#bar);
    this.#showButton("close", `Cancel the upload of ${this.file.name}`, () => this.#cancel());
    this.#again();
  }

  #showButton(name, label, onclick) {
    const properties = { class: "icon-button small", type: "button", "aria-label": label, title: label, onclick };
    this.#buttons.replaceChildren(element("button", properties, icon(name)));
  }
}
