// Who asks to be shown something, what they would learn, and which of mine it may be. spec: presentations.md#challenge

import { fresh } from './mylist.js';
import { knownNames } from './names.js';
import { byId, el } from './parts.js';
import { present } from './presenting.js';
import { Session } from './session.js';
import { others, partIn, scopesOf } from './sides.js';
import { language, list, t } from './words.js';
import { partyOf } from '../verifier/challenge.js';
import { Fault } from '../verifier/index.js';

/** Of each refusal the words; any other: what came does not prove it. */
const WHY = new Map(Object.entries({
  'not-now': 'disputed suspended not_accepted ended not_yet_valid expired lapsed notice', 'not-permitted': 'not_permitted', 'not-there': 'not_shown',
}).flatMap(([word, codes]) => codes.split(' ').map((code) => [code, word])));

/**
 * @param {import('../verifier/challenge.js').Challenge} challenge @param {import('./kept.js').Me} self @param {any} policy
 * @param {{say: (kind: string, ...what: any[]) => void, handOver: (text: string) => void}} page
 */
export async function offer(challenge, self, policy, { say, handOver }) {
  const session = new Session(self, policy.origin);
  let mine;
  try {
    mine = await fresh(session, policy);
  } catch (error) {
    return say('bad', t(error instanceof Fault ? 'present.untrue' : 'present.unreached'));
  }
  const names = await knownNames();
  const nameOf = (/** @type {string} */ party) => names.get(party) ?? { name: t('somebody'), type: 'person' };
  const desk = /** @type {any} */ ({ me: self.party, nameOf, titles: mine.titles });
  const rows = mine.rows.filter((row) => row.kind !== 'request' && row.stands === 'force' && ['gives', 'takes'].includes(partIn(row, self.party)));
  const who = whoAsks(challenge.aud, nameOf);
  byId('title').textContent = t('present.asks', { who });
  byId('sum').replaceChildren(...whatTheyLearn(challenge, who, mine));
  if (rows.length === 0) say('wait', t('present.none'));
  const choices = rows.map((row, i) => el('label', { class: 'choice' }, el('input', { type: 'radio', name: 'which', value: row.id, required: true, checked: rows.length === 1 && i === 0 }),
    el('span', {}, el('b', {}, scopesOf(row, desk)), t(`present.mine-${row.kind}-${partIn(row, self.party)}`, { who: list(others(row, self.party).map((party) => nameOf(party).name)) }))));
  byId('which').append(...choices);
  const form = byId('holder');
  form.hidden = rows.length === 0;
  form.onsubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    if (button.disabled) return;
    button.disabled = true;
    const row = rows.find(({ id }) => id === new FormData(form).get('which'));
    try {
      if (row !== undefined) handOver(await present(row, challenge, session, policy, mine.told));
    } catch (error) {
      say('bad', t(error instanceof Fault ? `present.${WHY.get(error.code) ?? 'untrue'}` : 'present.unreached'));
    }
    button.disabled = false;
  };
}

/** By their own word: these pages are anybody's. @param {string} aud @param {(party: string) => {name: string}} nameOf */
function whoAsks(aud, nameOf) {
  const party = partyOf(aud);
  if (party !== null) return nameOf(party).name;
  return aud === location.origin ? t('present.who-here') : new URL(aud).host;
}

/** @param {import('../verifier/challenge.js').Challenge} challenge @param {string} who @param {import('./mylist.js').Mine} mine */
function whatTheyLearn({ aud, show = [], question }, who, { titles, rows }) {
  const row = (/** @type {string} */ term, /** @type {any[]} */ ...what) => el('div', {}, el('dt', {}, t(term)), el('dd', {}, ...what));
  const learns = ['holds', 'party', ...show].map((name) => el('li', {}, t(`present.learns-${name}`)));
  if (question !== undefined) {
    // Whichever catalogue of mine has the code says what it is called.
    const named = (/** @type {'categories' | 'purposes'} */ kind, /** @type {string} */ code) => rows.map(({ payload }) => titles(kind, code, payload.catalogue, language)).find((title) => title !== code) ?? code;
    const [category, purpose] = [named('categories', question.category), named('purposes', question.purpose)];
    learns.push(el('li', {}, t('present.learns-question', { category, purpose })));
  }
  return [row('present.who', who, partyOf(aud) === null ? null : el('span', { class: 'small' }, ' ', el('code', {}, aud))), row('present.learns', el('ul', { class: 'plain' }, ...learns))];
}
