// What a grant may depend on beyond its scopes and days: closed, typed data. spec: conditions.md

import { periodOf } from './days.js';
import { Fault } from './fault.js';
import { canonical } from './json.js';
import { array, ascending, boolean, byText, code, codes, distinct, integer, Members, mistyped, oneOf, text } from './members.js';

/**
 * @typedef {string | number | boolean} Value
 * @typedef {'subject' | 'action' | 'resource' | 'context'} Part
 * @typedef {'day' | 'month' | 'quarter' | 'year'} Period
 * @typedef {object} OnProperty
 * @property {'equals' | 'one_of' | 'range' | 'before' | 'after'} type
 * @property {Part} of
 * @property {string} property
 * @property {Value} [value] of `equals`
 * @property {Value[]} [values] of `one_of`
 * @property {number} [min] of `range`
 * @property {number} [max] of `range`
 * @property {number} [instant] of `before`, `after`: ms
 * @typedef {{type: 'purpose', purposes: string[]}} OnPurpose
 * @typedef {{type: 'uses', times: number, per?: Period}} OnUses
 * @typedef {OnProperty | OnPurpose | OnUses} Condition
 * @typedef {Record<Part, Record<string, Value>>} Properties
 */

/** @type {Part[]} */
export const PARTS = ['subject', 'action', 'resource', 'context'];
/** From the shortest on. @type {Period[]} */
const PERIODS = ['day', 'month', 'quarter', 'year'];
const MOST_CONDITIONS = 16;
const MOST_VALUES = 64;
const MOST_PROPERTIES = 64;
const MOST_CHARACTERS = 255;
const END_OF_DAYS = 253402297200000; // the first instant after 9999-12-31 in Brussels
export const NO_PROPERTIES_OF_CONTEXT = ['emergency', 'on_behalf_of', 'together_with'];

/** @type {import('./members.js').Form<Value>} */
const value = (read, where) => {
  if (typeof read === 'string') return text(MOST_CHARACTERS)(read, where);
  return typeof read === 'boolean' ? boolean(read, where) : integer(Number.MIN_SAFE_INTEGER)(read, where);
};

/** @param {Value} a @param {Value} b */
const byValue = (a, b) => (typeof a === 'string' && typeof b === 'string' ? byText(a, b) : Number(a) - Number(b));

/** @type {import('./members.js').Form<Value[]>} */
const values = (read, where) => {
  const all = array(value, 1, MOST_VALUES)(read, where);
  return all.every((one) => typeof one === typeof all[0]) ? ascending((same) => /** @type {Value[]} */ (same), byValue)(all, where) : mistyped(where);
};

/** What each type has besides `type`. @type {Record<Condition['type'], (members: Members) => object>} */
const TYPES = {
  equals: (members) => ({ ...onProperty(members), value: members.required('value', value) }),
  one_of: (members) => ({ ...onProperty(members), values: members.required('values', values) }),
  range: (members) => ({ ...onProperty(members), ...bounds(members) }),
  before: (members) => ({ ...onProperty(members), instant: members.required('instant', integer(0, END_OF_DAYS - 1)) }),
  after: (members) => ({ ...onProperty(members), instant: members.required('instant', integer(0, END_OF_DAYS - 1)) }),
  purpose: (members) => ({ purposes: members.required('purposes', codes(1, MOST_VALUES)) }),
  uses: (members) => {
    const times = members.required('times', integer(1, 1000));
    const per = members.optional('per', oneOf(...PERIODS));
    return per === undefined ? { times } : { times, per };
  },
};

/** @param {Members} members */
function onProperty(members) {
  const of = members.required('of', oneOf(...PARTS));
  const property = members.required('property', code);
  return of === 'context' && NO_PROPERTIES_OF_CONTEXT.includes(property) ? mistyped(`${members.where}/property`) : { of, property };
}

