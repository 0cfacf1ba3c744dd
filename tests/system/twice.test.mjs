// twice.test.mjs: a server, and commands beside it, whose database functions are each run twice, the
// first run undone (HEARTH_DB_TWICE, db.h), as an engine repeats them that has many writers. What
// somebody sees must be there once. (`make twice` runs all system tests that way.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { deliver } from './smtp-client.mjs';

process.env.HEARTH_DB_TWICE = '1';
const PASSWORD = 'correct-horse-battery';
let hearth, auth;
const lines = (...args) => hearth.command(...args).stdout.trimEnd().split('\n');

before(async () => {
  hearth = new Hearth();
  hearth.addUser('ann@hearth.test', PASSWORD, '--admin');
  await hearth.start();
  auth = { Authorization: `Bearer ${await hearth.login('ann@hearth.test', PASSWORD)}` };
});
after(() => hearth.remove());

test('commands print each line once', async () => {
  hearth.addUser('bob@hearth.test', PASSWORD);
  assert.deepEqual(lines('user', 'list').map((line) => line.split('\t')[0]), ['ann@hearth.test', 'bob@hearth.test']);
  assert.equal(hearth.command('group', 'add', 'staff').status, 0);
  assert.equal(hearth.command('group', 'join', 'staff', 'bob@hearth.test').status, 0);
  assert.equal(hearth.command('group', 'invite', 'staff', 'ann@hearth.test').status, 0);
  assert.equal(lines('group', 'list').length, 1);
  assert.deepEqual(lines('group', 'show', 'staff'), ['staff\tstaff', 'bob@hearth.test', 'ann@hearth.test\tinvited']);
  assert.equal(lines('session', 'list', 'ann@hearth.test').length, 1);
  assert.match(hearth.command('invite').stdout, /^\S+\n$/);
  assert.equal(lines('user', 'storage', 'ann@hearth.test').filter((line) => line.startsWith('mail')).length, 1);
});

test('what is made, is made once; what is listed, is listed once', async () => {
  for (let i = 1; i <= 3; i++) await deliver(hearth.port.smtp, 'ann@hearth.test', `From: x@example.org\r\nSubject: number ${i}\r\n\r\ntext of ${i}\r\n`);
  const { messages } = (await hearth.api('GET', '/api/mail/messages', undefined, auth)).body;
  assert.deepEqual(messages.map((m) => [m.uid, m.subject]), [[3, 'number 3'], [2, 'number 2'], [1, 'number 1']]);
  await eventually(async () => (await hearth.api('GET', '/api/mail/messages?q=text%20of%202', undefined, auth)).body.messages.map((m) => m.subject).join() === 'number 2');
  const imap = await ImapClient.login(hearth.port.imap, 'ann@hearth.test', PASSWORD);
  await imap.ok('SELECT INBOX');
  assert.equal((await imap.fetch('FETCH 1:* (UID)')).length, 3);
  imap.close();
  const sessions = (await hearth.api('GET', '/api/auth/sessions', undefined, auth)).body.sessions;
  assert.equal(new Set(sessions.map((s) => s.id)).size, sessions.length);
  assert.equal((await hearth.api('GET', '/api/auth/accounts', undefined, auth)).body.accounts.length, 2);
});
