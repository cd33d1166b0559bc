/** The box the question is typed in: grows with the text, sends on Enter. */

import { byId, isTouchOnly } from "./elements.js";

/** Calls `submit(question)`, which returns whether it took the question, when the person asks. */
export function startComposer(submit) {
  const form = byId("composer");
  const input = byId("question");

  const fit = () => {
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`; // a maximum is set in the style sheet
  };
  const send = () => {
    const question = input.value.trim();
    if (!question || !submit(question)) return;
    input.value = "";
    fit();
    if (isTouchOnly) input.blur(); // the screen keyboard would cover the answer
  };

  input.addEventListener("input", fit);
  input.addEventListener("keydown", (event) => {
    // While an input method is composing (Chinese, Japanese), Enter picks a candidate; 229 is Safari's way to say so.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}
