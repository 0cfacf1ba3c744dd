// crash.test.mjs: kill -9 under load, again and again: every mail answered 250, every acknowledged
// move and every listed segment is there after the restart, once.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Player, startGame } from './game-client.mjs';
import { eventually, Hearth, raw } from './hearth.mjs';

const ROUNDS = Number(process.env.KILLS || 50);
const SENDERS = 6;
const GAMES = 4;
const withVideo = existsSync('/usr/bin/ffmpeg');

let hearth;
let key;
let film;
const tokens = {};
const sent = new Map(); // subject → answered 250
const played = new Map(); // match → moves that were acknowledged, in order

before(async () => {
  hearth = await new Hearth({ 'video.segment': '1s', 'auth.registrations_per_network': 1000, 'video.reconnect': '0s' }).start();
  for (const name of ['mail', 'film', ...Array.from({ length: 2 * GAMES }, (_, i) => `p${i}`)]) {
    const { body } = await hearth.api('POST', '/api/auth/register', { address: `${name}@hearth.test`, password: 'correct horse' });
    tokens[name] = body.token;
  }
  if (!withVideo) return;
  key = hearth.command('stream', 'key', 'film@hearth.test').stdout.trim();
  film = join(hearth.dir, 'film.flv');
  const made = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=480x400:rate=20', '-f', 'lavfi', '-i', 'sine',
    '-t', '60', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-c:a', 'aac', '-y', film]);
  assert.equal(made.status, 0, String(made.stderr));
});
after(() => hearth.remove());

const bearer = (name) => ({ Authorization: `Bearer ${tokens[name]}` });

// Sends mail after mail on one connection until it breaks.
function sendMail(round, sender) {
  return new Promise((done) => {
    const socket = connect(hearth.port.smtp, '127.0.0.1');
    let text = '';
    let n = 0;
    let subject = null;
    const steps = ['EHLO sender.test', 'MAIL FROM:<load@sender.test>', 'RCPT TO:<mail@hearth.test>', 'DATA'];
    let at = 0;
    const next = () => {
      if (at < steps.length) socket.write(`${steps[at++]}\r\n`);
      else {
        subject = `mail ${round}.${sender}.${n++}`;
        sent.set(subject, false);
        socket.write(`Subject: ${subject}\r\n\r\n${'some text of a mail\r\n'.repeat(50)}.\r\n`);
        at = 1;
      }
    };
    socket.on('data', (bytes) => {
      text += bytes;
      const lines = text.split('\r\n');
      text = lines.pop();
      for (const line of lines) {
        if (line[3] === '-') continue;
        if (subject && line.startsWith('250')) sent.set(subject, true);
        subject = null;
        next();
      }
    });
    socket.on('error', () => {});
    socket.on('close', done);
  });
}

// Plays random games between two accounts until the connections break.
async function playGames(i) {
  const players = [];
  try {
    for (const name of [`p${2 * i}`, `p${2 * i + 1}`]) players.push(await Player.connect(hearth, tokens[name]));
    for (;;) {
      const game = await startGame(players, { limit: 600, increment: i });
      const moves = [];
      played.set(game.match, moves);
      let { legal, position } = game.state;
      while (position.status === 'started' && moves.length < 100) {
        const [mover, other] = moves.length % 2 ? [game.black, game.white] : [game.white, game.black];
        mover.move(game.match, moves.length, legal[Math.floor(Math.random() * legal.length)]);
        const moved = await mover.wantType('moved', game.match);
        moves.push(moved.san);
        ({ legal, position } = await other.wantType('moved', game.match));
      }
      game.white.send({ type: 'resign', match: game.match });
      for (const player of players) await player.wantType('ended', game.match);
    }
  } catch {
    for (const player of players) player.socket.terminate();
  }
}

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

