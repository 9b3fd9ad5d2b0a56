// A register that witnesses confirm: how many did is told as it is, what is proven under their word is green, and one that is away is seen.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { accessible, again, opened, watched } from './watch.mjs';
import { World, write } from './world.mjs';

/** A witness of a log, a program of its own with its folder. */
class Witness {
  static async run(program, folder, name, vkeyOfLog) {
    const witness = new Witness();
    const logs = join(folder, 'logs');
    writeFileSync(logs, `log ${vkeyOfLog}\nquorum none\n`);
    const args = ['witness', 'run', '--logs', logs, '--name', `${name}.example/w1`, '--plain', '--data', join(folder, name), '--listen', '127.0.0.1:0'];
    witness.name = name;
    witness.program = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve, reject) => {
      witness.program.once('exit', (code) => reject(new Error(`the witness ended with ${code}`)));
      createInterface({ input: witness.program.stdout }).on('line', (line) => {
        witness.url ??= /http:\/\/127\.0\.0\.1:[0-9]+/.exec(line)?.[0];
        witness.vkey ??= /^vkey: (.*)$/.exec(line)?.[1];
        if (witness.url !== undefined && witness.vkey !== undefined) resolve();
      });
    });
    return witness;
  }

  async stop() {
    if (this.program.exitCode !== null || this.program.signalCode !== null) return;
    const ended = new Promise((resolve) => this.program.once('exit', resolve));
    this.program.kill('SIGTERM');
    await ended;
  }
}

/** Waits until the register publishes a checkpoint with so many signatures of witnesses; beyond `size`. */
async function confirmed(world, count, size = 0) {
  for (let tries = 0; tries < 600; tries++) {
    const note = await (await fetch(`${world.url}/checkpoint`)).text();
    if (note.split('\n').filter((line) => line.includes('.example/w1 ')).length === count && Number(note.split('\n')[1]) > size) return Number(note.split('\n')[1]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no checkpoint with ${count} witnesses`);
}

export function witnessed(test, at) {
  test('n of m witnesses confirm, the seals are green, and one that is away is seen', async () => {
    const all = [];
    let world = await World.start(at.program);
    try {
      for (const name of ['north', 'south', 'east']) all.push(await Witness.run(at.client, world.data, name, world.log.vkey));
      const [north, , east] = all;
      const policy = join(world.data, 'witnesses');
      writeFileSync(policy, `${[`log ${world.log.vkey}`, ...all.map(({ name, vkey, url }) => `witness ${name} ${vkey} ${url}`)].join('\n')}\ngroup two 2 north south east\nquorum two\n`);
      const { data } = world;
      await world.leave();
      world = await World.start(at.program, { data, more: ['--witnesses', policy] });
      await confirmed(world, 3);

      const { context, check } = await watched(at.browser, world.url, { locale: 'en' });
      const page = await context.newPage();
      await opened(page, '/log');
      const figure = async () => (await page.locator('#figures div', { hasText: 'witnesses confirming' }).innerText()).replace(/\s+/g, ' ');
      assert.match(await figure(), /3 of 3/);
      const row = (name) => page.locator('#signatures tr', { hasText: `${name}.example/w1` });
      for (const { name } of all) {
        assert.match(await row(name).innerText(), /a witness/);
        assert.equal(await row(name).locator('.state.ok').innerText(), 'Confirmed', name);
      }
      assert.match(await page.locator('#witnesses').innerText(), /Independent witnesses confirm/);
      await accessible(page, 'witnessed');
      await page.screenshot({ path: join(at.shots, 'log-witnessed-en.png'), fullPage: true });

      // What is proven here is proven under the witnesses' word.
      await opened(page, '/me');
      await page.click('label:has-text("Tom Exemple")');
      await page.click('#who button');
      await page.waitForSelector('#seal .seal.ok');
      assert.match(await page.locator('#seal details').textContent(), /witness/);
      const son = await world.person('son');
      const { id } = await write(son, 'note', { text: 'seen by witnesses' });
      const receipt = await (await son.get(`/v1/records/${id}/receipt`)).text();
      await opened(page, '/verify');
      await page.setInputFiles('#file', { name: 'receipt.json', mimeType: 'application/json', buffer: Buffer.from(receipt) });
      await page.waitForSelector('#result .seal.big.ok');
      assert.equal(await page.locator('.checks .ok').count(), await page.locator('.checks li').count(), 'the witnesses’ step too');
      // The same receipt without their word is not believed here.
      const alone = JSON.parse(receipt);
      alone.proof = alone.proof.replace(/— [a-z]+\.example\/w1 .*\n/g, '');
      assert.notEqual(alone.proof, JSON.parse(receipt).proof);
      await page.click('#result button');
      await page.setInputFiles('#file', { name: 'receipt.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(alone)) });
      await page.waitForSelector('#result .seal.big.bad');

      // One goes away: the two that are left are enough, and who is missing has a row.
      await east.stop();
      const size = Number((await (await fetch(`${world.url}/v1/log`)).json()).size);
      await write(son, 'note', { text: 'one is away' });
      await confirmed(world, 2, size);
      await opened(page, '/log');
      assert.match(await figure(), /2 of 3/);
      assert.equal(await row(east.name).locator('.state.wait').innerText(), 'Has not confirmed this one');
      assert.equal(await row(north.name).locator('.state.ok').innerText(), 'Confirmed');
      await accessible(page, 'one witness away');
      await page.screenshot({ path: join(at.shots, 'log-one-away-en.png'), fullPage: true });
      check();
      await context.close();
    } finally {
      await Promise.all(all.map((witness) => witness.stop()));
      await world.stop();
    }
  });
}
