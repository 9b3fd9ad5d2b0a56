// The new device: it makes a key, shows it to the one that invited it, and waits until that one has signed. spec: http.md#a-further-device

import { answerText, GOOD_MS, marked, readAnswer, readInvitation, recordOf } from './between.js';
import { label } from './enrol.js';
import { keepJoining, keepMe, lastJoining } from './kept.js';
import { knownNames } from './names.js';
import { byId } from './parts.js';
import { Refusal, Session } from './session.js';
import { possessionMessage, random, signed } from './sign.js';
import { digitsFact, only, say, showText, toMe } from './stage.js';
import { t } from './words.js';

/** How often the register is asked whether the key counts. */
const EVERY_MS = 2_000;

/** @param {string} origin @param {string | null} text the invitation, if the page was opened with one */
export async function join(origin, text) {
  const begun = await lastJoining();
  if (begun !== null && begun.me.origin === origin && (text === null || text === begun.invitation)) return wait(begun);
  const invitation = readInvitation(text ?? '');
  if (text === null || invitation === null) return say('wait', t(text === null ? 'pairing.no-key' : 'pairing.broken'), ' ', toMe());
  const name = (await knownNames()).get(invitation.party)?.name ?? '';
  byId('h-join').textContent = name === '' ? t('pairing.who-unknown') : t('pairing.who', { who: name });
  byId('make').onclick = async () => {
    byId('make').disabled = true;
    try {
      await wait(await made(origin, invitation, text, name));
    } catch {
      say('bad', t('enrol.platform'));
    }
    byId('make').disabled = false;
  };
  only('join');
}

/** A key of this device's own, never to be read out. @param {string} origin @param {import('./between.js').Invitation} invitation @param {string} text @param {string} name */
async function made(origin, invitation, text, name) {
  const { publicKey: public_, privateKey: key } = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']));
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', public_));
  const pop = await signed(key, await possessionMessage({ origin, ...invitation, publicKey }));
  const answer = { to: await marked(invitation), publicKey, pop, iat: Date.now(), salt: random(16), label: label() };
  const { id: kid } = await recordOf(origin, invitation, answer);
  const joining = { me: { origin, party: invitation.party, kid, basis: 'cosigned', name, key }, invitation: text, answer: answerText(answer) };
  await keepJoining(joining);
  // Asked for, not promised: without it the browser may clear the key when space is short.
  await navigator.storage?.persist?.();
  return joining;
}

/** @param {import('./kept.js').Joining} joining */
async function wait({ me, answer }) {
  let isStopped = false;
  byId('stop').onclick = async () => {
    isStopped = true;
    await keepJoining(null);
    only();
    say('wait', t('pairing.stopped'), ' ', toMe());
  };
  byId('answer-sum').replaceChildren(digitsFact(me.kid));
  byId('waiting').textContent = t('pairing.waiting');
  only('wait');
  byId('h-wait').focus();
  await showText('answer-code', `add=${answer}`, t('pairing.answer'));
  const until = (readAnswer(answer)?.iat ?? 0) + GOOD_MS;
  while (!(await counts(me))) {
    if (isStopped) return;
    if (Date.now() > until) {
      byId('waiting').textContent = t('pairing.over');
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  if (isStopped) return;
  await keepMe(me);
  await keepJoining(null);
  only();
  say('ok', t('pairing.in'), ' ', toMe());
}

/** Whether the register knows the key: it gives a token to those that count alone. @param {import('./kept.js').Me} me */
async function counts(me) {
  if (document.visibilityState !== 'visible') return false;
  try {
    await new Session(me, me.origin).authorization();
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
