// The kinds table, the other half: what a record makes of its status or its target's, and who may sign it. spec: kinds.md

import { b64url, concat, labelled, ofB64url, ofText, sha256 } from './bytes.js';
import { SURENESS } from './catalogue.js';
import { keyOfJwk, verifies } from './ed25519.js';
import { ACTIVE, DISPUTED, ENDED, isDisputed, PENDING, SUSPENDED } from './entry.js';
import { givers, takers } from './kinds.js';

/**
 * @typedef {import('./record.js').Record} Record
 *
 * Who signed: a party by one of its keys, or the root by one of its own.
 * @typedef {{kid: string, root: true} | {kid: string, root: false, party: string, payload: any, key: any}} Signer
 *
 * What happened to a record before; of what put it into force also the key that signed, and whose that is.
 * @typedef {{from: number, to: number, kid?: string, party?: string}} Step
 *
 * @typedef {object} Case a record in its place
 * @property {Record} record
 * @property {bigint} index
 * @property {bigint} time its entry's, ms
 * @property {any} root the root's payload
 * @property {{record: Record, kid: string, party?: string, time: bigint}} [target] of a transition, with the key that signed it and whose that is
 * @property {Step[]} [before] of a transition: the steps before it
 */

const THIRTY_DAYS_MS = 30n * 86_400_000n;

// Who signed ---------------------------------------------------------------------------------------------------------------

/** @param {Signer} signer @param {string} role */
const has = (signer, role) => !signer.root && (signer.payload.roles ?? []).includes(role);

/** Whether one of these parties signed. @param {Signer} signer @param {...(string | undefined)} parties */
const is = (signer, ...parties) => !signer.root && parties.includes(signer.party);

/** A root whose quorum is above 1 ends nothing by one key. @param {Signer} signer @param {any} root */
const loneRoot = (signer, root) => signer.root && root.quorum === 1;

/** Mandators, mandatees, subject, recipient, `by`. @param {any} grant @returns {string[]} */
const concerned = ({ mandators = [], mandatees = [], subject, recipient, by = [] }) => [...mandators, ...mandatees, subject, recipient, ...by];

/** `quorum` is the root's, and nobody else's. @param {Signer} signer @param {any} payload @param {any} root */
const quorumFits = (signer, payload, root) => (payload.quorum ?? 1) === (signer.root ? root.quorum : 1);

// What a create becomes ----------------------------------------------------------------------------------------------------

/** @param {Record} record @returns {number} its first status */
export function firstStatus({ kind, payload }) {
  switch (kind) {
    case 'root':
    case 'log-keys':
    case 'catalogue': return (payload.quorum ?? 1) > 1 ? PENDING : ACTIVE;
    case 'party': return payload.provisional === true || (payload.quorum ?? 1) > 1 ? PENDING : ACTIVE;
    case 'key': return payload.basis === 'recovery' || (payload.quorum ?? 1) > 1 ? PENDING : ACTIVE;
    case 'mandate':
    case 'consent': return signatures(payload) > 1 ? PENDING : ACTIVE;
    default: return ACTIVE;
  }
}

/** How many must sign a grant, the record itself included. @param {any} payload */
const signatures = (payload) => givers(payload).needed + takers(payload).length;

// What a transition does ---------------------------------------------------------------------------------------------------

const REVOCABLE = ['party', 'catalogue', 'mandate', 'consent', 'request', 'block', 'holding', 'hook', 'retention'];

/** Whether a transition may move its target so. @param {Case} one @param {number} from @param {number} to @returns {boolean} */
export function moves(one, from, to) {
  const { record, target } = one;
  if (target === undefined) return false;
  const { payload } = record;
  const kind = target.record.kind;
  const ends = to === ENDED && from !== ENDED;
  const isGrant = kind === 'mandate' || kind === 'consent';
  switch (record.kind) {
    case 'acceptance': return accepts(one, from, to);
    case 'renunciation': return isGrant ? ends && payload.link === undefined : kind === 'request' && from === ACTIVE && to === ENDED;
    case 'revocation':
      if (payload.effective !== undefined) return kind === 'mandate' && from === ACTIVE && to === ACTIVE;
      return ends && REVOCABLE.includes(kind);
    case 'suspension':
      if (!isGrant && kind !== 'key') return false;
      return payload.lift === true ? from === SUSPENDED && to === ACTIVE : from === ACTIVE && to === SUSPENDED;
    case 'dispute':
      if (!isGrant) return false;
      if (payload.step === 'open') return !isDisputed(from) && to === (from | DISPUTED);
      return isDisputed(from) && to === (payload.step === 'dismissed' ? from & ~DISPUTED : ENDED);
    case 'life-event': return kind === 'party' && payload.into !== target.record.id && lives(payload.event, target.record.payload.party_type, from, to);
    case 'key-end': return kind === 'key' && to === ENDED;
    case 'access': return kind === 'consent' && from === ACTIVE && to === ACTIVE && countsUses(target.record.payload);
    default: return false;
  }
}

