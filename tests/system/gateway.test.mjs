// gateway.test.mjs: WebSockets from outside, with node's `ws`: who may connect, what frames do, what
// ends a connection, and what a connection costs.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';
import { eventually, Hearth, raw, SANITIZED } from './hearth.mjs';

const PASSWORD = 'correct horse';
const IDLE = 1000;
const WEIGHT = SANITIZED ? 10 : 1; // a sanitizer's memory is not ours
const HANDSHAKE = {
  Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
};

let hearth, token;
const sockets = new Set(); // of this test, so that one that fails leaves none to the next
before(async () => {
  hearth = await new Hearth({ 'gateway.ping': '2500ms', 'gateway.connections_per_account': 8, 'server.drain': '2m' }).start();
  hearth.addUser('ann@hearth.test', PASSWORD);
  token = await hearth.login('ann@hearth.test', PASSWORD);
});
afterEach(() => {
  for (const ws of sockets) ws.terminate();
  sockets.clear();
});
after(() => hearth.remove());

const bearer = (t = token) => ({ Authorization: `Bearer ${t}` });
const url = (h = hearth) => `ws://127.0.0.1:${h.port.http}/ws`;
const memory = (h) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${h.child.pid}/status`, 'utf8'))[1]) * 1024;
const metric = async (h, name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec((await h.api('GET', '/metrics')).body)?.[1]);

// A socket with its frames in a queue: next() waits for one, closed for {code, reason}.
function connect(options = {}, address = url()) {
  return new Promise((done, fail) => {
    const ws = new WebSocket(address, { headers: bearer(), ...options });
    const frames = [], waiting = [];
    ws.on('message', (bytes, binary) => {
      const frame = binary ? bytes : JSON.parse(bytes);
      if (waiting.length) waiting.shift()(frame);
      else frames.push(frame);
    });
    ws.next = () => new Promise((taken) => (frames.length ? taken(frames.shift()) : waiting.push(taken)));
    ws.closed = new Promise((end) => ws.on('close', (code, reason) => end({ code, reason: String(reason) })));
    ws.on('error', fail);
    ws.on('open', () => {
      sockets.add(ws);
      done(ws);
    });
    ws.on('unexpected-response', (rq, answer) => {
      rq.destroy();
      done(answer);
    });
  });
}

async function refused(headers, status) {
  const answer = await connect({ headers });
  assert.equal(answer.statusCode, status);
  return answer;
}

async function end(ws) {
  ws.close(1000);
  assert.equal((await ws.closed).code, 1000);
}

test('a token opens it, and the welcome says who it is', async () => {
  const ws = await connect();
  const welcome = await ws.next();
  assert.equal(welcome.type, 'welcome');
  assert.equal(welcome.address, 'ann@hearth.test');
  assert.equal(typeof welcome.account, 'number');
  assert.equal(await metric(hearth, 'hearth_gateway_connections'), 1);
  await end(ws);
  await eventually(async () => (await metric(hearth, 'hearth_gateway_connections')) === 0);
});

test('over TLS too', async () => {
  const ws = await connect({ rejectUnauthorized: false }, `wss://127.0.0.1:${hearth.port.https}/ws`);
  assert.equal((await ws.next()).type, 'welcome');
  await end(ws);
});

test('without a token, or with a wrong one: 401', async () => {
  await refused({}, 401);
  await refused(bearer('wrong'), 401);
  await refused({ Cookie: 'hearth_session=wrong', Origin: hearth.base }, 401);
});

test('the cookie is believed only from our own pages', async () => {
  const cookie = { Cookie: `hearth_session=${token}` };
  await refused(cookie, 403);
  await refused({ ...cookie, Origin: 'https://evil.example' }, 403);
  await refused({ ...cookie, Origin: 'null' }, 403);
  await refused({ ...cookie, Origin: hearth.base, 'Sec-Fetch-Site': 'cross-site' }, 403);
  await end(await connect({ headers: { ...cookie, Origin: hearth.base } }));
  await end(await connect({ headers: { ...cookie, 'Sec-Fetch-Site': 'same-origin' } }));
  await end(await connect({ headers: { ...bearer(), Origin: 'https://evil.example' } }));
});

