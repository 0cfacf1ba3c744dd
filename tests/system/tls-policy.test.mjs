// What other domains ask of TLS before mail goes there: DANE (RFC 7672) and MTA-STS (RFC 8461) as a table of
// what their DNS and their web server have, and what their mail server shows.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createWeb } from 'node:https';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Hearth, eventually, freePort } from './hearth.mjs';
import { Sink, makeAuthority, makeCertificate, tlsaData } from './mail-sink.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
const NS = '127.0.0.1';
const WEB = '127.0.2.254';
let hearth, names, port, web, webPort;
const rowsOfSessions = () => Number(spawnSync('sqlite3', [join(hearth.settings['server.data'], 'mail.db'), "SELECT count(*) FROM tls_session WHERE domain IN ('noneplain.test', 'stsgood.test')"], { encoding: 'utf8' }).stdout);
const fetched = []; // names of whom a policy was asked
const sinks = new Map();

// ---- the table ----

// `tlsa`: of its server, "KEY" and "AUTHORITY" stand for digests of the certificate's key and of its
// authority. `cert`: what the server shows: one of CERTS, or null: no STARTTLS.
const over = (tls, more = {}) => ({ sent: true, tls, ...more });
const later = (why) => ({ later: why });
const ROWS = [
  // no TLSA: encrypted where that can be, whoever it is
  ['none', { cert: 'stranger' }, over(true)],
  ['noneplain', { cert: null }, over(false)],
  // usage 3: the key, whatever the name and the date
  ['ee', { tlsa: ['3 1 1 KEY'], cert: 'stranger' }, over(true, { sni: 'mx.ee.test' })],
  ['eeold', { tlsa: ['3 1 1 KEY'], cert: 'expired' }, over(true)],
  ['eesecond', { tlsa: [`3 1 1 ${'ab'.repeat(32)}`, '3 1 1 KEY'], cert: 'stranger' }, over(true)],
  ['eewrong', { tlsa: [`3 1 1 ${'ab'.repeat(32)}`], cert: 'good' }, later(/no matching DANE/i)],
  ['eeplain', { tlsa: ['3 1 1 KEY'], cert: null, of: 'good' }, later(/TLS is required, and the server does not offer it/)],
  // usage 2: the authority, and the name: its own, or the domain's
  ['ta', { tlsa: ['2 0 1 AUTHORITY'], cert: 'good' }, over(true)],
  ['tadomain', { tlsa: ['2 0 1 AUTHORITY'], cert: 'domain' }, over(true)],
  ['taname', { tlsa: ['2 0 1 AUTHORITY'], cert: 'stranger' }, later(/ostname mismatch/)],
  ['taold', { tlsa: ['2 0 1 AUTHORITY'], cert: 'expired' }, later(/expired/)],
  // records that cannot be used: encrypted, not proven; never without
  ['pkix', { tlsa: [`1 1 1 ${'ab'.repeat(32)}`, `3 1 9 ${'ab'.repeat(32)}`], cert: 'stranger' }, over(true)],
  ['pkixplain', { tlsa: [`1 1 1 ${'ab'.repeat(32)}`], cert: null }, later(/TLS is required/)],
  // one that can be used among them counts
  ['mixed', { tlsa: [`1 1 1 ${'ab'.repeat(32)}`, `3 1 1 ${'cd'.repeat(32)}`], cert: 'good' }, later(/no matching DANE/i)],
  // not proven by DNSSEC: as if there were none; forged: no mail goes there
  ['unsigned', { zone: 'plain', tlsa: [`3 1 1 ${'ab'.repeat(32)}`], cert: null }, over(false)],
  ['forgery', { zone: 'forged', tlsa: [`3 1 1 ${'ab'.repeat(30)}ffff`], cert: 'good' }, later(/does not tell the TLSA/)],
  // aliases: TLSA where they end, else at the server's own name
  ['alias', { alias: true, tlsaAt: 'target', tlsa: ['3 1 1 KEY'], cert: 'stranger' }, over(true, { sni: 'target.alias.test' })],
  ['aliaswrong', { alias: true, tlsaAt: 'target', tlsa: [`3 1 1 ${'ab'.repeat(32)}`], cert: 'good' }, later(/no matching DANE/i)],
  ['aliasown', { alias: true, tlsa: ['3 1 1 KEY'], cert: 'stranger' }, over(true, { sni: 'mx.aliasown.test' })],
  // the TLSA record's own name is an alias
  ['shared', { tlsaAlias: '_tlsa', tlsa: ['3 1 1 KEY'], cert: 'stranger' }, over(true)],
  // no MX: the domain is its server
  ['bare', { bare: true, tlsa: [`3 1 1 ${'ab'.repeat(32)}`], cert: 'good' }, later(/no matching DANE/i)],
  // the second of two servers, where the first cannot prove itself
  ['backup', { first: 'eewrong', tlsa: ['3 1 1 KEY'], cert: 'stranger' }, over(true)],
];
// `sts`: its policy's mode, or how its web server behaves; `mx`: what the policy names, its server by default.
const STS = [
  ['stsgood', { sts: 'enforce', cert: 'good' }, over(true, { sni: 'mx.stsgood.test' })],
  ['stswild', { sts: 'enforce', mx: '*.stswild.test', cert: 'good' }, over(true)],
  ['stsstranger', { sts: 'enforce', cert: 'stranger' }, later(/ostname mismatch/)],
  ['stsold', { sts: 'enforce', cert: 'expired' }, later(/expired/)],
  ['stsplain', { sts: 'enforce', cert: null }, later(/TLS is required, and the server does not offer it/)],
  ['stsmx', { sts: 'enforce', mx: 'mail.stsmx.test', cert: 'good' }, later(/policy of stsmx.test does not name mx.stsmx.test/)],
  // tested, or given up: sent whatever the server shows
  ['ststest', { sts: 'testing', cert: 'stranger' }, over(true)],
  ['ststestplain', { sts: 'testing', mx: 'x.example', cert: null }, over(false)],
  ['stsnone', { sts: 'none', mx: 'x.example', cert: null }, over(false)],
  // said to be there, and cannot be had: as if there were none, the first time
  ['stsnoweb', { sts: 'enforce', noweb: true, cert: null }, over(false)],
  ['stsmissing', { sts: 'missing', cert: null }, over(false)],
  ['stsmoved', { sts: 'moved', cert: null }, over(false)],
  ['stshtml', { sts: 'html', cert: null }, over(false)],
  ['stslarge', { sts: 'large', cert: null }, over(false)],
  ['stshalf', { sts: 'half', cert: null }, over(false)],
  ['stsforeign', { sts: 'enforce', webCert: 'stranger', cert: null }, over(false)],
  ['ststwo', { sts: 'enforce', records: ['v=STSv1; id=1', 'v=STSv1; id=2'], cert: null }, over(false)],
  // beside DANE, which counts where a record can be used
  ['stsdane', { sts: 'enforce', mx: 'x.example', tlsa: ['3 1 1 KEY'], cert: 'stranger' }, over(true)],
  ['stsdanebad', { sts: 'enforce', tlsa: [`3 1 1 ${'ab'.repeat(32)}`], cert: 'good' }, later(/no matching DANE/i)],
  ['ststestdane', { sts: 'testing', tlsa: [`3 1 1 ${'ab'.repeat(32)}`], cert: 'good' }, later(/no matching DANE/i)],
  ['stspkix', { sts: 'enforce', tlsa: [`1 1 1 ${'ab'.repeat(32)}`], cert: 'stranger' }, later(/ostname mismatch/)],
  ['stspkixgood', { sts: 'enforce', tlsa: [`1 1 1 ${'ab'.repeat(32)}`], cert: 'good' }, over(true)],
  ['stsforgery', { zone: 'forged', sts: 'enforce', tlsa: [`3 1 1 ${'ab'.repeat(30)}ffff`], cert: 'good' }, later(/does not tell the TLSA/)],
];
// Behind a server that proves itself and does not offer REQUIRETLS.
const SECOND = [
  ['reqsecond', { first: 'eesecond', tlsa: ['3 1 1 KEY'], cert: 'stranger' }],
  ['reqthird', { first: 'eesecond', second: 'eewrong', tlsa: ['3 1 1 KEY'], cert: 'stranger' }],
  ['reqnone', { first: 'eesecond', tlsa: ['3 1 1 KEY'], cert: 'stranger' }],
  ['reqdown', { first: 'eesecond', tlsa: ['3 1 1 KEY'], cert: 'stranger' }],
];
const ALL = [...ROWS, ...STS, ...SECOND];
// Who wants to hear of it (RFC 8460), and where.
const TLSRPT = {
  ee: 'mailto:reports@ee.test',
  eewrong: 'mailto:reports@none.test',
  stsstranger: 'mailto:reports@none.test?subject=x,ftp://x.example/',
  stsnoweb: 'WEB',
};
const posted = [];
// Who wants to hear of mail in its name (RFC 9990): itself; another that agrees; one that does not.
const DMARC = { ee: 'mailto:d@ee.test!10m', stsgood: 'mailto:d@none.test', stswild: 'mailto:d@noneplain.test' };
const domainOf = (name, { zone = 'test' }) => `${name}.${zone}`;
const address = (i) => `127.0.2.${i + 1}`;

