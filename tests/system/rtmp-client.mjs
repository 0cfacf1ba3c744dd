// rtmp-client.mjs: a publisher that speaks RTMP as OBS does (librtmp): its order of commands, its chunk
// size before connect, its compressed chunk headers; and FLV files as lists of tags to send.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

export const AUDIO = 8;
export const VIDEO = 9;
export const SCRIPT = 18;

// [{type, time, body}] of an FLV file; what is cut short at the end is left out.
export function readFlv(bytes) {
  if (bytes.toString('latin1', 0, 3) !== 'FLV') throw new Error('no FLV');
  const tags = [];
  for (let at = bytes.readUInt32BE(5) + 4; at + 11 <= bytes.length;) {
    const size = bytes.readUIntBE(at + 1, 3);
    if (at + 11 + size + 4 > bytes.length) break;
    tags.push({ type: bytes[at], time: bytes.readUIntBE(at + 4, 3) | (bytes[at + 7] << 24), body: bytes.subarray(at + 11, at + 11 + size) });
    at += 11 + size + 4;
  }
  return tags;
}

export const isConfig = ({ type, body }) => (type === VIDEO && body[1] === 0) || (type === AUDIO && body[0] >> 4 === 10 && body[1] === 0);
export const isKey = ({ type, body }) => type === VIDEO && body[0] === 0x17 && body[1] === 1;

// ---- AMF 0 ----

