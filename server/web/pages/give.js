// Giving a mandate, or sharing data, in a few steps: one question a screen, then the sentence that is signed; for oneself, or for someone who lets one
// act. Nothing of it is in an address, nothing is chosen beforehand, and "recorded" is said only of what this browser has verified.

import { acting, stopActing } from './behalf.js';
import { choices } from './choices.js';
import { lasting } from './days.js';
import { fewest, keepAnswers, keptAnswers, membersOf, oathOf } from './granting.js';
import { me } from './kept.js';
import { identifierOf, partyOf } from './numbers.js';
import './page.js';
import { byId, el, save, seal, state } from './parts.js';
import { people } from './people.js';
import { conditionsOf } from './says.js';
import { Refusal, Session } from './session.js';
import { draft, submission } from './sign.js';
import { trust } from './trust.js';
import { mandateNow, mayPassFurther, mayPassOn, mayShare, purposesOf } from './under.js';
import { Untrue } from './untrue.js';
import { day, language, lately, list, t } from './words.js';
import { dayOf, firstInstant } from '../verifier/days.js';
import { verify } from '../verifier/index.js';

const [PENDING, ACTIVE] = [1, 2];
/** What is offered as an end, in days from today on. */
const ENDS = [['month', 30], ['quarter', 91], ['year', 365]];

/** @type {import('./granting.js').Kind} */
const kind = location.hash.startsWith('#consent') ? 'consent' : 'mandate';
/** Whether it is given in somebody else's name: what the address says, never what happened to be chosen before. */
const isForOther = location.hash.endsWith('-for');
const STEPS = kind === 'mandate' ? ['whom', 'what', 'until', 'sign'] : ['whom', 'what', 'why', 'until', 'sign'];
const flow = byId('flow');

/** @type {any} */
let policy;
/** @type {Session} */
let session;
/** @type {import('./choices.js').Choices} */
let offered;
/** @type {import('./people.js').Fictional[]} */
let known = [];
/** In whose name, if not my own. @type {import('./granting.js').Behalf | null} */
let behalf = null;
/** Under what name answers are kept. */
let asked = /** @type {string} */ (kind);
/** @type {import('./granting.js').Answers} */
let answers = {};
/** Signed for these answers, and sent until it is known to be recorded: trying again never makes a second one. @type {{id: string, submission: string} | null} */
let signed = null;
let isDone = false;

/** Where one came from. @param {string} name */
const toMe = (name) => el('a', { class: name, href: `/${isForOther ? 'for' : 'me'}?lang=${language}` }, t(isForOther ? 'acting.title' : 'start.me-go'));

/** Words that say in whose name, if it is in somebody else's. @param {string} name @param {Record<string, string>} [slots] */
const inName = (name, slots = {}) => t(isForOther ? `${name}-for` : name, { ...slots, giver: behalf?.name ?? '' });

const titleOf = () => t(`give.start-${kind}${isForOther ? '-for' : ''}`);

/** A page with nothing to answer. @param {string} trouble @param {string} [note] */
const closed = (trouble, note = 'bad') =>
  flow.replaceChildren(el('h1', { id: 'question' }, titleOf()), el('p', { class: `note ${note}` }, t(trouble)), el('p', {}, toMe('go')));

async function begin() {
  document.title = `${titleOf()} · Procura`;
  const trusted = await trust();
  if (trusted === null) return closed('give.unreached');
  policy = trusted.policy;
  const self = await me(policy.origin);
  if (self === null) return closed('give.no-key', 'wait');
  session = new Session(self, policy.origin);
  try {
    const all = await people();
    if (isForOther) {
      const trouble = await takeMandate(all);
      if (trouble !== null) return closed(trouble, 'wait');
    }
    offered = await choices(session, policy, behalf?.mandate.payload.catalogue);
    if (offered.codes('categories').length === 0) return closed('give.withdrawn', 'wait');
    known = all.filter(({ party, party_type: type }) => !isGiver(party) && party !== self.party && (kind === 'consent' || type !== 'institution'));
  } catch (error) {
    return closed(error instanceof Refusal ? (error.isForNow ? 'give.unreached' : 'give.locked') : error instanceof Untrue ? 'give.untrue-mandate' : 'give.untrue-catalogue');
  }
  answers = keptAnswers(asked);
  show(Math.min(history.state?.step ?? 0, firstOpen()), false);
}

