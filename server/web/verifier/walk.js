// What an answer needs, and whether every signature under it counts. What the walk touches is the receipt, neither more nor
// less. spec: records.md#signatures, receipts.md#what-an-answer-needs

import { b64url, same } from './bytes.js';
import { within } from './conditions.js';
import { keyOfJwk, thumbprint } from './ed25519.js';
import { ACTIVE, enabling, ENDED, TRANSITION } from './entry.js';
import { Fault, refuse } from './fault.js';
import { signedBy } from './jws.js';
import { statusAt } from './lists.js';
import { aliasValue, mapKey } from './map.js';
import { vrfKeyOf } from './opening.js';
import { firstStatus, maySign, moves } from './rules.js';
import { aliasOf } from './vrf.js';

/**
 * @typedef {import('./opening.js').Shown} Shown
 * @typedef {import('./lists.js').List} List
 * @typedef {import('./rules.js').Signer} Signer
 * @typedef {import('./rules.js').Case} Case
 * @typedef {import('./record.js').Record} Record
 * @typedef {Shown & {record: Record}} Opened
 *
 * @typedef {{shown: Opened, list: List}} Standing a record with a status, judged
 *
 * @typedef {object} How a signature is judged
 * @property {number} keys how many keys are between it and the one asked for
 * @property {boolean} struck whether it matters that a key was compromised: not for a key-end, nor for what that rests on
 */

const MOST_KEYS = 8;
/** Later than any index. */
const EVER = 2n ** 64n;

/** @type {How} */
const ASKED = { keys: 0, struck: true };

export class Walk {
  /**
   * @param {object} receipt what it shows, each part held against the checkpoint
   * @param {Map<bigint, Shown>} receipt.entries
   * @param {Map<string, Shown>} receipt.byId creates and traces
   * @param {Map<string, List>} receipt.lists
   * @param {import('./trie.js').Trie} receipt.trie
   * @param {{proof: Uint8Array, used: boolean}[]} receipt.claims proofs of the aliases that nobody has
   * @param {string} receipt.origin
   * @param {bigint} cut the size that the answer is as of
   */
  constructor({ entries, byId, lists, trie, claims, origin }, cut) {
    this.entries = entries;
    this.byId = byId;
    this.lists = lists;
    this.trie = trie;
    this.claims = claims;
    this.origin = origin;
    this.cut = cut;
    /** Up to which index a list was judged and found right, by its id and how. @type {Map<string, bigint>} */
    this.judged = new Map();
    /** Signatures found to count, by the entry's index and how: what rests on them makes a chain no longer. @type {Set<string>} */
    this.counting = new Set();
    /** Who signed, by the entry's index, of what was judged. @type {Map<bigint, Signer>} */
    this.signers = new Map();
    /** @type {Map<string, Uint8Array>} the root's keys by their thumbprints */
    this.rootKeys = new Map();
    /** @type {any} the root's payload */
    this.root = undefined;
    this.rootId = '';
  }

  /** Entry 0 with its list: every answer rests on it. */
  async begin() {
    const { record } = this.opened(this.at(0n));
    if (record.kind !== 'root') refuse('opening_class');
    this.root = record.payload;
    this.rootId = record.id;
    for (const jwk of this.root.keys) {
      const key = keyOfJwk(jwk);
      this.rootKeys.set(b64url(await thumbprint(key)), key);
    }
    await this.standing(record.id, EVER);
  }

  /** @param {Shown} shown @returns {Opened} */
  opened(shown) {
    return shown.record === undefined ? refuse('unopened') : /** @type {Opened} */ (shown);
  }

  /** A create or a trace, opened. @param {string} id */
  need(id) {
    const shown = this.byId.get(id) ?? refuse('missing_record');
    shown.used = true;
    return this.opened(shown);
  }

  /** The entry that stands at an index. @param {bigint} index */
  at(index) {
    const shown = this.entries.get(index) ?? refuse('missing_record');
    shown.used = true;
    return shown;
  }

  /** @param {string} id */
  list(id) {
    const list = this.lists.get(id) ?? refuse('missing_list');
    list.used = true;
    return list;
  }

  /** Where the party with an alias stands; null if nobody has it. @param {Uint8Array} alias @returns {Promise<bigint | null>} */
  async whoHas(alias) {
    const value = this.trie.ask(await mapKey('by-alias', this.origin, alias));
    if (value === 'missing') return refuse('missing_trie');
    if (value === 'absent') return null;
    for (const { index, entry } of this.entries.values()) {
      if (entry.alias !== undefined && same(entry.alias, alias) && same(value, await aliasValue(index, entry.id))) return index;
    }
    return refuse('alias_taken');
  }

