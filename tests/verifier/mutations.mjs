// Every accepted receipt and presentation of spec/vectors, changed in one place: a bit flipped, a member or an item dropped, doubled or exchanged with its neighbour. It is
// refused by name, or it still says what it said: never something else, and never an error that is no Fault.
// The arguments: how many bits to flip in each receipt, and a seed.

import { readdirSync, readFileSync } from 'node:fs';
import { Fault, verify } from '../../server/web/verifier/index.js';
import { verifyWithdrawal } from '../../server/web/verifier/inhand.js';
import { verifyRelayed } from '../../server/web/verifier/relayed.js';
import { verifyLogKeys } from '../../server/web/verifier/logkeys.js';
import { verifyPresentation } from '../../server/web/verifier/presentation.js';

const ROOT = new URL('../../spec/vectors/', import.meta.url);
const [flips, seed] = [Number(process.argv[2] ?? 120), Number(process.argv[3] ?? 1)];

/** A small generator (mulberry32): the same numbers every day. */
function random(state) {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** The case's question, put to a receipt; its challenge, to a presentation. */
function asked(text, c) {
  if (c.challenge !== undefined) return verifyPresentation(text, c.challenge, c.policy, c.now);
  const { ask, policy, mode, pin } = c;
  switch (ask.type) {
    case 'log_keys': return verifyLogKeys(text, policy, mode, pin);
    case 'withdrawal': return verifyWithdrawal(text, ask.record, (ask.keys ?? []).map((key) => JSON.stringify(key)), policy, mode.fresh);
    case 'relayed': return verifyRelayed(ask.note, ask.record, text, policy);
    default: return verify(text, ask, policy, mode, pin);
  }
}

/** What an answer says. What may be left out is not part of it; nor is the instant that a decision is for, which the prover chooses unless it is asked fresh. */
const meaning = (answer) => JSON.stringify(answer, (name, value) => (['disclosed', 'at'].includes(name) ? undefined : typeof value === 'bigint' ? String(value) : value));

/** The receipt without, with twice, or with exchanged, one member or item, at any depth. */
function* restructured(value, rebuild = (whole) => whole) {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      yield rebuild(value.toSpliced(i, 1));
      yield rebuild(value.toSpliced(i, 0, value[i]));
      if (i > 0) yield rebuild(value.toSpliced(i - 1, 2, value[i], value[i - 1]));
      yield* restructured(value[i], (inner) => rebuild(value.with(i, inner)));
    }
    return;
  }
  for (const name of Object.keys(value)) {
    const { [name]: member, ...others } = value;
    yield rebuild(others);
    yield* restructured(member, (inner) => rebuild({ ...value, [name]: inner }));
  }
}

function* changed(c, below) {
  const whole = c.presentation ?? c.receipt;
  const text = new TextEncoder().encode(JSON.stringify(whole));
  for (let i = 0; i < flips; i++) {
    const bytes = text.slice();
    bytes[below(bytes.length)] ^= 1 << below(8);
    yield bytes;
  }
  for (const one of restructured(whole)) yield JSON.stringify(one);
}

const below = random(seed);
const counts = { receipts: 0, changes: 0, same: 0 };
const refusals = new Map();
const files = ['receipt', 'presentation'].flatMap((folder) => readdirSync(new URL(`${folder}/`, ROOT)).sort().map((file) => `${folder}/${file}`));
for (const file of files) {
  const c = JSON.parse(readFileSync(new URL(file, ROOT), 'utf8'));
  if (c.expect !== 'accept') continue;
  const whole = meaning(await asked(JSON.stringify(c.presentation ?? c.receipt), c));
  counts.receipts++;
  for (const receipt of changed(c, below)) {
    counts.changes++;
    try {
      const said = meaning(await asked(receipt, c));
      if (said !== whole) throw new Error(`${file} says something else:\n${said}\nnot\n${whole}`);
      counts.same++;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      refusals.set(error.code, (refusals.get(error.code) ?? 0) + 1);
    }
  }
}
console.log(`  ${counts.receipts} receipts and presentations, ${counts.changes} changes: ${counts.changes - counts.same} refused, ${counts.same} still the same answer`);
console.log(`  ${[...refusals].sort((a, b) => b[1] - a[1]).map(([name, times]) => `${name} ${times}`).join(', ')}`);
if (counts.receipts < 30 || refusals.size < 10) throw new Error('too little was tried');
