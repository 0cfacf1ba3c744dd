// reset.test.mjs: what administrators do to somebody's account: a link for a new password, taking
// second factors away, deleting it, and seeing what is kept; by API and by command.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Authenticator } from './authenticator.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
const NEXT = 'lavender-otter-canoe';
let hearth;
const token = {}, id = {};
const bearer = (name) => ({ Authorization: `Bearer ${token[name]}` });
const api = (name, method, path, body) => hearth.api(method, `/api/auth${path}`, body, name && bearer(name));
const problem = ({ status, body }, code, field) => assert.deepEqual([status, body.field], [code, field], JSON.stringify(body));
const join = async (name, ...flags) => {
  hearth.addUser(`${name}@hearth.test`, PASSWORD, ...flags);
  token[name] = await hearth.login(`${name}@hearth.test`, PASSWORD);
  id[name] = (await api(name, 'GET', '/me')).body.id;
};
const secretIn = (link) => /#reset\?token=([A-Za-z0-9_-]{43})$/.exec(link.trim())?.[1];
const loginStatus = async (name, password) => (await api(null, 'POST', '/login', { address: `${name}@hearth.test`, password })).status;

before(async () => {
  hearth = await new Hearth().start();
  await join('root', '--admin');
  await join('mo', '--moderator');
  for (const name of ['ann', 'bob', 'cleo']) await join(name);
});
after(() => hearth.remove());

test('an administrator\'s link gives a new password once, and ends what was open', async () => {
  const imap = await ImapClient.login(hearth.port.imap, 'ann@hearth.test', PASSWORD);
  const reset = (by, who, body) => api(by, 'POST', `/accounts/${id[who]}/reset`, body);
  problem(await reset('mo', 'ann', { password: PASSWORD }), 403);
  problem(await reset('root', 'ann', {}), 400, 'password');
  problem(await reset('root', 'ann', { password: 'wrong' }), 403, 'password');
  problem(await reset('root', 'root', { password: PASSWORD }), 409);
  assert.equal((await api('root', 'POST', '/accounts/4711/reset', { password: PASSWORD })).status, 404);
  const made = await reset('root', 'ann', { password: PASSWORD });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const first = secretIn(made.body.link);
  // From now on the old password opens nothing, and nothing is open.
  await eventually(async () => (await api('ann', 'GET', '/me')).status === 401);
  assert.equal(await loginStatus('ann', PASSWORD), 401);
  await assert.rejects(imap.ok('NOOP'));
  // Another link voids the first; the right one is used once.
  const second = secretIn((await reset('root', 'ann', { password: PASSWORD })).body.link);
  const use = (secret, password) => api(null, 'POST', '/reset', { token: secret, password });
  problem(await use(first, NEXT), 403, 'token');
  problem(await use('x'.repeat(43), NEXT), 403, 'token');
  problem(await use('', NEXT), 400, 'token');
  problem(await use(second, 'short'), 400, 'password');
  problem(await use(second, 'ann@hearth.test'), 400, 'password');
  await hearth.kill();
  await hearth.start();
  const used = await Promise.all([use(second, NEXT), use(second, `${NEXT}-too`)]);
  assert.deepEqual(used.map(({ status }) => status).sort(), [204, 403]);
  problem(await use(second, NEXT), 403, 'token');
  const winner = used[0].status === 204 ? NEXT : `${NEXT}-too`;
  assert.equal(await loginStatus('ann', winner), 200);
  // A password set in another way voids a link.
  const third = secretIn((await reset('root', 'ann', { password: PASSWORD })).body.link);
  assert.equal(hearth.command('user', 'passwd', 'ann@hearth.test', '--password-stdin', { input: `${PASSWORD}\n` }).status, 0);
  problem(await use(third, NEXT), 403, 'token');
  // By command; a disabled account stays shut.
  const fourth = secretIn(hearth.command('user', 'reset', 'ann@hearth.test').stdout);
  assert.equal(hearth.command('user', 'disable', 'ann@hearth.test').status, 0);
  problem(await use(fourth, NEXT), 403, 'token');
  assert.equal(hearth.command('user', 'enable', 'ann@hearth.test').status, 0);
  assert.equal((await use(fourth, NEXT)).status, 204);
  token.ann = await hearth.login('ann@hearth.test', NEXT);
  const { body: { events } } = await api('ann', 'GET', '/events');
  assert.ok(events.some((event) => event.kind === 'password.reset_link' && event.detail === 'by root@hearth.test'));
  assert.equal(hearth.command('user', 'reset').status, 2);
  assert.equal(hearth.command('user', 'reset', 'nobody@hearth.test').status, 1);
});

test('second factors are taken away, and asked for until then', async () => {
  const begun = await api('bob', 'POST', '/me/factors/totp', { password: PASSWORD });
  const app = new Authenticator(begun.body.secret);
  assert.equal((await api('bob', 'POST', '/me/factors/totp/confirm', { code: await app.code() })).status, 200);
  // A link for a new password does not go round it.
  const secret = secretIn(hearth.command('user', 'reset', 'bob@hearth.test').stdout);
  assert.equal((await api(null, 'POST', '/reset', { token: secret, password: PASSWORD })).status, 204);
  const login = () => api(null, 'POST', '/login', { address: 'bob@hearth.test', password: PASSWORD });
  assert.ok((await login()).body.second_factor);
  const away = (by, body) => api(by, 'DELETE', `/accounts/${id.bob}/factors`, body);
  problem(await away('mo', { password: PASSWORD }), 403);
  problem(await away('root', { password: 'wrong' }), 403, 'password');
  assert.equal((await away('root', { password: PASSWORD })).status, 204);
  assert.ok((await login()).body.token);
});

