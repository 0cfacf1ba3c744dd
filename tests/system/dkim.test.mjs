// DKIM: what the server sends is signed, and other people's programs agree; keys change while mail flows;
// and what others sign, this one verifies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BIN, Hearth, eventually } from './hearth.mjs';
import { NameServer } from './name-server.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const require = createRequire(import.meta.url);
const { dkimSign } = require('mailauth/lib/dkim/sign');
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const PASSWORD = 'correct-horse-battery';
const PYTHON = '/usr/bin/python3'; // Debian's, which has python3-dkim
let hearth, names, sink;
const taken = [];
let chained; // a mail with a chain of two hops

// A server that takes everything.
function serve(socket) {
  let rest = '', text = null;
  const command = (line) => {
    if (/^DATA/i.test(line)) text = '';
    socket.write(/^EHLO/i.test(line) ? '250-x\r\n250 PIPELINING\r\n' : /^DATA/i.test(line) ? '354 go\r\n' : /^QUIT/i.test(line) ? '221 bye\r\n' : '250 ok\r\n');
  };
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    rest += bytes.toString('latin1');
    for (let at; (at = rest.indexOf('\r\n')) >= 0;) {
      const line = rest.slice(0, at);
      rest = rest.slice(at + 2);
      if (text === null) command(line);
      else if (line === '.') {
        taken.push(text);
        text = null;
        socket.write('250 taken\r\n');
      } else text += `${line.replace(/^\./, '')}\r\n`;
    }
  });
  socket.write('220 sink\r\n');
}

before(async () => {
  names = await new NameServer().start();
  names.add('sink.test MX 10 host.sink.test');
  names.add('host.sink.test A 127.0.0.1');
  sink = createServer(serve);
  await new Promise((done) => sink.listen(0, '127.0.0.1', done));
  hearth = new Hearth({ 'mail.trusted': 'none', 'queue.private': 'yes', 'queue.retry': '1s', 'queue.port': String(sink.address().port), 'dns.server': names.address, 'mail.domains': 'hearth.test,other.test', 'server.hostname': 'mail.hearth.test' });
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
});

after(async () => {
  sink.close();
  names.stop();
  await hearth.remove();
});

async function submit(subject, { header = '', body = 'hello\r\n', from = 'ann@hearth.test', to = 'bob@sink.test', hold = '' } = {}) {
  const c = await SmtpClient.hello(hearth.port.submission);
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  const answer = await c.mail('ann@hearth.test', to, `From: Ann <${from}>\r\nTo: bob@sink.test\r\nSubject: ${subject}\r\nDate: Sat, 1 Jan 2000 00:00:00 +0000\r\nMessage-ID: <${subject.replace(/\W/g, '')}@hearth.test>\r\n${header}\r\n${body}`, hold);
  c.close();
  assert.equal(answer.code, 250);
}

// A program beside the server. This process answers meanwhile: it is the name server and the sink.
async function run(program, args, input = '') {
  const child = spawn(program, args);
  let stdout = '', stderr = '';
  child.stdout.on('data', (bytes) => { stdout += bytes; });
  child.stderr.on('data', (bytes) => { stderr += bytes; });
  child.stdin.on('error', () => {}).end(input);
  await new Promise((done) => child.on('close', done));
  return { status: child.exitCode, lines: stdout.split('\n').filter(Boolean), stderr };
}

const command = (...args) => run(BIN, [...args, ...hearth.args()]);

const received = (subject) => eventually(() => taken.find((text) => text.includes(`Subject: ${subject}\r\n`)), 30, subject);
// The selectors of a domain's keys in a state.
async function keys(state, domain = 'hearth.test') {
  const { lines } = await command('dkim', 'list', domain);
  return lines.map((line) => line.split('\t')).filter((key) => key[3] === state).map(([, selector]) => selector);
}
async function publish() {
  const { lines } = await command('dns');
  for (const key of [...names.records.keys()]) if (key.includes('_domainkey') && !key.includes('peer.test')) names.records.delete(key);
  for (const line of lines) if (line.includes('._domainkey.')) names.add(line);
}
const selectors = (text) => [...text.matchAll(/^DKIM-Signature:[^]*?\bs=([\w-]+);/gm)].map(([, s]) => s);

