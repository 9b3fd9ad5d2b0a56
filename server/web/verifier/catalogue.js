// Catalogues: the words that grants use, and what stands below what. spec: kinds.md#members, kinds.md#schemes

import { readForm, schemeName } from './identifiers.js';
import { array, ascending, byText, code, codes, distinct, id, ids, integer, Members, mistyped, oneOf, onlyTrue, text } from './members.js';

/**
 * @typedef {'low' | 'substantial' | 'high'} Assurance
 * @typedef {{code: string, parent?: string, assurance?: Assurance, period?: 'month' | 'quarter' | 'year', source?: string}} Category
 * @typedef {{categories: string[], purposes: string[], recipients: string[], emergency?: true}} Basis
 * @typedef {{categories: Category[], purposes: string[], bases: Basis[]}} Catalogue
 */

/** From the least sure to the surest. @type {Assurance[]} */
export const SURENESS = ['low', 'substantial', 'high'];
const MOST_ROWS = 500;
const MOST_SCHEMES = 100;

/** @type {import('./members.js').Form<void>} */
const title = (value, where) => {
  const members = new Members(value, where);
  for (const language of ['de', 'en', 'fr', 'nl']) members.required(language, text(200));
  members.done();
};

/** A row with code and title, and what `more` reads. @param {(members: Members) => void} [more] @returns {import('./members.js').Form<any>} */
const row = (more) => (value, where) => {
  const members = new Members(value, where);
  members.required('code', code);
  members.required('title', title);
  more?.(members);
  members.done();
  return value;
};

const category = row((members) => {
  members.optional('parent', code);
  members.optional('assurance', oneOf('substantial', 'high'));
  members.optional('period', oneOf('month', 'quarter', 'year'));
  members.optional('source', id);
});

const basis = row((members) => {
  members.required('categories', codes(1, MOST_ROWS));
  members.required('purposes', codes(1, MOST_ROWS));
  members.required('recipients', ids(1, MOST_ROWS));
  members.optional('emergency', onlyTrue);
});

/** @type {import('./members.js').Form<any>} */
const scheme = (value, where) => {
  const members = new Members(value, where);
  members.required('code', schemeName);
  members.required('title', title);
  members.required('party_types', ascending(array(oneOf('institution', 'organisation', 'person'), 1, 3), byText));
  members.required('form', readForm);
  members.done();
  return value;
};

/** @param {import('./members.js').Form<any>} form @param {number} least @param {number} most @returns {import('./members.js').Form<any[]>} */
const rows = (form, least, most) => distinct(array(form, least, most), ({ code: name }) => name);

/** The members of a catalogue's record. @param {Members} members */
export function catalogueMembers(members) {
  members.required('code', code);
  members.required('version', integer(1));
  const categories = members.required('categories', rows(category, 1, MOST_ROWS));
  const purposes = members.required('purposes', rows(row(), 1, MOST_ROWS));
  const bases = members.required('bases', rows(basis, 0, MOST_ROWS));
  members.optional('schemes', rows(scheme, 1, MOST_SCHEMES));
  const known = new Set();
  for (const [i, one] of categories.entries()) {
    if (one.parent !== undefined && !known.has(one.parent)) mistyped(`${members.where}/categories/${i}/parent`);
    known.add(one.code);
  }
  const purposeCodes = new Set(purposes.map((one) => one.code));
  for (const [i, one] of bases.entries()) {
    if (!one.categories.every((/** @type {string} */ name) => known.has(name))) mistyped(`${members.where}/bases/${i}/categories`);
    if (!one.purposes.every((/** @type {string} */ name) => purposeCodes.has(name))) mistyped(`${members.where}/bases/${i}/purposes`);
  }
}

/** What decisions need of a catalogue's payload. @param {any} payload @returns {Catalogue} */
export const catalogueOf = (payload) => ({
  categories: payload.categories,
  purposes: payload.purposes.map((/** @type {any} */ purpose) => purpose.code),
  bases: payload.bases,
});

/**
 * The category and all above it, from itself up; none if the catalogue doesn't have it.
 * @param {Catalogue} catalogue @param {string} category
 * @returns {Category[]}
 */
export function upwards(catalogue, category) {
  const path = [];
  let one = catalogue.categories.find(({ code: name }) => name === category);
  // Parents stand before their children, so this ends; a table that breaks the rule ends it too.
  while (one !== undefined && path.length <= catalogue.categories.length) {
    path.push(one);
    const { parent } = one;
    one = parent === undefined ? undefined : catalogue.categories.find(({ code: name }) => name === parent);
  }
  return path;
}

/** Whether one of the codes is the category or stands above it. @param {Catalogue} catalogue @param {string[]} scopes @param {string} category */
export const covers = (catalogue, scopes, category) => upwards(catalogue, category).some(({ code: name }) => scopes.includes(name));

/** How sure the keys must be of who gives a grant on it. @param {Catalogue} catalogue @param {string} category @returns {Assurance} */
export const assuranceAsked = (catalogue, category) => upwards(catalogue, category).find(({ assurance }) => assurance !== undefined)?.assurance ?? 'low';
