// Signing in at an identity provider, so that a key made here is bound to who I am there. Nothing of that stays in an address.
// spec: http.md#enrolment

import { bound } from './enrol.js';
import { keepMe } from './kept.js';
import { byId, el } from './parts.js';
import { ask, Refusal } from './session.js';
import { t } from './words.js';

/** The cookie that says which login this browser's is goes to its own origin only. @param {string} address @param {any} body */
const post = async (address, body) =>
  (await ask(address, { method: 'POST', credentials: 'same-origin', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })).json();

const OUTCOMES = ['known', 'over', 'declined', 'unreached', 'unproven', 'weak', 'nobody'];

/** What came of a login, if this page was opened by the way back from one. Said once: going back or reloading says nothing again. @returns {string | null} */
export function cameBack() {
  const outcome = /^#login=([a-z]+)$/.exec(location.hash)?.[1] ?? null;
  if (outcome !== null) history.replaceState(null, '', location.pathname + location.search);
  return outcome === null || OUTCOMES.includes(outcome) ? outcome : 'over';
}

/** A button for each provider. @param {HTMLElement} box */
export async function offerProviders(box) {
  try {
    const { providers } = await (await ask('/enrol/providers', {})).json();
    const all = providers.map(({ name, title }) => el('button', { class: 'button', type: 'button', onclick: (/** @type {Event} */ event) => leave(name, /** @type {any} */ (event.currentTarget)) }, t('login.with', { provider: title })));
    box.replaceChildren(...all);
  } catch {
    say(t('login.unreached'));
  }
}

/** To the provider. @param {string} provider @param {HTMLButtonElement} button */
async function leave(provider, button) {
  button.disabled = true;
  try {
    const { location: away } = await post('/enrol/logins', { provider, lang: document.documentElement.lang });
    location.assign(away);
  } catch {
    say(t('login.unreached'));
    button.disabled = false;
  }
}

/** Says above the buttons what did not happen. @param {string} what */
export function say(what) {
  byId('login-result').replaceChildren(el('p', { class: 'note bad', role: 'alert', tabindex: '-1' }, what));
}

/** A key that is made here, bound to whoever came back. @param {string} origin @returns {Promise<boolean>} whether it was */
export async function enrolKnown(origin) {
  try {
    await keepMe(await bound(origin, '', '/enrol/enrolments', {}, { to: '/enrol/keys', send: post }));
    return true;
  } catch (error) {
    say(t(!(error instanceof Refusal) ? 'enrol.platform' : error.name === 'not_begun' ? 'login.over' : error.isForNow ? 'login.unreached' : 'enrol.failed'));
    return false;
  }
}

/** A recovery key, once its delay is over: whoever came back is accepted with it. @param {import('./kept.js').Me} me @returns {Promise<boolean>} whether it counts now */
export async function recoverKnown(me) {
  try {
    await post('/enrol/recoveries', { kid: me.kid });
  } catch (error) {
    say(t(error instanceof Refusal && error.name === 'key_delay' ? 'login.too-early' : 'login.over'));
    return false;
  }
  await keepMe({ ...me, basis: 'recovered' });
  return true;
}
