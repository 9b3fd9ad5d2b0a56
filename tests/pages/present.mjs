// A mandate is shown to who asks for it, by a key of a party of it: green once, and never for what was changed, sent elsewhere, shown again, or has ended.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { b64url, ofB64url } from '../../server/web/verifier/bytes.js';
import { accessible, opened, watched } from './watch.mjs';
import { offer, write } from './world.mjs';

/** Somebody's key comes to this browser, by the demo's desk. */
async function enrolled(context, name) {
  const page = await context.newPage();
  await opened(page, '/me');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector('#seal .seal.ok');
  await page.close();
}

/** The verifier's page makes a code for what it needs; where that leads. */
async function asks(page, needs = []) {
  await page.goto('about:blank');
  await page.goto('/present');
  await page.waitForSelector('#ask:visible');
  await page.waitForLoadState('networkidle');
  for (const need of needs) await page.check(`#ask input[value=${need}]`);
  // A code that this tab asked by before, and that was not answered, is still there.
  const before = await page.evaluate(() => document.querySelector('#code a')?.getAttribute('href') ?? null);
  await page.click('#ask form button');
  await page.waitForFunction((old) => ![null, old].includes(document.querySelector('#code a')?.getAttribute('href') ?? null), before);
  return page.getAttribute('#code a', 'href');
}

/** Of what he has, what he gave his neighbour for that. */
const chosen = (page, scope) => page.locator('#which label').filter({ hasText: scope }).filter({ hasText: 'Ilse Muster' }).click();

/** The holder opens it, picks one and signs; what there is to hand over. */
async function shows(page, address, which) {
  await page.goto('about:blank');
  await page.goto(address);
  await page.waitForSelector('#holder:visible');
  await chosen(page, which);
  await page.click('#holder button');
  await page.waitForSelector('#said .note.ok');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#said button')]);
  return readFileSync(await download.path(), 'utf8');
}

/** What the verifier's page says of a text. */
async function told(page, text) {
  await page.fill('#paste', text);
  await page.click('#text button');
  await page.waitForSelector('#said .seal.big');
  return page.locator('#said .seal.big').innerText();
}

