// pebble.mjs: a certificate authority for tests (Debian's pebble), and the name server (tests/dns/serve.sh) that
// it and the server ask.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
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
