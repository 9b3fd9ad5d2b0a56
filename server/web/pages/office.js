// For institutions: trying a check, asking a citizen, our own accesses, connecting software. The key is the institution's, made and kept in this browser.

import { accesses } from './accesses.js';
import { asking } from './asking.js';
import { check } from './check.js';
import { choices } from './choices.js';
import { bound } from './enrol.js';
import './page.js';
import { byId, el } from './parts.js';
import { people } from './people.js';
import { ask, Refusal, Session } from './session.js';
import { forgetStaff, keepStaff, leave, staff } from './staff.js';
import { trust } from './trust.js';
import { t } from './words.js';

/** @typedef {{party: string, name: string}} Holder */
/** @typedef {{session: Session & {by: import('./staff.js').Staff}, policy: any, choices: import('./choices.js').Choices, holders: Holder[], asked: (request: any, parties: any) => void}} Office */

/** @type {any} */
let policy = null;

/** @param {string} kind @param {string} text */
const say = (kind, text) => byId('said').replaceChildren(el('p', { class: `note ${kind}`, role: 'status' }, text));

async function begin() {
  const trusted = await trust();
  if (trusted === null) return choose([], t('log.unreached'));
  policy = trusted.policy;
  const everybody = await people().catch(() => []);
  const offices = everybody.filter(({ party_type: type }) => type !== 'person');
  const self = await staff('office', policy.origin);
  if (self === null) return choose(offices);
  byId('enrol').hidden = true;
  const session = /** @type {Office['session']} */ (new Session(self, policy.origin));
  try {
    await open({ session, policy, choices: await choices(session, policy), holders: offices.filter(({ party }) => party !== self.party), asked: () => {} });
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) await forgetStaff('office');
    choose(offices, t(error instanceof Refusal && error.status === 401 ? 'office.key-over' : 'log.unreached'));
  }
}

/** @param {Office} office */
async function open(office) {
  const { session } = office;
  byId('office').hidden = false;
  byId('self').textContent = t('office.self', { who: session.by.name });
  byId('out').addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    const isEnded = await leave('office', session, policy);
    byId('office').hidden = true;
    await begin();
    say('ok', t(isEnded ? 'office.left' : 'office.left-here'));
  }, { once: true });
  connect(office);
  const [showOwn, showAsked] = [accesses(office), asking(office)];
  check(office, showOwn);
  await showOwn();
  await showAsked();
}

/** @param {import('./people.js').Fictional[]} offices @param {string} [trouble] */
function choose(offices, trouble) {
  byId('enrol').hidden = false;
  byId('offices').replaceChildren(byId('offices').firstElementChild, ...offices.map(({ party, name, party_type: type }) =>
    el('label', { class: 'choice' }, el('input', { type: 'radio', name: 'who', value: party, required: true, 'data-name': name }), el('span', {}, name, ' ', el('span', { class: 'hint' }, t(`type.${type}`))))));
  if (trouble !== undefined) say('bad', trouble);
}

byId('who').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const chosen = byId('who').querySelector('input:checked');
  const button = /** @type {any} */ (event.submitter);
  button.disabled = true;
  say('wait', t('enrol.doing'));
  try {
    await keepStaff('office', await bound(policy.origin, chosen.dataset.name, '/demo/enrolments', { party: chosen.value }));
    byId('said').replaceChildren();
    await begin();
    byId('main').focus();
  } catch (error) {
    say('bad', t(error instanceof Refusal ? 'enrol.failed' : 'enrol.platform'));
  }
  button.disabled = false;
});

/** The command that asks what was asked here last, of this very server, with a token that is good for some minutes. @param {Office} office */
function connect(office) {
  const us = `party:${office.session.by.party}`;
  let question = { subject: { type: 'party', id: us }, action: { name: office.choices.first('purposes') }, resource: { type: office.choices.first('categories'), id: us } };
  office.asked = (request, { actor, subject }) => {
    // By their ids: no number is shown again.
    if (actor !== null && subject !== null && request.context === undefined) question = { ...request, subject: { type: 'party', id: `party:${actor}` }, resource: { ...request.resource, id: `party:${subject}` } };
  };
  byId('fill').addEventListener('click', async () => {
    try {
      const headers = { ...(await office.session.authorization()), 'Content-Type': 'application/json' };
      const lines = [`curl -sS ${location.origin}/access/v1/evaluation`, ...Object.entries(headers).map(([name, value]) => `  -H '${name}: ${value}'`), `  -d '${JSON.stringify(question, null, 2)}'`];
      byId('curl').textContent = lines.join(' \\\n');
      byId('reply').textContent = JSON.stringify(await (await ask('/access/v1/evaluation', { method: 'POST', headers, body: JSON.stringify(question) })).json(), null, 2);
      byId('command').hidden = false;
    } catch {
      say('bad', t('office.unreached'));
    }
  });
  byId('copy').addEventListener('click', async () => {
    await navigator.clipboard.writeText(byId('curl').textContent);
    byId('copy').textContent = t('log.copied');
  });
}

await begin();
