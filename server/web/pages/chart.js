// Pictures of the log: lines and bars from what this browser saw itself, each with its sentence and its table.

import { drawn, el } from './parts.js';
import { clock, day, number, t } from './words.js';

/** @typedef {{time: number, size: number}} Sample */

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
    drawn('text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, number(Math.round(value * 100) / 100)),
  ]);
  const [first, last] = times;
  return drawn('svg', { class: 'chart', viewBox: '0 0 640 260', role: 'img', 'aria-labelledby': `${id}-t ${id}-d` },
    drawn('title', { id: `${id}-t` }, title), drawn('desc', { id: `${id}-d` }, sentence),
    ...lines, ...shapes,
    drawn('text', { x: LEFT, y: 252 }, clock(first)), drawn('text', { x: RIGHT, y: 252, 'text-anchor': 'end' }, clock(last)));
}

/** @param {Sample[]} samples */
export function growth(samples) {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  const span = last.time - first.time || 1;
  const low = first.size === last.size ? first.size - 1 : first.size;
  const high = low + ceiling(last.size - low);
  const y = upright(low, high);
  const points = samples.map(({ time, size }) => `${LEFT + ((time - first.time) / span) * (RIGHT - LEFT)},${y(size)}`);
  const sentence = t('log.growth-says', { from: number(first.size), since: `${day(first.time)}, ${clock(first.time)}`, to: number(last.size) });
  const line = points.length === 1 ? [`${LEFT},${y(last.size)}`, `${RIGHT},${y(last.size)}`] : points;
  const shapes = [
    drawn('polygon', { class: 'fill', points: [`${LEFT},${BOTTOM}`, ...line, `${RIGHT},${BOTTOM}`].join(' ') }),
    drawn('polyline', { class: 'line', points: line.join(' ') }),
  ];
  return [
    el('figcaption', {}, t('log.growth-caption')),
    chart('g', t('log.growth'), sentence, low, high, [first.time, last.time], shapes),
    el('p', { class: 'small' }, sentence),
    table(t('log.entries'), samples.slice(-12).map(({ time, size }) => [time, number(size)])),
  ];
}

/** @param {Sample[]} samples */
export function rate(samples) {
  const steps = rates(samples).slice(-24);
  if (steps.length === 0) return [el('p', {}, t('log.rate-none'))];
  const most = Math.max(...steps.map(({ perSecond }) => perSecond));
  const high = ceiling(Math.max(most, 0.1));
  const y = upright(0, high);
  const width = (RIGHT - LEFT) / steps.length;
  const bars = steps.map(({ perSecond }, i) => drawn('rect', {
    class: perSecond === most && most > 0 ? 'peak' : 'bar', x: LEFT + i * width + 2, width: Math.max(1, width - 4), y: y(perSecond), height: BOTTOM - y(perSecond),
  }));
  const now = steps[steps.length - 1];
  const sentence = t('log.rate-says', { now: shown(now.perSecond), most: shown(most) });
  return [
    el('figcaption', {}, t('log.rate-caption')),
    chart('r', t('log.rate'), sentence, 0, high, [steps[0].time, now.time], bars),
    el('p', { class: 'small' }, sentence),
    table(t('log.per-second'), steps.slice(-12).map(({ time, perSecond }) => [time, shown(perSecond)])),
  ];
}

/** @param {number} perSecond */
const shown = (perSecond) => number(Math.round(perSecond * 100) / 100);

/** Entries a second from each look to the next. @param {Sample[]} samples */
export const rates = (samples) => samples.slice(1).map(({ time, size }, i) => ({ time, perSecond: (size - samples[i].size) / Math.max(0.001, (time - samples[i].time) / 1000) }));

/** @param {string} heading @param {[number, string][]} rows */
function table(heading, rows) {
  return el('details', { class: 'more' }, el('summary', {}, t('log.table')),
    el('table', {},
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, t('log.at')), el('th', { scope: 'col', class: 'num' }, heading))),
      el('tbody', {}, ...rows.map(([time, value]) => el('tr', {}, el('th', { scope: 'row' }, clock(time, { withSeconds: true })), el('td', { class: 'num' }, value))))));
}
