// What a stolen session must not be able to do to mail: each such route wants the password once more, and a
// code where a second factor is enrolled, and without them nothing has changed; unless that very session has
// shown both a short while ago. Every route for administrators
// in the description of the API is decided here, one way or the other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Authenticator } from './authenticator.mjs';
import { Hearth, eventually } from './hearth.mjs';
import { bearer, enrolled, PASSWORD, person, problem } from './second-factor.mjs';
import { SmtpClient } from './smtp-client.mjs';

// Of mail, and of whom addresses reach: true: with proof; else why not.
const DECIDED = {
  'GET /api/auth/aliases': 'whom an address reaches is no secret to who looks after it',
  'POST /api/auth/aliases': true, // aliases, catch-alls and domain aliases: mail of others goes elsewhere
  'DELETE /api/auth/aliases/{id}': true, // it may go on to a catch-all
  'POST /api/auth/addresses/free': true, // who has it next gets the mail of who had it
  'GET /api/mail/suppressed': 'names of who is not there',
  'POST /api/mail/suppressed/remove': 'an address is tried once more',
  'GET /api/mail/dkim': 'what the DNS says anyway',
  'POST /api/mail/dkim/rotate': 'new keys wait until the DNS has them; but with `now`, below',
  'POST /api/mail/dkim/revoke': true, // mail that was signed counts as forged
  'GET /api/mail/dns': 'what the DNS says anyway',
  'POST /api/mail/dns/check': 'what the DNS says anyway',
  'GET /api/mail/reports': 'numbers of whole domains',
  'GET /api/mail/reports/{id}': 'numbers of whole domains',
  'GET /api/mail/queue': 'envelopes, never what a mail says',
  'GET /api/mail/queue/summary': 'numbers',
  'GET /api/mail/queue/{id}': 'an envelope, never what a mail says',
  'DELETE /api/mail/queue/{id}': true, // lost, and nobody is told
  'POST /api/mail/queue/{id}/hold': 'taken back by release',
  'POST /api/mail/queue/{id}/release': 'it goes where its sender meant it to go',
  'POST /api/mail/queue/{id}/retry': 'it goes where its sender meant it to go',
  'POST /api/mail/queue/orders': 'as each of them; but to remove, below',
};
let hearth, root;

before(async () => {
  // A name server that never answers: what is for elsewhere waits.
  hearth = new Hearth({ 'dns.server': '127.0.0.1:9', 'queue.retry': '1h', 'auth.address_rest': '30d', 'auth.proof_ttl': '0s' });
  await hearth.start();
  root = await enrolled(hearth, '--admin');
  const c = await SmtpClient.hello(hearth.port.submission);
  const ann = await person(hearth);
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0${ann.address}\0${PASSWORD}`).toString('base64')}`);
  const { code } = await c.mail(ann.address, ['one@away.test', 'two@away.test', 'three@away.test', 'four@away.test'], `From: <${ann.address}>\r\nSubject: waits\r\n\r\nhello\r\n`);
  c.close();
  assert.equal(code, 250);
  for (const gone of ['gone0@hearth.test', 'gone1@hearth.test']) {
    hearth.addUser(gone, PASSWORD);
    assert.equal(hearth.command('user', 'delete', gone).status, 0);
  }
  for (const alias of ['info0', 'info1']) assert.equal(hearth.command('alias', 'add', alias, root.address).status, 0);
  assert.equal(hearth.command('group', 'add', 'choir').status, 0);
  assert.equal(hearth.command('dkim', 'rotate', 'hearth.test').status, 0);
});

after(() => hearth.remove());

test('every route for administrators that there is has been decided', () => {
  const { paths } = JSON.parse(readFileSync('modules/web/assets/openapi.json', 'utf8'));
  const found = {};
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { summary, requestBody }] of Object.entries(methods))
      if (/^\/api\/(mail|auth\/(aliases|addresses))\b/.test(path) && summary.includes('(administrators)'))
        found[`${method.toUpperCase()} ${path}`] = /^The admin/.test(requestBody?.content['application/json'].schema.properties?.password?.description);
  assert.deepEqual(found, Object.fromEntries(Object.entries(DECIDED).map(([route, decision]) => [route, decision === true])));
});

