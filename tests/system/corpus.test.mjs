// corpus.test.mjs: 6,046 real messages go in by SMTP and come out of IMAP byte for byte behind the
// trace fields; every part of every one can be fetched; searches agree with a plain scan.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { messages } from './spam-assassin.mjs';

const SENDERS = 8;
const BATCH = 100;

let hearth;
let imap;
const corpus = messages();
before(async () => {
  hearth = await new Hearth().start();
  hearth.addUser('corpus@hearth.test', 'correct horse');
});
after(async () => {
  imap?.socket.destroy();
  await hearth.remove();
});

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

// RFC 5321 section 4.5.2: a dot at the start of a line is doubled.
const stuffed = (bytes) => Buffer.from(bytes.toString('latin1').replace(/(^|\r\n)\./g, '$1..'), 'latin1');

// Sends its share on one connection, commands pipelined.
function send(share) {
  return new Promise((done, fail) => {
    const socket = connect(hearth.port.smtp, '127.0.0.1');
    const list = [...share];
    let replies = 0;
    let text = '';
    const refused = [];
    let current;
    const next = () => {
      current = list.shift();
      if (!current) return void socket.end('QUIT\r\n');
      replies = 4; // MAIL, RCPT, DATA, the message
      socket.write('MAIL FROM:<list@elsewhere.test> BODY=8BITMIME\r\nRCPT TO:<corpus@hearth.test>\r\nDATA\r\n');
    };
    socket.write('EHLO sender.test\r\n');
    let greeting = 2;
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const lines = text.split('\r\n');
      text = lines.pop();
      for (const line of lines) {
        if (line[3] === '-') continue;
        if (greeting > 0) {
          if (--greeting === 0) next();
          continue;
        }
        if (line[0] > '3') refused.push(`${current?.name}: ${line}`);
        if (line.startsWith('354')) socket.write(Buffer.concat([stuffed(current.bytes), Buffer.from('.\r\n')]));
        if (--replies === 0) next();
      }
    });
    socket.on('error', fail);
    socket.on('close', () => done(refused));
  });
}

// Literals and quoted strings of a FETCH line, as {name: value}.
function fetched(line, name) {
  const at = line.indexOf(`${name} `);
  if (at < 0) return null;
  const rest = line.slice(at + name.length + 1);
  const literal = /^\{(\d+)\}\r\n/.exec(rest);
  if (literal) return rest.slice(literal[0].length, literal[0].length + Number(literal[1]));
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest);
  return quoted ? quoted[1].replace(/\\(.)/g, '$1') : /^\S*?(?=[ )])/.exec(rest)[0];
}

