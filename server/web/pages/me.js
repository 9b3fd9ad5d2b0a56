// My overview: what waits for me, who may act for me, who may see what, for whom I act. Only what this browser has checked gets the green seal.

import { showDevices } from './devices.js';
import { enrol, recovered } from './enrol.js';
import { examineEnding } from './ending.js';
import { dropWish, forgetMe, keepWish, me, wishes } from './kept.js';
import { granted } from './link.js';
import { fresh, kept } from './mylist.js';
import { knownNames } from './names.js';
import './page.js';
import { byId, el, save, state } from './parts.js';
import { after, failed, isWaiting, others, partIn, rowOf, scopesOf } from './rows.js';
import { sealOf } from './seals.js';
import { Refusal, Session } from './session.js';
import { draft, submission } from './sign.js';
import { trust } from './trust.js';
import { Untrue } from './untrue.js';
import { clock, day, lately, list, t } from './words.js';

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

async function begin() {
  const trusted = await trust();
  if (trusted === null) return showEnrol(t('log.unreached'));
  policy = trusted.policy;
  self = await me(policy.origin);
  names = await knownNames();
  offerPeople();
  if (self === null) return showEnrol();
  session = new Session(self, policy.origin);
  byId('overview').hidden = false;
  byId('self').textContent = t('me.self', { who: self.name });
  const isPersisted = (await navigator.storage?.persisted?.()) ?? false;
  byId('persisted').textContent = t(isPersisted ? 'me.persisted' : 'me.not-persisted');
  await sendWishes();
  await show();
}

/** Whom somebody may be here: the people of the directory, or somebody new. */
function offerPeople() {
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
  if (trouble !== undefined) byId('enrol-result').replaceChildren(el('p', { class: 'note bad' }, trouble));
}

byId('who').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
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

/** @param {unknown} error */
const isForNow = (error) => error instanceof Refusal && error.isForNow && error.name !== 'too_long';

/** What was checked last, and why it is not newer. @param {unknown} error */
async function showOld(error) {
  if (self === null) return;
  const box = byId('seal');
  const last = await kept(self.party, policy).catch(() => null);
  isUnreached = isForNow(error);
  if (last !== null) render(last, false);
  else byId('lede').textContent = t('me.nothing');
  if (error instanceof Untrue) {
    const evidence = el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-evidence.json', error.evidence, 'application/json') }, t('seal.evidence'));
    box.replaceChildren(sealOf('bad', 'bad', {}, [el('p', {}, evidence), again(), el('details', { class: 'more' }, el('summary', {}, t('tech.details')), el('p', {}, el('code', {}, error.code)))]));
  } else if (isUnreached) {
    box.replaceChildren(last === null ? sealOf('off', 'unreached', {}, [again()]) : sealOf('wait', 'stale', { at: lately(last.checkedAt) }, [again()]));
  } else if (error instanceof Refusal && error.status === 401) {
    box.replaceChildren(sealOf('off', self.basis === 'recovery' ? 'recovery' : 'locked', {}, [again()]));
  } else {
    box.replaceChildren(sealOf('off', error instanceof Refusal ? 'long' : 'platform'));
  }
}

const again = () => el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => show() }, t('seal.again')));
const how = () => el('details', { class: 'more' }, el('summary', {}, t('seal.how')), el('p', {}, t(policy.witnesses === undefined ? 'seal.how-alone' : 'seal.how-witnessed')));

/** @param {import('./mylist.js').Mine} mine @param {boolean} maySign */
function render(mine, maySign) {
  if (self === null || session === null) return;
  const desk = { me: self.party, nameOf, titles: mine.titles, maySign, session, policy, act };
  showDevices(mine, desk);
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
  ended.querySelector('ul').replaceChildren(...over.map((row) => el('li', {}, list(others(row, desk.me).map((one) => nameOf(one).name)), ', ', el('strong', {}, scopesOf(row, desk)), ': ', endOf(row))));
  return living;
}

