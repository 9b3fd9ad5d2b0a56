// The mandates that a grant is given under, out of its own receipt: whoever proves how it stands shows each of them with its list. It holds as long
// as they do.
// spec: receipts.md#what-an-answer-needs, decisions.md#a-grant-holds

import { standing } from './examine.js';
import { Untrue } from './untrue.js';
import { readItems } from '../verifier/map.js';
import { readReceipt } from '../verifier/receipt.js';
import { readRecord } from '../verifier/record.js';

/** @typedef {{id: string, payload: any, status: number}} Above */

/** From the nearest up; none of what is given under none. @param {string} receipt of its status, verified @param {any} payload of the grant @returns {Promise<Above[]>} */
export async function aboveOf(receipt, payload) {
  if (payload.under === undefined) return [];
  const { entries, lists } = readReceipt(receipt);
  const records = await Promise.all(entries.flatMap(({ record }) => (record === undefined ? [] : [readRecord(record)])));
  /** @type {Above[]} */
  const all = [];
  for (let id = payload.under; id !== undefined; id = all[all.length - 1].payload.under) {
    const record = records.find((one) => one.id === id);
    const items = readItems(lists.find((one) => one.id === id)?.items ?? new Uint8Array());
    // No receipt that verified lacks them, nor leads in a circle: `substitution` falls from level to level.
    if (record === undefined || items === null) throw new Untrue('missing_record', receipt);
    all.push({ id, payload: record.payload, status: items[items.length - 1].status });
  }
  return all;
}

/** What stands in the way of more comes first. */
const GRAVEST = /** @type {const} */ (['over', 'doubt', 'paused', 'not-yet', 'force']);

/** How a grant stands, with all that it is under. @param {{status: number, payload: any, ends?: number}} grant as its receipt says @param {Above[]} above @param {number} now */
export function standingUnder({ status, payload, ends }, above, now) {
  const all = [standing(status, payload, now, ends), ...above.map((one) => standing(one.status, one.payload, now))];
  return /** @type {typeof GRAVEST[number]} */ (GRAVEST.find((one) => all.includes(one)));
}
