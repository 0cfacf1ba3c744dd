// DKIM and ARC of real mail, signed by this server, by python3-dkim and by mailauth, then broken in each way of
// verdict-mails.mjs: the three say the same of every one, but for what EXCUSED lists with its reason. VERDICTS=N takes each
// Nth mail of the corpus in all ways (make soak); else it is a sample of both, another for each signer.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BIN, Hearth, eventually } from './hearth.mjs';
import { Sink } from './mail-sink.mjs';
import { NameServer } from './name-server.mjs';
import { SmtpClient } from './smtp-client.mjs';
import { messages } from './spam-assassin.mjs';
import { ARC_BREAKS, BREAKS, RAW, SHAPES, fields, isField, split } from './verdict-mails.mjs';

const require = createRequire(import.meta.url);
const { dkimSign } = require('mailauth/lib/dkim/sign');
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const { arc: arcVerify } = require('mailauth/lib/arc');
const { sealMessage } = require('mailauth');
const ALL = Number(process.env.VERDICTS || 0); // each so manieth mail, in all ways; 1 is the whole corpus
const EVERY = ALL || 90; // of the mails
const BATCH = 500; // mails that are looked at at once
const PASSWORD = 'correct-horse-battery';
const HEADERS = ['from', 'to', 'subject', 'date', 'message-id', 'reply-to'];
let hearth, names, sink;

