// What somebody takes along proves the same elsewhere: every receipt that the overview gives is green on the page that verifies, dropped anywhere on it.
// And what is disputed counts for nothing until it is settled.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { accessible, again, opened, watched } from './watch.mjs';
import { may } from './world.mjs';

/** What a press saves. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return readFileSync(await download.path(), 'utf8');
}

/** Drops a file on something, as a hand would. */
export async function dropped(page, selector, text) {
  const dataTransfer = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], 'receipt.json', { type: 'application/json' }));
    return transfer;
  }, text);
  await page.dispatchEvent(selector, 'drop', { dataTransfer });
}

/** What the page that verifies says of a file that is dropped on it. */
async function told(page, text, where = 'h1') {
  await opened(page, '/verify');
  await dropped(page, where, text);
  await page.waitForSelector('#result .seal.big');
  return { heading: await page.locator('#result .seal.big h2').innerText(), isGreen: (await page.locator('#result .seal.big.ok').count()) === 1 };
}

export function taken(test, at) {
  test('receipts of the list and of a row are green wherever they are dropped, and a changed one red', async () => {
    const { context, check } = await watched(at.browser, at.world.url, { locale: 'en', acceptDownloads: true });
    const [page, verifying] = [await context.newPage(), await context.newPage()];
    await opened(page, '/me');
    await page.click('label:has-text("Maria Exemple")');
    await page.click('#who button');
    await page.waitForSelector('#seal .seal.ok');
    const list = await saved(page, page.locator('#download'));
    assert.equal(JSON.parse(list).question.type, 'complete');
    assert.equal((await told(verifying, list)).isGreen, true);
    const row = page.locator('#act li.row', { hasText: 'Tom Exemple' });
    await row.locator('details.more.screen-only > summary').click();
    const receipt = await saved(page, row.locator('button', { hasText: /receipt/i }));
    assert.deepEqual(await told(verifying, receipt), { heading: 'Real and in force', isGreen: true });
    // Beside everything, too: on the page itself.
    assert.equal((await told(verifying, receipt, 'body')).isGreen, true);
    const { proof, ...others } = JSON.parse(receipt);
    assert.equal((await told(verifying, JSON.stringify({ ...others, proof: proof.replace(/\n[A-Za-z0-9+/=]{44}\n/, `\n${'A'.repeat(43)}=\n`) }))).isGreen, false);
    // What is no file replaces nothing.
    await opened(verifying, '/verify');
    await verifying.dispatchEvent('h1', 'drop', { dataTransfer: await verifying.evaluateHandle(() => new DataTransfer()) });
    assert.equal(await verifying.locator('#result > *').count(), 0);
    check();
    await context.close();
  });

  test('a mandate that is disputed is in doubt, and the answer to a check is no', async () => {
    const { world } = at;
    const [mother, son] = [await world.person('mother'), await world.person('son')];
    assert.equal(await may(world, son.by.party, 'pensions', mother.by.party), true);
    const { context, check } = await watched(at.browser, world.url, { locale: 'en', acceptDownloads: true });
    const [page, verifying] = [await context.newPage(), await context.newPage()];
    await opened(page, '/me');
    await page.click('label:has-text("Maria Exemple")');
    await page.click('#who button');
    await page.waitForSelector('#seal .seal.ok');
    const row = page.locator('#act li.row', { hasText: 'Tom Exemple' });
    await row.locator('details.more.screen-only > summary').click();
    const disputing = row.locator('details.more details.more').first();
    await disputing.locator('summary').click();
    await disputing.locator('textarea').fill('I did not sign this.');
    await accessible(page, 'disputing');
    await disputing.locator('form button').click();
    await row.locator('.note.ok').waitFor();
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^In doubt since/);
    assert.match(await row.locator('.state').innerText(), /doubt/i);
    assert.equal(await may(world, son.by.party, 'pensions', mother.by.party), false);
    await again(page);
    await page.waitForSelector('#seal .seal.ok');
    assert.match(await row.locator('.state').innerText(), /doubt/i);
    await row.locator('details.more.screen-only > summary').click();
    const receipt = await saved(page, row.locator('button', { hasText: /receipt/i }));
    const outcome = await told(verifying, receipt);
    assert.equal(outcome.isGreen, false, outcome.heading);
    check();
    await context.close();
  });
}
