// The bar under the header of every page as long as somebody acts for someone: for whom, in what, until when, and back to oneself. What is not
// done for the other is said to be done for oneself.

import { acting, stopActing } from './behalf.js';
import { el } from './parts.js';
import { day, language, t } from './words.js';

/** Whether what is done on this page is done for the other. */
const isForOther = () => location.pathname === '/for' || (location.pathname === '/give' && location.hash.endsWith('-for'));

export function showBar() {
  document.querySelector('.for-other')?.remove();
  const now = acting();
  if (now === null) return;
  const said = t(now.until === undefined ? 'acting.bar-open' : 'acting.bar', { who: now.who, what: now.what[language], until: now.until === undefined ? '' : day(now.until - 1) });
  document.querySelector('header')?.after(el('section', { class: 'for-other', 'aria-label': t('acting.title') }, el('div', { class: 'wrap actions' },
    el('p', {}, el('strong', {}, said), !isForOther() && ` ${t('acting.bar-self')}`),
    location.pathname !== '/for' && el('a', { href: `/for?lang=${language}` }, t('acting.title')),
    el('a', { class: 'button quiet', href: `/me?lang=${language}`, onclick: stopActing }, t('acting.back')))));
}

/** By a list that was proven as of now: who acts by what is not in force any more is back to themselves. @param {{id: string, stands: string}[]} rows */
export function stopUnless(rows) {
  const now = acting();
  if (now === null || rows.some(({ id, stands }) => id === now.mandate && stands === 'force')) return;
  stopActing();
  showBar();
}
