// queue-crash.test.mjs: the server killed again and again while mail comes in and goes out, other servers
// refusing some for now and some for good, the name server killed in between: each message arrives once, or one
// report accounts for it. What SMTP itself leaves open is counted: a mail whose 250 the sender did not hear
// is sent again, and so is one whose 250 we heard and had not written down when we were killed.
//
// QUEUE_KILLS and QUEUE_MAILS say how much (make soak: 200 kills, 20,000 mails).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually, freePort } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const KILLS = Number(process.env.QUEUE_KILLS || 6);
const MAILS = Number(process.env.QUEUE_MAILS || 360);
const PASSWORD = 'correct-horse-battery';
const NS = '127.0.0.1';
const PER_DESTINATION = 10; // [queue] per_destination
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

let hearth, names, dir, port, sink;
let ready = Promise.resolve(); // while the server is down: until it is up
const kills = []; // when

// ---- other servers, all in one: by the recipient's name it is known what becomes of a mail ----

//   ok-…     is taken            never-…  550 to RCPT        dot-…   451 behind the dot, the first time
//   later-…  450, then taken     hang-…   the connection ends behind the dot, the first time
class Sink {
  constructor() {
    this.taken = new Map(); // recipient → when, each time
    this.met = new Set();
    this.server = createServer({ noDelay: true }, (socket) => this.serve(socket));
  }

  first(recipient) {
    return !this.met.has(recipient) && this.met.add(recipient);
  }

  serve(socket) {
    let rest = '', rcpts = [], data = false;
    const say = (line) => socket.write(`${line}\r\n`);
    const rcpt = (to) => {
      if (to.startsWith('never-')) return say('550 5.1.1 nobody');
      if (to.startsWith('later-') && this.first(to)) return say('450 4.2.0 later');
      rcpts.push(to);
      return say('250 ok');
    };
    const end = () => {
      const to = rcpts;
      data = false;
      rcpts = [];
      if (to.some((one) => one.startsWith('dot-')) && this.first(to[0])) return say('451 4.3.0 later');
      if (to.some((one) => one.startsWith('hang-')) && this.first(to[0])) return socket.destroy();
      for (const one of to) this.taken.set(one, [...(this.taken.get(one) || []), Date.now()]);
      return say('250 taken');
    };
    const line = (text) => {
      if (data) return text === '.' && end();
      switch (text.slice(0, 4)) {
        case 'EHLO': return say('250-sink\r\n250 PIPELINING');
        case 'RCPT': return rcpt(/<([^>]*)>/.exec(text)[1]);
        case 'DATA':
          data = rcpts.length > 0;
          return say(data ? '354 go' : '554 nobody');
        case 'RSET': rcpts = []; return say('250 ok');
        case 'QUIT': say('221 bye'); return socket.end();
        default: return say('250 ok');
      }
    };
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      rest += bytes.toString('latin1');
      const lines = rest.split('\r\n');
      rest = lines.pop();
      lines.forEach(line);
    });
    say('220 sink');
  }
}

// ---- the server and the name server ----

