// What was decided for a request: the facts out of the records, `decide` over them again. spec: receipts.md#questions, decisions.md

import { catalogueOf } from './catalogue.js';
import { decide } from './decide.js';
import { ACTIVE, ENDED, TRANSITION } from './entry.js';
import { Fault, refuse } from './fault.js';
import { normal } from './identifiers.js';
import { canonical } from './json.js';
import { givers } from './kinds.js';
import { readRequest } from './receipt.js';
import { countsUses } from './rules.js';

/**
 * @typedef {import('./walk.js').Walk} Walk
 * @typedef {import('./walk.js').Standing} Standing
 * @typedef {import('./receipt.js').Authority} Authority
 * @typedef {import('./decide.js').Facts} Facts
 */

const SURENESS = /** @type {const} */ (['low', 'substantial', 'high']);

/**
 * Walks what the decision rests on, and decides again.
 * @param {Walk} walk cut at the size, or just before the access
 * @param {Authority} question
 */
export async function walkAuthority(walk, question) {
  const request = readRequest(question.request);
  checkParties(walk, request, question.parties);
  /** @type {Facts} */
  const facts = { parties: {}, grants: [], catalogues: {} };
  const { parties } = question;
  for (const id of [parties.actor, parties.subject, parties.on_behalf_of, ...(parties.together_with ?? [])]) await addParty(walk, facts, id ?? null);
  for (const id of question.grants) await addGrant(walk, facts, id);
  for (const id of question.catalogues) await addCatalogue(walk, facts, id);
  const { category, purpose, properties } = request;
  const decision = decide({ ...parties, category, purpose, properties }, question.at, facts);
  if (canonical(/** @type {any} */ (decision)) !== canonical(/** @type {any} */ (question.decision))) refuse('other_decision');
  checkRested(question, facts);
  return { decision, facts, request };
}

/** The parties are those that the request names: by identifier, which their records disclose, or by id. @param {Walk} walk @param {any} request @param {any} parties */
function checkParties(walk, request, parties) {
  const along = [request.together_with, parties.together_with];
  if (along[0]?.length !== along[1]?.length) refuse('other_party');
  const pairs = [...['actor', 'subject', 'on_behalf_of'].map((name) => [request[name], parties[name]]), ...(along[0] ?? []).map((/** @type {string} */ name, /** @type {number} */ i) => [name, along[1][i]])];
  for (const [named, id] of pairs) {
    if ((named === undefined) !== (id === undefined)) refuse('other_party');
    if (named === undefined || id === null) continue;
    const isSo = named.startsWith('party:') ? named === `party:${id}` : walk.need(id).disclosed?.identifier === normalOr(named);
    if (!isSo) refuse('other_party');
  }
}

/** @param {string} identifier */
function normalOr(identifier) {
  try {
    return normal(identifier);
  } catch {
    return refuse('other_party');
  }
}

/**
 * What `work` gives; null if a signature under it was struck by a key's end.
 * @template T @param {() => Promise<T>} work @returns {Promise<T | null>}
 */
async function unlessVoid(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault && error.code === 'key_compromised') return null;
    throw error;
  }
}

/** @param {Walk} walk @param {Facts} facts @param {string | null} id @returns {Promise<void>} */
async function addParty(walk, facts, id) {
  if (id === null || Object.hasOwn(facts.parties, id)) return;
  // As if it were not there.
  const standing = await unlessVoid(() => walk.standing(id));
  if (standing === null) return;
  const { shown, list } = standing;
  if (shown.record.kind !== 'party') refuse('other_party');
  const { under } = shown.record.payload;
  const moves = [];
  for (const i of list.items.keys()) if (i > 0 && list.items[i].index < walk.cut) moves.push(await moveOf(walk, list, i));
  facts.parties[id] = { status: list.items[0].status, ...(under !== undefined && { under }), moves };
  await addParty(walk, facts, under ?? null);
  for (const { into } of moves) await addParty(walk, facts, into ?? null);
}

/** @param {Walk} walk @param {import('./lists.js').List} list @param {number} i @returns {Promise<import('./decide.js').Move>} */
async function moveOf(walk, list, i) {
  const { index, status: to } = list.items[i];
  const shown = walk.at(index);
  const move = { to, logged_at: Number(shown.entry.time) };
  if (shown.record === undefined) {
    // Only what happened to a party that has ended may have been erased.
    return list.items[list.items.length - 1].status === ENDED ? move : refuse('unopened');
  }
  await walk.judgeItem(list, i);
  const { kind, payload } = shown.record;
  if (kind !== 'life-event') return move;
  return { ...move, event: payload.event, effective: payload.effective, ...(payload.into !== undefined && { into: payload.into }) };
}

