// network
// Postfix, Exim and OpenSMTPD exchange mail with Hearth, both ways, on hosts of the tests' own with a name
// server whose zone is signed. What is proven here, passing and failing, and where else:
//
//             in: they send                                    out: we send
//   TLS       each of them                                     Postfix, Exim; OpenSMTPD cannot: in clear
//   DANE      Postfix, Exim, ours proven; ours not             Postfix, Exim: its key (3 1 1), an authority (2 0 1); another
//                                                              key or authority: nothing (all cases: tls-policy.test.mjs)
//   MTA-STS   none of them does (ours is served: setup.test)   Postfix kept to; OpenSMTPD enforced: nothing, tested: in clear
//                                                              (an expired certificate, and more: tls-policy.test.mjs)
//   SPF       each of them; from elsewhere: 550                none of them looks without another package
//   DKIM      Exim's; passed on as it was, and changed: 550    Exim finds ours good, and bad by a key that is not ours
//   DMARC     each; reject 550, quarantine to Junk, none       as SPF
//   ARC       through Postfix: of a trusted list, and broken   what is sent on to Exim, and changed (python3-dkim looks)
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { missing, Network } from './network.mjs';
import { exim, opensmtpd, postfix } from './peers.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
const NS = '203.0.113.1', RESOLVER = '203.0.113.2';
const PEERS = { postfix: [postfix, '203.0.113.20'], exim: [exim, '203.0.113.30'], opensmtpd: [opensmtpd, '203.0.113.40'] };
const MX = { sts: 'mx.sts.test', failing: 'mx.opensmtpd.test', trying: 'mx.opensmtpd.test' };
// What else their certificates are for.
const NAMES = { postfix: ['mx.sts.test'], exim: ['mx.ta.test'], odd: Object.keys(MX).map((name) => `mta-sts.${name}.test`) };
// What those who look at our TLSA record say of us.
const PROVES = { postfix: /Verified TLS connection established to mx\.hearth\.test/, exim: /=> ann@hearth\.test .*H=mx\.hearth\.test.* CV=dane/ };
const peers = {};
let network, hearth, policies;

const text = (from, to, subject) => `From: <${from}>\r\nTo: <${to}>\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@test>\r\nDate: ${new Date().toUTCString().replace('GMT', '+0000')}\r\n\r\nHello.\r\n.a line with a dot\r\n`;

const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });

// A certificate for mx.NAME and `more`, by an authority of the test's own (MTA-STS goes by that), and what DANE
// has of it (3 1 1).
function certificate(name, ...more) {
  const at = join(network.dir, name), ca = join(network.dir, 'ca');
  if (!existsSync(`${ca}.pem`)) openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${ca}.key`, '-out', `${ca}.pem`, '-days', '30', '-subj', '/CN=the test');
  const names = [`mx.${name}`, ...more].map((n) => `DNS:${n}`).join();
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${at}.key`, '-out', `${at}.self`, '-days', '30', '-subj', `/CN=mx.${name}`);
  writeFileSync(`${at}.names`, `subjectAltName=${names}\n`);
  openssl('x509', '-clrext', '-in', `${at}.self`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '30', '-extfile', `${at}.names`, '-out', `${at}.pem`);
  const leaf = readFileSync(`${at}.pem`, 'utf8'), cert = leaf + readFileSync(`${ca}.pem`, 'utf8'); // with who signed it: usage 2 goes by that
  const spki = new X509Certificate(leaf).publicKey.export({ type: 'spki', format: 'der' });
  return { cert, key: readFileSync(`${at}.key`, 'utf8'), spki, tlsa: createHash('sha256').update(spki).digest('hex') };
}

// Of the authority, what DANE has (2 0 1).
const authority = () => createHash('sha256').update(new X509Certificate(readFileSync(join(network.dir, 'ca.pem'))).raw).digest('hex');

// A TXT record of any length, in strings of at most 255.
const txt = (name, value) => `${name}. TXT ${value.match(/.{1,200}/g).map((part) => `"${part}"`).join(' ')}\n`;

// The records of a domain with one host for its mail; what it asks for by DMARC.
function records(name, ip, tlsa, policy = 'reject') {
  return (
    `${name}.test. MX 10 mx.${name}.test.\nmx.${name}.test. A ${ip}\n` +
    (tlsa ? `_25._tcp.mx.${name}.test. TLSA 3 1 1 ${tlsa}\n` : '') +
    txt(`${name}.test`, 'v=spf1 mx -all') +
    txt(`_dmarc.${name}.test`, `v=DMARC1; p=${policy}`)
  );
}

