// submission.test.mjs: what people send, by SMTP and by HTTP: how it leaves, what is mended, what is
// refused, and the copy that is kept.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hearth, eventually, raw } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse';
const ANN = 'ann@hearth.test';
const BOB = 'bob@hearth.test';

describe('what people send', () => {
  // There is nobody at the other end: what is for elsewhere stays in the queue.
  const h = new Hearth({ 'mail.message_max': '2M', 'queue.per_hour': '20', 'mail.relay': '127.0.0.1:9' });
  let auth;

  before(async () => {
    h.addUser('root@hearth.test', PASSWORD, '--admin');
    h.addUser(ANN, PASSWORD);
    h.addUser(BOB, PASSWORD);
    await h.start();
    auth = { Authorization: `Bearer ${await h.login(ANN, PASSWORD)}` };
  });
  after(() => h.remove());

  const post = (body, headers = auth) => h.api('POST', '/api/mail/messages', body, headers);
  const get = (path) => h.api('GET', `/api/mail/${path}`, undefined, auth);

  async function mails(user, mailbox = 'INBOX') {
    const c = await ImapClient.login(h.port.imap, user, PASSWORD);
    const { lines } = await c.ok(`SELECT ${mailbox}`);
    const n = Number(/^(\d+) EXISTS/.exec(lines.find((line) => line.includes('EXISTS')))[1]);
    const got = n ? await c.fetch('FETCH 1:* (FLAGS BODY.PEEK[])') : [];
    c.close();
    return got.map((m) => ({ flags: String(m.FLAGS), text: m['BODY[]'] }));
  }
  const sql = (text) => JSON.parse(spawnSync('sqlite3', ['-json', join(h.dir, 'data', 'mail.db'), '.timeout 5000', text], { encoding: 'utf8' }).stdout || '[]');
  const queue = () => sql('SELECT q.recipient, q.domain, o.mail_from, o.account FROM queue q JOIN outgoing o ON o.id = q.outgoing ORDER BY q.id');

  describe('by SMTP', () => {
    let c;
    before(async () => {
      c = await SmtpClient.hello(h.port.submission);
      await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0${ANN}\0${PASSWORD}`).toString('base64')}`);
    });
    after(() => c.close());

    const send = async (message, parameters) => {
      const { code, lines } = await c.mail(ANN, BOB, message, parameters);
      return { code, line: lines.join(' ') };
    };

    test('what is missing is added, what is hidden goes, where it came from stays out', async () => {
      assert.equal((await send('From: Ann <ann+tag@hearth.test>\r\nBcc: secret@x.example\r\nSubject: caf\xc3\xa9\r\n\r\n.text\r\n')).code, 250);
      const { text } = (await mails(BOB)).at(-1);
      assert.match(text, new RegExp('^Return-Path: <ann@hearth\\.test>\r\nDelivered-To: bob@hearth\\.test\r\nReceived: by hearth\\.test with ESMTPA id [0-9a-f]+;\r\n\t[^\r]*\r\n' +
        'From: Ann <ann\\+tag@hearth\\.test>\r\nSubject: =\\?utf-8\\?B\\?Y2Fmw6k=\\?=\r\nDate: [^\r]*\r\nMessage-ID: <[0-9a-f]{32}@hearth\\.test>\r\n\r\n\\.text\r\n$'));
    });

    test('in large messages and in chunks, too, and nothing is touched in what is whole', async () => {
      const body = `${'x'.repeat(70)}\r\n`.repeat(5000);
      const whole = `From: ${ANN}\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\nX-Odd:   two  spaces \r\n\t folded\r\nMessage-ID: <mine@hearth.test>\r\n\r\n${body}`;
      assert.equal((await send(whole)).code, 250);
      assert.ok((await mails(BOB)).at(-1).text.endsWith(`\r\n${whole}`));
      const chunks = ['From: ann@hea', 'rth.test\r\nBcc: x@y\r\n\r', '\n', body];
      c.send(`MAIL FROM:<${ANN}>\r\nRCPT TO:<${BOB}>\r\n${chunks.map((t) => `BDAT ${t.length}\r\n${t}`).join('')}BDAT 0 LAST\r\n`);
      for (let i = 0; i < 7; i++) assert.equal((await c.reply()).code, 250);
      const { text } = (await mails(BOB)).at(-1);
      assert.match(text, /From: ann@hearth\.test\r\nDate: [^\r]*\r\nMessage-ID: [^\r]*\r\n\r\nx/);
      assert.ok(text.endsWith(body));
    });

    test('who it is from is said once, and is who is logged in', async () => {
      const before = (await mails(BOB)).length;
      const cases = [
        ['', 554], ['Subject: x\r\n\r\n', 554], [`From: ${BOB}\r\n\r\n`, 550], [`From: ${ANN}, ${BOB}\r\nSender: ${ANN}\r\n\r\n`, 550],
        [`From: ${ANN}\r\nSender: ${BOB}\r\n\r\n`, 550], [`From: ${ANN}\r\nFrom: ${BOB}\r\n\r\n`, 554], [`From: "${ANN}" <${BOB}>\r\n\r\n`, 550],
        [`From: <${ANN}> ${BOB}\r\n\r\n`, 554], [`From: ${ANN}\r\nX: y\rFrom: ${BOB}\r\n\r\n`, 554], ['From: j\xc3\xb6rg@hearth.test\r\n\r\n', 553],
        [`From: ${ANN}\r\nX: ${'y'.repeat(140000)}\r\n\r\n`, 552], [`From: ann@elsewhere.example\r\n\r\n${'x\r\n'.repeat(50000)}`, 550],
      ];
      for (const [message, code] of cases) {
        const answer = await send(message);
        assert.equal(answer.code, code, `${message.slice(0, 80)}: ${answer.line}`);
      }
      assert.equal((await mails(BOB)).length, before);
      assert.equal((await send(`From: ${ANN}\r\n\r\n`)).code, 250);
      // What is sent again (RFC 5322 3.6.6) is whose Resent-From says; who wrote it, nobody of this server but oneself.
      const again = [
        [`Resent-From: ${ANN}\r\nResent-To: ${BOB}\r\nFrom: carl@elsewhere.example\r\n\r\n`, 250], [`Resent-From: ${ANN}\r\nFrom: ${ANN}\r\n\r\n`, 250],
        [`Resent-From: ${BOB}\r\nFrom: carl@elsewhere.example\r\n\r\n`, 550], [`Resent-From: carl@elsewhere.example\r\nFrom: ${ANN}\r\n\r\n`, 550],
        [`Resent-From: ${ANN}\r\nResent-Sender: ${BOB}\r\nFrom: carl@elsewhere.example\r\n\r\n`, 550], [`Resent-From: ${ANN}\r\nFrom: ${BOB}\r\n\r\n`, 550],
        [`Resent-From: ${ANN}\r\nFrom: carl@elsewhere.example\r\nSender: ${BOB}\r\n\r\n`, 550], [`From: carl@elsewhere.example\r\nResent-From: ${ANN}\r\n\r\n`, 550],
      ];
      for (const [message, code] of again) assert.equal((await send(message)).code, code, message);
      assert.match((await mails(BOB)).at(-2).text, /\r\nResent-Date: [^\r]*\r\nResent-From: ann@hearth\.test\r\nResent-To: bob@hearth\.test\r\nFrom: carl@elsewhere\.example\r\n/);
      // From other servers it passes as it came.
      const odd = 'From: a@x.example\r\nFrom: b@x.example\r\nBcc: c@x.example\r\nSubject: \xe9\r\n\r\n';
      await deliver(h.port.smtp, BOB, odd);
      assert.ok((await mails(BOB)).at(-1).text.endsWith(`\r\n${odd}`));
    });
  });

  describe('by HTTP', () => {
    test('a plain message: delivered here, queued for elsewhere, a copy kept with its Bcc', async () => {
      const { status, body } = await post({
        to: `Bob <${BOB}>, "Carl, the other" <carl@Elsewhere.example>`, cc: ['Dörte <doerte@elsewhere.example>'], bcc: `erna@elsewhere.example, ${ANN}`,
        subject: 'Grüße aus dem Garten', text: 'Hallo,\n.\nschön\n',
      });
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal(body.recipients, 5);
      const [got] = (await mails(BOB)).slice(-1);
      assert.match(got.text, /^Return-Path: <ann@hearth\.test>\r\nDelivered-To: bob@hearth\.test\r\nReceived: by hearth\.test with HTTP;/);
      assert.match(got.text, /\r\nFrom: ann@hearth\.test\r\nTo: Bob <bob@hearth\.test>, "Carl, the other" <carl@elsewhere\.example>\r\nCc: =\?utf-8\?B\?RMO2cnRl\?= <doerte@elsewhere\.example>\r\n/);
      assert.match(got.text, /\r\nMessage-ID: <[0-9a-f]{32}@hearth\.test>\r\n/);
      assert.doesNotMatch(got.text, /127\.0\.0\.1|erna/);
      assert.match((await mails(ANN)).at(-1).text, /^Return-Path/);
      const [copy] = (await mails(ANN, 'Sent')).slice(-1);
      assert.match(copy.text, /^Bcc: erna@elsewhere\.example, ann@hearth\.test\r\nDate: /);
      assert.match(copy.flags, /\\Seen/);
      assert.deepEqual(queue().map((q) => [q.recipient, q.domain, q.mail_from]), ['carl', 'doerte', 'erna'].map((n) => [`${n}@elsewhere.example`, 'elsewhere.example', ANN]));
      const shown = (await get(`messages/${body.id}`)).body;
      assert.equal(shown.subject, 'Grüße aus dem Garten');
      assert.equal(shown.text, 'Hallo,\r\n.\r\nschön\r\n');
    });

    test('an answer refers to what it answers and marks it; parts and messages go along', async () => {
      await deliver(h.port.smtp, ANN, 'Message-ID: <two@x.example>\r\nReferences: <zero@x.example>\r\n <one@x.example>\r\nSubject: question\r\nMIME-Version: 1.0\r\n' +
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n' +
        'Content-Disposition: attachment; filename=p.png\r\n\r\nAAECAw==\r\n--b--\r\n');
      const [asked] = (await get('messages?limit=1')).body.messages;
      const [{ part }] = (await get(`messages/${asked.id}`)).body.attachments;
      const { status, body } = await post({ to: BOB, subject: 'Re: question', text: 'yes', in_reply_to: asked.id, attachments: [{ message: asked.id, part }, { message: asked.id }] });
      assert.equal(status, 201, JSON.stringify(body));
      const { text } = (await mails(BOB)).at(-1);
      assert.match(text, /\r\nIn-Reply-To: <two@x\.example>\r\nReferences: <zero@x\.example>\r\n <one@x\.example>\r\n <two@x\.example>\r\n/);
      assert.match(text, /Content-Type: image\/png\r\n[^]*filename="p\.png"\r\n\r\nAAECAw==\r\n/);
      assert.match(text, /filename="question\.eml"/);
      assert.equal((await get(`messages/${asked.id}`)).body.answered, true);
      assert.equal((await post({ to: BOB, in_reply_to: 999999 })).status, 404);
      assert.equal((await post({ to: BOB, attachments: [{ message: asked.id, part: 9 }] })).status, 404);
    });

    test('files of a form are attached, octet for octet', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 * 1200 }, (_, i) => (i * 7) % 256)); // 300 kB
      const form = new FormData();
      form.set('message', JSON.stringify({ to: BOB, subject: 'files', text: 'two' }));
      form.append('file', new Blob([bytes], { type: 'application/x-test' }), 'größe "1".bin');
      form.append('file', new Blob(['--x--\r\n'], { type: 'multipart/mixed; boundary=x' }), 'b.txt');
      const answer = await fetch(`${h.base}/api/mail/messages`, { method: 'POST', body: form, headers: auth });
      assert.equal(answer.status, 201, await answer.clone().text());
      const { id } = await answer.json();
      const { attachments } = (await get(`messages/${id}`)).body;
      assert.deepEqual(attachments.map((a) => [a.size, a.type]), [[bytes.length, 'application/x-test'], [7, 'application/octet-stream']]);
      assert.match(attachments[0].name, /^größe .*1.*\.bin$/);
      const back = await raw(`${h.base}/api/mail/messages/${id}/parts/${attachments[0].part}`, { headers: auth });
      assert.ok(back.body.equals(bytes));
    });

    test('what is refused sends nothing to anybody', async () => {
      const before = [queue().length, (await mails(BOB)).length, (await mails(ANN, 'Sent')).length];
      const cases = [
        [400, 'to', {}], [400, 'to', { to: [] }], [400, 'to', { to: 5 }], [400, 'to', { to: [BOB, 5] }], [400, 'to', { to: 'nobody' }], [400, 'cc', { to: BOB, cc: 'a@b c@d' }],
        [400, 'to', { to: 'undisclosed:;' }], [400, 'to', { to: 'x@y\r\nBcc: z@z' }],
        [422, 'to', { to: `${BOB}, nobody@hearth.test` }], [422, 'bcc', { to: BOB, bcc: 'nobody@hearth.test' }],
        [403, 'from', { to: BOB, from: BOB }], [403, 'from', { to: BOB, from: 'Ann <ann@elsewhere.example>' }], [400, 'from', { to: BOB, from: `${ANN}, ${BOB}` }],
        [400, 'subject', { to: BOB, subject: 5 }], [400, 'subject', { to: BOB, subject: 'x'.repeat(2001) }], [400, 'text', { to: BOB, text: [] }],
        [400, 'in_reply_to', { to: BOB, in_reply_to: 'x' }], [400, 'attachments', { to: BOB, attachments: {} }], [400, 'attachments', { to: BOB, attachments: [{}] }],
        [413, null, { to: BOB, text: 'x'.repeat(3 << 20) }],
      ];
      for (const [status, field, body] of cases) {
        const answer = await post(body);
        assert.equal(answer.status, status, JSON.stringify([field, answer.body]));
        assert.equal(answer.body.field ?? null, field, JSON.stringify(answer.body));
      }
      assert.equal((await post({ to: BOB }, {})).status, 401);
      assert.equal((await fetch(`${h.base}/api/mail/messages`, { method: 'POST', body: 'x', headers: { ...auth, 'Content-Type': 'text/plain' } })).status, 415);
      for (const [type, body] of [['multipart/form-data', 'x'], ['multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="message"\r\n\r\n{\r\n--b--\r\n'],
        ['multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="other"\r\n\r\n{}\r\n--b--\r\n'], ['application/json', '[]']])
        assert.equal((await fetch(`${h.base}/api/mail/messages`, { method: 'POST', body, headers: { ...auth, 'Content-Type': type } })).status, 400, type + body);
      // More than twenty within the hour.
      const many = await post({ to: Array.from({ length: 25 }, (_, i) => `p${i}@elsewhere.example`) });
      assert.equal(many.status, 429);
      assert.deepEqual([queue().length, (await mails(BOB)).length, (await mails(ANN, 'Sent')).length], before);
      // She is told, and an administrator, once.
      assert.equal((await post({ to: Array.from({ length: 25 }, (_, i) => `q${i}@elsewhere.example`) })).status, 429);
      const told = async (user, subject) => (await mails(user)).filter(({ text }) => text.includes(subject)).length;
      await eventually(async () => await told(ANN, 'Subject: You have reached the limit') && await told('root@hearth.test', 'Subject: An account has reached the limit'), 20, 'both are told');
      assert.deepEqual([await told(ANN, 'Subject: You have'), await told('root@hearth.test', 'Subject: An account has')], [1, 1]);
      assert.match((await mails('root@hearth.test')).at(-1).text, /ann@hearth\.test has reached the 20 recipients/);
    });

    test('a subaddress is one\'s own; Sent is made anew; a full mailbox takes no copy', async () => {
      const c = await ImapClient.login(h.port.imap, ANN, PASSWORD);
      await c.ok('DELETE Sent');
      c.close();
      assert.equal((await post({ to: BOB, from: 'Ann A. <Ann+tag@hearth.test>', text: 'x' })).status, 201);
      assert.match((await mails(ANN, 'Sent')).at(-1).text, /\r\nFrom: "Ann A\." <ann\+tag@hearth\.test>\r\n/i);
      assert.equal(h.command('user', 'quota', ANN, '1M').status, 0);
      const { status } = await post({ to: BOB, text: `${'x'.repeat(900)}\n`.repeat(1300) });
      assert.equal(status, 507);
      assert.equal(h.command('user', 'quota', ANN, 'none').status, 0);
    });
  });

  describe('what waits before it leaves', () => {
    const sign = (user) => `AUTH PLAIN ${Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64')}`;
    const outgoing = async (headers = auth) => (await h.api('GET', '/api/mail/outgoing', undefined, headers)).body.outgoing;
    const ask = (method, path, headers = auth) => h.api(method, `/api/mail/outgoing/${path}`, undefined, headers);
    async function submit(subject, parameters, to = [BOB, 'carl@elsewhere.example']) {
      const c = await SmtpClient.hello(h.port.submission);
      await c.expect(235, sign(ANN));
      const { code } = await c.mail(ANN, to, `From: ${ANN}\r\nSubject: ${subject}\r\n\r\nx\r\n`, parameters);
      assert.equal(code, 250);
      c.close();
    }
    const got = async (subject) => (await mails(BOB)).filter(({ text }) => text.includes(`Subject: ${subject}\r\n`)).length;

    test('held by FUTURERELEASE, seen, taken back', async () => {
      const before = queue().length;
      await submit('later', ' HOLDFOR=3600');
      const [held] = await outgoing();
      assert.equal(held.subject, 'later');
      assert.equal(held.state, 'waiting');
      assert.deepEqual(held.recipients, [BOB, 'carl@elsewhere.example']);
      assert.ok(Math.abs(held.due - Date.now() / 1000 - 3600) < 100);
      assert.equal(await got('later'), 0);
      const other = { Authorization: `Bearer ${await h.login(BOB, PASSWORD)}` };
      assert.ok(!(await outgoing(other)).some(({ id }) => id === held.id));
      assert.equal((await ask('DELETE', held.id, other)).status, 404);
      assert.equal((await ask('POST', `${held.id}/send`, other)).status, 404);
      const back = await ask('DELETE', held.id);
      assert.deepEqual([back.status, back.body], [200, { draft: null }]);
      assert.equal((await ask('DELETE', held.id)).status, 404);
      assert.equal(queue().length, before);
    });

    test('what is offered, and what is not', async () => {
      const c = await SmtpClient.hello(h.port.submission);
      assert.ok(c.ehlo.lines.some((line) => /^FUTURERELEASE 2592000 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(line)));
      await c.expect(235, sign(ANN));
      await c.expect(501, `MAIL FROM:<${ANN}> HOLDFOR=2592100`);
      await c.expect(501, `MAIL FROM:<${ANN}> HOLDUNTIL=2999-01-01T00:00:00Z`);
      await c.expect(250, `MAIL FROM:<${ANN}> HOLDUNTIL=2001-01-01T00:00:00Z`);
      c.close();
      const s = await SmtpClient.hello(h.port.smtp);
      assert.ok(!s.ehlo.lines.some((line) => line.startsWith('FUTURERELEASE')));
      await s.expect(555, 'MAIL FROM:<x@example.org> HOLDFOR=10');
      s.close();
      assert.equal((await post({ to: BOB, send_at: 'x' })).status, 400);
      assert.equal((await post({ to: BOB, send_at: Date.now() })).status, 400);
    });

    test('sent later by HTTP and taken back: the copy is a draft again', async () => {
      const { status, body } = await post({ to: BOB, subject: 'a second thought', text: 'x', send_at: Math.floor(Date.now() / 1000) + 3600 });
      assert.equal(status, 201);
      const held = (await outgoing()).find(({ subject }) => subject === 'a second thought');
      assert.deepEqual((await ask('DELETE', held.id)).body, { draft: body.id });
      const [draft] = (await get('messages?mailbox=Drafts&limit=1')).body.messages;
      assert.equal(draft.subject, 'a second thought');
      assert.equal(await got('a second thought'), 0);
    });

    test('what somebody has already does not become a draft; what an administrator holds amid leaving is not taken back', async () => {
      const { body } = await post({ to: `${BOB}, carl@half.example`, subject: 'half of the way', text: 'x' });
      const mine = async () => (await outgoing()).find(({ subject }) => subject === 'half of the way');
      await eventually(async () => (await mine())?.state === 'retrying', 30, 'elsewhere is tried again');
      const { id } = await mine();
      assert.equal(await got('half of the way'), 1);
      const due = (ms) => sql(`UPDATE queue SET held = 1, due_ms = ${ms} WHERE outgoing = ${id}`);
      due(Date.now() - 1000);
      assert.equal((await ask('DELETE', id)).status, 409);
      due(Date.now() + 3600000);
      assert.deepEqual((await ask('DELETE', id)).body, { draft: null });
      assert.equal((await get('messages?mailbox=Sent&limit=1')).body.messages[0].id, body.id);

      // Of a mail that waited for all: one has it, the other server is tried again.
      const later = await post({ to: `${BOB}, carl@farther.example`, subject: 'later for all', text: 'x', send_at: Math.floor(Date.now() / 1000) + 3600 });
      const held = (await outgoing()).find(({ subject }) => subject === 'later for all');
      assert.equal((await ask('POST', `${held.id}/send`)).status, 200);
      await eventually(async () => (await outgoing()).some((o) => o.id === held.id && o.waiting === 1 && o.state === 'retrying'), 30, 'one has it');
      assert.deepEqual((await ask('DELETE', held.id)).body, { draft: null });
      assert.equal((await get('messages?mailbox=Sent&limit=1')).body.messages[0].id, later.body.id);
    });

    test('a kill changes nothing; it goes when it is told to, and when its time is there', async () => {
      await submit('by hand', ' HOLDFOR=3600');
      await submit('by itself', ' HOLDFOR=2', BOB);
      await h.kill();
      await h.start();
      await eventually(async () => (await got('by itself')) === 1, 30, 'its time has come');
      const held = (await outgoing()).find(({ subject }) => subject === 'by hand');
      assert.equal(await got('by hand'), 0);
      assert.equal((await ask('POST', `${held.id}/send`)).status, 200);
      await eventually(async () => (await got('by hand')) === 1, 30, 'it was let go');
      const { text } = (await mails(BOB)).at(-1);
      assert.match(text, /^Return-Path: <ann@hearth\.test>\r\nDelivered-To: bob@hearth\.test\r\n[^]*\r\nReceived: by hearth\.test with ESMTPA/);
      // Elsewhere is tried, and can be given up while it waits for the next try.
      await eventually(async () => (await outgoing()).find(({ id }) => id === held.id)?.state === 'retrying', 30, 'it was tried');
      assert.equal((await ask('DELETE', held.id)).status, 200);
      assert.ok(!(await outgoing()).some(({ id }) => id === held.id));
      assert.equal(await got('by hand'), 1);
    });

    test('what became of it is told after a kill, too, and it is filed once', async () => {
      for (const words of [['add', 'team'], ['join', 'team', 'ann'], ['join', 'team', 'root']]) assert.equal(h.command('group', ...words).status, 0);
      const failing = "CREATE TRIGGER untold BEFORE INSERT ON bus_outbox WHEN NEW.topic = 'mail.sent' BEGIN SELECT RAISE(ABORT, 'not now'); END";
      sql(failing);
      const c = await SmtpClient.hello(h.port.submission);
      await c.expect(235, sign(ANN));
      await c.expect(250, `MAIL FROM:<${ANN}> HOLDFOR=1`);
      for (const to of [BOB, 'team@hearth.test']) await c.expect(250, `RCPT TO:<${to}> NOTIFY=SUCCESS ORCPT=rfc822;first+2B${to}`);
      await c.expect(354, 'DATA');
      await c.expect(250, `From: ${ANN}\r\nSubject: told later\r\n\r\nx\r\n.`);
      c.close();
      await eventually(() => /cannot be written yet/.test(h.log), 30, 'it is filed, and not told');
      await h.kill();
      sql('DROP TRIGGER untold');
      await h.start();
      const reports = async () => (await mails(ANN)).filter(({ text }) => /Subject: told later/.test(text) && /report-type=delivery-status/.test(text));
      await eventually(async () => (await reports()).length === 1, 30, 'the report');
      await eventually(() => !queue().some(({ recipient }) => recipient === BOB), 30, 'it is out of the queue');
      assert.equal(await got('told later'), 1);
      // As of what is filed at once: of a group once, however many are in it.
      const [{ text }] = await reports();
      for (const [to, action] of [[BOB, 'delivered'], ['team@hearth.test', 'expanded']])
        assert.match(text, new RegExp(`Original-Recipient: rfc822;first\\+${to}\r\nFinal-Recipient: rfc822; ${to}\r\nAction: ${action}\r\nStatus: 2\\.0\\.0\r\n`));
      assert.equal(text.match(/^Final-Recipient:/gm).length, 2);
    });

    test('a person\'s own delay, by SMTP and HTTP alike', async () => {
      const patch = await h.api('PATCH', '/api/auth/preferences', { mail: { send_delay: 3 } }, { ...auth, 'Content-Type': 'application/merge-patch+json', 'If-Match': '*' });
      assert.equal(patch.status, 200, JSON.stringify(patch.body));
      await eventually(() => sql('SELECT send_delay FROM preference').some(({ send_delay }) => send_delay === 3), 20, 'mail has heard of it');
      await submit('delayed by SMTP', '', BOB);
      const { body } = await post({ to: BOB, subject: 'delayed by HTTP', text: 'x' });
      const held = await outgoing();
      for (const way of ['SMTP', 'HTTP']) assert.ok(held.some(({ subject, state }) => subject === `delayed by ${way}` && state === 'waiting'), way);
      assert.equal((await get(`messages/${body.id}`)).body.subject, 'delayed by HTTP'); // the copy is there at once
      await eventually(async () => (await got('delayed by SMTP')) + (await got('delayed by HTTP')) === 2, 30, 'both have left');
    });
  });

  test('what is kept behind all this is whole', async () => {
    await h.stop();
    const whole = h.command('verify');
    assert.equal(whole.status, 0, whole.stdout + whole.stderr);
  });
});
