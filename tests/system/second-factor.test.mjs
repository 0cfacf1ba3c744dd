// second-factor.test.mjs: logging in in two steps: an authenticator app, recovery codes, trusted
// devices; what the main password no longer opens; who must have a second factor.
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { connect } from 'node:net';
import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Authenticator, base32, codeAt, readQr, stepNow } from './authenticator.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import * as people from './second-factor.mjs';
import { bearer, cookieOf, PASSWORD, problem } from './second-factor.mjs';
import { SmtpClient } from './smtp-client.mjs';

const ARABIC = '٠١٢٣٤٥';
const FULLWIDTH = '１２３４５６';

let hearth;
before(async () => {
  hearth = await new Hearth({ 'auth.guesses_per_network': 100000 }).start();
});
after(() => hearth.remove());

const person = (server = hearth, ...flags) => people.person(server, ...flags);
const enrolled = (server = hearth, ...flags) => people.enrolled(server, ...flags);

test('enrolling: the QR code holds the secret, and it counts once a code was right', async () => {
  const p = await person();
  const none = await p.ask('GET', '/api/auth/me/factors');
  assert.deepEqual(none.body, { required: false, totp: { enrolled: false }, sms: { enrolled: false, available: false }, recovery_codes: 0 });

  const started = await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD });
  assert.equal(started.status, 200);
  assert.equal(started.headers.get('cache-control'), 'no-store');
  const { secret, uri, qr } = started.body;
  assert.equal(base32(secret).length, 20);
  const read = new URL(uri);
  assert.equal(read.protocol, 'otpauth:');
  assert.equal(read.searchParams.get('secret'), secret);
  assert.equal(read.searchParams.get('issuer'), 'hearth.test');
  assert.match(decodeURIComponent(read.pathname), new RegExp(`hearth\\.test:${p.address}$`));
  assert.equal(readQr(qr), uri);

  // Until then the password alone is enough, and another start makes another secret.
  assert.ok((await p.first()).body.token);
  const again = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD })).body;
  assert.notEqual(again.secret, secret);
  problem(await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await new Authenticator(secret).code() }), 403, 'code');
  const app = new Authenticator(again.secret);
  problem(await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: app.wrong() }), 403, 'code');
  const code = await app.code();
  const confirmed = await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: `${code.slice(0, 3)} ${code.slice(3)}` });
  assert.equal(confirmed.status, 200);
  assert.equal(confirmed.headers.get('cache-control'), 'no-store');
  assert.equal(new Set(confirmed.body.recovery_codes).size, 10);
  for (const one of confirmed.body.recovery_codes) assert.match(one, /^[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){3}$/);
  const now = (await p.ask('GET', '/api/auth/me/factors')).body;
  assert.deepEqual([now.totp.enrolled, now.recovery_codes], [true, 10]);
  assert.ok(Math.abs(now.totp.since - Date.now()) < 60_000);
  problem(await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD }), 409);
  problem(await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await app.code() }), 409);
  assert.equal((await p.ask('GET', '/api/auth/me')).body.second_factor, true);

  const { body } = await p.ask('GET', '/api/auth/events');
  assert.ok(JSON.stringify(body).includes('factor.enrolled'), JSON.stringify(body));
  assert.ok(!JSON.stringify(body).includes(again.secret));
  assert.ok(!hearth.log.includes(again.secret) && !hearth.log.includes(code));
});

test('two steps: a ticket, then a code; each once', async () => {
  const p = await enrolled();
  const first = await p.first();
  assert.equal(first.status, 200);
  assert.equal(first.body.token, undefined);
  assert.equal(cookieOf(first, 'hearth_session'), undefined);
  assert.deepEqual(first.body.second_factor.methods, ['totp', 'recovery']);
  const { ticket } = first.body.second_factor;
  assert.equal((await p.server.api('GET', '/api/auth/me', undefined, bearer(ticket))).status, 401);

  problem(await p.second(ticket, 'totp', p.app.wrong()), 401, 'code');
  const code = await p.app.code();
  const second = await p.second(ticket, 'totp', code);
  assert.equal(second.status, 200, JSON.stringify(second.body));
  assert.equal(second.body.account.address, p.address);
  assert.equal(second.body.must_enrol, undefined);
  assert.match(cookieOf(second, 'hearth_session'), /HttpOnly/);
  assert.equal(cookieOf(second, 'hearth_device'), undefined);
  assert.ok(await p.works(second.body.token));
  assert.ok(await p.works(), 'the session from before stays');

  // The ticket is used, and so is the code.
  problem(await p.second(ticket, 'totp', await p.app.code()), 401, 'ticket');
  problem(await p.second(await p.ticket(), 'totp', code), 401, 'code');
});

