// The public log: how far it is, who signed that, and whether it still holds what it held. All worked out in this browser.

import './page.js';
import { growth, rate, rates } from './chart.js';
import { answered, consistent, current, readOld } from './checkpoints.js';
import { byId, el, fact, seal, save, state } from './parts.js';
import { history, see } from './seen.js';
import { trust } from './trust.js';
import { clock, day, moment, number, t } from './words.js';
import { ofB64urlExactly } from '../verifier/bytes.js';

const EVERY_MS = 5_000;
const MOST_SAMPLES = 400;
/** An answer on growth is given again for ten seconds. */
const SERIES_MS = 10_000;

/** @typedef {Awaited<ReturnType<typeof current>>} Now */

/** What this page saw since it was opened. @type {import('./chart.js').Sample[]} */
const samples = [];
/** How the log grew before, as the register told it when it was asked last. @type {import('./chart.js').Series | null} */
let series = null;
let askedAt = Number.NEGATIVE_INFINITY;
/** @type {Now | null} */
let now = null;
/** What was kept before this visit. @type {import('./seen.js').Seen[]} */
let before = [];

async function look() {
  const trusted = await trust();
  try {
    if (trusted === null) throw new Error('no policy');
    now = await current(trusted.policy);
  } catch (error) {
    byId('unreached').textContent = t(/** @type {any} */ (error).code === undefined ? 'log.unreached' : 'log.not-believed');
    return;
  }
  const { policy } = trusted;
  const { checkpoint, time, witnesses } = now;
  if (samples.length === 0) before = history(policy.origin);
  samples.push({ time: Date.now(), size: Number(checkpoint.size) });
  if (samples.length > MOST_SAMPLES) samples.splice(1, 1);
  byId('unreached').textContent = '';
  const last = rates(samples).at(-1)?.perSecond;
  byId('figures').replaceChildren(
    fact(t('log.entries'), el('span', { class: 'num' }, number(checkpoint.size))),
    fact(t('log.per-second'), el('span', { class: 'num' }, last === undefined ? '–' : number(Math.round(last * 100) / 100))),
    fact(t('log.age'), el('span', { class: 'num' }, t('log.seconds', { n: number(Math.max(0, Math.round((Date.now() - time) / 100) / 10)) }))),
    fact(t('log.witnesses'), witnesses === null ? t('log.witnesses-none') : t('log.witnesses-of', witnesses)));
  await draw(Number(checkpoint.size));
  if (byId('cp').textContent !== now.text) showCheckpoint(policy);
}

/** Draws the log's past, asked for again once there is more. @param {number} size */
async function draw(size) {
  const newest = series?.points.at(-1)?.size ?? 0;
  // What somebody reads as a table stays.
  if (newest >= size || Date.now() - askedAt < SERIES_MS || document.querySelector('#growth details[open], #rate details[open]') !== null) return;
  askedAt = Date.now();
  try {
    series = await (await answered('/v1/log/growth')).json();
  } catch {
    if (series === null) for (const id of ['growth', 'rate']) byId(id).replaceChildren(el('p', {}, t('log.growth-none')));
    return;
  }
  const { points, hours } = /** @type {import('./chart.js').Series} */ (series);
  byId('growth').replaceChildren(...growth(points));
  byId('rate').replaceChildren(...rate(hours));
}

/** @param {any} policy */
function showCheckpoint(policy) {
  if (now === null) return;
  byId('cp').textContent = now.text;
  byId('signatures').replaceChildren(...now.signatures.map(({ name, role, time, isGood, isAbsent }) => el('tr', {},
    el('th', { scope: 'row' }, name), el('td', {}, t(`log.role-${role}`)), el('td', {}, time === undefined ? '–' : `${day(time)}, ${clock(time, { withSeconds: true })}`),
    el('td', {}, isGood ? state('ok', t('log.confirmed')) : isAbsent ? state('wait', t('log.absent')) : state('off', t('log.unknown'))))));
  byId('witnesses').textContent = t(policy.witnesses === undefined ? 'log.no-witnesses' : 'log.some-witnesses');
}

