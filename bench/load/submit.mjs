// submit.mjs: mails submitted as fast as a server takes them, over some connections at once. All of a mail's
// envelope goes in one piece (RFC 2920), with the end of the mail before it; each waits for the answers to
// the one before. It counts lines and reads only codes, so that it costs little beside what it measures.
import { connect } from 'node:net';

class Submitter {
  static async connect(port, login) {
    const one = new Submitter();
    one.rest = '';
    one.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    one.socket.setEncoding('latin1');
    one.socket.on('data', (text) => one.take(text));
    one.socket.on('error', (error) => one.fail?.(error));
    one.socket.on('close', () => one.fail?.(new Error('the server closed the connection')));
    await one.say('', ['2']);
    await one.say('EHLO bench.example\r\n', ['2']);
    if (login) await one.say(`AUTH PLAIN ${Buffer.from(`\0${login.user}\0${login.password}`).toString('base64')}\r\n`, ['2']);
    return one;
  }

  take(text) {
    this.rest += text;
    for (let end; (end = this.rest.indexOf('\n')) >= 0;) {
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + 1);
      if (line[3] === '-') continue;
      if (line[0] !== this.wanted[this.got]) this.fail(new Error(`answer ${this.got}: ${line}`));
      else if (++this.got === this.wanted.length) this.done();
    }
  }

  // Sends, and waits for as many answers as `wanted` has first digits.
  say(bytes, wanted) {
    return new Promise((done, fail) => {
      Object.assign(this, { done, fail, wanted, got: 0 });
      if (bytes.length) this.socket.write(bytes);
    });
  }

  close() {
    this.fail = undefined;
    this.socket.destroy();
  }
}

// A mail of about so many bytes.
export function mailOf(bytes, from) {
  const line = `${'The quick brown fox jumps over the lazy dog. '.repeat(2).slice(0, 70)}\r\n`;
  return `From: <${from}>\r\nTo: <someone@elsewhere.test>\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\nSubject: bench\r\n\r\n${line.repeat(Math.max(1, Math.ceil((bytes - 130) / line.length)))}`;
}

// Submits `count` mails, the i-th to the addresses to(i); gives how many seconds it took.
export async function submit({ port, login, from, to, count, bytes, connections }) {
  const body = Buffer.from(`${mailOf(bytes, from)}.\r\n`, 'latin1');
  const all = await Promise.all(Array.from({ length: connections }, () => Submitter.connect(port, login)));
  const start = process.hrtime.bigint();
  let next = 0;
  await Promise.all(all.map(async (one) => {
    for (let first = true; next < count; first = false) {
      const rcpts = [to(next++)].flat();
      const envelope = `MAIL FROM:<${from}>\r\n${rcpts.map((rcpt) => `RCPT TO:<${rcpt}>\r\n`).join('')}DATA\r\n`;
      await one.say(first ? envelope : Buffer.concat([body, Buffer.from(envelope)]), [...(first ? '' : '2'), '2', ...rcpts.map(() => '2'), '3']);
    }
  }));
  // Each has one envelope open whose mail is sent now, but for those that had no turn.
  await Promise.all(all.map((one) => one.wanted.at(-1) === '3' && one.say(body, ['2'])));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  for (const one of all) one.close();
  return seconds;
}
