// Gives this browser a key of its own, bound to somebody fictional by the demo's desk. Made here, never to be read out.
// spec: http.md#the-demos-desk, kinds.md#members

import { keepMe } from './kept.js';
import { ask, Refusal } from './session.js';
import { possession, random } from './sign.js';
import { day, t } from './words.js';
import { b64url } from '../verifier/bytes.js';

/** @param {string} address @param {any} body */
const post = async (address, body) =>
  (await ask(address, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })).json();

/** An identifier that nobody real has: XX is no country. */
const invented = () => `eidas:XX/BE/${b64url(random(18))}`;

/** @param {string} origin @param {{party: string, name: string} | {name: string}} who somebody of the directory, or somebody new */
export async function enrol(origin, who) {
  const me = await bound(origin, who.name, '/demo/enrolments', 'party' in who ? { party: who.party } : { identifier: invented(), name: who.name });
  await keepMe(me);
  return me;
}

/**
 * A key that is made here, and bound to whoever's enrolment begins there.
 * @param {string} origin @param {string} name @param {string} address @param {any} who
 * @param {{to: string, send: (address: string, body: any) => Promise<any>}} [way] where the key goes, and how
 */
export async function bound(origin, name, address, who, { to, send } = { to: '/demo/keys', send: post }) {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']));
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const { party, nonce, name: told = name } = await send(address, who);
  const pop = await possession({ origin, party, nonce, publicKey, key: pair.privateKey });
  const jwk = { crv: 'Ed25519', kty: 'OKP', x: b64url(publicKey) };
  // An enrolment that is known by a cookie needs no other name.
  const { kid, basis } = await send(to, { ...(send === post && { party, nonce }), jwk, pop, label: label() });
  // Asked for, not promised: without it the browser may clear the key when space is short.
  await navigator.storage?.persist?.();
  return { origin, party, kid, basis, name: told, key: pair.privateKey };
}

/** What this device is called among its holder's: "Firefox on Linux, 26 November 2026". Nobody else sees it. */
export function label() {
  const find = (/** @type {[RegExp, string][]} */ names) => names.find(([sign]) => sign.test(navigator.userAgent))?.[1] ?? t('device.some');
  // Each names those before it as well.
  const browser = find([[/Edg/, 'Edge'], [/OPR/, 'Opera'], [/Firefox|FxiOS/, 'Firefox'], [/Chrom|CriOS/, 'Chromium'], [/Safari/, 'Safari']]);
  const system = find([[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']]);
  return t('device.label', { browser, system, day: day(Date.now()) });
}

/** A recovery key waits; once its delay is over the desk accepts it. @param {import('./kept.js').Me} me @returns {Promise<import('./kept.js').Me>} as it is then */
export async function recovered(me) {
  try {
    await post('/demo/recoveries', { kid: me.kid });
  } catch (error) {
    if (error instanceof Refusal) return me;
    throw error;
  }
  const now = { ...me, basis: 'recovered' };
  await keepMe(now);
  return now;
}
