// An institution signs in, checks, asks a citizen, reads its own accesses, connects. Nothing that is not proven is a yes or a complete list, and no number
// is in an address.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { draft, submission } from '../../server/web/pages/sign.js';
import { accessible, again, opened, watched } from './watch.mjs';

const SON = '75.06.12-001.92';
const MOTHER = '48031500292';

/** Whether a yes was ever shown. */
const watchYes = (context) => context.addInitScript(() => {
  window.wasYes = false;
  new MutationObserver(() => (window.wasYes ||= document.querySelector('#decision .seal.ok') !== null)).observe(document, { childList: true, subtree: true });
});

async function signedIn(page, name) {
  await opened(page, '/office');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector('#own-seal .seal.ok');
}

/** Asks, and gives what the answer is. */
async function checked(page, about, category, purpose, seal) {
  await page.evaluate(() => document.querySelector('#decision').replaceChildren());
  await page.fill('#c-about', about);
  await page.selectOption('#c-what', category);
  await page.selectOption('#c-why', purpose);
  await page.click('#c-form button');
  await page.waitForSelector(`#decision .seal${seal}`);
  return page.locator('#decision').innerText();
}

async function downloaded(page, name) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(name)]);
  return readFileSync(await download.path(), 'utf8');
}

/** The number that was typed, in any spelling. */
const shows = (text) => /75061200192|75\.06\.12|48031500292|niss/.test(text);

