// Verify a receipt: nothing of it leaves this browser.

import { onScan } from './camera.js';
import './page.js';
import { examine, STEPS, told } from './examine.js';
import { byId, el, fact, icon, seal, time } from './parts.js';
import { seen, see } from './seen.js';
import { Refusal } from './session.js';
import { saysOf } from './says.js';
import { fetchShown, shownBehind } from './show.js';
import { bring, forget, trust } from './trust.js';
import { has, language, lately, moment, number, t } from './words.js';

/** @type {import('./trust.js').Trust | null} */
let trusted = null;

async function showTrust() {
  trusted = await trust();
  const { policy, isBrought = false, other } = trusted ?? {};
  const line = byId('trusted');
  if (policy === undefined) line.textContent = t('verify.trust-unknown');
  else line.replaceChildren(t(isBrought ? 'verify.trust-brought' : 'verify.trust-named'), ' ', el('strong', {}, policy.origin), '. ', t(policy.witnesses === undefined ? 'verify.trust-alone' : 'verify.trust-witnessed'));
  byId('trust-other').hidden = other === undefined;
  byId('trust-other').textContent = other === undefined ? '' : t('verify.trust-other', { origin: other.origin });
  byId('trust-anew').hidden = other === undefined && !isBrought;
}

/** @param {Uint8Array} bytes @param {string} [id] of the record that it must be about, if that is known */
async function show(bytes, id) {
  const result = byId('result');
  result.replaceChildren(seal('wait', t('verify.checking'), []));
  if (trusted === null) await showTrust();
  if (trusted === null) {
    result.replaceChildren(el('p', { class: 'note wait', tabindex: '-1' }, t('verify.trust-unknown')));
  } else {
    const now = Date.now();
    const outcome = await examine(bytes, trusted.policy, now, seen(trusted.policy.origin), id);
    if (outcome.answer !== undefined) see(outcome.answer.checkpoint);
    result.replaceChildren(...answered(outcome, trusted, now), el('p', { class: 'actions' }, el('button', { class: 'button quiet', type: 'button', onclick: another }, t('verify.another'))));
  }
  byId('ask').hidden = true;
  result.querySelector('h2, .note').setAttribute('tabindex', '-1');
  result.querySelector('h2, .note').focus();
}

/** What was pasted or scanned: the address that shows a record, what stands behind its #, or a receipt itself. @param {string} text */
async function given(text) {
  const address = URL.canParse(text, location.href) && !text.startsWith('{') ? new URL(text, location.href) : null;
  const isOther = address !== null && address.protocol.startsWith('http') && address.origin !== location.origin;
  if (isOther) return say(t('verify.elsewhere', { where: address.host }), ' ', el('a', { href: address.href, rel: 'noreferrer' }, t('verify.elsewhere-go')));
  // A request or an invitation, what asks for a mandate to be shown, what another device shows: its own page answers it.
  if (['/r', '/present', '/device'].includes(address?.pathname ?? '') && address?.hash !== '') return location.assign(/** @type {URL} */ (address).href);
  const shown = shownBehind(text.split('#').at(-1) ?? '');
  if (shown === null) return show(new TextEncoder().encode(text));
  byId('result').replaceChildren(seal('wait', t('verify.checking'), []));
  if (trusted === null) await showTrust();
  let bytes;
  try {
    bytes = await fetchShown(shown, trusted === null ? undefined : seen(trusted.policy.origin)?.size);
  } catch (error) {
    return say(t(error instanceof Refusal && !error.isForNow ? 'verify.shown-nothing' : 'verify.shown-unreached'));
  }
  await show(bytes, shown.id);
}

/** Why there is nothing to verify. @param {...any} what */
function say(...what) {
  byId('result').replaceChildren(el('p', { class: 'note wait', tabindex: '-1' }, ...what));
  byId('result').querySelector('.note').focus();
}

function another() {
  history.replaceState(null, '', location.pathname + location.search);
  byId('result').replaceChildren();
  byId('ask').hidden = false;
  byId('file').value = '';
  byId('paste').value = '';
  byId('file').focus();
}

const LOOKS = {
  force: ['ok', 'seal-ok'], yes: ['ok', 'seal-ok'], complete: ['ok', 'seal-ok'], logged: ['ok', 'seal-ok'],
  over: ['wait', 'seal-end'], no: ['wait', 'seal-end'], paused: ['wait', 'seal-wait'], doubt: ['wait', 'seal-wait'], 'not-yet': ['wait', 'seal-wait'],
  bad: ['bad', 'seal-bad'], unable: ['off', 'seal-wait'],
};

/** @param {import('./examine.js').Outcome} outcome @param {import('./trust.js').Trust} trusted @param {number} now */
function answered({ verdict, code, answer, isFresh }, { policy }, now) {
  const [kind, symbol] = LOOKS[verdict];
  const body = verdict === 'bad' ? [el('p', {}, t(`fault.${told(code).sentence}`))] : verdict === 'unable' ? [el('p', {}, t('fault.platform'))] : standingLines(answer, verdict, isFresh, now);
  const top = seal(/** @type {any} */ (kind), t(`verdict.${verdict}`), body, { big: true, symbol });
  if (verdict === 'unable') return [top];
  const left = verdict === 'bad' ? whatToDo() : whatItSays(answer);
  return [top, el('div', { class: 'pair' }, left, whatWasChecked(code, answer, policy))];
}

