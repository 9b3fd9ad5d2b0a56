// The seal of my list where it could not be proven as of now: why, and as of when what is shown was.

import { el, save } from './parts.js';
import { sealOf } from './seals.js';
import { Refusal } from './session.js';
import { Untrue } from './untrue.js';
import { lately, t } from './words.js';

/** Whether asking again later may help. @param {unknown} error */
export const isForNow = (error) => error instanceof Refusal && error.isForNow && error.name !== 'too_long';

/** @param {unknown} error @param {import('./mylist.js').Mine | null} last what was checked last @param {() => void} again @param {string} [locked] why a key may not count */
export function sealWithout(error, last, again, locked = 'locked') {
  const retry = el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => again() }, t('seal.again')));
  if (error instanceof Untrue) {
    const evidence = el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-evidence.json', error.evidence, 'application/json') }, t('seal.evidence'));
    return sealOf('bad', 'bad', {}, [el('p', {}, evidence), retry, el('details', { class: 'more' }, el('summary', {}, t('tech.details')), el('p', {}, el('code', {}, error.code)))]);
  }
  if (!(error instanceof Refusal)) return sealOf('off', 'platform');
  if (error.name === 'too_long') return sealOf('off', 'long');
  if (error.status === 401) return sealOf('off', locked, {}, [retry]);
  return last === null ? sealOf('off', 'unreached', {}, [retry]) : sealOf('wait', 'stale', { at: lately(last.checkedAt) }, [retry]);
}
