// What every page does: it stays in the language that was chosen, and keeps its own files for when the register can't be reached.

import { acting } from './behalf.js';

const KEY = 'procura.language';

/** Storage may be forbidden; then nothing is remembered. @param {string} key */
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string | null} value */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Nothing depends on it.
  }
}

const asked = new URLSearchParams(location.search).get('lang');
const chosen = recall(KEY);
if (asked === null && chosen !== null && chosen !== document.documentElement.lang) {
  location.replace(`?lang=${encodeURIComponent(chosen)}${location.hash}`);
}

for (const link of document.querySelectorAll('a[data-lang]')) {
  link.addEventListener('click', () => {
    remember(KEY, link.getAttribute('data-lang'));
    // What stands behind the # is the reader's; no server sees it.
    link.setAttribute('href', `?lang=${link.getAttribute('data-lang')}${location.hash}`);
  });
}

if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register('/sw.js').catch(() => {
    // Without it the page works as long as the register is reached.
  });
}

// Whoever acts for someone sees it on every page; nobody else loads it.
if (acting() !== null) import('./bar.js').then(({ showBar }) => showBar());
