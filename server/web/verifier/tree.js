// The log's Merkle tree (RFC 6962) and the proofs about it. Proofs are lists of hashes, used up exactly; sizes and indexes are
// bigints below 2^64. spec: log.md#tree

import { same, sha256 } from './bytes.js';
import { refuse } from './fault.js';

/** @typedef {Uint8Array} Hash */

/** @param {Hash} left @param {Hash} right @returns {Promise<Hash>} */
export const node = (left, right) => sha256(Uint8Array.of(1), left, right);

export const emptyRoot = () => sha256();

/** Where a tree of more than one leaf splits: the largest power of two below its size. @param {bigint} size */
function split(size) {
  let half = 1n;
  while (half * 2n < size) half *= 2n;
  return half;
}

/** The sizes of the complete subtrees that a tree consists of, largest first. @param {bigint} size */
export function peakSizes(size) {
  const sizes = [];
  for (let bit = 1n << 63n; bit > 0n; bit >>= 1n) if (size & bit) sizes.push(bit);
  return sizes;
}

/** The root of a tree with these peaks. @param {Hash[]} peaks */
export async function rootOfPeaks(peaks) {
  if (peaks.length === 0) return emptyRoot();
  let root = peaks[peaks.length - 1];
  for (let i = peaks.length - 2; i >= 0; i--) root = await node(peaks[i], root);
  return root;
}

/** The Merkle Tree Hash over these leaf hashes. @param {Hash[]} leaves @returns {Promise<Hash>} */
export async function treeHash(leaves) {
  if (leaves.length === 0) return emptyRoot();
  // Level by level; what is left alone on a level moves up as it is, which gives the same tree.
  let level = leaves;
  while (level.length > 1) {
    const pairs = [];
    for (let i = 0; i < level.length; i += 2) pairs.push(i + 1 < level.length ? node(level[i], level[i + 1]) : level[i]);
    level = await Promise.all(pairs);
  }
  return level[0];
}

/** Whether siblings stand to the left on the way from the root to a leaf, root first. @param {bigint} index @param {bigint} size */
function siblingsOnTheLeft(index, size) {
  const sides = [];
  while (size > 1n) {
    const half = split(size);
    const right = index >= half;
    sides.push(right);
    index -= right ? half : 0n;
    size = right ? size - half : half;
  }
  return sides;
}

/** @param {Hash[]} hashes @param {number} needed */
function exactly(hashes, needed) {
  if (hashes.length < needed) refuse('missing_hash');
  if (hashes.length > needed) refuse('surplus_hash');
}

/**
 * That a leaf stands in a tree.
 * @param {{index: bigint, leaf: Hash, size: bigint, root: Hash, hashes: Hash[]}} proof
 */
export async function checkInclusion({ index, leaf, size, root, hashes }) {
  if (index >= size) refuse('index_beyond_tree');
  const sides = siblingsOnTheLeft(index, size).reverse();
  exactly(hashes, sides.length);
  let hash = leaf;
  for (const [i, left] of sides.entries()) hash = left ? await node(hashes[i], hash) : await node(hash, hashes[i]);
  if (!same(hash, root)) refuse('wrong_root');
}

/**
 * That a tree continues an older one.
 * @param {{size: bigint, root: Hash}} old
 * @param {{size: bigint, root: Hash}} now
 * @param {Hash[]} hashes
 */
