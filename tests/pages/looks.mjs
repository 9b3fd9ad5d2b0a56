// Every look is in the list, with what was decided on it and what allowed it; one that is left out, or a decision that is forged, is never shown as
// checked. A device that was lost is ended or frozen from another one, and signs no more.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verify } from '../../server/web/verifier/index.js';
import { draft, submission, withheld } from '../../server/web/pages/sign.js';
import { accessible, opened, watchSeal, watched } from './watch.mjs';
import { write } from './world.mjs';

/** Somebody looks at somebody's data, and says why if they must. */
async function look(by, members, justification) {
  const said = justification === undefined ? null : await withheld('justification', justification);
  const written = await draft('access', by.origin, { actor: by.by.party, ...members, ...(said !== null && { emergency: true, _sd: [said.digest] }) });
  const body = await submission(by.by, written, said === null ? undefined : [said.disclosure]);
  const answer = await fetch(`${by.server}/v1/accesses`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  assert.equal(answer.status, 201, await answer.clone().text());
  return written.id;
}

async function enrolled(page, name) {
  await opened(page, '/me');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector('#seal .seal.ok');
}

async function looksOf(page) {
  await page.goto('/looks');
  await page.waitForSelector('#seal .seal:not(.wait)');
  await page.waitForFunction(() => document.querySelectorAll('#days .row').length > 0 && document.querySelector('#days .mark .state.wait') === null);
}

async function downloaded(page, as, which) {
  await page.selectOption('#x-as', as);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(`#take button[value=${which}]`)]);
  return readFileSync(await download.path(), 'utf8');
}

