// Aliases: one identifier, one name in the map, by ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381), checked and never computed here.
// spec: entries.md#the-vrf

import { buffer, concat, ofText, same } from './bytes.js';
import { BASE, combination, decode, eightfold, encode, integer, isZero, L, negative } from './curve.js';
import { refuse } from './fault.js';

const SUITE = 3;
const PROOF_BYTES = 80;

/** @param {...Uint8Array} parts @returns {Promise<Uint8Array>} */
const sha512 = async (...parts) => new Uint8Array(await crypto.subtle.digest('SHA-512', buffer(concat(...parts))));

/** @param {Uint8Array} bytes */
const pointOf = (bytes) => {
  const point = decode(bytes);
  return typeof point === 'string' ? null : point;
};

/** @param {Uint8Array} key @param {Uint8Array} alpha */
async function encodeToCurve(key, alpha) {
  for (let counter = 0; counter < 256; counter++) {
    const hash = await sha512(Uint8Array.of(SUITE, 1), key, alpha, Uint8Array.of(counter, 0));
    const point = pointOf(hash.slice(0, 32));
    const cleared = point && eightfold(point);
    if (cleared && !isZero(cleared)) return cleared;
  }
  return refuse('vrf_mismatch');
}

/**
 * The output that a proof proves, 64 bytes.
 * @param {Uint8Array} key that was checked @param {Uint8Array} alpha @param {Uint8Array} proof @returns {Promise<Uint8Array>}
 */
export async function output(key, alpha, proof) {
  const gamma = (proof.length === PROOF_BYTES && pointOf(proof.slice(0, 32))) || refuse('vrf_gamma');
  const [c, s] = [integer(proof.slice(32, 48)), integer(proof.slice(48))];
  if (s >= L) refuse('vrf_s_range');
  const y = pointOf(key) ?? refuse('vrf_mismatch');
  const h = await encodeToCurve(key, alpha);
  const u = combination(s, BASE, c, negative(y));
  const v = combination(s, h, c, negative(gamma));
  const hash = await sha512(Uint8Array.of(SUITE, 2), key, encode(h), proof.slice(0, 32), encode(u), encode(v), Uint8Array.of(0));
  if (!same(hash.slice(0, 16), proof.slice(32, 48))) refuse('vrf_mismatch');
  return sha512(Uint8Array.of(SUITE, 3), encode(eightfold(gamma)), Uint8Array.of(0));
}

/**
 * The alias that a proof shows of an identifier.
 * @param {string} identifier in its one spelling @param {Uint8Array} key that was checked @param {Uint8Array} proof @returns {Promise<Uint8Array>}
 */
export async function aliasOf(identifier, key, proof) {
  const colon = identifier.indexOf(':');
  const [scheme, value] = [identifier.slice(0, colon), identifier.slice(colon + 1)];
  return (await output(key, ofText(`procura/v1/alias\0${scheme}\0${value}`), proof)).slice(0, 32);
}
