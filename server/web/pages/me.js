// My overview: what waits for me, who may act for me, who may see what, for whom I act. Only what this browser has checked gets the green seal.

import { stopUnless } from './bar.js';
import { stopActing } from './behalf.js';
import { showBlocks } from './blocks.js';
import { showDevices } from './devices.js';
import { enrol, recovered } from './enrol.js';
import { forgetMe, me } from './kept.js';
import { isForNow, sealWithout } from './listseal.js';
import { fresh, kept } from './mylist.js';
import { knownNames } from './names.js';
import './page.js';
import { byId, el, save } from './parts.js';
import { askingErasure } from './report.js';
import { endBelow, endOf, isWaiting, rowOf } from './rows.js';
import { sealOf } from './seals.js';
import { Refusal, Session } from './session.js';
import { others, partIn, scopesOf } from './sides.js';
import { trust } from './trust.js';
import { act, sendWishes } from './wishes.js';
import { day, language, lately, list, t } from './words.js';

/** @type {any} */
let policy = null;
/** @type {import('./kept.js').Me | null} */
let self = null;
/** @type {Session | null} */
let session = null;
/** @type {import('./names.js').Names} */
let names = new Map();
/** Whether the register could not be reached when it was asked last. */
let isUnreached = false;

/** @param {string} party */
const nameOf = (party) => names.get(party) ?? { name: t('somebody'), type: 'person' };

/** Where there are providers to sign in at. Loaded there only. */
const provider = byId('providers') === null ? null : await import('./provider.js');

async function begin() {
  const trusted = await trust();
  if (trusted === null) return showEnrol(t('log.unreached'));
  policy = trusted.policy;
  self = await me(policy.origin);
  names = await knownNames();
  offerPeople();
  const outcome = provider?.cameBack() ?? null;
  if (self === null && outcome === 'known' && (await provider?.enrolKnown(policy.origin))) self = await me(policy.origin);
  else if (self !== null && outcome === 'known' && self.basis === 'recovery' && (await provider?.recoverKnown(self))) self = await me(policy.origin);
  else if (outcome !== null && outcome !== 'known') provider?.say(t(`login.${outcome}`));
  // Whoever waits for a second key to count signs in once more then.
  if (provider !== null && self?.basis === 'recovery') byId('notes').before(byId('login'));
  if (self === null || self.basis === 'recovery') await provider?.offerProviders(byId('providers'));
  if (self === null) return showEnrol();
  session = new Session(self, policy.origin);
  byId('overview').hidden = false;
  // Not every provider says what somebody is called.
  byId('self').replaceChildren(...(self.name === '' ? [] : [t('me.self', { who: self.name }), ' · ']), el('a', { href: `/for?lang=${language}` }, t('acting.change'), el('span', { class: 'vh' }, t('acting.change-what'))));
  const isPersisted = (await navigator.storage?.persisted?.()) ?? false;
  byId('persisted').textContent = t(isPersisted ? 'me.persisted' : 'me.not-persisted');
  await sendWishes(place());
  await show();
}

/** Whom somebody may be here: the people of the directory, or somebody new. */
function offerPeople() {
  if (byId('people') === null) return;
  const all = [...names].filter(([, { type }]) => type === 'person').map(([party, { name }]) => choice(party, name));
  byId('people').replaceChildren(byId('people').firstElementChild, ...all, choice('', t('enrol.new')));
}

/** @param {string} value @param {string} name */
function choice(value, name) {
  const input = el('input', { type: 'radio', name: 'who', value, required: true, onchange: () => { byId('new').hidden = byId('who').elements.who.value !== ''; } });
  return el('label', { class: 'choice' }, input, name);
}

/** @param {string} [trouble] */
function showEnrol(trouble) {
  byId('enrol').hidden = false;
  if (trouble !== undefined) (byId('login-result') ?? byId('enrol-result')).replaceChildren(el('p', { class: 'note bad' }, trouble));
}

byId('who')?.addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const party = byId('who').elements.who.value;
  const name = party === '' ? byId('name').value.trim() : nameOf(party).name;
  byId('new').classList.toggle('wrong', name === '');
  byId('name-error').textContent = name === '' ? t('enrol.name-missing') : '';
  if (name === '') return byId('name').focus();
  const button = /** @type {any} */ (event.submitter);
  button.disabled = true;
  byId('enrol-result').replaceChildren(el('p', { class: 'note' }, t('enrol.doing')));
  try {
    await enrol(policy.origin, party === '' ? { name } : { party, name });
    byId('enrol').hidden = true;
    await begin();
    byId('main').focus();
  } catch (error) {
    const isPlatform = !(error instanceof Refusal);
    byId('enrol-result').replaceChildren(el('p', { class: 'note bad', role: 'alert' }, t(isPlatform ? 'enrol.platform' : 'enrol.failed')));
  }
  button.disabled = false;
});

/** Shows the list, and the seal for as long as it is true. */
async function show({ isAgain = false } = {}) {
  if (self === null || session === null) return;
  const box = byId('seal');
  if (!isAgain) box.replaceChildren(sealOf('wait', 'wait'));
  if (self.basis === 'recovery') self = await recovered(self);
  const slow = setTimeout(() => box.replaceChildren(sealOf('wait', 'slow')), 10_000);
  try {
    const mine = await fresh(session, policy);
    render(mine, true);
    isUnreached = false;
    box.replaceChildren(sealOf('ok', 'ok', { at: lately(mine.checkedAt) }, [how()]));
  } catch (error) {
    // What is as it was is not read out again.
    if (!isAgain || !isForNow(error)) await showOld(error);
  } finally {
    clearTimeout(slow);
  }
}

