// The checkpoint under a receipt and the index commit that ends its tree: whether they are to be believed, and how old they are.
// spec: receipts.md#verification, index.md#rule-r1

import { same } from './bytes.js';
import { believe, readTlogProof } from './checkpoint.js';
import { COMMIT, readEntry, leafHash } from './entry.js';
import { Fault, refuse, renamed } from './fault.js';
import { signersOf } from './note.js';
import { quorumTime } from './policy.js';
import { checkConsistency, checkInclusion, emptyRoot } from './tree.js';

/**
 * @typedef {import('./policy.js').Policy} Policy
 * @typedef {import('./checkpoint.js').Checkpoint} Checkpoint
 * @typedef {{size: bigint, root: Uint8Array}} Pin a checkpoint seen before
 * @typedef {{checkpoint: Checkpoint, index: bigint, path: Uint8Array[], quorumS: bigint | null}} Head `quorumS`: when the quorum had signed, in seconds; null: none is asked for
 */

export const AHEAD_MS = 5 * 60_000;

/** The checkpoint, signed by whom the policy trusts. @param {string} proof @param {Policy} policy @returns {Promise<Head>} */
export async function readHead(proof, policy) {
  const { index, hashes, checkpoint } = await renamed('proof_malformed', () => readTlogProof(proof));
  if (checkpoint.origin !== policy.origin) refuse('wrong_origin');
  const keys = policy.logKeys.map(({ key }) => key);
  const signed = await renamed('log_signature', () => believe(checkpoint, policy.origin, keys));
  const signing = policy.logKeys.filter(({ key }) => signed.has(key));
  const quorum = await quorumBefore(checkpoint, policy);
  if (quorum === undefined) return refuse('no_quorum');
  const inTime = await Promise.all(signing.map(async ({ retiredAt }) => retiredAt === undefined || typeof (await quorumBefore(checkpoint, policy, retiredAt)) === 'bigint'));
  if (!inTime.includes(true)) refuse('retired_key');
  for (const checker of policy.mapCheckers) await renamed('no_map_checker', () => signersOf(checkpoint.note, [checker]));
  return { checkpoint, index, path: hashes, quorumS: quorum };
}

/**
 * The quorum's time over all cosignatures, or over those before an instant: undefined if they don't suffice, null if none is asked for.
 * @param {Checkpoint} checkpoint @param {Policy} policy @param {number} [beforeMs]
 */
async function quorumBefore(checkpoint, { witnesses }, beforeMs = Number.POSITIVE_INFINITY) {
  if (witnesses === undefined) return null;
  const counts = (/** @type {bigint} */ time) => time * 1000n < beforeMs;
  try {
    const signed = await signersOf(checkpoint.note, [...witnesses.witnesses.values()]);
    return quorumTime(witnesses, (key) => {
      const time = signed.get(key);
      return typeof time === 'bigint' && counts(time) ? time : undefined;
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code === 'no_known_signature' ? quorumTime(witnesses, () => undefined) : undefined;
  }
}

/**
 * Whether it continues, or is continued by, the checkpoint seen before.
 * @param {Checkpoint} now
 * @param {Pin | undefined} pin
 * @param {import('./receipt.js').Receipt['consistency']} proof
 * @param {boolean} fresh whether it may not be older
 */
export async function checkPinned(now, pin, proof, fresh) {
  if (pin === undefined) return;
  if (fresh && now.size < pin.size) refuse('rollback');
  if (now.size === pin.size) {
    if (!same(now.root, pin.root)) refuse('fork');
    return;
  }
  const [old, late] = now.size < pin.size ? [now, pin] : [pin, now];
  if (proof === undefined || proof.from !== old.size) return refuse('no_consistency');
  await renamed('fork', () => checkConsistency(old, late, proof.hashes));
}

/** Rule R1. @param {Uint8Array} bytes @param {Head} head @returns {Promise<import('./entry.js').Commit>} */
export async function readCommit(bytes, { checkpoint, index, path }) {
  const { size, root } = checkpoint;
  const commit = readEntryOrNone(bytes);
  if (commit.class !== COMMIT || index !== size - 1n || commit.size !== index) return refuse('no_commit');
  await renamed('commit_inclusion', async () => checkInclusion({ index, leaf: await leafHash(bytes), size, root, hashes: path }));
  if (commit.keys === 0n || same(commit.mapRoot, await emptyRoot())) refuse('empty_map');
  return commit;
}

/** @param {Uint8Array} bytes */
function readEntryOrNone(bytes) {
  try {
    return /** @type {import('./entry.js').Commit} */ (readEntry(bytes));
  } catch (error) {
    if (error instanceof Fault && error.code !== 'unknown_map_version') return refuse('no_commit', error.code);
    throw error;
  }
}

/** Neither too old nor too far ahead. @param {number | bigint} timeMs @param {number} now @param {number} maxAgeS */
export function checkFresh(timeMs, now, maxAgeS) {
  const age = BigInt(now) - BigInt(timeMs);
  if (age > BigInt(maxAgeS) * 1000n) refuse('stale');
  if (age < -BigInt(AHEAD_MS)) refuse('future');
}
