// Who looked at my data: every look in my list, newest first, and what was decided on each. The seal is of the whole list, whatever is shown of it.

import { cataloguesOf, titler } from './catalogues.js';
import { holdingRow, holdingsIn } from './holdings.js';
import { me } from './kept.js';
import { sealWithout } from './listseal.js';
import { decided, isByLaw, isForMe, looksIn } from './look.js';
import { nameOf, rowOf, settle } from './lookrow.js';
import { fresh, kept } from './mylist.js';
import { knownNames } from './names.js';
import './page.js';
import { byId, el, save, seal } from './parts.js';
import { sealOf } from './seals.js';
import { Session } from './session.js';
import { several } from './several.js';
import { fileName, proven, table } from './takeaway.js';
import { trust } from './trust.js';
import { day, language, lately, t } from './words.js';
import { b64url } from '../verifier/bytes.js';
import { dayOf, firstInstant, instantAfter } from '../verifier/days.js';

/** @typedef {import('./look.js').Look} Look */

/** So many are shown, and asked about, at once. */
const STEP = 50;

/** @type {any} */
let policy = null;
/** @type {Session | null} */
let session = null;
/** @type {import('./mylist.js').Mine | null} */
let mine = null;
/** @type {import('./lookrow.js').Desk} */
let desk;
/** @type {Look[]} all of them, and those of them that the filters let through */
let [all, shown] = [[], []];
let most = STEP;
/** The rows that were made, by look: what somebody writes in one stays when more are shown. @type {Map<string, Element>} */
const lines = new Map();

async function begin() {
  const trusted = await trust();
  if (trusted === null) return byId('seal').replaceChildren(sealOf('off', 'unreached'));
  policy = trusted.policy;
  const self = await me(policy.origin);
  byId('nobody').hidden = self !== null;
  if (self === null) return;
  session = new Session(self, policy.origin);
  await show();
}

/** Gets the list, and shows the seal for as long as it is true. */
async function show() {
  if (session === null) return;
  const box = byId('seal');
  box.replaceChildren(sealOf('wait', 'wait'));
  const slow = setTimeout(() => box.replaceChildren(sealOf('wait', 'slow')), 10_000);
  try {
    await told(await fresh(session, policy));
    const form = all.length === 1 ? 'one' : 'other';
    box.replaceChildren(seal('ok', t('seal.ok'), [el('p', {}, t(`looks.seal-${form}`, { n: all.length, at: lately(/** @type {any} */ (mine).checkedAt) }))]));
  } catch (error) {
    await old(error);
  } finally {
    clearTimeout(slow);
  }
}

/** What was checked last, and why it is not newer. @param {unknown} error */
async function old(error) {
  if (session === null) return;
  const last = await kept(session.by.party, policy).catch(() => null);
  if (last !== null) await told(last);
  byId('seal').replaceChildren(sealWithout(error, last, show));
}

/** @param {import('./mylist.js').Mine} list */
async function told(list) {
  if (session === null) return;
  mine = list;
  const self = session.by.party;
  all = looksIn(list.told, self);
  lines.clear();
  const [names, catalogues] = await Promise.all([knownNames(), readCatalogues(list)]);
  const titles = titler(catalogues);
  // An access names codes alone; each catalogue in force lends its words.
  const titleOf = (/** @type {'categories' | 'purposes'} */ kind, /** @type {string} */ code) =>
    [...catalogues.keys()].map((id) => titles(kind, code, id, language)).find((title) => title !== code) ?? code;
  const pin = { size: list.checkpoint.size, root: b64url(list.checkpoint.root) };
  const asked = new Map();
  const decide = (/** @type {Look} */ look) => {
    const before = asked.get(look.id) ?? decided(look, /** @type {Session} */ (session), policy, pin);
    asked.set(look.id, before);
    // Asked again if it could not be answered.
    before.catch(() => asked.delete(look.id));
    return before;
  };
  desk = { me: self, rows: list.rows, catalogues, titleOf, names, session, policy, decide };
  choices('f-who', 'looks.f-anyone', all.map(({ payload }) => [payload.actor, nameOf(payload.actor, desk)]));
  choices('f-data', 'looks.f-any-data', all.map(({ payload }) => [payload.category, titleOf('categories', payload.category)]));
  const holdings = holdingsIn(list.told, self);
  byId('holdings').querySelector('.ledger').hidden = holdings.length === 0;
  byId('holdings').querySelector('.empty').hidden = holdings.length > 0;
  byId('holdings').querySelector('.ledger').replaceChildren(...holdings.map((one) => holdingRow(one, (party) => nameOf(party, desk), titles)));
  byId('looks').hidden = false;
  await filter();
}

/** Those in force, those my grants name, and those that holdings name. @param {import('./mylist.js').Mine} list @returns {Promise<Map<string, any>>} */
async function readCatalogues({ rows, told: records }) {
  if (session === null) return new Map();
  try {
    const { catalogues } = await (await session.get('/v1/catalogues')).json();
    const named = [...rows.map(({ payload }) => payload.catalogue), ...records.filter(({ kind }) => kind === 'holding').map(({ payload }) => /** @type {any} */ (payload).catalogue)];
    return await cataloguesOf(session, policy, [...new Set([...catalogues.slice().reverse(), ...named])]);
  } catch {
    return new Map(); // Codes say what titles would.
  }
}