/** What was checked last, and why it is not newer. @param {unknown} error */
async function showOld(error) {
  if (self === null) return;
  const last = await kept(self.party, policy).catch(() => null);
  isUnreached = isForNow(error);
  if (last !== null) render(last, false);
  else byId('lede').textContent = t('me.nothing');
  byId('seal').replaceChildren(sealWithout(error, last, show, self.basis === 'recovery' ? 'recovery' : 'locked'));
}

const how = () => el('details', { class: 'more' }, el('summary', {}, t('seal.how')), el('p', {}, t(policy.witnesses === undefined ? 'seal.how-alone' : 'seal.how-witnessed')));

/** @param {import('./mylist.js').Mine} mine @param {boolean} maySign */
function render(mine, maySign) {
  if (self === null || session === null) return;
  const desk = { me: self.party, nameOf, titles: mine.titles, maySign, session, policy, act: (/** @type {import('./mylist.js').Row} */ row, /** @type {string} */ kind, /** @type {Element} */ element) => act(place(), row, kind, element), below: (/** @type {string} */ id) => mine.rows.filter(({ payload, stands }) => payload.under === id && stands !== 'over').length, doing: actLink };
  if (maySign) stopUnless(mine.rows);
  showDevices(mine, desk);
  showBlocks(mine, desk);
  const waiting = mine.rows.filter((row) => isWaiting(row, desk.me));
  const grants = mine.rows.filter((row) => row.kind !== 'request' && !waiting.includes(row));
  const given = grants.filter((row) => row.kind === 'mandate' && partIn(row, desk.me) === 'gives');
  const seen = grants.filter((row) => row.kind === 'consent' && partIn(row, desk.me) === 'gives');
  const mineToDo = grants.filter((row) => partIn(row, desk.me) === 'takes');
  const beside = grants.filter((row) => ['by', 'told'].includes(partIn(row, desk.me)));
  byId('part').hidden = beside.length === 0;
  byId('wait').hidden = waiting.length === 0;
  byId('n-wait').textContent = String(waiting.length);
  byId('wait').querySelector('.ledger').replaceChildren(...waiting.map((row) => rowOf(row, desk)));
  const living = [section('act', given, desk), section('see', seen, desk), section('for', mineToDo, desk), section('part', beside, desk)];
  const [act_, see_, for_] = living.map((rows) => rows.filter(({ stands }) => stands === 'force').length);
  byId('lede').replaceChildren(...[['act', act_], ['see', see_], ['for', for_], ['wait', waiting.length]].flatMap(([name, n]) => [counted(String(name), Number(n)), ' ']));
  byId('download').disabled = false;
  byId('download').onclick = () => mine.receipts.forEach((receipt, i) => save(`procura-${day(mine.checkedAt)}${i === 0 ? '' : `-${i + 1}`}.json`, receipt, 'application/vnd.procura.receipt+json'));
}

/** What is done on a row. @returns {import('./wishes.js').Place} */
const place = () => ({ session: /** @type {Session} */ (session), policy, notes: byId('notes'), show, ended: ({ id }) => endBelow(id) });

/** Where one acts for who gave it. @param {import('./mylist.js').Row} row @param {string} label */
const actLink = (row, label) => row.stands === 'force' && row.kind === 'mandate' && el('a', { class: 'go', href: `/for?lang=${language}` }, t('acting.choose'), el('span', { class: 'vh' }, label));

/** One sentence of the state in a paragraph. @param {string} name @param {number} n */
function counted(name, n) {
  const form = n === 0 ? 'none' : new Intl.PluralRules(document.documentElement.lang).select(n) === 'one' ? 'one' : 'other';
  const words = t(`lede.${name}-${form}`, { n });
  return n === 0 ? words : el('a', { href: `#${name}` }, words);
}

/** @param {string} name @param {import('./mylist.js').Row[]} rows @param {import('./rows.js').Desk} desk */
function section(name, rows, desk) {
  const [living, over] = [rows.filter(({ stands }) => stands !== 'over'), rows.filter(({ stands }) => stands === 'over')];
  const block = byId(name);
  const ledger = block.querySelector('.ledger');
  ledger.hidden = living.length === 0;
  ledger.replaceChildren(...living.map((row) => rowOf(row, desk)));
  const empty = block.querySelector('.empty');
  if (empty !== null) empty.hidden = living.length > 0;
  const ended = block.querySelector('.ended');
  ended.hidden = over.length === 0;
  ended.querySelector('summary').textContent = t('me.ended', { n: over.length });
  ended.querySelector('ul').replaceChildren(...over.map((row) => past(row, desk)));
  return living;
}

/** What has ended, and asking for its record to be erased. @param {import('./mylist.js').Row} row @param {import('./rows.js').Desk} desk */
function past(row, desk) {
  const parties = others(row, desk.me);
  const [who, what] = [list(parties.map((one) => nameOf(one).name)), scopesOf(row, desk)];
  return el('li', {}, who, ', ', el('strong', {}, what), ': ', endOf(row), desk.maySign && askingErasure(row, parties, desk, `${who}, ${what}`));
}

/** What could not be reached is tried again, by itself, and as soon as the browser says that there is a network: some never say so. */
const AGAIN_MS = 10_000;
let isTrying = false;
async function retry() {
  // One try at a time, however long it takes.
  if (isTrying) return;
  isTrying = true;
  try {
    await sendWishes(place());
    await show({ isAgain: true });
  } finally {
    isTrying = false;
  }
}
addEventListener('online', retry);
setInterval(() => {
  if (isUnreached && document.visibilityState === 'visible') retry();
}, AGAIN_MS);

byId('forget').querySelector('form').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault();
  await forgetMe();
  stopActing();
  location.reload();
});

await begin();
