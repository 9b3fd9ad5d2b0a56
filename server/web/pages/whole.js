// A party's whole list, page by page: each page proven to begin where the one before ends, under a checkpoint that continues the one before.
// spec: receipts.md#questions, http.md#ours

import { b64url, ofB64url } from '../verifier/bytes.js';
import { readItems } from '../verifier/map.js';
import { Refusal } from './session.js';

/** @typedef {import('../verifier/index.d.ts').Told} Told */
/** @typedef {{size: bigint, root: string}} Pin a checkpoint seen before */
/** @typedef {(address: string, question: any, pin?: Pin) => Promise<{text: string, answer: any}>} Prove */
/** @typedef {{records: Told[], receipts: string[], checkpoint: any, begun: bigint}} Whole `begun`: the size that the first page is of; `checkpoint`: the last one's */

/** Some 16,000 records of a person: a browser would not hold more. */
const MOST_PAGES = 64;

/** @param {string} party @param {Prove} prove @param {Pin} [pin] @returns {Promise<Whole>} */
export async function whole(party, prove, pin) {
  const [records, receipts] = [/** @type {Told[]} */ ([]), /** @type {string[]} */ ([])];
  /** @type {bigint | undefined} */
  let begun;
  for (let from = 0; receipts.length < MOST_PAGES;) {
    const { text, answer } = await prove(`/v1/parties/${party}/records${from === 0 ? '' : `?from=${from}`}`, { type: 'complete', party, from }, pin);
    receipts.push(text);
    records.push(...answer.records);
    const { checkpoint, to } = answer;
    begun ??= checkpoint.size;
    // Only a page that shows that nothing follows makes a whole of them.
    if (to === undefined) return { records, receipts, checkpoint, begun: /** @type {bigint} */ (begun) };
    from = to;
    pin = { size: checkpoint.size, root: b64url(checkpoint.root) };
  }
  throw new Refusal(0, 'too_long');
}

/**
 * Whether what happened to a record on one page stands on this or another: of a page by itself a verifier can't know. What happened since the first
 * page was made may not be there yet.
 * @param {Whole} list
 */
export function isFiled({ records, receipts, begun }) {
  const shown = new Set(records.map(({ index }) => index));
  const ids = new Set(records.map(({ id }) => id));
  const items = receipts.flatMap((receipt) => JSON.parse(receipt).lists).filter(({ id }) => ids.has(id)).flatMap((list) => readItems(/** @type {Uint8Array} */ (ofB64url(list.items))) ?? []);
  return items.every(({ index }) => index >= begun || shown.has(Number(index)));
}
