// Which ledger goes on where one was lost, by the word of the lost one's root. spec: log.md#after-a-loss

import { concat, ofB64url, ofB64urlExactly, ofText } from './bytes.js';
import { renamed, refuse, Fault } from './fault.js';
import { canonical, readStrict } from './json.js';
import { ED25519, decimal, isName, keyIdOf, readNote, signersOf } from './note.js';
import { readPolicy } from './policy.js';

const HEAD = 'procura/v1/successor';
const MOST_BYTES = 1 << 20;

/**
 * @typedef {import('./index.d.ts').Policy} Policy
 * @typedef {{origin: string, keys: {x: string}[], quorum: number}} Root payload of the lost ledger's entry 0, which a receipt has opened
 */

/**
 * The policy of the ledger that goes on, if a quorum of the lost one's root names it.
 * @param {string} text the note @param {Root} root @returns {Promise<Policy>}
 */
export async function verifySuccessor(text, root) {
  const note = readNote(text);
  const [head, origin, tree, json, ...more] = note.text.slice(0, -1).split('\n');
  const [size, hash] = tree === undefined ? [] : splitOnce(tree);
  if (head !== HEAD || more.length > 0 || json === undefined || !isName(origin)) refuse('successor_text');
  if (size === undefined || decimal(size) === null || hash === undefined || ofB64urlExactly(hash, 32) === null) refuse('successor_text');
  const policy = /** @type {any} */ (renamed('successor_text', () => readStrict(ofText(json), MOST_BYTES)));
  if (canonical(policy) !== json) refuse('successor_text');
  await renamed('policy', () => readPolicy(policy));
  if (policy.origin === origin) refuse('same_origin');
  if (origin !== root.origin) refuse('quorum');
  if ((await signed(note, root)) < root.quorum) refuse('quorum');
  return policy;
}

/** How many of the root's keys signed. @param {import('./note.js').Note} note @param {Root} root */
async function signed(note, root) {
  const keys = await Promise.all(root.keys.map(async ({ x }) => {
    const key = /** @type {Uint8Array} */ (ofB64url(x));
    return { vkey: x, name: root.origin, keyId: await keyIdOf(root.origin, concat(Uint8Array.of(ED25519), key)), type: ED25519, key };
  }));
  try {
    return (await signersOf(note, keys)).size;
  } catch (error) {
    if (error instanceof Fault && error.code === 'no_known_signature') return 0;
    throw error;
  }
}

/** @param {string} line */
function splitOnce(line) {
  const at = line.indexOf(' ');
  return at < 0 ? [] : [line.slice(0, at), line.slice(at + 1)];
}
