// Whoever is shown a mandate by its address, or by a QR code before the camera, sees how it stands now; a code that was changed shows nothing, and a
// server that lies is red.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import encodeQR from '../../server/web/vendor/qr/index.js';
import { b64url, concat, labelled, ofB64urlExactly } from '../../server/web/verifier/bytes.js';
import { readReceipt } from '../../server/web/verifier/receipt.js';
import { readRecord } from '../../server/web/verifier/record.js';
import { accessible, watched } from './watch.mjs';
import { chromium, offer, write } from './world.mjs';

/** What stands behind the # of a record that somebody holds the receipt of. */
async function behind(receipt, id) {
  for (const { record, r } of readReceipt(receipt).entries) {
    if (record === undefined || r === undefined || (await readRecord(record)).id !== id) continue;
    return b64url(concat(ofB64urlExactly(id, 32), await labelled('token', r)));
  }
  throw new Error('not opened');
}

/** A video of a QR code, as Chromium's camera that is none plays it: YUV4MPEG2, a picture and again the same. */
function filmed(text) {
  const [width, height, scale] = [640, 480, 6];
  const code = encodeQR(text, 'raw', { ecc: 'medium', border: 4 });
  const luma = Buffer.alloc(width * height, 200);
  const [left, top] = [(width - code.length * scale) >> 1, (height - code.length * scale) >> 1];
  code.forEach((row, y) => row.forEach((dark, x) => {
    for (let line = 0; line < scale; line++) luma.fill(dark ? 20 : 235, (top + y * scale + line) * width + left + x * scale, (top + y * scale + line) * width + left + (x + 1) * scale);
  }));
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc(width * height / 2, 128)]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]);
}

export function shown(test, at) {
  test('a mandate shown by its address is as it stands now; a lie about it is red, in nl', async () => {
    const { world } = at;
    const [son, neighbour] = [await world.person('son'), await world.person('neighbour')];
    const [one, other] = [await offer(world, 'son', 'neighbour', 'household'), await offer(world, 'son', 'neighbour', 'flexi')];
    for (const { id } of [one, other]) await write(neighbour, 'acceptance', { target: id });
    const [fragment, others] = [await behind(one.receipt, one.id), await behind(other.receipt, other.id)];
    const { context, seen, check } = await watched(at.browser, world.url, { locale: 'nl', viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    const verdict = async (what) => {
      await page.goto('about:blank');
      await page.goto(`/verify#${what}`);
      await page.waitForSelector('#result .seal.big, #result .note');
      return (await page.locator('#result h2, #result .note').first().innerText()).trim();
    };
    assert.equal(await verdict(fragment), 'Echt en geldig');
    await accessible(page, 'shown');
    await page.screenshot({ path: join(at.shots, 'shown-nl.png'), fullPage: true });
    assert.ok(seen.requests.every((request) => !request.includes(fragment) && !request.includes(one.id)), 'no address has it');

    // Half of the one and half of the other is nobody's.
    assert.match(await verdict(fragment.slice(0, 43) + others.slice(43)), /^Deze code toont niets/);
    // The receipt of another mandate in force, honest and fresh; then one of this from before it ended.
    const honest = async (what) => {
      const [id, token] = [b64url(ofB64urlExactly(what, 64).slice(0, 32)), b64url(ofB64urlExactly(what, 64).slice(32))];
      return (await fetch(`${world.url}/v1/receipts`, { method: 'POST', body: JSON.stringify({ id, token }), headers: { 'Content-Type': 'application/json' } })).text();
    };
    const lie = async (body) => {
      await page.route('**/v1/receipts*', (route) => route.fulfill({ body, contentType: 'application/vnd.procura.receipt+json' }));
      const told = await verdict(fragment);
      await page.unroute('**/v1/receipts*');
      return told;
    };
    const bad = 'Vertrouw niet op dit bewijs';
    assert.equal(await lie(await honest(others)), bad);
    const before = await honest(fragment);
    await write(son, 'revocation', { target: one.id });
    assert.equal(await verdict(fragment), 'Echt, maar niet meer geldig');
    assert.equal(await lie(before), bad, 'this browser saw more');
    assert.equal(await page.locator('.seal.ok').count(), 0);
    // Elsewhere this page can't say.
    await page.goto('/verify');
    await page.fill('#paste', `https://other.example/verify#${fragment}`);
    await page.click('#text button');
    assert.match(await page.locator('#result .note').innerText(), /other\.example/);
    check();
    await context.close();
  });

  test('a QR code is read through the camera, in fr', async () => {
    const { world } = at;
    const neighbour = await world.person('neighbour');
    const given = await offer(world, 'mother', 'neighbour', 'flexi');
    await write(neighbour, 'acceptance', { target: given.id });
    const folder = mkdtempSync(join(tmpdir(), 'procura-camera-'));
    const video = join(folder, 'code.y4m');
    writeFileSync(video, filmed(`${world.url}/verify#${await behind(given.receipt, given.id)}`));
    const args = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${video}`];
    const browser = await chromium.launch({ executablePath: at.executablePath, args: [...args, ...(process.getuid() === 0 ? ['--no-sandbox'] : [])] });
    try {
      const { context, check } = await watched(browser, world.url, { locale: 'fr' });
      const page = await context.newPage();
      await page.goto('/verify');
      await page.click('#scan');
      await page.waitForSelector('.seal.big.ok');
      assert.equal(await page.locator('.seal.big h2').innerText(), 'Authentique et valable');
      assert.equal(await page.evaluate(() => document.querySelector('#video').srcObject), null, 'the camera is off');
      check();
      await context.close();
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('without a camera the page says what else there is', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'en' });
    const page = await context.newPage();
    await page.goto('/verify');
    await page.click('#scan');
    await page.waitForSelector('#scanning .note');
    assert.match(await page.locator('#scanning').innerText(), /can’t be used here/);
    await accessible(page, 'no camera');
    check();
    await context.close();
  });
}
