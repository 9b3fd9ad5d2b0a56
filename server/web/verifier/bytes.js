// Bytes: their texts, their order, their hashes. spec: encoding.md, entries.md#hashes

import { refuse } from './fault.js';

/** @typedef {Uint8Array} Bytes */

const utf8 = new TextEncoder();

/** @param {string} text @returns {Bytes} */
export const ofText = (text) => utf8.encode(text);

/** @param {...Bytes} parts @returns {Bytes} */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Negative, 0 or positive, as strings of bytes are ordered. @param {Bytes} a @param {Bytes} b */
export function compare(a, b) {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** @param {Bytes} a @param {Bytes} b */
export const same = (a, b) => compare(a, b) === 0;

/** Eight bytes, the highest first. @param {bigint | number} value @returns {Bytes} */
export function u64(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** @param {Bytes} bytes @param {number} at @returns {bigint} */
export const readU64 = (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at);

/** @param {Bytes} bytes */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {string} text an even number of digits @returns {Bytes} */
export const ofHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = STANDARD.replace('+/', '-_');
const values = (/** @type {string} */ alphabet) => {
  const table = new Int8Array(128).fill(-1);
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
};
const STANDARD_VALUES = values(STANDARD);
const URL_SAFE_VALUES = values(URL_SAFE);

/** @param {Bytes} bytes @param {string} alphabet */
function encode(bytes, alphabet) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet[group >> 18] + alphabet[(group >> 12) & 63];
    if (i + 1 < bytes.length) text += alphabet[(group >> 6) & 63];
    if (i + 2 < bytes.length) text += alphabet[group & 63];
  }
  return text;
}

/**
 * The bytes, or null: another alphabet, an impossible length, trailing bits that are not zero.
 * @param {string} text without padding
 * @param {Int8Array} table
 */
function decode(text, table) {
  const rest = text.length % 4;
  if (rest === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? table[code] : -1;
    if (value < 0) return null;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 0xff;
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : null;
}

/** base64url without padding, canonical. @param {Bytes} bytes */
export const b64url = (bytes) => encode(bytes, URL_SAFE);

/** @param {string} text @returns {Bytes | null} */
export const ofB64url = (text) => decode(text, URL_SAFE_VALUES);

/** base64 with padding, canonical (C2SP texts). @param {Bytes} bytes */
export const b64 = (bytes) => encode(bytes, STANDARD) + '='.repeat((3 - (bytes.length % 3)) % 3);

/** @param {string} text @returns {Bytes | null} */
export function ofB64(text) {
  if (text.length % 4 !== 0) return null;
  return decode(text.replace(/={1,2}$/, ''), STANDARD_VALUES);
}

/**
 * So many bytes in base64url.
 * @param {unknown} value
 * @param {number} length
 * @returns {Bytes | null}
 */
export function ofB64urlExactly(value, length) {
  const bytes = typeof value === 'string' ? ofB64url(value) : null;
  return bytes !== null && bytes.length === length ? bytes : null;
}

/**
 * A text of UTF-8 bytes, a byte order mark kept.
 * @param {Bytes} bytes
 * @param {string} code of the fault if they are none
 */
export function toText(bytes, code) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(code);
  }
}

/** As WebCrypto wants it. @param {Bytes} bytes @returns {BufferSource} */
export const buffer = (bytes) => /** @type {any} */ (bytes);

/** SHA-256 of the parts one after the other. @param {...Bytes} parts @returns {Promise<Bytes>} */
export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', buffer(concat(...parts))));
}

/** H("procura/v1/" ‖ label ‖ 0 ‖ parts). spec: entries.md#hashes @param {string} label @param {...Bytes} parts */
export const labelled = (label, ...parts) => sha256(ofText(`procura/v1/${label}\0`), ...parts);
