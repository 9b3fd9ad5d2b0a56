// Days as this service writes them, in words.

import { day, t } from './words.js';

/** @param {string} iso */
export const dayOf = (iso) => day(Date.parse(`${iso}T12:00Z`));

/** From when to when. @param {{from: string, until: string | null}} period `until` null: no end is known */
export const periodOf = ({ from, until }) => (until === null ? t('period.open', { from: dayOf(from) }) : t('period.closed', { from: dayOf(from), until: dayOf(until) }));
