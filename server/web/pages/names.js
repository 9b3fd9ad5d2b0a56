// Whom this device knows by name: a register tells nobody else's. In a demo all names are in its directory; without it, those it told last.

import { keepNames, lastNames } from './kept.js';
import { people } from './people.js';

/** @typedef {Map<string, {name: string, type: string}>} Names */

/** @returns {Promise<Names>} */
export async function knownNames() {
  try {
    const known = (await people()).map(({ party, name, party_type: type }) => /** @type {[string, {name: string, type: string}]} */ ([party, { name, type }]));
    await keepNames(known);
    return new Map(known);
  } catch {
    return new Map(await lastNames());
  }
}
