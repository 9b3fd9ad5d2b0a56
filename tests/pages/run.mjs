// Drives every page in a real browser, against a real server with its database. `node run.mjs PROGRAM BROWSER SHOTS FLEXI CLIENT`: the server's
// program, the browser's, the folder for pictures of what was seen, the program of the example with pages of its own, and the command `procura`.

import { mkdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { acting } from './acting.mjs';
import { counter } from './counter.mjs';
import { devices } from './device.mjs';
import { flexi } from './flexi.mjs';
import { give } from './give.mjs';
import { keyboard } from './keyboard.mjs';
import { keyed } from './keyed.mjs';
import { log } from './log.mjs';
import { looks } from './looks.mjs';
import { me } from './me.mjs';
import { office } from './office.mjs';
import { present } from './present.mjs';
import { request } from './request.mjs';
import { served } from './served.mjs';
import { shown } from './shown.mjs';
import { taken } from './taken.mjs';
import { unasked } from './unasked.mjs';
import { vectors } from './vectors.mjs';
import { verify } from './verify.mjs';
import { weights } from './weights.mjs';
import { witnessed } from './witnessed.mjs';
import { chromium, World } from './world.mjs';
import { zoom } from './zoom.mjs';

const [program, executablePath, shots, flexiProgram, client] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });

/** Filled before the first test. @type {{world: World, browser: import('playwright-core').Browser, shots: string, program: string}} */
const at = { shots, program, executablePath };

before(async () => {
  at.world = await World.start(program);
  // A browser as root has no sandbox.
  at.browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
});

after(async () => {
  await at.browser?.close();
  await at.world?.stop();
});

// Pages and receipts know nothing of one another; what makes a log grow goes one by one, each file in a register of its own: what is not said is inherited.
describe('as they stand', { concurrency: 2 }, () => {
  for (const suite of [served, verify, vectors]) suite(test, at);
});
describe('as they change', { concurrency: 2 }, () => {
  for (const suite of [flexi, unasked, log, witnessed, me, devices, looks, request, present, shown, give, office, acting, counter, taken, keyboard, keyed, zoom]) {
    describe(suite.name, { concurrency: 1 }, () => {
      const own = { shots, program, executablePath, flexiProgram, client };
      before(async () => Object.assign(own, { browser: at.browser, world: await World.start(program) }));
      after(async () => {
        await own.flexi?.stop();
        await own.world?.stop();
      });
      suite(test, own);
    });
  }
});
// What they loaded, once they have.
describe('as they weigh', { concurrency: 1 }, () => weights(test, at));
