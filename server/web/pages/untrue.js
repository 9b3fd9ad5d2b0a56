// What was sent for proof and is none.

/** What came does not prove what it should; `evidence` is what came. */
export class Untrue extends Error {
  /** @param {string} code @param {string} evidence */
  constructor(code, evidence) {
    super(code);
    this.code = code;
    this.evidence = evidence;
  }
}

/**
 * What is not opened must have been erased, and the erasure stands in the list of everybody concerned: without one, it is kept from me.
 * @param {any[]} told @param {string} evidence
 */
export function checkErased(told, evidence) {
  const erased = new Set(told.filter(({ kind }) => kind === 'erasure').flatMap(({ payload }) => payload.targets));
  if (told.some(({ kind, id, target }) => kind === undefined && !erased.has(id) && !erased.has(target))) throw new Untrue('unopened', evidence);
}