const text = (s) => {
  const bytes = Buffer.from(s);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

export function amf(...values) {
  return Buffer.concat(values.map((value) => {
    if (value === null) return Buffer.from([5]);
    if (typeof value === 'string') return Buffer.concat([Buffer.from([2]), text(value)]);
    if (typeof value === 'boolean') return Buffer.from([1, value ? 1 : 0]);
    if (typeof value === 'number') {
      const bytes = Buffer.alloc(9);
      bytes.writeDoubleBE(value, 1);
      return bytes;
    }
    return Buffer.concat([Buffer.from([3]), ...Object.entries(value).flatMap(([key, v]) => [text(key), amf(v)]), Buffer.from([0, 0, 9])]);
  }));
}

function readAmf(bytes) {
  let at = 0;
  const string = () => {
    const n = bytes.readUInt16BE(at);
    at += 2 + n;
    return bytes.toString('utf8', at - n, at);
  };
  const value = () => {
    const kind = bytes[at++];
    if (kind === 0) return bytes.readDoubleBE((at += 8) - 8);
    if (kind === 1) return bytes[at++] !== 0;
    if (kind === 2) return string();
    if (kind === 5 || kind === 6) return null;
    if (kind !== 3 && kind !== 8) throw new Error(`AMF type ${kind}`);
    if (kind === 8) at += 4;
    const object = {};
    for (;;) {
      const key = string();
      if (bytes[at] === 9) break;
      object[key] = value();
    }
    at++;
    return object;
  };
  const values = [];
  while (at < bytes.length) values.push(value());
  return values;
}

// ---- the connection ----

export class Publisher {
  constructor(port, { chunkSize = 4096 } = {}) {
    this.socket = connect(port, '127.0.0.1');
    this.chunkSize = chunkSize;
    this.messages = []; // [{type, streamId, body, command}] not taken yet
    this.sent = new Map(); // chunk stream → the header sent last
    this.got = new Map(); // chunk stream → the message being received
    this.inSize = 128;
    this.input = Buffer.alloc(0);
    this.handshake = 1 + 1536 + 1536;
    this.acks = [];
    this.bytesOut = 0;
    this.waiters = [];
    this.closed = new Promise((done) => this.socket.on('close', () => {
      this.isClosed = true;
      done();
      this.wake();
    }));
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes) => this.receive(bytes));
    this.socket.setNoDelay(true);
  }

  write(bytes) {
    this.bytesOut += bytes.length;
    return this.socket.write(bytes);
  }

  wake() {
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  // The first message that `what` accepts; null when the server closes before.
  async want(what, seconds = 60) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const i = this.messages.findIndex(what);
      if (i >= 0) return this.messages.splice(i, 1)[0];
      if (this.isClosed) return null;
      if (Date.now() > end) throw new Error(`no answer within ${seconds} s`);
      await new Promise((done) => {
        const timer = setTimeout(done, 200);
        this.waiters.push(() => { clearTimeout(timer); done(); });
      });
    }
  }

  async result(transaction) {
    const message = await this.want(({ command }) => command && /^_(result|error)$/.test(command[0]) && command[1] === transaction);
    return message?.command;
  }

  // The information object of the next onStatus; null when the server just closes.
  async status(seconds) {
    const message = await this.want(({ command }) => command?.[0] === 'onStatus', seconds);
    return message && message.command[3];
  }

  receive(bytes) {
    this.input = Buffer.concat([this.input, bytes]);
    if (this.handshake) {
      if (this.input.length < this.handshake) return;
      this.serverHello = this.input.subarray(0, this.handshake);
      this.input = this.input.subarray(this.handshake);
      this.handshake = 0;
    }
    while (this.receiveChunk());
    this.wake();
  }

  receiveChunk() {
    const b = this.input;
    if (b.length < 1) return false;
    const fmt = b[0] >> 6;
    const csid = b[0] & 63;
    const header = [11, 7, 3, 0][fmt];
    if (csid < 2 || b.length < 1 + header) return false;
    const m = this.got.get(csid) || { parts: [], have: 0 };
    if (fmt < 2) Object.assign(m, { length: b.readUIntBE(4, 3), type: b[7] });
    if (fmt === 0) m.streamId = b.readUInt32LE(8);
    const n = Math.min(this.inSize, m.length - m.have);
    if (b.length < 1 + header + n) return false;
    m.parts.push(b.subarray(1 + header, 1 + header + n));
    m.have += n;
    this.got.set(csid, m);
    this.input = b.subarray(1 + header + n);
    if (m.have === m.length) {
      this.take({ type: m.type, streamId: m.streamId, body: Buffer.concat(m.parts) });
      Object.assign(m, { parts: [], have: 0 });
    }
    return true;
  }

  take(message) {
    if (message.type === 1) this.inSize = message.body.readUInt32BE(0);
    if (message.type === 3) this.acks.push(message.body.readUInt32BE(0));
    if (message.type === 20) message.command = readAmf(message.body);
    this.messages.push(message);
  }

  // One message in chunks; headers are compressed against the last one as librtmp does, unless `full`.
  send(csid, type, streamId, time, body, full = false) {
    const last = this.sent.get(csid);
    let fmt = !last || full ? 0 : 1;
    if (fmt && last.length === body.length && last.type === type) fmt = 2;
    const stamp = fmt ? (time - last.time) >>> 0 : time >>> 0;
    const extended = stamp >= 0xFFFFFF;
    const header = Buffer.alloc(12 + 4);
    header[0] = (fmt << 6) | csid;
    header.writeUIntBE(extended ? 0xFFFFFF : stamp, 1, 3);
    header.writeUIntBE(body.length, 4, 3);
    header[7] = type;
    header.writeUInt32LE(streamId, 8);
    let n = [12, 8, 4][fmt];
    if (extended) header.writeUInt32BE(stamp, n), n += 4;
    const parts = [header.subarray(0, n)];
    for (let at = 0; at < body.length; at += this.chunkSize) {
      if (at) {
        const next = Buffer.alloc(extended ? 5 : 1);
        next[0] = 0xC0 | csid;
        if (extended) next.writeUInt32BE(stamp, 1);
        parts.push(next);
      }
      parts.push(body.subarray(at, at + this.chunkSize));
    }
    this.sent.set(csid, { time, length: body.length, type });
    return this.write(Buffer.concat(parts));
  }

  command(streamId, ...values) {
    this.send(3, 20, streamId, 0, amf(...values));
  }

  async greet() {
    const hello = randomBytes(1536);
    hello.fill(0, 0, 8);
    this.write(Buffer.concat([Buffer.from([3]), hello]));
    while (this.handshake && !this.isClosed) await new Promise((done) => this.waiters.push(done));
    if (this.isClosed) throw new Error('closed in the handshake');
    this.clientHello = hello;
    this.write(this.serverHello.subarray(1, 1537));
  }

  // Up to the answer to connect.
  async connectApp(app = 'live') {
    await this.greet();
    const size = Buffer.alloc(4);
    size.writeUInt32BE(this.chunkSize);
    const chunkSize = this.chunkSize;
    this.chunkSize = 128;
    this.send(2, 1, 0, 0, size);
    this.chunkSize = chunkSize;
    this.command(0, 'connect', 1, {
      app, type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; FMSc/1.0)', swfUrl: `rtmp://127.0.0.1/${app}`, tcUrl: `rtmp://127.0.0.1/${app}`,
    });
    return this.result(1);
  }

  // The whole order; gives the information object of the answer to publish.
  async publish(key, app = 'live') {
    const connected = await this.connectApp(app);
    if (connected?.[0] !== '_result') throw new Error(`connect: ${JSON.stringify(connected)}`);
    this.connected = connected;
    this.command(0, 'releaseStream', 2, null, key);
    this.command(0, 'FCPublish', 3, null, key);
    this.command(0, 'createStream', 4, null);
    this.released = await this.result(2);
    this.created = await this.result(4);
    this.streamId = this.created[3];
    this.send(4, 20, this.streamId, 0, amf('publish', 5, null, key, 'live'));
    return this.status();
  }

  // A tag as OBS writes it: all on chunk stream 4.
  tag({ type, time, body }, offset = 0) {
    const data = type === SCRIPT ? Buffer.concat([amf('@setDataFrame'), body]) : body;
    return this.send(4, type, this.streamId, time + offset, data, type === SCRIPT || time + offset === 0);
  }

  // Tags one after the other, no faster than the server takes them; with `speed`, that many times as
  // fast as their times say.
  async tags(list, { offset = 0, speed = 0 } = {}) {
    const begin = Date.now();
    const first = list.length ? list[0].time : 0;
    for (const tag of list) {
      if (this.isClosed) return;
      const early = speed ? begin + (tag.time - first) / speed - Date.now() : 0;
      if (early > 5) await new Promise((done) => setTimeout(done, early));
      if (!this.tag(tag, offset)) await Promise.race([this.closed, new Promise((done) => this.socket.once('drain', done))]);
    }
  }

  // The polite end.
  async finish(key = '') {
    this.command(0, 'FCUnpublish', 6, null, key);
    this.command(0, 'deleteStream', 7, null, this.streamId);
    const over = ({ command }) => command?.[3]?.code === 'NetStream.Unpublish.Success';
    while (!this.isClosed && !this.messages.some(over)) await new Promise((done) => this.waiters.push(done));
    this.socket.end();
    await this.closed;
  }

  // Waits until the server has read all of it.
  async sync() {
    const ping = Buffer.alloc(6);
    ping.writeUInt16BE(6, 0);
    ping.writeUInt32BE(this.bytesOut >>> 0, 2);
    const mark = this.bytesOut >>> 0;
    this.send(2, 4, 0, 0, ping);
    const pong = await this.want(({ type, body }) => type === 4 && body.readUInt16BE(0) === 7 && body.readUInt32BE(2) === mark);
    if (!pong) throw new Error('closed before an answer to a ping');
  }

  // The line is cut.
  async cut() {
    this.socket.resetAndDestroy();
    await this.closed;
  }
}