/** @param {any} consent */
export const countsUses = ({ conditions = [] }) => conditions.some((/** @type {any} */ one) => one.type === 'uses');

/** @param {Case} one @param {number} from @param {number} to */
function accepts({ record, target, before = [] }, from, to) {
  const { kind, payload } = /** @type {NonNullable<Case['target']>} */ (target).record;
  if (kind === 'request') return record.payload.grant !== undefined && from === ACTIVE && to === ENDED;
  if (record.payload.grant !== undefined || from !== PENDING) return false;
  if (record.payload.link !== undefined && payload.link === undefined) return false;
  const partial = before.filter((step) => step.from === PENDING && step.to === PENDING).length;
  const needed = kind === 'mandate' || kind === 'consent' ? signatures(payload) : isByRoot(kind, payload) ? payload.quorum : 2;
  return to === (partial + 2 === needed ? ACTIVE : PENDING);
}

/** What is pending until the root's quorum signed it. @param {string} kind @param {any} payload */
const isByRoot = (kind, payload) => kind === 'root' || ((payload.quorum ?? 1) > 1 && payload.provisional !== true && payload.basis !== 'recovery');

/** @param {string} event @param {string} type @param {number} from @param {number} to */
function lives(event, type, from, to) {
  const ofPerson = event !== 'closure' && event !== 'merger';
  if (ofPerson !== (type === 'person') || type === 'role') return false;
  switch (event) {
    case 'protection': return from === ACTIVE && to === SUSPENDED;
    case 'protection-end': return from === SUSPENDED && to === ACTIVE;
    case 'majority': return from === ACTIVE && to === ACTIVE;
    default: return (from === ACTIVE || from === SUSPENDED) && to === ENDED;
  }
}

// Who may sign -------------------------------------------------------------------------------------------------------------

/**
 * Whether the table allows this signer. What a grant is under is asked elsewhere.
 * @param {Case} one
 * @param {Signer} signer
 * @param {any} [holder] payload of the party that a key is bound to, or that a role is under
 * @returns {Promise<boolean>}
 */
export async function maySign(one, signer, holder) {
  const { record, root, index, time } = one;
  const { payload } = record;
  const namesQuorum = ['party', 'log-keys', 'catalogue'].includes(record.kind) || (record.kind === 'key' && payload.basis === 'first');
  if (namesQuorum && !quorumFits(signer, payload, root)) return false;
  switch (record.kind) {
    case 'root': return signer.root && index === 0n;
    case 'log-keys': return signer.root;
    case 'party': return mayRegister(signer, payload, holder);
    case 'key': return mayBind(signer, payload, holder) && (await isPossessed(payload));
    case 'catalogue': return signer.root || has(signer, 'catalogue');
    case 'mandate':
    case 'consent': return gives(signer, payload);
    case 'request': return is(signer, payload.requester);
    case 'block': return is(signer, payload.party);
    case 'holding': return is(signer, payload.source);
    case 'hook': return is(signer, payload.party) && !signer.root && ['organisation', 'institution'].includes(signer.payload.party_type);
    case 'retention':
    case 'erasure': return has(signer, 'authority');
    case 'access': return is(signer, payload.actor);
    case 'acceptance': return mayAccept(one, signer);
    case 'renunciation': return mayRenounce(one, signer);
    case 'revocation': return mayRevoke(one, signer);
    case 'suspension': return maySuspend(one, signer);
    case 'dispute': return has(signer, 'authority') || (payload.step === 'open' && is(signer, ...concerned(targetOf(one))));
    case 'life-event': return has(signer, 'authority') && BigInt(payload.effective) <= time;
    case 'key-end': return mayEndKey(one, signer);
    default: return !signer.root;
  }
}

/** @param {Case} one @returns {any} */
const targetOf = ({ target }) => target?.record.payload;

/** @param {Signer} signer @param {any} party @param {any} under */
function mayRegister(signer, party, under) {
  if (party.party_type === 'role') {
    const fits = under !== undefined && ['organisation', 'institution'].includes(under.party_type);
    const roles = (party.roles ?? []).every((/** @type {string} */ role) => (under?.roles ?? []).includes(role));
    return fits && roles && party.provisional === undefined && (signer.root || is(signer, party.under));
  }
  const plain = ['person', 'organisation'].includes(party.party_type);
  if (party.provisional === true) return plain && has(signer, 'provisional');
  return signer.root || (plain && has(signer, 'registrar'));
}

/** @param {Signer} signer @param {any} key @param {any} party */
function mayBind(signer, key, party) {
  // No key makes a surer one than itself: who stole the weakest could step up with it.
  if (key.basis === 'cosigned') return !signer.root && is(signer, key.party) && SURENESS.indexOf(key.assurance) <= SURENESS.indexOf(signer.key.assurance);
  if (party.party_type === 'role') return signer.root || (key.basis === 'first' && is(signer, party.under));
  return signer.root || (party.party_type !== 'institution' && has(signer, 'registrar'));
}

