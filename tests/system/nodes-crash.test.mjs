// nodes-crash.test.mjs: two servers on one data folder with mail, games and a stream going on; one of
// them is killed, or stands still until it is taken for dead, again and again, whenever it pleases the
// seed. Nothing that anybody was told may be lost or be there twice, no game may end by it, and in the
// end nobody owns anything who is not there. KILLS and SEED say how long, and how.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Player, startGame } from './game-client.mjs';
import { eventually, Hearth, raw } from './hearth.mjs';

const KILLS = Number(process.env.KILLS || 5);
const SEED = Number(process.env.SEED || 20261128);
const GAMES = 3;
const SENDERS = 2;
const LEASE_MS = 1000;
const withVideo = existsSync('/usr/bin/ffmpeg');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Numbers from 0 to 1 that the seed decides (mulberry32).
let state = SEED >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n) => Math.floor(random() * n);

const nodes = [];
const tokens = {};
let running = true;

before(async () => {
  const settings = { 'server.nodes': 'shared', 'server.lease': `${LEASE_MS}ms`, 'video.segment': '1s', 'video.reconnect': '2s', 'auth.registrations_per_network': 1000, 'auth.argon2_memory': '8M' };
  nodes.push(await new Hearth(settings).start());
  nodes.push(await new Hearth({ ...settings, 'server.data': nodes[0].settings['server.data'] }).start());
  nodes.forEach((node) => { node.up = true; });
  for (const name of ['mail', 'film', ...Array.from({ length: 2 * GAMES }, (_, i) => `p${i}`)]) {
    const { body } = await nodes[0].api('POST', '/api/auth/register', { address: `${name}@hearth.test`, password: 'correct horse' });
    tokens[name] = body.token;
  }
});
after(async () => {
  running = false;
  for (const node of nodes.reverse()) await node.remove();
});

// Whichever is there; waits for one.
async function some() {
  for (;;) {
    const up = nodes.filter((node) => node.up);
    if (up.length) return up[Math.floor(Math.random() * up.length)];
    await sleep(20);
  }
}

// ---- mail

const sent = new Map(); // subject → answered 250

// One connection, until it breaks or all is over.
function sendMail(node, name) {
  return new Promise((done) => {
    const socket = connect(node.port.smtp, '127.0.0.1');
    const steps = ['EHLO sender.test', 'MAIL FROM:<load@sender.test>', 'RCPT TO:<mail@hearth.test>', 'DATA'];
    let text = '', subject = null, at = 0, n = 0;
    const next = () => {
      if (at < steps.length) socket.write(`${steps[at++]}\r\n`);
      else if (!running) socket.end();
      else {
        subject = `mail ${name}.${n++}`;
        sent.set(subject, false);
        socket.write(`Subject: ${subject}\r\n\r\n${'some text of a mail\r\n'.repeat(50)}.\r\n`);
        at = 1;
      }
    };
    socket.setTimeout(3000, () => socket.destroy());
    socket.on('data', (bytes) => {
      text += bytes;
      const lines = text.split('\r\n');
      text = lines.pop();
      for (const line of lines) {
        if (line[3] === '-') continue;
        if (subject && line.startsWith('250')) sent.set(subject, true);
        const pause = subject ? 20 : 0;
        subject = null;
        setTimeout(next, pause);
      }
    });
    socket.on('error', () => {});
    socket.on('close', done);
  });
}

async function mailLoad(i) {
  for (let round = 0; running; round++) {
    await sendMail(await some(), `${i}.${round}`);
    await sleep(20);
  }
}

// ---- games

const matches = new Map(); // match → moves that somebody was told of, in order
const BY_PLAY = ['mate', 'stalemate', 'draw'];

// What a node shows of a match holds against what was told, and it goes on but by the players' doing.
function check(moves, shown, match) {
  assert.deepEqual(shown.moves.slice(0, moves.length), moves, `match ${match}`);
  assert.ok(shown.moves.length <= moves.length + 1, `match ${match} has moves nobody made`);
  assert.ok(shown.status === 'started' || BY_PLAY.includes(shown.status), `match ${match} has ended: ${shown.status}`);
}

