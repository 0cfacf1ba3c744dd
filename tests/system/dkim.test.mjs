// DKIM: what the server sends is signed, and other people's programs agree; keys change while mail flows;
// and what others sign, this one verifies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BIN, Hearth, eventually } from './hearth.mjs';
import { NameServer } from './name-server.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
const PYTHON = '/usr/bin/python3'; // Debian's, which has python3-dkim
let hearth, names, sink;
const taken = [];

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
  hearth = new Hearth({ 'queue.private': 'yes', 'queue.retry': '1s', 'queue.port': String(sink.address().port), 'dns.server': names.address, 'mail.domains': 'hearth.test,other.test', 'server.hostname': 'mail.hearth.test' });
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
});

after(async () => {
  sink.close();
  names.stop();
  await hearth.remove();
});

async function submit(subject, { header = '', body = 'hello\r\n', from = 'ann@hearth.test' } = {}) {
  const c = await SmtpClient.hello(hearth.port.submission);
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  const answer = await c.mail('ann@hearth.test', 'bob@sink.test', `From: Ann <${from}>\r\nTo: bob@sink.test\r\nSubject: ${subject}\r\nDate: Sat, 1 Jan 2000 00:00:00 +0000\r\nMessage-ID: <${subject.replace(/\W/g, '')}@hearth.test>\r\n${header}\r\n${body}`);
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
  for (const key of [...names.records.keys()]) if (key.includes('_domainkey')) names.records.delete(key);
  for (const line of lines) if (line.includes('._domainkey.')) names.add(line);
}
const selectors = (text) => [...text.matchAll(/^DKIM-Signature:[^]*?\bs=([\w-]+);/gm)].map(([, s]) => s);

// What python3-dkim says of each of the signatures, by the records that are published.
const VERIFY = `
import sys, json, dkim
zone = json.loads(sys.argv[1])
message = sys.stdin.buffer.read()
look = lambda name, timeout=5: (zone.get(name.decode().rstrip('.').lower()) or [None])[0]
d = dkim.DKIM(message)
n = len([h for h, v in d.headers if h.lower() == b'dkim-signature'])
print(json.dumps([bool(d.verify(idx=i, dnsfunc=lambda name, timeout=5: (look(name) or '').encode() or None)) for i in range(n)]))
`;
async function byPython(text) {
  const zone = {};
  for (const [key, values] of names.records) if (key.endsWith(' txt')) zone[key.slice(0, -4)] = values;
  const { status, lines, stderr } = await run(PYTHON, ['-c', VERIFY, JSON.stringify(zone)], Buffer.from(text, 'latin1'));
  assert.equal(status, 0, stderr);
  return JSON.parse(lines[0]);
}

async function byUs(...texts) {
  const files = texts.map((text, i) => join(hearth.dir, `mail-${i}`));
  texts.forEach((text, i) => writeFileSync(files[i], Buffer.from(text, 'latin1')));
  const { status, lines } = await command('dkim', 'verify', ...files);
  assert.equal(status, 0);
  return lines.map((line) => line.split('\t'));
}

test('mail for elsewhere has a signature of each kind, which python3-dkim and we ourselves find good', async () => {
  const shapes = [
    ['plain', {}],
    ['empty', { body: '' }],
    ['dots', { body: '.\r\n..\r\nx\r\n.\r\n' }],
    ['spaces', { body: 'a  b\t \r\n \r\n\r\n\r\n', header: 'Cc: one@sink.test,\r\n\ttwo@sink.test\r\nX-Other:   y  \r\n' }],
    ['no end', { body: 'no line end' }],
    ['large', { body: `${'x'.repeat(70)}\r\n`.repeat(3000) }],
    ['halves', { body: 'a\nb\rc\r\n' }],
    ['twice', { header: 'Reply-To: a@hearth.test\r\nReply-To: b@hearth.test\r\n' }],
  ];
  for (const [subject, how] of shapes) await submit(subject, how);
  await publish();
  const texts = [];
  for (const [subject] of shapes) {
    const text = await received(subject);
    assert.equal(selectors(text).length, 2, subject);
    assert.deepEqual(await byPython(text), [true, true], subject);
    texts.push(text);
  }
  for (const [file, result, domain, , , why] of await byUs(...texts)) assert.deepEqual([result, domain], ['dkim=pass', 'hearth.test'], `${file}: ${why}`);
  assert.equal((await keys('signs')).length, 2);
});

test('a new key signs once it is seen published, or at once by --now; a revoked one is published without a key', async () => {
  const old = await keys('signs');

  assert.equal((await command('dkim', 'rotate', 'hearth.test')).status, 0);
  const fresh = await keys('waits');
  assert.equal(fresh.length, 2);
  let n = 0;
  const more = async () => { // mail flows meanwhile
    await submit(`flow ${n++}`);
    return received(`flow ${n - 1}`);
  };
  assert.deepEqual(selectors(await more()), old, 'the new ones wait');
  await publish();
  assert.match((await command('dkim', 'rotate', 'hearth.test')).lines[0], /waits/);
  await eventually(async () => selectors(await more()).every((s) => fresh.includes(s)), 30, 'the new ones sign');
  assert.deepEqual(await keys('signs'), fresh);
  assert.deepEqual(await keys('kept'), old);
  await publish(); // the old ones are still there
  for (const text of taken.filter((t) => t.includes('Subject: flow'))) assert.deepEqual(await byPython(text), [true, true]);

  assert.equal((await command('dkim', 'rotate', 'hearth.test', '--now')).status, 0);
  assert.equal((await command('dkim', 'revoke', 'hearth.test', fresh[0])).status, 0);
  await eventually(async () => !selectors(await more()).some((s) => fresh.includes(s)), 30, 'others sign');
  await publish();
  assert.deepEqual(names.records.get(`${fresh[0]}._domainkey.hearth.test txt`).map((v) => v.replace(/k=\w+/, 'k=?')), ['v=DKIM1; k=?; p=']);
  const last = taken.at(-1);
  assert.deepEqual(await byPython(last), [true, true]);
  const revoked = taken.findLast((text) => selectors(text).includes(fresh[0]));
  assert.ok((await byUs(revoked)).some(([, result, , selector]) => selector === fresh[0] && result === 'dkim=permerror'));
  await hearth.stop();
  await hearth.start();
  assert.equal(selectors(await more()).length, 2, 'the keys are there after a restart');
  for (const words of [['revoke', 'hearth.test'], ['rotate', 'a', 'b'], ['verify'], ['list', 'a', 'b']]) assert.equal((await command('dkim', ...words)).status, 2, words.join());
  assert.equal((await command('dkim', 'rotate', 'else.test')).status, 1);
  assert.equal((await command('dkim', 'revoke', 'hearth.test', 'nobody')).status, 1);
});