// What is asked for, what of it is seen; of things of its own in each round.
async function routesOf(round) {
  const get = async (path) => (await root.ask('GET', path)).body;
  const aliases = async () => (await get('/api/auth/aliases')).aliases.map((one) => `${one.address} ${one.target}`).join();
  const queue = async () => (await get('/api/mail/queue')).entries.map((one) => one.recipient).join();
  const keys = async () => (await get('/api/mail/dkim')).keys.map((one) => `${one.selector} ${one.state}`).sort().join();
  const forward = async () => (await get('/api/mail/forward')).address;
  const group = (await get('/api/auth/groups')).groups.find(({ name }) => name === 'choir').id;
  const subscribers = async () => (await get(`/api/auth/groups/${group}`)).subscribers.map((one) => one.address).join();
  const resting = () => hearth.command('user', 'add', `gone${round}@hearth.test`, '--password-stdin', { input: `${PASSWORD}\n` }).status;
  await eventually(async () => (await keys()).includes(' waits'), 10, 'keys that wait');
  await eventually(async () => (await queue()).split(',').length >= 2, 10, 'the mails that wait');
  const { id } = (await get('/api/auth/aliases')).aliases.find(({ address }) => address.startsWith(`info${round}@`));
  const [one, two] = (await get('/api/mail/queue')).entries;
  const { selector } = (await get('/api/mail/dkim')).keys.find(({ state }) => state === 'waits');
  const thief = `thief${round}@away.test`;
  return [
    ['POST', '/api/auth/aliases', { address: `sales${round}`, targets: [thief] }, 204, aliases],
    ['POST', '/api/auth/aliases', { address: '@hearth.test', targets: [thief] }, 204, aliases],
    ['DELETE', `/api/auth/aliases/${id}`, undefined, 204, aliases],
    ['POST', '/api/auth/addresses/free', { address: `gone${round}@hearth.test` }, 204, resting],
    ['POST', '/api/mail/dkim/rotate', { domain: 'hearth.test', now: true }, 200, keys],
    ['POST', '/api/mail/dkim/revoke', { domain: 'hearth.test', selector }, 200, keys],
    ['DELETE', `/api/mail/queue/${one.id}`, undefined, 200, queue],
    ['POST', '/api/mail/queue/orders', { order: 'remove', ids: [two.id] }, 200, queue],
    ['POST', `/api/auth/groups/${group}/subscribers`, { address: thief }, 202, subscribers],
    ['PUT', '/api/mail/forward', { address: thief, keep: true }, 202, forward],
  ];
}