export async function checkConsistency(old, now, hashes) {
  if (old.size > now.size) refuse('old_larger');
  if (old.size === now.size && !same(old.root, now.root)) refuse('fork');
  if (old.size === 0n) {
    if (hashes.length > 0) refuse('surplus_hash');
    if (!same(old.root, await emptyRoot())) refuse('wrong_old_root');
    return;
  }
  // Down to the subtree that ends with the old tree's last leaf.
  const sides = [];
  let first = 0n;
  let size = now.size;
  while (first + size !== old.size) {
    const half = split(size);
    const right = old.size - 1n >= first + half;
    sides.push(right);
    first += right ? half : 0n;
    size = right ? size - half : half;
  }
  sides.reverse();
  exactly(hashes, sides.length + (first === 0n ? 0 : 1));
  const siblings = first === 0n ? hashes : hashes.slice(1);
  let before = first === 0n ? old.root : hashes[0];
  let after = before;
  for (const [i, left] of sides.entries()) {
    if (left) before = await node(siblings[i], before);
    after = left ? await node(siblings[i], after) : await node(after, siblings[i]);
  }
  if (!same(before, old.root)) refuse('wrong_old_root');
  if (!same(after, now.root)) refuse('wrong_root');
}

/** @typedef {{index: bigint, leaf: Hash}} Leaf */

/** A proof's hashes, taken one by one. */
class Taken {
  /** @param {Hash[]} hashes */
  constructor(hashes) {
    this.hashes = hashes;
    this.used = 0;
  }

  next() {
    return this.used < this.hashes.length ? this.hashes[this.used++] : refuse('missing_hash');
  }

  end() {
    if (this.used < this.hashes.length) refuse('surplus_hash');
  }
}

/**
 * The hash of a span, made of the wanted leaves and of the proof's hashes for the rest.
 * @param {{first: bigint, size: bigint}} span
 * @param {Leaf[]} wanted those in the span, ascending
 * @param {Taken} hashes
 * @returns {Promise<Hash>}
 */
function walk(span, wanted, hashes) {
  if (wanted.length === 0) return Promise.resolve(hashes.next());
  if (span.size === 1n) return Promise.resolve(wanted[0].leaf);
  const half = split(span.size);
  const middle = span.first + half;
  const left = walk({ first: span.first, size: half }, wanted.filter(({ index }) => index < middle), hashes);
  const right = walk({ first: middle, size: span.size - half }, wanted.filter(({ index }) => index >= middle), hashes);
  return Promise.all([left, right]).then(([l, r]) => node(l, r));
}

/**
 * That leaves stand below the peaks of a tree.
 * @param {{size: bigint, peaks: Hash[], leaves: Leaf[], hashes: Hash[]}} proof leaves at distinct indexes, ascending
 */
export async function checkBelowPeaks({ size, peaks, leaves, hashes }) {
  const sizes = peakSizes(size);
  if (peaks.length !== sizes.length) refuse('peak_count');
  if (leaves.some(({ index }) => index >= size)) refuse('index_beyond_tree');
  const taken = new Taken(hashes);
  let first = 0n;
  for (const [i, peak] of sizes.entries()) {
    const end = first + peak;
    const wanted = leaves.filter(({ index }) => index >= first && index < end);
    if (wanted.length > 0 && !same(await walk({ first, size: peak }, wanted, taken), peaks[i])) refuse('wrong_peak');
    first = end;
  }
  taken.end();
}

/**
 * The peaks of the tree before its last leaf, from that leaf's inclusion path, which is checked first.
 * @param {bigint} size the tree's, with the last leaf
 * @param {Hash[]} path
 */
export function peaksBeforeLast(size, path) {
  if (size === 0n) refuse('index_beyond_tree');
  exactly(path, peakSizes(size - 1n).length);
  return path.slice().reverse();
}

/**
 * That leaves stand side by side in a tree.
 * @param {{first: bigint, leaves: Hash[], size: bigint, root: Hash, hashes: Hash[]}} proof
 */
export async function checkRange({ first, leaves, size, root, hashes }) {
  if (leaves.length === 0) refuse('empty_range');
  if (first + BigInt(leaves.length) > size) refuse('index_beyond_tree');
  const taken = new Taken(hashes);
  const hash = walk({ first: 0n, size }, leaves.map((leaf, i) => ({ index: first + BigInt(i), leaf })), taken);
  taken.end();
  if (!same(await hash, root)) refuse('wrong_root');
}
