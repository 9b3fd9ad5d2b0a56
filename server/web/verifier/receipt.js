// What a receipt looks like. Nothing is believed of it yet. spec: receipts.md

import { compare, ofB64url, ofB64urlExactly, ofText } from './bytes.js';
import { propertiesOf } from './conditions.js';
import { refuse, renamed } from './fault.js';
import { normal } from './identifiers.js';
import { readStrict } from './json.js';
import { array, boolean, bytes, id, ids, instant, integer, Members, mistyped, oneOf, onlyTrue, present, string } from './members.js';
import { REASONS } from './reasons.js';

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_ENTRIES = 2 ** 17;
const MOST_VALUES = 2 ** 21;

/**
 * @typedef {object} ShownEntry
 * @property {bigint} index
 * @property {Uint8Array} bytes
 * @property {string} [record] the compact JWS
 * @property {Uint8Array} [r]
 * @property {string[]} [disclosures]
 * @property {Uint8Array} [handle]
 * @property {Uint8Array} [aliasProof]
 *
 * @typedef {object} Receipt
 * @property {Question} question
 * @property {string} proof
 * @property {Uint8Array} commit
 * @property {ShownEntry[]} entries
 * @property {Uint8Array[]} tree hashes
 * @property {{id: string, items: Uint8Array}[]} lists
 * @property {Uint8Array[]} [tags] items of each segment
 * @property {Uint8Array[]} [aliases] proofs of the aliases that nobody has
 * @property {Uint8Array} trie
 * @property {{from: bigint, hashes: Uint8Array[]}} [consistency]
 *
 * @typedef {{actor: string | null, subject: string | null, on_behalf_of?: string | null, together_with?: (string | null)[]}} Parties
 * @typedef {{type: 'existence', id: string}} Existence
 * @typedef {{type: 'status', id: string, through?: string, as_of?: number, as_of_time?: number}} Status
 * @typedef {{type: 'complete', party: string, from: number, to?: number}} Complete
 * @typedef {object} Authority
 * @property {'authority'} type
 * @property {any} request AuthZEN
 * @property {number} at ms
 * @property {Parties} parties
 * @property {string[]} grants
 * @property {string[]} catalogues
 * @property {import('./decide.js').Decision} decision
 * @property {string} [access]
 * @property {number} [as_of]
 * @property {number} [as_of_time]
 * @typedef {Existence | Status | Complete | Authority} Question
 */

/** @param {Uint8Array | string} receipt its bytes, or its text @returns {Receipt} */
export function readReceipt(receipt) {
  const read = typeof receipt === 'string' ? ofText(receipt) : receipt;
  if (read.length > MOST_BYTES || countValues(read) > MOST_VALUES) refuse('too_large');
  const object = renamed('malformed', () => readStrict(read, MOST_BYTES));
  if (Number.isSafeInteger(object.v) && object.v !== 1) refuse('unknown_version');
  if (Array.isArray(object.entries) && object.entries.length > MOST_ENTRIES) refuse('too_large');
  return renamed('malformed', () => readWhole(object));
}

/** How many values there may be, before they are made: the signs that begin one or stand before one. @param {Uint8Array} bytes */
function countValues(bytes) {
  let signs = 0;
  for (const byte of bytes) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) signs++;
  return signs;
}

/** Bytes of whatever length. @type {import('./members.js').Form<Uint8Array>} */
export const blob = (value, where) => ofB64url(string(value, where)) ?? mistyped(where);

/** @type {import('./members.js').Form<Uint8Array[]>} */
export const hashes = (value, where) => {
  const all = blob(value, where);
  if (all.length % 32 !== 0) mistyped(where);
  return Array.from({ length: all.length / 32 }, (_, i) => all.slice(32 * i, 32 * i + 32));
};

/** @param {number} length @returns {import('./members.js').Form<Uint8Array>} */
const exactly = (length) => (value, where) => /** @type {Uint8Array} */ (ofB64url(bytes(length)(value, where)));

