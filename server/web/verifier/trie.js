// The verifiable map's trie and pruned tries as proofs. spec: index.md#trie

import { hex, same, sha256 } from './bytes.js';
import { refuse } from './fault.js';

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_INNER = 256;

/**
 * @typedef {{type: 'stub', hash: Uint8Array} | {type: 'empty'}} Stub
 * @typedef {{type: 'leaf', key: Uint8Array, value: Uint8Array, reached: boolean}} Leaf
 * @typedef {{type: 'inner', bit: number, left: Node, right: Node}} Inner
 * @typedef {Stub | Leaf | Inner} Node
 */

/** @param {Uint8Array} key @param {number} bit @returns {0 | 1} */
const bitOf = (key, bit) => /** @type {0 | 1} */ ((key[bit >> 3] >> (7 - (bit & 7))) & 1);

/** @param {Uint8Array} bytes @returns {Node} */
function readNodes(bytes) {
  if (bytes.length > MOST_BYTES) refuse('trie_too_long');
  let at = 0;
  const take = (/** @type {number} */ length) => {
    if (at + length > bytes.length) refuse('trie_truncated');
    at += length;
    return bytes.subarray(at - length, at);
  };
  /** @param {number} depth @returns {Node} */
  const read = (depth) => {
    const kind = take(1)[0];
    if (kind === 0) return { type: 'stub', hash: take(32) };
    if (kind === 1) return { type: 'leaf', key: take(32), value: take(32), reached: false };
    if (kind === 3) return depth === 0 ? { type: 'empty' } : refuse('trie_empty_inside');
    if (kind !== 2) return refuse('trie_unknown_node');
    if (depth === MOST_INNER) return refuse('trie_too_deep');
    const bit = take(1)[0];
    const left = read(depth + 1);
    const right = read(depth + 1);
    if (left.type === 'stub' && right.type === 'stub') refuse('trie_surplus');
    return { type: 'inner', bit, left, right };
  };
  const root = read(0);
  if (at < bytes.length) refuse('trie_trailing_bytes');
  return root;
}

/**
 * Bits ascend and every leaf stands where its key leads. Gives one leaf below the node: all that are on a side agree up to that side's own bit.
 * @param {Node} node @param {number} above the bit of the node over it
 * @returns {Uint8Array | null}
 */
function checkShape(node, above) {
  if (node.type === 'leaf') return node.key;
  if (node.type !== 'inner') return null;
  if (node.bit <= above) refuse('trie_bit_order');
  const left = checkShape(node.left, node.bit);
  const right = checkShape(node.right, node.bit);
  if ((left !== null && bitOf(left, node.bit) === 1) || (right !== null && bitOf(right, node.bit) === 0)) refuse('trie_misplaced');
  if (left !== null && right !== null && !agreeBefore(left, right, node.bit)) refuse('trie_misplaced');
  return left ?? right;
}

/** @param {Uint8Array} a @param {Uint8Array} b @param {number} bit */
function agreeBefore(a, b, bit) {
  for (let i = 0; i < bit; i++) if (bitOf(a, i) !== bitOf(b, i)) return false;
  return true;
}

/** @param {Node} node @returns {Promise<Uint8Array>} */
async function hashOf(node) {
  if (node.type === 'stub') return node.hash;
  if (node.type === 'empty') return sha256();
  if (node.type === 'leaf') return sha256(node.key, node.value);
  const [left, right] = await Promise.all([hashOf(node.left), hashOf(node.right)]);
  return sha256(left, right, Uint8Array.of(node.bit));
}

/** A pruned trie whose root was checked. */
export class Trie {
  /** @param {Node} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {Uint8Array} bytes nothing is believed of it yet */
  static read(bytes) {
    return new Trie(readNodes(bytes));
  }

  /** @param {Uint8Array} root from a verified index commit, never from the proof's sender */
  async check(root) {
    checkShape(this.root, -1);
    if (!same(await hashOf(this.root), root)) refuse('trie_wrong_root');
  }

  /**
   * The key's value, `absent`, or `missing`: the proof says nothing about the key.
   * @param {Uint8Array} key
   * @returns {Uint8Array | 'absent' | 'missing'}
   */
  ask(key) {
    let node = this.root;
    while (node.type === 'inner') node = bitOf(key, node.bit) === 0 ? node.left : node.right;
    if (node.type === 'stub') return 'missing';
    if (node.type === 'empty') return 'absent';
    node.reached = true;
    return same(node.key, key) ? node.value : 'absent';
  }

  /** The keys of leaves that no question reached. @returns {Uint8Array[]} */
  surplus() {
    /** @param {Node} node @returns {Uint8Array[]} */
    const unreached = (node) => {
      if (node.type === 'inner') return [...unreached(node.left), ...unreached(node.right)];
      return node.type === 'leaf' && !node.reached ? [node.key] : [];
    };
    return unreached(this.root);
  }
}

/**
 * The root of the trie of all these keys.
 * @param {[Uint8Array, Uint8Array][]} pairs keys, distinct, with their values
 * @returns {Promise<Uint8Array>}
 */
export async function rootOf(pairs) {
  const sorted = pairs.map(([key, value]) => ({ key, value, name: hex(key) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  /** @param {typeof sorted} some @returns {Promise<Uint8Array>} */
  const hash = async (some) => {
    if (some.length === 0) return sha256();
    const [first, last] = [some[0], some[some.length - 1]];
    if (some.length === 1) return sha256(first.key, first.value);
    let bit = 0;
    while (bitOf(first.key, bit) === bitOf(last.key, bit)) bit++;
    const middle = some.findIndex(({ key }) => bitOf(key, bit) === 1);
    const [left, right] = await Promise.all([hash(some.slice(0, middle)), hash(some.slice(middle))]);
    return sha256(left, right, Uint8Array.of(bit));
  };
  return hash(sorted);
}
