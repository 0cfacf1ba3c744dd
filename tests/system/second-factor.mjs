// second-factor.mjs: what the tests of two-step log-in share: people with a session, an authenticator
// app, recovery codes.
import assert from 'node:assert/strict';
import { Authenticator } from './authenticator.mjs';

export const PASSWORD = 'correct horse';
export const bearer = (token) => ({ Authorization: `Bearer ${token}` });
// The Set-Cookie of that name in fetch()'s answer, which gives several as one text (Node 18 has no
// getSetCookie); none of ours has a date, so a comma ends one.
export const cookieOf = (answer, name) =>
  (answer.headers.get('set-cookie') ?? '').split(', ').find((c) => c.startsWith(`${name}=`));

export const problem = (answer, status, field) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  if (field !== undefined) assert.equal(answer.body.field, field);
};

let people = 0;

// An account with a session of it.
export async function person(server, ...flags) {
  const address = `p${++people}@hearth.test`;
  server.addUser(address, PASSWORD, ...flags);
  const p = { server, address };
  const answer = await server.api('POST', '/api/auth/login', { address, password: PASSWORD });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  Object.assign(p, { token: answer.body.token, entry: answer.body });
  p.ask = (method, path, body) => server.api(method, path, body, bearer(p.token));
  p.first = (headers) => server.api('POST', '/api/auth/login', { address, password: PASSWORD }, headers);
  p.second = (ticket, method, code, more) => server.api('POST', '/api/auth/login/second', { ticket, method, code, ...more });
  p.ticket = async () => {
    const { status, body } = await p.first();
    assert.equal(status, 200);
    assert.ok(body.second_factor, JSON.stringify(body));
    return body.second_factor.ticket;
  };
  p.works = async (token = p.token) => (await server.api('GET', '/api/auth/me', undefined, bearer(token))).status === 200;
  return p;
}

// The same with an authenticator app.
export async function enrolled(server, ...flags) {
  const p = await person(server, ...flags);
  const { status, body } = await p.ask('POST', '/api/auth/me/factors/totp', { password: PASSWORD });
  assert.equal(status, 200, JSON.stringify(body));
  p.app = new Authenticator(body.secret);
  const confirmed = await p.ask('POST', '/api/auth/me/factors/totp/confirm', { code: await p.app.code() });
  assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
  p.recovery = confirmed.body.recovery_codes;
  return p;
}
