// What every check here throws: an error with the stable name that the page of spec/ gives it.

export class Fault extends Error {
  /**
   * @param {string} code the name of spec/: `json_syntax`, `wrong_root`, `surplus`, …
   * @param {string} [where] where it is, never what: a JSON pointer, or words
   */
  constructor(code, where) {
    super(where === undefined ? code : `${code} at ${where || 'the whole'}`);
    this.name = code;
    this.code = code;
    this.where = where;
  }
}

/**
 * Throws, as an expression.
 * @param {string} code
 * @param {string} [where]
 * @returns {never}
 */
export function refuse(code, where) {
  throw new Fault(code, where);
}

/**
 * What `work` gives; each fault in it under the name `code`: a receipt's errors are coarser than those of its parts.
 * @template T
 * @param {string} code
 * @param {() => T} work
 * @returns {T}
 */
export function renamed(code, work) {
  const rename = (/** @type {unknown} */ error) => {
    // What the platform lacks says nothing about the receipt.
    if (error instanceof Fault && error.code !== 'platform') return refuse(code, error.code);
    throw error;
  };
  try {
    const result = work();
    return result instanceof Promise ? /** @type {T} */ (result.catch(rename)) : result;
  } catch (error) {
    return rename(error);
  }
}
