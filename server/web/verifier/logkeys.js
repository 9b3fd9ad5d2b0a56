// Which keys sign the log, by the root's word: how a verifier goes along when a ledger changes its key.
// spec: log.md#log-keys

import { refuse } from './fault.js';
import { verify } from './index.js';
import { readReceipt } from './receipt.js';
import { readRecord } from './record.js';

const ACTIVE = 2;

/** @typedef {import('./index.d.ts').Policy} Policy */

/**
 * Verifies that the root of the ledger that is trusted says which keys sign its log; the policy with these. The receipt may be under any of
 * them: who pins entry 0 trusts the root's keys, which are in it. Nothing is fetched.
 * @param {Uint8Array | string} bytes the receipt of the list, as it came
 * @param {Policy} trust
 * @param {import('./index.d.ts').Mode} mode
 * @param {import('./index.d.ts').Pinned} [pinned]
 */
export async function verifyLogKeys(bytes, trust, mode, pinned) {
  const { question, entries } = readReceipt(bytes);
  if (question.type !== 'status') return refuse('other_question');
  const keys = (await keysIn(entries, question.id)) ?? refuse('other_question');
  if (!continues(trust.log_keys, keys)) refuse('log_keys');
  const policy = { ...trust, log_keys: keys };
  const answer = /** @type {import('./index.d.ts').VerifiedStatus} */ (await verify(bytes, { type: 'status', id: question.id }, policy, mode, pinned));
  if (answer.status !== ACTIVE) refuse('not_in_force');
  return { policy, answer };
}

/** What the receipt's list says, before anything is believed. @param {import('./receipt.js').Receipt['entries']} entries @param {string} id */
async function keysIn(entries, id) {
  for (const { record } of entries) {
    if (record === undefined) continue;
    const read = await readRecord(record).catch(() => undefined);
    if (read?.id === id) return read.kind === 'log-keys' ? /** @type {Policy['log_keys']} */ (read.payload.log_keys) : undefined;
  }
  return undefined;
}

/** Whether every key is still there, and what was retired stays so. @param {Policy['log_keys']} before @param {Policy['log_keys']} now */
const continues = (before, now) =>
  before.every((old) => {
    const kept = now.find(({ vkey }) => vkey === old.vkey);
    return kept !== undefined && (old.retired_at === undefined || (kept.retired_at !== undefined && kept.retired_at <= old.retired_at));
  });