test('the code that confirmed is used up; two requests at once with one code make one session', async () => {
  const p = await person();
  const { secret } = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD })).body;
  const app = new Authenticator(secret);
  const code = await app.code();
  assert.equal((await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code })).status, 200);
  problem(await p.second(await p.ticket(), 'totp', code), 401, 'code');

  const tickets = [await p.ticket(), await p.ticket(), await p.ticket(), await p.ticket()];
  const next = await app.code();
  const answers = await Promise.all(tickets.map((ticket) => p.second(ticket, 'totp', next)));
  assert.deepEqual(answers.map((a) => a.status).sort(), [200, 401, 401, 401]);
});

test('a recovery code opens once, also when used twice at the same time', async () => {
  const p = await enrolled();
  const [one, two, three] = p.recovery;
  const tickets = [await p.ticket(), await p.ticket()];
  const answers = await Promise.all(tickets.map((ticket) => p.second(ticket, 'recovery', one)));
  assert.deepEqual(answers.map((a) => a.status).sort(), [200, 401]);
  assert.equal((await p.ask('GET', '/api/auth/me/factors')).body.recovery_codes, 9);
  // As a person may type it; and one ticket at once with two codes is one session.
  const ticket = await p.ticket();
  const both = await Promise.all([
    p.second(ticket, 'recovery', two.toUpperCase().replaceAll('-', ' ')), p.second(ticket, 'recovery', three)]);
  assert.deepEqual(both.map((a) => a.status).sort(), [200, 401]);
  assert.equal((await p.ask('GET', '/api/auth/me/factors')).body.recovery_codes, 8);
  // Another's code is none.
  const other = await enrolled();
  problem(await other.second(await other.ticket(), 'recovery', p.recovery[5]), 401, 'code');

  // New ones end the old ones.
  problem(await p.ask('POST', '/api/auth/me/factors/recovery', { password: 'wrong horse' }), 403, 'password');
  problem(await p.ask('POST', '/api/auth/me/factors/recovery', { password: PASSWORD }), 400, 'code');
  const fresh = await p.ask('POST', '/api/auth/me/factors/recovery', { password: PASSWORD, code: p.recovery[7] });
  assert.equal(fresh.status, 200);
  assert.equal(fresh.body.recovery_codes.length, 10);
  problem(await p.second(await p.ticket(), 'recovery', p.recovery[6]), 401, 'code');
  assert.equal((await p.second(await p.ticket(), 'recovery', fresh.body.recovery_codes[0])).status, 200);
});

test('a ticket bears five wrong codes; more make the account wait, but not a recovery code', async () => {
  const p = await enrolled();
  const ticket = await p.ticket();
  const codes = Array.from({ length: 5 }, () => p.app.wrong());
  const answers = await Promise.all(codes.map((code) => p.second(ticket, 'totp', code)));
  for (const answer of answers) problem(answer, 401, 'code');
  problem(await p.second(ticket, 'totp', await p.app.code()), 401, 'ticket');
  // The sixth wrong one in a row is still looked at; after it there is a wait.
  problem(await p.second(await p.ticket(), 'totp', p.app.wrong()), 401, 'code');
  const waiting = await p.second(await p.ticket(), 'totp', await p.app.code());
  problem(waiting, 429);
  const retry = Number(waiting.headers.get('retry-after'));
  assert.ok(retry > 0 && retry <= 30, `Retry-After: ${retry}`);
  const { status } = await p.second(await p.ticket(), 'recovery', p.recovery[0]);
  assert.equal(status, 200);
  // That was its owner: what was wrong before is forgotten.
  assert.equal((await p.second(await p.ticket(), 'totp', await p.app.code())).status, 200);
  const { body } = await p.ask('GET', '/api/auth/events');
  assert.ok(JSON.stringify(body).includes('session.wrong_code'), JSON.stringify(body));
});