function certificates(dir) {
  makeAuthority(dir, 'authority');
  const signed = (name, of, more) => makeCertificate(dir, name, 'authority', of, more);
  const mx = ALL.map(([name, row]) => `mx.${domainOf(name, row)}`);
  return {
    good: signed('good', [...mx, 'bare.test', 'target.aliaswrong.test']),
    domain: signed('domain', ['tadomain.test']),
    web: signed('web', STS.map(([name, row]) => `mta-sts.${domainOf(name, row)}`)),
    stranger: signed('stranger', ['who.example']),
    expired: signed('expired', mx, { expired: true }),
  };
}

function zones(dir) {
  const lines = { test: [], forged: [], plain: [] };
  ALL.forEach(([name, row], i) => {
    const { zone = 'test', cert, of = cert } = row, to = lines[zone];
    const host = row.bare ? name : `mx.${name}`;
    const fill = (tlsa) => tlsa.replace('KEY', of ? tlsaData(dir, of) : '').replace('AUTHORITY', tlsaData(dir, 'authority', 0));
    if (!row.bare) to.push(`${name} MX 10 ${host}`);
    if (row.first) to.push(`${name} MX 5 mx.${row.first}`);
    if (row.second) to.push(`${name} MX 7 mx.${row.second}`);
    if (row.alias) to.push(`${host} CNAME target.${name}`, `target.${name} A ${address(i)}`);
    else to.push(`${host} A ${address(i)}`);
    const at = row.tlsaAlias ? `${row.tlsaAlias}.${name}` : `_${port}._tcp.${row.tlsaAt ? `${row.tlsaAt}.${name}` : host}`;
    if (row.tlsaAlias) to.push(`_${port}._tcp.${host} CNAME ${at}`);
    if (TLSRPT[name]) to.push(`_smtp._tls.${name} TXT "v=TLSRPTv1; rua=${TLSRPT[name].replace('WEB', `https://mta-sts.stswild.test:${webPort}/report`)}"`);
    if (DMARC[name]) to.push(`_dmarc.${name} TXT "v=DMARC1; p=none; sp=quarantine; rua=${DMARC[name]}"`);
    if (name === 'stsgood') to.push(`stsgood.test._report._dmarc.none TXT "v=DMARC1;"`);
    for (const record of row.records || (row.sts ? ['v=STSv1; id=1'] : [])) to.push(`_mta-sts.${name} TXT "${record}"`);
    if (row.sts && !row.noweb) to.push(`mta-sts.${name} A ${WEB}`);
    for (const tlsa of row.tlsa || []) to.push(`${at} TLSA ${fill(tlsa)}`);
  });
  return lines;
}

// The web server of all policies.
function policies(certs) {
  const rowOfName = (name) => STS.find(([own, row]) => `mta-sts.${domainOf(own, row)}` === name);
  const context = (name) => createSecureContext(certs[rowOfName(name)?.[1].webCert || 'web']);
  return createWeb({ ...certs.web, SNICallback: (name, done) => done(null, context(name)) }, (request, response) => {
    const host = request.headers.host.replace(/:.*/, ''), [name, row] = rowOfName(host);
    if (request.method === 'POST') {
      const parts = [];
      assert.equal(request.headers['content-type'], 'application/tlsrpt+gzip');
      request.on('data', (part) => parts.push(part));
      request.on('end', () => { posted.push(JSON.parse(gunzipSync(Buffer.concat(parts)))); response.end(); });
      return;
    }
    const mode = ['enforce', 'testing', 'none'].includes(row.sts) ? row.sts : 'enforce';
    const text = `version: STSv1\r\nmode: ${mode}\r\nmx: ${row.mx || `mx.${domainOf(name, row)}`}\r\nmax_age: 86400\r\n`;
    fetched.push(name);
    assert.equal(request.url, '/.well-known/mta-sts.txt');
    switch (row.sts) {
      case 'missing': return response.writeHead(404).end();
      case 'moved': return response.writeHead(302, { Location: 'https://mta-sts.stsgood.test/' }).end();
      case 'html': return response.writeHead(200, { 'Content-Type': 'text/html' }).end(text);
      case 'large': return response.writeHead(200, { 'Content-Type': 'text/plain' }).end(text + 'x: y\r\n'.repeat(20000));
      case 'half': return response.writeHead(200, { 'Content-Type': 'text/plain' }).end(text.slice(0, 30));
      default: return response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
    }
  });
}

before(async () => {
  webPort = await freePort();
  hearth = new Hearth({ 'queue.private': 'yes', 'queue.sts_port': String(webPort), 'mail.trusted': '192.0.2.0/24', 'queue.per_hour': '0', 'queue.connections': '100' });
  const dir = join(hearth.dir, 'dns'), dns = await freePort();
  port = await freePort();
  mkdirSync(dir);
  const certs = certificates(hearth.dir);
  process.env.SSL_CERT_FILE = join(hearth.dir, 'authority.pem'); // what the server believes
  web = policies(certs);
  await new Promise((done) => web.listen(webPort, WEB, done));
  for (const [zone, lines] of Object.entries(zones(hearth.dir)))
    writeFileSync(join(dir, zone === 'test' ? 'zone-add' : `${zone}-add`), `${lines.join('\n')}\n`);
  names = spawn(resolve('tests/dns/serve.sh'), [dir, String(dns)], { stdio: 'ignore' });
  Object.assign(hearth.settings, { 'dns.server': `${NS}:${dns}`, 'dns.anchor': join(dir, 'anchor'), 'queue.port': String(port) });
  await eventually(() => existsSync(join(dir, 'ready')), 60, 'the zones');
  for (const [i, [name, { cert }]] of ALL.entries())
    sinks.set(name, await new Sink({ secure: cert && certs[cert] }).listen(address(i), port));
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
});

after(async () => {
  for (const s of sinks.values()) s.close();
  web.close();
  names.kill();
  await hearth.remove();
});

// Mails, one after the other over one connection: a password is looked at once.
async function submit(to, subject, { more = '' } = {}) {
  const from = 'ann@hearth.test';
  const c = await SmtpClient.hello(hearth.port.submission);
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0${from}\0${PASSWORD}`).toString('base64')}`);
  for (const one of [to].flat())
    assert.equal((await c.mail(from, one, `From: <${from}>\r\nSubject: ${subject}\r\n${more}\r\nhello\r\n`)).code, 250);
  c.close();
}

