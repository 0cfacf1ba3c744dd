// mail-search.test.mjs: what is searched for is found, whatever the mails are made of, also while
// the index is behind, broken or being built; and who searches for long holds nobody up.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';

const PASSWORD = 'correct-horse';
const user = 'a@hearth.test';
const h = new Hearth();
let c;

const sqlite = (database, sql) => {
  const { stdout, stderr } = spawnSync('sqlite3', [join(h.dir, 'data', `${database}.db`), '.timeout 5000', sql], { encoding: 'utf8' });
  if (stderr) throw new Error(stderr);
  return stdout.trim();
};
const append = (text) => c.ok(['APPEND INBOX ', Buffer.from(text, 'latin1'), '']);
const mail = (subject, body, more = '') => `From: x@example.org\r\nTo: y@example.org\r\nSubject: ${subject}\r\n${more}\r\n${body}\r\n`;
const metric = async (name) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec((await h.api('GET', '/metrics')).body)?.[1]);
// All that came is in the index, and what was removed is out of it and gone.
const indexed = () => eventually(() => sqlite('mail_search', 'SELECT count(*) FROM indexed') === sqlite('mail', 'SELECT count(*) FROM content')
  && sqlite('mail', 'SELECT count(*) FROM content c WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.content = c.id)') === '0', 30, 'all is indexed');
const whole = () => eventually(() => sqlite('mail_search', 'SELECT built_to FROM index_state') === '9223372036854775807', 30, 'the index is built');
const login = async () => {
  c = await ImapClient.login(h.port.imap, user, PASSWORD);
  await c.ok('SELECT INBOX');
};

before(async () => {
  h.addUser(user, PASSWORD);
  h.addUser('b@hearth.test', PASSWORD);
  await h.start();
  await login();
});
after(() => h.remove());

