// verify.test.mjs: `hearth verify` finds each kind of damage, and says whose it is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, cpSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BIN, eventually, Hearth } from './hearth.mjs';
import { SmtpClient } from './smtp-client.mjs';

let hearth;
let data;
let spoilt; // a copy that is damaged

const sql = (database, text) => {
  const { status, stdout, stderr } = spawnSync('sqlite3', [join(spoilt, `${database}.db`), text], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trim();
};
const verify = (folder) => {
  const { status, stdout, stderr } = spawnSync(BIN, ['verify', ...hearth.args(), '--set', `server.data=${folder}`], { encoding: 'utf8' });
  return { status, text: stdout + stderr };
};

function blobFile() {
  for (const sub of readdirSync(join(spoilt, 'blob')).filter((name) => /^[0-9a-f]{2}$/.test(name)))
    for (const name of readdirSync(join(spoilt, 'blob', sub))) return join(spoilt, 'blob', sub, name);
  throw new Error('no file');
}

// Turns the bytes of a file at an offset over.
function flip(path, offset, n) {
  const fd = openSync(path, 'r+');
  const bytes = Buffer.alloc(n);
  readSync(fd, bytes, 0, n, offset);
  for (let i = 0; i < n; i++) bytes[i] ^= 0x55;
  writeSync(fd, bytes, 0, n, offset);
  closeSync(fd);
}

function flipPage(database, name) {
  const page = Number(sql(database, `SELECT rootpage FROM sqlite_schema WHERE name = '${name}'`));
  flip(join(spoilt, `${database}.db`), (page - 1) * 4096, 4096);
}

before(async () => {
  hearth = await new Hearth().start();
  data = hearth.settings['server.data'];
  spoilt = join(hearth.dir, 'spoilt');
  for (const name of ['ann', 'bob']) hearth.addUser(`${name}@hearth.test`, 'correct horse 9');
  for (const args of [['add', 'choir'], ['join', 'choir', 'bob'], ['archive', 'choir', 'members']]) assert.equal(hearth.command('group', ...args).status, 0);
  const client = await SmtpClient.hello(hearth.port.smtp);
  const large = Array.from({ length: 1200 }, () => randomBytes(40).toString('hex')).join('\r\n');
  await client.mail('a@b.test', 'ann@hearth.test', `Subject: large one\r\n\r\n${large}\r\n`);
  for (const name of ['ann', 'bob']) await client.mail('a@b.test', `${name}@hearth.test`, `Subject: small for ${name}\r\n\r\nsome words\r\n`);
  await client.mail('a@b.test', 'choir@hearth.test', 'Subject: for the choir\r\n\r\nother words\r\n');
  client.close();
  await eventually(() => {
    const count = spawnSync('sqlite3', [join(data, 'mail_search.db'), '.timeout 5000', 'SELECT count(*) FROM indexed'], { encoding: 'utf8' });
    return count.stdout.trim() === '5';
  }, 30, 'the mails are in the index');
});
after(() => hearth.remove());

test('a server that runs is well', async () => {
  const looked = verify(data);
  assert.equal(looked.status, 0, looked.text);
  assert.match(looked.text, /all is well/);
  await eventually(() => {
    const left = spawnSync('sqlite3', [join(data, 'mail.db'), '.timeout 5000', 'SELECT count(*) FROM bus_outbox'], { encoding: 'utf8' });
    return left.stdout.trim() === '0';
  }, 30, 'events are taken');
  await hearth.stop();
});

const damages = {
  'a mail of an archive without a name': [() => sql('mail', 'DELETE FROM archived'), /a mail of an archive is not called anything there/],
  'a name in an archive without a mail': [() => sql('mail', "INSERT INTO archived SELECT 999, account, 'x', '', '' FROM archived"), /an archive names a mail that it does not have .*content 999/],
  'the bytes of a mail of an archive': [() => sql('mail', 'UPDATE source SET message = zeroblob(length(message)) WHERE id = 3'), /a mail is damaged .*Archive, UID 1 "for the choir"/],
  'a bit of a large blob': [() => flip(blobFile(), 1000, 1), /ann@hearth\.test: a blob is damaged \(mail INBOX, UID 1 "large one"/],
  'the file of a large blob': [() => rmSync(blobFile()), /ann@hearth\.test: a blob's file is missing .*large one/],
  'the bytes of a small mail': [() => sql('mail', 'UPDATE source SET message = zeroblob(length(message))'),
    /bob@hearth\.test: a mail is damaged .*small for bob/],
  'the row of a small mail': [() => sql('mail', 'DELETE FROM source WHERE id = 2'), /bob@hearth\.test: the bytes of a mail are missing/],
  'a mail in the place of another': [() => sql('mail', 'UPDATE source SET message = (SELECT message FROM source WHERE id = 1) WHERE id = 2'),
    /bob@hearth\.test: a mail is damaged .*small for bob/],
  'the row of a blob': [() => sql('blob', 'DELETE FROM blob WHERE file IS NOT NULL'), /ann@hearth\.test: a blob is missing in blob\.db .*large one/],
  'the row of a message': [() => sql('mail', 'DELETE FROM message WHERE id = 1'),
    /ann@hearth\.test: a content belongs to no message[^]*ann@hearth\.test: the space used is not the sum/],
  'the row of a content': [() => sql('mail', 'DELETE FROM content WHERE id = 1'), /ann@hearth\.test: a message has no content \(INBOX, UID 1\)/],
  'a counter of space': [() => sql('mail', 'UPDATE account_state SET used = used + 1 WHERE account = 2'), /bob@hearth\.test: the space used/],
  'a counter of UIDs': [() => sql('mail', "UPDATE mailbox SET uidnext = 1 WHERE name = 'INBOX' AND account = 1"), /ann@hearth\.test: the next UID/],
  'a page of an index': [() => flipPage('mail', 'content_blob'), /mail\.db/],
  'a page of a table': [() => flipPage('mail', 'message'), /mail\.db/],
  'the head of a database': [() => flip(join(spoilt, 'game.db'), 0, 100), /game\.db cannot be read/],
  'a text of the index': [() => sql('mail_search', 'DELETE FROM indexed WHERE id = 2'),
    /the index lacks a mail \(content 2\)[^]*the search index mail_text has not what 1 texts have/],
  'an envelope of the index': [() => sql('mail_search', "UPDATE envelope SET text = x'0266726f6d3a206e6f626f6479' WHERE id = 2"),
    /the search index mail_envelope has not what 2 texts have/],
  'the index itself': [() => sql('mail_search', 'DELETE FROM mail_text_data WHERE id > 10'), /the search index mail_text/],
  'an account': [() => sql('auth', "DELETE FROM account WHERE address LIKE 'bob@%'"), /account 2: it has rows in mail\.db, and is no account/],
  'a database': [() => rmSync(join(spoilt, 'video.db')), /video\.db is missing/],
  'commits of a database': [() => sql('mail', 'UPDATE identity SET commits = commits - 1'), /mail\.db is older than this folder: its last 1 commits/],
};

test('each kind of damage is found and named', () => {
  cpSync(data, spoilt, { recursive: true });
  assert.equal(verify(spoilt).status, 0);
  for (const [what, [spoil, said]] of Object.entries(damages)) {
    rmSync(spoilt, { recursive: true });
    cpSync(data, spoilt, { recursive: true });
    spoil();
    const looked = verify(spoilt);
    assert.equal(looked.status, 1, `${what}: ${looked.text}`);
    assert.match(looked.text, said, what);
  }
});

test('misused', () => {
  assert.equal(spawnSync(BIN, ['verify', 'a', 'b', ...hearth.args()]).status, 2);
  assert.equal(verify(join(hearth.dir, 'nowhere')).status, 1);
});
