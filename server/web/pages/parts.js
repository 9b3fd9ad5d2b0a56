// The parts that pages are built of. Text goes in as text: nothing of a register's answer is ever read as markup.

import { t } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {string | Node | null | undefined | false} Child */

/**
 * An element: `el('p', {class: 'note'}, 'text', el('a', …))`. A member `on…` is a listener; true is an attribute without a value.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in a drawing. @param {string} tag @param {Record<string, any>} [attributes] @param {...(Child | Child[])} children */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** @template {Element} E @param {E} element @param {Record<string, any>} attributes @param {(Child | Child[])[]} children */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A symbol of the page's sprite. @param {string} id */
export const icon = (id) => drawn('svg', { 'aria-hidden': 'true' }, drawn('use', { href: `#${id}` }));

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

const STATES = { ok: 'i-ok', wait: 'i-wait', bad: 'i-no', doubt: 'i-alert', veil: 'i-law', off: 'i-end' };

/** Shape, word and colour. @param {keyof typeof STATES} kind @param {string} word */
export const state = (kind, word) => el('span', { class: `state ${kind === 'doubt' ? 'bad' : kind}` }, icon(STATES[kind]), word);

/**
 * A seal or verdict.
 * @param {'ok' | 'wait' | 'bad' | 'off'} kind
 * @param {Child[]} heading @param {(Child | Child[])[]} body
 * @param {{big?: boolean, symbol?: string}} [how]
 */
export function seal(kind, heading, body, { big = false, symbol = kind === 'off' ? 'seal-wait' : `seal-${kind}` } = {}) {
  return el('div', { class: `seal ${kind}${big ? ' big' : ''}` }, icon(symbol), el('div', {}, el(big ? 'h2' : 'strong', {}, heading), ...body));
}

/** @param {string} term @param {...Child} what */
export const fact = (term, ...what) => el('div', {}, el('dt', {}, term), ' ', el('dd', {}, ...what));

/** @param {number} ms @param {string} text */
export const time = (ms, text) => el('time', { datetime: new Date(ms).toISOString() }, text);

/** Offers bytes as a file. @param {string} name @param {string | Uint8Array} content @param {string} type */
export function save(name, content, type) {
  const address = URL.createObjectURL(new Blob([/** @type {any} */ (content)], { type }));
  const link = /** @type {HTMLAnchorElement} */ (el('a', { href: address, download: name }));
  link.click();
  // The click has taken it; a little later nobody needs it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A sentence with one part in bold. @param {string} name @param {string} what @param {Record<string, string>} [slots] */
export function sentence(name, what, slots = {}) {
  const [before, after] = t(name, { ...slots, what: '\u0000' }).split('\u0000');
  return [before, el('strong', {}, what), after ?? ''];
}
