// At a counter: an officer writes down what a person without a device wants, reads it aloud in that person's language, signs as a witness of it, and prints it.
// Numbers are typed in a form, sent in a body, and shown to nobody again: the screen can be seen from the queue.

import { choices } from './choices.js';
import { lasting } from './days.js';
import { bound } from './enrol.js';
import { numberIn, partyOf } from './numbers.js';
import './page.js';
import { officerNumber, oathOf, paperOf } from './paper.js';
import { byId, el, state } from './parts.js';
import { people } from './people.js';
import { Refusal, Session } from './session.js';
import { showAddress } from './show.js';
import { draft, submission } from './sign.js';
import { doneIn, forgetStaff, keepDone, keepStaff, leave, staff } from './staff.js';
import { trust } from './trust.js';
import { clock, language, t, tongue } from './words.js';
import { b64url, sha256 } from '../verifier/bytes.js';
import { verify } from '../verifier/index.js';

/** @typedef {{session: Session & {by: import('./staff.js').Staff}, policy: any, choices: import('./choices.js').Choices, nameOf: (party: string) => string | null, town: string, officer: string}} Counter */
/** @typedef {{how: string, language: import('./words.js').Language, citizen: string}} Person `citizen`: a party's id */
/** @typedef {{helper: string, category: string, days: ReturnType<typeof lasting>, assisted: any}} Wish */

const PENDING = 1;
const HOUR_MS = 3_600_000;
const SCREENS = ['s-who', 's-wish', 's-read', 'confirmation'];

/** @type {any} */
let policy = null;
/** @type {Counter} */
let counter;
/** @type {Person | null} */
let person = null;
/** @type {Wish | null} */
let wish = null;
/** @type {import('./paper.js').Paper | null} */
let paper = null;
/** When the shift ends. @type {ReturnType<typeof setTimeout> | undefined} */
let bell;

/** @param {string} kind @param {string} text */
const say = (kind, text) => byId('said').replaceChildren(el('p', { class: `note ${kind}`, role: 'status' }, text));

async function begin() {
  const trusted = await trust();
  if (trusted === null) return closed(t('log.unreached'));
  policy = trusted.policy;
  const self = await staff('counter', policy.origin);
  if (self === null) return closed();
  if (Date.now() >= (self.ends ?? 0)) return over();
  try {
    const names = new Map((await people().catch(() => [])).map(({ party, name }) => [party, name]));
    const session = /** @type {Counter['session']} */ (new Session(self, policy.origin));
    counter = { session, policy, choices: await choices(session, policy), nameOf: (party) => names.get(party) ?? null, town: names.get(await townOf(session)) ?? '', officer: officerNumber(self.party) };
  } catch (error) {
    return error instanceof Refusal && error.status === 401 ? over() : closed(t('log.unreached'));
  }
  clearTimeout(bell);
  bell = setTimeout(over, /** @type {number} */ (self.ends) - Date.now());
  for (const id of ['head', 'help', 'today']) byId(id).hidden = false;
  byId('enrol').hidden = true;
  byId('self').textContent = t('counter.self', { town: counter.town, officer: counter.officer, at: clock(/** @type {number} */ (self.ends)) });
  byId('what').replaceChildren(...counter.choices.options('categories'));
  await today();
  start();
}

/** In whose name the officer acts, as the officer's own record proves it. @param {Counter['session']} session */
async function townOf(session) {
  const id = session.by.party;
  const receipt = await (await session.get(`/v1/records/${id}/receipt`)).text();
  return /** @type {any} */ (await verify(receipt, { type: 'status', id }, policy, { fresh: Date.now() })).payload.under;
}

/** Nobody's shift. @param {string} [trouble] */
function closed(trouble) {
  for (const id of ['head', 'help', 'today', 'confirmation']) byId(id).hidden = true;
  byId('enrol').hidden = false;
  if (trouble !== undefined) say('bad', trouble);
}

async function over() {
  await forgetStaff('counter');
  byId('sheet').replaceChildren();
  closed();
  say('wait', t('counter.shift-over'));
}

/** One question at a time. @param {string} screen */
function go(screen) {
  for (const id of [...SCREENS, 's-end']) byId(id).hidden = id !== screen;
  byId('confirmation').classList.toggle('print', screen === 'confirmation');
  const at = screen === 's-end' ? 1 : SCREENS.indexOf(screen);
  byId('steps').querySelectorAll('li').forEach((/** @type {Element} */ step, /** @type {number} */ i) => (i === at ? step.setAttribute('aria-current', 'step') : step.removeAttribute('aria-current')));
  byId(screen).querySelector('h2').focus();
}

/** The next person: nothing of the last is left on the screen. */
function start() {
  [person, wish, paper] = [null, null, null];
  for (const id of ['f-who', 'f-wish', 'f-read']) byId(id).reset();
  byId('tongue').value = language;
  byId('sheet').replaceChildren();
  byId('failed').replaceChildren();
  go('s-who');
}

/** Whoever presses waits for what comes of it; what fails is said, and has changed nothing. @param {string} id @param {(value: string) => Promise<void>} work */
function onSubmit(id, work) {
  byId(id).addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = /** @type {any} */ (event.submitter);
    if (button.disabled) return;
    button.disabled = true;
    byId('said').replaceChildren();
    try {
      await work(button.value);
    } catch (error) {
      const form = !(error instanceof Refusal) ? 'untrue' : error.isForNow ? 'unreached' : 'refused';
      (id === 'f-read' ? byId('failed') : byId('said')).replaceChildren(el('p', { class: 'note bad', role: 'alert' }, t(`counter.${form}`)));
    }
    button.disabled = false;
  });
}

