// group-mail.test.mjs: mail to a group reaches every member once; what is kept for an account is
// bounded by its quota, and counted without drift.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
let hearth;
const run = (...args) => {
  const done = hearth.command(...args);
  assert.equal(done.status, 0, done.stderr);
};
const login = (name) => ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
// How many messages of this subject somebody has, and the header of the last.
const inbox = async (name, subject) => {
  const client = await login(name);
  await client.ok('EXAMINE INBOX');
  const found = await client.search(`SEARCH SUBJECT "${subject}"`);
  const header = found.length ? JSON.stringify(await client.fetch(`FETCH ${found.at(-1)} (BODY[HEADER])`)) : '';
  client.close();
  return { count: found.length, header };
};
const sql = (text) => {
  const { status, stdout, stderr } = spawnSync('sqlite3', [join(hearth.dir, 'data', 'mail.db'), text], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trim();
};
// The sum that is kept of each account beside what is there.
const drift = () => sql(`SELECT s.account, s.used, COALESCE(sum(m.size + m.extra), 0) AS there FROM account_state s
  LEFT JOIN mailbox b ON b.account = s.account LEFT JOIN message m ON m.mailbox = b.id GROUP BY s.account, s.used HAVING s.used <> there`);
const searchSql = (text) => spawnSync('sqlite3', [join(hearth.dir, 'data', 'mail_search.db'), text], { encoding: 'utf8' }).stdout.trim();
// All that came is in the index, and what was removed is out of it and gone.
const indexed = () => eventually(() => searchSql('SELECT count(*) FROM indexed') === sql('SELECT count(*) FROM content')
  && sql('SELECT count(*) FROM content c WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.content = c.id)') === '0', 20, 'all is indexed');
const message = (subject, size = 100) => `From: <x@example.org>\r\nSubject: ${subject}\r\n\r\n${'0123456789abcde\r\n'.repeat(size / 17 + 1)}`;

before(async () => {
  hearth = await new Hearth({ 'mail.recipients_max': 100 }).start();
  for (const name of ['ann', 'bob', 'cleo', 'dan']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
  run('group', 'add', 'staff');
  for (const name of ['ann', 'bob', 'cleo']) run('group', 'join', 'staff', name);
});
after(() => hearth.remove());

test('each member has it once, in one blob, with the address it was sent to', async () => {
  const before = Number(sql('SELECT count(DISTINCT blob) FROM content'));
  await deliver(hearth.port.smtp, 'staff@hearth.test', message('to all'));
  for (const name of ['ann', 'bob', 'cleo']) {
    const { count, header } = await inbox(name, 'to all');
    assert.equal(count, 1, name);
    assert.match(header, /Delivered-To: staff@hearth\.test/);
  }
  assert.equal((await inbox('dan', 'to all')).count, 0);
  assert.equal(Number(sql('SELECT count(DISTINCT blob) FROM content')), before + 1);
  assert.equal(drift(), '');
});

test('who is invited gets no mail until they say yes', async () => {
  run('group', 'add', 'guests');
  run('group', 'join', 'guests', 'ann');
  run('group', 'invite', 'guests', 'bob');
  await deliver(hearth.port.smtp, 'guests@hearth.test', message('before yes'));
  assert.equal((await inbox('bob', 'before yes')).count, 0);
  const headers = { Authorization: `Bearer ${await hearth.login('bob@hearth.test', PASSWORD)}` };
  const { body: { groups } } = await hearth.api('GET', '/api/auth/groups', undefined, headers);
  const { body: me } = await hearth.api('GET', '/api/auth/me', undefined, headers);
  assert.equal((await hearth.api('PUT', `/api/auth/groups/${groups.find((one) => one.name === 'guests').id}/members/${me.id}`, undefined, headers)).status, 204);
  await deliver(hearth.port.smtp, 'guests@hearth.test', message('after yes'));
  assert.equal((await inbox('bob', 'after yes')).count, 1);
});

test('who is named twice, by a group and alone, in two groups, has it once', async () => {
  run('group', 'add', 'chess');
  for (const name of ['cleo', 'dan']) run('group', 'join', 'chess', name);
  await deliver(hearth.port.smtp, ['bob@hearth.test', 'staff@hearth.test', 'Chess+news@hearth.test', 'staff@hearth.test', 'dan+x@hearth.test'],
    message('overlap'));
  for (const name of ['ann', 'bob', 'cleo', 'dan']) assert.equal((await inbox(name, 'overlap')).count, 1, name);
});

test('a group without members, or that is gone, takes no mail', async () => {
  run('group', 'add', 'empty');
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.expect(250, 'MAIL FROM:<x@example.org>');
  await client.expect(550, 'RCPT TO:<empty@hearth.test>');
  await client.expect(550, 'RCPT TO:<nobody@hearth.test>');
  await client.expect(550, 'RCPT TO:<staff@elsewhere.test>');
  run('group', 'join', 'empty', 'dan');
  await client.expect(250, 'RCPT TO:<empty@hearth.test>');
  run('group', 'delete', 'empty');
  await client.expect(550, 'RCPT TO:<empty@hearth.test>');
  client.close();
});

test('the limit on recipients counts addresses, as the sender does', async () => {
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.expect(250, 'MAIL FROM:<x@example.org>');
  for (let i = 0; i < 100; i++) await client.expect(250, 'RCPT TO:<staff@hearth.test>');
  await client.expect(452, 'RCPT TO:<staff@hearth.test>');
  client.close();
});

test('what was parsed of a message is kept once, goes with the last who has it, and fits each trace', async () => {
  const rows = () => Number(sql('SELECT count(*) FROM parsed'));
  const before = rows();
  const texts = async () => Number(/^hearth_mail_texts_total (\d+)/m.exec((await hearth.api('GET', '/metrics')).body)[1]);
  await indexed();
  const made = await texts();
  const text = 'From: x@example.org\r\nSubject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
    '--b\r\nContent-Type: text/plain\r\nX-First: 1\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n';
  await deliver(hearth.port.smtp, ['ann+a-rather-long-subaddress@hearth.test', 'bob@hearth.test', 'dan@hearth.test'], text);
  assert.equal(rows(), before + 1);
  const clients = [];
  for (const name of ['ann', 'bob', 'dan']) {
    const client = await login(name);
    await client.ok('SELECT INBOX');
    const [found] = (await client.search('SEARCH SUBJECT "parts"')).slice(-1);
    const [m] = await client.fetch(`FETCH ${found} (BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2] BODY.PEEK[TEXT] BODY.PEEK[HEADER] BODY.PEEK[])`);
    assert.equal(m['BODY[1]'], 'one', name);
    assert.equal(m['BODY[1.MIME]'], 'Content-Type: text/plain\r\nX-First: 1\r\n\r\n');
    assert.equal(m['BODY[2]'], 'two');
    assert.equal(m['BODY[HEADER]'] + m['BODY[TEXT]'], m['BODY[]']);
    assert.match(m['BODY[HEADER]'], new RegExp(`^Return-Path: <bob@example.org>\r\nDelivered-To: ${name}`));
    assert.ok(m['BODY[HEADER]'].endsWith('boundary=b\r\n\r\n'));
    clients.push([client, found]);
  }
  // So is the text that search sees of it, whoever needed it first, a search or the index; and each has their own trace in it.
  await indexed();
  assert.equal(await texts(), made + 1);
  for (const [client, found] of clients) {
    assert.deepEqual((await client.search('SEARCH HEADER Delivered-To "@hearth.test" TEXT "bob@example.org" BODY two')).slice(-1), [found]);
    assert.equal(rows(), before + 1);
    await client.ok(`STORE ${found} +FLAGS.SILENT (\\Deleted)`);
    await client.ok('EXPUNGE');
    client.close();
  }
  // The index must be shown once more what it is to forget.
  await indexed();
  assert.equal(rows(), before);
  assert.equal(drift(), '');
});

test('a small message of which much is parsed counts for that', async () => {
  hearth.addUser('meg@hearth.test', PASSWORD);
  const part = '--b\r\n\r\n';
  const text = `Content-Type: multipart/digest; boundary=b\r\n\r\n${(part + 'From: a,b,c,d\r\n\r\n').repeat(1000)}`;
  await deliver(hearth.port.smtp, 'meg@hearth.test', text);
  const [size, used, kept] = sql(`SELECT m.size, s.used, length(p.envelope) + length(p.body) + length(p.bodystructure) + length(p.structure) + length(p.header)
    FROM message m JOIN content c ON c.id = m.content JOIN parsed p ON p.id = c.parsed JOIN mailbox b ON b.id = m.mailbox
    JOIN account_state s ON s.account = b.account ORDER BY m.id DESC LIMIT 1`).split('|').map(Number);
  assert.ok(kept > 5 * size, `${kept} bytes of ${size}`);
  assert.ok(used > kept - 5000, `${used} count of ${kept}`);
  run('user', 'quota', 'meg@hearth.test', `${used + 2 * size}`);
  const client = await SmtpClient.hello(hearth.port.smtp);
  assert.equal((await client.mail('x@example.org', 'meg@hearth.test', text)).code, 552);
  client.close();
  assert.equal(drift(), '');
});

test('over its quota a mailbox takes no mail, until there is room again', async () => {
  hearth.addUser('full@hearth.test', PASSWORD);
  run('user', 'quota', 'full@hearth.test', '20K');
  await deliver(hearth.port.smtp, 'full@hearth.test', message('first', 15000));
  const client = await SmtpClient.hello(hearth.port.smtp);
  // Announced, it is refused at once; unannounced, when it is there.
  await client.expect(250, 'MAIL FROM:<x@example.org> SIZE=6000');
  assert.match((await client.expect(452, 'RCPT TO:<full@hearth.test>')).lines[0], /^4\.2\.2 /);
  await client.expect(250, 'RSET');
  const late = await client.mail('x@example.org', 'full@hearth.test', message('too much', 6000));
  assert.deepEqual([late.code, late.lines[0].slice(0, 5)], [552, '5.2.2']);
  assert.equal((await client.mail('x@example.org', 'full@hearth.test', message('fits', 3000))).code, 250);
  assert.equal((await inbox('full', 'too much')).count, 0);
  run('user', 'quota', 'full@hearth.test', '10K');
  await client.expect(250, 'MAIL FROM:<x@example.org>');
  await client.expect(452, 'RCPT TO:<full@hearth.test>');
  // Others of the same transaction are not held up, but a group is taken whole.
  await client.expect(250, 'RCPT TO:<ann@hearth.test>');
  run('group', 'join', 'staff', 'full@hearth.test');
  await client.expect(452, 'RCPT TO:<staff@hearth.test>');
  run('group', 'leave', 'staff', 'full@hearth.test');
  await client.expect(250, 'RCPT TO:<staff@hearth.test>');
  await client.expect(250, 'RSET');
  const imap = await login('full');
  await imap.ok('SELECT INBOX');
  await imap.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await imap.ok('EXPUNGE');
  assert.equal((await client.mail('x@example.org', 'full@hearth.test', message('again', 3000))).code, 250);
  client.close();
  imap.close();
  assert.equal(drift(), '');
});

test('IMAP: APPEND and COPY beyond the quota, as it is now, are refused whole', async () => {
  hearth.addUser('imap@hearth.test', PASSWORD);
  const imap = await login('imap');
  run('user', 'quota', 'imap@hearth.test', '20K'); // after the log-in
  const append = (subject, size) => imap.command(['APPEND INBOX ', Buffer.from(message(subject, size)), '']);
  assert.equal((await append('one', 8000)).status, 'OK');
  const over = await append('two', 14000);
  assert.deepEqual([over.status, over.code], ['NO', 'OVERQUOTA']);
  assert.equal((await append('three', 2000)).status, 'OK');
  await imap.ok('SELECT INBOX');
  const copied = await imap.command('COPY 1:2 Archive');
  assert.equal(copied.status, 'OK');
  const again = await imap.command('COPY 1:2 Archive');
  assert.deepEqual([again.status, again.code], ['NO', 'OVERQUOTA']);
  await imap.ok('MOVE 1:2 Archive'); // keeps nothing more
  await imap.ok('SELECT Archive');
  assert.equal((await imap.search('SEARCH ALL')).length, 4);
  run('user', 'quota', 'imap@hearth.test', 'none');
  await imap.ok('COPY 1:4 Trash');
  await imap.ok('CREATE below');
  await imap.ok('COPY 1:4 below');
  await imap.ok('DELETE below');
  imap.close();
  assert.equal(drift(), '');
});

test('GETQUOTA and GETQUOTAROOT say it in units of 1024 octets (RFC 9208)', async () => {
  hearth.addUser('quin@hearth.test', PASSWORD);
  const imap = await login('quin');
  assert.match((await imap.ok('CAPABILITY')).lines[0], / QUOTA QUOTA=RES-STORAGE/);
  assert.deepEqual((await imap.ok('GETQUOTAROOT INBOX')).lines, ['QUOTAROOT INBOX']);
  assert.equal((await imap.command('GETQUOTA ""')).status, 'NO');
  run('user', 'quota', 'quin@hearth.test', '64K');
  const text = Buffer.from(message('counted', 5000));
  await imap.ok(['APPEND Sent ', text, '']);
  const kept = `QUOTA "" (STORAGE ${Math.ceil(text.length / 1024)} 64)`;
  assert.deepEqual((await imap.ok('GETQUOTAROOT "Sent"')).lines, ['QUOTAROOT Sent ""', kept]);
  assert.deepEqual((await imap.ok('GETQUOTA ""')).lines, [kept]);
  assert.deepEqual([(await imap.command('GETQUOTA other')).code, (await imap.command('GETQUOTAROOT Nowhere')).code], ['NONEXISTENT', 'NONEXISTENT']);
  for (const bad of ['GETQUOTA', 'GETQUOTAROOT', 'GETQUOTA "" ""', 'SETQUOTA "" (STORAGE 1)']) assert.equal((await imap.command(bad)).status, 'BAD', bad);
  imap.close();
});

test('a member of a group may keep what the group says; kill -9 leaves no drift', async () => {
  hearth.addUser('gus@hearth.test', PASSWORD);
  await hearth.stop();
  hearth.settings['auth.quota'] = '10K';
  await hearth.start();
  await deliver(hearth.port.smtp, 'gus@hearth.test', message('one', 9500));
  await assert.rejects(deliver(hearth.port.smtp, 'gus@hearth.test', message('two', 9500)), /552/);
  run('group', 'add', 'large');
  run('group', 'quota', 'large', '1M');
  run('group', 'join', 'large', 'gus');
  await deliver(hearth.port.smtp, 'gus@hearth.test', message('two', 9500));
  const many = Array.from({ length: 40 }, (_, i) => deliver(hearth.port.smtp, 'large@hearth.test', message(`n${i}`, 3000)).then(() => i, () => -1));
  await Promise.race(many);
  await hearth.kill();
  const taken = (await Promise.all(many)).filter((i) => i >= 0);
  await hearth.start();
  assert.ok(taken.length > 0);
  for (const i of taken) assert.equal((await inbox('gus', `n${i}`)).count > 0, true);
  assert.equal(drift(), '');
});
