// For whom somebody acts in this tab: what they chose, as it was shown to be in force then. It signs nothing and proves nothing: whoever gives
// something by it proves the mandate again.

/** @typedef {Record<import('./words.js').Language, string>} Spoken */
/** @typedef {{mandate: string, who: string, what: Spoken, until?: number}} Acting `mandate`: its id; `what`: its categories, in every language; `until`: its `not_after` */

const KEY = 'procura.acting';

/** Nobody once the mandate's last day is over. @returns {Acting | null} */
export function acting() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    return kept !== null && (kept.until === undefined || Date.now() < kept.until) ? kept : null;
  } catch {
    return null;
  }
}

/** As long as the tab is open, and not without storage: nobody is to act for someone and not see it on the next page. @param {Acting} who @returns {boolean} */
export function actFor(who) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(who));
    return true;
  } catch {
    return false;
  }
}

export function stopActing() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Without storage nobody ever began.
  }
}
