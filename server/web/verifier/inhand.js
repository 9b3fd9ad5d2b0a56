// A withdrawal in hand: whoever holds a validly signed one answers no, logged or not. spec: receipts.md#in-hand

import { ACTIVE, ENDED, permitted, TRANSITION } from './entry.js';
import { refuse } from './fault.js';
import { readCommit, readHead } from './head.js';
import { readParts } from './parts.js';
import { readPolicy } from './policy.js';
import { readReceipt } from './receipt.js';
import { readRecord, SKEW_MS } from './record.js';
import { moves } from './rules.js';
import { Walk } from './walk.js';

/**
 * @typedef {import('./parts.js').Parts} Parts
 * @typedef {import('./opening.js').Shown} Shown
 * @typedef {import('./lists.js').List} List
 */

const WITHDRAWALS = new Set(['revocation', 'renunciation', 'suspension', 'dispute', 'key-end']);

/**
 * Verifies that a record puts something out of force on which the answer of a receipt rests, which the caller has verified: then the answer is no. Nothing is fetched,
 * no clock is read.
 * @param {Uint8Array | string} bytes the receipt, as it came
 * @param {string} compact the withdrawal, a compact JWS
 * @param {(Uint8Array | string)[]} keys status receipts of the signer's key, for one that the receipt does not show; of any age
 * @param {import('./index.d.ts').Policy} trust
 * @param {number} now ms
 */
export async function verifyWithdrawal(bytes, compact, keys, trust, now) {
  const policy = await readPolicy(trust);
  const record = await readRecord(compact);
  const { kind, payload } = record;
  if (!WITHDRAWALS.has(kind)) refuse('not_a_withdrawal');
  if (payload.origin !== policy.origin) refuse('wrong_origin');
  if (payload.iat > now + SKEW_MS) refuse('future');
  const receipt = readReceipt(bytes);
  if (!restsOn(receipt.question, payload.target)) refuse('other_target');
  const shown = [await hold(receipt, policy)];
  for (const key of keys) shown.push(await hold(readReceipt(key), policy));

  // It is judged where the next entry would stand.
  const index = shown.map(({ commit }) => commit.size + 1n).reduce(larger);
  const time = shown.map(({ commit }) => commit.time).reduce(larger, BigInt(payload.iat));
  const walk = new Walk(joined(shown, policy.origin), index);
  await walk.begin();
  const { list, made } = await candidate(walk, record, { index, time });
  const ended = list.items[list.items.length - 1].status === ENDED;
  if (made === undefined && !ended) refuse('opening_move');
  if (made === ACTIVE && !isDue(record, now)) refuse('in_force');
  const signer = walk.signers.get(index) ?? refuse('unknown_signer');
  return Object.freeze({
    id: record.id,
    target: /** @type {string} */ (payload.target),
    status: made === undefined || made === ACTIVE ? ENDED : made,
    had_ended: ended,
    signed_by: signer.root ? null : signer.party,
  });
}

/** @param {bigint} a @param {bigint} b */
const larger = (a, b) => (a > b ? a : b);

/** @param {import('./receipt.js').Question} question @param {string} target */
function restsOn(question, target) {
  if (question.type === 'status') return question.id === target;
  return question.type === 'authority' && question.grants.includes(target);
}

/** A notice whose day has come. @param {import('./record.js').Record} record @param {number} now */
const isDue = ({ kind, payload }, now) => kind === 'revocation' && payload.effective !== undefined && payload.effective <= now;

/** What a receipt shows, held against its checkpoint. @param {import('./receipt.js').Receipt} receipt @param {import('./policy.js').Policy} policy */
export async function hold(receipt, policy) {
  const head = await readHead(receipt.proof, policy);
  return readParts(receipt, policy, head, await readCommit(receipt.commit, head));
}

/** Several receipts of one ledger as one: entries opened where one opens them, of two lists the longer. @param {Parts[]} all @param {string} origin */
function joined(all, origin) {
  /** @type {Map<bigint, Shown>} */
  const entries = new Map();
  /** @type {Map<string, Shown>} */
  const byId = new Map();
  /** @type {Map<string, List>} */
  const lists = new Map();
  for (const parts of all) {
    for (const [index, one] of parts.entries) if (entries.get(index)?.record === undefined) entries.set(index, one);
    for (const [id, one] of parts.byId) if (byId.get(id)?.record === undefined) byId.set(id, one);
    for (const [id, list] of parts.lists) if ((lists.get(id)?.items.length ?? 0) < list.items.length) lists.set(id, list);
  }
  // Where aliases lead is no part of who may withdraw.
  return { entries, byId, lists, trie: all[0].trie, claims: [], origin };
}

/**
 * Judges a record that is to be logged at a place: the status that its target gets, undefined if it allows none.
 * @param {Walk} walk @param {import('./record.js').Record} record @param {{index: bigint, time: bigint}} place
 */
async function candidate(walk, record, { index, time }) {
  const { kind, payload, jws } = record;
  if (!walk.rootKeys.has(jws.kid) && walk.byId.get(jws.kid)?.record?.kind !== 'key') refuse('unknown_signer');
  // What no longer counts cannot be moved; but a key can always be ended.
  const { shown: target, list } = await walk.standing(payload.target, index, { keys: 0, struck: kind !== 'key-end' });
  const of = { record: target.record, kid: target.record.jws.kid, party: walk.partyOf(target.record), time: target.entry.time };
  const one = { record, index, time, root: walk.root, target: of, before: walk.stepsBefore(list, list.items.length) };
  const entry = /** @type {any} */ ({ class: TRANSITION, time, status: 0, id: record.id, targetId: payload.target });
  await walk.judge(/** @type {any} */ ({ record, index, entry }), undefined, one);
  const from = list.items[list.items.length - 1].status;
  const made = Array.from({ length: 256 }, (_, to) => to).find((to) => permitted(from, to) && moves(one, from, to));
  return { list, made };
}
