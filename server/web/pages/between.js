// What two devices of one person tell each other, so that the one signs for the key of the other: two short texts, which together are the key's
// record. spec: http.md#a-further-device

import { draft, possessionMessage, withheld } from './sign.js';
import { b64url, concat, ofB64url, ofB64urlExactly, ofText, readU64, same, sha256, toText, u64 } from '../verifier/bytes.js';
import { verifies, wrongKey } from '../verifier/ed25519.js';

/** @typedef {{party: string, nonce: string, assurance: string}} Invitation */
/** @typedef {{to: Uint8Array, publicKey: Uint8Array, pop: Uint8Array, iat: number, salt: Uint8Array, label: string}} Answer `to`: which invitation it answers */

/** How sure the binding of a key is, in this order. */
const LEVELS = ['low', 'substantial', 'high'];
const WEEK_MS = 7 * 24 * 3600 * 1000;
/** An invitation is good for so long. */
export const GOOD_MS = 3_600_000;
/** Of an answer without its label: 8 + 32 + 64 + 8 + 16. */
const FIXED = 128;
const MOST_LABEL = 100;

/** @param {Invitation} invitation */
const invitationBytes = ({ party, nonce, assurance }) =>
  concat(/** @type {Uint8Array} */ (ofB64urlExactly(party, 32)), /** @type {Uint8Array} */ (ofB64urlExactly(nonce, 32)), Uint8Array.of(LEVELS.indexOf(assurance)));

/** @param {Invitation} invitation */
export const invitationText = (invitation) => b64url(invitationBytes(invitation));

/** @param {string} text @returns {Invitation | null} */
export function readInvitation(text) {
  const bytes = ofB64urlExactly(text, 65);
  const assurance = bytes === null ? undefined : LEVELS[bytes[64]];
  if (bytes === null || assurance === undefined) return null;
  return { party: b64url(bytes.slice(0, 32)), nonce: b64url(bytes.slice(32, 64)), assurance };
}

/** Which invitation it is, in an answer to it. @param {Invitation} invitation */
export const marked = async (invitation) => (await sha256(invitationBytes(invitation))).slice(0, 8);

/** @param {Answer} answer */
export const answerText = ({ to, publicKey, pop, iat, salt, label }) => b64url(concat(to, publicKey, pop, u64(BigInt(iat)), salt, ofText(label)));

/** What stands in a text that was pasted or scanned, be it the whole address. @param {string} text @returns {Answer | null} */
export function readAnswer(text) {
  const bytes = ofB64url(text.trim().split('#add=').at(-1) ?? '');
  if (bytes === null || bytes.length <= FIXED) return null;
  let label;
  try {
    label = toText(bytes.slice(FIXED), 'label');
  } catch {
    return null;
  }
  if ([...label].length > MOST_LABEL) return null;
  const [to, publicKey, pop, salt] = [bytes.slice(0, 8), bytes.slice(8, 40), bytes.slice(40, 104), bytes.slice(112, FIXED)];
  return { to, publicKey, pop, iat: Number(readU64(bytes, 104)), salt, label };
}

/** @param {string} origin @param {Invitation} invitation @param {Answer} answer */
export async function recordOf(origin, { party, nonce, assurance }, { publicKey, pop, iat, salt, label }) {
  const { disclosure, digest } = await withheld('label', label, salt);
  const written = await draft('key', origin, { nonce, iat, submit_by: iat + WEEK_MS, party, jwk: { crv: 'Ed25519', kty: 'OKP', x: b64url(publicKey) }, basis: 'cosigned', pop: b64url(pop), assurance, _sd: [digest] });
  return { ...written, disclosures: [disclosure] };
}

/** Why an answer is none to this invitation, as the words call it; null if it is one. @param {string} origin @param {Invitation} invitation @param {Answer} answer @param {number} now */
export async function wrongWith(origin, invitation, answer, now) {
  if (!same(answer.to, await marked(invitation))) return 'other';
  if (Math.abs(now - answer.iat) > GOOD_MS) return 'late';
  const message = await possessionMessage({ origin, ...invitation, publicKey: answer.publicKey });
  return wrongKey(answer.publicKey) === null && (await verifies(answer.publicKey, message, answer.pop)) ? null : 'changed';
}

/** What both devices show of a record, to be compared. @param {string} id */
export function digitsOf(id) {
  const bytes = /** @type {Uint8Array} */ (ofB64urlExactly(id, 32));
  const number = (readU64(bytes, 0) << 64n) | readU64(bytes, 8);
  return (number % 10n ** 20n).toString().padStart(20, '0').replace(/(?=(?:\d{4})+$)(?!^)/g, ' ');
}
