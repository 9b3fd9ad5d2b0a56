// The log as it is, held against what it was: consistent, and every lie about that red.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessible, again, opened, watched } from './watch.mjs';
import { write } from './world.mjs';

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
    await page.waitForSelector('#rate svg', { timeout: 15_000 });
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