test('wrong codes count as guesses of the account from this network', async () => {
  const server = await new Hearth({ 'auth.guesses_per_account': 3 }).start();
  try {
    const p = await enrolled(server);
    const ticket = await p.ticket();
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await p.second(ticket, 'totp', p.app.wrong())).status);
    assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
    // The password is no way around.
    problem(await p.first(), 429);
  } finally {
    await server.remove();
  }
});

test('what is missing, wrong or too long is named', async () => {
  const p = await enrolled();
  const code = '123456';
  const ticket = await p.ticket();
  const second = (body) => hearth.api('POST', '/api/auth/login/second', body);
  const good = { ticket, method: 'totp', code };
  for (const [field, values] of Object.entries({
    ticket: [undefined, null, 7, '', {}, 'x'.repeat(101)],
    method: [undefined, null, 7, '', 'TOTP', 'tоtp', 'password', ['totp'], 'x'.repeat(300)],
    code: [undefined, null, 123456, '', '12345', '1234567', '12345a', ARABIC, FULLWIDTH, '12345６', `${code}\u0301`, '1'.repeat(3000)],
    trust: [null, 1, 'true', {}],
  })) {
    for (const value of values) problem(await second({ ...good, [field]: value }), 400, field);
  }
  for (const value of ['abcd', 'abcd-efgh-jkmn-pqr1', 'аbcd-efgh-jkmn-pqrs', `abcd-efgh-jkmn-${ARABIC.slice(0, 4)}`, '123456']) {
    problem(await second({ ticket, method: 'recovery', code: value }), 400, 'code');
  }
  problem(await second({ ...good, ticket: 'nonsense' }), 401, 'ticket');
  problem(await second({ ...good, more: 'x'.repeat(5000) }), 413);
  problem(await hearth.api('POST', '/api/auth/login/sms', {}), 400, 'ticket');
  problem(await hearth.api('POST', '/api/auth/login/sms', { ticket: null }), 400, 'ticket');
  problem(await hearth.api('POST', '/api/auth/login/sms', { ticket: 'nonsense' }), 401, 'ticket');
  problem(await hearth.api('POST', '/api/auth/login/sms', { ticket }), 409);
  // None of those was a guess: the ticket is as good as new.
  assert.equal((await p.second(ticket, 'totp', await p.app.code())).status, 200);

  for (const path of ['totp', 'totp/remove', 'sms/remove', 'recovery']) {
    for (const value of [undefined, null, 7, {}, 'x'.repeat(257)]) {
      problem(await p.ask('POST', `/api/auth/me/factors/${path}`, { password: value }), 400, 'password');
    }
    problem(await p.ask('POST', `/api/auth/me/factors/${path}`, { password: 'wrong horse' }), 403, 'password');
    problem(await hearth.api('POST', `/api/auth/me/factors/${path}`, { password: PASSWORD }), 401);
  }
  const q = await person();
  await q.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD });
  for (const value of [undefined, null, 123456, '', '12345', '1234567', ARABIC, FULLWIDTH, '12345a', '1'.repeat(3000)]) {
    problem(await q.ask('POST', '/api/auth/me/factors/totp/confirm', { code: value }), 400, 'code');
  }
  problem(await q.ask('POST', '/api/auth/me/factors/totp/remove', { password: PASSWORD }), 409);
  problem(await q.ask('POST', '/api/auth/me/factors/recovery', { password: PASSWORD }), 409);
  problem(await q.ask('POST', '/api/auth/me/factors/sms', { password: PASSWORD }), 409);
});

test('guesses at the password run out when a factor is asked for, too', async () => {
  const server = await new Hearth({ 'auth.guesses_per_account': 3 }).start();
  try {
    const p = await person(server);
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await p.ask('POST', '/api/auth/me/factors/totp', { password: 'wrong horse' })).status);
    assert.deepEqual(statuses, [403, 403, 403, 429, 429]);
  } finally {
    await server.remove();
  }
});

