// Every record that concerns a party. spec: receipts.md#what-an-answer-needs

import { hex, labelled, same, u64 } from './bytes.js';
import { ENDED, isCreate, permitted, TRANSITION } from './entry.js';
import { refuse } from './fault.js';
import { isItemOf } from './lists.js';
import { listValue, mapKey, readItems } from './map.js';
import { firstStatus, moves } from './rules.js';

/**
 * @typedef {import('./opening.js').Shown} Shown
 * @typedef {import('./map.js').Item} Item
 */

/** The items of each segment shown; no list twice. @param {Uint8Array[]} tags @returns {Item[][]} */
export function readTags(tags) {
  const segments = tags.map((bytes) => readItems(bytes) ?? refuse('tag_malformed'));
  return new Set(tags.map(hex)).size === tags.length ? segments : refuse('tag_malformed');
}

/**
 * Walks a party's segments; the entries of what concerns it, in order.
 * @param {import('./walk.js').Walk} walk
 * @param {import('./receipt.js').Complete} question
 * @param {Item[][]} segments
 */
export async function walkComplete(walk, { party, from, to }, segments) {
  const own = walk.need(party);
  if (own.record.kind !== 'party') refuse('missing_record');
  const { handle } = own;
  if (handle === undefined) return refuse('no_handle');
  await walk.checkAlias(own);
  const ask = async (/** @type {number} */ segment) => {
    const tag = await labelled('tag', u64(segment), handle);
    return { tag, value: walk.trie.ask(await mapKey('by-tag', walk.origin, tag)) };
  };
  if (to !== undefined && segments.length > to - from) refuse('surplus');
  /** @type {Shown[]} */
  const entries = [];
  for (const [i, items] of segments.entries()) {
    const { tag, value } = await ask(from + i);
    if (value === 'absent') return refuse('segment_gap');
    if (value === 'missing' || !same(value, await listValue(items))) refuse('missing_trie');
    for (const item of items) {
      const shown = walk.at(item.index);
      if (!isItemOf(item, shown) || !shown.entry.tags.some((one) => same(one, tag))) refuse('opening_tag');
      entries.push(shown);
    }
  }
  await checkEnd(ask, from + segments.length, to);
  // A party's own record stands in its first segment.
  if (from === 0 && segments.length === 0) refuse('segment_gap');
  checkFiled(walk, entries, to !== undefined);
  checkMoved(walk, entries);
  return entries;
}

/**
 * After the last segment shown there is none, or the page ends there.
 * @param {(segment: number) => Promise<{value: Uint8Array | 'absent' | 'missing'}>} ask
 * @param {number} next @param {number} [to]
 */
async function checkEnd(ask, next, to) {
  if (next === to) return;
  const { value } = await ask(next);
  if (value !== 'absent') refuse('missing_trie');
  if (to !== undefined) refuse('segment_gap');
}

/** What happened to a record in the list is in the list; of a page, what happened up to its last item. @param {import('./walk.js').Walk} walk @param {Shown[]} entries @param {boolean} isPage */
function checkFiled(walk, entries, isPage) {
  const filed = new Set(entries.map(({ index }) => index));
  const ended = new Set(entries.filter(({ entry }) => entry.class === TRANSITION && entry.status === ENDED).map(({ entry }) => entry.targetId));
  const last = entries.reduce((most, { index }) => (index > most ? index : most), 0n);
  for (const { entry } of entries) {
    if (!isCreate(entry) || ended.has(entry.id)) continue;
    const { items } = walk.list(entry.id);
    if (items.some(({ index }) => !(isPage && index > last) && !filed.has(index))) refuse('misfiled');
  }
}

/**
 * What is shown of a record in the list are permitted moves, those of their kinds: whoever is filed with a create is filed with all that moves it.
 * @param {import('./walk.js').Walk} walk @param {Shown[]} entries
 */
function checkMoved(walk, entries) {
  /** @type {Map<string, {create: Shown, status: number, before: import('./rules.js').Step[]}>} */
  const records = new Map();
  const inLogOrder = [...new Map(entries.map((one) => [one.index, one])).values()].sort((a, b) => (a.index < b.index ? -1 : 1));
  for (const one of inLogOrder) {
    const { entry, record } = one;
    if (isCreate(entry)) {
      if (record !== undefined && firstStatus(record) !== entry.status) refuse('opening_move');
      records.set(entry.id, { create: one, status: entry.status, before: [] });
    }
    const moved = entry.class === TRANSITION ? records.get(/** @type {string} */ (entry.targetId)) : undefined;
    if (moved === undefined) continue;
    const { create, status: from, before } = moved;
    if (!permitted(from, entry.status)) refuse('list_move');
    if (record !== undefined && create.record !== undefined) {
      const target = { record: create.record, kid: create.record.jws.kid, time: create.entry.time };
      if (!moves({ ...walk.caseOf({ ...one, record }), target, before: [...before] }, from, entry.status)) refuse('opening_move');
    }
    before.push({ from, to: entry.status });
    moved.status = entry.status;
  }
}
