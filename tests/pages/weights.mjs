// What a page weighs, whoever is at it and whatever they do there: of every visit that the other tests made, through to the end of its tasks, all that
// it loaded, in each language.

import assert from 'node:assert/strict';
import { get } from 'node:http';
import { PAGES } from './served.mjs';
import { visits } from './watch.mjs';
import { worlds } from './world.mjs';

const LANGUAGES = ['fr', 'nl', 'de', 'en'];
/** What a visit may transfer, as it is compressed, headers and answers of the interface left out. */
const MOST_BYTES = 100_000;
/** What reads codes comes once somebody turns the camera on, and weighs a third of that alone. */
const CAMERA = '/web/vendor/qr/decode.js';

/** How long a file is as it is sent. */
const sent = (address) => new Promise((resolve, reject) => {
  get(address, { headers: { 'Accept-Encoding': 'gzip' } }, (answer) => {
    let bytes = 0;
    answer.on('data', (chunk) => (bytes += chunk.length));
    answer.on('end', () => (answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`${address}: ${answer.statusCode}`))));
  }).on('error', reject);
});

/** @param {string} url */
function scales(url) {
  const known = new Map();
  const one = (path) => {
    if (!known.has(path)) known.set(path, sent(url + path));
    return known.get(path);
  };
  return async (paths) => (await Promise.all(paths.map(one))).reduce((sum, bytes) => sum + bytes, 0);
}

/** What a visit loads in a language. */
const inLanguage = ({ path, files }, language) => [`${path}?lang=${language}`, ...[...files].filter((file) => file !== CAMERA).map((file) => file.replace(/\/words\/[a-z]{2}\b/, `/words/${language}`))];

export function weights(test, at) {
  test('no visit transfers 100 kB, through to the end of what is done there, in any language', async () => {
    const weigh = scales(at.world.url);
    const heaviest = new Map();
    for (const visit of visits.filter(({ origin, path }) => worlds.has(origin) && PAGES.includes(path))) {
      for (const language of LANGUAGES) {
        const bytes = await weigh(inLanguage(visit, language));
        if (bytes > (heaviest.get(visit.path)?.bytes ?? 0)) heaviest.set(visit.path, { bytes, language, files: visit.files });
      }
    }
    const heavy = [...heaviest].filter(([, { bytes }]) => bytes >= MOST_BYTES).map(([path, { bytes, language }]) => `${path} in ${language}: ${bytes}`);
    assert.deepEqual(heavy, []);
    assert.deepEqual([...heaviest.keys()].sort(), PAGES.toSorted(), 'every page was opened');
  });
}
