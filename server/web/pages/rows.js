// The rows of the overview: one sentence each, with what can be done about it on the row itself.

import { moreOf } from './more.js';
import { el, fact, sentence, state, time } from './parts.js';
import { others, partIn, scopesOf } from './sides.js';
import { day, language, lately, list, moment, t } from './words.js';

/** @typedef {import('./mylist.js').Row} Row */
/** @typedef {{me: string, nameOf: (party: string) => {name: string, type: string}, titles: import('./mylist.js').Mine['titles'], maySign: boolean, session: import('./session.js').Session, policy: any, act: (row: Row, kind: string, element: Element) => Promise<void>, below?: (id: string) => number, doing?: (row: Row, label: string) => import('./parts.js').Child}} Desk `below`: how much holds under a mandate; `doing`: what else is to be done with what one takes */

/** @param {Row} row @param {Desk} desk */
const purposesOf = ({ payload }, { titles }) => list(payload.purposes.map((/** @type {string} */ code) => titles('purposes', code, payload.catalogue, language)));

const SOON_MS = 14 * 24 * 3600 * 1000;

/** @param {Row} row */
function stateOf({ stands, payload, status, until = Number.POSITIVE_INFINITY }) {
  if (stands === 'over') return state('off', t('state.over'));
  if (stands === 'doubt') return state('doubt', t('state.doubt'));
  if (stands === 'paused') return state('wait', t('state.paused'));
  if (status === 1) return state('wait', t('state.pending'));
  if (stands === 'not-yet') return state('wait', t('state.starts', { day: day(payload.not_before) }));
  if (until - Date.now() < SOON_MS) return state('wait', t('state.ends', { day: day(until - 1) }));
  return payload.ground === undefined ? state('ok', t('state.force')) : state('veil', t('state.law'));
}

/** The sentence of a row, by what it is to me. @param {Row} row @param {Desk} desk */
function saying(row, desk) {
  const { kind, payload } = row;
  const what = scopesOf(row, desk);
  if (kind === 'request') return sentence(payload.grant === 'mandate' ? 'row.asks-mandate' : 'row.asks-consent', what);
  const part = partIn(row, desk.me);
  if (part === 'by' || part === 'told') {
    const named = (/** @type {string[]} */ parties) => list(parties.map((party) => desk.nameOf(party).name));
    return kind === 'mandate' ? sentence('row.part-mandate', what, { giver: named(payload.mandators), taker: named(payload.mandatees) })
      : sentence('row.part-consent', what, { giver: named([payload.subject]), taker: named([payload.recipient]) });
  }
  if (kind === 'consent') return sentence(payload.subject === desk.me ? 'row.see' : 'row.i-see', what);
  const isMine = payload.mandators.includes(desk.me);
  return sentence(isMine ? (row.status === 1 ? 'row.offered' : 'row.act') : row.status === 1 ? 'row.asks-me' : 'row.i-act', what);
}

