// The town's form, at a clerk's desk: what a source holds comes from there once the person agrees, and has no field to type in; the rest is typed.

import { ask, Refused, trouble } from './answers.js';
import { periodOf } from './days.js';
import { clear, show } from './faults.js';
import './frame.js';
import { identifier } from './numbers.js';
import { byId, el, fact, save, state } from './parts.js';
import { qrOf } from './qr.js';
import { has, list, moment, t } from './words.js';

/** @typedef {{name: string, category?: string, state: 'looking' | 'asked' | 'filled' | 'to_say' | 'said' | 'refused', value?: any, access?: string, receipt?: any}} Field */
/** @typedef {{id: string, person: string, state: 'waiting' | 'complete' | 'refused', fields: Field[], ask?: {link: string, answer_by: number}}} Application */

/** How often it is looked whether the person has answered. */
const EVERY_MS = 1_000;

/** What each part of the application was drawn from: what has not changed is left alone, with what is being typed in it. @type {Map<string, string>} */
const drawn = new Map();

async function begin() {
  try {
    const { form, fields } = await (await ask('/form')).json();
    document.querySelector('h1')?.replaceChildren(titleOf(`form.${form}`, form));
    byId('asks').replaceChildren(...fields.map((/** @type {Field} */ field) => fact(nameOf(field), t(field.category === undefined ? 'form.you-say' : 'form.source-says'))));
  } catch (error) {
    return byId('said').replaceChildren(trouble(error));
  }
  byId('who').addEventListener('submit', (/** @type {Event} */ event) => onSubmit(event, 'person', async (person) => {
    const application = await (await ask('/applications', { person: identifier(person, 'niss') })).json();
    // Behind the #, which no server sees, so that the page may be loaded again, or in another language.
    history.replaceState(null, '', `${location.search}#${application.id}`);
    await follow(application);
  }));
  const id = location.hash.slice(1);
  if (id === '') return (byId('start').hidden = false);
  await follow(null);
}

const titleOf = (/** @type {string} */ word, /** @type {string} */ name) => (has(word) ? t(word) : name);

/** What is asked, in words: a datum by its category. @param {Field} field */
const nameOf = ({ name, category = `field.${name}` }) => titleOf(category, name);

/** Sends what was typed; what is wrong with it is said at its place. @param {Event} event @param {string} id @param {(typed: string) => Promise<void>} send */
async function onSubmit(event, id, send) {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter);
  const typed = byId(id).value.trim();
  clear();
  if (typed === '') return show([{ title: 'missing', pointer: `/${id}` }], null, true);
  button.disabled = true;
  try {
    await send(typed);
  } catch (error) {
    if (error instanceof Refused && ['person', 'nobody', 'value', 'held'].includes(error.name)) show([{ title: error.name, pointer: `/${id}` }], null, true);
    else byId('said').replaceChildren(trouble(error));
  }
  button.disabled = false;
}

