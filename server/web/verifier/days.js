// Days are those of Europe/Brussels; instants are ms UTC. The platform's time zone data say when the clocks change. spec: encoding.md#days

import { refuse } from './fault.js';

const HOUR_MS = 3_600_000;

/**
 * The first millisecond of a day.
 * @param {string} day YYYY-MM-DD
 */
export const firstInstant = (day) => midnight(startUtc(day));

/**
 * The first millisecond of the day after it.
 * @param {string} day YYYY-MM-DD
 */
export const instantAfter = (day) => midnight(startUtc(day) + 24 * HOUR_MS);

/**
 * The day that an instant lies in. After 9999 there is none: `day_after_9999`.
 * @param {number} instant
 */
export function dayOf(instant) {
  const local = new Date(instant + offset(instant));
  if (Number.isNaN(local.getTime()) || local.getUTCFullYear() > 9999) return refuse('day_after_9999');
  return local.toISOString().slice(0, 10);
}

/**
 * The day, month, quarter or year that an instant lies in, as a text that no other has.
 * @param {number} instant
 * @param {'day' | 'month' | 'quarter' | 'year'} per
 */
export function periodOf(instant, per) {
  const day = dayOf(instant);
  if (per === 'day') return day;
  if (per === 'month') return day.slice(0, 7);
  return per === 'year' ? day.slice(0, 4) : `${day.slice(0, 4)} ${Math.floor((Number(day.slice(5, 7)) - 1) / 3)}`;
}

/** Where the day starts in UTC, once it is one. @param {string} day */
function startUtc(day) {
  const parts = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(day);
  if (parts === null) return refuse('day_form');
  const [year, month, date] = parts.slice(1).map(Number);
  if (year < 1900) refuse('day_year');
  const start = new Date(Date.UTC(year, month - 1, date));
  if (start.getUTCMonth() !== month - 1 || start.getUTCDate() !== date) refuse('day_calendar');
  return start.getTime();
}

/** The instant at which clocks in Brussels first show this midnight. @param {number} utc the midnight, as if it were UTC */
function midnight(utc) {
  const guess = utc - offset(utc - HOUR_MS);
  return Math.max(0, utc - offset(guess));
}

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Brussels',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
});

/** How many ms the clocks in Brussels are ahead of UTC. @param {number} instant */
export function offset(instant) {
  // Dates of JavaScript end 273,000 years hence; a record's instants may lie beyond.
  if (Math.abs(instant) > 8.64e15) return HOUR_MS;
  const whole = Math.floor(instant / 1000) * 1000;
  const shown = Object.fromEntries(clock.formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second) - whole;
}
