// My right: whether the tariff is granted, from when and until when, and each step of it with what it rests on. Without a receipt nothing is here.

import { ask, trouble } from './answers.js';
import { dayOf, periodOf } from './days.js';
import './frame.js';
import { cameBack, go } from './going.js';
import { byId, el, fact, save, state, time } from './parts.js';
import { day, has, language, lately, list, moment, t } from './words.js';

/** @typedef {{from: string, until: string | null}} Period */
/** @typedef {{periods: Period[] | null, source: string, access: string | null, basis: {catalogue: string, code: string, title: Record<string, string>} | null, receipt: any}} Evidence */
/** @typedef {{step: 'granted' | 'amended' | 'ended', why?: string, at: number, notice: string | null, evidence: Evidence | null}} Step */
/** @typedef {{days: Period, holding: string, steps: Step[]}} Right */

/** @type {{tariff: string, status: string, category: string}} */
let tariff;

async function begin() {
  try {
    tariff = await (await ask('/tariff')).json();
  } catch (error) {
    return byId('said').replaceChildren(trouble(error));
  }
  byId('door').addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    go([['category', tariff.category], ['purpose', 'inform']]);
  });
  byId('look').hidden = false;
  const back = await cameBack();
  if (back === null) return;
  const [receipt] = back.receipts;
  if (receipt === undefined) return byId('said').replaceChildren(el('p', { class: 'note wait' }, t('look.declined')));
  try {
    show(await (await ask('/answers', { receipt })).json());
  } catch (error) {
    byId('said').replaceChildren(trouble(error));
  }
}

const titleOf = (/** @type {string} */ name) => (has(name) ? t(name) : name);

/** @param {{granted: boolean, days: Period | null, rights: Right[]}} answer */
function show({ granted, days, rights }) {
  const how = granted ? 'granted' : days !== null ? 'to-come' : rights.length > 0 ? 'over' : 'none';
  byId('said').replaceChildren(el('p', { class: `note ${granted ? 'ok' : 'wait'}` }, el('strong', {}, t(`right.${how}`, { day: dayOf(days?.from ?? '1970-01-01') }))));
  byId('rights').replaceChildren(...rights.map(sectionOf).reverse());
  byId('rights').hidden = rights.length === 0;
}

/** @param {Right} right @param {number} i @param {Right[]} all */
function sectionOf({ days, holding, steps }, i, all) {
  const id = `right-${i + 1}`;
  const last = /** @type {Step} */ (steps.at(-1));
  const isOver = last.step === 'ended';
  // What was taken back ended on that day, whatever its last day was to be.
  const until = isOver && last.evidence !== null ? day(last.at) : days.until === null ? t('right.open') : dayOf(days.until);
  return el('section', { class: 'block', id, 'aria-labelledby': `${id}-h` },
    el('div', { class: 'block-head' }, el('h2', { id: `${id}-h` }, titleOf(tariff.category), all.length > 1 && ` (${i + 1})`), isOver ? state('off', t('right.ended')) : state('ok', t('right.running'))),
    el('dl', { class: 'figures' }, fact(t('right.from'), dayOf(days.from)), fact(t('right.until'), until)),
    el('ol', { class: 'ledger' }, ...steps.map((step) => rowOf(step, holding))));
}

const STATES = { granted: 'ok', amended: 'wait', ended: 'off' };

/** @param {Step} step @param {string} holding */
function rowOf({ step, why, at, notice, evidence }, holding) {
  const how = evidence === null ? 'last-day' : why ?? step;
  const record = (/** @type {string} */ name, /** @type {string | null | undefined} */ id) => (id ? [fact(t(`record.${name}`), el('code', {}, id))] : []);
  return el('li', { class: 'row' },
    el('p', { class: 'mark' }, time(at, lately(at)), ' ', state(/** @type {any} */ (STATES[step]), t(`step.${step}`))),
    el('div', { class: 'say' },
      el('h3', {}, t(`why.${how}`)),
      evidence !== null && el('dl', { class: 'facts' }, ...factsOf(notice, evidence)),
      el('details', { class: 'more' }, el('summary', {}, t('record.all'), el('span', { class: 'vh' }, `: ${t(`step.${step}`)}, ${moment(at)}`)),
        el('dl', { class: 'facts' }, ...record('notice', notice), ...record('access', evidence?.access), ...record('source', evidence?.source), ...record('law', evidence?.basis?.catalogue), ...record('holding', holding)))),
    evidence !== null && el('div', { class: 'do' },
      el('button', { class: 'button quiet', type: 'button', onclick: () => save(`procura-receipt-${step}-${at}.json`, JSON.stringify(evidence.receipt), 'application/vnd.procura.receipt+json') },
        t('right.receipt'), el('span', { class: 'vh' }, `: ${t(`step.${step}`)}, ${moment(at)}`))));
}

/** Which fact, by which look, under which law. @param {string | null} notice @param {Evidence} evidence */
function factsOf(notice, { periods, access, basis }) {
  const status = titleOf(tariff.status);
  return [
    ...(periods === null ? [] : [fact(t('fact.said'), periods.length === 0 ? t('fact.no-longer', { status }) : `${status}, ${list(periods.map(periodOf))}`)]),
    fact(t('fact.look'), t(access === null ? 'fact.no-look' : notice === null ? 'fact.look-law' : 'fact.look-told')),
    fact(t('fact.law'), basis === null ? t('fact.no-law') : basis.title[language] ?? basis.code),
  ];
}

await begin();
