// A device that signs adds another: what one shows the other opens, both show the same digits, the second signs at once and ends the first. An answer
// that was changed, or is to something else, is refused, and nothing is handed in. Who has no device left recovers at the desk, and waits.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerText, digitsOf, invitationText, readAnswer, readInvitation, recordOf, wrongWith } from '../../server/web/pages/between.js';
import { verify } from '../../server/web/verifier/index.js';
import { accessible, again, opened, watched } from './watch.mjs';
import { may, World } from './world.mjs';

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };

/** A browser of its own, at a page. */
async function device(at, locale, viewport, more = {}) {
  const { context, seen, check } = await watched(at.browser, at.world.url, { locale, viewport, ...more });
  return { context, seen, check, page: await context.newPage() };
}

/** Enrols as somebody of the directory, or as somebody new. */
async function enrolled(page, name, isNew = false) {
  await opened(page, '/me');
  await page.click(`label:has-text("${isNew ? { en: 'Someone new', fr: 'nouveau' }[await page.getAttribute('html', 'lang')] : name}")`);
  if (isNew) await page.fill('#name', name);
  await page.click('#who button');
  await page.waitForSelector('#seal .seal.ok');
}

/** What an address shows, opened there. */
async function shows(page, address) {
  // Between two addresses that differ behind the # a browser loads nothing.
  await page.goto('about:blank');
  await page.goto(address);
}

/** The address that the first device shows. */
async function invitation(page) {
  await opened(page, '/device');
  return page.locator('#code a').getAttribute('href');
}

/** The address that the second device shows, once it has made its key. */
async function answered(page, address) {
  await shows(page, address);
  await page.locator('#join:visible').waitFor();
  await page.locator('#make').focus();
  await page.keyboard.press('Enter');
  await page.locator('#answer-code .qr').waitFor();
  return page.locator('#answer-code a').getAttribute('href');
}

async function checked(page, text) {
  await page.fill('#paste', text);
  await page.locator('#text button').focus();
  await page.keyboard.press('Enter');
}

const said = (page) => page.locator('#said .note').innerText();
const handedIn = (seen) => seen.requests.filter((request) => request.endsWith('/v1/records')).length;

/** What a browser keeps under a name. */
const keptIn = (page, name) => page.evaluate(async (name) => {
  const database = await new Promise((resolve) => { const open = indexedDB.open('procura'); open.onsuccess = () => resolve(open.result); });
  const kept = await new Promise((resolve) => { const get = database.transaction('one').objectStore('one').get(name); get.onsuccess = () => resolve(get.result); });
  return kept === undefined || kept === null ? null : { ...kept, key: kept.key && [kept.key.type, kept.key.extractable] };
}, name);

/** Another text in base64url: one bit of the byte is flipped. */
function flipped(address, at) {
  const [before, text] = address.split('#add=');
  const bytes = Buffer.from(text, 'base64url');
  bytes[at] ^= 1;
  return `${before}#add=${bytes.toString('base64url')}`;
}

/** The example of the specification, line by line. */
function example() {
  const page = readFileSync(new URL('../../spec/http.md', import.meta.url), 'utf8');
  return page.split('### A further device')[1].split('```text\n')[1].split('```')[0].trim().split('\n');
}