// A player who comes back, on whichever node, until they see the match.
async function seat(old, match) {
  for (;;) {
    let player = old;
    try {
      if (!player || player.gone) player = await Player.connect(await some(), old.token);
      player.frames = [];
      player.send({ type: 'resume', match, legal: true });
      const answer = await player.want((frame) => (frame.type === 'state' && frame.match === match) || frame.type === 'rejected' || frame.type === 'error', 3);
      if (answer.type === 'state') return [player, answer];
      assert.ok(['try-again', 'elsewhere', 'busy'].includes(answer.code), JSON.stringify(answer));
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      if (player) player.socket.terminate();
    }
    await sleep(50);
  }
}

// One match, until it is over or all is.
async function play(players, i, n) {
  const game = await startGame(players, { limit: 600, increment: i * 50 + n });
  const { match } = game;
  const moves = [];
  const seats = [game.white, game.black];
  matches.set(match, moves);
  while (running) {
    let shown = null;
    for (const side of [0, 1]) {
      [seats[side], shown] = await seat(seats[side], match);
      check(moves, shown, match);
      // It was stored though nobody was told.
      if (shown.moves.length > moves.length) moves.push(shown.moves.at(-1));
    }
    if (shown.status !== 'started') break;
    // Moves until something is in the way.
    try {
      let { legal } = (await seat(seats[moves.length % 2], match))[1];
      while (running && legal?.length) {
        const [mover, other] = moves.length % 2 ? [seats[1], seats[0]] : seats;
        const ply = moves.length;
        mover.move(match, ply, legal[Math.floor(Math.random() * legal.length)]);
        const answer = await mover.want((frame) => (frame.type === 'moved' && frame.ply === ply + 1) || frame.type === 'rejected' || frame.type === 'error', 3);
        if (answer.type !== 'moved') break;
        moves.push(answer.san);
        ({ legal } = await other.want((frame) => frame.type === 'moved' && frame.ply === ply + 1, 3));
        await sleep(10);
      }
    } catch {
      await sleep(50); // a connection is gone, or nothing came
    }
  }
  return seats;
}

// The first match of a pair needs both on nodes that stay for long enough to meet.
async function gameLoad(i) {
  let players = [{ gone: true, token: tokens[`p${2 * i}`] }, { gone: true, token: tokens[`p${2 * i + 1}`] }];
  for (let n = 0; running; n++) {
    try {
      for (const side of [0, 1]) if (players[side].gone) players[side] = await Player.connect(await some(), players[side].token);
      players = await play(players, i, n);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      for (const player of players) player.socket?.terminate();
      players = players.map(({ token }) => ({ gone: true, token }));
      await sleep(50);
    }
  }
  for (const player of players) player.socket?.terminate();
}

// ---- a stream

const listed = new Map(); // path → whether it was answered when it was first seen

async function streamLoad(film, key) {
  while (running) {
    const node = await some();
    const child = spawn('ffmpeg', ['-v', 'quiet', '-re', '-i', film, '-c', 'copy', '-f', 'flv', `rtmp://127.0.0.1:${node.port.rtmp}/live/${key}`]);
    const ended = new Promise((done) => child.on('exit', done));
    while (running && node.up && child.exitCode === null && child.signalCode === null) await sleep(50);
    child.kill('SIGKILL');
    await ended;
    await sleep(100);
  }
}

async function watchLoad() {
  while (running) {
    const { base } = await some();
    const playlist = await raw(`${base}/live/film/source/index.m3u8`).catch(() => null);
    for (const name of (playlist?.status === 200 && String(playlist.body).match(/^\d+\.m4s$/gm)) || []) {
      const path = `/live/film/source/${name}`;
      if (listed.get(path)) continue;
      // Killed in between: it was listed, and must be there all the same.
      listed.set(path, (await raw(base + path).catch(() => null))?.status === 200);
    }
    await sleep(100);
  }
}

// ---- what must hold in the end

