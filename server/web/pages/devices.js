// The devices that sign for me: each key that the register has of mine. One that I lost is frozen, or ended, from any other. spec: kinds.md

import { examineEnding } from './ending.js';
import { dropWish, keepWish } from './kept.js';
import { byId, el, state, time } from './parts.js';
import { failed } from './rows.js';
import { Refusal } from './session.js';
import { draft, submission } from './sign.js';
import { day, lately, t } from './words.js';

/** @typedef {import('./mylist.js').Row} Row */
/** @typedef {{session: import('./session.js').Session, policy: any}} Desk */

/** @param {import('./mylist.js').Mine} mine @param {Desk} desk */
export function showDevices(mine, desk) {
  const { kid } = desk.session.by;
  const keys = mine.keys.filter(({ payload, stands }) => payload.party === desk.session.by.party && stands !== 'over');
  const others = keys.filter(({ id }) => id !== kid);
  byId('device-list').replaceChildren(...[...keys.filter(({ id }) => id === kid), ...others].map((key) => deviceOf(key, mine, desk)));
  byId('only').hidden = others.some(({ stands }) => stands === 'force');
}

/** What its holder called it; it stands in a disclosure. @param {Row} key @param {import('./mylist.js').Mine} mine */
const labelOf = ({ id }, { told }) => told.find((one) => one.id === id)?.disclosed?.label ?? t('device.unnamed');

/** @param {Row} key @param {import('./mylist.js').Mine} mine @param {Desk} desk */
function deviceOf(key, mine, desk) {
  const isThis = key.id === desk.session.by.kid;
  const name = labelOf(key, mine);
  const word = key.stands === 'paused' ? state('wait', t('state.paused')) : key.stands === 'not-yet' ? state('wait', t('device.not-yet')) : state('ok', t(isThis ? 'device.this' : 'device.counts'));
  return el('li', { class: 'row', 'data-id': key.id },
    el('p', { class: 'mark' }, word),
    el('div', { class: 'say' }, el('h3', {}, name), el('p', { class: 'small' }, t('fact.since'), ' ', time(key.since, day(key.since)))),
    !isThis && lost(key, name, desk));
}

/** Ending as the mock has it: one press shows what each way does, one does it. @param {Row} key @param {string} name @param {Desk} desk */
function lost(key, name, desk) {
  const label = el('span', { class: 'vh' }, `: ${name}`);
  const freeze = key.stands === 'force' && el('button', { class: 'button stop', value: 'suspension' }, t('lost.freeze-now'), label.cloneNode(true));
  const details = el('details', { class: 'end' },
    el('summary', { class: 'button stop' }, el('span', { class: 'shut' }, t('lost.this')), el('span', { class: 'open' }, t('end.keep')), label.cloneNode(true)),
    el('form', { onsubmit: async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement} */ (event.submitter);
      if (button.disabled) return;
      button.disabled = true;
      await end(key, button.value, details, desk);
      button.disabled = false;
    } },
    freeze && el('p', {}, t('lost.freeze-what')), el('p', {}, t('lost.end-what')),
    el('p', { class: 'actions' }, freeze, el('button', { class: 'button stop', value: 'key-end' }, t('lost.end-now'), label.cloneNode(true)))));
  return details;
}

/** @param {Row} key @param {string} kind @param {Element} details @param {Desk} desk */
async function end(key, kind, details, desk) {
  const { session, policy } = desk;
  const written = await draft(kind, policy.origin, { target: key.id, ...(kind === 'key-end' && { reason: 'lost' }) });
  const wish = { id: written.id, target: key.id, kind, submission: await submission(session.by, written) };
  // A device that is gone is not left in force because a network is down.
  await keepWish(wish);
  try {
    const { at } = await examineEnding(await (await session.submit(wish.submission)).text(), wish, policy);
    await dropWish(wish.id);
    ended(details, kind, at);
  } catch (error) {
    const isFinal = error instanceof Refusal && !error.isForNow;
    if (isFinal) await dropWish(wish.id);
    failed(details, isFinal ? 'refused' : error instanceof Refusal ? 'unreached' : 'unproven');
  }
}

/** @param {Element} details @param {string} kind @param {number} at */
function ended(details, kind, at) {
  const line = details.closest('.row');
  const form = kind === 'suspension' ? 'frozen' : 'ended';
  line?.querySelector('.state')?.replaceWith(form === 'frozen' ? state('wait', t('state.paused')) : state('off', t('state.over')));
  const note = el('p', { class: 'note ok wide', tabindex: '-1' }, el('strong', {}, t(`lost.${form}`, { at: lately(at) })), ' ', t(`lost.${form}-so`));
  details.replaceWith(note);
  note.focus();
}
