// Signed notes (C2SP signed-note) and the keys under them. spec: log.md#notes

import { hex, ofB64, ofText, readU64, same, sha256, toText } from './bytes.js';
import { verifies, wrongKey } from './ed25519.js';
import { Fault, refuse } from './fault.js';

export const ED25519 = 1;
export const COSIGNATURE = 4;
const MOST_SIGNATURES = 100;

/** A decimal below 2^64 in its one spelling, or null. @param {string} text */
export function decimal(text) {
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text)) return null;
  const value = BigInt(text);
  return value < 2n ** 64n ? value : null;
}

/** @param {string} name */
export const isName = (name) => name !== '' && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);

/**
 * @typedef {object} VerifierKey
 * @property {string} vkey the text
 * @property {string} name
 * @property {Uint8Array} keyId 4 bytes
 * @property {number} type
 * @property {Uint8Array} key 32 bytes
 *
 * @typedef {{name: string, keyId: Uint8Array, signature: Uint8Array}} SignatureLine
 * @typedef {{text: string, lines: SignatureLine[]}} Note
 */

/** @param {string} vkey @returns {Promise<VerifierKey>} */
export async function readVerifierKey(vkey) {
  const parts = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(vkey);
  const bytes = parts && ofB64(parts[3]);
  if (parts === null || bytes === null || bytes.length === 0) return refuse('vkey_form');
  const [, name, id] = parts;
  const [type, key] = [bytes[0], bytes.slice(1)];
  if (!isName(name)) refuse('key_name');
  if (type !== ED25519 && type !== COSIGNATURE) refuse('unknown_key_type');
  if (key.length !== 32 || wrongKey(key) !== null) refuse('weak_key');
  const keyId = await keyIdOf(name, bytes);
  if (hex(keyId) !== id) refuse('wrong_key_id');
  return { vkey, name, keyId, type, key };
}

/** @param {string} name @param {Uint8Array} typeAndKey */
export const keyIdOf = async (name, typeAndKey) => (await sha256(ofText(`${name}\n`), typeAndKey)).slice(0, 4);

/** @param {string | Uint8Array} note @returns {Note} */
export function readNote(note) {
  const whole = typeof note === 'string' ? note : toText(note, 'not_utf8');
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) refuse('control_character');
  const blank = whole.lastIndexOf('\n\n');
  if (blank < 0) refuse('no_blank_line');
  const signatures = whole.slice(blank + 2);
  if (signatures === '') refuse('no_signature');
  if (!signatures.endsWith('\n')) refuse('no_final_newline');
  const lines = signatures.slice(0, -1).split('\n');
  if (lines.length > MOST_SIGNATURES) refuse('too_many_signatures');
  return { text: whole.slice(0, blank + 1), lines: lines.map(readSignatureLine) };
}

/** @param {string} line @returns {SignatureLine} */
export function readSignatureLine(line) {
  const [dash, name, encoded, ...rest] = line.split(' ');
  const bytes = encoded === undefined ? null : ofB64(encoded);
  if (dash !== '—' || rest.length > 0 || !isName(name ?? '') || bytes === null || bytes.length < 5) return refuse('signature_line');
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** @param {SignatureLine} line @param {VerifierKey} key */
export const isBy = (line, key) => line.name === key.name && same(line.keyId, key.keyId);

/**
 * Checks a cosignature's line against a key that it is by; the time in seconds.
 * @param {SignatureLine} line @param {VerifierKey} key @param {string} text the checkpoint's
 */
export async function checkCosignature(line, key, text) {
  if (line.signature.length !== 72) refuse('cosignature_length');
  const time = readU64(line.signature, 0);
  if (time === 0n || time >= 2n ** 63n) refuse('cosignature_time');
  const signed = ofText(`cosignature/v1\ntime ${time}\n${text}`);
  if (!(await verifies(key.key, signed, line.signature.slice(8)))) refuse('bad_signature');
  return time;
}

/**
 * Who of the known keys signed: by key, null, or of a cosignature its newest time in seconds. A line of a known key that is wrong refuses the whole.
 * @param {Note} note
 * @param {VerifierKey[]} keys
 * @returns {Promise<Map<VerifierKey, bigint | null>>}
 */
export async function signersOf(note, keys) {
  const signed = new Map();
  for (const line of note.lines) {
    for (const key of keys.filter((known) => isBy(line, known))) {
      const time = await timeOfLine(line, key, note.text).catch(asBadSignature);
      const before = signed.get(key);
      signed.set(key, time !== null && before !== undefined && before > time ? before : time);
    }
  }
  if (signed.size === 0) refuse('no_known_signature');
  return signed;
}

/** @param {unknown} error @returns {never} */
function asBadSignature(error) {
  if (error instanceof Fault && error.code !== 'platform') return refuse('bad_signature', error.code);
  throw error;
}

/** @param {SignatureLine} line @param {VerifierKey} key @param {string} text */
async function timeOfLine(line, key, text) {
  if (key.type === COSIGNATURE) return checkCosignature(line, key, text);
  return line.signature.length === 64 && (await verifies(key.key, ofText(text), line.signature)) ? null : refuse('bad_signature');
}
