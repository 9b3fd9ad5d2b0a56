// A service sent somebody here to sign for it: what it wants stands behind the #. Shown, signed if they like, and taken back to the service. Each access names the
// place that its receipt goes to, so that one that was lured out of somebody is taken nowhere. spec: http.md#signing-for-a-service

import { choices } from './choices.js';
import { me } from './kept.js';
import { knownNames } from './names.js';
import { partyOf } from './numbers.js';
import { ownList } from './ownlist.js';
import './page.js';
import { byId, el, fact } from './parts.js';
import { ask, Refusal, Session } from './session.js';
import { draft, submission } from './sign.js';
import { staff } from './staff.js';
import { trust } from './trust.js';
import { day, language, t } from './words.js';
import { b64url } from '../verifier/bytes.js';
import { normal } from '../verifier/identifiers.js';
import { Fault, verify } from '../verifier/index.js';

/** @typedef {{categories: string[], purpose: string, about: string | null, isOffice: boolean, resource: Record<string, string | number>, back: URL, state: string | null}} Wanted */
/** @typedef {{subject: string, behalf?: string}} Whose */

const MOST = 4;
const CODE = /^[a-z][a-z0-9._-]{0,63}$/;
const ENDS = ['revocation', 'renunciation', 'suspension', 'dispute', 'key-end'];

/** @param {string} kind @param {...any} what */
const say = (kind, ...what) => byId('said').replaceChildren(el('p', { class: `note ${kind}` }, ...what));

/** What the service asks for; null if it is not said as it should be. @param {string} form @returns {Wanted | null} */
function readWanted(form) {
  const all = new URLSearchParams(form);
  const codes = [...all.getAll('category'), ...all.getAll('purpose')];
  const back = placeOf(all.get('return') ?? '');
  const about = all.get('about');
  const names = [...new Set(all.keys())];
  const isKnown = (/** @type {string} */ name) => ['category', 'purpose', 'about', 'as', 'return', 'state'].includes(name) || (name.startsWith('resource.') && CODE.test(name.slice(9)));
  const categories = all.getAll('category');
  const isSound = names.every((name) => isKnown(name) && (name === 'category' || all.getAll(name).length === 1)) && codes.every((code) => CODE.test(code))
    && categories.length > 0 && categories.length <= MOST && new Set(categories).size === categories.length && all.has('purpose') && ['office', null].includes(all.get('as')) && back !== null
    && (about === null || about === 'approved' || isNumber(about));
  if (!isSound) return null;
  const resource = Object.fromEntries([...all].filter(([name]) => name.startsWith('resource.')).map(([name, value]) => [name.slice(9), /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value]));
  return { categories, purpose: /** @type {string} */ (all.get('purpose')), about, isOffice: all.has('as'), resource, back, state: all.get('state') };
}

/** In clear only to this very machine. @param {string} text @returns {URL | null} */
function placeOf(text) {
  try {
    const url = new URL(text);
    const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname));
    return isSafe && url.username === '' && url.password === '' && !text.includes('#') ? url : null;
  } catch {
    return null;
  }
}

/** An organisation's, which stands in a public register: a person's number stands in no address. @param {string} text */
function isNumber(text) {
  try {
    return text.startsWith('kbo:') && normal(text) === text;
  } catch {
    return false;
  }
}

async function begin() {
  const wanted = readWanted(location.hash.slice(1));
  if (wanted === null) return say('bad', t('signing.broken'));
  const trusted = await trust();
  if (trusted === null) return say('bad', t('signing.unreached'));
  const { policy } = trusted;
  const self = wanted.isOffice ? await staff('office', policy.origin) : await me(policy.origin);
  if (self === null) {
    const where = wanted.isOffice ? `/office?lang=${language}` : `/me?lang=${language}`;
    return say('wait', t(wanted.isOffice ? 'signing.no-key-office' : 'signing.no-key'), ' ', el('a', { href: where }, t(wanted.isOffice ? 'office.tab' : 'start.me-go')));
  }
  const session = new Session(self, policy.origin);
  try {
    await offer(wanted, session, policy, self.name);
  } catch (error) {
    trouble(error);
  }
}