export function devices(test, at) {
  test('the texts are those of the specification', async () => {
    const [joining, adding, id, digits] = example();
    const [origin, now] = ['example.org/ledger', 1_795_431_600_000];
    const [invitation, answer] = [readInvitation(joining.replace('#join=', '')), readAnswer(adding)];
    const fill = (byte) => Buffer.alloc(32, byte).toString('base64url');
    assert.deepEqual(invitation, { party: fill(2), nonce: fill(3), assurance: 'substantial' });
    assert.deepEqual([answer.iat, answer.label, `#join=${invitationText(invitation)}`, `#add=${answerText(answer)}`], [now, 'Phone', joining, adding]);
    assert.equal(await wrongWith(origin, invitation, answer, now), null);
    const written = await recordOf(origin, invitation, answer);
    assert.deepEqual([`id    ${written.id}`, digitsOf(written.id)], [id, digits]);
    assert.equal(await wrongWith('example.org/other', invitation, answer, now), 'changed');
    assert.deepEqual([readInvitation(joining), readInvitation(''), readAnswer(adding.slice(0, 150)), readAnswer('')], [null, null, null, null]);
  });

  test('a second device is added by the first, revokes, and ends the first; fr and nl', async () => {
    const { world } = at;
    const first = await device(at, 'fr', DESKTOP);
    const second = await device(at, 'nl', PHONE, { colorScheme: 'dark' });
    await enrolled(first.page, 'Maria Exemple');
    await first.page.locator('a[href^="/device"]').click();
    await first.page.locator('#code .qr').waitFor();
    const address = await first.page.locator('#code a').getAttribute('href');
    assert.match(address, /\/device#join=[\w-]{87}$/);
    await accessible(first.page, 'invitation');
    await first.page.screenshot({ path: join(at.shots, 'device-invite-fr.png'), fullPage: true });
    await again(first.page);
    assert.equal(await first.page.locator('#code a').getAttribute('href'), address, 'opening the page again makes no other invitation');

    await shows(second.page, address);
    await second.page.locator('#join:visible').waitFor();
    assert.match(await second.page.locator('#join').innerText(), /Maria Exemple nodigt dit uit/);
    await accessible(second.page, 'invited');
    await second.page.screenshot({ path: join(at.shots, 'device-join-nl.png'), fullPage: true });
    await answered(second.page, address);
    await second.page.reload();
    await second.page.locator('#answer-code .qr').waitFor();
    const answer = await second.page.locator('#answer-code a').getAttribute('href');
    const { me: to, answer: kept } = await keptIn(second.page, 'joining');
    assert.equal(answer, `${world.url}/device#add=${kept}`);
    assert.equal(await keptIn(second.page, 'me'), null, 'nobody is signed for before the first device has signed');
    await accessible(second.page, 'answer');
    await second.page.screenshot({ path: join(at.shots, 'device-answer-nl.png'), fullPage: true });
    const digits = await second.page.locator('#answer-sum dd').innerText();
    assert.match(digits, /^(\d{4} ){4}\d{4}$/);

    await checked(first.page, answer);
    await first.page.locator('#sum:visible').waitFor();
    assert.equal(await first.page.locator('#facts dd').last().innerText(), digits);
    assert.match(await first.page.locator('#facts dd').first().innerText(), /^Chromium op Linux, /);
    await accessible(first.page, 'comparison');
    await first.page.screenshot({ path: join(at.shots, 'device-sum-fr.png'), fullPage: true });
    assert.equal(handedIn(first.seen), 0);
    await first.page.locator('#sum button[value=sign]').focus();
    await first.page.keyboard.press('Enter');
    await first.page.locator('#said .note.ok').waitFor();
    assert.match(await said(first.page), /^Ajouté aujourd’hui/);
    assert.equal(handedIn(first.seen), 1);
    await second.page.locator('#said .note.ok').waitFor();
    assert.match(await said(second.page), /^Dit toestel tekent nu voor u/);
    await accessible(second.page, 'in');

    // What the register holds says that the first device's key signed for the second's, which is the one that it showed.
    const [one, two] = [await keptIn(first.page, 'me'), await keptIn(second.page, 'me')];
    assert.deepEqual([two.party, two.kid, two.key], [one.party, to.kid, ['private', false]]);
    const mother = await world.person('mother');
    const receipt = await (await mother.get(`/v1/records/${two.kid}/receipt`)).text();
    const proven = await verify(receipt, { type: 'status', id: two.kid }, world.log.policy, { fresh: Date.now() });
    assert.deepEqual([proven.kind, proven.status, proven.payload.basis, proven.payload.assurance, proven.signer.kid], ['key', 2, 'cosigned', 'substantial', one.kid]);

    // The second device revokes, and ends the first.
    const son = await world.person('son');
    assert.equal(await may(world, son.by.party, 'pensions', mother.by.party), true);
    await opened(second.page, '/me');
    await second.page.waitForSelector('#seal .seal.ok');
    const row = second.page.locator('#act li.row', { hasText: 'Tom Exemple' });
    await row.locator('.end > summary').click();
    await row.locator('.end form button').click();
    await row.locator('.note.ok').waitFor();
    assert.equal(await may(world, son.by.party, 'pensions', mother.by.party), false);
    const old = second.page.locator(`#device-list li[data-id="${one.kid}"]`);
    await old.locator('.end > summary').click();
    await old.locator('button[value=key-end]').click();
    await old.locator('.note.ok').waitFor();
    await second.page.screenshot({ path: join(at.shots, 'device-ended-nl.png'), fullPage: true });
    await opened(first.page, '/me');
    await first.page.waitForSelector('#seal .seal.off');
    await opened(first.page, '/device');
    assert.equal(await first.page.locator('#said .seal strong').innerText(), 'La clé de cet appareil ne compte pas pour l’instant');
    assert.equal(await first.page.locator('#invite').isVisible(), false);
    // What it added before stays.
    await again(second.page);
    await second.page.waitForSelector('#seal .seal.ok');
    for (const { check, context } of [first, second]) {
      check();
      await context.close();
    }
  });

  test('an answer that was changed, is to another invitation, or is known, adds nothing; en and de', async () => {
    const first = await device(at, 'en', PHONE);
    const second = await device(at, 'de', DESKTOP);
    await enrolled(first.page, 'Zoé Inventée', true);
    assert.equal(await first.page.locator('#only').isVisible(), true);
    const answer = await answered(second.page, await invitation(first.page));
    const lies = [
      ['nothing of ours', 'https://example.org/', /no device’s answer/],
      ['cut', answer.slice(0, -60), /no device’s answer/],
      ['the proof of possession', flipped(answer, 8 + 32 + 5), /was changed on its way/],
      ['the key', flipped(answer, 8), /was changed on its way/],
      ['which invitation', flipped(answer, 0), /answers another invitation/],
      ['when', flipped(answer, 104 + 3), /over an hour old/],
    ];
    for (const [what, lie, words] of lies) {
      await checked(first.page, lie);
      await first.page.locator('#said .note', { hasText: words }).waitFor();
      assert.equal(await first.page.locator('#sum').isVisible(), false, what);
    }
    await accessible(first.page, 'refused');
    await first.page.screenshot({ path: join(at.shots, 'device-refused-en.png'), fullPage: true });
    // What is not in the proof, as the name, changes the digits.
    await checked(first.page, flipped(answer, 128 + 2));
    await first.page.locator('#sum:visible').waitFor();
    assert.notEqual(await first.page.locator('#facts dd').last().innerText(), await second.page.locator('#answer-sum dd').innerText());
    await first.page.locator('#sum button[value=leave]').click();
    await first.page.locator('#invite:visible').waitFor();
    assert.equal(handedIn(first.seen), 0);
    assert.equal(await keptIn(second.page, 'me'), null);

    // Another person's answer: to their own invitation.
    const [other, theirs] = [await device(at, 'en', PHONE), await device(at, 'en', PHONE)];
    await enrolled(other.page, 'Sam Voorbeeld');
    const stranger = await answered(theirs.page, await invitation(other.page));
    await checked(first.page, stranger);
    await first.page.locator('#said .note', { hasText: /answers another invitation/ }).waitFor();
    // One key a browser.
    await shows(other.page, await first.page.locator('#code a').getAttribute('href'));
    await other.page.locator('#said .note', { hasText: /has a key of somebody else’s/ }).waitFor();
    await shows(theirs.page, answer);
    await theirs.page.locator('#said .note', { hasText: /Open it there|open it there/ }).waitFor();

    // The answer opened as an address, as a camera does it; then the same once more.
    await shows(first.page, answer);
    await first.page.locator('#sum:visible').waitFor();
    await first.page.locator('#sum button[value=sign]').click();
    await first.page.locator('#said .note.ok').waitFor();
    await second.page.locator('#said .note.ok').waitFor();
    await shows(first.page, answer);
    await first.page.locator('#said .note', { hasText: /in your list already/ }).waitFor();
    assert.equal(handedIn(first.seen), 1);
    await opened(first.page, '/me');
    await first.page.waitForSelector('#seal .seal.ok');
    assert.equal(await first.page.locator('#device-list li').count(), 2);
    assert.equal(await first.page.locator('#only').isVisible(), false);

    // A device that is frozen while it compares adds nothing.
    const third = await device(at, 'en', PHONE);
    const late = await answered(third.page, await invitation(first.page));
    await checked(first.page, late);
    await first.page.locator('#sum:visible').waitFor();
    const { kid } = await keptIn(first.page, 'me');
    await opened(second.page, '/me');
    const line = second.page.locator(`#device-list li[data-id="${kid}"]`);
    await line.locator('.end > summary').click();
    await line.locator('button[value=suspension]').click();
    await line.locator('.note.ok').waitFor();
    await first.page.locator('#sum button[value=sign]').click();
    await first.page.locator('#said .note.bad').waitFor();
    assert.match(await said(first.page), /frozen or ended. Nothing was added/);
    // The third can't go on, and its key is gone.
    await third.page.locator('#stop').click();
    await third.page.locator('#said .note').waitFor();
    assert.equal(await keptIn(third.page, 'joining'), null);
    for (const { check, context } of [first, second, third, other, theirs]) {
      check();
      await context.close();
    }
  });

  test('a recovery key counts once it has waited, and ends the lost one; in fr', async () => {
    const world = await World.start(at.program, { more: ['--trial-key-delay-s', '1'] });
    try {
      const own = { ...at, world };
      const lost = await device(own, 'fr', DESKTOP);
      await enrolled(lost.page, 'Zoé Inventée', true);
      const { kid: old } = await keptIn(lost.page, 'me');
      const found = await device(own, 'fr', PHONE);
      await opened(found.page, '/me');
      await found.page.click('label:has-text("Zoé Inventée")');
      await found.page.click('#who button');
      // However soon it was asked: the desk accepts it at the first time that comes late enough.
      while ((await (await found.page.waitForSelector('#seal .seal.ok, #seal .seal.off')).getAttribute('class')).includes('off')) {
        assert.equal(await found.page.locator('#seal strong').innerText(), 'La clé de cet appareil ne compte pas encore');
        await again(found.page);
      }
      const { kid, basis } = await keptIn(found.page, 'me');
      assert.equal(basis, 'recovered');
      await found.page.screenshot({ path: join(at.shots, 'device-recovered-fr.png'), fullPage: true });
      const line = found.page.locator(`#device-list li[data-id="${old}"]`);
      await line.locator('.end > summary').click();
      await line.locator('button[value=key-end]').click();
      await line.locator('.note.ok').waitFor();
      await again(lost.page);
      await lost.page.waitForSelector('#seal .seal.off');
      assert.equal(await lost.page.locator('#seal strong').innerText(), 'La clé de cet appareil ne compte pas pour l’instant');
      await again(found.page);
      await found.page.waitForSelector('#seal .seal.ok');
      assert.deepEqual(await found.page.locator('#device-list li').evaluateAll((all) => all.map((one) => one.getAttribute('data-id'))), [kid]);
      for (const { check, context } of [lost, found]) {
        check();
        await context.close();
      }
    } finally {
      await world.stop();
    }
  });
}
