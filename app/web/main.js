/** Puts the page together: which part tells which. */

import { Collections } from "./collections.js";
import { startComposer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Conversations } from "./conversations.js";
import { Documents } from "./documents.js";
import { acceptDrops } from "./dropping.js";
import { byId, isTouchOnly } from "./elements.js";
import { forgetSourcesIn } from "./kept_answers.js";
import { Options } from "./options.js";
import { watchReadiness } from "./readiness.js";
import { Viewer } from "./viewer.js";

const viewer = new Viewer();
const options = new Options();
const conversation = new Conversation({
  open: (places, index) => viewer.open(places, index),
  options: () => options.request,
  unavailable: watchReadiness,
});
const documents = new Documents({
  adding: () => showView("documents"),
  read: ({ id, name }) => viewer.open([{ document_id: id, document: name, page: null, start: null, end: null }]),
  counted: refreshCounts,
  deleted: (id) => {
    viewer.forget(id);
    forgetSourcesIn(id);
  },
});
const collections = new Collections((name) => showCollection(name));
new Conversations({
  chosen: (id) => {
    conversation.resume(id);
    if (!isTouchOnly) byId("question").focus();
  },
  deleted: (id) => id === conversation.id && conversation.startNew(),
  collection: () => collections.current,
  current: () => conversation.id,
});

function showCollection(name) {
  viewer.close();
  options.use(name);
  conversation.use(name);
  documents.showCount(collections.documentCount);
  documents.show(name);
}

async function refreshCounts() {
  try {
    await collections.refresh();
  } catch {
    // the counts stay as they were; what matters more has its own notice
  }
  documents.showCount(collections.documentCount);
}

/** On a narrow page only one of the two parts is in view. */
function showView(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll(".views button")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
}

for (const button of document.querySelectorAll(".views button")) {
  button.addEventListener("click", () => showView(button.dataset.view));
}
acceptDrops({
  dropped: (files) => documents.add(files),
  unreadable: () => documents.notify("Not all that was dropped could be read. Drop it again, or choose the files."),
  target: () => collections.current,
});
startComposer((question) => {
  if (conversation.isAnswering) return false;
  conversation.ask(question);
  return true;
});

async function start() {
  const ready = watchReadiness();
  try {
    await collections.start();
  } catch {
    showCollection(collections.current); // the list says what is wrong
    await ready;
    await collections.start().catch(() => {});
  }
  showCollection(collections.current);
}

if (!isTouchOnly) byId("question").focus({ preventScroll: true });
await start();
