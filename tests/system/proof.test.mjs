// What a stolen session must not be able to do to mail: each such route wants the password once more, and a
// code where a second factor is enrolled, and without them nothing has changed. Every route for administrators
// in the description of the API is decided here, one way or the other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
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
  hearth = new Hearth({ 'dns.server': '127.0.0.1:9', 'queue.retry': '1h', 'auth.address_rest': '30d' });
  await hearth.start();
  root = await enrolled(hearth, '--admin');
  const c = await SmtpClient.hello(hearth.port.submission);
  const ann = await person(hearth);
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0${ann.address}\0${PASSWORD}`).toString('base64')}`);
  const { code } = await c.mail(ann.address, ['one@away.test', 'two@away.test'], `From: <${ann.address}>\r\nSubject: waits\r\n\r\nhello\r\n`);
  c.close();
  assert.equal(code, 250);
  hearth.addUser('gone@hearth.test', PASSWORD);
  assert.equal(hearth.command('user', 'delete', 'gone@hearth.test').status, 0);
  assert.equal(hearth.command('alias', 'add', 'info', root.address).status, 0);
  assert.equal(hearth.command('dkim', 'rotate', 'hearth.test').status, 0);
});

after(() => hearth.remove());

test('every route for administrators that there is has been decided', () => {
  const { paths } = JSON.parse(readFileSync('modules/web/assets/openapi.json', 'utf8'));
  const found = {};
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { summary, requestBody }] of Object.entries(methods))
      if (/^\/api\/(mail|auth\/(aliases|addresses))\b/.test(path) && summary.includes('(administrators)'))
        found[`${method.toUpperCase()} ${path}`] = requestBody?.content['application/json'].schema.required?.includes('password') || false;
  assert.deepEqual(found, Object.fromEntries(Object.entries(DECIDED).map(([route, decision]) => [route, decision === true])));
});

test('each route without the proof changes nothing, and with it does', async () => {
  const get = async (path) => (await root.ask('GET', path)).body;
  const aliases = async () => (await get('/api/auth/aliases')).aliases.map((one) => `${one.address} ${one.target}`).join();
  const queue = async () => (await get('/api/mail/queue')).entries.map((one) => one.recipient).join();
  const keys = async () => (await get('/api/mail/dkim')).keys.map((one) => `${one.selector} ${one.state}`).sort().join();
  const forward = async () => (await get('/api/mail/forward')).address;
  await eventually(async () => (await keys()) !== '', 10, 'keys that sign');
  await eventually(async () => (await queue()) !== '', 10, 'the mails that wait');
  const group = (await root.ask('POST', '/api/auth/groups', { name: 'choir' })).body.id;
  const subscribers = async () => (await get(`/api/auth/groups/${group}`)).subscribers.map((one) => one.address).join();
  const { id } = (await get('/api/auth/aliases')).aliases[0];
  const [one, two] = (await get('/api/mail/queue')).entries;
  const { selector } = (await get('/api/mail/dkim')).keys[0];
  const resting = () => hearth.command('user', 'add', 'gone@hearth.test', '--password-stdin', { input: `${PASSWORD}\n` }).status;

  const routes = [ // what is asked for, what of it is seen
    ['POST', '/api/auth/aliases', { address: 'sales', targets: ['thief@away.test'] }, 204, aliases],
    ['POST', '/api/auth/aliases', { address: '@hearth.test', targets: ['thief@away.test'] }, 204, aliases],
    ['DELETE', `/api/auth/aliases/${id}`, {}, 204, aliases],
    ['POST', '/api/auth/addresses/free', { address: 'gone@hearth.test' }, 204, resting],
    ['POST', '/api/mail/dkim/rotate', { domain: 'hearth.test', now: true }, 200, keys],
    ['POST', '/api/mail/dkim/revoke', { domain: 'hearth.test', selector }, 200, keys],
    ['DELETE', `/api/mail/queue/${one.id}`, {}, 200, queue],
    ['POST', '/api/mail/queue/orders', { order: 'remove', ids: [two.id] }, 200, queue],
    ['POST', `/api/auth/groups/${group}/subscribers`, { address: 'thief@away.test' }, 202, subscribers],
    ['PUT', '/api/mail/forward', { address: 'thief@away.test', keep: true }, 202, forward],
  ];
  let used = root.recovery[0];
  for (const [i, [method, path, body, status, seen]] of routes.entries()) {
    const ask = (more, headers = bearer(root.token)) => hearth.api(method, path, { ...body, ...more }, headers);
    const was = await seen(), code = root.recovery[i];
    problem(await ask({ password: PASSWORD, code }, {}), 401);
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
  problem(await root.ask('POST', '/api/auth/aliases', { address: 'sales', targets: ['thief@away.test'], password: PASSWORD, code }), 409, 'address');
  assert.equal((await root.ask('POST', '/api/auth/aliases', { address: 'more', targets: ['thief@away.test'], password: PASSWORD, code })).status, 204);
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
