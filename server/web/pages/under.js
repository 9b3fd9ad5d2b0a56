// What may be given under a mandate, in its mandator's name, and never more than it says.
// spec: kinds.md#under-a-mandate

import { aboveOf, standingUnder } from './above.js';
import { Refusal } from './session.js';
import { Untrue } from './untrue.js';
import { Fault, verify } from '../verifier/index.js';
import { byId } from '../verifier/members.js';

/** @typedef {{id: string, payload: any}} Mandate */

/** Whether I may act by it alone; else others must act along, which no page can do for them yet. @param {any} payload */
export const isAlone = ({ needed }) => needed === undefined;
/** Whether I may let somebody else act, by a mandate under it. @param {any} payload */
export const mayPassOn = (payload) => isAlone(payload) && (payload.substitution ?? 0) > 0;
/** Whether I may share the mandator's data: a consent is of one person. @param {any} payload */
export const mayShare = (payload) => isAlone(payload) && payload.mandators.length === 1;
/** Whether what I let somebody do may be passed on by them. @param {any} payload */
export const mayPassFurther = ({ substitution = 0 }) => substitution > 1;

/**
 * The mandate by which I act, as it stands now, with all that it is under: null if I may not act by it.
 * @param {string} id @param {import('./session.js').Session} session @param {any} policy @returns {Promise<Mandate | null>}
 */
export async function mandateNow(id, session, policy) {
  let receipt = '';
  try {
    receipt = await (await session.get(`/v1/records/${id}/receipt`)).text();
    const { kind, payload, status, ends } = /** @type {any} */ (await verify(receipt, { type: 'status', id }, policy, { fresh: Date.now() }));
    const isMine = kind === 'mandate' && payload.mandatees.includes(session.by.party);
    return isMine && standingUnder({ status, payload, ends }, await aboveOf(receipt, payload), Date.now()) === 'force' ? { id, payload } : null;
  } catch (error) {
    // Not there, or not for me: no mandate of mine.
    if (error instanceof Refusal && error.status === 404) return null;
    if (error instanceof Fault && error.code !== 'platform') throw new Untrue(error.code, receipt);
    throw error;
  }
}

/** What a grant under a mandate says of it: who gives it, who sees it; and the mandate's conditions hold for it too. @param {Mandate} mandate @param {string} me */
export const membersUnder = ({ id, payload }, me) => ({
  under: id, by: [me], informed: [...new Set([...payload.mandatees, ...(payload.informed ?? [])])].sort(byId),
  ...(payload.conditions !== undefined && { conditions: payload.conditions }),
});

/** The purposes that the mandate's conditions let through; undefined: all. @param {any} payload @returns {string[] | undefined} */
export function purposesOf({ conditions = [] }) {
  const named = conditions.filter((/** @type {any} */ one) => one.type === 'purpose').map((/** @type {any} */ one) => one.purposes);
  return named.length === 0 ? undefined : named[0].filter((/** @type {string} */ code) => named.every((/** @type {string[]} */ codes) => codes.includes(code)));
}
