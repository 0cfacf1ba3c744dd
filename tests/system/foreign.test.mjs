// foreign.test.mjs: a client in a page of another origin: signed in by code and PKCE, over CORS and a
// WebSocket's subprotocol, and never by the cookie.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { launch, skip } from './browser.mjs';
import { eventually, Hearth } from './hearth.mjs';

const ORIGIN = 'https://game.example';
const REDIRECT = `${ORIGIN}/back?x=1`;
const CLIENT = 'Fine Boards';
const PASSWORD = 'correct horse';

let hearth;
let session;
before(async () => {
  hearth = await new Hearth().start();
  session = (await hearth.api('POST', '/api/auth/register', { address: 'ann@hearth.test', password: PASSWORD })).body.token;
});
after(() => hearth.remove());

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const challenge = (verifier) => createHash('sha256').update(verifier).digest('base64url');

async function code(verifier, changes = {}) {
  const asked = { client_id: CLIENT, redirect_uri: REDIRECT, scope: 'game', code_challenge: challenge(verifier), ...changes };
  return hearth.api('POST', '/api/auth/oauth/authorize', asked, bearer(session));
}

async function exchange(fields, headers = {}) {
  const answer = await fetch(`${hearth.base}/api/auth/oauth/token`, {
    method: 'POST',
    headers: { Origin: ORIGIN, ...headers },
    body: new URLSearchParams({ grant_type: 'authorization_code', client_id: CLIENT, redirect_uri: REDIRECT, ...fields }),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

// How a WebSocket from there fares: its subprotocol, or the error.
function socket(protocols, headers = {}) {
  return new Promise((done) => {
    const ws = new WebSocket(`ws://127.0.0.1:${hearth.port.http}/ws`, protocols, { origin: ORIGIN, headers });
    let frame;
    ws.on('message', (data) => {
      frame = JSON.parse(data);
      ws.close();
    });
    ws.on('close', () => done({ protocol: ws.protocol, frame }));
    ws.on('error', (error) => done({ error: error.message }));
  });
}

test('a code is good once, for who asked and knows the verifier; the token plays and nothing else', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const given = await code(verifier);
  assert.equal(given.status, 201);
  for (const wrong of [{ code_verifier: `${verifier}x` }, { code_verifier: 'short' }]) {
    const { body } = await code(verifier);
    assert.equal((await exchange({ code: body.code, ...wrong })).body.error, 'invalid_grant');
    // Who guessed wrong has used it up.
    assert.equal((await exchange({ code: body.code, code_verifier: verifier })).body.error, 'invalid_grant');
  }
  for (const wrong of [{ redirect_uri: `${ORIGIN}/other` }, { client_id: 'Other Boards' }]) {
    const { body } = await code(verifier);
    assert.equal((await exchange({ code: body.code, code_verifier: verifier, ...wrong })).body.error, 'invalid_grant');
  }
  const { status, headers, body } = await exchange({ code: given.body.code, code_verifier: verifier });
  assert.equal(status, 200);
  assert.equal(headers.get('access-control-allow-origin'), '*');
  assert.match(headers.get('cache-control'), /no-store/);
  assert.deepEqual([body.token_type, body.scope, body.expires_in], ['Bearer', 'game', 90 * 86400]);
  assert.equal((await exchange({ code: given.body.code, code_verifier: verifier })).body.error, 'invalid_grant');

  const list = await hearth.api('GET', '/api/game/matches', undefined, { ...bearer(body.access_token), Origin: ORIGIN });
  assert.deepEqual([list.status, list.headers.get('access-control-allow-origin')], [200, '*']);
  assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(body.access_token))).status, 403);
  assert.equal((await hearth.api('GET', '/api/mail/mailboxes', undefined, bearer(body.access_token))).status, 403);
  const open = await socket(['bearer', body.access_token]);
  assert.deepEqual([open.protocol, open.frame.type, open.frame.address], ['bearer', 'welcome', undefined]);

  // Its owner sees it, by the client's name and place, and ends it.
  const { tokens } = (await hearth.api('GET', '/api/auth/tokens', undefined, bearer(session))).body;
  assert.deepEqual(tokens.map(({ name, scopes }) => [name, scopes]), [['Fine Boards (game.example)', 'game']]);
  assert.equal((await hearth.api('DELETE', `/api/auth/tokens/${tokens[0].id}`, undefined, bearer(session))).status, 204);
  await eventually(async () => /401/.test((await socket(['bearer', body.access_token])).error), 20, 'the token opens nothing');
});

test('what may be asked for: scopes of games, addresses over TLS or on this machine', async () => {
  const verifier = randomBytes(32).toString('base64url');
  for (const scope of ['mail', 'game account', 'admin', 'x', '']) assert.equal((await code(verifier, { scope })).status, 400, scope);
  for (const redirect_uri of ['http://game.example/', 'javascript:alert(1)', 'https://', 'https://a@b/', 'https://game.example/#x', 'https://game.example/ x', 'http://127.0.0.1.example/', 'http://localhost@evil.example/', '//game.example'])
    assert.equal((await code(verifier, { redirect_uri })).status, 400, redirect_uri);
  for (const redirect_uri of ['http://localhost:8080/a', 'http://127.0.0.1/', 'http://[::1]:9/?a'])
    assert.equal((await code(verifier, { redirect_uri })).status, 201, redirect_uri);
  assert.equal((await code(verifier, { code_challenge: 'plain' })).status, 400);
  assert.equal((await exchange({ grant_type: 'password' })).body.error, 'unsupported_grant_type');
  assert.equal((await exchange({ code: 'x' })).body.error, 'invalid_request');
  // The word of a session that has ended is no word.
  const login = async () => (await hearth.api('POST', '/api/auth/login', { address: 'ann@hearth.test', password: PASSWORD })).body.token;
  const own = session;
  session = await login();
  const given = await code(verifier);
  await hearth.api('POST', '/api/auth/logout', {}, bearer(session));
  session = own;
  assert.equal((await exchange({ code: given.body.code, code_verifier: verifier })).body.error, 'invalid_grant');
});

