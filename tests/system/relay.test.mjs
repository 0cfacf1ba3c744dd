// relay.test.mjs: no open relay: a table of every pair of who asks and whom the mail is for. Who is not
// logged in reaches people here and nobody else; who is, anybody; and nobody gets by the way an address is
// written where he does not get by its plain form.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Hearth } from './hearth.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
const ANN = 'ann@hearth.test';
const h = new Hearth({ 'server.proxies': '127.0.0.1', 'mail.domains': 'hearth.test second.test xn--bcher-kva.test', 'mail.relay': '127.0.0.1:9', 'queue.per_hour': '0', 'mail.tarpit': '0s' });
let app;

before(async () => {
  h.addUser('root@hearth.test', PASSWORD, '--admin');
  for (const one of [ANN, 'bob@second.test', 'carl@xn--bcher-kva.test']) h.addUser(one, PASSWORD);
  await h.start();
  const auth = { Authorization: `Bearer ${await h.login(ANN, PASSWORD)}` };
  const make = async (scopes) => {
    const { status, body } = await h.api('POST', '/api/auth/app-passwords', { name: scopes, scopes, password: PASSWORD }, auth);
    assert.equal(status, 201, JSON.stringify(body));
    return body.password;
  };
  app = { smtp: await make('smtp'), imap: await make('imap') };
});
after(() => h.remove());

// Who asks: [name, the way in, whether mail for elsewhere is taken from him (null: no mail at all), and the address
// he has reached us at].
const plain = (password, user = ANN) => `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`;
async function proxied(port, peer) {
  const socket = connect(port, '127.0.0.1');
  await new Promise((done, fail) => socket.once('connect', done).once('error', fail));
  socket.write(`PROXY ${peer.includes(':') ? 'TCP6' : 'TCP4'} ${peer} ${peer.includes(':') ? '2001:db8::1' : '198.51.100.1'} 4711 25\r\n`);
  const c = new SmtpClient(socket);
  c.greeting = await c.reply();
  await c.expect(250, 'EHLO client.test');
  return c;
}
const hello = (port, options) => SmtpClient.hello(h.port[port], options);
const CLIENTS = [
  ['from this machine, at the port of servers', () => hello('smtp'), false],
  ['the same by HELO', async () => { const c = await SmtpClient.connect(h.port.smtp); await c.expect(250, 'HELO hearth.test'); return c; }, false],
  ['the same over TLS', async () => { const c = await hello('smtp'); await c.startTls(); await c.expect(250, 'EHLO hearth.test'); return c; }, false],
  ['from outside', () => proxied(h.port.smtp, '203.0.113.9'), false, '198.51.100.1'],
  ['from outside, by IPv6', () => proxied(h.port.smtp, '2001:db8:1::9'), false, 'IPv6:2001:db8::1'],
  ['behind a proxy that says he is this machine', () => proxied(h.port.smtp, '127.0.0.1'), false, '198.51.100.1'],
  ['logging in at the port of servers', async () => { const c = await hello('smtp'); await c.expect(503, plain(PASSWORD)); return c; }, false],
  ['logging in in clear from outside', async () => { const c = await proxied(h.port.submission, '203.0.113.9'); await c.expect(538, plain(PASSWORD)); return c; }, null],
  ['at the port of programs without logging in', () => hello('submission'), null],
  ['with a wrong password', async () => { const c = await hello('submission'); await c.expect(535, plain('wrong horse')); return c; }, null],
  ['with an app password of another use', async () => { const c = await hello('submission'); await c.expect(535, plain(app.imap)); return c; }, null],
  ['who was logged in, before STARTTLS', async () => {
    const c = await hello('submission');
    await c.expect(235, plain(PASSWORD));
    await c.startTls();
    await c.expect(250, 'EHLO client.test');
    return c;
  }, null],
  ['logged in', async () => { const c = await hello('submission'); await c.expect(235, plain(PASSWORD)); return c; }, true],
  ['logged in by an app password, over TLS', async () => { const c = await hello('submissions', { secure: true }); await c.expect(235, plain(app.smtp)); return c; }, true],
];

