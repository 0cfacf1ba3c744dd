// Mail from outside is checked before it is taken: SPF, DKIM and DMARC against zones of the test's own, as
// one table; what is said of it, forged fields, reports' rows, and other programs' verdicts on the same.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually, freePort } from './hearth.mjs';
import { SmtpClient } from './smtp-client.mjs';
import { messages } from './spam-assassin.mjs';

const require = createRequire(import.meta.url);
const { dkimSign } = require('mailauth/lib/dkim/sign');
const { authenticate, sealMessage } = require('mailauth');
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
  ['away', 'TXT', 'v=spf1 a:mx2.forged -all'],
  ['_dmarc.away', 'TXT', 'v=DMARC1; p=reject'],
  ['sealed', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
  ['suffix', 'TXT', 'others register below it'], // (ldns-signzone proves nothing about names that are empty)
  ['_dmarc.suffix', 'TXT', 'v=DMARC1; p=reject; psd=y'],
  ['one.suffix', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
  ['s1._domainkey.list', 'TXT', KEY],
  ['s1._domainkey.sub.list', 'TXT', KEY],
  ['s1._domainkey.other', 'TXT', KEY],
  ['xn--bcher-kva', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
  ['_dmarc.xn--bcher-kva', 'TXT', 'v=DMARC1; p=reject'],
  ['client', 'TXT', `v=spf1 ip4:${CLIENT} -all`],
];

const zone = () => `${RECORDS.map(([name, type, value]) =>
  `${name} ${type} ${type === 'TXT' ? value.match(/.{1,200}/g).map((part) => `"${part.replace(/;/g, '\\;')}"`).join(' ') : value}`).join('\n')}\n`;

// ---- the messages: [what it is, envelope's sender, From, more, what is to be] ----
// more: sign, a list of domains; seal, by whom (ARC) and what was found there; peer; change: after it was signed; header: fields in front

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
  ['a name beyond ASCII', 'a@xn--bcher-kva.test', 'a@b\u00c3\u00bccher.test', {}, { code: 250, spf: 'pass', dmarc: 'pass' }], // in UTF-8
  ['a name beyond ASCII, forged', 'a@plain.test', 'a@B\u00c3\u00bccher.test', {}, { code: 550 }],
  ['no record', 'a@unknown.test', 'a@unknown.test', {}, { code: 250, spf: 'none', dmarc: 'none' }],
  ['below a suffix', 'a@one.suffix.test', 'a@one.suffix.test', {}, { code: 250, spf: 'pass', dmarc: 'pass' }],
  ['below a suffix, from a neighbour', 'a@one.suffix.test', 'a@two.suffix.test', {}, { code: 550 }],
  ['what it names is forged', 'a@away.test', 'a@away.test', {}, { code: 250, spf: 'temperror', dmarc: 'temperror' }],
  ['signatures of its zone do not hold', 'a@forged', 'a@mx2.forged', {}, { code: 250, dmarc: /none|temperror/ }],
  ['a bounce', '', 'a@ok.test', { helo: 'ok.test' }, { code: 250, spf: 'pass', dmarc: 'pass' }],
  ['two authors, one of them forged', 'a@none.test', 'a@none.test, b@ok.test', {}, { code: 550 }],
  ['two fields', 'a@none.test', 'a@none.test\r\nFrom: b@ok.test', {}, { code: 550 }],
  ['a list that is trusted changed it', 'a@list.test', 'a@ok.test', { seal: ['list.test', 'pass'] }, { code: 250, arc: 'pass', dmarc: 'fail' }],
  ['below what is trusted', 'a@list.test', 'a@ok.test', { seal: ['sub.list.test', 'pass'] }, { code: 250, arc: 'pass', dmarc: 'fail' }],
  ['it did not pass there either', 'a@list.test', 'a@ok.test', { seal: ['list.test', 'fail'] }, { code: 550 }],
  ['a list that anybody is', 'a@list.test', 'a@ok.test', { seal: ['other.test', 'pass'] }, { code: 550 }],
  ['a chain that was changed', 'a@list.test', 'a@ok.test', { seal: ['list.test', 'pass'], change: true }, { code: 550 }],
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

async function seal(text, signingDomain, found) {
  const headers = await sealMessage(text, {
    signingDomain, selector: 's1', privateKey, cv: 'none', authResults: `mx.${signingDomain}; dmarc=${found} header.from=ok.test`,
  });
  return headers.toString() + text;
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

before(async () => {
  hearth = new Hearth({ 'mail.trusted': 'none', 'mail.arc_trusted': 'list.test', 'video.reconnect': '0s' });
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
    if (more.seal) text = await seal(text, ...more.seal);
    if (more.change) text = text.replace('Hello.', 'Hello!');
    const reply = await send(sender, text, more);
    const said = `${what}: ${reply.code} ${reply.lines.join(' ')}`;
    assert.equal(reply.code, wanted.code, said);
    if (wanted.enhanced) assert.ok(reply.lines[0].startsWith(`${wanted.enhanced} `), said);
    if (wanted.says) assert.ok(reply.lines.join(' ').includes(wanted.says), said);
    if (reply.code !== 250) continue;
    const found = results(await kept(reply));
    for (const method of ['spf', 'dkim', 'arc', 'dmarc'])
      if (wanted[method] instanceof RegExp) assert.match(found[method][0], wanted[method], `${what}: ${found.field}`);
      else if (wanted[method]) assert.equal(found[method].at(-1 * (method === 'dkim')), wanted[method], `${what}: ${found.field}`);
  }
  const junk = await inMailbox('Junk'), inbox = await inMailbox('INBOX');
  for (const [what, , , , wanted] of MESSAGES) {
    if (wanted.code !== 250) assert.ok(!junk.includes(what) && !inbox.includes(what), what);
    else assert.ok((wanted.junk ? junk : inbox).includes(what), what);
  }
});

// ---- forged fields ----

const sql = (text) => spawnSync('sqlite3', [join(hearth.settings['server.data'], 'mail.db'), '.timeout 5000', text], { encoding: 'utf8' }).stdout.trim();
const FORGED = 'Authentication-Results: hearth.test; dmarc=pass header.from=bank.test\r\n' +
  'authentication-results :\r\n (x) HEARTH.test 1;\r\n\tspf=pass\r\nAuthentication-Results: "hearth.test."; spf=pass\r\n';
const OTHERS = 'Authentication-Results: mx.other.test; dmarc=pass\r\n';

test('a forged field goes, another one stays, and ours stands above what came', async () => {
  const text = compose('forged', 'a@ok.test', { header: FORGED + OTHERS });
  const source = await kept(await send('a@ok.test', text));
  const ours = source.match(/^authentication-results\s*:(\r\n)?[^\r]*hearth\.test/gim);
  assert.equal(ours.length, 1, source);
  assert.match(source, /^Return-Path: <a@ok\.test>\r\nDelivered-To: ann@hearth\.test\r\nAuthentication-Results: hearth\.test;\r\n[^]*\r\nReceived: from /);
  assert.ok(source.endsWith(text.replace(FORGED, '')), source);
});

test('a large one is checked as it lies on the disk, without the forged field', async () => {
  const body = `${'x'.repeat(76)}\r\n`.repeat(9000); // 700 KB
  for (const [size, wanted] of [[1000, 250], [9000, 250], [9000, 550]]) {
    const text = await sign(compose('large', 'a@ok.test', { header: OTHERS }).replace('Hello.\r\n', body.slice(0, size * 78)), ['ok.test']);
    const changed = wanted === 550 ? `${text}more\r\n` : text;
    const reply = await send('a@plain.test', FORGED + changed);
    assert.equal(reply.code, wanted, reply.lines.join(' '));
    if (wanted === 550) continue;
    const source = await kept(reply);
    assert.equal(results(source).dkim[0], 'pass');
    assert.ok(source.endsWith(changed));
    assert.ok(!source.includes('bank.test'));
  }
});

test('what came of it is counted for reports', () => {
  const day = Math.floor(Date.now() / 86400000);
  const rows = sql('SELECT domain, header_from, envelope_from, source, disposition, dkim, spf, reason, count, results FROM dmarc_row ORDER BY id')
    .split('\n').map((line) => line.split('|'));
  const find = (...start) => rows.filter((row) => start.every((value, i) => value === undefined || row[i] === value));
  assert.equal(sql(`SELECT count(*) FROM dmarc_row WHERE day NOT IN (${day}, ${day - 1})`), '0');
  assert.equal(find('ok.test', 'ok.test', 'ok.test', CLIENT, '0', '0', '1', '')[0][8], '2'); // by itself, and with a forged field
  assert.equal(find('ok.test', 'ok.test', 'plain.test', CLIENT, '3', '0', '0').length, 2); // refused: without a signature, and with one that fails
  assert.equal(find('ok.test', 'there.ok.test', 'plain.test', CLIENT, '2').length, 1);
  assert.equal(find('quarantine.test', undefined, 'plain.test', CLIENT, '2').length, 1);
  assert.equal(find('ok.test', 'ok.test', 'list.test', CLIENT, '1', '0', '0', 'trusted_forwarder')[0][8], '2');
  assert.equal(find('none.test', undefined, 'plain.test', CLIENT, '1')[0][7], '');
  assert.equal(find('try.test').length, 0); // which wants no reports
  assert.deepEqual(JSON.parse(find('ok.test', 'ok.test', 'plain.test', CLIENT, '0', '1')[0].slice(9).join('|')), [
    { type: 'dkim', domain: 'ok.test', selector: 's1', result: 'pass' },
    { type: 'spf', domain: 'plain.test', scope: 'mfrom', result: 'fail' },
  ]);
});

// ---- other programs ----

const absolute = () => {
  const all = {};
  for (const [name, type, value] of RECORDS) ((all[`${name}.test`] ||= {})[type] ||= []).push(value);
  return all;
};

const PYSPF = `
import json, sys, spf
given = json.load(sys.stdin)
def look(name, qtype, strict=True, timeout=20, **more):
    name = name.rstrip('.').lower()
    if name.endswith('.forged'): raise spf.TempError('no answer')
    found = given['zone'].get(name, {}).get(qtype, [])
    return [((name, qtype), (v.encode(),) if qtype == 'TXT' else v) for v in found]
spf.DNSLookup = look
print(json.dumps([spf.check2(i=i, s=s, h=h, timeout=60)[0] for i, s, h in given['cases']]))
`;

test('python3-spf says of SPF what we say', async (t) => {
  const cases = MESSAGES.filter(([, , , , wanted]) => wanted.spf);
  const python = spawnSync('/usr/bin/python3', ['-c', PYSPF], {
    input: JSON.stringify({ zone: absolute(), cases: cases.map(([, sender, , more]) => [more.peer || CLIENT, sender, more.helo || 'client.test']) }),
    encoding: 'utf8',
  });
  if (/No module named 'spf'/.test(python.stderr)) return t.skip('python3-spf is not there');
  assert.equal(python.status, 0, python.stderr);
  assert.deepEqual(JSON.parse(python.stdout), cases.map(([, , , , wanted]) => wanted.spf));
});

test('mailauth says of SPF, DKIM and DMARC what we say', async () => {
  const zoneOf = absolute();
  const resolver = async (name, type) => {
    if (name.endsWith('.forged')) throw Object.assign(new Error('no answer'), { code: 'ETIMEOUT' });
    const found = zoneOf[name.toLowerCase()]?.[type];
    if (!found) throw Object.assign(new Error('not there'), { code: 'ENOTFOUND' });
    return type === 'TXT' ? found.map((value) => [value]) : found;
  };
  let compared = 0;
  for (const [what, sender, from, more, wanted] of MESSAGES) {
    if (from === null || /zone|authors|two fields|suffix|very domain|beyond/.test(what) || more.seal) continue; // it goes by a list of suffixes, and takes strict for relaxed
    const text = more.sign ? await sign(compose(what, from, more), more.sign) : compose(what, from, more);
    const found = await authenticate(more.change ? text.replace('Hello.', 'Hello!') : text, {
      ip: more.peer || CLIENT, helo: more.helo || 'client.test', sender, mta: 'hearth.test', resolver, disableBimi: true, disableArc: true,
    });
    const refused = wanted.code === 550;
    if (wanted.spf) assert.equal(found.spf.status.result, wanted.spf, `${what}: SPF`);
    if (wanted.dkim) assert.equal(found.dkim.results.at(-1)?.status.result || 'none', wanted.dkim, `${what}: DKIM`);
    if (wanted.dmarc !== 'temperror' && !(wanted.dmarc instanceof RegExp)) assert.equal(found.dmarc ? found.dmarc.status.result : 'none', refused ? 'fail' : wanted.dmarc, `${what}: DMARC`);
    compared++;
  }
  assert.ok(compared > 20);
});

// ---- a DNS that does not answer ----

const stay = async (peer, sender, text) => {
  const client = await SmtpClient.connect(hearth.port.smtp, { localAddress: peer });
  await client.expect(250, 'EHLO client.test');
  return { client, reply: client.mail(sender, 'ann@hearth.test', text) };
};

test('who has a slow DNS keeps nobody else waiting, and may go', async () => {
  await send('a@ok.test', compose('known', 'a@ok.test', {})); // what is asked for it is known from here on
  names.kill('SIGSTOP');
  try {
    // One network: 20 of it are under way, and the others wait for a place.
    const slow = [];
    for (let i = 0; i < 25; i++) slow.push(await stay(`127.0.7.${i + 1}`, `a@slow${i}.test`, compose(`slow ${i}`, `a@slow${i}.test`, {})));
    const gone = slow.splice(3, 2).concat(slow.splice(-1)); // of those under way, and of those that wait
    for (const { client, reply } of gone) {
      reply.catch(() => {});
      client.socket.destroy();
    }
    for (let i = 0; i < 3; i++) assert.equal((await send('a@ok.test', compose(`quick ${i}`, 'a@ok.test', {}))).code, 250);
    assert.equal(slow.filter(({ client }) => client.replies.length).length, 0);
    // Five networks have all places: the last of them are not waited for as long as the first.
    for (let i = 0; i < 80; i++) slow.push(await stay(`127.0.${8 + Math.floor(i / 20)}.${i + 1}`, `a@many${i}.test`, compose(`many ${i}`, `a@many${i}.test`, {})));
    await new Promise((done) => setTimeout(done, 1000)); // until they have said all
    assert.equal((await send('a@ok.test', compose('not put off', 'a@ok.test', {}))).code, 250);
    assert.equal(slow.slice(0, 15).filter(({ client }) => client.replies.length).length, 0);
    names.kill('SIGCONT');
    for (const { client, reply } of slow) {
      assert.equal((await reply).code, 250);
      client.socket.destroy();
    }
  } finally {
    names.kill('SIGCONT');
  }
});

test('who is trusted or logged in is not checked; only looking does nothing', async () => {
  await hearth.stop();
  Object.assign(hearth.settings, { 'mail.trusted': '192.0.2.0/24 127.0.0.6/32', 'mail.dmarc': 'report' });
  await hearth.start();
  const forged = compose('from a trusted network', 'a@ok.test', { header: FORGED });
  const source = await kept(await send('a@plain.test', forged, { peer: '127.0.0.6' }));
  assert.ok(!/^authentication-results/im.test(source), source);
  const client = await SmtpClient.hello(hearth.port.submission);
  await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  const own = await kept(await client.mail('ann@hearth.test', 'ann@hearth.test', compose('from a person', 'ann@hearth.test', { header: FORGED })));
  client.socket.destroy();
  assert.ok(!/^authentication-results/im.test(own), own);
  assert.equal(results(await kept(await send('a@plain.test', compose('only looked at', 'a@ok.test', {})))).dmarc[0], 'fail');
  assert.ok((await inMailbox('INBOX')).includes('only looked at'));
  assert.equal(sql("SELECT disposition || reason FROM dmarc_row WHERE reason LIKE 'local%' AND domain = 'ok.test'"), '1local_policy');
});

// Answers all questions the same: SERVFAIL, which is sooner known than silence, or that there is nothing; or
// not at all.
async function oneAnswer(t) {
  const server = createSocket('udp4', (question, from) => {
    const answer = Buffer.from(question), root = question[12] === 0;
    if (server.rcode === undefined) return;
    answer.writeUInt16BE(0x8180 | (server.rcode === 3 && root ? 0 : server.rcode), 2);
    server.send(answer, from.port, from.address);
  });
  await new Promise((done) => server.bind(dns, '127.0.0.1', done));
  t.after(() => server.close());
  return server;
}

test('of real mail the authors are those whom mailauth finds', async (t) => {
  names.kill();
  await new Promise((done) => names.on('exit', done));
  (await oneAnswer(t)).rcode = 3;
  await hearth.stop();
  Object.assign(hearth.settings, { 'mail.dmarc': 'enforce', 'mail.trusted': 'none' });
  delete hearth.settings['dns.anchor']; // this one proves nothing
  await hearth.start();
  const resolver = async () => { throw Object.assign(new Error('not there'), { code: 'ENOTFOUND' }); };
  const client = await SmtpClient.connect(hearth.port.smtp, { localAddress: CLIENT });
  let compared = 0, wrong = [];
  await client.expect(250, 'EHLO client.test');
  for (const { name, bytes } of messages().filter((_, i) => i % 200 === 0)) {
    const reply = await client.mail('a@ok.test', 'ann@hearth.test', bytes);
    if (reply.code === 554) continue; // it has NUL in it
    const { field } = results(await kept(reply));
    const theirs = (await authenticate(bytes, { ip: CLIENT, helo: 'client.test', sender: 'a@ok.test', mta: 'x', resolver, disableBimi: true, disableArc: true })).dmarc;
    const ours = /dmarc=(\w+)(?: \([^)]*\))?(?: header\.from=(\S+))?/.exec(field);
    compared++;
    const organization = theirs?.status.header.from; // by its list
    if (ours[2] !== organization && !ours[2]?.endsWith(`.${organization}`)) wrong.push(`${name}: ${field}, mailauth ${theirs?.status.header.from}`);
  }
  client.socket.destroy();
  assert.deepEqual(wrong, []);
  assert.ok(compared > 20);
});

test('without a name server mail is taken, or put off where that is wanted', async (t) => {
  (await oneAnswer(t)).rcode = 2;
  await hearth.stop();
  await hearth.start();
  const found = results(await kept(await send('a@ok.test', compose('nobody knows', 'a@ok.test', {}))));
  assert.equal(found.spf[0], 'temperror');
  assert.equal(found.dmarc[0], 'temperror');
  assert.ok((await inMailbox('INBOX')).includes('nobody knows'));
  await hearth.stop();
  hearth.settings['mail.dmarc_temperror'] = 'defer';
  await hearth.start();
  const reply = await send('a@ok.test', compose('later', 'a@ok.test', {}));
  assert.equal(reply.code, 451);
  assert.ok(reply.lines[0].startsWith('4.7.0 '));
  assert.ok(!(await inMailbox('INBOX')).includes('later'));
});

test('a stop amid the checks is clean, and nobody has been told that it was taken', async (t) => {
  await oneAnswer(t);
  await hearth.stop();
  hearth.settings['server.drain'] = '1s';
  await hearth.start();
  const waiting = [];
  for (let i = 0; i < 22; i++) waiting.push(await stay(CLIENT, 'a@ok.test', compose(`stopped ${i}`, 'a@ok.test', {}))); // two without a place
  const told = Promise.all(waiting.map(({ reply }) => reply.then((r) => r.code, () => 0)));
  await hearth.stop();
  const codes = await told;
  assert.ok(!codes.includes(250), codes.join());
  assert.ok(codes.every((code) => [0, 421, 451, 452].includes(code)), codes.join());
});
