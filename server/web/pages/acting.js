// Acting for someone: who lets me, in exactly what, until when, and whether I may pass it on; out of my list, proven whole. One of them is chosen, and
// shown on every page until I stop.

import { acting, actFor, stopActing } from './behalf.js';
import { showBar } from './bar.js';
import { me } from './kept.js';
import { sealWithout } from './listseal.js';
import { fresh, kept } from './mylist.js';
import { knownNames } from './names.js';
import './page.js';
import { byId, el } from './parts.js';
import { endBelow, endOf, rowOf } from './rows.js';
import { sealOf } from './seals.js';
import { Session } from './session.js';
import { others, partIn, scopesOf } from './sides.js';
import { trust } from './trust.js';
import { isAlone, mayPassOn, mayShare } from './under.js';
import { act } from './wishes.js';
import { language, lately, list, t } from './words.js';

/** @typedef {import('./mylist.js').Row} Row */

const LANGUAGES = /** @type {const} */ (['de', 'en', 'fr', 'nl']);

/** @type {any} */
let policy = null;
/** @type {Session} */
let session;
/** @type {import('./names.js').Names} */
let names = new Map();
/** @type {import('./mylist.js').Mine} the list that is shown */
let mine;
/** Whether it was proven as of now: else nobody is chosen by it. */
let isNow = false;

/** @param {string} party */
const nameOf = (party) => names.get(party) ?? { name: t('somebody'), type: 'person' };
/** @param {Row} row */
const giversOf = ({ payload }) => list(payload.mandators.map((/** @type {string} */ party) => nameOf(party).name));

async function begin() {
  const trusted = await trust();
  if (trusted === null) return byId('seal').replaceChildren(sealOf('off', 'unreached'));
  policy = trusted.policy;
  const self = await me(policy.origin);
  byId('nobody').hidden = self !== null;
  if (self === null) return;
  session = new Session(self, policy.origin);
  names = await knownNames();
  await show();
}

/** Gets the list, and shows the seal for as long as it is true. */
async function show() {
  const box = byId('seal');
  box.replaceChildren(sealOf('wait', 'wait'));
  const slow = setTimeout(() => box.replaceChildren(sealOf('wait', 'slow')), 10_000);
  try {
    told(await fresh(session, policy), true);
    box.replaceChildren(sealOf('ok', 'ok', { at: lately(mine.checkedAt) }));
  } catch (error) {
    const last = await kept(session.by.party, policy).catch(() => null);
    if (last !== null) told(last, false);
    box.replaceChildren(sealWithout(error, last, show));
  } finally {
    clearTimeout(slow);
  }
}

/** @param {import('./mylist.js').Mine} what @param {boolean} isFresh */
function told(what, isFresh) {
  [mine, isNow] = [what, isFresh];
  byId('mine').hidden = false;
  render();
}

/** Those by which I act or may once I accept. */
const mandates = () => mine.rows.filter((row) => row.kind === 'mandate' && partIn(row, session.by.party) === 'takes');

/** @returns {import('./rows.js').Desk} */
const desk = () => ({
  me: session.by.party, nameOf, titles: mine.titles, maySign: isNow, session, policy, doing,
  act: (row, kind, element) => act({ session, policy, notes: byId('notes'), show, ended }, row, kind, element),
  below: (id) => mine.rows.filter(({ payload, stands }) => payload.under === id && stands !== 'over').length,
});

/** Who ended their own part acts by it no more. @param {Row} row */
function ended({ id }) {
  endBelow(id);
  if (acting()?.mandate !== id) return;
  stop();
  byId('can').replaceChildren();
}

function stop() {
  stopActing();
  showBar();
}

/** The one that is chosen, if it is in force; if it is not any more, it is said. @param {Row[]} all */
function chosenOf(all) {
  const now = acting();
  // What can't be proven now decides nothing, and nothing is offered by it.
  if (now === null || !isNow) return undefined;
  const row = all.find(({ id }) => id === now.mandate);
  if (row?.stands === 'force') return row;
  stop();
  byId('notes').replaceChildren(el('p', { class: 'note wait' }, el('strong', {}, t('acting.ended', { who: now.who })), ' ', row === undefined ? '' : `${now.what[language]}: ${row.stands === 'over' ? endOf(row) : t(row.stands === 'doubt' ? 'state.doubt' : 'state.paused')}.`));
  return undefined;
}

function render() {
  const all = mandates();
  const chosen = chosenOf(all);
  const [living, over] = [all.filter((row) => row.stands !== 'over' && row !== chosen), all.filter(({ stands }) => stands === 'over')];
  byId('now').hidden = chosen === undefined;
  if (chosen !== undefined) showChosen(chosen);
  fill('may', living);
  byId('may').querySelector('.empty').hidden = living.length > 0 || chosen !== undefined;
  const past = byId('may').querySelector('.ended');
  past.hidden = over.length === 0;
  past.querySelector('summary').textContent = t('me.ended', { n: over.length });
  past.querySelector('ul').replaceChildren(...over.map((row) => el('li', {}, list(others(row, session.by.party).map((one) => nameOf(one).name)), ', ', el('strong', {}, scopesOf(row, desk())), ': ', endOf(row))));
}

/** @param {string} id @param {Row[]} rows */
function fill(id, rows) {
  const ledger = byId(id).querySelector('.ledger');
  ledger.hidden = rows.length === 0;
  ledger.replaceChildren(...rows.map((row) => rowOf(row, desk())));
}

/** What can be done by the mandate that is chosen, and what was. @param {Row} row */
function showChosen(row) {
  const who = giversOf(row);
  byId('h-now').textContent = t('acting.for', { who });
  const link = (/** @type {string} */ kind) => el('a', { class: 'button', href: `/give?lang=${language}#${kind}-for` }, t(`acting.do-${kind}`, { who }));
  byId('can').replaceChildren(...(isAlone(row.payload) ? [
    el('p', { class: 'actions' }, mayShare(row.payload) && link('consent'), ' ', mayPassOn(row.payload) && link('mandate')),
    !mayShare(row.payload) && el('p', {}, t('acting.not-consent')),
    !mayPassOn(row.payload) && el('p', {}, t('acting.not-mandate')),
  ].filter((one) => one !== false) : [el('p', {}, t('acting.not-alone'))]), el('p', { class: 'small' }, t('acting.elsewhere', { who })));
  fill('now', [row]);
  const given = mine.rows.filter(({ payload, stands }) => payload.under === row.id && stands !== 'over');
  byId('given').hidden = given.length === 0;
  fill('given', given);
}

/** The button that chooses somebody. @param {Row} row @param {string} label */
function doing(row, label) {
  if (!isNow || row.stands !== 'force' || acting()?.mandate === row.id) return null;
  return el('button', { class: 'button', type: 'button', onclick: () => choose(row) }, t('acting.choose'), el('span', { class: 'vh' }, label));
}

/** @param {Row} row */
function choose(row) {
  const { scopes, catalogue, not_after: until } = row.payload;
  const what = /** @type {import('./behalf.js').Spoken} */ (Object.fromEntries(LANGUAGES.map((one) => [one, new Intl.ListFormat(one, { type: 'conjunction' }).format(scopes.map((/** @type {string} */ code) => mine.titles('categories', code, catalogue, one)))])));
  if (!actFor({ mandate: row.id, who: giversOf(row), what, until })) return byId('notes').replaceChildren(el('p', { class: 'note bad' }, t('acting.no-storage')));
  byId('notes').replaceChildren();
  showBar();
  render();
  byId('h-now').focus();
}

await begin();
