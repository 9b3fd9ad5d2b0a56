// A mandate and a consent, given in a few steps: by keyboard alone, counted, and good for a yes once the other side accepts. What isn't proven is neither
// offered nor called recorded; what can't be sent is signed once.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessible, opened, watched } from './watch.mjs';
import { listOf, may, write } from './world.mjs';
import { b64url, labelled, ofB64url } from '../../server/web/verifier/bytes.js';

async function enrolled(page, name) {
  await opened(page, '/me');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector('#seal .seal.ok');
}

/** What a party's list holds of a kind, with their ids. */
async function held(session, kind) {
  const bytes = JSON.parse(await listOf(session)).entries.flatMap(({ record }) => (record === undefined ? [] : [ofB64url(record.split('.')[1])]));
  const all = await Promise.all(bytes.map(async (one) => ({ id: b64url(await labelled('id', one)), payload: JSON.parse(new TextDecoder().decode(one)) })));
  return all.filter(({ payload }) => payload.kind === kind);
}

const GIVE = '#flow form .button:not(.quiet)';

export function give(test, at) {
  test('a mandate is given by keyboard alone in eight presses, in fr on a phone, and holds once accepted', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'fr', viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await enrolled(page, 'Maria Exemple');
    await page.screenshot({ path: join(at.shots, 'me-give-fr-phone.png') });
    const [mother, son] = [await world.person('mother'), await world.person('son')];
    const isAllowed = () => may(world, son.by.party, 'taxes.return', mother.by.party);
    assert.equal(await isAllowed(), false);
    await page.click('a[href$="#mandate"]');
    await page.waitForSelector('#flow form');

    let presses = 0;
    const press = async (key) => {
      presses += 1;
      await page.keyboard.press(key);
    };
    /** Goes there, by Tab; within a group by arrows, which choose. */
    const choose = async (value) => {
      const input = page.locator(`#flow input[value="${value}"]`);
      const isThere = () => input.evaluate((one) => one === document.activeElement);
      const isNear = () => input.evaluate((one) => one.type === 'radio' && one.name === document.activeElement.name);
      for (let i = 0; i < 40 && !(await isThere()); i++) await page.keyboard.press((await isNear()) ? 'ArrowDown' : 'Tab');
      assert.ok(await isThere(), value);
      await press('Space');
      assert.ok(await input.isChecked(), value);
    };
    const next = async (shot) => {
      const before = await page.locator('#question').innerText();
      await accessible(page, before);
      if (shot) await page.screenshot({ path: join(at.shots, `give-${shot}-fr-phone.png`), fullPage: true });
      for (let i = 0; i < 40 && !(await page.evaluate((selector) => document.activeElement.matches(selector), GIVE)); i++) await page.keyboard.press('Tab');
      await press('Enter');
      await page.waitForFunction((text) => document.getElementById('question').innerText !== text, before);
      assert.equal(await page.evaluate(() => document.activeElement.id), 'question', 'the focus is on the question');
    };
    assert.equal(await page.locator('#flow :checked').count(), 0, 'nothing is chosen beforehand');
    await choose(son.by.party);
    await next('whom');
    await choose('taxes.return');
    await next('what');
    await choose('quarter');
    await next('until');
    assert.match(await page.locator('.oath').innerText(), /^J’autorise Tom Exemple à agir pour moi\s: Impôts: Déclaration\. Jusqu’au .* inclus\. Ce mandat ne peut/);
    await next('sign');
    assert.ok(presses <= 8, `${presses} presses`);
    assert.equal(await page.locator('#question').innerText(), 'Signé et enregistré');
    assert.match(await page.locator('#flow').innerText(), /Tom Exemple n’a pas encore accepté/);
    await accessible(page, 'recorded');
    await page.screenshot({ path: join(at.shots, 'give-done-fr-phone.png'), fullPage: true });
    assert.doesNotMatch(page.url(), /taxes|Tom/);

    assert.equal(await isAllowed(), false, 'not before it is accepted');
    const [offer, ...more] = (await held(son, 'mandate')).filter(({ payload }) => payload.scopes.includes('taxes.return'));
    assert.deepEqual(more, []);
    await write(son, 'acceptance', { target: offer.id });
    assert.equal(await isAllowed(), true);
    check();
    await context.close();
  });

  test('a consent is shared with an organisation by its number, in de on a desktop; Back keeps answers, and trying again sends the same', async () => {
    const { world } = at;
    const { context, seen, check } = await watched(at.browser, world.url, { locale: 'de', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' });
    const page = await context.newPage();
    await enrolled(page, 'Tom Exemple');
    await page.click('a[href$="#consent"]');
    await page.waitForSelector('#flow form');
    await page.click(GIVE);
    assert.match(await page.locator('#flow .note.bad').innerText(), /Wählen Sie eine Antwort/);
    await page.click('label:has(.reveals)');
    // A person's number is none of an organisation.
    await page.fill('#number', '48.03.15-002.92');
    await page.click(GIVE);
    await page.waitForSelector('#flow .note.bad');
    assert.match(await page.locator('#flow .note.bad').innerText(), /keine Unternehmensnummer/);
    await accessible(page, 'wrong');
    await page.fill('#number', '1000.000.021');
    await page.click(GIVE);
    await page.waitForFunction(() => document.getElementById('question').innerText.includes('Exampleville'));
    // Both a category and what lies below it: the sentence says it once.
    await page.check('input[value="taxes"]');
    await page.check('input[value="taxes.return"]');
    await page.click(GIVE);
    await page.waitForSelector('input[name=why]');
    await page.click('#flow .actions .quiet');
    await page.waitForSelector('input[name=what]');
    assert.equal(await page.isChecked('input[value="taxes"]'), true, 'Back keeps the answer');
    await page.click(GIVE);
    await page.check('input[value="benefit.application"]');
    await page.click(GIVE);
    await page.check('input[value=day]');
    await page.fill('#day', '2020-01-01');
    await page.click(GIVE);
    assert.match(await page.locator('#flow .note.bad').innerText(), /einen Tag ab heute/);
    await page.screenshot({ path: join(at.shots, 'give-wrong-de-dark.png'), fullPage: true });
    await page.check('input[value=month]');
    await page.click(GIVE);
    assert.match(await page.locator('.oath').innerText(), /^Ich lasse Town of Exampleville meine Daten sehen: Steuern\. Wofür: Eine Leistung beantragen\. Bis einschließlich/);
    await page.screenshot({ path: join(at.shots, 'give-sign-de-dark.png'), fullPage: true });

    const sent = [];
    const cut = async (route) => {
      sent.push(route.request().postData());
      await route.abort();
    };
    const son = await world.person('son');
    const shared = async () => (await held(son, 'consent')).map(({ payload }) => payload).filter(({ scopes }) => scopes.includes('taxes'));
    await page.route('**/v1/records', cut);
    await page.click(GIVE);
    await page.waitForSelector('#flow .note.bad');
    assert.match(await page.locator('#flow .note.bad').innerText(), /hat sich nichts geändert/);
    assert.deepEqual(await shared(), []);
    await page.unroute('**/v1/records', cut);
    // Recorded, but the receipt is changed on the way: not called so. Tried again, it is the same record.
    const changed = async (route) => {
      sent.push(route.request().postData());
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/"tree":"../, '"tree":"AA') });
    };
    await page.route('**/v1/records', changed);
    await page.click(GIVE);
    await page.waitForFunction(() => document.querySelector('#flow .note.bad')?.innerText.includes('beweist nicht'));
    assert.equal(await page.locator('.seal.ok').count(), 0);
    assert.doesNotMatch(await page.locator('main').innerText(), /Unterschrieben und eingetragen/);
    await page.unroute('**/v1/records', changed);
    const third = page.waitForRequest('**/v1/records');
    await page.click(GIVE);
    sent.push((await third).postData());
    await page.waitForSelector('.seal.ok');
    assert.equal(sent.length, 3);
    assert.equal(new Set(sent).size, 1);
    assert.equal(await page.locator('#question').innerText(), 'Unterschrieben und eingetragen');
    assert.deepEqual((await shared()).map(({ scopes, purposes }) => [scopes, purposes]), [[['taxes'], ['benefit.application']]]);
    await page.screenshot({ path: join(at.shots, 'give-done-de-dark.png'), fullPage: true });
    assert.ok(seen.requests.every((address) => !/1000.?000.?021/.test(address)));
    check();
    await context.close();
  });

  test('of a catalogue that lies nothing is offered, and without a key nothing is asked', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'nl' });
    const page = await context.newPage();
    await opened(page, '/give');
    assert.match(await page.locator('#flow').innerText(), /een sleutel van u nodig/);
    await enrolled(page, 'Maria Exemple');
    await page.route('**/v1/records/*/receipt', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/"tree":"../, '"tree":"AA') });
    });
    await opened(page, '/give');
    assert.match(await page.locator('#flow').innerText(), /hier is niets om te ondertekenen/);
    assert.equal(await page.locator('#flow form').count(), 0);
    await page.unroute('**/v1/records/*/receipt');
    await opened(page, '/give');
    assert.equal(await page.locator('#flow form').count(), 1, 'the same page, told the truth');
    check();
    await context.close();
  });
}
