// Asking a citizen: a signed request, and a link to it that works once. The link is made here, shown once, and kept nowhere: the register has only
// what commits to it.
// spec: kinds.md#asking, http.md#links

import { lasting } from './days.js';
import { ownList } from './ownlist.js';
import { byId, el, state, time } from './parts.js';
import { qrOf } from './qr.js';
import { Refusal } from './session.js';
import { draft, random, submission, withheld } from './sign.js';
import { Untrue } from './untrue.js';
import { day, lately, moment, t } from './words.js';
import { b64url, labelled } from '../verifier/bytes.js';
import { verify } from '../verifier/index.js';

const ACTIVE = 2;
const DAY_MS = 24 * 3600 * 1000;

/** @typedef {import('./office.js').Office} Office */

/** @param {Office} office */
export function asking(office) {
  for (const [id, kind] of /** @type {const} */ ([['q-what', 'categories'], ['q-why', 'purposes']])) byId(id).replaceChildren(...office.choices.options(kind));
  // A service that sends an employer here to ask says what for. What it says is chosen, not asked.
  const wanted = new URLSearchParams(location.hash.replace(/^#ask\?/, ''));
  if (location.hash.startsWith('#ask?')) {
    for (const [id, name] of [['q-what', 'category'], ['q-why', 'purpose']]) byId(id).value = wanted.get(name) ?? '';
    byId('ask').scrollIntoView();
  }
  byId('q-again').addEventListener('click', () => answers(office));
  byId('q-form').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = /** @type {any} */ (event.submitter);
    if (button.disabled) return;
    button.disabled = true;
    try {
      await make(office);
      await answers(office);
    } catch (error) {
      const isRefused = error instanceof Refusal && !error.isForNow;
      byId('link').replaceChildren(el('p', { class: 'note bad', role: 'alert' }, t(isRefused ? 'office.ask-refused' : error instanceof Refusal ? 'office.unreached' : 'office.untrue-what')));
    }
    button.disabled = false;
  });
  return () => answers(office);
}

/** @param {Office} office */
async function make({ session, policy, choices }) {
  const [category, purpose, reference] = ['q-what', 'q-why', 'q-ref'].map((id) => byId(id).value.trim());
  const link = random(32);
  const told = reference === '' ? null : await withheld('reference', reference);
  const until = Date.now() + DAY_MS;
  const written = await draft('request', policy.origin, {
    requester: session.by.party, grant: 'consent', catalogue: choices.catalogueOf(category, purpose), scopes: [category], purposes: [purpose],
    ...lasting(Number(byId('q-long').value)), answer_by: until, link: b64url(await labelled('link', link)), ...(told !== null && { _sd: [told.digest] }),
  });
  const receipt = await (await session.submit(await submission(session.by, written, told === null ? undefined : [told.disclosure]))).text();
  const { status } = /** @type {any} */ (await verify(receipt, { type: 'status', id: written.id }, policy, { fresh: Date.now() }));
  if (status !== ACTIVE) throw new Refusal(422, 'move');
  const address = `${location.origin}/r#${b64url(link)}`;
  const box = byId('link');
  box.replaceChildren(
    el('h3', {}, t('office.scan')),
    await qrOf(address, t('office.qr')),
    el('p', {}, t('office.or-link'), ' ', el('code', { id: 'address' }, address)),
    el('p', { class: 'small' }, t('office.once', { at: moment(until) })));
  box.focus();
}

/** How each question of ours stands, out of a list that is proven to be whole. @param {Office} office */
async function answers({ session, policy, choices }) {
  const box = byId('q-list');
  try {
    const { records } = await ownList(session, policy);
    const asked = records.filter(({ kind, payload }) => kind === 'request' && payload.requester === session.by.party).reverse().slice(0, 25);
    const moves = (/** @type {string} */ id) => records.filter(({ target }) => target === id);
    box.replaceChildren(...(asked.length === 0 ? [el('li', {}, t('office.asked-none'))] : asked.map(({ id, time: at, payload, disclosed }) => el('li', { 'data-id': id },
      stateOf(payload, moves(id), moves), ' ', el('strong', {}, choices.title('categories', payload.scopes[0])), ', ', choices.title('purposes', payload.purposes?.[0] ?? ''), ' · ', time(at, lately(at)),
      disclosed?.reference !== undefined && ` · ${disclosed.reference}`))));
  } catch (error) {
    box.replaceChildren(el('li', {}, el('p', { class: 'note bad' }, t(error instanceof Untrue ? 'office.untrue-what' : 'office.unreached'))));
  }
}

/** @param {any} payload @param {any[]} moves @param {(id: string) => any[]} of what became of the grant */
function stateOf(payload, moves, of) {
  const last = moves.at(-1);
  if (last === undefined) return Date.now() < payload.answer_by ? state('wait', t('office.waiting')) : state('off', t('office.too-late'));
  if (last.kind === 'renunciation') return state('off', t('office.declined'));
  if (last.kind !== 'acceptance') return state('off', t('office.taken-back'));
  const ended = of(last.payload.grant).find(({ kind }) => kind === 'revocation' || kind === 'renunciation');
  return ended === undefined ? state('ok', t('office.approved', { day: day(last.time) })) : state('off', t('office.approved-ended', { day: day(ended.time) }));
}
