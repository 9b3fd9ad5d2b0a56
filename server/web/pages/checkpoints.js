// The log's checkpoint as it is now, believed only with the signature of a log key that is trusted, and held against older ones.
// spec: log.md

import { b64url, ofB64urlExactly } from '../verifier/bytes.js';
import { believe, readCheckpoint } from '../verifier/checkpoint.js';
import { Fault, refuse } from '../verifier/fault.js';
import { checkCosignature, isBy } from '../verifier/note.js';
import { readPolicy } from '../verifier/policy.js';
import { checkConsistency } from '../verifier/tree.js';

/** @param {any} trusted a policy as JSON */
export async function current(trusted) {
  const policy = await readPolicy(trusted);
  const [note, log] = await Promise.all([answered('/checkpoint'), answered('/v1/log')]);
  const text = await note.text();
  const { time } = await log.json();
  const checkpoint = await readCheckpoint(text);
  const keys = policy.logKeys.map(({ key }) => key);
  await believe(checkpoint, policy.origin, keys);
  const known = [...(policy.witnesses?.witnesses.values() ?? [])];
  const signatures = await Promise.all(checkpoint.note.lines.map(async (line) => {
    if (keys.some((key) => isBy(line, key))) return { name: line.name, role: 'log', time: undefined, isGood: true, isAbsent: false };
    const key = known.find((one) => isBy(line, one));
    if (key === undefined) return { name: line.name, role: 'other', time: undefined, isGood: false, isAbsent: false };
    return { name: line.name, role: 'witness', isAbsent: false, ...(await cosigned(line, key, checkpoint)) };
  }));
  // Who is asked for and did not confirm is said too.
  const absent = known.filter((key) => !checkpoint.note.lines.some((line) => isBy(line, key)));
  signatures.push(...absent.map(({ name }) => ({ name, role: 'witness', time: undefined, isGood: false, isAbsent: true })));
  const witnesses = known.length === 0 ? null : { n: signatures.filter(({ role, isGood }) => role === 'witness' && isGood).length, of: known.length };
  return { text, checkpoint, time, signatures, witnesses };
}

/** @param {any} line @param {any} key @param {any} checkpoint */
async function cosigned(line, key, checkpoint) {
  try {
    const seconds = await checkCosignature(line, key, checkpoint.note.text);
    return { time: Number(seconds) * 1000, isGood: true };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { time: undefined, isGood: false };
  }
}

/** What is there now. @param {string} address */
export async function answered(address) {
  const answer = await fetch(address, { cache: 'no-store' });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer;
}

/** A checkpoint that somebody kept: it counts only if the log signed it. @param {string} text @param {any} trusted */
export async function readOld(text, trusted) {
  const policy = await readPolicy(trusted);
  const checkpoint = await readCheckpoint(text);
  await believe(checkpoint, policy.origin, policy.logKeys.map(({ key }) => key));
  return { size: checkpoint.size, root: checkpoint.root, note: text };
}

/**
 * Whether the log as it is now begins with what it was. Two roots of one size convict whoever signed both; a proof that does not hold is no proof;
 * no answer (`unknown`) convicts nobody.
 * @param {{size: bigint, root: Uint8Array}} old
 * @param {{size: bigint, root: Uint8Array}} now
 * @returns {Promise<{is: 'consistent', hashes: number} | {is: 'forked' | 'unproven', proof: unknown} | {is: 'unknown' | 'shorter'}>}
 */
export async function consistent(old, now) {
  if (old.size > now.size) return { is: 'shorter' };
  if (old.size === now.size) return b64url(old.root) === b64url(now.root) ? { is: 'consistent', hashes: 0 } : { is: 'forked', proof: null };
  let proof;
  try {
    proof = await (await answered(`/v1/proofs/consistency?from=${old.size}&to=${now.size}`)).json();
  } catch {
    return { is: 'unknown' };
  }
  try {
    const hashes = proof.hashes.map((/** @type {string} */ hash) => ofB64urlExactly(hash, 32) ?? refuse('missing_hash'));
    await checkConsistency(old, now, hashes);
    return { is: 'consistent', hashes: hashes.length };
  } catch (error) {
    // What the browser lacks says nothing about the log; anything else that comes instead of a proof is none.
    return error instanceof Fault && error.code === 'platform' ? { is: 'unknown' } : { is: 'unproven', proof };
  }
}
