// A page by keys alone: one comes to a thing by Tab, and within a group by arrows; what can't be come to can't be used.

import assert from 'node:assert/strict';

/** The most that somebody would press Tab for. */
const MOST_TABS = 120;

export function keys(page) {
  const isAt = (selector) => page.evaluate((one) => document.activeElement.matches(one), selector);
  const reach = async (selector) => {
    for (let i = 0; i < MOST_TABS && !(await isAt(selector)); i++) {
      const isNear = await page.evaluate((one) => document.activeElement.type === 'radio' && document.activeElement.name === document.querySelector(one)?.name, selector);
      await page.keyboard.press(isNear ? 'ArrowDown' : 'Tab');
    }
    assert.ok(await isAt(selector), `${selector} is not come to by keys`);
  };
  return {
    /** Presses a button, a link, or what opens something. */
    press: async (selector) => {
      await reach(selector);
      await page.keyboard.press('Enter');
    },
    /** Chooses one of several, or ticks. */
    choose: async (selector) => {
      await reach(selector);
      await page.keyboard.press('Space');
      assert.ok(await page.isChecked(selector), selector);
    },
    /** Takes an option of a list. */
    pick: async (selector, value) => {
      await reach(selector);
      await page.keyboard.press('Home');
      const options = await page.locator(`${selector} option`).count();
      for (let i = 0; i < options && (await page.inputValue(selector)) !== value; i++) await page.keyboard.press('ArrowDown');
      assert.equal(await page.inputValue(selector), value, selector);
    },
    /** Writes into a field. */
    type: async (selector, text) => {
      await reach(selector);
      await page.keyboard.insertText(text);
    },
  };
}