/** @param {Members} members */
function bounds(members) {
  const bound = integer(Number.MIN_SAFE_INTEGER);
  const [min, max] = [members.optional('min', bound), members.optional('max', bound)];
  if ((min === undefined && max === undefined) || (min !== undefined && max !== undefined && min > max)) mistyped(`${members.where}/max`);
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** @param {unknown} read @param {string} where @returns {Condition} */
function condition(read, where) {
  const members = new Members(read, where);
  const type = /** @type {Condition['type']} */ (members.required('type', oneOf(...Object.keys(TYPES))));
  const whole = /** @type {Condition} */ ({ type, ...TYPES[type](members) });
  members.done();
  return whole;
}

/** A grant's member `conditions`. @param {unknown} read @param {string} where @returns {Condition[]} */
export function conditions(read, where) {
  const all = distinct(array(condition, 1, MOST_CONDITIONS), (one) => canonical(/** @type {any} */ (one)))(read, where);
  return all.filter(({ type }) => type === 'uses').length > 1 ? mistyped(where) : all;
}

/**
 * The properties of an AuthZEN request. What can be none is passed over.
 * @param {Record<string, any>} request
 * @returns {Properties}
 */
export function propertiesOf(request) {
  const properties = /** @type {Properties} */ ({});
  let sent = 0;
  for (const part of PARTS) {
    const [holder, where] = part === 'context' ? [request, '/context'] : [request[part] ?? {}, `/${part}/properties`];
    const name = part === 'context' ? 'context' : 'properties';
    const there = Object.hasOwn(holder, name) ? new Members(holder[name], where).object : {};
    const own = Object.entries(there).filter(([property]) => part !== 'context' || !NO_PROPERTIES_OF_CONTEXT.includes(property));
    const kept = own.filter(([property, read]) => isCode(property) && isProperty(read));
    sent += kept.length;
    if (sent > MOST_PROPERTIES) mistyped(where);
    properties[part] = Object.assign(Object.create(null), Object.fromEntries(kept));
  }
  return properties;
}

/** @param {string} name */
const isCode = (name) => /^[a-z][a-z0-9._-]{0,63}$/.test(name);

/** @param {unknown} read whether it can be a property's value */
export const isProperty = (read) => typeof read === 'boolean' || Number.isSafeInteger(read) || (typeof read === 'string' && [...read].length <= MOST_CHARACTERS);

/**
 * The ms UTC that a property states, or null if it is no instant.
 * @param {Value} read
 */
export function instantOf(read) {
  if (typeof read === 'number') return read;
  const form = /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$/;
  const parts = typeof read === 'string' ? form.exec(read) : null;
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((digits) => Number(digits ?? 0));
  const [aheadHours, aheadMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || aheadHours > 23 || aheadMinutes > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const ms = Number(`${parts[7] ?? ''}000`.slice(0, 3));
  const ahead = (parts[8] === '-' ? -1 : 1) * (aheadHours * 60 + aheadMinutes);
  return date.setUTCHours(hour, minute, second, ms) - ahead * 60_000;
}

/** Whether a property that was sent is what the condition asks for. @param {OnProperty} asked @param {Value} sent */
function meets(asked, sent) {
  switch (asked.type) {
    case 'equals': return sent === asked.value;
    case 'one_of': return /** @type {Value[]} */ (asked.values).includes(sent);
    case 'range': return typeof sent === 'number' && (asked.min ?? sent) <= sent && sent <= (asked.max ?? sent);
    default: {
      const instant = instantOf(sent);
      if (instant === null) return false;
      return asked.type === 'before' ? instant < Number(asked.instant) : instant >= Number(asked.instant);
    }
  }
}

/**
 * Why the conditions don't hold: null if they do.
 * @param {Condition[]} all
 * @param {{properties: Properties, purpose: string, at: number, uses: number[]}} facts the instant decided for, those at which the grant was used
 * @returns {null | {reason: 'property_missing', property: string} | {reason: 'condition_not_met' | 'used_up'}}
 */
export function whyNot(all, { properties, purpose, at, uses }) {
  for (const one of all) {
    if (one.type === 'purpose') {
      if (!one.purposes.includes(purpose)) return { reason: 'condition_not_met' };
    } else if (one.type === 'uses') {
      if (isUsedUp(one, at, uses)) return { reason: 'used_up' };
    } else if (!Object.hasOwn(properties[one.of], one.property)) {
      return { reason: 'property_missing', property: one.of === 'context' ? `/context/${one.property}` : `/${one.of}/properties/${one.property}` };
    } else if (!meets(one, properties[one.of][one.property])) {
      return { reason: 'condition_not_met' };
    }
  }
  return null;
}

/** @param {OnUses} asked @param {number} at @param {number[]} uses */
function isUsedUp({ times, per }, at, uses) {
  if (per === undefined) return uses.length >= times;
  try {
    const period = periodOf(at, per);
    return uses.filter((use) => periodOf(use, per) === period).length >= times;
  } catch (error) {
    // After 9999 there is no day, and no use is left.
    if (error instanceof Fault) return true;
    throw error;
  }
}

/** Whether each of `parents` is implied by one of `children`. @param {Condition[]} children @param {Condition[]} parents */
export const within = (children, parents) => parents.every((parent) => children.some((child) => implies(child, parent)));

/** @param {Condition} child @param {Condition} parent */
function implies(child, parent) {
  if (child.type === 'purpose') return parent.type === 'purpose' && child.purposes.every((code) => parent.purposes.includes(code));
  if (child.type === 'uses') return parent.type === 'uses' && parent.times >= child.times && rank(parent) <= rank(child);
  if (parent.type === 'purpose' || parent.type === 'uses' || parent.of !== child.of || parent.property !== child.property) return false;
  if (child.type === 'equals' || child.type === 'one_of') {
    const possible = child.type === 'equals' ? [/** @type {Value} */ (child.value)] : /** @type {Value[]} */ (child.values);
    return possible.every((one) => meets(parent, one));
  }
  if (parent.type !== child.type) return false;
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (child.type === 'range') return (parent.min ?? low) <= (child.min ?? low) && (child.max ?? high) <= (parent.max ?? high);
  const [own, bound] = [Number(child.instant), Number(parent.instant)];
  return child.type === 'before' ? bound >= own : bound <= own;
}

/** @param {OnUses} uses without `per` it is the longest */
const rank = ({ per }) => (per === undefined ? PERIODS.length : PERIODS.indexOf(per));