test('password and session open no way in that stays, without a code of the factor', async () => {
  const p = await enrolled();
  const other = await person();
  const codes = p.recovery[Symbol.iterator]();
  const ways = {
    'app-passwords': ['POST', { name: 'x', scopes: 'imap', password: PASSWORD }, 201],
    tokens: ['POST', { name: 'x', scopes: 'mail:read', password: PASSWORD }, 201],
    'me/second-address': ['PUT', { address: other.address, password: PASSWORD }, 202],
    'me/password': ['POST', { current: PASSWORD, password: 'another horse' }, 204],
  };
  for (const [path, [method, body, done]] of Object.entries(ways)) {
    const ask = (more) => p.ask(method, `/api/auth/${path}`, { ...body, ...more });
    problem(await ask({}), 400, 'code');
    problem(await ask({ code: 7 }), 400, 'code');
    problem(await ask({ code: 'aaaa-aaaa-aaaa-aaaa' }), 403, 'code');
    const code = codes.next().value;
    assert.equal((await ask({ code })).status, done, path);
    // Used up; and what was refused has left nothing.
    if (path !== 'me/password') problem(await ask({ code }), path === 'me/second-address' ? 429 : 403);
  }
  assert.equal((await p.ask('GET', '/api/auth/app-passwords')).body.app_passwords.length, 1);
  assert.equal((await p.ask('GET', '/api/auth/tokens')).body.tokens.length, 1);
  const forget = (body) => p.ask('DELETE', '/api/auth/me/second-address', body);
  problem(await forget(), 400, 'code');
  problem(await forget({ code: 'aaaa-aaaa-aaaa-aaaa' }), 403, 'code');
  assert.equal((await forget({ code: codes.next().value })).status, 204);
  // Without a factor nothing of this asks for one.
  assert.equal((await other.ask('POST', '/api/auth/app-passwords', { name: 'x', scopes: 'imap', password: PASSWORD })).status, 201);
  problem(await other.ask('DELETE', '/api/auth/me/second-address'), 404);
});

test('an administrator with a factor gives rights and does for good only with a code of it', async () => {
  const root = await enrolled(hearth, '--admin');
  const other = await person();
  const codes = root.recovery[Symbol.iterator]();
  const { body: { id } } = await other.ask('GET', '/api/auth/me');
  const account = `/api/auth/accounts/${id}`;
  for (const [method, path, body, done] of [['PATCH', account, { role: 'moderator' }, 200], ['PATCH', account, { role: 'administrator' }, 200],
    ['POST', '/api/auth/invitations', { role: 'administrator' }, 201], ['POST', `${account}/reset`, { password: PASSWORD }, 201],
    ['DELETE', `${account}/factors`, { password: PASSWORD }, 204], ['DELETE', account, { password: PASSWORD }, 204]]) {
    problem(await root.ask(method, path, body), 400, 'code');
    problem(await root.ask(method, path, { ...body, code: 'aaaa-aaaa-aaaa-aaaa' }), 403, 'code');
    const code = codes.next().value;
    assert.equal((await root.ask(method, path, { ...body, code })).status, done, `${method} ${path}`);
    // What gives nothing more needs none.
    if (body.role === 'moderator') {
      assert.equal((await root.ask('PATCH', account, { role: 'member' })).status, 200);
      assert.equal((await root.ask('PATCH', account, { role: 'member', quota: 5 })).status, 200);
    }
  }
  assert.equal((await root.ask('POST', '/api/auth/invitations', {})).status, 201);
});

test('with a factor the main password opens neither IMAP nor SMTP, and what it had opened ends', async () => {
  const p = await person();
  const open = await ImapClient.login(hearth.port.imap, p.address, `"${PASSWORD}"`);
  const app = (await p.ask('POST', '/api/auth/app-passwords', { name: 'phone', scopes: 'imap smtp', password: PASSWORD })).body.password;
  const byApp = await ImapClient.login(hearth.port.imap, p.address, app);
  const { secret } = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD })).body;
  assert.equal((await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await new Authenticator(secret).code() })).status, 200);
  await eventually(() => open.closed, 20, 'the connection of the main password ends');

  const imap = await ImapClient.connect(hearth.port.imap);
  const right = await imap.command(`LOGIN ${p.address} "${PASSWORD}"`);
  const wrong = await imap.command(`LOGIN ${p.address} "wrong horse"`);
  const told = ({ status, code, text }) => [status, code, text];
  assert.deepEqual(told(right).slice(0, 2), ['NO', 'AUTHENTICATIONFAILED']);
  assert.deepEqual(told(right), told(wrong), 'the answer tells whether it was right');
  const plain = (password) => Buffer.from(`\0${p.address}\0${password}`).toString('base64');
  const smtp = await SmtpClient.hello(hearth.port.submission);
  const refusals = [await smtp.say(`AUTH PLAIN ${plain(PASSWORD)}`), await smtp.say(`AUTH PLAIN ${plain('wrong horse')}`)];
  assert.equal(refusals[0].code, 535);
  assert.deepEqual(refusals[0], refusals[1]);

  // An app password stays, with what it has open.
  await byApp.ok('NOOP');
  await imap.ok(`LOGIN ${p.address} ${app}`);
  assert.equal((await (await SmtpClient.hello(hearth.port.submission)).say(`AUTH PLAIN ${plain(app)}`)).code, 235);
  assert.ok(await p.works(), 'sessions stay');
});

