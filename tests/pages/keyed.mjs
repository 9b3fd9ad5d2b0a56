// Every page as it is for whoever has a key, in every language, light and dark, and the page for programs: no violation that axe can find.

import { join } from 'node:path';
import { PAGES } from './served.mjs';
import { accessible, opened, watched } from './watch.mjs';

/** A citizen's key, an institution's, an officer's: all in one browser. */
export async function allKeys(page) {
  await opened(page, '/me');
  await page.click('label:has-text("Tom Exemple")');
  await page.click('#who button');
  await page.waitForSelector('#seal .seal.ok');
  await opened(page, '/counter');
  await page.click('label:has(input[value="2"])');
  await page.click('#shift button');
  await page.waitForSelector('#s-who:visible');
  await opened(page, '/office');
  await page.click('label:has-text("Sociaal Secretariaat")');
  await page.click('#who button');
  await page.waitForSelector('#own-seal .seal.ok');
}

export function keyed(test, at) {
  for (const language of ['fr', 'nl', 'de', 'en']) {
    test(`with keys, every page is accessible in ${language}, light and dark`, async () => {
      const { context, check } = await watched(at.browser, at.world.url, { locale: language });
      const page = await context.newPage();
      await allKeys(page);
      for (const path of [...PAGES, '/docs']) {
        await opened(page, path);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await accessible(page, `${path} ${language} ${colorScheme}`);
        }
        await page.screenshot({ path: join(at.shots, `keyed-${path.slice(1) || 'start'}-${language}.png`), fullPage: true });
      }
      check();
      await context.close();
    });
  }
}
