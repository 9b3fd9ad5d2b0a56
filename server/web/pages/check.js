// Trying a check: a question asked by hand, its receipt verified here, and only then a yes or a no. Then, if it is a yes, looking: signed, recorded, seen by
// the person.

import { short } from './accesses.js';
import { numberIn } from './numbers.js';
import { byId, el, fact, save, seal, time } from './parts.js';
import { ask, Refusal } from './session.js';
import { history, see, seen } from './seen.js';
import { draft, submission } from './sign.js';
import { day, lately, moment, number, t } from './words.js';
import { b64url, labelled, ofB64url } from '../verifier/bytes.js';
import { Fault, verify } from '../verifier/index.js';

/** @typedef {import('./office.js').Office} Office */
/** @typedef {{request: any, isOurs: boolean, past: import('./seen.js').Seen | null}} Asked */

const RECEIPT = 'application/vnd.procura.receipt+json';

/** @param {Office} office @param {() => Promise<void>} looked what follows once something was looked at */
export function check(office, looked) {
  for (const [id, kind] of /** @type {const} */ ([['c-what', 'categories'], ['c-why', 'purposes']])) byId(id).replaceChildren(...office.choices.options(kind));
  const form = byId('c-form');
  offerPast(office.policy.origin);
  form.addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = /** @type {any} */ (event.submitter);
    const asked = askedIn(office);
    if (asked === null || button.disabled) return;
    button.disabled = true;
    byId('decision').replaceChildren(seal('wait', t('seal.wait'), [el('p', {}, t('seal.wait-what'))]));
    try {
      const { receipt, answer } = await answerTo(office, asked);
      show(verdict(office, asked, { receipt, answer, payloads: await opened(receipt) }, looked));
      // What was typed has been answered: it stays on no screen.
      for (const id of ['c-who', 'c-behalf', 'c-about']) byId(id).value = '';
      office.asked(asked.request, answer.parties);
      offerPast(office.policy.origin);
    } catch (error) {
      show([trouble(error)]);
    }
    button.disabled = false;
  });
}

/** The moments of which this browser knows how large the register was. @param {string} origin */
function offerPast(origin) {
  const kept = byId('c-at').value;
  byId('c-at').replaceChildren(el('option', { value: '' }, t('office.now')), ...history(origin).reverse().map((one) => el('option', { value: one.size }, t('office.as-of', { at: moment(one.time), size: number(BigInt(one.size)) }))));
  byId('c-at').value = kept;
}

/** @param {Office} office @returns {Asked | null} */
function askedIn({ session, policy }) {
  const who = numberIn('c-who', { isRequired: false });
  const behalf = numberIn('c-behalf', { isRequired: false });
  const about = numberIn('c-about');
  if (who === undefined || behalf === undefined || about === undefined || about === null) return null;
  const past = history(policy.origin).find(({ size }) => size === byId('c-at').value) ?? null;
  const request = {
    subject: { type: 'party', id: who ?? `party:${session.by.party}` },
    action: { name: byId('c-why').value },
    resource: { type: byId('c-what').value, id: about },
    ...(behalf !== null && { context: { on_behalf_of: behalf } }),
  };
  return { request, isOurs: who === null, past };
}

/** @param {Office} office @param {Asked} asked */
async function answerTo({ session, policy }, { request, past }) {
  const pin = seen(policy.origin);
  const query = [pin !== null && `from=${pin.size}`, past !== null && `as_of=${past.size}&at=${past.time}`].filter(Boolean).join('&');
  const receipt = await (await session.post(`/v1/checks${query === '' ? '' : `?${query}`}`, request)).text();
  const mode = past === null ? { fresh: Date.now() } : { as_of: Number(past.size) };
  const answer = /** @type {any} */ (await verify(receipt, { type: 'authority', request }, policy, mode, pin === null ? undefined : { size: BigInt(pin.size), root: pin.root }));
  if (past !== null && answer.at !== past.time) throw new Fault('other_question');
  see(answer.checkpoint);
  return { receipt, answer };
}

/** @param {(Node | false)[]} nodes */
function show(nodes) {
  const box = byId('decision');
  box.replaceChildren(...nodes.filter((one) => one !== false));
  box.focus();
}