test('a trusted device needs no second step, until something changes', async () => {
  const p = await enrolled();
  const trust = async () => {
    const code = p.recovery.pop();
    const answer = await p.second(await p.ticket(), 'recovery', code, { trust: true });
    assert.equal(answer.status, 200);
    return cookieOf(answer, 'hearth_device');
  };
  const cookie = await trust();
  assert.match(cookie, /^hearth_device=[\w-]{43}; HttpOnly; SameSite=Lax; Path=\/api\/auth\/login; Max-Age=2592000$/);
  const device = { Cookie: cookie.split(';')[0], 'User-Agent': 'a browser' };
  const entered = await p.first(device);
  assert.ok(entered.body.token, JSON.stringify(entered.body));
  assert.ok(await p.works(entered.body.token));
  // It is no session and no password, and another's is of no use.
  assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(device.Cookie.split('=')[1]))).status, 401);
  problem(await hearth.api('POST', '/api/auth/login', { address: p.address, password: 'wrong horse' }, device), 401);
  const other = await enrolled();
  assert.ok((await other.first(device)).body.second_factor);
  assert.ok((await p.first({ Cookie: 'hearth_device=nonsense' })).body.second_factor);

  // Listed and revoked one by one.
  const listed = (await p.ask('GET', '/api/auth/devices')).body;
  const [mine] = listed.devices;
  assert.ok(mine.id > 0);
  problem(await other.ask('DELETE', `/api/auth/devices/${mine.id}`), 404);
  assert.ok((await p.first(device)).body.token);
  assert.equal((await p.ask('DELETE', `/api/auth/devices/${mine.id}`)).status, 204);
  assert.ok((await p.first(device)).body.second_factor);

  // All end with another factor, or none, and with another password.
  const next = { Cookie: (await trust()).split(';')[0] };
  assert.ok((await p.first(next)).body.token);
  assert.equal((await p.ask('POST', '/api/auth/me/factors/totp/remove', { password: PASSWORD, code: p.recovery.at(-1) })).status, 204);
  assert.ok((await p.first()).body.token, 'no factor, no second step');
  const { secret } = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD })).body;
  const codes = await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await new Authenticator(secret).code() });
  p.recovery = codes.body.recovery_codes;
  assert.ok((await p.first(next)).body.second_factor);
  const last = { Cookie: (await trust()).split(';')[0] };
  assert.ok((await p.first(last)).body.token);
  assert.equal(hearth.command('user', 'passwd', p.address, '--password-stdin', { input: 'another horse\n' }).status, 0);
  const changed = await hearth.api('POST', '/api/auth/login', { address: p.address, password: 'another horse' }, last);
  assert.ok(changed.body.second_factor, JSON.stringify(changed.body));
});

test('over TLS the cookies are Secure; with trusted_device_ttl = 0 no device is trusted', async () => {
  const server = await new Hearth({ 'auth.trusted_device_ttl': '0' }).start();
  try {
    const p = await enrolled(server);
    const answer = await p.second(await p.ticket(), 'recovery', p.recovery[0], { trust: true });
    assert.equal(answer.status, 200);
    assert.equal(cookieOf(answer, 'hearth_device'), undefined);
  } finally {
    await server.remove();
  }
  const p = await enrolled();
  const body = JSON.stringify({ ticket: await p.ticket(), method: 'recovery', code: p.recovery[0], trust: true });
  const answer = await new Promise((done, fail) => {
    request({ host: '127.0.0.1', port: hearth.port.https, path: '/api/auth/login/second', method: 'POST',
      rejectUnauthorized: false, headers: { 'Content-Type': 'application/json' } }, done).on('error', fail).end(body);
  });
  answer.resume();
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['set-cookie'].length, 2);
  for (const cookie of answer.headers['set-cookie']) assert.match(cookie, /; Secure$/);
});

