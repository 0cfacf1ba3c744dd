// Certificates that come by themselves: from pebble, got and renewed while mail and HTTP flow; what is
// said when the authority is away, cannot confirm a name, or is asked too often; a kill in the middle; two nodes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, createServer } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { Front, Pebble, getTls } from './pebble.mjs';
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

const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000', join(hearth.dir, 'data/acme.db'), text]).toString().trim();
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

test('keys lie sealed; plain ones of before are sealed at the start; without the key of secrets nothing is got, and it is said', async () => {
  const kinds = () => sql("SELECT hex(substr(key, 1, 1)) FROM acme_account UNION ALL SELECT hex(substr(key, 1, 1)) FROM acme_certificate").split('\n');
  assert.deepEqual(kinds(), ['01', '01']);
  await hearth.stop();
  const plain = execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']).toString();
  sql(`UPDATE acme_account SET key = CAST('${plain}' AS BLOB), url = ''`); // one that the authority does not know yet
  await hearth.start();
  assert.deepEqual(kinds(), ['01', '01']);
  const { serial } = await shown(hearth.port.https);
  renew();
  const next = (await another(serial)).serial;
  await hearth.stop();
  for (const file of ['acme.db', 'acme.db-wal'])
    if (existsSync(join(hearth.dir, 'data', file))) assert.doesNotMatch(readFileSync(join(hearth.dir, 'data', file), 'latin1'), /PRIVATE KEY/);

  // Another key of secrets: what is sealed is not made anew by itself.
  const file = join(hearth.dir, 'data/tls/secrets.key');
  renameSync(file, `${file}.kept`);
  await hearth.start();
  assert.equal((await shown(hearth.port.https)).trusted, false);
  const { reasons } = await health();
  assert.ok(reasons.some(({ name, detail }) => name === 'acme.secrets-key' && detail.includes(file)), JSON.stringify(reasons));
  const said = status();
  assert.equal(said.status, 1);
  assert.match(said.stdout, /NOTHING IS GOT: .*secrets\.key is missing, or not the one/);
  assert.equal(hearth.command('acme', 'renew').status, 1);
  assert.equal(hearth.command('acme', 'renew', '--new').status, 2);
  await hearth.stop();
  const other = readFileSync(file);
  renameSync(`${file}.kept`, file); // it is found again: all is as it was
  await hearth.start();
  assert.equal((await shown(hearth.port.https)).serial, next);
  assert.ok(!((await health()).reasons || []).some(({ name }) => name === 'acme.secrets-key'));
  await hearth.stop();
  writeFileSync(file, other); // it is gone for good
  await hearth.start();
  assert.equal(hearth.command('acme', 'renew', '--new-account').status, 0);
  look();
  assert.notEqual((await another(next)).serial, next);
  assert.ok(!((await health()).reasons || []).some(({ name }) => /^(acme|certificate)/.test(name)));
});

test('of two nodes one gets it and both have it', async () => {
  await hearth.stop();
  await pebble.stop();
  await pebble.start(hearth.port.http, hearth.port.https);
  Object.assign(hearth.settings, { 'server.nodes': 'shared', 'acme.challenge': 'tls-alpn-01' });
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
    // Whichever node the authority comes to, it is answered: over HTTP …
    const said = await Promise.all([hearth, other].map((node) => node.api('GET', '/.well-known/acme-challenge/abc')));
    assert.deepEqual(said.map(({ status }) => status), [200, 200]);
    assert.equal(said[0].body, said[1].body);
    // … and by TLS: where the one that gets the certificate is not the one that is looked at, too.
    for (const node of [hearth, other]) {
      await pebble.stop();
      await pebble.start(1, node.port.https, { PEBBLE_AUTHZREUSE: '0' });
      const { serial: old } = await shown(hearth.port.https);
      assert.equal(hearth.command('acme', 'renew').status, 0);
      for (const one of [hearth, other]) one.child.kill('SIGHUP');
      await another(old);
      assert.equal(sql('SELECT count(*) FROM acme_challenge'), '0');
    }
  } finally {
    await other.remove();
  }
});

