// Reporting a look: a signed record that whoever looked finds in their own list, and can't say they never got. spec: kinds.md#reports

import { el, save } from './parts.js';
import { draft, submission, withheld } from './sign.js';
import { clock, t } from './words.js';
import { hex, ofB64urlExactly } from '../verifier/bytes.js';
import { verify } from '../verifier/index.js';

/** What may be wrong with it. */
const WRONG = ['who', 'why', 'unasked', 'other'];
const MOST_CHARACTERS = 1_000;

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
  const text = /** @type {HTMLTextAreaElement} */ (el('textarea', { id: `text-${look.id}`, rows: 3, maxlength: MOST_CHARACTERS }));
  const choices = WRONG.map((wrong) => el('label', { class: 'choice' }, el('input', { type: 'radio', name, value: wrong, required: true }), t(`report.${wrong}`)));
  const button = /** @type {HTMLButtonElement} */ (el('button', { class: 'button' }, t('report.send'), el('span', { class: 'vh' }, label)));
  const details = el('details', { class: 'more' }, el('summary', {}, t('report.this'), el('span', { class: 'vh' }, label)),
    el('form', { class: 'stack', onsubmit: async (/** @type {any} */ event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      try {
        const { at, receipt } = await report(look.id, parties, event.target.elements[name].value, text.value.trim(), desk);
        sent(details, at, receipt);
      } catch {
        unsent(details);
      }
      button.disabled = false;
    } },
    el('fieldset', {}, el('legend', {}, t('report.what')), ...choices),
    el('p', { class: 'field' }, el('label', { for: text.id }, t('report.words'), ' ', el('span', { class: 'hint' }, t('report.words-hint'))), text),
    el('p', { class: 'small' }, t('report.whither')),
    button));
  return details;
}

/** @param {Element} details @param {number} at @param {string} receipt */
function sent(details, at, receipt) {
  const note = el('p', { class: 'note ok', tabindex: '-1' }, el('strong', {}, t('report.sent', { at: clock(at) })), ' ', t('report.sent-so'), ' ',
    el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-receipt.json', receipt, 'application/vnd.procura.receipt+json') }, t('done.receipt')));
  details.replaceWith(note);
  note.focus();
}

/** @param {Element} details */
function unsent(details) {
  details.querySelector('.note.bad')?.remove();
  const note = el('p', { class: 'note bad', role: 'alert', tabindex: '-1' }, el('strong', {}, t('failed.nothing')), ' ', t('report.unsent'));
  details.append(note);
  note.focus();
}
