// Going to the ledger's pages to sign, and coming back with the receipts: this service has no key of anybody's. What is sent and what comes back stands behind
// the #, and is in no history once it was read.

import { ledger } from './frame.js';
import { language } from './words.js';

const KEY = 'flexi.going';

/** @typedef {{state: string, page: string, kept: any}} Going */
/** @typedef {{kept: any, receipts: any[]}} Back `receipts`: none if nothing was signed */

/**
 * Leaves for the ledger. @param {[string, string][]} wanted spec/http.md#signing-for-a-service
 * @param {any} [kept] what this page has to know again
 */
export function go(wanted, kept = null) {
  const state = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  sessionStorage.setItem(KEY, JSON.stringify({ state, page: location.pathname, kept }));
  const form = new URLSearchParams([...wanted, ['return', `${location.origin}${location.pathname}?lang=${language}`], ['state', state]]);
  location.assign(`${ledger}/sign?lang=${language}#${form}`);
}

/** What came back with this visit; null if it is no way back, or not one that began here. @returns {Promise<Back | null>} */
export async function cameBack() {
  const form = new URLSearchParams(location.hash.slice(1));
  if (!form.has('state')) return null;
  history.replaceState(null, '', location.pathname + location.search);
  /** @type {Going | null} */
  const going = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
  if (going === null || going.state !== form.get('state') || going.page !== location.pathname) return null;
  sessionStorage.removeItem(KEY);
  return { kept: going.kept, receipts: await Promise.all(form.getAll('receipt').map(unpacked)) };
}

/** What can't be read is shown to the service all the same: it says that it is no receipt. @param {string} packed */
async function unpacked(packed) {
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
    const plain = new Response(bytes).body?.pipeThrough(new DecompressionStream('gzip'));
    return JSON.parse(await new Response(plain).text());
  } catch {
    return {};
  }
}
