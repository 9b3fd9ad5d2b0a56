// Amounts in a counter's unit, as a language writes them.

import { language, number, t } from './words.js';

const locale = { de: 'de-BE', en: 'en-GB', fr: 'fr-BE', nl: 'nl-BE' }[language];
const euros = new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR' });

/** @param {number} value @param {string} unit */
export const amount = (value, unit) => (unit === 'cents' ? euros.format(value / 100) : t(`unit.${unit}`, { n: number(value) }));

/** What was typed, in whole units: cents of euros that may have a comma. null: no such amount. @param {string} typed @param {string} unit @returns {number | null} */
export function amountIn(typed, unit) {
  const text = typed.replace(/[\s\u00a0\u202f€]/g, '');
  if (unit !== 'cents') return /^[0-9]{1,9}$/.test(text) ? Number(text) : null;
  const parts = /^([0-9]{1,9})(?:[.,]([0-9]{1,2}))?$/.exec(text);
  return parts === null ? null : Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0'));
}
