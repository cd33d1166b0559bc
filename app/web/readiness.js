/** The discreet banner that says why the service cannot answer yet, and goes away by itself. */

import { missing } from "./api.js";
import { byId } from "./elements.js";

const PAUSE = 2500; // milliseconds between two looks
let looking = null; // the promise of the look under way: one is enough, whoever asks

/** Shows a banner for as long as the service is not ready; resolves when it is. */
export function watchReadiness() {
  looking ??= look().finally(() => (looking = null));
  return looking;
}

async function look() {
  const banner = byId("banner");
  for (;;) {
    const sentence = (await missing()).join(" ");
    // Written only when it changes, or screen readers would repeat it at every look.
    if (banner.textContent !== sentence) banner.textContent = sentence;
    banner.hidden = sentence === "";
    if (banner.hidden) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
