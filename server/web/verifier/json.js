// JSON, read strictly: what two parsers could read in two ways is refused by name. spec: encoding.md#json

import { ofText, toText } from './bytes.js';
import { refuse } from './fault.js';

/**
 * Integers are numbers, objects have no prototype.
 * @typedef {{[name: string]: any}} JsonObject
 * @typedef {null | boolean | number | string | any[] | JsonObject} Json
 */

export const CANONICAL_LIMIT = 65_536;
const MOST_LEVELS = 16;

/** RFC 8785 form: an object of a record, a header. @param {Uint8Array} bytes @returns {JsonObject} */
export const readCanonical = (bytes) => /** @type {JsonObject} */ (read(bytes, { canonical: true, limit: CANONICAL_LIMIT, outermost: '{' }));

/** The same of an array: a disclosure. @param {Uint8Array} bytes @returns {Json[]} */
export const readCanonicalArray = (bytes) => /** @type {Json[]} */ (read(bytes, { canonical: true, limit: CANONICAL_LIMIT, outermost: '[' }));

/** Free order, spacing and escapes: requests, receipts. @param {Uint8Array} bytes @param {number} limit in bytes @returns {JsonObject} */
export const readStrict = (bytes, limit) => /** @type {JsonObject} */ (read(bytes, { limit, outermost: '{' }));

/**
 * An AuthZEN request as somebody else wrote it: a number that is not an integer of ours is read as NaN, which meets nothing.
 * @param {Uint8Array} bytes @param {number} limit in bytes @returns {JsonObject}
 */
export const readLoose = (bytes, limit) => /** @type {JsonObject} */ (read(bytes, { limit, outermost: '{', loose: true }));

/**
 * @typedef {{canonical?: boolean, loose?: boolean, limit: number, outermost: '{' | '['}} Form
 * @param {Uint8Array} bytes
 * @param {Form} form
 */
function read(bytes, form) {
  if (bytes.length > form.limit) refuse('json_too_large');
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) refuse('json_byte_order_mark');
  return new Reader(toText(bytes, 'json_not_utf8'), form).whole();
}

const SHORT = new Map([['"', '"'], ['\\', '\\'], ['/', '/'], ['b', '\b'], ['t', '\t'], ['n', '\n'], ['f', '\f'], ['r', '\r']]);

class Reader {
  /** @param {string} text @param {Form} form */
  constructor(text, form) {
    this.text = text;
    this.form = form;
    this.at = 0;
    this.level = 0;
  }

  whole() {
    this.space();
    if (this.text[this.at] !== this.form.outermost) refuse(this.form.outermost === '{' ? 'json_not_an_object' : 'json_not_an_array');
    const value = this.value();
    this.space();
    if (this.at < this.text.length) refuse('json_trailing_text');
    return value;
  }

  space() {
    const from = this.at;
    while (' \t\n\r'.includes(this.text[this.at] || 'x')) this.at++;
    if (this.form.canonical && this.at > from) refuse('json_spacing');
  }

  /** @param {string} sign */
  take(sign) {
    if (!this.text.startsWith(sign, this.at)) refuse('json_syntax');
    this.at += sign.length;
  }

  /** @returns {Json} */
  value() {
    switch (this.text[this.at]) {
      case '{': return this.nested(() => this.object());
      case '[': return this.nested(() => this.array());
      case '"': return this.string();
      case 't': return this.take('true'), true;
      case 'f': return this.take('false'), false;
      case 'n': return this.take('null'), null;
      default: return this.number();
    }
  }

  /** @template T @param {() => T} work @returns {T} */
  nested(work) {
    if (++this.level > MOST_LEVELS) refuse('json_too_deep');
    this.at++;
    this.space();
    const value = work();
    this.level--;
    return value;
  }

