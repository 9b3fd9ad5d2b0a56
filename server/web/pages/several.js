// Work on many things, a few of them at a time, so that a long list keeps no other request waiting.

const AT_ONCE = 6;

/** @template T, R @param {T[]} items @param {(item: T) => Promise<R>} work @returns {Promise<R[]>} in the order of the items */
export async function several(items, work) {
  /** @type {R[]} */
  const results = new Array(items.length);
  let next = 0;
  const hand = async () => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, hand));
  return results;
}
