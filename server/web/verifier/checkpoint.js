// Checkpoints, cosignatures, and inclusion proofs as text (C2SP tlog-checkpoint, tlog-cosignature, tlog-proof). spec: log.md#checkpoints

import { ofB64, ofText, same, toText } from './bytes.js';
import { refuse } from './fault.js';
import { checkCosignature, COSIGNATURE, decimal, ED25519, isBy, isName, readNote, readSignatureLine, signersOf } from './note.js';
import { emptyRoot } from './tree.js';

/**
 * @typedef {import('./note.js').VerifierKey} VerifierKey
 * @typedef {{origin: string, size: bigint, root: Uint8Array, note: import('./note.js').Note}} Checkpoint
 */

const MOST_HASHES = 64;
const MOST_ORIGIN_BYTES = 255;

/** The form; nothing is believed of it yet. @param {string | Uint8Array} text @returns {Promise<Checkpoint>} */
export async function readCheckpoint(text) {
  const note = readNote(text);
  const lines = note.text.slice(0, -1).split('\n');
  if (lines.length < 3) refuse('checkpoint_lines');
  if (lines.length > 3) refuse('extension_line');
  const size = decimal(lines[1]) ?? refuse('size_line');
  const root = hash(lines[2]) ?? refuse('root_line');
  if (!isName(lines[0]) || ofText(lines[0]).length > MOST_ORIGIN_BYTES) refuse('origin');
  if (size === 0n && !same(root, await emptyRoot())) refuse('empty_root');
  return { origin: lines[0], size, root, note };
}

/** @param {string} text base64 */
function hash(text) {
  const bytes = ofB64(text);
  return bytes !== null && bytes.length === 32 ? bytes : null;
}

/**
 * Believes a checkpoint as a log's own. Gives who signed, as of a note; `others` may have signed besides.
 * @param {Checkpoint} checkpoint
 * @param {string} origin
 * @param {VerifierKey[]} logKeys one of them must have signed
 * @param {VerifierKey[]} [others]
 */
export async function believe(checkpoint, origin, logKeys, others = []) {
  if (checkpoint.origin !== origin) refuse('other_origin');
  for (const key of logKeys) {
    if (key.type !== ED25519) refuse('key_type');
    if (key.name !== origin) refuse('log_key_name');
  }
  const signed = await signersOf(checkpoint.note, [...logKeys, ...others]);
  return logKeys.some((key) => signed.has(key)) ? signed : refuse('no_known_signature');
}

/**
 * A cosignature by itself; its time in seconds.
 * @param {string} line
 * @param {VerifierKey} key
 * @param {string} text the checkpoint's, without signatures
 */
export async function readCosignature(line, key, text) {
  const read = readSignatureLine(line);
  if (key.type !== COSIGNATURE) refuse('key_type');
  if (!isBy(read, key)) refuse('other_key');
  return checkCosignature(read, key, text);
}

/**
 * The form of a tlog-proof; nothing is believed of it yet.
 * @param {string | Uint8Array} proof
 * @returns {Promise<{index: bigint, hashes: Uint8Array[], checkpoint: Checkpoint}>}
 */
export async function readTlogProof(proof) {
  const text = typeof proof === 'string' ? proof : toText(proof, 'tlog_proof_form');
  const blank = text.indexOf('\n\n');
  if (blank < 0) refuse('tlog_proof_form');
  const [header, second = '', ...rest] = text.slice(0, blank).split('\n');
  if (header !== 'c2sp.org/tlog-proof@v1') refuse('tlog_proof_header');
  if (/^extra(?: |$)/.test(second)) refuse('extra_line');
  const index = (second.startsWith('index ') ? decimal(second.slice(6)) : null) ?? refuse('index_line');
  if (rest.length > MOST_HASHES) refuse('too_many_hashes');
  const hashes = rest.map((line) => hash(line) ?? refuse('hash_line'));
  return { index, hashes, checkpoint: await readCheckpoint(text.slice(blank + 2)) };
}