/** @param {string} party */
const isGiver = (party) => behalf?.mandate.payload.mandators.includes(party) === true;

/** The mandate that was chosen, proven as of now; or the word for why nothing is given by it. @param {import('./people.js').Fictional[]} people @returns {Promise<string | null>} */
async function takeMandate(people) {
  const chosen = acting();
  if (chosen === null) return 'acting.nobody';
  const mandate = await mandateNow(chosen.mandate, session, policy);
  if (mandate === null) {
    stopActing();
    (await import('./bar.js')).showBar();
    return 'acting.over';
  }
  if (!(kind === 'mandate' ? mayPassOn : mayShare)(mandate.payload)) return `acting.not-${kind}`;
  behalf = { mandate, name: list(mandate.payload.mandators.map((/** @type {string} */ giver) => people.find(({ party }) => party === giver)?.name ?? t('somebody'))) };
  asked = `${kind}-for.${mandate.id}`;
  return null;
}

/** The codes of a kind that may be given: in somebody's name those that their mandate covers. @param {'categories' | 'purposes'} of */
function codes(of) {
  const all = offered.codes(of);
  if (behalf === null) return all;
  const { payload } = behalf.mandate;
  const covers = of === 'categories' ? (/** @type {string} */ code) => payload.scopes.some((/** @type {string} */ scope) => offered.isUnder(code, scope)) : (/** @type {string} */ code) => purposesOf(payload)?.includes(code) ?? true;
  return all.filter(covers);
}

/** The last day that may be chosen: that of the mandate, if it has one. @returns {string | undefined} */
const lastDay = () => behalf?.mandate.payload.valid_until;

/** What is offered as an end: its name, its last day. @returns {[string, string][]} */
function ends() {
  const last = lastDay();
  const all = ENDS.map(([name, days]) => /** @type {[string, string]} */ ([name, lasting(Number(days)).valid_until]));
  return last === undefined ? all : [...all.filter(([, until]) => until < last), ['whole', last]];
}

/** The first question without an answer. */
function firstOpen() {
  const has = [answers.whom, answers.scopes, ...(kind === 'consent' ? [answers.purpose] : []), answers.last];
  const open = has.indexOf(undefined);
  return open < 0 ? STEPS.length - 1 : open;
}

addEventListener('popstate', () => {
  if (isDone) location.replace(`/me?lang=${language}`);
  else if (session !== undefined) show(Math.min(history.state?.step ?? 0, firstOpen()));
});

/** @param {Partial<import('./granting.js').Answers>} more @param {number} step */
function answered(more, step) {
  answers = { ...answers, ...more };
  signed = null;
  keepAnswers(asked, answers);
  history.pushState({ step: step + 1 }, '');
  show(step + 1);
}

/** The question of a screen. @param {string} name */
function titleFor(name) {
  if (name === 'whom') return inName(`give.whom-${kind}`);
  if (name === 'what') return kind === 'mandate' ? inName('give.what-mandate', { who: answers.name ?? '' }) : t('give.what-consent', { who: answers.name ?? '' });
  return t(`give.${name}`);
}

