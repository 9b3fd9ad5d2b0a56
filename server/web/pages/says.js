// What a verified answer says, as sentences. Who the parties are is shown where the reader knows it; a receipt holds no names of persons.

import { el, fact, time } from './parts.js';
import { day, language, list, t } from './words.js';
import { sentence } from '../verifier/sentences.js';
import { conditions } from '../verifier/conditions.js';

/** @typedef {{party?: (id: string) => string | undefined, category?: (code: string) => string | undefined, purpose?: (code: string) => string | undefined}} Names */

/** @param {any} answer @param {Names} [names] @returns {Node[]} */
export function saysOf(answer, names = {}) {
  switch (answer.type) {
    case 'authority': return authority(answer, names);
    case 'complete': return [el('p', { class: 'oath' }, t('says.complete', { n: answer.records.length }))];
    default: return recordSays(answer.kind, answer.payload ?? {}, names);
  }
}

/** @param {string[]} codes @param {((code: string) => string | undefined) | undefined} name */
const named = (codes, name) => list(codes.map((code) => name?.(code) ?? code));

/** @param {string} kind @param {any} payload @param {Names} names @returns {Node[]} */
export function recordSays(kind, payload, names) {
  if (kind !== 'mandate' && kind !== 'consent') {
    const form = ['party', 'key', 'catalogue', 'revocation', 'acceptance', 'renunciation', 'request', 'access'].includes(kind) ? `says.${kind}` : 'says.other';
    return [el('p', { class: 'oath' }, t(form, { kind }))];
  }
  const scopes = named(payload.scopes, names.category);
  const lines = [el('p', { class: 'oath' }, t(`says.${kind}`, { scopes }))];
  const facts = [];
  if (kind === 'consent') facts.push(fact(t('fact.purpose'), named(payload.purposes, names.purpose)));
  facts.push(fact(t('fact.since'), time(payload.not_before, day(payload.not_before))));
  facts.push(fact(t('fact.until'), payload.not_after === undefined ? t('fact.no-end') : time(payload.not_after - 1, day(payload.not_after - 1))));
  lines.push(el('dl', { class: 'facts' }, ...facts));
  if (kind === 'mandate') lines.push(el('p', {}, t(payload.substitution === undefined ? 'says.not-on' : 'says.on')));
  lines.push(...conditionsOf(payload));
  return lines;
}

/** Each condition as the sentence that was signed. @param {any} payload */
export function conditionsOf({ conditions: all }) {
  if (all === undefined) return [];
  return conditions(all, '/conditions').map((/** @type {any} */ one) => el('p', {}, sentence(one, language)));
}

/** @param {any} answer @param {Names} names */
function authority({ request, decision }, names) {
  const category = names.category?.(request.resource.type) ?? request.resource.type;
  const purpose = names.purpose?.(request.action.name) ?? request.action.name;
  return [
    el('p', { class: 'oath' }, t(decision.permit ? 'says.permit' : 'says.deny')),
    el('dl', { class: 'facts' }, fact(t('fact.what'), category), fact(t('fact.purpose'), purpose)),
  ];
}
