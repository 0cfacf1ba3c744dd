// smtp.test.mjs: taking mail: the dialogue byte by byte, what is refused, and that 250 means on disk.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse';
const ALICE = 'alice@hearth.test';
const BOB = 'bob@hearth.test';

// The messages of INBOX as they come out of IMAP.
async function inbox(h, user = ALICE) {
  const c = await ImapClient.login(h.port.imap, user, PASSWORD);
  const { lines } = await c.ok('SELECT INBOX');
  const n = Number(/^(\d+) EXISTS/.exec(lines.find((line) => line.includes('EXISTS')))[1]);
  const messages = n ? (await c.fetch('FETCH 1:* (BODY.PEEK[])')).map((m) => m['BODY[]']) : [];
  c.close();
  return messages;
}

// What the sender sent: without the trace fields in front.
const sent = (message) => message.slice(message.indexOf('\r\n', message.indexOf('Received:')) + 2).replace(/^(\t[^\r]*\r\n)+/, '');

const base64 = (text) => Buffer.from(text).toString('base64');

describe('smtp', () => {
  const h = new Hearth({ 'mail.message_max': '1M' });

  before(async () => {
    h.addUser(ALICE, PASSWORD);
    h.addUser(BOB, PASSWORD);
    await h.start();
  });
  after(() => h.remove());

  test('a message comes out of IMAP byte for byte, behind its trace', async () => {
    const message = 'From: carol@example.org\r\nSubject: bytes\r\n\r\n.dot\r\n..two dots\r\n\x80\xff 8 bit\r\n trailing \r\n';
    await deliver(h.port.smtp, ALICE, message, 'carol@example.org');
    const [got] = (await inbox(h)).slice(-1);
    assert.match(got, /^Return-Path: <carol@example.org>\r\nDelivered-To: alice@hearth.test\r\nReceived: from client.test \(\[127.0.0.1\]\)\r\n\tby hearth.test with ESMTP id [0-9a-f]+;\r\n\t\w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n/);
    assert.equal(sent(got), message);
  });

  test('the sender of the envelope and what a mail answers are kept beside it', async () => {
    const many = Array.from({ length: 90 }, (_, i) => `<${i}.${'x'.repeat(30)}@old.example>`).join(' ');
    await deliver(h.port.smtp, ALICE, 'Return-Path: <forged@example.org>\r\nSubject: columns 1\r\nReferences: <1@a.example>\r\n <2@a.example>\r\n' +
      'In-Reply-To: <2@a.example> (yours)\r\n <3@a.example>\r\n\r\ntext\r\n', 'bounces+1@carol.example');
    await deliver(h.port.smtp, ALICE, `Subject: columns 2\r\nReferences: <first@a.example> ${many} <last@a.example>\r\n\r\ntext\r\n`, '');
    const c = await ImapClient.login(h.port.imap, ALICE, PASSWORD);
    await c.ok(['APPEND INBOX ', Buffer.from('Return-Path: <me@example.org>\r\nSubject: columns 3\r\n\r\ntext\r\n'), '']);
    c.close();
    const { stdout } = spawnSync('sqlite3', ['-json', join(h.dir, 'data', 'mail.db'), '.timeout 5000',
      "SELECT c.mail_from, p.answers FROM content c JOIN parsed p ON p.id = c.parsed WHERE c.subject LIKE 'columns%' ORDER BY c.id"], { encoding: 'utf8' });
    const [answer, long, own] = JSON.parse(stdout);
    assert.deepEqual(answer, { mail_from: 'bounces+1@carol.example', answers: '1@a.example 2@a.example 3@a.example' });
    assert.equal(long.mail_from, '');
    assert.match(long.answers, /^first@a\.example \d\d\.x{30}@old\.example .* 89\.x{30}@old\.example last@a\.example$/);
    assert.ok(long.answers.length <= 2000 && long.answers.length > 1900);
    assert.deepEqual(own, { mail_from: null, answers: '' });
  });

  test('EHLO names what is there', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    assert.equal(c.greeting.code, 220);
    assert.equal(c.ehlo.lines[0], 'hearth.test');
    for (const name of ['PIPELINING', 'SIZE 1048576', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'STARTTLS'])
      assert.ok(c.ehlo.lines.includes(name), name);
    assert.ok(!c.ehlo.lines.some((line) => line.startsWith('AUTH')), 'no AUTH for mail servers');
    const s = await SmtpClient.hello(h.port.submission);
    assert.equal(s.ehlo.lines[0], 'hearth.test');
    assert.ok(s.ehlo.lines.includes('AUTH PLAIN LOGIN'));
    await s.startTls();
    const again = await s.say('EHLO client.test');
    assert.ok(!again.lines.includes('STARTTLS'));
    assert.equal((await s.say('STARTTLS')).code, 502);
    c.close();
    s.close();
  });

  test('pipelined commands are answered one by one, in order', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    c.send(`MAIL FROM:<x@example.org>\r\nRCPT TO:<${ALICE}>\r\nRCPT TO:<nobody@hearth.test>\r\nRCPT TO:<${BOB}>\r\nDATA\r\n`);
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push((await c.reply()).code);
    assert.deepEqual(codes, [250, 250, 550, 250, 354]);
    // The message, the next transaction and QUIT in one.
    c.send(`Subject: one\r\n\r\none\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`);
    codes.length = 0;
    for (let i = 0; i < 4; i++) codes.push((await c.reply()).code);
    c.send('Subject: two\r\n\r\ntwo\r\n.\r\nQUIT\r\n');
    for (let i = 0; i < 2; i++) codes.push((await c.reply()).code);
    assert.deepEqual(codes, [250, 250, 250, 354, 250, 221]);
    await c.end();
    assert.deepEqual((await inbox(h)).slice(-2).map(sent), ['Subject: one\r\n\r\none\r\n', 'Subject: two\r\n\r\ntwo\r\n']);
    assert.deepEqual((await inbox(h, BOB)).map(sent), ['Subject: one\r\n\r\none\r\n']);
  });

  test('all of a dialogue in one write, and one byte at a time', async () => {
    const text = `EHLO x.test\r\nMAIL FROM:<x@example.org>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\nSubject: cut\r\n\r\n..\r\n.\r\nQUIT\r\n`;
    for (const step of [text.length, 1]) {
      const c = await SmtpClient.connect(h.port.smtp);
      c.socket.setNoDelay(true);
      for (let i = 0; i < text.length; i += step) {
        c.send(text.slice(i, i + step));
        if (step === 1) await new Promise((done) => setImmediate(done));
      }
      const codes = [];
      for (let i = 0; i < 6; i++) codes.push((await c.reply()).code);
      assert.deepEqual(codes, [250, 250, 250, 354, 250, 221]);
    }
    assert.deepEqual((await inbox(h)).slice(-2).map(sent), ['Subject: cut\r\n\r\n.\r\n', 'Subject: cut\r\n\r\n.\r\n']);
  });

  test('only CRLF.CRLF ends a message', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    const body = 'Subject: smuggled\r\n\r\na\n.\nb\r.\rc\n.\r\nMAIL FROM:<evil@example.org>\r\nd\r\n.\ne\r\n';
    // Nothing in it stands alone between two CRLF, so nothing is stuffed.
    await c.expect(250, 'MAIL FROM:<x@example.org>');
    await c.expect(250, `RCPT TO:<${ALICE}>`);
    await c.expect(354, 'DATA');
    c.send(body);
    assert.equal((await c.say('.')).code, 250);
    assert.equal((await c.say('NOOP')).code, 250);
    assert.equal(c.replies.length, 0);
    const got = sent((await inbox(h)).at(-1));
    assert.ok(got.includes('MAIL FROM:<evil@example.org>'), 'it is text');
    // A dot at the start of a CRLF line goes, as dot-stuffing says.
    assert.equal(got, body.replace('d\r\n.\ne', 'd\r\n\ne'));
    c.close();
  });

  test('SIZE: refused before and after', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    assert.equal((await c.say('MAIL FROM:<x@example.org> SIZE=1048577')).code, 552);
    await c.expect(250, 'MAIL FROM:<x@example.org> SIZE=1000');
    await c.expect(250, `RCPT TO:<${ALICE}>`);
    await c.expect(354, 'DATA');
    const before = (await inbox(h)).length;
    const line = `${'x'.repeat(998)}\r\n`;
    for (let i = 0; i < 1100; i++) c.send(line);
    const reply = await c.say('.');
    assert.equal(reply.code, 552);
    assert.equal((await inbox(h)).length, before);
    // The session goes on.
    assert.equal((await c.mail('x@example.org', ALICE, 'Subject: small\r\n\r\n')).code, 250);
    c.close();
  });

  test('a large message goes through the disk and comes out whole', async () => {
    const lines = Array.from({ length: 12000 }, (_, i) => `${i} ${'abcdefghij'.repeat(6)}\r\n`).join('');
    const message = `Subject: large\r\n\r\n${lines}`;
    await deliver(h.port.smtp, ALICE, message);
    assert.equal(sent((await inbox(h)).at(-1)), message);
  });

  test('what is refused, with which code', async () => {
    const c = await SmtpClient.connect(h.port.smtp);
    assert.equal((await c.say('MAIL FROM:<x@example.org>')).code, 503);
    await c.expect(250, 'HELO client.test');
    assert.equal((await c.say('RCPT TO:<a@b>')).code, 503);
    assert.equal((await c.say('DATA')).code, 503);
    assert.equal((await c.say('MAIL FROM:x')).code, 501);
    assert.equal((await c.say('NONSENSE')).code, 500);
    await c.expect(250, 'MAIL FROM:<x@example.org>');
    assert.equal((await c.say('MAIL FROM:<x@example.org>')).code, 503);
    assert.equal((await c.say('RCPT TO:<x@elsewhere.example>')).code, 550);
    assert.equal((await c.say('RCPT TO:<nobody@hearth.test>')).code, 550);
    assert.equal((await c.say('DATA')).code, 554);
    assert.equal((await c.say(`RCPT TO:<${ALICE}> MT-PRIORITY=3`)).code, 555);
    await c.expect(250, 'RCPT TO:<alice+tag@HEARTH.test>');
    await c.expect(250, 'RSET');
    assert.equal((await c.say('DATA')).code, 503);
    assert.equal((await c.say('VRFY alice')).code, 252);
    assert.equal((await c.say(`NOOP ${'x'.repeat(4000)}`)).code, 500);
    assert.equal((await c.say('NOOP')).code, 250);
    await c.expect(221, 'QUIT');
    await c.end();
  });

  test('senders and hosts as they are in the world', async () => {
    const from = 'someuser+caf_=desk_8b506e99-b5c5-4e14-8294-f5ebd6083faa=hearth.example@gmail.example';
    const c = await SmtpClient.connect(h.port.smtp);
    await c.expect(250, `EHLO Ann's (old) PC; <x>`);
    await c.expect(250, `MAIL FROM: ${from} RET=HDRS ENVID=x AUTH=<>`);
    await c.expect(250, `RCPT TO:${ALICE}. NOTIFY=FAILURE ORCPT=rfc822;alice@hearth.test`);
    await c.expect(250, `RCPT TO:<alice+${'x'.repeat(100)}@hearth.test>`);
    await c.expect(250, 'RCPT TO:<alice+somebody=elsewhere.example/#1@hearth.test>');
    await c.expect(550, 'RCPT TO:<nobody+somebody=elsewhere.example@hearth.test>');
    await c.expect(250, 'RCPT TO:<alice@[127.0.0.1]>');
    await c.expect(550, 'RCPT TO:<nobody@[127.0.0.1]>');
    await c.expect(550, 'RCPT TO:<alice@[127.0.0.2]>');
    await c.expect(550, 'RCPT TO:<alice@[IPv6:::1]>');
    await c.expect(354, 'DATA');
    c.send('Subject: world\r\n\r\nx\r\n');
    await c.expect(250, '.');
    assert.equal((await c.mail('taro..yamada.@docomo.example', ALICE, 'Subject: dots\r\n\r\n')).code, 250);
    const [first, second] = (await inbox(h)).slice(-2);
    assert.ok(first.startsWith(`Return-Path: <${from}>\r\nDelivered-To: ${ALICE}\r\nReceived: from Ann?s??old??PC???x? ([127.0.0.1])\r\n`), first);
    assert.ok(second.startsWith('Return-Path: <taro..yamada.@docomo.example>\r\n'), second);
    c.close();
  });

  test('NUL in a message is refused by every way in, and the session goes on', async () => {
    const text = 'Subject: nul\r\n\r\nx\0y\r\n';
    const before = (await inbox(h)).length;
    for (const big of ['', `${'line\r\n'.repeat(100000)}`]) {
      const c = await SmtpClient.hello(h.port.smtp);
      const reply = await c.mail('x@example.org', [ALICE, BOB], big + text);
      assert.deepEqual([reply.code, reply.lines[0].slice(0, 6)], [554, '5.6.0 ']);
      assert.equal((await c.mail('x@example.org', BOB, 'Subject: without\r\n\r\n')).code, 250);
      c.close();
    }
    const submitting = await SmtpClient.hello(h.port.submission);
    await submitting.expect(235, `AUTH PLAIN ${base64(`\0${ALICE}\0${PASSWORD}`)}`);
    assert.equal((await submitting.mail(ALICE, ALICE, text)).code, 554);
    submitting.close();
    const imap = await ImapClient.login(h.port.imap, ALICE, PASSWORD);
    const no = await imap.command(['APPEND INBOX ', Buffer.from(text)]);
    assert.deepEqual([no.status, no.code], ['NO', 'CANNOT']);
    await imap.ok('NOOP');
    imap.close();
    assert.equal((await inbox(h)).length, before);
  });

  test('a client that closes or resets with answers unread has its whole messages stored', async () => {
    const before = (await inbox(h)).length;
    const rude = (subject) => new Promise((done) => {
      const one = (n) => `MAIL FROM:<x@example.org>\r\nRCPT TO:<${ALICE}>\r\nRCPT TO:<nobody@hearth.test>\r\nDATA\r\nSubject: ${subject} ${n}\r\n\r\n${'0123456789\r\n'.repeat(1000)}.\r\n`;
      const socket = connect(h.port.smtp, '127.0.0.1');
      socket.pause();
      socket.on('error', () => {});
      socket.on('close', done);
      socket.on('connect', () => socket.write(`EHLO rude.test\r\n${one(1)}${one(2)}QUIT\r\n`, () => {
        if (subject === 'reset') socket.resetAndDestroy();
        else socket.destroy();
      }));
    });
    for (let i = 0; i < 5; i++) await Promise.all([rude('reset'), rude('close')]);
    await eventually(async () => (await inbox(h)).length === before + 20, 20, 'all 20 are there');
  });

  test('SMTPUTF8 and 8BITMIME', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    assert.equal((await c.say(Buffer.from('MAIL FROM:<jürgen@example.org>').toString('latin1'))).code >= 500, true);
    const reply = await c.mail(Buffer.from('jürgen@example.org').toString('latin1'), ALICE,
      Buffer.from('Subject: grüße\r\n\r\nschön\r\n'), ' SMTPUTF8 BODY=8BITMIME');
    assert.equal(reply.code, 250);
    const got = Buffer.from((await inbox(h)).at(-1), 'latin1').toString();
    assert.match(got, /^Return-Path: <jürgen@example.org>/);
    assert.match(got, /with UTF8SMTP id/);
    assert.match(got, /Subject: grüße\r\n\r\nschön\r\n$/);
    c.close();
  });

  test('STARTTLS drops what was injected in clear', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    c.socket.setNoDelay(true);
    const clear = c.socket;
    const ready = c.reply();
    c.send('STARTTLS\r\nNOOP\r\nEHLO injected.test\r\nMAIL FROM:<evil@example.org>\r\n');
    assert.equal((await ready).code, 220);
    clear.removeAllListeners('data');
    const tls = await import('node:tls');
    const secure = tls.connect({ socket: clear, rejectUnauthorized: false });
    c.take(secure);
    await new Promise((done, fail) => secure.once('secureConnect', done).once('error', fail));
    // The greeting is forgotten, and nothing injected is answered.
    assert.equal((await c.say('MAIL FROM:<x@example.org>')).code, 503);
    const ehlo = await c.say('EHLO client.test');
    assert.equal(ehlo.code, 250);
    assert.equal(c.replies.length, 0);
    assert.equal((await c.mail('x@example.org', ALICE, 'Subject: by TLS\r\n\r\n')).code, 250);
    assert.match((await inbox(h)).at(-1), /with ESMTPS id/);
    c.close();
  });

  test('AUTH PLAIN and LOGIN, and who may send as whom', async () => {
    let c = await SmtpClient.hello(h.port.submission);
    assert.equal((await c.say(`MAIL FROM:<${ALICE}>`)).code, 530);
    assert.equal((await c.say(`AUTH PLAIN ${base64(`\0${ALICE}\0wrong`)}`)).code, 535);
    assert.equal((await c.say('AUTH PLAIN !!!')).code, 501);
    assert.equal((await c.say('AUTH CRAM-MD5')).code, 504);
    await c.expect(334, 'AUTH PLAIN');
    assert.equal((await c.say('*')).code, 501);
    await c.expect(334, 'AUTH PLAIN');
    await c.expect(235, base64(`\0${ALICE}\0${PASSWORD}`));
    assert.equal((await c.say('AUTH PLAIN')).code, 503);
    assert.equal((await c.say(`MAIL FROM:<${BOB}>`)).code, 550);
    await c.expect(250, `MAIL FROM:<${ALICE}>`);
    await c.expect(250, 'RCPT TO:<x@elsewhere.example>'); // who is logged in may (queue.test.mjs)
    await c.expect(250, 'RSET');
    assert.equal((await c.mail(ALICE, BOB, 'From: alice@hearth.test\r\nSubject: mine\r\n\r\n')).code, 250);
    assert.match((await inbox(h, BOB)).at(-1), /with ESMTPA id/);
    c.close();

    c = await SmtpClient.hello(h.port.submissions, { secure: true });
    await c.expect(334, 'AUTH LOGIN');
    await c.expect(334, base64(ALICE));
    await c.expect(235, base64(PASSWORD));
    assert.equal((await c.mail(ALICE, BOB, 'From: alice@hearth.test\r\nSubject: by TLS\r\n\r\n')).code, 250);
    assert.match((await inbox(h, BOB)).at(-1), /with ESMTPSA id/);
    c.close();

    c = await SmtpClient.hello(h.port.smtp);
    assert.equal((await c.say(`AUTH PLAIN ${base64(`\0${ALICE}\0${PASSWORD}`)}`)).code, 503);
    c.close();
  });

  test('nodemailer submits, with an attachment', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: h.port.submission, secure: false, requireTLS: true,
      tls: { rejectUnauthorized: false }, auth: { user: ALICE, pass: PASSWORD } });
    const info = await transport.sendMail({ from: ALICE, to: [ALICE, BOB], subject: 'Grüße', text: 'hallo',
      attachments: [{ filename: 'a.bin', content: Buffer.alloc(50000, 7) }] });
    assert.deepEqual(info.accepted, [ALICE, BOB]);
    assert.match((await inbox(h, BOB)).at(-1), /a\.bin/);
    transport.close();
  });

  test('floods are bounded: errors, lines without end, idle data', async () => {
    let c = await SmtpClient.hello(h.port.smtp);
    c.send('BAD\r\n'.repeat(100));
    let last;
    await assert.rejects(async () => { for (;;) last = await c.reply(); });
    assert.equal(last.code, 421);

    c = await SmtpClient.hello(h.port.smtp);
    const chunk = 'x'.repeat(65536);
    for (let i = 0; i < 64 && !c.closed; i++) {
      c.send(chunk);
      await new Promise((done) => setTimeout(done, 2));
    }
    c.send('\r\n');
    const reply = await c.reply().catch(() => ({ code: 0 }));
    assert.ok([0, 421, 500].includes(reply.code), `${reply.code}`);
    c.close();
    c.close();

    // Who sends without reading is not read from, and gets every answer once it reads.
    c = await SmtpClient.hello(h.port.smtp);
    c.socket.pause();
    let taken = 0;
    const noops = 'NOOP\r\n'.repeat(10000);
    for (let i = 0; i < 100; i++) c.socket.write(noops, () => { taken++; });
    await new Promise((done) => setTimeout(done, 1000));
    assert.ok(taken < 100, 'the server took it all');
    c.socket.resume();
    for (let i = 0; i < 1000000; i++) if ((await c.reply()).code !== 250) assert.fail('a reply is missing');
    c.close();
    assert.equal((await SmtpClient.hello(h.port.smtp)).ehlo.code, 250);
  });
});

