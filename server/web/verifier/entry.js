// What the log stores, and how a record's status may move. spec: entries.md

import { b64url, compare, readU64, sha256 } from './bytes.js';
import { refuse } from './fault.js';

export const CREATE = 1;
export const TRANSITION = 2;
export const TRACE = 3;
export const PARTY = 4;
export const COMMIT = 0xf0;

export const PENDING = 1;
export const ACTIVE = 2;
export const SUSPENDED = 3;
export const ENDED = 15;
export const DISPUTED = 0x10;
const STATUSES = [1, 2, 3, 15, 0x11, 0x12, 0x13];

/** @param {number} status */
export const isDisputed = (status) => (status & DISPUTED) !== 0;

/** @type {Record<number, number[]>} the moves that there are */
const MOVES = {
  1: [1, 2, 15, 0x11],
  2: [2, 3, 15, 0x12],
  3: [2, 15, 0x13],
  15: [15],
  0x11: [1, 15],
  0x12: [2, 15],
  0x13: [3, 15],
};

/** @param {number} from @param {number} to */
export const permitted = (from, to) => MOVES[from].includes(to);

/** Moves whose body every verifier must see. @param {number} from @param {number} to */
export const enabling = (from, to) => (to === ACTIVE && from !== ACTIVE) || (from === PENDING && to === PENDING) || (isDisputed(from) && to !== ENDED);

/** @param {number} from @param {number} to */
export const isUse = (from, to) => from === ACTIVE && to === ACTIVE;

/**
 * Integers of eight bytes are bigints; ids are in base64url.
 * @typedef {object} Entry
 * @property {Uint8Array} bytes
 * @property {number} class 1 to 4
 * @property {bigint} time ms
 * @property {Uint8Array} commitment
 * @property {string} id
 * @property {Uint8Array[]} tags
 * @property {number} status that it states; 0 of a trace
 * @property {bigint} [target] transitions: the index of what they move
 * @property {string} [targetId]
 * @property {Uint8Array} [alias] parties of class 4
 *
 * @typedef {object} Commit
 * @property {Uint8Array} bytes
 * @property {0xf0} class
 * @property {bigint} time ms
 * @property {bigint} size
 * @property {Uint8Array} mapRoot
 * @property {bigint} keys
 * @property {bigint} prevCommit
 */

/** @param {Uint8Array} bytes @returns {Entry | Commit} */
export function readEntry(bytes) {
  if ([42, 63, 64].includes(bytes.length)) refuse('forbidden_length');
  const fields = new Fields(bytes);
  if (fields.u8() !== 1) refuse('unknown_version');
  const kind = fields.u8();
  if (kind === COMMIT) return readCommit(bytes, fields);
  if (![CREATE, TRANSITION, TRACE, PARTY].includes(kind)) refuse('unknown_class');
  const entry = /** @type {Entry} */ ({ bytes, class: kind, time: fields.u64(), commitment: fields.take(32), id: fields.id(), tags: fields.tags(), status: 0 });
  if (kind === TRANSITION) {
    entry.target = fields.u64();
    entry.targetId = fields.id();
  }
  if (kind !== TRACE) entry.status = fields.status(kind === TRANSITION ? STATUSES : [PENDING, ACTIVE]);
  if (kind === PARTY) entry.alias = fields.take(32);
  fields.end();
  return entry;
}

/** @param {Uint8Array} bytes @param {Fields} fields @returns {Commit} */
function readCommit(bytes, fields) {
  const time = fields.u64();
  if (fields.u8() !== 1) refuse('unknown_map_version');
  const commit = { bytes, class: /** @type {0xf0} */ (COMMIT), time, size: fields.u64(), mapRoot: fields.take(32), keys: fields.u64(), prevCommit: fields.u64() };
  fields.end();
  return commit;
}

/** @param {Entry | Commit} entry @returns {entry is Commit} */
export const isCommit = (entry) => entry.class === COMMIT;

/** Class 1 or 4. @param {Entry | Commit} entry */
export const isCreate = (entry) => entry.class === CREATE || entry.class === PARTY;

class Fields {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** @param {number} length */
  take(length) {
    if (this.at + length > this.bytes.length) refuse('truncated');
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }

  u8() {
    return this.take(1)[0];
  }

  u64() {
    return readU64(this.take(8), 0);
  }

  id() {
    return b64url(this.take(32));
  }

  tags() {
    const all = this.take(32 * this.u8());
    const tags = Array.from({ length: all.length / 32 }, (_, i) => all.slice(32 * i, 32 * i + 32));
    if (tags.some((tag, i) => i > 0 && compare(tags[i - 1], tag) >= 0)) refuse('tag_order');
    return tags;
  }

  /** @param {number[]} allowed */
  status(allowed) {
    const status = this.u8();
    return allowed.includes(status) ? status : refuse('bad_status');
  }

  end() {
    if (this.at < this.bytes.length) refuse('trailing_bytes');
  }
}

/** A leaf of an RFC 6962 tree. @param {Uint8Array} bytes an entry, or a list's item */
export const leafHash = (bytes) => sha256(Uint8Array.of(0), bytes);
