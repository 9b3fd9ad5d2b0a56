// A mandate or consent as an address that shows it: on paper, by a QR code, on another screen. Whoever has it sees how that stands, now and
// later. It is made of a receipt; id and token stand behind the #, which no server sees.
// spec: http.md#shown

import { ask, Refusal } from './session.js';
import { b64url, concat, labelled, ofB64urlExactly } from '../verifier/bytes.js';
import { readReceipt } from '../verifier/receipt.js';
import { readRecord } from '../verifier/record.js';

/** @typedef {{id: string, token: string}} Shown */

/** The address that shows a record: from a receipt that was verified and opens it. @param {string} receipt @param {string} id @returns {Promise<string>} */
export async function showAddress(receipt, id) {
  for (const { record, r } of readReceipt(receipt).entries) {
    if (record === undefined || r === undefined || (await readRecord(record)).id !== id) continue;
    const behind = concat(/** @type {Uint8Array} */ (ofB64urlExactly(id, 32)), await labelled('token', r));
    return `${location.origin}/verify#${b64url(behind)}`;
  }
  throw new TypeError('the receipt does not open this record');
}

/** What stands behind a #, if it shows a record. @param {string} behind @returns {Shown | null} */
export function shownBehind(behind) {
  const bytes = ofB64urlExactly(behind, 64);
  return bytes === null ? null : { id: b64url(bytes.slice(0, 32)), token: b64url(bytes.slice(32)) };
}

/**
 * Its receipt as of now, from this page's own register; whether it is about that very record is the verifier's to say.
 * @param {Shown} shown @param {string} [from] the size that this browser saw last: the receipt is to prove that the log continues it
 */
export async function fetchShown({ id, token }, from) {
  const post = (/** @type {string} */ query) => ask(`/v1/receipts${query}`, { method: 'POST', body: JSON.stringify({ id, token }), headers: { 'Content-Type': 'application/json' } });
  try {
    return await bytesOf(await post(from === undefined ? '' : `?from=${from}`));
  } catch (error) {
    // A log that is smaller than it was can't prove it: what it says is held against what was seen.
    if (error instanceof Refusal && error.status === 409) return await bytesOf(await post(''));
    throw error;
  }
}

/** @param {Response} answer */
const bytesOf = async (answer) => new Uint8Array(await answer.arrayBuffer());