// The policies of domains that have one by MTA-STS (RFC 8461), where their names lead: to the wire.
async function servePolicies({ cert, key }) {
  const server = createServer({ cert, key }, (request, response) => {
    const [, name] = /^mta-sts\.(\w+)\.test$/.exec(request.headers.host);
    response.setHeader('Content-Type', 'text/plain');
    response.end(`version: STSv1\r\nmode: ${name === 'trying' ? 'testing' : 'enforce'}\r\nmx: ${MX[name]}\r\nmax_age: 86400\r\n`);
  });
  await new Promise((done) => server.listen(443, '203.0.113.254', done));
  return server;
}

// The zone's server, and a resolver that validates.
async function nameServers(zone) {
  const dir = join(network.dir, 'zones');
  mkdirSync(dir);
  writeFileSync(join(dir, 'zone-add'), zone);
  const ns = await network.host('ns', NS);
  ns.serve(resolve('tests/dns/serve.sh'), dir, '53', NS);
  await eventually(() => existsSync(join(dir, 'ready')), 30, 'zones');
  const conf = join(network.dir, 'resolver.conf');
  writeFileSync(conf, `server:
  chroot: ""
  username: ""
  pidfile: ""
  directory: "${network.dir}"
  interface: ${RESOLVER}
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  use-syslog: no
  num-threads: 1
  trust-anchor-file: "${join(dir, 'anchor')}"
  local-zone: "test." nodefault
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
remote-control:
  control-enable: no
stub-zone:
  name: "test."
  stub-addr: ${NS}
`);
  const host = await network.host('resolver', RESOLVER);
  host.serve('unbound', '-d', '-c', conf);
  return join(dir, 'anchor');
}

// The last mail that has it in its subject; "": there is none.
async function newest(what, mailbox = 'INBOX') {
  const imap = await ImapClient.login(hearth.port.imaps, 'ann@hearth.test', PASSWORD, { secure: true, host: hearth.address });
  await imap.ok(`SELECT ${mailbox}`);
  const numbers = /SEARCH ([\d ]+)/.exec((await imap.ok(`SEARCH SUBJECT ${what}`)).lines.join('\n'))?.[1].trim().split(' ');
  const mail = numbers ? (await imap.ok(`FETCH ${numbers.at(-1)} BODY.PEEK[]`)).lines.join('\n') : '';
  imap.close();
  return mail;
}

const inbox = (what, mailbox) => eventually(() => newest(what, mailbox), 30, `a mail with ${what}`);

async function submit(to, subject, from = 'ann@hearth.test') {
  const client = await SmtpClient.hello(hearth.port.submissions, { secure: true, host: hearth.address });
  await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  const reply = await client.mail('ann@hearth.test', to, text(from, to, subject));
  client.close();
  assert.equal(reply.code, 250, reply.lines.join('\n'));
}

