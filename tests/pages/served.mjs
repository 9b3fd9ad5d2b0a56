// Every page, in every language, as a phone and a desktop show it, light and dark, with scripts and without.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, opened, transferred, watched } from './watch.mjs';

export const PAGES = ['/', '/verify', '/log', '/me', '/looks', '/r', '/give', '/for', '/sign', '/present', '/device', '/office', '/counter'];
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
/** Every language, each size in each theme. */
const VIEWS = [
  { language: 'fr', size: 'phone', colorScheme: 'light' },
  { language: 'nl', size: 'desktop', colorScheme: 'dark' },
  { language: 'de', size: 'phone', colorScheme: 'dark' },
  { language: 'en', size: 'desktop', colorScheme: 'light' },
];
/** What a page may transfer at a first visit. */
const MOST_BYTES = 100_000;

/** What the program says that a browser gets of its pages: a hash and an address a line. */
const assets = (program) => execFileSync(program, ['--assets', '--demo'], { encoding: 'utf8' }).trim().split('\n');

export function served(test, at) {
  for (const { language, size, colorScheme } of VIEWS) {
    test(`pages in ${language} on a ${size}, ${colorScheme}, are accessible and complete`, async () => {
      const { context, check } = await watched(at.browser, at.world.url, { locale: language, viewport: SIZES[size], colorScheme });
      // One by one: of all at once on a busy machine none would come in time.
      for (const path of PAGES) {
        const page = await context.newPage();
        await opened(page, path);
        assert.equal(await page.getAttribute('html', 'lang'), language, 'as the browser asks for it');
        assert.equal(await page.locator('h1:visible').count(), 1, path);
        assert.doesNotMatch(await page.content(), /\{\{|\}\}|undefined|\[object/);
        await accessible(page, `${path} ${language} ${size} ${colorScheme}`);
        await page.screenshot({ path: join(at.shots, `${path.slice(1) || 'start'}-${language}-${size}-${colorScheme}.png`), fullPage: true });
        await page.close();
      }
      check();
      await context.close();
    });
  }

  test('pages are read without scripts, and say what cannot be done then', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'nl', javaScriptEnabled: false });
    for (const path of PAGES) {
      const page = await context.newPage();
      await page.goto(path);
      await page.click('a[hreflang=fr]');
      await page.waitForURL(/lang=fr/);
      assert.equal(await page.getAttribute('html', 'lang'), 'fr');
      assert.ok((await page.locator('main').innerText()).length > 100);
      if (path !== '/') assert.match(await page.locator('.no-js').first().innerText(), /n’exécute pas de scripts/);
      for (const element of await page.locator('.needs-js').all()) assert.equal(await element.isVisible(), false);
      await page.close();
    }
    check();
    await context.close();
  });

  test('a chosen language stays', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'en' });
    const page = await context.newPage();
    await page.goto('/');
    await page.click('a[hreflang=de]');
    await page.waitForURL(/lang=de/);
    await page.goto('/verify');
    await page.waitForURL(/lang=de/);
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    check();
    await context.close();
  });

  test('what is from elsewhere is what its makers published', () => {
    const package_ = join(process.env.PAGES_TOOLS, 'node_modules', 'qr');
    const kept = new URL('../../server/web/vendor/qr/', import.meta.url);
    for (const file of readdirSync(kept)) assert.deepEqual(readFileSync(new URL(file, kept)), readFileSync(join(package_, file)), file);
  });

  test('what is sent is what the program says that it sends', async () => {
    const lines = assets(at.program);
    assert.ok(lines.length > 100);
    await Promise.all(lines.map(async (line) => {
      const [hash, address] = line.split('  ');
      const answer = await fetch(at.world.url + address);
      assert.equal(answer.status, 200, address);
      assert.equal(createHash('sha256').update(Buffer.from(await answer.arrayBuffer())).digest('hex'), hash, address);
    }));
  });

  test('no page transfers 100 kB, nor what the program does not list', async () => {
    const listed = new Set(assets(at.program).map((line) => line.split('  ')[1]));
    const context = await at.browser.newContext({ baseURL: at.world.url });
    const loaded = new Set();
    context.on('request', (request) => loaded.add(new URL(request.url()).pathname));
    for (const path of PAGES) {
      const bytes = await transferred(context, path);
      assert.ok(bytes > 5_000 && bytes < MOST_BYTES, `${path}: ${bytes}`);
    }
    await context.close();
    const files = [...loaded].filter((path) => path.startsWith('/web/'));
    assert.ok(files.length > 10);
    for (const path of files) assert.ok(listed.has(path), path);
  });
}
