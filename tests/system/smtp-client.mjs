// smtp-client.mjs: a small SMTP client on a raw socket, for tests: it sends what it is told, byte for
// byte. A reply is {code, lines}.
import net from 'node:net';
import tls from 'node:tls';

export class SmtpClient {
  constructor(socket) {
    this.input = '';
    this.replies = [];
    this.waiting = [];
    this.lines = [];
    this.take(socket);
  }

  static async connect(port, { secure = false, host = '127.0.0.1', localAddress } = {}) {
    const socket = secure ? tls.connect({ port, host, localAddress, rejectUnauthorized: false }) : net.connect({ port, host, localAddress });
    await new Promise((done, fail) => socket.once(secure ? 'secureConnect' : 'connect', done).once('error', fail));
    const client = new SmtpClient(socket);
    client.greeting = await client.reply();
    return client;
  }

  // Connects and says EHLO.
  static async hello(port, options) {
    const client = await SmtpClient.connect(port, options);
    client.ehlo = await client.say('EHLO client.test');
    return client;
  }

  take(socket) {
    this.socket = socket;
    this.closed = false;
    socket.on('data', (bytes) => this.received(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.closed = true;
      for (const w of this.waiting.splice(0)) w.fail(new Error('the connection was closed'));
    });
  }

  received(bytes) {
    this.input += bytes.toString('latin1');
    for (let end; (end = this.input.indexOf('\r\n')) >= 0;) {
      const line = this.input.slice(0, end);
      this.input = this.input.slice(end + 2);
      this.lines.push(line.slice(4));
      if (line[3] === '-') continue;
      const reply = { code: Number(line.slice(0, 3)), lines: this.lines };
      this.lines = [];
      if (this.waiting.length) this.waiting.shift().done(reply);
      else this.replies.push(reply);
    }
  }

  // The next reply.
  reply(seconds = 60) {
    if (this.replies.length) return Promise.resolve(this.replies.shift());
    if (this.closed) return Promise.reject(new Error('the connection was closed'));
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error('no reply came')), seconds * 1000);
      this.waiting.push({ done: (r) => (clearTimeout(timer), done(r)), fail: (e) => (clearTimeout(timer), fail(e)) });
    });
  }

  send(text) {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  say(line) {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  async expect(code, line) {
    const reply = await this.say(line);
    if (reply.code !== code) throw new Error(`${line}: ${reply.code} ${reply.lines.join(' / ')}, not ${code}`);
    return reply;
  }

  // A whole transaction; the message is dot-stuffed here. Gives the last reply.
  async mail(from, to, message, parameters = '') {
    await this.expect(250, `MAIL FROM:<${from}>${parameters}`);
    for (const one of [to].flat()) await this.expect(250, `RCPT TO:<${one}>`);
    await this.expect(354, 'DATA');
    const text = Buffer.isBuffer(message) ? message.toString('latin1') : message;
    this.send(text.replace(/^\./gm, '..'));
    return this.say(text.endsWith('\r\n') ? '.' : '\r\n.');
  }

  async startTls() {
    await this.expect(220, 'STARTTLS');
    const clear = this.socket;
    clear.removeAllListeners('data');
    const socket = tls.connect({ socket: clear, rejectUnauthorized: false });
    this.take(socket);
    await new Promise((done, fail) => socket.once('secureConnect', done).once('error', fail));
  }

  async end(seconds = 30) {
    if (this.closed) return;
    await new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error('the server did not close')), seconds * 1000);
      this.socket.once('close', () => (clearTimeout(timer), done()));
    });
  }

  close() {
    this.socket.destroy();
  }
}

// Delivers one message by SMTP, as a mail server would.
export async function deliver(port, to, message, from = 'bob@example.org', options = {}) {
  const client = await SmtpClient.hello(port, options);
  const reply = await client.mail(from, to, message);
  client.close();
  if (reply.code !== 250) throw new Error(`delivery: ${reply.code} ${reply.lines}`);
}
