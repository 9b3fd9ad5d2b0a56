// Every page at 200 % (a window of 1280 × 1024, so 640 px to lay out) and at the 320 px that WCAG 2.2 asks for (1.4.4, 1.4.10): nothing
// scrolls sideways, no text is cut off or lies on other text, every button can be reached.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Services } from './desks.mjs';
import { PAGES } from './served.mjs';
import { opened, watched } from './watch.mjs';

/** What a window of 1280 × 1024 has to lay out at 200 % and at 400 %. */
const ZOOMS = [
  { name: '200', viewport: { width: 640, height: 512 } },
  { name: '400', viewport: { width: 320, height: 256 } },
];

/** What does not fit, in words; none if all does. Runs in the page. */
function misfits() {
  const found = [];
  const named = (one) => `${one.tagName.toLowerCase()}${one.id && `#${one.id}`}${[...one.classList].map((name) => `.${name}`).join('')} “${one.textContent.trim().slice(0, 40)}”`;
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`scrolls sideways: ${scrollWidth} px in ${clientWidth}`);
  // What only a screen reader reads, and what is drawn, is no text on the page.
  const isShown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.closest('.vh, .skip, svg') === null;
  /** The box that clips or scrolls it, if one does. */
  const boxOf = (one) => {
    for (let box = one; box !== document.body && box !== null; box = box.parentElement) if (getComputedStyle(box).overflowX !== 'visible') return box;
    return null;
  };
  const lines = [];
  for (const one of [...document.body.querySelectorAll('*')].filter(isShown)) {
    const { overflowX, overflowY } = getComputedStyle(one);
    const isCut = (overflow, inner, outer) => ['hidden', 'clip'].includes(overflow) && inner > outer + 1;
    if (isCut(overflowX, one.scrollWidth, one.clientWidth) || isCut(overflowY, one.scrollHeight, one.clientHeight)) found.push(`cut off: ${named(one)}`);
    const isScrolled = boxOf(one) !== null;
    for (const text of one.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || text.data.trim() === '') continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const line of [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1)) {
        if (!isScrolled && (line.left < -1 || line.right > clientWidth + 1)) found.push(`beside the page: ${named(one)}`);
        const button = one.closest('.button')?.getBoundingClientRect();
        if (button !== undefined && (line.left < button.left - 1 || line.right > button.right + 1 || line.top < button.top - 1 || line.bottom > button.bottom + 1)) found.push(`out of its button: ${named(one)}`);
        if (!isScrolled) lines.push({ line, text, one });
      }
    }
  }
  for (const [i, a] of lines.entries()) {
    for (const b of lines.slice(i + 1)) {
      if (a.text === b.text) continue;
      const across = Math.min(a.line.right, b.line.right) - Math.max(a.line.left, b.line.left);
      const down = Math.min(a.line.bottom, b.line.bottom) - Math.max(a.line.top, b.line.top);
      // Lines that are set close share the room above and below their letters.
      if (across > 2 && down > 0.4 * Math.min(a.line.height, b.line.height)) found.push(`on each other: ${named(a.one)}, ${named(b.one)}`);
    }
  }
  for (const button of [...document.querySelectorAll('.button, summary, nav a')].filter(isShown)) {
    button.scrollIntoView({ block: 'center', behavior: 'instant' });
    const { left, right, top, bottom } = button.getBoundingClientRect();
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (left < -1 || right > clientWidth + 1 || !button.contains(hit)) found.push(`out of reach: ${named(button)}`);
  }
  scrollTo(0, 0);
  return [...new Set(found)];
}

/** Asserts that all of a page fits as it is now. */
export async function fits(page, where) {
  assert.deepEqual(await page.evaluate(misfits), [], where);
}

/** The same at every zoom; the page has its own size back then. */
export async function fitsZoomed(page, where) {
  const own = page.viewportSize();
  for (const { name, viewport } of ZOOMS) {
    await page.setViewportSize(viewport);
    await fits(page, `${where} at ${name} %`);
  }
  await page.setViewportSize(own);
}