const rows = () => hearth.command('queue', 'list').stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
const rowOf = (to) => rows().find((row) => row[6] === to);
const deferred = (to) => hearth.log.split('\n').filter((line) => line.includes('queue: deferred') && line.includes(` to=${to} `));

// Of a mail to each row what its table says, whatever came of it at another.
async function check(table, to) {
  const settled = ([name, row, end]) => {
    const mail = to(name, row);
    return end.later ? deferred(mail).some((line) => end.later.test(line)) : sinks.get(name).mails.some((m) => m.to.includes(`<${mail}>`));
  };
  await eventually(() => table.every(settled), 60, 'the queue').catch((e) => {
    const open = table.filter((row) => !settled(row)).map(([name, row]) => `${name}: ${deferred(to(name, row)).join('\n')}`);
    throw new Error(`${e.message}\n${open.join('\n')}\n${hearth.log.slice(-3000)}`);
  });
  for (const [name, row, end] of table) {
    const mails = sinks.get(name).mails.filter((m) => m.to.includes(`<${to(name, row)}>`));
    assert.equal(mails.length, end.sent ? 1 : 0, `${name}: taken`);
    if (!end.sent) continue;
    assert.equal(mails[0].tls, end.tls, `${name}: TLS`);
    if (end.sni) assert.equal(mails[0].sni, end.sni, `${name}: SNI`);
  }
}

