/** What the browser keeps; where it may keep nothing, the page works all the same. */

/** A store of texts by key; `storage()` gives the browser's own, or throws where that is forbidden. */
function memoryIn(storage) {
  return {
    /** The value under a key, or null. */
    recall(key) {
      try {
        return storage().getItem(key);
      } catch {
        return null; // storage is forbidden
      }
    },
    /** Keeps a value under a key, if the browser allows it; null forgets it. */
    remember(key, value) {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        // it then lasts as long as the page
      }
    },
    /** What was kept as JSON under a key; `otherwise` where there is none, or it cannot be read. */
    recallJson(key, otherwise) {
      try {
        return JSON.parse(this.recall(key)) ?? otherwise;
      } catch {
        return otherwise; // written by another version, or by hand
      }
    },
  };
}

/** What lasts from one visit to the next, in all tabs. */
export const visits = memoryIn(() => localStorage);

/** What lasts as long as this tab, also when the page is loaded again. */
export const tab = memoryIn(() => sessionStorage);