export function office(test, at) {
  test('a citizen is asked by a code, approves, is checked and looked at, revokes, in fr on a phone', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'fr', viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await opened(page, '/office');
    await accessible(page, 'enrol');
    await signedIn(page, 'Sociaal Secretariaat');
    await accessible(page, 'signed in');
    assert.ok(!shows(await page.locator('#decision').innerText()));
    assert.match(await checked(page, SON, 'taxes.return', 'contributions', '.big.bad'), /^Non\n/);
    assert.match(await page.locator('#decision').innerText(), /Rien ne l’autorise/);

    // The code leads to the same address as the link beside it.
    await page.selectOption('#q-what', 'taxes.return');
    await page.selectOption('#q-why', 'contributions');
    await page.selectOption('#q-long', '30');
    await page.fill('#q-ref', 'Dossier 12');
    await page.click('#q-form button');
    await page.waitForSelector('#link .qr');
    await page.waitForSelector('#q-list .state.wait');
    const address = await page.locator('#address').innerText();
    assert.ok(address.startsWith(`${world.url}/r#`));
    assert.equal(await readQr(page, '#link .qr'), address);
    assert.match(await page.locator('#q-list li').first().innerText(), /En attente.*Dossier 12/s);
    await accessible(page, 'asked');
    await page.screenshot({ path: join(at.shots, 'office-asked-fr-phone.png'), fullPage: true });

    const citizen = await watched(at.browser, world.url, { locale: 'nl' });
    const theirs = await citizen.context.newPage();
    await opened(theirs, '/me');
    await theirs.click('label:has-text("Tom Exemple")');
    await theirs.click('#who button');
    await theirs.waitForSelector('#seal .seal.ok');
    await theirs.goto('about:blank');
    await theirs.goto(address);
    await theirs.waitForSelector('#answer:visible');
    await theirs.click('#answer button[value=approve]');
    await theirs.waitForSelector('#said .note.ok');

    await page.click('#q-again');
    await page.waitForSelector('#q-list .state.ok');
    assert.match(await page.locator('#q-list li').first().innerText(), /Accepté le/);
    const yes = await checked(page, SON, 'taxes.return', 'contributions', '.big.ok');
    assert.match(yes, /^Oui\n/);
    assert.match(yes, /L’accord de la personne est valable\s+consent/);
    assert.match(yes, /Accord [\w-]{8}, jusqu’au \d/);
    assert.match(yes, /vérifié dans ce navigateur/);
    assert.ok(!shows(yes), 'the number is not shown back');
    assert.equal(await page.inputValue('#c-about'), '');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'decision');
    await accessible(page, 'yes');
    await page.screenshot({ path: join(at.shots, 'office-yes-fr-phone.png'), fullPage: true });

    // Its receipt is taken along, and proves the same to anybody.
    const receipt = await downloaded(page, '#decision > p button');
    assert.equal(JSON.parse(receipt).question.type, 'authority');
    await opened(theirs, '/verify');
    await theirs.setInputFiles('#file', { name: 'receipt.json', mimeType: 'application/json', buffer: Buffer.from(receipt) });
    await theirs.waitForSelector('#result .seal.big.ok');

    // Looking is recorded, and told to whom it concerns.
    await page.selectOption('#c-source', { label: 'Fictional Tax Office' });
    await page.click('#look button');
    await page.waitForSelector('#look .note.ok');
    await page.waitForSelector('#own-rows .state.ok');

    await theirs.goto('/me');
    await theirs.waitForSelector('#seal .seal.ok');
    const row = theirs.locator('#see li.row', { hasText: 'Sociaal Secretariaat' });
    await row.locator('.end > summary').click();
    await row.locator('.end form button').click();
    await row.locator('.note.ok').waitFor();
    // Looked at once more on the answer of before: refused, and recorded too.
    await page.click('#look button.quiet');
    await page.waitForSelector('#look .note.bad');
    assert.match(await checked(page, SON, 'taxes.return', 'contributions', '.big.bad'), /^Non\n.*Il y a été mis fin/s);
    await page.click('#q-again');
    await page.waitForSelector('#q-list li:first-child .state.off');
    assert.match(await page.locator('#q-list li').first().innerText(), /Accepté, puis terminé le/);
    // Refused and blocked: they read one word, and not why.
    await page.click('#q-form button');
    await page.waitForFunction((before) => document.querySelector('#address').textContent !== before, address);
    await theirs.goto('about:blank');
    await theirs.goto(await page.locator('#address').innerText());
    await theirs.waitForSelector('#answer:visible');
    await theirs.click('#answer button[value=block]');
    await theirs.waitForSelector('#said .note.ok');
    await page.click('#q-again');
    await page.waitForSelector('#q-list li:first-child .state.off');
    assert.match(await page.locator('#q-list li').first().innerText(), /^Refusé\s/);
    citizen.check();
    await citizen.context.close();

    assert.deepEqual(await page.locator('#own-rows .state').allInnerTexts(), ['Non', 'Oui']);
    await accessible(page, 'own');
    await page.screenshot({ path: join(at.shots, 'office-own-fr-phone.png'), fullPage: true });
    const csv = await downloaded(page, '#own-more button:has-text("CSV")');
    assert.equal(csv.split('\r\n').length, 4);
    assert.match(csv, /"taxes\.return","contributions","no","ended","record:[\w-]{43} record:[\w-]{43}"\r\n.*"yes","consent"/s);
    assert.ok(!shows(csv));
    const whole = JSON.parse(await downloaded(page, '#own-more button:has-text("JSON")'));
    assert.equal(whole.accesses.length, 2);
    assert.equal(whole.complete[0].question.type, 'complete');
    check();
    await context.close();
  });

  test('an answer that is changed on the way is no answer, and a list that lacks one has no seal, in de, dark', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'de', colorScheme: 'dark', viewport: { width: 1280, height: 900 } });
    await watchYes(context);
    const page = await context.newPage();
    await signedIn(page, 'Fictional Pension Office');
    const lies = {
      'turned round': (receipt) => { Object.assign(receipt.question.decision, { permit: true, reason: 'mandate' }); },
      'for another question': (receipt) => { receipt.question.request.resource.type = 'pensions.career'; receipt.question.request.action.name = 'pension.calculation'; },
      'a hash changed': (receipt) => { receipt.tree = receipt.tree.replace(/^../, (two) => (two === 'AA' ? 'BB' : 'AA')); },
      'of the past': (receipt) => { receipt.question.at -= 24 * 3600 * 1000; },
    };
    // What the law allows is a yes; of what it does not, a lying server makes none.
    for (const [what, lie] of Object.entries(lies)) {
      await page.route('**/v1/checks*', async (route) => {
        const answer = await route.fetch();
        const receipt = await answer.json();
        lie(receipt);
        await route.fulfill({ response: answer, json: receipt });
      });
      const text = await checked(page, MOTHER, 'health', 'care', '.bad');
      assert.equal(await page.evaluate(() => window.wasYes), false, what);
      assert.match(text, /^Nicht bewiesen/, what);
      assert.equal(await page.locator('#decision .sum').count(), 0, 'nothing of it is shown');
      await page.unroute('**/v1/checks*');
    }
    // Another's yes for this question.
    let yes;
    await page.route('**/v1/checks*', async (route) => { const answer = await route.fetch(); yes = await answer.text(); await route.fulfill({ response: answer }); });
    assert.match(await checked(page, MOTHER, 'pensions.career', 'pension.calculation', '.big.ok'), /^Ja\n.*Das Gesetz erlaubt es/s);
    await accessible(page, 'yes by law');
    await page.screenshot({ path: join(at.shots, 'office-yes-de-dark.png'), fullPage: true });
    await page.unroute('**/v1/checks*');
    await page.route('**/v1/checks*', (route) => route.fulfill({ body: yes, contentType: 'application/json' }));
    await page.evaluate(() => { document.querySelector('#decision').replaceChildren(); window.wasYes = false; });
    await page.fill('#c-about', SON);
    await page.click('#c-form button');
    await page.waitForSelector('#decision .seal.bad');
    assert.equal(await page.evaluate(() => window.wasYes), false);
    await page.unroute('**/v1/checks*');
    // "No" reads the same whether somebody is unknown or has given nothing.
    const known = await checked(page, SON, 'taxes', 'care', '.big.bad');
    const unknown = await checked(page, '85073003328', 'taxes', 'care', '.big.bad');
    const plain = (text) => text.replace(/\n.*Einträge.*/, '');
    assert.equal(plain(known), plain(unknown));
    // A typing error is told beside the field, and not sent.
    await page.fill('#c-about', '75061200193');
    await page.click('#c-form button');
    assert.match(await page.locator('#c-about-error').innerText(), /Ziffer/);
    await accessible(page, 'wrong number');

    // As it was when this browser saw the register first: proven as of then.
    await page.click('#c-form summary');
    await page.selectOption('#c-at', { index: 1 });
    assert.match(await checked(page, MOTHER, 'pensions.career', 'pension.calculation', '.big.ok'), /Gefragt für/);
    await page.selectOption('#c-at', '');

    await checked(page, MOTHER, 'pensions.career', 'pension.calculation', '.big.ok');
    await page.selectOption('#c-source', { label: 'Fictional Tax Office' });
    await page.click('#look button');
    await page.waitForSelector('#look .note.ok');
    await page.waitForSelector('#own-rows .state.ok');
    await page.screenshot({ path: join(at.shots, 'office-own-de-dark.png'), fullPage: true });

    const leaveOut = {
      'the last access': (receipt) => {
        const items = Buffer.from(receipt.tags.at(-1), 'base64url');
        const index = Number(items.readBigUInt64BE(items.length - 42));
        receipt.tags[receipt.tags.length - 1] = items.subarray(0, -42).toString('base64url');
        receipt.entries = receipt.entries.filter((entry) => entry.index !== index);
      },
      'what it says': (receipt) => receipt.entries.filter(({ record }) => record !== undefined).slice(-1).forEach((entry) => { delete entry.record; delete entry.r; delete entry.disclosures; }),
    };
    for (const [what, lie] of Object.entries(leaveOut)) {
      await page.route('**/v1/parties/*/records*', async (route) => {
        const answer = await route.fetch();
        const receipt = await answer.json();
        lie(receipt);
        await route.fulfill({ response: answer, json: receipt });
      });
      await page.click('#own-again');
      await page.waitForSelector('#own-seal .seal.bad');
      assert.equal(await page.locator('#own-seal .seal.ok').count(), 0, what);
      assert.equal(await page.locator('#own-rows tr').count(), 0, what);
      await page.unroute('**/v1/parties/*/records*');
    }
    await accessible(page, 'own, left out');
    await page.click('#own-again');
    await page.waitForSelector('#own-seal .seal.ok');

    // The command runs as it stands, and says what the page says.
    await page.click('#fill');
    await page.waitForSelector('#command:visible');
    const command = await page.locator('#curl').innerText();
    assert.ok(command.includes(`${world.url}/access/v1/evaluation`) && !shows(command));
    const printed = JSON.parse(execFileSync('bash', ['-c', command], { encoding: 'utf8' }));
    assert.deepEqual(printed, JSON.parse(await page.locator('#reply').innerText()));
    assert.deepEqual(printed, { decision: true, context: { reason: 'legal_basis' } });
    await accessible(page, 'connected');

    // Signing out ends the key, and says so.
    await page.locator('.end summary').click();
    await page.click('#out button');
    await page.waitForSelector('#said .note.ok');
    assert.match(await page.locator('#said').innerText(), /im Register beendet/);
    await again(page);
    assert.equal(await page.locator('#office').isVisible(), false);
    check();
    await context.close();
  });

  test('a list of several pages is whole, or has no seal; an emergency is pointed at', async () => {
    const { world } = at;
    await grow(await world.person('hospital'), 1_100);
    const { context, seen, check } = await watched(at.browser, world.url, { locale: 'en' });
    const page = await context.newPage();
    await signedIn(page, 'Fictional General Hospital');
    const pages = seen.requests.filter((request) => /records\?from=[1-9]/.test(request));
    assert.ok(pages.length > 0, 'a second page was asked for');
    assert.match(await checked(page, MOTHER, 'health.summary', 'care', '.big.bad'), /^No\n.*In an emergency the law allows it/s);
    assert.equal(await page.locator('#look').count(), 0);
    // The first page, said to be all.
    await page.route('**/v1/parties/*/records*', async (route) => {
      const answer = await route.fetch();
      const receipt = await answer.json();
      delete receipt.question.to;
      await route.fulfill({ response: answer, json: receipt });
    });
    await page.click('#own-again');
    await page.waitForSelector('#own-seal .seal.bad');
    await page.unroute('**/v1/parties/*/records*');
    check();
    await context.close();
  });
}

/** Records of nobody else's concern, so that a list gets long. */
async function grow(session, count) {
  for (let written = 0; written < count; written += 32) {
    await Promise.all(Array.from({ length: 32 }, async (_, i) => {
      const note = await draft('note', session.origin, { text: String(written + i) });
      return session.submit(await submission(session.by, note));
    }));
  }
}

/** What a reader of QR codes makes of a drawing. */
export const readQr = (page, selector) => page.evaluate(async (where) => {
  const { default: decodeQR } = await import('/web/vendor/qr/decode.js');
  const text = new XMLSerializer().serializeToString(document.querySelector(where));
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
  await image.decode();
  const side = 600;
  const canvas = new OffscreenCanvas(side, side);
  const drawing = canvas.getContext('2d');
  drawing.fillStyle = '#fff';
  drawing.fillRect(0, 0, side, side);
  drawing.drawImage(image, 0, 0, side, side);
  return decodeQR({ width: side, height: side, data: drawing.getImageData(0, 0, side, side).data });
}, selector);