test('what TLSA records ask for', async () => {
  const to = (name, row) => `bob@${domainOf(name, row)}`;
  await submit(ROWS.map(([name, row]) => to(name, row)), 'hello');
  await check(ROWS, to);
  assert.ok(rowOf('bob@eewrong.test'), 'what could not be proven waits');
});

test('what MTA-STS policies ask for', async () => {
  const to = (name, row) => `bob@${domainOf(name, row)}`;
  // Two to each at once: a policy is asked for once all the same.
  await submit(STS.flatMap(([name, row]) => [to(name, row), to(name, row).replace('bob', 'eve')]), 'hello');
  await check(STS, to);
  for (const name of ['stsgood', 'ststest', 'stsmissing', 'stslarge'])
    assert.equal(fetched.filter((n) => n === name).length, 1, `${name}: fetched once`);
  assert.ok(!fetched.includes('ststwo') && !fetched.includes('none'));
});

test('a policy that was had once holds over a restart, when nobody tells it any more', async () => {
  await hearth.stop();
  web.close();
  web.closeAllConnections?.();
  sinks.get('stsgood').context = null; // somebody in between takes STARTTLS away
  await hearth.start();
  await submit(['eve2@stsgood.test', 'eve2@stsnoweb.test'], 'again');
  await eventually(() => deferred('eve2@stsgood.test').some((line) => /TLS is required/.test(line)), 30, 'held back');
  await eventually(() => sinks.get('stsnoweb').mails.length === 3, 30, 'where there was none, it goes');
  await new Promise((done) => web.listen(webPort, WEB, done));
});

