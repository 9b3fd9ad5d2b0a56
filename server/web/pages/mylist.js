// All that the register holds about me, and how each of it stands: checked here, or not shown as checked.
// spec: receipts.md#questions

import { aboveOf, standingUnder } from './above.js';
import { cataloguesOf, readCatalogues, titler } from './catalogues.js';
import { standing } from './examine.js';
import { keepChecked, lastChecked } from './kept.js';
import { seen, see } from './seen.js';
import { several } from './several.js';
import { checkErased, Untrue } from './untrue.js';
import { isFiled, whole } from './whole.js';
import { Fault, verify } from '../verifier/index.js';

const ACTIVE = 2;

/** @typedef {{id: string, kind: string, payload: any, stands: string, status: number, since: number, until?: number, endedAt?: number, endedBy?: string, isEndedAbove: boolean, signedBy: Set<string>, receipt: string, isBlocked?: boolean}} Row `stands`: with the mandates that it is under; `until`: the first instant after it, by its own days or a notice; `isEndedAbove`: one of these has ended, not it; `isBlocked`: of a request, who asks is one whom I have blocked */
/** @typedef {{told: import('./whole.js').Told[], rows: Row[], keys: Row[], blocks: Row[], titles: import('./catalogues.js').Titles, checkpoint: any, receipts: string[], isFresh: boolean, checkedAt: number}} Mine all that the list tells, what of it stands how, and its pages; `blocks`: mine, in force */

/** From the register, checked as of now. @param {import('./session.js').Session} session @param {any} policy @returns {Promise<Mine>} */
export async function fresh(session, policy) {
  const answers = new Map();
  const pin = seen(policy.origin);
  const pinned = pin === null ? undefined : { size: BigInt(pin.size), root: pin.root };
  const get = async (/** @type {string} */ address, /** @type {import('./whole.js').Pin | undefined} */ held) => {
    // Held against what this browser saw last, whichever way the register has grown since.
    const query = held === undefined ? '' : `${address.includes('?') ? '&' : '?'}${address.startsWith('/v1/parties/') ? 'pinned' : 'from'}=${held.size}`;
    const text = await (await session.get(address + query)).text();
    answers.set(address, text);
    return text;
  };
  const mine = await read(session.by.party, get, policy, () => ({ fresh: Date.now() }), pinned);
  see(mine.checkpoint);
  const time = Date.now();
  await keepChecked({ party: session.by.party, time, answers });
  return { ...mine, isFresh: true, checkedAt: time };
}

/** What was checked last, checked again; null if there is none. @param {string} party @param {any} policy @returns {Promise<Mine | null>} */
export async function kept(party, policy) {
  const last = await lastChecked(party);
  if (last === null) return null;
  const get = async (/** @type {string} */ address) => last.answers.get(address) ?? '';
  return { ...(await read(party, get, policy, () => 'historic')), isFresh: false, checkedAt: last.time };
}

/** The titles of catalogues, for who may read them. @param {import('./session.js').Session} session @param {any} policy @param {string[]} ids */
export const titlesOf = async (session, policy, ids) => titler(await cataloguesOf(session, policy, ids));

/** @param {string} party @param {(address: string, pin?: import('./whole.js').Pin) => Promise<string>} get @param {any} policy @param {() => any} mode @param {import('./whole.js').Pin} [pinned] */
async function read(party, get, policy, mode, pinned) {
  /** @type {import('./whole.js').Prove} */
  const prove = async (address, question, pin = pinned) => {
    const text = await get(address, pin);
    try {
      return { text, answer: /** @type {any} */ (await verify(text, question, policy, mode(), pin)) };
    } catch (error) {
      if (error instanceof Fault && error.code !== 'platform') throw new Untrue(error.code, text);
      throw error;
    }
  };
  const list = await whole(party, prove, pinned);
  const { records: told, receipts, checkpoint } = list;
  const evidence = receipts.length === 1 ? receipts[0] : `[${receipts}]`;
  checkErased(told, evidence);
  if (!isFiled(list)) throw new Untrue('misfiled', evidence);
  const stood = (/** @type {string[]} */ kinds) => several(told.filter(({ kind }) => kind !== undefined && kinds.includes(kind)), async ({ id }) => {
    const { text, answer } = await prove(`/v1/records/${id}/receipt`, { type: 'status', id });
    return row(answer, told.filter(({ target }) => target === id), text);
  });
  const rows = await stood(['mandate', 'consent', 'request']);
  const keys = await stood(['key']);
  const blocks = (await stood(['block'])).filter(({ payload, status }) => payload.party === party && status === ACTIVE);
  const blocked = new Set(blocks.map(({ payload }) => payload.blocked));
  for (const row of rows) row.isBlocked = row.kind === 'request' && blocked.has(row.payload.requester);
  const titles = titler(await readCatalogues([...new Set(rows.map(({ payload }) => payload.catalogue))], prove));
  return { told, rows, keys, blocks, titles, checkpoint, receipts };
}

/** @param {any} answer of its status @param {any[]} moves what happened to it @param {string} receipt @returns {Promise<Row>} */
async function row({ id, kind, payload, status, time, ends }, moves, receipt) {
  const last = moves.at(-1);
  const above = kind === 'mandate' || kind === 'consent' ? await aboveOf(receipt, payload) : [];
  const [stands, own] = [standingUnder({ status, payload, ends }, above, Date.now()), standing(status, payload, Date.now(), ends)];
  const until = Math.min(payload.not_after ?? Number.POSITIVE_INFINITY, ends ?? Number.POSITIVE_INFINITY);
  const accepted = moves.filter((move) => move.kind === 'acceptance').at(-1);
  return {
    id, kind, payload, status, receipt,
    stands,
    ...(Number.isFinite(until) && { until }),
    isEndedAbove: stands === 'over' && own !== 'over',
    since: accepted?.time ?? time,
    ...(status === 0x0f && last !== undefined && { endedAt: last.time, endedBy: last.kind }),
    signedBy: new Set(moves.filter((move) => move.kind === 'acceptance').map((move) => move.id)),
  };
}
