// Reporting a look: a signed record that whoever looked finds in their own list, and can't say they never got. spec: kinds.md#reports

import { el, save } from './parts.js';
import { saying } from './saying.js';
import { draft, submission, withheld } from './sign.js';
import { clock, t } from './words.js';
import { hex, ofB64urlExactly } from '../verifier/bytes.js';
import { verify } from '../verifier/index.js';

/** What may be wrong with it. */
const WRONG = ['who', 'why', 'unasked', 'erase', 'other'];

/** Ids as a record has them: ascending by their bytes, each once. @param {string[]} ids */
const ascending = (ids) => [...new Set(ids)].map((id) => ({ id, bytes: hex(ofB64urlExactly(id, 32) ?? new Uint8Array()) })).sort((a, b) => (a.bytes < b.bytes ? -1 : 1)).map(({ id }) => id);

/**
 * @param {string} target the record that it is about @param {string[]} parties whom it concerns @param {string} wrong @param {string} statement
 * @param {{session: import('./session.js').Session, policy: any}} desk @returns {Promise<{at: number, receipt: string}>} once this browser has verified that it was logged
 */
export async function report(target, parties, wrong, statement, { session, policy }) {
  const said = statement === '' ? null : await withheld('statement', statement);
  const written = await draft('report', policy.origin, { target, parties: ascending(parties), wrong, ...(said !== null && { _sd: [said.digest] }) });
  const receipt = await (await session.submit(await submission(session.by, written, said === null ? undefined : [said.disclosure]))).text();
  const answer = /** @type {any} */ (await verify(receipt, { type: 'existence', id: written.id }, policy, { fresh: Date.now() }));
  return { at: answer.time, receipt };
}

/** "Something wrong?" on a row: what, in whose words, and who gets it. @param {import('./look.js').Look} look @param {import('./lookrow.js').Desk} desk @param {string} label */
export function reporting(look, desk, label) {
  const { actor, on_behalf_of: behalf, source } = look.payload;
  const parties = [actor, behalf, source].filter((party) => party !== undefined && party !== desk.me);
  const name = `wrong-${look.id}`;
  const choices = WRONG.map((wrong) => el('label', { class: 'choice' }, el('input', { type: 'radio', name, value: wrong, required: true }), t(`report.${wrong}`)));
  return saying({
    id: look.id, summary: t('report.this'), label, does: t('report.send'), class: 'button',
    above: [el('fieldset', {}, el('legend', {}, t('report.what')), ...choices)],
    below: [el('p', { class: 'small' }, t('report.whither'))],
    send: async (form, words) => sent(await report(look.id, parties, form.elements[name].value, words, desk), 'report.sent', 'report.sent-so'),
  });
}

/**
 * Asking for the record of something that has ended to be erased.
 * @param {{id: string}} row @param {string[]} parties whom else it concerns @param {{session: import('./session.js').Session, policy: any}} desk @param {string} label
 */
export const askingErasure = (row, parties, desk, label) => saying({
  id: row.id, summary: t('report.ask-erase'), label, does: t('report.ask-erase-do'),
  above: [el('p', {}, t('report.ask-erase-what'))],
  send: async (_, words) => sent(await report(row.id, parties, 'erase', words, desk), 'report.asked-erase', 'report.asked-erase-so'),
});

/** @param {{at: number, receipt: string}} logged @param {string} what @param {string} so */
const sent = ({ at, receipt }, what, so) => el('p', { class: 'note ok', tabindex: '-1' }, el('strong', {}, t(what, { at: clock(at) })), ' ', t(so), ' ',
  el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-receipt.json', receipt, 'application/vnd.procura.receipt+json') }, t('done.receipt')));