/** Proofs of aliases, ascending. @type {import('./members.js').Form<Uint8Array[]>} */
const aliases = (value, where) => {
  const all = array(exactly(80), 1, 10)(value, where);
  return all.every((proof, i) => i === 0 || compare(all[i - 1], proof) < 0) ? all : mistyped(where);
};

/** @type {import('./members.js').Form<bigint>} */
const place = (value, where) => BigInt(integer()(value, where));

/** @param {unknown} object @returns {Receipt} */
function readWhole(object) {
  const members = new Members(object);
  members.required('v', integer(1, 1));
  const receipt = {
    question: members.required('question', question),
    proof: members.required('proof', string),
    commit: members.required('commit', blob),
    entries: members.required('entries', array(entry, 0, MOST_ENTRIES)),
    tree: members.required('tree', hashes),
    lists: members.required('lists', array(list, 0, MOST_ENTRIES)),
    tags: members.optional('tags', array(blob, 0, MOST_ENTRIES)),
    aliases: members.optional('aliases', aliases),
    trie: members.required('trie', blob),
    consistency: members.optional('consistency', consistency),
  };
  members.done();
  return receipt;
}

/** @type {import('./members.js').Form<ShownEntry>} */
const entry = (value, where) => {
  const members = new Members(value, where);
  const shown = {
    index: members.required('index', place),
    bytes: members.required('entry', blob),
    record: members.optional('record', string),
    r: members.optional('r', exactly(64)),
    disclosures: members.optional('disclosures', array(string, 0, 64)),
    handle: members.optional('handle', exactly(32)),
    aliasProof: members.optional('alias_proof', exactly(80)),
  };
  members.done();
  if ((shown.record === undefined) !== (shown.r === undefined)) mistyped(`${where}/r`);
  if (shown.record === undefined && (shown.disclosures ?? shown.handle ?? shown.aliasProof) !== undefined) mistyped(where);
  return shown;
};

/** @type {import('./members.js').Form<{id: string, items: Uint8Array}>} */
export const list = (value, where) => {
  const members = new Members(value, where);
  const read = { id: members.required('id', id), items: members.required('items', blob) };
  members.done();
  return read;
};

/** @type {import('./members.js').Form<{from: bigint, hashes: Uint8Array[]}>} */
export const consistency = (value, where) => {
  const members = new Members(value, where);
  const read = { from: members.required('from', place), hashes: members.required('hashes', hashes) };
  members.done();
  return read;
};

/** @type {import('./members.js').Form<Question>} */
const question = (value, where) => {
  const members = new Members(value, where);
  const type = members.required('type', oneOf('existence', 'status', 'complete', 'authority'));
  const read = present({ type, ...QUESTIONS[type](members) });
  members.done();
  return /** @type {Question} */ (read);
};

/** @type {Record<Question['type'], (members: Members) => object>} */
const QUESTIONS = {
  existence: (members) => ({ id: members.required('id', id) }),
  status: (members) => ({ id: members.required('id', id), through: members.optional('through', id), ...asOf(members) }),
  complete(members) {
    const from = members.required('from', integer());
    return { party: members.required('party', id), from, to: members.optional('to', integer(from + 1)) };
  },
  authority(members) {
    const read = {
      request: members.required('request', request),
      at: members.required('at', instant),
      parties: members.required('parties', parties),
      grants: members.required('grants', ids(0, MOST_ENTRIES)),
      catalogues: members.required('catalogues', ids(0, MOST_ENTRIES)),
      decision: members.required('decision', decision),
      access: members.optional('access', id),
      ...asOf(members),
    };
    return read.access !== undefined && read.as_of !== undefined ? mistyped(`${members.where}/as_of`) : read;
  },
};

/** @param {Members} members */
function asOf(members) {
  const size = members.optional('as_of', integer(1));
  const time = members.optional('as_of_time', instant);
  return size === undefined && time !== undefined ? mistyped(`${members.where}/as_of_time`) : { as_of: size, as_of_time: time };
}

