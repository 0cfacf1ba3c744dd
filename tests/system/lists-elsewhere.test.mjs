// Members elsewhere: invited, in once they have said yes, sent the group's mail each under a sender of their own,
// and out by one click.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually, freePort } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { Sink } from './mail-sink.mjs';
import { SmtpClient } from './smtp-client.mjs';

const require = createRequire(import.meta.url);
const { dkimSign } = require('mailauth/lib/dkim/sign');
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'der' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
const KEY = `v=DKIM1; k=rsa; p=${publicKey.toString('base64')}`;
const PASSWORD = 'correct-horse-battery';
let hearth, sink, names, ann, bob, group, number = 0, refusals = 0;
const run = (...args) => {
  const done = hearth.command(...args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const sql = (text, db = 'mail') => spawnSync('sqlite3', [join(hearth.dir, 'data', `${db}.db`), '.timeout 5000', text], { encoding: 'utf8' }).stdout.trim();
const subject = () => `mail ${++number} of the choir`;
const login = async (name) => ({ Authorization: `Bearer ${await hearth.login(`${name}@hearth.test`, PASSWORD)}` });
const send = async (to, { from = 'x@proven.test', about = subject(), as, hold, text } = {}) => {
  const client = await SmtpClient.hello(as ? hearth.port.submission : hearth.port.smtp);
  if (as) await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0${as}@hearth.test\0${PASSWORD}`).toString('base64')}`);
  let reply = await client.say(`MAIL FROM:<${as ? `${as}@hearth.test` : from}>${hold ? ` HOLDFOR=${hold}` : ''}`);
  if (reply.code === 250) reply = await client.say(`RCPT TO:<${to}>`);
  if (reply.code === 250) {
    await client.expect(354, 'DATA');
    reply = await client.say(`${text ?? `From: ${as ? `${as}@hearth.test` : from}\r\nSubject: ${about}\r\n\r\nhello`}\r\n.`);
  }
  client.close();
  return reply.code;
};
const came = (about) => sink.mails.filter((mail) => mail.text.includes(`Subject: ${about}`));
const arrived = async (about, n = 1) => {
  await eventually(() => came(about).length >= n, 30, `${about} elsewhere`);
  return came(about);
};
const letters = (to, about) => sink.mails.filter((mail) => mail.to.includes(`<${to}>`) && mail.text.includes(`Subject: ${about}`));
const letter = async (to, about, n = 1) => {
  await eventually(() => letters(to, about).length >= n, 30, `the letter to ${to}`);
  return letters(to, about)[n - 1].text;
};
const tokenOf = (text) => /#subscribe\?token=([A-Za-z0-9_-]+)/.exec(text)[1];
const subscribers = async (who = ann) => (await hearth.api('GET', `/api/auth/groups/${group}`, undefined, who)).body.subscribers;
const confirm = (token) => hearth.api('POST', '/api/auth/subscribe', { token });
const invite = (address, who = ann) => hearth.api('POST', `/api/auth/groups/${group}/subscribers`, { address, password: PASSWORD }, who);
const member = async (address) => {
  assert.equal((await invite(address)).status, 202);
  assert.equal((await confirm(tokenOf(await letter(address, 'An invitation')))).status, 200);
};
const header = async (name, about) => {
  const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
  await client.ok('EXAMINE INBOX');
  const found = await client.search(`SEARCH SUBJECT "${about}"`);
  const text = found.length ? (await client.fetch(`FETCH ${found.at(-1)} (BODY.PEEK[HEADER])`))[0]['BODY[HEADER]'] : null;
  client.close();
  return text;
};

before(async () => {
  const port = await freePort(), dns = await freePort();
  sink = await new Sink().listen('127.0.0.1', port);
  sink.refuses = (rcpt) => /nobody@/.test(rcpt) && ++refusals > 0;
  hearth = new Hearth({ 'mail.trusted': 'none', 'queue.private': 'yes', 'queue.port': String(port), 'queue.retry': '1s', 'server.url': 'https://mail.hearth.test' });
  const dir = join(hearth.dir, 'dns');
  mkdirSync(dir);
  writeFileSync(join(dir, 'zone-add'), 'away A 127.0.0.1\nproven A 127.0.0.1\nproven TXT "v=spf1 ip4:127.0.0.1 -all"\n'
    + `strict A 127.0.0.1\nstrict TXT "v=spf1 ip4:127.0.0.1 -all"\n_dmarc.strict TXT "v=DMARC1\\; p=reject"\ns1._domainkey.strict TXT ${KEY.match(/.{1,200}/g).map((part) => `"${part.replace(/;/g, '\\;')}"`).join(' ')}\n`);
  names = spawn(resolve('tests/dns/serve.sh'), [dir, String(dns)], { stdio: 'ignore' });
  Object.assign(hearth.settings, { 'dns.server': `127.0.0.1:${dns}`, 'dns.anchor': join(dir, 'anchor') });
  await eventually(() => existsSync(join(dir, 'ready')), 60, 'the zones');
  await hearth.start();
  for (const name of ['ann', 'bob']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
  run('group', 'add', 'choir', '--title', 'The choir');
  run('group', 'join', 'choir', 'ann', '--owner');
  run('group', 'join', 'choir', 'bob');
  [ann, bob] = [await login('ann'), await login('bob')];
  group = (await hearth.api('GET', '/api/auth/groups', undefined, ann)).body.groups[0].id;
});
after(async () => {
  names?.kill();
  sink?.close();
  await hearth?.remove();
});

test('nobody elsewhere is in a group before they have said yes', async () => {
  assert.equal((await invite('cleo@away.test', bob)).status, 403);
  for (const address of ['bob@hearth.test', 'nobody', 'a b@away.test', '@away.test']) assert.equal((await invite(address)).body.field, 'address', address);
  const asked = await invite('Cleo@AWAY.test');
  assert.deepEqual([asked.status, asked.body.address, asked.body.state], [202, 'Cleo@away.test', 'invited']);
  const text = await letter('Cleo@away.test', 'An invitation');
  assert.match(text, /ann@hearth\.test invites you into the group choir@hearth\.test/);
  const before = subject();
  assert.equal(await send('choir@hearth.test', { about: before }), 250);
  assert.equal((await confirm('x'.repeat(43))).status, 404);
  assert.deepEqual(await confirm(tokenOf(text)).then(({ status, body }) => [status, body.group]), [200, 'choir@hearth.test']);
  assert.equal((await confirm(tokenOf(text))).status, 404); // once
  assert.equal((await invite('cleo@away.test')).status, 409);
  assert.deepEqual((await subscribers()).map(({ address, state }) => [address, state]), [['Cleo@away.test', 'member']]);
  assert.equal(await subscribers(bob), undefined);
  assert.match(run('group', 'show', 'choir'), /^Cleo@away\.test\telsewhere$/m);
  assert.equal(came(before).length, 0);
});

test('they get what is written to it, each under a sender of their own, and leave by one click', async () => {
  await member('dan@away.test');
  const about = subject();
  assert.equal(await send('choir@hearth.test', { about }), 250);
  const mails = await arrived(about, 2);
  assert.deepEqual(mails.map((mail) => mail.to).sort(), [['<Cleo@away.test>'], ['<dan@away.test>']]);
  assert.notEqual(mails[0].from, mails[1].from);
  for (const { from, text } of mails) {
    assert.match(from, /^<verp=\d+-\d+-\d+-[0-9a-f]{12}@hearth\.test>/);
    assert.match(text, /^Delivered-To: choir@hearth\.test\r$[^]*^List-Id: "The choir" <choir\.hearth\.test>\r$[^]*^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
    assert.match(text, /^ARC-Seal: i=1;/m);
    assert.match(text, /^From: x@proven\.test\r$/m);
  }
  assert.ok(await header('bob', about));
  const own = subject();
  assert.equal(await send('choir@hearth.test', { about: own, as: 'bob' }), 250);
  assert.equal((await arrived(own, 2))[0].text.match(/^DKIM-Signature: /gm).length, 2); // by either kind of key

  const link = /^List-Unsubscribe: <https:\/\/mail\.hearth\.test(\/api\/mail\/lists\/leave\/[0-9a-z-]+)>\r$/m.exec(mails.find((mail) => mail.to[0] === '<dan@away.test>').text)[1];
  const click = async (path) => (await fetch(hearth.base + path, { method: 'POST', body: 'List-Unsubscribe=One-Click', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).status;
  assert.equal(await click(link.replace('-e', '-')), 404); // is signed
  assert.equal(await click(link), 204);
  assert.equal(await click(link), 204);
  const [left] = await subscribers();
  assert.equal(left.address, 'Cleo@away.test');
});

test('by command; an owner removes them, and may not go while they are in', async () => {
  const link = run('group', 'subscribe', 'choir', 'eve@away.test');
  assert.match(link, /^https:\/\/mail\.hearth\.test\/#subscribe\?token=/);
  assert.match(run('group', 'show', 'choir'), /^eve@away\.test\telsewhere\tinvited$/m);
  const { body } = await invite('eve@away.test'); // asked anew: the link before is no good
  assert.equal((await confirm(tokenOf(link))).status, 404);
  assert.equal((await hearth.api('DELETE', `/api/auth/groups/${group}/subscribers/${body.id}`, undefined, bob)).status, 403);
  assert.equal((await hearth.api('DELETE', `/api/auth/groups/${group}/subscribers/${body.id}`, undefined, ann)).status, 204);
  assert.equal((await hearth.api('DELETE', `/api/auth/groups/${group}/subscribers/${body.id}`, undefined, ann)).status, 404);
  assert.equal((await confirm(tokenOf(await letter('eve@away.test', 'An invitation')))).status, 404);
  for (const args of [['choir', 'bob'], ['nobody', 'x@away.test'], ['choir', 'not an address']]) assert.equal(hearth.command('group', 'subscribe', ...args).status, 1);
  assert.equal(hearth.command('group', 'subscribe', 'choir').status, 2);
  assert.equal(hearth.command('group', 'unsubscribe', 'choir', 'eve@away.test').status, 1);
  // Of nobody but them the group still is one.
  run('group', 'add', 'far');
  const token = tokenOf(run('group', 'subscribe', 'far', 'fay@away.test'));
  assert.equal(await send('far@hearth.test'), 550);
  assert.equal((await confirm(token)).status, 200);
  const about = subject();
  assert.equal(await send('far@hearth.test', { about }), 250);
  assert.deepEqual((await arrived(about))[0].to, ['<fay@away.test>']);
  run('group', 'join', 'far', 'bob', '--owner');
  assert.equal(hearth.command('group', 'leave', 'far', 'bob').status, 1);
  run('group', 'unsubscribe', 'far', 'FAY@away.test');
  run('group', 'leave', 'far', 'bob');
  // How many one account may ask within the hour, and how often one address is asked.
  for (let i = 0; i < 2; i++) assert.equal((await invite('gus@away.test')).status, 202);
  assert.equal((await invite('Gus@away.test')).status, 429);
  assert.equal((await invite('gus+other@away.test')).status, 429);
  // Who says so by the letter's other link is asked by no group any more.
  assert.equal((await invite('ida@away.test')).status, 202);
  const [, other] = /#refuse\?token=([A-Za-z0-9_-]+)/.exec(await letter('ida@away.test', 'An invitation'));
  const refuse = () => hearth.api('POST', '/api/auth/subscribe/refuse', { token: other });
  assert.deepEqual([(await refuse()).status, (await refuse()).status], [204, 404]);
  const again = await invite('Ida+x@away.test');
  assert.deepEqual([again.status, again.body.field], [409, 'address']);
  let last = 202;
  for (let n = 0; n < 65 && last === 202; n++) last = (await invite(`someone${n}@away.test`)).status;
  assert.equal(last, 429);
});

test('a mail that waits, for its time or for an owner, goes to them when it may', async () => {
  const about = subject(), moderated = subject(), away = subject();
  assert.equal(await send('choir@hearth.test', { about, as: 'bob', hold: 1 }), 250);
  assert.equal(came(about).length, 0);
  const [late] = await arrived(about);
  assert.deepEqual(late.to, ['<Cleo@away.test>']);
  assert.match(late.from, /^<verp=/);
  assert.match(late.text, /^List-Id: "The choir" /m);
  assert.ok(await header('ann', about));
  run('group', 'posting', 'choir', 'moderated');
  for (const one of [moderated, away]) assert.equal(await send('choir@hearth.test', { about: one }), 250);
  await hearth.kill();
  await hearth.start();
  [ann, bob] = [await login('ann'), await login('bob')];
  const ids = run('list', 'held', 'choir').split('\n').filter(Boolean).map((line) => line.split('\t')[0]);
  assert.equal(ids.length, 2);
  run('list', 'approve', 'choir', ids[0]);
  assert.match((await arrived(moderated))[0].text, /^Delivered-To: choir@hearth\.test\r$[^]*^ARC-Seal: i=1;[^]*^Authentication-Results: [^]*^List-Id: "The choir" /m);
  // Who has left meanwhile gets nothing.
  run('group', 'unsubscribe', 'choir', 'cleo@away.test');
  run('list', 'approve', 'choir', ids[1]);
  await eventually(() => header('bob', away), 30, 'what was let go');
  await eventually(() => sql('SELECT count(*) FROM queue') === '0', 30, 'nobody waits');
  assert.equal(came(away).length, 0);
  assert.match(await header('bob', away), /^List-Id: "The choir" /m);
  assert.equal(hearth.command('verify').status, 0);
});

test('what was asked of a mail that waits holds when it goes: to members elsewhere, and where a member sends theirs on', async () => {
  const now = Date.now();
  run('group', 'add', 'quiet');
  run('group', 'join', 'quiet', 'bob', '--owner');
  assert.equal((await confirm(tokenOf(run('group', 'subscribe', 'quiet', 'ivy@away.test')))).status, 200);
  const id = sql("SELECT id FROM account WHERE address = 'bob@hearth.test'", 'auth');
  sql(`INSERT INTO forward (account, address, keep, confirmed, hash, asked_ms) VALUES (${id}, 'bobs@away.test', 1, 1, '', ${now})`);
  const wait = async (words, about) => {
    const client = await SmtpClient.hello(hearth.port.submissions, { secure: true });
    await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
    assert.equal((await client.mail('ann@hearth.test', 'quiet@hearth.test', `From: ann@hearth.test\r\nSubject: ${about}\r\n\r\nhello\r\n`, ` HOLDFOR=1${words}`)).code, 250);
    client.close();
  };
  const wide = Buffer.from('von wärts', 'utf8').toString('latin1'), secret = subject();
  await wait(' SMTPUTF8', wide);
  await eventually(() => ['ivy', 'bobs'].every((who) => sink.mails.some((mail) => mail.to.includes(`<${who}@away.test>`) && mail.text.includes('Subject: von w'))), 30, 'beyond ASCII');
  for (const mail of sink.mails.filter((one) => one.text.includes('Subject: von w'))) assert.match(mail.from, / SMTPUTF8/);
  await wait(' REQUIRETLS', secret);
  for (const who of ['ivy', 'bobs']) await eventually(() => hearth.log.split('\n').some((line) => line.includes(`to=${who}@away.test `) && /has not proven who it is/.test(line)), 30, `${who}: refused`);
  await eventually(() => header('bob', secret), 30, 'here it is');
  assert.equal(came(secret).length, 0);
  sql(`DELETE FROM forward WHERE account = ${id}`);
  // And of a report on one: to who wrote it, elsewhere.
  run('alias', 'add', 'onward', 'kim@away.test');
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.startTls();
  await client.expect(250, 'EHLO client.test');
  assert.equal((await client.mail('x@proven.test', 'onward@hearth.test', 'From: x@proven.test\r\nSubject: to be told\r\n\r\nhello\r\n', ' REQUIRETLS')).code, 250);
  client.close();
  for (const to of ['kim@away.test', 'x@proven.test']) await eventually(() => hearth.log.split('\n').some((line) => line.includes(`to=${to} `) && /has not proven who it is/.test(line)), 30, `${to}: refused`);
  assert.ok(!sink.mails.some((mail) => mail.to.includes('<x@proven.test>') || mail.to.includes('<kim@away.test>')));
});

test('what a group sends within the hour is bounded: a mail once, those here not at all, and what others write apart', async () => {
  run('group', 'add', 'loud');
  run('group', 'join', 'loud', 'bob', '--owner');
  run('group', 'posting', 'loud', 'moderated');
  for (const name of ['jan', 'jil', 'joe']) assert.equal((await confirm(tokenOf(run('group', 'subscribe', 'loud', `${name}@away.test`)))).status, 200);
  const id = sql("SELECT id FROM account_group WHERE name = 'loud'", 'auth'), key = `through the group ${id}`, hour = Math.floor(Date.now() / 3600000);
  const count = (of, mails) => [hour, hour + 1].forEach((at) => sql(`INSERT INTO forwarded (key, hour, mails) VALUES ('${of}', ${at}, ${mails}) ON CONFLICT (key, hour) DO UPDATE SET mails = ${mails}`));
  const late = subject(), own = subject(), others = subject();
  assert.equal(await send('loud@hearth.test', { about: late }), 250);
  count(key, 500);
  run('list', 'approve', 'loud', run('list', 'held', 'loud').split('\t')[0]);
  await eventually(() => header('bob', late), 30, 'here at once');
  const waits = () => sql(`SELECT group_concat(DISTINCT answer) || count(*) FROM queue WHERE list = ${id} AND attempts > 0`);
  await eventually(() => /^its group has sent as many mails within the hour as it may3$/.test(waits()), 30, 'put off together').catch((e) => { throw new Error(`${e.message}: ${waits()}`); });
  assert.equal(sql(`SELECT count(DISTINCT due_ms) || (min(due_ms) >= ${(hour + 1) * 3600000}) FROM queue WHERE list = ${id}`), '11'); // when it may
  assert.equal(came(late).length, 0);
  const [first] = sql(`SELECT id FROM queue WHERE list = ${id}`).split('\n');
  run('queue', 'hold', '--all');
  count(key, 499); // room for one mail, which the others are, too
  run('queue', 'release', first);
  await arrived(late);
  run('queue', 'release', '--all');
  assert.deepEqual((await arrived(late, 3)).map((mail) => mail.to[0]).sort(), ['jan', 'jil', 'joe'].map((name) => `<${name}@away.test>`));
  assert.equal(sql(`SELECT max(mails) FROM forwarded WHERE key = '${key}'`), '500');
  run('group', 'posting', 'loud', 'anybody');
  count(key, 1);
  count(`${key}, of others`, 500);
  assert.equal(await send('loud@hearth.test', { about: others }), 452);
  assert.equal(await send('loud@hearth.test', { about: own, as: 'bob' }), 250);
  await arrived(own, 3);
});

test('what comes back pauses a member: by its own address, signed, once a day', async () => {
  run('group', 'add', 'band');
  run('group', 'join', 'band', 'ann', '--owner');
  const band = (await hearth.api('GET', '/api/auth/groups', undefined, ann)).body.groups.find((one) => one.name === 'band').id;
  const state = (address) => /\t(\w+)$/.exec(run('group', 'show', 'band').split('\n').find((line) => line.startsWith(address)))[1];
  const score = (address) => Number(sql(`SELECT score FROM subscriber WHERE group_id = ${band} AND address = '${address}'`, 'auth'));
  const today = Math.floor(Date.now() / 86400000);
  const earlier = (address) => sql(`UPDATE subscriber SET score = 8, bounced_day = ${today - 1}, bounced_weight = 2 WHERE group_id = ${band} AND address = '${address}'`, 'auth');
  for (const address of ['hal@away.test', 'nobody@away.test']) assert.equal((await confirm(tokenOf(run('group', 'subscribe', 'band', address)))).status, 200);

  // What another server refuses is the group's business: who wrote hears nothing.
  const about = subject();
  assert.equal(await send('band@hearth.test', { about }), 250);
  const [{ from }] = await arrived(about);
  const [, address] = /^<([^>]+)>/.exec(from);
  await eventually(() => score('nobody@away.test') === 2, 30, 'that it is counted');
  await eventually(() => sql('SELECT count(*) FROM queue') === '0', 30, 'nobody waits');
  assert.equal(sink.mails.filter((mail) => mail.to.includes('<x@proven.test>')).length, 0);
  assert.equal(score('hal@away.test'), 0);

  // Reports alone come by it, and of those what failed; what was not signed by us comes to nobody.
  const report = (action, status) => `From: mailer-daemon@away.test\r\nSubject: it came back\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nno\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; away.test\r\n\r\nFinal-Recipient: rfc822; hal@away.test\r\nAction: ${action}\r\nStatus: ${status}\r\n\r\n--b--`;
  const failed = report('failed', '5.1.1');
  assert.equal(await send(address, { text: failed }), 550);
  assert.equal(await send(address.replace(/-(\w)/, (_, c) => `-${c}0`), { from: '', text: failed }), 550);
  assert.equal(await send(address.replace(/\w@/, (c) => (c === '0@' ? '1@' : '0@')), { from: '', text: failed }), 550);
  for (const text of [report('delayed', '4.4.1'), 'Subject: away\r\nAuto-Submitted: auto-replied\r\n\r\nin March again']) assert.equal(await send(address, { from: '', text }), 250);
  earlier('hal@away.test');
  assert.equal(await send(address.toUpperCase(), { from: '', text: report('failed', '4.4.7') }), 250);
  await hearth.kill(); // right behind the 250, which stands for it
  await hearth.start();
  [ann, bob] = [await login('ann'), await login('bob')];
  await eventually(() => score('hal@away.test') === 9, 30, 'the soft one');
  assert.equal(await send(address, { from: '', text: report('failed', '4.4.7') }), 250); // of a day the worst alone
  const large = failed.replace('\r\nno\r\n', `\r\n${'no '.repeat(30)}\r\n`.repeat(4000));
  assert.equal(await send(address, { from: '', text: large }), 250);
  await eventually(() => state('hal@away.test') === 'paused', 30, 'that it is paused');
  assert.equal(score('hal@away.test'), 10);
  // Its owner is told, once, and it has a link there; nothing more is sent.
  await eventually(() => header('ann', 'A member of your group is paused'), 30, 'the letter');
  const text = await letter('hal@away.test', 'Mail of a group is not sent to you');
  assert.equal(await send(address, { from: '', text: failed }), 250);
  const without = subject();
  assert.equal(await send('band@hearth.test', { about: without }), 250);
  assert.ok(await header('ann', without));
  assert.equal((await confirm(tokenOf(text))).status, 200);
  assert.equal(state('hal@away.test'), 'elsewhere');
  assert.equal(came(without).length, 0);
  assert.equal(letters('hal@away.test', 'Mail of a group is not sent to you').length, 1);
  // Or an owner says so: over HTTP, by command.
  const { body: { subscribers: there } } = await hearth.api('GET', `/api/auth/groups/${band}`, undefined, ann);
  const { id } = there.find((one) => one.address === 'nobody@away.test');
  const resume = (who) => hearth.api('POST', `/api/auth/groups/${band}/subscribers/${id}/resume`, undefined, who);
  assert.equal((await resume(ann)).status, 404); // it is not paused
  earlier('nobody@away.test');
  // Letters that cannot be put on disk for now are sent again.
  const told = () => sql(`SELECT told FROM subscriber WHERE id = ${id}`, 'auth');
  sql("CREATE TRIGGER no_letters BEFORE INSERT ON outgoing WHEN NEW.mail_from = '' BEGIN SELECT RAISE(ABORT, 'no'); END");
  const seen = hearth.log.length;
  assert.equal(await send('band@hearth.test'), 250);
  await eventually(() => state('nobody@away.test') === 'paused', 30, 'that it is paused');
  assert.equal(refusals, 1); // it was not even sent there: its server has said so
  await eventually(() => /a letter of the server could not be delivered/.test(hearth.log.slice(seen)), 30, 'that it failed');
  sql('DROP TRIGGER no_letters');
  sql(`UPDATE subscriber SET asked_ms = 1 WHERE id = ${id}`, 'auth');
  sink.refuses = undefined;
  // What comes back next has it looked at, as the chores do.
  await eventually(async () => {
    await send(address, { from: '', text: failed });
    return letters('nobody@away.test', 'Mail of a group is not sent to you').length;
  }, 30, 'the letter, again');
  await eventually(() => told() === '1', 30, 'that it is told');
  // Its server has taken that: somebody is there.
  await eventually(() => sql("SELECT count(*) FROM suppressed WHERE address = 'nobody@away.test'") === '0', 30, 'that it is not suppressed any more');
  assert.deepEqual([(await resume(bob)).status, (await resume(ann)).status], [404, 204]);
  assert.equal(hearth.command('group', 'resume', 'band', 'nobody@away.test').status, 1);
  assert.equal(hearth.command('verify').status, 0);
});

test('a prefix of the Subject, and a From that other servers take', async () => {
  run('group', 'add', 'tenors', '--title', 'The “tenors”');
  for (const name of ['ann', 'bob']) run('group', 'join', 'tenors', name, '--owner');
  run('group', 'archive', 'tenors', 'members');
  assert.equal((await confirm(tokenOf(run('group', 'subscribe', 'tenors', 'ian@away.test')))).status, 200);
  const keys = run('dns').split('\n').map((line) => /^(\S+_domainkey\S*?)\.?\s.*?TXT\s+(.*)$/.exec(line)).filter(Boolean);
  const ours = Object.fromEntries(keys.map(([, name, value]) => [name.toLowerCase(), [...value.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join('')]));
  const covered = (text) => [...text.matchAll(/^DKIM-Signature:[^]*?\bh=([^;]+);[^]*?\bd?/gm)].filter(([field]) => /d=hearth\.test/.test(field)).map(([, names]) => /\bList-Unsubscribe:\s*List-Unsubscribe-Post\b/.test(names));
  const resolver = async (name, type) => {
    const value = ours[name] ?? (name === 's1._domainkey.strict.test' ? KEY : undefined);
    if (type !== 'TXT' || !value) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    return [[value]];
  };
  const passes = async (mail) => (await dkimVerify(Buffer.from(mail.text, 'latin1'), { resolver })).results.filter(({ status }) => status.result === 'pass').map(({ signingDomain }) => signingDomain);
  const write = (about, from = 'Ann A <ann@strict.test>', more = '') => `From: ${from}\r\nTo: tenors@hearth.test\r\n${more}Subject: ${about}\r\nDate: Sat, 28 Nov 2026 15:00:00 +0000\r\nMessage-ID: <${number}@strict.test>\r\n\r\nhello\r\n`;
  const sign = async (text) => (await dkimSign(text, { canonicalization: 'relaxed/relaxed', signatureData: [{ signingDomain: 'strict.test', selector: 's1', privateKey }] })).signatures + text;
  const through = async (text, about, from = 'ann@strict.test') => {
    assert.equal(await send('tenors@hearth.test', { from, text: text.replace(/\r\n$/, '') }), 250);
    return (await arrived(about))[0];
  };
  const changed = /^From: =\?utf-8\?\S+\?=\r\n( =\?utf-8\?\S+\?=\r\n)* <tenors@hearth\.test>\r\nReply-To: Ann A <ann@strict\.test>\r\nX-Original-From: Ann A <ann@strict\.test>\r$/m;

  // Nothing is changed of what is signed for its author, or of an author without a policy.
  let about = subject(), mail = await through(await sign(write(about)), about);
  assert.deepEqual(await passes(mail), ['hearth.test', 'hearth.test', 'strict.test']);
  assert.deepEqual(covered(mail.text), [true, true]); // the link to leave is
  assert.match(mail.text, /^From: Ann A <ann@strict\.test>\r$/m);
  about = subject();
  assert.match((await through(write(about, 'x@proven.test'), about, 'x@proven.test')).text, /^From: x@proven\.test\r$/m);
  // By SPF alone it would be refused elsewhere: it comes from the group, signed for that; not for those here.
  about = subject();
  mail = await through(write(about), about);
  assert.match(mail.text, changed);
  assert.deepEqual(await passes(mail), ['hearth.test', 'hearth.test']);
  assert.match(mail.text, /^ARC-Seal: i=1;/m);
  assert.match(await header('bob', about), /^From: Ann A <ann@strict\.test>\r$/m);
  // What it says of another list does not go out beside ours; with that the author's signature may not hold.
  for (const from of ['x@proven.test', 'Ann A <ann@strict.test>']) {
    about = subject();
    const text = write(about, from, 'List-Id: <other.proven.test>\r\nList-Unsubscribe: <https://other.test/leave>\r\nlist-unsubscribe-post: List-Unsubscribe=One-Click\r\nList-Post: <mailto:other@other.test>\r\n');
    mail = await through(from.startsWith('x') ? text : await sign(text), about, from.startsWith('x') ? from : undefined);
    for (const name of ['List-Unsubscribe', 'List-Unsubscribe-Post', 'List-Post']) assert.equal(mail.text.match(new RegExp(`^${name}: `, 'gim')).length, 1, name);
    assert.doesNotMatch(mail.text, /other\.test/);
    assert.deepEqual([covered(mail.text), await passes(mail)], [[true, true], ['hearth.test', 'hearth.test']]);
    assert.match(mail.text, from.startsWith('x') ? /^From: x@proven\.test\r$/m : changed);
    assert.match(await header('bob', about), /^List-Post: <mailto:other@other\.test>\r$/m); // as it came
  }

  // With a prefix all get that, once, and a signature for the author does not hold any more.
  run('group', 'prefix', 'tenors', '[T]');
  about = subject();
  mail = await through(await sign(write(about)), `[T] ${about}`);
  assert.match(mail.text, changed);
  assert.deepEqual(await passes(mail), ['hearth.test', 'hearth.test']);
  assert.match(await header('bob', about), new RegExp(`^List-Id: [^]*^From: Ann A <ann@strict\\.test>\\r\n[^]*^Subject: \\[T\\] ${about}\\r$`, 'm'));
  assert.equal(sql(`SELECT group_concat(subject) FROM content WHERE account > 1000000 AND subject LIKE '%${about}'`), about); // the archive has it as it came
  about = `Re: [T] ${subject()}`;
  mail = await through(await sign(write(about)), about);
  assert.deepEqual(await passes(mail), ['hearth.test', 'hearth.test', 'strict.test']);
  about = subject();
  assert.match((await through(write(about, 'x@proven.test'), `[T] ${about}`, 'x@proven.test')).text, /^From: x@proven\.test\r$/m);
  // What is written here is signed as it goes out; a large one, as a blob.
  about = subject();
  const large = `From: bob@hearth.test\r\nReply-To: x@proven.test\r\nSubject: ${about}\r\n\r\n${'la la la\r\n'.repeat(12000)}`;
  assert.equal(await send('tenors@hearth.test', { as: 'bob', text: large.trimEnd() }), 250);
  [mail] = await arrived(`[T] ${about}`);
  assert.deepEqual(await passes(mail), ['hearth.test', 'hearth.test']);
  assert.match(mail.text, /^From: bob@hearth\.test\r$/m);
  assert.match(await header('ann', about), new RegExp(`^Subject: \\[T\\] ${about}\\r$`, 'm'));
  // What waited for an owner is changed as it would have been at once.
  run('group', 'posting', 'tenors', 'moderated');
  about = subject();
  assert.equal(await send('tenors@hearth.test', { from: 'ann@strict.test', text: write(about).trimEnd() }), 250);
  run('list', 'approve', 'tenors', run('list', 'held', 'tenors').split('\t')[0]);
  [mail] = await arrived(`[T] ${about}`);
  assert.match(mail.text, changed);
  assert.deepEqual(await passes(mail), ['hearth.test', 'hearth.test']);
  run('group', 'posting', 'tenors', 'anybody');
  // Its bounds, and who may set it.
  const tenors = (await hearth.api('GET', '/api/auth/groups', undefined, ann)).body.groups.find((one) => one.name === 'tenors');
  assert.equal(tenors.subject_prefix, '[T]');
  const patch = (value) => hearth.api('PATCH', `/api/auth/groups/${tenors.id}`, { subject_prefix: value }, ann);
  for (const value of ['x'.repeat(31), ' [x]', 'é', '=?utf-8?Q?x?=', 'a\nb', 7]) assert.equal((await patch(value)).body.field, 'subject_prefix', value);
  assert.equal((await patch(null)).body.subject_prefix, '');
  assert.equal(hearth.command('group', 'prefix', 'tenors', 'é').status, 2);
  assert.equal(hearth.command('verify').status, 0);
  // How many of its mails go elsewhere within the hour.
  sql("UPDATE forwarded SET mails = 499 WHERE key = 'through the group " + tenors.id + ", of others'");
  assert.deepEqual([await send('tenors@hearth.test'), await send('tenors@hearth.test')], [250, 452]);
});

test('a member elsewhere writes to a group of members by a From that is proven, and to a moderated one without waiting', async () => {
  run('group', 'add', 'closed');
  run('group', 'join', 'closed', 'ann', '--owner');
  for (const address of ['Kim@proven.test', 'kim@strict.test', 'kim@a.dead']) assert.equal((await confirm(tokenOf(run('group', 'subscribe', 'closed', address)))).status, 200);
  run('group', 'posting', 'closed', 'members');
  const to = 'closed@hearth.test';
  const write = (about, from, body = 'hello') => `From: ${from}\r\nTo: ${to}\r\nSubject: ${about}\r\nDate: Sat, 28 Nov 2026 15:00:00 +0000\r\nMessage-ID: <${about.replace(/ /g, '.')}@kim.test>\r\n\r\n${body}\r\n`;
  const post = (from, author, about = subject(), body) => send(to, { from, text: write(about, author, body).trimEnd() });
  const there = async (about) => {
    await eventually(() => header('ann', about), 30, about);
    await arrived(about, 2);
  };

  // SPF, of a domain without a policy: of its very name; a signature, of one with a policy, whoever brings it.
  let about = subject();
  assert.equal(await post('kim@proven.test', 'Kim <KIM@Proven.test>', about), 250);
  await there(about);
  about = subject();
  const { signatures } = await dkimSign(write(about, 'kim@strict.test'), { canonicalization: 'relaxed/relaxed', signatureData: [{ signingDomain: 'strict.test', selector: 's1', privateKey }] });
  assert.equal(await send(to, { from: 'x@away.test', text: (signatures + write(about, 'kim@strict.test')).trimEnd() }), 250);
  await there(about);
  about = subject();
  assert.equal(await post('other@proven.test', 'kim@proven.test', about, 'la la la\r\n'.repeat(40_000)), 250); // one that is read back
  await there(about);

  // Not who is none; nor whose From is not proven, or could be read as another's; nor what has no sender.
  const refused = ['x@proven.test', 'x@proven.test, kim@proven.test', 'kim@proven.test, x@strict.test', 'x@proven.test\r\nFrom: kim@proven.test',
    'kim@proven.test\r\nFrom: x@proven.test', '"kim@proven.test" <x@proven.test>', 'kim@proven.test <x@proven.test>', 'all: kim@proven.test;', 'kim@sub.proven.test', 'kim'];
  for (const author of refused) assert.equal(await post('kim@proven.test', author), 550, author);
  assert.equal(await post('kim@away.test', 'kim@proven.test'), 550);
  assert.equal(await post('kim@proven.test', 'kim@strict.test'), 550);
  // What the DNS does not tell now it may another time: a member is asked to try again, nobody else.
  assert.equal(await post('kim@a.dead', 'kim@a.dead'), 451);
  assert.equal(await post('x@a.dead', 'x@a.dead'), 550);
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.expect(250, 'MAIL FROM:<>');
  await client.expect(550, `RCPT TO:<${to}>`);
  await client.expect(250, 'RSET');
  // It is known at the end, for all whom it is for: so for nobody beside the group.
  await client.expect(250, 'MAIL FROM:<kim@proven.test>');
  await client.expect(250, `RCPT TO:<${to}>`);
  for (const other of ['bob@hearth.test', to, 'choir@hearth.test']) await client.expect(452, `RCPT TO:<${other}>`);
  await client.expect(354, 'DATA');
  assert.match((await client.say(`${write(subject(), 'x@proven.test')}.`)).lines.join(), /5\.7\.1 only members may write to this group/);
  await client.expect(250, 'MAIL FROM:<kim@proven.test>');
  await client.expect(250, 'RCPT TO:<bob@hearth.test>');
  await client.expect(452, `RCPT TO:<${to}>`);
  await client.expect(354, 'DATA');
  await client.expect(250, `${write(subject(), 'x@proven.test')}.`);
  // To one of owners alone nobody elsewhere writes, nor by an alias that leads to others, too.
  run('group', 'posting', 'closed', 'owners');
  await client.expect(250, 'MAIL FROM:<kim@proven.test>');
  await client.expect(550, `RCPT TO:<${to}>`);
  run('group', 'posting', 'closed', 'members');
  run('alias', 'add', 'both', 'closed@hearth.test', 'x@away.test');
  await client.expect(550, 'RCPT TO:<both@hearth.test>');
  client.close();

  run('group', 'posting', 'closed', 'moderated');
  const held = () => run('list', 'held', 'closed').split('\n').filter(Boolean).length;
  about = subject();
  assert.equal(await post('kim@proven.test', 'kim@proven.test', about), 250);
  await there(about);
  assert.equal(held(), 0);
  for (const [from, author] of [['x@proven.test', 'x@proven.test'], ['kim@away.test', 'kim@proven.test']]) assert.equal(await post(from, author), 250);
  assert.equal(held(), 2);
  // Who is none any more.
  run('group', 'posting', 'closed', 'members');
  run('group', 'unsubscribe', 'closed', 'kim@proven.test');
  assert.equal(await post('kim@proven.test', 'kim@proven.test'), 550);
  assert.equal(hearth.command('verify').status, 0);
});
