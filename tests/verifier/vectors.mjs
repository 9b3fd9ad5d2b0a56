// Runs every case of spec/vectors through the browser verifier and prints the counts by folder. Ends with 1 at any mismatch, at a `type` that
// nobody knows, and at a folder that nobody knows. A first argument names one folder, a second what a case's name starts with.

import { readdirSync, readFileSync } from 'node:fs';
import { FOLDERS } from './cases.mjs';
import { check, read } from './check.mjs';

const ROOT = new URL('../../spec/vectors/', import.meta.url);
const [only, start = ''] = process.argv.slice(2);

let wrong = 0;
const folders = readdirSync(ROOT).sort();
for (const known of Object.keys(FOLDERS)) if (!folders.includes(known)) throw new Error(`spec/vectors/${known} is not there`);
for (const folder of folders) {
  if (only !== undefined && folder !== only) continue;
  const files = readdirSync(new URL(`${folder}/`, ROOT)).filter((file) => file.startsWith(start)).sort();
  let passed = 0;
  for (const file of files) {
    const c = read(folder, readFileSync(new URL(`${folder}/${file}`, ROOT)));
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
