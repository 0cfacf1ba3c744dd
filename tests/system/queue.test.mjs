// Mail for other servers: every fault a destination can make, as a row of one table; reports; the queue
// by command; nothing lost or doubled when the server is killed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { after, before, test } from 'node:test';
import { Hearth, eventually, freePort } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { makeAuthority, makeCertificate } from './mail-sink.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
const NS = '127.0.0.1';
const RESET = 'a RST'; // in the place of an answer
let hearth, names, port, contexts;

// ---- the other servers: one for each name, at an address of loopback's own ----

// How one behaves: what it answers to each command, and what it does instead. It remembers each mail that
// it has taken (250 behind the dot).
class Server {
  constructor(name, ways, at) {
    Object.assign(this, { name, ways, at, mails: [], connections: 0, rcpts: 0, most: 0 });
    this.server = createServer((socket) => this.serve(socket));
  }

  async listen() {
    await new Promise((done) => this.server.listen(port, this.at, done));
  }

  serve(socket) {
    const { ways } = this;
    let state = 'command', text = '', rcpt = [], from = '', begun = 0, stream = socket, slow = Promise.resolve();
    const say = (line) => {
      if (line === null) return stream.destroy();
      if (Buffer.isBuffer(line)) return stream.write(line);
      if (line === RESET) return socket.resetAndDestroy();
      if (line.drip) {
        const bytes = [...line.drip], drip = setInterval(() => (bytes.length ? stream.write(bytes.shift()) : clearInterval(drip)), line.each);
        return socket.on('close', () => clearInterval(drip));
      }
      if (ways.slowly) {
        for (const c of `${line}\r\n`) slow = slow.then(() => new Promise((done) => setTimeout(() => done(stream.write(c)), 2)));
        return slow;
      }
      return stream.write(`${line}\r\n`);
    };
    const command = (line) => {
      const verb = line.slice(0, 4).toUpperCase();
      const way = ways[verb];
      const own = typeof way === 'function' ? way(this, line) : way;

      if (verb === 'RCPT') this.rcpts++;
      if (verb === 'MAIL') from = line;
      if (verb === 'MAIL') this.most = Math.max(this.most, ++begun);
      if (own !== undefined) {
        if (verb === 'STAR' && own.cert) return secureNow(own);
        if (verb === 'RCPT' && /^2/.test(own)) rcpt.push(line);
        return say(own);
      }
      switch (verb) {
        case 'EHLO': return say(`250-x\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n${ways.STAR ? '250-STARTTLS\r\n' : ''}250 8BITMIME`);
        case 'RCPT': rcpt.push(line); return say('250 ok');
        case 'DATA': state = 'data'; text = ''; return say('354 go');
        case 'RSET': rcpt = []; return say('250 ok');
        case 'QUIT': say('221 bye'); return slow.then(() => stream.end());
        default: return say('250 ok');
      }
    };
    const end = () => {
      const own = typeof ways.dot === 'function' ? ways.dot(this, text) : ways.dot;

      state = 'command';
      if (!rcpt.length) return say('554 5.5.1 for nobody');
      if (own === undefined || /^2/.test(own)) this.mails.push({ from, rcpt, text, tls: stream !== socket });
      rcpt = [];
      return say(own === undefined ? '250 2.0.0 taken' : own);
    };
    let rest = '';
    const take = (bytes) => {
      rest += bytes.toString('latin1');
      for (let at; (at = rest.indexOf('\r\n')) >= 0;) {
        const line = rest.slice(0, at);
        rest = ways.oneAtATime ? '' : rest.slice(at + 2); // and forgets what came with it
        if (state === 'command') command(line);
        else if (ways.data !== undefined) return say(ways.data);
        else if (line === '.') end();
        else text += `${line.replace(/^\./, '')}\r\n`;
      }
    };
    const secureNow = ({ cert, behind = '' }) => {
      socket.removeAllListeners('data');
      socket.write(`220 go\r\n${behind}`);
      stream = new TLSSocket(socket, { isServer: true, secureContext: contexts[cert] });
      stream.on('data', take);
      stream.on('error', () => {});
    };
    this.connections++;
    socket.on('error', () => {});
    socket.on('data', take);
    if (ways.greet === 'nothing') return;
    say(ways.greet === undefined ? '220 x' : ways.greet);
  }
}

// ---- the table: name, what it does, what becomes of a mail to it ----

