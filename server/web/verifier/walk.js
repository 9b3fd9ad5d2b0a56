// What an answer needs, and whether every signature under it counts. What the walk touches is the receipt, neither more nor
// less. spec: records.md#signatures, receipts.md#what-an-answer-needs

import { b64url } from './bytes.js';
import { covers } from './catalogue.js';
import { within } from './conditions.js';
import { keyOfJwk, thumbprint } from './ed25519.js';
import { ACTIVE, enabling, ENDED, TRANSITION } from './entry.js';
import { Fault, refuse } from './fault.js';
import { signedBy } from './jws.js';
import { statusAt } from './lists.js';
import { firstStatus, maySign, moves } from './rules.js';

/**
 * @typedef {import('./opening.js').Shown} Shown
 * @typedef {import('./lists.js').List} List
 * @typedef {import('./rules.js').Signer} Signer
 * @typedef {import('./record.js').Record} Record
 * @typedef {Shown & {record: Record}} Opened
 *
 * @typedef {object} Standing a record with a status, judged
 * @property {Opened} shown
 * @property {List} list
 * @property {number} status as of the size asked for
 */

const MOST_KEYS = 8;

export class Walk {
  /**
   * @param {object} receipt what it shows, each part held against the checkpoint
   * @param {Map<bigint, Shown>} receipt.entries
   * @param {Map<string, Shown>} receipt.byId creates and traces
   * @param {Map<string, List>} receipt.lists
   * @param {string} receipt.origin
   * @param {bigint} cut the size that the answer is as of
   */
  constructor({ entries, byId, lists, origin }, cut) {
    this.entries = entries;
    this.byId = byId;
    this.lists = lists;
    this.origin = origin;
    this.cut = cut;
    /** Standings judged, under way (true), or found wrong. @type {Map<string, true | Fault>} */
    this.judged = new Map();
    /** Who signed, by the entry's index. @type {Map<bigint, Signer>} */
    this.signers = new Map();
    /** How many keys stand between a key and the root, itself counted. @type {Map<string, number>} */
    this.depths = new Map();
    /** @type {Map<string, Uint8Array>} the root's keys by their thumbprints */
    this.rootKeys = new Map();
    /** @type {any} */
    this.root = undefined;
  }

