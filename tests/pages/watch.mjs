// What holds of every page, whatever is done on it: nothing leaves the origin, no address names anybody, the policy is not violated, no
// script fails. And what is asked of it as it stands: axe, size, no sideways scrolling.

import assert from 'node:assert/strict';
import { axeSource } from './world.mjs';

/** The demo's people are in no address, in no language. An instant in ms has more digits than a number. */
const IDENTIFIER = /niss|(?<![0-9])[0-9]{11}(?![0-9])|kbo%3A|eidas/i;

/**
 * Watches a context from its first request on; `check` says what was seen. The worker, which fetches every page at once, comes where it is asked for.
 * `beside`: another origin whose pages are watched like ours.
 */
export async function watched(browser, url, { beside = url, ...options }) {
  const context = await browser.newContext({ baseURL: url, serviceWorkers: 'block', ...options });
  // Other work on the machine is no fault of a page's.
  context.setDefaultTimeout(120_000);
  const seen = { requests: [], troubles: [], bytes: 0 };
  context.on('request', (request) => seen.requests.push(request.url()));
  weigh(context);
  context.on('weberror', (error) => seen.troubles.push(`error: ${error.error().message}`));
  await context.exposeBinding('violated', (_, what) => seen.troubles.push(`policy: ${what}`));
  await context.addInitScript(() => addEventListener('securitypolicyviolation', (event) => window.violated(`${event.violatedDirective} ${event.blockedURI}`)));
  const check = () => {
    assert.deepEqual(seen.troubles, []);
    for (const request of seen.requests) {
      assert.ok([url, beside].some((origin) => request.startsWith(`${origin}/`)) || request.startsWith(`blob:${url}/`) || request.startsWith('data:'), request);
      assert.doesNotMatch(request.split('#')[0], IDENTIFIER);
    }
    assert.ok(seen.requests.length > 0);
  };
  return { context, seen, check };
}

/** No violation of WCAG 2.2 A and AA that axe can find, and no sideways scrolling. */
export async function accessible(page, where) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(violations, [], where);
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(inner <= outer, `${where}: ${inner} px wide in ${outer}`);
}

/** Each time that a page was opened in this run: whose, its path, and what it loaded of its own until it was left. @type {{origin: string, path: string, files: Set<string>}[]} */
export const visits = [];

/** Notes what each page loads, with what comes at the end of a task alone. */
function weigh(context) {
  const open = new Map();
  context.on('request', (request) => {
    if (request.serviceWorker() !== null || !request.url().startsWith('http')) return;
    const { origin, pathname: path } = new URL(request.url());
    if (request.isNavigationRequest() && request.frame().parentFrame() === null) {
      const visit = { origin, path, files: new Set() };
      open.set(request.frame(), visit);
      visits.push(visit);
    } else if (path.startsWith('/web/')) {
      open.get(request.frame())?.files.add(path);
    }
  });
}

/** What a first visit transfers, as it is compressed, headers left out: the page with all that it loads. */
export async function transferred(context, path) {
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.setCacheDisabled', { cacheDisabled: true });
  await client.send('Network.setBypassServiceWorker', { bypass: true });
  let bytes = 0;
  client.on('Network.dataReceived', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await opened(page, path);
  await page.close();
  return bytes;
}

/** What is there once a page has begun: a busy machine pauses between requests, so silence says nothing. */
const BEGUN = { '/verify': '#trusted strong', '/log': '#held > *', '/me': '#people label:visible, #seal .seal:not(.wait):visible', '/r': '#said > *', '/give': '#flow h1', '/for': '#nobody:visible, #seal .seal:not(.wait):visible', '/office': '#offices label:visible, #own-seal .seal:not(.wait):visible', '/counter': '#shift:visible, #help:visible', '/sign': '#said > *', '/device': '#said .note, #said .seal:not(.wait), #code .qr, #join:visible, #answer-code .qr', '/present': '#ask:visible, #holder:visible, #no-key:visible, #said > *' };

/** Opens a page and waits until its scripts have begun. */
export async function opened(page, path) {
  await page.goto(path);
  if (BEGUN[path] !== undefined) await page.waitForSelector(BEGUN[path]);
  await page.waitForLoadState('networkidle');
}

/** The same page once more. */
export async function again(page) {
  await page.reload();
  await page.waitForSelector(BEGUN[new URL(page.url()).pathname]);
  await page.waitForLoadState('networkidle');
}

/** Notes for ever whether a green seal was shown. */
export const watchSeal = (context) => context.addInitScript(() => {
  window.wasGreen = false;
  new MutationObserver(() => (window.wasGreen ||= document.querySelector('#seal .seal.ok') !== null)).observe(document, { childList: true, subtree: true });
});
