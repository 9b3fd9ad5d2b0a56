// A request by link: who asks what, proven; approve, refuse, or refuse and block. The link stands behind the #, which no server sees.

import { examineEnding } from './ending.js';
import { answerInvitation, giversOf, isFor, whatIsOffered } from './invitation.js';
import { keepWish, dropWish, me } from './kept.js';
import { behind, granted } from './link.js';
import { titlesOf } from './mylist.js';
import { knownNames } from './names.js';
import './page.js';
import { byId, el, fact, save, time } from './parts.js';
import { conditionsOf } from './says.js';
import { sealOf } from './seals.js';
import { Refusal, Session } from './session.js';
import { draft, submission } from './sign.js';
import { trust } from './trust.js';
import { day, language, lately, list, moment, t } from './words.js';
import { Fault } from '../verifier/index.js';

const said = byId('said');
/** @param {string} kind @param {...any} what */
const say = (kind, ...what) => said.replaceChildren(el('p', { class: `note ${kind}`, tabindex: '-1' }, ...what));

async function begin() {
  const link = location.hash.slice(1);
  byId('seal').replaceChildren(sealOf('wait', 'wait'));
  const trusted = await trust();
  if (trusted === null) return troubled(new Refusal(0, 'unreachable'));
  const { policy } = trusted;
  let asked;
  try {
    asked = await behind(link, policy);
  } catch (error) {
    return troubled(error);
  }
  const self = await me(policy.origin);
  const session = self === null ? null : new Session(self, policy.origin);
  const titles = session === null ? null : await titlesOf(session, policy, [asked.payload.catalogue]).catch(() => null);
  const isInvitation = asked.kind !== 'request';
  const who = isInvitation ? giversOf(asked, await knownNames()) : asked.asker?.name ?? t('somebody');
  const name = (/** @type {'categories' | 'purposes'} */ kind, /** @type {string[]} */ codes) => list(codes.map((code) => titles?.(kind, code, asked.payload.catalogue, language) ?? code));
  if (isInvitation) return offer(asked, link, session, policy, who, name);
  byId('asks').textContent = t(asked.payload.grant === 'mandate' ? 'request.asks-mandate' : 'request.asks-consent', { who });
  byId('seal').replaceChildren(sealOf('ok', 'genuine', { who }));
  said.replaceChildren(...whatIsAsked(asked, who, name));
  if (session === null) return said.append(el('p', { class: 'note wait' }, t('request.no-key'), ' ', el('a', { href: `/me?lang=${language}` }, t('start.me-go'))));
  onAnswer('answer', (value) => answer(value, asked, link, session, policy));
}

/** Shows the buttons that answer; none is pressed twice. @param {string} id @param {(value: any) => Promise<void>} work */
function onAnswer(id, work) {
  const box = byId(id);
  box.hidden = false;
  box.querySelector('form').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const buttons = box.querySelectorAll('button');
    for (const button of buttons) button.disabled = true;
    await work(/** @type {any} */ (event.submitter).value);
    for (const button of buttons) button.disabled = false;
  });
}

/** @param {import('./link.js').Asked} asked @param {string} link @param {Session | null} session @param {any} policy @param {string} who @param {import('./invitation.js').Name} name */
function offer(asked, link, session, policy, who, name) {
  byId('asks').textContent = t(asked.kind === 'mandate' ? 'invite.asks-mandate' : 'invite.asks-consent', { who });
  byId('seal').replaceChildren(sealOf('ok', 'invited', { who }));
  said.replaceChildren(...whatIsOffered(asked, who, name));
  if (session === null) return said.append(el('p', { class: 'note wait' }, t('request.no-key'), ' ', el('a', { href: `/me?lang=${language}` }, t('start.me-go'))));
  if (!isFor(asked, session.by.party)) return said.append(el('p', { class: 'note wait' }, t('invite.not-you')));
  onAnswer('invited', (value) => answerInvitation(value, asked, link, session, policy));
}

/** @param {import('./link.js').Asked} asked @param {string} who @param {(kind: 'categories' | 'purposes', codes: string[]) => string} name */
function whatIsAsked({ payload, asker }, who, name) {
  const row = (/** @type {string} */ term, /** @type {any[]} */ ...what) => el('div', {}, el('dt', {}, t(term)), el('dd', {}, ...what));
  const last = payload.not_after === undefined ? t('fact.no-end') : time(payload.not_after - 1, day(payload.not_after - 1));
  // An organisation's number stands in a public register; a person shows none.
  const number = asker?.identifier === undefined ? null : el('span', { class: 'small' }, ` (${asker.identifier})`);
  return [
    el('h2', {}, t('request.what')),
    el('dl', { class: 'sum box' },
      row('request.who', who, number),
      row(payload.grant === 'mandate' ? 'request.for' : 'request.data', name('categories', payload.scopes)),
      ...(payload.purposes === undefined ? [] : [row('fact.purpose', name('purposes', payload.purposes))]),
      row('fact.until', last),
      row('fact.answer-by', time(payload.answer_by, moment(payload.answer_by)))),
    ...conditionsOf(payload),
  ];
}

/** @param {unknown} error */
function troubled(error) {
  const form = error instanceof Refusal ? ({ 410: 'used', 404: 'nothing', 0: 'unreached' })[error.status] ?? 'unreached' : error instanceof Fault && error.code === 'link' ? 'nothing' : 'untrue';
  byId('seal').replaceChildren(...(form === 'untrue' ? [sealOf('bad', 'not-genuine')] : []));
  say(form === 'used' || form === 'nothing' ? 'wait' : 'bad', t(`request.${form}`));
  said.firstElementChild.focus();
}

/**
 * A yes is two records: the answer, which names what is given, and that itself. If the second can't be sent, it waits on this device.
 * @param {string} value @param {import('./link.js').Asked} asked @param {string} link @param {Session} session @param {any} policy
 */
async function answer(value, asked, link, session, policy) {
  const { by } = session;
  const given = value === 'approve' ? await draft(granted(asked, by.party)[0], policy.origin, granted(asked, by.party)[1]) : null;
  const reply = await draft(given === null ? 'renunciation' : 'acceptance', policy.origin, { target: asked.id, link, ...(given !== null && { grant: given.id }) });
  try {
    const receipt = await (await session.submit(await submission(by, reply))).text();
    const { at } = await examineEnding(receipt, { id: reply.id, target: asked.id }, policy);
    let proof = receipt;
    let waits = false;
    if (given !== null) {
      const wish = { id: given.id, target: given.id, kind: 'grant', submission: await submission(by, given) };
      await keepWish(wish);
      try {
        proof = await (await session.submit(wish.submission)).text();
        await dropWish(wish.id);
      } catch {
        waits = true; // The overview sends it.
      }
    } else if (value === 'block') {
      await session.submit(await submission(by, await draft('block', policy.origin, { party: by.party, blocked: asked.payload.requester })));
    }
    byId('answer').hidden = true;
    say('ok', el('strong', {}, t('request.recorded', { at: lately(at) })), ' ', t(waits ? 'wish.waits' : value === 'approve' ? 'done.accepted-so' : 'done.declined-so'), ' ',
      el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-receipt.json', proof, 'application/vnd.procura.receipt+json') }, t('done.receipt')), ' ',
      el('a', { class: 'go', href: `/me?lang=${language}` }, t('start.me-go')));
    said.firstElementChild.focus();
  } catch (error) {
    const note = el('p', { class: 'note bad', role: 'alert', tabindex: '-1' }, t(error instanceof Refusal && !error.isForNow ? 'request.used' : 'request.unreached'));
    byId('answer').append(note);
    note.focus();
  }
}

await begin();
