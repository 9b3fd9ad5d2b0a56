// How long the browser verifier takes for a receipt, in Node: as bytes, milliseconds, and as a ratio to the Ed25519 verifications that are in it.
//
//   node bench/verifier.mjs [RUNS] [VECTOR…]    vectors of spec/vectors/receipt that are accepted, without .json

import { readFileSync } from 'node:fs';
import { verify } from '../server/web/verifier/index.js';

const [runs = '200', ...chosen] = process.argv.slice(2);
const names = chosen.length > 0 ? chosen : ['authority-permit', 'authority-deny', 'status-through', 'complete', 'chain'];
const { subtle } = crypto;

/** The arguments of every signature that is verified in a run. */
async function signatures(run) {
  const seen = [];
  const { verify: original } = subtle;
  subtle.verify = (...args) => (seen.push(args), original.apply(subtle, args));
  await run().finally(() => { subtle.verify = original; });
  return seen;
}

async function meanMs(run, times) {
  for (let i = 0; i < times / 10; i++) await run();
  const from = performance.now();
  for (let i = 0; i < times; i++) await run();
  return (performance.now() - from) / times;
}

console.log('receipt               bytes  signatures  verify ms  signatures alone ms  ratio');
for (const name of names) {
  const c = JSON.parse(readFileSync(new URL(`../spec/vectors/receipt/${name}.json`, import.meta.url), 'utf8'));
  const text = JSON.stringify(c.receipt);
  const run = () => verify(text, c.ask, c.policy, c.mode, c.pin);
  await run(); // so that the trial of the platform is not counted
  const seen = await signatures(run);
  const alone = async () => { for (const args of seen) await subtle.verify(...args); };
  const [whole, part] = [await meanMs(run, Number(runs)), await meanMs(alone, Number(runs))];
  const cells = [name.padEnd(20), String(text.length).padStart(6), String(seen.length).padStart(11), whole.toFixed(2).padStart(10), part.toFixed(2).padStart(20), (whole / part).toFixed(1).padStart(6)];
  console.log(cells.join(' '));
}
