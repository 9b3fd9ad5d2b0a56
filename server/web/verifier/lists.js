// Status lists: what happened to a record, held against the map. spec: index.md#items, receipts.md#verification

import { ofB64url, same } from './bytes.js';
import { CREATE, isCreate, PARTY, permitted, TRANSITION } from './entry.js';
import { refuse } from './fault.js';
import { listValue, mapKey, readItems } from './map.js';
import { byId } from './members.js';

/**
 * @typedef {import('./opening.js').Shown} Shown
 * @typedef {import('./map.js').Item} Item
 * @typedef {{id: string, items: Item[], used: boolean}} List a list that the map has
 */

/**
 * Reads the lists and believes those that the map has.
 * @param {{id: string, items: Uint8Array}[]} lists
 * @param {{entries: Map<bigint, Shown>, creates: Map<string, Shown>, trie: import('./trie.js').Trie, origin: string}} shown
 * @returns {Promise<Map<string, List>>}
 */
export async function readLists(lists, { entries, creates, trie, origin }) {
  const read = new Map();
  for (const [i, { id, items: bytes }] of lists.entries()) {
    if (i > 0 && byId(lists[i - 1].id, id) >= 0) refuse('list_malformed');
    const items = readItems(bytes) ?? refuse('list_malformed');
    if (!isCreateItem(items[0])) refuse('list_malformed');
    const value = trie.ask(await mapKey('status', origin, /** @type {Uint8Array} */ (ofB64url(id))));
    if (value === 'missing') refuse('missing_list');
    if (value === 'absent' || !same(value, await listValue(items, items[items.length - 1].status))) refuse('list_value');
    // What the map has is the ledger's word: only then do its moves convict it.
    checkMoves(items);
    checkShown(id, items, entries, creates);
    read.set(id, { id, items, used: false });
  }
  return read;
}

/** @param {Item} item */
const isCreateItem = (item) => [CREATE, PARTY].includes(item.class);

/** A create's items, in log order, each a permitted move. @param {Pick<Item, 'class' | 'status'>[]} items */
export function checkMoves(items) {
  const [first, ...rest] = items;
  if (![1, 2].includes(first.status)) refuse('list_move');
  let before = first.status;
  for (const { class: kind, status } of rest) {
    if (kind !== TRANSITION || !permitted(before, status)) refuse('list_move');
    before = status;
  }
}

/** Items whose entry is shown are that entry's. @param {string} id @param {Item[]} items @param {Map<bigint, Shown>} entries @param {Map<string, Shown>} creates */
function checkShown(id, items, entries, creates) {
  const create = creates.get(id);
  if (create !== undefined && create.index !== items[0].index) refuse('list_item');
  const ids = new Set();
  for (const [i, item] of items.entries()) {
    const one = entries.get(item.index);
    if (one === undefined) continue;
    if (!isItemOf(item, one) || (i === 0 ? !isCreate(one.entry) || one.entry.id !== id : one.entry.targetId !== id)) refuse('list_item');
    if (ids.has(one.entry.id)) refuse('list_double');
    ids.add(one.entry.id);
  }
}

/** @param {Item} item @param {Shown} one */
export const isItemOf = (item, { index, leaf, entry }) =>
  item.index === index && same(item.leaf, leaf) && item.class === entry.class && item.status === entry.status;

/** The status as of a size: undefined if the record was not there. @param {List} list @param {bigint} size */
export function statusAt({ items }, size) {
  let status;
  for (const item of items) if (item.index < size) status = item.status;
  return status;
}
