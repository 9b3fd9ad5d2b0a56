// What else can be done with a row: its receipt, and saying that it is not right. spec: kinds.md

import { examineEnding } from './ending.js';
import { el, save, state } from './parts.js';
import { saying } from './saying.js';
import { draft, submission, withheld } from './sign.js';
import { lately, t } from './words.js';

/** @typedef {import('./mylist.js').Row} Row */
/** @typedef {{session: import('./session.js').Session, policy: any}} Desk */

/** @param {Row} row @param {Desk} desk @param {string} label */
export function moreOf(row, desk, label) {
  const mayDispute = row.kind !== 'request' && ['force', 'paused', 'not-yet'].includes(row.stands);
  return el('details', { class: 'more screen-only' }, el('summary', {}, t('report.more'), el('span', { class: 'vh' }, label)),
    el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: () => save('procura-receipt.json', row.receipt, 'application/vnd.procura.receipt+json') }, t('done.receipt'), el('span', { class: 'vh' }, label))),
    row.kind !== 'request' && showing(row, label),
    mayDispute && disputing(row, desk, label));
}

/** A code by which anybody sees how this stands, drawn once it is asked for. @param {Row} row @param {string} label */
function showing(row, label) {
  const box = el('div', { class: 'stack', role: 'status' });
  const draw = async () => {
    const [{ showAddress }, { qrOf }] = await Promise.all([import('./show.js'), import('./qr.js')]);
    const address = await showAddress(row.receipt, row.id);
    box.replaceChildren(el('p', {}, t('report.show-what')), await qrOf(address, t('report.show')), el('p', { class: 'small' }, el('a', { href: address }, address)));
  };
  return el('div', { class: 'stack' }, el('p', {}, el('button', { class: 'button quiet', type: 'button', onclick: draw }, t('report.show'), el('span', { class: 'vh' }, label))), box);
}

/** @param {Row} row @param {Desk} desk @param {string} label */
function disputing(row, desk, label) {
  const details = saying({
    id: row.id, summary: t('report.dispute'), label, does: t('report.dispute-do'), above: [el('p', {}, t('report.dispute-what'))],
    send: async (_, words) => {
      const { at } = await dispute(row, words, desk);
      details.closest('.row')?.querySelector('.state')?.replaceWith(state('doubt', t('state.doubt')));
      return el('p', { class: 'note ok', tabindex: '-1' }, el('strong', {}, t('report.disputed', { at: lately(at) })), ' ', t('report.disputed-so'));
    },
  });
  return details;
}

/** Opens a dispute; done once this browser has verified that it stands. @param {Row} row @param {string} statement @param {Desk} desk */
async function dispute(row, statement, { session, policy }) {
  const said = statement === '' ? null : await withheld('statement', statement);
  const written = await draft('dispute', policy.origin, { target: row.id, step: 'open', ...(said !== null && { _sd: [said.digest] }) });
  const receipt = await (await session.submit(await submission(session.by, written, said === null ? undefined : [said.disclosure]))).text();
  return examineEnding(receipt, { id: written.id, target: row.id }, policy);
}
