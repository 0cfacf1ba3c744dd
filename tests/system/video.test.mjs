// video.test.mjs: live video from end to end: ffmpeg publishes a film, playlists grow, both renditions
// play to the end without a fault, the raw backup is the very stream that was sent, and a browser
// plays it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { eventually, Hearth, raw } from './hearth.mjs';
import { readFlv } from './rtmp-client.mjs';
import { codecString, decode, elementary, ffmpeg, film, frames, parsePlaylist, pictureTimes, probe, publish, skip, sleep, sum, Watch } from './video-media.mjs';

const CHROMIUM = '/usr/bin/chromium';
const SECONDS = 16;

let hearth;
let dir;
let path; // of the film
before(async () => {
  if (skip) return;
  dir = mkdtempSync(join(tmpdir(), 'hearth-video-'));
  hearth = await new Hearth({ 'video.hold': '0s', 'video.late': '1h' }).start();
  path = await film(dir, 'film', { seconds: SECONDS });
});
after(async () => {
  await hearth?.remove();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

// A channel of one's own; gives {name, key, url, token}.
async function channel(name, server = hearth) {
  server.addUser(`${name}@hearth.test`, 'correct horse');
  const { status, stdout } = server.command('stream', 'key', `${name}@hearth.test`);
  assert.equal(status, 0);
  return { name, key: stdout.trim(), url: `rtmp://127.0.0.1:${server.port.rtmp}/live/${stdout.trim()}`, token: await server.login(`${name}@hearth.test`, 'correct horse') };
}

const live = (name, rendition) => `${hearth.base}/live/${name}/${rendition ? `${rendition}/` : ''}index.m3u8`;

async function rawBackup({ token }) {
  const headers = { Authorization: `Bearer ${token}` };
  const { body: { streams } } = await hearth.api('GET', '/api/video/streams', undefined, headers);
  assert.ok(streams[0].ended_at >= streams[0].started_at);
  const list = `/api/video/streams/${streams[0].id}/raw`;
  const { body: { pieces } } = await hearth.api('GET', list, undefined, headers);
  const parts = [];
  for (const [i, { number, size }] of pieces.entries()) {
    const { status, body } = await raw(`${hearth.base}${list}/${number}`, { headers });
    assert.deepEqual([number, status, body.length], [i, 200, size]);
    parts.push(body);
  }
  assert.equal((await raw(`${hearth.base}${list}/${pieces.length}`, { headers })).status, 404);
  return { bytes: Buffer.concat(parts), list };
}

let bob; // whose film stays there for the tests behind
test('a film goes live and stays: playlists grow by the rules, nothing is lost on the way', { skip }, async () => {
  bob = await channel('bob');
  const watches = ['source', '360p'].map((rendition) => new Watch(hearth, 'bob', rendition));
  assert.equal((await raw(live('bob'))).status, 404);
  const publisher = publish(path, bob.url);
  const masters = new Set();
  let wasLive = 0;
  while (!publisher.child.ended) {
    for (const watch of watches) wasLive += (await watch.poll()) ? 1 : 0;
    const { status, body } = await raw(live('bob'));
    if (status === 200) masters.add(String(body).split('\n').filter((line) => line && !line.startsWith('#')).join());
    await sleep(150);
  }
  assert.deepEqual(await publisher.ended, { code: 0, said: '' });
  assert.ok(wasLive > 6, `${wasLive} polls while it was live`);
  assert.deepEqual([...masters], ['source/index.m3u8,360p/index.m3u8']);
  const [source, small] = await Promise.all(watches.map((watch) => watch.ended(60)));
  for (const watch of watches) assert.ok(watch.versions > 2, `${watch.versions} versions`);
  for (const { segments, target, sequence } of [source, small]) {
    assert.equal(target, 2);
    assert.equal(sequence, 1);
    assert.ok(Math.abs(sum(segments.map(({ duration }) => duration)) - SECONDS) < 0.2);
    assert.ok(segments.every(({ discontinuity, gap }) => !discontinuity && !gap));
    assert.ok(Math.abs(Date.now() - segments[0].date) < 120_000);
  }
  assert.deepEqual(small.segments.map(({ duration }) => duration), source.segments.map(({ duration }) => duration));
  for (const watch of watches) await watch.recheck();
});

test('both renditions decode to the end, picture by picture; sound and source are untouched', { skip }, async () => {
  const source = live('bob', 'source');
  const small = live('bob', '360p');
  const pictures = await frames(path);
  for (const url of [source, small]) {
    await decode(url);
    assert.equal(await frames(url), pictures);
    assert.equal(await elementary(url, 'audio'), await elementary(path, 'audio'));
  }
  assert.equal(await elementary(source, 'video'), await elementary(path, 'video'));
  const times = await pictureTimes(path);
  for (const url of [source, small]) (await pictureTimes(url)).forEach((time, i) => assert.ok(Math.abs(time - times[i]) < 0.002, `${url} picture ${i}: ${time}, ${times[i]}`));
  const { streams } = await probe(small);
  assert.deepEqual([streams[0].width, streams[0].height], [490, 360]);
  await decode(live('bob'));
});

test('the multivariant playlist says what is in the renditions', { skip }, async () => {
  const lines = String((await raw(live('bob'))).body).split('\n');
  const infos = lines.filter((line) => line.startsWith('#EXT-X-STREAM-INF'));
  assert.equal(infos.length, 2);
  assert.ok(infos[0].includes(`CODECS="${codecString(readFlv(readFileSync(path)))},mp4a.40.2",RESOLUTION=720x528,FRAME-RATE=23.976`), infos[0]);
  assert.match(infos[1], /CODECS="avc1\.64[0-9a-f]{4},mp4a\.40\.2",RESOLUTION=490x360,FRAME-RATE=23\.976/);
  for (const [i, rendition] of ['source', '360p'].entries()) {
    const { segments } = parsePlaylist(String((await raw(live('bob', rendition))).body));
    const rates = await Promise.all(segments.map(async ({ uri, duration }) => (await raw(`${hearth.base}/live/bob/${rendition}/${uri}`)).body.length * 8 / duration));
    const [, peak, average] = /BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)/.exec(infos[i]).map(Number);
    assert.ok(Math.abs(peak - Math.max(...rates)) < 100, `${peak}, ${Math.max(...rates)}`);
    assert.ok(average <= peak && average > peak / 3);
  }
});

test('the raw backup in one piece is a film with the very streams that were sent', { skip }, async () => {
  const { bytes, list } = await rawBackup(bob);
  const copy = join(dir, 'raw.flv');
  writeFileSync(copy, bytes);
  await decode(copy);
  for (const kind of ['video', 'audio']) assert.equal(await elementary(copy, kind), await elementary(path, kind));
  const { streams } = await probe(copy);
  assert.deepEqual(streams.map(({ nb_read_packets: n }) => n), (await probe(path)).streams.map(({ nb_read_packets: n }) => n));
  const eve = await channel('eve');
  const other = await hearth.api('GET', list, undefined, { Authorization: `Bearer ${eve.token}` });
  assert.equal(other.status, 404);
  assert.equal((await hearth.api('GET', list)).status, 401);
});

test('playlists are asked for again, the rest is kept; many viewers cost no look at the disk', { skip }, async () => {
  const playlist = await raw(live('bob', 'source'));
  assert.equal(playlist.headers['cache-control'], 'no-cache');
  assert.equal(playlist.headers['content-type'], 'application/vnd.apple.mpegurl');
  const again = await raw(live('bob', 'source'), { headers: { 'If-None-Match': playlist.headers.etag } });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
  const segment = await raw(`${hearth.base}/live/bob/source/2.m4s`);
  assert.match(segment.headers['cache-control'], /immutable/);
  assert.equal(segment.headers['content-type'], 'video/iso.segment');
  assert.equal(segment.headers['access-control-allow-origin'], '*');
  const part = await raw(`${hearth.base}/live/bob/source/2.m4s`, { headers: { Range: 'bytes=10-19' } });
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(segment.body.subarray(10, 20)));
  // Asked for again it is given to many at once without a copy, also behind another answer, in
  // parts, and to one who takes it slowly.
  const whole = segment.body;
  const get = (headers = {}) => raw(`${hearth.base}/live/bob/source/2.m4s`, { headers });
  const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => get(i % 3 ? {} : { Range: `bytes=${i * 5000}-` })));
  answers.forEach(({ body }, i) => assert.ok(body.equals(i % 3 ? whole : whole.subarray(i * 5000)), `${i}`));
  const piped = await new Promise((done, fail) => {
    const socket = connect(hearth.port.http, '127.0.0.1', () => socket.write('GET /live/bob/source/2.m4s HTTP/1.1\r\nHost: hearth.test\r\n\r\n'.repeat(12) + 'GET /nothing HTTP/1.1\r\nHost: hearth.test\r\nConnection: close\r\n\r\n'));
    const parts = [];
    socket.on('data', (bytes) => {
      parts.push(bytes);
      socket.pause();
      setTimeout(() => socket.resume(), parts.length < 60 ? 10 : 0);
    });
    socket.on('end', () => done(Buffer.concat(parts)));
    socket.on('error', fail);
  });
  let at = 0;
  for (let i = 0; i < 12; i++) {
    at = piped.indexOf('\r\n\r\n', at) + 4;
    assert.ok(piped.subarray(at, at + whole.length).equals(whole), `${i}`);
    at += whole.length;
  }
  assert.match(piped.toString('latin1', at, at + 20), /^HTTP\/1.1 404 /);
  const { segments } = parsePlaylist(String(playlist.body));
  const init = await raw(`${hearth.base}/live/bob/source/${segments[0].map}`);
  assert.equal(init.headers['content-type'], 'video/mp4');
  assert.match(init.headers['cache-control'], /immutable/);
  for (const nothing of ['bob/source/99.m4s', 'bob/source/0.m4s', 'bob/source/x.m4s', 'bob/source/init-99.mp4', 'bob/source/1.mp4', 'bob/other/1.m4s', 'bob/other/index.m3u8', 'nobody/index.m3u8', 'nobody/source/1.m4s', `${'n'.repeat(300)}/index.m3u8`]) {
    const { status, headers } = await raw(`${hearth.base}/live/${nothing}`);
    assert.deepEqual([status, headers['access-control-allow-origin']], [404, '*'], nothing);
  }
  const looks = async () => Number(/hearth_video_looks_total (\d+)/.exec(String((await raw(`${hearth.base}/metrics`)).body))[1]);
  const before = await looks();
  for (let i = 0; i < 100; i++)
    await Promise.all(['source/index.m3u8', '360p/index.m3u8', 'index.m3u8', 'source/3.m4s', segments.map, '360p/2.m4s'].map((file) => raw(`${hearth.base}/live/bob/${file}`)));
  assert.equal(await looks(), before);
  const { body: { channels } } = await hearth.api('GET', '/api/video/channels');
  assert.deepEqual(channels, [{ name: 'bob', title: '', live: false, url: '/live/bob/index.m3u8' }]);
});

