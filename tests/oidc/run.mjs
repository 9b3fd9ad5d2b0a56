// Somebody enrols through a real provider of OpenID Connect, in a real browser, and signs. Whatever is not as it must be, a provider that
// lies among it, binds nothing and is told in plain words. `node run.mjs PROGRAM BROWSER SHOTS`, as tests/pages.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ACR, Op, SECRET } from './provider.mjs';
import { accessible, watched } from '../pages/watch.mjs';
import { chromium, World, write } from '../pages/world.mjs';
import { b64url, labelled, ofB64url } from '../../server/web/verifier/bytes.js';

const [program, executablePath, shots] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });

/** `soon`: another ledger, in which a recovery key hardly waits. @type {{world: World, soon: World, op: Op, browser: any}} */
const at = {};

/** A ledger with a catalogue and a registrar: the demo's, without the demo from here on, with providers instead. */
async function enrolling(more = []) {
  const made = await World.start(program, { more, log: 'oidc' });
  await made.leave();
  const secret = join(made.data, 'secret');
  writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
  const provider = (name, more) => `
[[registrar.oidc]]
name = "${name}"
title = "Fictional ${name}"
issuer = "${at.op.issuer}"
client_secret_file = "${secret}"
claim = "number"
scheme = "niss"
name_claim = "name"
assurance = { "${ACR.card}" = "high", "${ACR.app}" = "substantial" }
${more}`;
  const config = join(made.data, 'server.toml');
  writeFileSync(config, `[registrar]
key = "${join(made.data, 'data', 'demo', 'registrar.json')}"
${provider('strong', 'client_id = "procura"\nrequest_claims = true')}
${provider('info', 'client_id = "procura-post"\nclient_auth = "post"\nredirect = "/enrol/back/info"\nuserinfo = true\nscopes = ["national", "profile"]')}
`);
  return World.start(program, { demo: false, more: ['--config', config], data: made.data, log: 'oidc' });
}

before(async () => {
  at.op = await Op.start();
  at.world = await enrolling();
  at.soon = await enrolling(['--trial-key-delay-s', '1']);
  at.op.serve([at.world, at.soon].flatMap(({ url }) => [`${url}/enrol/strong`, `${url}/enrol/back/info`]));
  at.browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
});

after(async () => {
  await at.browser?.close();
  await at.world?.stop();
  await at.soon?.stop();
  await at.op?.stop();
});

/** A browser of its own. What leaves the origin goes to the provider, and names nobody. */
async function visitor(locale, options, world = at.world) {
  const made = await watched(at.browser, world.url, { locale, ...options });
  const page = await made.context.newPage();
  const check = () => {
    assert.deepEqual(made.seen.troubles, []);
    // What a provider writes into its errors is its own doing; it must not get any further.
    for (const request of made.seen.requests.filter((one) => !one.startsWith('data:') && !one.includes('error_description='))) {
      assert.ok([world.url, at.op.issuer, `blob:${world.url}`].some((origin) => request.startsWith(`${origin}/`)), request);
      assert.doesNotMatch(request.split('#')[0], /niss|48031500292|88222999936|882229/, 'no address names anybody');
    }
  };
  return { ...made, page, check };
}

/** To the provider, and signed in there: as whom, and how. */
async function signIn(page, as, provider = 'strong') {
  if (new URL(page.url()).pathname !== '/me') await page.goto('/me');
  await page.click(`#providers button:has-text("Fictional ${provider}")`);
  await page.waitForURL(`${at.op.issuer}/interaction/**`);
  await page.click(`button[value="${as}"]`);
}

const said = async (page) => {
  await page.waitForSelector('#login-result .note.bad');
  return page.locator('#login-result').innerText();
};
const words = async (language) => (await fetch(`${at.world.url}/web/pages/words/${language}.me.json`)).json();
const isEnrolled = (page) => page.evaluate(async () => (await import('/web/pages/kept.js')).me(JSON.parse(localStorage.getItem('procura.policy')).policy.origin).then((me) => me !== null));