test('what is no handshake is refused with the reason', async () => {
  const ask = (headers) => raw(`${hearth.base}/ws`, { headers: { ...bearer(), ...headers } });
  for (const headers of [{}, { ...HANDSHAKE, 'Sec-WebSocket-Version': '8' }]) {
    const answer = await ask(headers);
    assert.equal(answer.status, 426);
    assert.equal(answer.headers['sec-websocket-version'], '13');
    assert.equal(answer.headers.upgrade, 'websocket');
  }
  assert.equal((await ask({ ...HANDSHAKE, 'Sec-WebSocket-Key': 'short' })).status, 400);
});

test('frames that are no frames get an error and change nothing else', async () => {
  const ws = await connect();
  await ws.next();
  const code = async (text) => {
    ws.send(text);
    const frame = await ws.next();
    assert.equal(frame.type, 'error');
    assert.ok(frame.text.length > 3);
    return frame.code;
  };
  assert.equal(await code('{"to":'), 'bad-json');
  assert.equal(await code(''), 'bad-json');
  assert.equal(await code('[1]'), 'bad-frame');
  assert.equal(await code('{"to":7}'), 'bad-frame');
  assert.equal(await code('{"to":"nobody"}'), 'no-service');
  assert.equal(await code('{"to":"game\\u0000"}'), 'bad-frame');
  await end(ws);
});

test('fragments are one message, with pings in between', async () => {
  const ws = await connect({ perMessageDeflate: false });
  await ws.next();
  ws.send('{"to":', { fin: false });
  ws.ping('between');
  ws.send('"nobo', { fin: false });
  ws.send('dy"}', { fin: true });
  assert.equal(String((await new Promise((done) => ws.once('pong', done)))), 'between');
  assert.equal((await ws.next()).code, 'no-service');
  await end(ws);
});

test('both sides ping', async () => {
  const ws = await connect();
  const pings = [];
  ws.on('ping', (bytes) => pings.push(bytes.toString('hex')));
  const pong = new Promise((done) => ws.once('pong', done));
  ws.ping('me');
  assert.equal(String(await pong), 'me');
  await eventually(() => pings.length >= 3);
  assert.equal(new Set(pings).size, pings.length);
  assert.ok(pings.every((ping) => ping.length === 16));
  await end(ws);
});

test('who answers no ping is gone', async () => {
  const ws = await connect({ autoPong: false });
  assert.equal((await ws.closed).code, 1006);
});

test('binary closes with 1003, a large message with 1009, bad text with 1007, bad framing with 1002', async () => {
  // (A process that is held up for longer than the server lingers hears of no reason: then once more.)
  const closes = async (act) => {
    for (let tries = 1; ; tries++) {
      const ws = await connect();
      await ws.next();
      act(ws);
      const { code } = await ws.closed;
      if (code !== 1006 || tries === 3) return code;
    }
  };
  assert.equal(await closes((ws) => ws.send(Buffer.from('bytes'))), 1003);
  assert.equal(await closes((ws) => ws.send('x'.repeat(1 << 20))), 1009);
  assert.equal(await closes((ws) => ws.send(randomBytes(1 << 20).toString('hex'))), 1009);
  assert.equal(await closes((ws) => ws.send(Buffer.from([0xc0, 0x80]), { binary: false })), 1007);
  assert.equal(await closes((ws) => ws._socket.write(Buffer.from([0x81, 0x01, 0x78]))), 1002);
});

test('close codes are given back', async () => {
  for (const code of [1000, 1001, 3000, 4999]) {
    const ws = await connect();
    ws.close(code, 'bye');
    assert.equal((await ws.closed).code, code);
  }
  const ws = await connect();
  ws.close();
  assert.equal((await ws.closed).code, 1005);
});