// ---- other films ----

// Publishes a film and waits for its end; gives the last playlist of each rendition.
async function broadcast(name, film, renditions = ['source', '360p']) {
  const own = await channel(name);
  const publisher = publish(film, own.url);
  const { code, said } = await publisher.ended;
  assert.deepEqual([code, said], [0, '']);
  const lists = {};
  for (const rendition of renditions) lists[rendition] = await new Watch(hearth, name, rendition).ended(60);
  return { ...own, lists };
}

const renditionsOf = async (name) => String((await raw(live(name))).body).split('\n').filter((line) => line && !line.startsWith('#'));

test('two channels at once; a small picture has no smaller one', { skip }, async () => {
  const [tree, vtest] = await Promise.all([
    film(dir, 'tree', { from: 'tree.avi', seconds: 8, gop: 30, filter: 'fps=15' }),
    film(dir, 'vtest', { from: 'vtest.avi', seconds: 8, gop: 20, audio: ['-c:a', 'aac', '-ar', '44100', '-ac', '1'] }),
  ]);
  await Promise.all([broadcast('carl', tree, ['source']), broadcast('dora', vtest)]);
  assert.deepEqual(await renditionsOf('carl'), ['source/index.m3u8']);
  assert.deepEqual(await renditionsOf('dora'), ['source/index.m3u8', '360p/index.m3u8']);
  for (const [name, file, rendition] of [['carl', tree, 'source'], ['dora', vtest, 'source'], ['dora', vtest, '360p']]) {
    const url = live(name, rendition);
    await decode(url);
    assert.equal(await frames(url), await frames(file));
    assert.equal(await elementary(url, 'audio'), await elementary(file, 'audio'));
    if (rendition === 'source') assert.equal(await elementary(url, 'video'), await elementary(file, 'video'));
  }
});

