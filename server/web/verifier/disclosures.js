// Members that a presentation may leave out: SD-JWT disclosures, flat. spec: encoding.md#disclosures

import { b64url, ofB64url, ofB64urlExactly, ofText, sha256 } from './bytes.js';
import { refuse, renamed } from './fault.js';
import { readCanonicalArray } from './json.js';

/**
 * @typedef {import('./json.js').Json} Json
 * @typedef {import('./json.js').JsonObject} JsonObject
 */

const MOST_DIGESTS = 64;
const MOST_CHARACTERS = 16_384;
const RESERVED = new Set(['_sd', '_sd_alg', '...', 'v', 'kind', 'origin', 'nonce', 'iat', 'submit_by', 'target']);

/**
 * The digests that a payload has; none if nothing is withheld.
 * @param {JsonObject} payload
 * @returns {string[]}
 */
export function digestsOf(payload) {
  for (const [name, value] of Object.entries(payload)) {
    if (name === '...' || hides(value)) refuse('sd_nested');
  }
  if (!Object.hasOwn(payload, '_sd')) return [];
  const digests = payload._sd;
  if (!Array.isArray(digests) || digests.length < 1 || digests.length > MOST_DIGESTS) return refuse('sd_digests');
  const texts = digests.map((digest) => (ofB64urlExactly(digest, 32) === null ? refuse('sd_digests') : /** @type {string} */ (digest)));
  // ASCII order of the texts, which is not the order of the bytes.
  if (texts.some((digest, i) => i > 0 && digest <= texts[i - 1])) refuse('sd_digest_order');
  return texts;
}

/** Whether a name that only disclosures may have stands in it, at any depth. @param {Json} value @returns {boolean} */
function hides(value) {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(hides);
  return Object.entries(value).some(([name, inner]) => name === '_sd' || name === '...' || hides(inner));
}

/**
 * The members that are disclosed, by name.
 * @param {JsonObject} payload
 * @param {string[]} disclosures
 * @param {{all: boolean}} mode at admission every digest is disclosed; in a presentation some may stay undisclosed
 * @returns {Promise<JsonObject>}
 */
export async function disclose(payload, disclosures, { all }) {
  const open = new Set(digestsOf(payload));
  const seen = new Set();
  const members = /** @type {JsonObject} */ (Object.create(null));
  for (const disclosure of disclosures) {
    const [name, value] = readDisclosure(disclosure);
    const digest = b64url(await sha256(ofText(disclosure)));
    if (!open.has(digest)) refuse('disclosure_surplus');
    if (seen.has(digest)) refuse('disclosure_repeated');
    seen.add(digest);
    if (Object.hasOwn(payload, name)) refuse('disclosure_in_clear');
    if (Object.hasOwn(members, name)) refuse('disclosure_name_twice');
    members[name] = value;
  }
  if (all && seen.size < open.size) refuse('disclosure_missing');
  return members;
}

/** @param {string} disclosure @returns {[string, Json]} */
function readDisclosure(disclosure) {
  if (ofText(disclosure).length > MOST_CHARACTERS) refuse('disclosure_too_large');
  const bytes = ofB64url(disclosure) ?? refuse('disclosure_base64');
  const array = renamed('disclosure_json', () => readCanonicalArray(bytes));
  const [salt, name, value] = array;
  if (array.length !== 3 || typeof salt !== 'string' || typeof name !== 'string') return refuse('disclosure_shape');
  const random = ofB64url(salt);
  if (random === null || random.length < 16 || random.length > 64) refuse('disclosure_salt');
  if (RESERVED.has(name)) refuse('disclosure_reserved');
  if (hides(value)) refuse('sd_nested');
  return [name, value];
}
