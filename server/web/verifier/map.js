// The map that the entries make: for whoever replays a log. A receipt needs only the keys, values and items. spec: index.md

import { concat, hex, labelled, ofB64url, ofHex, ofText, readU64, same, sha256, u64 } from './bytes.js';
import { enabling, isCommit, isCreate, isUse, leafHash, PARTY, permitted, TRANSITION } from './entry.js';
import { refuse } from './fault.js';
import { treeHash } from './tree.js';
import { rootOf } from './trie.js';

/**
 * @typedef {import('./entry.js').Entry} Entry
 * @typedef {import('./entry.js').Commit} Commit
 */

export const ITEM_BYTES = 42;
const MOST_STATUS_ITEMS = 1024;
const RESERVED_ITEMS = 16;
const MOST_TAG_ITEMS = 2 ** 20;

/** A line of a list: which entry, and what it states. @typedef {{bytes: Uint8Array, index: bigint, leaf: Uint8Array, class: number, status: number}} Item */

/** @param {bigint} index @param {Entry} entry @returns {Promise<Item>} */
export async function itemOf(index, entry) {
  const leaf = await leafHash(entry.bytes);
  return { bytes: concat(u64(index), leaf, Uint8Array.of(entry.class, entry.status)), index, leaf, class: entry.class, status: entry.status };
}

/** The items of a list, or null if the bytes are none: indexes strictly ascend, and there is at least one. @param {Uint8Array} bytes @returns {Item[] | null} */
export function readItems(bytes) {
  if (bytes.length === 0 || bytes.length % ITEM_BYTES !== 0) return null;
  /** @type {Item[]} */
  const items = [];
  for (let at = 0; at < bytes.length; at += ITEM_BYTES) {
    const item = bytes.slice(at, at + ITEM_BYTES);
    items.push({ bytes: item, index: readU64(item, 0), leaf: item.slice(8, 40), class: item[40], status: item[41] });
  }
  return items.every((item, i) => i === 0 || item.index > items[i - 1].index) ? items : null;
}

/** The three sorts of keys. @param {'status' | 'by-tag' | 'by-alias'} sort @param {string} origin @param {Uint8Array} of @returns {Promise<Uint8Array>} */
export const mapKey = async (sort, origin, of) => labelled(sort, await sha256(ofText(origin)), of);

/** The value of a status list (its status) or of a tag's list (undefined). @param {Item[]} items @param {number} [status] */
export async function listValue(items, status) {
  const root = await treeHash(await Promise.all(items.map(({ bytes }) => leafHash(bytes))));
  const head = status === undefined ? Uint8Array.of(2) : Uint8Array.of(1, status);
  return labelled('value', head, u64(items.length), u64(items[items.length - 1].index), root);
}

/** @param {bigint} index @param {string} id of the party */
export const aliasValue = (index, id) => labelled('value', Uint8Array.of(3), u64(index), /** @type {Uint8Array} */ (ofB64url(id)));

/** All that entries make, in order from entry 0. */
export class Replay {
  /** @param {string} origin */
  constructor(origin) {
    this.origin = origin;
    this.size = 0n;
    this.time = 0n;
    this.lastCommit = 0n;
    /** @type {Map<string, {items: Item[], status: number, ids: Set<string>}>} */
    this.records = new Map();
    /** @type {Map<string, Item[]>} by the tag in hexadecimal */
    this.tags = new Map();
    /** @type {Map<string, {index: bigint, id: string}>} by the alias in hexadecimal */
    this.aliases = new Map();
  }

  get keys() {
    return this.records.size + this.tags.size + this.aliases.size;
  }

  async root() {
    const pairs = [
      ...[...this.records].map(async ([id, { items, status }]) => [await mapKey('status', this.origin, /** @type {Uint8Array} */ (ofB64url(id))), await listValue(items, status)]),
      ...[...this.tags].map(async ([tag, items]) => [await mapKey('by-tag', this.origin, ofHex(tag)), await listValue(items)]),
      ...[...this.aliases].map(async ([alias, { index, id }]) => [await mapKey('by-alias', this.origin, ofHex(alias)), await aliasValue(index, id)]),
    ];
    return rootOf(/** @type {[Uint8Array, Uint8Array][]} */ (await Promise.all(pairs)));
  }

  /** Takes the next entry; a fault changes nothing. @param {Entry | Commit} entry */
  async apply(entry) {
    if (this.size === 0n && entry.class !== 1) refuse('first_class');
    if (entry.time < this.time) refuse('time_backwards');
    if (isCommit(entry)) {
      await this.checkCommit(entry);
      this.lastCommit = this.size;
    } else {
      this.checkEntry(entry);
      this.add(entry, await itemOf(this.size, entry));
    }
    this.size += 1n;
    this.time = entry.time;
  }

  /** @param {Commit} commit */
  async checkCommit(commit) {
    if (commit.size !== this.size) refuse('commit_size');
    if (commit.prevCommit !== this.lastCommit) refuse('commit_previous');
    if (commit.keys !== BigInt(this.keys)) refuse('commit_keys');
    if (!same(commit.mapRoot, await this.root())) refuse('commit_root');
  }

  /** @param {Entry} entry */
  checkEntry(entry) {
    if (isCreate(entry) && this.records.has(entry.id)) refuse('id_taken');
    if (entry.alias !== undefined && this.aliases.has(hex(entry.alias))) refuse('alias_taken');
    if (entry.class === TRANSITION) this.checkMove(entry);
    if (entry.tags.some((tag) => (this.tags.get(hex(tag))?.length ?? 0) >= MOST_TAG_ITEMS)) refuse('tag_full');
  }

  /** @param {Entry} entry */
  checkMove(entry) {
    if (entry.target === undefined || entry.target >= this.size) return refuse('target_not_before');
    const record = this.records.get(entry.targetId ?? '') ?? refuse('target_unknown');
    if (record.items[0].index !== entry.target) refuse('target_index');
    if (record.ids.has(entry.id)) refuse('id_in_list');
    if (!permitted(record.status, entry.status)) refuse('move_forbidden');
    if (record.items.length >= MOST_STATUS_ITEMS) refuse('list_full');
    const reserved = record.items.length >= MOST_STATUS_ITEMS - RESERVED_ITEMS;
    if (reserved && (isUse(record.status, entry.status) || enabling(record.status, entry.status))) refuse('list_reserved');
  }

  /** @param {Entry} entry @param {Item} item */
  add(entry, item) {
    if (isCreate(entry)) this.records.set(entry.id, { items: [item], status: entry.status, ids: new Set([entry.id]) });
    if (entry.class === PARTY && entry.alias !== undefined) this.aliases.set(hex(entry.alias), { index: item.index, id: entry.id });
    if (entry.class === TRANSITION) {
      const record = this.records.get(entry.targetId ?? '') ?? refuse('target_unknown');
      record.items.push(item);
      record.status = entry.status;
      record.ids.add(entry.id);
    }
    for (const tag of entry.tags) {
      const items = this.tags.get(hex(tag));
      if (items === undefined) this.tags.set(hex(tag), [item]);
      else items.push(item);
    }
  }
}
