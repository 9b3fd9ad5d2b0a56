// What a link leads to, held against the link itself: the record commits to it, so nobody can show another question for it.
// spec: http.md#links, kinds.md#asking

import { readReceipt } from '../verifier/receipt.js';
import { b64url, labelled, ofB64urlExactly, ofText } from '../verifier/bytes.js';
import { Fault, verify } from '../verifier/index.js';
import { dayOf, firstInstant, instantAfter } from '../verifier/days.js';
import { partiesIn } from './parties.js';
import { ask } from './session.js';

/** @typedef {{id: string, kind: string, payload: any, asker: {name?: string, identifier?: string} | null}} Asked */

/** The request behind a link, or the mandate or consent by invitation, proven. @param {string} link @param {any} policy @returns {Promise<Asked>} */
export async function behind(link, policy) {
  const bytes = ofB64urlExactly(link, 32);
  if (bytes === null) throw new Fault('link');
  const text = await (await ask('/v1/links', { method: 'POST', body: JSON.stringify({ link }), headers: { 'Content-Type': 'application/json' } })).text();
  const { question } = readReceipt(text);
  const answer = /** @type {any} */ (await verify(text, { type: 'status', id: /** @type {any} */ (question).id }, policy, { fresh: Date.now() }));
  if (!['request', 'mandate', 'consent'].includes(answer.kind) || answer.payload.link !== b64url(await labelled('link', bytes))) throw new Fault('link');
  return { id: answer.id, kind: answer.kind, payload: answer.payload, asker: (await partiesIn(text)).get(answer.payload.requester) ?? null };
}

/** What is given on a request: all of it, from today on if it asked for earlier. @param {{id: string, payload: any}} asked @param {string} me @returns {[string, Record<string, any>]} */
export function granted({ id, payload }, me) {
  const today = dayOf(Date.now());
  const from = payload.valid_from > today ? payload.valid_from : today;
  const validity = { valid_from: from, not_before: firstInstant(from), ...(payload.valid_until !== undefined && { valid_until: payload.valid_until, not_after: instantAfter(payload.valid_until) }) };
  const same = { catalogue: payload.catalogue, scopes: payload.scopes, ...validity, ...(payload.conditions !== undefined && { conditions: payload.conditions }), request: id };
  return payload.grant === 'mandate'
    ? ['mandate', { mandators: [me], mandatees: [payload.requester], ...same }]
    : ['consent', { subject: me, recipient: payload.requester, purposes: payload.purposes, ...same }];
}
