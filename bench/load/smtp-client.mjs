// smtp-client.mjs: brings real messages to a server by SMTP, over some connections at once, each
// message when the one before is accepted.
import { connect } from 'node:net';

class SmtpClient {
  static async connect(port) {
    const client = new SmtpClient();
    client.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    client.text = '';
    client.socket.on('data', (data) => client.take(data));
    client.socket.on('error', (error) => client.fail?.(error));
    client.socket.on('close', () => client.fail?.(new Error('the server closed the connection')));
    await client.say('', '220');
    await client.say('EHLO bench.example\r\n', '250');
    return client;
  }

  // The last line of an answer has no "-" behind its code.
  take(data) {
    this.text += data.toString('latin1');
    const last = /^\d{3} .*\r\n$/m.exec(this.text);
    if (!last || !this.done) return;
    const { done } = this;
    this.done = undefined;
    this.text = '';
    done(last[0]);
  }

  async say(bytes, code) {
    const answer = new Promise((done, fail) => Object.assign(this, { done, fail }));
    if (bytes.length) this.socket.write(bytes);
    else this.take('');
    const line = await answer;
    if (!line.startsWith(code)) throw new Error(`${String(bytes).slice(0, 100)}: ${line}`);
  }

  async send(to, message) {
    await this.say('MAIL FROM:<bob@example.org>\r\n', '250');
    await this.say(`RCPT TO:<${to}>\r\n`, '250');
    await this.say('DATA\r\n', '354');
    await this.say(Buffer.concat([message, Buffer.from('.\r\n')]), '250');
  }

  close() {
    this.fail = undefined;
    this.socket.destroy();
  }
}

// With the dots that SMTP wants in front of dots.
const stuffed = (message) => Buffer.from(message.toString('latin1').replace(/^\./gm, '..'), 'latin1');

// Brings what `next` gives until that is undefined.
export async function deliver(port, to, next, connections = 8) {
  await Promise.all(Array.from({ length: connections }, async () => {
    const client = await SmtpClient.connect(port);
    for (let message; (message = next()) !== undefined;) await client.send(to, stuffed(message));
    client.close();
  }));
}