describe('searching', () => {
  test('NUL in a text, by any way in, breaks no index and hides nothing', async () => {
    const wide = (text) => text.replace(/./gs, '$&\0');
    const base64 = (text) => Buffer.from(text, 'latin1').toString('base64').replace(/.{70}/g, '$&\r\n');
    const texts = (i) => Array.from({ length: 40 }, (_, k) => `thistle${(i * 37 + k * 11) % 90} meadow`).join(' ');
    const ways = [
      (i) => mail(`way 0`, base64(wide(texts(i))), 'Content-Transfer-Encoding: base64\r\n'),
      (i) => mail(`way 1`, texts(i).replace(/./g, '$&=00').replace(/(.{60})/g, '$1=\r\n'), 'Content-Transfer-Encoding: quoted-printable\r\n'),
      (i) => mail(`way 2`, base64(wide(wide(texts(i)))), 'Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n'),
      (i) => mail(`way 3`, `--b\r\n\r\nsee the list\r\n--b\r\nContent-Type: text/csv; name=list.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(`\xff\xfe${wide(texts(i))}`)}\r\n--b--`, 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n'),
      (i) => mail(`way 4`, base64(`\xed\xa0\x80${texts(i)}\xef\xbf\xbe${'\x80'.repeat(5000)}\xff\xfe\xf0\x9f`), 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n'),
    ];
    for (let round = 0; round < 12; round++) {
      for (const way of ways) await append(way(round));
      await append(mail('plain', texts(round)));
      await indexed();
    }
    assert.equal(await metric('hearth_db_commit_failures_total\\{database="mail_search"\\}'), 0);
    await c.ok('NOOP');
    assert.equal((await c.search('SEARCH BODY "meadow thistle"')).length, 72);
    assert.equal((await c.search('SEARCH SUBJECT "way 3" TEXT thistle11')).length, (await c.search('SEARCH SUBJECT "way 4" BODY thistle11')).length);
  });

  test('FROM, TO, CC and BCC look at the addresses of the envelope', async () => {
    await c.ok('CREATE addresses');
    await c.ok('SELECT addresses');
    const header = (fields) => Buffer.from(`${fields.join('\r\n')}\r\n\r\ntext\r\n`);
    for (const fields of [
      ['From: <user-x (comment)@ (comment) example.org>', 'To: friends: a@b.example, "Doe, Jane" <jane@c.example>;'],
      ['From: =?UTF-8?Q?J=C3=BCrgen?= <juergen@example.org>', 'To: x@y.example (Real Name)', 'Cc: "quoted local"@example.org'],
      ['From: user-x', '  @example.net', 'To: one@example.org', 'To: two@example.org', 'Bcc: hidden@example.org', 'Subject: From: nobody@example.org'],
    ]) await c.ok(['APPEND addresses ', header(fields), '']);
    await c.ok('NOOP');
    for (const wait of [false, true]) {
      if (wait) await indexed();
      const finds = async (what, expected) => assert.deepEqual(await c.search(`SEARCH CHARSET UTF-8 ${what}`), expected, what);
      await finds('FROM "user-x@example.org"', [1]);
      await finds('FROM "user-x (comment)"', []);
      await finds('HEADER FROM "(comment)"', [1]);
      await finds('FROM user-x', [1, 3]);
      await finds('FROM juergen@example', [2]);
      await finds(`FROM "${Buffer.from('JÜRGEN').toString('latin1')} <juergen@example.org>"`, [2]);
      await finds('FROM nobody', []);
      await finds('FROM ""', [1, 2, 3]);
      await finds('TO "Doe, Jane <jane@c.example>"', [1]);
      await finds('TO friends', [1]);
      await finds('TO "Real Name"', [2]);
      await finds('TO one@example.org TO two@example.org', [3]);
      await finds('CC "quoted local@example.org"', [2]);
      await finds('CC ""', [2]);
      await finds('BCC hidden', [3]);
      await finds('NOT TO example', []);
    }
    await c.ok('SELECT INBOX');
  });

  test('a few among many are found by the index of addresses and subjects, also those it does not have yet', async () => {
    await c.ok('CREATE many');
    const one = (from, subject) => c.ok(['APPEND many ', Buffer.from(`From: ${from}\r\nTo: all@crowd.example\r\nSubject: ${subject}\r\n\r\nrare@words.example rare subject\r\n`), '']);
    for (let i = 1; i <= 100; i++) await one(`${i % 40 ? 'somebody' : 'rare'}@crowd.example`, i % 30 ? 'usual' : 'rare subject');
    await c.ok('SELECT many');
    for (const wait of [false, true]) {
      if (wait) await indexed();
      assert.deepEqual(await c.search('SEARCH FROM rare@crowd'), [40, 80]);
      assert.deepEqual(await c.search('SEARCH SUBJECT "rare subj"'), [30, 60, 90]);
      assert.deepEqual(await c.search('SEARCH UNSEEN FROM rare@crowd NOT 40'), [80]);
      assert.deepEqual(await c.search('SEARCH OR FROM rare@crowd SUBJECT rare'), [30, 40, 60, 80, 90]);
      assert.deepEqual(await c.search('SEARCH FROM rare@crowd SUBJECT rare'), []);
      assert.deepEqual(await c.search('SEARCH FROM words.example'), []);
      assert.equal((await c.search('SEARCH FROM somebody')).length, 98);
      assert.equal((await c.search('SEARCH NOT FROM rare@crowd')).length, 98);
    }
    // One that is not indexed yet, one twice, one gone, one elsewhere.
    await one('rare@crowd.example', 'usual');
    await c.ok('COPY 40 many');
    await c.ok('STORE 80 +FLAGS.SILENT (\\Deleted)');
    await c.ok('EXPUNGE');
    assert.deepEqual(await c.search('SEARCH FROM rare@crowd'), [40, 100, 101]);
    await indexed();
    assert.deepEqual(await c.search('SEARCH FROM rare@crowd'), [40, 100, 101]);
    await c.ok('SELECT INBOX');
    assert.deepEqual(await c.search('SEARCH FROM rare@crowd'), []);
  });

  test('what is removed stays until the index has forgotten it, and then goes', async () => {
    await indexed();
    await c.ok('CREATE leaving');
    for (let i = 0; i < 3; i++) await c.ok(['APPEND leaving ', Buffer.from(mail(`leaving ${i}`, `zebra ${i} crossing`)), '']);
    await c.ok('COPY 1:2 leaving');
    await c.ok(['APPEND leaving ', Buffer.from(mail('large', 'giraffe and line\r\n'.repeat(8000))), '']);
    await indexed();
    const digests = () => sqlite('mail_search', 'SELECT count(*) FROM indexed');
    const before = Number(digests());
    await c.ok('SELECT leaving');
    // One that is removed before the index knows it, as well.
    await c.ok(['APPEND leaving ', Buffer.from(mail('brief', 'giraffe')), '']);
    await c.ok('NOOP');
    await c.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)');
    await c.ok('EXPUNGE');
    assert.deepEqual(await c.search('SEARCH BODY zebra'), []);
    await indexed();
    assert.equal(Number(digests()), before - 4);
    const looked = h.command('verify');
    assert.match(looked.stdout, /all is well/, looked.stdout + looked.stderr);
    await c.ok('SELECT INBOX');
  });

  test('the words of a damaged mail that is removed go with the index, which is built anew', async () => {
    await c.ok('CREATE damaged');
    for (let i = 0; i < 3; i++) await c.ok(['APPEND damaged ', Buffer.from(mail(`damaged ${i}`, `okapi ${i}`)), '']);
    await indexed();
    await whole();
    const rebuilds = await metric('hearth_mail_index_rebuilds_total');
    // The first of them: the last one's text is at hand for others who may have got it.
    sqlite('mail', 'UPDATE source SET message = zeroblob(100) WHERE id = (SELECT source FROM parsed ORDER BY id DESC LIMIT 1 OFFSET 2)');
    await c.ok('SELECT damaged');
    await c.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await c.ok('EXPUNGE');
    await eventually(async () => await metric('hearth_mail_index_rebuilds_total') > rebuilds, 30, 'it is begun anew');
    assert.deepEqual(await c.search('SEARCH BODY okapi'), [1, 2]);
    await indexed();
    await whole();
    assert.deepEqual(await c.search('SEARCH BODY okapi'), [1, 2]);
    const looked = h.command('verify');
    assert.match(looked.stdout, /all is well/, looked.stdout + looked.stderr);
    await c.ok('SELECT INBOX');
  });

  test('an index that is broken is built anew, and a search is right meanwhile', async () => {
    await indexed();
    await whole();
    const before = await c.search('SEARCH BODY "meadow thistle1"');
    await h.stop();
    spawnSync('sqlite3', [join(h.dir, 'data', 'mail_search.db'), "UPDATE mail_text_data SET block = X'FFFFFFFF' || substr(block, 5) WHERE id > 10"]);
    await h.start();
    await login();
    assert.deepEqual(await c.search('SEARCH BODY "meadow thistle1"'), before);
    // What comes now cannot be merged with what is broken.
    for (let i = 0; i < 40; i++) await append(mail('new', `heather ${i}`));
    await c.ok('NOOP');
    assert.equal((await c.search('SEARCH BODY heather')).length, 40);
    await eventually(async () => await metric('hearth_mail_index_rebuilds_total') > 0, 30, 'it was noticed');
    assert.deepEqual(await c.search('SEARCH BODY "meadow thistle1"'), before);
    await indexed();
    await whole();
    assert.equal((await c.search('SEARCH BODY heather')).length, 40);
    assert.deepEqual(await c.search('SEARCH BODY "meadow thistle1"'), before);
    assert.equal((await h.api('GET', '/healthz')).body.status, 'ok');
  });

  test('an index that is lost is filled from the mails', async () => {
    const before = await c.search('SEARCH TEXT thistle2');
    await c.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await c.ok('EXPUNGE');
    await h.stop();
    // The cursor of the events goes with it: those there are will come again.
    sqlite('mail_search', "DELETE FROM indexed; DELETE FROM index_state;");
    await h.start();
    await login();
    assert.deepEqual(await c.search('SEARCH TEXT thistle2'), before.filter((n) => n > 1).map((n) => n - 1));
    await whole();
    await indexed();
    assert.deepEqual(await c.search('SEARCH TEXT thistle2'), before.filter((n) => n > 1).map((n) => n - 1));
  });

  test('a mail whose bytes are lost is searched by its header, and ends no search', async () => {
    await h.stop();
    sqlite('mail', 'UPDATE source SET message = zeroblob(100) WHERE id = (SELECT source FROM parsed ORDER BY id DESC LIMIT 1)');
    sqlite('mail_search', `DELETE FROM indexed WHERE id = (SELECT max(id) FROM indexed); UPDATE index_state SET version = 0`);
    await h.start();
    await login();
    const all = await c.search('SEARCH ALL');
    assert.ok((await c.search('SEARCH BODY heather')).length === 39);
    assert.equal((await c.search('SEARCH SUBJECT new')).length, 40);
    await whole();
    await indexed();
    assert.equal((await c.search('SEARCH SUBJECT new')).length, 40);
    assert.deepEqual(await c.search('SEARCH NOT BODY nowhere'), all);
    assert.ok(await metric('hearth_mail_unreadable_total') >= 1);
  });

  test('many keys over large texts leave readers and workers to others', async () => {
    await c.ok('CREATE big');
    for (let i = 0; i < 12; i++) await c.ok(['APPEND big ', Buffer.from(mail(`big ${i}`, `line ${i} of a large text\r\n`.repeat(60000))), '']);
    const keys = Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => `NOT BODY ~${letter}`).join(' ');
    const others = await Promise.all(Array.from({ length: 6 }, async () => {
      const one = await ImapClient.login(h.port.imap, user, PASSWORD);
      await one.ok('SELECT big');
      return one;
    }));
    const b = await ImapClient.login(h.port.imap, 'b@hearth.test', PASSWORD);
    await b.ok('SELECT INBOX');
    let ended = 0;
    const searches = others.map((one) => one.search(`SEARCH ${keys}`).then((found) => (ended++, found), () => null));
    // Another account's answers come while those go on, not behind them.
    for (let i = 0; i < 5; i++) await b.ok('STATUS INBOX (MESSAGES)');
    await b.search('SEARCH BODY nothing');
    assert.ok(ended < 6, 'they had ended already');
    // Who has left is not searched for.
    for (const one of others.slice(1)) one.close();
    assert.equal((await searches[0]).length, 12);
    await eventually(async () => await metric('hearth_mail_searches_abandoned_total') > 0, 30, 'a search was given up');
    assert.equal((await others[0].search(`SEARCH ${keys.replaceAll('NOT ', '')}`)).length, 0);
    // The same over HTTP: two messages of many words, found by the page's search, unless it has gone.
    const token = await h.login(user, PASSWORD);
    const search = (q, n) => h.api('GET', `/api/mail/messages?mailbox=big&limit=${n}&q=${q}`, undefined, { Authorization: `Bearer ${token}` });
    assert.deepEqual((await search('line%20LARGE', 5)).body.messages.map((m) => m.subject), []);
    assert.deepEqual((await search('a%20LARGE%20text', 5)).body.messages.map((m) => m.subject), [11, 10, 9, 8, 7].map((n) => `big ${n}`));
    assert.deepEqual((await search('~', 5)).body.messages, []);
    const abandoned = await metric('hearth_mail_searches_abandoned_total');
    for (let i = 0; i < 4; i++) connect(h.port.http, '127.0.0.1').on('error', () => {})
      .end(`GET /api/mail/messages?mailbox=big&q=~${i} HTTP/1.1\r\nHost: ${new URL(h.base).host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await eventually(async () => await metric('hearth_mail_searches_abandoned_total') >= abandoned + 4, 30, 'those of who left were given up');
    await c.ok('DELETE big');
    others[0].close();
    b.close();
  });
});