/** A yes or a no, in words. @param {Office} office @param {Asked} asked @param {{receipt: string, answer: any, payloads: Map<string, any>}} proven @param {() => Promise<void>} looked @returns {(Node | false)[]} */
function verdict(office, { request, isOurs, past }, { receipt, answer, payloads }, looked) {
  const { decision, checkpoint, at } = answer;
  const { permit, reason, evidence, good_faith: inGoodFaith, hint } = decision;
  const slots = { who: isOurs ? office.session.by.name : t('office.them'), what: office.choices.title('categories', request.resource.type), why: office.choices.title('purposes', request.action.name) };
  const lines = [
    el('p', {}, t(permit ? 'office.may' : 'office.may-not', slots)),
    request.context !== undefined && el('p', {}, t('office.behalf-too')),
    inGoodFaith && el('p', {}, t('office.good-faith')),
    ...hints(hint),
  ].filter((one) => one !== false && one !== undefined);
  return [
    seal(permit ? 'ok' : 'bad', t(permit ? 'office.yes' : 'office.no'), lines, { big: true }),
    el('dl', { class: 'sum box' },
      fact(t('office.reason'), t(`office.reason.${reason}`), ' ', el('code', {}, reason)),
      fact(t('office.evidence'), ...(evidence.length === 0 ? [t('office.none')] : evidence.map((/** @type {string} */ id) => el('p', {}, evidenceOf(payloads, id))))),
      past !== null && fact(t('office.at'), time(at, moment(at))),
      fact(t('office.log'), t('office.log-at', { size: number(checkpoint.size), at: lately(checkpoint.time) }))),
    el('p', { class: 'small' }, t('office.no-same')),
    el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-check.json', receipt, RECEIPT) }, t('done.receipt'))),
    permit && isOurs && past === null && answer.parties.subject !== null && lookForm(office, request, answer, looked),
  ];
}

/** What would turn a no into a yes. @param {any} hint @returns {Node[]} */
function hints(hint) {
  if (hint === undefined) return [];
  const [name] = Object.keys(hint);
  return [el('p', {}, el('strong', {}, t(`office.hint.${name}`, { n: String(hint.together) })), name === 'property' && ' ', name === 'property' && el('code', {}, hint.property))];
}

/** A record that the answer rests on: what it is, and until when. @param {Map<string, any>} payloads @param {string} id */
function evidenceOf(payloads, id) {
  const payload = payloads.get(id);
  const kind = ['consent', 'mandate', 'catalogue'].find((one) => one === payload?.kind) ?? 'record';
  const until = payload?.not_after === undefined ? '' : `, ${t('office.until', { day: day(payload.not_after - 1) })}`;
  return el('span', {}, t(`office.evidence-${kind}`), ' ', el('code', {}, short(id)), until);
}

/** The payloads in a receipt by the ids that they have: what was verified is named by them. @param {string} receipt */
async function opened(receipt) {
  const all = new Map();
  for (const { record } of JSON.parse(receipt).entries) {
    if (record === undefined) continue;
    const bytes = /** @type {Uint8Array} */ (ofB64url(record.split('.')[1]));
    all.set(b64url(await labelled('id', bytes)), JSON.parse(new TextDecoder().decode(bytes)));
  }
  return all;
}

/** @param {unknown} error */
function trouble(error) {
  const form = error instanceof Fault ? (error.code === 'platform' ? 'platform' : 'untrue') : error instanceof Refusal ? ({ 404: 'not-yours', 401: 'locked' })[error.status] ?? 'unreached' : 'platform';
  return form === 'untrue'
    ? seal('bad', t('office.untrue'), [el('p', {}, t('office.untrue-what')), el('p', { class: 'small' }, el('code', {}, /** @type {Fault} */ (error).code))])
    : el('p', { class: 'note bad' }, t(form === 'platform' ? 'seal.platform-what' : form === 'locked' ? 'seal.locked-what' : `office.${form}`));
}

/** Looking at what the source holds: an access, in the person's list whatever the answer. @param {Office} office @param {any} request @param {any} answer @param {() => Promise<void>} looked */
function lookForm({ session, policy, holders }, request, answer, looked) {
  const source = /** @type {any} */ (el('select', { id: 'c-source', required: true }, el('option', { value: '' }, t('office.choose')), ...holders.map(({ party, name }) => el('option', { value: party }, name))));
  const said = el('div', { role: 'status', class: 'stack' });
  const button = el('button', { class: 'button quiet' }, t('office.look-do'));
  return el('form', { class: 'panel', id: 'look', onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    button.setAttribute('disabled', '');
    try {
      const { subject, on_behalf_of: behalf } = answer.parties;
      const written = await draft('access', policy.origin, { actor: session.by.party, subject, source: source.value, category: request.resource.type, purpose: request.action.name, ...(behalf !== undefined && { on_behalf_of: behalf }) });
      const receipt = await (await ask('/v1/accesses', { method: 'POST', body: await submission(session.by, written), headers: { 'Content-Type': 'application/json' } })).text();
      const { decision, source: named } = /** @type {any} */ (await verify(receipt, { type: 'authority', access: written.id }, policy, { fresh: Date.now() }));
      if (named !== source.value) throw new Fault('other_question');
      said.replaceChildren(el('p', { class: `note ${decision.permit ? 'ok' : 'bad'}` }, el('strong', {}, t(decision.permit ? 'office.yes' : 'office.no')), ': ', t(decision.permit ? 'office.looked' : 'office.looked-not'), ' ',
        el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-access.json', receipt, RECEIPT) }, t('done.receipt'))));
      await looked();
    } catch (error) {
      said.replaceChildren(trouble(error));
    }
    button.removeAttribute('disabled');
  } }, el('h3', {}, t('office.look')), el('p', {}, t('office.look-what')), el('p', { class: 'field' }, el('label', { for: 'c-source' }, t('office.source')), source), button, said);
}
