// video-nodes.test.mjs: two servers on one data folder, as nodes are: a channel is published to at one of
// them at a time, what one stores the other lists, and what one leaves behind when it dies the other
// ends, or goes on with.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, Hearth } from './hearth.mjs';
import { Publisher, readFlv } from './rtmp-client.mjs';
import { film, skip, Watch } from './video-media.mjs';

const settings = { 'server.nodes': 'shared', 'server.lease': '2s', 'video.segment': '1s', 'video.reconnect': '3s', 'video.hold': '8s', 'video.late': '1h', 'modules.enable': 'auth video' };
let a;
let b;
let dir;
let tags;
let key;
before(async () => {
  if (skip) return;
  dir = mkdtempSync(join(tmpdir(), 'hearth-nodes-'));
  a = await new Hearth(settings).start();
  b = await new Hearth({ ...settings, 'server.data': a.settings['server.data'] }).start();
  tags = readFlv(readFileSync(await film(dir, 'film', { from: 'tree.avi', filter: 'fps=15', seconds: 4, gop: 15 })));
  a.addUser('noa@hearth.test', 'correct horse');
  key = a.command('stream', 'key', 'noa@hearth.test').stdout.trim();
});
after(async () => {
  await b?.remove();
  await a?.remove();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const begin = async (server) => {
  const p = new Publisher(server.port.rtmp);
  return { p, status: await p.publish(key) };
};

test('a stream on one of two servers: both list it, the other takes no second publisher, and ends what the first left', { skip }, async () => {
  const watch = new Watch(b, 'noa', 'source');
  const first = await begin(a);
  assert.equal(first.status.code, 'NetStream.Publish.Start');
  await first.p.tags(tags);
  await first.p.sync();
  await watch.until(({ segments }) => segments.length === 3);

  const second = await begin(b);
  assert.deepEqual([second.status.level, second.status.code], ['error', 'NetStream.Publish.BadName']);
  assert.match(second.status.description, /another server/);

  // A dies; once its lease has run out B takes the channel, and the playlist goes on.
  await a.kill();
  const third = await eventually(async () => {
    const one = await begin(b);
    return one.status.code === 'NetStream.Publish.Start' && one;
  }, 20, 'the channel is free again');
  await third.p.tags(tags);
  await third.p.finish();
  const { segments } = await watch.ended(30);
  const seen = [...watch.seen.values()].map(({ segment }) => segment);
  assert.ok(seen.length >= 7, `${seen.length} segments`);
  assert.deepEqual([...new Set(seen.map(({ epoch }) => epoch))], [0, 1]);

  // A is there again and has no part in what is over.
  await a.start();
  const again = new Watch(a, 'noa', 'source');
  assert.equal((await again.ended(10)).segments.length, segments.length);
});

test('who never comes back to a server that died: the other ends the stream', { skip }, async () => {
  const { p, status } = await begin(a);
  assert.equal(status.code, 'NetStream.Publish.Start');
  await p.tags(tags);
  await p.sync();
  const live = async () => (await b.api('GET', '/api/video/channels')).body.channels.some((one) => one.name === 'noa' && one.live);
  assert.ok(await eventually(live, 20, 'it is live'));
  await a.kill();
  await eventually(async () => !(await live()), 20, 'the stream is over');
});