/** @template T @param {import('./members.js').Form<T>} form @returns {import('./members.js').Form<T | null>} */
const orNull = (form) => (value, where) => (value === null ? null : form(value, where));

/** @type {import('./members.js').Form<Parties>} */
const parties = (value, where) => {
  const members = new Members(value, where);
  const read = {
    actor: members.required('actor', orNull(id)),
    subject: members.required('subject', orNull(id)),
    on_behalf_of: members.optional('on_behalf_of', orNull(id)),
    together_with: members.optional('together_with', array(orNull(id), 0, 7)),
  };
  members.done();
  if (read.together_with?.length === 0) delete read.together_with;
  return present(read);
};

/** @type {import('./members.js').Form<import('./decide.js').Decision>} */
const decision = (value, where) => {
  const members = new Members(value, where);
  const permit = members.required('permit', boolean);
  const read = {
    permit,
    reason: members.required('reason', oneOf(...(permit ? REASONS.permit : REASONS.deny))),
    evidence: members.required('evidence', ids(0, MOST_ENTRIES)),
    good_faith: members.optional('good_faith', onlyTrue),
    hint: members.optional('hint', hint),
  };
  members.done();
  return present(read);
};

/** @type {import('./members.js').Form<import('./decide.js').Hint>} */
const hint = (value, where) => {
  const members = new Members(value, where);
  const read = {
    together: members.optional('together', integer(2)),
    assurance: members.optional('assurance', oneOf('substantial', 'high')),
    property: members.optional('property', string),
    emergency: members.optional('emergency', onlyTrue),
  };
  members.done();
  return Object.keys(members.object).length === 1 ? present(read) : mistyped(where);
};

/**
 * Whom a request names: `party:` with an id, an identifier in its one spelling, or nobody at all.
 * @typedef {string | {nobody: string}} Named
 *
 * @param {string} text @returns {Named}
 */
function named(text) {
  if (text.startsWith('party:')) return ofB64urlExactly(text.slice(6), 32) === null ? { nobody: text } : text;
  try {
    return normal(text);
  } catch {
    return { nobody: text };
  }
}

/** A type other than `party` is the scheme of an actor's id. @param {string} type @param {string} text @returns {Named} */
function namedActor(type, text) {
  if (type === 'party') return named(text);
  const one = type.includes(':') ? { nobody: '' } : named(`${type}:${text}`);
  return typeof one === 'string' ? one : { nobody: '' };
}

/** An id without a scheme is of the one that is called as the category is. @param {string} category @param {string} text @returns {Named} */
function namedSubject(category, text) {
  if (text.includes(':')) return named(text);
  const one = category.includes(':') || category === 'party' ? { nobody: text } : named(`${category}:${text}`);
  return typeof one === 'string' ? one : { nobody: text };
}

/**
 * An AuthZEN request, as far as it says something here: whom it names, for what, with which properties. Other members are ignored. spec: decisions.md#request
 * @param {any} value
 * @param {string} [where]
 */
export function readRequest(value, where = '/request') {
  const part = (/** @type {string} */ name) => new Members(new Members(value, where).required(name, (inner) => inner), `${where}/${name}`);
  const [subject, action, resource] = ['subject', 'action', 'resource'].map(part);
  const context = value.context === undefined ? undefined : new Members(value.context, `${where}/context`);
  const behalf = context?.optional('on_behalf_of', string);
  const along = context?.optional('together_with', array(string, 0, 7)) ?? [];
  const emergency = context?.optional('emergency', boolean);
  const category = resource.required('type', string);
  return present({
    actor: namedActor(subject.required('type', string), subject.required('id', string)),
    purpose: action.required('name', string),
    category,
    subject: namedSubject(category, resource.required('id', string)),
    on_behalf_of: behalf === undefined ? undefined : named(behalf),
    together_with: along.length === 0 ? undefined : along.map(named),
    emergency: emergency === true ? /** @type {const} */ (true) : undefined,
    properties: propertiesOf(value),
  });
}

/** @type {import('./members.js').Form<any>} */
const request = (value, where) => {
  readRequest(value, where);
  return value;
};
