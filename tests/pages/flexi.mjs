// The example with pages of its own: people sign on the ledger's, and come back with the receipts. Its story 15 and story 1 from the declaration to the worker's
// page, with both programs running. Nothing is shown without a receipt, and one that was changed, or was to go elsewhere, is none.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { citizen, LIES, lying, office, receiptsIn, refused, Services, shot, signs } from './desks.mjs';
import { accessible, watched } from './watch.mjs';
import { fitsZoomed } from './zoom.mjs';

const PAGES = ['/', '/mine', '/declare', '/hire'];
const VIEWS = [
  { locale: 'fr', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { locale: 'nl', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  { locale: 'de', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  { locale: 'en', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
];
const WORKER = 'niss:75061200192';
const WORKER_TYPED = '75.06.12-001.92';
const YEAR = new Date().getFullYear();

/** What is there once a page has begun. */
const BEGUN = { '/': 'h1', '/mine': '#look:visible', '/declare': '#forms:visible', '/hire': '#what:visible' };

async function looks(page, at, where, language) {
  await page.goto(`${at.flexi.url}/mine${language === undefined ? '' : `?lang=${language}`}`);
  await page.click('#door button');
  await signs(page, at, at.flexi.url, where);
}

/** A day of this year, by its month and day. */
const day = (rest) => `${YEAR}-${rest}`;

async function types(page, line) {
  for (const [id, value] of Object.entries(line)) await page.fill(`#${id}`, value);
  await page.click('#one button');
}

export function flexi(test, at) {
  test('its pages are accessible in four languages, as they stand, zoomed, and without scripts', async () => {
    at.flexi ??= await Services.start(at.flexiProgram, at.world);
    for (const view of VIEWS) {
      const { context, check } = await watched(at.browser, at.flexi.url, view);
      const page = await context.newPage();
      for (const path of PAGES) {
        await page.goto(path);
        await page.waitForSelector(BEGUN[path]);
        assert.equal(await page.getAttribute('html', 'lang'), view.locale);
        assert.equal(await page.locator('h1:visible').count(), 1, path);
        assert.doesNotMatch(await page.content(), /\{\{|\}\}|undefined|\[object/);
        const name = `${path.slice(1) || 'start'}-${view.locale}-${view.viewport.width}-${view.colorScheme}`;
        await accessible(page, name);
        await shot(page, at, name);
        // The languages with the longest words.
        if (view.viewport.width === 390) await fitsZoomed(page, name);
      }
      // Another language is one press away, and stays.
      const other = view.locale === 'de' ? 'fr' : 'de';
      await page.click(`a[hreflang=${other}]`);
      await page.waitForURL(new RegExp(`lang=${other}`));
      await page.goto('/mine');
      await page.waitForFunction((wanted) => document.documentElement.lang === wanted, other);
      check();
      await context.close();
    }
    const { context, check } = await watched(at.browser, at.flexi.url, { locale: 'nl', javaScriptEnabled: false });
    const page = await context.newPage();
    for (const path of PAGES.slice(1)) {
      await page.goto(path);
      assert.match(await page.locator('.no-js').innerText(), /voert geen scripts uit/);
      for (const element of await page.locator('.needs-js').all()) assert.equal(await element.isVisible(), false);
    }
    check();
    await context.close();
  });

  test('what a secretariat declares in nl is on the worker’s page in fr within a second', async () => {
    at.flexi ??= await Services.start(at.flexiProgram, at.world);
    const { page: worker, end: endWorker } = await citizen(at, at.flexi.url, 'Tom Exemple', { locale: 'fr', viewport: { width: 1280, height: 900 } });
    await looks(worker, at, 'sign-worker-fr');
    await worker.waitForSelector('#counter-student');
    assert.match(await worker.locator('#counter-flexi').innerText(), /Salaires des flexi-jobs.*Sous le plafond.*0,00.€.*12.000,00.€/s);
    assert.equal(new URL(worker.url()).hash, '', 'no receipt stays in the address');
    await accessible(worker, 'an empty year');

    const { page: desk, end: endDesk } = await office(at, at.flexi.url, 'Sociaal Secretariaat', { locale: 'nl', viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    await desk.goto(`${at.flexi.url}/declare`);
    // What is wrong is said at its place, and nothing was signed.
    const line = { employer: '0999.999.922', worker: '75.06.12-001.93', from: day('02-01'), to: day('02-28'), payslip: day('03-02'), amount: '9.500,50', id: 'feb.tom' };
    await types(desk, line);
    await desk.waitForSelector('#amount-error:not(:empty)');
    await types(desk, { amount: '9500,5' });
    await desk.waitForSelector('#worker-error:not(:empty)');
    assert.match(await desk.locator('#said').innerText(), /Nog eens te bekijken: 1.*cijfer fout/s);
    await accessible(desk, 'wrong');
    await shot(desk, at, 'declare-wrong-nl-390-dark');
    await fitsZoomed(desk, 'wrong');
    await types(desk, { worker: WORKER_TYPED });
    await desk.waitForSelector('#ready:visible');
    await accessible(desk, 'ready');
    await shot(desk, at, 'declare-ready-nl-390-dark');
    await desk.click('#sign');
    // Going back without signing declares nothing.
    await desk.waitForSelector('#signing:visible');
    assert.match(await desk.locator('#sum').innerText(), /Sociaal Secretariaat.*Bistro De Proef/s);
    await desk.click('#signing button[value=decline]');
    await desk.waitForSelector('#said .note.wait');
    assert.match(await worker.locator('#counter-flexi').innerText(), /Rien n’a été déclaré/);
    await desk.click('#sign');
    const [answer] = await Promise.all([desk.waitForResponse((response) => new URL(response.url()).pathname === '/declarations'), signs(desk, at, at.flexi.url, 'sign-desk-nl-390-dark')]);
    assert.equal(answer.status(), 201);
    const taken = Date.now();
    await worker.waitForFunction(() => document.querySelector('#counter-flexi tbody:last-of-type .state') !== null);
    const shown = Number(await worker.getAttribute('#counter-flexi', 'data-at'));
    assert.ok(shown - taken < 1000, `${shown - taken} ms`);
    assert.match(await worker.locator('#said').innerText(), /Le total est maintenant 9.500,50.€/);
    await desk.waitForSelector('#taken:visible');
    assert.match(await desk.locator('#said').innerText(), /^Aanvaard: 1 nieuwe lijn/);
    assert.ok(!(await desk.content()).includes('75061200192') || !(await desk.locator('#taken').innerText()).includes('75061200192'));
    await accessible(desk, 'taken');
    await shot(desk, at, 'declare-taken-nl-390-dark');

    // A file of many: each fault of it, then a warning, and over the ceiling.
    const file = join(at.world.data, 'batch.json');
    const batch = async (lines) => {
      writeFileSync(file, JSON.stringify({ employer: 'kbo:0999999922', counter: 'flexi', lines }));
      await desk.goto(`${at.flexi.url}/declare`);
      await desk.setInputFiles('#file', file);
      await desk.click('#batch button');
    };
    const sent = (id, month, amount) => ({ id, worker: WORKER, from: day(`${month}-01`), to: day(`${month}-28`), payslip: day(`${month}-28`), amount });
    await batch([sent('mar', '03', 10_000), { ...sent('apr', '04', 1), worker: 'niss:1' }, { ...sent('may', '05', 1), to: day('04-01') }]);
    await desk.waitForSelector('#said .note.bad li:nth-child(2)');
    assert.match(await desk.locator('#said').innerText(), /Lijn 2 \(apr\), Werknemer: .*Lijn 3 \(may\), laatste dag: /s);
    await accessible(desk, 'a file with faults');
    await shot(desk, at, 'declare-faults-nl-390-dark');
    await batch([sent('mar', '03', 10_000), sent('apr', '04', 100_000)]);
    await desk.click('#sign');
    await signs(desk, at, at.flexi.url);
    await desk.waitForSelector('#taken:visible');
    await worker.waitForFunction(() => document.querySelectorAll('#counter-flexi .scroll tbody tr').length === 3);
    assert.match(await worker.locator('#counter-flexi').innerText(), /Près du plafond.*80.% du plafond.*1.399,50.€/s);
    // What contradicts the book is refused after it was signed, as a whole.
    await batch([sent('again', '03', 1), sent('jun', '06', 1)]);
    await desk.click('#sign');
    await signs(desk, at, at.flexi.url);
    await desk.waitForSelector('#said .note.bad');
    assert.match(await desk.locator('#said').innerText(), /Lijn 1 \(again\).*Vervang die/s);
    // In the place of the first, from the list of what was taken; and then cancelled.
    await batch([sent('jul', '07', 200_000)]);
    await desk.click('#sign');
    await signs(desk, at, at.flexi.url);
    await desk.locator('#taken-lines button', { hasText: 'Verbeteren' }).click();
    await types(desk, { amount: '2.500', id: 'jul2' });
    await desk.waitForSelector('#amount-error:not(:empty)');
    await types(desk, { amount: '2500' });
    await desk.click('#sign');
    await signs(desk, at, at.flexi.url);
    await desk.waitForSelector('#said .note.ok');
    await worker.waitForFunction(() => document.querySelector('#counter-flexi .state.bad') !== null);
    assert.match(await worker.locator('#counter-flexi').innerText(), /Au-delà du plafond.*13.100,50.€/s);
    await worker.locator('#counter-flexi details summary').click();
    assert.match(await worker.locator('#counter-flexi details').innerText(), /février\s+9.500,50.€\s+9.500,50.€.*juillet\s+2.500,00.€\s+13.100,50.€/s);
    await accessible(worker, 'over the ceiling');
    await shot(worker, at, 'mine-over-fr-1280-light');
    await fitsZoomed(worker, 'over the ceiling');
    // What was opened stays open when something changes.
    await desk.locator('#taken-lines button', { hasText: 'annuleren' }).click();
    await desk.click('#cancel button');
    await desk.click('#sign');
    await signs(desk, at, at.flexi.url);
    await worker.waitForFunction(() => document.querySelector('#counter-flexi .state.bad') === null);
    assert.equal(await worker.locator('#counter-flexi details[open]').count(), 1);
    await shot(worker, at, 'mine-fr-1280-light');
    // In the other languages, narrow and wide, light and dark.
    for (const [language, width, colorScheme] of [['de', 390, 'dark'], ['en', 1280, 'dark'], ['nl', 390, 'light']]) {
      const name = `${language}-${width}-${colorScheme}`;
      await worker.setViewportSize({ width, height: 844 });
      await worker.emulateMedia({ colorScheme });
      await looks(worker, at, `sign-worker-${name}`, language);
      await worker.waitForSelector('#counter-student');
      assert.equal(await worker.getAttribute('html', 'lang'), language);
      await accessible(worker, name);
      await shot(worker, at, `mine-${name}`);
    }
    // They see who looked: their own looks too.
    await worker.goto(`${at.world.url}/looks`);
    await worker.waitForSelector('#seal .seal.ok');
    assert.match(await worker.locator('main').innerText(), /Salaires des flexi-jobs/);
    await endDesk();
    await endWorker();
  });

  test('a receipt that is changed, used, of another visit, or for another address shows nothing', async () => {
    at.flexi ??= await Services.start(at.flexiProgram, at.world);
    const { page, end } = await citizen(at, at.flexi.url, 'Tom Exemple', { locale: 'en' });
    const shows = () => page.locator('#years').innerText();
    let packed;
    page.on('framenavigated', (frame) => { if (frame.url().includes('#receipt=')) packed = frame.url(); });
    for (const [what, lie] of Object.entries(LIES)) {
      const ends = await lying(page, lie);
      await looks(page, at);
      await page.waitForSelector('#said .note.bad');
      assert.match(await page.locator('#said').innerText(), /^What came proves nothing/, what);
      assert.equal(await shows(), '', what);
      await ends();
    }
    await looks(page, at);
    await page.waitForSelector('#counter-flexi');
    // Once only, and not by whoever has the address.
    await page.goto('about:blank');
    await page.goto(packed);
    await page.waitForLoadState('networkidle');
    assert.equal(await shows(), '');
    const receipts = receiptsIn(packed);
    assert.equal(receipts.length, 2);
    assert.deepEqual(await refused(at.flexi.url, receipts[0]), [403, 'used']);
    // Lured to sign for another place: what that place gets is taken nowhere.
    const form = (members) => new URLSearchParams({ category: 'flexi.wages', purpose: 'inform', return: `${at.world.url}/verify`, ...members });
    await page.goto(`${at.world.url}/sign#${form({})}`);
    await page.waitForSelector('#signing:visible');
    assert.match(await page.locator('#goes').innerText(), new RegExp(at.world.url));
    await page.click('#signing button[value=sign]');
    await page.waitForURL(`${at.world.url}/verify**`);
    const [lured] = receiptsIn(page.url());
    assert.deepEqual(await refused(at.flexi.url, lured), [403, 'elsewhere']);
    // What is not said as it should be, nobody is asked to sign.
    for (const members of [{ return: 'javascript:alert(1)' }, { return: 'http://example.org/' }, { return: 'https://user@example.org/' }, { about: WORKER }, { colour: '1' }, { category: 'Flexi' }]) {
      await page.goto('about:blank');
      await page.goto(`${at.world.url}/sign#${form(members)}`);
      await page.waitForSelector('#said .note.bad');
      assert.equal(await page.locator('#signing').isVisible(), false, JSON.stringify(members));
    }
    // What no catalogue says who holds.
    await page.goto('about:blank');
    await page.goto(`${at.world.url}/sign#${form({ category: 'flexi.colour' })}`);
    await page.waitForSelector('#said .note.bad');
    await accessible(page, 'no source');
    await end();
  });

  test('an employer asks by a code in de, learns yes or no once it is approved, and nothing once it is ended', async () => {
    at.flexi ??= await Services.start(at.flexiProgram, at.world);
    await at.flexi.tell(WORKER, 'four-fifths');
    const { page: employer, end: endEmployer } = await office(at, at.flexi.url, 'Bistro De Proef', { locale: 'de', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' });
    const { page: worker, end: endWorker } = await citizen(at, at.flexi.url, 'Tom Exemple', { locale: 'en', viewport: { width: 390, height: 844 } });
    const ends = async () => {
      await worker.goto(`${at.world.url}/me`);
      await worker.waitForSelector('#seal .seal.ok');
      const row = worker.locator('#see li.row', { hasText: 'Bistro De Proef' }).filter({ hasText: 'Flexi' }).first();
      await row.locator('.end > summary').click();
      await row.locator('.end form button').click();
      await row.locator('.note.ok').waitFor();
    };
    // What the demo's directory has given already.
    await ends();
    const sees = async () => {
      await employer.goto(`${at.flexi.url}/hire`);
      await employer.click('#choices label:has-text("Flexi-Job: erlaubt")');
      await employer.click('button[value=see]');
      await employer.waitForURL(`${at.world.url}/sign**`);
      await employer.waitForSelector('#signing:visible, #said .note:not(:empty)');
    };
    await sees();
    assert.doesNotMatch(await employer.locator('#whose').innerText(), /Tom Exemple/);
    await employer.goto(`${at.flexi.url}/hire`);
    await employer.click('#choices label:has-text("Flexi-Job: erlaubt")');
    await employer.click('button[value=ask]');
    await employer.waitForSelector('#own-seal .seal.ok');
    assert.deepEqual([await employer.inputValue('#q-what'), await employer.inputValue('#q-why')], ['flexi.eligibility', 'hiring']);
    await employer.selectOption('#q-long', '30');
    await employer.fill('#q-ref', 'Bewerbung 7');
    await employer.click('#q-form button');
    await employer.waitForSelector('#link .qr');
    await worker.goto(await employer.locator('#address').innerText());
    await worker.waitForSelector('#answer:visible');
    await worker.click('#answer button[value=approve]');
    await worker.waitForSelector('#said .note.ok');
    await sees();
    await employer.click('#whose label:has-text("Tom Exemple, Bewerbung 7")');
    await signs(employer, at, at.flexi.url, 'sign-hire-de-1280-dark');
    await employer.waitForSelector('#said .preview');
    assert.equal(await employer.locator('#said .preview').innerText(), 'Flexi-Job: ja');
    assert.doesNotMatch(await employer.locator('main').innerText(), /€|9\.500/, 'never a wage');
    await accessible(employer, 'yes');
    await shot(employer, at, 'hire-yes-de-1280-dark');
    await ends();
    await sees();
    assert.doesNotMatch(await employer.locator('#whose').innerText(), /Tom Exemple/);
    await endEmployer();
    await endWorker();
  });
}
