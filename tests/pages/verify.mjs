// A receipt is green, its tampered twin red with a reason; nothing is sent; it works without network; the keyboard suffices.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessible, again, opened, watched } from './watch.mjs';

/** A mandate of the demo that is in force, as a receipt, and one that its mandator ended. */
async function receipts(world) {
  const son = await world.person('son');
  const list = JSON.parse(await (await son.get(`/v1/parties/${son.by.party}/records`)).text());
  const creates = list.entries.filter(({ record }) => record !== undefined).map(({ record }) => JSON.parse(Buffer.from(record.split('.')[1], 'base64url')));
  const ids = await Promise.all(creates.filter(({ kind }) => kind === 'mandate').map(async (payload) => idOf(payload, list)));
  const all = await Promise.all(ids.map(async (id) => (await son.get(`/v1/records/${id}/receipt`)).text()));
  const scoped = (scope) => all[creates.filter(({ kind }) => kind === 'mandate').findIndex(({ scopes }) => scopes.includes(scope))];
  return { inForce: scoped('pensions'), ended: scoped('household') };
}

async function idOf(payload, { entries }) {
  const { record } = entries.find(({ record }) => record !== undefined && JSON.parse(Buffer.from(record.split('.')[1], 'base64url')).nonce === payload.nonce);
  const bytes = Buffer.concat([Buffer.from('procura/v1/id\0'), Buffer.from(record.split('.')[1], 'base64url')]);
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('base64url');
}

const asFile = (text) => ({ name: 'receipt.json', mimeType: 'application/json', buffer: Buffer.from(text) });

/** The same receipt with one bit of the record's payload changed. */
function changed(receipt) {
  const whole = JSON.parse(receipt);
  const entry = whole.entries.find(({ record }) => record !== undefined && Buffer.from(record.split('.')[1], 'base64url').includes('"mandate"'));
  const [header, payload, signature] = entry.record.split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace('"pensions"', '"pensionz"');
  entry.record = [header, Buffer.from(text).toString('base64url'), signature].join('.');
  return JSON.stringify(whole);
}

/** The same receipt with a hash of the map left out. */
function withheld(receipt) {
  const whole = JSON.parse(receipt);
  whole.entries.pop();
  return JSON.stringify(whole);
}