test('another password or factor ends a log-in that stands between its steps', async () => {
  const p = await enrolled();
  const ticket = await p.ticket();
  assert.equal(hearth.command('user', 'passwd', p.address, '--password-stdin', { input: `${PASSWORD}\n` }).status, 0);
  problem(await p.second(ticket, 'recovery', p.recovery[0]), 401, 'ticket');
  const stale = await p.ticket();
  assert.equal(hearth.command('user', 'disable', p.address).status, 0);
  problem(await p.second(stale, 'recovery', p.recovery[0]), 401, 'ticket');
});

test('removing the last factor: the password opens everything again, recovery codes are gone', async () => {
  const p = await enrolled();
  assert.equal((await p.ask('POST', '/api/auth/me/factors/totp/remove', { password: PASSWORD, code: p.recovery[0] })).status, 204);
  const { body } = await p.ask('GET', '/api/auth/me/factors');
  assert.deepEqual([body.totp.enrolled, body.recovery_codes], [false, 0]);
  assert.ok((await p.first()).body.token);
  await ImapClient.login(hearth.port.imap, p.address, `"${PASSWORD}"`);
  assert.ok(JSON.stringify((await p.ask('GET', '/api/auth/events')).body).includes('factor.removed'));
});

test('who has password and a token, and not the factor, can neither end nor weaken it', async () => {
  const p = await enrolled();
  const { token } = (await p.ask('POST', '/api/auth/tokens', { name: 'x', scopes: 'account', password: PASSWORD })).body;
  const thief = (method, path, code) => hearth.api(method, path, { password: PASSWORD, code }, bearer(token));
  const changes = [['POST', '/api/auth/me/factors/totp/remove'], ['POST', '/api/auth/me/factors/recovery'], ['DELETE', '/api/auth/me']];
  for (const [method, path] of changes) {
    problem(await thief(method, path), 400, 'code');
    for (const value of [null, 7, {}, 'x'.repeat(65)]) problem(await thief(method, path, value), 400, 'code');
    problem(await thief(method, path, p.app.wrong()), 403, 'code');
  }
  problem(await thief('DELETE', '/api/auth/me', p.recovery[0].replace(/^./, (c) => (c === 'a' ? 'b' : 'a'))), 403, 'code');
  // Wrong ones in a row make the account wait; a recovery code never does. Nothing of it ends anything.
  problem(await thief('POST', '/api/auth/me/factors/recovery', p.app.wrong()), 403, 'code');
  problem(await thief('POST', '/api/auth/me/factors/recovery', p.app.wrong()), 403, 'code');
  const waits = await thief('POST', '/api/auth/me/factors/recovery', p.app.wrong());
  problem(waits, 429);
  assert.ok(Number(waits.headers.get('retry-after')) > 0);
  assert.deepEqual((await p.first()).body.second_factor.methods, ['totp', 'recovery']);
  assert.ok(JSON.stringify((await p.ask('GET', '/api/auth/events')).body).includes('factor.wrong_code'));
  assert.equal((await p.ask('POST', '/api/auth/me/factors/recovery', { password: PASSWORD, code: p.recovery[1] })).status, 200);
  assert.equal((await p.ask('GET', '/api/auth/me/factors')).body.recovery_codes, 10);
});

