// Who this browser is at work: an institution (`office`), an officer at a counter (`counter`). Kept in a store of its own, apart from the citizen's:
// whoever leaves work takes nothing private along, and leaves nothing of work behind.

import { examineEnding } from './ending.js';
import { draft, submission } from './sign.js';

/** @typedef {'office' | 'counter'} Room */
/** @typedef {import('./kept.js').Me & {ends?: number}} Staff `ends`: of an officer, when the shift does */

const ENDED = 0x0f;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T>} */
async function within(mode, work) {
  const opening = indexedDB.open('procura-staff', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('rooms');
  const database = await done(opening);
  try {
    return await done(work(database.transaction('rooms', mode).objectStore('rooms')));
  } finally {
    database.close();
  }
}

/** @param {Room} room @param {string} origin @returns {Promise<Staff | null>} */
export async function staff(room, origin) {
  const kept = await within('readonly', (store) => store.get(room));
  return kept !== undefined && kept.origin === origin ? kept : null;
}

/** @param {Room} room @param {Staff} who */
export const keepStaff = (room, who) => within('readwrite', (store) => store.put(who, room));

/** What was done in a room since its key is here: gone with it. @param {Room} room @returns {Promise<any[]>} */
export const doneIn = async (room) => (await within('readonly', (store) => store.get(`${room}-done`))) ?? [];
/** @param {Room} room @param {any[]} all */
export const keepDone = (room, all) => within('readwrite', (store) => store.put(all, `${room}-done`));

/** Forgets the key, which can't be had back, and what was done with it. @param {Room} room */
export async function forgetStaff(room) {
  await within('readwrite', (store) => store.delete(room));
  await within('readwrite', (store) => store.delete(`${room}-done`));
}

/**
 * Ends the key in the register, so that nothing more is signed with it, and forgets it here whatever comes of that.
 * @param {Room} room @param {import('./session.js').Session} session @param {any} policy
 * @returns {Promise<boolean>} whether its end is proven
 */
export async function leave(room, session, policy) {
  const { by } = session;
  try {
    const written = await draft('key-end', policy.origin, { target: by.kid, reason: 'closed' });
    const receipt = await (await session.submit(await submission(by, written))).text();
    return (await examineEnding(receipt, { id: written.id, target: by.kid }, policy)).status === ENDED;
  } catch {
    return false;
  } finally {
    await forgetStaff(room);
  }
}
