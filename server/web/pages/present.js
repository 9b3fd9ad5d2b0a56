// A mandate or consent shown to one who asks for it, by a key of a party of it. Who asks makes a challenge here, and verifies what comes; who holds one opens the
// challenge's address, and hands over a file or a text. Challenges and answers go by no server. spec: presentations.md

import { told as inWords } from './examine.js';
import { me } from './kept.js';
import './page.js';
import { byId, el, fact, save, seal, time } from './parts.js';
import { saysOf } from './says.js';
import { random } from './sign.js';
import { trust } from './trust.js';
import { lately, t } from './words.js';
import { b64url } from '../verifier/bytes.js';
import { audienceOf, challengeIn, toFragment } from '../verifier/challenge.js';
import { Fault } from '../verifier/index.js';
import { isPresented, verifyPresentation } from '../verifier/presentation.js';

/** What is asked for in this tab, until it is answered. */
const OPEN = 'procura.challenge';
const MEDIA_TYPE = 'application/vnd.procura.presentation+json';

/** Of each refusal the sentence that says it; any other is told as that of a receipt is. */
const FAULTS = new Map(Object.entries({
  other: 'kb_aud kb_nonce challenge_not_open', old: 'kb_iat stale', stranger: 'not_a_party', key: 'key_not_active party_not_active kb_signature unknown_key key_compromised',
  over: 'disputed suspended not_accepted ended not_yet_valid expired lapsed', more: 'unasked not_shown kb_sd_hash',
}).flatMap(([name, codes]) => codes.split(' ').map((code) => [code, `present.fault-${name}`])));

/** @param {string} kind @param {...any} what */
function say(kind, ...what) {
  byId('said').replaceChildren(el('p', { class: `note ${kind}`, tabindex: '-1' }, ...what));
  byId('said').firstElementChild.focus();
}

async function begin() {
  for (const id of ['holder', 'ask', 'take', 'no-key']) byId(id).hidden = true;
  byId('said').replaceChildren();
  const trusted = await trust();
  if (trusted === null) return say('bad', t('present.unreached'));
  if (location.hash.length > 1) return hold(trusted.policy);
  byId('ask').hidden = false;
  const open = asked();
  if (open !== null) await showCode(open);
}

/* Who asks. */

/** What was asked for in this tab and not answered yet. @returns {import('../verifier/challenge.js').Challenge | null} */
const asked = () => JSON.parse(sessionStorage.getItem(OPEN) ?? 'null');

byId('ask').querySelector('form').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const trusted = await trust();
  if (trusted === null) return say('bad', t('present.unreached'));
  const { origin } = trusted.policy;
  const self = await me(origin);
  const show = new FormData(/** @type {HTMLFormElement} */ (event.target)).getAll('show').map(String);
  const challenge = /** @type {any} */ ({ v: 1, origin, aud: self === null ? location.origin : audienceOf(self.party), nonce: b64url(random(32)), ...(show.length > 0 && { show }) });
  sessionStorage.setItem(OPEN, JSON.stringify(challenge));
  byId('said').replaceChildren();
  await showCode(challenge);
});

/** @param {import('../verifier/challenge.js').Challenge} challenge */
async function showCode(challenge) {
  const { qrOf } = await import('./qr.js');
  const address = `${location.origin}/present#${toFragment(challenge)}`;
  byId('code').replaceChildren(el('p', {}, t('present.scan')), await qrOf(address, t('present.scan')), el('p', { class: 'small' }, el('a', { href: address, target: '_blank' }, t('present.address'))), el('p', {}, t('present.then')));
  byId('take').hidden = false;
}

/** @param {string | Uint8Array} shown */
async function take(shown) {
  const challenge = asked();
  const now = Date.now();
  // What was said of another is not of this one.
  byId('said').replaceChildren(seal('wait', t('verify.checking'), []));
  try {
    const trusted = await trust();
    if (trusted === null) return say('bad', t('present.unreached'));
    if (challenge === null) throw new Fault('challenge_not_open');
    const found = await verifyPresentation(shown, challenge, trusted.policy, now);
    if (!isPresented(found)) throw new Fault('malformed');
    // Taken once: nothing answers it any more.
    sessionStorage.removeItem(OPEN);
    byId('take').hidden = true;
    byId('ask').hidden = true;
    byId('said').replaceChildren(...proven(found));
  } catch (error) {
    const code = error instanceof Fault ? error.code : 'platform';
    const sentence = FAULTS.get(code) ?? (code === 'platform' ? 'fault.platform' : `fault.${inWords(code).sentence}`);
    byId('said').replaceChildren(seal(code === 'platform' ? 'off' : 'bad', t(code === 'platform' ? 'verdict.unable' : 'present.refused'), [el('p', {}, t(sentence)), el('p', { class: 'small' }, el('code', {}, code))], { big: true }));
  }
  byId('file').value = '';
  byId('paste').value = '';
  const heading = byId('said').querySelector('h2');
  heading.setAttribute('tabindex', '-1');
  heading.focus();
}

/** @param {import('../verifier/presentation.js').Presented} found */
function proven({ mandate, side, party, by, disclosed }) {
  const at = mandate.checkpoint.time;
  const facts = Object.values(disclosed).flatMap((members) => Object.entries(members).map(([name, value]) => fact(t(`present.${name}`), String(value))));
  return [
    seal('ok', t('present.holds'), [el('p', {}, t(`present.by-${side}`), by === party ? '' : ` ${t('present.by-role')}`), el('p', {}, t('verify.as-it-stands'), ' ', time(at, lately(at)), '.')], { big: true }),
    el('div', { class: 'panel' }, el('h3', {}, t('verify.says')), ...saysOf(mandate), facts.length > 0 && el('dl', { class: 'facts' }, ...facts),
      el('p', { class: 'small' }, t('present.not-whose'))),
    el('p', { class: 'actions' }, el('button', { class: 'button quiet', type: 'button', onclick: begin }, t('present.another'))),
  ];
}

byId('file').addEventListener('change', async (/** @type {any} */ event) => {
  if (event.target.files.length > 0) await take(new Uint8Array(await event.target.files[0].arrayBuffer()));
});
byId('text').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault();
  const text = byId('paste').value.trim();
  if (text !== '') await take(text);
});

/* Who shows. */

/** @param {any} policy */
async function hold(policy) {
  let challenge = null;
  try {
    challenge = challengeIn(location.hash.slice(1));
  } catch {
    // What is wrong with it is no help to whoever was sent here.
  }
  if (challenge === null) return say('bad', t('present.broken'));
  if (challenge.origin !== policy.origin) return say('bad', t('present.elsewhere', { origin: challenge.origin }));
  const self = await me(policy.origin);
  if (self === null) {
    byId('no-key').hidden = false;
    return;
  }
  // Only who shows something loads what their list needs.
  const { offer } = await import('./holder.js');
  await offer(challenge, self, policy, { say, handOver });
}

/** It is there; it goes as a file, or as text. @param {string} text */
function handOver(text) {
  byId('holder').hidden = true;
  const copied = el('p', { role: 'status', class: 'small' });
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    copied.textContent = t('present.copied');
  };
  say('ok', t('present.ready'));
  byId('said').append(
    el('p', { class: 'actions' },
      el('button', { class: 'button', type: 'button', onclick: () => save('procura-presentation.json', text, MEDIA_TYPE) }, t('present.save')), ' ',
      el('button', { class: 'button quiet', type: 'button', onclick: copy }, t('present.copy'))),
    copied);
}

await begin();
addEventListener('hashchange', begin);
