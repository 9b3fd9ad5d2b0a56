// What may be chosen: the categories and purposes of the catalogues in force, proven, in any of the four languages.

import { el } from './parts.js';
import { language, t } from './words.js';
import { verify } from '../verifier/index.js';

const ACTIVE = 2;

/** @typedef {'categories' | 'purposes'} Kind */
/** @typedef {{title: (kind: Kind, code: string, language?: string) => string, options: (kind: Kind) => Node[], codes: (kind: Kind) => string[], first: (kind: Kind) => string, isUnder: (category: string, above: string) => boolean, sourceOf: (category: string) => string | undefined, catalogueOf: (categories: string | string[], purpose?: string) => string | undefined}} Choices */

/** @param {import('./session.js').Session} session @param {any} policy @param {string} [only] the catalogue that alone counts: nothing if it is not in force @returns {Promise<Choices>} */
export async function choices(session, policy, only) {
  const { catalogues: ids } = await (await session.get('/v1/catalogues')).json();
  const all = await Promise.all(ids.map(async (/** @type {string} */ id) => {
    const receipt = await (await session.get(`/v1/records/${id}/receipt`)).text();
    return /** @type {any} */ (await verify(receipt, { type: 'status', id }, policy, { fresh: Date.now() }));
  }));
  // The newest first: of what several have, it is the one that counts for new grants.
  const inForce = all.filter(({ kind, status, id }) => kind === 'catalogue' && status === ACTIVE && (only === undefined || id === only)).reverse();
  const rows = (/** @type {Kind} */ kind) => inForce.flatMap(({ payload }) => payload[kind]);
  const has = (/** @type {any} */ { payload }, /** @type {Kind} */ kind, /** @type {string} */ code) => payload[kind].some((/** @type {any} */ row) => row.code === code);
  /** @type {Choices['title']} */
  const title = (kind, code, spoken = language) => {
    const row = rows(kind).find((one) => one.code === code);
    if (row === undefined) return code;
    return row.parent === undefined ? row.title[spoken] : `${title(kind, row.parent, spoken)}: ${row.title[spoken]}`;
  };
  const codes = (/** @type {Kind} */ kind) => [...new Set(rows(kind).map(({ code }) => code))];
  /** @type {Choices['isUnder']} */
  const isUnder = (category, above) => {
    if (category === above) return true;
    const parent = rows('categories').find(({ code }) => code === category)?.parent;
    return parent !== undefined && isUnder(parent, above);
  };
  /** The authentic source, which a category has from the nearest above that names one. @param {any} catalogue @param {string} code @returns {string | undefined} */
  const sourceIn = (catalogue, code) => {
    const row = catalogue.categories.find((/** @type {any} */ one) => one.code === code);
    return row === undefined ? undefined : row.source ?? (row.parent === undefined ? undefined : sourceIn(catalogue, row.parent));
  };
  return {
    title,
    codes,
    isUnder,
    sourceOf: (category) => inForce.map(({ payload }) => sourceIn(payload, category)).find((source) => source !== undefined),
    first: (kind) => codes(kind)[0],
    options: (kind) => [el('option', { value: '' }, t('office.choose')), ...codes(kind).map((code) => el('option', { value: code }, title(kind, code)))],
    catalogueOf: (categories, purpose) => inForce.find((one) => [categories].flat().every((category) => has(one, 'categories', category)) && (purpose === undefined || has(one, 'purposes', purpose)))?.id,
  };
}
