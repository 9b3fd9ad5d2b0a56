// What leaves a record active: the notices that end a mandate, the uses of a consent. spec: receipts.md#what-an-answer-needs

import { ACTIVE } from './entry.js';
import { Fault } from './fault.js';

/**
 * @typedef {import('./walk.js').Walk} Walk
 * @typedef {import('./lists.js').List} List
 */

/**
 * What `work` gives; null if a signature under it was struck by a key's end.
 * @template T @param {() => Promise<T>} work @returns {Promise<T | null>}
 */
export async function unlessVoid(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault && error.code === 'key_compromised') return null;
    throw error;
  }
}

/** The items that leave a record active: notices of a mandate, uses of a consent. @param {Walk} walk @param {List} list */
export const staysOf = (walk, { items }) => [...items.keys()].filter((i) => i > 0 && items[i].index < walk.cut && items[i].status === ACTIVE && items[i - 1].status === ACTIVE);

/** The first instant at which a notice ends a mandate. @param {Walk} walk @param {List} list @returns {Promise<number | undefined>} */
export async function endOf(walk, list) {
  const ends = await Promise.all(staysOf(walk, list).map((i) => noticeOf(walk, list, i)));
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** When a notice ends a mandate. Of one that was erased, or is void, nobody knows when: it has ended. @param {Walk} walk @param {List} list @param {number} i */
async function noticeOf(walk, list, i) {
  const { record } = walk.at(list.items[i].index);
  const counts = record !== undefined && (await unlessVoid(() => walk.judgeItem(list, i))) !== null;
  return counts ? record.payload.effective : 0;
}
