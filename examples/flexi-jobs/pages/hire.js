// Hiring: whether somebody may take such a job, or what is left, asked by a code that they approve. One answer, and nothing besides.

import { amount } from './amounts.js';
import { ask, trouble } from './answers.js';
import { ledger } from './frame.js';
import { cameBack, go } from './going.js';
import { byId, el } from './parts.js';
import { clock, has, language, t } from './words.js';

/** @param {string} code of a counter */
const jobOf = (code) => (has(`job.${code}`) ? t(`job.${code}`) : code);

async function begin() {
  let counters;
  try {
    ({ counters } = await (await ask('/counters')).json());
  } catch (error) {
    return byId('said').replaceChildren(trouble(error));
  }
  const all = counters.flatMap((/** @type {any} */ { code, categories }) => /** @type {const} */ (['eligible', 'room']).map((kind) => ({ category: categories[kind], words: t(`hire.${kind}`, { job: jobOf(code) }), code })));
  byId('choices').append(...all.map((/** @type {{category: string, words: string}} */ { category, words }) => el('label', { class: 'choice' }, el('input', { type: 'radio', name: 'category', value: category, required: true }), words)));
  byId('what').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const category = byId('what').elements.category.value;
    if (/** @type {any} */ (event.submitter).value === 'ask') location.assign(`${ledger}/office?lang=${language}#ask?${new URLSearchParams({ category, purpose: 'hiring' })}`);
    else go([['as', 'office'], ['about', 'approved'], ['category', category], ['purpose', 'hiring']], { category, code: all.find((/** @type {any} */ one) => one.category === category).code });
  });
  byId('what').hidden = false;
  const back = await cameBack();
  if (back === null) return;
  for (const input of byId('choices').querySelectorAll('input')) input.checked = input.value === back.kept.category;
  const [receipt] = back.receipts;
  if (receipt === undefined) return byId('said').replaceChildren(el('p', { class: 'note wait' }, t('look.declined')));
  try {
    const answer = await (await ask('/answers', { receipt })).json();
    byId('said').replaceChildren(...told(answer, jobOf(back.kept.code)));
  } catch (error) {
    byId('said').replaceChildren(trouble(error));
  }
  byId('said').focus();
}

/** @param {{eligible?: boolean, room?: number | null, unit?: string}} answer @param {string} job */
function told({ eligible, room, unit = '' }, job) {
  const words = eligible !== undefined ? t(eligible ? 'hire.yes' : 'hire.no', { job }) : room === null || room === undefined ? t('hire.no-ceiling', { job }) : t('hire.left', { job, room: amount(room, unit) });
  return [el('h2', { class: 'vh' }, t('hire.answer')), el('p', { class: 'preview' }, el('strong', {}, words)), el('p', { class: 'small' }, t('hire.that-is-all', { clock: clock(Date.now()) }))];
}

await begin();
