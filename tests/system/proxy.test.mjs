// proxy.test.mjs: behind a proxy each client is himself: by HTTP's header fields and by the PROXY
// protocol, at every port; and a request for a name that is not ours gets nothing.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { Hearth, raw } from './hearth.mjs';

const PASSWORD = 'correct horse';
const PROXY = 'PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n';
const PROXY_TLS = Buffer.from('0d0a0d0a000d0a515549540a21110014cb007109c6336401126701bb2000050100000000', 'hex');
const SERVER_FIRST = { smtp: '220 ', submission: '220 ', imap: '* OK' };

let hearth;
before(async () => {
  hearth = await new Hearth({ 'server.proxies': '127.0.0.1', 'server.hosts': 'www.hearth.test' }).start();
  hearth.addUser('ann@hearth.test', PASSWORD);
});
after(() => hearth.remove());

// Says something and reads until `until` comes, or the end.
async function talk(socket, say, until) {
  let got = '';
  const over = new Promise((done) => {
    socket.on('data', (bytes) => { if ((got += bytes.toString('latin1')).includes(until)) done(); });
    socket.on('close', done);
    socket.on('error', done);
  });
  for (const piece of [say].flat()) if (piece) socket.write(piece);
  await over;
  socket.destroy();
  return got;
}
const at = (name) => connect(hearth.port[name], '127.0.0.1');
const login = (more = '', address = 'ann@hearth.test', password = PASSWORD) => {
  const body = JSON.stringify({ address, password });
  return `POST /api/auth/login HTTP/1.1\r\nHost: hearth.test\r\nContent-Type: application/json\r\nConnection: close\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
};
const network = async (answer) => {
  const { token } = JSON.parse(/\{.*\}/.exec(answer)[0]);
  const { body } = await hearth.api('GET', '/api/auth/sessions', undefined, { Authorization: `Bearer ${token}` });
  return body.sessions.find((s) => s.current).network;
};

test('HTTP header fields: the client is the last one who is no proxy, and the cookie is Secure as he sees it', async () => {
  const answer = await talk(at('http'), login('X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nX-Forwarded-Proto: https\r\n'), 'no such');
  assert.match(answer, /^HTTP\/1.1 200 /);
  assert.match(answer, /Set-Cookie: hearth_session=[^\r]*; Secure/);
  assert.equal(await network(answer), '203.0.113.7');
  assert.match(await talk(at('http'), login('X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\n'), 'no such'), /^HTTP\/1.1 403 [^]*HTTPS only/);
  assert.equal((await hearth.api('GET', '/metrics', undefined, { 'X-Forwarded-Proto': 'https' })).status, 403);
  assert.equal((await hearth.api('GET', '/metrics')).status, 200);
});

test('PROXY protocol: http and https', async () => {
  const tls = await talk(at('http'), [PROXY_TLS, login()], 'no such');
  assert.match(tls, /^HTTP\/1.1 200 [^]*; Secure/);
  assert.equal(await network(tls), '203.0.113.9');
  assert.match(await talk(at('http'), [PROXY, login()], 'no such'), /^HTTP\/1.1 403 /);
  // The header comes in clear, TLS behind it.
  const socket = at('https');
  socket.write(PROXY);
  const over = await talk(tlsConnect({ socket, rejectUnauthorized: false }), login(), 'no such');
  assert.equal(await network(over), '203.0.113.9');
  // Byte by byte, and one that is none.
  const slow = at('http');
  slow.setNoDelay(true);
  for (const byte of PROXY_TLS) await new Promise((done) => slow.write(Buffer.from([byte]), () => setTimeout(done, 2)));
  assert.equal(await network(await talk(slow, login(), 'no such')), '203.0.113.9');
  assert.equal(await talk(at('http'), 'PROXY TCP4 nonsense\r\nGET / HTTP/1.1\r\n\r\n', 'HTTP'), '');
});

test('PROXY protocol: mail, with and without; a password wants TLS as the client sees it', async () => {
  for (const [name, greeting] of Object.entries(SERVER_FIRST)) {
    assert.ok((await talk(at(name), PROXY, greeting)).startsWith(greeting), name);
    assert.ok((await talk(at(name), null, greeting)).startsWith(greeting), `${name} by itself`);
  }
  assert.match(await talk(at('imap'), [PROXY, 'a CAPABILITY\r\n'], 'a OK'), /LOGINDISABLED/);
  assert.match(await talk(at('imap'), [PROXY_TLS, `a LOGIN ann@hearth.test "${PASSWORD}"\r\n`], 'a OK'), /a OK/);
  const mail = await talk(at('smtp'), [PROXY, 'EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<ann@hearth.test>\r\nDATA\r\n', 'From: <a@b.example>\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n'], '221 ');
  assert.match(mail, /250 2\.\d\.0/);
  assert.match(await talk(at('imap'), [PROXY_TLS, `a LOGIN ann@hearth.test "${PASSWORD}"\r\nb SELECT INBOX\r\nc FETCH 1 BODY[HEADER]\r\n`], 'c OK'), /Received: [^]*203\.0\.113\.9/);
});

test('a foreign Host gets nothing but a refusal, everywhere', async () => {
  const paths = ['/', '/metrics', '/healthz', '/ws', '/live/x/index.m3u8', '/api/auth/me', '/no/such'];
  for (const path of paths) {
    const answer = await raw(hearth.base + path, { headers: { Host: 'evil.example' } });
    assert.equal(answer.status, 421, path);
    assert.ok(!/hearth_/.test(answer.body));
  }
  for (const Host of ['hearth.test', 'www.hearth.test:80', 'localhost', '127.0.0.1', '198.51.100.7:8080', '[::1]'])
    assert.equal((await raw(`${hearth.base}/healthz`, { headers: { Host } })).status, 200, Host);
});
