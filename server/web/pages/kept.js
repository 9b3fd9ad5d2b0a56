// What this browser keeps for somebody: their key, the last answers that were checked, and what is still to be sent. All of it in IndexedDB,
// where a key that cannot be read out may lie. A browser may clear it when space is short; the pages say so.

/** @typedef {{origin: string, party: string, kid: string, name: string, basis: string, key: CryptoKey}} Me */
/** @typedef {{id: string, target: string, kind: string, submission: string}} Wish something that was signed and not sent yet */

const NAME = 'procura';

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** @returns {Promise<IDBDatabase>} */
function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('one');
    request.result.createObjectStore('wishes', { keyPath: 'id' });
  };
  return done(request);
}

/** @template T @param {'one' | 'wishes'} store @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T>} */
async function within(store, mode, work) {
  const database = await open();
  try {
    return await done(work(database.transaction(store, mode).objectStore(store)));
  } finally {
    database.close();
  }
}

/** Who this browser is, in this register. @param {string} origin @returns {Promise<Me | null>} */
export async function me(origin) {
  const kept = await within('one', 'readonly', (store) => store.get('me'));
  return kept !== undefined && kept.origin === origin ? kept : null;
}

/** @param {Me} who */
export const keepMe = (who) => within('one', 'readwrite', (store) => store.put(who, 'me'));

/** What this device invited another with last, until that is in. @typedef {{origin: string, party: string, nonce: string, assurance: string, at: number}} Invited */
/** @param {Invited | null} invited */
export const keepInvited = (invited) => within('one', 'readwrite', (store) => store.put(invited, 'invited'));
/** @returns {Promise<Invited | null>} */
export const lastInvited = async () => (await within('one', 'readonly', (store) => store.get('invited'))) ?? null;

/** A key that was made here and that another device is still to sign for: whose it is then, and what the other is shown. @typedef {{me: Me, invitation: string, answer: string}} Joining */
/** @param {Joining | null} joining */
export const keepJoining = (joining) => within('one', 'readwrite', (store) => store.put(joining, 'joining'));
/** @returns {Promise<Joining | null>} */
export const lastJoining = async () => (await within('one', 'readonly', (store) => store.get('joining'))) ?? null;

/** Forgets the key and all else: it can't be had back. */
export async function forgetMe() {
  await within('one', 'readwrite', (store) => store.clear());
  await within('wishes', 'readwrite', (store) => store.clear());
}

/** Who is called what, for when the directory can't be reached. @param {[string, {name: string, type: string}][]} names */
export const keepNames = (names) => within('one', 'readwrite', (store) => store.put(names, 'names'));
/** @returns {Promise<[string, {name: string, type: string}][]>} */
export const lastNames = async () => (await within('one', 'readonly', (store) => store.get('names'))) ?? [];

/** The answers that were checked last, by address. @param {{party: string, time: number, answers: Map<string, string>}} checked */
export const keepChecked = (checked) => within('one', 'readwrite', (store) => store.put(checked, 'checked'));

/** @param {string} party @returns {Promise<{time: number, answers: Map<string, string>} | null>} */
export async function lastChecked(party) {
  const kept = await within('one', 'readonly', (store) => store.get('checked'));
  return kept !== undefined && kept.party === party ? kept : null;
}

/** @param {Wish} wish */
export const keepWish = (wish) => within('wishes', 'readwrite', (store) => store.put(wish));
/** @param {string} id */
export const dropWish = (id) => within('wishes', 'readwrite', (store) => store.delete(id));
/** @returns {Promise<Wish[]>} */
export const wishes = () => within('wishes', 'readonly', (store) => store.getAll());
