// idle.test.mjs: what a server where nobody is holds in memory: right after its start, and again
// once who logged in has gone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually, Hearth, SANITIZED } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';

const PASSWORD = 'correct horse battery';
const MOST = 32; // MiB
const skip = SANITIZED && 'a sanitizer has memory of its own';
let hearth;
const proc = (name) => readFileSync(`/proc/${hearth.child.pid}/${name}`, 'latin1');
const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(proc('status'))[1]) / 1024;

before(async () => { hearth = await new Hearth().start(); });
after(() => hearth.remove());

test('a server that has just started', { skip }, () => {
  assert.ok(resident() <= MOST, `${resident()} MiB`);
  // What only transcoding needs comes when something is transcoded.
  assert.doesNotMatch(proc('maps'), /libavcodec/);
});

test('after log-ins, when nobody is there any more', { skip }, async () => {
  for (let i = 0; i < 4; i++) hearth.addUser(`p${i}@hearth.test`, PASSWORD);
  await Promise.all(Array.from({ length: 20 }, (_, i) => hearth.login(`p${i % 4}@hearth.test`, PASSWORD)));
  // The memory of a hash (19 MiB) is there now: else this would show nothing.
  assert.ok(resident() > MOST, `${resident()} MiB`);
  const imap = await ImapClient.login(hearth.port.imap, 'p1@hearth.test', `"${PASSWORD}"`);
  await imap.ok('SELECT INBOX');
  await imap.ok('LOGOUT');
  await eventually(() => resident() <= MOST, 30, `${MOST} MiB`);
});
