// Each condition as the sentence that a citizen reads before signing. spec: conditions.md#sentences

import { dayOf, firstInstant, offset } from './days.js';

/** @typedef {'de' | 'en' | 'fr' | 'nl'} Language */

const WORDS = {
  en: {
    property: ['Only if {property} is {what}.', 'Only if {property} is before {instant}.', 'Only if {property} is not before {instant}.'],
    purpose: 'Only for the purpose {what}.',
    uses: 'At most {times} {per}.',
    quotes: ['“', '”'],
    of: { subject: 'of the acting party', action: 'of the action', resource: 'of what is asked for', context: 'of the circumstances' },
    values: ['false', 'true'], or: 'or', and: 'and', min: 'at least {n}', max: 'at most {n}', once: 'once', times: '{n} times',
    per: { all: 'in all', day: 'in a day', month: 'in a calendar month', quarter: 'in a calendar quarter', year: 'in a calendar year' },
    months: 'January February March April May June July August September October November December',
    day: '{d} {month} {y}', time: '{day} at {clock} (Belgian time, UTC+{h})',
  },
  fr: {
    property: ['Seulement si {property} est {what}.', 'Seulement si {property} est avant le {instant}.', 'Seulement si {property} n’est pas avant le {instant}.'],
    purpose: 'Seulement pour la finalité {what}.',
    uses: 'Au plus {times} {per}.',
    quotes: ['«\u00a0', '\u00a0»'],
    of: { subject: 'de la partie qui agit', action: 'de l’action', resource: 'de ce qui est demandé', context: 'des circonstances' },
    values: ['faux', 'vrai'], or: 'ou', and: 'et', min: 'au moins {n}', max: 'au plus {n}', once: 'une fois', times: '{n} fois',
    per: { all: 'en tout', day: 'par jour', month: 'par mois civil', quarter: 'par trimestre civil', year: 'par année civile' },
    months: 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre',
    day: '{d} {month} {y}', time: '{day} à {clock} (heure belge, UTC+{h})',
  },
  nl: {
    property: ['Alleen als {property} {what} is.', 'Alleen als {property} vóór {instant} valt.', 'Alleen als {property} niet vóór {instant} valt.'],
    purpose: 'Alleen voor het doel {what}.',
    uses: 'Ten hoogste {times} {per}.',
    quotes: ['“', '”'],
    of: { subject: 'van de handelende partij', action: 'van de handeling', resource: 'van wat wordt gevraagd', context: 'van de omstandigheden' },
    values: ['onwaar', 'waar'], or: 'of', and: 'en', min: 'ten minste {n}', max: 'ten hoogste {n}', once: 'één keer', times: '{n} keer',
    per: { all: 'in totaal', day: 'per dag', month: 'per kalendermaand', quarter: 'per kalenderkwartaal', year: 'per kalenderjaar' },
    months: 'januari februari maart april mei juni juli augustus september oktober november december',
    day: '{d} {month} {y}', time: '{day} om {clock} uur (Belgische tijd, UTC+{h})',
  },
  de: {
    property: ['Nur wenn {property} {what} ist.', 'Nur wenn {property} vor dem {instant} liegt.', 'Nur wenn {property} nicht vor dem {instant} liegt.'],
    purpose: 'Nur für den Zweck {what}.',
    uses: 'Höchstens {times} {per}.',
    quotes: ['„', '“'],
    of: { subject: 'der handelnden Partei', action: 'der Handlung', resource: 'des Angefragten', context: 'der Umstände' },
    values: ['falsch', 'wahr'], or: 'oder', and: 'und', min: 'mindestens {n}', max: 'höchstens {n}', once: 'einmal', times: '{n}-mal',
    per: { all: 'insgesamt', day: 'pro Tag', month: 'pro Kalendermonat', quarter: 'pro Kalenderquartal', year: 'pro Kalenderjahr' },
    months: 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember',
    day: '{d}. {month} {y}', time: '{day} um {clock} Uhr (belgische Zeit, UTC+{h})',
  },
};

/** @param {string} form @param {Record<string, string | number>} parts */
const fill = (form, parts) => form.replace(/\{(\w+)\}/g, (_, name) => String(parts[name]));

/** @param {string} text @param {Language} language */
function quoted(text, language) {
  const [open, close] = WORDS[language].quotes;
  return open + text.replace(/[\\"“”„«»]/g, '\\$&') + close;
}

/** @param {import('./conditions.js').Value} value @param {Language} language */
const shown = (value, language) =>
  typeof value === 'string' ? quoted(value, language) : typeof value === 'boolean' ? WORDS[language].values[Number(value)] : String(value);

/** @param {string[]} words @param {string} last the word before the last */
const joined = (words, last) => (words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} ${last} ${words[words.length - 1]}`);

/** @param {number} instant ms @param {Language} language */
function shownInstant(instant, language) {
  const words = WORDS[language];
  const day = dayOf(instant);
  const [y, m, d] = day.split('-').map(Number);
  const date = fill(words.day, { d: language === 'fr' && d === 1 ? '1er' : d, month: words.months.split(' ')[m - 1], y });
  if (instant === firstInstant(day)) return date;
  const ahead = offset(instant);
  const clock = new Date(instant + ahead).toISOString().slice(11, 23).replace(/:00\.000$|\.000$/, '');
  return fill(words.time, { day: date, clock, h: ahead / 3_600_000 });
}

/**
 * @param {import('./conditions.js').Condition} condition
 * @param {Language} language
 */
export function sentence(condition, language) {
  const words = WORDS[language];
  const codes = (/** @type {string[]} */ all) => joined(all.map((code) => quoted(code, language)), words.or);
  switch (condition.type) {
    case 'purpose': return fill(words.purpose, { what: codes(condition.purposes) });
    case 'uses': {
      const times = condition.times === 1 ? words.once : fill(words.times, { n: condition.times });
      return fill(words.uses, { times, per: words.per[condition.per ?? 'all'] });
    }
    default: {
      const property = `${quoted(condition.property, language)} ${words.of[condition.of]}`;
      const [is, before, after] = words.property;
      const instant = condition.instant === undefined ? '' : shownInstant(condition.instant, language);
      if (condition.type === 'before') return fill(before, { property, instant });
      if (condition.type === 'after') return fill(after, { property, instant });
      return fill(is, { property, what: what(condition, language) });
    }
  }
}

/** @param {import('./conditions.js').OnProperty} condition @param {Language} language */
function what({ value, values, min, max }, language) {
  const words = WORDS[language];
  if (value !== undefined) return shown(value, language);
  if (values !== undefined) return joined(values.map((one) => shown(one, language)), words.or);
  const bounds = [min !== undefined && fill(words.min, { n: min }), max !== undefined && fill(words.max, { n: max })];
  return joined(bounds.filter((bound) => bound !== false), words.and);
}