// A mail over the port that is TLS from the first byte, with words behind MAIL.
async function submitSecure(to, words, header = '') {
  const from = 'ann@hearth.test';
  const c = await SmtpClient.hello(hearth.port.submissions, { secure: true });
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0${from}\0${PASSWORD}`).toString('base64')}`);
  await c.expect(250, `MAIL FROM:<${from}>${words}`);
  await c.expect(250, `RCPT TO:<${to}>`);
  await c.expect(354, 'DATA');
  await c.expect(250, `From: <${from}>\r\nSubject: x\r\n${header}\r\nhello\r\n.`);
  c.close();
}

const logged = (word, to) => hearth.log.split('\n').filter((line) => line.includes(`queue: ${word}`) && line.includes(` to=${to} `));
const mailTo = (name, to) => sinks.get(name).mails.find((m) => m.to.includes(`<${to}>`));

test('REQUIRETLS: over proven TLS to who offers it, or not at all', async () => {
  sinks.get('ee').offers = ['REQUIRETLS'];
  sinks.get('none').offers = ['REQUIRETLS'];
  sinks.get('unsigned').offers = ['REQUIRETLS'];
  await submitSecure('req@ee.test', ' REQUIRETLS');
  await submitSecure('plain@ee.test', '');
  const refused = [['eesecond.test', /5\.7\.30|does not offer REQUIRETLS/], ['none.test', /has not proven who it is/], ['unsigned.plain', /has not proven who it is/]];
  for (const [domain] of refused) await submitSecure(`req@${domain}`, ' REQUIRETLS', 'TLS-Required: No\r\n');
  await eventually(() => mailTo('ee', 'req@ee.test') && mailTo('ee', 'plain@ee.test'), 30, 'taken');
  assert.match(mailTo('ee', 'req@ee.test').from, / REQUIRETLS/);
  assert.doesNotMatch(mailTo('ee', 'plain@ee.test').from, /REQUIRETLS/);
  for (const [domain, why] of refused) {
    await eventually(() => logged('failed', `req@${domain}`).some((line) => why.test(line)), 30, domain);
    assert.equal(mailTo(domain.split('.')[0], `req@${domain}`), undefined);
  }
});

