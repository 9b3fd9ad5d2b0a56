// The year in a picture: what there was up to each month, against the ceiling and where a warning comes. The sentence and the table say the same.

import { amount } from './amounts.js';
import { drawn, el } from './parts.js';
import { language, list, t } from './words.js';

const [LEFT, RIGHT, TOP, BOTTOM] = [8, 632, 30, 200];
const MONTHS = Array.from({ length: 12 }, (_, month) => month);
const names = (/** @type {'narrow' | 'long'} */ form) => new Intl.DateTimeFormat(language, { month: form, timeZone: 'UTC' });
/** @param {number} month @param {'narrow' | 'long'} form */
const nameOf = (month, form) => names(form).format(Date.UTC(2024, month, 15));

/** @param {any} year as the service tells it @param {number[]} warnAt in hundredths of the ceiling @param {string} title */
export function chart({ counter, unit, total, ceiling, lines, year }, warnAt, title) {
  const ofMonth = MONTHS.map((month) => lines.filter((/** @type {any} */ { to }) => Number(to.slice(5, 7)) === month + 1).reduce((/** @type {number} */ sum, /** @type {any} */ line) => sum + line.amount, 0));
  const upTo = ofMonth.map((_, month) => ofMonth.slice(0, month + 1).reduce((sum, one) => sum + one, 0));
  const last = ofMonth.findLastIndex((one) => one > 0);
  const top = Math.max(total, ceiling ?? 0, 1) * 1.08;
  const y = (/** @type {number} */ value) => BOTTOM - (value / top) * (BOTTOM - TOP);
  const width = (RIGHT - LEFT) / 12;
  const x = (/** @type {number} */ month) => LEFT + month * width;
  const bars = MONTHS.filter((month) => month <= last).map((month) => drawn('rect', { class: ceiling !== null && upTo[month] > ceiling ? 'peak' : 'bar', x: x(month) + 5, width: width - 10, y: y(upTo[month]), height: BOTTOM - y(upTo[month]) }));
  const marks = ceiling === null ? [] : [
    ...warnAt.map((percent) => drawn('path', { class: 'grid', 'stroke-dasharray': '4 5', d: `M${LEFT} ${y((ceiling * percent) / 100)}H${RIGHT}` })),
    drawn('path', { class: 'line', d: `M${LEFT} ${y(ceiling)}H${RIGHT}` }),
    drawn('text', { x: LEFT, y: y(ceiling) - 8 }, t('chart.ceiling', { amount: amount(ceiling, unit) })),
  ];
  const sentence = t(ceiling === null ? 'chart.says-open' : 'chart.says', { year, total: amount(total, unit), ceiling: ceiling === null ? '' : amount(ceiling, unit), percent: ceiling === null ? 0 : Math.floor((total * 100) / ceiling) });
  const warned = ceiling === null || warnAt.length === 0 ? '' : ` ${t('chart.warned', { percents: list(warnAt.map((one) => `${one}\u202f%`)) })}`;
  const id = `chart-${counter}`;
  return el('figure', { class: 'stack' },
    drawn('svg', { class: 'chart', viewBox: '0 0 640 240', role: 'img', 'aria-labelledby': `${id}-t ${id}-d` },
      drawn('title', { id: `${id}-t` }, title), drawn('desc', { id: `${id}-d` }, sentence),
      drawn('path', { class: 'grid', d: `M${LEFT} ${BOTTOM}H${RIGHT}` }), ...bars, ...marks,
      ...MONTHS.map((month) => drawn('text', { x: x(month) + width / 2, y: 228, 'text-anchor': 'middle' }, nameOf(month, 'narrow')))),
    el('figcaption', { class: 'small' }, sentence, warned),
    el('details', { class: 'more' }, el('summary', {}, t('chart.table')),
      el('table', {},
        el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, t('chart.month')), el('th', { scope: 'col', class: 'num' }, t('chart.amount')), el('th', { scope: 'col', class: 'num' }, t('chart.up-to')))),
        el('tbody', {}, ...MONTHS.filter((month) => month <= last).map((month) => el('tr', {}, el('th', { scope: 'row' }, nameOf(month, 'long')), el('td', { class: 'num' }, amount(ofMonth[month], unit)), el('td', { class: 'num' }, amount(upTo[month], unit))))))));
}
