// Mail from outside is checked before it is taken: SPF, DKIM and DMARC against zones of the test's own, as
// one table; what is said of it, forged fields, reports' rows, and other programs' verdicts on the same.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { SmtpClient } from './smtp-client.mjs';

const require = createRequire(import.meta.url);
const { dkimSign } = require('mailauth/lib/dkim/sign');
const { authenticate } = require('mailauth');
const PASSWORD = 'correct-horse-battery';
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const KEY = `v=DKIM1; k=rsa; p=${publicKey.toString('base64')}`;
const CLIENT = '127.0.0.5'; // who may send for most domains
let hearth, names, token, dns, dir;

// ---- the zone test.: [name, type, value] ----

const RECORDS = [
  ['ok', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
  ['_dmarc.ok', 'TXT', 'v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:dmarc@ok.test'],
  ['s1._domainkey.ok', 'TXT', KEY],
  ['there.ok', 'A', '192.0.2.7'],
  ['there.ok', 'TXT', 'v=spf1 include:ok.test -all'],
  ['quarantine', 'TXT', `v=spf1 a:host.quarantine.test ~all`],
  ['host.quarantine', 'A', CLIENT],
  ['_dmarc.quarantine', 'TXT', 'v=DMARC1; p=quarantine; rua=mailto:dmarc@quarantine.test'],
  ['s1._domainkey.quarantine', 'TXT', KEY],
  ['none', 'TXT', 'v=spf1 redirect=ok.test'],
  ['_dmarc.none', 'TXT', 'v=DMARC1; p=none; rua=mailto:dmarc@none.test'],
  ['try', 'TXT', 'v=spf1 -all'],
  ['_dmarc.try', 'TXT', 'v=DMARC1; p=reject; t=y'],
  ['strict', 'TXT', 'v=spf1 -all exp=why.strict.test'],
  ['why.strict', 'TXT', 'not from %{i}'],
  ['_dmarc.strict', 'TXT', 'v=DMARC1; p=reject; adkim=s; aspf=s'],
  ['s1._domainkey.strict', 'TXT', KEY],
  ['s1._domainkey.sub.strict', 'TXT', KEY],
  ['plain', 'TXT', 'v=spf1 -all'],
  ['many', 'TXT', `v=spf1${' include:plain.test'.repeat(11)} ?all`],
  ['_dmarc.many', 'TXT', 'v=DMARC1; p=quarantine'],
  ['two', 'TXT', 'v=spf1 +all'],
  ['two', 'TXT', 'v=spf1 -all'],
  ['away', 'TXT', 'v=spf1 include:x.dead -all'],
  ['_dmarc.away', 'TXT', 'v=DMARC1; p=reject'],
  ['sealed', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
  ['suffix', 'TXT', 'others register below it'], // (ldns-signzone proves nothing about names that are empty)
  ['_dmarc.suffix', 'TXT', 'v=DMARC1; p=reject; psd=y'],
  ['one.suffix', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
  ['client', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
];

const zone = () => `${RECORDS.map(([name, type, value]) =>
  `${name} ${type} ${type === 'TXT' ? value.match(/.{1,200}/g).map((part) => `"${part.replace(/;/g, '\\;')}"`).join(' ') : value}`).join('\n')}\n`;

// ---- the messages: [what it is, envelope's sender, From, more, what is to be] ----
// more: sign, a list of domains; peer; change: after it was signed; header: fields in front

const MESSAGES = [
  ['spf alone', 'a@ok.test', 'a@ok.test', {}, { code: 250, spf: 'pass', dkim: 'none', dmarc: 'pass' }],
  ['dkim alone', 'a@plain.test', 'a@ok.test', { sign: ['ok.test'] }, { code: 250, spf: 'fail', dkim: 'pass', dmarc: 'pass' }],
  ['neither', 'a@plain.test', 'a@ok.test', {}, { code: 550, enhanced: '5.7.26' }],
  ['another domain passes', 'a@none.test', 'a@ok.test', {}, { code: 550, enhanced: '5.7.1' }],
  ['from another address', 'a@ok.test', 'a@ok.test', { peer: '127.0.0.6' }, { code: 550, enhanced: '5.7.26' }],
  ['changed after it was signed', 'a@plain.test', 'a@ok.test', { sign: ['ok.test'], change: true }, { code: 550 }],
  ['a redirect', 'a@none.test', 'a@none.test', {}, { code: 250, spf: 'pass', dmarc: 'pass' }],
  ['none is wanted', 'a@plain.test', 'a@none.test', {}, { code: 250, dmarc: 'fail' }],
  ['quarantine', 'a@plain.test', 'a@quarantine.test', {}, { code: 250, dmarc: 'fail', junk: true }],
  ['softfail is no pass', 'a@quarantine.test', 'a@quarantine.test', { peer: '127.0.0.6' }, { code: 250, spf: 'softfail', dmarc: 'fail', junk: true }],
  ['a host of its own', 'a@quarantine.test', 'a@quarantine.test', {}, { code: 250, spf: 'pass', dmarc: 'pass' }],
  ['it is only tried', 'a@plain.test', 'a@try.test', {}, { code: 250, dmarc: 'fail', junk: true }],
  ['relaxed below the organization', 'a@there.ok.test', 'a@ok.test', {}, { code: 250, dmarc: 'pass' }],
  ['a subdomain that is there', 'a@plain.test', 'a@there.ok.test', {}, { code: 250, dmarc: 'fail', junk: true }],
  ['a subdomain that is not', 'a@plain.test', 'a@nowhere.ok.test', {}, { code: 550 }],
  ['strict wants the very domain', 'a@plain.test', 'a@strict.test', { sign: ['sub.strict.test'] }, { code: 550, enhanced: '5.7.1' }],
  ['strict has it', 'a@plain.test', 'a@strict.test', { sign: ['sub.strict.test', 'strict.test'] }, { code: 250, dkim: 'pass', dmarc: 'pass' }],
  ['its owner says why', 'a@strict.test', 'a@strict.test', {}, { code: 550, says: 'not from 127.0.0.5' }],
  ['no policy', 'a@plain.test', 'a@plain.test', {}, { code: 250, spf: 'fail', dmarc: 'none' }],
  ['too many look-ups', 'a@many.test', 'a@many.test', {}, { code: 250, spf: 'permerror', dmarc: 'fail', junk: true }],
  ['two records', 'a@two.test', 'a@two.test', {}, { code: 250, spf: 'permerror', dmarc: 'none' }],
  ['no record', 'a@unknown.test', 'a@unknown.test', {}, { code: 250, spf: 'none', dmarc: 'none' }],
  ['below a suffix', 'a@one.suffix.test', 'a@one.suffix.test', {}, { code: 250, spf: 'pass', dmarc: 'pass' }],
  ['below a suffix, from a neighbour', 'a@one.suffix.test', 'a@two.suffix.test', {}, { code: 550 }],
  ['its name server is gone', 'a@away.test', 'a@away.test', {}, { code: 250, spf: 'temperror', dmarc: 'temperror' }],
  ['signatures of its zone do not hold', 'a@forged', 'a@mx2.forged', {}, { code: 250, dmarc: /none|temperror/ }],
  ['a bounce', '', 'a@ok.test', { helo: 'ok.test' }, { code: 250, spf: 'pass', dmarc: 'pass' }],
  ['two authors, one of them forged', 'a@none.test', 'a@none.test, b@ok.test', {}, { code: 550 }],
  ['two fields', 'a@none.test', 'a@none.test\r\nFrom: b@ok.test', {}, { code: 550 }],
  ['no author', 'a@none.test', null, {}, { code: 250, dmarc: 'permerror', junk: true }],
];

const compose = (subject, from, more) => `${more.header || ''}${from === null ? '' : `From: ${from}\r\n`}To: ann@hearth.test\r\nSubject: ${subject}\r\n` +
  'Date: Sat, 28 Nov 2026 15:00:00 +0000\r\nMessage-ID: <1@x.test>\r\n\r\nHello.\r\n';

async function sign(text, domains) {
  const { signatures } = await dkimSign(text, {
    canonicalization: 'relaxed/relaxed',
    signatureData: domains.map((signingDomain) => ({ signingDomain, selector: 's1', privateKey })),
  });
  return signatures + text;
}

async function send(sender, text, { peer = CLIENT, helo = 'client.test' } = {}) {
  const client = await SmtpClient.connect(hearth.port.smtp, { localAddress: peer });
  try {
    await client.expect(250, `EHLO ${helo}`);
    return await client.mail(sender, 'ann@hearth.test', text);
  } finally {
    client.close?.();
    client.socket.destroy();
  }
}

async function kept(reply) {
  const [, id] = /kept as (\d+)/.exec(reply.lines[0]);
  const answer = await hearth.api('GET', `/api/mail/messages/${id}/source`, undefined, { Authorization: `Bearer ${token}` });
  assert.equal(answer.status, 200);
  return answer.body;
}

// Our field of a message that was kept: {spf: [...], dkim: [...], dmarc: [...]}, and as it stands there.
function results(source) {
  const header = source.slice(0, source.indexOf('\r\n\r\n') + 2).replace(/\r\n[ \t]+/g, ' ');
  const [field] = header.split('\r\n').filter((line) => /^authentication-results: hearth\.test;/i.test(line));
  const all = { field };
  for (const [, method, word] of field.matchAll(/; (\w+)=(\w+)/g)) (all[method] ||= []).push(word);
  return all;
}

async function inMailbox(mailbox) {
  const { body } = await hearth.api('GET', `/api/mail/messages?mailbox=${mailbox}&limit=200`, undefined, { Authorization: `Bearer ${token}` });
  return (body.messages || []).map((m) => m.subject);
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

before(async () => {
  hearth = new Hearth({ 'mail.trusted': 'none', 'video.reconnect': '0s' });
  dir = join(hearth.dir, 'dns');
  dns = await freePort();
  mkdirSync(dir);
  writeFileSync(join(dir, 'zone-add'), zone());
  names = spawn(resolve('tests/dns/serve.sh'), [dir, String(dns)], { stdio: 'ignore' });
  Object.assign(hearth.settings, { 'dns.server': `127.0.0.1:${dns}`, 'dns.anchor': join(dir, 'anchor') });
  await eventually(() => existsSync(join(dir, 'ready')), 60, 'the zones');
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
  token = await hearth.login('ann@hearth.test', PASSWORD);
});

after(async () => {
  names?.kill();
  await hearth?.remove();
});

test('a mail is done with as its author wants', async () => {
  for (const [what, sender, from, more, wanted] of MESSAGES) {
    let text = compose(what, from, more);
    if (more.sign) text = await sign(text, more.sign);
    if (more.change) text = text.replace('Hello.', 'Hello!');
    const reply = await send(sender, text, more);
    const said = `${what}: ${reply.code} ${reply.lines.join(' ')}`;
    assert.equal(reply.code, wanted.code, said);
    if (wanted.enhanced) assert.ok(reply.lines[0].startsWith(`${wanted.enhanced} `), said);
    if (wanted.says) assert.ok(reply.lines.join(' ').includes(wanted.says), said);
    if (reply.code !== 250) continue;
    const found = results(await kept(reply));
    for (const method of ['spf', 'dkim', 'dmarc'])
      if (wanted[method] instanceof RegExp) assert.match(found[method][0], wanted[method], `${what}: ${found.field}`);
      else if (wanted[method]) assert.equal(found[method].at(-1 * (method === 'dkim')), wanted[method], `${what}: ${found.field}`);
  }
  const junk = await inMailbox('Junk'), inbox = await inMailbox('INBOX');
  for (const [what, , , , wanted] of MESSAGES) {
    if (wanted.code !== 250) assert.ok(!junk.includes(what) && !inbox.includes(what), what);
    else assert.ok((wanted.junk ? junk : inbox).includes(what), what);
  }
});
