// Pictures of the log: its growth since it began and its rate in the last day, as the register tells them, each with its sentence and its table.
// spec: http.md#growth

import { drawn, el } from './parts.js';
import { clock, day, number, t } from './words.js';

/** @typedef {{time: number, size: number}} Sample */
/** @typedef {{points: Sample[], hours: Sample[]}} Series */

const [LEFT, RIGHT, TOP, BOTTOM] = [64, 612, 22, 226];

/** The round number at or above. @param {number} value */
function ceiling(value) {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * unit).find((one) => one >= value) ?? 10 * unit;
}

/** @param {number} low @param {number} high */
function upright(low, high) {
  return (/** @type {number} */ value) => BOTTOM - ((value - low) / (high - low || 1)) * (BOTTOM - TOP);
}

/** @param {string} id @param {string} title @param {string} sentence @param {number} low @param {number} high @param {[number, number]} times @param {Element[]} shapes */
function chart(id, title, sentence, low, high, times, shapes) {
  const y = upright(low, high);
  const lines = [low, (low + high) / 2, high].flatMap((value) => [
    drawn('path', { class: 'grid', d: `M${LEFT} ${y(value)}H${RIGHT}` }),
    drawn('text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, shown(value)),
  ]);
  const [first, last] = times;
  return drawn('svg', { class: 'chart', viewBox: '0 0 640 260', role: 'img', 'aria-labelledby': `${id}-t ${id}-d` },
    drawn('title', { id: `${id}-t` }, title), drawn('desc', { id: `${id}-d` }, sentence),
    ...lines, ...shapes,
    drawn('text', { x: LEFT, y: 252 }, when(first)), drawn('text', { x: RIGHT, y: 252, 'text-anchor': 'end' }, when(last)));
}

/** @param {Sample[]} points */
export function growth(points) {
  const [first, last] = [points[0], points[points.length - 1]];
  const span = last.time - first.time || 1;
  const high = ceiling(last.size);
  const y = upright(0, high);
  const line = points.map(({ time, size }) => `${LEFT + ((time - first.time) / span) * (RIGHT - LEFT)},${y(size)}`);
  const sentence = t('log.growth-says', { since: at(first.time), to: number(last.size) });
  const shapes = [
    drawn('polygon', { class: 'fill', points: [`${LEFT},${BOTTOM}`, ...line, `${RIGHT},${BOTTOM}`].join(' ') }),
    drawn('polyline', { class: 'line', points: line.join(' ') }),
  ];
  return [
    el('figcaption', {}, t('log.growth-caption')),
    chart('g', t('log.growth'), sentence, 0, high, [first.time, last.time], shapes),
    el('p', { class: 'small' }, sentence, ' ', t('log.growth-word')),
    table([t('log.entries')], points.map(({ time, size }) => [time, number(size)])),
  ];
}

/** @param {Sample[]} hours */
export function rate(hours) {
  const steps = rates(hours);
  const most = Math.max(...steps.map(({ perSecond }) => perSecond));
  const high = ceiling(most);
  const y = upright(0, high);
  const width = (RIGHT - LEFT) / steps.length;
  const bars = steps.map(({ perSecond }, i) => drawn('rect', {
    class: perSecond === most && most > 0 ? 'peak' : 'bar', x: LEFT + i * width + 2, width: Math.max(1, width - 4), y: y(perSecond), height: BOTTOM - y(perSecond),
  }));
  const last = steps[steps.length - 1];
  const sentence = t('log.rate-says', { now: shown(last.perSecond), most: shown(most) });
  return [
    el('figcaption', {}, t('log.rate-caption')),
    chart('r', t('log.rate'), sentence, 0, high, [hours[0].time, last.time], bars),
    el('p', { class: 'small' }, sentence, ' ', t('log.growth-word')),
    table([t('log.in-hour'), t('log.by-second')], steps.map(({ time, entries, perSecond }) => [time, number(entries), shown(perSecond)])),
  ];
}

/** Two digits that count: a small register has few entries in an hour. @param {number} value */
const shown = (value) => number(value >= 10 ? Math.round(value) : Number(value.toPrecision(2)));

/** @param {number} time */
const at = (time) => `${day(time)}, ${clock(time)}`;
/** Under an axis: the day, or the time if it is of today. @param {number} time */
const when = (time) => (Date.now() - time < 24.5 * 3600 * 1000 ? clock(time) : day(time));

/** Entries from each time to the next, and how many a second. @param {Sample[]} samples */
export const rates = (samples) => samples.slice(1).map(({ time, size }, i) => {
  const entries = size - samples[i].size;
  return { time, entries, perSecond: entries / Math.max(0.001, (time - samples[i].time) / 1000) };
});

/** @param {string[]} headings @param {[number, ...string[]][]} rows */
function table(headings, rows) {
  return el('details', { class: 'more' }, el('summary', {}, t('log.table')),
    el('table', {},
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, t('log.at')), ...headings.map((heading) => el('th', { scope: 'col', class: 'num' }, heading)))),
      el('tbody', {}, ...rows.map(([time, ...values]) => el('tr', {}, el('th', { scope: 'row' }, at(time)), ...values.map((value) => el('td', { class: 'num' }, value)))))));
}
