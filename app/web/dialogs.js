/** The two small questions the page asks back: "are you sure?" and "what shall it be called?". */

import { byId } from "./elements.js";

/** Asks for a confirmation; resolves to whether the person said yes. Escape and Cancel mean no. */
export function confirmed({ title, text, yes }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Asks for the name of a new collection; resolves to it trimmed, or to "" when the person gives up. */
export function askForName() {
  const dialog = byId("naming");
  const input = byId("naming-name");
  input.value = "";
  dialog.returnValue = "";
  byId("naming-cancel").onclick = () => dialog.close("");
  byId("naming-form").onsubmit = (event) => {
    event.preventDefault(); // the form would close the dialog with its button's value, not with the name
    if (input.value.trim()) dialog.close(input.value.trim());
  };
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}
