// A mandate or consent by invitation: who takes it accepts with the link that came to them, or declines. spec: kinds.md#asking

import { examineEnding } from './ending.js';
import { byId, el, fact, save, time } from './parts.js';
import { conditionsOf } from './says.js';
import { Refusal } from './session.js';
import { draft, submission } from './sign.js';
import { day, lately, list, moment, t } from './words.js';

/** @typedef {import('./link.js').Asked} Asked */
/** @typedef {(kind: 'categories' | 'purposes', codes: string[]) => string} Name */

/** Who gives it. @param {Asked} asked @param {import('./names.js').Names} names */
export const giversOf = ({ kind, payload }, names) =>
  list((kind === 'mandate' ? payload.mandators : [payload.subject]).map((/** @type {string} */ party) => names.get(party)?.name ?? t('somebody')));

/** What is offered, as it stands in the record. @param {Asked} asked @param {string} who @param {Name} name */
export function whatIsOffered({ kind, payload }, who, name) {
  const until = payload.not_after === undefined ? t('fact.no-end') : day(payload.not_after - 1);
  const what = name('categories', payload.scopes);
  return [
    el('p', { class: 'oath' }, t(kind === 'mandate' ? 'answer.oath' : 'invite.oath-consent', { who, what, until })),
    el('dl', { class: 'facts' }, ...(payload.purposes === undefined ? [] : [fact(t('fact.purpose'), name('purposes', payload.purposes))]),
      ...(payload.answer_by === undefined ? [] : [fact(t('fact.answer-by'), time(payload.answer_by, moment(payload.answer_by)))])),
    kind === 'mandate' && el('p', {}, t(payload.substitution === undefined ? 'says.not-on' : 'says.on')),
    ...conditionsOf(payload),
  ].filter((one) => one !== false);
}

/** Whether it is offered to this party. @param {Asked} asked @param {string} party */
export const isFor = ({ kind, payload }, party) => (kind === 'mandate' ? payload.mandatees : [payload.recipient]).includes(party);

/**
 * Signs and sends the answer; done once this browser has verified the receipt.
 * @param {'acceptance' | 'renunciation'} kind @param {Asked} asked @param {string} link @param {import('./session.js').Session} session @param {any} policy
 */
export async function answerInvitation(kind, asked, link, session, policy) {
  const box = byId('invited');
  box.querySelector('.note.bad')?.remove();
  // Only who accepts shows that they have the link; declining is nobody's secret.
  const written = await draft(kind, policy.origin, { target: asked.id, ...(kind === 'acceptance' && { link }) });
  try {
    const receipt = await (await session.submit(await submission(session.by, written))).text();
    const { at } = await examineEnding(receipt, { id: written.id, target: asked.id }, policy);
    const form = kind === 'acceptance' ? 'accepted' : 'declined';
    const note = el('p', { class: 'note ok', tabindex: '-1' }, el('strong', {}, t(`done.${form}`, { at: lately(at) })), ' ', t(`done.${form}-so`), ' ',
      el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-receipt.json', receipt, 'application/vnd.procura.receipt+json') }, t('done.receipt')));
    box.replaceChildren(note);
    note.focus();
  } catch (error) {
    const form = !(error instanceof Refusal) ? 'failed.unproven' : error.isForNow ? 'request.unreached' : 'request.used';
    const note = el('p', { class: 'note bad', role: 'alert', tabindex: '-1' }, t(form));
    box.append(note);
    note.focus();
  }
}
