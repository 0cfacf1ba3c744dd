// video-media.mjs: films for the video tests, made of the clips of Debian's opencv-doc; what ffmpeg and
// ffprobe say of them; and a reader of playlists that holds each version against the one before.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { raw } from './hearth.mjs';

const CLIPS = '/usr/share/doc/opencv-doc/examples/data';
const clipIsThere = (name) => existsSync(join(CLIPS, name)) || existsSync(join(CLIPS, `${name}.gz`));
export const skip = spawnSync('ffmpeg', ['-version']).status !== 0 ? 'ffmpeg is not installed'
  : !['Megamind.avi', 'vtest.avi', 'tree.avi'].every(clipIsThere) ? 'opencv-doc is not installed' : false;

export const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Runs a program to its end; gives what it wrote, and throws when it fails or complains.
export function run(program, args, { quiet = true, seconds = 120 } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const out = [];
    let said = '';
    const timer = setTimeout(() => { said += `\nnot within ${seconds} s`; child.kill('SIGKILL'); }, seconds * 1000);
    child.stdout.on('data', (bytes) => out.push(bytes));
    child.stderr.on('data', (bytes) => { said += bytes; });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code !== 0 || (quiet && said.trim())) fail(new Error(`${program} ${args.join(' ')}: exit ${code}\n${said.slice(-3000)}`));
      else done(Buffer.concat(out));
    });
  });
}

export const ffmpeg = (...args) => run('ffmpeg', ['-v', 'error', '-nostdin', ...args]);

// A clip, unpacked where Debian has packed it.
export function clip(dir, name) {
  const path = join(CLIPS, name);
  if (existsSync(path)) return path;
  const unpacked = join(dir, name);
  if (!existsSync(unpacked)) writeFileSync(unpacked, gunzipSync(readFileSync(`${path}.gz`)));
  return unpacked;
}

// Encodes a film once: so many seconds of a clip with a sine tone. Gives the path of an FLV file.
export async function film(dir, name, { from = 'Megamind.avi', seconds = 16, gop = 48, video = [], audio = ['-c:a', 'aac', '-b:a', '96k'], filter = null } = {}) {
  const path = join(dir, `${name}.flv`);
  const picture = from ? ['-stream_loop', '-1', '-i', clip(dir, from)] : [];
  const tone = audio ? ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'] : [];
  await ffmpeg(...picture, ...tone, '-t', seconds,
    ...(from ? ['-map', '0:v', ...(filter ? ['-vf', filter] : []), '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-pix_fmt', 'yuv420p', '-g', gop, '-keyint_min', gop, '-sc_threshold', '0', ...video] : []),
    ...(audio ? ['-map', from ? '1:a' : '0:a', ...audio] : []), '-f', 'flv', '-y', path);
  return path;
}

// ffmpeg publishes a film in its own time, as it is; kill() leaves without a word.
export function publish(path, url, ...options) {
  const child = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-re', ...options, '-i', path, '-c', 'copy', '-f', 'flv', url], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes) => { said += bytes; });
  const ended = new Promise((done) => child.on('close', (code) => { child.ended = true; done({ code, said }); }));
  return { child, ended, kill: () => { child.kill('SIGKILL'); return ended; } };
}

// What a file or URL holds.
export async function probe(path, ...options) {
  return JSON.parse(await run('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', '-count_packets', ...options, path]));
}

export async function frames(path) {
  const { streams } = await probe(path, '-count_frames', '-select_streams', 'v');
  return Number(streams[0].nb_read_frames);
}

// Decodes all of it; ffmpeg must have nothing to complain of.
export const decode = (path) => ffmpeg('-xerror', '-i', path, '-map', '0', '-enc_time_base', '-1', '-f', 'null', '-');

// The elementary streams, hashed: what must be the same however it was carried.
export async function elementary(path, kind) {
  const args = kind === 'video' ? ['-map', '0:v:0', '-c', 'copy', '-bsf:v', 'h264_mp4toannexb', '-f', 'h264'] : ['-map', '0:a:0', '-c', 'copy', '-f', 'adts'];
  return sha(await run('ffmpeg', ['-v', 'fatal', '-nostdin', '-i', path, ...args, '-']));
}

// "avc1.4d401e": profile, constraints and level out of the avcC that an FLV file begins with.
export function codecString(tags) {
  const { body } = tags.find((tag) => tag.type === 9 && tag.body[1] === 0);
  return `avc1.${body.toString('hex', 6, 9)}`;
}

// Presentation times of all pictures, sorted, in seconds from the first.
export async function pictureTimes(path) {
  const { packets } = JSON.parse(await run('ffprobe', ['-v', 'error', '-of', 'json', '-select_streams', 'v', '-show_entries', 'packet=pts_time', path]));
  const times = packets.map(({ pts_time: time }) => Number(time)).sort((a, b) => a - b);
  return times.map((time) => (time - times[0]).toFixed(3));
}

// ---- playlists ----

