// A real server with the demo's directory, a real browser, and the demo's people with their keys.

import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { draft, submission } from '../../server/web/pages/sign.js';
import { Session } from '../../server/web/pages/session.js';
import { dayOf, firstInstant, instantAfter } from '../../server/web/verifier/days.js';

// Packages lie outside the clone, with the other tools.
const require = createRequire(join(process.env.PAGES_TOOLS ?? import.meta.dirname, 'package.json'));
export const { chromium } = require('playwright-core');
export const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** The first bytes of a PKCS #8 Ed25519 key; the seed follows. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The addresses of all that were started in this run. @type {Set<string>} */
export const worlds = new Set();

export class World {
  /** `data`: the folder of a world that was left; `log`: what its log's name begins with. */
  static async start(program, { demo = true, more = [], data = mkdtempSync(join(tmpdir(), 'procura-pages-')), log: prefix = 'pages' } = {}) {
    const world = new World();
    world.data = data;
    const args = ['--data', join(world.data, 'data'), '--listen', '127.0.0.1:0', ...(demo ? ['--demo'] : []), ...more];
    // Where the tests gather logs, all that there is to log.
    const { PROCURA_TEST_LOGS: logs, ...env } = process.env;
    const log = logs === undefined ? 'ignore' : openSync(join(logs, `${prefix}-${process.pid}.log`), 'a');
    world.server = spawn(program, args, { stdio: ['ignore', 'pipe', log], env: logs === undefined ? env : { ...env, PROCURA_LOG: 'trace' } });
    world.url = await new Promise((resolve, reject) => {
      world.server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
      createInterface({ input: world.server.stdout }).on('line', (line) => {
        const url = /Procura on (\S+):/.exec(line);
        if (url !== null) resolve(url[1]);
      });
    });
    worlds.add(world.url);
    await untilReady(world.url);
    world.log = await (await fetch(`${world.url}/v1/log`)).json();
    return world;
  }

  /** Somebody of the demo's directory, who signs with the key of their file. */
  async person(name) {
    const { party, kid, seed } = JSON.parse(readFileSync(join(this.data, 'data', 'demo', `${name}.json`), 'utf8'));
    const pkcs8 = createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.from(seed, 'base64url')]), format: 'der', type: 'pkcs8' }).export({ format: 'der', type: 'pkcs8' });
    const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
    return new Session({ party, kid, key }, this.log.origin, this.url);
  }

  /** Ends the server and leaves its folder. */
  async leave() {
    const ended = new Promise((resolve) => this.server.once('exit', resolve));
    this.server.kill('SIGTERM');
    await ended;
  }

  async stop() {
    await this.leave();
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function untilReady(url) {
  for (let i = 0; i < 200; i++) {
    try {
      if ((await fetch(`${url}/readyz`)).ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the server is not ready');
}

/** Writes, signs and hands in a record; the receipt's text and the record's id. */
export async function write(session, kind, members) {
  const written = await draft(kind, session.origin, members);
  const answer = await session.submit(await submission(session.by, written));
  return { id: written.id, receipt: await answer.text() };
}

/** The records that a party has in its list, as a verifier opens them. */
export async function listOf(session) {
  const answer = await session.get(`/v1/parties/${session.by.party}/records`);
  return answer.text();
}

/** Somebody of the demo offers a mandate for forty days. */
export async function offer(world, from, to, scope) {
  const [giver, taker] = [await world.person(from), await world.person(to)];
  const { catalogues: [catalogue] } = await (await giver.get('/v1/catalogues')).json();
  const [first, last] = [dayOf(Date.now()), dayOf(Date.now() + 40 * 24 * 3600 * 1000)];
  return write(giver, 'mandate', {
    mandators: [giver.by.party], mandatees: [taker.by.party], catalogue, scopes: [scope],
    valid_from: first, not_before: firstInstant(first), valid_until: last, not_after: instantAfter(last),
  });
}

/** May he, now? Asked as an institution asks. */
export async function may(world, actor, category, subject) {
  const token = readFileSync(join(world.data, 'data', 'demo', 'token'), 'utf8').trim();
  const request = { subject: { type: 'party', id: `party:${actor}` }, action: { name: 'help' }, resource: { type: category, id: `party:${subject}` } };
  const answer = await fetch(`${world.url}/access/v1/evaluation`, { method: 'POST', body: JSON.stringify(request), headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` } });
  return (await answer.json()).decision;
}
