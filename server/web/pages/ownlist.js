// All that the register holds about this party, page by page, and that no page leaves anything out: else nothing of it.
// spec: receipts.md#questions

import { see, seen } from './seen.js';
import { checkErased, Untrue } from './untrue.js';
import { ofB64url } from '../verifier/bytes.js';
import { Fault, verify } from '../verifier/index.js';
import { readItems } from '../verifier/map.js';

/** @typedef {{records: any[], pages: string[], checkedAt: number}} OwnList the records in log order, the receipt of each page */

/** @param {import('./session.js').Session} session @param {any} policy @returns {Promise<OwnList>} */
export async function ownList(session, policy) {
  const { party } = session.by;
  /** @type {OwnList} */
  const list = { records: [], pages: [], checkedAt: Date.now() };
  /** @type {number | undefined} */
  let from = 0;
  let size = 0;
  while (from !== undefined) {
    // Each page is held against the one before, and the first against what this browser saw last.
    const pin = seen(policy.origin);
    const text = await (await session.get(`/v1/parties/${party}/records?from=${from}${pin === null ? '' : `&pinned=${pin.size}`}`)).text();
    const answer = await proven(text, { type: 'complete', party, from }, policy, pin);
    see(answer.checkpoint);
    if (list.pages.length === 0) size = Number(answer.checkpoint.size);
    list.pages.push(text);
    list.records.push(...answer.records);
    if (answer.to !== undefined && answer.to <= from) throw new Untrue('segment_gap', text);
    from = answer.to;
  }
  checkErased(list.records, list.pages[0]);
  checkFiled(list, size);
  return list;
}

/** @param {string} text @param {any} question @param {any} policy @param {import('./seen.js').Seen | null} pin @returns {Promise<any>} */
async function proven(text, question, policy, pin) {
  try {
    return await verify(text, question, policy, { fresh: Date.now() }, pin === null ? undefined : { size: BigInt(pin.size), root: pin.root });
  } catch (error) {
    if (error instanceof Fault && error.code !== 'platform') throw new Untrue(error.code, text);
    throw error;
  }
}

/** What happened to a record on one page, up to when the walk began, stands on this or another: of a page alone a verifier can't know. @param {OwnList} list @param {number} size */
function checkFiled({ records, pages }, size) {
  const shown = new Set(records.map(({ index }) => index));
  const ids = new Set(records.map(({ id }) => id));
  for (const page of pages) {
    for (const { id, items } of JSON.parse(page).lists) {
      const all = ids.has(id) ? readItems(/** @type {Uint8Array} */ (ofB64url(items))) ?? [] : [];
      if (all.some(({ index }) => Number(index) < size && !shown.has(Number(index)))) throw new Untrue('misfiled', page);
    }
  }
}
