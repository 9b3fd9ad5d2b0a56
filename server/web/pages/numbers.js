// A number that somebody types: read here, sent in a body, never in an address, and shown to nobody again.

import { byId } from './parts.js';
import { t } from './words.js';
import { normal } from '../verifier/identifiers.js';
import { verify } from '../verifier/index.js';

/** What was typed as an identifier in its one spelling, or null. @param {string} text */
export function identifierOf(text) {
  const digits = text.replace(/[\s./-]/g, '');
  const scheme = /^[0-9]{11}$/.test(digits) ? 'niss' : /^[0-9]{9,10}$/.test(digits) ? 'kbo' : null;
  const written = scheme !== null ? `${scheme}:${digits}` : /^[A-Z]{2}\/[A-Z]{2}\//.test(text) ? `eidas:${text}` : text;
  try {
    return normal(written);
  } catch {
    return null;
  }
}

/**
 * The number in a field. What is wrong is said beside it, without the number.
 * @param {string} id @param {{isRequired?: boolean}} [how]
 * @returns {string | null | undefined} null: none; undefined: it can't be one
 */
export function numberIn(id, { isRequired = true } = {}) {
  const input = byId(id);
  const written = input.value.trim();
  const identifier = written === '' ? null : identifierOf(written);
  const isWrong = identifier === null && (written !== '' || isRequired);
  input.closest('.field').classList.toggle('wrong', isWrong);
  input.setAttribute('aria-invalid', String(isWrong));
  byId(`${id}-error`).textContent = isWrong ? t(written === '' ? 'office.number-missing' : 'office.number-wrong') : '';
  if (isWrong) input.focus();
  return isWrong ? undefined : identifier;
}

/**
 * Whose number it is: as the receipt of a check proves it, which answers for the number itself. Of somebody who is not registered yet, the
 * id that the register has ready for them. @param {import('./session.js').Session} session @param {any} policy @param {string} identifier
 * @param {{category: string, purpose: string}} about any of the catalogue's
 * @returns {Promise<string>}
 */
export async function partyOf(session, policy, identifier, { category, purpose }) {
  const request = { subject: { type: 'party', id: `party:${session.by.party}` }, action: { name: purpose }, resource: { type: category, id: identifier } };
  const receipt = await (await session.post('/v1/checks', request)).text();
  const { parties } = /** @type {any} */ (await verify(receipt, { type: 'authority', request }, policy, { fresh: Date.now() }));
  return parties.subject ?? (await (await session.post('/v1/parties/resolve', { identifier })).json()).party;
}
