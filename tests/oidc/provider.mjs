// A real provider of OpenID Connect, with fictional people who sign in by a button each. It can be told to lie: then it
// says something else than it should, and signs it.

import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.PAGES_TOOLS ?? import.meta.dirname, 'package.json'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

/** Nobody real: the published samples of numbers. */
export const PEOPLE = {
  'zoe': { number: '88.22.29-999.36', name: 'Zoé Inventée' },
  'maria': { number: '48031500292', name: 'Maria Exemple' },
  'wrong': { number: '75061200193', name: 'A wrong number' },
};
export const ACR = { card: 'urn:fictional:card', app: 'urn:fictional:app', mail: 'urn:fictional:mail' };
export const SECRET = 'a-secret:with/odd+characters%';
const KID = 'fictional';

export class Op {
  /** What it says instead of the truth, once: changes claims, or the token. @type {((token: {header: any, claims: any, key: any}) => void) | null} */
  lie = null;
  /** Takes the next way back, and does not send anybody there. @type {((back: string) => void) | null} */
  hold = null;
  /** How often its token endpoint was asked. */
  asked = 0;

  static async start() {
    const op = new Op();
    op.server = createServer((request, response) => op.#answer(request, response));
    await new Promise((resolve) => op.server.listen(0, '127.0.0.1', resolve));
    // Another site than the register's, which is at 127.0.0.1.
    op.issuer = `http://localhost:${op.server.address().port}`;
    return op;
  }

  /** The register is registered there, under each of its clients. @param {string[]} redirects */
  serve(redirects) {
    const jwk = { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: KID, use: 'sig', alg: 'RS256' };
    this.key = createPrivateKey({ key: jwk, format: 'jwk' });
    const client = (client_id, more) => ({ client_id, client_secret: SECRET, redirect_uris: redirects, response_types: ['code'], grant_types: ['authorization_code'], ...more });
    this.provider = new Provider(this.issuer, {
      clients: [client('procura', {}), client('procura-post', { token_endpoint_auth_method: 'client_secret_post' })],
      jwks: { keys: [jwk] },
      cookies: { keys: ['fictional'] },
      acrValues: Object.values(ACR),
      claims: { openid: ['sub'], national: ['number'], profile: ['name'] },
      features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true } },
      pkce: { required: () => true },
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
      // Whoever signs in here agrees by that.
      async loadExistingGrant(ctx) {
        const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
        grant.addOIDCScope('openid national profile');
        grant.addOIDCClaims(['number', 'name']);
        await grant.save();
        return grant;
      },
    });
    this.handler = this.provider.callback();
  }

  async #answer(request, response) {
    const path = new URL(request.url, this.issuer).pathname;
    if (path.startsWith('/interaction/')) return this.#interaction(request, response);
    if (path === '/held') return response.end('held');
    if (path.startsWith('/auth/') && this.hold !== null) this.#holding(response);
    if (path === '/token') {
      this.asked += 1;
      if (this.lie !== null) this.#lying(response);
    }
    return this.handler(request, response);
  }

  /** Somebody signs in by one press, in one way or another, or goes back. */
  async #interaction(request, response) {
    await this.provider.interactionDetails(request, response);
    if (request.method === 'GET') {
      const button = (who, how) => `<button name="as" value="${who} ${how}">${who}, ${how}</button>`;
      const all = Object.keys(PEOPLE).flatMap((who) => Object.keys(ACR).map((how) => button(who, how)));
      response.setHeader('Content-Type', 'text/html');
      return response.end(`<!DOCTYPE html><title>Fictional provider</title><h1>Fictional provider</h1><form method="post">${all.join(' ')} <button name="as" value="nobody">Go back</button></form>`);
    }
    const parts = [];
    for await (const part of request) parts.push(part);
    const [who, how] = new URLSearchParams(Buffer.concat(parts).toString()).get('as').split(' ');
    const result = who === 'nobody'
      ? { error: 'access_denied', error_description: '48031500292 said no' }
      : { login: { accountId: who, acr: ACR[how], remember: false } };
    await this.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }

  #holding(response) {
    const set = response.setHeader.bind(response);
    response.setHeader = (name, value) => {
      if (name.toLowerCase() !== 'location' || value.startsWith(this.issuer)) return set(name, value);
      this.hold(value);
      this.hold = null;
      return set(name, `${this.issuer}/held`);
    };
  }

  /** The answer with a token that says something else, under a signature that holds unless that is the lie. */
  #lying(response) {
    const end = response.end.bind(response);
    const { lie, key } = this;
    this.lie = null;
    response.end = (body) => {
      const answer = JSON.parse(body);
      const read = (part) => JSON.parse(Buffer.from(answer.id_token.split('.')[part], 'base64url').toString());
      const token = { header: read(0), claims: read(1), key };
      lie(token);
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const text = `${part(token.header)}.${part(token.claims)}`;
      const signed = token.key === null ? '' : sign('sha256', Buffer.from(text), token.key).toString('base64url');
      const changed = Buffer.from(JSON.stringify({ ...answer, id_token: `${text}.${signed}` }));
      response.setHeader('Content-Length', changed.length);
      return end(changed);
    };
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
