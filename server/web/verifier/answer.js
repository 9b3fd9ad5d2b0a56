// What a receipt says, each part of it held against the checkpoint. spec: receipts.md#verification

import { ofB64urlExactly } from './bytes.js';
import { walkComplete } from './complete.js';
import { TRANSITION } from './entry.js';
import { refuse } from './fault.js';
import { checkFresh, checkPinned, readCommit, readHead } from './head.js';
import { canonical } from './json.js';
import { statusAt } from './lists.js';
import { integer, Members, mistyped } from './members.js';
import { endOf } from './notices.js';
import { accessOf, readParts } from './parts.js';
import { readRequest } from './receipt.js';
import { Walk } from './walk.js';

/**
 * @typedef {import('./receipt.js').Question} Question
 * @typedef {import('./opening.js').Shown} Shown
 * @typedef {import('./index.d.ts').Mode} Mode
 */

/**
 * The answer of a receipt that was read, with the walk that made it: for what else its parts say of the records that they show.
 * @param {import('./receipt.js').Receipt} receipt
 * @param {any} asked
 * @param {import('./policy.js').Policy} policy
 * @param {Mode} mode
 * @param {import('./index.d.ts').Pinned} [pinned]
 */
export async function answerOf(receipt, asked, policy, mode, pinned) {
  const now = readMode(mode);
  const pin = readPinned(pinned);
  checkAsked(receipt.question, asked, mode);
  const head = await readHead(receipt.proof, policy);
  await checkPinned(head.checkpoint, pin, receipt.consistency, now !== undefined);
  const commit = await readCommit(receipt.commit, head);
  if (now !== undefined) {
    checkFresh(commit.time, now, policy.maxAgeS);
    if (head.quorumS !== null) checkFresh(head.quorumS * 1000n, now, policy.maxAgeS);
  }
  const parts = await readParts(receipt, policy, head, commit);
  const path = new Walk(parts, cutOf(receipt.question, parts));
  const answer = await walk(path, receipt.question, parts, now, policy.maxAgeS);
  checkSurplus(parts, receipt.question.type === 'complete');
  const { origin, size, root } = head.checkpoint;
  return { answer: Object.freeze({ ...answer, checkpoint: Object.freeze({ origin, size, root, time: Number(commit.time) }) }), path };
}

/** The instant that a fresh answer is asked at. @param {Mode} mode @returns {number | undefined} */
function readMode(mode) {
  if (mode === 'historic') return undefined;
  const members = new Members(mode, '/mode');
  const [now, size, time] = ['fresh', 'as_of', 'as_of_time'].map((name) => members.optional(name, integer()));
  members.done();
  return [now, size, time].filter((one) => one !== undefined).length === 1 ? now : mistyped('/mode');
}

/** @param {import('./index.d.ts').Pinned | undefined} pinned */
function readPinned(pinned) {
  if (pinned === undefined) return undefined;
  return { size: BigInt(pinned.size), root: ofB64urlExactly(pinned.root, 32) ?? mistyped('/pinned/root') };
}

/** The receipt's question is the one asked, its point in time included. @param {any} question @param {any} asked @param {Mode} mode */
function checkAsked(question, asked, mode) {
  const { as_of: size, as_of_time: time } = /** @type {{as_of?: number, as_of_time?: number}} */ (mode === 'historic' ? {} : mode);
  const inTime = time !== undefined ? question.as_of_time === time : question.as_of === size && question.as_of_time === undefined;
  const names = { existence: ['id'], status: ['id', 'through'], complete: ['party', 'from'], authority: ['access'] };
  if (asked?.type !== question.type || !inTime) refuse('other_question');
  /** @type {Question['type']} */
  const type = question.type;
  if (names[type].some((name) => asked[name] !== question[name])) refuse('other_question');
  // Who asks for all gets it by pages: what comes says where it ends.
  if (type === 'complete' && asked.to !== undefined && asked.to !== question.to) refuse('other_question');
  if (type === 'authority' && (asked.request !== undefined || asked.access === undefined) && !sameRequest(asked.request, question.request)) refuse('other_question');
}

/** Whether two requests say the same. @param {any} asked @param {any} answered */
function sameRequest(asked, answered) {
  const [one, other] = [readRequest(asked), readRequest(answered)];
  return canonical(/** @type {any} */ (one)) === canonical(/** @type {any} */ (other));
}

