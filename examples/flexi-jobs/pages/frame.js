// What every page does: it stays in the language that was chosen.

const KEY = 'flexi.language';

/** Where the ledger's pages are, on which people sign. */
export const ledger = /** @type {string} */ (document.documentElement.dataset.ledger);

/** @param {string | null} language */
function chosen(language) {
  try {
    if (language !== null) localStorage.setItem(KEY, language);
    return localStorage.getItem(KEY);
  } catch {
    return null; // Without storage a page is in the browser's language.
  }
}

const kept = chosen(new URLSearchParams(location.search).get('lang'));
if (kept !== null && kept !== document.documentElement.lang) location.replace(`?lang=${encodeURIComponent(kept)}${location.hash}`);
