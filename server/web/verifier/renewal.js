// A receipt in hand under a later checkpoint, by a status proof of somebody who has none of its bodies.
// spec: receipts.md#renewal

import { ofText, same } from './bytes.js';
import { refuse, renamed } from './fault.js';
import { readStrict } from './json.js';
import { array, integer, Members, string } from './members.js';
import { blob, consistency, hashes, list } from './receipt.js';

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_LISTS = 2 ** 17;

/**
 * @typedef {import('./receipt.js').Receipt} Receipt
 * @typedef {Pick<Receipt, 'proof' | 'commit' | 'tree' | 'lists' | 'trie' | 'consistency'>} StatusProof
 */

/** @param {Uint8Array | string} proof its bytes, or its text @returns {StatusProof} */
export function readStatusProof(proof) {
  const bytes = typeof proof === 'string' ? ofText(proof) : proof;
  if (bytes.length > MOST_BYTES) refuse('too_large');
  const object = renamed('malformed', () => readStrict(bytes, MOST_BYTES));
  if (Number.isSafeInteger(object.v) && object.v !== 1) refuse('unknown_version');
  return renamed('malformed', () => readWhole(object));
}

/** @param {unknown} object @returns {StatusProof} */
function readWhole(object) {
  const members = new Members(object);
  members.required('v', integer(1, 1));
  const proof = {
    proof: members.required('proof', string),
    commit: members.required('commit', blob),
    tree: members.required('tree', hashes),
    lists: members.required('lists', array(list, 0, MOST_LISTS)),
    trie: members.required('trie', blob),
    consistency: members.optional('consistency', consistency),
  };
  members.done();
  return proof;
}

/** The receipt with the proof in the place of what led to its own checkpoint; nothing of it is believed yet. @param {Receipt} receipt @param {StatusProof} proof @param {number} at now, in ms @returns {Receipt} */
export function renewed(receipt, proof, at) {
  const question = renewable(receipt.question, at) ?? refuse('not_renewable');
  if (receipt.lists.length !== proof.lists.length || receipt.lists.some(({ id }, i) => id !== proof.lists[i].id)) refuse('other_lists');
  if (receipt.lists.some(({ items }, i) => !same(items, proof.lists[i].items.subarray(0, items.length)))) refuse('list_replaced');
  return { ...proof, question, entries: receipt.entries };
}

/** @param {import('./receipt.js').Question} question @param {number} at @returns {import('./receipt.js').Question | undefined} */
function renewable(question, at) {
  switch (question.type) {
    case 'existence': return question;
    case 'status': return question.as_of === undefined ? question : undefined;
    // Who was nobody may have been registered since.
    case 'authority': return question.as_of === undefined && question.access === undefined && !nobody(question.parties) ? { ...question, at } : undefined;
    default: return undefined;
  }
}

/** @param {any} parties of an authority question */
const nobody = (parties) => Object.values(parties).flat().includes(null);
