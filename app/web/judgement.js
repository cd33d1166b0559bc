/** Two buttons to say whether an answer helped; the later word counts. */

import { feedback } from "./api.js";
import { element, icon } from "./elements.js";

const CHOICES = [
  ["helpful", "This answer helped"],
  ["unhelpful", "This answer did not help"],
];

/** The buttons for the answer of a request. */
export function judgement(requestId) {
  const buttons = CHOICES.map(([value, label]) => {
    const choose = () => {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === value));
      feedback({ request_id: requestId, value });
    };
    const properties = { class: "icon-button", type: "button", "aria-label": label, "aria-pressed": "false" };
    const drawn = value === "helpful" ? icon("thumb-up") : icon("thumb-down");
    return element("button", { ...properties, title: label, "data-value": value, onclick: choose }, drawn);
  });
  return element("div", { class: "judgement", role: "group", "aria-label": "Did this answer help?" }, ...buttons);
}