/** Its holder signed that the key is bound, with the record's own nonce. @param {any} key */
async function isPossessed({ jwk, pop, party, nonce, origin }) {
  const [signature, partyId, random] = [pop, party, nonce].map((text) => /** @type {Uint8Array} */ (ofB64url(text)));
  const key = keyOfJwk(jwk);
  return verifies(key, concat(ofText('procura/v1/pop\0'), await sha256(ofText(origin)), partyId, key, random), signature);
}

/** @param {Signer} signer @param {any} grant */
function gives(signer, grant) {
  const { parties, role } = givers(grant);
  return role !== undefined ? has(signer, role) : is(signer, .../** @type {string[]} */ (parties));
}

/** @param {Case} one @param {Signer} signer */
async function mayAccept(one, signer) {
  const { record, root, time, target, before = [] } = one;
  const { kind, payload } = /** @type {NonNullable<Case['target']>} */ (target).record;
  const earlier = [/** @type {NonNullable<Case['target']>} */ (target), ...before.filter((step) => step.kid !== undefined)];
  if (kind === 'request') return mayAnswer(one, signer) && isInTime(one) && hasLink(record.payload, payload);
  if (kind === 'mandate' || kind === 'consent') {
    const takes = is(signer, ...takers(payload));
    if (!takes && !gives(signer, payload)) return false;
    if (earlier.some(({ party }) => is(signer, party))) return false;
    return isInTime(one) && (takes ? hasLink(record.payload, payload) : record.payload.link === undefined);
  }
  if (record.payload.link !== undefined) return false;
  if (kind === 'party' && payload.provisional === true) return has(signer, 'registrar');
  if (kind === 'key' && payload.basis === 'recovery') {
    const ripe = time >= (target?.time ?? 0n) + BigInt(root.key_delay);
    return ripe && (has(signer, 'registrar') || loneRoot(signer, root));
  }
  return signer.root && isByRoot(kind, payload) && !earlier.some(({ kid }) => kid === signer.kid);
}

/** @param {Case} one */
const isInTime = (one) => targetOf(one).answer_by === undefined || one.time < BigInt(targetOf(one).answer_by);

/** @param {Case} one @param {Signer} signer */
const mayAnswer = (one, signer) => (targetOf(one).subject === undefined ? !signer.root && !is(signer, targetOf(one).requester) : is(signer, targetOf(one).subject));

/** The bytes that the target commits to, and none where it commits to none. @param {any} answer @param {any} target */
async function hasLink({ link }, { link: committed }) {
  if (link === undefined || committed === undefined) return link === committed;
  const bytes = await labelled('link', /** @type {Uint8Array} */ (ofB64url(link)));
  return committed === b64url(bytes);
}

/** @param {Case} one @param {Signer} signer */
async function mayRenounce(one, signer) {
  const target = targetOf(one);
  if (one.target?.record.kind === 'request') return mayAnswer(one, signer) && hasLink(one.record.payload, target);
  return one.record.payload.link === undefined && is(signer, ...(target.mandatees ?? [target.recipient]));
}

/** @param {Case} one @param {Signer} signer */
function mayRevoke(one, signer) {
  const { root, target } = one;
  const { kind, payload } = /** @type {NonNullable<Case['target']>} */ (target).record;
  switch (kind) {
    case 'party':
      if (payload.party_type === 'role') return is(signer, payload.under) || loneRoot(signer, root);
      if (payload.provisional === true || ((payload.roles ?? []).length === 0 && payload.quorum === undefined)) return has(signer, 'registrar') || loneRoot(signer, root);
      return loneRoot(signer, root);
    case 'catalogue': return loneRoot(signer, root) || target?.kid === signer.kid;
    case 'mandate':
    case 'consent': return mayWithdraw(signer, payload);
    case 'request': return is(signer, payload.requester);
    case 'block': return is(signer, payload.party);
    case 'holding': return is(signer, payload.source);
    case 'hook': return is(signer, payload.party);
    case 'retention': return has(signer, 'authority');
    default: return false;
  }
}

/** @param {Signer} signer @param {any} grant */
const mayWithdraw = (signer, grant) =>
  grant.ground !== undefined ? has(signer, 'authority') : is(signer, ...(grant.mandators ?? [grant.subject]), ...(grant.by ?? []));

/** @param {Case} one @param {Signer} signer */
function maySuspend(one, signer) {
  const { record, root, target } = one;
  if (target?.record.kind !== 'key') return mayWithdraw(signer, targetOf(one));
  const own = record.payload.lift !== true && is(signer, targetOf(one).party);
  return own || has(signer, 'registrar') || loneRoot(signer, root);
}

/** @param {Case} one @param {Signer} signer */
function mayEndKey(one, signer) {
  const { record, root, time } = one;
  const high = loneRoot(signer, root) || has(signer, 'authority');
  const since = record.payload.compromised_since;
  const near = since === undefined || BigInt(since) >= time - THIRTY_DAYS_MS;
  return high || (near && (has(signer, 'registrar') || is(signer, targetOf(one).party)));
}