test('other origins are told what they may ask, and see nothing that a cookie brought about', async () => {
  const preflight = (path, method) => hearth.api('OPTIONS', path, undefined, { Origin: ORIGIN, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'authorization' });
  for (const [path, method] of [['/api/game/matches', 'GET'], ['/api/game/matches/1', 'GET'], ['/api/auth/oauth/token', 'POST']]) {
    const { status, headers } = await preflight(path, method);
    assert.deepEqual([status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-methods')], [204, '*', method]);
    assert.match(headers.get('access-control-allow-headers'), /Authorization/);
    assert.equal(headers.get('access-control-allow-credentials'), null);
  }
  for (const [path, method] of [['/api/auth/me', 'GET'], ['/api/auth/oauth/authorize', 'POST'], ['/api/game/matches', 'DELETE'], ['/api/mail/mailboxes', 'GET']])
    assert.equal((await preflight(path, method)).headers.get('access-control-allow-origin'), null, path);
  const cookie = { Cookie: `hearth_session=${session}`, Origin: ORIGIN };
  const list = await hearth.api('GET', '/api/game/matches', undefined, cookie);
  assert.equal(list.headers.get('access-control-allow-origin'), null);
  assert.match((await socket([], cookie)).error, /403/);
  const verifier = randomBytes(32).toString('base64url');
  assert.equal((await hearth.api('POST', '/api/auth/oauth/authorize', { client_id: CLIENT, redirect_uri: REDIRECT, scope: 'game', code_challenge: challenge(verifier) }, cookie)).status, 403);
  // A refusal can be read there too.
  const refused = await hearth.api('GET', '/api/game/matches', undefined, { Origin: ORIGIN });
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, '*']);
  assert.match((await socket(['bearer', 'x'.repeat(43)])).error, /401/);
  assert.match((await socket(['bearer'])).error, /401/);
  const metadata = (await hearth.api('GET', '/.well-known/oauth-authorization-server')).body;
  assert.deepEqual([metadata.code_challenge_methods_supported, metadata.token_endpoint], [['S256'], `${metadata.issuer}/api/auth/oauth/token`]);
});

// The client of another origin, as small as one can be.
const PAGE = `<!doctype html><p id="out">…</p><script type="module">
const hearth = new URLSearchParams(location.hash.slice(1)).get('hearth') || localStorage.hearth;
const out = document.getElementById('out');
const back = new URLSearchParams(location.search);
if (back.has('error')) out.textContent = 'refused: ' + back.get('error');
else if (back.has('code')) {
  const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: 'tiny', redirect_uri: location.origin + '/', code: back.get('code'), code_verifier: localStorage.verifier });
  const { access_token } = await (await fetch(hearth + '/api/auth/oauth/token', { method: 'POST', body })).json();
  const { matches } = await (await fetch(hearth + '/api/game/matches', { headers: { Authorization: 'Bearer ' + access_token } })).json();
  const ws = new WebSocket(hearth.replace('http', 'ws') + '/ws', ['bearer', access_token]);
  ws.onmessage = (event) => { out.textContent = matches.length + ' ' + back.get('state') + ' ' + JSON.parse(event.data).type; };
} else {
  localStorage.hearth = hearth;
  localStorage.verifier = 'v'.repeat(50);
  location.href = hearth + '/oauth/authorize?' + new URLSearchParams({ response_type: 'code', client_id: 'tiny', redirect_uri: location.origin + '/', scope: 'game', state: 'mine', code_challenge_method: 'S256', code_challenge: CHALLENGE });
}
</script>`;

test('in a browser: the person says yes on our page, and the client of another origin plays', { skip }, async () => {
  const server = createServer((rq, answer) => answer.setHeader('Content-Type', 'text/html').end(PAGE.replace('CHALLENGE', JSON.stringify(challenge('v'.repeat(50))))));
  await new Promise((done) => server.listen(0, 'localhost', done));
  const client = `http://localhost:${server.address().port}/`;
  const browser = await launch();
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(hearth.base);
    await page.evaluate((body) => fetch('/api/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }), JSON.stringify({ address: 'ann@hearth.test', password: PASSWORD }));
    for (const [button, expected] of [['deny', /^refused: access_denied$/], ['allow', /^0 mine welcome$/]]) {
      await page.goto(`${client}#hearth=${encodeURIComponent(hearth.base)}`);
      await page.click(`#${button}`);
      await page.waitForFunction((source) => new RegExp(source).test(document.getElementById('out')?.textContent), expected.source);
      await page.goto('about:blank');
    }
  } finally {
    await browser.close();
    server.close();
  }
});
