// An officer helps a person without a device: eight presses, choices and numbers from "who is in front of you" to the paper. No number is in an address or back
// on the screen, and what is signed after the shift is refused.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, again, opened, watched } from './watch.mjs';
import { readQr } from './office.mjs';

const [MOTHER, SON] = ['48.03.15-002.92', '75061200192'];

/** A printer that counts. */
const watchPrinter = (context) => context.addInitScript(() => {
  window.printed = 0;
  window.print = () => { window.printed += 1; };
});

async function onShift(page) {
  await opened(page, '/counter');
  await page.click('label:has(input[value="2"])');
  await page.click('#shift button');
  await page.waitForSelector('#s-who:visible');
}

/** As far as the sentence that is read aloud; `act` is told of each press, choice and number. */
async function readAloud(page, category, tongue, act = (work) => work()) {
  await act(() => page.click('label:has(input[value=card])'));
  if (tongue !== undefined) await act(() => page.selectOption('#tongue', tongue));
  await act(() => page.fill('#n-who', MOTHER));
  await act(() => page.click('button[value=give]'));
  await page.waitForSelector('#s-wish:visible');
  await act(() => page.fill('#n-helper', SON));
  await act(() => page.selectOption('#what', category));
  await act(() => page.click('#f-wish .button:not(.quiet)'));
  await page.waitForSelector('#s-read:visible');
}

/** What the page handed in: the log's size says nothing, it grows by itself too. */
const handedIn = ({ requests }) => requests.filter((address) => address.endsWith('/v1/records')).length;