export function present(test, at) {
  for (const [locale, title, ready, needed] of [
    ['fr', 'Authentique, valable, et à la personne qui le montre', /^C’est prêt/, 'votre numéro'],
    ['nl', 'Echt, geldig, en van wie ze toont', /^Klaar/, 'uw nummer'],
  ]) {
    test(`a mandate is shown once, in ${locale}`, async () => {
      const { world } = at;
      const [scope, word] = locale === 'fr' ? ['household', 'ménage'] : ['pensions', 'ensioen'];
      const given = await offer(world, 'son', 'neighbour', scope);
      await write(await world.person('neighbour'), 'acceptance', { target: given.id });
      const desk = await watched(at.browser, world.url, { locale, viewport: { width: 1280, height: 900 } });
      const phone = await watched(at.browser, world.url, { locale, viewport: { width: 390, height: 844 } });
      const [verifier, holder] = [await desk.context.newPage(), await phone.context.newPage()];

      // Without a key nothing can be shown, and it is said so.
      const first = await asks(verifier, ['identifier']);
      await holder.goto(first);
      await holder.waitForSelector('#no-key:visible');
      await accessible(holder, 'no key');
      await accessible(verifier, 'asks');
      await verifier.screenshot({ path: join(at.shots, `present-asks-${locale}.png`), fullPage: true });

      await enrolled(phone.context, 'Tom Exemple');
      await holder.goto('about:blank');
      await holder.goto(first);
      await holder.waitForSelector('#holder:visible');
      assert.ok((await holder.locator('#sum').innerText()).includes(needed));
      await accessible(holder, 'shows');
      await holder.screenshot({ path: join(at.shots, `present-shows-${locale}.png`), fullPage: true });
      const shown = await shows(holder, first, word);
      assert.match(await holder.locator('#said .note.ok').innerText(), ready);
      await accessible(holder, 'shown');
      // Of what is withheld only his number is there: his name is not, nor the other's.
      const names = JSON.parse(shown).mandate.entries.flatMap(({ disclosures = [] }) => disclosures).map((one) => JSON.parse(Buffer.from(one, 'base64url'))[1]);
      assert.deepEqual(names, ['identifier']);

      const outcome = await told(verifier, shown);
      assert.ok(outcome.startsWith(title), outcome);
      assert.equal(await verifier.evaluate(() => document.activeElement.tagName), 'H2', 'the answer has the focus');
      assert.match(await verifier.locator('#said dl').last().innerText(), /niss:/);
      await accessible(verifier, 'taken');
      await verifier.screenshot({ path: join(at.shots, `present-taken-${locale}.png`), fullPage: true });
      for (const { seen, check } of [desk, phone]) {
        check();
        assert.ok(seen.requests.every((address) => !address.split('#')[0].includes(first.split('#')[1])), 'no server sees what is asked');
      }
      assert.ok(desk.seen.requests.every((address) => !/\/v1\/(records|parties|receipts)/.test(address)), 'the register is not asked about it');
      await desk.context.close();
      await phone.context.close();
    });
  }

  test('again, changed, for another, and ended: never green', async () => {
    const { world } = at;
    const [son, neighbour] = [await world.person('son'), await world.person('neighbour')];
    const given = await offer(world, 'son', 'neighbour', 'flexi');
    await write(neighbour, 'acceptance', { target: given.id });
    const { context, check } = await watched(at.browser, world.url, { locale: 'en', acceptDownloads: true });
    await enrolled(context, 'Tom Exemple');
    const [verifier, holder] = [await context.newPage(), await context.newPage()];
    const other = await shows(holder, await asks(verifier), 'lexi');
    const asked = await asks(verifier);
    const shown = await shows(holder, asked, 'lexi');
    assert.match(await told(verifier, other), /answers another question than yours/);
    // One bit of the signature, and another key's word.
    const whole = JSON.parse(shown);
    const kb = whole.kb.split('.');
    const signature = ofB64url(kb[2]);
    signature[3] ^= 1;
    assert.match(await told(verifier, JSON.stringify({ ...whole, kb: [kb[0], kb[1], b64url(signature)].join('.') })), /not signed with a key of theirs/);
    assert.match(await told(verifier, shown.replace('"v":1', '"v":2')), /not a receipt|damaged/);
    assert.equal(await verifier.locator('.seal.ok').count(), 0);
    await accessible(verifier, 'refused');
    await verifier.screenshot({ path: join(at.shots, 'present-refused-en.png'), fullPage: true });
    assert.match(await told(verifier, shown), /^Real, in force, and theirs/);
    // The code is used up, whatever is done with the page.
    await verifier.reload();
    await verifier.waitForSelector('#ask:visible');
    assert.equal(await verifier.locator('#take').isVisible(), false);

    // What ended while it was chosen is not shown.
    await holder.goto('about:blank');
    await holder.goto(await asks(verifier));
    await holder.waitForSelector('#holder:visible');
    await write(son, 'revocation', { target: given.id });
    await chosen(holder, 'lexi');
    await holder.click('#holder button');
    await holder.waitForSelector('#said .note.bad');
    assert.match(await holder.locator('#said').innerText(), /does not hold any more/);

    // What can't be read, and another register.
    const challenge = (members) => `/present#${Buffer.from(JSON.stringify({ v: 1, origin: world.log.origin, aud: 'https://pharmacy.example', nonce: 'A'.repeat(43), ...members })).toString('base64url')}`;
    for (const [address, words] of [['/present#AAAA', /can’t be read/], [challenge({ exp: 1 }), /can’t be read/], [challenge({ origin: 'trial/elsewhere' }), /another register, trial\/elsewhere/]]) {
      await holder.goto('about:blank');
      await holder.goto(address);
      await holder.waitForSelector('#said .note.bad');
      assert.match(await holder.locator('#said').innerText(), words);
      assert.equal(await holder.locator('#holder').isVisible(), false);
    }
    await holder.goto('about:blank');
    await holder.goto(challenge({ question: { category: 'household', purpose: 'help' } }));
    await holder.waitForSelector('#holder:visible');
    assert.match(await holder.locator('h1').innerText(), /^pharmacy\.example asks/);
    assert.match(await holder.locator('#sum').innerText(), /whether it allows this/);
    check();
    await context.close();
  });
}