export function verify(test, at) {
  for (const [locale, title, red, changedWords] of [
    ['fr', 'Authentique et valable', 'Ne vous fiez pas à cette preuve', 'Le texte diffère de ce qui a été enregistré'],
    ['nl', 'Echt en geldig', 'Vertrouw niet op dit bewijs', 'De tekst verschilt van wat opgetekend is'],
  ]) {
    test(`a receipt is green and a changed one red, in ${locale}`, async () => {
      const { inForce } = await receipts(at.world);
      const { context, seen, check } = await watched(at.browser, at.world.url, { locale, viewport: { width: 390, height: 844 } });
      const page = await context.newPage();
      await opened(page, '/verify');
      const before = seen.requests.length;
      await page.setInputFiles('#file', asFile(inForce));
      await page.waitForSelector('.seal.big.ok');
      assert.equal(await page.locator('.seal.big h2').innerText(), title);
      assert.equal(await page.evaluate(() => document.activeElement.textContent), title, 'the answer has the focus');
      assert.equal(await page.locator('.checks .bad').count(), 0);
      assert.match(await page.locator('#result .oath').innerText(), /pensions/);
      await accessible(page, 'green');
      await page.screenshot({ path: join(at.shots, `verify-green-${locale}.png`), fullPage: true });

      await page.click('#result button');
      await page.setInputFiles('#file', asFile(changed(inForce)));
      await page.waitForSelector('.seal.big.bad');
      assert.equal(await page.locator('.seal.big h2').innerText(), red);
      assert.match(await page.locator('.seal.big').innerText(), new RegExp(changedWords));
      assert.equal(await page.locator('.seal.ok').count(), 0);
      assert.equal(await page.locator('#result .oath').count(), 0, 'what it says is not shown');
      assert.equal(await page.locator('.checks .bad').count(), 1);
      await accessible(page, 'red');
      await page.screenshot({ path: join(at.shots, `verify-red-${locale}.png`), fullPage: true });
      const sent = seen.requests.slice(before).filter((request) => !request.endsWith('/mark.svg'));
      assert.deepEqual(sent, [], 'nothing was sent');
      check();
      await context.close();
    });
  }

  test('ended, withheld from, foreign, and no receipt at all: each says which', async () => {
    const { inForce, ended } = await receipts(at.world);
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'en', colorScheme: 'dark' });
    const page = await context.newPage();
    await opened(page, '/verify');
    const told = async (text) => {
      await page.setInputFiles('#file', asFile(text));
      await page.waitForSelector('.seal.big');
      const outcome = [await page.locator('.seal.big h2').innerText(), await page.locator('.seal.big p').first().innerText()];
      await page.click('#result button');
      return outcome;
    };
    assert.equal((await told(ended))[0], 'Real, but no longer in force');
    assert.equal((await told(inForce))[0], 'Real and in force');
    const bad = 'Do not rely on this receipt';
    assert.equal((await told(withheld(inForce)))[0], bad);
    assert.deepEqual(await told('{"v":1}'), [bad, 'This file is not a receipt, or it is damaged.']);
    assert.deepEqual(await told(inForce.replaceAll(at.world.log.origin, 'trial/0000000000000000')), [bad, 'It comes from another register.']);
    const signature = inForce.replace(/(\\u2014|—) (trial\/[0-9a-f]{16}) (.{20})(.)/, (_, dash, name, begin, last) => `${dash} ${name} ${begin}${last === 'A' ? 'B' : 'A'}`);
    assert.notEqual(signature, inForce);
    assert.deepEqual(await told(signature), [bad, 'The register’s own signature is wrong.']);
    check();
    await context.close();
  });

  test('once loaded it works without network, by keyboard alone', async () => {
    const { inForce } = await receipts(at.world);
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'de', serviceWorkers: 'allow' });
    const page = await context.newPage();
    await opened(page, '/verify');
    await page.evaluate(() => navigator.serviceWorker.ready);
    await context.setOffline(true);
    await page.reload();
    await page.waitForFunction((origin) => document.querySelector('#trusted').textContent.includes(origin), at.world.log.origin);
    await page.focus('#paste');
    await page.evaluate((text) => navigator.clipboard?.writeText?.(text).catch(() => {}), inForce);
    await page.keyboard.insertText(inForce);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.seal.big.ok');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Echt und gültig');
    // The worker keeps the pages' own files and nothing that the register answered.
    const kept = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat());
    assert.ok(kept.length > 30);
    for (const path of kept) assert.match(path, /^\/(web\/(verifier|pages|vendor)\/.*|verify|log|me|looks|r|give|for|sign|present|device|office|counter|)$/);
    check();
    await context.close();
  });

  test('another register than the first time is not believed, one of a file is', async () => {
    const { inForce } = await receipts(at.world);
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'en' });
    const page = await context.newPage();
    await opened(page, '/verify');
    const other = { ...at.world.log, policy: { ...at.world.log.policy, entry0: 'A'.repeat(43) } };
    await page.route('/v1/log', (route) => route.fulfill({ json: other }));
    await again(page);
    assert.match(await page.locator('#trust-other').innerText(), /names another register/);
    await page.setInputFiles('#file', asFile(inForce));
    await page.waitForSelector('.seal.big.ok');
    await page.click('#trust-anew');
    await page.waitForSelector('#trust-other', { state: 'hidden' });
    await page.click('#result button');
    await page.setInputFiles('#file', asFile(inForce));
    await page.waitForSelector('.seal.big.bad');
    await page.setInputFiles('#policy', { name: 'policy.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(at.world.log.policy)) });
    await page.waitForFunction(() => document.querySelector('#trusted').textContent.includes('your own policy file'));
    await page.click('#result button');
    await page.setInputFiles('#file', asFile(inForce));
    await page.waitForSelector('.seal.big.ok');
    check();
    await context.close();
  });
}
