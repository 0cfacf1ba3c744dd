// video-crash.test.mjs: kill -9 in the middle of a live stream, again and again, and polite stops: what
// was listed stays listed, once and with the same bytes; the publisher comes back into its stream; what
// was left undone is done; and what nobody needs any more goes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, Hearth, raw } from './hearth.mjs';
import { isConfig, Publisher, readFlv, SCRIPT, VIDEO } from './rtmp-client.mjs';
import { film, skip, sleep, Watch } from './video-media.mjs';

const KILLS = Number(process.env.KILLS || 5);

let dir;
let tags; // of a film of 6 seconds with a key frame a second
before(async () => {
  if (skip) return;
  dir = mkdtempSync(join(tmpdir(), 'hearth-crash-'));
  tags = readFlv(readFileSync(await film(dir, 'film', { seconds: 6, gop: 24, filter: 'fps=24' })));
});
after(() => dir && rmSync(dir, { recursive: true, force: true }));

async function serve(settings) {
  const hearth = await new Hearth({ 'video.segment': '1s', 'video.hold': '0s', 'video.late': '1h', ...settings }).start();
  hearth.addUser('bob@hearth.test', 'correct horse');
  hearth.key = hearth.command('stream', 'key', 'bob@hearth.test').stdout.trim();
  return hearth;
}

// Publishes the film over and over in its own time, on one line, until told to stop or cut off.
async function publishFor(hearth) {
  const p = new Publisher(hearth.port.rtmp);
  assert.equal((await p.publish(hearth.key)).code, 'NetStream.Publish.Start');
  const later = tags.filter((tag) => tag.type !== SCRIPT && !isConfig(tag));
  p.run = (async () => {
    await p.tags(tags, { speed: 1 });
    for (let offset = 6000; !p.isClosed && !p.stopped; offset += 6000) await p.tags(later, { offset, speed: 1 });
  })();
  return p;
}

// Polls the watches until stopped; a server that is down is no news.
function keepWatching(watches) {
  const state = { stopped: false };
  const loop = (async () => {
    while (!state.stopped) {
      for (const watch of watches) await watch.poll().catch((error) => { if (!/ECONN|socket hang up/.test(`${error.code} ${error.message}`)) throw error; });
      await sleep(40);
    }
  })();
  return async () => { state.stopped = true; await loop; };
}

test(`${KILLS} times kill -9 in one stream: nothing that was listed is lost, and it goes on`, { skip }, async () => {
  const hearth = await serve({ 'video.reconnect': '8s' });
  try {
    const watches = ['source', '360p'].map((rendition) => new Watch(hearth, 'bob', rendition));
    for (let kill = 0; kill < KILLS; kill++) {
      const stop = keepWatching(watches);
      const p = await publishFor(hearth);
      const before = watches[0].seen.size;
      await eventually(() => watches[0].seen.size >= before + 2, 60, 'segments are listed');
      await sleep(Math.random() * 1500);
      await hearth.kill();
      await p.closed;
      await p.run;
      await stop();
      await hearth.start();
      for (const watch of watches) if (watch.last) await watch.recheck();
    }
    const p = await publishFor(hearth);
    await sleep(2500);
    p.stopped = true;
    await p.finish();
    const ends = [];
    for (const watch of watches) ends.push(await watch.ended(90));
    for (const watch of watches) await watch.recheck();
    const [source, small] = ends.map(({ segments }) => segments);
    assert.deepEqual(small.map(({ sequence, duration, epoch }) => [sequence, duration, epoch]), source.map(({ sequence, duration, epoch }) => [sequence, duration, epoch]));
    assert.ok([...source, ...small].every(({ gap }) => !gap));
    assert.equal(source[0].sequence, 1);
    assert.equal(source.at(-1).epoch, KILLS);

    // The raw backup has every piece from the first on, and at least the pictures of the playlists.
    const headers = { Authorization: `Bearer ${await hearth.login('bob@hearth.test', 'correct horse')}` };
    const { body: { streams } } = await hearth.api('GET', '/api/video/streams', undefined, headers);
    assert.equal(streams.length, 1);
    const { body: { pieces } } = await hearth.api('GET', `/api/video/streams/${streams[0].id}/raw`, undefined, headers);
    assert.deepEqual(pieces.map(({ number }) => number), pieces.map((_, i) => i));
    const parts = await Promise.all(pieces.map(async ({ number }) => (await raw(`${hearth.base}/api/video/streams/${streams[0].id}/raw/${number}`, { headers })).body));
    const backup = readFlv(Buffer.concat(parts));
    const pictures = backup.filter((tag) => tag.type === VIDEO && !isConfig(tag));
    const known = new Set(tags.map(({ body }) => body.toString('base64')));
    assert.ok(backup.filter(({ type }) => type !== SCRIPT).every(({ body }) => known.has(body.toString('base64'))));
    assert.ok(pictures.length >= source.reduce((all, { duration }) => all + duration, 0) * 24 - KILLS, `${pictures.length} pictures`);
    console.log(`# ${KILLS} kills: ${source.length} segments in each rendition, ${pieces.length} raw pieces, ${pictures.length} pictures`);
  } finally {
    await hearth.remove();
  }
});

