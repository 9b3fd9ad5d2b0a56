// The words of a language, and how its dates and times are written: of the page's, or of whoever is spoken to.

/** @typedef {'de' | 'en' | 'fr' | 'nl'} Language */

/** @type {Language} */
export const language = /** @type {any} */ (document.documentElement.lang);

const zone = { timeZone: 'Europe/Brussels' };
const clocks = new Intl.DateTimeFormat('en-GB', { ...zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const seconds = new Intl.DateTimeFormat('en-GB', { ...zone, hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** @param {Language} language */
export async function tongue(language) {
  /** @type {Record<string, string>} */
  const words = await (await fetch(`/web/pages/words/${language}.${document.documentElement.dataset.words}.json`)).json();
  const locale = language === 'en' ? 'en-GB' : language;
  const days = new Intl.DateTimeFormat(locale, { ...zone, day: 'numeric', month: 'long', year: 'numeric' });

  /** The words of that name, `{slots}` filled. @param {string} name @param {Record<string, string | number>} [slots] */
  function t(name, slots = {}) {
    const text = words[name];
    if (text === undefined) throw new Error(`no words are called ${name}`);
    return text.replace(/\{(\w+)\}/g, (_, slot) => String(slots[slot]));
  }

  /** Whether there are words of that name. @param {string} name */
  const has = (name) => words[name] !== undefined;

  /** 26 November 2026. @param {number} ms */
  const day = (ms) => days.format(ms);

  /** 14:32, as the language writes it. @param {number} ms @param {{withSeconds?: boolean}} [how] */
  function clock(ms, { withSeconds = false } = {}) {
    const text = (withSeconds ? seconds : clocks).format(ms);
    if (language === 'fr') return text.replace(':', '\u00a0h\u00a0').replace(':', '\u00a0min\u00a0');
    if (language === 'nl') return `${text.replaceAll(':', '.')}\u00a0uur`;
    return language === 'de' ? `${text}\u00a0Uhr` : text;
  }

  /** @param {number} ms */
  const moment = (ms) => t('moment', { day: day(ms), clock: clock(ms) });

  /** "today at 14:32", or with its day. @param {number} ms */
  const lately = (ms) => (day(ms) === day(Date.now()) ? t('today', { clock: clock(ms) }) : moment(ms));

  /** 4,182,377 as the language groups it. @param {number | bigint} value */
  const number = (value) => new Intl.NumberFormat(locale).format(value);

  /** A, B and C. @param {string[]} all */
  const list = (all) => new Intl.ListFormat(language, { type: 'conjunction' }).format(all);

  return { language, t, has, day, clock, moment, lately, number, list };
}

export const { t, has, day, clock, moment, lately, number, list } = await tongue(language);
