// mail-api.test.mjs: /api/mail/…: what the page shows of mail, and that it and IMAP see the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hearth, eventually, raw } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse';
const ALICE = 'alice@hearth.test';
const MIXED = 'From: Ann <ann@example.org>\r\nTo: alice@hearth.test\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\n' +
  'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n' +
  '--i\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nsch=F6n\r\n' +
  '--i\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick="x()">schön</p>\r\n--i--\r\n' +
  '--o\r\nContent-Type: text/html; name="böse.html"\r\nContent-Disposition: attachment; filename*=UTF-8\'\'b%C3%B6se.html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHNjcmlwdD4=\r\n--o--\r\n';

describe('mail over HTTP', () => {
  const h = new Hearth();
  let auth, other;

  before(async () => {
    h.addUser(ALICE, PASSWORD);
    h.addUser('bob@hearth.test', PASSWORD);
    await h.start();
    auth = { Authorization: `Bearer ${await h.login(ALICE, PASSWORD)}` };
    other = { Authorization: `Bearer ${await h.login('bob@hearth.test', PASSWORD)}` };
  });
  after(() => h.remove());

  const get = (path, headers = auth) => h.api('GET', `/api/mail/${path}`, undefined, headers);

  test('mailboxes and lists, newest first, a page at a time', async () => {
    const { body } = await get('mailboxes');
    assert.deepEqual(body.mailboxes.map((m) => [m.name, m.role, m.total, m.unseen]), [['INBOX', 'inbox', 0, 0], ['Archive', 'archive', 0, 0],
      ['Drafts', 'drafts', 0, 0], ['Junk', 'junk', 0, 0], ['Sent', 'sent', 0, 0], ['Trash', 'trash', 0, 0]]);
    for (let i = 1; i <= 5; i++) await deliver(h.port.smtp, ALICE, `From: x@example.org\r\nSubject: number ${i}\r\n\r\nthis is the text of ${i}\r\n`);
    const first = (await get('messages?limit=3')).body.messages;
    assert.deepEqual(first.map((m) => m.subject), ['number 5', 'number 4', 'number 3']);
    assert.equal(first[0].from, 'x@example.org');
    assert.equal(first[0].preview, 'this is the text of 5');
    assert.equal(first[0].seen, false);
    const second = (await get(`messages?limit=3&before=${first.at(-1).uid}`)).body.messages;
    assert.deepEqual(second.map((m) => m.subject), ['number 2', 'number 1']);
    assert.deepEqual((await get('messages?q=TEXT%20of%204')).body.messages.map((m) => m.subject), ['number 4']);
    assert.deepEqual((await get('messages?mailbox=Trash')).body.messages, []);
    assert.equal((await get('messages?mailbox=nowhere')).status, 404);
    assert.equal((await get('messages?limit=x')).status, 400);
    assert.equal((await get('messages', {})).status, 401);
  });

  test('one message: text, HTML, attachments, source', async () => {
    await deliver(h.port.smtp, ALICE, Buffer.from(MIXED).toString('latin1'));
    const [listed] = (await get('messages?limit=1')).body.messages;
    assert.equal(listed.subject, 'Grüße');
    assert.equal(listed.has_attachment, true);
    const { body } = await get(`messages/${listed.id}`);
    assert.equal(body.from, 'Ann <ann@example.org>');
    assert.equal(body.date, Date.UTC(2024, 0, 1, 9) / 1000);
    assert.equal(body.text.trim(), 'schön');
    assert.match(body.html, /schön/);
    assert.deepEqual(body.attachments.map((a) => [a.name, a.type, a.size]), [['böse.html', 'text/html', 8]]);
    const part = await raw(`${h.base}/api/mail/messages/${listed.id}/parts/${body.attachments[0].part}`, { headers: auth });
    assert.equal(part.body.toString(), '<script>');
    assert.equal(part.headers['content-type'], 'application/octet-stream');
    assert.match(part.headers['content-security-policy'], /sandbox/);
    assert.equal(part.headers['content-disposition'], "attachment; filename*=UTF-8''b%C3%B6se.html");
    const source = await raw(`${h.base}/api/mail/messages/${listed.id}/source`, { headers: auth });
    assert.ok(source.body.toString().endsWith(MIXED));
    assert.match(source.headers['content-type'], /^text\/plain/);
    for (const path of ['', '/source', `/parts/${body.attachments[0].part}`])
      assert.equal((await get(`messages/${listed.id}${path}`, other)).status, 404, 'it is not bob\'s');
    assert.equal((await get(`messages/${listed.id}/parts/0`)).status, 404);
    assert.equal((await get('messages/999999')).status, 404);
  });

  test('who stands in a header, address by address', async () => {
    const header = 'From: =?UTF-8?Q?Gr=C3=BC=C3=9F?= <g@example.org>\r\nReply-To: list@example.org\r\nTo: "Doe, Jane" <jane@example.org>, Friends: x@example.org, y@example.org;, nobody\r\n' +
      'To: "a b"@example.org\r\nCc:\r\n jörg@exämple.org (Jörg)\r\nSubject: people\r\n\r\nx\r\n';
    await deliver(h.port.smtp, ALICE, Buffer.from(header).toString('latin1'));
    const [{ id }] = (await get('messages?limit=1')).body.messages;
    assert.deepEqual((await get(`messages/${id}`)).body.people, {
      from: [{ name: 'Grüß', address: 'g@example.org' }], reply_to: [{ name: '', address: 'list@example.org' }],
      to: [{ name: 'Doe, Jane', address: 'jane@example.org' }, { name: '', address: 'x@example.org' }, { name: '', address: 'y@example.org' }, { name: '', address: '"a b"@example.org' }],
      cc: [{ name: 'Jörg', address: 'jörg@exämple.org' }], bcc: [],
    });
    assert.equal((await h.api('DELETE', `/api/mail/messages/${id}`, undefined, auth)).status, 204);
  });

  test('a message is moved, by name or by role, and deleted for good', async () => {
    await deliver(h.port.smtp, ALICE, 'From: x@example.org\r\nSubject: to be moved\r\n\r\nhere\r\n');
    const [{ id }] = (await get('messages?limit=1')).body.messages;
    const move = (body, headers = auth) => h.api('POST', `/api/mail/messages/${id}/move`, body, headers);
    const where = async (mailbox) => (await get(`messages?mailbox=${mailbox}`)).body.messages.some((m) => m.id === id);
    const c = await ImapClient.login(h.port.imap, ALICE, PASSWORD);
    await c.ok('SELECT Archive');
    assert.deepEqual((await move({ mailbox: 'Archive' })).body, { id, mailbox: 'Archive' });
    assert.equal(await where('Archive'), true);
    assert.equal(await where('INBOX'), false);
    await eventually(async () => /1 EXISTS/.test((await c.ok('NOOP')).lines.join('\n')), 10, 'IMAP sees it come');
    assert.deepEqual((await move({ role: 'archive' })).body, { id, mailbox: 'Archive' }); // it is there
    // A role has a mailbox again where its own was removed; one of the same name will do.
    assert.deepEqual((await move({ role: 'inbox' })).body, { id, mailbox: 'INBOX' });
    await c.ok('SELECT INBOX');
    await c.ok('DELETE Archive');
    assert.deepEqual((await move({ role: 'archive' })).body, { id, mailbox: 'Archive' });
    assert.deepEqual((await move({ role: 'trash' })).body, { id, mailbox: 'Trash' });
    for (const body of [{}, { mailbox: '' }, { role: 'spam' }, { mailbox: 5 }]) assert.equal((await move(body)).status, 400, JSON.stringify(body));
    assert.equal((await move({ mailbox: 'nowhere' })).status, 404);
    assert.equal((await move({ role: 'trash' }, other)).status, 404, 'it is not bob\'s');
    const remove = (headers) => h.api('DELETE', `/api/mail/messages/${id}`, undefined, headers);
    assert.equal((await remove(other)).status, 404);
    assert.equal((await remove(auth)).status, 204);
    assert.equal((await remove(auth)).status, 404);
    assert.equal((await move({ role: 'inbox' })).status, 404);
    assert.equal(await where('Trash'), false);
    c.close();
  });

  test('flags go both ways', async () => {
    const c = await ImapClient.login(h.port.imap, ALICE, PASSWORD);
    await c.ok('SELECT INBOX');
    c.send('i IDLE\r\n');
    await c.response(/^\+/);
    const [listed] = (await get('messages?limit=1')).body.messages;
    const flag = (body, headers = auth) => h.api('POST', `/api/mail/messages/${listed.id}/flags`, body, headers);
    assert.equal((await flag({ seen: true, flagged: true })).status, 200);
    assert.match(await c.response(/FETCH/), /FLAGS \(\\Seen \\Flagged/);
    assert.equal((await flag({ seen: 'yes' })).status, 400);
    assert.equal((await flag({ seen: true }, other)).status, 404);
    c.send('DONE\r\n');
    await c.response(/^i OK/);
    await c.ok(`UID STORE ${listed.uid} -FLAGS.SILENT (\\Seen)`);
    assert.equal((await get(`messages/${listed.id}`)).body.seen, false);
    // A message keeps its address when it is moved; one that is expunged is gone.
    await c.ok(`UID MOVE ${listed.uid} Archive`);
    assert.equal((await get(`messages/${listed.id}`)).body.subject, 'Grüße');
    await c.ok('SELECT Archive');
    await c.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await c.ok('EXPUNGE');
    assert.equal((await get(`messages/${listed.id}`)).status, 404);
    await eventually(async () => (await get('messages?q=sch%C3%B6n')).body.messages.length === 0);
    c.close();
  });

  test('pictures that came with the HTML are named, and handed out as bytes', async () => {
    const image = (id, type) => `--b\r\nContent-Type: ${type}\r\nContent-ID: ${id}\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n`;
    await deliver(h.port.smtp, ALICE, `Subject: pictures\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src="cid:1@x">\r\n` +
      `${image('<1@x>', 'image/PNG')}${image('2@x', 'image/gif')}${image('<3@x>', 'image/svg+xml')}${image('<4@x>', 'text/html')}--b--\r\n`);
    const [{ id }] = (await get('messages?limit=1')).body.messages;
    const { body } = await get(`messages/${id}`);
    assert.deepEqual(body.pictures, [{ part: 2, content_id: '1@x', size: 4 }, { part: 3, content_id: '2@x', size: 4 }]);
    const part = await raw(`${h.base}/api/mail/messages/${id}/parts/2`, { headers: auth });
    assert.deepEqual([...part.body], [0, 1, 2, 3]);
    assert.equal(part.headers['content-type'], 'application/octet-stream');
    assert.match(part.headers['content-security-policy'], /sandbox/);
    assert.equal((await get(`messages/${id}/parts/5`)).status, 404, 'a text of the message is none');
    assert.equal((await get(`messages/${id}/parts/2`, other)).status, 404);
  });

  test('attachments and sources are streamed: whole, in ranges, in memory that does not grow with them', async () => {
    const bytes = Buffer.from(Uint32Array.from({ length: 6_000_000 }, (_, i) => Math.imul(i, 2654435761)).buffer).subarray(0, 23_999_993);
    const text = 'a=b \t\r\n'.repeat(100000);
    const inner = 'Subject: inner\r\n\r\nforwarded\r\n';
    const part = (type, encoding, body) => `--o\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename=x\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`;
    const message = 'Subject: large\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nsee below\r\n' +
      part('application/x-a', 'base64', bytes.toString('base64').replace(/.{76}/g, '$&\r\n')) +
      part('text/plain', 'quoted-printable', text.replace(/=/g, '=3D').replace(/\t\r\n/g, '=09\r\n')) +
      part('message/rfc822', '7bit', inner) + part('application/x-empty', 'base64', '') + '--o--\r\n';
    await deliver(h.port.smtp, ALICE, message);
    const [{ id }] = (await get('messages?limit=1')).body.messages;
    const { body } = await get(`messages/${id}`);
    assert.equal(body.text.trim(), 'see below');
    assert.deepEqual(body.attachments.map((a) => a.size), [bytes.length, text.length, inner.length, 0]);
    const url = (n) => `${h.base}/api/mail/messages/${id}/parts/${body.attachments[n].part}`;
    const wanted = [bytes, Buffer.from(text), Buffer.from(inner), Buffer.alloc(0)];
    for (let n = 0; n < 4; n++) {
      const answer = await raw(url(n), { headers: auth });
      assert.equal(answer.status, 200);
      assert.equal(Number(answer.headers['content-length']), wanted[n].length);
      assert.ok(answer.body.equals(wanted[n]), `attachment ${n}`);
    }
    for (const [from, to] of [[0, 0], [1000, 2000], [262143, 262145], [20_000_000, 20_700_000], [bytes.length - 1, bytes.length - 1]]) {
      const answer = await raw(url(0), { headers: { ...auth, Range: `bytes=${from}-${to}` } });
      assert.equal(answer.status, 206);
      assert.ok(answer.body.equals(bytes.subarray(from, to + 1)), `${from}-${to}`);
    }
    const { headers } = await raw(url(0), { headers: auth, method: 'HEAD' });
    assert.equal((await raw(url(0), { headers: { ...auth, 'If-None-Match': headers.etag } })).status, 304);
    assert.equal((await raw(url(0), { headers: { ...auth, Range: `bytes=${bytes.length}-` } })).status, 416);
    const source = await raw(`${h.base}/api/mail/messages/${id}/source`, { headers: { ...auth, Range: `bytes=-${message.length}` } });
    assert.ok(source.body.equals(Buffer.from(message)));
    // Thirty who do not read: none of them has all of it in our memory.
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${h.child.pid}/status`, 'utf8'))[1]) / 1024;
    const before = rss();
    const lazy = Array.from({ length: 30 }, (_, i) => {
      const socket = connect(h.port.http, '127.0.0.1');
      socket.on('connect', () => socket.write(`GET ${new URL(i % 2 ? url(0) : `${h.base}/api/mail/messages/${id}/source`).pathname} HTTP/1.1\r\nHost: 127.0.0.1:${h.port.http}\r\nAuthorization: ${auth.Authorization}\r\n\r\n`));
      socket.pause();
      return socket;
    });
    await new Promise((done) => setTimeout(done, 1500));
    const grown = rss() - before;
    for (const socket of lazy) socket.destroy();
    assert.ok(grown < 200, `${grown} MB more`);
    assert.equal((await get('mailboxes')).status, 200);
  });

  test('a deleted account leaves nothing', async () => {
    const count = (sql) => Number(spawnSync('sqlite3', [join(h.dir, 'data', 'mail.db'), sql], { encoding: 'utf8' }).stdout);
    h.addUser('carol@hearth.test', PASSWORD);
    await deliver(h.port.smtp, 'carol@hearth.test', 'Subject: hers\r\n\r\nalone\r\n');
    const c = await ImapClient.login(h.port.imap, 'carol@hearth.test', PASSWORD);
    assert.equal(count("SELECT count(*) FROM content WHERE subject = 'hers'"), 1);
    assert.equal(h.command('user', 'delete', 'carol@hearth.test').status, 0);
    await c.response(/^\* BYE/);
    await eventually(() => !count("SELECT count(*) FROM content WHERE subject = 'hers'"), 20, 'her mail is gone');
    await eventually(() => !count('SELECT count(*) FROM account_state WHERE account NOT IN (SELECT account FROM mailbox)'));
  });
});

describe('large uploads', () => {
  const h = new Hearth({ 'connections.uploads_per_account': '3', 'connections.upload_bytes_per_account': '30M' });
  const heads = {};
  const MB = 2 ** 20;

  before(async () => {
    for (const name of ['ann', 'ben']) h.addUser(`${name}@hearth.test`, PASSWORD);
    await h.start();
    for (const name of ['ann', 'ben']) heads[name] = `Host: hearth.test\r\nAuthorization: Bearer ${await h.login(`${name}@hearth.test`, PASSWORD)}\r\nContent-Type: application/json\r\n`;
  });
  after(() => h.remove());

  // One that is begun: `answer` is the status of what comes back, 100 where its body is waited for.
  function upload(name, length) {
    const socket = connect(h.port.http, '127.0.0.1');
    const answer = new Promise((done, fail) => {
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes;
        const status = /^HTTP\/1\.1 (\d+)/.exec(text);
        if (status && text.includes('\r\n\r\n')) done({ status: Number(status[1]), text });
      });
      socket.on('error', fail);
    });
    socket.write(`POST /api/mail/messages HTTP/1.1\r\n${heads[name]}Expect: 100-continue\r\n${length ? `Content-Length: ${length}` : 'Transfer-Encoding: chunked'}\r\n\r\n`);
    return { socket, answer };
  }

  test('an account may be sending so many, and so many bytes, at a time; others are not in its way', async () => {
    const open = [upload('ann', 9 * MB), upload('ann', 9 * MB), upload('ann', 9 * MB)];
    for (const one of open) assert.equal((await one.answer).status, 100);
    const refused = await upload('ann', MB).answer;
    assert.equal(refused.status, 429);
    assert.match(refused.text, /^Retry-After: \d+\r$/im);
    assert.equal((await upload('ann', 60_000).answer).status, 100); // what is small does not count
    assert.equal((await upload('ben', 9 * MB).answer).status, 100);
    // Room for one more, but not for one of any size; who does not say how long it is may use all that the route allows.
    open[0].socket.destroy();
    const next = async (length) => eventually(async () => {
      const one = upload('ann', length), { status } = await one.answer;
      if (status === 100) return one;
      one.socket.destroy();
      return null;
    }, 20, 'room for another');
    const small = await next(9 * MB);
    small.socket.destroy();
    await next(12 * MB).then(({ socket }) => socket.destroy());
    assert.equal((await upload('ann', 13 * MB).answer).status, 429);
    assert.equal((await upload('ann', 0).answer).status, 429);
    for (const one of open) one.socket.destroy();
    const alone = await next(0);
    assert.equal((await upload('ann', 9 * MB).answer).status, 429);
    alone.socket.destroy();
  });

  test('one that was answered makes room, whatever became of it', async () => {
    const body = JSON.stringify({ to: ['ben@hearth.test'], subject: 'large', text: 'x'.repeat(100_000) });
    const token = /Bearer (\S+)/.exec(heads.ann)[1];
    for (let i = 0; i < 8; i++) {
      const send = (text) => eventually(async () => {
        const answer = await fetch(`${h.base}/api/mail/messages`, { method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: text });
        return answer.status !== 429 && answer.status;
      }, 20, 'room');
      assert.equal(await send(body), 201);
      assert.equal(await send(`${body} and more`), 400);
    }
  });
});