const later = (answer) => ({ deferred: answer });
const never = (answer) => ({ failed: answer });
const sent = (more = {}) => ({ sent: true, ...more });
const once = (first) => { let n = 0; return () => (n++ ? undefined : first); };
const FAULTS = [
  ['good', {}, sent()],
  ['slow', { slowly: true }, sent()],
  ['helo', { EHLO: '502 what' }, sent()],
  ['secure', { STAR: { cert: 'own' } }, sent({ tls: true })],
  ['expired', { STAR: { cert: 'expired' } }, sent({ tls: true })], // against who only listens it is as good as any
  ['injected', { STAR: { cert: 'own', behind: '250-x\r\n250 SIZE 1\r\n' } }, sent({ tls: true })], // what stood in front of TLS is forgotten
  ['badtls', { STAR: '220 go' }, sent({ tls: false })], // answers the handshake with text
  ['notls', { STAR: '454 4.7.0 not now' }, sent({ tls: false })],
  ['grey', { RCPT: once('450 4.2.0 greylisted') }, sent()],
  ['silent', { greet: 'nothing' }, later(/no answer within \d+ seconds \(greeting\)/)],
  ['dribble', { greet: { drip: '2'.repeat(200), each: 300 } }, later(/no answer within \d+ seconds \(greeting\)/)],
  ['trickle', { greet: { drip: '220-a\r\n'.repeat(50), each: 1000 } }, later(/no answer within \d+ seconds \(greeting\)/)],
  ['dottrickle', { dot: { drip: '250 2.0.0 taken at last, after a while\r\n', each: 1000 } }, later(/no answer within \d+ seconds .*the end of the message/)],
  ['closed', null, later(/Connection refused/)],
  ['hangup', { greet: null }, later(/the connection was lost/)],
  ['away', { greet: '554 5.7.1 go away' }, later(/go away/)],
  ['busy', { greet: '421 4.3.2 busy' }, later(/busy/)],
  ['web', { greet: 'HTTP/1.1 400 Bad Request' }, later(/no answer of SMTP/)],
  ['ehlo4', { EHLO: '451 later' }, later(/later/)],
  ['mail5', { MAIL: '550 5.7.1 not from there', RCPT: '503 mail', DATA: '503 rcpt' }, never(/5\.7\.1 not from there/)],
  ['mail511', { MAIL: '550 5.1.1 no such sender', RCPT: '503 mail', DATA: '503 rcpt' }, never(/5\.1\.1 no such sender/)],
  ['mail4', { MAIL: '451 4.3.0 disk', RCPT: '503 mail', DATA: '503 rcpt' }, later(/disk/)],
  ['mail421', { MAIL: '421 4.3.2 stopping' }, later(/stopping/)],
  ['rcpt5', { RCPT: '550 5.1.1 nobody', DATA: '503 rcpt' }, never(/5\.1\.1 nobody/)],
  ['rcpt354', { RCPT: '550 5.1.1 nobody' }, never(/5\.1\.1 nobody/)], // and wants the message all the same
  ['rcpt4', { RCPT: '452 4.2.2 full', DATA: '503 rcpt' }, later(/full/)],
  ['rcptgone', { RCPT: null }, later(/the connection was lost/)],
  ['data4', { DATA: '451 4.3.0 not now' }, later(/not now/)],
  ['dot5', { dot: '554 5.7.0 spam' }, never(/5\.7\.0 spam/)],
  ['dot511', { dot: '550 5.1.1 nobody of theirs' }, never(/5\.1\.1 nobody of theirs/)],
  ['dot5gone', { dot: '554 5.7.0 spam', RSET: null }, never(/5\.7\.0 spam/)], // its word stands
  ['dot4', { dot: '451 4.7.1 try again' }, later(/try again/)],
  ['dotgone', { dot: null }, later(/the connection was lost \(.*the end of the message/)],
  ['half', { DATA: '35' }, later(/no answer/)],
  ['datareset', { data: RESET }, later(/the connection (was lost|broke)/)],
  ['dotreset', { dot: RESET }, later(/the connection (was lost|broke)/)],
  ['onecommand', { oneAtATime: true, EHLO: '250-x\r\n250 PIPELINING' }, later(/no answer within/)], // it says that it can
  ['longline', { greet: Buffer.alloc(1e7, '220 x') }, later(/no answer of SMTP/)],
  ['manylines', { EHLO: Buffer.alloc(1e7, '250-x\r\n') }, later(/no answer of SMTP/)],
  ['codes', { EHLO: '250-x\r\n550 y' }, sent()], // the last line's counts: HELO is tried
  ['codesrcpt', { RCPT: '250-ok\r\n550 5.1.1 nobody', DATA: '503 rcpt' }, never(/5\.1\.1 ok \/ nobody/)],
  ['nonsense', { EHLO: '250-x\r\nnonsense\r\n250 y' }, later(/no answer of SMTP/)],
  ['octets', { RCPT: '550 5.1.1 n\xfbd\x01\x1b[31m\x80', DATA: '503 rcpt' }, never(/5\.1\.1 n/)],
  ['bare', { EHLO: '250 x' }, sent()],
  ['foreach', { dot: '250 2.0.0 taken\r\n450 4.2.0 for another one' }, sent()], // as LMTP answers

  ['nullmx', null, never(/5\.1\.10 /)],
  ['selfmx', null, never(/5\.4\.6 /)],
  ['limits', { EHLO: '250-x\r\n250 LIMITS MAILMAX=2' }, sent()],
  ['poison', { dot: (_, text) => (text.includes('bitter') ? null : undefined) }, sent()],
  ['stuck', {}, sent()],
  ['dsn', { EHLO: '250-x\r\n250-PIPELINING\r\n250 DSN' }, sent()],
  ['utf8', { EHLO: '250-x\r\n250-PIPELINING\r\n250 SMTPUTF8' }, sent()],
  ['thousand', {}, sent()],
  ['cname', {}, sent()], // its host is an alias
  ['nulltwo', {}, sent()], // "." beside another is no null MX
  ['number', null, later(/DNS does not tell the address/)], // its host is an address, which is a name that only the root could deny
  ['loopedmx', null, later(/DNS/)], // aliases that name each other
  ['looped', null, later(/DNS/)],
  ['inhand', {}, sent()],
  ['backup', {}, sent()], // the first of its two hosts is closed
  ['implicit', {}, sent()],
];
if (networkInterfaces().lo?.some(({ address: at }) => at === '::1')) FAULTS.push(['v6only', { at: '::1' }, sent()]);
// Where no mail of the internet has business, whatever a name says.
const INSIDE = ['10.1.2.3', '127.0.1.1', '169.254.1.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '0.0.0.0', '::1', 'fe80::1', 'fc00::1', '::ffff:127.0.1.1'];
const EXTRA = [['nowhere.test', never(/5\.1\.2 there is no domain/)], ['x.dead', later(/DNS/)], ['mx2.forged', later(/DNS/)]];

const address = (i) => `127.0.1.${i + 1}`;
const servers = new Map();

function zone() {
  const lines = [];
  FAULTS.forEach(([name], i) => {
    if (name === 'nullmx') lines.push('nullmx MX 0 .');
    else if (name === 'selfmx') lines.push('selfmx MX 5 hearth.test.', 'selfmx MX 10 good-host');
    else if (name === 'implicit') lines.push(`implicit A ${address(i)}`);
    else if (name === 'thousand') for (let k = 1; k <= 1000; k++) lines.push(`thousand MX ${k} ${k === 1 ? 'thousand-host' : `no${k}`}`);
    else if (name === 'cname') lines.push('cname MX 10 cname-alias', 'cname-alias CNAME cname-host');
    else if (name === 'nulltwo') lines.push('nulltwo MX 0 .', 'nulltwo MX 10 nulltwo-host');
    else if (name === 'number') lines.push('number MX 10 127.0.1.1.');
    else if (name === 'loopedmx') lines.push('loopedmx MX 10 loopedmx-alias', 'loopedmx-alias CNAME loopedmx-more', 'loopedmx-more CNAME loopedmx-alias');
    else if (name === 'looped') lines.push('looped CNAME looped-more', 'looped-more CNAME looped');
    else if (name === 'backup') lines.push('backup MX 1 closed-host', 'backup MX 2 backup-host');
    else lines.push(`${name} MX 10 ${name}-host`);
    lines.push(`${name}-host ${name === 'v6only' ? 'AAAA ::1' : `A ${address(i)}`}`);
  });
  INSIDE.forEach((at, i) => lines.push(`inside${i} MX 10 inside${i}-host`, `inside${i}-host ${at.includes(':') ? 'AAAA' : 'A'} ${at}`));
  lines.push('xn--bcher-kva MX 10 good-host', 'xn--caf-dma MX 10 utf8-host');
  return `${lines.join('\n')}\n`;
}

before(async () => {
  hearth = new Hearth({ 'queue.private': 'yes', 'queue.retry': '3s', 'queue.patience': '8s', 'queue.per_hour': '0', 'video.reconnect': '0s' });
  const dir = join(hearth.dir, 'dns');
  const dns = await freePort();
  port = await freePort();
  mkdirSync(dir);
  writeFileSync(join(dir, 'zone-add'), zone());
  names = spawn(resolve('tests/dns/serve.sh'), [dir, String(dns)], { stdio: 'ignore' });
  Object.assign(hearth.settings, { 'dns.server': `${NS}:${dns}`, 'dns.anchor': join(dir, 'anchor'), 'queue.port': String(port) });
  await eventually(() => existsSync(join(dir, 'ready')), 60, 'the zones');
  for (const [i, [name, ways]] of FAULTS.entries())
    if (ways) {
      servers.set(name, new Server(name, ways, ways.at || address(i)));
      await servers.get(name).listen();
    }
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
  sql("CREATE TABLE told (topic TEXT, key TEXT, payload TEXT); CREATE TRIGGER tell AFTER INSERT ON bus_outbox WHEN NEW.topic IN ('mail.sent', 'mail.bounced', 'mail.delivered')"
    + ' BEGIN INSERT INTO told VALUES (NEW.topic, NEW.key, CAST(NEW.payload AS TEXT)); END');
  makeAuthority(hearth.dir, 'authority');
  const certificate = (expired) => createSecureContext(makeCertificate(hearth.dir, `cert-${expired}`, 'authority', ['x.test'], { expired }));
  contexts = { own: certificate(false), expired: certificate(true) };
});

after(async () => {
  for (const s of servers.values()) s.server.close();
  names.kill();
  await hearth.remove();
});

async function submit(to, subject, body = 'hello\r\n.dot\r\n', from = 'ann@hearth.test', server = hearth) {
  const c = await SmtpClient.hello(server.port.submission);
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0${from}\0${PASSWORD}`).toString('base64')}`);
  const answer = await c.mail(from, to, `From: <${from}>\r\nSubject: ${subject}\r\n\r\n${body}`);
  c.close();
  return answer;
}

// What its database has, beside the server.
function sql(text) {
  const end = spawnSync('sqlite3', ['-json', join(hearth.settings['server.data'], 'mail.db'), '.timeout 5000', text], { encoding: 'utf8' });
  assert.equal(end.status, 0, end.stderr);
  return end.stdout ? JSON.parse(end.stdout) : [];
}
const rows = () => hearth.command('queue', 'list').stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
// What was ever said of a recipient that is tried again: on a busy machine that can be time-outs, too.
const answers = (to) => hearth.log.split('\n').filter((line) => line.includes('queue: deferred') && line.includes(` to=${to} `));
const rowOf = (to) => rows().find((row) => row[6] === to);

async function inbox() {
  const c = await ImapClient.login(hearth.port.imap, 'ann@hearth.test', PASSWORD);
  await c.ok('SELECT INBOX');
  const { lines } = await c.ok('UID FETCH 1:* BODY.PEEK[]');
  c.close();
  return lines.join('\r\n');
}

test('every fault of a destination', async () => {
  const all = [...FAULTS.map(([name, , end]) => [`${name}.test`, end, name]), ...EXTRA];

  await Promise.all(all.map(([domain]) => submit(`bob@${domain}`, `to ${domain}`)));
  await eventually(() => all.every(([domain, end]) => {
    const to = `bob@${domain}`;
    return end.deferred ? rowOf(to) && answers(to).some((answer) => end.deferred.test(answer)) : !rowOf(to);
  }), 120, 'the queue').catch((e) => { throw new Error(`${e.message}\n${rows().map((r) => r.join(' ')).join('\n')}\n${hearth.log.slice(-3000)}`); });
  const reports = await inbox();
  for (const [domain, end, name] of all) {
    if (end.sent) {
      const { mails } = servers.get(name);
      // Once; again only where our side heard nothing of the dot.
      const unheard = answers(`bob@${domain}`).filter((answer) => answer.includes('the end of the message')).length;
      assert.ok(mails.length >= 1 && mails.length <= 1 + unheard, `${domain}: taken ${mails.length} times`);
      assert.match(mails[0].text, /^DKIM-Signature: [\s\S]*\r\nReceived: [\s\S]*Subject: to [\s\S]*\r\n\r\nhello\r\n\.dot\r\n$/, domain);
      if (end.tls !== undefined) assert.equal(mails[0].tls, end.tls, domain);
    }
    const report = new RegExp(`Final-Recipient: rfc822; bob@${domain}\\r\\nAction: failed\\r\\nStatus: 5`);
    assert.equal(report.test(reports), !!end.failed, `${domain}: a report`);
    if (end.failed) assert.match(reports.slice(reports.indexOf(`Your mail to bob@${domain}`)).split('Action: failed')[0], end.failed, domain); // in its own
  }
  assert.match(reports, /Return-Path: <>/);
});

test('an address of the house is none', async () => {
  const { data, ...same } = Object.fromEntries(Object.entries(hearth.settings).map(([key, value]) => [key === 'server.data' ? 'data' : key, value]));
  const other = new Hearth({ ...same, 'queue.private': 'no' });
  other.addUser('ann@hearth.test', PASSWORD);
  await other.start();
  try {
    await Promise.all(INSIDE.map((_, i) => submit(`bob@inside${i}.test`, 'inside', undefined, 'ann@hearth.test', other)));
    const failed = (i) => other.log.split('\n').some((line) => line.includes('queue: failed') && line.includes(` to=bob@inside${i}.test `) && /no mail server with an address of the internet/.test(line));
    await eventually(() => INSIDE.every((_, i) => failed(i)), 60, 'all fail').catch((e) => { throw new Error(`${e.message}\n${other.log.slice(-3000)}`); });
  } finally {
    await other.remove();
  }
});

test('no more mails go over a connection than the other server takes on one', async () => {
  const server = servers.get('limits');
  await Promise.all(Array.from({ length: 6 }, (_, i) => submit(`bob${i}@limits.test`, 'one of several')));
  await eventually(() => server.mails.length === 7, 30, 'all are there');
  assert.ok(server.most <= 2, `${server.most} over one`);
});

test('an answer too many is none to the next mail', async () => {
  const { mails } = servers.get('foreach'), subjects = ['one', 'two', 'three'].map((word) => `foreach ${word}`);
  await Promise.all(subjects.map((subject) => submit('bob@foreach.test', subject)));
  const times = (subject) => mails.filter(({ text }) => text.includes(`Subject: ${subject}\r\n`)).length;
  await eventually(() => subjects.every(times), 60, 'all are there');
  await eventually(() => !rowOf('bob@foreach.test'), 20, 'and known to be');
  assert.deepEqual(subjects.map(times), [1, 1, 1]);
});

test('a mail that is just being sent is not sent again when somebody wants it tried now', async () => {
  const { ways } = servers.get('inhand'), texts = [];
  ways.dot = (_, text) => {
    texts.push(text);
    return { drip: '250 2.0.0 taken\r\n', each: 150 };
  };
  await submit('one@inhand.test', 'in hand');
  await eventually(() => texts.length === 1, 30, 'it is being sent');
  assert.equal(hearth.command('queue', 'retry', rowOf('one@inhand.test')[0]).status, 0);
  await submit('two@inhand.test', 'another'); // so that somebody looks what is due there
  await eventually(() => !rowOf('one@inhand.test') && !rowOf('two@inhand.test'), 60, 'both are there');
  assert.equal(texts.filter((text) => text.includes('Subject: in hand')).length, 1);
});

test('a mail at which the other server hangs up holds up no other', async () => {
  await submit('bad@poison.test', 'bad', 'bitter\r\n');
  await Promise.all(Array.from({ length: 6 }, (_, i) => submit(`bob${i}@poison.test`, 'good')));
  await eventually(() => servers.get('poison').mails.length === 7, 30, 'all others are there');
  assert.equal(answers('bob3@poison.test').length, 0);
  const [id] = rowOf('bad@poison.test');
  assert.equal(hearth.command('queue', 'remove', id).status, 0);
});

test('mails whose time is over while their destination is busy hide no others, nor are hidden', async () => {
  const { ways } = servers.get('stuck');
  const over = (part, s) => sql(`UPDATE outgoing SET expires_ms = ${Date.now() - s * 1000} WHERE id IN (SELECT outgoing FROM queue WHERE recipient LIKE '${part}%@stuck.test')`);
  let reached = false;

  ways.RCPT = '450 4.2.0 not now';
  await submit('held@stuck.test', 'held');
  await eventually(() => answers('held@stuck.test').length > 0, 30, 'it waits');
  assert.equal(hearth.command('queue', 'hold', rowOf('held@stuck.test')[0]).status, 0);
  ways.RCPT = undefined;
  ways.DATA = () => { reached = true; return '354-and'; }; // and no more
  await submit(Array.from({ length: 100 }, (_, i) => `many${i}@stuck.test`), 'to many');
  await eventually(() => reached, 30, 'the other server hangs');
  over('many', 20);
  over('held', 10);
  await submit('bob@good.test', 'so that somebody looks');
  await eventually(() => !rowOf('held@stuck.test'), 60, 'its time is over');
  // As long as the other server is waited for: on a busy machine that may be over.
  assert.ok(rowOf('many0@stuck.test') || answers('many0@stuck.test').length > 0, 'these were in hand');
  ways.DATA = undefined;
});

test('reports of success, where one is asked for', async () => {
  hearth.addUser('sue@hearth.test', PASSWORD);
  for (const words of [['add', 'team'], ['join', 'team', 'sue']]) {
    const done = hearth.command('group', ...words);
    assert.equal(done.status, 0, done.stderr);
  }
  const c = await SmtpClient.hello(hearth.port.submission);
  assert.ok(c.ehlo.lines.includes('DSN'));
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  await c.expect(250, 'MAIL FROM:<ann@hearth.test> RET=HDRS ENVID=order+2B7');
  for (const to of ['yes@good.test', 'yes@dsn.test', 'sue@hearth.test', 'team@hearth.test'])
    await c.expect(250, `RCPT TO:<${to}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first+2B${to}`);
  await c.expect(250, 'RCPT TO:<no@good.test>');
  await c.expect(250, 'RCPT TO:<no@rcpt5.test> NOTIFY=NEVER');
  await c.expect(354, 'DATA');
  c.send('From: <ann@hearth.test>\r\nSubject: tell me\r\n\r\nhello\r\n');
  await c.expect(250, '.');
  c.close();
  const outside = await SmtpClient.hello(hearth.port.smtp); // others say by themselves that we have it
  assert.ok(!outside.ehlo.lines.includes('DSN'));
  outside.close();

  let reports;
  await eventually(async () => /Action: relayed/.test(reports = await inbox()) && !rowOf('no@rcpt5.test'), 30, 'the reports');
  for (const [to, action] of [['sue@hearth.test', 'delivered'], ['team@hearth.test', 'expanded'], ['yes@good.test', 'relayed']])
    assert.match(reports, new RegExp(`Original-Recipient: rfc822;first\\+${to}\r\nFinal-Recipient: rfc822; ${to}\r\nAction: ${action}\r\nStatus: 2\\.`));
  assert.match(reports, /Original-Envelope-Id: order\+7\r\n/);
  await eventually(() => servers.get('dsn').mails.length === 2, 30, 'passed on');
  const { from, rcpt } = servers.get('dsn').mails[1];
  assert.match(from, / RET=HDRS ENVID=order\+2B7$/);
  assert.match(rcpt[0], / NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first\+2Byes@dsn\.test$/);
  assert.doesNotMatch(reports, /Final-Recipient: [^\r]*(yes@dsn|no@good|no@rcpt5)/);
});

test('an address nobody is at, as its server said, is refused at once, until somebody says otherwise', async () => {
  const c = await SmtpClient.hello(hearth.port.submission);
  await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  await c.expect(250, 'MAIL FROM:<ann@hearth.test>');
  const refused = await c.expect(550, 'RCPT TO:<bob@rcpt5.test>');
  assert.match(refused.lines.join(' '), /^5\.1\.1 its server said .* that nobody is there; mail to it is taken again from /);
  for (const domain of ['dot5', 'mail511', 'dot511']) await c.expect(250, `RCPT TO:<bob@${domain}.test>`); // a verdict on a mail or its sender, not on an address
  const listed = () => hearth.command('queue', 'suppressed', 'list').stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
  const row = listed().find(([address]) => address === 'bob@rcpt5.test');
  assert.deepEqual([row[3], row[4]], ['1', 'nobody']);
  assert.equal(Date.parse(row[2]) - Date.parse(row[1]), 86400000);
  assert.ok(!listed().some(([address]) => /dot5|mail5|nullmx/.test(address)));
  assert.equal(hearth.command('queue', 'suppressed', 'remove', 'bob@rcpt5.test').status, 0);
  assert.equal(hearth.command('queue', 'suppressed', 'remove', 'bob@rcpt5.test').status, 1);
  assert.equal(hearth.command('queue', 'suppressed', 'remove').status, 2);
  await c.expect(250, 'RCPT TO:<bob@rcpt5.test>');
  c.close();
});

test('the durable events: each member of each, in each case', async () => {
  const events = (topic, to) => sql('SELECT * FROM told').map((row) => ({ topic: row.topic, key: row.key, ...JSON.parse(row.payload) })).filter((one) => one.topic === topic && one.to === to);
  const [{ account }] = sql("SELECT min(account) AS account FROM mailbox WHERE name = 'INBOX'");
  const ours = { key: String(account), account };
  // Out: each recipient once, when nothing more will be tried.
  const is = (topic, to, more) => {
    const [one, ...others] = events(topic, to);
    assert.ok(one && one.outgoing > 0 && others.length === 0, `${topic} ${to}: ${JSON.stringify([one, ...others])}`);
    const answer = more.answer instanceof RegExp ? one.answer : more.answer;
    assert.deepEqual(one, { ...ours, from: 'ann@hearth.test', topic, outgoing: one.outgoing, to, ...more, ...(answer !== undefined && { answer }) });
    if (more.answer instanceof RegExp) assert.match(one.answer, more.answer);
  };
  is('mail.sent', 'bob@helo.test', { host: 'helo-host.test' });
  is('mail.sent', 'bob@grey.test', { host: 'grey-host.test' });
  is('mail.sent', 'bob@backup.test', { host: 'backup-host.test' }); // of two hosts the one that has taken it
  is('mail.bounced', 'bob@rcpt5.test', { host: 'rcpt5-host.test', code: 550, enhanced: '5.1.1', answer: 'nobody' });
  is('mail.bounced', 'bob@dot5.test', { host: 'dot5-host.test', code: 554, enhanced: '5.7.0', answer: 'spam' });
  is('mail.bounced', 'bob@nullmx.test', { host: '', code: 0, enhanced: '5.1.10', answer: /./ });
  is('mail.bounced', 'bob@nowhere.test', { host: '', code: 0, enhanced: '5.1.2', answer: /there is no domain/ });
  for (const to of ['bob@rcpt4.test', 'bob@closed.test']) assert.deepEqual([...events('mail.sent', to), ...events('mail.bounced', to)], [], `${to} waits`);
  // What was never taken, when its time is over.
  sql("UPDATE outgoing SET expires_ms = 1 WHERE id = (SELECT outgoing FROM queue WHERE recipient = 'bob@data4.test')");
  assert.equal(hearth.command('queue', 'retry', rowOf('bob@data4.test')[0]).status, 0);
  await eventually(() => events('mail.bounced', 'bob@data4.test').length > 0, 30, 'its time is over');
  is('mail.bounced', 'bob@data4.test', { host: '', code: 0, enhanced: '4.4.7', answer: /not now|no answer within/ }); // the last that was said of it

  // In: each mailbox once, with the address it was sent to; of nobody (a report); and what has waited, when it comes.
  const delivered = (to, from) => {
    const [one, ...others] = events('mail.delivered', to).filter((event) => event.from === from);
    assert.ok(one && others.length === 0, `delivered to ${to}: ${JSON.stringify([one, ...others])}`);
    assert.deepEqual(one, { topic: 'mail.delivered', ...ours, mailbox: one.mailbox, message: one.message, from, to });
    assert.deepEqual(sql(`SELECT m.mailbox, b.account, b.name FROM message m JOIN mailbox b ON b.id = m.mailbox WHERE m.id = ${one.message}`), [{ mailbox: one.mailbox, account, name: 'INBOX' }]);
  };
  assert.ok(events('mail.delivered', 'ann@hearth.test').some((one) => one.from === ''), 'the reports');
  const c = await SmtpClient.hello(hearth.port.smtp);
  assert.equal((await c.mail('eve@sender.test', ['ann+tag@hearth.test'], 'From: <eve@sender.test>\r\nSubject: in\r\n\r\nhello\r\n')).code, 250);
  c.close();
  delivered('ann+tag@hearth.test', 'eve@sender.test');
  const waits = await SmtpClient.hello(hearth.port.submission);
  await waits.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  await waits.expect(250, 'MAIL FROM:<ann@hearth.test> HOLDFOR=2');
  await waits.expect(250, 'RCPT TO:<ann+later@hearth.test>');
  await waits.expect(354, 'DATA');
  waits.send('From: <ann@hearth.test>\r\nSubject: later\r\n\r\nhello\r\n');
  await waits.expect(250, '.');
  waits.close();
  assert.deepEqual(events('mail.delivered', 'ann+later@hearth.test'), []);
  await eventually(() => events('mail.sent', 'ann+later@hearth.test').length > 0, 20, 'it has waited');
  delivered('ann+later@hearth.test', 'ann@hearth.test');
  is('mail.sent', 'ann+later@hearth.test', { host: '' }); // no server was needed
  sql('DROP TRIGGER tell; DROP TABLE told');
});

test('the queue in numbers', async () => {
  const metrics = async () => (await hearth.api('GET', '/metrics')).body;
  const text = await metrics();
  assert.match(text, /^hearth_mail_deliveries_total\{result="sent",destination="limits\.test"\} 7$/m);
  assert.match(text, /^hearth_mail_deliveries_total\{result="failed",destination="other"\} [1-9]/m);
  assert.doesNotMatch(text, /destination="(rcpt5|nowhere)\.test"/); // nothing was ever taken there
  await eventually(async () => Number(/^hearth_mail_queue_recipients (\d+)$/m.exec(await metrics())?.[1]) > 10, 30, 'what waits is counted');
  assert.match(await metrics(), /^hearth_mail_queue_oldest_seconds \d+$/m);
});

test('addresses beyond ASCII: domains as the DNS knows them, local parts where they are taken', async () => {
  const [good, utf8] = [servers.get('good'), servers.get('utf8')];
  const before = good.mails.length;
  const bytes = (text) => Buffer.from(text).toString('latin1');
  const send = async (to, subject) => {
    const c = await SmtpClient.hello(hearth.port.submission);
    await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
    const answer = await c.mail('ann@hearth.test', to.map(bytes), bytes(`From: <ann@hearth.test>\r\nSubject: ${subject}\r\n\r\nhello\r\n`), ' SMTPUTF8');
    c.close();
    assert.equal(answer.code, 250);
  };
  await send(['bob@bücher.test', 'zoë@bücher.test'], 'plain'); // one of them can be written to
  await send(['zoë@café.test'], 'größer');
  await send(['bob@bücher.test'], 'größer');
  await eventually(() => good.mails.length > before && utf8.mails.length === 2 && !rows().some((row) => /xn--/.test(row[6])), 30, 'sent');
  assert.deepEqual(good.mails.slice(before).map((mail) => mail.rcpt), [['RCPT TO:<bob@xn--bcher-kva.test>']]);
  assert.doesNotMatch(good.mails[before].from, /SMTPUTF8/);
  const { from, rcpt, text } = utf8.mails[1];
  assert.equal(from, 'MAIL FROM:<ann@hearth.test> SMTPUTF8');
  assert.deepEqual(rcpt, [bytes('RCPT TO:<zoë@xn--caf-dma.test>')]);
  assert.match(text, new RegExp(`Subject: ${bytes('größer')}\r\n`));
  const reports = await inbox();
  assert.match(reports, new RegExp(`Final-Recipient: utf-8; ${bytes('zoë')}@xn--bcher-kva\\.test\r\nAction: failed\r\nStatus: 5\\.6\\.7\r\n`));
  assert.match(reports, /Content-Type: message\/global-delivery-status\r\n/);
  assert.match(reports, /Final-Recipient: rfc822; bob@xn--bcher-kva\.test\r\nAction: failed\r\nStatus: 5\.6\.9\r\n/);
});

test('a relay for one domain, with a password', async () => {
  const said = [], auth = Buffer.from('\0ann\0pass word').toString('base64');
  const relay = createServer((socket) => {
    let data = false;
    socket.on('error', () => {});
    socket.write('220 relay\r\n');
    socket.on('data', (bytes) => {
      for (const line of bytes.toString('latin1').split('\r\n').slice(0, -1)) {
        said.push(line);
        if (data && line !== '.') continue;
        data = line === 'DATA';
        socket.write(line.startsWith('EHLO') ? '250-relay\r\n250 AUTH PLAIN\r\n' : line === `AUTH PLAIN ${auth}` ? '235 ok\r\n' : data ? '354 go\r\n' : '250 ok\r\n');
      }
    });
  });
  await new Promise((done) => relay.listen(0, NS, done));
  const file = join(hearth.dir, 'relays');
  const other = new Hearth({ ...hearth.settings, 'mail.relays': file });
  other.settings['server.data'] = join(other.dir, 'data');
  try {
    writeFileSync(file, 'far.test\n');
    const wrong = other.command('check');
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /relays:1: expected HOST:PORT behind the domain/);
    writeFileSync(file, `# where far.test goes\nfar.test ${NS}:${relay.address().port} ann pass word\n`);
    other.addUser('ann@hearth.test', PASSWORD);
    await other.start();
    const before = servers.get('good').mails.length;
    await submit(['bob@far.test', 'bob@good.test'], 'by a relay', undefined, undefined, other);
    await eventually(() => said.includes('RCPT TO:<bob@far.test>') && servers.get('good').mails.length > before, 30, 'both are there');
    assert.ok(said.includes(`AUTH PLAIN ${auth}`) && said.includes('Subject: by a relay'));
    assert.ok(!said.some((line) => line.includes('good.test')));
  } finally {
    await other.remove();
    relay.close();
  }
});