/** When it holds, and why no longer. @param {any} answer @param {string} verdict @param {boolean | undefined} isFresh @param {number} now */
function standingLines(answer, verdict, isFresh, now) {
  const at = answer.as_of_time ?? answer.checkpoint.time;
  const lines = [el('p', {}, t(isFresh ? 'verify.as-it-stands' : 'verify.as-it-stood'), ' ', time(at, lately(at)), '.')];
  const { not_before: begin, not_after: end } = answer.payload ?? {};
  if (answer.through?.status === 0x0f) lines.push(el('p', {}, t('done.ended', { at: lately(answer.through.time) })));
  if (verdict === 'over' && answer.status !== 0x0f) lines.push(el('p', {}, t('verify.last-day', { day: moment(end - 1) })));
  if (verdict === 'not-yet' && answer.status === 2 && begin > now) lines.push(el('p', {}, t('verify.first-day', { day: moment(begin) })));
  if (!isFresh) lines.push(el('p', { class: 'small' }, t('verify.old')));
  return lines;
}

/** @param {any} answer */
function whatItSays(answer) {
  return el('div', { class: 'panel' }, el('h3', {}, t('verify.says')), ...saysOf(answer), el('p', { class: 'small' }, t('verify.not-who'), ' ', el('a', { href: `/present?lang=${language}` }, t('verify.ask-them')), '.'));
}

function whatToDo() {
  const lines = ['advice.ask', 'advice.cheated'].map((name) => el('li', {}, t(name)));
  return el('div', { class: 'panel' }, el('h3', {}, t('verify.what-to-do')), el('ul', { class: 'plain' }, ...lines), el('p', { class: 'small' }, t('verify.not-shown')));
}

/** @param {string} code @param {any} answer @param {any} policy */
function whatWasChecked(code, answer, policy) {
  const failed = answer === undefined ? told(code) : undefined;
  const at = failed === undefined ? STEPS.length : STEPS.indexOf(/** @type {any} */ (failed.step));
  const lines = STEPS.map((step, i) => {
    if (failed !== undefined && i === at) return check('bad', 'i-no', t('check.failed'), el('strong', {}, t(`fault.${failed.sentence}`)));
    if (i > at) return check('off', 'i-skip', t('check.skipped'), t(`step.${step}`, { origin: policy.origin }));
    if (step === 'witness' && policy.witnesses === undefined) return check('off', 'i-skip', t('check.skipped'), t('step.no-witness'));
    const kind = answer?.type !== undefined && has(`step.${step}-${answer.type}`) ? `step.${step}-${answer.type}` : `step.${step}`;
    return check('ok', 'i-ok', t('check.passed'), t(kind, { origin: policy.origin }));
  });
  const facts = [fact(t('tech.code'), el('code', {}, code))];
  if (answer !== undefined) {
    const { size, origin } = answer.checkpoint;
    if (answer.index !== undefined) facts.push(fact(t('tech.entry'), number(answer.index)));
    facts.push(fact(t('tech.size'), number(size)), fact(t('tech.origin'), el('code', {}, origin)));
    if (answer.id !== undefined) facts.push(fact(t('tech.id'), el('code', {}, answer.id)));
    if (answer.signer !== undefined) facts.push(fact(t('tech.key'), el('code', {}, answer.signer.kid)));
  }
  return el('div', { class: 'panel' },
    el('h3', {}, t('verify.checked')),
    el('ul', { class: 'checks' }, ...lines),
    el('details', { class: 'more' }, el('summary', {}, t('tech.details')), el('dl', { class: 'facts' }, ...facts)));
}

/** @param {string} kind @param {string} symbol @param {string} word @param {any} what */
const check = (kind, symbol, word, what) =>
  el('li', {}, el('span', { class: kind }, icon(symbol)), el('span', {}, el('span', { class: 'vh' }, word, ' '), what));

const file = byId('file');
file.addEventListener('change', async () => {
  if (file.files.length > 0) await show(new Uint8Array(await file.files[0].arrayBuffer()));
});
// A file is read wherever on the page it is dropped; it must not replace the page. The fields for files take their own.
for (const name of ['dragover', 'drop']) {
  document.addEventListener(name, async (/** @type {any} */ event) => {
    if (event.target.type === 'file') return;
    event.preventDefault();
    const [dropped] = name === 'drop' ? event.dataTransfer?.files ?? [] : [];
    if (dropped !== undefined) await show(new Uint8Array(await dropped.arrayBuffer()));
  });
}
byId('text').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault();
  const text = byId('paste').value.trim();
  if (text !== '') await given(text);
});

onScan(given);
byId('policy').addEventListener('change', async (/** @type {any} */ event) => {
  try {
    await bring(await event.target.files[0].text());
  } catch {
    event.target.value = '';
    byId('trusted').textContent = t('verify.policy-bad');
    return;
  }
  await showTrust();
});
byId('trust-anew').addEventListener('click', async () => {
  forget();
  byId('policy').value = '';
  await showTrust();
});
await showTrust();
if (location.hash.length > 1) await given(location.hash.slice(1));
addEventListener('hashchange', () => {
  if (location.hash.length > 1) given(location.hash.slice(1));
});
