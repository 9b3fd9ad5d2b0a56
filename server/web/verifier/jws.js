// A record's outer form: a JWS in Compact Serialization, whose header has exactly three members. spec: encoding.md#jws

import { b64url, labelled, ofB64url, ofB64urlExactly, ofText } from './bytes.js';
import { verifies } from './ed25519.js';
import { refuse, renamed } from './fault.js';
import { readCanonical } from './json.js';

export const RECORD = 'procura+jws';
const MOST_BYTES = 90_112;
const MOST_PAYLOAD_BYTES = 65_536;

/**
 * @typedef {object} Jws
 * @property {string} kid 32 bytes in base64url
 * @property {Uint8Array} payload
 * @property {Uint8Array} signed the bytes under the signature
 * @property {Uint8Array} signature
 */

/**
 * Reads the form; the signature is for whoever knows the key.
 * @param {string} text
 * @param {string} typ that the place asks for
 * @returns {Jws}
 */
export function readJws(text, typ = RECORD) {
  if (ofText(text).length > MOST_BYTES) refuse('jws_too_large');
  if (/^[\t\n\v\f\r ]*\{/.test(text)) refuse('jws_json_serialization');
  const parts = text.split('.');
  if (parts.length !== 3) refuse('jws_parts');
  const [header, payload, signature] = parts.map((part) => ofB64url(part) ?? refuse('jws_base64'));
  if (payload.length > MOST_PAYLOAD_BYTES) refuse('jws_too_large');
  const kid = kidOf(header, typ);
  if (signature.length !== 64) refuse('jws_signature_length');
  return { kid, payload, signed: ofText(`${parts[0]}.${parts[1]}`), signature };
}

/** @param {Uint8Array} bytes @param {string} typ */
function kidOf(bytes, typ) {
  const { alg, kid, typ: stated, ...others } = renamed('jws_header_json', () => readCanonical(bytes));
  if (typeof alg !== 'string' || typeof kid !== 'string' || typeof stated !== 'string' || Object.keys(others).length > 0) return refuse('jws_header_members');
  if (alg !== 'Ed25519' && alg !== 'EdDSA') refuse('jws_alg');
  if (stated !== typ) refuse('jws_typ');
  if (ofB64urlExactly(kid, 32) === null) refuse('jws_kid');
  return kid;
}

/** The identity of what is signed, whoever signed and however often. @param {Jws} jws */
export const idOf = async (jws) => b64url(await labelled('id', jws.payload));

/** @param {Jws} jws @param {Uint8Array} key one that was checked */
export const signedBy = (jws, key) => verifies(key, jws.signed, jws.signature);