/** @param {Row} row @param {Desk} desk */
export function rowOf(row, desk) {
  const { payload, kind } = row;
  const names = others(row, desk.me).map(desk.nameOf);
  const who = list(names.map(({ name }) => name));
  const label = `: ${who}, ${scopesOf(row, desk)}`;
  const facts = [];
  if (kind !== 'mandate' && payload.purposes !== undefined) facts.push(fact(t('fact.purpose'), purposesOf(row, desk)));
  const since = row.status === 1 ? row.since : Math.max(row.since, payload.not_before);
  if (kind !== 'request') facts.push(fact(t(row.status === 1 ? 'fact.offered' : 'fact.since'), time(since, day(since))));
  facts.push(fact(t('fact.until'), row.until === undefined ? t('fact.no-end') : time(row.until - 1, day(row.until - 1))));
  if (kind === 'mandate') facts.push(fact(t('fact.on'), onOf(payload)));
  if (payload.needed !== undefined) facts.push(fact(t('fact.together'), t('together.of', { n: payload.needed, of: payload.mandatees.length })));
  if (payload.by !== undefined) facts.push(fact(t(partIn(row, desk.me) === 'gives' ? 'fact.by-mine' : 'fact.by'), list(payload.by.map((/** @type {string} */ party) => desk.nameOf(party).name))));
  if (kind === 'request' || payload.answer_by !== undefined) facts.push(fact(t('fact.answer-by'), time(payload.answer_by, moment(payload.answer_by))));
  const say = el('div', { class: 'say' }, el('h3', {}, who), el('p', {}, ...saying(row, desk)), el('dl', { class: 'facts' }, ...facts), conditionsIn(payload), moreOf(row, desk, label));
  const line = el('li', { class: `row${isWaiting(row, desk.me) ? ' urgent' : ''}`, 'data-id': row.id, 'data-under': payload.under },
    el('p', { class: 'mark' }, isWaiting(row, desk.me) ? state('wait', t('state.new')) : stateOf(row), ' ', el('span', { class: 'small' }, t(`type.${names[0]?.type ?? 'person'}`))), say);
  if (isWaiting(row, desk.me)) line.append(answering(row, desk, who, label));
  const doing = !isWaiting(row, desk.me) && kind !== 'request' && partIn(row, desk.me) === 'takes' && desk.doing?.(row, label);
  if (doing) line.append(el('div', { class: 'do' }, doing));
  if (row.stands !== 'over' && !isWaiting(row, desk.me) && payload.ground === undefined && (kind === 'request' || partIn(row, desk.me) !== 'told')) line.append(ending(row, desk, who, label));
  return line;
}

/** Its conditions as they were signed; what says them comes with the first row that has any. @param {any} payload */
function conditionsIn(payload) {
  if (payload.conditions === undefined) return null;
  const box = el('div', { class: 'stack' });
  import('./says.js').then(({ conditionsOf }) => box.replaceChildren(...conditionsOf(payload)));
  return box;
}

/** Whether a mandate may be passed on, and how far: so many levels may stand under it. @param {any} payload */
const onOf = ({ substitution = 0 }) => t(substitution === 0 ? 'on.none' : substitution === 1 ? 'on.one' : 'on.more', { n: substitution });

/** Whether it waits for my answer. spec: kinds.md#asking @param {Row} row @param {string} me */
export function isWaiting({ kind, payload, status, stands, isBlocked }, me) {
  if (stands === 'over') return false;
  if (kind === 'request') return payload.subject === me && status === 2 && Date.now() < payload.answer_by && isBlocked !== true;
  return kind === 'mandate' && status === 1 && payload.mandatees.includes(me);
}

/** Ending as the mock has it: one press shows the sentence, one does it. @param {Row} row @param {Desk} desk @param {string} who @param {string} label */
function ending(row, desk, who, label) {
  const isGiven = row.kind !== 'request' && ['gives', 'by'].includes(partIn(row, desk.me));
  const form = !isGiven ? 'stop.' : row.status === 1 ? 'back.' : 'end.';
  const isAbove = (desk.below?.(row.id) ?? 0) > 0;
  const line = el('p', {}, t(isGiven && row.kind === 'consent' ? 'end.what-see' : `${form}what`, { who }), isAbove && ` ${t('end.below')}`);
  const button = el('button', { class: 'button stop' }, t(`${form}now`), el('span', { class: 'vh' }, label));
  const details = el('details', { class: 'end' },
    el('summary', { class: 'button stop' }, el('span', { class: 'shut' }, t(`${form}this`)), el('span', { class: 'open' }, t(`${form}keep`)), el('span', { class: 'vh' }, label)),
    el('form', { onsubmit: (/** @type {Event} */ event) => done(event, button, () => desk.act(row, isGiven ? 'revocation' : 'renunciation', details)) }, line, button));
  return details;
}

