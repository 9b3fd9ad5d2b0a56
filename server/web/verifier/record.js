// Records: what is signed. Reading one for itself, and a submission as a ledger would read it. spec: records.md

import { labelled, ofB64url, ofText, b64url } from './bytes.js';
import { firstInstant, instantAfter } from './days.js';
import { disclose } from './disclosures.js';
import { TRACE, TRANSITION } from './entry.js';
import { Fault, refuse } from './fault.js';
import { readCanonical, readStrict } from './json.js';
import { idOf, readJws } from './jws.js';
import { kindOf, RESERVED } from './kinds.js';
import { array, id, instant, integer, Members, mistyped, string } from './members.js';

/**
 * @typedef {import('./json.js').JsonObject} JsonObject
 *
 * @typedef {object} Record a signed statement whose form is right; its signature is for whoever knows the key
 * @property {string} id
 * @property {import('./jws.js').Jws} jws
 * @property {string} kind
 * @property {any} payload
 */

const MINUTE_MS = 60_000;
export const SKEW_MS = 5 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MOST_RECORD_BYTES = 65_536;
const MOST_DISCLOSURE_BYTES = 8_192;
const MOST_SUBMISSION_BYTES = 512 * 1024;

/** @param {string} compact the JWS @returns {Promise<Record>} */
export async function readRecord(compact) {
  if (ofText(compact).length > MOST_RECORD_BYTES) refuse('oversized');
  const jws = readJws(compact);
  const payload = /** @type {any} */ (readCanonical(jws.payload));
  const kind = readMembers(payload);
  await kindOf(kind).check?.(payload);
  if (payload.submit_by < payload.iat || payload.submit_by > payload.iat + 7 * DAY_MS) refuse('submit_by_range', '/submit_by');
  if (kindOf(kind).sameParty?.(payload)) refuse('same_party');
  return { id: await idOf(jws), jws, kind, payload };
}

/** @param {any} payload */
function readMembers(payload) {
  const members = new Members(payload);
  if (members.required('v', integer()) !== 1) refuse('unknown_version', '/v');
  const kind = members.required('kind', (value, where) => (/^[a-z-]{1,32}$/.test(string(value, where)) ? /** @type {string} */ (value) : mistyped(where)));
  if (RESERVED.has(kind)) refuse('reserved_kind', '/kind');
  members.required('origin', string);
  members.required('nonce', id);
  members.required('iat', instant);
  members.required('submit_by', instant);
  members.optional('_sd', (value) => value);
  const row = kindOf(kind);
  if (row.classes.includes(TRANSITION) && !row.classes.includes(TRACE)) members.required('target', id);
  row.members(members, payload);
  members.done();
  return kind;
}

/** Whether every kind's member is there that may not be withheld at admission. @param {Record} record @param {JsonObject} disclosed */
function checkWithheld({ kind, payload }, disclosed) {
  const { withheld = {} } = kindOf(kind);
  for (const [name, value] of Object.entries(disclosed)) {
    if (withheld === 'any') {
      if (name === 'parties') refuse('disclosure_not_allowed', '/parties');
    } else if (!Object.hasOwn(withheld, name)) {
      refuse('disclosure_not_allowed', `/${name}`);
    } else {
      readWithheld(() => withheld[name](value, `/${name}`));
    }
  }
  if (kind === 'party' && payload.party_type === 'role' && Object.hasOwn(disclosed, 'identifier')) refuse('withheld_member', '/identifier');
}

/** @param {() => unknown} read */
function readWithheld(read) {
  try {
    read();
  } catch (error) {
    if (error instanceof Fault && error.code === 'member_mistyped') refuse('withheld_member', error.where);
    throw error;
  }
}

/**
 * The withheld members that a presentation shows.
 * @param {Record} record @param {string[]} disclosures
 */
export async function openWithheld(record, disclosures) {
  const disclosed = await disclose(record.payload, disclosures, { all: false });
  checkWithheld(record, disclosed);
  return disclosed;
}

/** The commitment to a party's handle. @param {Uint8Array} handle */
export const handleCommitment = async (handle) => b64url(await labelled('handle', handle));

/** Why a record may not be logged at an instant: null if it may. @param {Record} record @param {number | bigint} time ms */
export function wrongTime({ kind, payload }, time) {
  if (time < payload.iat - SKEW_MS) return 'too_early';
  return time > payload.submit_by && !kindOf(kind).anyTime ? 'too_late' : null;
}

/**
 * Reads a submission as far as that needs no state; signatures are not looked at. spec: records.md#refusals
 * @param {Uint8Array} bytes
 * @param {string} origin the ledger's
 * @param {number} [time] at which it would be logged, ms
 */
export async function readSubmission(bytes, origin, time) {
  const members = new Members(readStrict(bytes, MOST_SUBMISSION_BYTES));
  const compact = members.required('record', string);
  const disclosures = members.optional('disclosures', array(string, 0, 32)) ?? [];
  const handle = members.optional('handle', id);
  members.done();
  if (disclosures.some((one) => ofText(one).length > MOST_DISCLOSURE_BYTES)) refuse('oversized');
  const record = await readRecord(compact);
  const { kind, payload } = record;
  if (payload.origin !== origin) refuse('wrong_origin', '/origin');
  const disclosed = await disclose(payload, disclosures, { all: true });
  checkWithheld(record, disclosed);
  if (kind === 'party' && payload.party_type !== 'role' && !Object.hasOwn(disclosed, 'identifier')) refuse('withheld_member', '/identifier');
  // Who is looked at in an emergency learns why, and nobody justifies what was none.
  if (kind === 'access' && (payload.emergency === true) !== Object.hasOwn(disclosed, 'justification')) refuse('withheld_member', '/justification');
  if ((kind === 'party') !== (handle !== undefined)) refuse('handle');
  if (handle !== undefined && payload.handle !== (await handleCommitment(/** @type {Uint8Array} */ (ofB64url(handle))))) refuse('handle');
  checkValidity(payload);
  if (payload.answer_by !== undefined && (payload.answer_by <= payload.iat || payload.answer_by > payload.iat + 366 * DAY_MS)) refuse('answer_by', '/answer_by');
  const late = time === undefined ? null : wrongTime(record, time);
  return late === null ? { ...record, disclosed } : refuse(late);
}

/** Days and instants say the same, and a grant never reaches back. @param {any} payload */
function checkValidity({ valid_from: from, valid_until: until, not_before: start, not_after: end, iat }) {
  if (from === undefined) return;
  if (firstInstant(from) !== start || (until !== undefined && instantAfter(until) !== end)) refuse('validity_mismatch');
  // The day of signing has begun: what starts with it or later doesn't start before it.
  if (instantAfter(from) <= iat) refuse('retroactive', '/valid_from');
}
