// imap-bulk.test.mjs: commands over thousands of messages: in pieces, and right all the same when
// they fail, when the client leaves, and when the server is killed in between.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hearth, SANITIZED, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';

const PASSWORD = 'correct-horse';
const N = 3072;

describe('thousands of messages', () => {
  const h = new Hearth();
  const user = 'a@hearth.test';
  let c;
  const login = () => ImapClient.login(h.port.imap, user, PASSWORD);
  const count = async (one, name, item = 'MESSAGES') => Number((await one.ok(`STATUS ${name} (${item})`)).lines[0].replace(/^.* (\d+)\)$/, '$1'));
  const sqlite = (sql) => spawnSync('sqlite3', [join(h.dir, 'data', 'mail.db'), '.timeout 5000', sql], { encoding: 'utf8' }).stdout.trim();
  const numbers = (set) => set.split(',').reduce((n, range) => n + (([a, b]) => Number(b ?? a) - Number(a) + 1)(range.split(':')), 0);
  const restart = async () => {
    await h.kill('SIGKILL');
    await h.start();
    c = await login();
  };
  // Full or empty, and not on its way any more.
  const settled = (name) => eventually(async () => sqlite('SELECT count(*) FROM copying') === '0' && [0, N].includes(await count(c, name)), 30, `${name} is whole or empty`);

  before(async () => {
    h.addUser(user, PASSWORD);
    await h.start();
    c = await login();
    await c.ok('CREATE many');
    for (let i = 0; i < 6; i++) await c.ok(['APPEND many ', Buffer.from(`Subject: ${i}\r\n\r\ntext\r\n`), '']);
    await c.ok('SELECT many');
    while (await count(c, 'many') < N) await c.ok('COPY 1:* many');
    await c.ok('NOOP');
  });
  after(() => h.remove());

  test('COPY and MOVE take all of them, and answer for each', async () => {
    await c.ok('CREATE other');
    const [, validity, from, to] = (await c.ok('COPY 1:* other')).code.split(' ');
    assert.equal(Number(validity), await count(c, 'other', 'UIDVALIDITY'));
    assert.deepEqual([numbers(from), numbers(to)], [N, N]);
    assert.equal(await count(c, 'other'), N);
    assert.equal(sqlite('SELECT count(*) FROM copying'), '0');
    await c.ok('SELECT other');
    await c.ok('CREATE third');
    const { lines } = await c.ok('UID MOVE 1:* third');
    const moved = lines.findIndex((line) => line.startsWith('OK [COPYUID '));
    assert.equal(numbers(lines[moved].split(' ')[3]), N);
    assert.equal(lines.slice(moved).filter((line) => line.endsWith(' EXPUNGE')).length, N);
    assert.deepEqual([await count(c, 'other'), await count(c, 'third')], [0, N]);
  });

  test('a COPY that does not end leaves nothing behind', async () => {
    // By the quota.
    await c.ok('CREATE full');
    await c.ok('SELECT many');
    const used = Number(sqlite('SELECT used FROM account_state'));
    assert.equal(h.command('user', 'quota', user, String(used + 40000)).status, 0);
    const refused = await c.command('COPY 1:* full');
    assert.deepEqual([refused.status, refused.code], ['NO', 'OVERQUOTA']);
    assert.equal(await count(c, 'full'), 0);
    assert.equal(Number(sqlite('SELECT used FROM account_state')), used);
    assert.equal(h.command('user', 'quota', user, 'none').status, 0);
    // By the client, and by kill -9, wherever they come.
    for (const ms of [5, 40]) {
      const leaver = await login();
      await leaver.ok('SELECT many');
      leaver.send('x COPY 1:* full\r\n');
      await new Promise((done) => setTimeout(done, ms));
      leaver.close();
      c = await login();
      await settled('full');
      await c.ok('DELETE full');
      await c.ok('CREATE full');
      const killed = await login();
      await killed.ok('SELECT many');
      killed.send('x COPY 1:* full\r\n');
      await new Promise((done) => setTimeout(done, ms));
      await restart();
      await settled('full');
      await c.ok('DELETE full');
      await c.ok('CREATE full');
    }
    assert.equal(await count(c, 'many'), N);
  });

  test('a mailbox that is deleted is gone at once, and its messages soon', async () => {
    const watcher = await login();
    await watcher.ok('SELECT third');
    await c.ok('DELETE third');
    await restart();
    assert.ok(!(await c.ok('LIST "" *')).lines.some((line) => line.includes('third')));
    assert.equal((await c.command('SELECT third')).code, 'NONEXISTENT');
    await c.ok('CREATE third');
    assert.equal(await count(c, 'third'), 0);
    await eventually(() => sqlite('SELECT count(*) FROM mailbox WHERE deleted <> 0') === '0', 60, 'it is emptied');
    assert.equal(sqlite('SELECT count(*) FROM message'), String(N));
    assert.equal(sqlite('SELECT used FROM account_state'), sqlite('SELECT sum(size + extra) FROM message'));
    await watcher.end();
  });

  test('who has a large mailbox selected that is deleted is told BYE', async () => {
    await c.ok('SELECT many');
    await c.ok('COPY 1:* third');
    const watcher = await login();
    await watcher.ok('SELECT third');
    await c.ok('DELETE third');
    await watcher.response(/^\* BYE/, 2).catch(() => watcher.command('NOOP').catch(() => {}));
    await watcher.end();
  });

  test('what others change is told in pieces, whole and in memory that does not grow with it', async () => {
    const others = [];
    for (let i = 0; i < 8; i++) others.push(await login());
    for (const one of others) await one.ok('SELECT many');
    await c.ok('SELECT many');
    // 12 MB of keywords for each who is told: arena, output and queue of all would be 300 MB.
    const words = Array.from({ length: 100 }, (_, i) => `word${i}${'x'.repeat(34)}`).join(' ');
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${h.child.pid}/status`, 'utf8'))[1]) / 1024;
    await c.ok(`STORE 1:* +FLAGS.SILENT (${words})`);
    await c.ok(['APPEND many ', Buffer.from('Subject: first\r\n\r\ntext\r\n'), '']);
    await c.ok(['APPEND many ', Buffer.from('Subject: second\r\n\r\ntext\r\n'), '']);
    await c.ok(`STORE ${N + 1} +FLAGS.SILENT (\\Flagged)`);
    await c.ok(`STORE 7 +FLAGS.SILENT (\\Deleted)`);
    await c.ok('EXPUNGE');
    const before = rss();
    let most = 0;
    const looking = setInterval(() => { most = Math.max(most, rss()); }, 5);
    const told = await Promise.all(others.map((one) => one.ok('NOOP')));
    clearInterval(looking);
    for (const { lines } of told) {
      assert.equal(lines.filter((line) => / FETCH .*word99/.test(line)).length, N - 1);
      assert.ok(lines.includes(`${N + 2} EXISTS`) && lines.includes('7 EXPUNGE'));
    }
    if (!SANITIZED) assert.ok(most - before < 130, `${before} MB, then ${most}`);
    // Everybody's numbers are the same.
    for (const one of others) {
      assert.deepEqual(await one.search('SEARCH FLAGGED'), [N]);
      assert.deepEqual(await one.search('SEARCH SUBJECT second'), [N + 1]);
      one.close();
    }
    await c.ok(`STORE ${N}:${N + 1} +FLAGS.SILENT (\\Deleted)`);
    await c.ok('EXPUNGE');
    await c.ok(`COPY 1 many`);
    await c.ok('NOOP');
    await c.ok(`STORE 1:* -FLAGS.SILENT (${words})`);
  });

  test('STORE, UID EXPUNGE and renaming INBOX', async () => {
    await c.ok('COPY 1:* INBOX');
    await c.ok('RENAME INBOX old');
    assert.deepEqual([await count(c, 'INBOX'), await count(c, 'old')], [0, N]);
    await c.ok('SELECT old');
    assert.equal((await c.ok('STORE 1:* FLAGS (\\Deleted)')).lines.filter((line) => line.includes('FETCH')).length, N);
    assert.equal((await c.ok('UID EXPUNGE 1:1000')).lines.filter((line) => line.endsWith('EXPUNGE')).length, 1000);
    assert.equal((await c.ok('EXPUNGE')).lines.filter((line) => line.endsWith('EXPUNGE')).length, N - 1000);
    assert.equal(await count(c, 'old'), 0);
  });
});