onSubmit('shift', async () => {
  const ends = Date.now() + Number(byId('shift').elements.hours.value) * HOUR_MS;
  await keepStaff('counter', { ...(await bound(policy.origin, '', '/demo/officers', { ends })), ends });
  await begin();
});

/** Whose number stands in a field: looked up in a body, then taken off the screen. @param {string} id */
async function lookedUp(id) {
  const identifier = numberIn(id);
  if (identifier === undefined || identifier === null) return null;
  const party = await partyOf(counter.session, policy, identifier, { category: counter.choices.first('categories'), purpose: counter.choices.first('purposes') });
  byId(id).value = '';
  return party;
}

onSubmit('f-who', async (value) => {
  const citizen = await lookedUp('n-who');
  if (citizen === null) return;
  person = { how: byId('f-who').elements.how.value, language: byId('tongue').value, citizen };
  go(value === 'give' ? 's-wish' : 's-end');
});

onSubmit('f-wish', async () => {
  const helper = await lookedUp('n-helper');
  if (helper === null || person === null) return;
  if (helper === person.citizen) return say('bad', t('counter.same'));
  const [scan] = byId('scan').files;
  const assisted = scan === undefined ? { channel: 'spoken' } : { channel: 'paper', document: b64url(await sha256(new Uint8Array(await scan.arrayBuffer()))) };
  wish = { helper, category: byId('what').value, days: lasting(Number(byId('long').value)), assisted };
  const spoken = await tongue(person.language);
  byId('oath').lang = person.language;
  byId('oath').textContent = oathOf(words(person, wish), spoken);
  byId('yes').replaceChildren(el('span', {}, '“', el('span', { lang: person.language }, spoken.t('paper.yes')), '”: ', t('counter.sign-do')));
  byId('witness').textContent = t('counter.witness', { officer: counter.officer, town: counter.town });
  byId('failed').replaceChildren();
  go('s-read');
});

/** What the sentence is made of, in the person's language. @param {Person} of @param {Wish} given */
const words = ({ citizen, language: spoken }, { helper, category, days }) =>
  ({ citizen: counter.nameOf(citizen), helper: counter.nameOf(helper), what: counter.choices.title('categories', category, spoken), until: days.not_after - 1 });

onSubmit('f-read', async (value) => {
  if (value === 'change') return go('s-wish');
  if (value === 'no' || person === null || wish === null) {
    start();
    return say('wait', t('counter.nothing'));
  }
  const { helper, category, days, assisted } = wish;
  const written = await draft('mandate', policy.origin, { mandators: [person.citizen], mandatees: [helper], catalogue: counter.choices.catalogueOf(category), scopes: [category], ...days, assisted });
  const receipt = await (await counter.session.submit(await submission(counter.session.by, written))).text();
  const { status } = /** @type {any} */ (await verify(receipt, { type: 'status', id: written.id }, policy, { fresh: Date.now() }));
  if (status !== PENDING) throw new Error('a mandate that nobody accepted yet is pending');
  await give({ language: person.language, at: Date.now(), town: counter.town, officer: counter.officer, given: { id: written.id, address: await showAddress(receipt, written.id), ...words(person, wish) } }, person.how);
});

byId('end-paper').addEventListener('click', async () => {
  if (person === null) return;
  await give({ language: person.language, at: Date.now(), town: counter.town, officer: counter.officer, given: null }, person.how);
});

/** Notes what was done, and prints the paper. @param {import('./paper.js').Paper} one @param {string} how */
async function give(one, how) {
  await keepDone('counter', [...(await doneIn('counter')), { ...one, how }]);
  await today();
  await showPaper(one);
}

/** @param {import('./paper.js').Paper} one */
async function showPaper(one) {
  paper = one;
  byId('sheet').replaceChildren(await paperOf(one));
  go('confirmation');
  print();
}

/** What was done in this shift, without names. */
async function today() {
  const all = await doneIn('counter');
  byId('today-none').hidden = all.length > 0;
  byId('today-table').hidden = all.length === 0;
  byId('today-rows').replaceChildren(...all.reverse().map((one) => el('tr', {},
    el('td', {}, clock(one.at)),
    el('td', {}, t(one.given === null ? 'counter.did-told' : 'counter.did-gave')),
    el('td', {}, t(one.how === 'card' ? 'counter.how-card' : 'counter.how-other')),
    el('td', {}, one.given === null ? state('off', t('counter.state-told')) : state('wait', t('state.pending'))),
    el('td', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => showPaper(one) }, t('counter.again'), el('span', { class: 'vh' }, `, ${clock(one.at)}`))))));
}

for (const button of document.querySelectorAll('[data-back]')) button.addEventListener('click', () => go('s-who'));
byId('print').addEventListener('click', () => paper !== null && print());
byId('next').addEventListener('click', start);
byId('out').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault();
  clearTimeout(bell);
  const isEnded = await leave('counter', counter.session, policy);
  byId('sheet').replaceChildren();
  closed();
  say('ok', t(isEnded ? 'counter.left' : 'counter.left-here', { at: clock(counter.session.by.ends ?? 0) }));
});

await begin();
