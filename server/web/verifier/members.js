// Reading objects: the members stated, each of its form, and no others. spec: encoding.md#members

import { compare, ofB64url, ofB64urlExactly, ofText } from './bytes.js';
import { firstInstant } from './days.js';
import { Fault, refuse } from './fault.js';

/**
 * Reads a value, or refuses it by `member_mistyped`.
 * @template T
 * @typedef {(value: unknown, where: string) => T} Form<T>
 */

/** @param {string} where @returns {never} */
export const mistyped = (where) => refuse('member_mistyped', where);

export class Members {
  /** @param {unknown} value @param {string} [where] */
  constructor(value, where = '') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) mistyped(where);
    this.object = /** @type {Record<string, unknown>} */ (value);
    this.where = where;
    this.known = new Set();
  }

  /** @param {string} name */
  has(name) {
    return Object.hasOwn(this.object, name);
  }

  /** @template T @param {string} name @param {Form<T>} form @returns {T} */
  required(name, form) {
    if (!this.has(name)) refuse('member_missing', `${this.where}/${name}`);
    return /** @type {T} */ (this.optional(name, form));
  }

  /** @template T @param {string} name @param {Form<T>} form @returns {T | undefined} */
  optional(name, form) {
    this.known.add(name);
    return this.has(name) ? form(this.object[name], `${this.where}/${name}`) : undefined;
  }

  /** All have been named: any other is unknown. */
  done() {
    for (const name of Object.keys(this.object)) if (!this.known.has(name)) refuse('member_unknown', `${this.where}/${name}`);
  }
}

/** Without those that are undefined. @template {object} T @param {T} object @returns {T} */
export const present = (object) => /** @type {T} */ (Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)));

/** @type {Form<string>} */
export const string = (value, where) => (typeof value === 'string' ? value : mistyped(where));

/** @type {Form<boolean>} */
export const boolean = (value, where) => (typeof value === 'boolean' ? value : mistyped(where));

/** @type {Form<true>} */
export const onlyTrue = (value, where) => (value === true ? value : mistyped(where));

/** @param {number} [least] @param {number} [most] @returns {Form<number>} */
export const integer = (least = 0, most = Number.MAX_SAFE_INTEGER) => (value, where) =>
  Number.isSafeInteger(value) && /** @type {number} */ (value) >= least && /** @type {number} */ (value) <= most ? /** @type {number} */ (value) : mistyped(where);

/** ms UTC. */
export const instant = integer();

/** @template {string} T @param {...T} words @returns {Form<T>} */
export const oneOf = (...words) => (value, where) => (words.includes(/** @type {T} */ (value)) ? /** @type {T} */ (value) : mistyped(where));

/** So many bytes in base64url; the text. @param {number} length @returns {Form<string>} */
export const bytes = (length) => (value, where) => (ofB64urlExactly(value, length) === null ? mistyped(where) : /** @type {string} */ (value));

/** @type {Form<string>} */
export const id = bytes(32);

/** @type {Form<string>} */
export const code = (value, where) => (typeof value === 'string' && /^[a-z][a-z0-9._-]{0,63}$/.test(value) ? value : mistyped(where));

/** For people. @param {number} most Unicode scalar values @returns {Form<string>} */
export const text = (most) => (value, where) => {
  if (typeof value !== 'string' || value === '' || /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(value)) return mistyped(where);
  return [...value].length <= most ? value : mistyped(where);
};

/** YYYY-MM-DD @type {Form<string>} */
export const day = (value, where) => {
  try {
    firstInstant(string(value, where));
    return /** @type {string} */ (value);
  } catch (error) {
    if (error instanceof Fault) return mistyped(where);
    throw error;
  }
};

/** @template T @param {Form<T>} form @param {number} least @param {number} most @returns {Form<T[]>} */
export const array = (form, least, most) => (value, where) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) return mistyped(where);
  return value.map((item, i) => form(item, `${where}/${i}`));
};

/** The same without doubles, by what tells one from another. @template T @param {Form<T[]>} form @param {(item: T) => string} [name] @returns {Form<T[]>} */
export const distinct = (form, name = String) => (value, where) => {
  const items = form(value, where);
  return new Set(items.map(name)).size === items.length ? items : mistyped(where);
};

/** Ascending without doubles. @template T @param {Form<T[]>} form @param {(a: T, b: T) => number} order @returns {Form<T[]>} */
export const ascending = (form, order) => (value, where) => {
  const items = form(value, where);
  return items.every((item, i) => i === 0 || order(items[i - 1], item) < 0) ? items : mistyped(where);
};

/** As ids are ordered: by their bytes. @param {string} a @param {string} b */
export const byId = (a, b) => compare(/** @type {Uint8Array} */ (ofB64url(a)), /** @type {Uint8Array} */ (ofB64url(b)));

/** As texts are ordered: by their bytes in UTF-8. @param {string} a @param {string} b */
export const byText = (a, b) => compare(ofText(a), ofText(b));

/** @param {number} least @param {number} most */
export const ids = (least, most) => ascending(array(id, least, most), byId);

/** @param {number} least @param {number} most */
export const codes = (least, most) => ascending(array(code, least, most), byText);
