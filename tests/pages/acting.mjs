// Acting for someone: chosen out of a list that is proven, shown on every page, and never for more than the mandate says. Who gave it sees what was given
// in their name, and with the mandate all of it ends. A mandate whose own ground is forged, missing or gone is none to act by.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { keys } from './keys.mjs';
import { accessible, again, opened, watchSeal, watched } from './watch.mjs';
import { listOf, may, write } from './world.mjs';
import { fitsZoomed } from './zoom.mjs';
import { dayOf, firstInstant, instantAfter } from '../../server/web/verifier/days.js';
import { b64url, labelled, ofB64url } from '../../server/web/verifier/bytes.js';

const GIVE = '#flow form .button:not(.quiet)';
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };

async function enrolled(page, name) {
  await opened(page, '/me');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector('#seal .seal.ok');
}

/** The page where one acts, its list proven. */
async function shown(page) {
  await opened(page, '/for');
  await page.waitForSelector('#seal .seal.ok');
}

const rowIn = (page, block, text) => page.locator(`${block} li.row`, { hasText: text });

/** What a party's list holds of a kind. */
async function held(session, kind) {
  const bytes = JSON.parse(await listOf(session)).entries.flatMap(({ record }) => (record === undefined ? [] : [ofB64url(record.split('.')[1])]));
  const all = await Promise.all(bytes.map(async (one) => ({ id: b64url(await labelled('id', one)), payload: JSON.parse(new TextDecoder().decode(one)) })));
  return all.filter(({ payload }) => payload.kind === kind);
}

/** A mandate for so many days, accepted. */
async function mandate(from, to, scopes, members = {}, days = 40) {
  const { catalogues: [catalogue] } = await (await from.get('/v1/catalogues')).json();
  const [first, last] = [dayOf(Date.now()), dayOf(Date.now() + days * 24 * 3600 * 1000)];
  const { id } = await write(from, 'mandate', {
    mandators: [from.by.party], mandatees: [to.by.party], catalogue, scopes,
    valid_from: first, not_before: firstInstant(first), valid_until: last, not_after: instantAfter(last), ...members,
  });
  await write(to, 'acceptance', { target: id });
  return id;
}

/** Goes on to the next question. */
async function next(page) {
  const before = await page.locator('#question').innerText();
  await page.click(GIVE);
  await page.waitForFunction((text) => document.getElementById('question').innerText !== text, before);
}

