// sessions.test.mjs: what a person holds: sessions, API tokens with scopes, app passwords. Each is
// listed, ended, and refused on every connection once it is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { Player } from './game-client.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct horse';
const DAY = 86400000;

let hearth;
before(async () => {
  hearth = await new Hearth().start();
  hearth.addUser('ann@hearth.test', PASSWORD);
  hearth.addUser('ben@hearth.test', PASSWORD);
});
after(() => hearth.remove());

const as = (token) => ({ Authorization: `Bearer ${token}` });
const get = (path, token) => hearth.api('GET', `/api/auth/${path}`, undefined, as(token));
const post = (path, token, body) => hearth.api('POST', `/api/auth/${path}`, body, as(token));
const del = async (path, token) => (await hearth.api('DELETE', `/api/auth/${path}`, undefined, as(token))).status;
const status = async (token) => (await get('me', token)).status;
const signIn = (who = 'ann', agent = 'test agent') =>
  hearth.api('POST', '/api/auth/login', { address: `${who}@hearth.test`, password: PASSWORD }, { 'User-Agent': agent }).then((answer) => answer.body.token);
const appPassword = async (token, scopes) => (await post('app-passwords', token, { name: 'my phone', scopes, password: PASSWORD })).body;

const plain = (user, password) => Buffer.from(`\0${user}\0${password}`).toString('base64');
async function smtpAuth(password, user = 'ann@hearth.test') {
  const client = await SmtpClient.hello(hearth.port.submission);
  const { code } = await client.say(`AUTH PLAIN ${plain(user, password)}`);
  client.socket.destroy();
  return code;
}

test('sessions are listed with device, network and use, and ended one by one or all others', async () => {
  const [one, two, three] = [await signIn('ann', 'Phone/1'), await signIn('ann', 'Laptop/2'), await signIn('ann', 'Old/3')];
  const other = await signIn('ben');
  const { sessions } = (await get('sessions', two)).body;
  assert.equal(sessions.length, 3);
  assert.deepEqual(sessions.map((s) => s.device), ['Old/3', 'Laptop/2', 'Phone/1']);
  assert.deepEqual(sessions.map((s) => s.current), [false, true, false]);
  for (const s of sessions) {
    assert.match(s.network, /127\.0\.0\.1/);
    assert.ok(Math.abs(s.created_at - Date.now()) < DAY && s.used_at >= s.created_at && s.expires_at > Date.now() + 29 * DAY);
  }
  assert.equal(await del(`sessions/${sessions[0].id}`, two), 204);
  assert.equal(await del(`sessions/${sessions[0].id}`, two), 404);
  await eventually(async () => await status(three) === 401);
  assert.equal(await del(`sessions/${(await get('sessions', other)).body.sessions[0].id}`, two), 404, 'nobody ends the session of another');
  assert.equal(await del('sessions', two), 204);
  await eventually(async () => await status(one) === 401);
  assert.equal(await status(two), 200);
  assert.equal(await status(other), 200);
});

test('an API token opens what its scopes say and no more', async () => {
  const session = await signIn();
  const made = await post('tokens', session, { name: 'backup', scopes: 'mail:read game', password: PASSWORD, expires_days: 30 });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { token, id } = made.body;
  const mail = (method, path, body) => hearth.api(method, `/api/mail/${path}`, body, as(token)).then((answer) => answer.status);
  assert.equal(await mail('GET', 'mailboxes'), 200);
  assert.equal(await mail('POST', 'messages/1/flags', { add: ['\\Seen'] }), 403);
  assert.equal(await status(token), 403);
  assert.equal((await hearth.api('GET', '/api/game/matches', undefined, as(token))).status, 200);
  assert.equal((await hearth.api('GET', '/api/video/streams', undefined, as(token))).status, 403);
  await (await Player.connect(hearth, token)).socket.close();
  const listed = (await get('tokens', session)).body.tokens;
  assert.deepEqual(listed.map((t) => [t.id, t.name, t.scopes]), [[id, 'backup', 'mail:read game']]);
  assert.ok(Math.abs(listed[0].expires_at - Date.now() - 30 * DAY) < DAY);
  assert.ok(!JSON.stringify(listed).includes(token), 'a token is told once');
  assert.equal(await del(`tokens/${id}`, session), 204);
  await eventually(async () => await mail('GET', 'mailboxes') === 401);
});

