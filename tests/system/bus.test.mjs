// bus.test.mjs: what waits is told of though the live queue overflowed; events of modules that are off,
// and events that were set aside: what the registers of
// subscribers keep, and the commands that list, retry and forget.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

let hearth;
const sql = (database, text) => spawnSync('sqlite3', [join(hearth.settings['server.data'], `${database}.db`), '.timeout 5000', text],
  { encoding: 'utf8' }).stdout.trim();

async function restart(enable) {
  await hearth.stop();
  hearth.settings['modules.enable'] = enable;
  await hearth.start();
}

const messagesOf = (account) => sql('mail', `SELECT count(*) FROM message JOIN mailbox ON mailbox.id = message.mailbox WHERE account = ${account}`);

async function mailTo(address) {
  const client = await SmtpClient.hello(hearth.port.smtp);
  for (const line of ['MAIL FROM:<a@b.test>', `RCPT TO:<${address}>`, 'DATA']) await client.say(line);
  assert.equal((await client.say('Subject: x\r\n\r\nkept secret\r\n.')).code, 250);
  await client.say('QUIT');
}

const line = (name) => hearth.command('bus', 'list').stdout.split('\n').find((one) => one.startsWith(`${name} `)) ?? '';

before(async () => {
  hearth = await new Hearth({ 'mail.recipients_max': 2000 }).start();
  for (const name of ['ann', 'bob']) {
    hearth.addUser(`${name}@hearth.test`, 'correct horse');
    await mailTo(`${name}@hearth.test`);
  }
});
after(() => hearth.remove());

test('every subscription is listed, with what waits for it', () => {
  assert.match(line('mail.accounts'), /^mail\.accounts +auth\.account\.deleted +0 +- +0 +on$/);
  for (const name of ['mail.search', 'video.aggregate', 'game.accounts', 'auth.sessions']) assert.match(line(name), / on$/);
});

test('a mail to 1,400 recipients is told to whoever waits, the last of them too', async () => {
  sql('auth', 'INSERT INTO account (address, password, role, disabled, factors, created_at)'
    + " SELECT 'r' || value || '@hearth.test', '', 0, 0, 0, 1 FROM generate_series(1, 1400)");
  const idlers = [];
  for (const name of ['ann', 'bob']) {
    const idler = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, '"correct horse"');
    await idler.ok('SELECT INBOX');
    idler.send('i IDLE\r\n');
    await idler.response(/^\+/);
    idlers.push(idler);
  }
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.say('MAIL FROM:<a@b.test>');
  const names = ['ann', ...Array.from({ length: 1400 }, (_, i) => `r${i + 1}`), 'bob'];
  for (const name of names) assert.equal((await client.say(`RCPT TO:<${name}@hearth.test>`)).code, 250);
  await client.say('DATA');
  assert.equal((await client.say('Subject: to all\r\n\r\nx\r\n.')).code, 250);
  await client.say('QUIT');
  for (const idler of idlers) {
    await idler.response(/^\* 2 EXISTS/);
    idler.close();
  }
});

test('an account deleted while mail is off loses its messages when mail is on again', async () => {
  const ann = sql('auth', "SELECT id FROM account WHERE address = 'ann@hearth.test'");
  await restart('auth gateway web');
  assert.equal(hearth.command('user', 'delete', 'ann@hearth.test').status, 0);
  await new Promise((done) => setTimeout(done, 1500)); // some rounds of trimming
  assert.match(line('mail.accounts'), /^mail\.accounts +auth\.account\.deleted +1 +\d+ s +\? +off$/);
  assert.equal(messagesOf(ann), '2');
  // Also when nothing ran for a while but commands, and over another start without it.
  await restart('auth web');
  await restart('auth gateway mail video game web');
  await eventually(() => messagesOf(ann) === '0', 20, "ann's mail is gone");
  await eventually(() => / 0 +- +0 +on$/.test(line('mail.accounts')));
});

test('who is forgotten is not kept for; who is on cannot be', async () => {
  const refused = hearth.command('bus', 'forget', 'mail.accounts');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /is on/);
  assert.equal(hearth.command('bus', 'forget', 'mail.acounts').status, 1);
  assert.equal(hearth.command('bus', 'forget').status, 2);
  assert.match(hearth.command('bus').stderr, /hearth bus forget NAME/);
  await restart('auth gateway mail web');
  assert.equal(hearth.command('bus', 'forget', 'game.accounts').status, 0);
  assert.equal(hearth.command('bus', 'forget', 'video.accounts').status, 0);
  assert.equal(line('game.accounts'), '');
  assert.equal(hearth.command('user', 'delete', 'bob@hearth.test').status, 0);
  await eventually(() => sql('auth', "SELECT count(*) FROM bus_outbox WHERE topic = 'auth.account.deleted'") === '0');
  await restart('auth gateway mail video game web');
  assert.match(line('game.accounts'), / on$/);
});

test('what was set aside is tried again by command', async () => {
  hearth.addUser('eve@hearth.test', 'correct horse');
  // A rule that refuses what the search index would write; attempts that are over.
  sql('mail_search', 'CREATE TRIGGER refuse BEFORE UPDATE ON bus_cursor WHEN NEW.position > OLD.position'
    + " AND NOT EXISTS (SELECT 1 FROM bus_dead) BEGIN SELECT RAISE(ABORT, 'not now'); END;"
    + "UPDATE bus_cursor SET attempts = 9 WHERE subscription = 'mail.search' AND source = 'mail'");
  await restart('auth gateway mail video game web');
  await mailTo('eve@hearth.test');
  await eventually(() => / 1 +on$/.test(line('mail.search')), 30, 'it is set aside');
  assert.match(hearth.command('bus', 'list', 'mail.search').stdout, /^ {2}mail\.content \d+ of mail, set aside \d+ s ago: /m);
  sql('mail_search', 'DROP TRIGGER refuse');
  assert.match(hearth.command('bus', 'retry', 'mail.search').stdout, /^1 events/);
  await eventually(() => / 0 +on$/.test(line('mail.search')), 30, 'it is taken');
  assert.equal(hearth.command('bus', 'retry').stdout, '0 events are tried again\n');
  const token = await hearth.login('eve@hearth.test', 'correct horse');
  const headers = { Authorization: `Bearer ${token}` };
  const { body } = await hearth.api('GET', '/api/mail/messages?mailbox=INBOX&q=secret', undefined, headers);
  assert.equal(body.messages.length, 1);
});
