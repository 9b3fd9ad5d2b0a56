// The entries that a receipt shows, and whether each opened one is what its body says. spec: receipts.md#verification

import { concat, labelled, ofB64url, ofText, same, sha256 } from './bytes.js';
import { isCommit, isCreate, leafHash, PARTY, readEntry, TRANSITION } from './entry.js';
import { refuse, renamed } from './fault.js';
import { normal } from './identifiers.js';
import { kindOf } from './kinds.js';
import { handleCommitment, openWithheld, readRecord, wrongTime } from './record.js';
import { aliasOf } from './vrf.js';

/**
 * @typedef {import('./entry.js').Entry} Entry
 * @typedef {import('./entry.js').Commit} Commit
 *
 * @typedef {object} Shown an entry that stands in the log
 * @property {bigint} index
 * @property {Entry} entry
 * @property {Uint8Array} leaf its leaf hash
 * @property {import('./receipt.js').ShownEntry} shown
 * @property {import('./record.js').Record} [record] absent: not opened
 * @property {Record<string, any>} [disclosed] withheld members that are shown
 * @property {Uint8Array} [handle]
 * @property {boolean} used whether the answer needed it
 *
 * @typedef {{index: bigint, commit: Commit, leaf: Uint8Array, used: boolean}} ShownCommit
 */

/**
 * Reads the entries; they ascend and stand below the commit.
 * @param {import('./receipt.js').ShownEntry[]} shown
 * @param {bigint} size of the tree before the commit
 */
export async function readEntries(shown, size) {
  const all = shown.map((one, i) => {
    if (one.index >= size || (i > 0 && one.index <= shown[i - 1].index)) refuse('entry_malformed');
    return { one, entry: renamed('entry_malformed', () => readEntry(one.bytes)) };
  });
  const leaves = await Promise.all(shown.map(({ bytes }) => leafHash(bytes)));
  /** @type {Shown[]} */
  const entries = [];
  /** @type {ShownCommit[]} */
  const commits = [];
  for (const [i, { one, entry }] of all.entries()) {
    const common = { index: one.index, leaf: leaves[i], used: false };
    if (!isCommit(entry)) entries.push({ ...common, entry, shown: one });
    else if (one.record === undefined) commits.push({ ...common, commit: entry });
    else refuse('entry_malformed');
  }
  return { entries, commits };
}

/**
 * Opens those whose body is there. They ascend: entry 0, which states the key of aliases, comes before any other.
 * @param {Shown[]} entries
 * @param {string} origin
 */
export async function openEntries(entries, origin) {
  const byIndex = new Map(entries.map((one) => [one.index, one]));
  const creates = new Map(entries.filter(({ entry }) => isCreate(entry)).map((one) => [one.entry.id, one]));
  for (const one of entries) if (one.shown.record !== undefined) await open(one, origin, byIndex, creates);
}

/** @param {Shown} one @param {string} origin @param {Map<bigint, Shown>} byIndex @param {Map<string, Shown>} creates */
async function open(one, origin, byIndex, creates) {
  const { entry, shown } = one;
  const body = /** @type {string} */ (shown.record);
  const commitment = await labelled('commit', concat(await sha256(ofText(body)), /** @type {Uint8Array} */ (shown.r)));
  if (!same(commitment, entry.commitment)) refuse('opening_commitment');
  const record = await renamed('opening_record', () => readRecord(body));
  if (record.id !== entry.id) refuse('opening_id');
  if (record.payload.origin !== origin) refuse('opening_origin');
  checkClass(entry, record);
  if (entry.class === TRANSITION) checkTarget(entry, record, byIndex, creates);
  if (wrongTime(record, entry.time) !== null) refuse('opening_time');
  one.disclosed = await renamed('opening_disclosure', () => openWithheld(record, shown.disclosures ?? []));
  if (shown.handle !== undefined) {
    if (record.kind !== 'party' || (await handleCommitment(shown.handle)) !== record.payload.handle) refuse('opening_handle');
    one.handle = shown.handle;
  }
  if (!(await showsAlias(entry, one.disclosed?.identifier, shown.aliasProof, vrfKeyOf(byIndex)))) refuse('opening_alias');
  one.record = record;
}

/** The key that entry 0 states for aliases. @param {Map<bigint, Shown>} byIndex @returns {Uint8Array | null} */
export function vrfKeyOf(byIndex) {
  const { kind, payload } = byIndex.get(0n)?.record ?? {};
  return kind === 'root' ? ofB64url(payload.vrf_key) : null;
}

/**
 * A party whose identifier is disclosed shows that the entry's alias is that one's; nobody else shows anything.
 * @param {Entry} entry @param {unknown} identifier @param {Uint8Array | undefined} proof @param {Uint8Array | null} key
 */
async function showsAlias({ alias }, identifier, proof, key) {
  if (alias === undefined || identifier === undefined || proof === undefined) return proof === undefined && (alias === undefined || identifier === undefined);
  if (key === null || typeof identifier !== 'string') return false;
  return same(alias, await renamed('opening_alias', () => aliasOf(normal(identifier) === identifier ? identifier : refuse('opening_alias'), key, proof)));
}

/** A party without an alias would be one that may be there twice; a role has no identifier to have one of. @param {Entry} entry @param {import('./record.js').Record} record */
function checkClass(entry, { kind, payload }) {
  const classes = kind === 'party' && payload.party_type !== 'role' ? [PARTY] : kindOf(kind).classes;
  if (!classes.includes(entry.class)) refuse('opening_class');
}

/** What it moves is what it says, at the place that it says. @param {Entry} entry @param {import('./record.js').Record} record @param {Map<bigint, Shown>} byIndex @param {Map<string, Shown>} creates */
function checkTarget(entry, record, byIndex, creates) {
  // An access doesn't say on which consent it counts.
  if (record.kind !== 'access' && record.payload.target !== entry.targetId) refuse('opening_target');
  const there = byIndex.get(/** @type {bigint} */ (entry.target));
  const target = creates.get(/** @type {string} */ (entry.targetId));
  if (there !== undefined && (there.entry.id !== entry.targetId || !isCreate(there.entry))) refuse('opening_target');
  if (target !== undefined && target.index !== entry.target) refuse('opening_target');
}

/** Ids of creates and traces are distinct. @param {Shown[]} entries @returns {Map<string, Shown>} by id */
export function byId(entries) {
  const map = new Map();
  for (const one of entries) {
    if (one.entry.class === TRANSITION) continue;
    if (map.has(one.entry.id)) refuse('list_double');
    map.set(one.entry.id, one);
  }
  return map;
}
