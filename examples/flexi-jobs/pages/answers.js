// Asking the service, whose refusals are told in the reader's language.

import { el } from './parts.js';
import { has, t } from './words.js';

/** @typedef {{title: string, pointer?: string}} Fault */

/** The service says no: its word for why, and of a declaration each fault. */
export class Refused extends Error {
  /** @param {string} name @param {Fault[]} faults */
  constructor(name, faults) {
    super(name);
    this.name = name;
    this.faults = faults;
  }
}

/** @param {string} address @param {any} [body] @param {string} [accept] @returns {Promise<Response>} */
export async function ask(address, body, accept = 'application/json') {
  const headers = { Accept: accept, 'Content-Type': 'application/json' };
  const how = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers };
  const answer = await fetch(address, { ...how, cache: 'no-store', credentials: 'omit' }).catch(() => null);
  if (answer === null) throw new Refused('unreached', []);
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const name = String(problem.title ?? 'unreached');
  throw new Refused(name, problem.faults ?? (problem.pointer === undefined ? [] : [{ title: name, pointer: problem.pointer }]));
}

/** How it is said. What else a receipt may lack is told alike: it proves nothing. @param {string} name */
export const said = (name) => t(has(`fault.${name}`) ? `fault.${name}` : 'fault.untrue');

/** @param {unknown} error */
export const trouble = (error) => el('p', { class: 'note bad' }, said(error instanceof Refused ? error.name : 'unreached'));

/** The answers of a stream, as they come. @param {Response} answer @returns {AsyncGenerator<any>} */
export async function* events(answer) {
  let text = '';
  for await (const piece of /** @type {any} */ (answer.body).pipeThrough(new TextDecoderStream())) {
    const parts = (text + piece).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) yield JSON.parse(part.replace(/^data: /, ''));
  }
}
