// A fictional person enrols, sees a list that is proven complete, ends, accepts, declines. A lying server never gets a green seal, and without the
// register nothing is said to have changed.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { verify } from '../../server/web/verifier/index.js';
import { accessible, again, opened, watchSeal, watched } from './watch.mjs';
import { listOf, may, offer, World } from './world.mjs';

/** Enrols as somebody of the directory, and waits for what the seal says. */
async function enrolled(page, name, seal = 'ok') {
  await opened(page, '/me');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector(`#seal .seal.${seal}`);
}

const rowWith = (page, text) => page.locator('li.row', { hasText: text });

export function me(test, at) {
  test('a key is made here, the list is proven, a mandate ends by keyboard alone, in nl on a phone', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'nl', viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await opened(page, '/me');
    await accessible(page, 'enrol');
    await page.screenshot({ path: join(at.shots, 'me-enrol-nl.png'), fullPage: true });
    await enrolled(page, 'Maria Exemple');
    assert.equal(await page.locator('#seal strong').innerText(), 'Deze lijst is volledig');
    assert.doesNotMatch(await page.locator('body').innerText(), /[0-9]{11}|niss/, 'no number of anybody');
    const keys = await page.evaluate(async () => {
      const database = await new Promise((resolve) => { const open = indexedDB.open('procura'); open.onsuccess = () => resolve(open.result); });
      const kept = await new Promise((resolve) => { const get = database.transaction('one').objectStore('one').get('me'); get.onsuccess = () => resolve(get.result); });
      return [kept.key.type, kept.key.extractable];
    });
    assert.deepEqual(keys, ['private', false]);
    const row = rowWith(page, 'Tom Exemple');
    assert.match(await row.innerText(), /mag voor mij optreden: Pensioenen/);
    await accessible(page, 'overview');
    await page.screenshot({ path: join(at.shots, 'me-nl-phone.png'), fullPage: true });

    const [mother, son] = [await world.person('mother'), await world.person('son')];
    assert.equal(await may(world, son.by.party, 'pensions', mother.by.party), true);
    await row.locator('.end > summary').focus();
    await page.keyboard.press('Enter');
    assert.match(await row.innerText(), /Vanaf dit ogenblik kan Tom Exemple/);
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Behouden/, 'the focus stays, on what keeps it');
    await accessible(page, 'ending');
    await page.screenshot({ path: join(at.shots, 'me-ending-nl.png'), fullPage: true });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await row.locator('.note.ok').waitFor();
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Gestopt vandaag om .*Vanaf nu is het antwoord bij elke controle nee/);
    assert.equal(await row.locator('.state').innerText(), 'Gestopt');
    assert.equal(await may(world, son.by.party, 'pensions', mother.by.party), false);
    await accessible(page, 'ended');
    await again(page);
    await page.waitForSelector('#seal .seal.ok');
    assert.match(await page.locator('#act .ended').textContent(), /Tom Exemple.*gestopt op/);

    // What has ended may be asked to be erased: whoever it concerns has the wish in their own list.
    await page.locator('#act .ended > summary').click();
    const past = page.locator('#act .ended li', { hasText: 'Pensioenen' });
    await past.locator('summary', { hasText: 'Vragen om dit te wissen' }).click();
    await past.locator('textarea').fill('Dat is lang geleden.');
    await accessible(page, 'asking for erasure');
    await page.screenshot({ path: join(at.shots, 'me-erase-nl.png'), fullPage: true });
    await past.locator('form button').click();
    await past.locator('.note.ok').waitFor();
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Gevraagd om/);
    const theirs = await verify(await listOf(son), { type: 'complete', party: son.by.party, from: 0 }, world.log.policy, { fresh: Date.now() });
    const asked = theirs.records.filter(({ kind }) => kind === 'report');
    const ended = theirs.records.find(({ kind, payload }) => kind === 'mandate' && payload.scopes.includes('pensions'));
    assert.deepEqual(asked.map(({ payload, target }) => [payload.wrong, payload.target ?? target]), [['erase', ended.id]]);
    check();
    await context.close();
  });

  test('an offer is accepted, another declined, in fr, dark', async () => {
    const { world } = at;
    await offer(world, 'mother', 'neighbour', 'household');
    const { context, check } = await watched(at.browser, world.url, { locale: 'fr', colorScheme: 'dark', viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await enrolled(page, 'Ilse Muster');
    assert.equal(await page.locator('#n-wait').innerText(), '2');
    await page.locator('#wait details.wide').first().evaluate((details) => (details.open = true));
    await accessible(page, 'waiting');
    await page.screenshot({ path: join(at.shots, 'me-fr-dark.png'), fullPage: true });
    const [yes, no] = await page.locator('#wait details.wide[open] button').all();
    assert.equal((await yes.boundingBox()).height, (await no.boundingBox()).height);
    const [neighbour, son, mother] = [await world.person('neighbour'), await world.person('son'), await world.person('mother')];
    const taxes = page.locator('#wait li', { hasText: 'Tom Exemple' });
    if (!(await taxes.locator('button[value=acceptance]').isVisible())) await taxes.locator('details.wide > summary').click();
    await taxes.locator('button', { hasText: 'Accepter le mandat' }).click();
    await taxes.locator('.note.ok').waitFor();
    assert.equal(await may(world, neighbour.by.party, 'taxes', son.by.party), true);
    const household = page.locator('#wait li', { hasText: 'Maria Exemple' });
    if (!(await household.locator('button[value=renunciation]').isVisible())) await household.locator('details.wide > summary').click();
    await household.locator('button', { hasText: 'Décliner' }).click();
    await household.locator('.note.ok').waitFor();
    assert.equal(await household.locator('.state').innerText(), 'Décliné');
    assert.equal(await may(world, neighbour.by.party, 'household', mother.by.party), false);
    await again(page);
    await page.waitForSelector('#seal .seal.ok');
    assert.equal(await page.locator('#wait').isVisible(), false);
    assert.match(await rowWith(page, 'Tom Exemple').innerText(), /Je peux agir pour cette personne/);
    check();
    await context.close();
  });

  test('a server that leaves something out never gets a green seal', async () => {
    const { world } = at;
    await offer(world, 'student', 'worker', 'student');
    const { context, check } = await watched(at.browser, world.url, { locale: 'en' });
    await watchSeal(context);
    const page = await context.newPage();
    await enrolled(page, 'Sam Voorbeeld');
    const list = '**/v1/parties/*/records*';
    let honest;
    const lies = {
      'the last item of the list': (receipt) => {
        const items = Buffer.from(receipt.tags.at(-1), 'base64url');
        const index = Number(items.readBigUInt64BE(items.length - 42));
        receipt.tags[receipt.tags.length - 1] = items.subarray(0, -42).toString('base64url');
        receipt.entries = receipt.entries.filter((entry) => entry.index !== index);
      },
      'the last segment': (receipt) => receipt.tags.pop(),
      'an entry': (receipt) => receipt.entries.pop(),
      'what an entry says': (receipt) => receipt.entries.filter(({ record }) => record !== undefined).slice(-1).forEach((entry) => { delete entry.record; delete entry.r; delete entry.disclosures; }),
      'a hash of the map': (receipt) => (receipt.trie = receipt.trie.slice(0, -4)),
    };
    for (const [what, lie] of Object.entries(lies)) {
      await page.route(list, async (route) => {
        const answer = await route.fetch();
        honest = await answer.text();
        const receipt = JSON.parse(honest);
        lie(receipt);
        assert.notEqual(JSON.stringify(receipt), JSON.stringify(JSON.parse(honest)), what);
        await route.fulfill({ response: answer, json: receipt });
      });
      await again(page);
      await page.waitForSelector('#seal .seal.bad');
      assert.equal(await page.evaluate(() => window.wasGreen), false, what);
      assert.equal(await page.locator('#seal strong').innerText(), 'Something is wrong with this list');
      await page.unroute(list);
    }
    await accessible(page, 'bad');
    await page.screenshot({ path: join(at.shots, 'me-bad-en.png'), fullPage: true });
    // The last list that was right is still there to read, and to end; nothing can be agreed to.
    assert.ok((await page.locator('#see .end').count()) > 0);

    // An honest receipt of before: the browser saw more since.
    const old = honest;
    await offer(world, 'student', 'worker', 'flexi');
    await again(page);
    await page.waitForSelector('#seal .seal.ok');
    await page.route(list, (route) => route.fulfill({ body: old, contentType: 'application/vnd.procura.receipt+json' }));
    await again(page);
    await page.waitForSelector('#seal .seal.bad');
    assert.equal(await page.evaluate(() => window.wasGreen), false, 'an old list');
    assert.equal(await page.locator('#seal code').textContent(), 'rollback');
    await page.unroute(list);

    // The list is right, but how a record stands is not.
    await page.route('**/v1/records/*/receipt*', async (route) => {
      const answer = await route.fetch();
      const receipt = await answer.json();
      if (receipt.lists?.length > 0) receipt.lists[0].items = receipt.lists[0].items.slice(0, 56);
      receipt.lists = receipt.lists?.map((one) => ({ ...one, items: Buffer.from(one.items, 'base64url').subarray(0, 42).toString('base64url') }));
      await route.fulfill({ response: answer, json: receipt });
    });
    await again(page);
    await page.waitForSelector('#seal .seal.bad');
    assert.equal(await page.evaluate(() => window.wasGreen), false, 'a status');
    check();
    await context.close();
  });

  test('without the register nothing is said to have changed; what was to end ends later', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'de', serviceWorkers: 'allow' });
    await watchSeal(context);
    const page = await context.newPage();
    await enrolled(page, 'Ewa');
    await page.evaluate(() => navigator.serviceWorker.ready);
    await context.setOffline(true);
    await page.reload();
    await page.waitForSelector('#seal .seal.wait strong:has-text("Vollständig bis")');
    assert.equal(await page.evaluate(() => window.wasGreen), false);
    const row = page.locator('#see li', { hasText: 'Bistro De Proef' });
    await row.locator('.end > summary').click();
    await row.locator('.end form button').click();
    await row.locator('.note.bad').waitFor();
    assert.match(await row.locator('.note.bad').innerText(), /^Nichts hat sich geändert/);
    assert.match(await row.locator('.state').innerText(), /Gültig|Endet/);
    await accessible(page, 'unreached');
    await page.screenshot({ path: join(at.shots, 'me-unreached-de.png'), fullPage: true });
    await context.setOffline(false);
    await page.waitForSelector('#seal .seal.ok');
    assert.match(await page.locator('#notes').innerText(), /gesendet und ist beendet/);
    assert.match(await page.locator('#see .ended').textContent(), /Bistro De Proef.*beendet am/);

    // A receipt that does not prove the ending is no ending.
    await offer(world, 'worker', 'son', 'taxes');
    await again(page);
    const other = page.locator('#act li', { hasText: 'Tom Exemple' });
    await page.route('**/v1/records', async (route) => {
      const answer = await route.fetch();
      const receipt = await answer.json();
      receipt.entries.pop();
      await route.fulfill({ response: answer, json: receipt });
    });
    await other.locator('.end > summary').click();
    await other.locator('.end form button').click();
    await other.locator('.note.bad').waitFor();
    assert.match(await other.locator('.note.bad').innerText(), /Verlassen Sie sich nicht darauf/);
    assert.equal(await other.locator('.note.ok').count(), 0);
    check();
    await context.close();
  });

  test('somebody new has an empty list; their second device waits', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'en', viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await opened(page, '/me');
    await page.click('label:has-text("Someone new")');
    await page.click('#who button');
    assert.equal(await page.locator('#name-error').innerText(), 'Fill in a name.');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'name');
    await accessible(page, 'no name');
    await page.fill('#name', 'Zoé Inventée');
    await page.click('#who button');
    await page.waitForSelector('#seal .seal.ok');
    assert.match(await page.locator('#act .empty').innerText(), /Nobody may act for you/);
    await accessible(page, 'empty');
    await page.locator('#forget summary').click();
    await page.locator('#forget form button').click();
    await page.waitForSelector('#enrol:visible');
    await enrolled(page, 'Zoé Inventée', 'off');
    assert.equal(await page.locator('#seal strong').innerText(), 'This device’s key does not count yet');
    check();
    await context.close();
  });

  test('without --demo there is no desk and no overview', async () => {
    const plain = await World.start(at.program, { demo: false });
    try {
      for (const [path, method] of [['/me', 'GET'], ['/demo/people', 'GET'], ['/demo/enrolments', 'POST'], ['/demo/keys', 'POST']]) {
        assert.equal((await fetch(plain.url + path, { method })).status, 404, path);
      }
      assert.doesNotMatch(await (await fetch(plain.url)).text(), /\/me/);
    } finally {
      await plain.stop();
    }
  });
}
