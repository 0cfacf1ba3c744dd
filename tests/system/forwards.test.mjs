// Mail that is sent on: by aliases that lead elsewhere and by people's own forwards; under a sender that leads
// back, by which reports find their way; sealed; never in a loop, and for nobody who has not said yes.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually, freePort } from './hearth.mjs';
import { Sink } from './mail-sink.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
let hearth, sink, names, ann, number = 0;
const run = (...args) => {
  const done = hearth.command(...args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const sql = (text) => spawnSync('sqlite3', [join(hearth.dir, 'data', 'mail.db'), '.timeout 5000', text], { encoding: 'utf8' }).stdout.trim();
const REPORT = 'MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=x;\r\n report-type="Delivery-Status"\r\n';
const subject = () => `mail ${++number} of these`;
// Sends one; the reply behind the dot, or the first that refuses.
const send = async (from, to, { about = subject(), header = '', author = from || 'mailer-daemon@proven.test', port = hearth.port.smtp, login, hold } = {}) => {
  const client = await SmtpClient.hello(port);
  if (login) await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0${login}\0${PASSWORD}`).toString('base64')}`);
  let reply = await client.say(`MAIL FROM:<${from}>${hold ? ` HOLDFOR=${hold}` : ''}`);
  for (const one of [to].flat()) if (reply.code === 250) reply = await client.say(`RCPT TO:<${one}>`);
  if (reply.code === 250) {
    await client.expect(354, 'DATA');
    reply = await client.say(`${header}From: <${author}>\r\nSubject: ${about}\r\n\r\nhello\r\n.`);
  }
  client.close();
  return reply;
};
const came = (about) => sink.mails.filter((mail) => mail.text.includes(`Subject: ${about}`));
const arrived = async (about, n = 1) => {
  await eventually(() => came(about).length >= n, 30, `${about} elsewhere`);
  return came(about);
};
const kept = (about) => Number(sql(`SELECT count(*) FROM content WHERE subject = '${about}'`));
const emptied = () => eventually(() => sql('SELECT count(*) FROM queue') === '0', 30, 'the queue is empty');
const api = (method, path, body, who = ann) => hearth.api(method, `/api/mail/forward${path}`, body && { password: PASSWORD, ...body }, who);

before(async () => {
  const port = await freePort(), dns = await freePort();
  sink = await new Sink().listen('127.0.0.1', port);
  sink.refuses = (rcpt) => /nobody@/.test(rcpt);
  hearth = new Hearth({ 'mail.trusted': 'none', 'queue.private': 'yes', 'queue.port': String(port), 'queue.retry': '1s', 'mail.forward_per_hour': '10' });
  const dir = join(hearth.dir, 'dns');
  mkdirSync(dir);
  writeFileSync(join(dir, 'zone-add'), 'away A 127.0.0.1\nproven A 127.0.0.1\nproven TXT "v=spf1 ip4:127.0.0.1 -all"\nforged A 127.0.0.1\nforged TXT "v=spf1 -all"\nstrict A 127.0.0.1\n_dmarc.strict TXT "v=DMARC1; p=quarantine"\n');
  names = spawn(resolve('tests/dns/serve.sh'), [dir, String(dns)], { stdio: 'ignore' });
  Object.assign(hearth.settings, { 'dns.server': `127.0.0.1:${dns}`, 'dns.anchor': join(dir, 'anchor') });
  await eventually(() => existsSync(join(dir, 'ready')), 60, 'the zones');
  await hearth.start();
  for (const name of ['ann', 'bob', 'cleo']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
  run('alias', 'add', 'out', 'Some.One@away.test');
  run('alias', 'add', 'mixed', 'bob', 'other@away.test', 'more@away.test');
  run('alias', 'add', 'broken', 'nobody@away.test');
  ann = { Authorization: `Bearer ${await hearth.login('ann@hearth.test', PASSWORD)}` };
});
after(async () => {
  names?.kill();
  sink?.close();
  await hearth?.remove();
});

test('an alias leads elsewhere: sealed, under a sender that leads back', async () => {
  const about = subject();
  assert.equal((await send('X.Y@proven.test', 'out+tag@hearth.test', { about })).code, 250);
  const [mail] = await arrived(about);
  assert.deepEqual(mail.to, ['<Some.One@away.test>']);
  assert.match(mail.from, /^<SRS0=[a-z2-7]{8}=[a-z2-7]{2}=proven\.test=X\.Y@hearth\.test>/);
  assert.match(mail.text, /^Delivered-To: out\+tag@hearth\.test\r$/m);
  assert.match(mail.text, /^ARC-Seal: i=1;/m);
  assert.match(mail.text, /^ARC-Authentication-Results: i=1; [^]*spf=pass/m);
  assert.match(mail.text, /^Received: /m);

  const both = subject();
  assert.equal((await send('x@proven.test', ['mixed@hearth.test', 'bob@hearth.test'], { about: both })).code, 250);
  assert.deepEqual((await arrived(both, 2)).flatMap((one) => one.to).sort(), ['<more@away.test>', '<other@away.test>']);
  assert.equal(kept(both), 1);
  // From nobody it stays from nobody; who is logged in here stays who they are.
  const nobody = subject(), own = subject();
  assert.equal((await send('', 'out@hearth.test', { about: nobody })).code, 250);
  assert.match((await arrived(nobody))[0].from, /^<>/);
  assert.equal((await send('ann@hearth.test', 'out@hearth.test', { about: own, port: hearth.port.submission, login: 'ann@hearth.test' })).code, 250);
  const [signed] = await arrived(own);
  assert.match(signed.from, /^<ann@hearth\.test>/);
  assert.match(signed.text, /^DKIM-Signature: /m);
});

test('reports come back, to who was proven to have written', async () => {
  const about = subject();
  assert.equal((await send('x@proven.test', 'broken@hearth.test', { about })).code, 250);
  const reports = () => sink.mails.filter((mail) => /report-type=delivery-status/.test(mail.text) && mail.text.includes(about));
  await eventually(() => reports().length === 1, 30, 'the report');
  assert.deepEqual([reports()[0].to, reports()[0].from.split(' ')[0]], [['<x@proven.test>'], '<>']);
  assert.match(reports()[0].text, /^To: <x@proven\.test>\r$/m);
  const forged = subject();
  assert.equal((await send('x@forged.test', 'broken@hearth.test', { about: forged })).code, 250);
  await emptied();
  assert.equal(sink.mails.filter((mail) => mail.text.includes(forged)).length, 0);

  // What another server reports comes to the address that the mail was sent on with.
  const there = subject(), back = subject();
  await send('Who.Ever@proven.test', 'out@hearth.test', { about: there });
  const [, address] = /^<([^>]+)>/.exec((await arrived(there))[0].from);
  assert.equal((await send('', address.toLowerCase(), { about: back, header: REPORT })).code, 250);
  assert.deepEqual([(await arrived(back))[0].to, came(back)[0].from.split(' ')[0]], [['<who.ever@proven.test>'], '<>']);
  for (const [from, to, code] of [
    ['x@proven.test', address, 550], // a report alone
    ['', address.replace('proven', 'other'), 550],
    ['', address.replace(/=(.)/, (_, c) => `=${c === 'a' ? 'b' : 'a'}`), 550],
    ['', 'SRS0=aaaaaaaa=aa=proven.test=x@hearth.test', 550],
    ['', 'SRS1=aaaaaaaa=proven.test==x=y=z.test=x@hearth.test', 550],
    ['', 'srs0=@hearth.test', 550],
    ['', address.replace('@hearth.test', '@elsewhere.test'), 550],
  ]) assert.equal((await send(from, to)).code, code, `${from} ${to}`);
  // Nothing else goes that way, however well the address is signed; nor what its author's domain does not stand by.
  const unasked = [subject(), subject(), subject(), subject()];
  for (const [i, more] of [{}, { header: 'Content-Type: multipart/mixed; boundary=x\r\n' }, { header: REPORT.replace('Delivery-Status', 'disposition-notification') },
    { header: REPORT, author: 'daemon@strict.test' }].entries()) {
    const { code, lines } = await send('', address, { about: unasked[i], ...more });
    assert.deepEqual([code, lines[0].slice(0, 5)], [550, '5.7.1'], JSON.stringify(more));
    assert.equal((await send('', [address, 'bob@hearth.test'], { about: unasked[i], ...more })).code, 250);
    assert.equal(kept(unasked[i]), 1);
  }
  await emptied();
  for (const about of unasked) assert.equal(came(about).length, 0);
});

test('a mail that waits goes to whom an alias leads to when its time has come', async () => {
  const about = subject(), client = await SmtpClient.hello(hearth.port.submission);
  await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  await client.expect(250, 'MAIL FROM:<ann@hearth.test> HOLDFOR=1');
  await client.expect(250, 'RCPT TO:<mixed@hearth.test>');
  await client.expect(354, 'DATA');
  await client.expect(250, `From: ann@hearth.test\r\nSubject: ${about}\r\n\r\nhello\r\n.`);
  client.close();
  // One mail, which could have been taken back.
  assert.deepEqual((await arrived(about))[0].to.sort(), ['<more@away.test>', '<other@away.test>']);
  await eventually(() => kept(about) === 1, 30, 'the one who is here');
  await emptied();
});

test('what has been here before is not sent on again', async () => {
  const header = 'Delivered-To: OUT@hearth.test\r\n';
  const looped = await send('x@proven.test', 'out@hearth.test', { header });
  assert.deepEqual([looped.code, looped.lines[0].slice(0, 5)], [554, '5.4.6']);
  // However long the header is, and where in it that stands.
  const long = `X-Long: ${'0123456789 '.repeat(70)}\r\n`.repeat(100);
  for (const one of [header + long, long + header, header.replace(': ', ': \r\n ') + long, 'Received: from x by y\r\n'.repeat(101) + long, 'Delivered-To: x@y.test\r\n'.repeat(2000)])
    assert.equal((await send('x@proven.test', 'out@hearth.test', { header: one })).code, 554, one.slice(0, 40));
  const about = subject();
  assert.equal((await send('x@proven.test', ['out@hearth.test', 'bob@hearth.test'], { header, about })).code, 250);
  assert.equal(kept(about), 1);
  assert.equal((await send('x@proven.test', 'bob@hearth.test', { header: 'Received: from x by y\r\n'.repeat(101) })).code, 554);
  assert.equal((await send('x@proven.test', 'bob@hearth.test', { header: 'Received: from x by y\r\n'.repeat(99) })).code, 250);
  await emptied();
  assert.equal(came(about).length, 0);
});

test('a person’s own forward counts once its address has said yes', async () => {
  assert.deepEqual((await api('GET', '')).body, { address: null, keep: false, confirmed: false });
  for (const [body, status, field] of [
    [{ address: 'x', keep: true }, 400, 'address'],
    [{ address: 'x@away', keep: true }, 400, 'address'],
    [{ address: 'bob@hearth.test', keep: true }, 400, 'address'],
    [{ address: 'x@away.test' }, 400, 'keep'],
    [{ address: 'a@b.test, c@d.test', keep: true }, 400, 'address'],
    [{ address: 'a@b.test\r\nRCPT', keep: true }, 400, 'address'],
  ]) {
    const answer = await api('PUT', '', body);
    assert.deepEqual([answer.status, answer.body.field], [status, field], JSON.stringify(body));
  }
  assert.equal((await api('PUT', '', { address: 'Ann@AWAY.test', keep: true })).status, 202);
  const letters = () => sink.mails.filter((mail) => mail.to[0] === '<Ann@away.test>' && /forward\?token=/.test(mail.text));
  await eventually(() => letters().length === 1, 30, 'the letter');
  const before = subject();
  await send('x@proven.test', 'ann@hearth.test', { about: before });
  const [, token] = /token=([0-9a-f]{64})/.exec(letters()[0].text);
  assert.equal((await hearth.api('POST', '/api/mail/forward/confirm', { token: 'f'.repeat(64) })).status, 404);
  assert.equal((await hearth.api('POST', '/api/mail/forward/confirm', { token })).status, 204);
  assert.equal((await hearth.api('POST', '/api/mail/forward/confirm', { token })).status, 404);
  assert.deepEqual((await api('GET', '')).body, { address: 'Ann@away.test', keep: true, confirmed: true });

  const about = subject();
  assert.equal((await send('x@proven.test', 'ann+y@hearth.test', { about })).code, 250);
  const [mail] = await arrived(about);
  assert.deepEqual([mail.to, kept(about)], [['<Ann@away.test>'], 1]);
  assert.match(mail.from, /^<SRS0=/);
  assert.match(mail.text, /^ARC-Seal: i=1;[^]*^Delivered-To: ann\+y@hearth\.test\r$/m);
  // Without a copy here; the same address need not say yes again.
  assert.equal((await api('PUT', '', { address: 'Ann@away.test', keep: false })).status, 200);
  const alone = subject(), large = subject();
  assert.equal((await send('x@proven.test', 'ann@hearth.test', { about: alone })).code, 250);
  await arrived(alone);
  // A large one is read back for its seal when it is filed: that, too, in turn, beside what each large one waits for.
  const turns = async () => Number(/^hearth_mail_turns_total (\d+)/m.exec((await hearth.api('GET', '/metrics')).body)[1]);
  const begun = await turns(), header = `X-Long: ${'0123456789 '.repeat(70)}\r\n`.repeat(400);
  assert.equal((await send('x@proven.test', 'bob@hearth.test', { about: subject(), header })).code, 250);
  const each = await turns() - begun;
  assert.equal((await send('x@proven.test', 'ann@hearth.test', { about: large, header })).code, 250);
  assert.equal(await turns() - begun, 2 * each + 1);
  assert.match((await arrived(large))[0].text, /^ARC-Seal: i=1;/m);
  assert.deepEqual([kept(alone), kept(large), came(before).length], [0, 0, 0]);
  // Of what has waited its sender is told as of what left at once.
  sink.refuses = (rcpt) => /nobody@|Ann@/.test(rcpt);
  const late = subject();
  assert.equal((await send('bob@hearth.test', 'ann@hearth.test', { about: late, port: hearth.port.submission, login: 'bob@hearth.test', hold: 1 })).code, 250);
  await eventually(() => kept('Your mail could not be delivered') === 1, 30, 'the report');
  assert.equal(kept(late), 0);
  sink.refuses = (rcpt) => /nobody@/.test(rcpt);
  // What came through a group says so there, too.
  run('group', 'add', 'choir');
  run('group', 'join', 'choir', 'ann');
  const listed = subject();
  assert.equal((await send('x@proven.test', 'choir@hearth.test', { about: listed })).code, 250);
  assert.match((await arrived(listed))[0].text, /^Delivered-To: choir@hearth\.test\r$[^]*^List-Id: "choir" <choir\.hearth\.test>\r$[^]*^List-Unsubscribe-Post: /m);
  // What came round is kept here.
  const round = subject();
  assert.equal((await send('x@proven.test', 'ann@hearth.test', { about: round, header: 'Delivered-To: ann@hearth.test\r\n' })).code, 250);
  assert.deepEqual([kept(round), came(round).length], [1, 0]);
  // Beyond the limit it stays here, too, and an alias puts off.
  // (More than the limit allows even where the hour ends meanwhile.)
  let many = 0;
  do assert.equal((await send('x@proven.test', `ann+${many}@hearth.test`, { about: `many ${++many}` })).code, 250);
  while (!kept(`many ${many}`) && many < 25);
  assert.equal(kept(`many ${many}`), 1);
  await emptied();
  assert.equal(came(`many ${many}`).length, 0);
  let code = 250;
  for (let i = 0; i < 25 && code === 250; i++) ({ code } = await send('x@proven.test', `out+${i}@hearth.test`));
  assert.equal(code, 452);

  // Nobody is flooded: an address, and an account, for some letters an hour.
  let status = 202;
  for (let i = 0; i < 12 && status === 202; i++) ({ status } = await api('PUT', '', { address: `v${i % 2}@away.test`, keep: true }));
  assert.equal(status, 429);
  const fifth = subject();
  await send('x@proven.test', 'ann@hearth.test', { about: fifth });
  assert.equal(kept(fifth), 1);
  assert.equal((await api('DELETE', '')).status, 204);
  assert.equal((await api('DELETE', '')).status, 404);
});

test('it goes with its account, and the queue survives a kill', async () => {
  const cleo = { Authorization: `Bearer ${await hearth.login('cleo@hearth.test', PASSWORD)}` };
  assert.equal((await api('PUT', '', { address: 'cleo@away.test', keep: true }, cleo)).status, 202);
  run('user', 'delete', 'cleo@hearth.test');
  await eventually(() => sql('SELECT count(*) FROM forward') === '0', 30, 'the forward is gone');
  const about = subject();
  assert.equal((await send('x@proven.test', 'mixed@hearth.test', { about })).code, 250);
  await hearth.kill();
  await hearth.start();
  await arrived(about, 2);
  await emptied();
  // Of what nobody checks a copy stays, as nobody is told that it was refused there.
  await hearth.stop();
  hearth.settings['mail.dmarc'] = 'off';
  await hearth.start();
  const bob = { Authorization: `Bearer ${await hearth.login('bob@hearth.test', PASSWORD)}` }, unchecked = subject();
  assert.equal((await api('PUT', '', { address: 'bob@away.test', keep: false }, bob)).status, 202);
  const letter = () => sink.mails.find((mail) => mail.to[0] === '<bob@away.test>' && /forward\?token=/.test(mail.text));
  await eventually(letter, 30, 'the letter');
  assert.equal((await hearth.api('POST', '/api/mail/forward/confirm', { token: /token=([0-9a-f]{64})/.exec(letter().text)[1] })).status, 204);
  assert.equal((await send('x@proven.test', 'bob@hearth.test', { about: unchecked })).code, 250);
  await arrived(unchecked);
  assert.equal(kept(unchecked), 1);
  await emptied();
  assert.equal(run('verify').includes('belongs to no'), false);
});
