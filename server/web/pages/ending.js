// The receipt of what was just signed: that it is in the register, and what the record is since.

import { verify } from '../verifier/index.js';

/** @param {string} receipt @param {{id: string, target: string}} wish @param {any} policy */
export async function examineEnding(receipt, { id, target }, policy) {
  const answer = /** @type {any} */ (await verify(receipt, { type: 'status', id: target, through: id }, policy, { fresh: Date.now() }));
  return { at: answer.through.time, status: answer.status };
}