test('where connections are few, each domain has its turn', async () => {
  // It takes none until a domain has many, and stops reading amid those until all others are in the queue.
  const arrived = [], sockets = new Set();
  const relay = new Server('relay', { greet: '421 4.3.2 busy', RCPT: (_, line) => {
    if (arrived.push(/@([^>]+)>/.exec(line)[1]) === 5) for (const socket of sockets) socket.pause();
    return '250 ok';
  } });
  const server = createServer({ noDelay: true }, (socket) => { sockets.add(socket); relay.serve(socket); });
  await new Promise((done) => server.listen(0, NS, done));
  const other = new Hearth({ ...hearth.settings, 'mail.relay': `${NS}:${server.address().port}`, 'queue.connections': '1', 'queue.patience': '1m', 'queue.retry': '1m' });
  other.settings['server.data'] = join(other.dir, 'data');
  try {
    other.addUser('ann@hearth.test', PASSWORD);
    await other.start();
    const c = await SmtpClient.hello(other.port.submission);
    await c.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
    const mail = async (to) => assert.equal((await c.mail('ann@hearth.test', to, 'From: <ann@hearth.test>\r\nSubject: x\r\n\r\nx\r\n')).code, 250);
    for (let i = 0; i < 60; i++) await mail(['bob@large.test']);
    relay.ways.greet = undefined;
    other.command('queue', 'retry', other.command('queue', 'list').stdout.split('\t')[0]);
    await eventually(() => arrived.length === 5, 20, 'the large one is in the midst of its mails');
    await mail(Array.from({ length: 20 }, (_, i) => `bob@d${i}.test`));
    for (const socket of sockets) socket.resume();
    await eventually(() => arrived.length === 80, 30, 'all are there').catch((e) => { throw new Error(`${e.message}: ${arrived.length}`); });
    assert.ok(arrived.lastIndexOf('large.test') > arrived.indexOf('d0.test'), 'the large one leaves its connection to others');
    c.close();
  } finally {
    await other.remove();
    server.close();
  }
});