test('sound alone, and pictures alone', { skip }, async () => {
  const sound = await film(dir, 'sound', { from: null, seconds: 6 });
  const pictures = await film(dir, 'pictures', { seconds: 6, audio: null });
  await Promise.all([broadcast('emil', sound, ['source']), broadcast('fay', pictures)]);
  const { streams: [only, ...none] } = await probe(live('emil', 'source'));
  assert.deepEqual([only.codec_name, none.length], ['aac', 0]);
  assert.deepEqual(await renditionsOf('emil'), ['source/index.m3u8']);
  assert.equal(await elementary(live('emil', 'source'), 'audio'), await elementary(sound, 'audio'));
  assert.match(String((await raw(live('emil'))).body), /CODECS="mp4a\.40\.2"\n/);
  await decode(live('emil', 'source'));
  for (const rendition of ['source', '360p']) {
    await decode(live('fay', rendition));
    assert.equal(await frames(live('fay', rendition)), await frames(pictures));
  }
});

test('key frames far apart: longer segments, or cuts between them that the smaller rendition bridges', { skip }, async () => {
  const rare = await film(dir, 'rare', { seconds: 16, gop: 144 }); // each 6 s
  // The first key frames come each second and then never again.
  const lone = await film(dir, 'lone', { seconds: 14, gop: 10000, video: ['-force_key_frames', 'expr:lt(t,3)*gte(t,n_forced)'] });
  const [a, b] = await Promise.all([broadcast('gus', rare), broadcast('hedy', lone)]);
  assert.deepEqual(a.lists.source.segments.map(({ duration }) => Math.round(duration)), [6, 6, 4]);
  assert.equal(a.lists.source.target, 6);
  assert.equal(b.lists.source.target, 2);
  assert.deepEqual(b.lists.source.segments.map(({ duration }) => Math.round(duration)), [2, 2, 2, 2, 2, 2, 2]);
  for (const [name, file] of [['gus', rare], ['hedy', lone]])
    for (const rendition of ['source', '360p']) {
      assert.ok(parsePlaylist(String((await raw(live(name, rendition))).body)).segments.every(({ gap, discontinuity }) => !gap && !discontinuity));
      await decode(live(name, rendition));
      assert.equal(await frames(live(name, rendition)), await frames(file), `${name} ${rendition}`);
    }
});

