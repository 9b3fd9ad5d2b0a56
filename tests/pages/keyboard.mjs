// Every task by keys alone: nothing is clicked, and nothing gets the focus but by Tab, arrows, and what the page itself gives it to.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Services } from './desks.mjs';
import { keys } from './keys.mjs';
import { opened, watched } from './watch.mjs';
import { may, offer } from './world.mjs';

const [MOTHER, SON] = ['48.03.15-002.92', '75.06.12-001.92'];

/** Somebody of the directory gets a key. */
async function enrolled(page, party) {
  await opened(page, '/me');
  const { choose, press } = keys(page);
  await choose(`#people input[value="${party}"]`);
  await press('#who button');
  await page.waitForSelector('#seal .seal.ok');
}

const focused = (page) => page.evaluate(() => document.activeElement.textContent);

export function keyboard(test, at) {
  test('a citizen gets a key, accepts, and freezes a device', async () => {
    const { world } = at;
    const [mother, neighbour] = [await world.person('mother'), await world.person('neighbour')];
    const { id } = await offer(world, 'mother', 'neighbour', 'household');
    const { context, check } = await watched(at.browser, world.url, { locale: 'nl' });
    const page = await context.newPage();
    await enrolled(page, neighbour.by.party);
    const { press } = keys(page);
    await press(`li[data-id="${id}"] details.wide > summary`);
    await press(`li[data-id="${id}"] button[value=acceptance]`);
    await page.waitForSelector(`li[data-id="${id}"] .note.ok`);
    assert.match(await focused(page), /^Aanvaard/);
    assert.equal(await may(world, neighbour.by.party, 'household', mother.by.party), true);
    // The key of the demo's file is another device.
    await press('section[aria-labelledby=h-devices] .end > summary');
    await press('section[aria-labelledby=h-devices] button[value=suspension]');
    await page.waitForSelector('section[aria-labelledby=h-devices] .note.ok');
    assert.match(await focused(page), /^Geblokkeerd/);
    check();
    await context.close();
  });

  test('an officer helps somebody, as far as the paper', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'fr' });
    await context.addInitScript(() => {
      window.printed = 0;
      window.print = () => { window.printed += 1; };
    });
    const page = await context.newPage();
    await opened(page, '/counter');
    const { choose, pick, press, type } = keys(page);
    await choose('#shift input[value="2"]');
    await press('#shift button');
    await page.waitForSelector('#s-who:visible');
    await choose('#f-who input[value=card]');
    await pick('#tongue', 'nl');
    await type('#n-who', MOTHER);
    await press('#f-who button[value=give]');
    await page.waitForSelector('#s-wish:visible');
    await type('#n-helper', SON);
    await pick('#what', 'taxes');
    await press('#f-wish .button:not(.quiet)');
    await page.waitForSelector('#s-read:visible');
    await press('#yes');
    await page.waitForFunction(() => window.printed === 1);
    assert.equal(await page.locator('#sheet .paper h2').innerText(), 'Tom Exemple mag voor u optreden');
    await press('#next');
    await page.waitForSelector('#s-who:visible');
    check();
    await context.close();
  });

  test('an institution signs in and checks', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'de' });
    const page = await context.newPage();
    await opened(page, '/office');
    const { choose, pick, press, type } = keys(page);
    const office = await page.locator('#offices label', { hasText: 'Sociaal Secretariaat' }).locator('input').inputValue();
    await choose(`#offices input[value="${office}"]`);
    await press('#who button');
    await page.waitForSelector('#own-seal .seal.ok');
    await type('#c-about', SON);
    await pick('#c-what', 'taxes.return');
    await pick('#c-why', 'contributions');
    await press('#c-form button');
    await page.waitForSelector('#decision .seal.big.bad');
    assert.match(await focused(page), /^Nein/);
    check();
    await context.close();
  });

  test('a mandate is asked for, shown, and taken', async () => {
    const { world } = at;
    const { context, check } = await watched(at.browser, world.url, { locale: 'en', acceptDownloads: true });
    const [verifier, holder] = [await context.newPage(), await context.newPage()];
    await enrolled(holder, (await world.person('son')).by.party);
    await opened(verifier, '/present');
    const [asking, showing] = [keys(verifier), keys(holder)];
    await asking.choose('#ask input[value=name]');
    await asking.press('#ask form button');
    await verifier.waitForSelector('#code a');
    await holder.goto('about:blank');
    await holder.goto(await verifier.getAttribute('#code a', 'href'));
    await holder.waitForSelector('#holder:visible');
    await showing.choose('#which label:first-of-type input');
    await showing.press('#holder button');
    await holder.waitForSelector('#said .note.ok');
    const [download] = await Promise.all([holder.waitForEvent('download'), showing.press('#said button')]);
    await asking.type('#paste', readFileSync(await download.path(), 'utf8'));
    await asking.press('#text button');
    await verifier.waitForSelector('#said .seal.big.ok');
    check();
    await context.close();
  });

  test('a receipt is verified, and another after it', async () => {
    const { world } = at;
    const son = await world.person('son');
    const receipt = await (await son.get(`/v1/parties/${son.by.party}/records`)).text();
    const { context, check } = await watched(at.browser, world.url, { locale: 'fr' });
    const page = await context.newPage();
    await opened(page, '/verify');
    const { press, type } = keys(page);
    for (let times = 0; times < 2; times++) {
      await type('#paste', receipt);
      await press('#text button');
      await page.waitForSelector('#result .seal.big.ok');
      await press('#result .actions button');
      await page.waitForSelector('#ask:visible');
    }
    check();
    await context.close();
  });

  test('a service is signed for', async () => {
    const { world } = at;
    at.flexi = await Services.start(at.flexiProgram, world);
    const { context, check } = await watched(at.browser, world.url, { beside: at.flexi.url, locale: 'en' });
    const page = await context.newPage();
    await enrolled(page, (await world.person('son')).by.party);
    await page.goto(`${at.flexi.url}/mine`);
    const { press } = keys(page);
    await press('#door button');
    await page.waitForURL(`${world.url}/sign**`);
    await page.waitForSelector('#signing:visible');
    await press('#signing button[value=sign]');
    await page.waitForURL(`${at.flexi.url}/**`);
    await page.waitForSelector('#counter-student');
    check();
    await context.close();
  });
}