const keyPair = (type, options) => {
  const { publicKey, privateKey } = generateKeyPairSync(type, { ...options, publicKeyEncoding: { type: 'spki', format: 'der' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  return { half: (type === 'rsa' ? publicKey : publicKey.subarray(-32)).toString('base64'), pem: privateKey };
};
const rsa = keyPair('rsa', { modulusLength: 1024 }), neighbour = keyPair('rsa', { modulusLength: 1024 }), ed = keyPair('ed25519', {});
const seed = Buffer.from(ed.pem.split('\n')[1], 'base64').subarray(-32).toString('base64');

// ---- who signs: [name, a text to a text] ----

const byPython = (more) => ({ python: { d: 'peer.test', s: more.how === 'ed25519' ? 'ed' : 'rsa', key: more.how === 'ed25519' ? seed : rsa.pem, c: 'relaxed/relaxed', h: HEADERS, ...more } });
const byMailauth = (canonicalization, more = {}) => ({ sign: async (text) => {
  const signatureData = [{ signingDomain: 'peer.test', selector: 'rsa', privateKey: rsa.pem, ...more }, { signingDomain: 'peer.test', selector: 'ed', privateKey: ed.pem, ...more }];
  const { signatures, errors } = await dkimSign(Buffer.from(text, 'latin1'), { canonicalization, headerList: HEADERS, signatureData });
  assert.deepEqual(errors, []);
  return signatures + text;
} });
const SIGNERS = [
  ['python3-dkim, relaxed/relaxed', byPython({ how: 'rsa' })],
  ['python3-dkim, relaxed/simple', byPython({ how: 'rsa', c: 'relaxed/simple' })],
  ['python3-dkim, simple/relaxed', byPython({ how: 'rsa', c: 'simple/relaxed' })],
  ['python3-dkim, simple/simple', byPython({ how: 'rsa', c: 'simple/simple' })],
  ['python3-dkim, Ed25519', byPython({ how: 'ed25519' })],
  ['python3-dkim, Ed25519, simple/simple', byPython({ how: 'ed25519', c: 'simple/simple' })],
  ['python3-dkim, with a length', byPython({ how: 'rsa', l: true })],
  ['python3-dkim, with a length, simple', byPython({ how: 'rsa', l: true, c: 'simple/simple' })],
  ['python3-dkim, oversigned', byPython({ how: 'rsa', h: [...HEADERS, 'from', 'subject', 'reply-to', 'x-none'] })],
  ['mailauth, relaxed/relaxed', byMailauth('relaxed/relaxed')],
  ['mailauth, simple/simple', byMailauth('simple/simple')],
  ['mailauth, relaxed/simple, with a length', byMailauth('relaxed/simple', { maxBodyLength: 40 })],
  ['this server', { submit: true }],
];
const SEALERS = [
  ['python3-dkim', byPython({ how: 'arc', hops: 1 })],
  ['python3-dkim, three hops', byPython({ how: 'arc', hops: 3 })],
  ['mailauth', { sign: async (text) => {
    const sets = await sealMessage(Buffer.from(text, 'latin1'), { signingDomain: 'peer.test', selector: 'rsa', privateKey: rsa.pem, cv: 'none', authResults: 'mx.peer.test; spf=pass; dkim=none' });
    return sets.toString('latin1') + text;
  } }],
  ['this server', { forward: true }],
];

before(async () => {
  names = await new NameServer().start();
  names.add('sink.test MX 10 host.sink.test');
  names.add('host.sink.test A 127.0.0.1');
  names.add(`rsa._domainkey.peer.test TXT "v=DKIM1; k=rsa; p=${rsa.half}"`);
  names.add(`neighbour._domainkey.peer.test TXT "v=DKIM1; k=rsa; p=${neighbour.half}"`);
  names.add(`ed._domainkey.peer.test TXT "v=DKIM1; k=ed25519; p=${ed.half}"`);
  sink = await new Sink().listen('127.0.0.1', 0);
  hearth = new Hearth({ 'mail.trusted': 'none', 'mail.dmarc': 'report', 'queue.private': 'yes', 'queue.per_hour': '0', 'queue.retry': '1s',
    'queue.port': String(sink.server.address().port), 'dns.server': names.address, 'server.hostname': 'mail.hearth.test', 'mail.domains': 'hearth.test' });
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
  const { stdout, stderr } = hearth.command('alias', 'add', 'on@hearth.test', 'bob@sink.test');
  assert.ok(!stderr, stdout + stderr);
});

after(async () => {
  sink.close();
  names.stop();
  await hearth.remove();
});

// A program beside this process, which answers meanwhile: it is the name server and the sink.
async function run(program, args, input = '') {
  const child = spawn(program, args), out = [];
  let stderr = '';
  child.stdout.on('data', (bytes) => out.push(bytes));
  child.stderr.on('data', (bytes) => { stderr += bytes; });
  child.stdin.on('error', () => {}).end(input);
  await new Promise((done) => child.on('close', done));
  assert.equal(child.exitCode, 0, stderr);
  return Buffer.concat(out).toString();
}

const zone = () => {
  const all = {};
  for (const [key, values] of names.records) {
    const [name, type] = key.split(' ');
    (all[name] ||= {})[type.toUpperCase()] = values;
  }
  return all;
};
const python = async (job) => JSON.parse(await run('/usr/bin/python3', ['tests/system/judge.py'], JSON.stringify(job)));

// Texts on their way through this server, as they come out.
async function through(texts, port, login, from, to) {
  const client = await SmtpClient.hello(hearth.port[port]), out = [];
  if (login) await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  for (const [i, text] of texts.entries()) {
    const mark = `X-Mark: ${port}-${i}.`;
    const reply = await client.mail(from, to, `${mark}\r\n${text}`, ' BODY=8BITMIME');
    out.push(reply.code === 250 ? mark : null); // NUL is refused, or fields it cannot tell the author of
    if (i % 50 === 49) await eventually(() => taken(mark), 60, 'what was sent'); // the queue does not grow without end
  }
  client.close();
  const found = [];
  for (const mark of out) found.push(mark && (await eventually(() => taken(mark), 60, mark)).text);
  sink.mails.length = 0;
  return found;
}
const taken = (mark) => sink.mails.find(({ text }) => text.includes(mark));

// As somebody here would write it.
const asOurs = (text) => {
  const [header, body] = split(text);
  const others = fields(header).filter((field) => !['From', 'Sender', 'Return-Path', 'Resent-From', 'Resent-Sender', 'Bcc', 'DKIM-Signature'].some((name) => isField(name)(field)));
  return `From: Ann <ann@hearth.test>\r\n${others.join('')}\r\n${body}`;
};

async function signAll(jobs) {
  const signed = new Array(jobs.length).fill(null);
  const of = (kind) => jobs.map((job, i) => [job, i]).filter(([{ by }]) => by[kind]);
  const texts = await python({ what: 'sign', jobs: of('python').map(([{ by, text }]) => ({ ...by.python, text })) });
  of('python').forEach(([, i], n) => { signed[i] = texts[n]; });
  for (const [{ by, text }, i] of of('sign')) signed[i] = await by.sign(text);
  const own = await through(of('submit').map(([{ text }]) => asOurs(text)), 'submission', true, 'ann@hearth.test', 'bob@sink.test');
  of('submit').forEach(([, i], n) => { signed[i] = own[n]; });
  const on = await through(of('forward').map(([{ text }]) => text), 'smtp', false, 'a@peer.test', 'on@hearth.test');
  of('forward').forEach(([, i], n) => { signed[i] = on[n]; });
  const { stdout } = hearth.command('dns');
  for (const line of stdout.split('\n')) if (line.includes('._domainkey.') && !names.records.has(`${line.split('. ')[0]} txt`)) names.add(line);
  return signed;
}

// ---- who judges: of each text, how many of its signatures hold, and its chain ----

async function judgedByUs(texts) {
  const files = texts.map((_, i) => join(hearth.dir, `mail-${i}`)), of = new Map(files.map((file) => [file, { holds: 0, chain: 'none', why: [] }]));
  texts.forEach((text, i) => writeFileSync(files[i], Buffer.from(text, 'latin1')));
  for (const line of (await run(BIN, ['dkim', 'verify', ...files, ...hearth.args()])).split('\n').filter(Boolean)) {
    const [file, said, , , , why] = line.split('\t'), one = of.get(file);
    if (said.startsWith('arc=')) one.chain = said.slice(4);
    else if (said === 'dkim=pass') one.holds++;
    one.why.push(`${said} ${why}`);
  }
  files.forEach((file) => rmSync(file));
  return [...of.values()];
}

async function judgedByPython(texts) {
  return (await python({ what: 'dkim', zone: zone(), texts })).map((one) => (one ? { holds: one[0].filter(Boolean).length, chain: one[1] } : { holds: 0, chain: 'none', unread: true }));
}

async function judgedByMailauth(texts) {
  const records = zone();
  const resolver = async (name) => {
    if (name.endsWith('.broken')) throw Object.assign(new Error('no answer'), { code: 'ETIMEOUT' });
    const values = records[name.replace(/\.$/, '').toLowerCase()]?.TXT;
    if (!values) throw Object.assign(new Error('not there'), { code: 'ENOTFOUND' });
    return values.map((value) => [value]);
  };
  const all = [];
  for (const text of texts) {
    try {
      const found = await dkimVerify(Buffer.from(text, 'latin1'), { resolver });
      const seal = found.arc.lastEntry?.['arc-seal']?.parsed?.b?.value; // which stands among them
      all.push({
        holds: found.results.filter(({ status, signature }) => status.result === 'pass' && signature !== seal).length,
        chain: (await arcVerify(found.arc, { resolver })).status.result,
        results: found.results.map(({ status }) => status.result),
      });
    } catch (error) {
      all.push({ holds: 0, chain: 'none', unread: true });
    }
  }
  return all;
}

// ---- what they need not agree on: [of whom, in which way, why]; `when` looks at shape and break ----

const dkimOf = (text) => fields(split(text)[0]).filter(isField('DKIM-Signature')).join('');
const EXCUSED = [
  // It takes From as if it were oversigned: RFC 6376 8.15 leaves that to who signs, and 3.5 knows h= alone.
  { who: 'python3-dkim', when: ({ broken }) => broken === 'another author in front' },
  // White space between name and colon is no mail to it; relaxed takes it away (3.4.2), and RFC 5322 4.5 still reads it.
  { who: 'python3-dkim', when: ({ broken }) => broken === 'a space before the colon' },
  // It wants the sets in the order they came in; RFC 8617 5.2 goes by their numbers.
  { who: 'python3-dkim', when: ({ broken }) => broken === 'sets in another order' },
  // They make CRLF of LF first; what is signed is what comes (RFC 6376 5.3), and a line ends with CRLF (2.8, 3.4).
  { who: 'python3-dkim, mailauth', when: ({ shape }) => shape === 'a bare LF' },
  // It reads no header that no empty line ends; such a mail has an empty body (3.4.3, 3.4.4).
  { who: 'mailauth', when: ({ text }) => !text.includes('\r\n\r\n') },
  // A CR that no LF follows is lost at the end; it is a byte of the body as any (3.4.3).
  { who: 'mailauth', when: ({ shape, text }) => shape === 'a CR at the very end' || text.endsWith('\r') },
  // It stops reading base64 where it ends, and takes what follows; b= is base64 to its end (2.10, 3.5).
  { who: 'mailauth', when: ({ broken }) => broken === 'something behind b=' },
  // It takes l=0 for no l= (3.5: the length may be zero, and then nothing of the body is signed).
  { who: 'mailauth', when: ({ text }) => /\bl=0\b/.test(dkimOf(text)) },
];

const used = new Set();

async function compare(cases, what) {
  const wrong = [];
  for (let first = 0; first < cases.length; first += BATCH) {
    const part = cases.slice(first, first + BATCH), texts = part.map(({ text }) => text);
    const [ours, pythons, mailauths] = await Promise.all([judgedByUs(texts), judgedByPython(texts), judgedByMailauth(texts)]);
    part.forEach((one, i) => {
      for (const [who, theirs] of [['python3-dkim', pythons[i]], ['mailauth', mailauths[i]]]) {
        // Of what it cannot read as a mail it says nothing; then we do not say that it holds.
        if (theirs[what] === ours[i][what] || (theirs.unread && !['pass', 1, 2].includes(ours[i][what]))) continue;
        const excuse = EXCUSED.find((e) => e.who.includes(who) && e.when(one));
        if (excuse) used.add(excuse);
        else wrong.push({ ...one, who, ours: ours[i], theirs });
      }
    });
  }
  return wrong;
}

const show = (wrong) => wrong.slice(0, 20).map(({ mail, by, shape, broken, who, ours, theirs }) => `${mail}, ${by}, ${shape}, ${broken}: ${who} ${JSON.stringify(theirs)}, we ${JSON.stringify(ours)}`).join('\n');
const pick = (table, k, n) => {
  const all = Object.entries(table);
  return ALL ? all : Array.from({ length: n }, (_, i) => all[(k * n + i) % all.length]);
};

const corpus = messages().filter((_, i) => i % EVERY === 0).map(({ name, bytes }) => ({ name, text: bytes.toString('latin1').replace(/^From .*\r\n/, '') }));

// ---- keys: [what is published, whether the signature of SIGNED holds to us, who differs] ----

const rawKey = (half) => Buffer.from(half, 'base64').subarray(22).toString('base64'); // PKCS #1: without its kind around it (1024 bits)
const KEYS = [
  [`v=DKIM1; k=rsa; p=${rsa.half}`, true],
  [`v=DKIM1; p=${rsa.half}`, true],
  [`p=${rsa.half}`, true],
  [`v=DKIM1;k=rsa;h=sha256;s=email;t=;n=some words;p=${rsa.half};`, true],
  [`v=DKIM1; k=rsa; p=${rsa.half.replace(/.{40}/g, '$& ')}`, true],
  [`v=DKIM1; k=rsa; x_new=thing; p=${rsa.half}`, true],
  [`v=DKIM1; k=rsa; h=sha1:sha256; p=${rsa.half}`, true],
  [`v=DKIM1; k=rsa; s=*; p=${rsa.half}`, true],
  [`v=DKIM1; k=rsa; s=email:tlsrpt; p=${rsa.half}`, true, 'python3-dkim'], // it takes no list
  [`v=DKIM1; k=rsa; t=y; p=${rsa.half}`, true],
  [`v=DKIM1; k=rsa; t=s; p=${rsa.half}`, true],
  // RFC 6376 3.6.1 has the key alone, as PKCS #1; most publish it with its kind around it. mailauth knows the second only.
  [`v=DKIM1; k=rsa; p=${rawKey(rsa.half)}`, true, 'mailauth'],
  [`v=DKIM1; k=rsa; p=${neighbour.half}`, false],
  [`v=DKIM1; k=rsa; p=${ed.half}`, false],
  [`v=DKIM1; k=ed25519; p=${rsa.half}`, false],
  [`v=DKIM1; k=dsa; p=${rsa.half}`, false],
  ['v=DKIM1; k=rsa; p=', false],
  ['v=DKIM1; k=rsa', false],
  ['v=DKIM1; k=rsa; p=!!!', false],
  [`v=DKIM2; k=rsa; p=${rsa.half}`, false],
  [`v=DKIM1; k=rsa; p=${rsa.half.slice(0, 100)}`, false],
  ['hello', false],
  // h= and s= are lists that a signature must be in (3.6.1). Neither of them looks at h=, nor mailauth at s=.
  [`v=DKIM1; k=rsa; h=sha1; p=${rsa.half}`, false, 'python3-dkim, mailauth'],
  [`v=DKIM1; k=rsa; s=other; p=${rsa.half}`, false, 'mailauth'],
  // v= comes first, and as it is written (3.6.1).
  [`k=rsa; v=DKIM1; p=${rsa.half}`, false, 'python3-dkim, mailauth'],
  [`v=dkim1; k=rsa; p=${rsa.half}`, false, 'mailauth'],
  // A tag that stands twice makes a record none (3.2).
  [`v=DKIM1; k=rsa; p=${rsa.half}; p=${rsa.half}`, false, 'mailauth'],
];
// A key that is too short, whoever signs by it.
const SHORT = [512, 768].map((modulusLength) => keyPair('rsa', { modulusLength }));

test('keys', async () => {
  const text = `From: a@peer.test\r\nTo: b@x.test\r\nSubject: hello\r\n\r\nHello.\r\n`;
  KEYS.forEach(([record], i) => names.add(`key${i}._domainkey.peer.test TXT "${record}"`));
  SHORT.forEach(({ half }, i) => names.add(`short${i}._domainkey.peer.test TXT "v=DKIM1; k=rsa; p=${half}"`));
  const by = (s, key) => ({ ...byPython({ how: 'rsa' }).python, s, key, text });
  const jobs = [...KEYS.map((_, i) => by(`key${i}`, rsa.pem)), ...SHORT.map(({ pem }, i) => by(`short${i}`, pem)), { ...by('rsa', rsa.pem), d: 'peer.broken' }];
  const texts = await python({ what: 'sign', jobs });
  const [ours, pythons, mailauths] = await Promise.all([judgedByUs(texts), judgedByPython(texts), judgedByMailauth(texts)]);
  const wrong = [];
  for (const [i, one] of ours.entries()) {
    const [record, wanted, excused = ''] = KEYS[i] || ['a short key, or none', false];
    if ((one.holds === 1) !== wanted) wrong.push(`${record}: ${one.why}`);
    for (const [who, theirs] of [['python3-dkim', pythons[i]], ['mailauth', mailauths[i]]])
      if ((theirs.holds === one.holds) === excused.includes(who)) wrong.push(`${record}: ${who} ${theirs.holds}, we ${one.why}`);
  }
  assert.deepEqual(wrong, []);
  // Of which the DNS says nothing: that may be another time.
  assert.deepEqual([ours.at(-1).why, mailauths.at(-1).results], [['dkim=temperror key unavailable'], ['temperror']]);
});

test('signatures', async () => {
  const shapes = Object.entries({ ...SHAPES, ...RAW });
  const jobs = corpus.map(({ name, text }, k) => {
    const [shape, change] = shapes[k % shapes.length], [by, how] = SIGNERS[k % SIGNERS.length];
    return { mail: name, shape, by: how, signer: by, text: change(text), k };
  });
  const signed = await signAll(jobs);
  const cases = jobs.flatMap(({ mail, shape, signer, k }, i) => (signed[i] === null ? [] :
    [['untouched', (t) => t], ...pick(BREAKS, k, 10)].map(([broken, change]) => ({ mail, shape, by: signer, broken, text: change(signed[i]) }))));
  const wrong = await compare(cases, 'holds');
  assert.equal(wrong.length, 0, `${wrong.length} of ${cases.length}\n${show(wrong)}`);
});

test('chains', async () => {
  const shapes = Object.entries({ ...SHAPES });
  const jobs = corpus.map(({ name, text }, k) => {
    const [shape, change] = shapes[k % shapes.length], [by, how] = SEALERS[k % SEALERS.length];
    return { mail: name, shape, by: how, signer: by, text: change(text), k };
  }).filter(({ shape, signer }) => shape !== 'only a header' || signer !== 'mailauth'); // it seals nothing there
  const signed = await signAll(jobs);
  const cases = jobs.flatMap(({ mail, shape, signer, k }, i) => (signed[i] === null ? [] :
    [['untouched', (t) => t], ...pick(ARC_BREAKS, k, 7)].map(([broken, change]) => ({ mail, shape, by: signer, broken, text: change(signed[i]) }))));
  const wrong = await compare(cases, 'chain');
  assert.equal(wrong.length, 0, `${wrong.length} of ${cases.length}\n${show(wrong)}`);
});

test('what is excused still happens', { skip: !ALL && 'only in the whole of it' }, () => {
  assert.deepEqual(EXCUSED.filter((excuse) => !used.has(excuse)).map(({ when }) => String(when)), []);
});
