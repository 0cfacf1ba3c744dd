// imap.test.mjs: IMAP, spoken byte by byte. Real clients are in imap-clients.test.mjs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient, fetched, parse } from './imap-client.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse';
const latin1 = (text) => Buffer.from(text).toString('latin1');

// A message with two alternatives, a picture and a message inside.
const MIXED = [
  'From: =?UTF-8?Q?J=C3=BCrgen?= <juergen@example.org>',
  'To: "Doe, Jane" <jane@example.org>, group: a@b.example, c@d.example;',
  'Cc: carol@example.org',
  'Date: Mon, 7 Feb 1994 23:52:25 -0800 (PST)',
  'Subject: =?UTF-8?B?R3LDvMOfZQ==?= and more',
  'Message-ID: <one@example.org>',
  'In-Reply-To: <zero@example.org>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="outer"',
  '',
  'preamble',
  '--outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Sch=C3=B6ne Gr=C3=BC=C3=9Fe',
  '--inner',
  'Content-Type: text/html',
  '',
  '<p>Schöne <b>Grüße</b></p>',
  '--inner--',
  '--outer',
  'Content-Type: image/png; name="dot.png"',
  'Content-Disposition: attachment; filename="dot.png"',
  'Content-Transfer-Encoding: base64',
  '',
  'iVBORw0KGgo=',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'From: inside@example.org',
  'Subject: inside',
  '',
  'within',
  '--outer--',
  'epilogue',
  '',
].join('\r\n');

const message = (subject, body = 'text', more = '') => `From: x@example.org\r\nTo: y@example.org\r\nSubject: ${subject}\r\n${more}\r\n${body}\r\n`;

