// Whom a page trusts: a policy. Its own server names one, and the first one that it named is kept: who names another one later is not
// believed until the reader says so, unless the ledger's root says that only its log keys are others. Whoever wants more brings a policy in a file.
// spec: receipts.md#policy

import { recall, remember } from './page.js';
import { verifyLogKeys } from '../verifier/logkeys.js';
import { readPolicy } from '../verifier/policy.js';

const KEY = 'procura.policy';

/** @typedef {{policy: any, isBrought: boolean, other?: any}} Trust */

/** @returns {{policy: any, isBrought: boolean} | null} */
function kept() {
  try {
    return JSON.parse(recall(KEY) ?? 'null');
  } catch {
    return null;
  }
}

/** What this server says whom to trust, or null if it can't be reached. @returns {Promise<any>} */
async function named() {
  try {
    const answer = await fetch('/v1/log', { cache: 'no-store' });
    return answer.ok ? (await answer.json()).policy : null;
  } catch {
    return null;
  }
}

/** @param {any} one @param {any} other */
const isSame = (one, other) =>
  one.origin === other.origin && one.entry0 === other.entry0 && JSON.stringify(one.log_keys) === JSON.stringify(other.log_keys);

/** The policy to check with; null if this browser has none and its server can't be reached. @returns {Promise<Trust | null>} */
export async function trust() {
  const [mine, theirs] = [kept(), await named()];
  if (mine === null) {
    if (theirs === null) return null;
    await readPolicy(theirs);
    remember(KEY, JSON.stringify({ policy: theirs, isBrought: false }));
    return { policy: theirs, isBrought: false };
  }
  if (theirs === null || isSame(mine.policy, theirs)) return mine;
  // Another entry 0 is another ledger: nothing of it is learnt.
  const learnt = mine.policy.origin === theirs.origin && mine.policy.entry0 === theirs.entry0 ? await learn(mine.policy) : null;
  if (learnt === null || !isSame(learnt, theirs)) return { ...mine, other: theirs };
  remember(KEY, JSON.stringify({ ...mine, policy: learnt }));
  return { ...mine, policy: learnt };
}

/** The policy with the log's keys as its root says, proven; null if nothing is proven. @param {any} policy */
async function learn(policy) {
  try {
    const answer = await fetch('/v1/log/keys', { cache: 'no-store', headers: policy.witnesses === undefined ? {} : { prefer: 'witnessed, wait=10' } });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (!answer.ok) return null;
    return (await verifyLogKeys(bytes, policy, { fresh: Date.now() })).policy;
  } catch {
    return null;
  }
}

/** Takes a policy of the reader's own. @param {string} text */
export async function bring(text) {
  const policy = JSON.parse(text);
  await readPolicy(policy);
  remember(KEY, JSON.stringify({ policy, isBrought: true }));
}

/** Forgets whom this browser trusted: the next one that the server names is the first. */
export const forget = () => remember(KEY, null);
