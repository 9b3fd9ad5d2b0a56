// All that a receipt shows, each part held against its checkpoint. spec: receipts.md#verification

import { same } from './bytes.js';
import { readTags } from './complete.js';
import { isCreate, TRANSITION } from './entry.js';
import { refuse, renamed } from './fault.js';
import { readLists } from './lists.js';
import { byId, openEntries, readEntries } from './opening.js';
import { checkBelowPeaks, peaksBeforeLast } from './tree.js';
import { Trie } from './trie.js';

/** @typedef {Awaited<ReturnType<typeof readParts>>} Parts */
/** @typedef {import('./walk.js').Opened} Opened */

/**
 * All that the receipt shows, each part held against the checkpoint.
 * @param {import('./receipt.js').Receipt} receipt
 * @param {import('./policy.js').Policy} policy
 * @param {import('./head.js').Head} head
 * @param {import('./entry.js').Commit} commit
 */
export async function readParts(receipt, policy, head, commit) {
  const { size } = head.checkpoint;
  const { origin } = policy;
  const { entries: shown, commits } = await readEntries(receipt.entries, commit.size);
  const all = [...shown, ...commits].sort((a, b) => (a.index < b.index ? -1 : 1));
  await renamed('inclusion', () => checkBelowPeaks({ size: commit.size, peaks: peaksBeforeLast(size, head.path), leaves: all, hashes: receipt.tree }));
  if (all[0]?.index !== 0n || !same(all[0].leaf, policy.entry0)) refuse('entry0');
  const times = [...all.map((one) => ('entry' in one ? one.entry.time : one.commit.time)), commit.time];
  if (times.some((time, i) => i > 0 && time < times[i - 1])) refuse('entry_time');
  await openEntries(shown, origin);
  const ids = byId(shown);
  const trie = renamed('trie_malformed', () => Trie.read(receipt.trie));
  await renamed('map_root', () => trie.check(commit.mapRoot));
  const entries = new Map(shown.map((one) => [one.index, one]));
  const creates = new Map([...ids].filter(([, one]) => isCreate(one.entry)));
  const lists = await readLists(receipt.lists, { entries, creates, trie, origin });
  const tags = readTags(receipt.tags ?? []);
  const claims = (receipt.aliases ?? []).map((proof) => ({ proof, used: false }));
  return { entries, commits, byId: ids, lists, tags, trie, claims, origin, commit };
}

/**
 * The access's entry, opened: a trace, or a transition on a consent.
 * @param {{byId: Map<string, import('./opening.js').Shown>, entries: Map<bigint, import('./opening.js').Shown>}} shown
 * @param {string} id
 */
export function accessOf({ byId, entries }, id) {
  const one = byId.get(id) ?? [...entries.values()].find(({ entry }) => entry.class === TRANSITION && entry.id === id) ?? refuse('missing_record');
  one.used = true;
  return one.record === undefined ? refuse('unopened') : /** @type {Opened} */ (one);
}
