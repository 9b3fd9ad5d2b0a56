// What somebody wants to become of a record: signed here, sent, and said to be done once this browser has verified the receipt. What ends something
// and can't be sent waits on this device.

import { examineEnding } from './ending.js';
import { dropWish, keepWish, wishes } from './kept.js';
import { granted } from './link.js';
import { el, save, state } from './parts.js';
import { after, failed, isWaiting } from './rows.js';
import { Refusal } from './session.js';
import { draft, submission } from './sign.js';
import { clock, t } from './words.js';

/** @typedef {import('./mylist.js').Row} Row */
/** @typedef {import('./kept.js').Wish} Wish */
/**
 * Where it is done: `notes` says what was sent later, `show` gets the list again, `ended` follows what ended.
 * @typedef {{session: import('./session.js').Session, policy: any, notes: Element, show: () => Promise<void>, ended: (row: Row) => void}} Place
 */

/**
 * Signs and sends what becomes of a record, and says so on its row once this browser has verified the receipt.
 * @param {Place} place @param {Row} row @param {string} kind @param {Element} element
 */
export async function act(place, row, kind, element) {
  const { session, policy } = place;
  const [given, block] = [row.kind === 'request' && kind === 'acceptance' ? await give(place, row) : null, kind === 'block' ? await blocking(place, row) : null];
  // Who blocks refuses as well: that is what the other sees.
  const answer = block === null ? kind : 'renunciation';
  const written = await draft(answer, policy.origin, { target: row.id, ...(given !== null && { grant: given.id }) });
  const wish = { id: written.id, target: row.id, kind: answer, submission: await submission(session.by, written) };
  // Withdrawing is never too late, so a wish to end waits for the register, and so does a block; a yes does not.
  if (answer !== 'acceptance') await keepWish(wish);
  if (block !== null) await keepWish(block);
  await send(place, wish, row, element, given ?? block);
}

/** What a yes to a request gives: signed before the answer, which names it, and sent after. @param {Place} place @param {Row} row @returns {Promise<Wish>} */
async function give({ session, policy }, row) {
  const [kind, members] = granted(row, session.by.party);
  const written = await draft(kind, policy.origin, members);
  return { id: written.id, target: written.id, kind: 'grant', submission: await submission(session.by, written) };
}

/** That I want no more requests of who asks. @param {Place} place @param {Row} row @returns {Promise<Wish>} */
async function blocking({ session, policy }, row) {
  const written = await draft('block', policy.origin, { party: session.by.party, blocked: row.payload.requester });
  return { id: written.id, target: written.id, kind: 'block', submission: await submission(session.by, written) };
}

/** @param {Place} place @param {Wish} wish @param {Row} row @param {Element} element @param {Wish | null} next what is sent after it */
async function send(place, wish, row, element, next) {
  const { session, policy, show } = place;
  try {
    const receipt = await (await session.submit(wish.submission)).text();
    const { at, status } = await examineEnding(receipt, wish, policy);
    await dropWish(wish.id);
    if (next !== null) {
      // From here on the answer names what is given: if that can't be sent now, it waits.
      await keepWish(next);
      await sendWishes(place);
      return await show();
    }
    // Whose block has ended, what they asked waits again.
    if (row.kind === 'block') return await show();
    const outcome = wish.kind === 'acceptance' ? 'accepted' : wish.kind === 'renunciation' && isWaiting(row, session.by.party) ? 'declined' : 'ended';
    if (wish.kind === 'acceptance' && status !== 2) return await show();
    after(element, row, outcome, at, () => save('procura-receipt.json', receipt, 'application/vnd.procura.receipt+json'));
    if (outcome === 'ended') place.ended(row);
  } catch (error) {
    if (error instanceof Refusal && !error.isForNow) {
      await dropWish(wish.id);
      return failed(element, 'refused');
    }
    failed(element, error instanceof Refusal ? (wish.kind === 'acceptance' ? 'unreached-yes' : 'unreached') : 'unproven', () => send(place, wish, row, element, next));
  }
}

/** What was signed and could not be sent. @param {Place} place */
export async function sendWishes({ session, policy, notes }) {
  const left = [];
  for (const wish of await wishes()) {
    try {
      const receipt = await (await session.submit(wish.submission)).text();
      // A grant or a block that waited stands in the list that follows; an ending is proven here.
      const isEnding = wish.kind !== 'grant' && wish.kind !== 'block';
      if (isEnding) await examineEnding(receipt, wish, policy);
      await dropWish(wish.id);
      if (isEnding) left.push(el('p', { class: 'note ok' }, t('wish.sent', { at: clock(Date.now()) })));
    } catch (error) {
      // Ended already, or never to be taken: it waits no longer.
      if (error instanceof Refusal && !error.isForNow) await dropWish(wish.id);
      else left.push(el('p', { class: 'note wait' }, state('wait', t('wish.waits'))));
    }
  }
  notes.replaceChildren(...left);
}