/** @param {number} step @param {boolean} [isMoved] whether somebody came here from another screen */
function show(step, isMoved = true) {
  const name = STEPS[step];
  const back = el('button', { class: 'button quiet', type: 'button', onclick: () => (history.state?.step === step ? history.back() : show(step - 1)) }, t('give.back'));
  const title = el('h1', { id: 'question', tabindex: '-1' }, titleFor(name));
  const form = el('form', { novalidate: true, onsubmit: async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = /** @type {any} */ (event.submitter);
    if (button.disabled) return;
    button.disabled = true;
    form.querySelector('.note.bad')?.remove();
    const trouble = await TAKES[name](/** @type {HTMLFormElement} */ (form), step);
    button.disabled = false;
    if (trouble === null) return;
    const note = el('p', { class: 'note bad', role: 'alert', tabindex: '-1' }, t(trouble));
    form.prepend(note);
    note.focus();
  } }, ...FIELDS[name](), el('p', { class: 'actions' }, el('button', { class: 'button' }, t(name === 'sign' ? 'give.sign-do' : 'give.continue')), step === 0 ? toMe('go') : back));
  flow.replaceChildren(el('p', { class: 'small' }, t('give.step', { what: titleOf(), n: step + 1, of: STEPS.length })), title, form);
  if (isMoved) title.focus();
}

/** @param {string} type @param {string} name @param {string} value @param {boolean} checked @param {string} text @param {{hint?: string, name?: string}} [more] */
const choice = (type, name, value, checked, text, { hint, name: looks } = {}) =>
  el('label', { class: 'choice' }, el('input', { type, name, value, checked, class: looks }), el('span', {}, el('b', {}, text), hint !== undefined && el('span', { class: 'hint' }, hint)));

const group = (/** @type {Node[]} */ ...all) => el('fieldset', { 'aria-labelledby': 'question' }, ...all);

/** What each screen asks. @type {Record<string, () => Node[]>} */
const FIELDS = {
  whom: () => [
    group(...known.map(({ party, name }) => choice('radio', 'whom', party, answers.number === undefined && answers.whom === party, name)),
      choice('radio', 'whom', '', answers.number !== undefined, t('give.other'), { hint: t('give.other-hint'), name: 'reveals' })),
    el('p', { class: 'field reveal' }, el('label', { for: 'number' }, t('give.number'), ' ', el('span', { class: 'hint' }, t('give.number-hint'))),
      el('input', { class: 'w-code', id: 'number', inputmode: 'numeric', autocomplete: 'off', value: answers.number })),
  ],
  what: () => [
    group(...codes('categories').map((code) => choice('checkbox', 'what', code, answers.scopes?.includes(code) === true, offered.title('categories', code)))),
    el('p', { class: 'small' }, t('give.only')),
  ],
  why: () => [group(...codes('purposes').map((code) => choice('radio', 'why', code, answers.purpose === code, offered.title('purposes', code))))],
  until: () => [
    group(...ends().map(([name, last]) => choice('radio', 'until', name, answers.long === name, t(`give.${name}`), { hint: t('give.included', { day: day(firstInstant(last)) }) })),
      choice('radio', 'until', 'day', answers.long === 'day', t('give.day'), { name: 'reveals' })),
    el('p', { class: 'field reveal' }, el('label', { for: 'day' }, t('give.last'), ' ', el('span', { class: 'hint' }, t('give.last-hint'))),
      el('input', { class: 'w-day', id: 'day', type: 'date', min: dayOf(Date.now()), max: lastDay(), value: answers.long === 'day' ? answers.last : undefined })),
    ...(kind === 'mandate' && (behalf === null || mayPassFurther(behalf.mandate.payload)) ? [choice('checkbox', 'on', 'yes', answers.isOn === true, t('give.on', { who: answers.name ?? '' }), { hint: t('give.on-hint') })] : []),
  ],
  sign: () => [
    el('p', { class: 'oath' }, oath()),
    ...(behalf === null ? [] : conditionsOf(behalf.mandate.payload)),
    el('ul', { class: 'plain' }, ...[kind === 'consent' && isForOther ? 'give.then-consent-for' : `give.then-${kind}`, ...(isForOther ? ['give.then-sees-for', 'give.then-end-for'] : ['give.then-end']), 'give.then-receipt'].map((word) => el('li', {}, t(word, { who: answers.name ?? '', giver: behalf?.name ?? '' })))),
    el('p', { class: 'small' }, t('give.key')),
  ],
};