// What python3-dkim says of each of the signatures, by the records that are published.
const VERIFY = `
import sys, json, dkim
job = json.loads(sys.stdin.read())
look = lambda name, timeout=5: (job['zone'].get(name.decode().rstrip('.').lower()) or [''])[0].encode() or None
out, chains = [], []
for text in job['texts']:
    chains.append(dkim.arc_verify(text.encode('latin1'), dnsfunc=look)[0].decode())
    d = dkim.DKIM(text.encode('latin1'))
    n = len([h for h, v in d.headers if h.lower() == b'dkim-signature'])
    out.append([bool(d.verify(idx=i, dnsfunc=look)) for i in range(n)])
print(json.dumps([out, chains]))
`;
async function byPython(...texts) {
  const zone = {};
  for (const [key, values] of names.records) if (key.endsWith(' txt')) zone[key.slice(0, -4)] = values;
  const { status, lines, stderr } = await run(PYTHON, ['-c', VERIFY], JSON.stringify({ zone, texts }));
  assert.equal(status, 0, stderr);
  const [signatures, chains] = JSON.parse(lines[0]);
  return { signatures, chains };
}

// And mailauth.
async function byMailauth(text) {
  const resolver = async (name, type) => {
    const values = names.records.get(`${name.replace(/\.$/, '')} ${type}`.toLowerCase());
    if (!values) throw Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' });
    return values.map((value) => [value]);
  };
  const { results } = await dkimVerify(Buffer.from(text, 'latin1'), { resolver });
  return results.map(({ status }) => status.result === 'pass');
}

async function byUs(...texts) {
  const files = texts.map((text, i) => join(hearth.dir, `mail-${i}`));
  texts.forEach((text, i) => writeFileSync(files[i], Buffer.from(text, 'latin1')));
  const { status, lines } = await command('dkim', 'verify', ...files);
  assert.equal(status, 0);
  return lines.map((line) => line.split('\t'));
}

