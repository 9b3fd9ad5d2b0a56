// The device that signs already: it invites another, checks what that one answers, and signs for its key. spec: http.md#a-further-device

import { GOOD_MS, invitationText, readAnswer, recordOf, wrongWith } from './between.js';
import { keepInvited, lastInvited } from './kept.js';
import { onScan } from './camera.js';
import { sealWithout } from './listseal.js';
import { fresh } from './mylist.js';
import { byId, fact } from './parts.js';
import { sealOf } from './seals.js';
import { Refusal, Session } from './session.js';
import { random, submission } from './sign.js';
import { digitsFact, only, say, showText, toMe } from './stage.js';
import { lately, t } from './words.js';
import { b64url } from '../verifier/bytes.js';
import { verify } from '../verifier/index.js';

/** A key that counts. spec: entries.md#status */
const ACTIVE = 2;

/** Of each refusal the word for it; any other: the register did not take it. */
const WHY = new Map(Object.entries({
  frozen: 'key_not_active key_compromised party_not_active', chain: 'chain_too_long', 'wrong-changed': 'possession', 'wrong-late': 'too_early too_late',
}).flatMap(([word, names]) => names.split(' ').map((name) => [name, word])));

/** @typedef {{session: Session, policy: any, keys: import('./mylist.js').Row[], invitation: import('./between.js').Invitation}} Desk */

/** @param {import('./kept.js').Me} self @param {any} policy @param {string | null} text the answer, if the page was opened with one */
export async function add(self, policy, text) {
  const session = new Session(self, policy.origin);
  byId('said').replaceChildren(sealOf('wait', 'wait'));
  let keys;
  try {
    ({ keys } = await fresh(session, policy));
  } catch (error) {
    return byId('said').replaceChildren(sealWithout(error, null, () => location.reload(), self.basis === 'recovery' ? 'recovery' : 'locked'));
  }
  const { assurance } = /** @type {any} */ (keys.find(({ id }) => id === self.kid)).payload;
  const invitation = await invited(policy.origin, self.party, assurance);
  const desk = { session, policy, keys, invitation };
  byId('said').replaceChildren();
  only('invite');
  await showText('code', `join=${invitationText(invitation)}`, t('pairing.invite'));
  byId('text').onsubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (byId('paste').value.trim() !== '') await examine(byId('paste').value, desk);
  };
  onScan((scanned) => examine(scanned, desk));
  if (text !== null) await examine(text, desk);
}

/** The last invitation while it is young, so that opening the page again makes no other of it; else a new one. @param {string} origin @param {string} party @param {string} assurance */
async function invited(origin, party, assurance) {
  const last = await lastInvited();
  if (last !== null && last.origin === origin && last.party === party && Date.now() - last.at < GOOD_MS / 2) return last;
  const now = { origin, party, assurance, nonce: b64url(random(32)), at: Date.now() };
  await keepInvited(now);
  return now;
}

/** What the other device showed: what would be signed, to be compared, or why nothing is. @param {string} text @param {Desk} desk */
async function examine(text, desk) {
  const { keys, invitation, policy } = desk;
  const answer = readAnswer(text);
  if (answer === null) return say('bad', t('pairing.none'));
  if (keys.some(({ payload }) => payload.jwk.x === b64url(answer.publicKey))) return say('wait', t('pairing.known'), ' ', toMe());
  const wrong = await wrongWith(policy.origin, invitation, answer, Date.now());
  if (wrong !== null) return say('bad', t(`pairing.wrong-${wrong}`));
  const written = await recordOf(policy.origin, invitation, answer);
  byId('said').replaceChildren();
  byId('facts').replaceChildren(fact(t('pairing.device'), answer.label), digitsFact(written.id));
  const form = byId('sum').querySelector('form');
  form.onsubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (event.submitter);
    if (button.value === 'leave') return only('invite');
    button.disabled = true;
    await sign(written, desk);
    button.disabled = false;
  };
  only('sum');
  byId('h-sum').focus();
}

/** Signs, hands in, and says that it is done once this browser has verified the receipt. @param {Awaited<ReturnType<typeof recordOf>>} written @param {Desk} desk */
async function sign(written, { session, policy }) {
  try {
    const receipt = await (await session.submit(await submission(session.by, written, written.disclosures))).text();
    const { time: at, status } = /** @type {any} */ (await verify(receipt, { type: 'status', id: written.id }, policy, { fresh: Date.now() }));
    if (status !== ACTIVE) return say('bad', t('pairing.refused'));
    await keepInvited(null);
    only();
    say('ok', t('pairing.done', { at: lately(at) }), ' ', t('pairing.done-so'), ' ', toMe());
  } catch (error) {
    say('bad', error instanceof Refusal ? t(`pairing.${error.isForNow ? 'unreached' : WHY.get(error.name) ?? 'refused'}`) : t('pairing.unproven'));
  }
}