before(async () => {
  if (missing()) return;
  network = new Network();
  const certificates = Object.fromEntries(['hearth', 'odd', ...Object.keys(PEERS)].map((name) => [name, certificate(`${name}.test`, ...(NAMES[name] || []))]));
  process.env.SSL_CERT_FILE = join(network.dir, 'ca.pem'); // whom the server believes
  hearth = new Hearth({
    'server.hostname': 'mx.hearth.test',
    'mail.domains': 'hearth.test',
    'listen.smtp': '203.0.113.10:25',
    'tls.cert': join(network.dir, 'hearth.test.pem'),
    'tls.key': join(network.dir, 'hearth.test.key'),
    'dns.server': `${NS}:53`,
    'queue.retry': '1s',
    'mail.arc_trusted': 'list.test',
    'queue.private': 'true', // so these addresses count for policies
  }, await network.host('hearth', '203.0.113.10'));
  hearth.addUser('ann@hearth.test', PASSWORD);
  // What it says itself has to be published, as it says it, and its certificate.
  await hearth.start();
  const aliased = hearth.command('alias', 'add', '@wrongkey.test', '@hearth.test');
  assert.equal(aliased.status, 0, aliased.stderr);
  let zone = hearth.command('dns').stdout.replace(/^(.*\._domainkey\.wrongkey\.test\. .*)$/gm, (line) => line.replace(/p=[^;"]*("\s*"[^"]*)*/, `p=${certificates.odd.spki.toString('base64').slice(0, 200)}" "${certificates.odd.spki.toString('base64').slice(200)}`)) + `_25._tcp.mx.hearth.test. TLSA 3 1 1 ${certificates.hearth.tlsa}\n`;
  await hearth.stop();
  for (const [name, [, ip]] of Object.entries(PEERS))
    // OpenSMTPD as Debian 12 has it fails in every handshake as a server (its key is in another process, which
    // OpenSSL 3 does not call): it stands for those that offer TLS and cannot, and has no TLSA records.
    zone += records(name, ip, name === 'opensmtpd' ? undefined : certificates[name].tlsa);
  zone += txt('exim._domainkey.exim.test', `v=DKIM1; k=rsa; p=${certificates.exim.spki.toString('base64')}`);
  // Other names of the same hosts, whose certificates their TLSA records do not prove; and what policies there are.
  zone += records('odd', PEERS.exim[1], certificates.odd.tlsa) + records('oddhearth', '203.0.113.10', certificates.odd.tlsa);
  // And by MTA-STS: one that Postfix keeps to, one of a server whose TLS fails.
  for (const name of Object.keys(MX))
    zone += `mta-sts.${name}.test. A 203.0.113.254\n` + txt(`_mta-sts.${name}.test`, 'v=STSv1; id=1') + `${name}.test. MX 10 ${MX[name]}.\n`;
  zone += `${MX.sts}. A ${PEERS.postfix[1]}\n`;
  zone += records('ta', PEERS.exim[1]) + `_25._tcp.mx.ta.test. TLSA 2 0 1 ${authority()}\n`;
  zone += records('taodd', PEERS.exim[1]) + `_25._tcp.mx.taodd.test. TLSA 2 0 1 ${'ab'.repeat(32)}\n`;
  zone += txt('list._domainkey.list.test', `v=DKIM1; k=rsa; p=${certificates.odd.spki.toString('base64')}`);
  zone += records('careful', '203.0.113.99', undefined, 'quarantine') + records('lax', '203.0.113.99', undefined, 'none');
  hearth.settings['dns.anchor'] = await nameServers(zone);
  for (const [name, [make, ip]] of Object.entries(PEERS))
    peers[name] = await make(network, { domain: `${name}.test`, ip, resolver: RESOLVER, ...certificates[name] });
  policies = await servePolicies(certificates.odd);
  await hearth.start();
});

after(async () => {
  if (!network) return;
  policies?.close();
  try {
    await hearth?.remove();
  } finally {
    await network.end();
  }
});

