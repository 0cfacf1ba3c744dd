// data-folder.test.mjs: a data folder that lost a part of itself, or got an older one back: the
// server says so and starts nothing; no file of a blob is touched; put right, it goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BIN, Hearth } from './hearth.mjs';
import { SmtpClient } from './smtp-client.mjs';

let hearth;
let data;
let kept; // a copy of the folder as kill -9 left it

async function sendLarge(n) {
  const client = await SmtpClient.hello(hearth.port.smtp);
  for (let i = 0; i < n; i++) {
    for (const line of ['MAIL FROM:<a@b.test>', 'RCPT TO:<ann@hearth.test>', 'DATA']) await client.say(line);
    const body = Array.from({ length: 2500 }, () => randomBytes(40).toString('hex')).join('\r\n');
    assert.equal((await client.say(`Subject: large ${i}\r\n\r\n${body}\r\n.`)).code, 250);
  }
  await client.say('QUIT');
}

const blobFiles = () => readdirSync(join(data, 'blob'))
  .filter((name) => /^[0-9a-f]{2}$/.test(name))
  .flatMap((name) => readdirSync(join(data, 'blob', name)));

const serve = () => spawnSync(BIN, ['serve', ...hearth.args(), '--set', 'listen.http=127.0.0.1:0'], { encoding: 'utf8', timeout: 60000 });

function putBack() {
  rmSync(data, { recursive: true });
  cpSync(kept, data, { recursive: true });
}

let early; // mail.db as it was after a clean stop, before the last mails

before(async () => {
  hearth = await new Hearth().start();
  data = hearth.settings['server.data'];
  hearth.addUser('ann@hearth.test', 'correct horse');
  await sendLarge(2);
  await hearth.stop();
  early = join(hearth.dir, 'early');
  cpSync(data, early, { recursive: true });
  await hearth.start();
  await sendLarge(3);
  await hearth.kill();
  kept = join(hearth.dir, 'kept');
  cpSync(data, kept, { recursive: true });
});
after(() => hearth.remove());

const losses = {
  'blob.db is missing': () => rmAll('blob.db'),
  'blob.db is older': () => rmSync(join(data, 'blob.db-wal')),
  'auth.db is missing': () => rmAll('auth.db'),
  'mail.db is missing': () => { rmAll('mail.db'); rmSync(join(data, 'ledger')); },
  'mail.db is older': () => { rmAll('mail.db'); cpSync(join(early, 'mail.db'), join(data, 'mail.db')); },
  'names files that are not in the folder': () => { rmSync(join(data, 'blob'), { recursive: true }); mkdirSync(join(data, 'blob')); },
};

function rmAll(name) {
  for (const end of ['', '-wal', '-shm']) rmSync(join(data, name + end), { force: true });
}

test('what is missing or older is noticed, and nothing is touched', () => {
  for (const [said, lose] of Object.entries(losses)) {
    putBack();
    lose();
    const had = blobFiles().length;
    for (const end of [serve(), serve(), hearth.command('user', 'list')]) {
      assert.equal(end.status, 1, `${said}: ${end.stderr}`);
      assert.match(end.stderr, new RegExp(said));
      assert.match(end.stderr, /hearth adopt/);
    }
    assert.equal(blobFiles().length, had, said);
  }
  putBack();
  rmAll('auth.db');
  const other = new Hearth();
  assert.equal(other.command('user', 'list').status, 0);
  cpSync(join(other.settings['server.data'], 'auth.db'), join(data, 'auth.db'));
  assert.match(serve().stderr, /auth\.db is from another data folder/);
  rmSync(other.dir, { recursive: true });
});

test('put right it goes on, also without the ledger', async () => {
  putBack();
  rmSync(join(data, 'ledger'));
  await hearth.start();
  await sendLarge(1);
  assert.equal(blobFiles().length, 6);
  await hearth.stop();
});

test('only a word makes it start without what is missing; even then no file is swept at once', async () => {
  putBack();
  rmAll('blob.db');
  const had = blobFiles().length;
  assert.equal(hearth.command('adopt').status, 0);
  await hearth.start();
  assert.ok(had > 0);
  await hearth.stop();
  const litter = readdirSync(join(data, 'blob')).includes('litter') ? readdirSync(join(data, 'blob', 'litter')).length : 0;
  assert.equal(blobFiles().length + litter, had);
});