// Publishes the film, and notes what the playlists list.
function publish(listed) {
  const ffmpeg = spawn('ffmpeg', ['-v', 'quiet', '-re', '-i', film, '-c', 'copy', '-f', 'flv', `rtmp://127.0.0.1:${hearth.port.rtmp}/live/${key}`]);
  const ended = new Promise((done) => ffmpeg.on('exit', done));
  const watch = (async () => {
    while (ffmpeg.exitCode === null && !ffmpeg.killed) {
      for (const rendition of ['source', '360p']) {
        const path = `/live/film/${rendition}/index.m3u8`;
        const playlist = await raw(hearth.base + path).catch(() => null);
        if (playlist?.status !== 200) continue;
        for (const name of String(playlist.body).match(/^\d+\.m4s$/gm) || []) {
          const uri = `/live/film/${rendition}/${name}`;
          if (listed.has(uri)) continue;
          const segment = await raw(hearth.base + uri).catch(() => null);
          // Killed in between: it was listed, and its bytes must be there all the same.
          listed.set(uri, segment?.status === 200 ? sha(segment.body) : null);
        }
      }
      await new Promise((done) => setTimeout(done, 30));
    }
  })();
  return { stop: async () => { ffmpeg.kill('SIGKILL'); await Promise.all([ended, watch]); } };
}

async function checkSegments(listed) {
  for (const [uri, hash] of listed) {
    const segment = await raw(hearth.base + uri);
    assert.equal(segment.status, 200, uri);
    if (hash) assert.equal(sha(segment.body), hash, uri);
    const playlist = await raw(hearth.base + uri.replace(/[^/]*$/, 'index.m3u8'));
    const lines = String(playlist.body).split('\n').filter((line) => line === uri.split('/').at(-1));
    assert.equal(lines.length, 1, `${uri} is listed ${lines.length} times`);
  }
}

async function allSubjects() {
  const subjects = new Map();
  let before = '';
  for (;;) {
    const { status, body } = await hearth.api('GET', `/api/mail/messages?limit=200${before}`, undefined, bearer('mail'));
    if (status === 404) return subjects; // nothing has come yet
    assert.equal(status, 200);
    for (const message of body.messages) subjects.set(message.subject, (subjects.get(message.subject) || 0) + 1);
    if (body.messages.length < 200) return subjects;
    before = `&before=${body.messages.at(-1).uid}`;
  }
}

async function checkMail() {
  const subjects = await allSubjects();
  for (const [subject, answered] of sent)
    if (answered) assert.equal(subjects.get(subject), 1, `${subject} was answered 250`);
    else assert.ok((subjects.get(subject) || 0) <= 1, `${subject} is there twice`);
  for (const subject of subjects.keys()) assert.ok(sent.has(subject), `nobody sent ${subject}`);
}

async function checkMoves(matches) {
  for (const [match, moves] of matches) {
    const { status, body } = await hearth.api('GET', `/api/game/matches/${match}`, undefined, bearer('p0'));
    assert.equal(status, 200);
    assert.deepEqual(body.moves.slice(0, moves.length), moves, `match ${match}`);
    assert.ok(body.moves.length <= moves.length + 1, `match ${match} has moves nobody made`);
  }
}

test(`${ROUNDS} times kill -9 under load`, async () => {
  let segments = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const listed = new Map();
    const load = [
      ...Array.from({ length: SENDERS }, (_, i) => sendMail(round, i)),
      ...Array.from({ length: GAMES }, (_, i) => playGames(i)),
    ];
    // Every fifth round a stream goes on as well, and the round is long enough for segments.
    const stream = withVideo && round % 5 === 0 ? publish(listed) : null;
    if (stream) await eventually(() => listed.size >= 3, 60, 'segments are listed');
    await new Promise((done) => setTimeout(done, 50 + Math.random() * 400));
    await hearth.kill();
    await Promise.all([...load, stream?.stop()]);
    await hearth.start();
    const recent = new Map([...played].slice(-3 * GAMES));
    await checkMoves(recent);
    await checkSegments(listed);
    segments += listed.size;
    if (round % 10 === 9 || round === ROUNDS - 1) await checkMail();
  }
  await checkMoves(played);
  const answered = [...sent.values()].filter(Boolean).length;
  const moves = [...played.values()].reduce((sum, list) => sum + list.length, 0);
  assert.ok(answered > ROUNDS && moves > ROUNDS, `${answered} mails, ${moves} moves`);
  if (withVideo) assert.ok(segments > 0);
  console.log(`# ${ROUNDS} kills: ${answered} mails answered, ${moves} moves acknowledged, ${segments} segments listed`);
});