export function acting(test, at) {
  test('a mother lets her son act and pass it on; he shares her data by it, in fr and nl; with her mandate it ends', async () => {
    const { world } = at;
    const [mother, son, office] = [await world.person('mother'), await world.person('son'), await world.person('social-secretariat')];
    const isShared = () => may(world, office.by.party, 'household.composition', mother.by.party);

    // She gives it, on a phone in French.
    const hers = await watched(at.browser, world.url, { locale: 'fr', viewport: PHONE });
    const her = await hers.context.newPage();
    await enrolled(her, 'Maria Exemple');
    await her.goto('/give?lang=fr#mandate');
    await her.waitForSelector('#flow form');
    await her.check(`input[value="${son.by.party}"]`);
    await next(her);
    await her.check('input[value="household"]');
    await next(her);
    await her.check('input[value="quarter"]');
    assert.equal(await her.isChecked('input[name=on]'), false, 'nothing is ticked beforehand');
    await her.check('input[name=on]');
    await accessible(her, 'until');
    await her.screenshot({ path: join(at.shots, 'acting-until-fr-phone.png'), fullPage: true });
    await next(her);
    assert.match(await her.locator('.oath').innerText(), /inclus\. Ce mandat peut être transmis une fois, à quelqu’un qui ne peut plus le transmettre\.$/);
    await next(her);
    await her.waitForSelector('.seal.ok');

    // He accepts, chooses to act for her, and shares her data: on a desktop in Dutch, by keys alone.
    const his = await watched(at.browser, world.url, { locale: 'nl', viewport: DESKTOP });
    const page = await his.context.newPage();
    await enrolled(page, 'Tom Exemple');
    const offer = page.locator('#wait li', { hasText: 'Maria Exemple' });
    if (!(await offer.locator('button[value=acceptance]').isVisible())) await offer.locator('details.wide > summary').click();
    assert.match(await offer.innerText(), /Deze volmacht mag worden doorgegeven/);
    await offer.locator('button[value=acceptance]').click();
    await offer.locator('.note.ok').waitFor();
    assert.equal(await isShared(), false);

    await page.goto('/give?lang=nl#consent-for');
    await page.waitForSelector('#flow h1');
    assert.match(await page.locator('#flow').innerText(), /Kies eerst voor wie u optreedt/);
    await shown(page);
    assert.equal(await page.locator('.for-other').count(), 0, 'nobody is chosen beforehand');
    const row = rowIn(page, '#may', 'Gezin');
    assert.match(await row.innerText(), /Maria Exemple[^]*Ik mag voor hen optreden: Gezin[^]*Vanaf[^]*Tot en met[^]*Doorgeven één keer toegelaten/);
    assert.match(await rowIn(page, '#may', 'Pensioenen').innerText(), /Doorgeven niet toegelaten/);
    await accessible(page, 'for whom');
    await page.screenshot({ path: join(at.shots, 'acting-nl-desktop.png'), fullPage: true });
    const { press, choose } = keys(page);
    const id = await row.getAttribute('data-id');
    await press(`[data-id="${id}"] .do button`);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'h-now', 'the focus is on what can be done');
    const bar = page.locator('.for-other');
    assert.match(await bar.innerText(), /^U treedt op voor Maria Exemple: Gezin, tot en met .*\.\s*Terug naar mezelf$/);
    await accessible(page, 'acting');
    await page.screenshot({ path: join(at.shots, 'acting-chosen-nl-desktop.png'), fullPage: true });
    await fitsZoomed(page, 'acting');

    await press('#can a[href$="#consent-for"]');
    await page.waitForSelector('#flow form');
    assert.equal(await page.locator('#question').innerText(), 'Wie mag de gegevens van Maria Exemple zien?');
    assert.match(await bar.innerText(), /Maria Exemple/);
    assert.equal(await page.locator(`#flow input[value="${mother.by.party}"]`).count(), 0, 'not to whom it belongs');
    const goOn = async (where) => {
      const before = await page.locator('#question').innerText();
      await accessible(page, where);
      await press(GIVE);
      await page.waitForFunction((text) => document.getElementById('question').innerText !== text, before);
    };
    await choose(`#flow input[value="${office.by.party}"]`);
    await goOn('whom');
    assert.deepEqual(await page.locator('#flow input').evaluateAll((all) => all.map(({ value }) => value)), ['household', 'household.composition'], 'no more than the mandate covers');
    await choose('#flow input[value="household.composition"]');
    await goOn('what');
    await choose('#flow input[value="help"]');
    await goOn('why');
    assert.deepEqual(await page.locator('#flow input[type=radio]').evaluateAll((all) => all.map(({ value }) => value)), ['month', 'whole', 'day'], 'no longer than the mandate');
    await choose('#flow input[value="whole"]');
    await goOn('until');
    assert.match(await page.locator('.oath').innerText(), /^Namens Maria Exemple laat ik Sociaal Secretariaat Voorbeeld de gegevens van Maria Exemple zien: Gezin: Gezinssamenstelling\. Waarvoor: De persoon helpen\. Tot en met /);
    assert.match(await page.locator('#flow').innerText(), /Maria Exemple ziet dat u dit gaf/);
    await page.screenshot({ path: join(at.shots, 'acting-sign-nl-desktop.png'), fullPage: true });
    await goOn('sign');
    await page.waitForSelector('.seal.ok');
    await accessible(page, 'recorded');
    assert.equal(await isShared(), true);
    const [{ payload }] = (await held(mother, 'consent')).filter((one) => one.payload.under === id);
    assert.deepEqual([payload.subject, payload.recipient, payload.by, payload.informed, payload.conditions], [mother.by.party, office.by.party, [son.by.party], [son.by.party], undefined]);

    // On every page he sees for whom he acts; on those that are about himself, that they are. The language may change, and he may stop.
    for (const path of ['/', '/verify', '/log', '/me', '/looks', '/give', '/office', '/counter']) {
      await opened(page, path);
      await bar.waitFor();
      assert.match(await bar.innerText(), /Maria Exemple: Gezin[^]*Wat u op deze pagina doet, doet u voor uzelf/, path);
      if (path === '/me') await accessible(page, 'acting, at home');
    }
    await page.click('a[hreflang=de]');
    await page.waitForURL(/lang=de/);
    await bar.waitFor();
    assert.match(await bar.innerText(), /Sie handeln für Maria Exemple: Haushalt, bis einschließlich/);
    await page.click('a[hreflang=nl]');
    await page.waitForURL(/lang=nl/);
    await bar.waitFor();
    await bar.locator('.button').click();
    await page.waitForURL('**/me?lang=nl');
    await page.waitForSelector('#seal .seal.ok');
    assert.equal(await bar.count(), 0);
    assert.match(await rowIn(page, '#part', 'Sociaal Secretariaat').innerText(), /In hun naam gegeven door\s*Tom Exemple/);
    await shown(page);
    await rowIn(page, '#may', 'Gezin').locator('.do button').click();
    assert.match(await rowIn(page, '#given', 'Sociaal Secretariaat').innerText(), /Maria Exemple/);

    // She sees it as hers, and ends what it rests on.
    await opened(her, '/me');
    await her.waitForSelector('#seal .seal.ok');
    const shared = rowIn(her, '#see', 'Sociaal Secretariaat Voorbeeld');
    assert.match(await shared.innerText(), /Valable[^]*peut voir\s: Ménage: Composition de ménage[^]*Donné en mon nom par\s*Tom Exemple/u);
    const given = rowIn(her, '#act', 'Ménage');
    await given.locator('.end > summary').click();
    assert.match(await given.locator('.end form').innerText(), /Ce qui a été donné en vertu de ce mandat se termine aussi\./);
    await accessible(her, 'ending');
    await her.screenshot({ path: join(at.shots, 'acting-ending-fr-phone.png'), fullPage: true });
    await given.locator('.end form button').click();
    await given.locator('.note.ok').waitFor();
    assert.equal(await shared.locator('.state').innerText(), 'Terminé');
    assert.equal(await isShared(), false);
    await again(her);
    await her.waitForSelector('#seal .seal.ok');
    assert.match(await her.locator('#see .ended').textContent(), /Sociaal Secretariaat Voorbeeld.*terminé avec le mandat en vertu duquel il a été donné/);

    // He is told, and can do nothing by it any more.
    await page.goto('/give?lang=nl#consent-for');
    await page.waitForSelector('#flow h1');
    assert.match(await page.locator('#flow').innerText(), /De volmacht waarmee u optreedt is gestopt/);
    assert.equal(await page.locator('#flow form').count(), 0);
    assert.equal(await bar.count(), 0);
    await shown(page);
    assert.equal(await rowIn(page, '#may', 'Gezin').count(), 0);
    assert.match(await page.locator('#may .ended').textContent(), /Maria Exemple, Gezin: gestopt op/);
    await accessible(page, 'over');
    hers.check();
    his.check();
    await hers.context.close();
    await his.context.close();
  });

  test('who acts is told that it ended; a mandate is passed on, for less and no further, in de on a phone, dark', async () => {
    const { world } = at;
    const [mother, son, neighbour] = [await world.person('mother'), await world.person('son'), await world.person('neighbour')];
    const above = await mandate(mother, son, ['taxes'], { substitution: 1, conditions: [{ type: 'purpose', purposes: ['help', 'tax.return'] }] });
    const { context, check } = await watched(at.browser, world.url, { locale: 'de', viewport: PHONE, colorScheme: 'dark' });
    const page = await context.newPage();
    await enrolled(page, 'Tom Exemple');
    await page.click('#self a');
    await page.waitForSelector('#seal .seal.ok');
    await rowIn(page, '#may', 'Steuern').locator('.do button').click();
    await page.screenshot({ path: join(at.shots, 'acting-chosen-de-dark.png'), fullPage: true });
    await accessible(page, 'acting');
    await page.click('#can a[href$="#mandate-for"]');
    await page.waitForSelector('#flow form');
    assert.equal(await page.locator('#question').innerText(), 'Wem vertrauen Sie an, auch für Maria Exemple zu handeln?');
    await page.check(`input[value="${neighbour.by.party}"]`);
    await next(page);
    await page.check('input[value="taxes.return"]');
    await next(page);
    assert.equal(await page.locator('input[name=on]').count(), 0, 'it may be passed on once');
    await page.check('input[value=day]');
    await page.fill('#day', dayOf(Date.now() + 60 * 24 * 3600 * 1000));
    await page.click(GIVE);
    assert.match(await page.locator('#flow .note.bad').innerText(), /Ihre eigene Vollmacht endet vor diesem Tag/);
    await accessible(page, 'beyond');
    await page.check('input[value=month]');
    await next(page);
    assert.match(await page.locator('.oath').innerText(), /^Im Namen von Maria Exemple lasse ich Ilse Muster für Maria Exemple handeln: Steuern: Erklärung\. .* Diese Vollmacht darf nicht weitergegeben werden\.$/);
    assert.match(await page.locator('#flow').innerText(), /Nur für den Zweck „help“ oder „tax.return“/, 'its conditions go along');
    await page.screenshot({ path: join(at.shots, 'acting-pass-de-dark.png'), fullPage: true });
    await next(page);
    await page.waitForSelector('.seal.ok');
    const [{ id, payload }] = (await held(neighbour, 'mandate')).filter((one) => one.payload.under === above);
    assert.deepEqual([payload.mandators, payload.by, payload.substitution, payload.conditions.length], [[mother.by.party], [son.by.party], undefined, 1]);
    await write(neighbour, 'acceptance', { target: id });
    assert.equal(await may(world, neighbour.by.party, 'taxes.return', mother.by.party), true);

    // Her data he shares for what she named alone.
    await shown(page);
    await page.click('#can a[href$="#consent-for"]');
    await page.waitForSelector('#flow form');
    await page.locator('#flow .choice').first().click();
    await next(page);
    await page.check('input[value="taxes"]');
    await next(page);
    assert.deepEqual(await page.locator('#flow input').evaluateAll((all) => all.map(({ value }) => value)), ['help', 'tax.return']);

    // It ends while he looks elsewhere: the next page that proves his list says so.
    await write(mother, 'revocation', { target: above });
    assert.equal(await may(world, neighbour.by.party, 'taxes.return', mother.by.party), false);
    await shown(page);
    assert.match(await page.locator('#notes').innerText(), /^Sie handeln nicht mehr für Maria Exemple\. Steuern: beendet am/);
    assert.equal(await page.locator('.for-other').count(), 0);
    await accessible(page, 'told');

    // He ends his own part in another one.
    const pensions = rowIn(page, '#may', 'Renten');
    await pensions.locator('.do button').click();
    const mine = rowIn(page, '#now', 'Renten');
    assert.match(await page.locator('#can').innerText(), /Sie dürfen diese Vollmacht nicht weitergeben/);
    await mine.locator('.end > summary').click();
    await mine.locator('.end form button').click();
    await mine.locator('.note.ok').waitFor();
    assert.equal(await page.locator('.for-other').count(), 0);
    assert.equal(await may(world, son.by.party, 'pensions', mother.by.party), false);
    check();
    await context.close();
  });

  test('by what rests on a forged, missing or ended mandate nobody acts', async () => {
    const { world } = at;
    const [student, worker, neighbour] = [await world.person('student'), await world.person('worker'), await world.person('neighbour')];
    const above = await mandate(student, worker, ['student'], { substitution: 1 });
    const below = await mandate(worker, neighbour, ['student'], { mandators: [student.by.party], under: above, by: [worker.by.party], informed: [worker.by.party] });
    const { context, check } = await watched(at.browser, world.url, { locale: 'en', viewport: DESKTOP });
    await watchSeal(context);
    const page = await context.newPage();
    await enrolled(page, 'Ilse Muster');
    await shown(page);
    const row = page.locator(`#may [data-id="${below}"]`);
    assert.match(await row.innerText(), /Given in their name by\s*Ewa/);
    await row.locator('.do button').click();
    assert.match(await page.locator('#can').innerText(), /You may not pass this mandate on/);

    const lies = {
      'without the mandate above': async (receipt) => { receipt.entries = await withoutRecord(receipt.entries, above); },
      'without its list': (receipt) => { receipt.lists = receipt.lists.filter((list) => list.id !== above); },
      'as it was, from before it ended': (receipt) => { receipt.lists = receipt.lists.map((list) => (list.id === above ? { ...list, items: Buffer.from(list.items, 'base64url').subarray(0, 84).toString('base64url') } : list)); },
      'under another': async (receipt) => { receipt.entries = await forged(receipt.entries, above); },
    };
    await write(student, 'revocation', { target: above });
    assert.equal(await may(world, neighbour.by.party, 'student', student.by.party), false);
    for (const [what, lie] of Object.entries(lies)) {
      await page.route(`**/v1/records/${below}/receipt*`, async (route) => {
        const answer = await route.fetch();
        const honest = await answer.text();
        const receipt = JSON.parse(honest);
        await lie(receipt);
        assert.notEqual(JSON.stringify(receipt), JSON.stringify(JSON.parse(honest)), what);
        await route.fulfill({ response: answer, json: receipt });
      });
      await page.goto('/for');
      await page.waitForSelector('#seal .seal.bad');
      assert.equal(await page.evaluate(() => window.wasGreen), false, what);
      assert.equal(await page.locator('.do button, #can a').count(), 0, what);
      assert.equal(await page.locator('#now').isVisible(), false, what);
      await page.goto('/give?lang=en#consent-for');
      await page.waitForSelector('#flow h1');
      assert.match(await page.locator('#flow').innerText(), /is not proven, so nothing is offered for signing\./, what);
      assert.equal(await page.locator('#flow form').count(), 0, what);
      await page.unroute(`**/v1/records/${below}/receipt*`);
    }
    await page.goto('/for');
    await page.waitForSelector('#seal .seal.bad, #seal .seal.ok');
    await page.screenshot({ path: join(at.shots, 'acting-told-en.png'), fullPage: true });
    assert.match(await page.locator('#notes').innerText(), /^You no longer act for Sam Voorbeeld\. Student work: ended with the mandate that it was given by/);
    assert.equal(await row.count(), 0);
    assert.match(await page.locator('#may .ended').textContent(), /Sam Voorbeeld, Student work: ended with the mandate that it was given by/);

    // What somebody wrote into the browser's storage is no mandate to act by: one that they gave, one of others, one that is not there.
    const [given, others] = [await mandate(neighbour, worker, ['student.hours']), await mandate(student, worker, ['student.hours'])];
    for (const mandateId of [given, others, b64url(new Uint8Array(32))]) {
      await page.evaluate((one) => sessionStorage.setItem('procura.acting', JSON.stringify({ mandate: one, who: 'Sam', what: { en: 'All' } })), mandateId);
      await page.goto('/');
      await page.goto('/give?lang=en#consent-for');
      await page.waitForSelector('#flow h1');
      assert.equal(await page.locator('#flow form').count(), 0);
      assert.match(await page.locator('#flow').innerText(), /has ended, or does not hold now/);
    }
    check();
    await context.close();
  });
}

/** Entries without the body of a record. */
const withoutRecord = async (entries, id) => Promise.all(entries.map(async (entry) => {
  if (entry.record === undefined || (await idOf(entry.record)) !== id) return entry;
  const { index, entry: bytes } = entry;
  return { index, entry: bytes };
}));

/** Entries in which a mandate says that it may be passed on without end. */
const forged = async (entries, id) => Promise.all(entries.map(async (entry) => {
  if (entry.record === undefined || (await idOf(entry.record)) !== id) return entry;
  const [header, payload, signature] = entry.record.split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace('"substitution":1', '"substitution":4');
  return { ...entry, record: [header, Buffer.from(text).toString('base64url'), signature].join('.') };
}));

const idOf = async (record) => b64url(await labelled('id', ofB64url(record.split('.')[1])));