export function counter(test, at) {
  for (const { locale, tongue, viewport, colorScheme, category, oath, title, pending } of [
    { locale: 'fr', tongue: 'nl', viewport: { width: 1280, height: 900 }, colorScheme: 'light', category: 'taxes', oath: /^Ik, Maria Exemple, laat Tom Exemple voor mij optreden: Belastingen\. Vanaf vandaag, tot en met \d/, title: 'Tom Exemple mag voor u optreden', pending: 'Pas encore accepté' },
    { locale: 'de', tongue: 'fr', viewport: { width: 390, height: 844 }, colorScheme: 'dark', category: 'household', oath: /^Moi, Maria Exemple, j’autorise Tom Exemple à agir pour moi\s: Ménage\./, title: 'Tom Exemple peut agir pour vous', pending: 'Noch nicht angenommen' },
  ]) {
    test(`from the person at the desk to their paper in eight steps, the page in ${locale}, the person's language ${tongue}`, async () => {
      const { world } = at;
      const { context, seen, check } = await watched(at.browser, world.url, { locale, viewport, colorScheme });
      await watchPrinter(context);
      const page = await context.newPage();
      await onShift(page);
      assert.match(await page.locator('#self').innerText(), /^Town of Exampleville · .*K-\d{4}/);
      await accessible(page, 'who');
      await page.screenshot({ path: join(at.shots, `counter-who-${locale}.png`), fullPage: true });
      let interactions = 0;
      const act = async (work) => { interactions += 1; await work(); };
      await readAloud(page, category, tongue, act);
      assert.equal(await page.getAttribute('#oath', 'lang'), tongue);
      assert.match(await page.locator('#oath').innerText(), oath);
      await accessible(page, 'read aloud');
      await page.screenshot({ path: join(at.shots, `counter-read-${locale}.png`), fullPage: true });
      await act(() => page.click('#yes'));
      await page.waitForSelector('#sheet .paper');
      await page.waitForFunction(() => window.printed === 1);
      assert.ok(interactions <= 8, `${interactions} interactions`);
      const paper = page.locator('#sheet .paper');
      assert.equal(await paper.getAttribute('lang'), tongue);
      assert.equal(await paper.locator('h2').innerText(), title);
      const address = await readQr(page, '.paper .qr');
      assert.match(address, new RegExp(`^${world.url}/verify#[\\w-]{86}$`));
      assert.doesNotMatch(await page.locator('body').innerText(), /\d{11}|48\.03|75\.06|niss/);
      assert.deepEqual(await page.locator('input:not([type=radio], [type=file])').evaluateAll((all) => all.map(({ value }) => value)), ['', '']);
      await accessible(page, 'paper');
      await page.screenshot({ path: join(at.shots, `counter-paper-${locale}.png`), fullPage: true });
      // On paper there is the paper, in large type, and nothing else.
      await page.emulateMedia({ media: 'print', colorScheme: 'light' });
      assert.equal(await page.locator('h1:visible, header:visible .tabs:visible, #help:visible, #today:visible, button:visible').count(), 0);
      assert.equal(await paper.evaluate((one) => Math.round(Number.parseFloat(getComputedStyle(one).fontSize) * 0.75)), 16, 'points');
      await page.screenshot({ path: join(at.shots, `counter-print-${tongue}.png`), fullPage: true });
      await page.emulateMedia({ media: null, colorScheme });
      writeFileSync(join(at.shots, `counter-paper-${tongue}.pdf`), await page.pdf({ format: 'A4', preferCSSPageSize: true }));

      // The one who may act accepts, as with any other mandate.
      const helper = await watched(at.browser, world.url, { locale: 'en' });
      const theirs = await helper.context.newPage();
      const scanned = async () => {
        await theirs.goto('about:blank');
        await theirs.goto(address);
        await theirs.waitForSelector('#result .seal.big');
        return theirs.locator('#result .seal.big h2').innerText();
      };
      assert.equal(await scanned(), 'Real, but not in force yet');
      await opened(theirs, '/me');
      await theirs.click('label:has-text("Tom Exemple")');
      await theirs.click('#who button');
      await theirs.waitForSelector('#seal .seal.ok');
      const offered = theirs.locator('#wait li', { hasText: category === 'taxes' ? 'Taxes' : 'Household' }).first();
      assert.match(await offered.innerText(), /Maria Exemple/);
      await offered.locator('details.wide > summary').click();
      await offered.locator('button[value=acceptance]').click();
      await offered.locator('.note.ok').waitFor();
      assert.equal(await scanned(), 'Real and in force', 'the paper says how it stands now');
      await helper.context.close();

      // Today's list has no names; the paper comes again.
      assert.match(await page.locator('#today-rows').innerText(), new RegExp(pending));
      assert.doesNotMatch(await page.locator('#today').innerText(), /Exemple/);
      await page.click('#next');
      assert.equal(await page.locator('.paper').count(), 0, 'nothing of the last person is left');
      assert.doesNotMatch(await page.locator('main').innerText(), /Exemple(?!ville)/);
      await page.click('#today-rows button');
      await page.waitForFunction(() => window.printed === 2);
      assert.equal(await paper.locator('h2').innerText(), title);
      await page.click('#next');

      // How to end something, on paper; an officer ends nothing.
      const before = handedIn(seen);
      await page.click('label:has(input[value=other])');
      await page.selectOption('#tongue', tongue);
      await page.fill('#n-who', MOTHER);
      await page.click('button[value=end]');
      await accessible(page, 'ending');
      await page.click('#end-paper');
      await page.waitForFunction(() => window.printed === 3);
      assert.equal(await readQr(page, '.paper .qr'), `${world.url}/me?lang=${tongue}`);
      await page.click('#next');

      // Not sure: nothing is recorded.
      await readAloud(page, 'pensions', undefined);
      await page.click('#f-read button[value=no]');
      await page.waitForSelector('#s-who:visible');
      assert.equal(handedIn(seen), before);
      check();
      await context.close();
    });
  }

  test('the desk is handed over, a shift ends: what that key signs is refused', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'en' });
    await watchPrinter(context);
    const page = await context.newPage();
    await onShift(page);
    // Somebody keeps the key behind the page's back.
    const signs = () => page.evaluate(async () => {
      const { draft, submission } = await import('/web/pages/sign.js');
      const { origin } = window.kept;
      const written = await draft('note', origin, { text: 'after the shift' });
      return (await fetch('/v1/records', { method: 'POST', body: await submission(window.kept, written), headers: { 'Content-Type': 'application/json' } })).status;
    });
    await page.evaluate(async () => {
      const { staff } = await import('/web/pages/staff.js');
      const { policy } = await (await fetch('/v1/log')).json();
      window.kept = await staff('counter', policy.origin);
    });
    assert.equal(await page.evaluate(() => window.kept.key.extractable), false);
    assert.equal(await signs(), 201);
    await page.locator('.end summary').click();
    await accessible(page, 'handing over');
    await page.click('#out button');
    await page.waitForSelector('#said .note.ok');
    assert.match(await page.locator('#said').innerText(), /ended in the register and forgotten here/);
    assert.equal(await signs(), 422);
    await again(page);
    assert.equal(await page.locator('#help').isVisible(), false);

    // The role is over when the shift is, whatever the page believes.
    await page.route('**/demo/officers', (route) => route.continue({ postData: JSON.stringify({ ends: Date.now() + 4_000 }) }));
    await onShift(page);
    await readAloud(page, 'health', undefined);
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    await page.click('#yes');
    await page.waitForSelector('#failed .note.bad');
    assert.match(await page.locator('#failed').innerText(), /Nothing was recorded\. .*shift may have ended/);
    assert.equal(await page.evaluate(() => window.printed), 0);
    await accessible(page, 'refused');
    await again(page);
    await page.waitForSelector('#said .note.wait');
    assert.match(await page.locator('#said').innerText(), /The shift is over/);
    check();
    await context.close();
  });

  test('a receipt that does not prove it prints nothing, and a paper has its fingerprint recorded', async () => {
    const { world } = at;
    const { context, seen, check } = await watched(at.browser, world.url, { locale: 'nl' });
    await watchPrinter(context);
    const page = await context.newPage();
    await onShift(page);
    // The person's own number, and one that can be nobody's.
    await page.click('label:has(input[value=card])');
    await page.fill('#n-who', '48031500293');
    await page.click('button[value=give]');
    assert.match(await page.locator('#n-who-error').innerText(), /cijfer/);
    await accessible(page, 'wrong number');
    await page.fill('#n-who', MOTHER);
    await page.click('button[value=give]');
    await page.waitForSelector('#s-wish:visible');
    await page.fill('#n-helper', MOTHER);
    await page.selectOption('#what', 'student');
    await page.click('#f-wish .button:not(.quiet)');
    await page.waitForSelector('#said .note.bad');
    await page.fill('#n-helper', SON);
    await page.click('#f-wish summary');
    await page.setInputFiles('#scan', { name: 'scan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('what was signed') });
    await page.click('#f-wish .button:not(.quiet)');
    await page.waitForSelector('#s-read:visible');
    await page.route('**/v1/records', async (route) => {
      const answer = await route.fetch();
      const receipt = await answer.json();
      receipt.entries.pop();
      await route.fulfill({ response: answer, json: receipt });
    });
    const sent = page.waitForRequest('**/v1/records');
    await page.click('#yes');
    const { record } = JSON.parse((await sent).postData());
    const payload = JSON.parse(Buffer.from(record.split('.')[1], 'base64url'));
    const print = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from('what was signed'))).toString('base64url');
    assert.deepEqual(payload.assisted, { channel: 'paper', document: print });
    await page.waitForSelector('#failed .note.bad');
    assert.equal(await page.evaluate(() => window.printed), 0);
    assert.equal(await page.locator('.paper').count(), 0);
    assert.ok(seen.requests.length > 0);
    check();
    await context.close();
  });
}