// An IMAP list as nested arrays: strings are {text}, NIL is null, atoms are strings.
function parseList(text) {
  let at = 0;
  const value = () => {
    if (text[at] === '(') {
      const list = [];
      at++;
      while (text[at] !== ')') {
        if (text[at] === ' ') at++;
        else list.push(value());
        assert.ok(at < text.length, 'the list ends');
      }
      at++;
      return list;
    }
    if (text[at] === '"') {
      const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(text.slice(at));
      at += quoted[0].length;
      return { text: quoted[1] };
    }
    if (text[at] === '{') {
      const literal = /^\{(\d+)\}\r\n/.exec(text.slice(at));
      at += literal[0].length + Number(literal[1]);
      return { text: text.slice(at - Number(literal[1]), at) };
    }
    const atom = /^[^ ()"{]+/.exec(text.slice(at))[0];
    at += atom.length;
    return atom === 'NIL' ? null : atom;
  };
  return value();
}

// The leaves of a BODYSTRUCTURE with their part numbers and sizes.
function leaves(structure, prefix = '') {
  if (!Array.isArray(structure[0])) return [{ part: prefix || '1', size: Number(structure[6]) }];
  const found = [];
  for (let i = 0; Array.isArray(structure[i]); i++)
    found.push(...leaves(structure[i], prefix ? `${prefix}.${i + 1}` : `${i + 1}`));
  return found;
}

test('every message is taken', async () => {
  assert.equal(corpus.length, 6046);
  const shares = Array.from({ length: SENDERS }, (_, i) => corpus.filter((_, n) => n % SENDERS === i));
  const refused = (await Promise.all(shares.map(send))).flat();
  assert.deepEqual(refused, []);
});

test('every message comes out byte for byte behind its trace fields', async () => {
  imap = await ImapClient.login(hearth.port.imap, 'corpus@hearth.test', '"correct horse"');
  const selected = await imap.ok('SELECT INBOX');
  assert.ok(selected.lines.includes(`${corpus.length} EXISTS`));
  const expected = new Map();
  for (const { bytes } of corpus) expected.set(sha(bytes), (expected.get(sha(bytes)) || 0) + 1);
  for (let first = 1; first <= corpus.length; first += BATCH) {
    const { lines } = await imap.ok(`FETCH ${first}:${Math.min(first + BATCH - 1, corpus.length)} (RFC822.SIZE BODY.PEEK[])`);
    for (const line of lines) {
      const body = fetched(line, 'BODY[]');
      assert.equal(Number(fetched(line, 'RFC822.SIZE')), body.length);
      const trace = /^Return-Path: <[^>]*>\r\nDelivered-To: [^\r]*\r\nReceived: from [^\r]*\r\n\t[^\r]*\r\n\t[^\r]*\r\n/.exec(body);
      assert.ok(trace, body.slice(0, 300));
      const hash = sha(Buffer.from(body.slice(trace[0].length), 'latin1'));
      assert.ok(expected.get(hash) > 0, `not what was sent: ${line.slice(0, 20)}`);
      expected.set(hash, expected.get(hash) - 1);
    }
  }
  assert.ok([...expected.values()].every((left) => left === 0));
});

test('ENVELOPE, BODYSTRUCTURE and every part of every message', async () => {
  let parts = 0;
  for (let first = 1; first <= corpus.length; first += BATCH) {
    const { lines } = await imap.ok(`FETCH ${first}:${Math.min(first + BATCH - 1, corpus.length)} (ENVELOPE BODYSTRUCTURE)`);
    assert.equal(lines.length, Math.min(BATCH, corpus.length - first + 1));
    const wanted = [];
    for (const line of lines) {
      const number = Number(line.split(' ')[0]);
      const items = parseList(line.slice(line.indexOf('(')));
      assert.equal(items[1].length, 10, 'an envelope has ten members');
      for (const leaf of leaves(items[3])) wanted.push({ number, ...leaf });
    }
    for (const { number, part, size } of wanted) imap.send(`p${number}.${part}.${size} FETCH ${number} BODY.PEEK[${part}]\r\n`);
    for (const { number, part, size } of wanted) {
      const tagged = await imap.response(new RegExp(`^p${number}\\.${part.replaceAll('.', '\\.')}\\.${size} `), 60);
      assert.match(tagged, / OK /, tagged);
      const line = await imap.response(new RegExp(`^\\* ${number} FETCH .*BODY\\[${part.replaceAll('.', '\\.')}\\] `));
      assert.equal(fetched(line, `BODY[${part}]`).length, size, `${number} part ${part}`);
    }
    parts += wanted.length;
  }
  assert.ok(parts >= corpus.length);
});

// What search compares, of a message whose text needs no decoding: header lines unfolded, white
// space collapsed, letters folded. Null for the others.
function plainText(message) {
  const end = message.indexOf('\r\n\r\n');
  const header = message.slice(0, end + 2).replace(/\r\n([ \t])/g, '$1');
  const field = (name) => new RegExp(`^${name}:(.*)$`, 'im').exec(header)?.[1].trim().toLowerCase() ?? '';
  const type = field('content-type');
  if (type && !/^text\/plain\s*(;|$)/.test(type)) return null;
  if (/charset/.test(type) && !/charset="?(us-ascii|iso-8859-\d+|utf-8|windows-125\d)/.test(type)) return null;
  if (!/^(|7bit|8bit|binary)$/.test(field('content-transfer-encoding')) || header.includes('=?')) return null;
  const fold = (text) => text.replace(/[\t\r\n\v\f ]+/g, ' ').replace(/[A-Z]/g, (c) => c.toLowerCase());
  return { header: fold(header), body: fold(message.slice(end + 4)), subject: fold(field('subject')) };
}

test('searches agree with a plain scan, also while the index is still being fed', async () => {
  const plain = new Map();
  for (let first = 1; first <= corpus.length; first += BATCH) {
    const { lines } = await imap.ok(`FETCH ${first}:${Math.min(first + BATCH - 1, corpus.length)} BODY.PEEK[]`);
    for (const line of lines) {
      const text = plainText(fetched(line, 'BODY[]'));
      if (text) plain.set(Number(line.split(' ')[0]), text);
    }
  }
  assert.ok(plain.size > 3000, `${plain.size} messages are plain`);
  const needles = ['linux', 'Viagra', 'razor-users', 'unsubscribe', 'the quick', 'a', 'zz', '!', 'free money', 'spamassassin',
    'ion of', '1.2', 'xyzzyplugh', 'RE:', 'helvetica', 'nospam', '@', 'mortgage', 'perl -e', '>>', 'on wed, ', 'rpm-list'];
  // A search that takes long says so before it answers.
  const numbers = async (query) => new Set(await imap.search(`SEARCH ${query}`));
  for (const needle of needles) {
    const lower = needle.toLowerCase();
    for (const [key, test] of [
      ['TEXT', (text) => text.header.includes(lower) || text.body.includes(lower)],
      ['BODY', (text) => text.body.includes(lower)],
      ['SUBJECT', (text) => text.subject.includes(lower)],
    ]) {
      const found = await numbers(`${key} "${needle}"`);
      const wrong = [...plain].filter(([number, text]) => test(text) !== found.has(number)).map(([number]) => number);
      assert.deepEqual(wrong, [], `${key} "${needle}"`);
    }
  }
  const both = await numbers('TEXT "linux" NOT BODY "linux"');
  for (const [number, text] of plain) assert.equal(both.has(number), text.header.includes('linux') && !text.body.includes('linux'));
});