test('more domains than there is room for are all tried again when somebody says so', async () => {
  const arrived = new Set();
  const relay = new Server('relay', { greet: '421 4.3.2 busy', RCPT: (_, line) => (arrived.add(/<([^>]+)>/.exec(line)[1]), '250 ok') });
  const server = createServer({ noDelay: true }, (socket) => relay.serve(socket));
  await new Promise((done) => server.listen(0, NS, done));
  const other = new Hearth({ ...hearth.settings, 'mail.relay': `${NS}:${server.address().port}`, 'queue.retry': '10m' });
  other.settings['server.data'] = join(other.dir, 'data');
  try {
    other.addUser('ann@hearth.test', PASSWORD);
    await other.start();
    for (let i = 0; i < 7; i++)
      assert.equal((await submit(Array.from({ length: 100 }, (_, k) => `bob@d${100 * i + k}.test`), 'many', undefined, undefined, other)).code, 250);
    await eventually(() => other.log.split('queue: deferred').length > 700, 30, 'each was tried');
    relay.ways.greet = undefined;
    assert.equal(other.command('queue', 'retry', '--all').status, 0);
    await eventually(() => arrived.size === 700, 30, 'all are there').catch((e) => { throw new Error(`${e.message}: ${arrived.size}`); });
  } finally {
    await other.remove();
    server.close();
  }
});