test('the authority is asked when it wants it renewed, and is heard; the order says what it replaces', async () => {
  await hearth.stop();
  await pebble.stop();
  delete hearth.settings['server.nodes'];
  await pebble.start(hearth.port.http, hearth.port.https);
  const HOUR = 3600_000;
  // First it cannot be asked, then it wants it in some days, and of the next certificate it wants it at once.
  const ca = await new Front().start(pebble, [503, [72 * HOUR, 96 * HOUR], [-2 * HOUR, -HOUR], [72 * HOUR, 96 * HOUR]]);
  try {
    hearth.settings['acme.directory'] = ca.directory;
    sql('UPDATE acme_certificate SET ask_at = 0'); // the authority of before could not say: it is asked once a day
    await hearth.start();
    await eventually(() => Number(sql('SELECT ask_at FROM acme_certificate')) > Date.now(), 60, 'the question, which is noted');
    assert.deepEqual([ca.asked.length, sql('SELECT window_start FROM acme_certificate')], [1, '0']);
    const before = Number(sql('SELECT renew_at FROM acme_certificate'));
    sql('UPDATE acme_certificate SET ask_at = 0');
    look();
    await eventually(() => /wants it renewed from/.test(status().stdout), 60, 'its answer');
    const [start, end, moment, ask] = sql('SELECT window_start, window_end, renew_at, ask_at FROM acme_certificate').split('|').map(Number);
    assert.ok(start > Date.now() + 71 * HOUR && end > start + 23 * HOUR && moment >= start && moment < end && moment !== before, `${start} ${moment} ${end}`);
    assert.ok(ask > Date.now() + 5.9 * HOUR && ask < Date.now() + 6.1 * HOUR, 'asked again when it says');

    const { serial } = await shown(hearth.port.https);
    sql('UPDATE acme_attempt SET next_at = 0');
    renew();
    const next = await another(serial);
    // What it replaces ends with its number, as the certificate has it.
    const hex = (text) => BigInt(`0x${text}`), number = (id) => hex(Buffer.from(id.split('.')[1], 'base64url').toString('hex'));
    const replaced = () => [...new Set(ca.replaced)].map((id) => id && number(id)); // (some are said again, as pebble refuses nonces)
    assert.deepEqual(replaced(), [hex(serial)]);
    await eventually(() => ca.asked.length === 3, 60, 'the question about the next');
    assert.equal(number(ca.asked[2]), hex(next.serial));
    assert.equal(ca.asked[0], ca.replaced[0]);
    // It is to be replaced at once, once the hour between two is over; it is refused as a replacement, and got anyway.
    await eventually(() => Number(sql('SELECT renew_at FROM acme_certificate')) < Date.now(), 60, 'what it said');
    assert.equal((await shown(hearth.port.https)).serial, next.serial);
    ca.refuses = true;
    sql('UPDATE acme_attempt SET next_at = 0');
    look();
    const last = await another(next.serial);
    assert.deepEqual(replaced(), [hex(serial), hex(next.serial), undefined]);

    // A chain that does not do is not taken, nor looked at again: the next attempt makes another order.
    ca.spoils = true;
    sql('UPDATE acme_attempt SET next_at = 0');
    renew();
    await eventually(() => /why: what the CA gave cannot be used: the certificate is for another key/.test(status().stdout), 60, 'the reason');
    assert.equal(sql('SELECT count(*) FROM acme_order'), '0');
    assert.equal((await shown(hearth.port.https)).serial, last.serial);
    const orders = ca.replaced.length;
    ca.spoils = false;
    renew();
    let now = await another(last.serial);
    assert.ok(ca.replaced.length > orders);

    // An authority that is away has the order of before still: no other is made, but where it does not know it.
    const fails = async (path, says, why) => {
      Object.assign(ca, { away: path, says });
      const from = hearth.log.length;
      renew();
      await eventually(() => /acme: no certificate/.test(hearth.log.slice(from)), 60, why);
    };
    await fails('/finalize-order/', 503, 'its failure');
    const made = ca.replaced.length, order = sql('SELECT url FROM acme_order');
    assert.ok(order);
    await fails('/my-order/', 503, 'that it cannot be read');
    assert.deepEqual([ca.replaced.length, sql('SELECT url FROM acme_order')], [made, order]);
    ca.away = null;
    renew();
    now = await another(now.serial);
    assert.equal(ca.replaced.length, made);
    await fails('/finalize-order/', 503, 'its failure');
    await fails('/my-order/', 404, 'that it is not known');
    assert.notEqual(sql('SELECT url FROM acme_order'), order);
    assert.ok(ca.replaced.length > made + 1);
    ca.away = null;
    renew();
    now = await another(now.serial);

    // Whatever it says, the certificate does not end before: not by a window that is far off, nor where that was noted.
    await eventually(() => Number(sql('SELECT ask_at FROM acme_certificate')) > Date.now(), 60, 'the question about the last');
    ca.windows = [[8e6 * HOUR, 9e6 * HOUR]];
    sql('UPDATE acme_certificate SET ask_at = 0, window_start = 0, renew_at = 99999999999999; UPDATE acme_attempt SET next_at = 0');
    look();
    await eventually(() => sql('SELECT window_end > 9000000000000 AND renew_at < not_after FROM acme_certificate') === '1', 60, 'a moment before its end');
    now = await shown(hearth.port.https);
    sql('UPDATE acme_certificate SET renew_at = 99999999999999, not_after = 1, ask_at = 99999999999999; UPDATE acme_attempt SET next_at = 0');
    look();
    await another(now.serial);
  } finally {
    ca.stop();
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
