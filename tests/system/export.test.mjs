// export.test.mjs: a person takes everything away, and goes: an export with real mail, a game and a film,
// read by GNU tar, a reader of mbox and chess.js; kill -9 while it is made; and after a deletion nothing
// of them is left in any file of the data folder, while others keep what is theirs.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Chess } from 'chess.js';
import { Player, startGame } from './game-client.mjs';
import { eventually, Hearth, raw } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { enrolled, PASSWORD as FACTOR_PASSWORD } from './second-factor.mjs';
import { deliver, SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct horse battery';
const ROUNDS = Number(process.env.KILLS || 3); // each may wait for a lease of 15 s
const withVideo = existsSync('/usr/bin/ffmpeg');
// What nobody else could have written: looked for in every file later.
const MARKER = randomBytes(12).toString('hex');
const ANNA = `anna-${randomBytes(4).toString('hex')}@hearth.test`;
const BERT = 'bert@hearth.test';

let hearth;
let dir;
let anna;
let bert;

const headers = (who) => ({ Authorization: `Bearer ${who.token}` });
const api = (who, method, path, body) => hearth.api(method, path, body, headers(who));

async function person(address) {
  const { status, body } = await hearth.api('POST', '/api/auth/register', { address, password: PASSWORD });
  assert.equal(status, 201, JSON.stringify(body));
  return { address, token: body.token, id: body.account.id };
}

// Takes an export from asking to the unpacked folder; gives {state, tar, folder, list}.
async function takeExport(who, name) {
  const asked = await api(who, 'POST', '/api/auth/export', { password: PASSWORD });
  assert.equal(asked.status, 202, JSON.stringify(asked.body));
  return { ...(await fetchExport(who, name)), asked: asked.body.export };
}

async function fetchExport(who, name) {
  const state = await eventually(async () => {
    const { body } = await api(who, 'GET', '/api/auth/export');
    return body.export.state === 'ready' && body.export;
  }, 60, 'the export is ready');
  const { status, headers: head, body: tar } = await raw(hearth.base + state.url, { headers: headers(who) });
  assert.equal(status, 200);
  assert.equal(head['content-type'], 'application/x-tar');
  const folder = join(dir, name);
  writeFileSync(`${folder}.tar`, tar);
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const list = spawnSync('tar', ['tf', `${folder}.tar`, '--quoting-style=literal'], { encoding: 'utf8', env });
  assert.deepEqual([list.status, list.stderr], [0, '']);
  assert.equal(spawnSync('mkdir', [folder]).status, 0);
  const unpacked = spawnSync('tar', ['xf', `${folder}.tar`, '-C', folder], { encoding: 'utf8', env });
  assert.deepEqual([unpacked.status, unpacked.stderr], [0, '']);
  return { state, tar, folder: join(folder, 'hearth-export'), list: list.stdout.trim().split('\n'), etag: head.etag };
}

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));

