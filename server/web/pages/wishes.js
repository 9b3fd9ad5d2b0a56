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
  const given = row.kind === 'request' && kind === 'acceptance' ? await give(place, row) : null;
  const written = await draft(kind, policy.origin, { target: row.id, ...(given !== null && { grant: given.id }) });
  const wish = { id: written.id, target: row.id, kind, submission: await submission(session.by, written) };
  // Withdrawing is never too late, so a wish to end waits for the register; a yes does not.
  if (kind !== 'acceptance') await keepWish(wish);
  await send(place, wish, row, element, given);
}

/** What a yes to a request gives: signed before the answer, which names it, and sent after. @param {Place} place @param {Row} row @returns {Promise<Wish>} */
async function give({ session, policy }, row) {
  const [kind, members] = granted(row, session.by.party);
  const written = await draft(kind, policy.origin, members);
  return { id: written.id, target: written.id, kind: 'grant', submission: await submission(session.by, written) };
}

/** @param {Place} place @param {Wish} wish @param {Row} row @param {Element} element @param {Wish | null} given */
async function send(place, wish, row, element, given) {
  const { session, policy, show } = place;
  try {
    const receipt = await (await session.submit(wish.submission)).text();
    const { at, status } = await examineEnding(receipt, wish, policy);
    await dropWish(wish.id);
    if (given !== null) {
      // From here on the answer names it: if it can't be sent now, it waits.
      await keepWish(given);
      await sendWishes(place);
      return await show();
    }
    const outcome = wish.kind === 'acceptance' ? 'accepted' : wish.kind === 'renunciation' && isWaiting(row, session.by.party) ? 'declined' : 'ended';
    if (wish.kind === 'acceptance' && status !== 2) return await show();
    after(element, row, outcome, at, () => save('procura-receipt.json', receipt, 'application/vnd.procura.receipt+json'));
    if (outcome === 'ended') place.ended(row);
  } catch (error) {
    if (error instanceof Refusal && !error.isForNow) {
      await dropWish(wish.id);
      return failed(element, 'refused');
    }
    failed(element, error instanceof Refusal ? (wish.kind === 'acceptance' ? 'unreached-yes' : 'unreached') : 'unproven', () => send(place, wish, row, element, given));
  }
}

/** What was signed and could not be sent. @param {Place} place */
export async function sendWishes({ session, policy, notes }) {
  const left = [];
  for (const wish of await wishes()) {
    try {
      const receipt = await (await session.submit(wish.submission)).text();
      // A grant that waited stands in the list that follows; an ending is proven here.
      if (wish.kind !== 'grant') await examineEnding(receipt, wish, policy);
      await dropWish(wish.id);
      if (wish.kind !== 'grant') left.push(el('p', { class: 'note ok' }, t('wish.sent', { at: clock(Date.now()) })));
    } catch (error) {
      // Ended already, or never to be taken: it waits no longer.
      if (error instanceof Refusal && !error.isForNow) await dropWish(wish.id);
      else left.push(el('p', { class: 'note wait' }, state('wait', t('wish.waits'))));
    }
  }
  notes.replaceChildren(...left);
}