  /** Entry 0, opened, and its list. */
  async begin() {
    const first = this.entries.get(0n) ?? refuse('missing_record');
    first.used = true;
    const { record } = this.opened(first);
    if (record.kind !== 'root') refuse('not_allowed');
    this.root = record.payload;
    this.rootId = record.id;
    this.list(record.id);
    for (const jwk of this.root.keys) {
      const key = keyOfJwk(jwk);
      this.rootKeys.set(b64url(await thumbprint(key)), key);
    }
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

  /**
   * A record with its status, judged with every item that could have enabled it; of a key with every one that ended it.
   * @param {string} id
   * @param {number} [keys] how many stand below it in the chain that is judged
   * @returns {Promise<Standing>}
   */
  async standing(id, keys = 0) {
    const shown = this.need(id);
    if (shown.index >= this.cut) refuse('not_yet');
    const list = this.list(id);
    const status = statusAt(list, this.cut) ?? refuse('not_yet');
    const known = this.judged.get(id);
    if (known instanceof Fault) throw known;
    if (known === undefined) await this.judgeStanding(shown, list, keys);
    return { shown, list, status };
  }

  /** @param {Opened} shown @param {List} list @param {number} keys */
  async judgeStanding(shown, list, keys) {
    const { id } = list;
    const since = this.judged.size;
    this.judged.set(id, true);
    try {
      await this.judge(shown, {}, keys);
      for (const [i, { index, status }] of list.items.entries()) {
        if (i === 0) continue;
        const enables = enabling(list.items[i - 1].status, status) && index < this.cut;
        if (enables || (shown.record.kind === 'key' && status === ENDED)) await this.judgeItem(list, i);
      }
    } catch (error) {
      // What was found right meanwhile may have leant on this one.
      for (const later of [...this.judged.keys()].slice(since)) if (this.judged.get(later) === true) this.judged.delete(later);
      if (error instanceof Fault) this.judged.set(id, error);
      throw error;
    }
  }

  /**
   * An item of a list but its first, opened, with its signer.
   * @param {List} list @param {number} i
   */
  async judgeItem(list, i) {
    const shown = this.opened(this.at(list.items[i].index));
    const target = this.need(list.id);
    const before = this.stepsBefore(list, i);
    const of = { record: target.record, signer: this.signers.get(target.index), time: target.entry.time };
    const one = this.caseOf(shown, { target: of, before });
    if (!moves(one, list.items[i - 1].status, list.items[i].status)) refuse('opening_move');
    await this.judge(shown, { target: of, before });
    return shown;
  }

  /** @param {List} list @param {number} i @returns {import('./rules.js').Step[]} */
  stepsBefore({ items }, i) {
    return items.slice(1, i).map(({ index, status }, before) => ({
      from: items[before].status,
      to: status,
      record: this.entries.get(index)?.record,
      signer: this.signers.get(index),
    }));
  }

  /** @param {Opened} shown @param {Pick<import('./rules.js').Case, 'target' | 'before'>} [more] @returns {import('./rules.js').Case} */
  caseOf({ record, index, entry }, more = {}) {
    return { record, index, time: entry.time, root: this.root, ...more };
  }

  /**
   * That an entry's record started as its kind does, and that its signature counts.
   * @param {Opened} shown
   * @param {Pick<import('./rules.js').Case, 'target' | 'before'>} [more]
   * @param {number} [keys] how many stand below it in the chain
   */
  async judge(shown, more = {}, keys = 0) {
    const { record, entry } = shown;
    if (entry.class !== TRANSITION && entry.status !== 0 && entry.status !== firstStatus(record)) refuse('opening_move');
    const signer = await this.signer(shown, more.target?.record.kind === 'root', keys);
    this.signers.set(shown.index, signer);
    const other = await this.others(record);
    if (!(await maySign(this.caseOf(shown, more), signer, other))) refuse('not_allowed');
    if (record.payload.under !== undefined && record.kind !== 'party') await this.judgeUnder(shown);
  }

  /** Payloads of other records that the table asks for. @param {Record} record */
  async others({ kind, payload }) {
    if (kind === 'key') return { party: (await this.standing(payload.party)).shown.record.payload };
    if (kind === 'party' && payload.under !== undefined) return { under: (await this.standing(payload.under)).shown.record.payload };
    return {};
  }

  /**
   * Who signed, if the signature counts as of the entry's place.
   * @param {Opened} shown
   * @param {boolean} ofRoot whether it moves the root's own record, which is not in force before
   * @param {number} keys how many stand below it in the chain
   * @returns {Promise<Signer>}
   */
  async signer({ record, index, entry }, ofRoot, keys) {
    const { kid } = record.jws;
    const rootKey = this.rootKeys.get(kid);
    if (rootKey !== undefined) return this.rootSigner(record, rootKey, index, ofRoot);
    if (keys >= MOST_KEYS) refuse('chain_too_long');
    const found = this.byId.get(kid);
    if (found === undefined || found.index >= index) return refuse('unknown_signer');
    const key = this.need(kid);
    if (key.record.kind !== 'key') refuse('unknown_signer');
    const list = this.list(kid);
    const party = this.need(key.record.payload.party);
    if (party.record.kind !== 'party') refuse('unknown_signer');
    const partyList = this.list(party.record.id);
    if (!(await signedBy(record.jws, keyOfJwk(key.record.payload.jwk)))) refuse('signature');
    if (statusAt(list, index) !== ACTIVE) refuse('key_not_active');
    if (statusAt(partyList, index) !== ACTIVE) refuse('party_not_active');
    await this.standing(kid, keys + 1);
    await this.standing(party.record.id, keys + 1);
    if (keys + this.depth(key, party) > MOST_KEYS) refuse('chain_too_long');
    if (record.kind !== 'key-end' && this.isCompromised(list, entry.time)) refuse('key_compromised');
    return { kid, root: false, party: party.record.id, payload: party.record.payload, key: key.record.payload };
  }

  /** @param {Record} record @param {Uint8Array} key @param {bigint} index @param {boolean} ofRoot @returns {Promise<Signer>} */
  async rootSigner({ jws }, key, index, ofRoot) {
    if (!(await signedBy(jws, key))) refuse('signature');
    if (index > 0n && !ofRoot) {
      const root = /** @type {string} */ (this.rootId);
      if (statusAt(this.list(root), index) !== ACTIVE) refuse('key_not_active');
      await this.standing(root);
    }
    return { kid: jws.kid, root: true };
  }

  /** @param {List} list a key's @param {bigint} time */
  isCompromised({ items }, time) {
    return items.some(({ index, status }, i) => {
      const since = i > 0 && status === ENDED ? this.entries.get(index)?.record?.payload.compromised_since : undefined;
      return since !== undefined && BigInt(since) <= time;
    });
  }

  /** @param {Opened} key @param {Opened} party */
  depth(key, party) {
    const above = [key, party].map(({ index }) => this.signers.get(index)).map((signer) => (signer === undefined || signer.root ? 0 : this.depths.get(signer.kid) ?? 0));
    const depth = 1 + Math.max(...above);
    this.depths.set(key.record.id, depth);
    return depth;
  }

  /** That a grant lies within the mandate that it is under, whose own signatures count. spec: kinds.md#under-a-mandate @param {Opened} child */
  async judgeUnder({ record, index }) {
    const { payload } = record;
    const above = await this.standing(payload.under);
    const mandate = above.shown.record.payload;
    if (above.shown.record.kind !== 'mandate' || statusAt(above.list, index) !== ACTIVE) refuse('not_allowed');
    const catalogue = this.need(payload.catalogue).record.payload;
    const isMandate = record.kind === 'mandate';
    const givenFor = isMandate ? payload.mandators : [payload.subject];
    const informed = [...new Set([...mandate.mandatees, ...(mandate.informed ?? [])])];
    const allowed =
      String(mandate.mandators) === String(givenFor) &&
      payload.by.every((/** @type {string} */ id) => mandate.mandatees.includes(id)) &&
      payload.by.length >= (mandate.needed ?? 1) &&
      payload.informed.length === informed.length && informed.every((id) => payload.informed.includes(id)) &&
      payload.catalogue === mandate.catalogue &&
      payload.scopes.every((/** @type {string} */ scope) => covers(catalogue, mandate.scopes, scope)) &&
      payload.not_before >= mandate.not_before &&
      (payload.not_after ?? Number.POSITIVE_INFINITY) <= (mandate.not_after ?? Number.POSITIVE_INFINITY) &&
      within(payload.conditions ?? [], mandate.conditions ?? []) &&
      (!isMandate || (mandate.substitution ?? 0) > (payload.substitution ?? 0));
    if (!allowed) refuse('not_allowed');
  }
}
