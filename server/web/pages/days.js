// How long something is to last, in the days that records are written in.

import { dayOf, firstInstant, instantAfter } from '../verifier/days.js';

const DAY_MS = 24 * 3600 * 1000;

/** From today on, that last day included. @param {string} last */
export function lastingUntil(last) {
  const today = dayOf(Date.now());
  return { valid_from: today, not_before: firstInstant(today), valid_until: last, not_after: instantAfter(last) };
}

/** From today on, for so many days more. @param {number} days */
export function lasting(days) {
  // Noon of today: no change of the clocks moves it into another day.
  return lastingUntil(dayOf(firstInstant(dayOf(Date.now())) + DAY_MS / 2 + days * DAY_MS));
}