test('required: a session may only enrol, and then everything, at once', async () => {
  const server = await new Hearth({ 'auth.second_factor': 'required' }).start();
  try {
    const p = await person(server);
    assert.equal(p.entry.must_enrol, true);
    const others = (await p.first()).body.token;
    assert.equal((await p.ask('GET', '/api/mail/mailboxes')).status, 403);
    assert.equal((await p.ask('GET', '/api/auth/me')).status, 200);
    assert.equal((await p.ask('GET', '/api/auth/me/factors')).body.required, true);
    const imap = await ImapClient.connect(server.port.imap);
    assert.equal((await imap.command(`LOGIN ${p.address} "${PASSWORD}"`)).code, 'AUTHENTICATIONFAILED');
    // Such a session makes no app password, which would stay when the owner enrols.
    problem(await p.ask('POST', '/api/auth/app-passwords', { name: 'x', scopes: 'imap', password: PASSWORD }), 403);
    problem(await p.ask('POST', '/api/auth/export', { password: PASSWORD }), 403);
    const { secret } = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD })).body;
    const app = new Authenticator(secret);
    const confirmed = await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await app.code() });
    assert.equal(confirmed.status, 200);
    assert.equal((await p.ask('GET', '/api/mail/mailboxes')).status, 200);
    const [code] = confirmed.body.recovery_codes;
    const { password } = (await p.ask('POST', '/api/auth/app-passwords', { name: 'x', scopes: 'imap', password: PASSWORD, code })).body;
    await imap.ok(`LOGIN ${p.address} ${password}`);
    // The session that showed no code still may not.
    assert.equal((await server.api('GET', '/api/mail/mailboxes', undefined, bearer(others))).status, 403);
    const second = await p.second(await p.ticket(), 'totp', await app.code());
    assert.equal(second.body.must_enrol, undefined);
    assert.equal((await server.api('GET', '/api/mail/mailboxes', undefined, bearer(second.body.token))).status, 200);
    problem(await p.ask('POST', '/api/auth/me/factors/totp/remove', { password: PASSWORD }), 409);
    assert.equal((await p.ask('GET', '/api/auth/me/factors')).body.totp.enrolled, true);
    assert.equal((await p.ask('GET', '/api/auth/me/factors')).body.recovery_codes, 9);
  } finally {
    await server.remove();
  }
});

test('secrets lie sealed on disk; without their key only codes of apps are refused, and it is said', async () => {
  const server = await new Hearth().start();
  try {
    const p = await enrolled(server);
    const data = join(server.dir, 'data');
    const key = join(data, 'tls', 'secrets.key');
    assert.equal(statSync(key).mode & 0o777, 0o600);
    await server.stop();
    for (const name of readdirSync(data).filter((file) => file.startsWith('auth.db'))) {
      assert.equal(readFileSync(join(data, name)).indexOf(base32(p.app.secret)), -1, name);
    }
    renameSync(key, `${key}.gone`);
    await server.start();
    problem(await p.second(await p.ticket(), 'totp', await p.app.code()), 503);
    const health = (await server.api('GET', '/healthz')).body;
    assert.ok(JSON.stringify(health).includes('auth.secrets-key'), JSON.stringify(health));
    assert.ok(server.log.includes('secrets.key'));
    assert.equal((await p.second(await p.ticket(), 'recovery', p.recovery[0])).status, 200);
    await server.stop();
    renameSync(`${key}.gone`, key);
    await server.start();
    assert.equal((await p.second(await p.ticket(), 'totp', await p.app.code())).status, 200);
  } finally {
    await server.remove();
  }
});

test('required of administrators; whoever came in before is asked, too', async () => {
  const server = await new Hearth().start();
  try {
    const before = await person(server, '--admin');
    assert.equal(before.entry.must_enrol, undefined);
    await server.stop();
    server.settings['auth.second_factor'] = 'administrators';
    await server.start();
    assert.equal((await person(server)).entry.must_enrol, undefined);
    assert.equal((await person(server, '--admin')).entry.must_enrol, true);
    assert.equal((await before.ask('GET', '/api/mail/mailboxes')).status, 403);
    assert.equal((await before.ask('GET', '/api/auth/me')).status, 200);
    // And whoever becomes one.
    const member = await person(server);
    assert.equal((await member.ask('GET', '/api/mail/mailboxes')).status, 200);
    assert.equal(server.command('user', 'role', member.address, 'administrator').status, 0);
    await eventually(async () => (await member.ask('GET', '/api/mail/mailboxes')).status !== 200, 20, 'the new role asks for a factor');
    const again = (await member.first()).body;
    assert.equal(again.must_enrol, true);
    assert.equal((await server.api('GET', '/api/mail/mailboxes', undefined, bearer(again.token))).status, 403);
  } finally {
    await server.remove();
  }
});

