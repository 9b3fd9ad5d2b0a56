// A mandate or consent that a party of it shows to one verifier, for one challenge. spec: presentations.md

import { answerOf } from './answer.js';
import { b64url, ofText, same, sha256 } from './bytes.js';
import { readChallenge } from './challenge.js';
import { disclose } from './disclosures.js';
import { keyOfJwk } from './ed25519.js';
import { ACTIVE, ENDED, isDisputed, PENDING, SUSPENDED } from './entry.js';
import { refuse, renamed } from './fault.js';
import { canonicalBytes, readCanonical, readStrict } from './json.js';
import { readJws, signedBy } from './jws.js';
import { id, integer, Members, present, string } from './members.js';
import { readPolicy } from './policy.js';
import { readReceipt } from './receipt.js';
import { readRecord } from './record.js';

const MOST_BYTES = 4 * 1024 * 1024;
const MOST_VALUES = 2 ** 21;
const BINDING = 'kb+jwt';
const WITHIN_MS = 300_000;
const PARTS = /** @type {const} */ (['mandate', 'key', 'party', 'authority']);

/**
 * @typedef {import('./challenge.js').Challenge} Challenge
 * @typedef {import('./receipt.js').Receipt} Receipt
 * @typedef {import('./walk.js').Walk} Walk
 *
 * @typedef {{mandate: Receipt, key?: Receipt, party?: Receipt, authority?: Receipt}} Parts
 * @typedef {{jws: import('./jws.js').Jws, sd_hash: string}} Binding
 *
 * @typedef {object} Grant
 * @property {string} id
 * @property {boolean} isMandate
 * @property {string[]} from
 * @property {string[]} to
 * @property {any} payload
 *
 * @typedef {object} Holder
 * @property {string} party the key's
 * @property {string} [under] the party that it acts for as a role
 * @property {any} jwk
 *
 * @typedef {object} Presented what a presentation proves; only `verifyPresentation` makes it
 * @property {import('./index.d.ts').VerifiedStatus} mandate
 * @property {import('./index.d.ts').VerifiedAuthority} [authority]
 * @property {'mandator' | 'mandatee' | 'subject' | 'recipient'} side
 * @property {string} party the one of the mandate for whom it was shown
 * @property {string} by who showed it: that party, or a role under it
 * @property {string} key
 * @property {Record<string, Record<string, any>>} disclosed by the record's id
 */

/** @type {WeakSet<object>} */
const made = new WeakSet();

/** Whether a value is a verified presentation. @param {unknown} one */
export const isPresented = (one) => typeof one === 'object' && one !== null && made.has(one);

/**
 * Verifies what a holder shows: gives what it proves, or throws a `Fault`. Nothing is fetched, no clock is read; that a nonce is taken once is the caller's to see to.
 * @param {Uint8Array | string} bytes as it came
 * @param {Challenge} asked the verifier's own
 * @param {import('./index.d.ts').Policy} trust
 * @param {number} now ms
 * @returns {Promise<Presented>}
 */
export async function verifyPresentation(bytes, asked, trust, now) {
  const policy = await readPolicy(trust);
  const challenge = readChallenge(JSON.stringify(asked));
  const { parts, kb } = readPresentation(bytes);
  if (challenge.origin !== policy.origin) refuse('wrong_origin');
  const binding = readBinding(kb, challenge, now);
  const receipts = new Receipts(policy, now);

  const { question } = parts.mandate;
  if (question.type !== 'status') return refuse('other_question');
  const { answer: mandate, path } = await receipts.status(parts.mandate, { type: 'status', id: question.id });
  const grant = grantOf(mandate);
  const shown = /** @type {string} */ (path.need(grant.id).shown.record);
  if (binding.sd_hash !== (await sdHash(shown, path.need(grant.id).shown.disclosures ?? []))) refuse('kb_sd_hash');
  checkHolds(grant, mandate, now);

  const { kid } = binding.jws;
  const key = parts.key && (await receipts.status(parts.key, { type: 'status', id: kid })).path;
  const party = parts.party && (await receipts.status(parts.party, { type: 'status', id: partyNamed(key ?? path, kid) })).path;
  const most = party ?? key ?? path;
  const holder = await holderOf(kid, key ?? path, most, now);
  if (!(await signedBy(binding.jws, keyOfJwk(holder.jwk)))) refuse('kb_signature');
  const { side, of } = sideOf(grant, holder) ?? refuse('not_a_party');
  if (of !== holder.party) await active(most, of);
  for (const one of [path, key, party]) if (grant.from.some((giver) => one?.lists.get(giver)?.items.at(-1)?.status === ENDED)) refuse('lapsed');
  const authority = await receipts.authority(parts, challenge, { grant, side, holder, of });
  const disclosed = await disclosedIn(parts, challenge, grant, holder);
  for (const name of challenge.show ?? []) {
    if (!Object.hasOwn(disclosed[name === 'reference' ? grant.id : of] ?? {}, name)) refuse('not_shown', name);
  }
  const presented = Object.freeze({ mandate, ...(authority && { authority }), side, party: of, by: holder.party, key: kid, disclosed });
  made.add(presented);
  return presented;
}

