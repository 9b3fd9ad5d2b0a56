// Who holds data about me: institutions say so themselves, in signed records that stand in my list until they take them back. spec: kinds.md#members

import { fact, el, time } from './parts.js';
import { language, day, list, t } from './words.js';
import { firstInstant } from '../verifier/days.js';

/** Those in force: nothing but their end ever happens to one. @param {any[]} told my list @param {string} me */
export const holdingsIn = (told, me) =>
  told.filter(({ id, kind, payload }) => kind === 'holding' && payload.subject === me && !told.some(({ target }) => target === id));

/** @param {any} holding @param {(party: string) => string} nameOf @param {import('./catalogues.js').Titles} titles */
export function holdingRow({ payload }, nameOf, titles) {
  const since = firstInstant(payload.since);
  return el('li', { class: 'row' }, el('div', { class: 'say wide' },
    el('h3', {}, nameOf(payload.source)),
    el('p', {}, el('strong', {}, list(payload.scopes.map((/** @type {string} */ code) => titles('categories', code, payload.catalogue, language))))),
    el('dl', { class: 'facts' }, fact(t('fact.since'), time(since, day(since))))));
}