/** @param {Walk} walk @param {Facts} facts @param {string} id */
async function addGrant(walk, facts, id) {
  const standing = await unlessVoid(() => walk.standing(id));
  const shown = walk.need(id);
  const { kind, payload } = shown.record;
  if (kind !== 'mandate' && kind !== 'consent') return refuse('surplus');
  const list = walk.list(id);
  const { items } = list;
  const [from, to] = kind === 'mandate' ? [payload.mandators, payload.mandatees] : [[payload.subject], [payload.recipient]];
  const ends = [];
  const uses = [];
  let counts = standing !== null;
  let status = items[0].status;
  for (const [i, item] of items.entries()) {
    if (i === 0 || item.index >= walk.cut) continue;
    if (item.status === ACTIVE && status === ACTIVE) {
      if (kind === 'mandate') {
        const notice = await unlessVoid(() => walk.judgeItem(list, i));
        if (notice === null) counts = false;
        else ends.push(notice.record.payload.effective);
      } else {
        uses.push(Number(walk.at(item.index).entry.time));
      }
    }
    status = item.status;
  }
  facts.grants.push({
    id,
    index: Number(shown.index),
    kind,
    from,
    to,
    catalogue: payload.catalogue,
    scopes: payload.scopes,
    purposes: payload.purposes ?? [],
    not_before: payload.not_before,
    status,
    counts,
    assurance: assuranceOf(walk, shown, list),
    ...(payload.not_after !== undefined && { not_after: payload.not_after }),
    ...(ends.length > 0 && { ends: Math.min(...ends) }),
    ...(payload.needed !== undefined && { needed: payload.needed }),
    ...(payload.ground !== undefined && { ground: payload.ground }),
    ...(payload.survives !== undefined && { survives: payload.survives }),
    ...(payload.under !== undefined && { under: payload.under }),
    ...(payload.conditions !== undefined && { conditions: payload.conditions }),
    uses,
  });
  for (const party of [...from, ...to]) await addParty(walk, facts, party);
}

/** The lowest of the keys with which it was given. @param {Walk} walk @param {import('./walk.js').Opened} shown @param {import('./lists.js').List} list */
function assuranceOf(walk, { index, record: { payload } }, list) {
  if (payload.assisted !== undefined) return 'low';
  const { parties } = givers(payload);
  const signers = list.items.map((item) => walk.signers.get(item.index)).filter((signer) => signer !== undefined && !signer.root);
  const own = walk.signers.get(index);
  const gave = signers.filter((signer) => signer === own || (parties ?? []).includes(/** @type {any} */ (signer).party));
  return SURENESS[Math.min(...gave.map((signer) => SURENESS.indexOf(/** @type {any} */ (signer).key.assurance)), 2)];
}

/** @param {Walk} walk @param {Facts} facts @param {string} id */
async function addCatalogue(walk, facts, id) {
  const standing = await unlessVoid(() => walk.standing(id));
  if (standing === null) return;
  if (standing.shown.record.kind !== 'catalogue') refuse('surplus');
  facts.catalogues[id] = { ...catalogueOf(standing.shown.record.payload), in_force: standing.status === ACTIVE };
}

/** The decision rests on every grant, and every catalogue is evidence or named by a grant. @param {Authority} question @param {Facts} facts */
function checkRested({ grants, catalogues, decision }, facts) {
  const rests = new Set([...decision.evidence, ...facts.grants.map(({ catalogue }) => catalogue)]);
  if (grants.some((id) => !decision.evidence.includes(id)) || catalogues.some((id) => !rests.has(id))) refuse('surplus');
}

/**
 * An access: that it was asked for what the request says, at the entry's time, and filed as what it was.
 * @param {Walk} walk
 * @param {Authority} question
 * @param {Facts} facts
 * @param {any} request
 */
export async function checkAccess(walk, question, facts, request) {
  const shown = accessOf(walk, /** @type {string} */ (question.access));
  const { entry, record: { kind, payload } } = shown;
  if (kind !== 'access') refuse('missing_record');
  const { actor, subject, on_behalf_of: behalf } = question.parties;
  if (payload.actor !== actor || payload.subject !== subject || payload.on_behalf_of !== behalf || question.parties.together_with !== undefined) refuse('other_party');
  const stated = Object.fromEntries(Object.entries(request.properties).filter(([, properties]) => Object.keys(properties).length > 0));
  const kept = Object.fromEntries(Object.entries(payload.properties ?? {}).filter(([, properties]) => Object.keys(properties).length > 0));
  const asked = payload.category === request.category && payload.purpose === request.purpose && canonical(stated) === canonical(kept);
  if (!asked || BigInt(question.at) !== entry.time) refuse('other_decision');
  const used = facts.grants.find(({ id, kind: one, conditions }) => one === 'consent' && question.decision.evidence.includes(id) && countsUses({ conditions }));
  const counted = question.decision.permit ? used : undefined;
  if (entry.class === TRANSITION ? entry.targetId !== counted?.id : counted !== undefined) refuse('opening_class');
  if (counted === undefined) await walk.judge(shown);
  else await walk.judgeItem(walk.list(counted.id), walk.list(counted.id).items.findIndex(({ index }) => index === shown.index));
  return { source: payload.source };
}

/**
 * The access's entry, opened: a trace, or a transition on a consent.
 * @param {{byId: Map<string, import('./opening.js').Shown>, entries: Map<bigint, import('./opening.js').Shown>}} shown
 * @param {string} id
 */
export function accessOf({ byId, entries }, id) {
  const one = byId.get(id) ?? [...entries.values()].find(({ entry }) => entry.class === TRANSITION && entry.id === id) ?? refuse('missing_record');
  one.used = true;
  return one.record === undefined ? refuse('unopened') : /** @type {import('./walk.js').Opened} */ (one);
}
