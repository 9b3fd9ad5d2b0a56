// A seal in the words of its name: `seal.` + name, and `-what` for the sentence below.

import { el, seal } from './parts.js';
import { t } from './words.js';

/** @param {'off' | 'wait' | 'ok' | 'bad'} kind @param {string} name @param {Record<string, string>} [slots] @param {Node[]} [more] */
export const sealOf = (kind, name, slots = {}, more = []) => seal(kind, t(`seal.${name}`, slots), [el('p', {}, t(`seal.${name}-what`, slots)), ...more]);
