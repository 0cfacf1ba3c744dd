// sms-provider.mjs: a provider of short messages for the tests: an HTTP server on loopback that
// takes messages as JSON, knows them again by their Idempotency-Key, and fails when it is told to.
import { createServer } from 'node:http';

export class Provider {
  constructor() {
    this.calls = []; // every request, as it came: {id, to, text, answer}
    this.delivered = []; // what people got: {id, to, text}
    this.accepted = new Map(); // id → how many 2xx answers went out
    this.plan = []; // what the next calls meet: see fail()
    this.always = null; // the same for every call, until it is null again
    this.sockets = new Set();
  }

  async start() {
    this.server = createServer((rq, rs) => this.take(rq, rs));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }

  // Settings of a Hearth that sends through it.
  settings(more = {}) {
    return {
      'auth.sms_driver': 'http',
      'auth.sms_url': `http://127.0.0.1:${this.port}/send`,
      'auth.sms_headers': 'Content-Type: application/json | Authorization: Bearer s3cret | Idempotency-Key: {id}',
      'auth.sms_body': '{"to": "{to}", "text": "{text}", "reference": "{id}"}',
      'auth.sms_gap': '0s',
      ...more,
    };
  }

  stop() {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((done) => this.server.close(done));
  }

  // 'reset' and 'reset-sent': the connection breaks before the answer, without or with the message
  // on its way; 'slow': it is on its way, the answer comes too late; 'endless': a good answer without
  // an end; a number: that status.
  take(rq, rs) {
    const parts = [];
    rq.on('data', (part) => parts.push(part));
    rq.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const call = { method: rq.method, url: rq.url, headers: rq.headers, body, id: rq.headers['idempotency-key'] };
      try {
        Object.assign(call, JSON.parse(body));
      } catch {
        // Of another form: the test looks itself.
      }
      call.answer = this.always ?? this.plan.shift() ?? 200;
      this.calls.push(call);
      this.answer(call, rs);
    });
  }

  answer(call, rs) {
    if (call.answer === 'reset') return rs.socket.resetAndDestroy();
    if (typeof call.answer === 'number' && call.answer >= 300) {
      rs.writeHead(call.answer, { 'Content-Type': 'text/plain', Location: '/elsewhere' });
      return rs.end('no\n');
    }
    // An id that was there before is a message that people have.
    if (!this.delivered.some(({ id }) => id === call.id)) this.delivered.push({ id: call.id, to: call.to, text: call.text });
    if (call.answer === 'reset-sent') return rs.socket.resetAndDestroy();
    if (call.answer === 'slow') return setTimeout(() => rs.destroyed || rs.end('{}'), 60000).unref();
    if (call.answer === 'endless') {
      const more = () => rs.destroyed || rs.write('x'.repeat(65536), () => setImmediate(more));
      rs.writeHead(200, { 'Content-Type': 'text/plain' });
      more();
    }
    this.accepted.set(call.id, (this.accepted.get(call.id) ?? 0) + 1);
    if (call.answer === 'endless') return;
    rs.writeHead(201, { 'Content-Type': 'application/json' });
    rs.end(JSON.stringify({ status: 'queued', text: call.text }));
  }
}
