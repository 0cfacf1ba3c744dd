// network
// Postfix, Exim and OpenSMTPD exchange mail with Hearth, both ways, on hosts of the tests' own with a name
// server whose zone is signed.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
const peers = {};
let network, hearth;

const text = (from, to, subject) => `From: <${from}>\r\nTo: <${to}>\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@test>\r\nDate: ${new Date().toUTCString().replace('GMT', '+0000')}\r\n\r\nHello.\r\n.a line with a dot\r\n`;

// A certificate of its own for mx.NAME, which DANE proves (3 1 1) and no authority.
function certificate(name) {
  const at = join(network.dir, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${at}.key`, '-out', `${at}.pem`, '-days', '30', '-subj', `/CN=mx.${name}`, '-addext', `subjectAltName=DNS:mx.${name}`], { stdio: 'ignore' });
  const cert = readFileSync(`${at}.pem`, 'utf8');
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return { cert, key: readFileSync(`${at}.key`, 'utf8'), tlsa: createHash('sha256').update(spki).digest('hex') };
}

// The records of a domain with one host for its mail.
function records(name, ip, tlsa) {
  return `${name}.test. MX 10 mx.${name}.test.\n${name}.test. TXT "v=spf1 mx -all"\nmx.${name}.test. A ${ip}\n` + (tlsa ? `_25._tcp.mx.${name}.test. TLSA 3 1 1 ${tlsa}\n` : '');
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

const inbox = async (what, mailbox = 'INBOX') =>
  eventually(async () => {
    const imap = await ImapClient.login(hearth.port.imaps, 'ann@hearth.test', PASSWORD, { secure: true, host: hearth.address });
    await imap.ok(`SELECT ${mailbox}`);
    const found = /SEARCH (\d+)/.exec((await imap.ok(`SEARCH SUBJECT ${what}`)).lines.join('\n'));
    const mail = found ? (await imap.ok(`FETCH ${found[1]} BODY.PEEK[]`)).lines.join('\n') : undefined;
    imap.close();
    return mail;
  }, 30, `a mail with ${what}`);

async function submit(to, subject) {
  const client = await SmtpClient.hello(hearth.port.submissions, { secure: true, host: hearth.address });
  await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  const reply = await client.mail('ann@hearth.test', to, text('ann@hearth.test', to, subject));
  client.close();
  assert.equal(reply.code, 250, reply.lines.join('\n'));
}

before(async () => {
  if (missing()) return;
  network = new Network();
  const own = certificate('hearth.test');
  let zone = records('hearth', '203.0.113.10', own.tlsa);
  const certificates = {};
  for (const [name, [, ip]] of Object.entries(PEERS)) {
    certificates[name] = certificate(`${name}.test`);
    // OpenSMTPD as Debian 12 has it fails in every handshake as a server (its key is in another process, which
    // OpenSSL 3 does not call): it stands for those that offer TLS and cannot, and has no TLSA records.
    zone += records(name, ip, name === 'opensmtpd' ? undefined : certificates[name].tlsa);
  }
  const anchor = await nameServers(zone);
  for (const [name, [make, ip]] of Object.entries(PEERS))
    peers[name] = await make(network, { domain: `${name}.test`, ip, resolver: RESOLVER, ...certificates[name], dkim: true });
  const at = await network.host('hearth', '203.0.113.10');
  hearth = new Hearth({
    'server.hostname': 'mx.hearth.test',
    'mail.domains': 'hearth.test',
    'listen.smtp': '203.0.113.10:25',
    'tls.cert': join(network.dir, 'hearth.test.pem'),
    'tls.key': join(network.dir, 'hearth.test.key'),
    'dns.server': `${NS}:53`,
    'dns.anchor': anchor,
    'queue.retry': '1s',
  }, at);
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
});

after(async () => {
  if (!network) return;
  try {
    await hearth?.remove();
  } finally {
    await network.end();
  }
});

describe('other mail servers', { skip: missing() }, () => {
  for (const name of Object.keys(PEERS)) {
    test(`${name}: in, over TLS`, async () => {
      const to = 'ann@hearth.test';
      try {
        await deliver(25, to, text(`bob@${name}.test`, to, `from-${name}`), `bob@${name}.test`, { host: peers[name].ip });
        const mail = await inbox(`from-${name}`);
        assert.match(mail, new RegExp(`Return-Path: <bob@${name}.test>`));
        assert.match(mail, /with ESMTPS/);
        assert.match(mail, /^\.a line with a dot/m);
      } catch (error) {
        error.message += `\n${peers[name].trouble()}\n${hearth.log.slice(-2000)}`;
        throw error;
      }
    });

    test(`${name}: out, ${name === 'opensmtpd' ? 'in clear where its TLS fails' : 'over TLS that DANE proves'}`, async () => {
      try {
        await submit(`bob@${name}.test`, `to-${name}`);
        const mail = await peers[name].mail(`Subject: to-${name}`);
        if (name !== 'opensmtpd') assert.match(mail, /TLSv?1\.3/);
        assert.match(mail, /^\.a line with a dot/m);
      } catch (error) {
        error.message += `\n${peers[name].trouble()}\n${hearth.log.slice(-2000)}`;
        throw error;
      }
    });
  }
});
