// My counter: the worker's own year against the ceiling, as it changes, for as long as the receipt of their look is fresh. Without a receipt nothing is here.

import { amount } from './amounts.js';
import { ask, events, trouble } from './answers.js';
import { chart } from './chart.js';
import { dayOf } from './days.js';
import './frame.js';
import { cameBack, go } from './going.js';
import { byId, el, state } from './parts.js';
import { clock, has, t } from './words.js';

/** @typedef {{code: string, unit: string, categories: Record<string, string>, warn_at_percent: number[]}} Counter */

/** @type {Counter[]} */
let counters = [];
/** How many years are followed now. */
let following = 0;

async function begin() {
  const thisYear = new Date().getFullYear();
  byId('year').replaceChildren(...[0, 1, 2].map((ago) => el('option', { value: thisYear - ago }, String(thisYear - ago))));
  try {
    ({ counters } = await (await ask('/counters')).json());
  } catch (error) {
    return byId('said').replaceChildren(trouble(error));
  }
  byId('door').addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    const year = byId('year').value;
    const categories = counters.map(({ categories: { read } }) => /** @type {[string, string]} */ (['category', read]));
    go([...categories, ['purpose', 'inform'], ...(Number(year) === thisYear ? [] : [/** @type {[string, string]} */ (['resource.year', year])])], { year });
  });
  byId('look').hidden = false;
  const back = await cameBack();
  if (back === null) return;
  byId('year').value = back.kept.year;
  if (back.receipts.length === 0) return byId('said').replaceChildren(el('p', { class: 'note wait' }, t('look.declined')));
  await Promise.all(back.receipts.map(follow));
}

/** @param {any} receipt */
async function follow(receipt) {
  try {
    const answer = await ask('/answers', { receipt }, 'text/event-stream');
    following++;
    for await (const year of events(answer)) show(year);
  } catch (error) {
    return byId('said').replaceChildren(trouble(error));
  }
  // What is on the page stays, with the time at which it was so.
  following--;
  if (following === 0) byId('said').replaceChildren(el('p', { class: 'note wait' }, t('mine.over', { clock: clock(Date.now()) })));
}

const LEVELS = { below: 'ok', warning: 'wait', exceeded: 'bad', unlimited: 'ok', unknown: 'off' };

/** @param {any} year */
function show(year) {
  const { counter, unit, total, ceiling, room, level, warning, announced, lines } = year;
  const of = counters.find(({ code }) => code === counter);
  const title = `${has(`counter.${counter}`) ? t(`counter.${counter}`) : counter} ${year.year}`;
  const [id, at] = [`counter-${counter}`, clock(Date.now(), { withSeconds: true })];
  const isFirst = document.getElementById(id) === null;
  const kind = /** @type {'ok' | 'wait' | 'bad' | 'off'} */ (LEVELS[/** @type {keyof typeof LEVELS} */ (level)]);
  const wasOpen = [...document.querySelectorAll(`#${id} details`)].map((one) => /** @type {HTMLDetailsElement} */ (one).open);
  const section = el('section', { class: 'block', id, 'aria-labelledby': `${id}-h`, 'data-at': Date.now() },
    el('div', { class: 'block-head' }, el('h2', { id: `${id}-h` }, title), state(kind, t(`level.${level}`))),
    (level === 'warning' || level === 'exceeded') && el('p', { class: `note ${kind}` }, t(`mine.${level}`, { percent: warning ?? Math.floor((total * 100) / ceiling), room: amount(room ?? 0, unit), over: amount(Math.max(0, total - (ceiling ?? 0)), unit) })),
    (level === 'unlimited' || level === 'unknown') && el('p', { class: 'note' }, t(`mine.${level}`)),
    el('div', { class: 'pair' },
      el('div', { class: 'block' },
        el('dl', { class: 'figures' },
          figure(t('mine.total'), amount(total, unit)),
          ...(ceiling === null ? [] : [figure(t('mine.ceiling'), amount(ceiling, unit)), figure(t('mine.room'), amount(room ?? 0, unit))])),
        ...announced.map((/** @type {any} */ row) => el('p', { class: 'small' }, t('mine.announced', { day: dayOf(row.from), amount: amount(row.amount, unit) })))),
      lines.length > 0 && chart(year, of?.warn_at_percent ?? [], title)),
    linesOf(lines, unit, `${id}-h`),
    el('p', { class: 'small' }, t(isFirst ? 'mine.as-of' : 'mine.changed', { clock: at })));
  section.querySelectorAll('details').forEach((one, i) => { one.open = wasOpen[i] ?? false; });
  byId('years').hidden = false;
  if (isFirst) byId('years').append(section);
  else {
    byId(id).replaceWith(section);
    byId('said').replaceChildren(el('p', { class: 'note' }, t('mine.changed-said', { counter: title, total: amount(total, unit) })));
  }
  // In the order of the counters, whichever answer came first.
  byId('years').append(...counters.map(({ code }) => document.getElementById(`counter-${code}`)).filter((one) => one !== null));
}

/** @param {string} term @param {string} what */
const figure = (term, what) => el('div', {}, el('dt', {}, term), el('dd', {}, what));

/** An enterprise number as it is written on paper. @param {string} employer */
const numberOf = (employer) => employer.replace(/^kbo:(\d{4})(\d{3})(\d{3})$/, '$1.$2.$3');

/** @param {any[]} lines @param {string} unit @param {string} heading */
function linesOf(lines, unit, heading) {
  if (lines.length === 0) return el('p', { class: 'panel empty' }, t('mine.none'));
  const head = ['mine.period', 'mine.employer', 'mine.payslip', 'mine.amount', 'mine.came'].map((name, i) => el('th', { scope: 'col', class: i === 3 && 'num' }, t(name)));
  const row = (/** @type {any} */ line) => el('tr', {},
    el('td', {}, t('mine.from-to', { from: dayOf(line.from), to: dayOf(line.to) })), el('td', {}, numberOf(line.employer)), el('td', {}, dayOf(line.payslip)),
    el('td', { class: 'num' }, amount(line.amount, unit)), el('td', {}, line.late ? state('wait', t('mine.late')) : state('ok', t('mine.in-time'))));
  return el('div', { class: 'scroll', role: 'group', 'aria-labelledby': heading, tabindex: '0' }, el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...lines.toSorted((one, other) => (one.from < other.from ? 1 : -1)).map(row))));
}

await begin();