/** Reads a presentation strictly. @param {Uint8Array | string} bytes @returns {{parts: Parts, kb: string}} */
function readPresentation(bytes) {
  const read = typeof bytes === 'string' ? ofText(bytes) : bytes;
  if (read.length > MOST_BYTES || read.reduce((signs, byte) => signs + Number(byte === 0x2c || byte === 0x5b || byte === 0x7b), 0) > MOST_VALUES) refuse('too_large');
  const object = renamed('malformed', () => readStrict(read, MOST_BYTES));
  if (Number.isSafeInteger(object.v) && object.v !== 1) refuse('unknown_version');
  const members = new Members(object);
  const found = renamed('malformed', () => {
    members.required('v', integer(1, 1));
    const values = PARTS.map((name) => members[name === 'mandate' ? 'required' : 'optional'](name, (value) => value));
    const kb = members.required('kb', string);
    members.done();
    return { values, kb };
  });
  // Inside of what was read strictly already: each as it would stand alone.
  const receipts = found.values.map((value) => (value === undefined ? undefined : readReceipt(JSON.stringify(value))));
  return { parts: /** @type {Parts} */ (present(Object.fromEntries(PARTS.map((name, i) => [name, receipts[i]])))), kb: found.kb };
}

/** Reads a key binding that is for this challenge, now. @param {string} kb @param {Challenge} challenge @param {number} now @returns {Binding} */
function readBinding(kb, challenge, now) {
  const jws = readJws(kb, BINDING);
  const claims = renamed('kb_claims', () => {
    const members = new Members(readCanonical(jws.payload));
    const read = { aud: members.required('aud', string), iat: members.required('iat', integer()), nonce: members.required('nonce', string), sd_hash: members.required('sd_hash', id) };
    members.done();
    return read;
  });
  if (claims.aud !== challenge.aud) refuse('kb_aud');
  if (claims.nonce !== challenge.nonce) refuse('kb_nonce');
  if (Math.abs(claims.iat * 1000 - now) > WITHIN_MS) refuse('kb_iat');
  return { jws, sd_hash: claims.sd_hash };
}

/** What a key binding signs: the payload's bytes. @param {Challenge} challenge @param {string} record @param {string[]} disclosures as they are shown @param {number} now ms */
export const bindingPayload = async ({ aud, nonce }, record, disclosures, now) =>
  canonicalBytes({ aud, iat: Math.floor(now / 1000), nonce, sd_hash: await sdHash(record, disclosures) });

/** Over the record and its disclosures, a `~` behind each: RFC 9901 section 4.3.1. @param {string} record @param {string[]} disclosures */
const sdHash = async (record, disclosures) => b64url(await sha256(ofText([record, ...disclosures, ''].join('~'))));

/** The receipts of one presentation, verified one after the other. */
class Receipts {
  /** @param {import('./policy.js').Policy} policy @param {number} now */
  constructor(policy, now) {
    this.policy = policy;
    this.now = now;
    /** @type {import('./index.d.ts').Checkpoint[]} */
    this.checkpoints = [];
  }

  /** @param {Receipt} receipt @param {any} asked */
  async verified(receipt, asked) {
    const found = await answerOf(receipt, asked, this.policy, { fresh: this.now });
    const { checkpoint } = found.answer;
    if (this.checkpoints.some(({ size, root }) => size === checkpoint.size && !same(root, checkpoint.root))) refuse('fork');
    this.checkpoints.push(checkpoint);
    return found;
  }

  /** @param {Receipt} receipt @param {any} asked @returns {Promise<{answer: import('./index.d.ts').VerifiedStatus, path: Walk}>} */
  async status(receipt, asked) {
    return /** @type {any} */ (await this.verified(receipt, asked));
  }

