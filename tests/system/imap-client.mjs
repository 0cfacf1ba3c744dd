// imap-client.mjs: a small IMAP client on a raw socket, for tests: it sends what it is told, byte for
// byte, and gives back whole responses. Text is latin1 throughout, so that a byte is a character.
import net from 'node:net';
import tls from 'node:tls';

export class ImapClient {
  constructor(socket) {
    this.input = Buffer.alloc(0);
    this.parts = []; // come in since, while a literal is not all there
    this.missing = 0;
    this.responses = []; // not asked for yet
    this.waiting = []; // {match, done, fail}
    this.tags = 0;
    this.take(socket);
  }

  // Connects and reads the greeting.
  static async connect(port, { secure = false, host = '127.0.0.1' } = {}) {
    const socket = secure ? tls.connect({ port, host, rejectUnauthorized: false }) : net.connect(port, host);
    await new Promise((done, fail) => socket.once(secure ? 'secureConnect' : 'connect', done).once('error', fail));
    const client = new ImapClient(socket);
    client.greeting = await client.response(/^\* /);
    return client;
  }

  static async login(port, user, password, options) {
    const client = await ImapClient.connect(port, options);
    await client.ok(`LOGIN ${user} ${password}`);
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
    this.parts.push(bytes);
    this.missing -= bytes.length;
    if (this.missing > 0) return;
    this.input = Buffer.concat([this.input, ...this.parts.splice(0)]);
    for (let text; (text = this.whole()) !== null;) {
      const response = text.slice(0, -2);
      const at = this.waiting.findIndex((w) => w.match.test(response));
      if (at < 0) this.responses.push(response);
      else this.waiting.splice(at, 1)[0].done(response);
    }
  }

  // Takes one response with its literals off the input, or null.
  whole() {
    for (let from = 0; ;) {
      const end = this.input.indexOf('\r\n', from);
      if (end < 0) return null;
      const literal = /\{(\d+)\}$/.exec(this.input.toString('latin1', Math.max(from, end - 30), end));
      if (!literal) {
        const text = this.input.toString('latin1', 0, end + 2);
        this.input = this.input.subarray(end + 2);
        return text;
      }
      from = end + 2 + Number(literal[1]);
      this.missing = from - this.input.length;
      if (this.missing > 0) return null;
    }
  }

  // The first response that matches, from now or from what was not asked for yet.
  response(match, seconds = 60) {
    const at = this.responses.findIndex((text) => match.test(text));
    if (at >= 0) return Promise.resolve(this.responses.splice(at, 1)[0]);
    if (this.closed) return Promise.reject(new Error('the connection was closed'));
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`nothing like ${match} came; there is ${JSON.stringify(this.responses)}`)), seconds * 1000);
      this.waiting.push({
        match,
        done: (text) => (clearTimeout(timer), done(text)),
        fail: (error) => (clearTimeout(timer), fail(error)),
      });
    });
  }

  send(text) {
    this.socket.write(Buffer.from(text, 'latin1'));
  }

  // The next response of a command: a continuation, or its end as {status, code, text, lines}, where
  // lines are the untagged responses before it without "* ".
  answer(tag) {
    const response = this.response(new RegExp(`^(\\+|${tag} )`), 60);
    // What comes behind it is not its own: taken off in the same turn in which it came.
    const waiter = this.waiting.at(-1);
    const take = (text) => {
      if (text.startsWith('+')) return null;
      const [, status, code, rest] = /^\S+ (\S+) (?:\[([^\]]*)\] )?([^]*)$/.exec(text);
      const lines = this.responses.filter((line) => line.startsWith('* ')).map((line) => line.slice(2));
      this.responses = this.responses.filter((line) => !line.startsWith('* '));
      return { status, code, text: rest, lines };
    };
    if (!waiter) return response.then(take);
    const done = waiter.done;
    waiter.done = (text) => done(take(text));
    return response;
  }

  // Sends a command of strings and Buffers; each Buffer goes as a literal, with `plus` without
  // waiting.
  async command(parts, { plus = false } = {}) {
    const tag = `t${++this.tags}`;
    let text = `${tag} `;
    for (const part of [parts].flat()) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      this.send(`${text}{${part.length}${plus ? '+' : ''}}\r\n`);
      text = '';
      const end = plus ? null : await this.answer(tag);
      if (end) return end;
      this.socket.write(part);
    }
    const answer = this.answer(tag);
    this.send(`${text}\r\n`);
    return answer;
  }

  // The same, and it must be OK.
  async ok(parts, options) {
    const answer = await this.command(parts, options);
    if (answer.status !== 'OK') throw new Error(`${parts}: ${answer.status} [${answer.code}] ${answer.text}`);
    return answer;
  }

  // FETCH as a list of {seq, NAME: value}.
  async fetch(text) {
    return fetched((await this.ok(text)).lines);
  }

  // SEARCH as a list of numbers.
  async search(text, options) {
    const { lines } = await this.ok(text, options);
    const line = lines.find((one) => one.startsWith('SEARCH'));
    return line.split(' ').slice(1).map(Number);
  }

  async startTls() {
    await this.ok('STARTTLS');
    const clear = this.socket;
    clear.removeAllListeners('data');
    const socket = tls.connect({ socket: clear, rejectUnauthorized: false });
    this.take(socket);
    await new Promise((done, fail) => socket.once('secureConnect', done).once('error', fail));
  }

  // Waits until the server has closed.
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

// Reads data of a response: atoms as strings, NIL as null, lists as arrays.
export function parse(text) {
  let at = 0;
  const one = () => {
    const c = text[at];
    if (c === '(') return list();
    if (c === '"') {
      const m = /"((?:[^"\\]|\\.)*)"/y;
      m.lastIndex = at;
      const [whole, inside] = m.exec(text);
      at += whole.length;
      return inside.replace(/\\(.)/g, '$1');
    }
    if (c === '{') {
      const m = /\{(\d+)\}\r\n/y;
      m.lastIndex = at;
      const [whole, n] = m.exec(text);
      at += whole.length + Number(n);
      return text.slice(at - Number(n), at);
    }
    const m = /[^\s()[\]]*(?:\[[^\]]*\])?[^\s()]*/y;
    m.lastIndex = at;
    const [whole] = m.exec(text);
    if (!whole) throw new Error(`cannot read ${JSON.stringify(text.slice(at, at + 40))}`);
    at += whole.length;
    return whole === 'NIL' ? null : whole;
  };
  const list = () => {
    const items = [];
    for (at++; text[at] !== ')';) {
      if (at >= text.length) throw new Error(`no end: ${text.slice(0, 200)}`);
      if (text[at] === ' ') at++;
      else items.push(one());
    }
    at++;
    return items;
  };
  const items = [];
  while (at < text.length) {
    if (text[at] === ' ') at++;
    else items.push(one());
  }
  return items;
}

export function fetched(lines) {
  return lines.filter((line) => /^\d+ FETCH /.test(line)).map((line) => {
    const [seq, , items] = parse(line);
    const out = { seq: Number(seq) };
    for (let i = 0; i < items.length; i += 2) out[items[i]] = items[i + 1];
    return out;
  });
}
