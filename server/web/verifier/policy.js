// Whom one trusts: witnesses and their quorum (C2SP tlog-policy), and the policy that a receipt is held against.
// spec: log.md#policy, receipts.md#policy

import { hex, ofB64url } from './bytes.js';
import { believe, readCheckpoint } from './checkpoint.js';
import { refuse } from './fault.js';
import { array, id, instant, integer, Members, mistyped, string } from './members.js';
import { COSIGNATURE, decimal, ED25519, readVerifierKey } from './note.js';

/**
 * @typedef {import('./note.js').VerifierKey} VerifierKey
 * @typedef {{threshold: number, members: string[]}} Group
 * @typedef {{logs: VerifierKey[], witnesses: Map<string, VerifierKey>, groups: Map<string, Group>, quorum: string}} Witnessing
 */

const MOST = 256;
const NONE = 'none';
/** The number of items of a line, its first word counted. @type {Record<string, [number, number]>} */
const ITEMS = { log: [2, 3], witness: [3, 4], group: [4, Number.POSITIVE_INFINITY], quorum: [2, 2] };

/** A tlog-policy. @param {string} text @returns {Promise<Witnessing>} */
export async function readWitnessing(text) {
  const reader = new Reader();
  const lines = text.split('\n');
  const last = lines.pop();
  for (const line of lines) await reader.line(line);
  if (last !== '') refuse('policy_unterminated');
  const { logs, witnesses, groups, quorum } = reader;
  return { logs, witnesses, groups, quorum: quorum ?? refuse('policy_quorum_missing') };
}

class Reader {
  constructor() {
    /** @type {VerifierKey[]} */
    this.logs = [];
    /** @type {Map<string, VerifierKey>} */
    this.witnesses = new Map();
    /** @type {Map<string, Group>} */
    this.groups = new Map();
    /** @type {Set<string>} */
    this.members = new Set();
    /** @type {string | undefined} */
    this.quorum = undefined;
  }

  /** @param {string} line */
  async line(line) {
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) refuse('policy_character');
    const [word, ...items] = line.split(/[ \t]+/).filter((item) => item !== '');
    if (word === undefined || word.startsWith('#')) return;
    if (!Object.hasOwn(ITEMS, word)) refuse('policy_keyword');
    const [least, most] = ITEMS[word];
    if (items.length + 1 < least || items.length + 1 > most) refuse('policy_items');
    if (word === 'log') await this.log(items[0]);
    else if (word === 'witness') await this.witness(items[0], items[1]);
    else if (word === 'group') this.group(items[0], items[1], items.slice(2));
    else this.setQuorum(items[0]);
  }

  /** @param {string} vkey */
  async log(vkey) {
    const key = await this.key(vkey, ED25519, this.logs);
    if (this.logs.length >= MOST) refuse('policy_too_many');
    this.logs.push(key);
  }

  /** @param {string} name @param {string} vkey */
  async witness(name, vkey) {
    this.newName(name);
    const key = await this.key(vkey, COSIGNATURE, [...this.witnesses.values()]);
    if (this.witnesses.size >= MOST) refuse('policy_too_many');
    this.witnesses.set(name, key);
  }

  /** @param {string} name @param {string} k @param {string[]} members */
  group(name, k, members) {
    this.newName(name);
    if (this.groups.size >= MOST) refuse('policy_too_many');
    for (const member of members) {
      if (!this.isDefined(member)) refuse('policy_unknown_name');
      if (this.members.has(member)) refuse('policy_duplicate_member');
      this.members.add(member);
    }
    const number = k === 'any' ? 1n : k === 'all' ? BigInt(members.length) : decimal(k);
    if (number === null || number < 1n || number > BigInt(members.length)) return refuse('policy_threshold');
    this.groups.set(name, { threshold: Number(number), members });
  }

  /** @param {string} name */
  setQuorum(name) {
    if (this.quorum !== undefined) refuse('policy_second_quorum');
    if (name !== NONE && !this.isDefined(name)) refuse('policy_unknown_name');
    this.quorum = name;
  }

  /** @param {string} vkey @param {number} type @param {VerifierKey[]} others */
  async key(vkey, type, others) {
    const key = await readVerifierKey(vkey);
    if (key.type !== type) refuse('key_type');
    if (others.some((other) => hex(other.key) === hex(key.key))) refuse('policy_duplicate_key');
    return key;
  }

  /** @param {string} name */
  newName(name) {
    if (name === NONE || this.isDefined(name)) refuse('policy_duplicate_name');
  }

  /** @param {string} name */
  isDefined(name) {
    return this.witnesses.has(name) || this.groups.has(name);
  }
}

