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
import { isConfig, Publisher, readFlv, SCRIPT } from './rtmp-client.mjs';
import { SmtpClient } from './smtp-client.mjs';
import { film, skip, sleep, Watch } from './video-media.mjs';

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

// Bob is live with a film of 6 seconds, over and over; what has been listed is in `watch`.
let watch = null;

async function stream() {
  if (skip) return;
  const tags = readFlv(readFileSync(await film(hearth.dir, 'film', { seconds: 6, gop: 24, filter: 'fps=24' })));
  const later = tags.filter((tag) => tag.type !== SCRIPT && !isConfig(tag));
  const p = new Publisher(hearth.port.rtmp);
  const key = hearth.command('stream', 'key', 'bob@hearth.test').stdout.trim();
  assert.equal((await p.publish(key)).code, 'NetStream.Publish.Start');
  watch = new Watch(hearth, 'bob', 'source');
  const publishing = (async () => {
    await p.tags(tags, { speed: 1 });
    for (let offset = 6000; loading && !p.isClosed; offset += 6000) await p.tags(later, { offset, speed: 1 });
  })();
  while (loading) { await watch.poll(); await sleep(100); }
  p.socket.destroy();
  await publishing;
}

// A command that may run while this process's own clients work.
function run(...args) {
  return new Promise((done) => {
    const child = spawn(BIN, [...args, ...hearth.args()]);
    let text = '';
    child.stdout.on('data', (bytes) => { text += bytes; });
    child.stderr.on('data', (bytes) => { text += bytes; });
    child.on('close', (status) => done({ status, text }));
  });
}

// A server on the data folder that was restored.
async function restored(check, ...words) {
  const other = new Hearth({ 'video.reconnect': '0s' });
  try {
    const end = other.command('restore', dir, ...words);
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
  hearth = await new Hearth({ 'video.segment': '1s' }).start();
  dir = join(hearth.dir, 'backup');
  for (const name of ['ann', 'bob']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
});
after(() => hearth.remove());

test('under load: all that was acknowledged before it began, and every blob a row names', async () => {
  const load = [deliver(0), deliver(1), play(), stream()];
  await eventually(() => acknowledged.length > 40 && moves.list.length > 10 && (skip || watch?.seen.size > 1), 60, 'load');
  const segments = [...watch?.seen ?? []].filter(([, { hash }]) => hash);
  const mails = acknowledged.length;
  const plies = moves.list.length;
  // A machine that is quick with it, and slow with mail, takes another one.
  let sent = mails;
  for (let tries = 0; sent === mails && tries < 10; tries++) {
    const end = await run('backup', dir);
    assert.equal(end.status, 0, end.text);
    sent = acknowledged.length;
  }
  loading = false;
  await Promise.all(load);
  assert.ok(sent > mails, 'mail was delivered while it was taken');
  await restored(async (other) => {
    const subjects = new Set(await subjectsOf(other));
    for (const subject of acknowledged.slice(0, mails)) assert.ok(subjects.has(subject), subject);
    const bearer = { Authorization: `Bearer ${await other.login('bob@hearth.test', PASSWORD)}` };
    const { body } = await other.api('GET', `/api/game/matches/${moves.match}`, undefined, bearer);
    assert.deepEqual(body.moves.slice(0, plies), moves.list.slice(0, plies));
    if (segments.length) {
      // The stream ended where the backup was taken; what a viewer had seen of it is there, byte for byte.
      const after = new Watch(other, 'bob', 'source');
      for (const [, { segment, hash }] of segments) assert.equal((await after.get(segment)).hash, hash, segment.uri);
    }
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

test('earlier ones are kept, each whole by itself, as many as wanted', async () => {
  const told = await run('verify', dir);
  const names = [...told.text.matchAll(/--of (\w+)/g)].map(([, name]) => name);
  assert.ok(names.length >= 4 && names.length <= 6, told.text); // five or more were taken; some of those killed were whole
  const [first] = names;
  for (const name of names) assert.equal((await run('verify', dir, '--of', name)).status, 0, name);
  await restored(async (other) => {
    const subjects = await subjectsOf(other);
    assert.ok(subjects.includes(acknowledged[0]) && !subjects.includes('one more'));
    assert.equal(other.command('verify').status, 0);
  }, '--of', first);
  assert.match((await run('restore', dir, '--of', '20000101T000000Z')).text, /no backup of that name/);
  for (const words of [['--keep', '0'], ['--keep', 'x'], ['--keep'], ['--of', 'x']]) assert.equal((await run('backup', dir, ...words)).status, 2, words);
  const before = files(dir);
  assert.equal((await run('backup', dir, '--keep', '2')).status, 0);
  const left = (await run('verify', dir)).text;
  assert.equal([...left.matchAll(/--of/g)].length, 1, left);
  assert.ok(!left.includes(first));
  assert.ok(files(dir) < before, 'what was theirs alone is gone');
  for (const [, name] of left.matchAll(/--of (\w+)/g)) assert.equal((await run('verify', dir, '--of', name)).status, 0);
});

function files(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .reduce((n, entry) => n + (entry.isDirectory() ? files(join(folder, entry.name)) : 1), 0);
}

test('a restore that is killed goes on, and until then no server takes half of it for all', async () => {
  const target = new Hearth({ 'video.reconnect': '0s' });
  const part = join(target.settings['server.data'], 'restore.part');
  const begun = () => existsSync(part) && readdirSync(part).length > 0; // an empty folder is no half
  let halves = 0;
  try {
    // The first as soon as it has begun, the others wherever they are by then.
    for (const wait of [null, 2, 4, 8, 16, 32, 64, 128, 256]) {
      const child = spawn(BIN, ['restore', dir, ...target.args()]);
      const ended = new Promise((done) => child.on('exit', done));
      if (wait === null) while (!begun() && child.exitCode === null) await sleep(1);
      else await sleep(wait);
      child.kill('SIGKILL');
      await ended;
      if (!begun()) continue;
      halves++;
      assert.match(target.command('user', 'list').stderr, /a restore into this data folder has not ended/);
    }
    const end = target.command('restore', dir);
    assert.ok(end.status === 0 || /there is something in it/.test(end.stderr), end.stderr); // one was quicker than its kill
    assert.ok(halves > 0, 'none was killed in the midst');
    await target.start();
    assert.ok((await subjectsOf(target)).includes('one more'));
    assert.equal(target.command('verify').status, 0);
  } finally {
    await target.remove();
  }
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
  assert.equal((await run('backup', dir, '--keep', '1')).status, 0); // so that every file is the newest one's
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