// What python3-dkim says, by the keys that are published (judge.py).
function python(job) {
  const done = spawnSync('/usr/bin/python3', ['tests/system/judge.py'], { input: JSON.stringify(job), encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}
function published() {
  const zone = {};
  for (const [, name, strings] of hearth.command('dns').stdout.matchAll(/^(\S+_domainkey\S+)\. .*?TXT (".*")/gm)) zone[name.toLowerCase()] = { TXT: [strings.replace(/"\s*"/g, '').replace(/"/g, '')] };
  return zone;
}

// What a peer's log and ours have to say when a test fails.
const told = (name, fn) => async () => {
  try {
    await fn();
  } catch (error) {
    error.message += `\n${name ? peers[name].trouble() : ''}\n${hearth.log.slice(-3000)}`;
    throw error;
  }
};

// From the wire itself, which no domain lets send in its name.
const forge = async (domain, subject) => {
  const client = await SmtpClient.hello(25, { host: '203.0.113.10' });
  const reply = await client.mail(`eve@${domain}`, 'ann@hearth.test', text(`eve@${domain}`, 'ann@hearth.test', subject));
  client.close();
  return reply;
};

if (missing()) test('other mail servers', { skip: missing() }, () => {}); // so that it is counted as left out

describe('other mail servers', { skip: missing() }, () => {
  for (const name of Object.keys(PEERS)) {
    const proven = name === 'exim' ? 'dkim=pass[^;]* header.d=exim.test' : 'dkim=none';

    test(`${name}: in, over TLS, proven by ${name === 'exim' ? 'SPF and DKIM' : 'SPF'}`, told(name, async () => {
      const to = 'ann@hearth.test';
      await deliver(25, to, text(`bob@${name}.test`, to, `from-${name}`), `bob@${name}.test`, { host: peers[name].ip });
      const mail = await inbox(`from-${name}`);
      assert.match(mail, new RegExp(`Return-Path: <bob@${name}.test>`));
      assert.match(mail, /with ESMTPS/);
      if (PROVES[name]) await eventually(() => PROVES[name].test(peers[name].trouble()), 20, 'that it says so');
      assert.match(mail, /^\.a line with a dot/m);
      const results = /^Authentication-Results: mx\.hearth\.test;(.*\r?\n(?:[ \t].*\r?\n)*)/m.exec(mail)[1].replace(/\s+/g, ' ');
      for (const result of [`spf=pass[^;]*${name}.test`, proven, `dmarc=pass[^;]* header.from=${name}.test`]) assert.match(results, new RegExp(result));
    }));

    test(`${name}: out, ${name === 'opensmtpd' ? 'in clear where its TLS fails' : 'over TLS that DANE proves'}`, told(name, async () => {
      await submit(`bob@${name}.test`, `to-${name}`);
      const mail = await peers[name].mail(`Subject: to-${name}`);
      if (name !== 'opensmtpd') assert.match(mail, /TLSv?1\.3/);
      else assert.match(hearth.log, /TLS failed, once more without host=mx\.opensmtpd\.test why="[^"]*alert/); // not its certificate
      assert.match(mail, /^\.a line with a dot/m);
      if (name === 'exim') assert.match(mail.replace(/\s+/g, ' '), /Authentication-Results: mx.exim.test;.*dkim=pass header.d=hearth.test/);
    }));
  }

  test('out: a certificate that DANE does not prove gets nothing', told('exim', async () => {
    await submit('bob@odd.test', 'to-odd');
    await eventually(() => /domain=odd\.test why="[^"]*TLSA/.test(hearth.log), 20, 'a refusal to send');
    assert.match(hearth.command('queue', 'list').stdout, /bob@odd\.test/);
    assert.ok(!peers.exim.mails().some((mail) => mail.includes('to-odd')));
  }));

  test('out: an authority that DANE names proves a server, another does not', told('exim', async () => {
    await submit('bob@ta.test', 'to-ta');
    await submit('bob@taodd.test', 'to-taodd');
    assert.match(await peers.exim.mail('Subject: to-ta'), /TLSv?1\.3/);
    await eventually(() => /domain=taodd\.test why="[^"]*DANE/.test(hearth.log), 20, 'a refusal to send');
    assert.ok(!peers.exim.mails().some((mail) => mail.includes('to-taodd')));
  }));

  test('out: a policy of MTA-STS that is only tested holds nothing back', told('opensmtpd', async () => {
    await submit('bob@trying.test', 'to-trying');
    await peers.opensmtpd.mail('Subject: to-trying');
  }));

  test('out: a signature whose key is another is a bad one', told('exim', async () => {
    await submit('bob@exim.test', 'to-wrongkey', 'ann@wrongkey.test');
    assert.match((await peers.exim.mail('Subject: to-wrongkey')).replace(/\s+/g, ' '), /Authentication-Results: mx.exim.test;.*dkim=fail \(.*header.d=wrongkey.test/);
  }));

  test('out: MTA-STS is kept to, and where TLS fails nothing goes in clear', told('postfix', async () => {
    await submit('bob@sts.test', 'to-sts');
    await submit('bob@failing.test', 'to-failing');
    assert.match(await peers.postfix.mail('Subject: to-sts'), /TLSv1\.3/);
    await eventually(() => /deferred .*to=bob@failing\.test/.test(hearth.log), 20, 'a refusal to send');
    assert.ok(!peers.opensmtpd.mails().some((mail) => mail.includes('to-failing')));
  }));

  test('in: nor do we, where ours is not the one', told('postfix', async () => {
    await deliver(25, 'ann@oddhearth.test', text('bob@postfix.test', 'ann@oddhearth.test', 'to-oddhearth'), 'bob@postfix.test', { host: peers.postfix.ip });
    await deliver(25, 'ann@oddhearth.test', text('bob@exim.test', 'ann@oddhearth.test', 'to-oddhearth'), 'bob@exim.test', { host: peers.exim.ip });
    await eventually(() => /DANE attempt failed; TLS connection to mx\.oddhearth\.test/.test(peers.exim.trouble()), 20, 'that Exim waits');
    await eventually(() => /to=<ann@oddhearth\.test>.*status=deferred \(Server certificate not verified/.test(peers.postfix.trouble()), 20, 'that Postfix waits');
  }));

  test('through: what an alias sends on keeps its proof, and a bounce finds the way back', told('exim', async () => {
    for (const [alias, target] of [['on@hearth.test', 'bob@exim.test'], ['gone@hearth.test', 'stranger@exim.test']]) {
      const added = hearth.command('alias', 'add', alias, target);
      assert.equal(added.status, 0, added.stderr);
      await deliver(25, alias, text('bob@postfix.test', alias, `via-${target}`), 'bob@postfix.test', { host: peers.postfix.ip });
    }
    const mail = (await peers.exim.mail('Subject: via-bob')).replace(/\r?\n[ \t]+/g, ' ');
    assert.match(mail, /^Return-path: <SRS0=[^@>]+=postfix\.test=bob@hearth\.test>/im);
    assert.match(mail, /^ARC-Seal: i=1; .*d=hearth\.test;/m);
    assert.match(mail, /^ARC-Authentication-Results: i=1; mx\.hearth\.test;.* spf=pass .*dmarc=pass/m);
    const raw = (await peers.exim.mail('Subject: via-bob')).replace(/\r?\n/g, '\r\n');
    const own = raw.slice(raw.search(/^ARC-Seal:/m));
    assert.deepEqual(python({ what: 'dkim', zone: published(), texts: [own, own.replace('Hello.', 'Hello!')] }).map(([, chain]) => chain), ['pass', 'fail']);
    const bounce = await peers.postfix.mail('stranger@exim.test');
    assert.match(bounce, /^Return-Path: <>/m);
    assert.match(bounce, /Subject: Mail delivery failed/);
  }));

  // By bob at Postfix, who had it from elsewhere and may not speak for its author: only what it brings does.
  const passOn = (mail) => deliver(25, 'ann@hearth.test', mail, 'bob@postfix.test', { host: peers.postfix.ip });
  const bounced = (subject) => eventually(() => peers.postfix.mails().find((mail) => mail.includes('MAILER-DAEMON') && mail.includes(subject) && /550[- ]5\.7\.\d+/.test(mail)), 30, `a bounce of ${subject}`);

  test('in: passed on by another, a signature holds as long as nothing is changed', told('postfix', async () => {
    const to = 'ann@hearth.test';
    await deliver(25, to, text('bob@exim.test', to, 'passed-on'), 'bob@exim.test', { host: peers.exim.ip });
    const mail = await inbox('passed-on');
    const own = mail.slice(mail.search(/^DKIM-Signature:/m)).replace(/\r?\n/g, '\r\n').replace(/(\.a line with a dot\r\n)[^]*/, '$1');
    await passOn(`X-Way: as it was\r\n${own}`);
    await eventually(async () => /dkim=pass[^;]*header\.d=exim\.test[^]*X-Way: as it was/.test(await newest('passed-on')), 20, 'the one passed on');
    await passOn(own.replace('Hello.', 'Hello!'));
    await bounced('passed-on');
  }));

  test('in: a chain of ARC by a trusted list speaks for what it changed, unless it is broken', told('postfix', async () => {
    const [sealed] = python({ what: 'sign', jobs: [{ how: 'arc', hops: 1, d: 'list.test', s: 'list', key: readFileSync(join(network.dir, 'odd.test.key'), 'utf8'), text: text('bob@exim.test', 'list@list.test', 'by-a-list'), found: 'dmarc=pass header.from=exim.test' }] });
    await passOn(sealed);
    assert.match((await inbox('by-a-list')).replace(/\s+/g, ' '), /arc=pass[^;]*;[^]*dmarc=fail/);
    await passOn(sealed.replace('Subject: by-a-list', 'Subject: by-nobody'));
    await bounced('by-nobody');
  }));

  test('in: in the name of others', told(undefined, async () => {
    const refused = await forge('exim.test', 'forged-reject');
    assert.equal(refused.code, 550);
    assert.match(refused.lines.join(' '), /5\.7\.26/); // RFC 7372
    assert.equal((await forge('careful.test', 'forged-quarantine')).code, 250);
    await inbox('forged-quarantine', 'Junk');
    assert.equal((await forge('lax.test', 'forged-none')).code, 250);
    assert.match(await inbox('forged-none'), /dmarc=fail/);
  }));
});
