// Talking to the register as somebody: a token for as long as it lasts, kept in memory only.
// spec: http.md

import { assertion } from './sign.js';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** A token is renewed this long before it ends. */
const MARGIN_MS = 30_000;

/** The register said no, and its word for why; `status` 0: it can't be reached. */
export class Refusal extends Error {
  /** @param {number} status @param {string} name */
  constructor(status, name) {
    super(name);
    this.status = status;
    this.name = name;
  }

  /** Whether asking again later may help, and nothing is said about what was asked. */
  get isForNow() {
    return this.status === 0 || this.status >= 500;
  }
}

/** @param {string} address @param {RequestInit} how */
export async function ask(address, how) {
  let answer;
  try {
    // Of a register with witnesses what they cosigned, so that it passes a policy that asks for them. spec: http.md#prefer
    const headers = { Prefer: 'witnessed, wait=10', ...how.headers };
    answer = await fetch(address, { credentials: 'omit', ...how, headers, cache: 'no-store' });
  } catch {
    throw new Refusal(0, 'unreachable');
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, String(problem.type ?? problem.error ?? answer.status).replace('urn:procura:problem:', ''));
}

export class Session {
  /** @type {{text: string, until: number} | null} */
  #token = null;

  /** @param {import('./sign.js').Identity} by @param {string} origin @param {string} [server] */
  constructor(by, origin, server = '') {
    this.by = by;
    this.origin = origin;
    this.server = server;
  }

  /** The header that says who asks, good for some minutes. */
  async authorization() {
    if (this.#token === null || Date.now() > this.#token.until) {
      const form = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion: await assertion(this.by, this.origin) });
      const got = await (await ask(`${this.server}/oauth/token`, { method: 'POST', body: form })).json();
      this.#token = { text: got.access_token, until: Date.now() + got.expires_in * 1000 - MARGIN_MS };
    }
    return { Authorization: `Bearer ${this.#token.text}` };
  }

  /** @param {string} address */
  async get(address) {
    return ask(this.server + address, { headers: await this.authorization() });
  }

  /** @param {string} address @param {any} body */
  async post(address, body) {
    return ask(this.server + address, { method: 'POST', body: JSON.stringify(body), headers: { ...(await this.authorization()), 'Content-Type': 'application/json' } });
  }

  /** Hands in a record; the receipt as it came. @param {string} submission */
  async submit(submission) {
    return ask(`${this.server}/v1/records`, { method: 'POST', body: submission, headers: { 'Content-Type': 'application/json' } });
  }
}