/** Shows an application, and goes on until nothing of it is open. @param {Application | null} application as far as it is known */
async function follow(application) {
  byId('start').hidden = true;
  for (const link of document.querySelectorAll('[data-lang]')) /** @type {HTMLAnchorElement} */ (link).hash = location.hash;
  if (application !== null) {
    draw(application);
    byId('h-application').focus();
  }
  for (let open = application?.state ?? 'waiting'; open === 'waiting'; ) {
    try {
      const now = /** @type {Application} */ (await (await ask(`/applications${location.hash.replace('#', '/')}`)).json());
      draw(now);
      open = now.state;
    } catch (error) {
      drawn.delete('said');
      byId('said').replaceChildren(trouble(error));
      if (error instanceof Refused && error.name === 'not_found') return;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** Draws a part, if it is to be another than it is. @param {string} part @param {any} from @param {() => void} how */
function once(part, from, how) {
  const text = JSON.stringify(from);
  if (drawn.get(part) === text) return;
  drawn.set(part, text);
  how();
}

const STANDS = /** @type {const} */ ({ waiting: 'wait', complete: 'ok', refused: 'bad' });

/** @param {Application} application */
function draw(application) {
  const { person, state: stands, fields, ask: asked } = application;
  const isAsked = asked !== undefined;
  const how = stands !== 'waiting' ? stands : isAsked ? 'asked' : fields.some((field) => field.state === 'looking') ? 'looking' : 'to-say';
  once('said', how, () => byId('said').replaceChildren(el('p', { class: `note ${STANDS[stands]}` }, t(`form.is-${how}`))));
  once('state', stands, () => byId('state').replaceChildren(state(STANDS[stands], t(`form.${stands}`))));
  byId('whose').textContent = t('form.whose', { person: person.replace('niss:', '') });
  for (const field of fields) once(`field-${field.name}`, [field, stands], () => put(rowOf(field, stands)));
  byId('ask').hidden = !isAsked;
  once('ask', asked, () => byId('link').replaceChildren());
  if (isAsked && byId('link').childElementCount === 0) void showLink(asked);
  byId('application').hidden = false;
}

/** @param {HTMLElement} row */
function put(row) {
  const was = document.getElementById(row.id);
  if (was === null) byId('fields').append(row);
  else was.replaceWith(row);
}

/** @param {{link: string, answer_by: number}} asked */
async function showLink({ link, answer_by: until }) {
  byId('link').append(el('p', {}, t('form.ask-what')));
  byId('link').append(await qrOf(link, t('form.qr')),
    el('p', {}, t('form.or-link'), ' ', el('code', { id: 'address' }, link)),
    el('p', { class: 'small' }, t('form.answer-by', { at: moment(until) })));
}

const STATES = /** @type {const} */ ({ looking: 'wait', asked: 'wait', filled: 'ok', to_say: 'wait', said: 'ok', refused: 'bad', dropped: 'off' });

/** @param {Field} field @param {Application['state']} stands */
function rowOf(field, stands) {
  const name = nameOf(field);
  // Nobody says anything for an application that has ended.
  const is = field.state === 'to_say' && stands === 'refused' ? 'dropped' : field.state;
  return /** @type {HTMLElement} */ (el('li', { class: 'row', id: `field-${field.name}` },
    el('p', { class: 'mark' }, state(STATES[is], t(`field-is.${is}`))),
    el('div', { class: 'say' }, is !== 'to_say' && el('h3', {}, name),
      is === 'filled' ? el('p', {}, el('strong', {}, valueOf(field.value))) : is === 'said' ? el('p', {}, el('strong', {}, String(field.value))) : null,
      is === 'to_say' ? sayOf(field, name) : el('p', { class: 'small' }, t(`field-what.${is}`)),
      is === 'filled' && el('p', { class: 'small' }, t('record.access'), ' ', el('code', {}, field.access ?? ''))),
    is === 'filled' && el('div', { class: 'do' },
      el('button', { class: 'button quiet', type: 'button', onclick: () => save(`procura-receipt-${field.name}.json`, JSON.stringify(field.receipt), 'application/vnd.procura.receipt+json') }, t('form.receipt'), el('span', { class: 'vh' }, `: ${name}`)))));
}

/** What nobody holds. @param {Field} field @param {string} name */
function sayOf(field, name) {
  const id = `say-${field.name}`;
  return el('form', { class: 'stack', autocomplete: 'off', novalidate: true, onsubmit: (/** @type {Event} */ event) => onSubmit(event, id, async (value) => {
    draw(await (await ask(`/applications${location.hash.replace('#', '/')}/fields`, { name: field.name, value })).json());
  }) },
  el('p', { class: 'field' }, el('label', { for: id }, name, ' ', el('span', { class: 'hint', id: `${id}-hint` }, t('field-what.to_say'))), el('span', { class: 'error', id: `${id}-error` }),
    el('input', { id, class: 'w-code', maxlength: 1000, required: true, spellcheck: 'false', 'aria-describedby': `${id}-hint ${id}-error` })),
  el('button', { class: 'button' }, t('form.take')));
}

/** What a source told: of a status, when they have it. @param {any} value */
const valueOf = (value) => (!Array.isArray(value?.periods) ? JSON.stringify(value) : value.periods.length === 0 ? t('form.no') : t('form.yes', { periods: list(value.periods.map(periodOf)) }));

await begin();
