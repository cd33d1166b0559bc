/** Files and folders dropped anywhere on the page. */

import { byId } from "./elements.js";

/**
 * Calls `dropped(files)` with every file of a drop, and `unreadable()` when one of them cannot be read;
 * `target()` names the collection while they hover.
 */
export function acceptDrops({ dropped, unreadable, target }) {
  const veil = byId("dropping");
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0; // every element under the pointer sends its own enter and leave

  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    byId("dropping-collection").textContent = target();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    // The items are emptied when this handler yields, so all entries are taken before the first await.
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
    try {
      dropped((await Promise.all(entries.map(filesOf))).flat());
    } catch {
      unreadable(); // moved, deleted or protected since it was picked up
    }
  });
}

/** The files of an entry: itself, or all below it if it is a folder; hidden files such as .DS_Store are left out. */
async function filesOf(entry) {
  if (entry instanceof File) return [entry]; // dragged from another page rather than from the file system
  if (entry.isFile) {
    if (entry.name.startsWith(".")) return [];
    return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    // Browsers hand out a folder in portions of 100; an empty portion is the end.
    const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) return files;
    for (const child of portion) files.push(...(await filesOf(child)));
  }
}
