// second-factor-sms.test.mjs: codes by SMS as the second step of a log-in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Authenticator } from './authenticator.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { PASSWORD, person, problem } from './second-factor.mjs';

const smsServer = (settings) => new Hearth({ 'auth.sms_driver': 'file', 'auth.sms_gap': '0s', 'auth.guesses_per_account': 1000, ...settings }).start();

// The codes that went to a number, the oldest first; waits until there are so many.
function codesTo(server, number, count) {
  return eventually(() => {
    let lines = [];
    try {
      lines = readFileSync(join(server.dir, 'data', 'sms.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    } catch { /* not there yet */ }
    const codes = lines.filter((line) => line.to === number).map((line) => /\d{6}/.exec(line.text)[0]);
    return codes.length >= count && codes;
  }, 10, `${count} codes to ${number}`);
}

// An account whose phone is verified; p.codes counts what was sent there.
async function withPhone(server, number) {
  const p = await person(server);
  p.number = number;
  p.sent = 0;
  p.lastCode = async () => (await codesTo(server, number, ++p.sent)).at(-1);
  const asked = await p.ask('POST', '/api/auth/me/phone', { phone: number });
  assert.equal(asked.status, 202, JSON.stringify(asked.body));
  const verified = await p.ask('POST', '/api/auth/me/phone/verify', { ticket: asked.body.ticket, code: await p.lastCode() });
  assert.equal(verified.status, 200, JSON.stringify(verified.body));
  return p;
}

test('SMS as second factor: enrolled with a verified phone, a code for each log-in, each once', async () => {
  const server = await smsServer();
  try {
    const without = await person(server);
    problem(await without.ask('POST', '/api/auth/me/factors/sms', { password: PASSWORD }), 409);
    const p = await withPhone(server, '+491701234567');
    problem(await p.ask('POST', '/api/auth/me/factors/sms', { password: 'wrong horse' }), 403, 'password');
    for (const value of [undefined, null, 7, {}, 'x'.repeat(257)]) {
      problem(await p.ask('POST', '/api/auth/me/factors/sms', { password: value }), 400, 'password');
    }
    assert.deepEqual((await p.ask('GET', '/api/auth/me/factors')).body.sms, { enrolled: false, available: true });
    const enrolledNow = await p.ask('POST', '/api/auth/me/factors/sms', { password: PASSWORD });
    assert.equal(enrolledNow.status, 200, JSON.stringify(enrolledNow.body));
    assert.equal(enrolledNow.body.recovery_codes.length, 10);
    problem(await p.ask('POST', '/api/auth/me/factors/sms', { password: PASSWORD }), 409);
    const { sms } = (await p.ask('GET', '/api/auth/me/factors')).body;
    assert.equal(sms.enrolled, true);
    assert.match(sms.phone, /67$/);
    assert.ok(!sms.phone.includes('1234'));

    const first = (await p.first()).body.second_factor;
    assert.deepEqual(first.methods, ['sms', 'recovery']);
    assert.equal(first.phone, sms.phone);
    assert.equal((await server.api('POST', '/api/auth/login/sms', { ticket: first.ticket })).status, 202);
    const code = await p.lastCode();
    const wrong = code === '000000' ? '000001' : '000000';
    problem(await p.second(first.ticket, 'sms', wrong), 401, 'code');
    problem(await p.second(first.ticket, 'totp', code), 401, 'code');
    // A code is its ticket's.
    problem(await p.second(await p.ticket(), 'sms', code), 401, 'code');
    const answer = await p.second(first.ticket, 'sms', code);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.ok(await p.works(answer.body.token));

    // Two at once with one code: one session. Another code voids the one before.
    const ticket = await p.ticket();
    await server.api('POST', '/api/auth/login/sms', { ticket });
    const stale = await p.lastCode();
    await server.api('POST', '/api/auth/login/sms', { ticket });
    const fresh = await p.lastCode();
    if (stale !== fresh) problem(await p.second(ticket, 'sms', stale), 401, 'code');
    const both = await Promise.all([p.second(ticket, 'sms', fresh), p.second(ticket, 'sms', fresh)]);
    assert.deepEqual(both.map((a) => a.status).sort(), [200, 401]);

    // Another phone of the account is no other factor.
    problem(await p.ask('POST', '/api/auth/me/phone', { phone: '+491709999999' }), 400, 'code');
    problem(await p.ask('POST', '/api/auth/me/phone', { phone: '+491709999999', code: 'aaaa-aaaa-aaaa-aaaa' }), 403, 'code');
    const [recovery] = enrolledNow.body.recovery_codes;
    const asked = await p.ask('POST', '/api/auth/me/phone', { phone: '+491709999999', code: recovery });
    assert.equal(asked.status, 202, JSON.stringify(asked.body));
    const [other] = await codesTo(server, '+491709999999', 1);
    assert.equal((await p.ask('POST', '/api/auth/me/phone/verify', { ticket: asked.body.ticket, code: other })).status, 200);
    assert.equal((await p.first()).body.second_factor.phone, sms.phone);
    for (const secret of [code, stale, fresh]) assert.ok(!server.log.includes(secret), 'a code is in the log');

    // With an app beside it, removing one leaves the other, with the recovery codes.
    const send = () => p.ask('POST', '/api/auth/me/factors/sms/code');
    problem(await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD }), 400, 'code');
    problem(await without.ask('POST', '/api/auth/me/factors/sms/code'), 409);
    assert.equal((await send()).status, 202);
    const proof = await p.lastCode();
    const { secret } = (await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD, code: proof })).body;
    const app = new Authenticator(secret);
    const second = await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await app.code() });
    assert.deepEqual([second.status, second.body], [200, {}], 'no new recovery codes');
    assert.deepEqual((await p.first()).body.second_factor.methods, ['totp', 'sms', 'recovery']);
    problem(await p.ask('POST', '/api/auth/me/factors/sms/remove', { password: PASSWORD, code: proof }), 403, 'code');
    assert.equal((await send()).status, 202);
    assert.equal((await p.ask('POST', '/api/auth/me/factors/sms/remove', { password: PASSWORD, code: await p.lastCode() })).status, 204);
    problem(await p.ask('POST', '/api/auth/me/factors/sms/remove', { password: PASSWORD }), 409);
    assert.deepEqual((await p.first()).body.second_factor.methods, ['totp', 'recovery']);
    problem(await server.api('POST', '/api/auth/login/sms', { ticket: await p.ticket() }), 409);
    assert.equal((await p.ask('GET', '/api/auth/me/factors')).body.recovery_codes, 9);
  } finally {
    await server.remove();
  }
});

test('codes by SMS have their limits', async () => {
  const server = await smsServer({ 'auth.sms_per_account': 3 });
  try {
    const p = await withPhone(server, '+491701234568');
    assert.equal((await p.ask('POST', '/api/auth/me/factors/sms', { password: PASSWORD })).status, 200);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await server.api('POST', '/api/auth/login/sms', { ticket: await p.ticket() })).status);
    assert.deepEqual(statuses, [202, 202, 429, 429]);
    const refused = await server.api('POST', '/api/auth/login/sms', { ticket: await p.ticket() });
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
  } finally {
    await server.remove();
  }
});