/** The way back, as the provider gives it: held up instead of taken. */
async function heldBack(page, as) {
  const back = new Promise((resolve) => { at.op.hold = resolve; });
  await signIn(page, as);
  await page.waitForURL(`${at.op.issuer}/held`);
  return back;
}

/** The keys in this browser's own list, as it opens them. */
const keysOf = (page) => page.evaluate(async () => {
  const { me } = await import('/web/pages/kept.js');
  const { Session } = await import('/web/pages/session.js');
  const { origin } = JSON.parse(localStorage.getItem('procura.policy')).policy;
  const self = await me(origin);
  const receipt = await (await new Session(self, origin).get(`/v1/parties/${self.party}/records`)).json();
  const text = (part) => new TextDecoder().decode(Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)));
  return receipt.entries.filter(({ record }) => record !== undefined).map(({ record }) => JSON.parse(text(record.split('.')[1]))).filter(({ kind }) => kind === 'key');
});

test('whatever is not as it must be binds nothing, and is told in four languages', { timeout: 600_000 }, async (t) => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const lies = {
    'another nonce': ({ claims }) => { claims.nonce = 'of-another-login'; },
    'no nonce': ({ claims }) => { delete claims.nonce; },
    'another audience': ({ claims }) => { claims.aud = 'somebody-else'; },
    'another audience as well': ({ claims }) => { claims.aud = ['procura', 'somebody-else']; },
    'another issuer': ({ claims }) => { claims.iss = 'https://elsewhere.example'; },
    'a token that is over': ({ claims }) => { claims.exp = Math.floor(Date.now() / 1000) - 120; },
    'another key': (token) => { token.key = other; },
    'no signature': (token) => { token.header = { alg: 'none', kid: token.header.kid }; token.key = null; },
  };
  const languages = ['fr', 'nl', 'de', 'en'];
  for (const [i, [what, lie]] of Object.entries(lies).entries()) {
    await t.test(`a provider that lies: ${what}`, async () => {
      const language = languages[i % 4];
      const { context, page, check } = await visitor(language);
      at.op.lie = lie;
      const before = at.op.asked;
      await signIn(page, 'zoe card');
      assert.equal(await said(page), (await words(language))['login.unproven']);
      assert.equal(at.op.asked, before + 1, 'the token was asked for');
      assert.equal(at.op.lie, null, 'and it lied');
      assert.equal(await isEnrolled(page), false);
      if (i < 4) await accessible(page, `${what} ${language}`);
      if (i === 0) await page.screenshot({ path: join(shots, 'oidc-unproven-fr.png'), fullPage: true });
      check();
      await context.close();
    });
  }
  for (const [as, provider, word, language] of [['zoe mail', 'strong', 'weak', 'nl'], ['nobody', 'strong', 'declined', 'de'], ['wrong card', 'strong', 'nobody', 'fr'], ['zoe mail', 'info', 'weak', 'en']]) {
    await t.test(`${as}: ${word}`, async () => {
      const { context, page, check } = await visitor(language);
      await signIn(page, as, provider);
      assert.equal(await said(page), (await words(language))[`login.${word}`]);
      assert.equal(await isEnrolled(page), false);
      assert.equal(new URL(page.url()).hash, '', 'nothing is left in the address');
      check();
      await context.close();
    });
  }
  await t.test('another state: and the true one comes too late then', async () => {
    const { context, page, check } = await visitor('en');
    const back = await heldBack(page, 'zoe card');
    const changed = new URL(back);
    changed.searchParams.set('state', b64url(crypto.getRandomValues(new Uint8Array(32))));
    const before = at.op.asked;
    for (const address of [changed.href, back]) {
      await page.goto(address);
      assert.equal(await said(page), (await words('en'))['login.over']);
    }
    assert.equal(at.op.asked, before, 'the code is not even used');
    assert.equal(await isEnrolled(page), false);
    check();
    await context.close();
  });
  await t.test('the way back taken in another browser, or sent by another provider', async () => {
    const [one, two] = [await visitor('en'), await visitor('en')];
    const back = await heldBack(one.page, 'zoe card');
    await two.page.goto(back);
    assert.equal(await said(two.page), (await words('en'))['login.over']);
    const changed = new URL(back);
    changed.searchParams.set('iss', 'https://elsewhere.example');
    await one.page.goto(changed.href);
    assert.equal(await said(one.page), (await words('en'))['login.over']);
    for (const { page } of [one, two]) assert.equal(await isEnrolled(page), false);
    await Promise.all([one, two].map(({ context }) => context.close()));
  });
  await t.test('without a login nobody registers anybody, nor binds a key', async () => {
    for (const address of ['/enrol/enrolments', '/enrol/keys', '/enrol/recoveries']) {
      const how = { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json', Cookie: `procura-enrol=${b64url(new Uint8Array(32))}` } };
      assert.ok([400, 409].includes((await fetch(at.world.url + address, how)).status), address);
    }
    const login = (body) => fetch(`${at.world.url}/enrol/logins`, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
    assert.equal((await login({ provider: 'unknown', lang: 'en' })).status, 404);
    assert.equal((await login({ provider: 'strong', lang: 'xx' })).status, 400);
    const cookie = (await login({ provider: 'strong', lang: 'en' })).headers.get('set-cookie');
    assert.match(cookie, /; Secure; HttpOnly; SameSite=Lax$/);
    assert.equal((await fetch(`${at.world.url}/demo/people`)).status, 404, 'there is no desk here');
    assert.equal((await fetch(`${at.world.url}/office`)).status, 404);
  });
});

test('somebody enrols through the provider, in fr on a phone, and signs; the way back is good once', { timeout: 300_000 }, async () => {
  const { world } = at;
  const { context, page, check } = await visitor('fr', { viewport: { width: 390, height: 844 } });
  await page.goto('/me');
  await page.waitForSelector('#providers button');
  assert.equal(await page.locator('h1:visible').count(), 1);
  await accessible(page, 'enrol');
  await page.screenshot({ path: join(shots, 'oidc-enrol-fr-phone.png'), fullPage: true });
  const backs = [];
  page.on('request', (request) => { if (new URL(request.url()).pathname === '/enrol/strong') backs.push(request.url()); });
  await signIn(page, 'zoe app');
  await page.waitForSelector('#seal .seal.ok');
  assert.match(await page.locator('#self').innerText(), /Zoé Inventée/);
  assert.equal(new URL(page.url()).hash, '');
  await accessible(page, 'enrolled');
  await page.screenshot({ path: join(shots, 'oidc-me-fr-phone.png'), fullPage: true });
  const [key, ...more] = await keysOf(page);
  // Of this person no key was bound before, whatever was tried above.
  assert.deepEqual([key.basis, key.assurance, more.length], ['first', 'substantial', 0]);
  assert.deepEqual((await context.cookies(world.url)).filter(({ name }) => name.includes('procura')), [], 'no cookie is left');

  // The same way back once more: it is over, and the key of this browser stays as it is.
  assert.equal(backs.length, 1);
  const asked = at.op.asked;
  await page.goto(backs[0]);
  await page.waitForSelector('#seal .seal.ok');
  assert.equal(at.op.asked, asked);
  assert.equal((await keysOf(page)).length, 1);

  // And signs: a mandate for an enterprise, by its number.
  await page.goto('/give#mandate');
  await page.click('label:has(.reveals)');
  await page.fill('#number', '0999.999.922');
  const next = '#flow form .button:not(.quiet)';
  await page.click(next);
  await page.waitForSelector('input[name=what]');
  await page.check('input[value="taxes"]');
  await page.click(next);
  await page.check('#flow input[value="quarter"]');
  await page.click(next);
  await page.waitForSelector('.oath');
  await page.click(next);
  await page.waitForFunction((text) => document.getElementById('question').innerText === text, 'Signé et enregistré');
  const employer = await world.person('employer');
  const receipt = await (await employer.get(`/v1/parties/${employer.by.party}/records`)).json();
  const opened = receipt.entries.flatMap(({ record }) => (record === undefined ? [] : [ofB64url(record.split('.')[1])]));
  const mandates = [];
  for (const payload of opened) {
    const read = JSON.parse(new TextDecoder().decode(payload));
    if (read.kind === 'mandate' && read.mandators.includes(key.party)) mandates.push(b64url(await labelled('id', payload)));
  }
  assert.equal(mandates.length, 1);
  const town = await world.person('municipality');
  const may = async () => (await (await town.post('/access/v1/evaluation', { subject: { type: 'party', id: `party:${employer.by.party}` }, action: { name: 'help' }, resource: { type: 'taxes', id: `party:${key.party}` } })).json()).decision;
  assert.equal(await may(), false);
  await write(employer, 'acceptance', { target: mandates[0] });
  assert.equal(await may(), true, 'what was signed counts');
  check();
  await context.close();
});

test('a second device, and somebody who has a key already, wait; nobody else’s login helps them', { timeout: 300_000 }, async () => {
  const { context, page, check } = await visitor('en');
  await signIn(page, 'maria card', 'info');
  await page.waitForSelector('#seal .seal.off');
  assert.equal(await page.locator('#seal strong').innerText(), 'This device’s key does not count yet');
  await accessible(page, 'waiting');
  await page.waitForSelector('#providers button');
  const kept = () => page.evaluate(async () => (await import('/web/pages/kept.js')).me(JSON.parse(localStorage.getItem('procura.policy')).policy.origin).then(({ basis, kid }) => ({ basis, kid })));
  const { basis, kid } = await kept();
  assert.equal(basis, 'recovery');
  await signIn(page, 'maria card', 'info');
  assert.equal(await said(page), (await words('en'))['login.too-early']);
  await signIn(page, 'zoe card');
  assert.equal(await said(page), (await words('en'))['login.over'], 'somebody else');
  assert.deepEqual(await kept(), { basis, kid });
  check();
  await context.close();
});

test('a key that waited long enough counts after one more login, and ends the one that was lost, in nl', { timeout: 300_000 }, async () => {
  const { context, page, check } = await visitor('nl', { viewport: { width: 390, height: 844 } }, at.soon);
  await signIn(page, 'maria card');
  await page.waitForSelector('#seal .seal.off');
  const kept = () => page.evaluate(async () => (await import('/web/pages/kept.js')).me(JSON.parse(localStorage.getItem('procura.policy')).policy.origin).then(({ basis, kid }) => ({ basis, kid })));
  const { basis, kid } = await kept();
  assert.equal(basis, 'recovery');
  // However soon it was: the registrar accepts it at the first login that comes late enough.
  do {
    await page.waitForSelector('#providers button');
    await signIn(page, 'maria card');
    await page.waitForSelector('#seal .seal.ok, #login-result .note.bad');
  } while ((await page.locator('#login-result .note.bad').count()) > 0);
  assert.deepEqual(await kept(), { basis: 'recovered', kid });
  await accessible(page, 'recovered');
  await page.screenshot({ path: join(shots, 'oidc-recovered-nl-phone.png'), fullPage: true });
  const lost = page.locator(`#device-list li:not([data-id="${kid}"])`);
  await lost.locator('.end > summary').click();
  await lost.locator('button[value=key-end]').click();
  await lost.locator('.note.ok').waitFor();
  await page.reload();
  await page.waitForSelector('#seal .seal.ok');
  assert.deepEqual(await page.locator('#device-list li').evaluateAll((all) => all.map((one) => one.getAttribute('data-id'))), [kid]);
  check();
  await context.close();
});