test('a forgotten password: a link to the verified second address, and the same answer for everybody', async () => {
  for (const name of ['dora', 'emil']) await join(name);
  const put = (name, address, password = PASSWORD) => api(name, 'PUT', '/me/second-address', { address, password });
  const forgotten = (address) => api(null, 'POST', '/forgotten', { address });
  // The links in somebody's mails of this subject.
  const links = async (name, subject) => {
    const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
    await client.ok('EXAMINE INBOX');
    const found = await client.search(`SEARCH SUBJECT "${subject}"`);
    const texts = await Promise.all(found.map(async (n) => JSON.stringify(await client.fetch(`FETCH ${n} (BODY[])`))));
    client.close();
    return texts.map((text) => /token=([A-Za-z0-9_-]{43})/.exec(text)?.[1]);
  };
  // One elsewhere gets its mail by way of the queue.
  assert.equal((await put('emil', 'emil@elsewhere.test')).status, 202);
  await eventually(() => hearth.log.includes(' to=emil@elsewhere.test '), 60); // "no such domain", or no answer
  problem(await put('dora', 'Dora+x@hearth.test'), 404, 'address');
  problem(await put('dora', 'dora@hearth.test'), 400, 'address');
  problem(await put('dora', 'nobody@hearth.test'), 404, 'address');
  problem(await put('dora', 'emil@hearth.test', 'wrong'), 403, 'password');
  assert.deepEqual((await put('dora', 'Emil@hearth.test')).body, { address: 'emil@hearth.test', verified: false });
  problem(await put('dora', 'emil@hearth.test'), 429);
  const [verify] = await eventually(async () => { const got = await links('emil', 'Your address'); return got.length === 1 && got; });
  // Before it is verified nothing is sent; the answer is the same.
  for (const address of ['dora@hearth.test', 'emil@hearth.test', 'nobody@hearth.test', 'x@elsewhere.test', 'a b'])
    assert.deepEqual([(await forgotten(address)).status, (await forgotten(address)).body], [202, {}], address);
  problem(await forgotten(7), 400, 'address');
  problem(await api(null, 'POST', '/second-address/verify', { token: 'x'.repeat(43) }), 403, 'token');
  assert.equal((await api(null, 'POST', '/second-address/verify', { token: verify })).status, 204);
  problem(await api(null, 'POST', '/second-address/verify', { token: verify }), 403, 'token');
  assert.equal((await api('dora', 'GET', '/me/second-address')).body.verified, true);
  assert.equal((await forgotten('DORA@hearth.test')).status, 202);
  assert.equal((await forgotten('dora@hearth.test')).status, 202); // at most one mail in five minutes
  const [secret] = await eventually(async () => { const got = await links('emil', 'Choose a new password'); return got.length > 0 && got; });
  assert.equal((await api('dora', 'GET', '/me')).status, 200); // asking alone ends nothing
  assert.equal((await api(null, 'POST', '/reset', { token: secret, password: NEXT })).status, 204);
  assert.equal(await loginStatus('dora', NEXT), 200);
  assert.equal((await links('emil', 'Choose a new password')).length, 1);
  // What an administrator resets has no second address any more, nor has who trusted an account that is gone.
  token.dora = await hearth.login('dora@hearth.test', NEXT);
  assert.equal(hearth.command('user', 'delete', 'emil@hearth.test').status, 0);
  assert.deepEqual((await api('dora', 'GET', '/me/second-address')).body, { address: null, verified: false });
  assert.equal((await api('dora', 'DELETE', '/me/second-address')).status, 404);
});

test('what is kept is seen by module, and goes with the account', async () => {
  await deliver(hearth.port.smtp, 'cleo@hearth.test', `Subject: kept\r\n\r\n${'x'.repeat(4000)}\r\n`);
  const seen = await api('root', 'GET', `/accounts/${id.cleo}/storage`);
  assert.equal(seen.status, 200);
  assert.deepEqual(Object.keys(seen.body.modules).sort(), ['auth', 'mail', 'video']);
  assert.ok(seen.body.modules.mail > 4000);
  assert.equal(seen.body.used, Object.values(seen.body.modules).reduce((sum, bytes) => sum + bytes, 0));
  assert.deepEqual((await api('cleo', 'GET', '/me/storage')).body, seen.body);
  assert.match(hearth.command('user', 'storage', 'cleo@hearth.test').stdout, new RegExp(`^mail\t${seen.body.modules.mail}$`, 'm'));
  problem(await api('cleo', 'GET', `/accounts/${id.ann}/storage`), 403);
  assert.equal((await api('root', 'GET', '/accounts/4711/storage')).status, 404);
  const end = (by, who, body) => api(by, 'DELETE', `/accounts/${id[who]}`, body);
  problem(await end('mo', 'cleo', { password: PASSWORD }), 403);
  problem(await end('root', 'cleo', { password: 'wrong' }), 403, 'password');
  problem(await end('root', 'root', { password: PASSWORD }), 409);
  assert.equal((await end('root', 'cleo', { password: PASSWORD })).status, 204);
  await eventually(async () => (await api('cleo', 'GET', '/me')).status === 401);
  assert.equal((await end('root', 'cleo', { password: PASSWORD })).status, 404);
  assert.equal((await api('root', 'GET', `/accounts/${id.cleo}/storage`)).status, 404);
});
