// Certificates that come by themselves: from pebble, got and renewed while mail and HTTP flow; what is
// said when the authority is away, cannot confirm a name, or is asked too often; a kill in the middle; two nodes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, createServer } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { Pebble, getTls } from './pebble.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const HOST = 'mail.org.test';
const PASSWORD = 'correct-horse-battery';
const EAB_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
let hearth, pebble;

// Which certificate a port shows for a name, and whether the authority's root stands behind it.
function shown(port, servername = HOST) {
  return new Promise((done, fail) => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca: pebble.root, rejectUnauthorized: false }, () => {
      const { serialNumber, subjectaltname, issuer } = socket.getPeerCertificate();
      done({ serial: serialNumber, names: subjectaltname, issuer: issuer.CN, trusted: socket.authorized });
      socket.destroy();
    });
    socket.on('error', fail);
  });
}

const status = () => hearth.command('acme', 'status');
const look = () => hearth.child.kill('SIGHUP');

function renew() {
  assert.equal(hearth.command('acme', 'renew').status, 0);
  look();
}

// Another certificate than this one, and the authority's.
const another = (serial) => eventually(async () => {
  const now = await shown(hearth.port.https);
  return now.trusted && now.serial !== serial ? now : null;
}, 60, 'a certificate');

const health = async () => (await hearth.api('GET', '/healthz')).body;

before(async () => {
  pebble = new Pebble();
  // The domain's own page is elsewhere, and autodiscover nowhere.
  await pebble.prepare(['mail', 'mta-sts', 'autoconfig'].map((name) => `${name}.org A 127.0.0.1\n`).join('') + 'org A 127.0.0.9\n');
  hearth = new Hearth({
    'server.hostname': HOST, 'mail.domains': 'org.test', 'dns.server': `127.0.0.1:${pebble.dns}`, 'dns.anchor': pebble.anchor,
    'acme.directory': pebble.directory, 'acme.ca': pebble.cert, 'acme.agree': 'yes', 'acme.email': 'postmaster@org.test',
  });
  await hearth.start();
  hearth.addUser('alice@org.test', PASSWORD);
});

after(async () => {
  await hearth?.remove();
  await pebble?.remove();
});

test('while the authority is away the own certificate serves, and it is said what is wrong', async () => {
  await eventually(async () => (await health()).status === 'degraded', 60, 'the condition');
  const said = status();
  assert.equal(said.status, 1);
  assert.match(said.stdout, /certificate: none yet; a self-signed one serves/);
  assert.match(said.stdout, /why: https:\/\/localhost:\d+\/dir: .+\n/);
  assert.match(said.stdout, /is tried again: 2/);
  const { reasons } = await health();
  assert.ok(reasons.some(({ name, detail }) => name === 'certificate' && detail.includes(pebble.directory)), JSON.stringify(reasons));
  pebble.root = undefined;
  assert.equal((await shown(hearth.port.https)).issuer, HOST);
});

test('a certificate comes, and every listener has it', async () => {
  await pebble.start(hearth.port.http, hearth.port.https, { PEBBLE_WFE_NONCEREJECT: '30' });
  renew();
  const { names, serial } = await another('');
  assert.deepEqual(names.split(', ').sort(), ['autoconfig', 'mail', 'mta-sts'].map((n) => `DNS:${n}.org.test`));
  for (const listener of ['imaps', 'submissions']) assert.equal((await shown(hearth.port[listener])).serial, serial);
  assert.equal((await getTls(hearth.port.https, '/healthz', { ca: pebble.root, host: HOST })).status, 200);
  for (const [token, code] of [['abc_-9', 200], ['a.b', 404], ['x'.repeat(257), 404]]) // the authority's and no path's
    assert.equal((await hearth.api('GET', `/.well-known/acme-challenge/${token}`)).status, code, token);
  const said = await eventually(() => (status().status === 0 ? status() : null), 20, 'a good state');
  assert.match(said.stdout, /account: https:\/\/localhost/);
  assert.match(said.stdout, /good until: 20/);
  assert.match(said.stdout, /is renewed: 20/);
  assert.doesNotMatch(said.stdout, /why:/);
  assert.ok(!((await health()).reasons || []).some(({ name }) => name === 'certificate'));
});

