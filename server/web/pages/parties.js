// Who stands in a receipt that was verified: what kind of party, and what it shows of itself. Each record and disclosure was held against its entry there.

import { b64url, labelled, ofB64url, ofText } from '../verifier/bytes.js';

/** @typedef {{type: string, name?: string, identifier?: string}} Shown */

/** @param {string} receipt @returns {Promise<Map<string, Shown>>} */
export async function partiesIn(receipt) {
  const all = new Map();
  for (const { record, disclosures = [] } of JSON.parse(receipt).entries) {
    if (record === undefined) continue;
    const payload = text(record.split('.')[1]);
    const { kind, party_type: type } = JSON.parse(payload);
    if (kind !== 'party') continue;
    const shown = Object.fromEntries(disclosures.map((/** @type {string} */ one) => JSON.parse(text(one)).slice(1)));
    all.set(b64url(await labelled('id', ofText(payload))), { ...shown, type });
  }
  return all;
}

/** @param {string} base64url of what was verified */
const text = (base64url) => new TextDecoder().decode(/** @type {Uint8Array<ArrayBuffer>} */ (ofB64url(base64url)));
