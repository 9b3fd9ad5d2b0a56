// Who is on which side of a mandate or consent, and what it is about: for its row, and for whoever shows it.

import { language, list } from './words.js';

/** @typedef {import('./mylist.js').Row} Row */

/** Who is on the other side. @param {Row} row @param {string} me */
export function others({ kind, payload }, me) {
  const all = kind === 'mandate' ? [...payload.mandators, ...payload.mandatees] : kind === 'consent' ? [payload.subject, payload.recipient] : [payload.requester];
  return all.filter((/** @type {string} */ party) => party !== me);
}

/** What I am in a mandate or consent: who signed in a giver's name, or is only told of it, acts for nobody by it. @param {Row} row @param {string} me @returns {'gives' | 'takes' | 'by' | 'told'} */
export function partIn({ kind, payload }, me) {
  const [givers, takers] = kind === 'mandate' ? [payload.mandators, payload.mandatees] : [[payload.subject], [payload.recipient]];
  if (givers.includes(me)) return 'gives';
  return takers.includes(me) ? 'takes' : payload.by?.includes(me) === true ? 'by' : 'told';
}

/** @param {Row} row @param {{titles: import('./mylist.js').Mine['titles']}} desk */
export const scopesOf = ({ payload }, { titles }) => list(payload.scopes.map((/** @type {string} */ code) => titles('categories', code, payload.catalogue, language)));
