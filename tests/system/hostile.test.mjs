// hostile.test.mjs: malformed, split, oversized and endless input on every port: a clear refusal,
// bounded memory, and other clients are served meanwhile.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { Hearth } from './hearth.mjs';

const PLAIN = ['http', 'smtp', 'submission', 'imap', 'rtmp'];
const TLS = ['https', 'submissions', 'imaps'];
const MB = 1024 * 1024;

let hearth;
before(async () => { hearth = await new Hearth().start(); });
after(() => hearth.remove());

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hearth.child.pid}/status`, 'utf8'))[1]) * 1024;

// Sends until the server closes, what it answered matches `until`, or `seconds` pass; gives what it answered and
// how much it took.
function pour(port, produce, { tls = false, seconds = 30, until = null } = {}) {
  return new Promise((done) => {
    const socket = tls ? tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1');
    const end = Date.now() + seconds * 1000;
    let answer = '';
    let closed = false;
    const write = () => {
      while (!closed && Date.now() < end) {
        const bytes = produce();
        if (bytes === null) return;
        if (!socket.write(bytes)) return void socket.once('drain', write);
      }
      if (!closed) socket.destroy();
    };
    const timer = setTimeout(() => socket.destroy(), seconds * 1000);
    socket.on(tls ? 'secureConnect' : 'connect', write);
    socket.on('data', (bytes) => {
      answer = (answer + bytes.toString('latin1')).slice(-20000);
      if (until?.test(answer)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      closed = true;
      clearTimeout(timer);
      done({ answer, sent: socket.bytesWritten, early: Date.now() < end - 100 });
    });
  });
}

const once = (...parts) => { const list = [...parts]; return () => (list.length ? list.shift() : null); };

async function served() {
  const answer = await fetch(`${hearth.base}/healthz`);
  assert.equal(answer.status, 200);
}

for (const name of PLAIN) {
  test(`${name}: endless bytes without a line end are refused, in bounded memory`, async () => {
    const before = rss();
    const chunk = Buffer.alloc(65536, 'A');
    const result = await pour(hearth.port[name], () => chunk);
    assert.ok(result.early, 'the server closes');
    assert.ok(result.sent < 16 * MB, `${result.sent} bytes were taken`);
    assert.ok(rss() - before < 16 * MB);
    await served();
  });

  test(`${name}: endless random bytes`, async () => {
    const chunk = Buffer.from(Array.from({ length: 65536 }, () => Math.floor(Math.random() * 256)));
    const result = await pour(hearth.port[name], () => chunk);
    assert.ok(result.early);
    await served();
  });

  test(`${name}: a hundred clients that say nothing cost nobody else anything`, async () => {
    const idle = Array.from({ length: 100 }, () => connect(hearth.port[name], '127.0.0.1').on('error', () => {}));
    await new Promise((done) => setTimeout(done, 200));
    await served();
    for (const socket of idle) socket.destroy();
  });
}

for (const name of TLS) {
  test(`${name}: garbage instead of a handshake, and endless lines behind it`, async () => {
    assert.ok((await pour(hearth.port[name], once(Buffer.alloc(1000, 'x')))).early);
    const chunk = Buffer.alloc(65536, 'A');
    assert.ok((await pour(hearth.port[name], () => chunk, { tls: true })).early);
    await served();
  });
}

test('http: what must be refused is refused in its own words', async () => {
  const ask = async (...lines) => (await pour(hearth.port.http, once(`${lines.join('\r\n')}\r\n\r\n`), { until: /\r\n\r\n/ })).answer;
  const host = 'Host: hearth.test';
  assert.match(await ask('GET / HTTP/1.1'), /^HTTP\/1\.1 400/);
  assert.match(await ask('GET / HTTP/1.1', host, host), /^HTTP\/1\.1 400/);
  assert.match(await ask('GET /nothing/here HTTP/1.1', host), /^HTTP\/1\.1 404/);
  assert.match(await ask('DELETE / HTTP/1.1', host), /^HTTP\/1\.1 405[\s\S]*Allow: .*GET/);
  assert.match(await ask('GET / HTTP/1.1', host, 'X: a\r\n folded'), /^HTTP\/1\.1 400/);
  assert.match(await ask('GET / HTTP/1.1', host, 'Content-Length: 5', 'Transfer-Encoding: chunked'), /^HTTP\/1\.1 400/);
  assert.match(await ask('POST /api/auth/login HTTP/1.1', host, 'Content-Type: application/json', 'Content-Length: 999999999'), /^HTTP\/1\.1 413/);
  assert.match(await ask('GET / HTTP/1.1', host, ...Array.from({ length: 2000 }, (_, i) => `X-${i}: y`)), /^HTTP\/1\.1 431/);
  assert.match(await ask(`GET /${'a'.repeat(70000)} HTTP/1.1`, host), /^HTTP\/1\.1 (400|414|431)/);
  assert.match(await ask('GET /%zz HTTP/1.1', host), /^HTTP\/1\.1 400/);
  assert.match(await ask('GET /../../etc/passwd HTTP/1.1', host), /^HTTP\/1\.1 40[04]/);
});

test('http: a request split at every byte is one request', async () => {
  const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const answers = await Promise.all([...request].map((_, i) =>
    new Promise((done) => {
      const socket = connect(hearth.port.http, '127.0.0.1');
      let answer = '';
      socket.setNoDelay();
      socket.write(request.slice(0, i));
      setTimeout(() => socket.write(request.slice(i)), 20);
      socket.on('data', (bytes) => { answer += bytes; });
      socket.on('error', () => {});
      socket.on('close', () => done(answer));
    })));
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 200/);
});

test('smtp: a client that never ends its message, or hides one in another', async () => {
  const intro = 'EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<u@hearth.test>\r\n';
  hearth.addUser('u@hearth.test', 'correct horse');
  const before = rss();
  const line = Buffer.from(`${'x'.repeat(70)}\r\n`.repeat(900));
  let first = true;
  const endless = await pour(hearth.port.smtp, () => { if (first) { first = false; return `${intro}DATA\r\n`; } return line; }, { seconds: 5 });
  assert.ok(rss() - before < 96 * MB, `${(rss() - before) / MB} MB more after ${endless.sent / MB} MB`);
  const hidden = await pour(hearth.port.smtp, once(`${intro}DATA\r\nSubject: one\r\n\r\nx\n.\nMAIL FROM:<evil@b.test>\r\n.\r\nQUIT\r\n`));
  assert.equal((hidden.answer.match(/^250 2\.0\.0/gm) || []).length, 1, hidden.answer);
  const many = await pour(hearth.port.smtp, once('NONSENSE\r\n'.repeat(100)));
  assert.match(many.answer, /421/);
  const http = await pour(hearth.port.smtp, once('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  assert.ok(http.early);
  await served();
});

test('imap: literals before log-in are bounded', async () => {
  const before = rss();
  const big = await pour(hearth.port.imap, once('a LOGIN {999999999}\r\n'), { until: /BAD|NO|BYE/ });
  assert.match(big.answer, /BAD|NO|BYE/);
  const chunk = Buffer.alloc(65536, 'A');
  let first = true;
  const flood = await pour(hearth.port.imap, () => { if (first) { first = false; return 'a LOGIN {999999999+}\r\n'; } return chunk; });
  assert.ok(flood.early, 'the server closes');
  const nested = await pour(hearth.port.imap, once(`a SEARCH ${'('.repeat(10000)}\r\n`, 'b NOOP\r\n'), { until: /BAD/ });
  assert.match(nested.answer, /BAD/);
  const many = Array.from({ length: 2000 }, () => 'a LOGIN {1+}\r\nx {1+}\r\n').join('');
  await pour(hearth.port.imap, once(many), { seconds: 3 });
  assert.ok(rss() - before < 32 * MB);
  await served();
});

test('rtmp: no handshake, half a handshake, a huge message before the key', async () => {
  const c0c1 = Buffer.concat([Buffer.from([3]), Buffer.alloc(1536)]);
  assert.ok((await pour(hearth.port.rtmp, once(Buffer.from([9]), Buffer.alloc(2000)), { seconds: 3 })).early);
  const header = Buffer.from([3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0]); // a command of 16 MiB
  const huge = await pour(hearth.port.rtmp, once(c0c1, Buffer.alloc(1536), header, Buffer.alloc(MB)), { seconds: 5 });
  assert.ok(huge.early, 'the server closes');
  await served();
});

test('how many connections one address may have is a setting of each listener', async () => {
  const words = { http: /^HTTP\/1\.1 503 /, smtp: /^421 4\.7\.0 too many/, submission: /^421 4\.7\.0 too many/, imap: /^\* BYE too many/, rtmp: /^$/ };
  const settings = Object.fromEntries([...PLAIN, ...TLS].map((name, i) => [`connections.${name}_${i % 2 ? 'total' : 'per_address'}`, 2]));
  const small = await new Hearth({ ...settings, 'connections.loopback_times': 1 }).start();
  // The answer to one more connection: what was said until it was closed; null when it was not.
  const knock = (port, seconds = 1) => new Promise((done) => {
    let said = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (bytes) => { said += bytes.toString('latin1'); });
    socket.on('error', () => {});
    const timer = setTimeout(() => done(null), seconds * 1000);
    socket.on('close', () => (clearTimeout(timer), done(said)));
  });
  try {
    await Promise.all([...PLAIN, ...TLS].map(async (name) => {
      assert.deepEqual(await Promise.all([knock(small.port[name]), knock(small.port[name])]), [null, null], name);
      assert.match(String(await knock(small.port[name], 30)), words[name] || /^$/, name);
    }));
  } finally {
    await small.remove();
  }
});
