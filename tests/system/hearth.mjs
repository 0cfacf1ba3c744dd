// hearth.mjs: what the whole-system tests share: the real binary in a folder of its own, on free
// ports, started, killed and started again.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const BIN = resolve(process.env.HEARTH_BIN || 'build/hearth');
export const SANITIZED = /asan|tsan/.test(BIN); // memory that a sanitizer takes is not ours
export const LISTENERS = ['http', 'https', 'smtp', 'submission', 'submissions', 'imap', 'imaps', 'rtmp'];

export class Hearth {
  // settings: {'section.key': value}. Anybody may register, unless a test says otherwise. `host` is where it
  // runs (network.mjs), if not on this one.
  constructor(settings = {}, host = undefined) {
    this.host = host;
    this.address = host?.ip || '127.0.0.1';
    this.dir = mkdtempSync(join(tmpdir(), 'hearth-test-'));
    this.settings = { 'server.data': join(this.dir, 'data'), 'server.hostname': 'hearth.test', 'auth.registration': 'open', ...settings };
    this.port = {};
    this.log = '';
  }

  args() {
    return Object.entries(this.settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  }

  // Starts it and waits until it is ready. The first start takes free ports; later ones keep them, but for
  // one that somebody beside this test has been given meanwhile.
  async start() {
    for (let tries = 0; ; tries++) {
      const at = this.log.length;
      try {
        return await this.launch();
      } catch (error) {
        const taken = /cannot listen listener=(\w+) .*already in use/.exec(this.log.slice(at));
        if (!taken || !this.port[taken[1]] || tries === 4) throw error;
        delete this.port[taken[1]];
      }
    }
  }

  async launch() {
    const ports = LISTENERS.flatMap((name) => ['--set', `listen.${name}=${this.address}:${this.port[name] || 0}`]);
    const [program, ...args] = [...(this.host?.inside || []), BIN, 'serve', ...ports, ...this.args()];
    this.child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.asked = false;
    this.exited = new Promise((done) => this.child.on('close', (code, signal) => { // with all that it said
      // Nobody asked it to: what it said last is the only trace, so it goes into the test's log.
      if (!this.asked) console.error(`the server ended by itself: ${JSON.stringify({ code, signal })}\n${this.log.slice(-8000)}`);
      done({ code, signal });
    }));
    await new Promise((ready, fail) => {
      let text = '';
      this.child.stderr.on('data', (bytes) => {
        this.log += bytes;
        text += bytes;
        const lines = text.split('\n');
        text = lines.pop();
        for (const line of lines) {
          const listening = /listener=(\w+).* port=(\d+)/.exec(line);
          if (listening) this.port[listening[1]] = Number(listening[2]);
          if (line.includes('Hearth is ready')) ready();
        }
      });
      this.exited.then((end) => fail(new Error(`the server ended: ${JSON.stringify(end)}\n${this.log.slice(-4000)}`)));
    });
    return this;
  }

  async kill(signal = 'SIGKILL') {
    this.asked = true;
    this.child.kill(signal);
    return this.exited;
  }

  // A polite stop; throws when it was not clean (which is also how a sanitizer speaks up), or when
  // the server had ended before without being asked.
  async stop() {
    if (!this.child) return;
    const gone = this.child.exitCode !== null || this.child.signalCode !== null;
    if (gone && this.asked) return;
    const end = gone ? await this.exited : await this.kill('SIGTERM');
    if (end.code !== 0) throw new Error(`the server stopped with ${JSON.stringify(end)}\n${this.log.slice(-8000)}`);
  }

  async remove() {
    try {
      await this.stop();
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }

  // hearth COMMAND…, with the same settings; gives {status, stdout, stderr}.
  command(...args) {
    const input = typeof args.at(-1) === 'object' ? args.pop().input : undefined;
    const [program, ...rest] = [...(this.host?.inside || []), BIN, ...args, ...this.args()];
    return spawnSync(program, rest, { input, encoding: 'utf8' });
  }

  // A member, also as the first account, unless a flag says otherwise.
  addUser(address, password, ...flags) {
    if (!flags.some((flag) => ['--admin', '--moderator'].includes(flag))) flags.push('--no-admin');
    const done = this.command('user', 'add', address, '--password-stdin', ...flags, { input: `${password}\n` });
    if (done.status !== 0) throw new Error(`user add: ${done.stderr}${done.stdout}`);
  }

  get base() {
    return `http://${this.address}:${this.port.http}`;
  }

  // JSON over HTTP; gives {status, headers, body}.
  async api(method, path, body, headers = {}) {
    const answer = await fetch(this.base + path, {
      method,
      headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') || '');
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
  }

  async login(address, password) {
    const { status, body } = await this.api('POST', '/api/auth/login', { address, password });
    if (status !== 200) throw new Error(`log-in: ${status} ${JSON.stringify(body)}`);
    return body.token;
  }
}

// A port of loopback for a server of the test's own that begins later: below those that the system gives to
// whoever asks for any (from 32768 on), so that nobody has been given it when it does.
export async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 20000);
    const server = createServer();
    const free = await new Promise((done) => server.on('error', () => done(false)).listen(port, '127.0.0.1', () => done(true)));
    if (!free) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
}

// Asks again until fn gives something true; throws after `seconds`, which are many: it is not there to measure.
export async function eventually(fn, seconds = 20, what = 'condition') {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await fn();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// A request whose raw answer matters: {status, headers, body: Buffer}.
export function raw(url, options = {}) {
  return new Promise((done, fail) => {
    const rq = request(url, options, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    });
    rq.on('error', fail);
    rq.end(options.body);
  });
}
