// Saying something about a row in one's own words, signed: what may be said differs, what becomes of it does not.

import { el } from './parts.js';
import { t } from './words.js';

const MOST_CHARACTERS = 1_000;

/**
 * What is closed until somebody opens it. `send` gets the form and what was written, and gives what stands here once it is proven that it was logged;
 * what fails leaves everything as it was.
 * @param {{id: string, summary: string, label: string, above: (Node | string)[], below?: (Node | string)[], does: string, class?: string, send: (form: any, words: string) => Promise<HTMLElement>}} what
 */
export function saying({ id, summary, label, above, below = [], does, class: kind = 'button quiet', send }) {
  const text = /** @type {HTMLTextAreaElement} */ (el('textarea', { id: `text-${id}`, rows: 3, maxlength: MOST_CHARACTERS }));
  const button = /** @type {HTMLButtonElement} */ (el('button', { class: kind }, does, el('span', { class: 'vh' }, label)));
  const details = el('details', { class: 'more' }, el('summary', {}, summary, el('span', { class: 'vh' }, label)),
    el('form', { class: 'stack', onsubmit: async (/** @type {any} */ event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      try {
        const note = await send(event.target, text.value.trim());
        details.replaceWith(note);
        note.focus();
      } catch {
        unsent(details);
      }
      button.disabled = false;
    } },
    ...above,
    el('p', { class: 'field' }, el('label', { for: text.id }, t('report.words'), ' ', el('span', { class: 'hint' }, t('report.words-hint'))), text),
    ...below,
    button));
  return details;
}

/** @param {Element} details */
function unsent(details) {
  details.querySelector('.note.bad')?.remove();
  const note = el('p', { class: 'note bad', role: 'alert', tabindex: '-1' }, el('strong', {}, t('failed.nothing')), ' ', t('report.unsent'));
  details.append(note);
  note.focus();
}
