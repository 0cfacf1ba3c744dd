// backup.test.mjs: a backup of a server that is at work holds all that was acknowledged before it
// began; the next one copies what changed; one that was killed, or damaged, is never taken for whole.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Player, startGame } from './game-client.mjs';
import { BIN, eventually, Hearth } from './hearth.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct horse 9';
let hearth;
let dir;
const acknowledged = []; // subjects of mail, in the order of their 250
let loading = true;

const large = () => Array.from({ length: 1200 }, () => randomBytes(40).toString('hex')).join('\r\n');

async function deliver(sender) {
  const client = await SmtpClient.hello(hearth.port.smtp);
  for (let n = 0; loading; n++) {
    const subject = `mail ${sender}.${n}`;
    const reply = await client.mail('load@sender.test', 'ann@hearth.test', `Subject: ${subject}\r\n\r\n${n % 3 ? 'small' : large()}\r\n`);
    assert.equal(reply.code, 250);
    acknowledged.push(subject);
  }
  client.close();
}

const moves = { match: 0, list: [] };

async function play() {
  const players = [];
  for (const name of ['ann', 'bob']) players.push(await Player.connect(hearth, await hearth.login(`${name}@hearth.test`, PASSWORD)));
  const game = await startGame(players, { limit: 600, increment: 5 });
  moves.match = game.match;
  let { legal } = game.state;
  while (loading && moves.list.length < 200 && legal.length) {
    const [mover, other] = moves.list.length % 2 ? [game.black, game.white] : [game.white, game.black];
    mover.move(game.match, moves.list.length, legal[0]);
    moves.list.push((await mover.wantType('moved', game.match)).san);
    const told = await other.wantType('moved', game.match);
    legal = told.position.status === 'started' ? told.legal : [];
  }
  for (const player of players) player.socket.terminate();
}

// A command that may run while this process's own clients work.
function run(...args) {
  return new Promise((done) => {
    const child = spawn(BIN, [...args, ...hearth.args()]);
    let text = '';
    child.stdout.on('data', (bytes) => { text += bytes; });
    child.stderr.on('data', (bytes) => { text += bytes; });
    child.on('exit', (status) => done({ status, text }));
  });
}

// A server on the data folder that was restored.
async function restored(check) {
  const other = new Hearth({ 'video.reconnect': '0s' });
  try {
    const end = other.command('restore', dir);
    assert.equal(end.status, 0, end.stderr);
    await other.start();
    await check(other);
  } finally {
    await other.remove();
  }
}

async function subjectsOf(server) {
  const bearer = { Authorization: `Bearer ${await server.login('ann@hearth.test', PASSWORD)}` };
  const subjects = [];
  for (let from = ''; ;) {
    const { status, body } = await server.api('GET', `/api/mail/messages?limit=200${from}`, undefined, bearer);
    assert.equal(status, 200);
    subjects.push(...body.messages.map((message) => message.subject));
    if (body.messages.length < 200) return subjects;
    from = `&before=${body.messages.at(-1).uid}`;
  }
}

