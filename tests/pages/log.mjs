// The log as it is, held against what it was: consistent, and every lie about that red.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, again, opened, watched } from './watch.mjs';
import { write } from './world.mjs';

/** What a table says, row by row, its numbers as numbers. */
const rowsOf = (page, id) => page.locator(`#${id} tbody tr`).evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent.replace(/\s/g, '').replace(',', '.')))));

/** The log grows by a record. */
async function grow(world) {
  const son = await world.person('son');
  await write(son, 'note', { text: 'the log grows' });
}

export function log(test, at) {
  test('the log that grew is held against the last visit', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'fr' });
    const page = await context.newPage();
    await opened(page, '/log');
    assert.match(await page.locator('#held').innerText(), /pour la première fois/);
    const first = await page.locator('#cp').innerText();
    assert.ok(first.startsWith(at.world.log.origin));
    await grow(at.world);
    await again(page);
    await page.waitForSelector('#held .seal.big.ok');
    assert.match(await page.locator('#held').innerText(), /Cohérent/);
    await accessible(page, 'held');
    await page.screenshot({ path: join(at.shots, 'log-held-fr.png'), fullPage: true });

    // A checkpoint that was kept elsewhere, by keyboard alone; and one that the log did not sign.
    await page.focus('#old');
    await page.keyboard.insertText(first);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#held .seal.big.ok');
    await page.fill('#old', first.replace(/^(\d)/m, '9$1'));
    await page.click('#consistency button');
    await page.waitForSelector('#held .note.bad');
    assert.match(await page.locator('#held').innerText(), /n’est pas un point de contrôle signé/);
    check();
    await context.close();
  });

  test('its growth and its rate are drawn as they are, and said in a table', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'en' });
    const page = await context.newPage();
    await grow(world);
    const { size } = await (await fetch(`${world.url}/v1/log`)).json();
    await opened(page, '/log');
    // A page that is open asks again once there is more.
    for (let times = 0; times < 3; times++) await grow(world);
    await page.waitForFunction((before) => Number([...document.querySelectorAll('#growth tbody td')].at(-1)?.textContent) >= before + 3, size);
    const told = await (await fetch(`${world.url}/v1/log/growth`)).json();
    const [points, hours] = [await rowsOf(page, 'growth'), await rowsOf(page, 'rate')];
    assert.ok(points.length <= 60 && points[0][0] === 1);
    assert.deepEqual(points.flat(), points.flat().toSorted((a, b) => a - b), 'it only grows');
    assert.equal(hours.length, 24);
    // The whole log came to be in the last hour, or in the two last if one began meanwhile.
    const entries = hours.map(([count]) => count);
    assert.equal(entries.reduce((sum, count) => sum + count, 0), points.at(-1)[0]);
    assert.ok(entries.slice(0, 22).every((count) => count === 0));
    assert.ok(told.points.at(-1).size >= points.at(-1)[0] && told.hours.length === 25);

    // What is drawn is what the table says: a line that ends at the top of its scale's share, and bars as high as their rates.
    const line = (await page.getAttribute('#growth polyline', 'points')).split(' ').map((point) => point.split(',').map(Number));
    assert.equal(line.length, points.length);
    const scale = async (id) => Number((await page.locator(`#${id} svg text`).nth(2).textContent()).replaceAll(',', ''));
    const high = await scale('growth');
    for (const [i, [size]] of points.entries()) assert.ok(Math.abs(line[i][1] - (226 - (size / high) * 204)) < 0.01, `${size}`);
    assert.ok(line.every(([x], i) => x >= 64 && x <= 612 && (i === 0 || x >= line[i - 1][0])));
    const bars = await page.locator('#rate rect').evaluateAll((all) => all.map((bar) => Number(bar.getAttribute('height'))));
    const most = await scale('rate');
    for (const [i, count] of entries.entries()) assert.ok(Math.abs(bars[i] - (count / 3600 / most) * 204) < 0.01 * 204, `${count}: ${bars[i]}`);
    assert.equal(await page.locator('#rate .peak').count(), 1);
    await page.locator('#growth summary').click();
    await page.locator('#rate summary').click();
    await accessible(page, 'drawn');
    await page.screenshot({ path: join(at.shots, 'log-drawn-en.png'), fullPage: true });

    // A register that says nothing of it: the rest stands.
    await page.route('**/v1/log/growth', (route) => route.abort());
    await again(page);
    await page.waitForFunction(() => document.querySelector('#growth').textContent.includes('did not say'));
    await page.waitForSelector('#held .seal.ok');
    check();
    await context.close();
  });

  test('two sizes that were seen are held against one another, and a false proof of it is red', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'en', acceptDownloads: true });
    const page = await context.newPage();
    for (let times = 0; times < 3; times++) {
      await opened(page, '/log');
      await page.waitForSelector('#held > *');
      if (times > 0) await page.waitForSelector('#held .seal.ok');
      await grow(world);
    }
    await opened(page, '/log');
    await page.waitForSelector('#held .seal.ok');
    const sizes = await page.locator('#from option').evaluateAll((all) => all.map(({ value }) => value));
    assert.ok(sizes.length >= 3, `${sizes}`);
    const [second, first] = [sizes.at(-2), sizes.at(-1)];
    const proof = (request) => request.url().includes('/v1/proofs/consistency');
    const press = async (from, to) => {
      await page.selectOption('#from', from);
      await page.selectOption('#to', to);
      const [asked] = await Promise.all([page.waitForRequest(proof), page.click('#consistency button')]);
      const query = new URL(asked.url()).searchParams;
      assert.deepEqual([query.get('from'), query.get('to')], [first, second]);
    };
    await press(first, second);
    await page.waitForSelector('#held .seal.big.ok');
    const grouped = (size) => Number(size).toLocaleString('en-GB');
    assert.match(await page.locator('#held').innerText(), new RegExp(`All ${grouped(first)} entries are unchanged at the start of the ${grouped(second)}\\.`));
    // Whichever is named first.
    await press(second, first);
    await page.waitForSelector('#held .seal.big.ok');
    await page.route('**/v1/proofs/consistency*', async (route) => {
      const honest = await (await route.fetch()).json();
      await route.fulfill({ json: { ...honest, hashes: honest.hashes.map((hash, i) => (i === 0 ? 'A'.repeat(43) : hash)) } });
    });
    await press(first, second);
    await page.waitForSelector('#held .seal.big.bad');
    assert.equal(await page.locator('#held h2').innerText(), 'The proof does not hold');
    // The evidence: what was signed then, both times, and what came instead of a proof.
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#held .seal button')]);
    const evidence = JSON.parse(readFileSync(await download.path(), 'utf8'));
    assert.equal(evidence.old.size, first);
    for (const [note, size] of [[evidence.old.note, first], [evidence.now, second]]) assert.deepEqual(note.split('\n').slice(0, 2), [world.log.origin, size]);
    assert.equal(evidence.proof.hashes[0], 'A'.repeat(43));
    check();
    await context.close();
  });

  test('a log that lies is red: another root, a proof that does not hold, a shorter log', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'en' });
    const page = await context.newPage();
    await opened(page, '/log');
    const key = `procura.seen.${at.world.log.origin}`;
    const told = async (seen) => {
      await page.evaluate(([name, value]) => localStorage.setItem(name, JSON.stringify(value)), [key, seen]);
      await again(page);
      await page.waitForSelector('#held .seal.big.bad');
      assert.equal(await page.locator('#held .seal.ok').count(), 0);
      return page.locator('#held h2').innerText();
    };
    const visit = async (seen, heading) => assert.equal(await told(seen), heading);
    // A log grows by itself now and then; two histories are told by the size at which both are.
    let mine;
    for (let tries = 0; ; tries++) {
      await page.evaluate((name) => localStorage.removeItem(name), key);
      await again(page);
      [mine] = JSON.parse(await page.evaluate((name) => localStorage.getItem(name), key));
      const heading = await told([{ ...mine, root: 'A'.repeat(43) }]);
      if (heading === 'Two histories') break;
      assert.ok(tries < 5 && heading === 'The proof does not hold', heading);
    }
    await visit([{ ...mine, size: String(Number(mine.size) + 1000) }], 'The log is shorter than before');
    await grow(at.world);
    await visit([{ ...mine, root: 'A'.repeat(43) }], 'The proof does not hold');
    await accessible(page, 'forked');
    await page.route('**/v1/proofs/consistency*', async (route) => {
      const proof = await (await route.fetch()).json();
      await route.fulfill({ json: { ...proof, hashes: proof.hashes.map((hash, i) => (i === 0 ? 'A'.repeat(43) : hash)) } });
    });
    await visit([mine], 'The proof does not hold');
    // No answer convicts nobody, and is no yes.
    await page.unroute('**/v1/proofs/consistency*');
    await page.route('**/v1/proofs/consistency*', (route) => route.abort());
    await again(page);
    await page.waitForSelector('#held .note');
    assert.match(await page.locator('#held .note').innerText(), /gave no proof/);
    assert.equal(await page.locator('#held .seal').count(), 0);
    // Not signed by the log: nothing of it is shown.
    await page.route('**/checkpoint', async (route) => {
      const text = await (await route.fetch()).text();
      await route.fulfill({ body: text.replace(/^(\d+)$/m, '9$1'), contentType: 'text/plain' });
    });
    await page.reload();
    await page.waitForFunction(() => document.querySelector('#unreached').textContent !== '');
    assert.match(await page.locator('#unreached').innerText(), /not signed by the register/);
    assert.equal(await page.locator('#cp').innerText(), '');
    check();
    await context.close();
  });
}
