// The row of a look: who, at what, why, and what allowed it or why it was refused.

import { basisOf, isForMe, principalOf } from './look.js';
import { el, fact, save, sentence, state, time } from './parts.js';
import { reporting } from './report.js';
import { Untrue } from './untrue.js';
import { clock, day, language, t } from './words.js';

/** @typedef {import('./look.js').Look} Look */
/** @typedef {import('./look.js').Decided} Decided */
/**
 * What the rows are made with.
 * @typedef {{
 *   me: string, rows: import('./mylist.js').Row[], catalogues: Map<string, any>, titleOf: (kind: 'categories' | 'purposes', code: string) => string,
 *   names: import('./names.js').Names, session: import('./session.js').Session, policy: any,
 *   decide: (look: Look) => Promise<Decided>
 * }} Desk
 */

/** Of each reason for a no the words; others are told alike. */
const WHY_NOT = new Map(Object.entries({
  nothing: 'no_authority',
  scope: 'out_of_scope unknown_category unknown_purpose',
  ended: 'ended under_ended',
  time: 'expired not_yet_valid',
  pending: 'not_accepted',
  doubt: 'disputed suspended',
  condition: 'condition assurance together',
}).flatMap(([word, reasons]) => reasons.split(' ').map((reason) => [reason, word])));

/** @param {string} party @param {Desk} desk @param {Decided} [outcome] */
export function nameOf(party, { me, names }, outcome) {
  if (party === me) return t('looks.me');
  const shown = outcome?.parties.get(party);
  // An organisation's number stands in a public register; a person's is nobody's to show.
  const number = shown !== undefined && shown.type !== 'person' ? shown.name ?? shown.identifier : undefined;
  return names.get(party)?.name ?? number ?? t(shown?.type === 'person' ? 'somebody' : 'looks.service');
}

/** A look as the list tells it; what was decided comes after. @param {Look} look @param {Desk} desk */
export function rowOf(look, desk) {
  const line = el('li', { class: 'row', 'data-id': look.id });
  fill(line, look, desk, state('wait', t('looks.deciding')), undefined);
  return line;
}

/** Asks what was decided on a look, and tells it on its row. @param {Element} line @param {Look} look @param {Desk} desk */
export async function settle(line, look, desk) {
  try {
    const outcome = await desk.decide(look);
    fill(line, look, desk, stateOf(look, outcome), outcome);
  } catch (error) {
    // A decision that can't be proven is shown as none.
    fill(line, look, desk, state(error instanceof Untrue ? 'bad' : 'off', t('looks.unproven')), undefined, error);
  }
}

/** @param {Look} look @param {Decided} outcome */
function stateOf({ payload }, { permit }) {
  if (!permit) return state('bad', t('looks.refused'));
  return payload.emergency === true ? state('doubt', t('looks.emergency')) : state('ok', t('looks.allowed'));
}

/** @param {Element} line @param {Look} look @param {Desk} desk @param {Element} mark @param {Decided} [outcome] @param {unknown} [error] */
function fill(line, look, desk, mark, outcome, error) {
  const { payload, disclosed } = look;
  const who = nameOf(payload.actor, desk, outcome);
  const principal = principalOf(look);
  const label = `: ${who}, ${clock(look.time)}`;
  const facts = [fact(t('looks.why'), desk.titleOf('purposes', payload.purpose))];
  if (payload.emergency === true) facts.push(fact(t('looks.said'), el('q', {}, disclosed?.justification ?? '')));
  if (outcome !== undefined) facts.push(outcome.permit ? fact(t('looks.by'), ...groundOf(look, outcome, desk)) : fact(t('looks.why-not'), t(`looks.not-${WHY_NOT.get(outcome.reason) ?? 'void'}`)));
  facts.push(fact(t('looks.behalf'), principal === payload.actor ? t('looks.itself') : nameOf(principal, desk, outcome)));
  if (payload.source !== payload.actor) facts.push(fact(t('looks.source'), nameOf(payload.source, desk, outcome)));
  line.replaceChildren(
    el('p', { class: 'mark' }, time(look.time, clock(look.time)), ' ', mark),
    el('div', { class: 'say wide' },
      el('h3', {}, who, isForMe(look, outcome, desk.me, desk.rows) && el('span', { class: 'small' }, ` ${t('looks.for-me')}`)),
      el('p', {}, ...saying(look, desk, outcome)),
      el('dl', { class: 'facts grid' }, ...facts),
      error !== undefined && trouble(error),
      el('div', { class: 'actions screen-only' },
        outcome !== undefined && el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-receipt.json', outcome.receipt, 'application/vnd.procura.receipt+json') }, t('done.receipt'), el('span', { class: 'vh' }, label)),
        payload.actor !== desk.me && reporting(look, desk, label))));
}

/** The sentence of a look. @param {Look} look @param {Desk} desk @param {Decided} [outcome] */
function saying({ payload }, desk, outcome) {
  const what = desk.titleOf('categories', payload.category);
  const form = outcome === undefined ? 'asked' : !outcome.permit ? 'was-refused' : payload.emergency === true ? 'was-emergency' : 'was-allowed';
  const whose = payload.subject === desk.me ? '' : '-of';
  return sentence(`looks.${form}${whose}`, what, { who: nameOf(payload.subject, desk, outcome) });
}

/** What allowed it. @param {Look} look @param {Decided} outcome @param {Desk} desk @returns {(Node | string)[]} */
function groundOf(look, outcome, desk) {
  if (outcome.reason === 'self') return [t('looks.self')];
  const basis = basisOf(look, outcome, desk.catalogues);
  if (basis !== undefined && outcome.reason !== 'consent' && outcome.reason !== 'mandate') return [t(`looks.${outcome.reason === 'emergency' ? 'rule' : 'law'}`, { title: basis.title[language] })];
  const grants = desk.rows.filter(({ id, kind, payload }) => outcome.evidence.includes(id) && kind === outcome.reason && (payload.subject ?? payload.mandators[0]) === desk.me);
  const grant = grants[0];
  if (grant === undefined) return [t(`looks.${outcome.reason === 'consent' || outcome.reason === 'mandate' ? outcome.reason : 'law-some'}`)];
  return [el('a', { href: `/me?lang=${language}#${grant.kind === 'mandate' ? 'act' : 'see'}` }, t(`looks.my-${grant.kind}`, { day: day(grant.since) }))];
}

/** Why it is not told what was decided. @param {unknown} error */
function trouble(error) {
  if (!(error instanceof Untrue)) return el('p', { class: 'small' }, t(/** @type {any} */ (error).status === 409 ? 'looks.erased' : 'looks.unreached'));
  return el('div', { class: 'note bad' }, el('p', {}, t('looks.untrue')),
    el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-evidence.json', error.evidence, 'application/json') }, t('seal.evidence'))),
    el('details', { class: 'more' }, el('summary', {}, t('tech.details')), el('p', {}, el('code', {}, error.code))));
}
