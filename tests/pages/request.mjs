// A request by link: shown only if it is proven and is this link's; approved, refused, and never twice.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { b64url, labelled, ofB64url } from '../../server/web/verifier/bytes.js';
import { dayOf, firstInstant, instantAfter } from '../../server/web/verifier/days.js';
import { accessible, again, opened, watched } from './watch.mjs';
import { may, write } from './world.mjs';

/** The employer asks for a consent, somebody by name or with a link; the link. */
async function asks(world, name) {
  const employer = await world.person('employer');
  const { catalogues: [catalogue] } = await (await employer.get('/v1/catalogues')).json();
  const link = crypto.getRandomValues(new Uint8Array(32));
  const [first, last] = [dayOf(Date.now()), dayOf(Date.now() + 30 * 24 * 3600 * 1000)];
  await write(employer, 'request', {
    requester: employer.by.party, grant: 'consent', catalogue, scopes: ['taxes.return'], purposes: ['hiring'],
    valid_from: first, not_before: firstInstant(first), valid_until: last, not_after: instantAfter(last),
    answer_by: Date.now() + 3_600_000,
    ...(name === undefined ? { link: b64url(await labelled('link', link)) } : { subject: (await world.person(name)).by.party }),
  });
  return b64url(link);
}

/** The consents that somebody's list has to the employer for that. */
async function given(world, name) {
  const person = await world.person(name);
  const list = JSON.parse(await (await person.get(`/v1/parties/${person.by.party}/records`)).text());
  const payloads = list.entries.flatMap(({ record }) => (record === undefined ? [] : [JSON.parse(new TextDecoder().decode(ofB64url(record.split('.')[1])))]));
  return { consents: payloads.filter(({ kind, request }) => kind === 'consent' && request !== undefined).length, blocks: payloads.filter(({ kind }) => kind === 'block').length };
}