/**
 * The latest time such that the cosignatures of then and later suffice: undefined if the quorum is not reached, null if none is asked for.
 * @param {Witnessing} policy
 * @param {(key: VerifierKey) => bigint | null | undefined} timeOf a witness's newest cosignature, in seconds
 * @returns {bigint | null | undefined}
 */
export function quorumTime(policy, timeOf) {
  if (policy.quorum === NONE) return null;
  /** @param {string} name @returns {bigint | undefined} */
  const time = (name) => {
    const witness = policy.witnesses.get(name);
    if (witness !== undefined) return timeOf(witness) ?? undefined;
    const { threshold, members } = policy.groups.get(name) ?? refuse('policy_unknown_name');
    const times = members.map(time).filter((one) => one !== undefined).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
    return times[threshold - 1];
  };
  return time(policy.quorum);
}

/**
 * Judges a checkpoint by a tlog-policy alone; the quorum's time.
 * @param {Witnessing} policy
 * @param {string | Uint8Array} text
 */
export async function judge(policy, text) {
  const checkpoint = await readCheckpoint(text);
  const logs = policy.logs.filter(({ name }) => name === checkpoint.origin);
  if (logs.length === 0) refuse('unknown_log');
  const signed = await believe(checkpoint, checkpoint.origin, logs, [...policy.witnesses.values()]);
  const time = quorumTime(policy, (key) => signed.get(key));
  return time === undefined ? refuse('no_quorum') : time;
}

/**
 * @typedef {object} Policy what a receipt is held against
 * @property {string} origin
 * @property {{key: VerifierKey, retiredAt?: number}[]} logKeys `retiredAt` in ms
 * @property {Uint8Array} entry0 the leaf hash of entry 0
 * @property {number} maxAgeS
 * @property {Witnessing} [witnesses]
 * @property {VerifierKey[]} mapCheckers
 */

/** @param {unknown} value the JSON of a policy @returns {Promise<Policy>} */
export async function readPolicy(value) {
  const members = new Members(value);
  if (members.required('v', integer()) !== 1) refuse('unknown_version');
  const origin = members.required('origin', string);
  const logKeys = members.required('log_keys', array(readLogKey, 1, MOST));
  const entry0 = /** @type {Uint8Array} */ (ofB64url(members.required('entry0', id)));
  const maxAgeS = members.required('max_age_s', integer());
  const witnesses = members.optional('witnesses', string);
  const mapCheckers = members.optional('map_checkers', array(string, 0, MOST)) ?? [];
  members.done();
  return {
    origin,
    logKeys: await Promise.all(logKeys.map(async ({ vkey, retiredAt }) => ({ key: await keyOf(vkey, ED25519, '/log_keys'), retiredAt }))),
    entry0,
    maxAgeS,
    witnesses: witnesses === undefined ? undefined : await readWitnessing(witnesses),
    mapCheckers: await Promise.all(mapCheckers.map((vkey) => keyOf(vkey, COSIGNATURE, '/map_checkers'))),
  };
}

/** @param {unknown} value @param {string} where */
function readLogKey(value, where) {
  const members = new Members(value, where);
  const key = { vkey: members.required('vkey', string), retiredAt: members.optional('retired_at', instant) };
  members.done();
  return key;
}

/** @param {string} vkey @param {number} type @param {string} where */
async function keyOf(vkey, type, where) {
  const key = await readVerifierKey(vkey);
  return key.type === type ? key : mistyped(where);
}