test('a token cannot make one that opens more than itself', async () => {
  const session = await signIn();
  const { token } = (await post('tokens', session, { name: 'narrow', scopes: 'account', password: PASSWORD })).body;
  const wider = await post('tokens', token, { name: 'wider', scopes: 'account mail', password: PASSWORD });
  assert.equal(wider.status, 400);
  assert.equal(wider.body.field, 'scopes');
  const app = (own, scopes) => post('app-passwords', own, { name: 'phone', scopes, password: PASSWORD });
  assert.equal((await app(token, 'imap')).status, 403);
  const mail = (await post('tokens', session, { name: 'mail', scopes: 'account mail video:read', password: PASSWORD })).body.token;
  assert.deepEqual((({ status: s, body }) => [s, body.field])(await app(mail, 'imap rtmp')), [400, 'scopes']);
  const { id } = (await app(mail, 'imap smtp')).body;
  assert.equal(await del(`app-passwords/${id}`, session), 204);
});

test('of two who change the password at once, the one whose session ended with it changes nothing', async () => {
  hearth.addUser('eve@hearth.test', PASSWORD);
  const [one, two] = [await signIn('eve'), await signIn('eve')];
  const change = (token, password) => post('me/password', token, { current: PASSWORD, password });
  const answers = await Promise.all([change(one, 'ship cable paper'), change(two, 'another long word')]);
  const right = answers.map((answer) => answer.status);
  assert.equal(right.filter((s) => s === 204).length, 1, `${right}`);
  const won = right.indexOf(204);
  assert.equal(await status([one, two][won]), 200);
  const login = (password) => hearth.api('POST', '/api/auth/login', { address: 'eve@hearth.test', password }).then((answer) => answer.status);
  assert.equal(await login(['ship cable paper', 'another long word'][won]), 200);
  assert.equal(await login(['ship cable paper', 'another long word'][1 - won]), 401);
});

test('an app password opens IMAP, SMTP or RTMP as chosen, and not the web', async () => {
  const session = await signIn();
  const imap = await appPassword(session, 'imap');
  const smtp = await appPassword(session, 'smtp');
  assert.match(imap.password, /^([a-z2-9]{4}-){4}[a-z2-9]{4}$/);
  const client = await ImapClient.login(hearth.port.imap, 'ann@hearth.test', imap.password);
  await client.ok('SELECT INBOX');
  await ImapClient.login(hearth.port.imap, 'ann@hearth.test', imap.password.replaceAll('-', '').toUpperCase());
  await assert.rejects(ImapClient.login(hearth.port.imap, 'ann@hearth.test', smtp.password));
  await assert.rejects(ImapClient.login(hearth.port.imap, 'ben@hearth.test', imap.password));
  assert.equal(await smtpAuth(smtp.password), 235);
  assert.equal(await smtpAuth(imap.password), 535);
  assert.equal(await smtpAuth(smtp.password, 'ben@hearth.test'), 535);
  assert.equal((await hearth.api('POST', '/api/auth/login', { address: 'ann@hearth.test', password: imap.password })).status, 401);
  assert.equal(await status(imap.password), 401);
  assert.equal(await smtpAuth(PASSWORD), 235, 'without a second factor the main password opens them too');
  const listed = (await get('app-passwords', session)).body.app_passwords;
  assert.deepEqual(listed.map((p) => p.scopes), ['smtp', 'imap']);
});