/** @param {import('./mylist.js').Row} row */
function endOf({ endedAt, endedBy, payload }) {
  if (endedAt === undefined) return t('me.ran', { day: day(payload.not_after - 1) });
  return t(endedBy === 'renunciation' ? 'me.declined-on' : 'me.ended-on', { day: day(endedAt) });
}

/**
 * Signs and sends what becomes of a record, and says so on its row once this browser has verified the receipt.
 * @param {import('./mylist.js').Row} row @param {string} kind @param {Element} element
 */
async function act(row, kind, element) {
  if (self === null || session === null) return;
  const given = row.kind === 'request' && kind === 'acceptance' ? await give(row) : null;
  const written = await draft(kind, policy.origin, { target: row.id, ...(given !== null && { grant: given.id }) });
  const wish = { id: written.id, target: row.id, kind, submission: await submission(self, written) };
  // Withdrawing is never too late, so a wish to end waits for the register; a yes does not.
  if (kind !== 'acceptance') await keepWish(wish);
  await send(wish, row, element, given);
}

/** What a yes to a request gives: signed before the answer, which names it, and sent after. @param {import('./mylist.js').Row} row @returns {Promise<import('./kept.js').Wish>} */
async function give(row) {
  const [kind, members] = granted(row, /** @type {any} */ (self).party);
  const written = await draft(kind, policy.origin, members);
  return { id: written.id, target: written.id, kind: 'grant', submission: await submission(/** @type {any} */ (self), written) };
}

/** @param {import('./kept.js').Wish} wish @param {import('./mylist.js').Row} row @param {Element} element @param {import('./kept.js').Wish | null} [given] */
async function send(wish, row, element, given = null) {
  if (session === null) return;
  try {
    const receipt = await (await session.submit(wish.submission)).text();
    const { at, status } = await examineEnding(receipt, wish, policy);
    await dropWish(wish.id);
    if (given !== null) {
      // From here on the answer names it: if it can't be sent now, it waits.
      await keepWish(given);
      await sendWishes();
      return await show();
    }
    const outcome = wish.kind === 'acceptance' ? 'accepted' : wish.kind === 'renunciation' && isWaiting(row, session.by.party) ? 'declined' : 'ended';
    if (wish.kind === 'acceptance' && status !== 2) return await show();
    after(element, row, outcome, at, () => save('procura-receipt.json', receipt, 'application/vnd.procura.receipt+json'));
  } catch (error) {
    if (error instanceof Refusal && !error.isForNow) {
      await dropWish(wish.id);
      return failed(element, 'refused');
    }
    failed(element, error instanceof Refusal ? (wish.kind === 'acceptance' ? 'unreached-yes' : 'unreached') : 'unproven', () => send(wish, row, element, given));
  }
}

/** What was signed and could not be sent. */
async function sendWishes() {
  if (session === null) return;
  const left = [];
  for (const wish of await wishes()) {
    try {
      const receipt = await (await session.submit(wish.submission)).text();
      // A grant that waited stands in the list that follows; an ending is proven here.
      if (wish.kind !== 'grant') await examineEnding(receipt, wish, policy);
      await dropWish(wish.id);
      if (wish.kind !== 'grant') left.push(el('p', { class: 'note ok' }, t('wish.sent', { at: clock(Date.now()) })));
    } catch (error) {
      // Ended already, or never to be taken: it waits no longer.
      if (error instanceof Refusal && !error.isForNow) await dropWish(wish.id);
      else left.push(el('p', { class: 'note wait' }, state('wait', t('wish.waits'))));
    }
  }
  byId('notes').replaceChildren(...left);
}

/** What could not be reached is tried again, by itself, and as soon as the browser says that there is a network: some never say so. */
const AGAIN_MS = 10_000;
let isTrying = false;
async function retry() {
  // One try at a time, however long it takes.
  if (isTrying) return;
  isTrying = true;
  try {
    await sendWishes();
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
  location.reload();
});

await begin();
