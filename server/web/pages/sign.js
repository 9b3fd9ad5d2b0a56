// Signing in this browser: records, and the statements that give a token. Keys are WebCrypto's and never leave it.
// spec: encoding.md#jws, records.md

import { b64url, buffer, concat, labelled, ofB64urlExactly, ofText, sha256 } from '../verifier/bytes.js';
import { canonicalBytes } from '../verifier/json.js';

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** @typedef {{party: string, kid: string, key: CryptoKey}} Identity */

/** @param {number} length */
export const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** @param {CryptoKey} key @param {Uint8Array} bytes */
export const signed = async (key, bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, buffer(bytes)));

/** A compact JWS. @param {Identity} by @param {string} typ @param {Uint8Array} payload */
export async function jws({ kid, key }, typ, payload) {
  const header = canonicalBytes({ alg: 'Ed25519', kid, typ });
  const text = `${b64url(header)}.${b64url(payload)}`;
  return `${text}.${b64url(await signed(key, ofText(text)))}`;
}

/**
 * What is written in a record, and the id that it will have.
 * @param {string} kind @param {string} origin @param {Record<string, any>} members
 */
export async function draft(kind, origin, members) {
  const now = Date.now();
  const payload = canonicalBytes({ v: 1, kind, origin, nonce: b64url(random(32)), iat: now, submit_by: now + WEEK_MS, ...members });
  return { payload, id: b64url(await labelled('id', payload)) };
}

/** A member that a receipt may leave out, and what the payload has for it in `_sd`. spec: encoding.md#disclosures @param {string} name @param {string} value @param {Uint8Array} [salt] */
export async function withheld(name, value, salt = random(16)) {
  const disclosure = b64url(canonicalBytes(/** @type {any} */ ([b64url(salt), name, value])));
  return { disclosure, digest: b64url(await sha256(ofText(disclosure))) };
}

/** As it is handed in. @param {Identity} by @param {{payload: Uint8Array}} written @param {string[]} [disclosures] */
export const submission = async (by, { payload }, disclosures) => JSON.stringify({ record: await jws(by, 'procura+jws', payload), disclosures });

/** Who asks for a token, once, within a minute. spec: http.md#who-calls @param {Identity} by @param {string} origin */
export function assertion(by, origin) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: by.party, sub: by.party, aud: origin, iat: now, exp: now + 60, jti: b64url(random(16)) };
  return jws(by, 'JWT', ofText(JSON.stringify(claims)));
}

/** What a new key signs for whoever is to bind it to the party. spec: kinds.md#members @param {{origin: string, party: string, nonce: string, publicKey: Uint8Array}} what */
export async function possessionMessage({ origin, party, nonce, publicKey }) {
  const [of, with_] = [ofB64urlExactly(party, 32), ofB64urlExactly(nonce, 32)];
  if (of === null || with_ === null) throw new TypeError('party and nonce are 32 bytes');
  return concat(ofText('procura/v1/pop\0'), await sha256(ofText(origin)), of, publicKey, with_);
}

/** That the holder has the key and wants it bound to the party. @param {{origin: string, party: string, nonce: string, publicKey: Uint8Array, key: CryptoKey}} what */
export const possession = async (what) => b64url(await signed(what.key, await possessionMessage(what)));
