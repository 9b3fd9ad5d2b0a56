// What was decided for a request: the facts out of the records, `decide` over them again. spec: receipts.md#questions, decisions.md

import { catalogueOf, SURENESS } from './catalogue.js';
import { decide } from './decide.js';
import { ACTIVE, ENDED, TRANSITION } from './entry.js';
import { refuse } from './fault.js';
import { canonical } from './json.js';
import { givers } from './kinds.js';
import { statusAt } from './lists.js';
import { endOf, staysOf, unlessVoid } from './notices.js';
import { accessOf } from './parts.js';
import { readRequest } from './receipt.js';
import { countsUses } from './rules.js';

/**
 * @typedef {import('./walk.js').Walk} Walk
 * @typedef {import('./walk.js').Opened} Opened
 * @typedef {import('./lists.js').List} List
 * @typedef {import('./receipt.js').Authority} Authority
 * @typedef {import('./decide.js').Facts} Facts
 */

/**
 * Walks what the decision rests on, and decides again.
 * @param {Walk} walk cut at the size, or just before the access
 * @param {Authority} question
 * @returns {Promise<{decision: import('./decide.js').Decision, source?: string}>} of an access also the source, which may let the data go
 */
export async function walkAuthority(walk, question) {
  const request = readRequest(question.request);
  const { parties } = question;
  await checkParties(walk, request, parties);
  const access = question.access === undefined ? undefined : accessOf(walk, question.access);
  if (access !== undefined) checkAsks(access, question);
  /** @type {Facts} */
  const facts = { parties: {}, grants: [], catalogues: {} };
  for (const id of question.catalogues) await addCatalogue(walk, facts, id);
  for (const id of question.grants) await addGrant(walk, facts, id);
  const named = [parties.actor, parties.subject, parties.on_behalf_of, ...(parties.together_with ?? [])];
  for (const id of [...named, ...facts.grants.flatMap(({ from, to }) => [...from, ...to])]) await addParty(walk, facts, id ?? null);
  const { category, purpose, properties, emergency } = request;
  const decision = decide({ ...parties, category, purpose, properties, emergency }, question.at, facts);
  if (access !== undefined) await checkFiled(walk, access, decision, facts);
  if (canonical(decision) !== canonical(question.decision)) refuse('other_decision');
  if (question.grants.some((id) => !decision.evidence.includes(id))) refuse('surplus');
  return { decision, ...(access !== undefined && { source: access.record.payload.source }) };
}

/** The parties are those that the request names: by identifier, which their records disclose, or by id; and where there is none nobody has the identifier. @param {Walk} walk @param {any} request @param {any} parties */
async function checkParties(walk, request, parties) {
  const [asked = [], answered = []] = [request.together_with, parties.together_with];
  if (asked.length !== answered.length) refuse('other_party');
  const pairs = ['actor', 'subject', 'on_behalf_of'].map((name) => [request[name], parties[name]]);
  for (const [named, id] of [...pairs, ...asked.map((/** @type {any} */ one, /** @type {number} */ i) => [one, answered[i]])]) {
    if ((named === undefined) !== (id === undefined)) refuse('other_party');
    if (id === undefined) continue;
    if (id === null) {
      if (typeof named === 'string' && !named.startsWith('party:')) await walk.checkNobody(named);
      continue;
    }
    if (named !== `party:${id}` && (typeof named !== 'string' || named.startsWith('party:') || !disclosesIdentifier(walk.need(id), named))) refuse('other_party');
    await walk.checkAlias(walk.need(id));
  }
}

/** @param {Opened} shown @param {string} identifier */
const disclosesIdentifier = ({ record, disclosed }, identifier) => record.kind === 'party' && disclosed?.identifier === identifier;

/** @param {Walk} walk @param {Facts} facts @param {string} id */
async function addCatalogue(walk, facts, id) {
  const standing = await unlessVoid(() => walk.standing(id));
  if (standing === null) return;
  const { shown: { record }, list } = standing;
  if (record.kind !== 'catalogue') refuse('missing_record');
  facts.catalogues[id] = { ...catalogueOf(record.payload), in_force: statusAt(list, walk.cut) === ACTIVE };
}

/** @param {Walk} walk @param {Facts} facts @param {string | null} id @returns {Promise<void>} */
async function addParty(walk, facts, id) {
  if (id === null || Object.hasOwn(facts.parties, id)) return;
  // As if it were not there.
  const standing = await unlessVoid(() => walk.standing(id));
  if (standing === null) return;
  const { shown, list } = standing;
  if (shown.record.kind !== 'party' || statusAt(list, walk.cut) === undefined) refuse('missing_record');
  const { under, until } = shown.record.payload;
  const moves = [];
  for (let i = 1; i < list.items.length && list.items[i].index < walk.cut; i++) moves.push(await moveOf(walk, list, i));
  facts.parties[id] = { status: list.items[0].status, ...(under !== undefined && { under }), ...(until !== undefined && { until }), moves };
  for (const next of [under, ...moves.map(({ into }) => into)]) await addParty(walk, facts, next ?? null);
}

