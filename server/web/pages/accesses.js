// Our own accesses: the whole list proven, each answer with the receipt that the source of the data asked for; as a table, and to take away.

import { ownList } from './ownlist.js';
import { byId, el, save, state, time } from './parts.js';
import { sealOf } from './seals.js';
import { Untrue } from './untrue.js';
import { clock, day, lately, t } from './words.js';
import { verify } from '../verifier/index.js';

/** So many are shown at once, the newest first. */
const SHOWN = 25;

/** @typedef {import('./office.js').Office} Office */
/** @typedef {{id: string, time: number, payload: any, receipt: string, decision: any}} Access */

/** What an id is called on a screen: enough of it to tell one from another. @param {string} id */
export const short = (id) => id.slice(0, 8);

/** @param {Office} office */
export function accesses(office) {
  let most = SHOWN;
  const show = () => list(office, most, () => { most += SHOWN; return show(); });
  byId('own-again').addEventListener('click', show);
  return show;
}

/** @param {Office} office @param {number} most @param {() => Promise<void>} more */
async function list(office, most, more) {
  const box = byId('own-seal');
  box.replaceChildren(sealOf('wait', 'wait'));
  byId('own-more').replaceChildren();
  try {
    const own = await ownList(office.session, office.policy);
    const all = own.records.filter(({ kind, payload }) => kind === 'access' && payload.actor === office.session.by.party).reverse();
    const shown = await answered(office, all.slice(0, most));
    byId('own-table').hidden = shown.length === 0;
    byId('own-none').hidden = shown.length > 0;
    byId('own-rows').replaceChildren(...shown.map((access) => row(office, access)));
    box.replaceChildren(sealOf('ok', 'ok', { at: lately(own.checkedAt) }));
    const whole = async () => [...shown, ...(await answered(office, all.slice(shown.length)))];
    byId('own-more').replaceChildren(...[
      all.length > shown.length && button('office.older', async () => { await more(); }),
      all.length > 0 && button('office.csv', async () => save('procura-accesses.csv', table(await whole()), 'text/csv;charset=utf-8')),
      button('office.json', async () => save('procura-accesses.json', JSON.stringify({ policy: office.policy, complete: own.pages.map((page) => JSON.parse(page)), accesses: (await whole()).map(({ receipt }) => JSON.parse(receipt)) }), 'application/json')),
    ].filter((one) => one !== false));
  } catch (error) {
    byId('own-rows').replaceChildren();
    byId('own-table').hidden = true;
    const evidence = error instanceof Untrue && el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-evidence.json', error.evidence, 'application/json') }, t('seal.evidence')));
    box.replaceChildren(error instanceof Untrue ? sealOf('bad', 'bad', {}, evidence === false ? [] : [evidence]) : sealOf('off', 'unreached'));
  }
}

/** @param {string} name @param {() => Promise<void>} work */
function button(name, work) {
  const one = el('button', { class: 'button quiet', type: 'button', onclick: async () => {
    one.setAttribute('disabled', '');
    await work().catch(() => byId('own-seal').replaceChildren(sealOf('off', 'unreached')));
    one.removeAttribute('disabled');
  } }, t(name));
  return one;
}

/** What was decided on each, proven. @param {Office} office @param {any[]} records @returns {Promise<Access[]>} */
async function answered({ session, policy }, records) {
  const all = [];
  for (let i = 0; i < records.length; i += SHOWN) {
    all.push(...(await Promise.all(records.slice(i, i + SHOWN).map(async ({ id, time: at, payload }) => {
      const receipt = await (await session.get(`/v1/accesses/${id}`)).text();
      try {
        const { decision } = /** @type {any} */ (await verify(receipt, { type: 'authority', access: id }, policy, 'historic'));
        return { id, time: at, payload, receipt, decision };
      } catch (error) {
        throw new Untrue(String(/** @type {any} */ (error).code), receipt);
      }
    }))));
  }
  return all;
}

/** @param {Office} office @param {Access} access */
function row({ choices }, { id, time: at, payload, receipt, decision }) {
  const code = (/** @type {string} */ text) => el('code', {}, short(text));
  return el('tr', {},
    el('td', {}, time(at, `${day(at)}, ${clock(at)}`)),
    el('td', {}, code(payload.subject)),
    el('td', {}, choices.title('categories', payload.category)),
    el('td', {}, choices.title('purposes', payload.purpose)),
    el('td', {}, decision.permit ? decision.evidence.map((/** @type {string} */ one) => [code(one), ' ']).flat() : t('office.none')),
    el('td', {}, decision.permit ? state('ok', t('office.yes')) : state('bad', t('office.no')), ' ', el('span', { class: 'small' }, t(`office.reason.${decision.reason}`))),
    el('td', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => save(`procura-${short(id)}.json`, receipt, 'application/vnd.procura.receipt+json') }, short(id), el('span', { class: 'vh' }, `, ${t('done.receipt')}`))));
}

/** RFC 4180. Ids have their sort before them, so that no sheet takes one for a formula. @param {Access[]} all */
function table(all) {
  const head = ['time', 'access', 'subject', 'on_behalf_of', 'source', 'category', 'purpose', 'answer', 'reason', 'evidence'];
  const party = (/** @type {string | undefined} */ id) => (id === undefined ? '' : `party:${id}`);
  const rows = all.map(({ id, time: at, payload: { subject, on_behalf_of: behalf, source, category, purpose }, decision }) => [
    new Date(at).toISOString(), `record:${id}`, party(subject), party(behalf), party(source), category, purpose, decision.permit ? 'yes' : 'no', decision.reason,
    decision.evidence.map((/** @type {string} */ one) => `record:${one}`).join(' '),
  ]);
  return [head, ...rows].map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n').concat('\r\n');
}