test('what is ended is refused on every connection within a second', async () => {
  const session = await signIn();
  const kept = await signIn();
  const imap = await appPassword(session, 'imap');
  const idle = await ImapClient.login(hearth.port.imap, 'ann@hearth.test', imap.password);
  const main = await ImapClient.login(hearth.port.imap, 'ann@hearth.test', `"${PASSWORD}"`);
  await idle.ok('SELECT INBOX');
  idle.send('x IDLE\r\n');
  await idle.response(/^\+/);
  const socket = await Player.connect(hearth, session);
  const keptSocket = await Player.connect(hearth, kept);
  await del(`app-passwords/${imap.id}`, kept);
  await eventually(() => idle.closed, 20, 'IMAP under IDLE is closed');
  await assert.rejects(ImapClient.login(hearth.port.imap, 'ann@hearth.test', imap.password));
  const { sessions } = (await get('sessions', session)).body;
  await del(`sessions/${sessions.find((s) => s.current).id}`, kept);
  await eventually(() => socket.gone === 1008, 20, 'the WebSocket is closed');
  assert.equal(keptSocket.gone, undefined);
  await main.ok('NOOP');
  hearth.command('user', 'disable', 'ann@hearth.test');
  await eventually(() => main.closed && keptSocket.gone === 1008, 20, 'everything is closed');
  assert.equal(await status(kept), 401);
  hearth.command('user', 'enable', 'ann@hearth.test');
});

// An upload whose body stops halfway; gives its answer's status.
function slowUpload(server, token) {
  const rq = request(`${server.base}/api/auth/preferences/attachments/slow`, {
    method: 'PUT', headers: { ...as(token), 'Content-Type': 'image/png', 'Content-Length': 1000 },
  });
  rq.on('error', () => {});
  rq.write('x'.repeat(100));
  return { end: () => rq.end('x'.repeat(900)), status: new Promise((done) => rq.on('response', (answer) => done(answer.statusCode))) };
}

test('what is under way ends with what opened it: a message, a literal, an upload', async () => {
  hearth.addUser('cyd@hearth.test', PASSWORD);
  const session = await signIn('cyd');
  const smtp = await SmtpClient.hello(hearth.port.submission);
  const between = await SmtpClient.hello(hearth.port.submission);
  for (const client of [smtp, between]) {
    assert.equal((await client.say(`AUTH PLAIN ${plain('cyd@hearth.test', PASSWORD)}`)).code, 235);
    assert.equal((await client.say('MAIL FROM:<cyd@hearth.test>')).code, 250);
    assert.equal((await client.say('RCPT TO:<ben@hearth.test>')).code, 250);
  }
  assert.equal((await smtp.say('DATA')).code, 354);
  smtp.send('Subject: half a message\r\n\r\nand no');
  const imap = await ImapClient.login(hearth.port.imap, 'cyd@hearth.test', `"${PASSWORD}"`);
  imap.send('x APPEND INBOX {1000}\r\n');
  await imap.response(/^\+/);
  imap.send('Subject: half a literal\r\n');
  const upload = slowUpload(hearth, session);
  await new Promise((done) => setTimeout(done, 200));
  assert.equal(hearth.command('user', 'disable', 'cyd@hearth.test').status, 0);
  assert.equal((await between.reply()).code, 421);
  assert.equal((await smtp.reply()).code, 421);
  smtp.send(' more\r\n.\r\n');
  imap.send('x'.repeat(1000));
  assert.equal(await upload.status, 401);
  upload.end();
  await eventually(() => smtp.closed && between.closed && imap.closed, 20, 'all are closed');
  hearth.command('user', 'enable', 'cyd@hearth.test');
  for (const who of ['ben', 'cyd']) {
    const reader = await ImapClient.login(hearth.port.imap, `${who}@hearth.test`, `"${PASSWORD}"`);
    assert.match((await reader.ok('STATUS INBOX (MESSAGES)')).lines.join(), /MESSAGES 0/);
    reader.close();
  }
});

test('one session too many ends the one unused the longest; one that expires ends what it has open', async () => {
  const server = await new Hearth({ 'auth.sessions_per_account': 4, 'auth.token_ttl': '6s' }).start();
  try {
    server.addUser('ann@hearth.test', PASSWORD);
    const ask = (token) => server.api('GET', '/api/auth/sessions', undefined, as(token));
    const tokens = [];
    for (let i = 0; i < 7; i++) tokens.push(await server.login('ann@hearth.test', PASSWORD));
    const last = tokens.at(-1);
    const socket = await Player.connect(server, last);
    const upload = slowUpload(server, last);
    assert.equal((await ask(last)).body.sessions.length, 4);
    await eventually(async () => (await ask(tokens[2])).status === 401, 20, 'the third is gone');
    assert.equal(socket.gone, undefined);
    await eventually(() => socket.gone === 1008, 20, 'the WebSocket is closed when its token expires');
    assert.equal(await upload.status, 401);
    assert.equal((await ask(last)).status, 401);
  } finally {
    await server.remove();
  }
});