export function zoom(test, at) {
  // The languages with the longest words.
  for (const language of ['fr', 'de']) {
    test(`every page fits at 200 % and 400 % in ${language}`, async () => {
      const { context, check } = await watched(at.browser, at.world.url, { locale: language, viewport: ZOOMS[0].viewport, deviceScaleFactor: 2 });
      const page = await context.newPage();
      for (const path of PAGES) {
        await opened(page, path);
        await fitsZoomed(page, `${path} ${language}`);
        if (language === 'de') await page.screenshot({ path: join(at.shots, `zoom-${path.slice(1) || 'start'}-de.png`), fullPage: true });
      }
      check();
      await context.close();
    });
  }

  test('what somebody sees with a key fits, opened too', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'de', viewport: { width: 1280, height: 1024 } });
    const page = await context.newPage();
    await opened(page, '/me');
    await page.click('label:has-text("Tom Exemple")');
    await page.click('#who button');
    await page.waitForSelector('#seal .seal.ok');
    const openAll = () => page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
    await fitsZoomed(page, '/me');
    await openAll();
    await fitsZoomed(page, '/me, opened');
    await page.goto('/looks');
    await page.waitForSelector('#seal .seal.ok');
    await openAll();
    await fitsZoomed(page, '/looks');
    for (const kind of ['mandate', 'consent']) {
      await page.goto(`/?lang=de`);
      await page.goto(`/give?lang=de#${kind}`);
      await page.waitForSelector('#flow form');
      for (;;) {
        const question = await page.locator('#question').innerText();
        await fitsZoomed(page, `/give ${kind}: ${question}`);
        if ((await page.locator('#flow .oath').count()) > 0) break;
        await page.locator('#flow .choice').first().click();
        await page.click('#flow form .button:not(.quiet)');
        await page.waitForFunction((text) => document.getElementById('question').innerText !== text, question);
      }
    }
    check();
    await context.close();
  });

  test('what is done at a desk, on a service’s behalf, and what is verified fits', async () => {
    const { world } = at;
    at.flexi = await Services.start(at.flexiProgram, world);
    const { context, check } = await watched(at.browser, world.url, { beside: at.flexi.url, locale: 'de', viewport: { width: 1280, height: 1024 } });
    await context.addInitScript(() => { window.print = () => {}; });
    const page = await context.newPage();
    await opened(page, '/office');
    await page.click('label:has-text("Sociaal Secretariaat")');
    await page.click('#who button');
    await page.waitForSelector('#own-seal .seal.ok');
    await page.fill('#c-about', '75.06.12-001.92');
    await page.selectOption('#c-what', 'taxes.return');
    await page.selectOption('#c-why', 'contributions');
    await page.click('#c-form button');
    await page.waitForSelector('#decision .seal.big');
    await page.selectOption('#q-what', 'taxes.return');
    await page.selectOption('#q-why', 'contributions');
    await page.selectOption('#q-long', '30');
    await page.click('#q-form button');
    await page.waitForSelector('#link .qr');
    await fitsZoomed(page, '/office, checked and asked');

    await opened(page, '/counter');
    await fitsZoomed(page, '/counter: shift');
    await page.click('label:has(input[value="2"])');
    await page.click('#shift button');
    await page.waitForSelector('#s-who:visible');
    await fitsZoomed(page, '/counter: who');
    await page.click('label:has(input[value=card])');
    await page.fill('#n-who', '48.03.15-002.92');
    await page.click('button[value=give]');
    await page.waitForSelector('#s-wish:visible');
    await fitsZoomed(page, '/counter: wish');
    await page.fill('#n-helper', '75061200192');
    await page.selectOption('#what', 'taxes');
    await page.click('#f-wish .button:not(.quiet)');
    await page.waitForSelector('#s-read:visible');
    await fitsZoomed(page, '/counter: read aloud');
    await page.click('#yes');
    await page.waitForSelector('#sheet .paper');
    await fitsZoomed(page, '/counter: paper');

    await opened(page, '/me');
    await page.click('label:has-text("Tom Exemple")');
    await page.click('#who button');
    await page.waitForSelector('#seal .seal.ok');
    await page.goto(`${at.flexi.url}/mine`);
    await page.click('#door button');
    await page.waitForURL(`${world.url}/sign**`);
    await page.waitForSelector('#signing:visible');
    await fitsZoomed(page, '/sign');

    const son = await world.person('son');
    const receipt = await (await son.get(`/v1/parties/${son.by.party}/records`)).text();
    for (const [text, outcome] of [[receipt, 'ok'], [receipt.replace('"v":1', '"v":2'), 'bad']]) {
      await opened(page, '/verify');
      await page.setInputFiles('#file', { name: 'receipt.json', mimeType: 'application/json', buffer: Buffer.from(text) });
      await page.waitForSelector(`#result .seal.big.${outcome}`);
      await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
      await fitsZoomed(page, `/verify: ${outcome}`);
    }
    check();
    await context.close();
  });

  test('what does not fit is seen', async () => {
    const { context } = await watched(at.browser, at.world.url, { locale: 'en', viewport: ZOOMS[0].viewport });
    const page = await context.newPage();
    const breaks = {
      'scrolls sideways': (main) => main.style.setProperty('width', '700px'),
      'cut off': (main) => { main.style.setProperty('overflow', 'hidden'); main.style.setProperty('height', '40px'); },
      'on each other': (main) => main.querySelector('p').style.setProperty('margin-top', '-3rem'),
      'out of its button': (main) => { main.querySelector('.button').style.cssText = 'min-height: 0; height: 2px; padding: 0'; },
      'out of reach': (main) => main.querySelector('.button').style.setProperty('pointer-events', 'none'),
    };
    for (const [what, break_] of Object.entries(breaks)) {
      await opened(page, '/');
      await fits(page, 'before');
      await page.evaluate(`(${break_})(document.querySelector('main'))`);
      const found = await page.evaluate(misfits);
      assert.ok(found.some((one) => one.startsWith(what)), `${what}: ${found}`);
    }
    await context.close();
  });
}