/** @param {Walk} walk @param {List} list @param {number} i @returns {Promise<import('./decide.js').Move>} */
async function moveOf(walk, list, i) {
  const { index, status: to } = list.items[i];
  const { entry, record } = walk.at(index);
  const move = { to, logged_at: Number(entry.time) };
  // Only what happened to a party that has ended may have been erased: else a coming of age could be left out.
  if (record === undefined) return list.items[list.items.length - 1].status === ENDED ? move : refuse('unopened');
  const counts = await unlessVoid(() => walk.judgeItem(list, i));
  if (counts === null || record.kind !== 'life-event') return move;
  const { event, effective, into } = record.payload;
  return { ...move, event, effective, ...(into !== undefined && { into }) };
}

/** @param {Walk} walk @param {Facts} facts @param {string} id */
async function addGrant(walk, facts, id) {
  const counts = (await unlessVoid(() => walk.standing(id))) !== null;
  const shown = walk.need(id);
  const list = walk.list(id);
  const { kind, payload } = shown.record;
  const status = statusAt(list, walk.cut);
  if ((kind !== 'mandate' && kind !== 'consent') || status === undefined) return refuse('missing_record');
  const [from, to] = kind === 'mandate' ? [payload.mandators, payload.mandatees] : [[payload.subject], [payload.recipient]];
  const ends = kind === 'mandate' ? await endOf(walk, list) : undefined;
  const uses = countsUses(payload) ? staysOf(walk, list).map((i) => Number(walk.at(list.items[i].index).entry.time)) : [];
  const { catalogue, scopes, purposes = [], not_before, not_after, needed, ground, survives, under, conditions } = payload;
  const optional = Object.entries({ not_after, needed, ground, survives, under, conditions }).filter(([, value]) => value !== undefined);
  facts.grants.push({
    ...{ id, index: Number(shown.index), kind, from, to, catalogue, scopes, purposes, not_before, status, counts, uses },
    ...(ends !== undefined && { ends }),
    ...(counts && { assurance: assuranceOf(walk, shown, list) }),
    ...Object.fromEntries(optional),
  });
}

/** The lowest of the keys with which it was given: an authority's word is as sure as the law makes it. @param {Walk} walk @param {Opened} shown @param {List} list */
function assuranceOf(walk, { index, record: { payload } }, list) {
  if (payload.assisted !== undefined) return 'low';
  const { parties } = givers(payload);
  if (parties === undefined) return 'high';
  const signers = [index, ...list.items.slice(1).map((item) => item.index)].map((at) => walk.signers.get(at));
  const keys = signers.flatMap((signer) => (signer !== undefined && !signer.root && parties.includes(signer.party) ? [signer.key.assurance] : []));
  return SURENESS[Math.min(...keys.map((assurance) => SURENESS.indexOf(assurance)), SURENESS.length - 1)];
}

/** An access asks for what the request says, at the instant decided for. @param {Opened} access @param {Authority} question */
function checkAsks({ entry, record: { kind, payload } }, { request, at }) {
  if (kind !== 'access' || canonical(readRequest(requestOf(payload))) !== canonical(readRequest(request)) || BigInt(at) !== entry.time) refuse('other_party');
}

/** It is signed, and a use of the consent that a permit rests on if its uses are counted, and of none else. @param {Walk} walk @param {Opened} access @param {import('./decide.js').Decision} decision @param {Facts} facts */
async function checkFiled(walk, access, { permit, evidence }, { grants }) {
  const counted = permit ? grants.find((grant) => evidence.includes(grant.id) && countsUses(grant)) : undefined;
  const { entry, index } = access;
  if ((entry.class === TRANSITION ? entry.targetId : undefined) !== counted?.id) refuse('opening_class');
  if (counted === undefined) return walk.judge(access);
  const list = walk.list(counted.id);
  await walk.judgeItem(list, list.items.findIndex((item) => item.index === index));
}

/** The request that an access makes: its parties by their ids. @param {any} access */
function requestOf({ actor, subject, on_behalf_of: behalf, category, purpose, properties = {}, emergency }) {
  const of = (/** @type {string} */ part) => properties[part] ?? {};
  return {
    subject: { type: 'party', id: `party:${actor}`, properties: of('subject') },
    action: { name: purpose, properties: of('action') },
    resource: { type: category, id: `party:${subject}`, properties: of('resource') },
    context: { ...of('context'), ...(behalf !== undefined && { on_behalf_of: `party:${behalf}` }), ...(emergency && { emergency }) },
  };
}
