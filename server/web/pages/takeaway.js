// My looks to take away: a table for a spreadsheet, in the columns of `procura export`, or all of it with its proofs, for whoever wants to verify.

import { dayOf } from '../verifier/days.js';

/** @typedef {{look: import('./look.js').Look, outcome: import('./look.js').Decided | null, what: string}} Taken `outcome` null: it could not be proven */

const COLUMNS = /** @type {const} */ (['logged_at', 'index', 'id', 'kind', 'who', 'on_behalf_of', 'whose', 'source', 'categories', 'purposes', 'emergency', 'said', 'decision', 'reason', 'rests_on', 'what']);

/** Those that others wrote at will. */
const TEXTS = ['said', 'what'];

/** @param {Taken} taken @returns {Record<typeof COLUMNS[number], any>} */
const rowOf = ({ look: { id, index, time, payload, disclosed }, outcome, what }) => ({
  logged_at: new Date(time).toISOString(), index, id, kind: 'access',
  who: payload.actor, on_behalf_of: payload.on_behalf_of, whose: payload.subject, source: payload.source,
  categories: payload.category, purposes: payload.purpose, emergency: payload.emergency,
  said: disclosed?.justification ?? disclosed?.reference,
  decision: outcome === null ? 'unknown' : outcome.permit ? 'yes' : 'no', reason: outcome?.reason, rests_on: outcome?.evidence, what,
});

/** What others wrote is no formula: a text that a spreadsheet would run is preceded by an apostrophe. @param {string} text */
const noFormula = (text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** @param {Taken[]} all */
export function table(all) {
  const cells = (/** @type {Record<string, any>} */ row) => COLUMNS.map((name) => {
    const value = row[name] ?? '';
    const text = Array.isArray(value) ? value.join(' ') : String(value);
    return cell(TEXTS.includes(name) ? noFormula(text) : text);
  });
  return [COLUMNS, ...all.map((one) => cells(rowOf(one)))].map((line) => `${line.join(',')}\r\n`).join('');
}

/** @param {string} text */
const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * Receipts stand in it as they came, as texts: so they can be verified again.
 * @param {Taken[]} all @param {import('./mylist.js').Mine} mine @param {string} party
 */
export const proven = (all, mine, party) => JSON.stringify({
  origin: mine.checkpoint.origin, party, checked_at: new Date(mine.checkedAt).toISOString(), list: mine.receipts,
  looks: all.map((taken) => ({ ...rowOf(taken), ...(taken.outcome !== null && { receipt: taken.outcome.receipt }) })),
}, null, 1);

/** @param {string} form @param {number} ms */
export const fileName = (form, ms) => `procura-looks-${dayOf(ms)}.${form}`;