/** Those of earlier visits, and this one's first: to hold what is now against, or one of them against another. @param {any} policy */
function offerSizes(policy) {
  const kept = before.length > 0 ? before : history(policy.origin);
  const options = () => kept.toReversed().map(({ size, time }) => el('option', { value: size }, t('log.kept', { size: number(BigInt(size)), at: moment(time) })));
  byId('from').replaceChildren(...options());
  byId('to').replaceChildren(el('option', { value: '' }, t('log.to-now')), ...options());
}

/** @typedef {{size: bigint, root: Uint8Array, note?: string}} Old */

/** Holds the log, as it is now or as this browser saw it, against an older checkpoint, and says so. @param {Old} old @param {Old} [seenLater] */
async function hold(old, seenLater) {
  const held = byId('held');
  held.replaceChildren(seal('wait', t('log.checking'), []));
  if (now === null) return held.replaceChildren(el('p', { class: 'note bad' }, t('log.unreached')));
  const began = performance.now();
  const later = seenLater ?? { ...now.checkpoint, note: now.text };
  const outcome = await consistent(old, later);
  const ms = Math.max(1, Math.round(performance.now() - began));
  const sizes = { from: number(old.size), to: number(later.size) };
  if (outcome.is === 'consistent') {
    see(now.checkpoint, now.text);
    return held.replaceChildren(seal('ok', t('log.consistent'), [el('p', {}, t('log.consistent-what', { ...sizes, n: number(outcome.hashes), ms: number(ms) }))], { big: true }));
  }
  if (outcome.is === 'unknown') return held.replaceChildren(el('p', { class: 'note bad' }, t('log.no-answer')));
  if (outcome.is === 'shorter') return held.replaceChildren(seal('bad', t('log.shorter'), [el('p', {}, t('log.shorter-what', sizes))], { big: true }));
  const evidence = JSON.stringify({ old: { size: String(old.size), note: old.note }, now: later.note, proof: outcome.proof }, null, 2);
  const download = el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-evidence.json', evidence, 'application/json') }, t('log.evidence'));
  return held.replaceChildren(seal('bad', t(`log.${outcome.is}`), [el('p', {}, t(`log.${outcome.is}-what`)), el('p', {}, download)], { big: true }));
}

byId('consistency').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault();
  const trusted = await trust();
  if (trusted === null) return;
  const kept = [...before, ...history(trusted.policy.origin)];
  const chosen = (/** @type {string} */ size) => kept.find((one) => one.size === size);
  const text = byId('old').value.trim();
  try {
    const from = text === '' ? chosen(byId('from').value) : undefined;
    const old = text === '' ? from && asOld(from) : await readOld(`${text}\n`, trusted.policy);
    if (old === undefined) return;
    const to = chosen(byId('to').value);
    if (to === undefined) return await hold(old);
    // Of two that were seen, whichever came first.
    const other = asOld(to);
    await (old.size <= other.size ? hold(old, other) : hold(other, old));
  } catch {
    byId('held').replaceChildren(el('p', { class: 'note bad' }, t('log.not-a-checkpoint')));
  }
});

/** @param {import('./seen.js').Seen} kept */
const asOld = ({ size, root, note }) => ({ size: BigInt(size), root: /** @type {Uint8Array} */ (ofB64urlExactly(root, 32)), note });

byId('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(byId('cp').textContent);
  byId('copy').textContent = t('log.copied');
});

await look();
const trusted = await trust();
if (trusted !== null && now !== null) {
  // What an earlier visit saw must still be there. The first visit has nothing to hold it against, and says so.
  const last = before.at(-1);
  if (last === undefined) {
    see(now.checkpoint, now.text);
    byId('held').replaceChildren(el('p', { class: 'note' }, t('log.first-visit')));
  } else {
    await hold(asOld(last));
  }
  offerSizes(trusted.policy);
}
setInterval(() => {
  if (document.visibilityState === 'visible') look();
}, EVERY_MS);
