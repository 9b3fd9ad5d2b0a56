// The kinds table: of each kind the class of its entry, its members, those that may be withheld. Who may sign and what it
// does to its target is in rules.js. spec: kinds.md

import { ofB64url } from './bytes.js';
import { catalogueMembers } from './catalogue.js';
import { conditions, isProperty, NO_PROPERTIES_OF_CONTEXT, PARTS } from './conditions.js';
import { checkKey, keyOfJwk } from './ed25519.js';
import { CREATE, TRACE, TRANSITION } from './entry.js';
import { normal } from './identifiers.js';
import { array, ascending, boolean, bytes, byText, code, codes, day, distinct, id, ids, instant, integer, Members, mistyped, oneOf, onlyTrue, string, text } from './members.js';
import { ED25519, readVerifierKey } from './note.js';

/**
 * @typedef {object} Kind
 * @property {number[]} classes of its entries; but of a party that is no role 4
 * @property {(members: Members, payload: any) => void} members reads those besides the common ones
 * @property {Record<string, import('./members.js').Form<unknown>> | 'any'} [withheld]
 * @property {(payload: any) => boolean} [sameParty] whether somebody deals with themselves
 * @property {(payload: any) => Promise<void>} [check] what takes a hash to tell
 * @property {boolean} [anyTime] logged at any time after it was signed
 */

const MOST_KEYS = 16;
const MOST_LOG_KEYS = 32;
const MOST_PARTIES = 8;
const MOST_CODES = 64;
const reference = text(255);
const quorum = integer(2, MOST_KEYS);

