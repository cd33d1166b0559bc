/** What the browser keeps from one visit to the next; where it may keep nothing, the page works all the same. */

/** The value remembered under a key, or null. */
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is forbidden
  }
}

/** Remembers a value under a key, if the browser allows it. */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // it then lasts as long as the page
  }
}