test('it is renewed while mail and HTTP flow, and no connection is dropped', async () => {
  const { serial } = await shown(hearth.port.https);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const imap = await ImapClient.login(hearth.port.imaps, 'alice@org.test', PASSWORD, { secure: true });
  let busy = true, asked = 0, sent = 0;
  const smtp = await SmtpClient.hello(hearth.port.submissions, { secure: true });
  await smtp.expect(235, `AUTH PLAIN ${Buffer.from(`\0alice@org.test\0${PASSWORD}`).toString('base64')}`);
  const http = (async () => {
    while (busy) {
      const answer = await getTls(hearth.port.https, '/healthz', { host: HOST, agent });
      assert.equal(answer.status, 200);
      asked++;
    }
  })();
  const mail = (async () => {
    while (busy) {
      await smtp.expect(250, 'MAIL FROM:<alice@org.test>');
      await smtp.expect(250, 'RCPT TO:<alice@org.test>');
      await smtp.expect(354, 'DATA');
      await smtp.expect(250, `From: alice@org.test\r\nSubject: ${sent}\r\n\r\nhello\r\n.`);
      sent++;
    }
  })();
  await eventually(() => asked > 3 && sent > 3, 20, 'traffic');
  renew();
  let now;
  try {
    now = await another(serial);
    const then = { asked, sent };
    await eventually(() => asked > then.asked + 3 && sent > then.sent + 3, 20, 'traffic afterwards');
  } finally {
    busy = false;
  }
  await Promise.all([http, mail]);
  await imap.ok('SELECT INBOX');
  assert.notEqual(now.serial, serial);
  agent.destroy();
  imap.socket.destroy();
  smtp.socket.destroy();
});

test('a start after a kill has the certificate at once; by TLS alone another is got', async () => {
  const { serial } = await shown(hearth.port.https);
  await hearth.kill();
  Object.assign(hearth.settings, { 'acme.challenge': 'tls-alpn-01', 'acme.eab_kid': 'customer-1', 'acme.eab_key': EAB_KEY });
  await hearth.start();
  assert.equal((await shown(hearth.port.https)).serial, serial);
  await pebble.stop();
  // It knows nobody any more, takes customers only, and nothing listens at its port 80.
  await pebble.start(1, hearth.port.https, { PEBBLE_AUTHZREUSE: '0' }, { externalAccountBindingRequired: true, externalAccountMACKeys: { 'customer-1': EAB_KEY } });
  renew();
  assert.notEqual((await another(serial)).serial, serial);
  // Who only wants to see what is behind that protocol sees nothing; beside others it counts for nothing.
  await assert.rejects(new Promise((done, fail) => {
    const socket = connect({ host: '127.0.0.1', port: hearth.port.https, servername: HOST, ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false }, done);
    socket.on('error', fail);
  }));
  await new Promise((done, fail) => {
    const socket = connect({ host: '127.0.0.1', port: hearth.port.https, servername: HOST, ALPNProtocols: ['acme-tls/1', 'http/1.1'], rejectUnauthorized: false }, () => {
      assert.equal(socket.alpnProtocol, 'http/1.1');
      done(socket.destroy());
    });
    socket.on('error', fail);
  });
});

test('a name that cannot be confirmed costs nobody else the certificate; the hostname does, and it is said why', async () => {
  await hearth.stop();
  hearth.settings['acme.challenge'] = 'http-01';
  for (const key of ['acme.eab_kid', 'acme.eab_key']) delete hearth.settings[key]; // its account is there
  await hearth.start();
  renew();
  await eventually(() => /why: the CA could not confirm/.test(status().stdout), 60, 'the reason');
  const said = status().stdout;
  assert.match(said, /port 80 to \[listen\] http/);
  assert.match(said, /certificate: \S*org\.test/); // the one there is stays
  await eventually(() => /could not confirm mail\.org\.test/.test(status().stdout), 60, 'without the hostname nothing goes');
});

