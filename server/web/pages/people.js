// The demo's directory: everybody fictional in it, by name. spec: http.md#the-demos-desk

import { ask, Refusal } from './session.js';

/** @typedef {{party: string, name: string, party_type: string}} Fictional */

/** Who is known by name: of a register that is no demo, nobody. @returns {Promise<Fictional[]>} */
export async function people() {
  try {
    return (await (await ask('/demo/people', {})).json()).people;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return [];
    throw error;
  }
}
