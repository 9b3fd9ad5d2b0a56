// The words of the catalogues that records name, each proven, in four languages.

import { verify } from '../verifier/index.js';
import { several } from './several.js';

/** @typedef {(kind: 'categories' | 'purposes', code: string, catalogue: string, language: string) => string} Titles */
/** @typedef {(address: string, question: any) => Promise<{answer: any}>} Prove */

/** What the catalogues of these ids say. @param {string[]} ids @param {Prove} prove @returns {Promise<Map<string, any>>} */
export const readCatalogues = async (ids, prove) =>
  new Map(await several(ids, async (id) => /** @type {[string, any]} */ ([id, (await prove(`/v1/records/${id}/receipt`, { type: 'status', id })).answer.payload])));

/** @param {Map<string, any>} all @returns {Titles} */
export function titler(all) {
  /** @type {Titles} */
  const titles = (kind, code, catalogue, language) => {
    const one = all.get(catalogue)?.[kind].find((/** @type {any} */ row) => row.code === code);
    if (one === undefined) return code;
    // A category by itself may say too little: "Pensions: Amount".
    return one.parent === undefined ? one.title[language] : `${titles(kind, one.parent, catalogue, language)}: ${one.title[language]}`;
  };
  return titles;
}

/** For who may read them. @param {import('./session.js').Session} session @param {any} policy @param {string[]} ids */
export const cataloguesOf = (session, policy, ids) =>
  readCatalogues(ids, async (address, question) => ({ answer: await verify(await (await session.get(address)).text(), question, policy, { fresh: Date.now() }) }));
