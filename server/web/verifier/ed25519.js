// Ed25519 keys and signatures. WebCrypto verifies the equation; what its implementations let pass we refuse ourselves: keys
// that are not canonical, not on the curve or of small order, R of small order, S out of range. spec: encoding.md#keys

import { b64url, buffer, hex, ofB64url, ofB64urlExactly, ofText, sha256 } from './bytes.js';
import { decode, integer, L } from './curve.js';
import { refuse } from './fault.js';

const SMALL_ORDER = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]);

/** What is wrong with an encoding of a point: null if nothing is. @param {Uint8Array} bytes 32 of them */
function wrongPoint(bytes) {
  const point = decode(bytes);
  if (typeof point === 'string') return point;
  return SMALL_ORDER.has(hex(bytes)) ? 'small_order' : null;
}

/** @type {Map<string, string | null>} what is known of keys: those of a receipt come again and again */
const judged = new Map();
const MOST_JUDGED = 10_000;

/** What is wrong with a public key, as the name of the fault. @param {Uint8Array} key @returns {string | null} */
export function wrongKey(key) {
  if (key.length !== 32) return 'key_not_canonical';
  const name = hex(key);
  let wrong = judged.get(name);
  if (wrong === undefined) {
    wrong = wrongPoint(key);
    if (judged.size >= MOST_JUDGED) judged.clear();
    judged.set(name, wrong);
  }
  return wrong && `key_${wrong}`;
}

/** Refuses what is no key. @param {Uint8Array} key @returns {Uint8Array} */
export function checkKey(key) {
  const wrong = wrongKey(key);
  return wrong === null ? key : refuse(wrong);
}

/** The 32 bytes of a JWK (RFC 8037). @param {unknown} jwk @returns {Uint8Array} */
export function keyOfJwk(jwk) {
  if (jwk === null || typeof jwk !== 'object' || Array.isArray(jwk)) return refuse('key_jwk');
  const { crv, kty, x, ...others } = /** @type {Record<string, unknown>} */ (jwk);
  const key = ofB64urlExactly(x, 32);
  if (crv !== 'Ed25519' || kty !== 'OKP' || key === null || Object.keys(others).length > 0) return refuse('key_jwk');
  return checkKey(key);
}

/** RFC 7638. @param {Uint8Array} key */
export const thumbprint = (key) => sha256(ofText(`{"crv":"Ed25519","kty":"OKP","x":"${b64url(key)}"}`));

/**
 * Whether the signature counts under a key that was checked.
 * @param {Uint8Array} key @param {Uint8Array} message @param {Uint8Array} signature
 */
export async function verifies(key, message, signature) {
  return (await wrongSignature(key, message, signature)) === null;
}

/**
 * Why a signature doesn't count under a key that was checked, as the name of the fault.
 * @param {Uint8Array} key @param {Uint8Array} message @param {Uint8Array} signature
 * @returns {Promise<string | null>}
 */
export async function wrongSignature(key, message, signature) {
  if (signature.length !== 64 || integer(signature.slice(32)) >= L) return 'signature_s_range';
  const r = signature.slice(0, 32);
  if (!SMALL_ORDER.has(hex(r)) && (await equationHolds(key, message, signature))) return null;
  const wrong = wrongPoint(r);
  return wrong === null ? 'signature_mismatch' : `signature_r_${wrong}`;
}

/** @param {Uint8Array} key @param {Uint8Array} message @param {Uint8Array} signature */
async function equationHolds(key, message, signature) {
  await strictPlatform();
  return platformVerifies(key, message, signature);
}

/** @param {Uint8Array} key @param {Uint8Array} message @param {Uint8Array} signature */
async function platformVerifies(key, message, signature) {
  const imported = await crypto.subtle.importKey('raw', buffer(key), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, buffer(signature), buffer(message));
}

/** @type {Promise<void> | undefined} */
let platform;

/**
 * Tries the platform once: an implementation that multiplies by the cofactor, or knows no Ed25519, is not to be relied on (`platform`). The
 * key has a part of order 8; of the two signatures only the first satisfies the equation as it stands, both do when it is multiplied by 8.
 */
function strictPlatform() {
  platform ??= (async () => {
    const [key, exact, cofactored] = [TRIAL.key, TRIAL.exact, TRIAL.cofactored].map((text) => /** @type {Uint8Array} */ (ofB64url(text)));
    const verdicts = await Promise.all([exact, cofactored].map((signature) => platformVerifies(key, ofText(TRIAL.message), signature)))
      .catch(() => [false, true]);
    if (!verdicts[0] || verdicts[1]) refuse('platform');
  })();
  return platform;
}

/** Both as in the vectors `signature-key-torsion-hidden` and `signature-key-torsion`. */
const TRIAL = {
  key: 'nqPxH1vTTwzXFH_QpDbAiPYkxhAMHfalPAop4F1gzqA',
  message: 'procura',
  exact: '_VbzSsU5fuSFf56T6fIBW0O7NloU1Wk6GFhbeAmAtrNZYLtfmtbAjIhdIrJ8FtJ8TsK9eIfqvrHdtGDZb6VLDg',
  cofactored: 'HGbvsS4vbGp6Wj4Aa7TJiEElMcYanOX_GJwfzhpARRCEFcj7GZBD8SrGGzaX-CEowwnLHRsufWjFamB4jr6zDg',
};
