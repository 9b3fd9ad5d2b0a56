// The example's two other services and their pages: reduced fares that nobody asks for, each step with what it rests on; and a town's form that asks only
// once. Nothing is shown without a receipt, one that was changed is none, and what a source holds nobody types in.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { citizen, LIES, lying, receiptsIn, refused, Services, shot, signs } from './desks.mjs';
import { accessible, opened, watched } from './watch.mjs';
import { fitsZoomed } from './zoom.mjs';

const MOTHER = 'niss:48031500292';
const MOTHER_TYPED = '48.03.15-002.92';
const NARROW = { viewport: { width: 390, height: 844 } };
const WIDE = { viewport: { width: 1280, height: 900 } };

async function looks(page, at, where) {
  await page.goto(at.tariff);
  await page.click('#door button');
  await signs(page, at, at.tariff, where);
}

/** Looks until the service has heard what was told. */
async function looksUntil(page, at, selector) {
  do {
    await looks(page, at);
    await page.waitForSelector('#said .note');
  } while ((await page.locator(selector).count()) === 0);
}

/** The page as it stands, without a receipt, in two languages, and without scripts. */
async function stands(at, url, begun, name) {
  for (const [locale, view, colorScheme] of [['de', NARROW, 'dark'], ['fr', WIDE, 'light']]) {
    const { context, check } = await watched(at.browser, url, { locale, colorScheme, ...view });
    const page = await context.newPage();
    await page.goto('/');
    await page.waitForSelector(begun);
    assert.equal(await page.getAttribute('html', 'lang'), locale);
    assert.equal(await page.locator('h1:visible').count(), 1);
    assert.doesNotMatch(await page.content(), /\{\{|\}\}|undefined|\[object/);
    await accessible(page, name);
    await shot(page, at, `${name}-${locale}`);
    if (view === NARROW) await fitsZoomed(page, name);
    check();
    await context.close();
  }
  const { context, check } = await watched(at.browser, url, { locale: 'nl', javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  assert.match(await page.locator('.no-js').innerText(), /voert geen scripts uit/);
  for (const element of await page.locator('.needs-js').all()) assert.equal(await element.isVisible(), false);
  check();
  await context.close();
}

export function unasked(test, at) {
  test('a pensioner reads in fr which fare she has and why, and in nl why it was taken back', async () => {
    at.flexi ??= await Services.start(at.flexiProgram, at.world);
    at.tariff = await at.flexi.tariff();
    await stands(at, at.tariff, '#look:visible', 'right');
    const { page, end } = await citizen(at, at.tariff, 'Maria Exemple', { locale: 'fr', ...WIDE });
    await looks(page, at, 'sign-right-fr');
    await page.waitForSelector('#said .note.wait');
    assert.match(await page.locator('#said').innerText(), /Aucun prix réduit/);
    assert.equal(await page.locator('#rights section').count(), 0);

    await at.flexi.tell(MOTHER, 'pensioner', { by: 'pension-office' });
    await looksUntil(page, at, '#right-1');
    assert.equal(new URL(page.url()).hash, '', 'no receipt stays in the address');
    assert.equal(await page.locator('#said').innerText(), 'Vous voyagez à prix réduit.');
    assert.match(await page.locator('#right-1').innerText(), /En cours.*1 janvier 2020.*pas de fin connue.*Accordé.*Pensionné, à partir du 1 janvier 2020.*Loi fictive sur les transports, article 7/s);
    await accessible(page, 'granted');
    await shot(page, at, 'right-granted-fr');
    // What proves it is taken home, and the register's own page says what it proves.
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#right-1 .do button')]);
    const receipt = await download.path();
    const access = await page.locator('#right-1 details dl > div:nth-child(2) dd').textContent();
    assert.equal(JSON.parse(readFileSync(receipt, 'utf8')).question.access, access);
    await opened(page, '/verify');
    await page.setInputFiles('#file', receipt);
    await page.waitForSelector('#result .seal.ok');

    // It has another last day; then it is over, and the page says since when and why.
    const later = new Date(Date.now() + 40 * 24 * 3600 * 1000).toISOString().slice(0, 10);
    await at.flexi.tell(MOTHER, 'pensioner', { by: 'pension-office', until: later });
    await looksUntil(page, at, '#right-1 li.row:nth-child(2)');
    await at.flexi.tell(MOTHER, 'pensioner', { by: 'pension-office', until: '2020-12-31' });
    await page.goto(`${at.tariff}/?lang=nl`);
    await looksUntil(page, at, '#right-1 li.row:nth-child(3)');
    assert.match(await page.locator('#said').innerText(), /^U reist niet meer goedkoper/);
    assert.match(await page.locator('#right-1').innerText(), /Beëindigd.*Toegekend.*Gewijzigd.*Ingetrokken: de bron zei dat u het statuut niet meer hebt.*Gepensioneerd: niet meer.*Fictieve vervoerswet, artikel 7/s);
    assert.equal(await page.locator('#right-1 .do button').count(), 3);
    await page.setViewportSize(NARROW.viewport);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('#right-1 details summary').last().click();
    await accessible(page, 'ended');
    await shot(page, at, 'right-ended-nl-390-dark');
    await fitsZoomed(page, 'ended');

    // A receipt that is changed, or used, shows nothing; nor does a visit without one, or one that signs nothing.
    const shows = () => page.locator('#rights').innerText();
    let packed;
    page.on('framenavigated', (frame) => { if (frame.url().includes('#receipt=')) packed = frame.url(); });
    for (const [what, lie] of Object.entries(LIES)) {
      const ends = await lying(page, lie);
      await looks(page, at);
      await page.waitForSelector('#said .note.bad');
      assert.match(await page.locator('#said').innerText(), /^Wat binnenkwam, bewijst niets/, what);
      assert.equal(await shows(), '', what);
      await ends();
    }
    await looks(page, at);
    await page.waitForSelector('#right-1');
    await page.goto('about:blank');
    await page.goto(packed);
    await page.waitForSelector('#look:visible');
    await page.waitForLoadState('networkidle');
    assert.equal(await shows(), '');
    const [used] = receiptsIn(packed);
    assert.deepEqual(await refused(at.tariff, used), [403, 'used']);
    assert.deepEqual(await refused(at.flexi.url, used), [403, 'other_data']);
    await page.click('#door button');
    await page.waitForSelector('#signing:visible');
    await page.click('#signing button[value=decline]');
    await page.waitForSelector('#said .note.wait');
    assert.equal(await shows(), '');
    await end();
  });

  test('a clerk has in nl what a source holds once the person agrees in de, types the rest, and stops where she refuses', async () => {
    at.flexi ??= await Services.start(at.flexiProgram, at.world);
    at.form = await at.flexi.form();
    await stands(at, at.form, '#start:visible', 'form');
    await at.flexi.tell(MOTHER, 'pensioner', { by: 'pension-office' });
    const { page: mother, end } = await citizen(at, at.form, 'Maria Exemple', { locale: 'de', ...NARROW });
    const { context, check } = await watched(at.browser, at.form, { locale: 'nl', ...WIDE });
    const clerk = await context.newPage();
    const begins = async () => {
      await clerk.goto('/');
      await clerk.waitForSelector('#start:visible');
      await clerk.fill('#person', MOTHER_TYPED);
      await clerk.click('#who button');
      await clerk.waitForSelector('#application:visible');
    };
    const is = (name, word) => clerk.waitForSelector(`#field-${name} .state:has-text("${word}")`);
    const answers = async (value) => {
      await mother.goto(await clerk.locator('#address').innerText());
      await mother.waitForSelector('#answer:visible');
      await mother.click(`#answer button[value=${value}]`);
      await mother.waitForSelector('#said .note.ok');
    };

    await clerk.goto('/');
    await clerk.waitForSelector('#start:visible');
    assert.match(await clerk.locator('#asks').innerText(), /Gepensioneerd\s+van de bron.*Nummerplaat\s+de persoon zegt het/s);
    // What names nobody is said at its place.
    for (const [typed, fault] of [['', /Vul dit in/], ['48.03.15-002.93', /cijfer fout/]]) {
      await clerk.fill('#person', typed);
      await clerk.click('#who button');
      await clerk.waitForFunction((text) => new RegExp(text).test(document.getElementById('person-error').textContent), fault.source);
    }
    await accessible(clerk, 'nobody');

    await begins();
    await is('pensioner', 'Akkoord gevraagd');
    await clerk.waitForSelector('#ask .qr');
    // What a source holds has no field; what is being typed stays while it is looked for the answer.
    assert.equal(await clerk.locator('#field-pensioner input').count(), 0);
    await clerk.fill('#say-plate', '1-ABC-2');
    await clerk.waitForResponse((answer) => answer.request().method() === 'GET' && answer.url().includes('/applications/'));
    await clerk.press('#say-plate', 'End');
    await clerk.keyboard.type('34');
    assert.equal(await clerk.inputValue('#say-plate'), '1-ABC-234');
    await accessible(clerk, 'asked');
    await shot(clerk, at, 'form-asked-nl');
    await fitsZoomed(clerk, 'asked');
    await answers('approve');
    await is('pensioner', 'Van de bron');
    assert.match(await clerk.locator('#field-pensioner').innerText(), /ja, vanaf 1 januari 2020/);
    assert.equal(await clerk.locator('#ask').isVisible(), false);
    await clerk.click('#field-plate button');
    await clerk.waitForSelector('#said .note.ok');
    assert.match(await clerk.locator('#application').innerText(), /Volledig.*1-ABC-234/s);
    const [download] = await Promise.all([clerk.waitForEvent('download'), clerk.click('#field-pensioner .do button')]);
    const access = await clerk.locator('#field-pensioner code').innerText();
    const proof = await download.path();
    assert.equal(JSON.parse(readFileSync(proof, 'utf8')).question.access, access);
    await opened(mother, '/verify');
    await mother.setInputFiles('#file', proof);
    await mother.waitForSelector('#result .seal.ok');
    // Loaded again, and in another language, it is the same application.
    await clerk.click('a[hreflang=de]');
    await clerk.waitForSelector('#said .note.ok');
    assert.match(await clerk.locator('#application').innerText(), /Vollständig.*ja, ab dem 1\. Januar 2020.*1-ABC-234/s);
    await clerk.emulateMedia({ colorScheme: 'dark' });
    await clerk.setViewportSize(NARROW.viewport);
    await accessible(clerk, 'complete');
    await shot(clerk, at, 'form-complete-de-390-dark');
    await fitsZoomed(clerk, 'complete');

    // She takes it back: the next one asks, and she refuses. Nobody looks.
    await opened(mother, '/me');
    const row = mother.locator('#see li.row', { hasText: 'Rentner' }).first();
    await row.locator('.end > summary').click();
    await row.locator('.end form button').click();
    await row.locator('.note.ok').waitFor();
    await begins();
    await is('pensioner', 'Zustimmung erfragt');
    await clerk.waitForSelector('#ask .qr');
    await answers('refuse');
    await is('pensioner', 'Abgelehnt');
    await clerk.waitForSelector('#said .note.bad');
    assert.equal(await clerk.locator('#ask').isVisible(), false);
    assert.equal(await clerk.locator('#application input').count(), 0);
    await accessible(clerk, 'refused');
    await shot(clerk, at, 'form-refused-de-390-dark');
    // No other application's address shows one.
    await clerk.goto(`/#${'A'.repeat(43)}`);
    await clerk.reload();
    await clerk.waitForSelector('#said .note.bad');
    assert.equal(await clerk.locator('#application').isVisible(), false);
    check();
    await context.close();
    await end();
  });
}