/** @param {Wanted} wanted @param {Session} session @param {any} policy @param {string} name */
async function offer(wanted, session, policy, name) {
  const offered = await choices(session, policy);
  const sources = new Set(wanted.categories.map(offered.sourceOf));
  const [source] = sources;
  if (sources.size !== 1 || source === undefined) return say('bad', t('signing.no-source'));
  const names = await knownNames();
  const called = (/** @type {string} */ party) => names.get(party)?.name;
  const whose = await whoseIs(wanted, session, policy, offered);
  if (whose === null) return say('wait', t('signing.nobody'), ' ', el('a', { href: `/office?lang=${language}#ask` }, t('office.ask')));
  const holder = called(source);
  byId('sum').replaceChildren(
    fact(t('signing.who'), name),
    ...(whose.length > 1 || wanted.about === 'approved' ? [] : [fact(t('signing.about'), about(whose[0], session, wanted, called))]),
    fact(t('fact.what'), ...wanted.categories.map((code) => el('p', {}, offered.title('categories', code)))),
    fact(t('fact.purpose'), offered.title('purposes', wanted.purpose)),
    ...Object.entries(wanted.resource).map(([code, value]) => fact(code, el('code', {}, String(value)))),
    ...(holder === undefined ? [] : [fact(t('signing.source'), holder)]),
    fact(t('signing.back'), el('code', {}, wanted.back.origin)));
  byId('goes').textContent = t('signing.goes', { origin: wanted.back.origin });
  byId('whose').hidden = wanted.about !== 'approved';
  if (wanted.about === 'approved') {
    byId('whose').append(...whose.map(({ subject, given, reference }, i) => el('label', { class: 'choice' }, el('input', { type: 'radio', name: 'whose', value: String(i), required: true, checked: whose.length === 1 }),
      el('span', {}, el('b', {}, [called(subject), reference].filter((one) => one !== undefined).join(', ')), t('signing.approved', { day: day(given?.time ?? 0) }), given?.payload.not_after !== undefined && el('span', { class: 'hint' }, t('office.until', { day: day(given.payload.not_after - 1) }))))));
  }
  byId('signing').hidden = false;
  byId('signing').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const buttons = byId('signing').querySelectorAll('button');
    if (buttons[0].disabled) return;
    if (/** @type {any} */ (event.submitter)?.value === 'decline') return goBack(wanted, [['declined', '1']]);
    for (const button of buttons) button.disabled = true;
    say('wait', t('signing.doing'));
    try {
      const chosen = wanted.about === 'approved' ? Number(byId('whose').querySelector('input:checked').value) : 0;
      const receipts = await signed(wanted, whose[chosen], source, session, policy);
      goBack(wanted, await Promise.all(receipts.map(async (receipt) => ['receipt', await packed(receipt)])));
    } catch (error) {
      trouble(error);
    }
    for (const button of buttons) button.disabled = false;
  });
}

/**
 * Whose data it may be. Of those who approved: whoever's consent to me covers all of it and has not ended, the newest first.
 * @param {Wanted} wanted @param {Session} session @param {any} policy @param {import('./choices.js').Choices} offered
 * @returns {Promise<(Whose & {given?: any, reference?: string})[] | null>} null: nobody's
 */
async function whoseIs({ categories, purpose, about }, session, policy, offered) {
  const own = session.by.party;
  if (about === null) return [{ subject: own }];
  if (about !== 'approved') {
    const subject = await partyOf(session, policy, about, { category: categories[0], purpose });
    return [subject === own ? { subject } : { subject, behalf: subject }];
  }
  const { records } = await ownList(session, policy);
  const now = Date.now();
  const covers = (/** @type {any} */ { scopes, purposes }) => purposes.includes(purpose) && categories.every((code) => scopes.some((/** @type {string} */ scope) => offered.isUnder(code, scope)));
  const given = records.filter(({ id, kind, payload }) => kind === 'consent' && payload.recipient === own && covers(payload) && (payload.not_after === undefined || now < payload.not_after)
    && !records.some(({ target, kind: move }) => target === id && ENDS.includes(move)));
  if (given.length === 0) return null;
  return given.reverse().map((one) => ({ subject: one.payload.subject, given: one, reference: records.find(({ id }) => id === one.payload.request)?.disclosed?.reference }));
}

/** @param {Whose} whose @param {Session} session @param {Wanted} wanted @param {(party: string) => string | undefined} called */
const about = ({ subject }, session, wanted, called) => (subject === session.by.party ? t('signing.self') : called(subject) ?? wanted.about?.replace('kbo:', '') ?? '');

/** Signs each access, and believes only a receipt that proves it: whatever was decided. @param {Wanted} wanted @param {Whose} whose @param {string} source @param {Session} session @param {any} policy @returns {Promise<string[]>} */
async function signed({ categories, purpose, resource, back }, { subject, behalf }, source, session, policy) {
  const properties = { context: { return: back.origin }, ...(Object.keys(resource).length > 0 && { resource }) };
  const receipts = [];
  for (const category of categories) {
    const written = await draft('access', policy.origin, { actor: session.by.party, subject, source, category, purpose, properties, ...(behalf !== undefined && { on_behalf_of: behalf }) });
    const receipt = await (await ask('/v1/accesses', { method: 'POST', body: await submission(session.by, written), headers: { 'Content-Type': 'application/json' } })).text();
    const answer = /** @type {any} */ (await verify(receipt, { type: 'authority', access: written.id }, policy, { fresh: Date.now() }));
    if (answer.source !== source) throw new Fault('other_question');
    receipts.push(receipt);
  }
  return receipts;
}

/** As it stands behind a #: a receipt is text, mostly repeated. @param {string} receipt */
async function packed(receipt) {
  const zipped = new Response(receipt).body?.pipeThrough(new CompressionStream('gzip'));
  return b64url(new Uint8Array(await new Response(zipped).arrayBuffer()));
}

/** This page stays in no history: nobody comes back to it by chance and signs again. @param {Wanted} wanted @param {string[][]} form */
function goBack({ back, state }, form) {
  const behind = new URLSearchParams([...form, ...(state === null ? [] : [['state', state]])]);
  location.replace(`${back}#${behind}`);
}

/** @param {unknown} error */
function trouble(error) {
  if (error instanceof Refusal && !error.isForNow) return say('bad', t(error.status === 401 ? 'seal.locked-what' : 'signing.refused'));
  say('bad', t(error instanceof Refusal ? 'signing.unreached' : error instanceof Fault && error.code === 'platform' ? 'seal.platform-what' : 'signing.untrue'));
}

// The same page may be asked for something else: another # alone loads nothing anew.
addEventListener('hashchange', () => location.reload());

await begin();
