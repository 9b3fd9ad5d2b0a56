// Runs every case of spec/vectors through the browser verifier and prints the counts by folder. Ends with 1 at any mismatch, at a `type` that
// nobody knows, and at a folder that nobody knows. A first argument names one folder, a second what a case's name starts with.

import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../server/web/verifier/fault.js';
import { readLoose } from '../../server/web/verifier/json.js';
import { details, FOLDERS, RESULTS } from './cases.mjs';

const ROOT = new URL('../../spec/vectors/', import.meta.url);
const NOT_RESULTS = new Set(['reason', 'expect', 'type']);
const [only, start = ''] = process.argv.slice(2);

/** As JSON, so that objects of every origin compare. */
const plain = (value) => JSON.parse(JSON.stringify(value));

async function outcome(run, c) {
  try {
    return { name: 'accept', results: plain((await run(c)) ?? {}) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name: error.code, results: plain(details(c, error)) };
  }
}

/** What is wrong with a case: null if nothing is. */
async function check(folder, c) {
  const run = FOLDERS[folder]?.[c.type ?? 'default'];
  if (run === undefined) return `no such type: ${c.type}`;
  const { name, results } = await outcome(run, c);
  if (name !== c.expect) return `expected ${c.expect}, got ${name}`;
  for (const member of name === 'accept' ? RESULTS[c.type] ?? [] : []) {
    if (Object.hasOwn(c, member) && !Object.hasOwn(results, member)) return `${member} is stated and was not compared`;
  }
  for (const [member, result] of Object.entries(results)) {
    if (NOT_RESULTS.has(member) || !Object.hasOwn(c, member)) continue;
    if (!isDeepStrictEqual(result, plain(c[member]))) return `${member}: expected ${JSON.stringify(c[member])}, got ${JSON.stringify(result)}`;
  }
  return null;
}

let wrong = 0;
const folders = readdirSync(ROOT).sort();
for (const known of Object.keys(FOLDERS)) if (!folders.includes(known)) throw new Error(`spec/vectors/${known} is not there`);
for (const folder of folders) {
  if (only !== undefined && folder !== only) continue;
  const files = readdirSync(new URL(`${folder}/`, ROOT)).filter((file) => file.startsWith(start)).sort();
  let passed = 0;
  for (const file of files) {
    // Not JSON.parse, to which 1.0 is 1.
    const bytes = readFileSync(new URL(`${folder}/${file}`, ROOT));
    const c = folder === 'condition' ? readLoose(bytes, bytes.length) : JSON.parse(bytes);
    const problem = await check(folder, c).catch((error) => error.stack);
    if (problem === null) passed++;
    else console.error(`${folder}/${file}: ${problem}  (${c.reason})`);
  }
  console.log(`  ${folder.padEnd(10)} ${String(passed).padStart(4)} of ${files.length}`);
  wrong += files.length - passed;
}
if (wrong > 0) {
  console.error(`${wrong} cases are not as they should be`);
  process.exit(1);
}
