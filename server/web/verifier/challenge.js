// What a verifier asks for: to be shown a mandate, by a key over its nonce. spec: presentations.md#challenge

import { b64url, ofB64url, ofB64urlExactly, ofText } from './bytes.js';
import { refuse } from './fault.js';
import { readStrict } from './json.js';
import { array, ascending, byText, code, id, Members, mistyped, oneOf, present, string } from './members.js';

const MOST_BYTES = 2048;
const MOST_AUDIENCE = 255;
const PARTY = 'procura:party:';
/** What may be shown of what may be withheld, in the order of the names. */
export const SHOWABLE = /** @type {const} */ (['identifier', 'name', 'reference']);

/**
 * @typedef {object} Challenge
 * @property {1} v
 * @property {string} origin
 * @property {string} aud
 * @property {string} nonce 32 bytes in base64url
 * @property {('identifier' | 'name' | 'reference')[]} [show]
 * @property {{category: string, purpose: string}} [question]
 */

/** @param {Uint8Array | string} text @returns {Challenge} */
export function readChallenge(text) {
  const members = new Members(readStrict(typeof text === 'string' ? ofText(text) : text, MOST_BYTES));
  const v = members.required('v', (value, where) => (Number.isSafeInteger(value) ? value : mistyped(where)));
  if (v !== 1) refuse('unknown_version', '/v');
  const challenge = {
    v: /** @type {const} */ (1),
    origin: members.required('origin', string),
    aud: members.required('aud', audience),
    nonce: members.required('nonce', id),
    show: members.optional('show', ascending(array(oneOf(...SHOWABLE), 1, SHOWABLE.length), byText)),
    question: members.optional('question', question),
  };
  members.done();
  return present(challenge);
}

/** What stands behind the `#` of an address: null if it is no base64url. @param {string} text */
export function challengeIn(text) {
  const bytes = ofB64url(text);
  return bytes === null ? null : readChallenge(bytes);
}

/** What stands there. @param {Challenge} challenge */
export const toFragment = (challenge) => b64url(ofText(JSON.stringify(challenge)));

/** Whose party id an audience is: null if it is an origin. @param {string} aud */
export const partyOf = (aud) => (aud.startsWith(PARTY) ? aud.slice(PARTY.length) : null);

/** As whom a party asks. @param {string} party */
export const audienceOf = (party) => PARTY + party;

/** @type {import('./members.js').Form<string>} */
const audience = (value, where) => {
  const text = string(value, where);
  const party = partyOf(text);
  const is = party === null ? isOrigin(text) : ofB64urlExactly(party, 32) !== null;
  return is && text.length <= MOST_AUDIENCE ? text : mistyped(where);
};

/** An origin as browsers write it: by https, or by http on this machine. @param {string} text */
function isOrigin(text) {
  const [, scheme, host, port] = /^(https?):\/\/([a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  if (host === undefined || !host.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label))) return false;
  if (port !== undefined && (Number(port) > 65_535 || port === (scheme === 'https' ? '443' : '80'))) return false;
  return scheme === 'https' || host === 'localhost' || host === '127.0.0.1';
}

/** @type {import('./members.js').Form<{category: string, purpose: string}>} */
const question = (value, where) => {
  const members = new Members(value, where);
  const asked = { category: members.required('category', code), purpose: members.required('purpose', code) };
  members.done();
  return asked;
};