before(async () => {
  hearth = await new Hearth().start();
  dir = join(hearth.dir, 'backup');
  for (const name of ['ann', 'bob']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
});
after(() => hearth.remove());

test('under load: all that was acknowledged before it began, and every blob a row names', async () => {
  const load = [deliver(0), deliver(1), play()];
  await eventually(() => acknowledged.length > 40 && moves.list.length > 10, 60, 'load');
  const mails = acknowledged.length;
  const plies = moves.list.length;
  const end = await run('backup', dir);
  assert.equal(end.status, 0, end.text);
  const sent = acknowledged.length;
  loading = false;
  await Promise.all(load);
  assert.ok(sent > mails, 'mail was delivered while it was taken');
  await restored(async (other) => {
    const subjects = new Set(await subjectsOf(other));
    for (const subject of acknowledged.slice(0, mails)) assert.ok(subjects.has(subject), subject);
    const bearer = { Authorization: `Bearer ${await other.login('bob@hearth.test', PASSWORD)}` };
    const { body } = await other.api('GET', `/api/game/matches/${moves.match}`, undefined, bearer);
    assert.deepEqual(body.moves.slice(0, plies), moves.list.slice(0, plies));
    const whole = other.command('verify');
    assert.equal(whole.status, 0, whole.stdout + whole.stderr);
  });
});

const newBytes = (text) => Number(/of which (\d+) are new/.exec(text)[1]);

test('the next one copies what changed; deletions wait for its end', async () => {
  const again = await run('backup', dir);
  const third = await run('backup', dir);
  assert.equal(third.status, 0, third.text);
  const all = Number(/(\d+) bytes/.exec(third.text)[1]);
  assert.ok(newBytes(third.text) < all / 2, `${again.text}${third.text}`);
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.mail('a@b.test', 'ann@hearth.test', `Subject: one more\r\n\r\n${large()}\r\n`);
  client.close();
  const fourth = await run('backup', dir);
  assert.match(fourth.text, /large blobs/);
  assert.equal((await run('verify', dir)).status, 0);
});

test('killed at any moment it leaves the one before, and goes on', async () => {
  for (const wait of [5, 20, 40, 80]) {
    const child = spawn(BIN, ['backup', dir, ...hearth.args()]);
    const ended = new Promise((done) => child.on('exit', done));
    await new Promise((done) => setTimeout(done, wait));
    child.kill('SIGKILL');
    await ended;
    const looked = await run('verify', dir);
    assert.equal(looked.status, 0, looked.text);
  }
  assert.equal((await run('backup', dir)).status, 0);
});

function firstFile(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const found = entry.isDirectory() ? firstFile(path) : path;
    if (found) return found;
  }
  return null;
}

test('a damaged backup is known, and restores nothing', async () => {
  const bad = join(hearth.dir, 'bad');
  const spoil = {
    'a blob': (path) => { const b = readFileSync(firstFile(join(path, 'blob'))); b[9] ^= 1; writeFileSync(firstFile(join(path, 'blob')), b); },
    'a chunk': (path) => truncateSync(firstFile(join(path, 'objects')), 10),
    'a missing chunk': (path) => rmSync(firstFile(join(path, 'objects'))),
    'the manifest': (path) => truncateSync(join(path, 'manifest'), statSync(join(path, 'manifest')).size - 70),
  };
  for (const [what, change] of Object.entries(spoil)) {
    cpSync(dir, bad, { recursive: true });
    change(bad);
    assert.equal((await run('verify', bad)).status, 1, what);
    const target = new Hearth();
    const end = target.command('restore', bad);
    assert.equal(end.status, 1, what);
    assert.ok(!existsSync(join(target.settings['server.data'], 'auth.db')), what);
    // Half of it is there: no server takes it for whole, and the good backup completes it.
    if (existsSync(join(target.settings['server.data'], 'restore.part'))) {
      assert.match(target.command('user', 'list').stderr, /a restore into this data folder has not ended/);
      assert.equal(target.command('restore', dir).status, 0);
    }
    await target.remove();
    rmSync(bad, { recursive: true });
  }
});

test('it refuses what would lose something', async () => {
  const { command } = hearth;
  const say = (...args) => command.call(hearth, ...args);
  assert.equal(say('backup').status, 2);
  assert.match(say('backup', join(hearth.settings['server.data'], 'b')).stderr, /lies in the data folder/);
  assert.match(say('backup', hearth.dir).stderr, /something else than a backup/);
  assert.match(say('restore', dir).stderr, /a server runs on it/);
  await hearth.stop();
  assert.match(say('restore', dir).stderr, /--replace/);
  assert.equal(say('restore', dir, '--replace').status, 0);
  assert.ok(readdirSync(hearth.settings['server.data']).some((name) => name.startsWith('replaced-')));
  assert.equal(say('backup', dir).status, 0); // without a server, too
  await hearth.start();
  assert.ok((await subjectsOf(hearth)).includes('one more'));
  const other = new Hearth();
  other.addUser('eve@hearth.test', PASSWORD);
  assert.match(other.command('backup', dir).stderr, /another data folder/);
  await other.remove();
});