  /** The map leads a party's alias to that very party: there is no other for its identifier. @param {Shown} party */
  async checkAlias({ index, entry: { alias } }) {
    if (alias !== undefined && (await this.whoHas(alias)) !== index) refuse('alias_taken');
  }

  /** Nobody has an identifier: its alias leads nowhere, or to a party that came later or has ended. @param {string} identifier */
  async checkNobody(identifier) {
    const index = await this.whoHas(await this.claimOf(identifier));
    if (index === null) return;
    const { entry } = this.at(index);
    if (index < this.cut && statusAt(this.list(entry.id), this.cut) !== ENDED) refuse('other_party');
  }

  /** The alias of an identifier, by one of the proofs shown. @param {string} identifier */
  async claimOf(identifier) {
    const key = vrfKeyOf(this.entries) ?? refuse('missing_alias');
    for (const claim of this.claims) {
      const alias = await aliasOf(identifier, key, claim.proof).catch(orFault);
      if (alias === null) continue;
      claim.used = true;
      return alias;
    }
    return refuse('missing_alias');
  }

  /**
   * A record with its list, judged with every item before an index that put it into force; of a key with every item that ended it: these say since
   * when it was in other hands. Each signature rests on earlier entries only, so this comes to an end.
   * @param {string} id
   * @param {bigint} [before]
   * @param {How} [how]
   * @returns {Promise<Standing>}
   */
  async standing(id, before = this.cut, how = ASKED) {
    const shown = this.need(id);
    const list = this.list(id);
    const known = `${id} ${how.struck}`;
    if ((this.judged.get(known) ?? 0n) >= before) return { shown, list };
    await this.judge(shown, how);
    for (let i = 1; i < list.items.length; i++) {
      const { index, status } = list.items[i];
      if (enabling(list.items[i - 1].status, status) ? index < before : how.struck && shown.record.kind === 'key' && status === ENDED) {
        await this.judgeItem(list, i, how);
      }
    }
    this.judged.set(known, before);
    return { shown, list };
  }

  /**
   * An item of a list but its first, opened: that it makes the move its kind gives, and who signed it.
   * @param {List} list @param {number} i @param {How} [how]
   */
  async judgeItem(list, i, how = ASKED) {
    const shown = this.opened(this.at(list.items[i].index));
    const target = this.need(list.id);
    const of = { record: target.record, kid: target.record.jws.kid, party: this.partyOf(target.record), time: target.entry.time };
    const one = { ...this.caseOf(shown), target: of, before: this.stepsBefore(list, i) };
    if (!moves(one, list.items[i - 1].status, list.items[i].status)) refuse('opening_move');
    await this.judge(shown, how, one);
    return shown;
  }

  /** What put a record into force, or ended it, before an item. @param {List} list @param {number} i @returns {import('./rules.js').Step[]} */
  stepsBefore({ items }, i) {
    return items.slice(1, i).map(({ index, status }, before) => {
      const from = items[before].status;
      const record = enabling(from, status) ? this.opened(this.at(index)).record : undefined;
      return { from, to: status, kid: record?.jws.kid, party: record && this.partyOf(record) };
    });
  }

  /** Whose key a record names. @param {Record} record */
  partyOf({ jws: { kid } }) {
    if (this.rootKeys.has(kid)) return undefined;
    return this.need(kid).record.payload.party;
  }

  /** @param {Opened} shown @returns {Case} */
  caseOf({ record, index, entry }) {
    return { record, index, time: entry.time, root: this.root };
  }

  /**
   * That an entry's record started as its kind does, and that its signature counts.
   * @param {Opened} shown
   * @param {How} [how]
   * @param {Case} [one] of a transition
   */
  async judge(shown, how = ASKED, one = this.caseOf(shown)) {
    const { record, entry, index } = shown;
    if (entry.class !== TRANSITION && entry.status !== 0 && entry.status !== firstStatus(record)) refuse('opening_move');
    const known = `${index} ${how.struck}`;
    if (this.counting.has(known)) return;
    if (how.keys > MOST_KEYS) refuse('chain_too_long');
    // Whoever held a key may say that it is over, and who ended one is not to void what that one signed before.
    const above = { keys: how.keys + 1, struck: how.struck && record.kind !== 'key-end' };
    const holder = await this.holder(record, index, above);
    const signer = await this.signer(shown, one.target?.record.id === this.rootId, above);
    this.signers.set(index, signer);
    if (!(await maySign(one, signer, holder))) refuse('not_allowed');
    if (record.payload.under !== undefined && record.kind !== 'party') await this.judgeUnder(shown, { ...above, keys: how.keys });
    this.counting.add(known);
  }

