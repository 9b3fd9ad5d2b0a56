// What is wrong with a case of spec/vectors, if anything is. Of what every browser has, so that Node and a browser are asked alike.

import { Fault } from '../../server/web/verifier/fault.js';
import { readLoose } from '../../server/web/verifier/json.js';
import { details, FOLDERS, RESULTS } from './cases.mjs';
import { isSame } from './same.mjs';

const NOT_RESULTS = new Set(['reason', 'expect', 'type']);

/** A case as it is written: conditions not by JSON.parse, to which 1.0 is 1. */
export const read = (folder, bytes) => (folder === 'condition' ? readLoose(bytes, bytes.length) : JSON.parse(new TextDecoder().decode(bytes)));

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
export async function check(folder, c) {
  const run = FOLDERS[folder]?.[c.type ?? 'default'];
  if (run === undefined) return `no such type: ${c.type}`;
  const { name, results } = await outcome(run, c);
  if (name !== c.expect) return `expected ${c.expect}, got ${name}`;
  for (const member of name === 'accept' ? RESULTS[c.type] ?? [] : []) {
    if (Object.hasOwn(c, member) && !Object.hasOwn(results, member)) return `${member} is stated and was not compared`;
  }
  for (const [member, result] of Object.entries(results)) {
    if (NOT_RESULTS.has(member) || !Object.hasOwn(c, member)) continue;
    if (!isSame(result, plain(c[member]))) return `${member}: expected ${JSON.stringify(c[member])}, got ${JSON.stringify(result)}`;
  }
  return null;
}