test('killed in the middle it goes on with the same order', async () => {
  await pebble.stop();
  await pebble.start(hearth.port.http, hearth.port.https, { PEBBLE_AUTHZREUSE: '100' });
  const before = await shown(hearth.port.https);
  renew();
  const { serial } = await another(before.serial); // from now on the names are confirmed: nobody looks while it is down
  const from = hearth.log.length;
  renew();
  await eventually(() => /an order is made/.test(hearth.log.slice(from)), 60, 'an order');
  await hearth.kill();
  await hearth.start();
  const now = await shown(hearth.port.https);
  if (now.serial !== serial) return; // it was faster than the kill
  renew();
  await eventually(() => /going on with the order of before/.test(hearth.log.slice(from)), 60, 'the order of before');
  assert.notEqual((await another(serial)).serial, serial);
});

test('of two nodes one gets it and both have it', async () => {
  await hearth.stop();
  await pebble.stop();
  await pebble.start(hearth.port.http, hearth.port.https);
  hearth.settings['server.nodes'] = 'shared';
  await hearth.start();
  const other = new Hearth({ ...hearth.settings });
  try {
    await other.start();
    const { serial } = await shown(hearth.port.https);
    assert.equal((await shown(other.port.https)).serial, serial);
    assert.equal(hearth.command('acme', 'renew').status, 0);
    hearth.child.kill('SIGHUP');
    other.child.kill('SIGHUP');
    const now = await another(serial);
    other.child.kill('SIGHUP');
    await eventually(async () => (await shown(other.port.https)).serial === now.serial, 40, 'the other node');
    assert.equal([hearth, other].filter(({ log }) => /acme: a new certificate/.test(log)).length >= 1, true);
  } finally {
    await other.remove();
  }
});

// An authority that only ever says that it was asked too often.
test('who is asked too often is left alone for as long as it wants', async () => {
  await hearth.stop();
  let orders = 0;
  const server = createServer({ key: readFileSync(join(pebble.dir, 'key.pem')), cert: readFileSync(pebble.cert) }, (rq, answer) => {
    const base = `https://localhost:${server.address().port}`;
    const say = (code, body, headers = {}) => answer.writeHead(code, { 'Replay-Nonce': 'bm9uY2U', 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (rq.url === '/dir') say(200, { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order`, meta: { caaIdentities: ['ca.test'] } });
    else if (rq.url === '/nonce') say(200, {});
    else if (rq.url === '/account') say(201, { status: 'valid' }, { Location: `${base}/account/1` });
    else {
      orders++;
      say(429, { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many certificates already\u001b[2J issued' }, { 'Retry-After': '7200' });
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    delete hearth.settings['server.nodes'];
    hearth.settings['acme.directory'] = `https://localhost:${server.address().port}/dir`;
    await hearth.start();
    renew();
    await eventually(() => /too many certificates already/.test(status().stdout), 60, 'the reason');
    const said = status().stdout;
    assert.doesNotMatch(said, /\u001b/);
    const again = Date.parse(/is tried again: (.*) UTC/.exec(said)[1].replace(' ', 'T') + 'Z');
    assert.ok(again > Date.now() + 110 * 60000 && again < Date.now() + 150 * 60000, said);
    look();
    look();
    await health();
    assert.equal(orders, 1);
    assert.match(hearth.command('dns').stdout, /^mail\.org\.test\. IN CAA 0 issue "ca\.test; accounturi=https:\/\/localhost:\d+\/account\/1" ;/m);
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
});

test('what is set wrongly is said before anything is asked', () => {
  const wrong = (settings) => Hearth.prototype.command.call({ settings: { ...hearth.settings, ...settings }, args: Hearth.prototype.args }, 'check');
  assert.equal(wrong({}).status, 0);
  for (const [settings, said] of [[{ 'acme.agree': 'no' }, /\[acme\] agree.*terms of service/], [{ 'acme.directory': 'letsencrypt' }, /\[acme\] directory.*expected a URL/],
    [{ 'server.hostname': 'localhost' }, /no name on the internet/], [{ 'acme.ca': '/nowhere.pem' }, /\[acme\] ca.*cannot be read/], [{ 'acme.eab_kid': 'customer-1' }, /eab_kid and eab_key go together/]]) {
    const { status, stderr } = wrong(settings);
    assert.equal(status, 1, JSON.stringify(settings));
    assert.match(stderr.replace(/\n/g, ' '), said);
  }
});
