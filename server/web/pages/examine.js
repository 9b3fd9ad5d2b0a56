// What a receipt that somebody hands over is worth: a verdict for people. The verifier decides; nothing here can make a bad receipt good.

import { readTlogProof } from '../verifier/checkpoint.js';
import { Fault, isVerified, verify } from '../verifier/index.js';
import { readReceipt } from '../verifier/receipt.js';

/** The checks in the order in which they are told. A fault fails one; those behind it were not made. */
export const STEPS = /** @type {const} */ (['file', 'origin', 'witness', 'log', 'signed', 'stands']);

/** Of each fault the check that fails and the sentence that says it (`fault.` + name); any other: the text was changed. */
const FAULTS = new Map(Object.entries({
  file: ['file', 'malformed too_large unknown_version other_question proof_malformed'],
  origin: ['origin', 'wrong_origin entry0'],
  log: ['origin', 'log_signature retired_key'],
  witness: ['witness', 'no_quorum no_map_checker'],
  clock: ['witness', 'future'],
  stale: ['witness', 'stale'],
  rollback: ['log', 'rollback'],
  fork: ['log', 'fork no_consistency'],
  signed: ['signed', 'unknown_signer signature not_allowed chain_too_long party_not_active'],
  'key-ended': ['signed', 'key_not_active'],
  key: ['signed', 'key_compromised'],
  missing: ['stands', 'missing_record unopened missing_trie missing_list not_yet as_of_time not_in_list no_handle segment_gap opening_tag misfiled other_party other_decision surplus'],
}).flatMap(([sentence, [step, codes]]) => codes.split(' ').map((code) => [code, { step, sentence }])));

/** @param {string} code */
export const told = (code) => FAULTS.get(code) ?? { step: 'log', sentence: 'changed' };

/**
 * @typedef {'force' | 'over' | 'not-yet' | 'doubt' | 'paused' | 'yes' | 'no' | 'logged' | 'complete' | 'bad' | 'unable'} Verdict
 * @typedef {{verdict: Verdict, code: string, answer?: any, isFresh?: boolean}} Outcome
 */

/**
 * @param {Uint8Array} bytes
 * @param {any} policy
 * @param {number} now
 * @param {{size: string, root: string} | null} [seen] the last checkpoint that this browser saw: another of its size is a second history
 * @param {string} [id] of the record that it must be about; else whatever the receipt is about
 * @returns {Promise<Outcome>}
 */
export async function examine(bytes, policy, now, seen = null, id = undefined) {
  try {
    const { question, proof } = readReceipt(bytes);
    const isIt = id === undefined || (question.type === 'status' && question.id === id && question.as_of === undefined && question.as_of_time === undefined);
    if (!isIt) throw new Fault('other_question');
    // A receipt out of a file rarely has the proof that leads from there to here; one that was asked for does.
    const isHeldAgainst = seen !== null && (id !== undefined || (await sizeOf(proof)) === seen.size);
    const pinned = isHeldAgainst ? { size: BigInt(seen.size), root: seen.root } : undefined;
    const { answer, isFresh } = await asOf(bytes, question, policy, now, pinned);
    // Who asks how a record stands now is not told how it stood.
    if (id !== undefined && !isFresh) throw new Fault('stale');
    if (!isVerified(answer)) throw new Fault('malformed');
    return { verdict: verdictOf(answer, now), code: 'valid', answer, isFresh };
  } catch (error) {
    // What the browser lacks says nothing about the receipt; anything but a fault is a mistake of ours, and no yes either.
    const code = error instanceof Fault ? error.code : 'platform';
    return { verdict: code === 'platform' ? 'unable' : 'bad', code };
  }
}

/** @param {string} proof */
async function sizeOf(proof) {
  try {
    return String((await readTlogProof(proof)).checkpoint.size);
  } catch {
    return undefined; // What is wrong with it is the verifier's to say.
  }
}

/** Asked as the receipt was: for a moment of the past, or now; an old one is still the truth of its day. @param {Uint8Array} bytes @param {any} question @param {any} policy @param {number} now @param {any} pinned */
async function asOf(bytes, question, policy, now, pinned) {
  if (question.as_of_time !== undefined) return { answer: await verify(bytes, question, policy, { as_of_time: question.as_of_time }, pinned), isFresh: false };
  if (question.as_of !== undefined) return { answer: await verify(bytes, question, policy, { as_of: question.as_of }, pinned), isFresh: false };
  try {
    return { answer: await verify(bytes, question, policy, { fresh: now }, pinned), isFresh: true };
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'stale') throw error;
    return { answer: await verify(bytes, question, policy, 'historic', pinned), isFresh: false };
  }
}

/** @param {any} answer @param {number} now @returns {Verdict} */
function verdictOf(answer, now) {
  if (answer.type === 'authority') return answer.decision.permit ? 'yes' : 'no';
  if (answer.type === 'existence') return 'logged';
  if (answer.type === 'complete') return 'complete';
  return standing(answer.status, answer.payload ?? {}, now, answer.ends);
}

/**
 * Where a record stands, by the byte of its status and its own days. spec: entries.md#statuses
 * @param {number} status @param {any} payload @param {number} now @param {number} [ends] when a notice ends it
 * @returns {'force' | 'over' | 'not-yet' | 'doubt' | 'paused'}
 */
export function standing(status, payload, now, ends) {
  if (status === 0x0f) return 'over';
  if (status > 0x10) return 'doubt';
  if (now >= Math.min(payload.not_after ?? Number.POSITIVE_INFINITY, ends ?? Number.POSITIVE_INFINITY)) return 'over';
  if (status === 3) return 'paused';
  if (status === 1 || (payload.not_before !== undefined && now < payload.not_before)) return 'not-yet';
  return 'force';
}
