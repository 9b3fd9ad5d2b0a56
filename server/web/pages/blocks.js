// Whom I have blocked: what they ask does not wait for me until I let them ask again. spec: kinds.md#asking

import { byId, el, state, time } from './parts.js';
import { done } from './rows.js';
import { day, t } from './words.js';

/** @typedef {import('./mylist.js').Row} Row */

/** @param {import('./mylist.js').Mine} mine @param {import('./rows.js').Desk} desk */
export function showBlocks({ blocks }, desk) {
  byId('blocked').hidden = blocks.length === 0;
  byId('block-list').replaceChildren(...blocks.map((block) => blockOf(block, desk)));
}

/** Ending as the mock has it: one press shows what follows, one does it. @param {Row} block @param {import('./rows.js').Desk} desk */
function blockOf(block, desk) {
  const who = desk.nameOf(block.payload.blocked).name;
  const label = el('span', { class: 'vh' }, `: ${who}`);
  const button = el('button', { class: 'button stop' }, t('blocked.now'), label.cloneNode(true));
  const details = el('details', { class: 'end' },
    el('summary', { class: 'button stop' }, el('span', { class: 'shut' }, t('blocked.this')), el('span', { class: 'open' }, t('end.keep')), label),
    el('form', { onsubmit: (/** @type {Event} */ event) => done(event, button, () => desk.act(block, 'revocation', details)) }, el('p', {}, t('blocked.what', { who })), button));
  return el('li', { class: 'row', 'data-id': block.id },
    el('p', { class: 'mark' }, state('off', t('state.blocked'))),
    el('div', { class: 'say' }, el('h3', {}, who), el('p', { class: 'small' }, t('fact.since'), ' ', time(block.since, day(block.since)))),
    details);
}
