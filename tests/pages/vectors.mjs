// The verifier in a real browser says of every vector what it says in Node: its WebCrypto and its numbers are others.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { FOLDERS } from '../verifier/cases.mjs';

const ROOT = new URL('../../', import.meta.url);
/** What is served of the clone. */
const SERVED = /^\/(tests\/verifier|server\/web\/verifier|spec\/vectors)\/[^%?]+$/;
const TYPES = { mjs: 'text/javascript', js: 'text/javascript', json: 'application/json' };

/** The module, its cases and the vectors, as files. */
async function files() {
  const server = createServer(({ url }, answer) => {
    if (url === '/') return answer.setHeader('Content-Type', 'text/html').end('<!doctype html><title>vectors</title>');
    if (!SERVED.test(url) || url.includes('..')) return answer.writeHead(404).end();
    return answer.setHeader('Content-Type', TYPES[url.split('.').at(-1)]).end(readFileSync(new URL(`.${url}`, ROOT)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** In the page: every file of a folder. Gives how many passed and what was wrong with the others. */
async function judged({ folder, names }) {
  const { check, read } = await import('/tests/verifier/check.mjs');
  const wrong = [];
  let passed = 0;
  for (const name of names) {
    const bytes = new Uint8Array(await (await fetch(`/spec/vectors/${folder}/${name}`)).arrayBuffer());
    const problem = await check(folder, read(folder, bytes)).catch((error) => String(error.stack));
    if (problem === null) passed++;
    else wrong.push(`${folder}/${name}: ${problem}`);
  }
  return { passed, wrong };
}

export function vectors(test, at) {
  test('every vector is what it is, in the browser too', async () => {
    const served = await files();
    const context = await at.browser.newContext({ baseURL: served.url });
    try {
      const page = await context.newPage();
      await page.goto('/');
      const folders = readdirSync(new URL('spec/vectors/', ROOT)).sort();
      assert.deepEqual(folders, Object.keys(FOLDERS).sort());
      for (const folder of folders) {
        const names = readdirSync(new URL(`spec/vectors/${folder}/`, ROOT)).sort();
        const { passed, wrong } = await page.evaluate(judged, { folder, names });
        assert.deepEqual(wrong, []);
        assert.ok(passed > 0 && passed === names.length, folder);
      }
    } finally {
      await context.close();
      served.close();
    }
  });
}