// ---- a browser ----

test('Chromium plays source and 360p to the end, live and after', { skip: skip || (existsSync(CHROMIUM) ? false : 'chromium is not installed') }, async () => {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (line) => { if (line.type() === 'error' && !/401/.test(line.text())) complaints.push(line.text()); });
    await page.goto(hearth.base);
    await page.fill('[name=address]', 'bob@hearth.test');
    await page.fill('[name=password]', 'correct horse');
    await page.click('#sign-in button[type=submit]');
    await page.waitForSelector('#nav:not([hidden])');

    // Live: from somewhere in the stream to its end.
    const publisher = publish(path, bob.url);
    await eventually(async () => parsePlaylist(String((await raw(live('bob', '360p'))).body)).sequence > 1, 60, 'the new stream');
    await page.click('nav a[href="#live"]');
    await page.click('#channels a:has-text("bob ● live")');
    const state = () => page.evaluate(() => {
      const video = document.getElementById('player');
      return { time: video.currentTime, duration: video.duration, ended: video.ended, height: video.videoHeight, said: document.getElementById('player-state').textContent, error: video.error?.message };
    });
    const ended = (seconds) => eventually(async () => {
      const now = await state();
      assert.doesNotMatch(now.said, /cannot/);
      assert.equal(now.error, undefined);
      return now.ended && now;
    }, seconds, 'the video ends');
    await eventually(async () => (await state()).time > 0.5, 60, 'it plays');
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/live.png` });
    assert.equal((await publisher.ended).code, 0);
    await ended(90);

    // What is over plays from its beginning; once in each rendition.
    for (const [level, height] of [[0, 360], [1, 528]]) {
      await page.click('#channels a:has-text("bob")');
      await page.evaluate(async (chosen) => (await import('/live.js')).setLevel(chosen), level);
      await eventually(async () => (await state()).height === height, 60, `the picture is ${height} high`);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${height}.png` });
      const end = await ended(90);
      assert.ok(Math.abs(end.duration - SECONDS) < 0.5 && Math.abs(end.time - end.duration) < 0.3, JSON.stringify(end));
      assert.equal(end.height, height);
    }
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