// The messages of an mboxrd file: {from, fields: {Status…}, bytes}.
function readMbox(path) {
  const text = readFileSync(path, 'latin1');
  const messages = [];
  for (let at = 0; at < text.length;) {
    let end = text.indexOf('\nFrom ', at);
    end = end < 0 ? text.length : end + 1;
    const lines = text.slice(at, end).split('\n');
    const from = lines.shift();
    assert.match(from, /^From \S+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
    const fields = Object.fromEntries(lines.splice(0, 3).map((line) => /^([\w-]+): (.*)\r$/.exec(line).slice(1)));
    assert.deepEqual(Object.keys(fields), ['Status', 'X-Status', 'X-Keywords']);
    assert.equal(lines.pop(), '');
    assert.equal(lines.pop(), ''); // the empty line behind each message
    const bytes = lines.map((line) => line.replace(/^>(>*From )/, '$1')).join('\n') + '\n';
    messages.push({ from, fields, bytes: Buffer.from(bytes, 'latin1') });
    at = end;
  }
  return messages;
}

const mails = [
  `From: bob@example.org\r\nTo: ${ANNA}\r\nSubject: ${MARKER} first\r\n\r\nFrom the beginning\r\n>From here\r\n>>From there\r\n.dot\r\n${MARKER}\r\n`,
  'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nno address in it\r\n',
  `Subject: bytes\r\n\r\n${Buffer.from(Array.from({ length: 255 }, (_, i) => (i + 1 === 10 || i + 1 === 13 ? 32 : i + 1))).toString('latin1')}\r\n`,
  `Subject: large ${MARKER}\r\n\r\n${Array.from({ length: 90000 }, () => `${randomBytes(30).toString('hex')}${MARKER.slice(0, 12)}`).join('\r\n')}\r\nFrom ${MARKER}\r\n`,
  'no header at all\r\n',
];

function publishFilm(key) {
  const film = join(dir, 'film.flv');
  const made = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=20', '-f', 'lavfi', '-i', 'sine',
    '-t', '5', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '20', '-c:a', 'aac', '-y', film]);
  assert.equal(made.status, 0, String(made.stderr));
  const child = spawn('ffmpeg', ['-v', 'quiet', '-re', '-i', film, '-c', 'copy', '-f', 'flv', `rtmp://127.0.0.1:${hearth.port.rtmp}/live/${key}`]);
  return { child, ended: new Promise((done) => child.on('close', done)) };
}

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hearth-export-'));
  hearth = await new Hearth({ 'store.blob_grace': '1s', 'auth.exports_per_day': 1000, 'auth.argon2_memory': '8M',
    'auth.registrations_per_network': 1000, 'video.segment': '1s', 'video.reconnect': '0s' }).start();
  anna = await person(ANNA);
  bert = await person(BERT);
  for (const mail of mails) await deliver(hearth.port.smtp, [ANNA], mail);
  await deliver(hearth.port.smtp, [BERT], 'Subject: for bert\r\n\r\nstays\r\n');
  const imap = await ImapClient.login(hearth.port.imap, ANNA, `"${PASSWORD}"`);
  await imap.ok('SELECT INBOX');
  await imap.ok('STORE 1 +FLAGS (\\Seen \\Flagged $Work)');
  await imap.ok('STORE 2 +FLAGS (\\Answered)');
  await imap.ok('CREATE "Archive/Gr&APwA3w-e"');
  await imap.ok('CREATE "Archive/.hidden"');
  await imap.ok('COPY 2 "Archive/Gr&APwA3w-e"');
  imap.close();
});
after(async () => {
  await hearth?.remove();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

// The game of the tests: a few moves, then white gives up.
const MOVES = ['e2e4', 'e7e5', 'g1f3', 'b8c6', 'f1b5', 'a7a6', 'e1g1'];
let game;
async function playGame() {
  const players = [await Player.connect(hearth, anna.token), await Player.connect(hearth, bert.token)];
  const { match, white, black } = await startGame(players, { limit: 300, increment: 2 });
  for (const [ply, move] of MOVES.entries()) {
    (ply % 2 ? black : white).move(match, ply, move);
    for (const player of players) await player.wantType('moved', match);
  }
  white.send({ type: 'resign', match });
  for (const player of players) await player.wantType('ended', match);
  await placeShips(players);
  await Promise.all(players.map((player) => player.close()));
  return { match, annaIsWhite: white === players[0] };
}

// One that goes on, in which each has a secret.
async function placeShips(players) {
  for (const player of players) {
    player.send({ type: 'seek', rules: 'battleship', clock: { limit: 900 } });
    if (player === players[0]) await player.wantType('seeking');
  }
  for (const [i, player] of players.entries()) {
    const { match } = await player.want((frame) => frame.type === 'state' && frame.rules === 'battleship');
    player.move(match, 0, ['A1-A5', 'B2-B6'][i]);
    await player.want((frame) => frame.type === 'moved' && frame.match === match && frame.move);
  }
}

test('everything a person has here is in one archive that GNU tar unpacks', async () => {
  game = await playGame();
  if (withVideo) await publishFilm(hearth.command('stream', 'key', ANNA).stdout.trim()).ended;
  assert.equal((await fetch(`${hearth.base}/api/auth/preferences/attachments/sound.txt`, { method: 'PUT',
    headers: { ...headers(anna), 'Content-Type': 'text/plain' }, body: 'ding' })).status < 500, true);
  if (withVideo) {
    await eventually(async () => {
      const { body } = await api(anna, 'GET', '/api/video/streams');
      return body.streams[0]?.ended_at;
    }, 30, 'the stream has ended');
  }
  const { state, tar, folder, list, asked, etag } = await takeExport(anna, 'all');
  assert.deepEqual([asked.state, asked.waiting_for], ['making', ['auth', 'game', 'mail', 'video']]);
  assert.deepEqual([state.state, state.waiting_for, state.url], ['ready', [], `/api/auth/export/${state.id}`]);
  assert.ok(state.expires_at - state.ready_at === 7 * 24 * 3600 * 1000);
  const sizes = list.map((name) => statSync(join(folder, '..', name)).size);
  assert.equal(state.size, sizes.reduce((sum, n) => sum + n, 0));
  assert.equal(new Set(list).size, list.length);
  for (const name of ['auth/account.json', 'auth/events.json', 'auth/preferences.json', 'mail/INBOX.mbox', 'mail/Archive/Grüße.mbox', 'mail/index.json', 'game/games.pgn', 'video/streams.json'])
    assert.ok(list.includes(`hearth-export/${name}`), `${name} in ${list}`);

  // A download that broke off goes on where it was.
  const half = Math.floor(tar.length / 2);
  const rest = await raw(hearth.base + state.url, { headers: { ...headers(anna), Range: `bytes=${half}-`, 'If-Range': etag } });
  assert.equal(rest.status, 206);
  assert.ok(rest.body.equals(tar.subarray(half)));

  const account = readJson(folder, 'auth/account.json');
  assert.equal(account.account.address, ANNA);
  assert.ok(account.sessions.length > 0);
  assert.doesNotMatch(readFileSync(join(folder, 'auth/account.json'), 'utf8'), /argon2|hash|secret/);
  const { events } = readJson(folder, 'auth/events.json');
  assert.ok(events.some(({ kind }) => kind === 'export.asked'));
});

test('mail comes back byte for byte, with flags and an index', async () => {
  const folder = join(dir, 'all/hearth-export/mail');
  const inbox = readMbox(join(folder, 'INBOX.mbox'));
  assert.equal(inbox.length, mails.length);
  for (const [i, mail] of mails.entries()) {
    const { bytes } = inbox[i];
    const head = bytes.toString('latin1', 0, bytes.length - Buffer.byteLength(mail, 'latin1'));
    assert.ok(bytes.subarray(head.length).equals(Buffer.from(mail, 'latin1')), `message ${i}`);
    assert.match(head, /^Return-Path: <bob@example\.org>\r\nDelivered-To: /);
    assert.ok(inbox[i].from.startsWith('From bob@example.org '));
  }
  assert.deepEqual(inbox[0].fields, { Status: 'RO', 'X-Status': 'F', 'X-Keywords': '$Work' });
  assert.deepEqual(inbox[1].fields, { Status: 'O', 'X-Status': 'A', 'X-Keywords': '' });
  const copies = readMbox(join(folder, 'Archive/Grüße.mbox'));
  assert.ok(copies.length === 1 && copies[0].bytes.equals(inbox[1].bytes));

  // What IMAP shows is what stands in the file.
  const imap = await ImapClient.login(hearth.port.imap, ANNA, `"${PASSWORD}"`);
  await imap.ok('SELECT INBOX');
  const fetched = await imap.fetch('FETCH 1:5 (UID RFC822.SIZE)');
  imap.close();
  const { mailboxes } = readJson(folder, 'index.json');
  const index = mailboxes.find(({ name }) => name === 'INBOX');
  assert.equal(index.file, 'INBOX.mbox');
  assert.deepEqual(index.messages.map(({ size }) => size), inbox.map(({ bytes }) => bytes.length));
  assert.deepEqual(index.messages.map(({ uid }) => uid), [1, 2, 3, 4, 5]);
  assert.equal(fetched.length, 5);
  assert.deepEqual(index.messages[0].flags, ['\\Seen', '\\Flagged', '$Work']);
  const hidden = mailboxes.find(({ name }) => name === 'Archive/.hidden');
  assert.ok(existsSync(join(folder, hidden.file)) && /^Archive\/_hidden-\d+\.mbox$/.test(hidden.file), hidden.file);
  assert.deepEqual(mailboxes.find(({ name }) => name === 'Sent').use, ['\\Sent']);
});

test('games are PGN that chess.js plays', async () => {
  const text = readFileSync(join(dir, 'all/hearth-export/game/games.pgn'), 'utf8');
  const chess = new Chess();
  chess.loadPgn(text);
  assert.deepEqual(chess.history({ verbose: true }).map(({ from, to }) => from + to), MOVES);
  const tags = chess.getHeaders();
  // Names as the other saw them, never an address.
  const names = [anna, bert].map(({ id }) => `player ${id}`);
  assert.deepEqual([tags.White, tags.Black], game.annaIsWhite ? names : names.reverse());
  assert.doesNotMatch(text, /@/);
  assert.deepEqual([tags.Result, tags.Termination, tags.TimeControl], ['0-1', 'normal', '300+2']);
  // What each move left its mover: nothing is used before all have moved.
  const clocks = chess.getComments().map(({ comment }) => /^\[%clk 0:0([45]):(\d\d(?:\.\d)?)\]$/.exec(comment.trim())).map(([, min, s]) => min * 60 + Number(s));
  assert.equal(clocks.length, MOVES.length);
  assert.deepEqual(clocks.slice(0, 2), [300, 300]);
});

test('of a game that goes on the own secrets are there, and nobody else\'s', () => {
  const text = readFileSync(join(dir, 'all/hearth-export/game/games.txt'), 'utf8');
  assert.match(text, /A1-A5/);
  assert.doesNotMatch(text, /B2-B6/);
});

test('films are there as they were sent', { skip: !withVideo }, async () => {
  const folder = join(dir, 'all/hearth-export/video');
  const { channel, streams } = readJson(folder, 'streams.json');
  assert.equal(channel, ANNA.split('@')[0]);
  assert.equal(streams.length, 1);
  const film = readFileSync(join(folder, streams[0].file));
  assert.equal(film.length, streams[0].size);
  const { body: { pieces } } = await api(anna, 'GET', `/api/video/streams/${streams[0].id}/raw`);
  const parts = [];
  for (const { number } of pieces) parts.push((await raw(`${hearth.base}/api/video/streams/${streams[0].id}/raw/${number}`, { headers: headers(anna) })).body);
  assert.ok(Buffer.concat(parts).equals(film));
  const probed = spawnSync('ffprobe', ['-v', 'error', '-count_packets', '-show_streams', '-of', 'json', join(folder, streams[0].file)], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(probed.stdout).streams.map(({ codec_name: name }) => name).sort(), ['aac', 'h264']);
});

test('nobody else gets it, and bad input is named', async () => {
  const { body: { export: mine } } = await api(anna, 'GET', '/api/auth/export');
  assert.equal((await api(bert, 'GET', mine.url)).status, 404);
  assert.equal((await hearth.api('GET', mine.url)).status, 401);
  assert.equal((await api(bert, 'GET', '/api/auth/export/999999')).status, 404);
  assert.deepEqual((await api(bert, 'GET', '/api/auth/export')).body, { export: null });
  // Nor a token that may not see all that is in it.
  const narrow = async (scopes) => (await api(anna, 'POST', '/api/auth/tokens', { name: scopes, scopes, password: PASSWORD })).body.token;
  const head = async (scopes) => (await fetch(hearth.base + mine.url, { method: 'HEAD', headers: { Authorization: `Bearer ${await narrow(scopes)}` } })).status;
  assert.deepEqual([await head('account:read'), await head('account mail game'), await head('account:read mail:read video game')], [403, 403, 200]);
  const bot = { Authorization: `Bearer ${await narrow('account')}` };
  assert.equal((await hearth.api('POST', '/api/auth/export', { password: PASSWORD }, bot)).status, 403);
  for (const route of [['POST', '/api/auth/export'], ['DELETE', '/api/auth/me']]) {
    for (const [body, status] of [[{}, 400], [{ password: null }, 400], [{ password: 7 }, 400], [{ password: ['x'] }, 400], [{ password: 'x'.repeat(300) }, 400],
      [{ password: 'wrong' }, 403], [{ password: PASSWORD.replace('o', '\u043e') }, 403]]) {
      const answer = await api(bert, ...route, body);
      assert.deepEqual([answer.status, answer.body.field], [status, 'password'], `${route} ${JSON.stringify(body).slice(0, 60)}`);
    }
    const none = await fetch(hearth.base + route[1], { method: route[0], headers: { ...headers(bert), 'Content-Type': 'application/json' }, body: '[' });
    assert.equal(none.status, 400);
    assert.equal((await hearth.api(...route, { password: PASSWORD })).status, 401);
  }
  for (const code of [7, ['1'], 'x'.repeat(100)]) {
    const answer = await api(bert, 'DELETE', '/api/auth/me', { password: PASSWORD, code });
    assert.deepEqual([answer.status, answer.body.field], [400, 'code']);
  }
  assert.equal((await api(bert, 'GET', '/api/auth/me')).status, 200);
});

test('one at a time, a few a day, and only while it lasts', async () => {
  const server = await new Hearth({ 'auth.exports_per_day': 3, 'store.blob_grace': '1s', 'auth.argon2_memory': '8M' }).start();
  try {
    const { body: { token } } = await server.api('POST', '/api/auth/register', { address: 'c@hearth.test', password: PASSWORD });
    await deliver(server.port.smtp, ['c@hearth.test'], `Subject: c\r\n\r\n${MARKER}\r\n`);
    const own = { Authorization: `Bearer ${token}` };
    const ask = () => server.api('POST', '/api/auth/export', { password: PASSWORD }, own);
    const state = async () => (await server.api('GET', '/api/auth/export', undefined, own)).body.export;
    assert.equal((await ask()).status, 202);
    await eventually(async () => (await state()).state === 'ready', 30, 'ready');
    const { url } = await state();
    assert.equal((await server.api('GET', url, undefined, own)).status, 200);
    // As if mail were slow.
    const slow = (done) => spawnSync('sqlite3', [join(server.settings['server.data'], 'auth.db'), '.timeout 5000',
      `BEGIN IMMEDIATE; UPDATE export SET ready_at = ${done}, expires_at = ${Date.now() + 60000}; UPDATE export_part SET done_at = ${done} WHERE module = 'mail'; COMMIT;`]);
    assert.equal(slow(0).status, 0);
    const { state: making, waiting_for: waiting, url: none } = await state();
    assert.deepEqual([making, waiting, none], ['making', ['mail'], undefined]);
    assert.equal((await server.api('GET', url, undefined, own)).status, 409);
    assert.equal((await ask()).status, 409);
    assert.equal(slow(Date.now()).status, 0);
    await server.stop(); // so that the task that removes it looks at the clock anew
    spawnSync('sqlite3', [join(server.settings['server.data'], 'auth.db'), "UPDATE export SET expires_at = 1; UPDATE job_queue SET due_ms = 0 WHERE queue = 'auth.export.expire'"]);
    await server.start();
    await eventually(async () => await state() === null, 30, 'gone');
    assert.equal((await server.api('GET', url, undefined, own)).status, 404);
    for (let i = 0; i < 2; i++) {
      assert.equal((await ask()).status, 202);
      await eventually(async () => (await state()).state === 'ready', 30, 'ready');
    }
    assert.equal((await ask()).status, 429);
    // Of two, the latter stands: the one before goes once its blobs are old enough.
    const left = () => spawnSync('sqlite3', [join(server.settings['server.data'], 'auth.db'), 'SELECT DISTINCT export FROM export_part'], { encoding: 'utf8' }).stdout.trim();
    await eventually(() => left() === '3', 30, 'the one before is gone');
    assert.equal((await state()).id, 3);
    // Its blobs by the store's own queue, once they are old enough.
    const keys = () => spawnSync('sqlite3', [join(server.settings['server.data'], 'blob.db'), '.timeout 5000', "SELECT key FROM blob WHERE key LIKE 'export/%'"], { encoding: 'utf8' }).stdout.trim().split('\n');
    await eventually(() => keys().every((key) => key.startsWith('export/3/')), 30, 'its blobs are gone');
    assert.ok(keys().length > 2, String(keys()));
    assert.equal((await server.api('GET', (await state()).url, undefined, own)).status, 200);
  } finally {
    await server.remove();
  }
});

test('kill -9 while it is made: it goes on, and nothing is there twice', async () => {
  const plain = readMbox(join(dir, 'all/hearth-export/mail/INBOX.mbox'));
  for (let round = 0; round < ROUNDS; round++) {
    const asked = await api(anna, 'POST', '/api/auth/export', { password: PASSWORD });
    assert.equal(asked.status, 202, JSON.stringify(asked.body));
    await new Promise((done) => setTimeout(done, round * 20));
    await hearth.kill();
    await hearth.start();
    // A task in the dead process's hand comes back when its lease ends: that takes up to 15 s.
    const state = await eventually(async () => {
      const { body } = await api(anna, 'GET', '/api/auth/export');
      return body.export.state === 'ready' && body.export;
    }, 60, 'the export is ready after a crash');
    assert.equal(state.id, asked.body.export.id);
    if (round % 2) continue;
    const { folder, list } = await fetchExport(anna, `crash${round}`);
    assert.equal(new Set(list).size, list.length);
    const inbox = readMbox(join(folder, 'mail/INBOX.mbox'));
    assert.deepEqual(inbox.map(({ bytes }) => bytes.length), plain.map(({ bytes }) => bytes.length));
    assert.ok(inbox.every(({ bytes }, i) => bytes.equals(plain[i].bytes)));
  }
});

// ---- deletion ----

// The files of the data folder that hold one of the texts.
function findInFiles(texts) {
  const found = [];
  const look = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) look(path);
      else if (entry.isFile()) {
        const bytes = readFileSync(path);
        for (const text of texts) if (bytes.includes(text)) found.push(`${path}: ${text}`);
      }
    }
  };
  look(hearth.settings['server.data']);
  return found;
}