async function checkMail(node) {
  const there = new Map();
  for (let beforeUid = ''; ;) {
    const { status, body } = await node.api('GET', `/api/mail/messages?limit=200${beforeUid}`, undefined, { Authorization: `Bearer ${tokens.mail}` });
    assert.equal(status, 200);
    for (const { subject } of body.messages) there.set(subject, (there.get(subject) || 0) + 1);
    if (body.messages.length < 200) break;
    beforeUid = `&before=${body.messages.at(-1).uid}`;
  }
  for (const [subject, answered] of sent)
    if (answered) assert.equal(there.get(subject), 1, `${subject} was answered 250`);
    else assert.ok((there.get(subject) || 0) <= 1, `${subject} is there twice`);
  for (const subject of there.keys()) assert.ok(sent.has(subject), `nobody sent ${subject}`);
}

// Who owns something by a lease that must be kept, in all databases.
function owners() {
  const dir = nodes[0].settings['server.data'];
  const found = new Set();
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.db'))) {
    const { stdout } = spawnSync('sqlite3', [join(dir, file), '.timeout 5000',
      `SELECT DISTINCT node FROM lease WHERE ttl_ms <= ${LEASE_MS} AND until_ms > ${Date.now()}`], { encoding: 'utf8' });
    for (const node of stdout.split('\n').filter(Boolean)) found.add(node);
  }
  return found.size;
}

test(`${KILLS} times one of two nodes is killed, or stands still, under load (seed ${SEED})`, async () => {
  const load = [];
  let film = null;
  if (withVideo) {
    film = join(nodes[0].dir, 'film.flv');
    const made = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=10', '-f', 'lavfi', '-i', 'sine',
      '-t', '300', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-c:a', 'aac', '-y', film]);
    assert.equal(made.status, 0, String(made.stderr));
    const key = nodes[0].command('stream', 'key', 'film@hearth.test').stdout.trim();
    load.push(streamLoad(film, key), watchLoad());
  }
  for (let i = 0; i < SENDERS; i++) load.push(mailLoad(i));
  for (let i = 0; i < GAMES; i++) load.push(gameLoad(i));
  const failed = Promise.all(load).then(() => null, (error) => error);

  await eventually(() => matches.size >= GAMES && (!withVideo || listed.size > 0), 60, 'all goes on');
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(200 + below(1300));
    const node = nodes[below(nodes.length)];
    node.up = false;
    if (below(4) === 0) {
      node.child.kill('SIGSTOP');
      await sleep(LEASE_MS + below(1000));
      node.child.kill('SIGCONT');
    } else {
      await node.kill();
      await sleep(below(1500));
      await node.start();
    }
    node.up = true;
  }
  await sleep(1000);
  running = false;
  const error = await Promise.race([failed, new Promise((late) => setTimeout(late, 120_000, new Error('the load does not end')).unref())]);
  if (error) throw error;

  for (const node of nodes) {
    await checkMail(node);
    for (const [match, moves] of matches) {
      const { status, body } = await node.api('GET', `/api/game/matches/${match}`, undefined, { Authorization: `Bearer ${tokens.p0}` });
      assert.equal(status, 200);
      check(moves, body, match);
    }
    for (const path of listed.keys()) {
      const segment = await raw(node.base + path);
      assert.equal(segment.status, 200, path);
      assert.equal(String(segment.body.subarray(4, 8)), 'styp', path);
    }
  }
  const answered = [...sent.values()].filter(Boolean).length;
  const moves = [...matches.values()].reduce((sum, list) => sum + list.length, 0);
  assert.ok(answered > KILLS && moves > KILLS, `${answered} mails, ${moves} moves`);
  // Whoever died has nothing any more, and nor has who stops.
  await eventually(() => owners() === 2, 60, 'two nodes own it all');
  await nodes[1].stop();
  assert.equal(owners(), 1);
  console.log(`# ${KILLS} kills: ${answered} mails answered, ${moves} moves told in ${matches.size} matches, ${listed.size} segments listed`);
});