test('REQUIRETLS: another server of the domain may have what the first lacks', async () => {
  for (const name of ['reqsecond', 'reqthird', 'reqdown']) sinks.get(name).offers = ['REQUIRETLS'];
  sinks.get('reqdown').close();
  const names = SECOND.map(([name]) => name), to = (name) => `req@${name}.test`;
  for (const name of names) await submitSecure(to(name), ' REQUIRETLS');
  await submitSecure('plain@reqsecond.test', '');
  await eventually(() => mailTo('reqsecond', to('reqsecond')) && mailTo('reqthird', to('reqthird')) && mailTo('eesecond', 'plain@reqsecond.test'), 30, 'taken')
    .catch((e) => { throw new Error(`${e.message}\n${hearth.log.slice(-3000)}`); });
  assert.match(mailTo('reqsecond', to('reqsecond')).from, / REQUIRETLS/);
  for (const name of names) assert.equal(mailTo('eesecond', to(name)), undefined);
  // Refused for good by both; or by the first, and who knows of the second.
  await eventually(() => logged('failed', to('reqnone')).some((line) => /does not offer REQUIRETLS/.test(line)), 30, 'refused');
  await eventually(() => logged('deferred', to('reqdown')).some((line) => /does not offer REQUIRETLS/.test(line)), 30, 'put off');
  assert.ok(rowOf(to('reqdown')) && !rowOf(to('reqnone')));
});

test('TLS-Required: No goes where nothing could be proven, and nothing else does', async () => {
  const header = `${`X-Long: ${'0123456789 '.repeat(70)}\r\n`.repeat(30)}TLS-Required: No\r\n`;
  const table = ['eewrong', 'eeplain', 'stsmx', 'forgery'].map((name) => [name, domainOf(name, ALL.find(([own]) => own === name)[1])]);
  await submit(table.map(([, domain]) => `lax@${domain}`), 'lax', { more: header });
  await submit(table.map(([, domain]) => `strict@${domain}`), 'strict');
  hearth.command('queue', 'retry', '--all'); // they are held back since the last failure
  for (const [name, domain] of table) {
    await eventually(() => mailTo(name, `lax@${domain}`), 60, `${name}: without proof`).catch((e) => { throw new Error(`${e.message}\n${hearth.log.slice(-3000)}`); });
    assert.equal(mailTo(name, `strict@${domain}`), undefined);
    assert.ok(rowOf(`strict@${domain}`));
  }
});

// ---- reports (RFC 8460): a day's end is not waited for ----