test('mail for elsewhere has a signature of each kind, which python3-dkim and we ourselves find good', async () => {
  const mails = [
    ['plain', {}],
    ['empty', { body: '' }],
    ['dots', { body: '.\r\n..\r\nx\r\n.\r\n' }],
    ['spaces', { body: 'a  b\t \r\n \r\n\r\n\r\n', header: 'Cc: one@sink.test,\r\n\ttwo@sink.test\r\nX-Other:   y  \r\n' }],
    ['no end', { body: 'no line end' }],
    ['large', { body: `${'x'.repeat(70)}\r\n`.repeat(3000) }],
    ['halves', { body: 'a\nb\rc\r\n' }],
    ['twice', { header: 'Reply-To: a@hearth.test\r\nReply-To: b@hearth.test\r\n' }],
  ];
  for (const [subject, how] of mails) await submit(subject, how);
  await publish();
  const texts = [];
  for (const [subject] of mails) {
    const text = await received(subject);
    assert.equal(selectors(text).length, 2, subject);
    assert.deepEqual(await byMailauth(text), [true, true], subject);
    texts.push(text);
  }
  assert.deepEqual((await byPython(...texts)).signatures, mails.map(() => [true, true]));
  for (const [file, result, domain, , , why] of await byUs(...texts)) assert.deepEqual([result, domain], ['dkim=pass', 'hearth.test'], `${file}: ${why}`);
  assert.equal((await keys('signs')).length, 2);
  // A domain that is an alias of one of ours has keys of its own; a stranger's has none.
  assert.equal((await command('alias', 'add', '@alias.test', '@hearth.test')).status, 0);
  await submit('by alias', { from: 'ann@alias.test' });
  assert.match(await received('by alias'), /\bd=alias\.test;/);
  const { lines } = await command('dns');
  assert.ok(lines.some((line) => /^alias\.test\. IN MX /.test(line)) && lines.some((line) => /\._domainkey\.alias\.test\. IN TXT "v=DKIM1; /.test(line)), lines.join('\n'));
});

// ---- what others sign ----

const shapes = [
  'From: a@peer.test\r\nTo: b@x.test\r\nSubject: plain\r\nDate: Sat, 1 Jan 2000 00:00:00 +0000\r\nMessage-ID: <1@peer.test>\r\n\r\nHello\r\n',
  'From: a@peer.test\r\nSubject:  folded\r\n\t twice \r\n  over\r\nTO:  b@x.test\r\nDate: Sat, 1 Jan 2000 00:00:00 +0000\r\nMessage-ID: <2@peer.test>\r\n\r\n a  b \t\r\n\r\n .\r\n \r\n\r\n\r\n',
  'From: a@peer.test\r\nTo: one@x.test\r\nTo: two@x.test\r\nSubject: empty\r\nDate: Sat, 1 Jan 2000 00:00:00 +0000\r\nMessage-ID: <3@peer.test>\r\n\r\n',
];
const keyPair = (type, options) => {
  const { publicKey, privateKey } = generateKeyPairSync(type, { ...options, publicKeyEncoding: { type: 'spki', format: 'der' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  return { half: (type === 'rsa' ? publicKey : publicKey.subarray(-32)).toString('base64'), privateKey };
};

// By python3-dkim, in every canonical form, both kinds of key, with l=; and chains of one and two hops.
const SIGN = `
import sys, json, base64, dkim
job = json.loads(sys.stdin.read())
rsa, ed = job['rsa'].encode(), job['ed'].encode()
out = []
def sign(m, h, b, a, key, sel, **more):
    m = m.encode('latin1')
    return (dkim.sign(m, sel, b'peer.test', key, canonicalize=(h, b), signature_algorithm=a, include_headers=[b'from', b'to', b'subject', b'date', b'from'], **more) + m).decode('latin1')
for m in job['shapes']:
    for h in (b'simple', b'relaxed'):
        for b in (b'simple', b'relaxed'):
            out.append(sign(m, h, b, b'rsa-sha256', rsa, b'rsa'))
    out.append(sign(m, b'relaxed', b'simple', b'ed25519-sha256', ed, b'ed'))
part = sign(job['shapes'][0], b'relaxed', b'relaxed', b'rsa-sha256', rsa, b'rsa', length=True)
out.append(part)
out.append(part + 'added\\r\\n')
chains = []
m = job['shapes'][0].encode('latin1')
for hop in (b'none', b'pass'):
    me = hop + b'.peer.test'
    m = b'Authentication-Results: ' + me + b'; arc=' + hop + b'; dkim=none\\r\\n' + m
    sets = dkim.arc_sign(m, b'rsa', b'peer.test', rsa, me)
    m = b''.join(sets) + m
    chains.append(m.decode('latin1'))
print(json.dumps({'signed': out, 'chains': chains}))
`;

test('what python3-dkim and mailauth sign, we find good; and broken, what was changed', async () => {
  const rsa = keyPair('rsa', { modulusLength: 2048 }), ed = keyPair('ed25519', {});
  names.add(`rsa._domainkey.peer.test TXT "v=DKIM1; k=rsa; p=${rsa.half}"`);
  names.add(`ed._domainkey.peer.test TXT "v=DKIM1; k=ed25519; p=${ed.half}"`);
  const seed = Buffer.from(ed.privateKey.split('\n')[1], 'base64').subarray(-32).toString('base64');
  const { status, lines, stderr } = await run(PYTHON, ['-c', SIGN], JSON.stringify({ rsa: rsa.privateKey, ed: seed, shapes }));
  assert.equal(status, 0, stderr);
  const { signed, chains } = JSON.parse(lines[0]);
  chained = chains[1];
  const others = [];
  for (const shape of shapes) for (const canonicalization of ['relaxed/relaxed', 'simple/simple']) {
    const { signatures, errors } = await dkimSign(shape, { canonicalization, signatureData: [{ signingDomain: 'peer.test', selector: 'rsa', privateKey: rsa.privateKey }, { signingDomain: 'peer.test', selector: 'ed', privateKey: ed.privateKey }] });
    assert.deepEqual(errors, []);
    others.push(signatures + shape);
  }
  const good = [...signed, ...others];
  const broken = [...signed.slice(0, -2), ...others].map((text) => text.replace(/^Subject: /m, 'Subject: x'));
  const found = await byUs(...good, ...broken, ...chains, chains[1].replace('Hello', 'hello'), chains[1].replace('arc=none', 'arc=pass'));
  const of = (i) => found.filter(([file]) => file.endsWith(`mail-${i}`));
  good.forEach((text, i) => of(i).forEach(([, result, , , , why]) => assert.equal(result, 'dkim=pass', `${i}: ${why}\n${text}`)));
  assert.match(of(signed.length - 1)[0][5], /7 bytes at the end are not signed/);
  broken.forEach((text, i) => of(good.length + i).forEach(([, result]) => assert.equal(result, 'dkim=fail', text)));
  const arc = [0, 1, 2, 3].map((i) => of(good.length + broken.length + i).find(([, result]) => result.startsWith('arc=')));
  assert.deepEqual(arc.map(([, result, , sets]) => [result, sets]), [['arc=pass', '1 sets'], ['arc=pass', '2 sets'], ['arc=fail', '2 sets'], ['arc=fail', '2 sets']]);
});

test('what is sent on has a set of ours on the chain it came with, or the first; python3-dkim finds both good', async () => {
  assert.equal((await command('alias', 'add', 'on@hearth.test', 'bob@sink.test')).status, 0);
  const plain = shapes[0].replace('Subject: plain', 'Subject: without');
  await deliver(hearth.port.smtp, 'on@hearth.test', plain, 'a@peer.test');
  await deliver(hearth.port.smtp, 'on@hearth.test', chained.replace(/^/, 'X-Way: on\r\n'), 'a@peer.test');
  const texts = [await received('without'), await eventually(() => taken.find((text) => text.includes('X-Way: on')), 30, 'the chain')];
  assert.deepEqual(texts.map((text) => /^ARC-Seal: (i=\d)[^]*?(cv=\w+)/m.exec(text)?.slice(1)), [['i=1', 'cv=none'], ['i=3', 'cv=pass']]);
  await publish();
  // Its author is somebody else: no signature of ours.
  assert.deepEqual(await byPython(...texts), { signatures: [[], []], chains: ['pass', 'pass'] });
  const found = await byUs(...texts);
  assert.deepEqual(found.filter(([, result]) => result.startsWith('arc=')).map(([, result, , sets]) => [result, sets]), [['arc=pass', '1 sets'], ['arc=pass', '3 sets']]);
});

test('what somebody here writes to people who have it sent on is signed, also where it has waited', async () => {
  hearth.addUser('fay@hearth.test', PASSWORD);
  const headers = { Authorization: `Bearer ${await hearth.login('fay@hearth.test', PASSWORD)}` };
  const { body: me } = await hearth.api('GET', '/api/auth/me', undefined, headers);
  const { status, stderr } = await run('sqlite3', [join(hearth.settings['server.data'], 'mail.db'), '.timeout 5000',
    `INSERT INTO forward (account, address, keep, confirmed, hash, asked_ms) VALUES (${me.id}, 'fay@sink.test', 1, 1, '', 0)`]);
  assert.equal(status, 0, stderr);
  const to = 'fay@hearth.test', large = `${'x'.repeat(70)}\r\n`.repeat(5000), texts = [];
  await submit('for fay', { to });
  await submit('large for fay', { to, body: large });
  await submit('later for fay', { to, hold: ' HOLDFOR=1' });
  for (const subject of ['for fay', 'large for fay', 'later for fay']) texts.push(await received(subject));
  // With somebody elsewhere among its recipients it has a signature already.
  await submit('later for both', { to: [to, 'bob@sink.test'], hold: ' HOLDFOR=1' });
  texts.push(await eventually(() => taken.find((text) => /Subject: later for both\r\n/.test(text) && /^Delivered-To: fay@/m.test(text)), 30, 'the one sent on'));
  for (const text of texts) {
    assert.match(text, /^Delivered-To: fay@hearth\.test\r$/m);
    assert.equal(selectors(text).length, 2, text.slice(0, 1000));
  }
  assert.deepEqual((await byPython(...texts)).signatures, texts.map(() => [true, true]));
});

test('a new key signs once it is seen published, or at once by --now; a revoked one is published without a key', async () => {
  const old = await keys('signs');

  assert.equal((await command('dkim', 'rotate', 'hearth.test')).status, 0);
  const fresh = await keys('waits');
  assert.equal(fresh.length, 2);
  let n = 0;
  const more = async () => { // mail flows meanwhile
    await submit(`flow ${n}`);
    return received(`flow ${n++}`);
  };
  assert.deepEqual(selectors(await more()), old, 'the new ones wait');
  await publish();
  assert.match((await command('dkim', 'rotate', 'hearth.test')).lines[0], /waits/);
  await eventually(async () => selectors(await more()).every((s) => fresh.includes(s)), 30, 'the new ones sign');
  assert.deepEqual(await keys('signs'), fresh);
  assert.deepEqual(await keys('kept'), old);
  await publish(); // the old ones are still there
  const flow = taken.filter((text) => text.includes('Subject: flow'));
  assert.deepEqual((await byPython(...flow)).signatures, flow.map(() => [true, true]));

  assert.equal((await command('dkim', 'rotate', 'hearth.test', '--now')).status, 0);
  assert.equal((await command('dkim', 'revoke', 'hearth.test', fresh[0])).status, 0);
  await eventually(async () => !selectors(await more()).some((s) => fresh.includes(s)), 30, 'others sign');
  await publish();
  assert.deepEqual(names.records.get(`${fresh[0]}._domainkey.hearth.test txt`).map((v) => v.replace(/k=\w+/, 'k=?')), ['v=DKIM1; k=?; p=']);
  const last = taken.at(-1);
  assert.deepEqual((await byPython(last)).signatures, [[true, true]]);
  const revoked = taken.findLast((text) => selectors(text).includes(fresh[0]));
  assert.ok((await byUs(revoked)).some(([, result, , selector]) => selector === fresh[0] && result === 'dkim=permerror'));
  await hearth.stop();
  await hearth.start();
  assert.equal(selectors(await more()).length, 2, 'the keys are there after a restart');
  // In the place of what was taken back others come by themselves.
  const [taken1] = await keys('signs');
  assert.equal((await command('dkim', 'revoke', 'hearth.test', taken1)).status, 0);
  await eventually(async () => (await keys('signs')).filter((s) => s !== taken1).length === 2, 30, 'another is made');
  // Without the key of secrets, mail goes unsigned, and that is said; new keys mend it.
  const secrets = join(hearth.settings['server.data'], 'tls/secrets.key');
  await hearth.stop();
  rmSync(secrets);
  await hearth.start();
  assert.equal(selectors(await more()).length, 0);
  assert.match(JSON.stringify((await hearth.api('GET', '/healthz')).body), /mail\.dkim/);
  assert.equal((await command('dkim', 'rotate', '--now')).status, 0);
  await eventually(async () => selectors(await more()).length === 2, 30, 'new keys sign');
  await eventually(async () => !/mail\.dkim/.test(JSON.stringify((await hearth.api('GET', '/healthz')).body)), 30, 'all is well');
  await hearth.stop();
  assert.equal((await command('verify')).status, 0);
  await run('sqlite3', [join(hearth.settings['server.data'], 'mail.db'), "UPDATE dkim_key SET secret = x'' WHERE state = 1"]);
  assert.match((await command('verify')).lines.join(), /key r\d+(-\d+)?\._domainkey\.hearth\.test/);
  await hearth.start();
  for (const words of [['revoke', 'hearth.test'], ['rotate', 'a', 'b'], ['verify'], ['list', 'a', 'b']]) assert.equal((await command('dkim', ...words)).status, 2, words.join());
  assert.equal((await command('dkim', 'rotate', 'else.test')).status, 1);
  assert.equal((await command('dkim', 'revoke', 'hearth.test', 'nobody')).status, 1);
});