/** @param {string} id @param {string} any @param {[string, string][]} pairs */
function choices(id, any, pairs) {
  const chosen = byId(id).value;
  const options = [...new Map(pairs)].sort(([, a], [, b]) => a.localeCompare(b, language)).map(([value, text]) => el('option', { value }, text));
  byId(id).replaceChildren(el('option', { value: '' }, t(any)), ...options);
  byId(id).value = chosen;
}

const form = () => byId('show').elements;

/** Which looks the form asks for. What was checked stays the whole list. */
async function filter() {
  const { kind, who, data, from, to } = form();
  const [first, last] = [from.value === '' ? 0 : firstInstant(from.value), to.value === '' ? Number.POSITIVE_INFINITY : instantAfter(to.value)];
  const inTime = all.filter(({ time, payload }) => time >= first && time < last && (who.value === '' || payload.actor === who.value) && (data.value === '' || payload.category === data.value));
  most = STEP;
  shown = await ofKind(inTime, kind.value);
  draw();
}

/** Some kinds are known only once it is known what was decided: then all of them are asked about. @param {Look[]} looks @param {string} kind */
async function ofKind(looks, kind) {
  if (kind === 'all') return looks;
  if (kind === 'emergency') return looks.filter(({ payload }) => payload.emergency === true);
  byId('count').textContent = t('looks.asking', { n: looks.length });
  const outcomes = await outcomesOf(looks);
  const is = (/** @type {Look} */ look, /** @type {import('./look.js').Decided | null} */ outcome) => {
    if (kind === 'for-me') return isForMe(look, outcome ?? undefined, desk.me, desk.rows);
    // What can't be proven is shown, rather than left out.
    return outcome === null || (kind === 'refused' ? !outcome.permit : isByLaw(outcome));
  };
  return looks.filter((look, i) => is(look, outcomes[i]));
}

/** @param {Look[]} looks */
const outcomesOf = (looks) => several(looks, (look) => desk.decide(look).catch(() => null));

function draw() {
  const rows = shown.slice(0, most);
  const blocks = new Map();
  for (const look of rows) {
    const name = day(look.time);
    blocks.set(name, [...(blocks.get(name) ?? []), look]);
  }
  const made = rows.filter(({ id }) => !lines.has(id));
  for (const look of made) lines.set(look.id, rowOf(look, desk));
  const sections = [...blocks].map(([name, looks], i) => {
    const own = looks.map((/** @type {Look} */ { id }) => lines.get(id));
    return el('section', { class: 'block', 'aria-labelledby': `day-${i}` },
      el('h2', { id: `day-${i}` }, el('time', { datetime: dayOf(looks[0].time) }, name)), el('ol', { class: 'ledger' }, ...own));
  });
  byId('days').replaceChildren(...(rows.length === 0 ? [el('p', { class: 'panel empty' }, t(all.length === 0 ? 'looks.none' : 'looks.none-so'))] : sections));
  byId('count').textContent = t('looks.count', { n: shown.length, all: all.length });
  byId('older').hidden = shown.length <= most;
  const [one, every] = byId('take').querySelectorAll('button[value]');
  one.textContent = t('looks.take-shown', { n: shown.length });
  every.textContent = t('looks.take-all', { n: all.length });
  several(made, (look) => settle(/** @type {Element} */ (lines.get(look.id)), look, desk));
}

byId('show').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault();
  await filter();
});

byId('older').addEventListener('click', () => {
  const next = most;
  most += STEP;
  draw();
  // Whoever pressed it goes on where the new ones begin.
  const row = byId('days').querySelectorAll('.row')[next];
  row?.setAttribute('tabindex', '-1');
  row?.focus();
});

byId('take').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  if (mine === null) return;
  const button = /** @type {any} */ (event.submitter);
  const looks = button.value === 'all' ? all : shown;
  const as = byId('take').elements.as.value;
  button.disabled = true;
  byId('taken').textContent = t('looks.asking', { n: looks.length });
  const outcomes = await outcomesOf(looks);
  const taken = looks.map((look, i) => ({ look, outcome: outcomes[i], what: `${nameOf(look.payload.actor, desk)}: ${desk.titleOf('categories', look.payload.category)}, ${desk.titleOf('purposes', look.payload.purpose)}` }));
  const [text, type] = as === 'csv' ? [table(taken), 'text/csv'] : [proven(taken, mine, desk.me), 'application/json'];
  save(fileName(as, mine.checkedAt), text, type);
  const unproven = outcomes.filter((outcome) => outcome === null).length;
  byId('taken').textContent = unproven === 0 ? t('looks.taken') : t('looks.taken-unproven', { n: unproven });
  button.disabled = false;
});

byId('print').addEventListener('click', () => print());

await begin();
