// The browser verifier: whether a receipt proves the answer to a question. WebCrypto is all it needs; written from spec/ alone.
// spec: receipts.md#verification

import { answerOf } from './answer.js';
import { readPolicy } from './policy.js';
import { readReceipt } from './receipt.js';

export { Fault } from './fault.js';

/** What `verify` has made, and nothing else. @type {WeakSet<object>} */
const made = new WeakSet();

/** Whether a value is a verified answer. @param {unknown} answer */
export const isVerified = (answer) => typeof answer === 'object' && answer !== null && made.has(answer);

/**
 * Verifies a receipt: gives what it proves, or throws a `Fault` whose `code` is the name of the step's error. Nothing is fetched, no clock is read.
 * @param {Uint8Array | string} bytes the receipt as it came: a parsed object would hide a member that stands twice
 * @param {any} asked the question: `{type: 'existence' | 'status' | 'complete', …}` as in a receipt; of `authority` the `request`, or the `access`
 * @param {import('./index.d.ts').Policy} trust
 * @param {import('./index.d.ts').Mode} mode when the answer must hold: the asker's choice, never the prover's
 * @param {import('./index.d.ts').Pinned} [pinned]
 * @returns {Promise<import('./index.d.ts').Answer>}
 */
export async function verify(bytes, asked, trust, mode, pinned) {
  const policy = await readPolicy(trust);
  return answered(readReceipt(bytes), asked, policy, mode, pinned);
}

/**
 * Verifies a receipt in hand as of now, by a status proof. spec: receipts.md#renewal
 * @param {Uint8Array | string} bytes the receipt as it came
 * @param {Uint8Array | string} proof the status proof as it came
 * @param {any} asked as for `verify`
 * @param {import('./index.d.ts').Policy} trust
 * @param {{fresh: number}} mode
 * @param {import('./index.d.ts').Pinned} pinned the receipt's own checkpoint, or a later one
 * @returns {Promise<import('./index.d.ts').Answer>}
 */
export async function verifyRenewed(bytes, proof, asked, trust, mode, pinned) {
  const [policy, { readStatusProof, renewed }] = await Promise.all([readPolicy(trust), import('./renewal.js')]);
  return answered(renewed(readReceipt(bytes), readStatusProof(proof), mode.fresh), asked, policy, mode, pinned);
}

/** @param {Parameters<typeof answerOf>} parts @returns {Promise<import('./index.d.ts').Answer>} */
async function answered(...parts) {
  const { answer } = await answerOf(...parts);
  made.add(answer);
  return answer;
}