const sqlite = (database, sql) => {
  const { stdout, stderr } = spawnSync('sqlite3', [join(hearth.settings['server.data'], `${database}.db`), sql], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.trim();
};

test('who deletes their account is gone from every connection and every file', async () => {
  const texts = [ANNA, ANNA.split('@')[0], MARKER];
  await hearth.stop();
  const before = findInFiles(texts);
  for (const text of texts) assert.ok(before.some((hit) => hit.endsWith(text)), `${text} can be found while it is there`);
  await hearth.start();

  const player = await Player.connect(hearth, anna.token);
  const other = await Player.connect(hearth, bert.token);
  const { match, white, black } = await startGame([player, other], { limit: 600, increment: 3 });
  white.move(match, 0, 'e2e4');
  await black.wantType('moved', match);
  black.move(match, 1, 'e7e5');
  await white.want((frame) => frame.type === 'moved' && frame.ply === 2);
  const third = await Player.connect(hearth, bert.token);
  const imap = await ImapClient.login(hearth.port.imap, ANNA, `"${PASSWORD}"`);
  await imap.ok('SELECT INBOX');
  let live;
  if (withVideo) {
    live = publishFilm(hearth.command('stream', 'key', ANNA).stdout.trim());
    await eventually(async () => (await raw(`${hearth.base}/live/${ANNA.split('@')[0]}/index.m3u8`)).status === 200, 20, 'the stream is live');
  }
  const begun = await SmtpClient.hello(hearth.port.smtp);
  await begun.expect(250, 'MAIL FROM:<late@example.org>');
  await begun.expect(250, `RCPT TO:<${ANNA}>`);
  await begun.expect(354, 'DATA');

  assert.equal((await api(anna, 'DELETE', '/api/auth/me', { password: PASSWORD })).status, 204);
  await Promise.race([Promise.all([player.closed, imap.end()]), new Promise((_, fail) => setTimeout(() => fail(new Error('connections are still open')), 20_000).unref())]);
  await eventually(async () => (await api(anna, 'GET', '/api/auth/me')).status === 401, 20, 'the token is refused');
  if (live) {
    await live.ended;
    await eventually(async () => (await raw(`${hearth.base}/live/${ANNA.split('@')[0]}/index.m3u8`)).status === 404, 20, 'the stream is gone');
    assert.ok((await hearth.api('GET', '/api/video/channels')).body.channels.every(({ name }) => !name.includes('anna')));
  }
  // Mail that was on its way is not taken, and no new one is.
  begun.send(`Subject: late ${MARKER}\r\n\r\nlate ${MARKER}\r\n.\r\n`);
  assert.ok((await begun.reply()).code >= 400);
  begun.close();
  await assert.rejects(deliver(hearth.port.smtp, [ANNA], 'Subject: x\r\n\r\nx\r\n'), /550/);
  assert.equal((await hearth.api('POST', '/api/auth/login', { address: ANNA, password: PASSWORD })).status, 401);

  // The game that was going on is lost; both stay, without a name.
  const ended = await other.wantType('ended', match);
  assert.deepEqual([ended.status, ended.reason], ['resign', 'resignation']);
  third.send({ type: 'resume', match });
  const state = await third.wantType('state', match);
  assert.ok([state.white, state.black].includes('deleted account') && [state.white, state.black].includes(`player ${bert.id}`));
  const { body: { matches } } = await api(bert, 'GET', '/api/game/matches');
  assert.deepEqual(matches.map(({ players }) => Object.values(players).some(({ name }) => name === 'deleted account')), [true, true, true]);
  assert.equal(matches.find((one) => one.match === game.match).ply, MOVES.length);
  for (const one of [other, third]) await one.close();

  // What is young goes when the grace (1 s here) is over.
  // (Tasks that look after an export in some days find none, and say nothing but its number.)
  const open = () => ['auth', 'mail', 'video', 'game'].flatMap((name) => sqlite(name, `SELECT queue || ' ' || error FROM job_queue WHERE due_ms < ${Date.now() + 3600_000}`).split('\n').filter(Boolean));
  await eventually(() => open().length === 0, 60, 'all tasks are done').catch((error) => assert.fail(`${error}: ${open()}`));
  await hearth.stop();
  assert.deepEqual(findInFiles(texts), []);
  assert.equal(sqlite('blob', 'SELECT count(*) FROM blob'), '0', sqlite('blob', 'SELECT key FROM blob'));
  assert.equal(sqlite('mail', "SELECT count(*) FROM message"), '1');
  assert.equal(sqlite('mail', 'SELECT (SELECT count(*) FROM parsed) + (SELECT count(*) FROM source)'), '2');
  assert.equal(sqlite('mail_search', 'SELECT count(*) FROM indexed'), '1');
  assert.equal(sqlite('video', 'SELECT (SELECT count(*) FROM channel) + (SELECT count(*) FROM stream) + (SELECT count(*) FROM raw) + (SELECT count(*) FROM segment) + (SELECT count(*) FROM init)'), '0');
});

test('what others have is untouched', async () => {
  await hearth.start();
  const { body } = await api(bert, 'GET', '/api/mail/messages?mailbox=INBOX');
  assert.deepEqual(body.messages.map(({ subject }) => subject), ['for bert']);
  const { folder } = await takeExport(bert, 'bert');
  const [mail] = readMbox(join(folder, 'mail/INBOX.mbox'));
  assert.ok(mail.bytes.toString().endsWith('Subject: for bert\r\n\r\nstays\r\n'));
  assert.match(readFileSync(join(folder, 'game/games.pgn'), 'utf8'), /\[(White|Black) "deleted account"\]/);
  // Once an administrator frees the address, whoever has it next begins anew.
  assert.equal(hearth.command('user', 'free', ANNA).status, 0);
  const next = await person(ANNA);
  assert.deepEqual((await api(next, 'GET', '/api/game/matches')).body, { matches: [], more: false });
  assert.equal((await api(next, 'GET', '/api/video/streams')).body.streams.length, 0);
});

test('the last administrator stays', async () => {
  hearth.addUser('boss@hearth.test', PASSWORD, '--admin');
  const boss = { token: await hearth.login('boss@hearth.test', PASSWORD) };
  const refused = await api(boss, 'DELETE', '/api/auth/me', { password: PASSWORD });
  assert.equal(refused.status, 409);
  hearth.addUser('second@hearth.test', PASSWORD, '--admin');
  assert.equal((await api(boss, 'DELETE', '/api/auth/me', { password: PASSWORD })).status, 204);
  await eventually(async () => (await api(boss, 'GET', '/api/auth/me')).status === 401, 20, 'the token is refused');
});

test('with a second factor it takes a code as well, once', async () => {
  for (const kind of ['totp', 'recovery']) {
    const who = await enrolled(hearth);
    const leave = (code) => who.ask('DELETE', '/api/auth/me', code === undefined ? { password: FACTOR_PASSWORD } : { password: FACTOR_PASSWORD, code });
    for (const [code, status] of [[undefined, 400], [null, 400], ['', 403], [who.app.wrong(), 403], ['aaaa-bbbb-cccc-dddd', 403]]) {
      const refused = await leave(code);
      assert.deepEqual([refused.status, refused.body.field], [status, 'code'], `${kind} ${code}`);
    }
    assert.ok(await who.works());
    assert.equal((await leave(kind === 'totp' ? await who.app.code() : who.recovery[0])).status, 204);
    await eventually(async () => !(await who.works()), 20, 'the token is refused');
  }
  await hearth.stop();
  assert.equal(sqlite('auth', 'SELECT (SELECT count(*) FROM factor) + (SELECT count(*) FROM recovery_code) + (SELECT count(*) FROM login_ticket) + (SELECT count(*) FROM code_failure)'), '0');
  await hearth.start();
});
