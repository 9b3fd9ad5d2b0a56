// What somebody gives: the answers that they chose, the sentence that they sign, and the members of its record.
// spec: kinds.md#members

import { lastingUntil } from './days.js';
import { membersUnder } from './under.js';
import { day, list, t } from './words.js';

/** @typedef {'mandate' | 'consent'} Kind */
/** @typedef {{whom?: string, name?: string, number?: string, scopes?: string[], purpose?: string, long?: string, last?: string, isOn?: boolean}} Answers `whom`: a party's id; `number`: as it was typed; `long`: which of the offered ends; `last`: the last day; `isOn`: whether it may be passed on */
/** @typedef {{mandate: import('./under.js').Mandate, name: string}} Behalf in whose name it is given, by which mandate */

/** What is given by one mandate is asked apart from what is given by another. @param {string} flow */
const key = (flow) => `procura.give.${flow}`;

/** Kept as long as the tab is open: Back, or another language, loses nothing. @param {string} flow @returns {Answers} */
export function keptAnswers(flow) {
  try {
    return JSON.parse(sessionStorage.getItem(key(flow)) ?? '{}');
  } catch {
    return {};
  }
}

/** @param {string} flow @param {Answers} answers */
export function keepAnswers(flow, answers) {
  try {
    sessionStorage.setItem(key(flow), JSON.stringify(answers));
  } catch {
    // Then they last as long as the page.
  }
}

/** What nobody need name, since what stands above it is named. @param {string[]} codes @param {import('./choices.js').Choices} choices */
export const fewest = (codes, { isUnder }) => codes.filter((code) => !codes.some((other) => other !== code && isUnder(code, other))).sort();

/** @param {Kind} kind @param {Required<Answers>} answers @param {import('./choices.js').Choices} choices @param {Behalf | null} behalf */
export function oathOf(kind, { name, scopes, purpose, last, isOn }, { title }, behalf) {
  const words = t(`give.oath-${kind}${behalf === null ? '' : '-for'}`, {
    who: name, what: list(scopes.map((code) => title('categories', code))), until: day(lastingUntil(last).not_after - 1),
    why: kind === 'consent' ? title('purposes', purpose) : '', giver: behalf?.name ?? '',
  });
  return kind === 'consent' ? words : `${words} ${t(isOn ? 'give.on-oath' : 'says.not-on')}`;
}

/** @param {Kind} kind @param {Required<Answers>} answers @param {import('./choices.js').Choices} choices @param {string} me @param {Behalf | null} behalf @returns {Record<string, any>} */
export function membersOf(kind, { whom, scopes, purpose, last, isOn }, { catalogueOf }, me, behalf) {
  const givers = behalf?.mandate.payload.mandators ?? [me];
  const same = { catalogue: catalogueOf(scopes, kind === 'consent' ? purpose : undefined), scopes, ...lastingUntil(last), ...(behalf !== null && membersUnder(behalf.mandate, me)) };
  return kind === 'mandate'
    ? { mandators: givers, mandatees: [whom], ...(isOn && { substitution: 1 }), ...same }
    : { subject: givers[0], recipient: whom, purposes: [purpose], ...same };
}