export function looks(test, at) {
  test('every look is told with what allowed it, filtered, taken along and reported, in nl on a phone and de, dark', async () => {
    const { world } = at;
    const [employer, hospital, pensions, son, town] = await Promise.all(['employer', 'hospital', 'pension-office', 'son', 'municipality'].map((name) => world.person(name)));
    const subject = son.by.party;
    const allowed = await look(employer, { subject, source: town.by.party, category: 'flexi.eligibility', purpose: 'hiring' });
    const refused = await look(employer, { subject, source: town.by.party, category: 'taxes', purpose: 'hiring' });
    const urgent = await look(hospital, { subject, source: town.by.party, category: 'health.summary', purpose: 'care' }, '=Brought in unconscious');
    const lawful = await look(pensions, { subject, source: town.by.party, category: 'pensions.career', purpose: 'pension.calculation' });
    const { catalogues: [catalogue] } = await (await town.get('/v1/catalogues')).json();
    const held = await write(town, 'holding', { source: town.by.party, subject, catalogue, scopes: ['taxes'], since: '2020-02-29' });
    const { context, check } = await watched(at.browser, world.url, { locale: 'nl', viewport: { width: 390, height: 844 } });
    await watchSeal(context);
    const page = await context.newPage();
    await enrolled(page, 'Tom Exemple');
    await looksOf(page);
    assert.equal(await page.locator('#seal strong').innerText(), 'Deze lijst is volledig');
    const row = (id) => page.locator(`#days [data-id="${id}"]`);
    assert.equal(await page.locator('#days .row').count(), 4);
    for (const [id, state, words] of [[allowed, 'Toegelaten', 'Mijn toestemming van'], [refused, 'Geweigerd', 'Wat werd afgesproken'], [urgent, 'Noodgeval', 'Brought in unconscious'], [lawful, 'Toegelaten', 'Wettelijk']]) {
      assert.equal(await row(id).locator('.state').innerText(), state, state);
      assert.match(await row(id).innerText(), new RegExp(words), words);
    }
    // Who holds data about him, too.
    const holdings = page.locator('#holdings .row');
    assert.equal(await holdings.count(), 1);
    for (const word of [/Belastingen/, /29 februari 2020/]) assert.match(await holdings.innerText(), word);
    await accessible(page, 'looks');
    await page.screenshot({ path: join(at.shots, 'looks-nl-phone.png'), fullPage: true });

    for (const [kind, ids] of [['refused', [refused]], ['emergency', [urgent]], ['law', [lawful, urgent]]]) {
      await page.selectOption('#f-kind', kind);
      await page.click('#show button');
      await page.waitForFunction((n) => document.querySelectorAll('#days .row').length === n, ids.length);
      for (const id of ids) assert.equal(await row(id).count(), 1, kind);
    }
    assert.match(await page.locator('#seal').innerText(), /4/, 'the seal is of the whole list');
    const csv = await downloaded(page, 'csv', 'all');
    assert.equal(csv.trim().split('\r\n').length, 5);
    assert.match(csv, /,'=Brought in unconscious,yes,emergency,/, 'nothing that a spreadsheet would run');
    const { list, looks: taken } = JSON.parse(await downloaded(page, 'json', 'all'));
    const { policy } = world.log;
    const whole = await verify(list[0], { type: 'complete', party: subject, from: 0 }, policy, 'historic');
    assert.equal(whole.records.filter(({ kind }) => kind === 'access').length, 4);
    assert.deepEqual(whole.records.filter(({ kind }) => kind === 'holding').map(({ id }) => id), [held.id]);
    for (const { id, receipt, decision } of taken) assert.equal((await verify(receipt, { type: 'authority', access: id }, policy, 'historic')).decision.permit, decision === 'yes');
    assert.deepEqual(taken.map(({ id }) => id), [lawful, urgent, refused, allowed]);

    await page.selectOption('#f-kind', 'refused');
    await page.click('#show button');
    await page.waitForFunction(() => document.querySelectorAll('#days .row').length === 1);
    await row(refused).locator('summary', { hasText: 'Klopt' }).click();
    await row(refused).locator('input[value=who]').check();
    await row(refused).locator('textarea').fill('Nooit van gehoord.');
    await accessible(page, 'report');
    await row(refused).locator('form button').click();
    await row(refused).locator('.note.ok').waitFor();
    const told = await (await employer.get(`/v1/parties/${employer.by.party}/records`)).text();
    const reports = (await verify(told, { type: 'complete', party: employer.by.party, from: 0 }, policy, { fresh: Date.now() })).records.filter(({ kind }) => kind === 'report');
    assert.deepEqual(reports.map(({ payload, target }) => [payload.wrong, payload.target ?? target]), [['who', refused]]);
    check();
    await context.close();
  });

  test('a look that is left out or a decision that is forged is never shown as checked', async () => {
    const { world } = at;
    const [employer, neighbour, town] = await Promise.all(['employer', 'neighbour', 'municipality'].map((name) => world.person(name)));
    const subject = neighbour.by.party;
    // Her consent was revoked: both are refused.
    const ids = [await look(employer, { subject, source: town.by.party, category: 'flexi.eligibility', purpose: 'hiring' }), await look(employer, { subject, source: town.by.party, category: 'taxes', purpose: 'hiring' })];
    const { context, check } = await watched(at.browser, world.url, { locale: 'de', colorScheme: 'dark', viewport: { width: 1280, height: 900 } });
    await watchSeal(context);
    const page = await context.newPage();
    await enrolled(page, 'Ilse Muster');
    await looksOf(page);
    await page.screenshot({ path: join(at.shots, 'looks-de-dark.png'), fullPage: true });
    const row = page.locator(`#days [data-id="${ids[0]}"]`);
    assert.equal(await row.locator('.state').innerText(), 'Verweigert');
    for (const lie of [(receipt) => { receipt.question.decision.permit = true; }, (receipt) => { receipt.question.decision = { ...receipt.question.decision, permit: true, reason: 'consent' }; }, null]) {
      await page.route(`**/v1/accesses/${ids[0]}*`, async (route) => {
        // The last: what was decided on the other look.
        if (lie === null) return route.fulfill({ response: await route.fetch({ url: route.request().url().replace(ids[0], ids[1]) }) });
        const answer = await route.fetch();
        const receipt = await answer.json();
        lie(receipt);
        return route.fulfill({ response: answer, json: receipt });
      });
      await looksOf(page);
      assert.equal(await row.locator('.state').innerText(), 'Nicht geprüft');
      assert.equal(await page.locator('#days .state.ok').count(), 0);
      await page.unroute(`**/v1/accesses/${ids[0]}*`);
    }
    await page.route('**/v1/parties/*/records*', async (route) => {
      const answer = await route.fetch();
      const receipt = await answer.json();
      const items = Buffer.from(receipt.tags.at(-1), 'base64url');
      const index = Number(items.readBigUInt64BE(items.length - 42));
      receipt.tags[receipt.tags.length - 1] = items.subarray(0, -42).toString('base64url');
      receipt.entries = receipt.entries.filter((entry) => entry.index !== index);
      await route.fulfill({ response: answer, json: receipt });
    });
    await page.reload();
    await page.waitForSelector('#seal .seal.bad');
    assert.equal(await page.evaluate(() => window.wasGreen), false);
    await accessible(page, 'a look left out');
    check();
    await context.close();
  });

  test('a lost device is ended from another, or frozen, and signs no more; what is shown by a code is as it stands', async () => {
    const { world } = at;
    const [mother, student] = [await world.person('mother'), await world.person('student')];
    const { context, check } = await watched(at.browser, world.url, { locale: 'en' });
    const page = await context.newPage();
    for (const [name, lost, button, word] of [['Maria Exemple', mother, 'key-end', /^Ended today/], ['Sam Voorbeeld', student, 'suspension', /^Frozen today/]]) {
      await enrolled(page, name);
      assert.equal(await page.locator('#device-list .row').count(), 2);
      const row = page.locator(`#device-list [data-id="${lost.by.kid}"]`);
      await row.locator('summary').click();
      await accessible(page, 'a lost device');
      await row.locator(`button[value=${button}]`).click();
      await row.locator('.note.ok').waitFor();
      assert.match(await row.locator('.note.ok').innerText(), word);
      await assert.rejects(write(lost, 'block', { party: lost.by.party, blocked: student.by.party === lost.by.party ? mother.by.party : student.by.party }), { name: 'key_not_active' });
      await page.locator('#forget summary').click();
      await page.locator('#forget form button').click();
      await page.waitForSelector('#enrol:visible');
    }
    await enrolled(page, 'Tom Exemple');
    const row = page.locator('#for li.row', { hasText: 'Maria Exemple' }).first();
    await row.locator('details.more > summary').first().click();
    await row.locator('button', { hasText: 'Show it by a code' }).click();
    await row.locator('svg.qr').waitFor();
    await accessible(page, 'a code');
    const address = await row.locator('a[href*="/verify#"]').getAttribute('href');
    await page.goto(address);
    await page.waitForSelector('#result .seal.big.ok');
    check();
    await context.close();
  });
}