const oath = () => oathOf(kind, /** @type {any} */ (answers), offered, behalf);
const values = (/** @type {HTMLFormElement} */ form, /** @type {string} */ name) => /** @type {string[]} */ (new FormData(form).getAll(name));

/** What is done with what was answered: null, or the word for what needs another look. @type {Record<string, (form: HTMLFormElement, step: number) => Promise<string | null>>} */
const TAKES = {
  async whom(form, step) {
    const [whom] = values(form, 'whom');
    if (whom === undefined) return 'give.missing';
    if (whom === '') return byNumber(byId('number').value.trim(), step);
    answered({ whom, name: known.find(({ party }) => party === whom)?.name, number: undefined }, step);
    return null;
  },
  async what(form, step) {
    const scopes = fewest(values(form, 'what'), offered);
    if (scopes.length === 0) return 'give.missing';
    if (offered.catalogueOf(scopes) === undefined) return 'give.apart';
    answered({ scopes }, step);
    return null;
  },
  async why(form, step) {
    const [purpose] = values(form, 'why');
    if (purpose === undefined) return 'give.missing';
    if (offered.catalogueOf(/** @type {string[]} */ (answers.scopes), purpose) === undefined) return 'give.apart';
    answered({ purpose }, step);
    return null;
  },
  async until(form, step) {
    const [long] = values(form, 'until');
    if (long === undefined) return 'give.missing';
    const last = long === 'day' ? byId('day').value : ends().find(([name]) => name === long)?.[1] ?? '';
    if (last === '' || last < dayOf(Date.now())) return 'give.past';
    if (last > (lastDay() ?? last)) return 'give.beyond';
    answered({ long, last, isOn: values(form, 'on').length > 0 }, step);
    return null;
  },
  sign,
};

/** An organisation, whose number stands in a public register. @param {string} number @param {number} step */
async function byNumber(number, step) {
  const identifier = identifierOf(number);
  if (identifier === null || !identifier.startsWith('kbo:')) return 'give.number-wrong';
  try {
    const whom = await partyOf(session, policy, identifier, { category: offered.first('categories'), purpose: offered.first('purposes') });
    if (isGiver(whom) || whom === session.by.party) return 'give.same';
    answered({ whom, name: known.find(({ party }) => party === whom)?.name ?? identifier.replace('kbo:', ''), number }, step);
    return null;
  } catch (error) {
    return error instanceof Refusal ? (error.isForNow ? 'give.unreached' : 'give.number-wrong') : 'give.untrue';
  }
}

/** @returns {Promise<string | null>} */
async function sign() {
  try {
    if (signed === null) {
      const written = await draft(kind, policy.origin, membersOf(kind, /** @type {any} */ (answers), offered, session.by.party, behalf));
      signed = { id: written.id, submission: await submission(session.by, written) };
    }
    const receipt = await (await session.submit(signed.submission)).text();
    const answer = /** @type {any} */ (await verify(receipt, { type: 'status', id: signed.id }, policy, { fresh: Date.now() }));
    if (answer.status !== ACTIVE && answer.status !== PENDING) throw new Untrue('status', receipt);
    done(receipt, answer);
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) return 'give.untrue';
    if (error.isForNow) return 'give.unreached';
    signed = null;
    return error.name === 'under' ? 'acting.over' : 'give.refused';
  }
}

/** @param {string} receipt @param {{status: number, time: number}} answer */
function done(receipt, { status, time }) {
  isDone = true;
  const title = el('h1', { id: 'question', tabindex: '-1' }, t('give.done'));
  flow.replaceChildren(title,
    seal('ok', t('give.done-at', { at: lately(time) }), [el('p', {}, t('give.done-checked'))]),
    el('p', { class: 'oath' }, oath()),
    el('p', {}, status === PENDING ? state('wait', t('give.waits', { who: answers.name ?? '' })) : state('ok', t('give.holds'))),
    el('p', { class: 'actions' }, toMe('button'), ' ', el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-receipt.json', receipt, 'application/vnd.procura.receipt+json') }, t('done.receipt'))));
  keepAnswers(asked, {});
  title.focus();
}

await begin();
