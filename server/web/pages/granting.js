// What somebody gives: the answers that they chose, the sentence that they sign, and the members of its record.
// spec: kinds.md#members

import { lastingUntil } from './days.js';
import { day, list, t } from './words.js';

/** @typedef {'mandate' | 'consent'} Kind */
/** @typedef {{whom?: string, name?: string, number?: string, scopes?: string[], purpose?: string, long?: string, last?: string}} Answers `whom`: a party's id; `number`: as it was typed; `long`: which of the offered ends; `last`: the last day */

const key = (/** @type {Kind} */ kind) => `procura.give.${kind}`;

/** Kept as long as the tab is open: Back, or another language, loses nothing. @param {Kind} kind @returns {Answers} */
export function keptAnswers(kind) {
  try {
    return JSON.parse(sessionStorage.getItem(key(kind)) ?? '{}');
  } catch {
    return {};
  }
}

/** @param {Kind} kind @param {Answers} answers */
export function keepAnswers(kind, answers) {
  try {
    sessionStorage.setItem(key(kind), JSON.stringify(answers));
  } catch {
    // Then they last as long as the page.
  }
}

/** What nobody need name, since what stands above it is named. @param {string[]} codes @param {import('./choices.js').Choices} choices */
export const fewest = (codes, { isUnder }) => codes.filter((code) => !codes.some((other) => other !== code && isUnder(code, other))).sort();

/** @param {Kind} kind @param {Required<Answers>} answers @param {import('./choices.js').Choices} choices */
export const oathOf = (kind, { name, scopes, purpose, last }, { title }) => t(`give.oath-${kind}`, {
  who: name, what: list(scopes.map((code) => title('categories', code))), until: day(lastingUntil(last).not_after - 1),
  why: kind === 'consent' ? title('purposes', purpose) : '',
});

/** @param {Kind} kind @param {Required<Answers>} answers @param {import('./choices.js').Choices} choices @param {string} me @returns {Record<string, any>} */
export function membersOf(kind, { whom, scopes, purpose, last }, { catalogueOf }, me) {
  const same = { catalogue: catalogueOf(scopes, kind === 'consent' ? purpose : undefined), scopes, ...lastingUntil(last) };
  return kind === 'mandate'
    ? { mandators: [me], mandatees: [whom], ...same }
    : { subject: me, recipient: whom, purposes: [purpose], ...same };
}
