// All that the register holds about an institution, page by page, and that no page leaves anything out: else nothing of it.
// spec: receipts.md#questions

import { see, seen } from './seen.js';
import { checkErased, Untrue } from './untrue.js';
import { isFiled, whole } from './whole.js';
import { Fault, verify } from '../verifier/index.js';

/** @typedef {{records: any[], pages: string[], checkedAt: number}} OwnList the records in log order, the receipt of each page */

/** @param {import('./session.js').Session} session @param {any} policy @returns {Promise<OwnList>} */
export async function ownList(session, policy) {
  const last = seen(policy.origin);
  /** @type {import('./whole.js').Prove} */
  const prove = async (address, question, pin) => {
    const query = pin === undefined ? '' : `${address.includes('?') ? '&' : '?'}pinned=${pin.size}`;
    const text = await (await session.get(address + query)).text();
    try {
      const answer = /** @type {any} */ (await verify(text, question, policy, { fresh: Date.now() }, pin));
      see(answer.checkpoint);
      return { text, answer };
    } catch (error) {
      if (error instanceof Fault && error.code !== 'platform') throw new Untrue(error.code, text);
      throw error;
    }
  };
  const list = await whole(session.by.party, prove, last === null ? undefined : { size: BigInt(last.size), root: last.root });
  checkErased(list.records, list.receipts[0]);
  if (!isFiled(list)) throw new Untrue('misfiled', list.receipts[0]);
  return { records: list.records, pages: list.receipts, checkedAt: Date.now() };
}