/** Reading and answering: all answers have one size, and none is the larger step. @param {Row} row @param {Desk} desk @param {string} who @param {string} label */
function answering(row, desk, who, label) {
  const what = scopesOf(row, desk);
  const yes = el('button', { class: 'button quiet', value: 'acceptance' }, t(row.kind === 'request' ? 'request.approve-do' : 'answer.accept'), el('span', { class: 'vh' }, label));
  const no = el('button', { class: 'button quiet', value: 'renunciation' }, t(row.kind === 'request' ? 'answer.refuse' : 'answer.decline'), el('span', { class: 'vh' }, label));
  const block = row.kind === 'request' && el('button', { class: 'button quiet', value: 'block' }, t('request.block'), el('span', { class: 'vh' }, label));
  const mandate = row.kind === 'mandate';
  // An invitation is accepted with the link that came with it.
  const isInvited = mandate && row.payload.link !== undefined;
  if (!desk.maySign || isInvited) yes.setAttribute('disabled', '');
  const details = el('details', { class: 'more wide' },
    el('summary', {}, t('answer.read'), el('span', { class: 'vh' }, label)),
    el('form', { class: 'stack', onsubmit: (/** @type {SubmitEvent} */ event) => done(event, event.submitter, () => desk.act(row, /** @type {any} */ (event.submitter).value, details)) },
      mandate && el('p', { class: 'oath' }, t('answer.oath', { who, what, until: row.payload.not_after === undefined ? t('fact.no-end') : day(row.payload.not_after - 1) })),
      mandate && el('p', {}, t(row.payload.substitution === undefined ? 'says.not-on' : 'says.on')),
      !mandate && el('p', {}, t('request.approve-what')),
      isInvited && el('p', { class: 'note wait' }, t('invite.by-link')),
      el('p', { class: 'small' }, t('answer.not-why'), block && ` ${t('answer.block-what')}`),
      el('p', { class: 'actions' }, yes, no, block)));
  return details;
}

/** Nothing is sent twice by a second press. @param {Event} event @param {any} button @param {() => Promise<void>} work */
export async function done(event, button, work) {
  event.preventDefault();
  if (button.disabled) return;
  button.disabled = true;
  try {
    await work();
  } finally {
    button.disabled = false;
  }
}

/** What the row says after it was done; it gets the focus. @param {Element} element @param {Row} row @param {'ended' | 'accepted' | 'declined'} outcome @param {number} at @param {() => void} download */
export function after(element, row, outcome, at, download) {
  const line = /** @type {Element} */ (element.closest('.row'));
  const word = outcome === 'accepted' ? state('ok', t('state.force')) : state('off', t(`state.${outcome === 'ended' ? 'over' : 'declined'}`));
  line.querySelector('.state')?.replaceWith(word);
  line.classList.remove('urgent');
  const note = el('p', { class: 'note ok wide', tabindex: '-1' }, el('strong', {}, t(`done.${outcome}`, { at: lately(at) })), ' ', t(`done.${outcome}-so`), ' ',
    el('button', { class: 'button quiet', type: 'button', onclick: download }, t('done.receipt')));
  element.replaceWith(note);
  note.focus();
}

/** Since when something is over, and how. @param {Row} row */
export function endOf({ endedAt, endedBy, isEndedAbove, payload }) {
  if (isEndedAbove) return t('me.ended-above');
  if (endedAt === undefined) return t('me.ran', { day: day(payload.not_after - 1) });
  return t(endedBy === 'renunciation' ? 'me.declined-on' : 'me.ended-on', { day: day(endedAt) });
}

/** What was given under a mandate ends with it, and its row says so. @param {string} id the mandate's */
export function endBelow(id) {
  for (const line of document.querySelectorAll(`[data-under="${id}"]`)) {
    line.querySelector('.state')?.replaceWith(state('off', t('state.over')));
    line.querySelector('.end')?.remove();
    endBelow(line.getAttribute('data-id') ?? '');
  }
}

/** Nothing has changed, and why. @param {Element} element @param {string} name @param {() => void} [again] */
export function failed(element, name, again) {
  element.parentElement?.querySelector('.note.bad')?.remove();
  const note = el('div', { class: 'note bad wide', tabindex: '-1', role: 'alert' }, el('p', {}, el('strong', {}, t('failed.nothing')), ' ', t(`failed.${name}`)),
    again !== undefined && el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: again }, t('failed.again'))));
  element.after(note);
  note.focus();
}