const startNames = () => {
  names = spawn('unbound', ['-d', '-c', join(dir, 'conf')], { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
};

before(async () => {
  hearth = new Hearth({ 'queue.private': 'yes', 'queue.retry': '1s', 'queue.retry_max': '2s', 'queue.patience': '8s', 'queue.per_hour': '0',
    'queue.per_destination': String(PER_DESTINATION), 'video.reconnect': '0s' });
  dir = join(hearth.dir, 'dns');
  const dns = await freePort();
  port = await freePort();
  sink = new Sink();
  await new Promise((done) => sink.server.listen(port, NS, done));
  mkdirSync(dir);
  writeFileSync(join(dir, 'zone-add'), ['a', 'b', 'c'].map((name) => `${name} MX 10 sink\n`).join('') + `sink A ${NS}\n`);
  names = spawn(resolve('tests/dns/serve.sh'), [dir, String(dns)], { stdio: 'ignore' });
  Object.assign(hearth.settings, { 'dns.server': `${NS}:${dns}`, 'dns.anchor': join(dir, 'anchor'), 'queue.port': String(port) });
  await eventually(() => existsSync(join(dir, 'ready')), 60, 'the zones');
  for (const name of ['ann', 'bob']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
  await hearth.start();
});

after(async () => {
  sink.server.close();
  names.kill();
  await hearth.remove();
});

// ---- who sends ----

const states = new Map(); // mail → {dots, answers}: how often its end was sent, and answered with 250
let next = 0;

const recipientsOf = (i) => {
  switch (i % 12) {
    case 0: case 6: return [`later-${i}@b.test`];
    case 1: case 7: return [`never-${i}@c.test`, `ok-${i}@c.test`];
    case 2: return [`dot-${i}@a.test`];
    case 3: return [`hang-${i}@${'abc'[Math.floor(i / 12) % 3]}.test`];
    case 4: case 8: case 10: return [`ok-${i}@a.test`, `ok-${i}@b.test`, `ok-${i}@c.test`];
    default: return ['bob@hearth.test']; // in
  }
};

function within(seconds, promise) {
  let timer;
  const late = new Promise((_, fail) => { timer = setTimeout(fail, seconds * 1000, new Error('nothing is answered')); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function sendOne(client, i, state) {
  const to = recipientsOf(i), from = client.from;
  await client.expect(250, `MAIL FROM:<${from}>`);
  for (const one of to) {
    const { code } = await client.say(`RCPT TO:<${one}>`);
    if (code === 550 && one.startsWith('never-') && state.dots) { // it was taken before the kill: nobody is there
      await client.expect(250, 'RSET');
      state.answers++;
      return;
    }
    if (code !== 250) throw new Error(`mail ${i}: ${one}: ${code}`);
  }
  await client.expect(354, 'DATA');
  state.dots++;
  client.send(`From: <${from}>\r\nSubject: mail ${i};\r\n\r\n${'some text of a mail\r\n'.repeat(40)}`);
  const answer = await client.say('.');
  if (answer.code !== 250) throw new Error(`mail ${i}: ${answer.code} ${answer.lines}`);
  state.answers++;
}

async function connected(outside) {
  const client = await SmtpClient.hello(outside ? hearth.port.smtp : hearth.port.submission);
  client.from = outside ? 'eve@sender.test' : 'ann@hearth.test';
  if (!outside) await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  return client;
}

// Mail after mail, each until it is answered with 250, as any mail program does it.
async function sender() {
  const clients = {};
  while (next < MAILS) {
    const i = next++, outside = recipientsOf(i)[0].startsWith('bob@'), state = { dots: 0, answers: 0 };
    states.set(i, state);
    while (state.answers === 0) {
      await ready;
      try {
        clients[outside] ||= await within(30, connected(outside));
        await within(30, sendOne(clients[outside], i, state));
      } catch {
        clients[outside]?.close();
        delete clients[outside];
        await sleep(20);
      }
    }
  }
  for (const client of Object.values(clients)) client.close();
}

// ---- what there is in the end ----

// How often each thing that `what` finds is in a mailbox.
async function countIn(user, what) {
  const counts = new Map();
  const c = await ImapClient.login(hearth.port.imap, user, PASSWORD);
  const { lines } = await c.ok('SELECT INBOX');
  const exists = Number(/^(\d+) EXISTS/m.exec(lines.join('\n'))[1]);
  for (let from = 1; from <= exists; from += 200) {
    const answer = await c.ok(`FETCH ${from}:${Math.min(exists, from + 199)} BODY.PEEK[]`);
    for (const [, found] of answer.lines.join('\n').matchAll(what)) counts.set(found, (counts.get(found) || 0) + 1);
  }
  c.close();
  return counts;
}

test(`${KILLS} kills during ${MAILS} mails: each arrives once, or one report accounts for it`, async (t) => {
  const senders = Promise.all(Array.from({ length: 6 }, sender));
  let open = true;
  senders.finally(() => { open = false; });
  for (let kill = 0; kill < KILLS && open; kill++) {
    await eventually(() => !open || next >= Math.floor(MAILS * kill / KILLS), 600, 'mails are sent');
    await sleep(Math.random() * 200);
    if (kill % 5 === 3) names.kill('SIGKILL');
    let up;
    ready = new Promise((done) => { up = done; });
    kills.push(Date.now());
    await hearth.kill();
    await hearth.start();
    if (kill % 5 === 4 && names.signalCode) startNames();
    up();
  }
  await senders;
  if (names.signalCode) startNames();
  await eventually(async () => {
    await sleep(500);
    return hearth.command('queue', 'list').stdout === '';
  }, 300, 'the queue is empty').catch((e) => { throw new Error(`${e.message}\n${hearth.command('queue', 'list').stdout.slice(0, 3000)}`); });

  const reports = await countIn('ann@hearth.test', /Final-Recipient: rfc822; ([^\r\n]+)/g);
  const inside = await countIn('bob@hearth.test', /Subject: mail (\d+);/g);
  let unheard = 0, unwritten = 0, recipients = 0, arrived = 0, bounced = 0;
  for (const [i, { dots }] of states) {
    unheard += dots - 1;
    for (const to of recipientsOf(i)) {
      const times = to.startsWith('bob@') ? Array(inside.get(String(i)) || 0).fill(0) : sink.taken.get(to) || [];
      const told = reports.get(to) || 0, refused = to.startsWith('never-');
      recipients++;
      arrived += times.length > 0;
      bounced += told > 0;
      assert.equal(times.length > 0, !refused, `${to}: taken ${times.length} times`);
      assert.equal(told > 0, refused, `${to}: reported ${told} times`);
      assert.ok(told <= dots, `${to}: ${told} reports on ${dots}`);
      // One more than was sent: a kill lies behind the 250 that was not written down.
      const more = Math.max(0, times.length - dots);
      unwritten += more;
      if (more) assert.ok(times.slice(0, -1).filter((at) => kills.some((kill) => kill >= at - 50 && kill <= at + 2000)).length >= more, `${to}: taken at ${times}, killed at ${kills}`);
    }
  }
  assert.ok(unwritten <= kills.length * 3 * PER_DESTINATION * 3, `${unwritten} twice in ${kills.length} kills`);
  t.diagnostic(`${MAILS} mails, ${kills.length} kills: of ${recipients} recipients ${arrived} have it, ${bounced} were reported, ${recipients - arrived - bounced} lost; ${unheard} sent again whose 250 was not heard, ${unwritten} recipients twice whose 250 was not written down`);
  await hearth.stop();
  const whole = hearth.command('verify');
  assert.equal(whole.status, 0, whole.stdout + whole.stderr);
  await hearth.start();
});