/** @typedef {import('./parts.js').Parts} Parts */

/** @param {Walk} path @param {Question} question @param {Parts} parts @param {number | undefined} now @param {number} maxAgeS */
async function walk(path, question, parts, now, maxAgeS) {
  if (question.type === 'authority' && now !== undefined) checkFresh(question.at, now, maxAgeS);
  await path.begin();
  switch (question.type) {
    case 'existence': return existence(path, question.id);
    case 'status': return status(path, question);
    case 'complete': {
      const entries = await walkComplete(path, question, parts.tags);
      return { ...question, records: entries.map(described) };
    }
    case 'authority': {
      // What decides is large, and few pages ask.
      const { walkAuthority } = await import('./authority.js');
      const { decision, ...access } = await walkAuthority(path, question);
      return { ...question, decision: Object.freeze(decision), ...access };
    }
  }
}

/** The size that the answer is as of: as asked, just before an access, or all. @param {Question} question @param {Parts} parts */
function cutOf(question, parts) {
  if (question.type === 'authority' && question.access !== undefined) return accessOf(parts, question.access).index;
  const size = 'as_of' in question && question.as_of !== undefined ? BigInt(question.as_of) : undefined;
  if (size === undefined) return parts.commit.size + 1n;
  if (size > parts.commit.size + 1n) refuse('not_yet');
  const time = 'as_of_time' in question ? question.as_of_time : undefined;
  if (time !== undefined) settle(size, time, parts);
  return size;
}

/** A size goes with a time if it ends with the last index commit up to then; the next commit shows that it is the last. @param {bigint} size @param {number} time @param {Parts} parts */
function settle(size, time, { commits, commit }) {
  const last = commits.find(({ index }) => index === size - 1n) ?? refuse('as_of_time');
  const next = commits.find((one) => one.commit.prevCommit === last.index);
  const after = next?.commit ?? (commit.prevCommit === last.index ? commit : refuse('as_of_time'));
  if (last.commit.time > time || after.time <= time) refuse('as_of_time');
  last.used = true;
  if (next !== undefined) next.used = true;
}

/** @param {Walk} path @param {string} id */
async function existence(path, id) {
  const shown = path.need(id);
  await path.judge(shown);
  return { type: 'existence', ...described(shown), signer: signedBy(path, shown) };
}

/** @param {Walk} path @param {import('./receipt.js').Status} question */
async function status(path, question) {
  const { shown, list } = await path.standing(question.id);
  const now = statusAt(list, path.cut) ?? refuse('not_yet');
  const ends = shown.record?.kind === 'mandate' ? await endOf(path, list) : undefined;
  const answer = { ...question, ...described(shown), status: now, ...(ends !== undefined && { ends }), signer: signedBy(path, shown) };
  if (question.through === undefined) return answer;
  const i = list.items.findIndex(({ index }, at) => at > 0 && index < path.cut && path.entries.get(index)?.entry.id === question.through);
  if (i < 0) refuse('not_in_list');
  const through = await path.judgeItem(list, i);
  return { ...answer, through: { ...described(through), status: list.items[i].status, signer: signedBy(path, through) } };
}

/** What is told of an entry: opened or not. @param {Shown} shown */
function described({ index, entry, record, disclosed }) {
  return Object.freeze({
    id: entry.id,
    index: Number(index),
    time: Number(entry.time),
    ...(entry.class === TRANSITION && { target: entry.targetId }),
    ...(record !== undefined && { kind: record.kind, payload: record.payload, disclosed }),
  });
}

/** @param {Walk} path @param {Shown} shown @returns {{kid: string, party: string | null}} null: the root */
function signedBy(path, { index }) {
  const signer = path.signers.get(index) ?? refuse('unknown_signer');
  return { kid: signer.kid, party: signer.root ? null : signer.party };
}

/** @param {Parts} parts @param {boolean} isComplete whether the tags were asked for */
function checkSurplus({ entries, commits, lists, tags, trie, claims }, isComplete) {
  const unused = [...entries.values(), ...commits, ...lists.values(), ...claims].some(({ used }) => !used);
  if (unused || (tags.length > 0 && !isComplete) || trie.surplus().length > 0) refuse('surplus');
}
