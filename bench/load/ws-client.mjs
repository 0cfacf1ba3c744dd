// ws-client.mjs: a bare WebSocket client for measuring: text frames without compression, masked with
// zeros, so that it costs little beside the server. Not a client for anything else.
import { connect } from 'node:net';

export class WsClient {
  // on(text) is called with each text message.
  static connect(port, token, on, { localAddress } = {}) {
    const client = new WsClient();
    client.on = on;
    client.rest = Buffer.alloc(0);
    client.socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    client.socket.write(`GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
      + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
      + `${token ? `Authorization: Bearer ${token}\r\n` : ''}\r\n`);
    return new Promise((done, fail) => {
      client.opened = () => done(client);
      client.failed = fail;
      client.socket.on('data', (data) => client.take(data));
      client.socket.on('error', fail);
      client.socket.on('close', () => fail(new Error('the WebSocket was closed')));
    });
  }

  take(data) {
    let bytes = this.rest.length ? Buffer.concat([this.rest, data]) : data;
    if (!this.upgraded) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) {
        this.rest = bytes;
        return;
      }
      if (!bytes.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
        this.failed(new Error(`no WebSocket: ${bytes.subarray(0, 200)}`));
        return;
      }
      this.upgraded = true;
      bytes = bytes.subarray(end + 4);
      this.opened();
    }
    while (bytes.length >= 2) {
      let size = bytes[1] & 127;
      let head = 2;
      if (size === 126) {
        if (bytes.length < 4) break;
        size = bytes.readUInt16BE(2);
        head = 4;
      }
      if (bytes.length < head + size) break;
      const body = bytes.subarray(head, head + size);
      const opcode = bytes[0] & 15;
      if (opcode === 1) this.on(body.toString('latin1'));
      else if (opcode === 9) this.frame(0x8a, body);
      bytes = bytes.subarray(head + size);
    }
    this.rest = bytes;
  }

  frame(first, body) {
    const long = body.length > 125;
    const out = Buffer.alloc((long ? 8 : 6) + body.length);
    out[0] = first;
    out[1] = 0x80 | (long ? 126 : body.length);
    if (long) out.writeUInt16BE(body.length, 2);
    body.copy(out, long ? 8 : 6);
    this.socket.write(out);
  }

  send(text) {
    this.frame(0x81, Buffer.from(text, 'latin1'));
  }

  close() {
    this.socket.removeAllListeners();
    this.socket.on('error', () => {});
    this.socket.destroy();
  }
}
