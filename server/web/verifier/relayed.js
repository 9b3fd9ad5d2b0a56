// A relay's note: an institution says that it had a record in hand, and when. spec: records.md#relays

import { b64url, ofText, sha256 } from './bytes.js';
import { ACTIVE } from './entry.js';
import { keyOfJwk } from './ed25519.js';
import { refuse } from './fault.js';
import { hold } from './inhand.js';
import { readCanonical } from './json.js';
import { readJws, signedBy } from './jws.js';
import { id, instant, integer, Members, string } from './members.js';
import { readPolicy } from './policy.js';
import { readReceipt } from './receipt.js';
import { readRecord, SKEW_MS } from './record.js';
import { Walk } from './walk.js';

const RELAY = 'procura-relay+jws';

/**
 * Verifies what a note says of a record: which institution had it, by the id of its party, and when.
 * @param {string} note a compact JWS
 * @param {string} compact the record
 * @param {Uint8Array | string} key the status receipt of the relay's key, of any age
 * @param {import('./index.d.ts').Policy} trust
 */
export async function verifyRelayed(note, compact, key, trust) {
  const policy = await readPolicy(trust);
  const record = await readRecord(compact);
  const jws = readJws(note, RELAY);
  const said = read(jws.payload);
  const body = b64url(await sha256(ofText(compact)));
  const { origin } = record.payload;
  if (said.id !== record.id || said.body !== body || said.origin !== origin || origin !== policy.origin) refuse('other_record');
  if (said.time + SKEW_MS < record.payload.iat) refuse('relay_time');
  const receipt = readReceipt(key);
  const { question } = receipt;
  if (question.type !== 'status' || question.id !== jws.kid || question.through !== undefined || question.as_of !== undefined) refuse('other_question');
  const parts = await hold(receipt, policy);
  const walk = new Walk(parts, parts.commit.size + 1n);
  await walk.begin();
  const { shown, list } = await walk.standing(jws.kid);
  if (shown.record.kind !== 'key') refuse('other_question');
  if (list.items[list.items.length - 1].status !== ACTIVE || shown.entry.time > said.time) refuse('key_not_active');
  if (!(await signedBy(jws, keyOfJwk(shown.record.payload.jwk)))) refuse('signature');
  const relay = walk.need(shown.record.payload.party).record;
  if (relay.payload.party_type !== 'institution') refuse('not_an_institution');
  return Object.freeze({ relay: relay.id, time: said.time });
}

/** @param {Uint8Array} payload */
function read(payload) {
  const members = new Members(readCanonical(payload));
  if (members.required('v', integer()) !== 1) refuse('unknown_version', '/v');
  const said = {
    origin: members.required('origin', string),
    id: members.required('id', id),
    body: members.required('body', id),
    time: members.required('time', instant),
  };
  members.done();
  return said;
}