test('by command: show, hold, release, retry, remove', async () => {
  const [id] = rowOf('bob@rcpt4.test');
  const show = hearth.command('queue', 'show', id).stdout;
  assert.match(show, /from +ann@hearth\.test\nto +bob@rcpt4\.test\n/);
  assert.match(show, /^attempt +\S+Z rcpt4-host\.test \(no TLS\) 452 4\.2\.2 full$/m);
  assert.equal(hearth.command('queue', 'hold', id).status, 0);
  assert.equal(rowOf('bob@rcpt4.test')[1], 'held');
  const { rcpts } = servers.get('rcpt4');
  servers.get('rcpt4').ways.RCPT = undefined;
  servers.get('rcpt4').ways.DATA = undefined;
  assert.equal(hearth.command('queue', 'retry', id).status, 0);
  await eventually(() => servers.get('rcpt4').mails.length === 1, 20, 'retried');
  assert.ok(servers.get('rcpt4').rcpts > rcpts);
  await eventually(() => !rowOf('bob@rcpt4.test'), 10, 'sent');
  const [gone] = rowOf('bob@closed.test');
  const shown = (name) => new RegExp(`^${name} +(.+)$`, 'm').exec(hearth.command('queue', 'show', gone).stdout)[1];
  const expires = Date.parse(shown('expires'));
  assert.ok(Number(shown('attempts')) > 0);
  hearth.command('queue', 'hold', gone);
  assert.equal(hearth.command('queue', 'requeue', gone).status, 0);
  assert.ok(Date.parse(shown('expires')) > expires);
  assert.equal(hearth.command('queue', 'requeue', '987654321').status, 1);
  assert.equal(hearth.command('queue', 'remove', gone).status, 0);
  assert.equal(hearth.command('queue', 'remove', gone).status, 1);
  assert.equal(rowOf('bob@closed.test'), undefined);
  for (const words of [['show'], ['hold', 'x'], ['list', 'x'], ['show', '0']]) assert.equal(hearth.command('queue', ...words).status, 2, words.join());
});