  object() {
    const object = /** @type {JsonObject} */ (Object.create(null));
    let before = null;
    if (this.ends('}')) return object;
    do {
      this.space();
      if (this.text[this.at] !== '"') refuse('json_syntax');
      const name = this.string();
      if (Object.hasOwn(object, name)) refuse('json_duplicate_member');
      // Strings are compared by their UTF-16 code units, as RFC 8785 asks.
      if (this.form.canonical && before !== null && name < before) refuse('json_member_order');
      before = name;
      this.space();
      this.take(':');
      this.space();
      object[name] = this.value();
      this.space();
    } while (this.another('}'));
    return object;
  }

  array() {
    const array = /** @type {Json[]} */ ([]);
    if (this.ends(']')) return array;
    do {
      this.space();
      array.push(this.value());
      this.space();
    } while (this.another(']'));
    return array;
  }

  /** @param {string} bracket */
  ends(bracket) {
    if (this.text[this.at] !== bracket) return false;
    this.at++;
    return true;
  }

  /** @param {string} bracket */
  another(bracket) {
    if (this.ends(bracket)) return false;
    this.take(',');
    return true;
  }

  string() {
    this.at++;
    let string = '';
    for (;;) {
      const from = this.at;
      while (this.at < this.text.length && this.text[this.at] !== '"' && this.text[this.at] !== '\\' && this.text[this.at] >= ' ') this.at++;
      string += this.text.slice(from, this.at);
      if (this.text[this.at] === '"') return this.at++, string;
      if (this.text[this.at] !== '\\') refuse('json_syntax');
      string += this.escape();
    }
  }

  /** What an escape stands for; a pair of `\u` escapes is one. */
  escape() {
    const from = this.at;
    const short = SHORT.get(this.text[from + 1]);
    let sign = short;
    if (sign !== undefined) {
      this.at += 2;
    } else {
      const unit = this.unit();
      sign = String.fromCharCode(unit);
      if (unit >= 0xdc00 && unit <= 0xdfff) refuse('json_lone_surrogate');
      if (unit >= 0xd800 && unit <= 0xdbff) {
        if (!this.text.startsWith('\\u', this.at)) refuse('json_lone_surrogate');
        const low = this.unit();
        if (low < 0xdc00 || low > 0xdfff) refuse('json_lone_surrogate');
        sign += String.fromCharCode(low);
      }
    }
    if (this.form.canonical && this.text.slice(from, this.at) !== escaped(sign)) refuse('json_escape');
    return sign;
  }

  unit() {
    const digits = /^\\u([0-9a-fA-F]{4})$/.exec(this.text.slice(this.at, this.at + 6));
    if (digits === null) return refuse('json_syntax');
    this.at += 6;
    return Number.parseInt(digits[1], 16);
  }

  number() {
    const form = /-?(?:0|[1-9][0-9]*)/y;
    form.lastIndex = this.at;
    const integer = form.exec(this.text)?.[0] ?? refuse('json_syntax');
    this.at += integer.length;
    if (/[0-9]/.test(this.text[this.at] ?? '')) refuse('json_syntax');
    const broken = /[.eE]/.test(this.text[this.at] ?? '') || integer === '-0';
    if (this.form.loose) return this.looseNumber(integer, broken);
    if (broken) refuse('json_not_an_integer');
    const value = Number(integer);
    // What is beyond rounds to 2^53 or more.
    return Number.isSafeInteger(value) ? value : refuse('json_integer_range');
  }

  /** @param {string} integer @param {boolean} broken */
  looseNumber(integer, broken) {
    const rest = /(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    rest.lastIndex = this.at;
    this.at += rest.exec(this.text)?.[0].length ?? 0;
    return !broken && Number.isSafeInteger(Number(integer)) ? Number(integer) : Number.NaN;
  }
}

/** One sign as RFC 8785 writes it in a string. @param {string} sign */
function escaped(sign) {
  const written = JSON.stringify(sign);
  return written.slice(1, -1);
}

/** The RFC 8785 form. @param {Json} value @returns {string} */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

/** @param {Json} value */
export const canonicalBytes = (value) => ofText(canonical(value));
