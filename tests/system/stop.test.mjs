// stop.test.mjs: the end comes while everything is in hand: log-ins wait for their hashes, mails for
// the disk, games for their moves. What runs on other threads must not outlive what it works for; a
// sanitizer sees it when it does, and a polite stop (exit code 0) is asked for in every build.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { pairOf, startGame } from './game-client.mjs';
import { BIN, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const TIMES = Number(process.env.STOPS || 20);
const PASSWORD = 'correct horse';
const ignore = () => {};

// Mails one after another until the connection goes; gives how many were acknowledged, and tells of each.
async function deliver(hearth, onEach = () => {}) {
  let acknowledged = 0;
  try {
    const smtp = await SmtpClient.hello(hearth.port.smtp);
    for (;;) {
      const reply = await smtp.mail('bob@example.org', 'ann@hearth.test', `Subject: hello\r\n\r\n${'A line of text. '.repeat(5000)}\r\n`);
      if (reply.code !== 250) break;
      acknowledged++;
      onEach();
    }
  } catch {
    return acknowledged;
  }
  return acknowledged;
}

async function count(hearth) {
  const imap = await ImapClient.login(hearth.port.imap, 'ann@hearth.test', `"${PASSWORD}"`);
  const { lines } = await imap.ok('STATUS INBOX (MESSAGES)');
  imap.close();
  return Number(/MESSAGES (\d+)/.exec(lines.join())[1]);
}

async function play(hearth, number) {
  try {
    const pair = await pairOf(hearth, `stop${number}`);
    const { match, white, black } = await startGame(pair);
    const line = ['g1f3', 'g8f6', 'f3g1', 'f6g8'];
    for (let ply = 0; ; ply++) {
      const mover = ply % 2 ? black : white;
      mover.move(match, ply, line[ply % 4]);
      await Promise.all([white, black].map((player) => player.want((f) => f.type === 'moved' && f.ply === ply + 1)));
    }
  } catch {
    // the server has gone, or the game was drawn
  }
}

test(`stopped without time to drain in the middle of everything, ${TIMES} times`, async () => {
  const hearth = new Hearth({ 'server.drain': '0s', 'auth.argon2_memory': '8M', 'auth.argon2_passes': 1, 'auth.guesses_per_network': 100000, 'auth.guesses_per_account': 10000 });
  try {
    await hearth.start();
    hearth.addUser('ann@hearth.test', PASSWORD);
    let mails = 0;
    for (let i = 0; i < TIMES; i++) {
      const games = play(hearth, i);
      let told;
      const delivered = new Promise((done) => { told = done; });
      const deliveries = [deliver(hearth, told), deliver(hearth), deliver(hearth)];
      const logins = Array.from({ length: 100 }, (_, n) =>
        hearth.api('POST', '/api/auth/login', { address: 'ann@hearth.test', password: n % 3 ? PASSWORD : 'wrong horse' }).catch(ignore));
      await Promise.race(logins);
      await new Promise((done) => setTimeout(done, i * 7));
      if (i === 0) await delivered; // at least once
      await hearth.stop(); // throws when it was not clean
      await Promise.all([games, ...logins]);
      for (const n of await Promise.all(deliveries)) mails += n;
      hearth.port = {}; // others may have taken them
      await hearth.start();
    }
    // What was acknowledged is there.
    assert.ok(mails > 0);
    assert.ok(await count(hearth) >= mails);
  } finally {
    await hearth.remove();
  }
});

test('a second signal ends it at once, and as cleanly', async () => {
  const hearth = new Hearth({ 'auth.guesses_per_network': 100000, 'auth.guesses_per_account': 10000 });
  try {
    await hearth.start();
    hearth.addUser('ann@hearth.test', PASSWORD);
    const deliveries = [deliver(hearth), deliver(hearth)];
    const logins = Array.from({ length: 100 }, () =>
      hearth.api('POST', '/api/auth/login', { address: 'ann@hearth.test', password: PASSWORD }).catch(ignore));
    await Promise.race(logins);
    hearth.child.kill('SIGTERM');
    await hearth.stop();
    await Promise.all([...logins, ...deliveries]);
  } finally {
    await hearth.remove();
  }
});

test('a start that fails at its last listener takes everything down again', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => taken.on('listening', done));
  const hearth = new Hearth();
  const off = ['https', 'submission', 'submissions', 'imap', 'imaps'].flatMap((name) => ['--set', `listen.${name}=off`]);
  const { status, stderr } = spawnSync(BIN, ['serve', ...hearth.args(), ...off, '--set', 'listen.http=127.0.0.1:0',
    '--set', 'listen.smtp=127.0.0.1:0', '--set', `listen.rtmp=127.0.0.1:${taken.address().port}`], { encoding: 'utf8' });
  taken.close();
  await hearth.remove();
  assert.equal(status, 1, stderr);
  assert.match(stderr, /cannot listen listener=rtmp/);
  assert.doesNotMatch(stderr, /Sanitizer|runtime error/);
});
