// quota.test.mjs: one quota for all that is kept for an account. What video keeps leaves no room for
// mail and the other way round, everybody tells the same number, and what is freed in one is room in
// the other.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { Publisher, readFlv } from './rtmp-client.mjs';
import { SmtpClient } from './smtp-client.mjs';
import { film, skip, Watch } from './video-media.mjs';

const USER = 'vic@hearth.test', PASSWORD = 'correct-horse-battery';
let hearth, dir, tags, key, token, imap;
const message = (size) => Buffer.from(`From: <x@example.org>\r\nSubject: n\r\n\r\n${'0123456789abcd\r\n'.repeat(size / 16)}`);
const auth = (method, path, body) => hearth.api(method, path, body, { Authorization: `Bearer ${token}` });
const storage = async () => (await auth('GET', '/api/auth/me/storage')).body;
const quota = (bytes) => assert.equal(hearth.command('user', 'quota', USER, String(bytes)).status, 0);
const append = (size) => imap.command(['APPEND INBOX ', message(size), '']);
const told = async () => Number(/\(STORAGE (\d+)/.exec((await imap.ok('GETQUOTA ""')).lines[0])[1]);
const rcpt = async (size, command = `RCPT TO:<${USER}>`) => {
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.expect(250, `MAIL FROM:<x@example.org> SIZE=${size}`);
  const { code } = await client.say(command);
  client.close();
  return code;
};

async function publish(until) {
  const p = new Publisher(hearth.port.rtmp);
  const { code } = await p.publish(key);
  if (code === 'NetStream.Publish.Start') {
    await p.tags(tags.filter(({ time }) => time < until));
    await p.finish();
  }
  await p.closed;
  return code;
}

before(async () => {
  if (skip) return;
  dir = mkdtempSync(join(tmpdir(), 'hearth-quota-'));
  hearth = await new Hearth({ 'store.blob_grace': '1s', 'video.segment': '1s', 'video.hold': '0s', 'video.late': '1h' }).start();
  tags = readFlv(readFileSync(await film(dir, 'film', { seconds: 3, gop: 24, filter: 'fps=24' })));
  hearth.addUser(USER, PASSWORD);
  hearth.addUser('wanda@hearth.test', PASSWORD);
  hearth.command('group', 'add', 'both');
  for (const name of [USER, 'wanda@hearth.test']) hearth.command('group', 'join', 'both', name);
  key = hearth.command('stream', 'key', USER).stdout.trim();
  token = await hearth.login(USER, PASSWORD);
  imap = await ImapClient.login(hearth.port.imap, USER, PASSWORD);
});
after(async () => {
  imap?.close();
  await hearth?.remove();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

test('video and mail together may keep what one of them may', { skip }, async () => {
  assert.equal(await publish(2200), 'NetStream.Publish.Start');
  for (const rendition of ['source', '360p']) await new Watch(hearth, 'vic', rendition).ended(30);
  const { modules: { video } } = await storage();
  assert.ok(video > 50_000, `${video}`);
  assert.equal((await append(video)).status, 'OK');
  const { used, modules: { mail } } = await storage();
  assert.equal(used, video + mail);

  // Each has half of it, and no other byte has room.
  quota(used + 1024);
  const full = { mail: [await rcpt(1500), (await append(1500)).code], told: await told() };
  assert.deepEqual(full, { mail: [452, 'OVERQUOTA'], told: Math.ceil(used / 1024) });
  assert.equal(await rcpt(1500, 'RCPT TO:<both@hearth.test>'), 452);
  await imap.ok('SELECT INBOX');
  assert.equal((await imap.command('COPY 1 Archive')).code, 'OVERQUOTA');
  const picture = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(1500)]);
  const put = await fetch(`${hearth.base}/api/auth/preferences/attachments/logo`, { method: 'PUT', body: picture, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'image/png' } });
  assert.deepEqual([put.status, /quota/.test((await put.json()).detail)], [507, true]);
  quota(used);
  assert.equal(await publish(1200), 'NetStream.Publish.Denied');
  assert.equal(await rcpt(0), 452);

  // Mail that goes is room for video ...
  await imap.ok('STORE 1 +FLAGS (\\Deleted)');
  await imap.ok('EXPUNGE');
  await eventually(async () => await publish(1200) === 'NetStream.Publish.Start', 10, 'room for video');
  // ... and video that goes is room for mail.
  quota((await storage()).used);
  assert.deepEqual([await rcpt(1500), (await append(1500)).code], [452, 'OVERQUOTA']);
  const { body: { streams } } = await auth('GET', '/api/video/streams');
  for (const { id } of streams) await eventually(async () => (await auth('DELETE', `/api/video/streams/${id}`)).status === 204, 20, 'the stream is deleted');
  await eventually(async () => await rcpt(1500) === 250, 20, 'room for mail');
  assert.equal((await append(1500)).status, 'OK');
});