export function parsePlaylist(text) {
  const playlist = { segments: [], ended: false };
  let segment = {};
  let map = null;
  let epoch = 0;
  for (const line of text.split('\n')) {
    const [, tag, value] = /^#(EXT[A-Z0-9-]*):?(.*)$/.exec(line) || [];
    if (tag === 'EXT-X-TARGETDURATION') playlist.target = Number(value);
    else if (tag === 'EXT-X-MEDIA-SEQUENCE') playlist.sequence = Number(value);
    else if (tag === 'EXT-X-DISCONTINUITY-SEQUENCE') epoch = Number(value);
    else if (tag === 'EXT-X-DISCONTINUITY') segment.discontinuity = epoch += 1;
    else if (tag === 'EXT-X-MAP') map = /URI="(.*)"/.exec(value)[1];
    else if (tag === 'EXT-X-GAP') segment.gap = true;
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME') segment.date = Date.parse(value);
    else if (tag === 'EXTINF') segment.duration = parseFloat(value);
    else if (tag === 'EXT-X-ENDLIST') playlist.ended = true;
    else if (line && !line.startsWith('#')) {
      playlist.segments.push({ uri: line, map, epoch, ...segment });
      segment = {};
    }
  }
  playlist.segments.forEach((one, i) => { one.sequence = playlist.sequence + i; });
  return playlist;
}

// Watches one media playlist by polling: what RFC 8216 section 6.2.1 promises between two versions of
// it must hold, and what is listed must be there.
export class Watch {
  constructor(hearth, channel, rendition, { fetchSegments = true } = {}) {
    this.hearth = hearth;
    this.path = `/live/${channel}/${rendition}/`;
    this.fetchSegments = fetchSegments;
    this.seen = new Map(); // sequence → {segment, hash, size}
    this.versions = 0;
    this.last = null;
  }

  // The playlist as it is now; null while there is none. Throws on what may not be.
  async poll() {
    const answer = await raw(this.hearth.base + this.path + 'index.m3u8');
    if (answer.status !== 200) {
      assert.equal(answer.status, 404, this.path);
      assert.equal(this.last, null, `${this.path} has gone`);
      return null;
    }
    const text = String(answer.body);
    if (text === this.text) return this.last;
    const playlist = parsePlaylist(text);
    this.check(playlist);
    this.text = text;
    this.last = playlist;
    this.versions++;
    for (const segment of playlist.segments) await this.take(segment);
    return playlist;
  }

  check(now) {
    const before = this.last;
    for (const segment of now.segments) {
      assert.ok(Math.round(segment.duration) <= now.target, `${segment.uri} takes ${segment.duration} s, target ${now.target}`);
      assert.equal(segment.uri, `${segment.sequence}.m4s`);
      const known = this.seen.get(segment.sequence)?.segment;
      if (known) for (const key of ['uri', 'duration', 'map', 'epoch', 'gap']) assert.equal(segment[key], known[key], `${segment.uri} ${key}`);
    }
    if (!before) return;
    assert.equal(now.target, before.target, 'TARGETDURATION');
    assert.ok(now.sequence >= before.sequence, 'MEDIA-SEQUENCE');
    const end = (playlist) => playlist.sequence + playlist.segments.length;
    assert.ok(end(now) >= end(before), 'a segment was taken back');
    assert.ok(!before.ended || (now.ended && end(now) === end(before)), 'it goes on behind ENDLIST');
  }

  async take(segment) {
    if (this.seen.has(segment.sequence)) return;
    this.seen.set(segment.sequence, { segment });
    if (!this.fetchSegments || segment.gap) return;
    Object.assign(this.seen.get(segment.sequence), await this.get(segment));
  }

  async get(segment) {
    const { status, headers, body } = await raw(this.hearth.base + this.path + segment.uri);
    assert.equal(status, 200, this.path + segment.uri);
    assert.equal(Number(headers['content-length']), body.length);
    assert.equal(body.toString('latin1', 4, 8), 'styp');
    return { hash: sha(body), size: body.length };
  }

  // Everything that was ever listed is listed once and has the bytes it had.
  async recheck() {
    const playlist = parsePlaylist(String((await raw(this.hearth.base + this.path + 'index.m3u8')).body));
    for (const [sequence, { segment, hash }] of this.seen) {
      assert.equal(playlist.segments.filter(({ uri }) => uri === segment.uri).length, 1, `${this.path}${segment.uri} is not listed once`);
      if (hash) assert.equal((await this.get(segment)).hash, hash, `${this.path}${sequence}`);
    }
    return playlist;
  }

  // Polls until `until` accepts the playlist.
  async until(until, seconds = 60, what = 'the playlist') {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const playlist = await this.poll();
      if (playlist && until(playlist)) return playlist;
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what} (${this.path})\n${this.text}`);
      await sleep(100);
    }
  }

  ended(seconds) {
    return this.until(({ ended }) => ended, seconds, 'ENDLIST');
  }
}

export const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
