// All that the register holds about me, and how each of it stands: checked here, or not shown as checked.
// spec: receipts.md#questions

import { standing } from './examine.js';
import { keepChecked, lastChecked } from './kept.js';
import { Refusal } from './session.js';
import { seen, see } from './seen.js';
import { checkErased, Untrue } from './untrue.js';
import { Fault, verify } from '../verifier/index.js';

/** @typedef {{id: string, kind: string, payload: any, stands: string, status: number, since: number, endedAt?: number, endedBy?: string, signedBy: Set<string>, receipt: string}} Row */
/** @typedef {{rows: Row[], titles: (kind: 'categories' | 'purposes', code: string, catalogue: string, language: string) => string, checkpoint: any, receipt: string, isFresh: boolean, checkedAt: number}} Mine */

export { Untrue } from './untrue.js';

/** From the register, checked as of now. @param {import('./session.js').Session} session @param {any} policy @returns {Promise<Mine>} */
export async function fresh(session, policy) {
  const answers = new Map();
  const pin = seen(policy.origin);
  const pinned = pin === null ? undefined : { size: BigInt(pin.size), root: pin.root };
  const get = async (/** @type {string} */ address) => {
    // Held against what this browser saw last, whichever way the register has grown since.
    const query = pin === null || address.startsWith('/v1/catalogues') ? '' : `?${address.endsWith('/records') ? 'pinned' : 'from'}=${pin.size}`;
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
export const titlesOf = (session, policy, ids) =>
  catalogues(ids, async (address, question) => ({ answer: await verify(await (await session.get(address)).text(), question, policy, { fresh: Date.now() }) }));

/** @param {string} party @param {(address: string) => Promise<string>} get @param {any} policy @param {() => any} mode @param {any} [pinned] */
async function read(party, get, policy, mode, pinned) {
  const prove = async (/** @type {string} */ address, /** @type {any} */ question) => {
    const text = await get(address);
    try {
      return { text, answer: /** @type {any} */ (await verify(text, question, policy, mode(), pinned)) };
    } catch (error) {
      if (error instanceof Fault && error.code !== 'platform') throw new Untrue(error.code, text);
      throw error;
    }
  };
  const whole = await prove(`/v1/parties/${party}/records`, { type: 'complete', party, from: 0 });
  if (whole.answer.to !== undefined) throw new Refusal(0, 'too_long');
  const told = whole.answer.records;
  checkErased(told, whole.text);
  const grants = told.filter(({ kind }) => ['mandate', 'consent', 'request'].includes(kind));
  const rows = await Promise.all(grants.map(async (grant) => {
    const { text, answer } = await prove(`/v1/records/${grant.id}/receipt`, { type: 'status', id: grant.id });
    return row(answer, told.filter(({ target }) => target === grant.id), text);
  }));
  const titles = await catalogues([...new Set(rows.map(({ payload }) => payload.catalogue))], prove);
  return { rows, titles, checkpoint: whole.answer.checkpoint, receipt: whole.text };
}

/** @param {any} answer of its status @param {any[]} moves what happened to it @param {string} receipt @returns {Row} */
function row({ id, kind, payload, status, time }, moves, receipt) {
  const last = moves.at(-1);
  const accepted = moves.filter((move) => move.kind === 'acceptance').at(-1);
  return {
    id, kind, payload, status, receipt,
    stands: standing(status, payload, Date.now()),
    since: accepted?.time ?? time,
    ...(status === 0x0f && last !== undefined && { endedAt: last.time, endedBy: last.kind }),
    signedBy: new Set(moves.filter((move) => move.kind === 'acceptance').map((move) => move.id)),
  };
}

/** The titles of what the rows are about, in four languages, from the catalogues that the rows name. @param {string[]} ids @param {(address: string, question: any) => Promise<{answer: any}>} prove */
async function catalogues(ids, prove) {
  const all = new Map(await Promise.all(ids.map(async (id) => /** @type {const} */ ([id, (await prove(`/v1/records/${id}/receipt`, { type: 'status', id })).answer.payload]))));
  /** @type {Mine['titles']} */
  const titles = (kind, code, catalogue, language) => {
    const one = all.get(catalogue)?.[kind].find((/** @type {any} */ row) => row.code === code);
    if (one === undefined) return code;
    // A category by itself may say too little: "Pensions: Amount".
    return one.parent === undefined ? one.title[language] : `${titles(kind, one.parent, catalogue, language)}: ${one.title[language]}`;
  };
  return titles;
}
