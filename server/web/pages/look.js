// A look: an access that stands in my list, and what was decided on it. That somebody asked, the list proves; whether they were allowed
// to, a receipt of its own. spec: decisions.md#accesses

import { partiesIn } from './parties.js';
import { Untrue } from './untrue.js';
import { Fault, verify } from '../verifier/index.js';

/** @typedef {{id: string, index: number, time: number, payload: any, disclosed: any}} Look */
/** @typedef {{permit: boolean, reason: string, evidence: string[], catalogues: string[], parties: Map<string, import('./parties.js').Shown>, receipt: string}} Decided */

/** Those at my data, or by somebody in my name, newest first. @param {any[]} told my list @param {string} me @returns {Look[]} */
export function looksIn(told, me) {
  const isMine = (/** @type {any} */ { subject, actor, on_behalf_of: behalf }) => subject === me || (behalf === me && actor !== me);
  return told.filter(({ kind, payload }) => kind === 'access' && isMine(payload)).sort((a, b) => b.index - a.index);
}

/** For whom they asked. @param {Look} look */
export const principalOf = ({ payload }) => payload.on_behalf_of ?? payload.actor;

/**
 * What was decided on a look: decided again here, from what it rested on.
 * @param {Look} look @param {import('./session.js').Session} session @param {any} policy
 * @param {{size: bigint, root: string}} pin the checkpoint of the list that the look stands in
 * @returns {Promise<Decided>}
 */
export async function decided({ id }, session, policy, pin) {
  const receipt = await (await session.get(`/v1/accesses/${id}?from=${pin.size}`)).text();
  const answer = /** @type {any} */ (await verified(receipt, id, policy, pin));
  // Decided when it was asked; what is known of the keys under it must be of now.
  if (Date.now() - answer.checkpoint.time > policy.max_age_s * 1000) throw new Untrue('stale', receipt);
  if (answer.checkpoint.size < pin.size) throw new Untrue('rollback', receipt);
  return { ...answer.decision, catalogues: answer.catalogues, parties: await partiesIn(receipt), receipt };
}

/** @param {string} receipt @param {string} access @param {any} policy @param {{size: bigint, root: string}} pin */
async function verified(receipt, access, policy, pin) {
  try {
    return await verify(receipt, { type: 'authority', access }, policy, 'historic', pin);
  } catch (error) {
    if (error instanceof Fault && error.code !== 'platform') throw new Untrue(error.code, receipt);
    throw error;
  }
}

/** Whether they looked in my name, or by a mandate of mine. @param {Look} look @param {Decided | undefined} outcome @param {string} me @param {import('./mylist.js').Row[]} rows */
export function isForMe({ payload }, outcome, me, rows) {
  if (payload.actor === me) return false;
  const mandates = rows.filter((row) => row.kind === 'mandate' && row.payload.mandators.includes(me));
  return payload.on_behalf_of === me || (outcome?.permit === true && outcome.reason === 'mandate' && mandates.some(({ id }) => outcome.evidence.includes(id)));
}

/** Whether a law allowed it, whatever I wanted. @param {Decided} outcome */
export const isByLaw = ({ permit, reason }) => permit && (reason === 'legal_basis' || reason === 'emergency');

/**
 * The law that allowed it, out of the catalogues that the decision rests on.
 * @param {Look} look @param {Decided} outcome @param {Map<string, any>} catalogues @returns {any} a basis, if it is found
 */
export function basisOf(look, { reason, evidence }, catalogues) {
  const { category, purpose } = look.payload;
  const above = (/** @type {any} */ { categories }, /** @type {string} */ code) => {
    /** @type {string[]} */
    const line = [];
    for (let one = code; one !== undefined && !line.includes(one); one = categories.find((/** @type {any} */ row) => row.code === one)?.parent) line.push(one);
    return line;
  };
  const fits = (/** @type {any} */ catalogue) => catalogue.bases.find((/** @type {any} */ basis) => (basis.emergency === true) === (reason === 'emergency')
    && basis.recipients.includes(principalOf(look)) && basis.purposes.includes(purpose) && above(catalogue, category).some((code) => basis.categories.includes(code)));
  return evidence.map((id) => catalogues.get(id)).filter((one) => one !== undefined).map(fits).find((one) => one !== undefined);
}