test('with compression and without', async () => {
  const name = 'x'.repeat(600);
  for (const [perMessageDeflate, extension] of [
    [false, ''],
    [true, 'permessage-deflate'],
    [{ serverMaxWindowBits: 10, threshold: 0 }, 'permessage-deflate'],
    [{ clientNoContextTakeover: true, serverNoContextTakeover: true, threshold: 0 }, 'permessage-deflate'],
  ]) {
    const ws = await connect({ perMessageDeflate });
    await ws.next();
    assert.equal(ws.extensions, extension);
    for (let i = 0; i < 3; i++) {
      ws.send(JSON.stringify({ to: name, i }));
      assert.equal((await ws.next()).code, 'no-service');
    }
    await end(ws);
  }
});

test('an account may have so many connections and no more', async () => {
  const some = [];
  for (let i = 0; i < 8; i++) some.push(await connect());
  await refused(bearer(), 429);
  await end(some.pop());
  some.push(await eventually(async () => {
    const ws = await connect();
    return ws instanceof WebSocket && ws;
  }));
  for (const ws of some) await end(ws);
});

test('who does not read is slowed down, then cut off, and costs little', async () => {
  const ws = await connect({ perMessageDeflate: false });
  await ws.next();
  const before = memory(hearth);
  let most = 0;
  ws.pause();
  const flood = setInterval(() => {
    for (let i = 0; i < 2000 && ws._socket.writableLength < 1 << 20; i++) ws.send('{"to":"nobody"}');
    most = Math.max(most, memory(hearth) - before);
  }, 5);
  ws._socket.on('error', () => {});
  await eventually(async () => (await metric(hearth, 'hearth_gateway_connections')) === 0, 30, 'cut off');
  clearInterval(flood);
  ws.terminate();
  assert.ok(most < WEIGHT * (8 << 20), `${most >> 10} KB`);
});

test('a session that was ended ends its socket, and no other', async () => {
  hearth.addUser('bob@hearth.test', PASSWORD);
  const bob = await connect({ headers: bearer(await hearth.login('bob@hearth.test', PASSWORD)) });
  const other = await connect({ headers: bearer(await hearth.login('ann@hearth.test', PASSWORD)) });
  await bob.next();
  await other.next();
  const done = hearth.command('user', 'passwd', 'bob@hearth.test', '--password-stdin', { input: 'another horse\n' });
  assert.equal(done.status, 0, done.stderr);
  const { code, reason } = await Promise.race([bob.closed, new Promise((late) => setTimeout(late, 30_000, {}).unref())]);
  assert.equal(code, 1008);
  assert.match(reason, /session/);
  assert.equal(other.readyState, WebSocket.OPEN);
  other.send('{"to":"nobody"}');
  assert.equal((await other.next()).code, 'no-service');
  await end(other);
});

test('log-out over HTTP ends the socket of that token alone', async () => {
  const mine = await hearth.login('ann@hearth.test', PASSWORD);
  const [ws, other] = [await connect({ headers: bearer(mine) }), await connect()];
  assert.equal((await hearth.api('POST', '/api/auth/logout', undefined, bearer(mine))).status, 204);
  assert.equal((await ws.closed).code, 1008);
  assert.equal(other.readyState, WebSocket.OPEN);
  await end(other);
});

test('an idle connection costs a few KB', async () => {
  const many = await new Hearth({ 'gateway.connections_per_account': IDLE + 10 }).start();
  try {
    many.addUser('ann@hearth.test', PASSWORD);
    const headers = bearer(await many.login('ann@hearth.test', PASSWORD));
    const open = async (n) => {
      for (let i = 0; i < n; i += 50) {
        const some = await Promise.all(Array.from({ length: 50 }, () => connect({ headers }, url(many))));
        for (const ws of some) await ws.next();
      }
    };
    await open(100);
    const before = memory(many);
    await open(IDLE - 100);
    const each = (memory(many) - before) / (IDLE - 100);
    assert.ok(each < WEIGHT * 4096, `${Math.round(each)} bytes`);
    await many.stop();
  } finally {
    await many.remove();
  }
});

test('a stop closes every socket with 1012', async () => {
  const open = [await connect(), await connect({ perMessageDeflate: false })];
  const begun = Date.now();
  await hearth.stop();
  for (const ws of open) assert.equal((await ws.closed).code, 1012);
  assert.ok(Date.now() - begun < 60_000, 'it waited for the end of [server] drain');
});
