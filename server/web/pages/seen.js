// The checkpoints of each register that this browser saw and believed: what a second history would be held against.

import { recall, remember } from './page.js';
import { b64url } from '../verifier/bytes.js';

const MOST = 20;

/** @typedef {{size: string, root: string, time: number, note?: string}} Seen `time`: when this browser saw it; `note`: as it was signed */

/** @param {string} origin */
const key = (origin) => `procura.seen.${origin}`;

/** All that are kept, the largest last. @param {string} origin @returns {Seen[]} */
export function history(origin) {
  try {
    const kept = JSON.parse(recall(key(origin)) ?? '[]');
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

/** The largest. @param {string} origin @returns {Seen | null} */
export const seen = (origin) => history(origin).at(-1) ?? null;

/** Keeps a checkpoint that was believed, if it is larger than all before. @param {{origin: string, size: bigint, root: Uint8Array}} checkpoint @param {string} [note] */
export function see({ origin, size, root }, note) {
  const kept = history(origin);
  const last = kept.at(-1);
  if (last !== undefined && BigInt(last.size) >= size) return;
  kept.push({ size: String(size), root: b64url(root), time: Date.now(), ...(note !== undefined && { note }) });
  // The first stays: it reaches furthest back.
  if (kept.length > MOST) kept.splice(1, 1);
  remember(key(origin), JSON.stringify(kept));
}
