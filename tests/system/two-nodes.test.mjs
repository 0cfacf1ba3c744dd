// two-nodes.test.mjs: two servers on one data folder, by [server] nodes = shared: what one does the
// other hears of, neither touches what the other owns, and what a dead one owned goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { BIN, Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct horse';
const LEASE_MS = 3000;
let a;
let b;

const shared = { 'server.nodes': 'shared', 'server.lease': `${LEASE_MS}ms` };

async function mail(node, address, subject) {
  const client = await SmtpClient.hello(node.port.smtp);
  for (const line of ['MAIL FROM:<x@y.test>', `RCPT TO:<${address}>`, 'DATA']) await client.say(line);
  assert.equal((await client.say(`Subject: ${subject}\r\n\r\ntext\r\n.`)).code, 250);
  await client.say('QUIT');
}

async function open(node, user) {
  const client = await ImapClient.login(node.port.imap, `${user}@hearth.test`, `"${PASSWORD}"`);
  await client.ok('SELECT INBOX');
  return client;
}

async function idle(client) {
  client.send('i IDLE\r\n');
  await client.response(/^\+/);
}

async function done(client) {
  client.send('DONE\r\n');
  await client.response(/^i OK/);
}

before(async () => {
  a = await new Hearth(shared).start();
  b = await new Hearth({ ...shared, 'server.data': a.settings['server.data'] }).start();
  for (const name of ['ann', 'bob']) a.addUser(`${name}@hearth.test`, PASSWORD);
});
after(async () => {
  await b.remove();
  await a.remove();
});

test('only servers that say so share a folder', () => {
  const third = spawnSync(BIN, ['serve', '--set', `server.data=${a.settings['server.data']}`, '--set', 'listen.http=127.0.0.1:0'],
    { encoding: 'utf8', timeout: 10000 });
  assert.equal(third.status, 1);
  assert.match(third.stderr, /hearth\.lock/);
});

test('mail taken by one is told at once to who waits at the other, and so are flags and expunges', async () => {
  const here = await open(a, 'ann');
  const there = await open(b, 'ann');
  await idle(there);
  await mail(a, 'ann@hearth.test', 'one');
  await there.response(/^\* 1 EXISTS/);
  await here.ok('NOOP');
  await here.ok('STORE 1 +FLAGS (\\Flagged)');
  await there.response(/^\* 1 FETCH .*\\Flagged/);
  await done(there);
  await idle(here);
  await mail(b, 'ann@hearth.test', 'two');
  await here.response(/^\* 2 EXISTS/);
  await there.ok('NOOP');
  await there.ok('STORE 1 +FLAGS (\\Deleted)');
  await there.ok('EXPUNGE');
  await here.response(/^\* 1 EXPUNGE/);
  await done(here);
  // Whichever node indexed it, both find it.
  for (const client of [here, there]) {
    await eventually(async () => (await client.ok('SEARCH TEXT two')).lines.some((line) => /^(\* )?SEARCH 1$/.test(line)));
    client.close();
  }
});

test('a session that is ended on one is over on the other, with what it had open', async () => {
  const token = await a.login('bob@hearth.test', PASSWORD);
  const headers = { Authorization: `Bearer ${token}` };
  for (const node of [a, b]) assert.equal((await node.api('GET', '/api/auth/me', undefined, headers)).status, 200);
  const there = await open(b, 'bob');
  assert.equal(a.command('user', 'passwd', 'bob@hearth.test', '--password-stdin', { input: `${PASSWORD}!\n` }).status, 0);
  await eventually(() => there.closed, 10, 'the connection at the other node is closed');
  for (const node of [a, b])
    await eventually(async () => (await node.api('GET', '/api/auth/me', undefined, headers)).status === 401, 10, 'the token is refused');
});

test('a node that is killed is not missed, and comes back', async () => {
  const there = await open(b, 'ann');
  await idle(there);
  await a.kill();
  await mail(b, 'ann@hearth.test', 'three');
  await there.response(/^\* 2 EXISTS/);
  await a.start();
  await mail(a, 'ann@hearth.test', 'four');
  await there.response(/^\* 3 EXISTS/);
  await done(there);
  there.close();
  await b.kill();
  const here = await open(a, 'ann');
  await idle(here);
  await b.start();
  await mail(b, 'ann@hearth.test', 'five');
  await here.response(/^\* 4 EXISTS/);
  here.close();
});

test('nothing of it was an error', () => {
  for (const node of [a, b])
    assert.deepEqual(node.log.split('\n').filter((line) => / error /.test(line)), []);
});