const publish = (key) => {
  const child = spawn('ffmpeg', ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15', '-f', 'lavfi', '-i', 'sine=440',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '15', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-t', '60', '-f', 'flv', `rtmp://127.0.0.1:${hearth.port.rtmp}/live/${key}`], { stdio: 'ignore' });
  child.ended = new Promise((done) => child.on('exit', done));
  child.on('exit', () => { child.over = true; });
  return child;
};
const isLive = (name) => async () => (await hearth.api('GET', `/live/${name}/index.m3u8`)).status === 200;

test('an app password for RTMP is a stream key; when it ends, so does the publisher', async () => {
  const session = await signIn('ben');
  const { id, password } = await appPassword(session, 'rtmp');
  const child = publish(password);
  await eventually(isLive('ben'), 30, 'ben is live');
  await del(`app-passwords/${id}`, session);
  await eventually(() => child.over, 20, 'the publisher is sent away');
  const again = publish(password);
  assert.notEqual(await again.ended, 0);
});

test('a disabled account does not publish, with its own key either', async () => {
  const key = hearth.command('stream', 'key', 'ben@hearth.test').stdout.trim();
  const child = publish(key);
  await eventually(async () => /hearth_video_publishers 1/.test((await hearth.api('GET', '/metrics')).body), 20, 'ben publishes');
  hearth.command('user', 'disable', 'ben@hearth.test');
  await eventually(() => child.over, 20, 'the publisher is sent away');
  assert.notEqual(await publish(key).ended, 0);
  hearth.command('user', 'enable', 'ben@hearth.test');
});

test('sessions, tokens and app passwords outlive kill -9; ended ones stay ended', async () => {
  const session = await signIn();
  const ended = await signIn();
  const app = await appPassword(session, 'imap smtp');
  const { token } = (await post('tokens', session, { name: 'bot', scopes: 'account:read', password: PASSWORD })).body;
  assert.equal((await post('logout', ended)).status, 204);
  await hearth.kill();
  await hearth.start();
  assert.deepEqual([await status(session), await status(token), await status(ended)], [200, 200, 401]);
  await ImapClient.login(hearth.port.imap, 'ann@hearth.test', app.password);
});

test('the person reads what happened', async () => {
  const session = await signIn('ben', 'Reader/9');
  const { events } = (await get('events?limit=3', session)).body;
  assert.equal(events.length, 3);
  assert.equal(events[0].kind, 'session.opened');
  assert.equal(events[0].device, 'Reader/9');
  const older = (await get(`events?before=${events[2].id}`, session)).body.events;
  assert.ok(older.every((e) => e.id < events[2].id));
  assert.ok([...events, ...older].some((e) => e.kind === 'app_password.made'));
  for (const bad of ['limit=0', 'limit=x', 'limit=201']) assert.equal((await get(`events?${bad}`, session)).body.field, 'limit');
});

test('bad input is named', async () => {
  const session = await signIn('ben');
  for (const path of ['tokens', 'app-passwords']) {
    const good = { name: 'a name', scopes: path === 'tokens' ? 'mail' : 'imap', password: PASSWORD };
    const bad = {
      name: [undefined, null, 7, '', 'x'.repeat(201)],
      scopes: [undefined, null, [], '', 'nonsense', 'mаil', 'imap:read', `${good.scopes} nonsense`, path === 'tokens' ? 'rtmp' : 'mail', 'x'.repeat(300)],
      password: [undefined, null, 5, 'x'.repeat(257)],
      expires_days: [0, -1, 'soon', 1.5, 100000],
    };
    for (const [field, values] of Object.entries(bad))
      for (const value of values) {
        const answer = await post(path, session, { ...good, [field]: value });
        assert.equal(answer.status, 400, `${field}: ${JSON.stringify(value)}`);
        assert.equal(answer.body.field, field);
      }
    const wrong = await post(path, session, { ...good, password: 'wrong horse' });
    assert.deepEqual([wrong.status, wrong.body.field], [403, 'password']);
    assert.equal((await post(path, session, good)).status, 201);
  }
});
