// Declaring: a line in the form, or a file of them. What is wrong is said before anything is signed; what is signed goes with its receipt, and is taken as a
// whole or not at all.

import { amount, amountIn } from './amounts.js';
import { ask, Refused, trouble } from './answers.js';
import { dayOf } from './days.js';
import { clear, show } from './faults.js';
import './frame.js';
import { cameBack, go } from './going.js';
import { identifier } from './numbers.js';
import { byId, el, state } from './parts.js';
import { has, number, t } from './words.js';

/** @typedef {{employer: string, counter: string, lines: any[]}} Declaration */
/** @typedef {{declaration: Declaration, document: string, late: string[], isTyped: boolean}} Ready */

/** So many lines are shown before they are signed. */
const SHOWN = 25;

/** @type {{code: string, unit: string, categories: Record<string, string>}[]} */
let counters = [];
/** @type {Ready | null} */
let ready = null;

/** @param {string} id */
const typed = (id) => byId(id).value.trim();
const unitOf = (/** @type {string} */ code) => counters.find((one) => one.code === code)?.unit ?? 'cents';

async function begin() {
  try {
    ({ counters } = await (await ask('/counters')).json());
  } catch (error) {
    return byId('said').replaceChildren(trouble(error));
  }
  byId('counter').replaceChildren(...counters.map(({ code }) => el('option', { value: code }, has(`counter.${code}`) ? t(`counter.${code}`) : code)));
  byId('counter').addEventListener('change', nameAmount);
  nameAmount();
  freshId();
  byId('one').addEventListener('submit', (/** @type {Event} */ event) => onSubmit(event, () => check(line(), true)));
  byId('cancel').addEventListener('submit', (/** @type {Event} */ event) => onSubmit(event, () => check(cancelling(), true)));
  byId('batch').addEventListener('submit', (/** @type {Event} */ event) => onSubmit(event, async () => {
    const declaration = await byId('file').files[0].text().then(JSON.parse).catch(() => null);
    return declaration === null ? show([{ title: 'declaration' }], null, false) : check(declaration, false);
  }));
  byId('change').addEventListener('click', () => { open('forms'); byId('employer').focus(); });
  byId('sign').addEventListener('click', () => ready !== null && sign(ready));
  open('forms');
  const back = await cameBack();
  if (back !== null) await handIn(back.kept, back.receipts[0]);
}

const nameAmount = () => { byId('amount-name').textContent = t(`declare.amount-${unitOf(byId('counter').value)}`); };
/** An id that the employer has not used: they may write their own. */
const freshId = () => { byId('id').value = `${new Date().toISOString().slice(0, 10)}.${crypto.randomUUID().slice(0, 8)}`; };

/** One part at a time. @param {'forms' | 'ready'} part */
function open(part) {
  for (const one of ['forms', 'ready']) byId(one).hidden = one !== part;
}

/** @param {Event} event @param {() => any} work */
async function onSubmit(event, work) {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter);
  button.disabled = true;
  await work();
  button.disabled = false;
}

/** What stands in the form. @returns {Declaration} */
function line() {
  const counter = byId('counter').value;
  const replaces = typed('replaces');
  const entry = { id: typed('id'), worker: identifier(typed('worker'), 'niss'), from: typed('from'), to: typed('to'), payslip: typed('payslip'), amount: amountIn(typed('amount'), unitOf(counter)) };
  return { employer: identifier(typed('employer'), 'kbo'), counter, lines: [{ ...entry, ...(replaces !== '' && { replaces }) }] };
}

/** @returns {Declaration} */
const cancelling = () => ({ employer: identifier(typed('employer'), 'kbo'), counter: byId('counter').value, lines: [{ id: `x.${crypto.randomUUID()}`, cancels: typed('cancels') }] });

/** What is empty is said here; all else the service knows. @param {Declaration} declaration */
const missing = ({ employer, lines: [first] }) => [
  ...(employer === '' ? [{ title: 'missing', pointer: '/employer' }] : []),
  ...Object.entries(first).filter(([, value]) => value === '').map(([name]) => ({ title: 'missing', pointer: `/lines/0/${name}` })),
  ...(first.amount === null ? [{ title: 'no_amount', pointer: '/lines/0/amount' }] : []),
];

/** @param {Declaration} declaration @param {boolean} isTyped */
async function check(declaration, isTyped) {
  clear();
  const empty = isTyped ? missing(declaration) : [];
  if (empty.length > 0) return show(empty, declaration, isTyped);
  try {
    const { document: digest, late } = await (await ask('/declarations/check', { declaration })).json();
    ready = { declaration, document: digest, late, isTyped };
  } catch (error) {
    if (error instanceof Refused && error.faults.length > 0) return show(error.faults, declaration, isTyped);
    return error instanceof Refused && error.name !== 'unreached' ? show([{ title: error.name }], declaration, isTyped) : byId('said').replaceChildren(trouble(error));
  }
  preview(ready);
}

