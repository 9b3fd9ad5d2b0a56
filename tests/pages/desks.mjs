// The example's services beside a ledger, and people in browsers of their own who sign on the ledger's pages.

import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { accessible, opened, watched } from './watch.mjs';

export class Services {
  /** The declaration service, prepared and running. @param {string} program @param {import('./world.mjs').World} world */
  static async start(program, world) {
    const services = new Services();
    Object.assign(services, { program, world, running: [] });
    await services.#prepares('flexi');
    services.url = await services.#serves('flexi', 'serve', '--listen', '127.0.0.1:0');
    return services;
  }

  /** The tariff service, too: its address. */
  async tariff() {
    await this.#prepares('tariff', '--service', 'tariff');
    return this.#serves('tariff', 'tariff', '--listen', '127.0.0.1:0', '--source', this.url);
  }

  /** The town's form, too: its address. */
  async form() {
    return this.#serves('form', 'form', '--port', '0', '--source', this.url, '--key', this.key('municipality'));
  }

  key = (name) => join(this.world.data, 'data', 'demo', `${name}.json`);
  #home = (name) => join(this.world.data, name);
  #args = (name, args) => ['--ledger', this.world.url, '--home', this.#home(name), ...args];
  #run = (name, ...args) => promisify(execFile)(this.program, this.#args(name, args));
  #prepares = (name, ...more) => this.#run(name, 'prepare', '--ledger-data', join(this.world.data, 'data'), ...more);

  async #serves(name, ...args) {
    const child = spawn(this.program, this.#args(name, args), { stdio: ['ignore', 'pipe', 'ignore'] });
    this.running.push(child);
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => resolve(/on (\S+)$/.exec(line)[1]));
    });
  }

  /** A status of somebody's is told: by the office itself, or by whom the law lets. @param {string} person @param {string} status @param {{by?: string, until?: string}} [how] */
  tell(person, status, { by, until } = {}) {
    const key = by === undefined ? join(this.#home('flexi'), 'office.json') : this.key(by);
    return this.#run('flexi', 'tell', '--key', key, '--service', this.url, '--person', person, '--status', status, '--from', '2020-01-01', ...(until === undefined ? [] : ['--until', until]));
  }

  stop() {
    return Promise.all(this.running.map((child) => new Promise((resolve) => {
      child.removeAllListeners('exit').once('exit', resolve);
      child.kill('SIGTERM');
    })));
  }
}

/** Somebody with a key on the ledger's pages, in a browser of their own, who goes to a service beside it as well. */
async function somebody(at, beside, options) {
  const { context, check } = await watched(at.browser, at.world.url, { beside, ...options });
  const page = await context.newPage();
  const end = async () => {
    check();
    await context.close();
  };
  return { page, end };
}

export async function citizen(at, beside, name, options) {
  const { page, end } = await somebody(at, beside, options);
  await opened(page, '/me');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector('#seal .seal.ok');
  return { page, end };
}

export async function office(at, beside, name, options) {
  const { page, end } = await somebody(at, beside, options);
  await opened(page, '/office');
  await page.click(`label:has-text("${name}")`);
  await page.click('#who button');
  await page.waitForSelector('#own-seal .seal.ok');
  return { page, end };
}

/** Signs on the ledger's page that a press led to, and is back at the service. */
export async function signs(page, at, service, where) {
  await page.waitForURL(`${at.world.url}/sign**`);
  await page.waitForSelector('#signing:visible');
  if (where !== undefined) {
    await accessible(page, where);
    await shot(page, at, where);
  }
  await page.click('#signing button[value=sign]');
  await page.waitForURL(`${service}/**`);
}

export const shot = (page, at, name) => page.screenshot({ path: join(at.shots, `flexi-${name}.png`), fullPage: true });

/** The receipts with which the ledger's page sent somebody back. @param {string} address */
export const receiptsIn = (address) => new URLSearchParams(new URL(address).hash.slice(1)).getAll('receipt').map((one) => JSON.parse(gunzipSync(Buffer.from(one, 'base64url'))));

/** How a service refuses a receipt. @param {string} service @param {any} receipt */
export async function refused(service, receipt) {
  const answer = await fetch(`${service}/answers`, { method: 'POST', body: JSON.stringify({ receipt }) });
  return [answer.status, (await answer.json()).title];
}

/** What a receipt can be changed to: each is refused. */
export const LIES = {
  'a hash': (receipt) => { receipt.tree = receipt.tree.replace(/^../, (two) => (two === 'AA' ? 'BB' : 'AA')); },
  'about somebody else': (receipt) => { receipt.question.parties.subject = receipt.question.parties.actor.replace(/^./, 'A'); },
  'of the past': (receipt) => { receipt.question.at -= 1; },
  'no record': (receipt) => receipt.entries.pop(),
};

/** Changes each receipt that a page shows its service, until it is told to stop. */
export async function lying(page, lie) {
  await page.route('**/answers', async (route) => {
    const body = route.request().postDataJSON();
    lie(body.receipt);
    await route.continue({ postData: JSON.stringify(body) });
  });
  return () => page.unroute('**/answers');
}
