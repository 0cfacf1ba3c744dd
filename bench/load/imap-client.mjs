// imap-client.mjs: a bare IMAP client for measuring: it sends a command, counts what comes back and
// looks only at the end for the answer, so that it costs little beside the server.
import { connect } from 'node:net';

const CRLF = Buffer.from('\r\n');

export class ImapClient {
  static async connect(port, { localAddress } = {}) {
    const client = new ImapClient();
    client.socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    client.tags = 0;
    client.tail = Buffer.alloc(0);
    client.bytes = 0;
    client.socket.on('data', (data) => client.take(data));
    const gone = (error) => client.waiting?.fail(error || new Error('the server closed the connection'));
    client.socket.on('error', gone);
    client.socket.on('close', () => gone());
    await client.until(Buffer.from('* OK'), true);
    return client;
  }

  // Keeps the last bytes only, or with `keep` everything.
  take(data) {
    this.bytes += data.length;
    if (this.keep) this.kept.push(data);
    this.tail = data.length >= 512 ? data.subarray(-512) : Buffer.concat([this.tail, data]).subarray(-512);
    this.look();
  }

  // The end is a whole line that begins with `mark`, and nothing after it.
  look() {
    if (!this.waiting || !this.tail.subarray(-2).equals(CRLF)) return;
    const line = this.tail.lastIndexOf('\r\n', this.tail.length - 3);
    const last = this.tail.subarray(line < 0 ? 0 : line + 2);
    if (!last.subarray(0, this.waiting.mark.length).equals(this.waiting.mark)) return;
    const { done } = this.waiting;
    this.waiting = undefined;
    this.tail = Buffer.alloc(0);
    done(last.toString('latin1').trim());
  }

  until(mark) {
    return new Promise((done, fail) => {
      this.waiting = { mark, done, fail };
      this.look();
    });
  }

  // Sends a command; `parts` may hold literals ready made. Gives {bytes, text, ms}.
  async command(text, { keep = false } = {}) {
    const tag = `bench${++this.tags}`;
    this.keep = keep;
    this.kept = [];
    this.bytes = 0;
    const start = process.hrtime.bigint();
    const answer = this.until(Buffer.from(`${tag} `));
    this.socket.write(Buffer.concat([Buffer.from(`${tag} `), Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'), CRLF]));
    const line = await answer;
    const ms = Number(process.hrtime.bigint() - start) / 1e6;
    if (!line.startsWith(`${tag} OK`)) throw new Error(`${String(text).slice(0, 100)}: ${line}`);
    return { ms, bytes: this.bytes, text: Buffer.concat(this.kept).toString('latin1') };
  }

  async login(user, password) {
    return this.command(`LOGIN "${user}" "${password}"`);
  }

  // IDLE, until the server says it waits.
  async idle() {
    const answer = this.until(Buffer.from('+'));
    this.socket.write(`bench${++this.tags} IDLE\r\n`);
    return answer;
  }

  append(mailbox, message) {
    return this.command(Buffer.concat([Buffer.from(`APPEND ${mailbox} {${message.length}+}\r\n`), message]));
  }

  close() {
    this.socket.removeAllListeners('close');
    this.socket.on('error', () => {});
    this.socket.destroy();
  }
}

// The numbers of a SEARCH answer.
export function found(text) {
  return (/^\* SEARCH([ \d]*)/m.exec(text)?.[1] || '').trim().split(/\s+/).filter(Boolean).map(Number);
}