/** Mandates, consents and requests say their validity in days and in instants. @param {Members} members @param {any} payload */
function validity(members, payload) {
  members.required('valid_from', day);
  members.optional('valid_until', day);
  members.required('not_before', instant);
  members.optional('not_after', instant);
  if (members.has('valid_until') !== members.has('not_after')) mistyped(`/${members.has('not_after') ? 'not_after' : 'valid_until'}`);
  if (payload.not_after !== undefined && payload.not_after <= payload.not_before) mistyped('/not_after');
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOOK_URL = new RegExp(`^https://${LABEL}(?:\\.${LABEL})*(?::([1-9][0-9]{0,4}))?/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$`);

/** @type {import('./members.js').Form<string>} */
function hookUrl(value, where) {
  const read = string(value, where);
  const parts = read.length <= 255 ? HOOK_URL.exec(read) : null;
  return parts !== null && Number(parts[1] ?? 443) <= 65535 ? read : mistyped(where);
}

/** What mandates and consents have in common besides. @param {Members} members @param {any} payload */
function grant(members, payload) {
  members.required('catalogue', id);
  members.required('scopes', codes(1, MOST_CODES));
  validity(members, payload);
  members.optional('conditions', conditions);
  members.optional('assisted', assisted);
  members.optional('request', id);
  if (members.has('under')) {
    members.required('under', id);
    members.required('by', ids(1, MOST_PARTIES));
    members.required('informed', ids(1, 4 * MOST_PARTIES));
  }
  if (['ground', 'assisted', 'under'].filter((name) => members.has(name)).length > 1) mistyped(members.has('assisted') ? '/assisted' : '/under');
}

/** By invitation: only if others must sign. @param {Members} members @param {any} payload */
function invitation(members, payload) {
  members.optional('link', id);
  members.optional('answer_by', instant);
  if (givers(payload).needed + takers(payload).length < 2 && (members.has('link') || members.has('answer_by'))) mistyped(members.has('link') ? '/link' : '/answer_by');
}

/** @type {import('./members.js').Form<void>} */
const assisted = (value, where) => {
  const members = new Members(value, where);
  if (members.required('channel', oneOf('paper', 'spoken')) === 'paper') members.required('document', id);
  members.done();
};

/** @param {any[]} all */
const usesIn = (all) => (all ?? []).some(({ type }) => type === 'uses');



/** @type {Record<string, Kind>} */
export const KINDS = {
  root: {
    classes: [CREATE],
    members(members, payload) {
      const keys = members.required('keys', distinct(array((jwk, where) => jwkAt(jwk, where).x, 1, MOST_KEYS)));
      members.required('quorum', integer(1, keys.length));
      members.required('key_delay', instant);
      if (members.required('trial', boolean) !== payload.origin.startsWith('trial/')) mistyped('/trial');
      members.required('vrf_key', vrfKey);
      members.optional('continues', (value, where) => {
        const inner = new Members(value, where);
        inner.required('origin', string);
        inner.required('checkpoint', string);
        inner.done();
      });
    },
  },
  party: {
    classes: [CREATE],
    members(members) {
      const type = members.required('party_type', oneOf('institution', 'organisation', 'person', 'role'));
      members.required('handle', id);
      const role = oneOf('auditor', 'authority', 'catalogue', 'counter', 'mirror', 'provisional', 'registrar');
      const roles = members.optional('roles', ascending(array(role, 1, 7), byText));
      if (roles !== undefined && type !== 'institution' && !(type === 'role' && String(roles) === 'counter')) mistyped('/roles');
      members.optional('level', code);
      members.optional('provisional', onlyTrue);
      members.optional('under', id);
      if (members.has('under') !== (type === 'role')) mistyped('/under');
      members.optional('until', integer());
      if (members.has('until') && type !== 'role') mistyped('/until');
      members.optional('quorum', quorum);
    },
    withheld: { identifier, name: text(200) },
  },
  key: {
    classes: [CREATE],
    members(members) {
      members.required('party', id);
      members.required('jwk', jwkAt);
      const basis = members.required('basis', oneOf('first', 'cosigned', 'recovery'));
      members.required('pop', bytes(64));
      members.required('assurance', oneOf('low', 'substantial', 'high'));
      members.optional('quorum', quorum);
      if (basis !== 'first' && members.has('quorum')) mistyped('/quorum');
    },
    withheld: { label: text(100) },
  },
  'key-end': {
    classes: [TRANSITION],
    members(members, payload) {
      members.required('reason', oneOf('lost', 'compromised', 'replaced', 'closed'));
      members.optional('compromised_since', integer(0, payload.iat));
    },
    anyTime: true,
  },
  'log-keys': {
    classes: [CREATE],
    members(members) {
      members.required('log_keys', array(logKeyAt, 1, MOST_LOG_KEYS));
      members.optional('quorum', quorum);
    },
    check: ({ log_keys: keys, origin }) => checkLogKeys(keys, origin),
  },
  catalogue: {
    classes: [CREATE],
    members(members) {
      catalogueMembers(members);
      members.optional('quorum', quorum);
    },
  },
  mandate: {
    classes: [CREATE],
    members(members, payload) {
      members.required('mandators', ids(1, MOST_PARTIES));
      const mandatees = members.required('mandatees', ids(1, MOST_PARTIES));
      members.optional('needed', integer(2, mandatees.length));
      members.optional('substitution', integer(1, 4));
      members.optional('survives', onlyTrue);
      members.optional('ground', oneOf('parental', 'guardianship', 'administration', 'statutory'));
      grant(members, payload);
      if (usesIn(payload.conditions)) mistyped('/conditions');
      invitation(members, payload);
    },
    withheld: { reference },
    sameParty: ({ mandators, mandatees, by = [] }) => mandatees.some((/** @type {string} */ one) => mandators.includes(one) || by.includes(one)),
  },
  consent: {
    classes: [CREATE],
    members(members, payload) {
      members.required('subject', id);
      members.required('recipient', id);
      members.required('purposes', codes(1, MOST_CODES));
      grant(members, payload);
      invitation(members, payload);
    },
    withheld: { reference },
    sameParty: ({ subject, recipient }) => subject === recipient,
  },
  acceptance: {
    classes: [TRANSITION],
    members(members) {
      members.optional('link', bytes(32));
      members.optional('grant', id);
    },
  },
  renunciation: {
    classes: [TRANSITION],
    members: (members) => void members.optional('link', bytes(32)),
    anyTime: true,
  },
  revocation: {
    classes: [TRANSITION],
    members: (members, payload) => void members.optional('effective', integer(payload.iat)),
    anyTime: true,
  },
  suspension: { classes: [TRANSITION], members: (members) => void members.optional('lift', onlyTrue) },
  dispute: {
    classes: [TRANSITION],
    members: (members) => void members.required('step', oneOf('open', 'dismissed', 'upheld')),
    withheld: { statement: text(1000) },
  },
  'life-event': {
    classes: [TRANSITION],
    members(members) {
      const event = members.required('event', oneOf('closure', 'death', 'majority', 'merger', 'protection', 'protection-end'));
      members.required('effective', instant);
      if (event === 'merger') members.required('into', id);
    },
  },
  access: {
    classes: [TRACE, TRANSITION],
    members(members) {
      members.required('actor', id);
      members.optional('on_behalf_of', id);
      members.required('subject', id);
      members.required('source', id);
      members.required('category', code);
      members.required('purpose', code);
      members.optional('properties', statedProperties);
      members.optional('emergency', onlyTrue);
    },
    withheld: { justification: text(1000), reference },
  },
  request: {
    classes: [CREATE],
    members(members, payload) {
      members.required('requester', id);
      const asked = members.required('grant', oneOf('mandate', 'consent'));
      members.optional('subject', id);
      members.required('catalogue', id);
      members.required('scopes', codes(1, MOST_CODES));
      if (asked === 'consent') members.required('purposes', codes(1, MOST_CODES));
      validity(members, payload);
      members.optional('conditions', conditions);
      if (asked === 'mandate' && usesIn(payload.conditions)) mistyped('/conditions');
      members.required('answer_by', instant);
      members.optional('link', id);
      if (!members.has('subject') && !members.has('link')) mistyped('/link');
    },
    withheld: { reference },
    sameParty: ({ requester, subject }) => requester === subject,
  },
  block: {
    classes: [CREATE],
    members(members) {
      members.required('party', id);
      members.required('blocked', id);
    },
    sameParty: ({ party, blocked }) => party === blocked,
  },
  holding: {
    classes: [CREATE],
    members(members) {
      members.required('source', id);
      members.required('subject', id);
      members.required('catalogue', id);
      members.required('scopes', codes(1, MOST_CODES));
      members.required('since', day);
    },
    withheld: { reference },
    sameParty: ({ source, subject }) => source === subject,
  },
  hook: {
    classes: [CREATE],
    members(members) {
      members.required('party', id);
      members.required('number', integer(1, 4));
      members.required('url', hookUrl);
    },
  },
  retention: {
    classes: [CREATE],
    members: (members) => void members.required('targets', ids(1, MOST_CODES)),
    withheld: { reference },
  },
  erasure: {
    classes: [TRACE],
    members(members) {
      members.required('targets', ids(1, MOST_CODES));
      members.required('parties', ids(1, MOST_CODES));
    },
  },
};

/** Any other kind: members at will. @type {Kind} */
export const OTHER = {
  classes: [TRACE],
  members(members) {
    members.optional('parties', ids(1, 16));
    for (const name of Object.keys(members.object)) members.known.add(name);
  },
  withheld: 'any',
};

/** Kinds of a later version: nobody may believe that they have an effect. */
export const RESERVED = new Set(['ledger-end']);

/** @param {string} name @returns {Kind} */
export const kindOf = (name) => (Object.hasOwn(KINDS, name) ? KINDS[name] : OTHER);

/** @type {import('./members.js').Form<void>} */
function logKeyAt(value, where) {
  const members = new Members(value, where);
  members.required('vkey', string);
  members.optional('retired_at', instant);
  members.done();
}

/** Keys of this log, each once, one of them not retired. @param {{vkey: string, retired_at?: number}[]} keys @param {string} origin */
async function checkLogKeys(keys, origin) {
  const read = await Promise.all(keys.map(({ vkey }, i) => readVerifierKey(vkey).catch(() => mistyped(`/log_keys/${i}/vkey`))));
  const fits = read.every(({ type, name }) => type === ED25519 && name === origin) && new Set(keys.map(({ vkey }) => vkey)).size === keys.length;
  if (!fits || keys.every(({ retired_at: at }) => at !== undefined)) mistyped('/log_keys');
}

/** The key of aliases. @type {import('./members.js').Form<Uint8Array>} */
const vrfKey = (value, where) => checkKey(/** @type {Uint8Array} */ (ofB64url(bytes(32)(value, where))));

/** A JWK whose key is none is refused by the key's own fault. @param {unknown} jwk @param {string} where @returns {any} */
function jwkAt(jwk, where) {
  if (jwk === null || typeof jwk !== 'object' || Array.isArray(jwk)) return mistyped(where);
  keyOfJwk(jwk);
  return jwk;
}

/** @type {import('./members.js').Form<string>} */
function identifier(value, where) {
  const read = string(value, where);
  return normal(read) === read ? read : mistyped(where);
}

/** The properties that an access states: nothing is passed over. @type {import('./members.js').Form<void>} */
function statedProperties(value, where) {
  const members = new Members(value, where);
  let stated = 0;
  for (const part of PARTS) {
    members.optional(part, (inner, at) => {
      for (const [name, property] of Object.entries(new Members(inner, at).object)) {
        code(name, `${at}/${name}`);
        if (!isProperty(property) || (part === 'context' && NO_PROPERTIES_OF_CONTEXT.includes(name))) mistyped(`${at}/${name}`);
        stated++;
      }
    });
  }
  members.done();
  if (stated > 64) mistyped(where);
}

/**
 * Who gives a mandate or consent: which parties, or whoever has a role; and how many of them must sign.
 * @param {any} payload
 * @returns {{parties?: string[], role?: 'authority' | 'counter', needed: number}}
 */
export function givers({ kind, ground, assisted: help, under, by, mandators, subject }) {
  if (ground !== undefined) return { role: 'authority', needed: 1 };
  if (help !== undefined) return { role: 'counter', needed: 1 };
  const parties = under !== undefined ? by : kind === 'mandate' ? mandators : [subject];
  return { parties, needed: parties.length };
}

/** Who takes a mandate: each signs an acceptance. @param {any} payload @returns {string[]} */
export const takers = ({ kind, ground, mandatees }) => (kind === 'mandate' && ground === undefined ? mandatees : []);
