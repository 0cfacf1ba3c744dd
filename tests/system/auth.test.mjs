// auth.test.mjs: accounts over HTTP and by command: register, log in and out, limits on guesses,
// what survives a restart.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, Hearth } from './hearth.mjs';

let hearth;
before(async () => {
  hearth = await new Hearth({ 'auth.guesses_per_account': 5, 'auth.guesses_per_network': 60 }).start();
});
after(() => hearth.remove());

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const problem = (answer, status, field) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  if (field !== undefined) assert.equal(answer.body.field, field);
};

test('register, who am I, log out', async () => {
  const registered = await hearth.api('POST', '/api/auth/register', { address: 'Ann@hearth.test', password: 'correct horse' });
  assert.equal(registered.status, 201);
  assert.equal(registered.body.account.address, 'ann@hearth.test');
  const cookie = registered.headers.get('set-cookie');
  assert.match(cookie, /HttpOnly/i);
  assert.match(cookie, /SameSite=Lax/i);
  const { token } = registered.body;
  const me = await hearth.api('GET', '/api/auth/me', undefined, bearer(token));
  assert.deepEqual([me.status, me.body.address, me.body.admin], [200, 'ann@hearth.test', false]);
  const byCookie = await hearth.api('GET', '/api/auth/me', undefined, { Cookie: cookie.split(';')[0] });
  assert.equal(byCookie.status, 200);
  problem(await hearth.api('POST', '/api/auth/logout', undefined, { Cookie: cookie.split(';')[0], 'Sec-Fetch-Site': 'cross-site' }), 403);
  assert.equal((await hearth.api('POST', '/api/auth/logout', undefined, bearer(token))).status, 204);
  problem(await hearth.api('GET', '/api/auth/me', undefined, bearer(token)), 401);
});

test('what is missing, wrong or too long is named', async () => {
  const post = (body) => hearth.api('POST', '/api/auth/register', body);
  const good = { address: 'bob@hearth.test', password: 'correct horse' };
  problem(await post({ ...good, address: undefined }), 400, 'address');
  problem(await post({ ...good, address: null }), 400, 'address');
  problem(await post({ ...good, address: 7 }), 400, 'address');
  problem(await post({ ...good, address: 'b o b@hearth.test' }), 400, 'address');
  problem(await post({ ...good, address: 'bоb@hearth.test' }), 400, 'address'); // a Cyrillic о
  problem(await post({ ...good, address: 'bob@elsewhere.test' }), 400, 'address');
  problem(await post({ ...good, password: undefined }), 400, 'password');
  problem(await post({ ...good, password: 'short' }), 400, 'password');
  problem(await post({ ...good, password: 'x'.repeat(257) }), 400, 'password');
  problem(await post({ ...good, extra: 'x'.repeat(5000) }), 413);
  assert.equal((await post(good)).status, 201);
  problem(await post(good), 409, 'address');
  const text = await fetch(`${hearth.base}/api/auth/login`, { method: 'POST', body: '{', headers: { 'Content-Type': 'application/json' } });
  assert.equal(text.status, 400);
  const form = await fetch(`${hearth.base}/api/auth/login`, { method: 'POST', body: 'a=b', headers: { 'Content-Type': 'text/plain' } });
  assert.equal(form.status, 415);
});

test('nothing tells which accounts exist; guesses run out, also when made at once', async () => {
  hearth.addUser('carl@hearth.test', 'correct horse');
  const wrong = await hearth.api('POST', '/api/auth/login', { address: 'carl@hearth.test', password: 'wrong horse' });
  const nobody = await hearth.api('POST', '/api/auth/login', { address: 'nobody@hearth.test', password: 'wrong horse' });
  problem(wrong, 401);
  assert.deepEqual(wrong.body, nobody.body);
  const answers = await Promise.all(Array.from({ length: 12 }, () =>
    hearth.api('POST', '/api/auth/login', { address: 'carl@hearth.test', password: 'wrong horse' })));
  const statuses = answers.map((answer) => answer.status);
  assert.ok(statuses.filter((status) => status === 401).length <= 5, statuses.join());
  assert.ok(statuses.includes(429));
  problem(await hearth.api('POST', '/api/auth/login', { address: 'carl@hearth.test', password: 'correct horse' }), 429);
});

test('commands work while the server runs; a new password ends the sessions', async () => {
  hearth.addUser('dora@hearth.test', 'correct horse', '--admin');
  assert.equal(hearth.command('user', 'add', 'dora@hearth.test', '--password-stdin', { input: 'correct horse\n' }).status, 1);
  assert.equal(hearth.command('user', 'add').status, 2);
  assert.equal(hearth.command('user', 'nonsense').status, 2);
  assert.equal(hearth.command('user', 'add', '--help').status, 0);
  assert.match(hearth.command('user', 'list').stdout, /^dora@hearth\.test\tadministrator\tenabled\tpassword$/m);
  const token = await hearth.login('dora@hearth.test', 'correct horse');
  assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(token))).body.admin, true);
  assert.equal(hearth.command('user', 'passwd', 'dora@hearth.test', '--password-stdin', { input: 'another horse\n' }).status, 0);
  await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(token))).status === 401);
  const second = await hearth.login('dora@hearth.test', 'another horse');
  assert.equal(hearth.command('user', 'disable', 'dora@hearth.test').status, 0);
  await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(second))).status === 401);
  problem(await hearth.api('POST', '/api/auth/login', { address: 'dora@hearth.test', password: 'another horse' }), 401);
  assert.equal(hearth.command('user', 'enable', 'dora@hearth.test').status, 0);
  await hearth.login('dora@hearth.test', 'another horse');
  assert.equal(hearth.command('user', 'delete', 'dora@hearth.test').status, 0);
  problem(await hearth.api('POST', '/api/auth/login', { address: 'dora@hearth.test', password: 'another horse' }), 401);
});

test('a body that is no JSON is refused by every way in, and nothing else happens', async () => {
  for (const path of ['register', 'register/verify', 'login', 'login/sms', 'login/second', 'me/password', 'me/phone', 'me/phone/verify',
    'me/factors/totp', 'me/factors/totp/confirm', 'tokens', 'app-passwords', 'export']) {
    const { body } = await hearth.api('POST', '/api/auth/register', { address: `json.${path.replaceAll('/', '.')}@hearth.test`, password: 'correct horse' });
    const answer = await fetch(`${hearth.base}/api/auth/${path}`, { method: 'POST', body: '{', headers: { 'Content-Type': 'application/json', ...bearer(body.token), Cookie: 'hearth_device=x' } });
    assert.equal(answer.status, 400, path);
  }
});

test('sessions outlive kill -9; registrations that were answered are there', async () => {
  const { body } = await hearth.api('POST', '/api/auth/register', { address: 'eve@hearth.test', password: 'correct horse' });
  await hearth.kill();
  await hearth.start();
  assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(body.token))).status, 200);
});