  /** The party that a key is bound to, or that a role is under. @param {Record} record @param {bigint} index @param {How} above */
  async holder({ kind, payload }, index, above) {
    const id = kind === 'key' ? payload.party : kind === 'party' ? payload.under : undefined;
    return id === undefined ? undefined : (await this.party(id, index, above)).shown.record.payload;
  }

  /** A party that was logged before. @param {string} id @param {bigint} index @param {How} above */
  async party(id, index, above) {
    const { index: own, record } = this.need(id);
    if (own >= index) refuse('party_not_active');
    if (record.kind !== 'party') refuse('unknown_signer');
    return this.standing(id, index, above);
  }

  /**
   * Who signed, if the signature counts as of the entry's place.
   * @param {Opened} shown
   * @param {boolean} ofRoot whether it moves the root's own record, which is not in force before
   * @param {How} above
   * @returns {Promise<Signer>}
   */
  async signer({ record, index, entry }, ofRoot, above) {
    const { kid } = record.jws;
    const rootKey = this.rootKeys.get(kid);
    if (rootKey !== undefined) {
      if (!(await signedBy(record.jws, rootKey))) refuse('signature');
      if (index > 0n && !ofRoot && statusAt(this.list(this.rootId), index) !== ACTIVE) refuse('key_not_active');
      return { kid, root: true };
    }
    const found = this.byId.get(kid);
    if (found === undefined || found.index >= index) return refuse('unknown_signer');
    const { record: key } = this.need(kid);
    if (key.kind !== 'key') refuse('unknown_signer');
    const { list } = await this.standing(kid, index, above);
    if (!(await signedBy(record.jws, keyOfJwk(key.payload.jwk)))) refuse('signature');
    if (statusAt(list, index) !== ACTIVE) refuse('key_not_active');
    if (above.struck && this.isCompromised(list, entry.time)) refuse('key_compromised');
    const party = await this.party(key.payload.party, index, above);
    if (statusAt(party.list, index) !== ACTIVE) refuse('party_not_active');
    // The entry's time, which is the ledger's: `iat` is whatever the role says.
    const { until } = party.shown.record.payload;
    if (until !== undefined && entry.time >= BigInt(until)) refuse('party_not_active');
    return { kid, root: false, party: party.shown.record.id, payload: party.shown.record.payload, key: key.payload };
  }

  /** Whether a key-end says that a key was in other hands by then. @param {List} list a key's @param {bigint} time */
  isCompromised({ items }, time) {
    return items.some(({ index, status }, i) => {
      if (i === 0 || status !== ENDED) return false;
      const since = this.opened(this.at(index)).record.payload.compromised_since;
      return since !== undefined && BigInt(since) <= time;
    });
  }

  /** That a grant lies within the mandate that it is under, as far as the two say without a catalogue. spec: kinds.md#under-a-mandate @param {Opened} child @param {How} how */
  async judgeUnder({ record, index }, how) {
    const { payload } = record;
    const above = this.byId.get(payload.under);
    if (above === undefined || above.index >= index || this.need(payload.under).record.kind !== 'mandate') return refuse('not_allowed');
    // Before that one is judged itself: substitution falls from level to level, so that a chain of them ends.
    if (!isWithin(record, this.need(payload.under).record.payload)) refuse('not_allowed');
    const { list } = await this.standing(payload.under, index, how);
    if (statusAt(list, index) !== ACTIVE) refuse('not_allowed');
  }
}

/** What a proof that doesn't hold gives; every other error is one. @param {unknown} error */
function orFault(error) {
  if (error instanceof Fault) return null;
  throw error;
}

/** @param {Record} child @param {any} mandate */
function isWithin({ kind, payload }, mandate) {
  const isMandate = kind === 'mandate';
  const givenFor = isMandate ? payload.mandators : [payload.subject];
  const informed = new Set([...mandate.mandatees, ...(mandate.informed ?? [])]);
  return (
    String(mandate.mandators) === String(givenFor) &&
    payload.by.every((/** @type {string} */ id) => mandate.mandatees.includes(id)) &&
    payload.by.length >= (mandate.needed ?? 1) &&
    payload.informed.length === informed.size &&
    payload.informed.every((/** @type {string} */ id) => informed.has(id)) &&
    payload.catalogue === mandate.catalogue &&
    payload.not_before >= mandate.not_before &&
    (payload.not_after ?? Number.POSITIVE_INFINITY) <= (mandate.not_after ?? Number.POSITIVE_INFINITY) &&
    within(payload.conditions ?? [], mandate.conditions ?? []) &&
    (!isMandate || (mandate.substitution ?? 0) > (payload.substitution ?? 0))
  );
}
