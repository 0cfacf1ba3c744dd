// pebble.mjs: a certificate authority for tests (Debian's pebble), and the name server (tests/dns/serve.sh) that
// it and the server ask.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort } from './hearth.mjs';

// A GET over TLS; {status, headers, body}. `ca` is PEM, or undefined: whoever answers is believed.
export function getTls(port, path, { ca, host = 'localhost', method = 'GET', body, headers = {}, agent } = {}) {
  return new Promise((done, fail) => {
    const rq = request({ host: '127.0.0.1', port, path, method, agent, servername: host, headers: { Host: host, ...headers }, ca, rejectUnauthorized: ca !== undefined }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString() }));
    });
    rq.on('error', fail);
    rq.end(body);
  });
}

// Stands before an authority that cannot say when it wants a certificate renewed (RFC 9773), and says it: `windows` is
// what is answered to each question, [start, end] in ms from now, or a status; the last one again and again.
// It can also refuse that anything is replaced, hand out another's certificate, or answer what begins with the path
// `away` with the status `says`.
export class Front {
  async start(pebble, windows) {
    Object.assign(this, { windows, asked: [], replaced: [], refuses: false, spoils: false, away: null, says: 503 });
    const ca = readFileSync(pebble.cert);
    this.server = createServer({ key: readFileSync(join(pebble.dir, 'key.pem')), cert: ca }, async (rq, answer) => {
      const parts = [];
      for await (const part of rq) parts.push(part);
      const body = Buffer.concat(parts);
      if (rq.url.startsWith('/renewal/')) return this.tell(rq, answer);
      if (this.away && rq.url.startsWith(this.away)) return answer.writeHead(this.says, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'urn:ietf:params:acme:error:serverInternal', detail: 'away for now' }));
      if (rq.url === '/order-plz') {
        const { replaces } = JSON.parse(Buffer.from(JSON.parse(body).payload, 'base64url'));
        this.replaced.push(replaces);
        if (this.refuses && replaces) return answer.writeHead(409, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'urn:ietf:params:acme:error:alreadyReplaced', detail: 'once only' }));
      }
      // With the name it was asked by, so that all its URLs lead here again.
      const got = await getTls(pebble.port, rq.url, { ca, method: rq.method, body, headers: { ...rq.headers, host: `localhost:${this.port}` } });
      delete got.headers['content-length'];
      if (this.spoils && rq.url.startsWith('/certZ/')) got.body = ca; // somebody else's
      answer.writeHead(got.status, got.headers).end(rq.url === '/dir' ? JSON.stringify({ ...JSON.parse(got.body), renewalInfo: `https://localhost:${this.port}/renewal` }) : got.body);
    });
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }

  get directory() {
    return `https://localhost:${this.port}/dir`;
  }

  tell(rq, answer) {
    const window = this.windows.length > 1 ? this.windows.shift() : this.windows[0];
    this.asked.push(rq.url.slice('/renewal/'.length));
    if (typeof window === 'number') return answer.writeHead(window).end();
    const [start, end] = window.map((ms) => new Date(Date.now() + ms).toISOString());
    return answer.writeHead(200, { 'Content-Type': 'application/json', 'Retry-After': '21600' }).end(JSON.stringify({ suggestedWindow: { start, end }, explanationURL: 'https://ca.test/why' }));
  }

  stop() {
    this.server.closeAllConnections?.();
    this.server.close();
  }
}

export class Pebble {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'hearth-pebble-'));
    this.cert = join(this.dir, 'cert.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '9', '-keyout', join(this.dir, 'key.pem'), '-out', this.cert,
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' });
  }

  get directory() {
    return `https://localhost:${this.port}/dir`;
  }

  // The name server, whose zone test. has these lines as well, and ports for the authority.
  async prepare(records) {
    [this.port, this.management, this.dns] = await Promise.all([freePort(), freePort(), freePort()]);
    this.anchor = join(this.dir, 'anchor');
    writeFileSync(join(this.dir, 'zone-add'), records);
    this.server = spawn('tests/dns/serve.sh', [this.dir, String(this.dns)], { stdio: 'ignore' });
    await eventually(() => new Promise((done) => {
      const socket = connect(this.dns, '127.0.0.1', () => done(!!socket.destroy())).on('error', () => done(false));
    }), 60, 'the name server');
  }

  // The authority, which looks at these ports in place of 80 and 443. It has forgotten all that was before.
  async start(httpPort, tlsPort, env = {}, settings = {}) {
    const config = join(this.dir, 'config.json');

    writeFileSync(config, JSON.stringify({ pebble: { listenAddress: `127.0.0.1:${this.port}`, managementListenAddress: `127.0.0.1:${this.management}`, certificate: this.cert, privateKey: join(this.dir, 'key.pem'), httpPort, tlsPort, ocspResponderURL: '', ...settings } }));
    this.log = '';
    const ca = (this.ca = spawn('pebble', ['-config', config, '-dnsserver', `127.0.0.1:${this.dns}`], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', ...env } }));
    this.gone = new Promise((done) => ca.on('close', done));
    for (const stream of [this.ca.stdout, this.ca.stderr]) stream.on('data', (bytes) => { this.log += bytes; });
    this.root = (await eventually(() => getTls(this.management, '/roots/0', { ca: readFileSync(this.cert) }).catch(() => null), 20, 'pebble').catch((error) => { throw new Error(`${error.message}\n${this.log}`); })).body;
  }

  async stop() {
    if (!this.ca) return;
    this.ca.kill();
    await this.gone; // also if it had ended by itself
    this.ca = null;
  }

  async remove() {
    await this.stop();
    this.server?.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