test('kill -9 right after: the factor, its codes and the trusted device are there', async () => {
  const server = await new Hearth().start();
  try {
    const p = await person(server);
    const { secret } = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD })).body;
    const app = new Authenticator(secret);
    const used = await app.code();
    const confirmed = await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: used });
    await server.kill();
    await server.start();
    assert.equal(confirmed.status, 200);
    assert.ok(await p.works());
    problem(await p.second(await p.ticket(), 'totp', used), 401, 'code');
    const [one, two] = confirmed.body.recovery_codes;
    const entered = await p.second(await p.ticket(), 'recovery', one, { trust: true });
    await server.kill();
    await server.start();
    assert.equal(entered.status, 200);
    assert.ok(await p.works(entered.body.token));
    problem(await p.second(await p.ticket(), 'recovery', one), 401, 'code');
    // The ticket is a row: a restart between the steps does not matter.
    const ticket = await p.ticket();
    await server.kill();
    await server.start();
    assert.equal((await p.second(ticket, 'recovery', two)).status, 200);
    assert.ok((await p.first({ Cookie: cookieOf(entered, 'hearth_device').split(';')[0] })).body.token);
  } finally {
    await server.remove();
  }
});

test('a code of a step too old or too new is none', async () => {
  const p = await enrolled();
  for (const off of [-10, -3, 3, 10]) {
    problem(await p.second(await p.ticket(), 'totp', codeAt(p.app.secret, stepNow() + off)), 401, 'code');
  }
});

test('a mail program that goes on with the main password shuts nobody out of the web', async () => {
  const server = await new Hearth({ 'auth.guesses_per_account': 3 }).start();
  try {
    const p = await person(server);
    const { password } = (await p.ask('POST', '/api/auth/app-passwords', { name: 'new phone', scopes: 'imap', password: PASSWORD })).body;
    const { secret } = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD })).body;
    const app = new Authenticator(secret);
    assert.equal((await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await app.code() })).status, 200);
    for (let i = 0; i < 5; i++) {
      const old = await ImapClient.connect(server.port.imap);
      assert.equal((await old.command(`LOGIN ${p.address} "${PASSWORD}"`)).status, 'NO');
      old.socket.destroy();
    }
    // Those guesses are used up; an app password takes none, and the web has its own.
    const imap = await ImapClient.login(server.port.imap, p.address, password);
    await imap.ok('LOGOUT');
    assert.equal((await p.second(await p.ticket(), 'totp', await app.code())).status, 200);
  } finally {
    await server.remove();
  }
});

test('hearth user factors: shown, and taken away from somebody who has lost everything', async () => {
  const p = await enrolled();
  const shown = hearth.command('user', 'factors', p.address);
  assert.deepEqual([shown.status, shown.stdout], [0, `${p.address}: totp, 10 recovery codes\n`]);
  const ticket = await p.ticket();
  assert.equal(hearth.command('user', 'factors', p.address, '--remove').status, 0);
  problem(await p.second(ticket, 'recovery', p.recovery[0]), 401, 'ticket');
  await eventually(async () => !(await p.works()), 20, 'its sessions end');
  assert.ok((await p.first()).body.token);
  assert.equal(hearth.command('user', 'factors', p.address).stdout, `${p.address}: no second factor\n`);
  assert.equal(hearth.command('user', 'factors', 'nobody@hearth.test').status, 1);
  assert.equal(hearth.command('user', 'factors').status, 2);
  assert.equal(hearth.command('user', 'factors', p.address, '--nonsense').status, 2);
});

test('clients that leave before the answer: nothing breaks, and a code is used once at most', async () => {
  const server = await new Hearth({ 'auth.guesses_per_account': 1000, 'auth.guesses_per_network': 100000 }).start();
  try {
    const p = await enrolled(server);
    const leave = (path, body, ms) => new Promise((done) => {
      const text = JSON.stringify(body);
      const socket = connect(server.port.http, '127.0.0.1', () => {
        socket.write(`POST ${path} HTTP/1.1\r\nHost: hearth.test\r\nUser-Agent: a\r\nUser-Agent: b\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
        setTimeout(() => socket.destroy(), ms);
      });
      socket.on('error', () => {});
      socket.on('close', done);
    });
    for (let round = 0; round < 4; round++) {
      const ticket = await p.ticket();
      await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 3
        ? leave('/api/auth/login/second', { ticket, method: 'recovery', code: p.recovery[round], trust: true }, i / 5)
        : leave('/api/auth/login', { address: p.address, password: PASSWORD }, i * 3))));
    }
    const { recovery_codes: left } = (await p.ask('GET', '/api/auth/me/factors')).body;
    assert.ok(left >= 6, `${left} codes are left`);
    assert.equal((await p.second(await p.ticket(), 'recovery', p.recovery[8])).status, 200);
  } finally {
    await server.remove(); // a sanitizer speaks up here
  }
});