test('what is on its way counts for the sender', async () => {
  hearth.addUser('dan@hearth.test', PASSWORD);
  assert.equal(hearth.command('user', 'quota', 'dan@hearth.test', '2M').status, 0);
  const large = `${'x'.repeat(76)}\r\n`.repeat(10000); // 780 kB
  const codes = [];
  for (let i = 0; i < 4; i++) codes.push((await submit('x@closed.test', 'large', large, 'dan@hearth.test')).code);
  assert.deepEqual(codes, [250, 250, 552, 552]);
});

test('who is gone sends nothing any more', async () => {
  hearth.addUser('carl@hearth.test', PASSWORD);
  await submit(['x@closed.test', 'y@closed.test', 'z@hangup.test'], 'from one who leaves', undefined, 'carl@hearth.test');
  assert.ok(rowOf('x@closed.test') && rowOf('z@hangup.test'));
  const gone = hearth.command('user', 'delete', 'carl@hearth.test');
  assert.equal(gone.status, 0, gone.stderr);
  await eventually(() => !rows().some((row) => row[5] === 'carl@hearth.test'), 30, 'his are gone');
});

test('a queue from a backup is held, and goes when somebody says so', async () => {
  const good = servers.get('good'), dir = join(hearth.dir, 'backup');
  good.ways.MAIL = '451 4.3.0 not now';
  good.ways.RCPT = good.ways.DATA = '503 no mail';
  await submit('held@good.test', 'from a backup');
  await eventually(() => answers('held@good.test').length > 0, 30, 'it waits');
  assert.equal(hearth.command('backup', dir).status, 0);
  good.ways.MAIL = good.ways.RCPT = good.ways.DATA = undefined;
  const gone = () => good.mails.filter(({ text }) => /Subject: from a backup/.test(text)).length;
  hearth.command('queue', 'retry', rowOf('held@good.test')[0]);
  await eventually(() => gone() === 1, 30, 'it goes');
  const { data, ...same } = Object.fromEntries(Object.entries(hearth.settings).map(([key, value]) => [key === 'server.data' ? 'data' : key, value]));
  const other = new Hearth(same);
  try {
    const end = other.command('restore', dir);
    assert.equal(end.status, 0, end.stderr);
    await other.start();
    await eventually(() => /the queue comes from a backup, and is held/.test(other.log), 20, 'it says so');
    const row = other.command('queue', 'list').stdout.split('\n').map((line) => line.split('\t')).find((one) => one[6] === 'held@good.test');
    assert.deepEqual([row[1], row[7]], ['held', 'held since a backup was restored: it may have been sent since then']);
    await other.stop();
    await other.start(); // and not only the first start is so careful
    assert.equal(gone(), 1);
    assert.equal(other.command('queue', 'release', row[0]).status, 0);
    await eventually(() => gone() === 2, 30, 'released');
  } finally {
    await other.remove();
  }
});

test('killed in the midst: nothing is lost, nothing is doubled but what was amid its dot', async () => {
  const good = servers.get('good');
  const sentBefore = good.mails.length;
  let n = 0;

  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 25; i++) await submit('bob@good.test', `kill ${n++}`);
    await new Promise((done) => setTimeout(done, 30 * round));
    await hearth.kill();
    await hearth.start();
  }
  const subjects = () => new Set(good.mails.slice(sentBefore).map(({ text }) => /Subject: (kill \d+)/.exec(text)?.[1]));
  await eventually(() => subjects().size === n, 60, 'all are there');
  assert.ok(good.mails.length - sentBefore - n <= 4 * 10, 'at most one batch a connection was sent twice');
  await eventually(() => !rows().some((row) => row[6] === 'bob@good.test'), 20, 'the queue is empty of them');
  assert.equal(hearth.command('queue', 'remove', '--all').status, 0);
  await hearth.stop();
  const whole = hearth.command('verify');
  assert.equal(whole.status, 0, whole.stdout + whole.stderr);
  await hearth.start();
});