/** @param {Ready} what */
function preview({ declaration: { employer, counter, lines }, late }) {
  const unit = unitOf(counter);
  const sum = lines.reduce((all, { amount: one = 0 }) => all + one, 0);
  byId('ready-what').textContent = t('declare.ready-what', { n: number(lines.length), employer: employer.replace('kbo:', ''), sum: amount(sum, unit) });
  byId('ready-head').replaceChildren(el('tr', {}, ...['id', 'worker', 'period', 'payslip', 'amount', 'came'].map((name) => el('th', { scope: 'col', class: name === 'amount' && 'num' }, t(name === 'id' || name === 'worker' ? `member.${name}` : `mine.${name}`)))));
  byId('ready-lines').replaceChildren(...lines.slice(0, SHOWN).map((one) => el('tr', {}, el('th', { scope: 'row' }, el('code', {}, one.id)),
    ...(one.cancels !== undefined
      ? [el('td', { colspan: 5 }, t('declare.cancels-this', { id: one.cancels }))]
      : [el('td', {}, el('code', {}, one.worker.replace('niss:', ''))), el('td', {}, t('mine.from-to', { from: dayOf(one.from), to: dayOf(one.to) })), el('td', {}, dayOf(one.payslip)), el('td', { class: 'num' }, amount(one.amount, unit)),
        el('td', {}, late.includes(one.id) ? state('wait', t('mine.late')) : state('ok', t('mine.in-time')), one.replaces !== undefined && el('p', { class: 'small' }, t('declare.replaces-this', { id: one.replaces })))]))),
  ...(lines.length > SHOWN ? [el('tr', {}, el('td', { colspan: 6 }, t('declare.more', { n: number(lines.length - SHOWN) })))] : []));
  open('ready');
  byId('h-ready').focus();
}

/** @param {Ready} what */
function sign(what) {
  const { declaration: { employer, counter }, document: digest } = what;
  const category = counters.find((one) => one.code === counter)?.categories.declare ?? '';
  go([['as', 'office'], ['about', employer], ['category', category], ['purpose', 'declare'], ['resource.document', digest]], what);
}

/** @param {Ready} what @param {any} receipt undefined: nothing was signed */
async function handIn(what, receipt) {
  ready = what;
  const { declaration } = what;
  if (receipt === undefined) {
    preview(what);
    return byId('said').replaceChildren(el('p', { class: 'note wait' }, t('declare.declined')));
  }
  try {
    const { new: isNew, repeated, late } = await (await ask('/declarations', { declaration, receipt })).json();
    byId('said').replaceChildren(el('p', { class: 'note ok' }, el('strong', {}, t('declare.done', { n: number(isNew) })), ' ', repeated > 0 && `${t('declare.repeated', { n: number(repeated) })} `, late.length > 0 && t('declare.late', { n: number(late.length) })));
    taken(declaration, late);
    // The next one is likely the same employer's.
    byId('employer').value = declaration.employer.replace('kbo:', '');
    byId('counter').value = declaration.counter;
    nameAmount();
    ready = null;
  } catch (error) {
    refill(what);
    if (error instanceof Refused && error.faults.length > 0) return show(error.faults, declaration, what.isTyped);
    byId('said').replaceChildren(trouble(error));
  }
  byId('said').focus();
}

/** What was typed is back in the form. @param {Ready} what */
function refill({ declaration: { employer, counter, lines: [one] }, isTyped }) {
  open('forms');
  if (!isTyped) return;
  byId('employer').value = employer.replace('kbo:', '');
  byId('counter').value = counter;
  nameAmount();
  if (one.cancels !== undefined) return (byId('cancels').value = one.cancels);
  for (const name of ['id', 'from', 'to', 'payslip']) byId(name).value = one[name];
  byId('worker').value = one.worker.replace('niss:', '');
  byId('amount').value = unitOf(counter) === 'cents' ? (one.amount / 100).toFixed(2) : String(one.amount);
  byId('replaces').value = one.replaces ?? '';
}

/** What was just taken, to be corrected or cancelled. @param {Declaration} declaration @param {string[]} late */
function taken(declaration, late) {
  const unit = unitOf(declaration.counter);
  const lines = declaration.lines.filter(({ cancels }) => cancels === undefined);
  byId('taken').hidden = lines.length === 0;
  byId('taken-lines').replaceChildren(...lines.slice(0, SHOWN).map((one) => el('li', { class: 'row' },
    el('p', { class: 'mark' }, late.includes(one.id) ? state('wait', t('mine.late')) : state('ok', t('mine.in-time'))),
    el('div', { class: 'say' }, el('h3', {}, amount(one.amount, unit)), el('p', {}, t('mine.from-to', { from: dayOf(one.from), to: dayOf(one.to) })), el('p', { class: 'small' }, el('code', {}, one.id))),
    el('div', { class: 'do' },
      el('button', { class: 'button quiet', type: 'button', onclick: () => { refill({ declaration: { ...declaration, lines: [{ ...one, replaces: one.id }] }, document: '', late: [], isTyped: true }); freshId(); byId('amount').focus(); } }, t('declare.correct'), el('span', { class: 'vh' }, `: ${one.id}`)),
      el('button', { class: 'button quiet', type: 'button', onclick: () => { refill({ declaration: { ...declaration, lines: [{ cancels: one.id }] }, document: '', late: [], isTyped: true }); byId('cancels').focus(); } }, t('declare.cancel'), el('span', { class: 'vh' }, `: ${one.id}`))))));
}

await begin();