test('kill -9 behind 250 loses nothing and repeats nothing', async () => {
  const h = new Hearth();
  h.addUser(ALICE, PASSWORD);
  await h.start();
  const accepted = [], sentAll = [];
  let killed = false, number = 0;
  const senders = Array.from({ length: 8 }, async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    while (!killed) {
      const subject = `Subject: number ${number++}\r\n\r\n`;
      sentAll.push(subject);
      const reply = await c.mail('x@example.org', ALICE, subject);
      if (reply.code === 250) accepted.push(subject);
    }
  });
  const ended = Promise.allSettled(senders);
  while (accepted.length < 200) await new Promise((done) => setTimeout(done, 5));
  await h.kill('SIGKILL');
  killed = true;
  await ended;
  await h.start();
  const found = (await inbox(h)).map(sent);
  assert.deepEqual(accepted.filter((one) => !found.includes(one)), [], 'lost');
  assert.equal(new Set(found).size, found.length, 'twice');
  assert.deepEqual(found.filter((one) => !sentAll.includes(one)), [], 'made up');
  await h.remove();
});

test('who keeps us waiting is sent away, however many signs of life there are; a slow link is not', async () => {
  const h = new Hearth({ 'mail.patience': '1500ms', 'mail.least_rate': 200 });
  h.addUser(ALICE, PASSWORD);
  await h.start();
  // Sends a piece every 100 ms until the server has enough; gives what it said.
  const dribble = async (c, piece) => {
    for (let i = 0; i < 100 && !c.closed; i++) {
      c.send(piece);
      await new Promise((done) => setTimeout(done, 100));
    }
    return c.replies.map((r) => r.code).join();
  };
  const data = async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    await c.expect(250, 'MAIL FROM:<x@example.org>');
    await c.expect(250, `RCPT TO:<${ALICE}>`);
    await c.expect(354, 'DATA');
    return c;
  };
  const append = async () => {
    const c = await ImapClient.login(h.port.imap, ALICE, PASSWORD);
    c.send('x APPEND INBOX {100000}\r\n');
    for (let i = 0; i < 100 && !c.closed; i++) {
      c.send('a');
      await new Promise((done) => setTimeout(done, 100));
    }
    return c.closed;
  };
  // A machine that holds us up for longer than the patience makes us one of those: then once more.
  const slow = async () => {
    let longest = 0, code;
    do {
      const c = await data();
      longest = 0;
      for (let i = 0, last = Date.now(); i < 40; i++) {
        c.send(`${'x'.repeat(98)}\r\n`);
        await new Promise((done) => setTimeout(done, 100));
        longest = Math.max(longest, Date.now() - last);
        last = Date.now();
      }
      ({ code } = await c.say('.').catch(() => ({ code: 0 })));
    } while (code !== 250 && longest > 500);
    return code;
  };
  const useless = async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    for (let i = 0; i < 60 && !c.closed; i++) {
      c.send('NOOP\r\n');
      await new Promise((done) => setTimeout(done, 500));
    }
    return c.replies.at(-1).code;
  };
  // Asks for 32 MB, takes nothing of it, and then looks whether somebody still waits.
  const deaf = async () => {
    const c = await ImapClient.login(h.port.imap, ALICE, PASSWORD);
    await c.ok('CREATE large');
    await c.ok(['APPEND large ', Buffer.alloc(4 << 20, 'a large text\r\n'), '']);
    await c.ok('SELECT large');
    c.socket.removeAllListeners('data');
    c.socket.pause();
    let got = 0;
    c.socket.write(`x FETCH 1 (${'BODY.PEEK[] '.repeat(8).trim()})\r\n`);
    await new Promise((done) => setTimeout(done, 5000));
    await new Promise((done) => c.socket.on('close', done).on('error', () => {}).on('data', (bytes) => { got += bytes.length; }).resume());
    return got < 32 << 20;
  };
  try {
    assert.deepEqual(await Promise.all([SmtpClient.hello(h.port.smtp).then((c) => dribble(c, 'N')), data().then((c) => dribble(c, 'x')), append(), slow(), useless(), deaf()]),
      ['421', '421', true, 250, 421, true]);
  } finally {
    await h.remove();
  }
});
