// What a holder hands over for a challenge: receipts from the register, everything withheld that is not needed, and a word of their own key over it. It is verified here
// as its verifier will, so that nothing is handed over that would be refused. spec: presentations.md

import { jws } from './sign.js';
import { ofB64url } from '../verifier/bytes.js';
import { Fault } from '../verifier/index.js';
import { bindingPayload, verifyPresentation } from '../verifier/presentation.js';
import { readRecord } from '../verifier/record.js';

/** @typedef {import('../verifier/challenge.js').Challenge} Challenge */

const LACKS = ['missing_record', 'missing_list', 'unopened'];

/**
 * The presentation's text.
 * @param {import('./mylist.js').Row} row what is shown @param {Challenge} challenge @param {import('./session.js').Session} session @param {any} policy
 */
export async function present(row, challenge, session, policy) {
  const { by } = session;
  const receiptOf = async (/** @type {string} */ id) => JSON.parse(await (await session.get(`/v1/records/${id}/receipt`)).text());
  /** @type {Record<string, any>} */
  const parts = { mandate: await receiptOf(row.id) };
  if (challenge.question !== undefined) parts.authority = await answerTo(challenge.question, row, session);
  for (;;) {
    const text = await made(parts, challenge, row.id, by);
    try {
      await verifyPresentation(text, challenge, policy, Date.now());
      return text;
    } catch (error) {
      const code = error instanceof Fault ? error.code : '';
      // Each is added once, then what is still lacking is the register's fault.
      if (LACKS.includes(code) && parts.key === undefined) parts.key = await receiptOf(by.kid);
      else if (LACKS.includes(code) && parts.party === undefined) parts.party = await receiptOf(by.party);
      else throw error;
    }
  }
}

/** The answer to the verifier's question; of those whom it may be about, the first that is permitted. @param {{category: string, purpose: string}} asked @param {import('./mylist.js').Row} row @param {import('./session.js').Session} session */
async function answerTo({ category, purpose }, { kind, payload }, session) {
  const [from, to] = kind === 'mandate' ? [payload.mandators, payload.mandatees] : [[payload.subject], [payload.recipient]];
  const me = session.by.party;
  const pairs = from.includes(me) ? to.map((/** @type {string} */ actor) => [actor, me]) : from.map((/** @type {string} */ subject) => [me, subject]);
  for (const [actor, subject] of pairs) {
    const request = { subject: { type: 'party', id: `party:${actor}` }, action: { name: purpose }, resource: { type: category, id: `party:${subject}` } };
    const receipt = JSON.parse(await (await session.post('/v1/checks', request)).text());
    if (receipt.question.decision.permit) return receipt;
  }
  throw new Fault('not_permitted');
}

/** @param {Record<string, any>} parts @param {Challenge} challenge @param {string} id of what is shown @param {import('./sign.js').Identity} by */
async function made(parts, challenge, id, by) {
  const withheld = Object.fromEntries(await Promise.all(Object.entries(parts).map(async ([name, receipt]) => [name, await withholding(receipt, challenge, id, by.party)])));
  for (const { record, disclosures = [] } of withheld.mandate.entries) {
    if (record === undefined || (await readRecord(record)).id !== id) continue;
    const kb = await jws(by, 'kb+jwt', await bindingPayload(challenge, record, disclosures, Date.now()));
    return JSON.stringify({ v: 1, ...withheld, kb });
  }
  throw new Fault('missing_record');
}

/** A receipt with what is needed of what may be withheld, and without what I saw before. @param {any} receipt @param {Challenge} challenge @param {string} id @param {string} party */
async function withholding({ consistency: _, ...receipt }, { show = [] }, id, party) {
  const entries = await Promise.all(receipt.entries.map(async (/** @type {any} */ { handle: _, alias_proof: proof, disclosures, ...entry }) => {
    if (disclosures === undefined) return entry;
    const of = (await readRecord(entry.record)).id;
    const needed = show.filter((name) => of === (name === 'reference' ? id : party));
    const kept = disclosures.filter((/** @type {string} */ one) => needed.some((name) => name === nameOf(one)));
    const isNamed = proof !== undefined && kept.some((/** @type {string} */ one) => nameOf(one) === 'identifier');
    return kept.length === 0 ? entry : { ...entry, disclosures: kept, ...(isNamed && { alias_proof: proof }) };
  }));
  return { ...receipt, entries };
}

/** @param {string} disclosure */
const nameOf = (disclosure) => JSON.parse(new TextDecoder().decode(/** @type {Uint8Array<ArrayBuffer>} */ (ofB64url(disclosure))))[1];