test('each route without the proof changes nothing, and with it does', async () => {
  const routes = await routesOf(0);
  let used = root.recovery[0];
  for (const [i, [method, path, body, status, seen]] of routes.entries()) {
    const ask = (more, headers = bearer(root.token)) => hearth.api(method, path, { ...body, ...more }, headers);
    const was = await seen(), code = root.recovery[i];
    problem(await ask({ password: PASSWORD, code }, {}), 401);
    problem(await hearth.api(method, path, body, bearer(root.token)), 400, 'password');
    problem(await ask({}), 400, 'password');
    problem(await ask({ code }), 400, 'password');
    problem(await ask({ password: PASSWORD }), 400, 'code');
    problem(await ask({ password: PASSWORD, code: 7 }), 400, 'code');
    if (i > 0) problem(await ask({ password: PASSWORD, code: used }), 403, 'code');
    assert.equal(await seen(), was, `${method} ${path} without proof`);
    const answer = await ask({ password: PASSWORD, code });
    assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(answer.body)}`);
    assert.notEqual(await seen(), was, `${method} ${path} with proof`);
    used = code;
  }
  // The password itself is looked at, and what has failed for another reason has cost no code where the
  // alias is of the same database.
  const code = await root.app.code();
  problem(await root.ask('POST', '/api/auth/aliases', { address: 'more', targets: ['thief@away.test'], password: 'another one', code }), 403, 'password');
  problem(await root.ask('POST', '/api/auth/aliases', { address: 'sales0', targets: ['thief0@away.test'], password: PASSWORD, code }), 409, 'address');
  assert.equal((await root.ask('POST', '/api/auth/aliases', { address: 'more', targets: ['thief@away.test'], password: PASSWORD, code })).status, 204);
});

test('the session that has shown both does more without, for some minutes', async () => {
  await hearth.stop();
  hearth.settings['auth.proof_ttl'] = '1h';
  await hearth.start();
  assert.equal(hearth.command('dkim', 'rotate', 'hearth.test').status, 0);
  const session = async (person) => (await person.second(await person.ticket(), 'totp', await person.app.code())).body.token;
  // By what it has shown when each time was asked, the one session is still proven; another is not.
  const other = await enrolled(hearth, '--admin');
  const tried = ['PUT', '/api/mail/forward', { address: 'next@away.test', keep: true }];
  const ask = (token, more) => hearth.api('POST', '/api/mail/queue/orders', { order: 'remove', ids: [999], ...more }, bearer(token));
  for (const [method, path, body, status, seen] of await routesOf(1)) {
    const was = await seen();
    problem(await hearth.api(method, path, body, bearer(other.token)), 400, 'password');
    assert.equal(await seen(), was, `${method} ${path} of another`);
    const answer = await hearth.api(method, path, body, bearer(root.token));
    assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(answer.body)}`);
    assert.notEqual(await seen(), was, `${method} ${path} of who is proven`);
  }
  // What is shown all the same is looked at.
  problem(await ask(root.token, { password: 'another one' }), 403, 'password');
  problem(await ask(root.token, { password: PASSWORD }), 400, 'code');

  // Half of it proves nothing, nor does an API token; and what takes the account away asks each time.
  problem(await ask(other.token, { password: PASSWORD }), 400, 'code');
  problem(await ask(other.token), 400, 'password');
  const { body: { token } } = await other.ask('POST', '/api/auth/tokens', { name: 'n', scopes: 'mail admin', password: PASSWORD, code: other.recovery[0] });
  assert.equal((await ask(token, { password: PASSWORD, code: other.recovery[1] })).status, 200);
  problem(await ask(token), 400, 'password');
  assert.equal((await ask(other.token, { password: PASSWORD, code: other.recovery[2] })).status, 200);
  assert.equal((await ask(other.token)).status, 200);
  problem(await other.ask('POST', '/api/auth/me/factors/totp/remove', {}), 400, 'password');
  problem(await other.ask('POST', '/api/auth/me/factors/totp/remove', { password: PASSWORD }), 400, 'code');
  problem(await other.ask('DELETE', '/api/auth/me', {}), 400, 'password');
  problem(await other.ask('POST', '/api/auth/app-passwords', { name: 'n', scopes: 'imap', password: PASSWORD }), 400, 'code');
  problem(await other.ask('POST', '/api/auth/me/password', { current: PASSWORD, password: 'violet heron ferry' }), 400, 'code');

  // It is the session's own, and ends with it, and with the factors and the password it was shown for.
  const second = await session(other);
  problem(await ask(second), 400, 'password');
  assert.equal((await other.ask('POST', '/api/auth/me/factors/recovery', { password: PASSWORD, code: other.recovery[3] })).status, 200);
  problem(await ask(other.token), 400, 'password');
  const ben = await person(hearth, '--admin');
  assert.equal((await ask(ben.token, { password: PASSWORD })).status, 200);
  assert.equal((await ask(ben.token)).status, 200);
  assert.equal((await ben.ask('POST', '/api/auth/me/password', { current: PASSWORD, password: 'violet heron ferry' })).status, 204);
  problem(await ask(ben.token), 400, 'password');
  assert.equal((await ask(ben.token, { password: 'violet heron ferry' })).status, 200);
  const { body: { secret } } = await ben.ask('POST', '/api/auth/me/factors/totp', { password: 'violet heron ferry' });
  assert.equal((await ask(ben.token)).status, 200);
  assert.equal((await ben.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await new Authenticator(secret).code() })).status, 200);
  problem(await ask(ben.token), 400, 'password');
  assert.ok([200, 204].includes((await ben.ask('POST', '/api/auth/logout')).status));
  problem(await ask(ben.token), 401);
});

test('who has no second factor proves it by the password alone; what can be taken back wants none', async () => {
  const bob = await person(hearth, '--admin');
  problem(await bob.ask('PUT', '/api/mail/forward', { address: 'bob@away.test', keep: true }), 400, 'password');
  problem(await bob.ask('PUT', '/api/mail/forward', { address: 'bob@away.test', keep: true, password: 'another one' }), 403, 'password');
  assert.equal((await bob.ask('PUT', '/api/mail/forward', { address: 'bob@away.test', keep: true, password: PASSWORD })).status, 202);
  assert.equal((await bob.ask('DELETE', '/api/mail/forward')).status, 204);
  assert.equal((await bob.ask('POST', '/api/mail/dkim/rotate', { domain: 'hearth.test' })).status, 200);
  assert.equal((await bob.ask('POST', '/api/mail/queue/orders', { order: 'hold', ids: [999] })).status, 200);
});
