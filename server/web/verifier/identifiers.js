// Identifiers of parties, `scheme:value`, each in one spelling; and the forms that catalogues give to schemes. spec: encoding.md#identifiers

import { refuse } from './fault.js';
import { array, ascending, byText, integer, Members, mistyped, oneOf } from './members.js';

const OTHER_NAMES = new Set(['insz', 'ssin', 'bis', 'rrn', 'nrn', 'bce', 'cbe', 'ondernemingsnummer']);

/** @param {string} scheme whether it could be a scheme's name, but for the other names of two schemes */
const isScheme = (scheme) => /^[a-z][a-z0-9-]{0,31}$/.test(scheme) && scheme !== 'party';

/**
 * The one spelling.
 * @param {string} identifier
 */
export function normal(identifier) {
  const colon = identifier.indexOf(':');
  if (colon < 0) refuse('identifier_form');
  const scheme = identifier.slice(0, colon);
  const value = identifier.slice(colon + 1);
  if (!isScheme(scheme)) refuse('identifier_scheme');
  if (OTHER_NAMES.has(scheme)) refuse('identifier_scheme_name');
  if (scheme === 'niss') return `niss:${niss(value)}`;
  if (scheme === 'kbo') return `kbo:${kbo(value)}`;
  if (!/^[\x20-\x7e]{1,256}$/.test(value) || value.startsWith(' ') || value.endsWith(' ')) refuse('identifier_value');
  return identifier;
}

/** @param {string} value */
function niss(value) {
  const digits = value.replace(/[. -]/g, '');
  if (!/^[0-9]{11}$/.test(digits)) refuse('niss_length');
  const month = Number(digits.slice(2, 4));
  if (month > 52 || month % 20 > 12) refuse('niss_month');
  if (Number(digits.slice(4, 6)) > 31 && month % 20 !== 0) refuse('niss_day');
  const check = Number(digits.slice(9));
  const checks = [digits.slice(0, 9), `2${digits.slice(0, 9)}`].map((n) => 97 - (Number(n) % 97));
  return checks.includes(check) ? digits : refuse('niss_check');
}

/** @param {string} value */
function kbo(value) {
  const written = value.replace(/[. -]/g, '');
  const digits = written.length === 9 ? `0${written}` : written;
  if (!/^[0-9]{10}$/.test(digits)) refuse('kbo_length');
  if (digits[0] > '1') refuse('kbo_first_digit');
  return 97 - (Number(digits.slice(0, 8)) % 97) === Number(digits.slice(8)) ? digits : refuse('kbo_check');
}

/**
 * What the values of a scheme look like.
 * @typedef {{prefix?: 'country' | 'countries', characters: string[], min: number, max: number, check?: 'niss' | 'kbo' | 'mod97'}} ValueForm
 */

const CLASSES = new Map([['digits', /[0-9]/], ['lower', /[a-z]/], ['upper', /[A-Z]/]]);
const PREFIXES = { country: /^[A-Z]{2}/, countries: /^[A-Z]{2}\/[A-Z]{2}\// };

/** @param {unknown} value @param {string} where @returns {string} */
const character = (value, where) =>
  typeof value === 'string' && (CLASSES.has(value) || /^[!-\/:-@[-`{-~]$/.test(value)) ? value : mistyped(where);

/** @param {unknown} value @param {string} where @returns {ValueForm} */
export function readForm(value, where) {
  const members = new Members(value, where);
  const form = {
    prefix: members.optional('prefix', oneOf('country', 'countries')),
    characters: members.required('characters', ascending(array(character, 1, 35), byText)),
    min: members.required('min', integer(1, 256)),
    max: members.required('max', integer(1, 256)),
    check: members.optional('check', oneOf('niss', 'kbo', 'mod97')),
  };
  members.done();
  return form.min > form.max ? mistyped(`${where}/max`) : form;
}

/** A row of a catalogue's `schemes`. @param {unknown} value @param {string} where */
export function schemeName(value, where) {
  return typeof value === 'string' && isScheme(value) && !OTHER_NAMES.has(value) ? value : mistyped(where);
}

/** Refuses a value that is not of the form. @param {ValueForm} form @param {string} value */
export function checkForm(form, value) {
  const prefix = form.prefix === undefined ? '' : PREFIXES[form.prefix].exec(value)?.[0] ?? refuse('form_prefix');
  const rest = value.slice(prefix.length);
  const fits = (/** @type {string} */ sign) => form.characters.some((allowed) => CLASSES.get(allowed)?.test(sign) ?? allowed === sign);
  if (![...rest].every(fits)) refuse('form_characters');
  if (rest.length < form.min || rest.length > form.max) refuse('form_length');
  if (form.check !== undefined && !CHECKS[form.check](rest)) refuse('form_check');
}

/** Whether it is what the rule makes of it. @param {(value: string) => string} rule @returns {(value: string) => boolean} */
const inNormalForm = (rule) => (value) => {
  try {
    return rule(value) === value;
  } catch {
    return false;
  }
};

const CHECKS = {
  niss: inNormalForm(niss),
  kbo: inNormalForm(kbo),
  /** ISO/IEC 7064 MOD 97-10. @param {string} value */
  mod97: (value) => /^[0-9A-Z]+$/.test(value) && BigInt([...value].map((sign) => Number.parseInt(sign, 36)).join('')) % 97n === 1n,
};
