/** Waiting as long as a busy service asks for. */

const PATIENCE = 120; // seconds of pauses in all; models load in less

/**
 * Runs `action`, and again after each pause the service asked for with Retry-After.
 * `waiting(seconds)` is called once a second with what is left of the pause, and with 0 at its end.
 */
export async function patiently(action, { signal, waiting }) {
  let left = PATIENCE;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      const isBusy = (error.status === 503 || error.status === 429) && error.retryAfter !== null;
      if (!isBusy) throw error;
      const pause = Math.max(1, Math.ceil(error.retryAfter));
      if (pause > left) throw error;
      left -= pause;
      await countdown(pause, waiting, signal);
    }
  }
}

async function countdown(seconds, waiting, signal) {
  for (let left = seconds; left > 0; left -= 1) {
    waiting(left);
    await sleep(1000, signal);
  }
  waiting(0);
}

/** Resolves after so many milliseconds; rejects with the signal's reason when it is aborted first. */
function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", aborted);
      resolve();
    }, milliseconds);
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
  });
}