  /**
   * The answer to the challenge's question: the one who takes the mandate may do this, now, for the one whom it is from.
   * @param {Parts} parts @param {Challenge} challenge @param {{grant: Grant, side: string, holder: Holder, of: string}} shown
   */
  async authority({ authority: receipt }, { question: asked }, { grant, side, holder, of }) {
    if ((receipt === undefined) !== (asked === undefined)) refuse('question');
    if (receipt === undefined || asked === undefined) return undefined;
    if (receipt.question.type !== 'authority') return refuse('other_question');
    const { parties: named } = receipt.question;
    const gives = side === 'mandator' || side === 'subject';
    // Whom the holder acts for, or who acts for them, is theirs to say; that it is a party of the mandate is not.
    const actor = gives ? grant.to.find((party) => party === named.actor) : holder.party;
    const subject = gives ? of : grant.from.find((party) => party === named.subject);
    if (actor === undefined || subject === undefined) return refuse('other_question');
    const request = { subject: { type: 'party', id: `party:${actor}` }, action: { name: asked.purpose }, resource: { type: asked.category, id: `party:${subject}` } };
    const { answer } = /** @type {{answer: any}} */ (await this.verified(receipt, { type: 'authority', request }));
    if (!answer.decision.permit || !answer.decision.evidence.includes(grant.id)) refuse('not_permitted', answer.decision.reason);
    return /** @type {import('./index.d.ts').VerifiedAuthority} */ (answer);
  }
}

/** @param {import('./index.d.ts').VerifiedStatus} status @returns {Grant} */
function grantOf({ id: of, kind, payload }) {
  if (payload === undefined || (kind !== 'mandate' && kind !== 'consent')) return refuse('not_a_grant');
  const isMandate = kind === 'mandate';
  return { id: of, isMandate, payload, from: isMandate ? payload.mandators : [payload.subject], to: isMandate ? payload.mandatees : [payload.recipient] };
}

/** It is active, this is its time, and no notice of an end has come true. @param {Grant} grant @param {import('./index.d.ts').VerifiedStatus} answer @param {number} now */
function checkHolds({ payload }, { status, ends }, now) {
  if (isDisputed(status)) refuse('disputed');
  if (status === SUSPENDED) refuse('suspended');
  if (status === PENDING) refuse('not_accepted');
  if (status !== ACTIVE) refuse('ended');
  if (now < payload.not_before) refuse('not_yet_valid');
  if (payload.not_after !== undefined && now >= payload.not_after) refuse('expired');
  if (ends !== undefined && now >= ends) refuse('expired');
}

/** The party that a key's record names. @param {Walk} path @param {string} kid */
function partyNamed(path, kid) {
  const record = path.byId.get(kid)?.record;
  return record?.kind === 'key' ? record.payload.party : refuse('unknown_key');
}

/** A record with its whole list, judged as for its status; it is in force. @param {Walk} path @param {string} of */
async function active(path, of) {
  const { shown, list } = await path.standing(of);
  return list.items.at(-1)?.status === ACTIVE ? shown : refuse('party_not_active');
}

/** @param {string} kid @param {Walk} overKey @param {Walk} overParty @param {number} now @returns {Promise<Holder>} */
async function holderOf(kid, overKey, overParty, now) {
  const { shown, list } = await overKey.standing(kid);
  if (shown.record.kind !== 'key') refuse('unknown_key');
  if (list.items.at(-1)?.status !== ACTIVE) refuse('key_not_active');
  const { party, jwk } = shown.record.payload;
  const { record } = await active(overParty, party);
  if (record.payload.until <= now) refuse('party_not_active');
  return present({ party, jwk, under: record.payload.under });
}

/** On which side the holder's party, or the one that its role is under, stands; and that one. @param {Grant} grant @param {Holder} holder @returns {{side: Presented['side'], of: string} | undefined} */
function sideOf({ isMandate, from, to }, { party, under }) {
  for (const of of [party, under]) {
    if (of !== undefined && from.includes(of)) return { side: isMandate ? 'mandator' : 'subject', of };
    if (of !== undefined && to.includes(of)) return { side: isMandate ? 'mandatee' : 'recipient', of };
  }
  return undefined;
}

/** What the receipts disclose, all of which was asked for. @param {Parts} parts @param {Challenge} challenge @param {Grant} grant @param {Holder} holder */
async function disclosedIn(parts, { show = [] }, grant, holder) {
  const known = new Set([holder.party, ...grant.from, ...grant.to]);
  /** @type {Record<string, Record<string, any>>} */
  const disclosed = {};
  for (const { record: text, disclosures = [], handle } of PARTS.flatMap((name) => parts[name]?.entries ?? [])) {
    if (handle !== undefined) refuse('unasked');
    if (text === undefined || disclosures.length === 0) continue;
    const record = await readRecord(text);
    const isOf = record.kind === 'party' ? known.has(record.id) : record.id === grant.id;
    for (const [name, value] of Object.entries(await disclose(record.payload, disclosures, { all: false }))) {
      if (!isOf || !show.some((one) => one === name)) refuse('unasked');
      disclosed[record.id] = { ...disclosed[record.id], [name]: value };
    }
  }
  return disclosed;
}
