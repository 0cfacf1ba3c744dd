// mail-sink.mjs: a mail server for tests that takes what comes and remembers it: {from, to, text, tls, sni};
// and certificates for it, made by openssl.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';

function openssl(...args) {
  const done = spawnSync('openssl', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl ${args[0]}: ${done.stderr}`);
  return done.stdout;
}

const at = (dir, name) => ({ key: join(dir, `${name}.key`), cert: join(dir, `${name}.pem`) });

// An authority of the test's own; its certificate is DIR/NAME.pem.
export function makeAuthority(dir, name) {
  const { key, cert } = at(dir, name);
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert,
    '-days', '30', '-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
  return cert;
}

// A certificate for these names (also "*.x"), signed by the authority; with `expired` one of last century.
export function makeCertificate(dir, name, authority, names, { expired = false } = {}) {
  const { key, cert } = at(dir, name), ca = at(dir, authority), ext = join(dir, `${name}.ext`), csr = join(dir, `${name}.csr`);
  writeFileSync(ext, `subjectAltName=${names.map((n) => `DNS:${n}`).join(',')}\n`);
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', csr, '-subj', '/CN=x');
  openssl('x509', '-req', '-in', csr, '-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-out', cert, '-extfile', ext,
    '-days', expired ? '-1' : '30');
  return { key: readFileSync(key), cert: Buffer.concat([readFileSync(cert), readFileSync(ca.cert)]) };
}

// The data of a TLSA record of a certificate: of its key with selector 1, else of all of it.
export function tlsaData(dir, name, selector = 1) {
  const { cert } = at(dir, name);
  const out = join(dir, `${name}.der`);
  if (selector) {
    writeFileSync(join(dir, `${name}.pub`), openssl('x509', '-in', cert, '-pubkey', '-noout'));
    openssl('pkey', '-pubin', '-in', join(dir, `${name}.pub`), '-outform', 'DER', '-out', out);
  } else openssl('x509', '-in', cert, '-outform', 'DER', '-out', out);
  return openssl('dgst', '-sha256', '-r', out).split(' ')[0];
}

export class Sink {
  // secure: a certificate (makeCertificate), or null: no STARTTLS. offers: more lines of EHLO.
  constructor({ secure = null, offers = [] } = {}) {
    this.context = secure && createSecureContext(secure);
    this.offers = offers;
    this.mails = [];
    this.hellos = 0;
    this.server = createServer((socket) => this.serve(socket));
  }

  async listen(address, port) {
    await new Promise((done, fail) => this.server.once('error', fail).listen(port, address, done));
    return this;
  }

  close() {
    this.server.close();
  }

  serve(socket) {
    let stream = socket, rest = '', mail = null, from = '', to = [];
    const say = (line) => stream.write(`${line}\r\n`);
    const command = (line) => {
      switch (line.slice(0, 4).toUpperCase()) {
        case 'EHLO': {
          this.hellos++;
          const offers = ['x', 'PIPELINING', '8BITMIME', 'SMTPUTF8', ...this.offers, ...(this.context && stream === socket ? ['STARTTLS'] : [])];
          return offers.forEach((word, i) => say(`250${i < offers.length - 1 ? '-' : ' '}${word}`));
        }
        case 'STAR':
          socket.removeAllListeners('data');
          socket.write('220 go\r\n');
          stream = new TLSSocket(socket, { isServer: true, secureContext: this.context, SNICallback: (name, done) => { this.sni = name; done(null, this.context); } });
          stream.on('data', take);
          stream.on('error', () => {});
          return undefined;
        case 'MAIL': from = line.slice(10); to = []; return say('250 ok');
        case 'RCPT':
          if (this.refuses?.(line.slice(8))) return say('550 5.1.1 nobody is there');
          to.push(line.slice(8));
          return say('250 ok');
        case 'DATA':
          if (!to.length) return say('554 5.5.1 for nobody');
          mail = '';
          return say('354 go');
        case 'QUIT': say('221 bye'); return stream.end();
        default: return say('250 ok');
      }
    };
    const take = (bytes) => {
      rest += bytes.toString('latin1');
      for (let end; (end = rest.indexOf('\r\n')) >= 0;) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (mail === null) command(line);
        else if (line === '.') {
          this.mails.push({ from, to, text: mail, tls: stream !== socket, sni: stream !== socket ? this.sni : undefined });
          mail = null;
          say('250 2.0.0 taken');
        } else mail += `${line.replace(/^\./, '')}\r\n`;
      }
    };
    socket.on('error', () => {});
    socket.on('data', take);
    say('220 x');
  }
}