test('killed while tasks wait: they are done after the restart, and the stream ends', { skip }, async () => {
  const hearth = await serve({ 'video.reconnect': '2s' });
  try {
    const p = new Publisher(hearth.port.rtmp);
    await p.publish(hearth.key);
    const later = tags.filter((tag) => tag.type !== SCRIPT && !isConfig(tag));
    await p.tags(tags);
    for (let offset = 6000; offset < 30_000; offset += 6000) await p.tags(later, { offset });
    const watch = new Watch(hearth, 'bob', 'source');
    await watch.until(({ segments }) => segments.length >= 28);
    await hearth.kill(); // most of the smaller rendition is still to be made
    await hearth.start();
    const small = await new Watch(hearth, 'bob', '360p').ended(90);
    const { segments } = await watch.ended(10);
    await watch.recheck();
    assert.deepEqual(small.segments.map(({ duration }) => duration), segments.map(({ duration }) => duration));
    assert.ok(small.segments.every(({ gap }) => !gap));
  } finally {
    await hearth.remove();
  }
});

test('a polite stop in the middle of a stream stores everything; the stream goes on after it', { skip }, async () => {
  const hearth = await serve({ 'video.reconnect': '90s', 'server.drain': '60s' });
  try {
    const watch = new Watch(hearth, 'bob', 'source');
    const first = new Publisher(hearth.port.rtmp);
    await first.publish(hearth.key);
    await first.tags(tags.filter(({ time }) => time < 3500));
    const idle = new Publisher(hearth.port.rtmp);
    await idle.connectApp();
    await first.sync();
    const begin = Date.now();
    await hearth.stop();
    assert.ok(Date.now() - begin < 50_000, 'it waited for the end of [server] drain');
    await Promise.all([first.closed, idle.closed]);
    await hearth.start();
    const { ended, segments } = await watch.until(({ segments: now }) => now.length === 4, 30, 'what came before the stop');
    assert.equal(ended, false);
    assert.ok(Math.abs(segments.reduce((all, { duration }) => all + duration, 0) - 3.5) < 0.1);
    const second = new Publisher(hearth.port.rtmp);
    await second.publish(hearth.key);
    await second.tags(tags);
    await second.finish();
    assert.deepEqual((await watch.ended(30)).segments.map(({ epoch }) => epoch), [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    await watch.recheck();
  } finally {
    await hearth.remove();
  }
});

// The blob store keeps what is younger than its grace, so the GOPs are made old by hand.
const hasSqlite = spawnSync('sqlite3', ['--version']).status === 0;
test('GOPs that all renditions have are deleted when their grace is over', { skip: skip || (hasSqlite ? false : 'sqlite3 is not installed') }, async () => {
  const hearth = await serve({ 'video.reconnect': '0s' });
  const sql = (database, text) => {
    const { status, stdout, stderr } = spawnSync('sqlite3', [join(hearth.dir, 'data', `${database}.db`), text], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  };
  try {
    const p = new Publisher(hearth.port.rtmp);
    await p.publish(hearth.key);
    await p.tags(tags);
    await p.finish();
    const watches = ['source', '360p'].map((rendition) => new Watch(hearth, 'bob', rendition));
    for (const watch of watches) await watch.ended(30);
    await hearth.stop();
    const count = () => [sql('video', 'SELECT count(*) FROM chunk'), sql('blob', 'SELECT count(*) FROM blob')].map(Number);
    const [gops, blobs] = count();
    assert.equal(gops, 6);
    assert.equal(sql('video', 'SELECT count(*) FROM chunk WHERE finished_at = 0'), '0');
    sql('video', 'UPDATE chunk SET finished_at = finished_at - 7200000 WHERE sequence < 6');
    sql('blob', 'UPDATE blob SET put_at = put_at - 7200000');
    await hearth.start();
    await eventually(() => `${count()}` === `${[1, blobs - 5]}`, 30, 'the chunks are deleted');
    await hearth.stop();
    assert.deepEqual(count(), [1, blobs - 5]);
    await hearth.start();
    for (const watch of watches) await watch.recheck();
  } finally {
    await hearth.remove();
  }
});
