// edwards25519 in bigints: for what WebCrypto doesn't compute. Of public values only, since the time that it takes tells of them. RFC 8032.

import { hex } from './bytes.js';

export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;
const SIGN = 2n ** 255n;
/** A square root of −1. */
const I = power(2n, (P - 1n) / 4n);

/** Extended coordinates: x = X/Z, y = Y/Z, X·Y = Z·T. @typedef {readonly [bigint, bigint, bigint, bigint]} Point */

/** @type {Point} */
export const ZERO = [0n, 1n, 1n, 0n];

/** @param {Uint8Array} bytes lowest first */
export const integer = (bytes) => BigInt(`0x${hex(bytes.slice().reverse())}`);

/** @param {bigint} base @param {bigint} exponent */
function power(base, exponent) {
  let result = 1n;
  for (let square = base % P; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** The point that 32 bytes encode, or why they encode none in the one canonical way. @param {Uint8Array} bytes @returns {Point | 'not_canonical' | 'not_on_curve'} */
export function decode(bytes) {
  const encoded = integer(bytes);
  const y = encoded & (SIGN - 1n);
  const odd = encoded >= SIGN ? 1n : 0n;
  if (y >= P || (odd === 1n && (y === 1n || y === P - 1n))) return 'not_canonical';
  // x² = (y² − 1) / (d·y² + 1) = u / v; the candidate root is u·v³·(u·v⁷)^((p − 5)/8).
  const u = (y * y + P - 1n) % P;
  const v = (D * ((y * y) % P) + 1n) % P;
  const v3 = (((v * v) % P) * v) % P;
  let x = (((u * v3) % P) * power((((u * v3) % P) * ((v3 * v) % P)) % P, (P - 5n) / 8n)) % P;
  const square = (v * ((x * x) % P)) % P;
  if (square === (P - u) % P) x = (x * I) % P;
  else if (square !== u) return 'not_on_curve';
  if ((x & 1n) !== odd) x = P - x;
  return [x, y, 1n, (x * y) % P];
}

/** @param {Point} point @returns {Uint8Array} */
export function encode([x, y, z]) {
  const inverse = power(z, P - 2n);
  let rest = ((y * inverse) % P) | (((x * inverse) % P & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, () => {
    const byte = Number(rest & 255n);
    rest >>= 8n;
    return byte;
  });
}

/** @param {Point} one @param {Point} other @returns {Point} */
export function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = ((y1 - x1 + P) * (y2 - x2 + P)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (2n * D * ((t1 * t2) % P)) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a + P, d - c + P, d + c, b + a];
  return [(e * f) % P, (g * h) % P, (f * g) % P, (e * h) % P];
}

/** @param {Point} point @returns {Point} */
export function double([x, y, z]) {
  const [a, b] = [(x * x) % P, (y * y) % P];
  const h = a + b;
  const e = h - ((x + y) * (x + y)) % P + P;
  const g = a - b + P;
  const f = 2n * ((z * z) % P) + g;
  return [(e * f) % P, (g * h) % P, (f * g) % P, (e * h) % P];
}

/** @param {Point} point @returns {Point} */
export const eightfold = (point) => double(double(double(point)));

/** @param {Point} point @returns {Point} */
export const negative = ([x, y, z, t]) => [(P - x) % P, y, z, (P - t) % P];

/** @param {Point} point */
export const isZero = ([x, y, z]) => x === 0n && y === z;

/** m·M + n·N. @param {bigint} m @param {Point} M @param {bigint} n @param {Point} N @returns {Point} */
export function combination(m, M, n, N) {
  const [ms, ns] = [multiples(M), multiples(N)];
  let sum = ZERO;
  for (let at = 252n; at >= 0n; at -= 4n) {
    sum = double(eightfold(sum));
    sum = add(add(sum, ms[Number((m >> at) & 15n)]), ns[Number((n >> at) & 15n)]);
  }
  return sum;
}

/** 0 to 15 times a point. @param {Point} point */
function multiples(point) {
  const all = [ZERO];
  while (all.length < 16) all.push(add(all[all.length - 1], point));
  return all;
}

/** The base point. */
export const BASE = /** @type {Point} */ (decode(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x58 : 0x66))));