// What is in a report that came by mail.
function reportIn(text) {
  const [, base64] = /Content-Type: application\/tlsrpt\+gzip\r\n[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(text);
  return JSON.parse(gunzipSync(Buffer.from(base64, 'base64')));
}

test('TLS-RPT: what came of it is told to who asks, by mail and by POST', async () => {
  const open = (name) => sinks.get(name).mails.filter((m) => /TLS-Report-Domain/.test(m.text));
  await eventually(() => hearth.command('reports', 'send').status === 0, 10, 'asked for');
  await eventually(() => open('ee').length && open('none').length === 2 && posted.length, 60, 'reports').catch((e) => { throw new Error(`${e.message}\n${hearth.log.slice(-4000)}`); });
  // As a person would see it: the source of the message.
  const { text } = open('ee')[0];
  assert.match(text, /^From: Hearth <postmaster@hearth\.test>\r$/m);
  assert.match(text, /^Subject: Report Domain: ee\.test\r\n Submitter: hearth\.test\r\n Report-ID: <[^>]+@hearth\.test>\r$/m);
  assert.match(text, /^TLS-Report-Domain: ee\.test\r\nTLS-Report-Submitter: hearth\.test\r\nTLS-Required: No\r$/m);
  assert.match(text, /^Content-Type: multipart\/report; report-type="tlsrpt";\r$/m);
  assert.match(text, /filename="hearth\.test!ee\.test!\d+!\d+\.json\.gz"/);
  const ee = reportIn(text);
  assert.equal(ee['organization-name'], 'hearth.test');
  assert.equal(ee.policies.length, 1);
  assert.equal(ee.policies[0].policy['policy-type'], 'tlsa');
  assert.match(ee.policies[0].policy['policy-string'][0], /^3 1 1 [0-9a-f]{64}$/);
  assert.ok(ee.policies[0].summary['total-successful-session-count'] >= 1);
  assert.equal(ee.policies[0].summary['total-failure-session-count'], 0);
  // Of others that report to the same place.
  const of = (domain) => open('none').map((m) => reportIn(m.text)).find((r) => r.policies[0].policy['policy-domain'] === domain).policies;
  const [wrong] = of('eewrong.test');
  assert.equal(wrong['failure-details'][0]['result-type'], 'tlsa-invalid');
  assert.equal(wrong['failure-details'][0]['receiving-mx-hostname'], 'mx.eewrong.test');
  const [sts] = of('stsstranger.test');
  assert.equal(sts.policy['policy-type'], 'sts');
  assert.deepEqual(sts.policy['mx-host'], ['mx.stsstranger.test']);
  assert.equal(sts['failure-details'][0]['result-type'], 'certificate-host-mismatch');
  assert.ok(sts['failure-details'][0]['failed-session-count'] >= 1);
  // By POST.
  const kinds = posted.map((r) => r.policies.flatMap((p) => (p['failure-details'] || []).map((d) => d['result-type'])).join());
  assert.ok(kinds.some((k) => /sts-policy-fetch-error/.test(k)), kinds.join(' '));
  // Of those that do not ask nothing is kept.
  await eventually(() => !rowsOfSessions(), 20, 'nothing is left');
});

test('DMARC: what came of mail in a domain\'s name is told to who asks and may', async () => {
  for (const domain of ['ee.test', 'stsgood.test', 'stswild.test'])
    for (let i = 0; i < 2; i++) await deliver(hearth.port.smtp, 'ann@hearth.test', `From: <x@${domain}>\r\nSubject: hello & <you>\r\n\r\nx\r\n`, `x@${domain}`);
  assert.equal(hearth.command('reports', 'send').status, 0);
  const open = (name) => sinks.get(name).mails.filter((m) => /Content-Type: application\/gzip/.test(m.text));
  await eventually(() => open('ee').length && open('none').length, 60, 'reports').catch((e) => { throw new Error(`${e.message}\n${hearth.log.slice(-4000)}`); });
  const [{ text }] = open('ee');
  assert.match(text, /^Subject: Report Domain: ee\.test\r\n Submitter: hearth\.test\r\n Report-ID: </m);
  assert.match(text, /filename="hearth\.test!ee\.test!\d+!\d+\.xml\.gz"/);
  const [, base64] = /Content-Type: application\/gzip\r\n[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(text);
  const xml = gunzipSync(Buffer.from(base64, 'base64')).toString();
  assert.match(xml, /<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">/);
  assert.match(xml, /<org_name>hearth\.test<\/org_name><email>postmaster@hearth\.test<\/email>/);
  assert.match(xml, /<policy_published><domain>ee\.test<\/domain>.*<p>none<\/p><sp>quarantine<\/sp>/);
  assert.match(xml, /<source_ip>127\.0\.0\.1<\/source_ip><count>2<\/count><policy_evaluated><disposition>none<\/disposition><dkim>fail<\/dkim><spf>fail<\/spf>/);
  assert.match(xml, /<header_from>ee\.test<\/header_from><envelope_from>ee\.test<\/envelope_from>/);
  assert.match(open('none')[0].text, /Report Domain: stsgood\.test/);
  // The report on TLS of before was no reason for another.
  assert.equal(sinks.get('ee').mails.filter((m) => /TLS-Report-Domain/.test(m.text)).length, 1);
  assert.equal(open('none').length, 1);
  assert.equal(sinks.get('noneplain').mails.filter((m) => /Report Domain/.test(m.text)).length, 0);
});