describe('imap', () => {
  const h = new Hearth({ 'mail.message_max': '4M' });
  let users = 0;

  // A fresh account for each test, and a session of it.
  async function fresh(options) {
    const user = `user${++users}@hearth.test`;
    h.addUser(user, PASSWORD);
    return { user, c: await ImapClient.login(h.port.imap, user, PASSWORD, options) };
  }
  const login = (user, options) => ImapClient.login(h.port.imap, user, PASSWORD, options);
  const append = (c, box, text, flags = '') => c.ok([`APPEND ${box} ${flags}`, Buffer.from(text), '']);

  before(() => h.start());
  after(() => h.remove());

  // ---- log-in ----

  test('greeting, capabilities, log-in by every way', async () => {
    const { user, c } = await fresh();
    assert.match(c.greeting, /^\* OK \[CAPABILITY IMAP4rev1 .*STARTTLS.* AUTH=PLAIN\]/);
    assert.ok(!(await c.ok('CAPABILITY')).lines[0].includes('AUTH='), 'behind log-in no AUTH');
    assert.equal((await c.command(`LOGIN ${user} ${PASSWORD}`)).status, 'BAD');
    const plain = Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64');
    for (const how of [['LOGIN ', Buffer.from(user), ' ', Buffer.from(PASSWORD)], `LOGIN "${user}" "${PASSWORD}"`, `AUTHENTICATE PLAIN ${plain}`]) {
      const d = await ImapClient.connect(h.port.imap);
      assert.match((await d.ok(how)).code, /^CAPABILITY IMAP4rev1/);
      d.close();
    }
    const d = await ImapClient.connect(h.port.imap);
    d.send('x AUTHENTICATE PLAIN\r\n');
    assert.equal(await d.response(/^\+/), '+ ');
    d.send('*\r\n');
    assert.match(await d.response(/^x /), /^x BAD/);
    d.send('y AUTHENTICATE PLAIN\r\n');
    await d.response(/^\+/);
    d.send(`${plain}\r\n`);
    assert.match(await d.response(/^y /), /^y OK/);
    c.close();
    d.close();
  });

  test('wrong passwords are refused, and soon the client', async () => {
    const { user } = await fresh();
    const c = await ImapClient.connect(h.port.imap);
    for (let i = 0; i < 5; i++) assert.equal((await c.command(`LOGIN ${user} wrong`)).code, 'AUTHENTICATIONFAILED');
    await c.response(/^\* BYE/);
    await c.end();
  });

  test('STARTTLS drops what was injected in clear', async () => {
    const { user } = await fresh();
    const c = await ImapClient.connect(h.port.imap);
    const clear = c.socket;
    c.send(`a STARTTLS\r\nb LOGIN ${user} ${PASSWORD}\r\nc CAPABILITY\r\n`);
    assert.match(await c.response(/^a /), /^a OK/);
    clear.removeAllListeners('data');
    const tls = await import('node:tls');
    c.take(tls.connect({ socket: clear, rejectUnauthorized: false }));
    await new Promise((done, fail) => c.socket.once('secureConnect', done).once('error', fail));
    assert.equal((await c.command('SELECT INBOX')).status, 'BAD', 'not logged in by the injected command');
    const { lines } = await c.ok('CAPABILITY');
    assert.ok(!lines[0].includes('STARTTLS'));
    assert.deepEqual(c.responses, []);
    await c.ok(`LOGIN ${user} ${PASSWORD}`);
    const s = await login(user, { secure: false });
    s.close();
    c.close();
    const t = await ImapClient.login(h.port.imaps, user, PASSWORD, { secure: true });
    await t.ok('NOOP');
    t.close();
  });

  test('before log-in: floods, oversize lines and literals are bounded', async () => {
    let c = await ImapClient.connect(h.port.imap);
    assert.equal((await c.command(`LOGIN ${'x'.repeat(20000)} y`)).status, 'BAD');
    // A literal that is too large is refused before it is sent.
    c.send('big LOGIN {100000000}\r\n');
    assert.match(await c.response(/^big /), /^big BAD \[TOOBIG\]/);
    await c.ok('NOOP');
    c.send('big LOGIN {4294967296}\r\n');
    assert.match(await c.response(/^big /), /^big BAD/);
    // One that is sent anyway is not read over for ever.
    c.send('huge LOGIN {100000000+}\r\n');
    assert.match(await c.response(/^huge /), /^huge BAD/);
    c.send('x'.repeat(1000));
    await c.response(/^\* BYE/);
    await c.end();

    c = await ImapClient.connect(h.port.imap);
    for (let i = 0; i < 200; i++) c.send(`n${i} NOOP\r\n`);
    await c.response(/^\* BYE Too many commands/);
    await c.end();

    c = await ImapClient.connect(h.port.imap);
    c.send('x\r\n'.repeat(100));
    await c.response(/^\* BYE Too many errors/);
    await c.end();

    c = await ImapClient.connect(h.port.imap);
    const line = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 32 && !c.closed; i++) await new Promise((done) => c.socket.write(line, done));
    await c.response(/BAD|BYE/);
    c.close();

    c = await ImapClient.connect(h.port.imap);
    c.send('a APPEND INBOX {10}\r\n');
    assert.match(await c.response(/^a /), /^a BAD/);
    assert.equal((await c.command('SELECT INBOX')).status, 'BAD');
    await c.ok('NOOP');
    c.close();
  });

  test('who was shut out, or has another password, is sent away', async () => {
    const { user, c } = await fresh();
    const d = await login(user);
    await d.ok('SELECT INBOX');
    d.send('i IDLE\r\n');
    await d.response(/^\+/);
    assert.equal(h.command('user', 'passwd', user, '--password-stdin', { input: 'another-horse\n' }).status, 0);
    await Promise.all([c, d].map(async (one) => (await one.response(/^\* BYE \[UNAVAILABLE\]/), one.end())));
    const e = await ImapClient.login(h.port.imap, user, 'another-horse');
    const s = await SmtpClient.hello(h.port.submission);
    await s.expect(235, `AUTH PLAIN ${Buffer.from(`\0${user}\0another-horse`).toString('base64')}`);
    // Also with a message under way, which is not taken any more.
    await s.expect(250, `MAIL FROM:<${user}>`);
    await s.expect(250, `RCPT TO:<${user}>`);
    await s.expect(354, 'DATA');
    s.send('Subject: cut off\r\n\r\n');
    assert.equal(h.command('user', 'disable', user).status, 0);
    await e.response(/^\* BYE/);
    assert.equal((await s.reply()).code, 421);
    await s.end();
    const f = await ImapClient.connect(h.port.imap);
    assert.equal((await f.command(`LOGIN ${user} another-horse`)).code, 'AUTHENTICATIONFAILED');
    f.close();
    s.close();
  });

  // ---- mailboxes ----

  test('LIST, LSUB, CREATE, DELETE, RENAME, SUBSCRIBE, NAMESPACE', async () => {
    const { c } = await fresh();
    const list = async (text) => (await c.ok(text)).lines;
    const names = async (text) => (await list(text)).map((line) => parse(line).at(-1)).sort();
    assert.deepEqual(await list('LIST "" ""'), ['LIST (\\Noselect) "/" ""']);
    assert.deepEqual(await list('NAMESPACE'), ['NAMESPACE (("" "/")) NIL NIL']);
    assert.deepEqual(await names('LIST "" *'), ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
    await c.ok('CREATE a/b/c');
    assert.equal((await c.command('CREATE a/b')).code, 'ALREADYEXISTS');
    assert.equal((await c.command('CREATE inbox')).code, 'ALREADYEXISTS');
    assert.equal((await c.command('CREATE a//b')).code, 'CANNOT');
    await c.ok('CREATE trailing/');
    assert.deepEqual(await names('LIST "" %'), ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash', 'a', 'trailing']);
    assert.deepEqual(await names('LIST a/ %'), ['a/b']);
    assert.deepEqual(await names('LIST a/ *'), ['a/b', 'a/b/c']);
    assert.deepEqual(await list('LIST "" a/b'), ['LIST (\\HasChildren) "/" a/b']);
    // What is gone and has inferiors is named as such.
    await c.ok('DELETE a/b');
    assert.deepEqual(await list('LIST "" a/b'), ['LIST (\\Noselect \\HasChildren) "/" a/b']);
    assert.deepEqual(await list('LIST () "" a/b'), ['LIST (\\NonExistent \\HasChildren) "/" a/b']);
    assert.equal((await c.command('SELECT a/b')).code, 'NONEXISTENT');
    assert.equal((await c.command('DELETE a/b')).code, 'NONEXISTENT');
    assert.equal((await c.command('DELETE inbox')).code, 'CANNOT');
    // Renaming takes the inferiors along.
    await c.ok('RENAME a z');
    assert.deepEqual(await names('LIST "" z*'), ['z', 'z/b', 'z/b/c']);
    assert.equal((await c.command('RENAME z Sent')).code, 'ALREADYEXISTS');
    assert.equal((await c.command('RENAME z z/y')).code, 'CANNOT');
    assert.equal((await c.command('RENAME nothing else')).code, 'NONEXISTENT');
    // Subscriptions are names.
    assert.deepEqual(await names('LSUB "" *'), ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
    await c.ok('SUBSCRIBE z/b/c');
    await c.ok('SUBSCRIBE not/there');
    await c.ok('UNSUBSCRIBE Archive');
    assert.deepEqual(await names('LSUB "" *'), ['Drafts', 'INBOX', 'Junk', 'Sent', 'Trash', 'not/there', 'z/b/c']);
    assert.deepEqual((await list('LSUB "" %')).filter((l) => l.includes('\\Noselect')), ['LSUB (\\Noselect) "/" not', 'LSUB (\\Noselect) "/" z']);
    // Names beyond ASCII are modified UTF-7 on the wire.
    await c.ok('CREATE "Entw&APw-rfe"');
    assert.deepEqual(await names('LIST "" Entw*'), ['Entw&APw-rfe']);
    assert.notEqual((await c.command('CREATE "Entw\xfcrfe"')).status, 'OK');
    c.close();
  });

  test('LIST-EXTENDED, LIST-STATUS, SPECIAL-USE', async () => {
    const { c } = await fresh();
    const list = async (text) => (await c.ok(text)).lines;
    await c.ok('CREATE a/b');
    await c.ok('SUBSCRIBE a/b');
    await c.ok('SUBSCRIBE gone');
    for (const name of ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']) await c.ok(`UNSUBSCRIBE ${name}`);
    assert.deepEqual(await list('LIST (SUBSCRIBED) "" *'), [
      'LIST (\\Subscribed \\HasNoChildren) "/" INBOX',
      'LIST (\\Subscribed \\HasNoChildren) "/" a/b',
      'LIST (\\NonExistent \\Subscribed \\HasNoChildren) "/" gone',
    ]);
    assert.deepEqual(await list('LIST (SUBSCRIBED RECURSIVEMATCH) "" %'), [
      'LIST (\\Subscribed \\HasNoChildren) "/" INBOX',
      'LIST (\\HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))',
      'LIST (\\NonExistent \\Subscribed \\HasNoChildren) "/" gone',
    ]);
    assert.deepEqual(await list('LIST "" (a INBOX) RETURN (SUBSCRIBED CHILDREN)'), [
      'LIST (\\Subscribed \\HasNoChildren) "/" INBOX',
      'LIST (\\HasChildren) "/" a',
    ]);
    assert.deepEqual((await list('LIST (SPECIAL-USE) "" *')).length, 5);
    await append(c, 'a', message('one'));
    const { lines } = await c.ok('LIST "" a RETURN (STATUS (MESSAGES UNSEEN SIZE RECENT))');
    assert.deepEqual(lines, ['LIST (\\HasChildren) "/" a', `STATUS a (MESSAGES 1 RECENT 1 UNSEEN 1 SIZE ${message('one').length})`]);
    assert.equal((await c.command('CREATE x (USE (\\Sent))')).code, 'USEATTR');
    assert.equal((await c.command('CREATE x (USE (\\All))')).code, 'USEATTR');
    assert.equal((await c.command('CREATE x (USE (\\Nonsense))')).code, 'USEATTR');
    await c.ok('DELETE Sent');
    await c.ok('CREATE Gesendet (USE (\\Sent))');
    assert.deepEqual(await list('LIST "" Gesendet'), ['LIST (\\HasNoChildren \\Sent) "/" Gesendet']);
    c.close();
  });

  test('SELECT and EXAMINE say what they must; STATUS; \\Recent', async () => {
    const { user, c } = await fresh();
    await append(c, 'INBOX', message('seen'), '(\\Seen $Label1) ');
    await append(c, 'INBOX', message('unseen'));
    const status = (await c.ok('STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE)')).lines[0];
    const [, , values] = parse(status);
    assert.deepEqual([values[1], values[3], values[5], values[9]], ['2', '2', '3', '1']);
    const examined = await c.ok('EXAMINE INBOX');
    assert.equal(examined.code, 'READ-ONLY');
    assert.ok(examined.lines.includes('2 RECENT'), 'EXAMINE does not take \\Recent away');
    assert.ok(examined.lines.some((line) => line.startsWith('OK [PERMANENTFLAGS ()]')));
    for (const text of ['STORE 1 +FLAGS (\\Seen)', 'EXPUNGE', 'MOVE 1 Trash']) assert.equal((await c.command(text)).code, 'READ-ONLY');
    const { code, lines } = await c.ok('SELECT INBOX');
    assert.equal(code, 'READ-WRITE');
    assert.ok(lines.includes('2 EXISTS') && lines.includes('2 RECENT'));
    assert.ok(lines.includes('FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Label1)'));
    assert.ok(lines.some((line) => line.startsWith('OK [PERMANENTFLAGS (') && line.includes(' \\*)]')));
    assert.ok(lines.some((line) => line.startsWith('OK [UNSEEN 2]')));
    assert.ok(lines.some((line) => line.startsWith(`OK [UIDVALIDITY ${values[7]}]`)));
    assert.ok(lines.some((line) => line.startsWith('OK [UIDNEXT 3]')));
    assert.deepEqual(await c.search('SEARCH NEW'), [2]);
    assert.deepEqual(await c.search('SEARCH OLD'), []);
    // No other session sees them as recent any more; what comes now is so for who sees it first.
    const d = await login(user);
    assert.ok((await d.ok('SELECT INBOX')).lines.includes('0 RECENT'));
    await append(d, 'INBOX', message('third'));
    assert.deepEqual((await c.ok('NOOP')).lines, ['3 EXISTS', '2 RECENT']);
    assert.deepEqual(await d.search('SEARCH RECENT'), [3]);
    assert.deepEqual(await c.search('SEARCH RECENT'), [1, 2]);
    await append(d, 'Drafts', message('fourth'));
    const e = await login(user);
    await e.ok('SELECT Drafts');
    await e.ok('COPY 1 INBOX');
    assert.deepEqual((await c.ok('NOOP')).lines, ['4 EXISTS', '3 RECENT']);
    assert.deepEqual((await d.ok('NOOP')).lines, ['4 EXISTS', '1 RECENT']);
    assert.deepEqual((await c.fetch('FETCH 1:4 FLAGS')).map((m) => m.FLAGS.includes('\\Recent')), [true, true, false, true]);
    // Whoever comes at once with many others: each message is recent to one of them.
    await e.ok('COPY 1 INBOX');
    const many = await Promise.all(Array.from({ length: 5 }, () => login(user)));
    const counts = await Promise.all(many.map(async (one) => Number((await one.ok('SELECT INBOX')).lines.find((line) => line.endsWith(' RECENT')).split(' ')[0])));
    assert.equal(counts.reduce((a, b) => a + b), 1);
    for (const one of [e, ...many]) one.close();
    assert.equal((await c.command('SELECT nowhere')).code, 'NONEXISTENT');
    assert.equal((await c.command('FETCH 1 FLAGS')).status, 'BAD', 'a failed SELECT leaves none selected');
    c.close();
    d.close();
  });

  // ---- FETCH ----

  test('ENVELOPE, BODYSTRUCTURE and sections of a message with parts', async () => {
    const { c } = await fresh();
    const text = latin1(MIXED);
    await append(c, 'INBOX', MIXED);
    await c.ok('SELECT INBOX');
    const [m] = await c.fetch('FETCH 1 (UID RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE INTERNALDATE FLAGS)');
    assert.equal(m['RFC822.SIZE'], String(text.length));
    assert.deepEqual(m.ENVELOPE, [
      'Mon, 7 Feb 1994 23:52:25 -0800 (PST)', '=?UTF-8?B?R3LDvMOfZQ==?= and more',
      [['=?UTF-8?Q?J=C3=BCrgen?=', null, 'juergen', 'example.org']],
      [['=?UTF-8?Q?J=C3=BCrgen?=', null, 'juergen', 'example.org']],
      [['=?UTF-8?Q?J=C3=BCrgen?=', null, 'juergen', 'example.org']],
      [['Doe, Jane', null, 'jane', 'example.org'], [null, null, 'group', null], [null, null, 'a', 'b.example'], [null, null, 'c', 'd.example'], [null, null, null, null]],
      [[null, null, 'carol', 'example.org']], null, '<zero@example.org>', '<one@example.org>']);
    const [alternative, image, inside, kind] = m.BODYSTRUCTURE;
    assert.equal(kind.toLowerCase(), 'mixed');
    assert.deepEqual(alternative.slice(0, 3).map((x) => (Array.isArray(x) ? x[1].toLowerCase() : x.toLowerCase())), ['plain', 'html', 'alternative']);
    assert.deepEqual(image.slice(0, 7), ['image', 'png', ['name', 'dot.png'], null, null, 'base64', '12']);
    assert.deepEqual(image[8], ['attachment', ['filename', 'dot.png']]);
    assert.equal(inside[0].toLowerCase(), 'message');
    assert.equal(inside[7][1], 'inside');
    const section = async (name) => (await c.fetch(`FETCH 1 BODY.PEEK[${name}]`))[0][`BODY[${name}]`];
    assert.equal(await section(''), text);
    assert.equal(await section('HEADER'), text.slice(0, text.indexOf('\r\n\r\n') + 4));
    assert.equal(await section('TEXT'), text.slice(text.indexOf('\r\n\r\n') + 4));
    assert.equal(await section('1.1'), 'Sch=C3=B6ne Gr=C3=BC=C3=9Fe');
    assert.equal(await section('1.2.MIME'), 'Content-Type: text/html\r\n\r\n');
    assert.equal(await section('2'), 'iVBORw0KGgo=');
    assert.equal(await section('3.HEADER'), 'From: inside@example.org\r\nSubject: inside\r\n\r\n');
    assert.equal(await section('3.TEXT'), 'within');
    assert.equal(await section('3.1'), 'within');
    assert.equal(await section('9'), null);
    assert.equal(await section('HEADER.FIELDS (Cc Message-ID)'), 'Cc: carol@example.org\r\nMessage-ID: <one@example.org>\r\n\r\n');
    assert.equal(await section('3.HEADER.FIELDS.NOT (From)'), 'Subject: inside\r\n\r\n');
    // The old names, and partial ones.
    const [old] = await c.fetch('FETCH 1 (RFC822.HEADER RFC822.TEXT BODY.PEEK[]<10.20> BODY.PEEK[]<99999.5> BODY.PEEK[HEADER.FIELDS (Cc)]<4.5>)');
    assert.equal(old['RFC822.HEADER'] + old['RFC822.TEXT'], text);
    assert.equal(old['BODY[]<10>'], text.slice(10, 30));
    assert.equal(old['BODY[]<99999>'], '');
    assert.equal(old['BODY[HEADER.FIELDS (Cc)]<4>'], 'carol');
    c.close();
  });

  test('listed fields are the same wherever they are kept', async () => {
    const { c } = await fresh();
    const to = Array.from({ length: 900 }, (_, i) => `member-${i}@example.org`).join(',\r\n ');
    await append(c, 'INBOX', 'From: a@example.org\r\nSubject: first\r\n\r\nx\r\n');
    await append(c, 'INBOX', `From: b@example.org\r\nTo: ${to}\r\nSubject: long\r\n\r\nx\r\n`); // too long to be kept apart
    for (const subject of ['third', 'fourth']) await append(c, 'INBOX', `Subject: ${subject}\r\nFrom: c@example.org\r\n\r\nx\r\n`);
    await c.ok('SELECT INBOX');
    await c.ok('COPY 1 INBOX');
    await c.ok('NOOP');
    const all = async () => (await c.fetch('FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (Subject)])')).map((m) => m['BODY[HEADER.FIELDS (Subject)]'].trim());
    const whole = async () => (await c.fetch('FETCH 1:* BODY.PEEK[]')).map((m) => m['BODY[]'].length);
    const subjects = ['first', 'long', 'third', 'fourth', 'first'].map((subject) => `Subject: ${subject}`);
    assert.deepEqual(await all(), subjects);
    const lengths = await whole();
    assert.ok(lengths[1] > 17000);
    // As a program before had them: of some, of all.
    const sql = (text) => assert.equal(spawnSync('sqlite3', [join(h.dir, 'data', 'mail.db'), '.timeout 5000', text], { encoding: 'utf8' }).stderr, '');
    for (const which of ["(SELECT parsed FROM content WHERE subject = 'third')", '(SELECT parsed FROM content)']) {
      sql(`UPDATE parsed SET fields = (SELECT bytes FROM fields f WHERE f.id = parsed.id) WHERE fields IS NULL AND id IN ${which};`
        + `DELETE FROM fields WHERE id IN ${which}; UPDATE message SET parsed = 0 WHERE parsed IN ${which}`);
      assert.deepEqual(await all(), subjects);
      assert.deepEqual(await whole(), lengths);
    }
    c.close();
  });

  test('\\Seen: set by BODY[], not by PEEK nor under EXAMINE, and told at once', async () => {
    const { user, c } = await fresh();
    for (let i = 0; i < 3; i++) await append(c, 'INBOX', message(`m${i}`));
    await c.ok('EXAMINE INBOX');
    assert.equal((await c.fetch('FETCH 1 BODY[TEXT]'))[0].FLAGS, undefined);
    await c.ok('SELECT INBOX');
    const d = await login(user);
    await d.ok('SELECT INBOX');
    assert.equal((await c.fetch('FETCH 1 BODY.PEEK[TEXT]'))[0].FLAGS, undefined);
    assert.deepEqual(await d.search('SEARCH SEEN'), []);
    const [m] = await c.fetch('FETCH 1 BODY[TEXT]');
    assert.deepEqual(m.FLAGS, ['\\Seen', '\\Recent']);
    assert.deepEqual((await c.fetch('FETCH 1:2 (FLAGS BODY[TEXT])')).map((one) => one.FLAGS), [['\\Seen', '\\Recent'], ['\\Seen', '\\Recent']]);
    assert.deepEqual(fetched((await d.ok('NOOP')).lines).map((one) => [one.seq, one.FLAGS]), [[1, ['\\Seen']], [2, ['\\Seen']]]);
    // Our own change is not told to us twice.
    assert.deepEqual((await c.ok('NOOP')).lines, []);
    c.close();
    d.close();
  });

  test('sets: by number and by UID, with *, and numbers that are not there', async () => {
    const { c } = await fresh();
    assert.equal((await c.ok('SELECT INBOX')).status, 'OK');
    assert.equal((await c.command('FETCH 1:* FLAGS')).status, 'BAD');
    assert.deepEqual((await c.ok('UID FETCH 1:* FLAGS')).lines, []);
    for (let i = 1; i <= 6; i++) await append(c, 'INBOX', message(`m${i}`));
    await c.ok('STORE 2,4 +FLAGS (\\Deleted)');
    await c.ok('EXPUNGE');
    // Left: UIDs 1 3 5 6.
    const uids = async (text) => (await c.fetch(text)).map((m) => [m.seq, Number(m.UID)]);
    assert.deepEqual(await uids('FETCH 1:* UID'), [[1, 1], [2, 3], [3, 5], [4, 6]]);
    assert.deepEqual(await uids('FETCH *,2 UID'), [[2, 3], [4, 6]]);
    assert.deepEqual(await uids('UID FETCH 2:5 FLAGS'), [[2, 3], [3, 5]]);
    assert.deepEqual(await uids('UID FETCH 100:* FLAGS'), [[4, 6]]);
    assert.deepEqual(await uids('UID FETCH 2,4,100 FLAGS'), []);
    assert.equal((await c.command('FETCH 5 FLAGS')).status, 'BAD');
    assert.equal((await c.command('FETCH 0 FLAGS')).status, 'BAD');
    c.close();
  });

  test('a large message comes in pieces, whole, also to a slow reader', async () => {
    const { c } = await fresh();
    const body = Array.from({ length: 40000 }, (_, i) => `line ${i} ${'y'.repeat(70)}`).join('\r\n');
    const text = message('large', body);
    await append(c, 'INBOX', text);
    await c.ok('SELECT INBOX');
    const [m] = await c.fetch('FETCH 1 (BODY.PEEK[] UID)');
    assert.equal(m['BODY[]'], text);
    assert.equal((await c.fetch('FETCH 1 BODY.PEEK[]<1000000.700000>'))[0]['BODY[]<1000000>'], text.slice(1000000, 1700000));
    // The reader stops; the server waits, and goes on.
    c.socket.pause();
    const all = Promise.all(Array.from({ length: 5 }, () => c.fetch('FETCH 1 BODY.PEEK[]')));
    await new Promise((done) => setTimeout(done, 500));
    c.socket.resume();
    for (const [one] of await all) assert.equal(one['BODY[]'].length, text.length);
    c.close();
  });

  test('many messages, in batches', async () => {
    const { user, c } = await fresh();
    await c.ok('SELECT INBOX');
    const one = message('many', 'z'.repeat(2000));
    for (let i = 0; i < 60; i++) {
      const text = `APPEND INBOX {${one.length}+}\r\n${one}\r\n`;
      c.send(Array.from({ length: 20 }, (_, k) => `b${i}-${k} ${text}`).join(''));
      await c.response(new RegExp(`^b${i}-19 OK`), 60);
    }
    c.responses = [];
    const d = await login(user);
    await d.ok('SELECT INBOX');
    const messages = await d.fetch('FETCH 1:* (UID FLAGS BODY.PEEK[])');
    assert.equal(messages.length, 1200);
    assert.ok(messages.every((m) => m['BODY[]'] === one));
    assert.deepEqual(messages.map((m) => Number(m.UID)), Array.from({ length: 1200 }, (_, i) => i + 1));
    assert.equal((await d.fetch('FETCH 1:* FLAGS')).length, 1200);
    const odd = Array.from({ length: 600 }, (_, i) => 2 * i + 1).join(',');
    assert.equal((await d.fetch(`FETCH ${odd} (ENVELOPE)`)).length, 600);
    await d.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)');
    await d.ok('EXPUNGE');
    assert.equal((await c.ok('NOOP')).lines.filter((line) => line === '1 EXPUNGE').length, 1200);
    c.close();
    d.close();
  });

  // ---- STORE, COPY, MOVE, EXPUNGE ----

  test('STORE: set, add, remove, silent, keywords', async () => {
    const { c } = await fresh();
    await append(c, 'INBOX', message('one'));
    await c.ok('SELECT INBOX');
    const flags = async (text) => fetched((await c.ok(text)).lines).map((m) => m.FLAGS.filter((f) => f !== '\\Recent'));
    assert.deepEqual(await flags('STORE 1 FLAGS (\\Seen $Work)'), [['\\Seen', '$Work']]);
    assert.deepEqual(await flags('STORE 1 +FLAGS (\\Flagged $work Later)'), [['\\Seen', '\\Flagged', '$Work', 'Later']]);
    assert.deepEqual(await flags('STORE 1 -FLAGS (\\Seen $WORK)'), [['\\Flagged', 'Later']]);
    assert.deepEqual(await flags('STORE 1 +FLAGS.SILENT \\Answered'), []);
    assert.deepEqual(await flags('UID STORE 1 -FLAGS ()'), [['\\Answered', '\\Flagged', 'Later']]);
    assert.deepEqual(await flags('STORE 1 +FLAGS (\\Recent)'), [['\\Answered', '\\Flagged', 'Later']]);
    assert.deepEqual(await flags('STORE 1 FLAGS ()'), [[]]);
    assert.deepEqual((await c.ok('NOOP')).lines, []);
    // The keywords of a message are bounded.
    const codes = [];
    for (let i = 0; i < 20; i++) codes.push((await c.command(`STORE 1 +FLAGS.SILENT (${Array.from({ length: 4 }, (_, k) => `k${'x'.repeat(100)}${i}-${k}`).join(' ')})`)).code);
    assert.deepEqual(codes, Array.from({ length: 20 }, (_, i) => (i < 9 ? undefined : 'LIMIT')));
    c.close();
  });

  test('FLAGS is told in front of a FETCH with a keyword that is new there', async () => {
    const { user, c } = await fresh();
    await append(c, 'INBOX', message('one'));
    await append(c, 'INBOX', message('two'));
    await c.ok('SELECT INBOX');
    const other = await login(user);
    await other.ok('SELECT INBOX');
    const idler = await login(user);
    await idler.ok('SELECT INBOX');
    idler.send('i IDLE\r\n');
    await idler.response(/^\+/);
    // All lines about flags up to the first FETCH that has the keyword.
    const told = (lines, word) => {
      const at = lines.findIndex((line) => line.includes(' FETCH ') && line.includes(word));
      assert.ok(at >= 0, `${word}: ${lines}`);
      const before = lines.slice(0, at);
      return [before.some((line) => line.startsWith('FLAGS (') && line.includes(word)), before.some((line) => line.startsWith('OK [PERMANENTFLAGS (') && line.includes(word))];
    };
    assert.deepEqual(told((await c.ok('STORE 1 +FLAGS ($Label5)')).lines, '$Label5'), [true, true]);
    assert.deepEqual(told((await other.ok('NOOP')).lines, '$Label5'), [true, true]);
    const seen = await idler.response(/FETCH/);
    assert.match(seen, /\$Label5/);
    assert.ok(idler.responses.some((line) => line.startsWith('* FLAGS (') && line.includes('$Label5')));
    // Once is enough, in any spelling.
    assert.deepEqual(told((await c.ok('STORE 2 +FLAGS ($label5)')).lines, '$label5'), [false, false]);
    // Without a FETCH, by APPEND, COPY and MOVE, and on the way of another flag.
    assert.ok((await c.ok('STORE 1 +FLAGS.SILENT (Quiet)')).lines.some((line) => line.startsWith('FLAGS (') && line.includes('Quiet')));
    await append(c, 'INBOX', message('three'), '(Appended) ');
    await append(c, 'Drafts', message('four'), '(Copied) ');
    await append(c, 'Drafts', message('five'), '(Moved) ');
    const mover = await login(user);
    await mover.ok('SELECT Drafts');
    await mover.ok('COPY 1 INBOX');
    await mover.ok('MOVE 2 INBOX');
    await c.ok('NOOP');
    for (const [n, word] of [[3, 'Appended'], [4, 'Copied'], [5, 'Moved']]) assert.deepEqual(told((await c.ok(`FETCH ${n} FLAGS`)).lines, word), [true, true]);
    await other.ok('NOOP');
    assert.deepEqual(told((await other.ok('FETCH 3 BODY[TEXT]')).lines, 'Appended'), [true, true]);
    assert.deepEqual(told((await other.ok('FETCH 1:* (UID FLAGS)')).lines, 'Moved'), [true, true]);
    assert.match((await c.ok('EXAMINE INBOX')).lines.find((line) => line.startsWith('FLAGS')), /Moved/);
    for (const one of [c, other, idler, mover]) one.close();
  });

  test('COPY and MOVE with COPYUID; UID EXPUNGE; CLOSE', async () => {
    const { user, c } = await fresh();
    for (let i = 1; i <= 6; i++) await append(c, 'INBOX', message(`m${i}`), '(\\Flagged kw) ');
    await c.ok('SELECT INBOX');
    assert.equal((await c.command('COPY 1 nowhere')).code, 'TRYCREATE');
    const trash = parse((await c.ok('STATUS Trash (UIDVALIDITY)')).lines[0])[2][1];
    assert.equal((await c.ok('COPY 2:3,5 Trash')).code, `COPYUID ${trash} 2:3,5 1:3`);
    assert.equal((await c.ok('UID COPY 100 Trash')).code, undefined);
    const moved = await c.ok('UID MOVE 1,4 Trash');
    assert.deepEqual(moved.lines, [`OK [COPYUID ${trash} 1,4 4:5] Moved`, '1 EXPUNGE', '3 EXPUNGE']);
    assert.deepEqual((await c.fetch('FETCH 1:* UID')).map((m) => m.UID), ['2', '3', '5', '6']);
    await c.ok('STORE 1:3 +FLAGS.SILENT (\\Deleted)');
    assert.deepEqual((await c.ok('UID EXPUNGE 3,6')).lines, ['2 EXPUNGE']);
    assert.deepEqual((await c.ok('CLOSE')).lines, []);
    assert.equal((await c.command('FETCH 1 FLAGS')).status, 'BAD');
    await c.ok('SELECT INBOX');
    assert.deepEqual((await c.fetch('FETCH 1:* UID')).map((m) => m.UID), ['6']);
    const d = await login(user);
    await d.ok('SELECT Trash');
    const there = await d.fetch('FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    assert.deepEqual(there.map((m) => m['BODY[HEADER.FIELDS (SUBJECT)]'].trim().slice(-2)), ['m2', 'm3', 'm5', 'm1', 'm4']);
    assert.ok(there.every((m) => m.FLAGS.includes('\\Flagged') && m.FLAGS.includes('kw')));
    // Within one mailbox: new UIDs, the old ones go.
    const inbox = parse((await c.ok('STATUS INBOX (UIDVALIDITY)')).lines[0])[2][1];
    const { lines } = await c.ok('MOVE 1 INBOX');
    assert.deepEqual(lines, [`OK [COPYUID ${inbox} 6 7] Moved`, '2 EXISTS', '1 RECENT', '1 EXPUNGE']);
    assert.deepEqual((await c.fetch('FETCH 1:* UID')).map((m) => m.UID), ['7']);
    await c.ok('UNSELECT');
    c.close();
    d.close();
  });

  // ---- APPEND ----

  test('APPEND: literals of both kinds, date, flags, TRYCREATE, limits', async () => {
    const { c } = await fresh();
    const text = message('appended');
    const validity = parse((await c.ok('STATUS INBOX (UIDVALIDITY)')).lines[0])[2][1];
    assert.equal((await c.ok(['APPEND INBOX (\\Draft) "17-Jul-1996 02:44:25 -0700" ', Buffer.from(text), ''])).code, `APPENDUID ${validity} 1`);
    assert.equal((await c.ok(['APPEND INBOX ', Buffer.from(text), ''], { plus: true })).code, `APPENDUID ${validity} 2`);
    assert.equal((await c.ok(['APPEND ', Buffer.from('INBOX'), ' ', Buffer.from(text), ''], { plus: true })).code, `APPENDUID ${validity} 3`);
    await c.ok('SELECT INBOX');
    const [m] = await c.fetch('FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])');
    assert.equal(m.INTERNALDATE, '17-Jul-1996 09:44:25 +0000');
    assert.deepEqual(m.FLAGS, ['\\Draft', '\\Recent']);
    assert.equal(m['BODY[]'], text, 'nothing is put in front');
    for (const plus of [false, true]) {
      assert.equal((await c.command(['APPEND nowhere ', Buffer.from(text), ''], { plus })).code, 'TRYCREATE');
      assert.equal((await c.command(['APPEND INBOX ', Buffer.alloc(5 << 20, 'x'), ''], { plus })).code, 'TOOBIG');
      assert.equal((await c.command(['APPEND INBOX ', Buffer.alloc(0), ''], { plus })).code, 'CANNOT');
      assert.equal((await c.command(['APPEND INBOX ', Buffer.from('a\0b'), ''], { plus })).status, 'NO');
    }
    assert.equal((await c.command(['APPEND INBOX ', Buffer.from(text), ' more'])).status, 'BAD');
    await c.ok('NOOP');
    assert.deepEqual(await c.search('SEARCH ALL'), [1, 2, 3]);
    // A client that goes away in the middle leaves nothing.
    c.send('x APPEND INBOX {1000000+}\r\npart of it');
    await new Promise((done) => setTimeout(done, 100));
    c.close();
  });

  // ---- several sessions ----

  test('two sessions see each other, and numbers stay the client\'s', async () => {
    const { user, c } = await fresh();
    for (let i = 1; i <= 5; i++) await append(c, 'INBOX', message(`m${i}`));
    await c.ok('SELECT INBOX');
    const d = await login(user);
    await d.ok('SELECT INBOX');
    await c.ok('STORE 2 +FLAGS (\\Deleted)');
    assert.deepEqual(fetched((await d.ok('NOOP')).lines).map((m) => [m.seq, m.UID, m.FLAGS.includes('\\Deleted')]), [[2, '2', true]]);
    await c.ok('EXPUNGE');
    await append(c, 'INBOX', message('m6'));
    // No EXPUNGE within FETCH, STORE and SEARCH by number: the old numbers stand.
    let answer = await d.ok('FETCH 1:5 UID');
    assert.ok(!answer.lines.some((line) => line.endsWith('EXPUNGE')));
    assert.ok(answer.lines.includes('6 EXISTS'));
    assert.equal(answer.code, 'EXPUNGEISSUED');
    assert.deepEqual(fetched(answer.lines).map((m) => [m.seq, m.UID]), [[1, '1'], [3, '3'], [4, '4'], [5, '5']]);
    answer = await d.ok('STORE 2:3 +FLAGS (\\Flagged)');
    assert.equal(answer.code, 'EXPUNGEISSUED');
    assert.deepEqual(fetched(answer.lines).map((m) => [m.seq, m.UID]), [[3, '3']]);
    assert.deepEqual(await d.search('SEARCH FLAGGED'), [3]);
    assert.deepEqual((await d.ok('UID SEARCH FLAGGED')).lines, ['SEARCH 3', '2 EXPUNGE']);
    assert.deepEqual((await d.fetch('FETCH 1:* UID')).map((m) => m.UID), ['1', '3', '4', '5', '6']);
    c.close();
    d.close();
  });

  test('four sessions at random keep one picture', async () => {
    const { user, c } = await fresh();
    let seed = 12345;
    const random = (n) => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8) % n;
    const sessions = [];
    for (let i = 0; i < 4; i++) sessions.push({ c: await login(user), uids: [], flags: new Map() });
    // What a session is told, put into its picture.
    const told = (s, lines, numbersStand) => {
      for (const line of lines) {
        const [, n, what] = /^(\d+) (\w+)/.exec(line) || [];
        if (what === 'EXISTS') while (s.uids.length < Number(n)) s.uids.push(null);
        if (what === 'EXISTS') assert.equal(s.uids.length, Number(n), 'EXISTS never falls');
        if (what === 'EXPUNGE') {
          assert.ok(!numbersStand, 'no EXPUNGE within FETCH, STORE, SEARCH');
          assert.ok(n >= 1 && n <= s.uids.length);
          s.flags.delete(s.uids[n - 1]);
          s.uids.splice(n - 1, 1);
        }
        if (what === 'FETCH') {
          const [m] = fetched([line]);
          assert.ok(m.seq <= s.uids.length);
          assert.ok([null, m.UID].includes(s.uids[m.seq - 1]), `number ${m.seq} is ${s.uids[m.seq - 1]}, not ${m.UID}`);
          s.uids[m.seq - 1] = m.UID;
          if (m.FLAGS) s.flags.set(m.UID, m.FLAGS.filter((f) => f !== '\\Recent').sort().join());
        }
      }
    };
    const run = async (s, text, numbersStand = false) => {
      const answer = await s.c.command(text);
      assert.equal(answer.status, 'OK', `${text}: ${answer.text}`);
      told(s, answer.lines, numbersStand);
      return answer;
    };
    for (const s of sessions) await run(s, 'SELECT INBOX');
    const flag = () => ['\\Seen', '\\Flagged', '\\Deleted', 'kw', '\\Answered'][random(5)];
    const act = async (s) => {
      const n = s.uids.length;
      const number = n ? 1 + random(n) : 0;
      const range = `${number}:${n ? 1 + random(n) : 0}`;
      const op = random(12);
      if (op < 3 || !n) return run(s, [`APPEND INBOX (${flag()}) `, Buffer.from(message(`r${random(1000)}`)), '']);
      if (op < 5) return run(s, `STORE ${range} ${['+', '-', ''][random(3)]}FLAGS (${flag()})`, true);
      if (op === 5) return run(s, `FETCH ${range} (UID FLAGS)`, true);
      if (op === 6) return run(s, `SEARCH ${flag().replace('\\', '').replace('kw', 'KEYWORD kw')}`, true);
      if (op === 7) return run(s, 'EXPUNGE');
      if (op === 8) return run(s, `COPY ${number} INBOX`);
      if (op === 9) return run(s, `MOVE ${range} ${['INBOX', 'Trash'][random(2)]}`);
      if (op === 10) return run(s, `FETCH ${number} (UID FLAGS BODY[])`, true);
      return run(s, 'NOOP');
    };
    await Promise.all(sessions.map(async (s) => { for (let i = 0; i < 150; i++) await act(s); }));
    await c.ok('EXAMINE INBOX');
    const truth = (await c.fetch('UID FETCH 1:* (FLAGS)')).map((m) => [m.UID, m.FLAGS.filter((f) => f !== '\\Recent').sort().join()]);
    for (const s of sessions) {
      await run(s, 'NOOP');
      // Flags it never asked for are not known; what it was told is true.
      assert.equal(s.uids.length, truth.length);
      s.uids.forEach((uid, i) => assert.ok(uid === null || uid === truth[i][0], `${uid} at ${i}`));
      const flags = new Map(truth);
      for (const [uid, known] of s.flags) if (flags.has(uid)) assert.equal(known, flags.get(uid), `flags of ${uid}`);
      s.c.close();
    }
    c.close();
  });

  test('silent changes of our own are not told; those of others are', async () => {
    const { user, c } = await fresh();
    for (let i = 1; i <= 3; i++) await append(c, 'INBOX', message(`m${i}`));
    await c.ok('SELECT INBOX');
    const d = await login(user);
    await d.ok('SELECT INBOX');
    await d.ok('STORE 1 +FLAGS.SILENT (\\Flagged)');
    assert.deepEqual((await d.ok('NOOP')).lines, []);
    const { lines } = await c.ok('STORE 2 +FLAGS.SILENT (\\Seen)');
    assert.ok(fetched(lines).some((m) => m.seq === 1 && m.FLAGS.includes('\\Flagged')));
    c.close();
    d.close();
  });

  test('IDLE tells at once: new mail, flags, expunge', async () => {
    const { user, c } = await fresh();
    await append(c, 'INBOX', message('first'));
    await c.ok('SELECT INBOX');
    c.send('i IDLE\r\n');
    await c.response(/^\+/);
    await deliver(h.port.smtp, user, message('by SMTP'));
    await c.response(/^\* 2 EXISTS/);
    const d = await login(user);
    await d.ok('SELECT INBOX');
    await d.ok('STORE 2 +FLAGS (\\Deleted)');
    assert.match(await c.response(/^\* 2 FETCH/), /\\Deleted/);
    await d.ok('EXPUNGE');
    await c.response(/^\* 2 EXPUNGE/);
    c.send('DONE\r\n');
    await c.response(/^i OK/);
    c.responses = [];
    c.send('j IDLE\r\n');
    await c.response(/^\+/);
    c.send('nonsense\r\n');
    assert.match(await c.response(/^j /), /^j BAD/);
    // IDLE with nothing selected only waits.
    await c.ok('UNSELECT');
    c.send('k IDLE\r\nDONE\r\nl NOOP\r\n');
    await c.response(/^k OK/);
    await c.response(/^l OK/);
    c.close();
    d.close();
  });

  test('a selected mailbox that is deleted, or renamed, by others and by ourselves', async () => {
    const { user, c } = await fresh();
    await c.ok('CREATE box');
    await append(c, 'box', message('one'));
    await c.ok('SELECT box');
    const d = await login(user);
    await c.ok('CREATE box/below/deep');
    const status = async (name) => (await d.ok(`STATUS ${name} (UIDVALIDITY UIDNEXT MESSAGES)`)).lines[0].replace(/^STATUS \S+ /, '');
    const before = [await status('box'), await status('box/below'), await status('box/below/deep')];
    await d.ok('RENAME box other');
    assert.deepEqual([await status('other'), await status('other/below'), await status('other/below/deep')], before);
    await d.ok('CREATE box');
    assert.notEqual(parse(await status('box'))[0][1], parse(before[0])[0][1], 'a new mailbox of the old name is another one');
    // The mailbox is the same, by whatever name.
    assert.deepEqual((await c.fetch('FETCH 1 UID')).map((m) => m.UID), ['1']);
    await c.ok('STORE 1 +FLAGS (\\Flagged)');
    assert.equal((await c.ok('COPY 1 INBOX')).status, 'OK');
    await d.ok('DELETE other');
    await c.response(/^\* BYE/, 1).catch(() => c.command('NOOP').catch(() => {}));
    await c.end();
    await d.ok('CREATE mine');
    await d.ok('SELECT mine');
    await d.ok('DELETE mine');
    assert.equal((await d.command('FETCH 1 UID')).status, 'BAD');
    await d.ok('SELECT INBOX');
    // Renaming INBOX moves its messages away.
    const e = await login(user);
    await e.ok('RENAME INBOX old');
    assert.deepEqual((await d.ok('NOOP')).lines, ['1 EXPUNGE']);
    assert.deepEqual((await e.ok('STATUS old (MESSAGES)')).lines, ['STATUS old (MESSAGES 1)']);
    await append(e, 'INBOX', message('again'));
    assert.deepEqual((await d.ok('NOOP')).lines.filter((line) => line.endsWith('EXISTS')), ['1 EXISTS']);
    d.close();
    e.close();
  });

  test('who pipelines and leaves without reading loses nothing that was complete', async () => {
    const { user, c } = await fresh();
    const text = message('left behind', 'x'.repeat(3000));
    for (const end of ['destroy', 'end']) {
      const d = await login(user);
      d.socket.pause();
      let sent = '';
      // Enough answers that some are unread when the socket is closed.
      for (let i = 0; i < 10; i++) sent += `n${i} NOOP\r\na${i} APPEND INBOX (${end}) {${text.length}+}\r\n${text}\r\n`;
      await new Promise((done) => d.socket.write(`${sent}z LOGOUT\r\n`, done));
      d.socket[end]();
      await eventually(async () => {
        await c.ok('SELECT INBOX');
        return (await c.search(`SEARCH KEYWORD ${end}`)).length === 10;
      }, 20, `all ten by ${end}`);
      d.close();
    }
    c.close();
  });

  test('pipelined commands are answered in order', async () => {
    const { c } = await fresh();
    const text = message('piped');
    c.send(`a SELECT INBOX\r\nb APPEND INBOX {${text.length}+}\r\n${text}\r\nc NOOP\r\nd FETCH 1 (UID)\r\ne UID STORE 1 +FLAGS (\\Seen)\r\n` +
      'f SEARCH SEEN\r\ng LIST "" INBOX\r\nh UID COPY 1 Trash\r\ni IDLE\r\nDONE\r\nj BAD COMMAND\r\nk LOGOUT\r\n');
    const tags = [];
    await c.response(/^k /);
    for (const line of c.responses) if (/^[a-j] /.test(line)) tags.push(line.slice(0, 5).trim());
    assert.deepEqual(tags, ['a OK', 'b OK', 'c OK', 'd OK', 'e OK', 'f OK', 'g OK', 'h OK', 'i OK', 'j BAD'].map((t) => t.slice(0, 5).trim()));
    await c.end();
  });

  // ---- SEARCH ----

  test('SEARCH finds what a plain look finds', async () => {
    const { c } = await fresh();
    const days = ['1-Jan-2024 00:00:00 +0000', '1-Jan-2024 23:59:59 +0000', '2-Jan-2024 00:00:00 +0000', '15-Feb-2024 12:00:00 +0000'];
    const all = [];
    for (let i = 0; i < 24; i++) {
      const one = {
        subject: ['alpha', 'Beta Grüße', 'gamma delta', 're: alpha'][i % 4],
        from: ['ann@example.org', 'Bob <bob@example.net>'][i % 2],
        body: ['the quick brown fox', 'jumps over', 'the lazy dog', 'ÄPFEL und Birnen', 'x'.repeat(3000)][i % 5],
        date: days[i % 4],
        flags: ['', '\\Seen', '\\Flagged', '\\Seen \\Answered', '\\Deleted', 'kw'][i % 6],
        sent: `0${1 + (i % 3)} Jan 2024 2${i % 4}:30:00 ${['+0000', '-0800', '+0530'][i % 3]}`,
        number: i + 1,
      };
      one.text = `From: ${one.from}\r\nTo: list@example.org\r\nSubject: ${i % 4 === 1 ? '=?UTF-8?Q?Beta_Gr=C3=BC=C3=9Fe?=' : one.subject}\r\n` +
        `Date: ${one.sent}\r\nX-Number: n${one.number}\r\n${i % 3 ? '' : 'X-Third: \r\n'}Content-Type: text/plain; charset=utf-8\r\n\r\n${one.body}\r\n`;
      one.size = Buffer.byteLength(one.text);
      all.push(one);
      await c.ok([`APPEND INBOX (${one.flags}) "${one.date.padStart(26)}" `, Buffer.from(one.text), '']);
    }
    await c.ok('SELECT INBOX');
    const has = (one, flag) => one.flags.split(' ').includes(flag);
    const within = (text, needle) => text.toLowerCase().includes(needle.toLowerCase());
    const day = (one) => one.date.split(' ')[0];
    const decoded = (one) => one.text.replace('=?UTF-8?Q?Beta_Gr=C3=BC=C3=9Fe?=', 'Beta Grüße');
    const cases = {
      ALL: () => true,
      SEEN: (m) => has(m, '\\Seen'),
      'UNSEEN NOT FLAGGED': (m) => !has(m, '\\Seen') && !has(m, '\\Flagged'),
      'OR ANSWERED DELETED': (m) => has(m, '\\Answered') || has(m, '\\Deleted'),
      'KEYWORD KW': (m) => has(m, 'kw'),
      'UNKEYWORD kw': (m) => !has(m, 'kw'),
      'SUBJECT alpha': (m) => within(m.subject, 'alpha'),
      'SUBJECT al': (m) => within(m.subject, 'al'),
      'FROM bob': (m) => within(m.from, 'bob'),
      'FROM "Bob <bob"': (m) => within(m.from, 'bob <bob'),
      'TO list@': () => true,
      'CC nobody': () => false,
      'BODY fox': (m) => within(m.body, 'fox'),
      'BODY example.org': () => false,
      'TEXT example.org': () => true,
      'TEXT ann@': (m) => within(decoded(m), 'ann@'),
      'TEXT ox': (m) => within(decoded(m), 'ox'),
      'NOT TEXT lazy': (m) => !within(decoded(m), 'lazy'),
      'OR BODY fox SUBJECT gamma': (m) => within(m.body, 'fox') || within(m.subject, 'gamma'),
      'UNSEEN BODY the OR FROM ann SUBJECT re:': (m) => !has(m, '\\Seen') && within(m.body, 'the') && (within(m.from, 'ann') || within(m.subject, 're:')),
      'HEADER X-Number n7': (m) => within(`n${m.number}`, 'n7'),
      'HEADER X-Number n1': (m) => within(`n${m.number}`, 'n1'),
      'HEADER X-Third ""': (m) => m.text.includes('X-Third'),
      'HEADER X-None ""': () => false,
      'HEADER Subject ""': () => true,
      'BEFORE 2-Jan-2024': (m) => day(m) === '1-Jan-2024',
      'ON 1-Jan-2024': (m) => day(m) === '1-Jan-2024',
      'SINCE 2-Jan-2024': (m) => day(m) !== '1-Jan-2024',
      'SENTON 2-Jan-2024': (m) => m.sent.startsWith('02'),
      'SENTBEFORE 2-Jan-2024': (m) => m.sent.startsWith('01'),
      'SENTSINCE 3-Jan-2024': (m) => m.sent.startsWith('03'),
      'LARGER 1000': (m) => m.size > 1000,
      'SMALLER 200': (m) => m.size < 200,
      'OLDER 60': () => true,
      'YOUNGER 60': () => false,
      '2:4,*': (m) => (m.number >= 2 && m.number <= 4) || m.number === 24,
      'UID 5:7 NOT 6': (m) => m.number === 5 || m.number === 7,
      '(SEEN (BODY jumps))': (m) => has(m, '\\Seen') && within(m.body, 'jumps'),
    };
    const expected = (test_) => all.filter(test_).map((m) => m.number);
    // Once while the index may be behind, once when it surely is not.
    for (let round = 0; round < 2; round++) {
      for (const [keys, test_] of Object.entries(cases)) assert.deepEqual(await c.search(`SEARCH ${keys}`), expected(test_), keys);
      await new Promise((done) => setTimeout(done, 700));
    }
    const umlaut = (text) => c.search([`UID SEARCH CHARSET UTF-8 ${text} `, Buffer.from('GRÜSSE'.replace('SS', 'ß')), '']);
    assert.deepEqual(await umlaut('SUBJECT'), expected((m) => m.subject.startsWith('Beta')));
    assert.deepEqual(await c.search(['SEARCH BODY ', Buffer.from('äpfel'), '']), expected((m) => within(m.body, 'äpfel')));
    assert.equal((await c.command('SEARCH CHARSET KOI8-R TEXT x')).code, 'BADCHARSET (US-ASCII UTF-8)');
    // ESEARCH.
    const esearch = async (text) => (await c.ok(text)).lines[0].replace(/TAG "[^"]*"/, 'TAG');
    assert.equal(await esearch('SEARCH RETURN (MIN MAX COUNT ALL) KEYWORD kw'), 'ESEARCH (TAG) MIN 6 MAX 24 COUNT 4 ALL 6,12,18,24');
    assert.equal(await esearch('UID SEARCH RETURN () 3:5'), 'ESEARCH (TAG) UID ALL 3:5');
    assert.equal(await esearch('UID SEARCH RETURN (MIN COUNT) KEYWORD none'), 'ESEARCH (TAG) UID COUNT 0');
    // Copies, and what is expunged, in the index.
    await c.ok('COPY 1:5 INBOX');
    assert.deepEqual(await c.search('SEARCH BODY fox'), [...expected(cases['BODY fox']), 25]);
    await c.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await c.ok('UID EXPUNGE 1');
    assert.deepEqual(await c.search('UID SEARCH BODY fox'), [...expected(cases['BODY fox']).slice(1), 25]);
    const many = Array.from({ length: 33 }, (_, i) => `TEXT x${i}`).join(' ');
    assert.equal((await c.command(`SEARCH ${many}`)).code, 'LIMIT');
    c.close();
  });

  // ---- the rest ----

  test('ID, ENABLE, commands in the wrong state, nonsense', async () => {
    const { c } = await fresh();
    assert.match((await c.ok('ID ("name" "test" "version" NIL)')).lines[0], /^ID \("name" "Hearth"/);
    const stranger = await ImapClient.connect(h.port.imap);
    await stranger.ok(`ID (${Array.from({ length: 30 }, (_, i) => `"${String(i).padEnd(30, 'f')}" "${'v'.repeat(1024)}"`).join(' ')})`);
    await stranger.ok(['ID (', Buffer.from('name'), ' ', Buffer.from('v'.repeat(1024)), ')'], { plus: true });
    assert.equal((await stranger.command(`LOGIN ${'u'.repeat(20000)} x`)).status, 'BAD');
    await stranger.ok('NOOP');
    stranger.close();
    assert.deepEqual((await c.ok('ENABLE CONDSTORE')).lines, ['ENABLED']);
    for (const text of ['FETCH 1 FLAGS', 'CLOSE', 'CHECK', 'STARTTLS', 'NONSENSE', 'SELECT', 'FETCH', 'UID', 'UID NOOP', 'SEARCH'])
      assert.equal((await c.command(text)).status, 'BAD', text);
    await c.ok('SELECT INBOX');
    await c.ok('CHECK');
    c.send('nospace\r\n');
    assert.match(await c.response(/BAD/), /^(\*|nospace) BAD/);
    const { lines } = await c.ok('LOGOUT');
    assert.match(lines[0], /^BYE/);
    await c.end();
  });
});

test('a polite stop says BYE to who idles, and kill -9 loses no APPEND', async () => {
  const h = new Hearth();
  h.addUser('a@hearth.test', PASSWORD);
  await h.start();
  let c = await ImapClient.login(h.port.imap, 'a@hearth.test', PASSWORD);
  await c.ok('SELECT INBOX');
  for (let i = 0; i < 20; i++) await c.ok(['APPEND INBOX ', Buffer.from(message(`n${i}`)), '']);
  await c.ok('STORE 5 +FLAGS (\\Flagged)');
  await h.kill('SIGKILL');
  await h.start();
  c = await ImapClient.login(h.port.imap, 'a@hearth.test', PASSWORD);
  assert.ok((await c.ok('SELECT INBOX')).lines.includes('20 EXISTS'));
  assert.deepEqual(await c.search('SEARCH FLAGGED'), [5]);
  c.send('i IDLE\r\n');
  await c.response(/^\+/);
  const bye = c.response(/^\* BYE/);
  const stopped = h.stop();
  assert.match(await bye, /stopping/);
  await stopped;
  await h.remove();
});

test('a message whose bytes are damaged costs the others nothing', async () => {
  const h = new Hearth();
  const user = 'a@hearth.test';
  h.addUser(user, PASSWORD);
  await h.start();
  let c = await ImapClient.login(h.port.imap, user, PASSWORD);
  const blobs = join(h.dir, 'data', 'blob');
  // Large enough for a file of its own.
  for (const [subject, body] of [['good', 'x'], ['bad', randomBytes(9000000).toString('base64')], ['good too', 'y']])
    await c.ok(['APPEND INBOX ', Buffer.from(message(subject, body)), '']);
  await h.stop();
  const files = readdirSync(blobs, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && e.name !== 'store-id').map((e) => join(e.path, e.name));
  assert.equal(files.length, 1);
  const bytes = readFileSync(files[0]);
  bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 1000);
  writeFileSync(files[0], bytes);
  await h.start();
  c = await ImapClient.login(h.port.imap, user, PASSWORD);
  await c.ok('SELECT INBOX');
  const answer = await c.command('FETCH 1:3 (ENVELOPE BODY.PEEK[TEXT]<6000000.20>)');
  assert.equal(answer.code, 'CORRUPTION');
  assert.deepEqual(fetched(answer.lines).map((m) => [m.ENVELOPE[1], m['BODY[TEXT]<6000000>']]), [['good', ''], ['bad', null], ['good too', '']]);
  // Within a literal there is no way to say so but to end the connection.
  await assert.rejects(c.command('FETCH 2 BODY.PEEK[]'));
  c = await ImapClient.login(h.port.imap, user, PASSWORD);
  await c.ok('SELECT INBOX');
  assert.equal((await c.fetch('FETCH 1,3 BODY.PEEK[TEXT]')).length, 2);
  c.close();
  await h.remove();
});
