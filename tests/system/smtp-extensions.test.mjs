// smtp-extensions.test.mjs: what EHLO offers beyond the plain dialogue: chunks, limits, DSN, REQUIRETLS.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse';
const ALICE = 'alice@hearth.test';

describe('smtp extensions', () => {
  const h = new Hearth({ 'mail.message_max': '64K', 'mail.mails_max': '60', 'mail.relay': '127.0.0.1:9', 'server.proxies': '127.0.0.1',
    'mail.network_connections': '4', 'mail.network_mails': '3', 'mail.network_recipients': '5', 'mail.tarpit': '600ms' });

  before(async () => {
    h.addUser(ALICE, PASSWORD);
    await h.start();
  });
  after(() => h.remove());

  // What the sender sent of the mails in INBOX: without the trace in front.
  async function inbox(user = ALICE) {
    const c = await ImapClient.login(h.port.imap, user, PASSWORD);
    const { lines } = await c.ok('SELECT INBOX');
    const n = Number(/^(\d+) EXISTS/.exec(lines.find((line) => line.includes('EXISTS')))[1]);
    const got = n ? (await c.fetch('FETCH 1:* (BODY.PEEK[])')).map((m) => m['BODY[]']) : [];
    c.close();
    return got.map((text) => text.slice(text.indexOf('\r\n', text.indexOf('Received:')) + 2).replace(/^(\t[^\r]*\r\n)+/, ''));
  }

  async function open(parameters = '') {
    const c = await SmtpClient.hello(h.port.smtp);
    await c.expect(250, `MAIL FROM:<x@example.org>${parameters}`);
    await c.expect(250, `RCPT TO:<${ALICE}>`);
    return c;
  }

  async function codes(c, n) {
    const all = [];
    for (let i = 0; i < n; i++) all.push((await c.reply()).code);
    return all;
  }

  const sql = (text) => JSON.parse(spawnSync('sqlite3', ['-json', join(h.dir, 'data', 'mail.db'), '.timeout 5000', text], { encoding: 'utf8' }).stdout || '[]');

  // Logged in on the submission port, over TLS or not.
  async function submit(tls) {
    const c = await SmtpClient.hello(h.port.submission);
    if (tls) {
      await c.startTls();
      c.ehlo = await c.say('EHLO client.test');
    }
    await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')}`);
    return c;
  }

  test('limits are told, and hold', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    assert.ok(c.ehlo.lines.includes('LIMITS RCPTMAX=100 MAILMAX=60'));
    for (let i = 0; i < 60; i++) c.send('MAIL FROM:<x@example.org>\r\nRSET\r\n');
    assert.deepEqual(await codes(c, 120), Array(120).fill(250));
    await c.expect(421, 'MAIL FROM:<x@example.org>');
    await c.end();
    const many = await open();
    for (let i = 0; i < 99; i++) many.send(`RCPT TO:<alice+${i}@hearth.test>\r\n`);
    assert.deepEqual(await codes(many, 99), Array(99).fill(250));
    await many.expect(452, 'RCPT TO:<alice+100@hearth.test>');
    many.close();
  });

  test('what is asked beyond the plain dialogue', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    await c.expect(252, 'VRFY alice');
    await c.expect(502, 'EXPN staff');
    await c.expect(502, 'ETRN hearth.test');
    assert.ok((await c.expect(214, 'HELP')).lines.some((line) => /BDAT/.test(line)));
    await c.expect(501, 'MAIL FROM:<x@example.org> ENVID=a+b');
    await c.expect(250, 'MAIL FROM:<x@example.org> RET=FULL ENVID=a+2Bb');
    await c.expect(501, `RCPT TO:<${ALICE}> NOTIFY=NEVER,SUCCESS`);
    await c.expect(501, `RCPT TO:<${ALICE}> ORCPT=${ALICE}`);
    await c.expect(250, `RCPT TO:<${ALICE}> NOTIFY=NEVER ORCPT=rfc822;alice@hearth.test`);
    c.close();
  });

  test('addresses beyond ASCII need SMTPUTF8', async () => {
    const c = await SmtpClient.hello(h.port.smtp);
    const utf8 = (line) => c.say(Buffer.from(line).toString('latin1'));
    assert.equal((await utf8('MAIL FROM:<jörg@example.org>')).code, 553);
    assert.equal((await utf8('MAIL FROM:<jörg@example.org> SMTPUTF8')).code, 250);
    assert.equal((await utf8('RCPT TO:<bücher@hearth.test>')).code, 550);
    await c.expect(250, 'RSET');
    await c.expect(250, 'MAIL FROM:<x@example.org>');
    assert.equal((await utf8('RCPT TO:<bücher@hearth.test>')).code, 553);
    assert.equal((await c.say('RCPT TO:<b\xff@hearth.test>')).code, 500); // no UTF-8
    c.close();
  });

  test('REQUIRETLS is offered over TLS, and kept with what goes on', async () => {
    const clear = await submit(false);
    assert.ok(!clear.ehlo.lines.includes('REQUIRETLS'));
    await clear.expect(530, `MAIL FROM:<${ALICE}> REQUIRETLS`);
    clear.close();
    const c = await submit(true);
    assert.ok(c.ehlo.lines.includes('REQUIRETLS'));
    await c.expect(501, `MAIL FROM:<${ALICE}> REQUIRETLS=1`);
    assert.equal((await c.mail(ALICE, 'tls@elsewhere.example', `From: ${ALICE}\r\n\r\nx\r\n`, ' REQUIRETLS')).code, 250);
    assert.equal((await c.mail(ALICE, 'clear@elsewhere.example', `From: ${ALICE}\r\n\r\nx\r\n`)).code, 250);
    const rows = sql('SELECT q.recipient, o.tls FROM queue q JOIN outgoing o ON o.id = q.outgoing ORDER BY q.id');
    assert.deepEqual(rows, [{ recipient: 'tls@elsewhere.example', tls: 1 }, { recipient: 'clear@elsewhere.example', tls: 0 }]);
    c.close();
  });

  describe('chunks', () => {
    const envelope = `MAIL FROM:<x@example.org>\r\nRCPT TO:<${ALICE}>\r\n`;
    const chunk = (text, last) => `BDAT ${text.length}${last ? ' LAST' : ''}\r\n${text}`;

    test('a message in chunks, pipelined, cut at every byte', async () => {
      const parts = ['Subject: in chunks\r\n\r', '\n.\r\n..\r\nQUIT\r\n', '', 'no end of line'];
      const text = `EHLO x.test\r\n${envelope}${parts.map((p) => chunk(p)).join('')}BDAT 0 LAST\r\n${envelope}${chunk('Subject: next\r\n\r\n', true)}QUIT\r\n`;
      for (const step of [text.length, 1]) {
        const c = await SmtpClient.connect(h.port.smtp);
        c.socket.setNoDelay(true);
        for (let i = 0; i < text.length; i += step) {
          c.send(text.slice(i, i + step));
          if (step === 1) await new Promise((done) => setImmediate(done));
        }
        assert.deepEqual(await codes(c, 12), [250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 221]);
        await c.end();
        assert.deepEqual((await inbox()).slice(-2), [parts.join(''), 'Subject: next\r\n\r\n']);
      }
    });

    test('octets are read over where they are not taken, and are no commands', async () => {
      const c = await SmtpClient.hello(h.port.smtp);
      assert.ok(c.ehlo.lines.includes('CHUNKING'));
      const before = (await inbox()).length;
      c.send(`${chunk(envelope, true)}MAIL FROM:<x@example.org>\r\n${chunk('RSET\r\n')}RCPT TO:<${ALICE}>\r\n`);
      // The refused chunk ends the transaction.
      assert.deepEqual(await codes(c, 4), [503, 250, 554, 503]);
      c.send(`BDAT 6 FIRST\r\nQUIT\r\nNOOP\r\n`);
      assert.deepEqual(await codes(c, 2), [501, 250]);
      // Behind a refused one what was pipelined goes the same way, however much of it there is.
      c.send(envelope + chunk('x'.repeat(60000)) + chunk('y'.repeat(60000)) + chunk('z').repeat(40) + chunk('QUIT\r\n', true) + 'NOOP\r\n');
      assert.deepEqual(await codes(c, 2 + 2 + 40 + 2), [250, 250, 250, 552, ...Array(41).fill(503), 250]);
      assert.equal((await inbox()).length, before);
      c.send(envelope + chunk('Subject: after all\r\n\r\n', true));
      assert.deepEqual(await codes(c, 3), [250, 250, 250]);
      c.close();
    });

    test('a chunk without a size that can be read, or without end, closes', async () => {
      for (const line of ['BDAT', 'BDAT x LAST', 'BDAT 18446744073709551616', 'BDAT 1\t2', `BDAT 3 ${'x'.repeat(600)}`, 'BDAT 18446744073709551615 LAST']) {
        const c = await open();
        c.send(`${line}\r\nabcNOOP\r\n`);
        assert.ok([501, 552].includes((await c.reply()).code), line);
        await c.end();
        assert.equal(c.replies.length, 0, line);
      }
    });

    test('DATA and BDAT are not mixed', async () => {
      const c = await open();
      c.send(chunk('Subject: mixed\r\n'));
      assert.equal((await c.reply()).code, 250);
      await c.expect(503, 'DATA');
      await c.expect(503, `RCPT TO:<${ALICE}>`);
      c.send(chunk('\r\n', true));
      assert.equal((await c.reply()).code, 250);
      assert.equal((await inbox()).at(-1), 'Subject: mixed\r\n\r\n');
      // RSET in the midst forgets it.
      c.send(envelope + chunk('Subject: forgotten\r\n') + 'RSET\r\n' + chunk('x', true));
      assert.deepEqual(await codes(c, 5), [250, 250, 250, 250, 503]);
      c.close();
    });

    test('BINARYMIME: octets come out as they went in, by way of base64', async () => {
      const octets = Array.from({ length: 4096 }, (_, i) => String.fromCharCode((i * 13) % 256)).join('') + '\0\r\n.\r\n\n\r';
      const head = 'Subject: octets\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n';
      const c = await open(' BODY=BINARYMIME');
      assert.ok(c.ehlo.lines.includes('BINARYMIME'));
      await c.expect(503, 'DATA');
      c.send(chunk(head + octets.slice(0, 1000)) + chunk(octets.slice(1000), true) + 'NOOP\r\n');
      assert.deepEqual(await codes(c, 3), [250, 250, 250]);
      const got = (await inbox()).at(-1);
      const [header, body] = got.split('\r\n\r\n');
      assert.match(header, /\r\nContent-Transfer-Encoding: base64$/);
      assert.doesNotMatch(header, /binary/);
      assert.equal(Buffer.from(body, 'base64').toString('latin1'), octets);
      // Where nothing can stand for them, and the next one is not meant.
      c.send(envelope.replace('>\r\n', '> BODY=BINARYMIME\r\n') + chunk('Sub\0ject: x\r\n\r\n', true) + envelope + chunk('Subject: x\r\n\r\n\0', true));
      assert.deepEqual(await codes(c, 6), [250, 250, 554, 250, 250, 554]);
      await c.expect(552, 'MAIL FROM:<x@example.org> BODY=BINARYMIME SIZE=99999');
      c.close();
    });

    test('a NUL is refused with the last chunk', async () => {
      const c = await open();
      c.send(chunk('Subject: x\r\n\r\n\0') + chunk('', true));
      assert.deepEqual(await codes(c, 2), [250, 554]);
      c.close();
    });
  });

  describe('strangers', () => {
    const { proxied } = strangers(h);

    test('a network has so much within a minute, others and those inside their own', async () => {
      // Within one minute of the server's clock, else from the beginning.
      for (let tries = 0; ; tries++) {
        const network = `203.0.${113 + tries}`;
        const opened = [];
        for (let i = 0; i < 6; i++) opened.push(await proxied(`${network}.${i}`).catch((e) => e));
        const codes6 = opened.map((c) => c.greeting?.code);
        opened.forEach((c) => c.close?.());
        if (codes6.join() === '220,220,220,220,421,421') break;
        assert.ok(tries < 5, codes6.join());
      }
      const c = await proxied('198.51.100.7');
      await c.expect(250, 'EHLO x.test');
      const said = [];
      // Eight of them: wherever the minute ends among them, four are in one.
      for (let i = 0; i < 8; i++) {
        said.push(await c.say('MAIL FROM:<x@example.org>'));
        if (said.at(-1).code === 250) said.push(await c.say(`RCPT TO:<${ALICE}>`), await c.say(`RCPT TO:<${ALICE}>`), await c.say('RSET'));
      }
      assert.ok(said.some(({ code, lines }) => code === 451 && /network/.test(lines[0])), 'mails');
      assert.ok(said.some(({ code, lines }) => code === 452 && /network/.test(lines[0])), 'recipients');
      c.close();
      const inside = await SmtpClient.hello(h.port.smtp);
      for (let i = 0; i < 9; i++) await inside.expect(250, `MAIL FROM:<x@example.org>\r\nRSET`).then(() => inside.reply());
      inside.close();
    });

    test('who guesses names waits, and nobody else does', async () => {
      const c = await proxied('192.0.2.9');
      await c.expect(250, 'EHLO x.test');
      await c.expect(250, 'MAIL FROM:<x@example.org>');
      const took = [];
      for (let i = 0; i < 7; i++) {
        const begun = Date.now();
        await c.expect(500, 'NONSENSE');
        took.push(Date.now() - begun);
      }
      // The price of the fourth, fifth and sixth error comes before the next answer: 250, 500, 600 ms.
      assert.ok(took[4] >= 200 && took[5] >= 450 && took[6] >= 550, took.join());
      c.send('NONSENSE\r\n'.repeat(3)); // and who leaves while it waits is gone
      c.close();
      const inside = await SmtpClient.hello(h.port.smtp);
      for (let i = 0; i < 19; i++) await inside.expect(500, 'NONSENSE');
      inside.close();
    });
  });
});

// Clients whose address a proxy says.
function strangers(h) {
  return {
    async proxied(peer) {
      const socket = connect(h.port.smtp, '127.0.0.1');
      await new Promise((done, fail) => socket.once('connect', done).once('error', fail));
      socket.write(`PROXY TCP4 ${peer} 198.51.100.1 4711 25\r\n`);
      const c = new SmtpClient(socket);
      c.greeting = await c.reply();
      return c;
    },
  };
}