// Whom it is for: [address in its path, what becomes of it]. here: taken from everybody; away: from who is logged
// in; never: from nobody.
const RECIPIENTS = [
  [`<${ANN}>`, 'here'], ['<ANN@HEARTH.TEST>', 'here'], [ANN, 'here'], [`< ${ANN} >`, 'here'], ['<ann@hearth.test.>', 'here'], ['<"ann"@hearth.test>', 'here'],
  ['<ann+tag@hearth.test>', 'here'], ['<ann+x=elsewhere.example@hearth.test>', 'here'], ['<bob@second.test>', 'here'], ['<bob@SECOND.test>', 'here'],
  ['<ann@[OURS]>', 'here'], ['<postmaster>', 'here'], ['<Postmaster@second.test>', 'here'], ['<abuse@hearth.test>', 'here'],
  ['<carl@xn--bcher-kva.test>', 'here'], ['<carl@XN--BCHER-KVA.test>', 'here'], ['<carl@bücher.test>', 'here'], ['<carl@BÜCHER.test.>', 'here'], ['<nobody@bücher.test>', 'never'],
  ['<x@bücher.example>', 'away'], ['<carl@bücher.test.example>', 'away'], ['<carl@buecher.test>', 'away'],
  ['<@elsewhere.example:ann@hearth.test>', 'here'], ['<@hearth.test,@second.test:ann@hearth.test>', 'here'],
  ['<nobody@hearth.test>', 'never'], ['<nobody@[OURS]>', 'never'], ['<x%elsewhere.example@hearth.test>', 'never'], ['<elsewhere.example!x@hearth.test>', 'never'],
  ['<"x@elsewhere.example"@hearth.test>', 'never'], ['<"x%elsewhere.example"@hearth.test>', 'never'], ['<"ann@hearth.test\\"@elsewhere.example>', 'never'],
  ['<x@elsewhere.example@hearth.test>', 'never'], ['<x@elsewhere.example%hearth.test>', 'never'], ['<x@elsewhere.example:25@hearth.test>', 'never'],
  [`<x@elsewhere.example>,<${ANN}>`, 'never'], [`<x@elsewhere.example,${ANN}>`, 'never'], [`<${ANN}> <x@elsewhere.example>`, 'never'], ['<>', 'never'], ['<x>', 'never'],
  ['<x@>', 'never'], ['<@hearth.test>', 'never'], ['<ann@[127.0.0.1>', 'never'], ['<ann@127.0.0.1]>', 'never'], [`|/bin/sh`, 'never'], [`<${ANN}>\x00`, 'never'],
  ['<x@elsewhere.example>', 'away'], ['x@elsewhere.example', 'away'], ['<x@elsewhere.example.>', 'away'], ['<"x"@ELSEWHERE.example>', 'away'],
  ['<@hearth.test:x@elsewhere.example>', 'away'], ['<@hearth.test,@second.test:x@elsewhere.example>', 'away'], ['<"ann@hearth.test"@elsewhere.example>', 'away'],
  ['<ann%hearth.test@elsewhere.example>', 'away'], ['<ann@hearth.test.elsewhere.example>', 'away'], ['<ann@sub.hearth.test>', 'away'], ['<ann@test>', 'away'],
  ['<ann@xhearth.test>', 'away'], ['<ann@hearth.tes>', 'away'], ['<ann@localhost>', 'away'], ['<ann@[192.0.2.1]>', 'away'], ['<ann@[IPv6:::1]>', 'away'],
  ['<ann@[IPv6:::ffff:127.0.0.1]>', 'away'], ['<ann@[127.0.0.2]>', 'away'], ['<ann@[203.0.113.9]>', 'away'], ['<postmaster@elsewhere.example>', 'away'],
];
const SENDERS = { true: [ANN], false: ['', ANN, 'root@hearth.test', 'x@elsewhere.example', 'x@[127.0.0.1]'], null: ['', ANN] };

// Twenty errors end a connection, so each asks over as many as it takes.
const BATCH = 15;

// One client, from one sender, to everybody.
async function ask([name, open, may, ours = '127.0.0.1'], from) {
  if (may === null) {
    const c = await open();
    assert.equal((await c.say(`MAIL FROM:<${from}>`)).code, 530, name);
    assert.equal((await c.say(`RCPT TO:<${ANN}>`)).code, 503, name);
    assert.equal((await c.say('DATA')).code, 503, name);
    c.close();
    return;
  }
  await Promise.all(Array.from({ length: Math.ceil(RECIPIENTS.length / BATCH) }, async (_, i) => {
    const c = await open();
    const batch = RECIPIENTS.slice(i * BATCH, (i + 1) * BATCH).map(([path, kind]) => [path.replace('OURS', ours), kind]);
    c.send(Buffer.from(`MAIL FROM:<${from}> SMTPUTF8\r\n${batch.map(([path]) => `RCPT TO:${path}\r\n`).join('')}`));
    assert.equal((await c.reply()).code, 250, name);
    for (const [path, kind] of batch) {
      const { code, lines } = await c.reply();
      const taken = kind === 'here' || (kind === 'away' && may);
      assert.equal(code === 250, taken, `${name}, from <${from}>, to ${path}: ${code} ${lines}`);
      assert.ok(taken || (code >= 500 && code < 560), `${name}, to ${path}: ${code}`);
    }
    c.close();
  }));
}

// Side by side: where a proxy may say who comes, the server waits a moment for its word before it greets.
test('every pair', () => Promise.all(CLIENTS.map((client) => Promise.all(SENDERS[client[2]].map((from) => ask(client, from))))));
