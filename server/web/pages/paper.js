// The paper that somebody leaves the counter with: large type, in their language, with a code that shows how it stands today.

import { el, fact } from './parts.js';
import { qrOf } from './qr.js';
import { tongue } from './words.js';

/**
 * @typedef {import('./words.js').Language} Language
 * @typedef {{id: string, address: string, citizen: string | null, helper: string | null, what: string, until: number}} Given `id` of the mandate, and the address that shows it; names as the officer's directory has them; `what` in the person's language
 * @typedef {{language: Language, at: number, town: string, officer: string, given: Given | null}} Paper without `given`: how to end something
 */

/** What an officer is called: a number, never a name. @param {string} party */
export function officerNumber(party) {
  const bytes = [...atob(party.slice(0, 4).replaceAll('-', '+').replaceAll('_', '/'))].map((sign) => sign.charCodeAt(0));
  return `K-${String((bytes[0] * 256 + bytes[1]) % 10_000).padStart(4, '0')}`;
}

/** The sentence that is read aloud and recorded, word for word. @param {Pick<Given, 'citizen' | 'helper' | 'what' | 'until'>} given @param {Awaited<ReturnType<typeof tongue>>} spoken */
export const oathOf = ({ citizen, helper, what, until }, { t, day }) =>
  t('paper.oath', { citizen: citizen ?? t('paper.here'), helper: helper ?? t('paper.somebody'), what, until: day(until) });

/** @param {Paper} paper */
export async function paperOf({ language, at, town, officer, given }) {
  const spoken = await tongue(language);
  const { t, day, clock } = spoken;
  const address = given === null ? `${location.origin}/me?lang=${language}` : given.address;
  const helper = given?.helper ?? t('paper.somebody');
  const foot = given === null
    ? [el('h3', {}, t('paper.yourself')), el('p', {}, t('paper.yourself-what'))]
    : [el('h3', {}, t('paper.end')), el('p', {}, t('paper.end-what', { address: `${location.host}/me` })), el('p', {}, t('paper.code'), ' ', el('b', { class: 'mono' }, given.id.slice(0, 12)))];
  return el('article', { class: 'paper', lang: language, 'aria-labelledby': 'p-t' },
    el('p', {}, `${town} · ${day(at)}, ${clock(at)}`),
    el('h2', { id: 'p-t' }, given === null ? t('paper.how') : t('paper.title', { helper })),
    ...(given === null ? [el('p', {}, t('paper.how-what'))] : [
      el('p', {}, t('paper.said')),
      el('p', { class: 'oath' }, oathOf(given, spoken)),
      el('dl', { class: 'facts' },
        fact(t('paper.who'), el('b', {}, helper)),
        fact(t('paper.for'), el('b', {}, given.what)),
        fact(t('paper.until'), el('b', {}, day(given.until))),
        fact(t('paper.begins'), t('paper.accepts'))),
    ]),
    el('div', { class: 'paper-foot' }, await qrOf(address, t(given === null ? 'paper.qr-how' : 'paper.qr')), el('div', { class: 'stack' }, ...foot)),
    el('p', {}, t('paper.officer', { officer })));
}