export function request(test, at) {
  test('a request by link is proven, approved once, refused, blocked, in de and nl', async () => {
    const { world } = at;
    const { context, seen, check } = await watched(at.browser, world.url, { locale: 'de', viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const link = await asks(world);
    const visit = async (hash) => {
      await page.goto('about:blank');
      await page.goto(`/r#${hash}`);
    };
    // Without a key it is shown, and not answered.
    await visit(link);
    await page.waitForSelector('#seal .seal.ok');
    assert.match(await page.locator('h1').innerText(), /^Bistro De Proef möchte einige meiner Daten sehen/);
    assert.equal(await page.locator('#answer').isVisible(), false);
    await accessible(page, 'no key');

    await opened(page, '/me');
    await page.click('label:has-text("Tom Exemple")');
    await page.click('#who button');
    await page.waitForSelector('#seal .seal.ok');
    await visit(link);
    await page.waitForSelector('#answer:visible');
    assert.match(await page.locator('.sum').innerText(), /Steuern: Erklärung/);
    await accessible(page, 'asked');
    await page.screenshot({ path: join(at.shots, 'request-de.png'), fullPage: true });
    const sizes = await Promise.all((await page.locator('#answer button').all()).map(async (button) => (await button.boundingBox()).height));
    assert.equal(new Set(sizes).size, 1, 'no answer is larger');
    // By keyboard alone.
    await page.locator('#answer button[value=approve]').focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('#said .note.ok');
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Ihre Antwort ist eingetragen/);
    assert.deepEqual(await given(world, 'son'), { consents: 1, blocks: 0 });
    await visit(link);
    await page.waitForSelector('#said .note.wait');
    assert.equal(await page.locator('#said').innerText(), 'Dieser Link wurde schon benutzt. Nichts wurde geteilt.');

    for (const [answer, blocks] of [['refuse', 0], ['block', 1]]) {
      const other = await asks(world);
      await page.goto('about:blank');
      await page.goto(`/r?lang=nl#${other}`);
      await page.waitForSelector('#answer:visible');
      await page.click(`#answer button[value=${answer}]`);
      await page.waitForSelector('#said .note.ok');
      assert.match(await page.locator('#said').innerText(), /Zij zien “geweigerd”, niet waarom/);
      assert.deepEqual(await given(world, 'son'), { consents: 1, blocks });
    }

    // A link that nobody made, and no link at all.
    for (const nothing of ['A'.repeat(43), '', 'x']) {
      await visit(nothing);
      await page.waitForSelector('#said .note.wait');
      assert.match(await page.locator('#said').innerText(), /^Diese Seite gibt es nicht, oder sie ist nicht für Sie/);
    }
    // A server that shows another question for this link, or a changed one: neither is shown.
    const [mine, another] = [await asks(world), await asks(world)];
    for (const lie of [
      async (route) => route.fulfill({ response: await route.fetch({ postData: JSON.stringify({ link: another }) }) }),
      async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, body: (await answer.text()).replace(/"tree":"../, '"tree":"AA') });
      },
    ]) {
      await page.route('**/v1/links', lie);
      await visit(mine);
      await page.waitForSelector('#said .note');
      assert.equal(await page.locator('#seal .seal.ok').count(), 0);
      assert.equal(await page.locator('#answer').isVisible(), false);
      assert.doesNotMatch(await page.locator('main').innerText(), /Bistro/);
      await page.unroute('**/v1/links');
    }
    assert.ok(seen.requests.every((address) => !address.split('#')[0].includes(link)), 'the link is in no address that is sent');
    check();
    await context.close();
  });

  test('a request to somebody by name is approved on the overview, and another refused', async () => {
    const { world } = at;
    await asks(world, 'child');
    const { context, check } = await watched(at.browser, world.url, { locale: 'en', colorScheme: 'dark' });
    const page = await context.newPage();
    await opened(page, '/me');
    await page.click('label:has-text("Noor Exemple")');
    await page.click('#who button');
    await page.waitForSelector('#seal .seal.ok');
    const row = page.locator('#wait li', { hasText: 'Bistro De Proef' });
    assert.match(await row.innerText(), /asks to see Taxes: Return/);
    await row.locator('details.wide > summary').click();
    await accessible(page, 'asked by name');
    await row.locator('button[value=acceptance]').click();
    await page.waitForSelector('#see li:has-text("Bistro De Proef")');
    await page.waitForSelector('#seal .seal.ok');
    assert.match(await page.locator('#see li').innerText(), /In force.*may see Taxes: Return/s);
    assert.equal((await given(world, 'child')).consents, 1);

    // A yes whose second record could not be sent: it waits here, and the next visit sends it.
    await asks(world, 'child');
    await again(page);
    await page.waitForSelector('#wait:visible');
    let submissions = 0;
    await page.route('**/v1/records', (route) => (submissions++ === 0 ? route.continue() : route.abort()));
    await row.locator('details.wide > summary').click();
    await row.locator('button[value=acceptance]').click();
    await page.waitForSelector('#notes .note.wait');
    assert.equal((await given(world, 'child')).consents, 1);
    await page.unroute('**/v1/records');
    await again(page);
    assert.equal((await given(world, 'child')).consents, 2);

    await asks(world, 'child');
    await again(page);
    await page.waitForSelector('#wait:visible');
    await row.locator('details.wide > summary').click();
    await row.locator('button[value=renunciation]').click();
    await row.locator('.note.ok').waitFor();
    assert.equal(await row.locator('.state').innerText(), 'Declined');
    assert.equal((await given(world, 'child')).consents, 2);

    // Of two that wait one is refused, and who asks is blocked: neither waits any more, nor what they ask then.
    await asks(world, 'child');
    await asks(world, 'child');
    await again(page);
    await page.waitForSelector('#wait:visible');
    assert.equal(await row.count(), 2);
    assert.equal(await page.locator('#blocked').isVisible(), false);
    await row.first().locator('details.wide > summary').click();
    const sizes = await Promise.all((await row.first().locator('form:visible button').all()).map(async (button) => (await button.boundingBox()).height));
    assert.deepEqual([sizes.length, new Set(sizes).size], [3, 1], 'no answer is larger');
    await row.first().locator('button[value=block]').click();
    await page.waitForSelector('#blocked:visible');
    await page.waitForSelector('#seal .seal.ok');
    assert.equal(await page.locator('#wait').isVisible(), false);
    assert.deepEqual(await given(world, 'child'), { consents: 2, blocks: 1 });
    await asks(world, 'child');
    await again(page);
    await page.waitForSelector('#blocked:visible');
    assert.equal(await page.locator('#wait').isVisible(), false);
    assert.match(await page.locator('#lede').innerText(), /No question waits/);
    const blocked = page.locator('#blocked li', { hasText: 'Bistro De Proef' });
    await blocked.locator('summary').click();
    await accessible(page, 'blocked');
    // What was not answered waits again once that is undone.
    await blocked.locator('form button').click();
    await page.waitForSelector('#wait:visible');
    assert.equal(await row.count(), 2);
    assert.equal(await page.locator('#blocked').isVisible(), false);
    check();
    await context.close();
  });

  test('a mandate by invitation is accepted with its link alone, once, by whom it is for, in fr', async () => {
    const { world } = at;
    const [mother, neighbour] = [await world.person('mother'), await world.person('neighbour')];
    const { catalogues: [catalogue] } = await (await mother.get('/v1/catalogues')).json();
    const link = crypto.getRandomValues(new Uint8Array(32));
    const [first, last] = [dayOf(Date.now()), dayOf(Date.now() + 30 * 24 * 3600 * 1000)];
    const given = await write(mother, 'mandate', {
      mandators: [mother.by.party], mandatees: [neighbour.by.party], catalogue, scopes: ['household'],
      valid_from: first, not_before: firstInstant(first), valid_until: last, not_after: instantAfter(last),
      answer_by: Date.now() + 3_600_000, link: b64url(await labelled('link', link)),
    });
    const { context, check } = await watched(at.browser, world.url, { locale: 'fr', viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    const visit = async (hash) => {
      await page.goto('about:blank');
      await page.goto(`/r#${hash}`);
      await page.waitForSelector('#seal .seal:not(.wait), #said .note');
    };
    const enrolled = async (name) => {
      await opened(page, '/me');
      await page.click(`label:has-text("${name}")`);
      await page.click('#who button');
      await page.waitForSelector('#seal .seal.ok');
    };
    // Whoever else has the link reads it and can't answer.
    await enrolled('Tom Exemple');
    await visit(b64url(link));
    assert.match(await page.locator('#said').innerText(), /pour quelqu’un d’autre/);
    assert.equal(await page.locator('#invited').isVisible(), false);
    await page.goto('/me');
    await page.waitForSelector('#seal .seal.ok');
    await page.locator('#forget summary').click();
    await page.locator('#forget form button').click();
    await page.waitForSelector('#enrol:visible');

    await enrolled('Ilse Muster');
    const row = page.locator(`#wait [data-id="${given.id}"]`);
    await row.locator('details:not(.end) > summary').last().click();
    assert.equal(await row.locator('button[value=acceptance]').isDisabled(), true, 'not without the link');
    await visit(b64url(link));
    assert.match(await page.locator('h1').innerText(), /^Maria Exemple souhaite que j’agisse/);
    assert.match(await page.locator('.oath').innerText(), /Ménage/);
    await accessible(page, 'invited');
    await page.screenshot({ path: join(at.shots, 'invited-fr.png'), fullPage: true });
    assert.equal(await may(world, neighbour.by.party, 'household', mother.by.party), false);
    // A receipt that proves something else is no answer.
    await page.route('**/v1/records', async (route) => {
      const answer = await route.fetch();
      const receipt = await answer.json();
      receipt.entries.pop();
      await route.fulfill({ response: answer, json: receipt });
    });
    await page.locator('#invited button[value=acceptance]').click();
    await page.locator('#invited .note.bad').waitFor();
    await page.unroute('**/v1/records');
    assert.equal(await page.locator('#invited .note.ok').count(), 0);
    assert.equal(await may(world, neighbour.by.party, 'household', mother.by.party), true, 'it was taken all the same');
    await visit(b64url(link));
    assert.match(await page.locator('#said').innerText(), /déjà été utilisé/);
    check();
    await context.close();
  });
}
