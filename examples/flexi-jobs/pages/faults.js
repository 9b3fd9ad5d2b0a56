// What is wrong with a declaration, and where: at the top with a link to each place, and at the place.

import { said } from './answers.js';
import { byId, el } from './parts.js';
import { t } from './words.js';

/** @typedef {import('./answers.js').Fault} Fault */

/** Takes all of it away. */
export function clear() {
  byId('said').replaceChildren();
  for (const box of document.querySelectorAll('.error')) box.textContent = '';
  for (const field of document.querySelectorAll('.field.wrong')) field.classList.remove('wrong');
}

/** The field of a place, if it was typed here. @param {Fault} fault */
const fieldOf = ({ pointer = '' }) => document.getElementById(pointer.split('/').pop() ?? '') ?? null;

/** @param {Fault[]} faults @param {any} declaration @param {boolean} isTyped whether it stands in the form */
export function show(faults, declaration, isTyped) {
  clear();
  const place = (/** @type {Fault} */ fault) => {
    const field = isTyped ? fieldOf(fault) : null;
    const error = field === null ? null : document.getElementById(`${field.id}-error`);
    if (field === null || error === null) return el('li', {}, whereOf(fault, declaration), said(fault.title));
    error.textContent = said(fault.title);
    field.closest('.field')?.classList.add('wrong');
    return el('li', {}, el('a', { href: `#${field.id}` }, said(fault.title)));
  };
  byId('said').replaceChildren(el('div', { class: 'note bad' }, el('p', {}, el('strong', {}, t('fault.head', { n: faults.length }))), el('ul', {}, ...faults.map(place))));
  byId('said').focus();
}

/** "Line 3 (2026-10.tom), amount: ". @param {Fault} fault @param {any} declaration */
function whereOf({ pointer = '' }, declaration) {
  const [, lines, at, member] = pointer.split('/');
  if (lines !== 'lines' || at === undefined) return '';
  const id = declaration?.lines?.[at]?.id;
  return el('strong', {}, t('fault.at', { n: Number(at) + 1 }), typeof id === 'string' ? ` (${id})` : '', member === undefined ? '' : `, ${t(`member.${member}`)}`, ': ');
}
