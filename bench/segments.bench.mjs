// segments.bench.mjs: how many bytes of a live segment a second of processor serves, beside nginx with
// the very same bytes in a file. The segment comes about as in life: ffmpeg publishes, Hearth cuts.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { debianVersion, eventually, HERE, inTurns, main, PASSWORD, Report, startHearth, timed } from './lib.mjs';
import { startNginx } from './peers/nginx.mjs';

const run = promisify(execFile);
const SECONDS = Number(process.env.BENCH_SECONDS || 4);

// Publishes some seconds of a test picture; gives the path and the bytes of the largest segment.
async function publish(hearth) {
  const token = await hearth.login('alice@hearth.test', PASSWORD);
  const { body: { name, key } } = await hearth.api('GET', '/api/video/channel', undefined, { Authorization: `Bearer ${token}` });
  await run('ffmpeg', ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=25', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    '-t', '9', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '4M', '-x264-params', 'nal-hrd=cbr', '-g', '50',
    '-c:a', 'aac', '-b:a', '128k', '-f', 'flv', `rtmp://127.0.0.1:${hearth.port.rtmp}/live/${key}`]);
  const list = `/live/${name}/index.m3u8`;
  return eventually(async () => {
    const { status, body } = await hearth.api('GET', list);
    if (status !== 200) return undefined;
    const best = new URL(body.split('\n').filter((line) => line && !line.startsWith('#'))[0], hearth.base + list);
    const media = await (await fetch(best)).text();
    if (!media.includes('#EXT-X-ENDLIST') && (media.match(/\.m4s/g) || []).length < 3) return undefined;
    const segments = await Promise.all(media.split('\n').filter((line) => line.endsWith('.m4s')).map(async (line) => {
      const url = new URL(line, best);
      return { path: url.pathname, bytes: Buffer.from(await (await fetch(url)).arrayBuffer()) };
    }));
    return segments.sort((a, b) => b.bytes.length - a.bytes.length)[0];
  }, 60, 'a segment is listed');
}

// Loads one address for some seconds.
async function load({ base, pid }, path, connections) {
  const { cpu, value } = await timed(pid, () => run('wrk', ['-t', '1', '-c', connections, '-d', `${SECONDS}s`, '-s', `${HERE}/load/count.lua`,
    base + path]));
  const sums = JSON.parse(value.stdout.trim().split('\n').at(-1));
  if (sums.errors) throw new Error(`${path}: ${sums.errors} errors`);
  return { mibPerCpu: sums.bytes / 2 ** 20 / cpu, mibPerSecond: sums.bytes / 2 ** 20 / (sums.us / 1e6), perCpu: sums.requests / cpu, perSecond: sums.requests / (sums.us / 1e6) };
}

await main(async () => {
  const hearth = await startHearth({}, ['alice@hearth.test']);
  const nginx = await startNginx();
  const segment = await publish(hearth);
  const css = Buffer.from(await (await fetch(`${hearth.base}/style.css`)).arrayBuffer());
  nginx.put('segment.m4s', segment.bytes);
  nginx.put('style.css', css);
  const served = Buffer.from(await (await fetch(`http://127.0.0.1:${nginx.port}/segment.m4s`)).arrayBuffer());
  if (!served.equals(segment.bytes)) throw new Error('nginx serves something else');

  const a = { base: `http://127.0.0.1:${hearth.port.http}`, pid: hearth.child.pid };
  const b = { base: `http://127.0.0.1:${nginx.port}`, pid: nginx.pid };
  const secure = { a: { ...a, base: `https://127.0.0.1:${hearth.port.https}` }, b: { ...b, base: `https://127.0.0.1:${nginx.tls}` } };
  const report = new Report('segments', `HTTP: a live segment of ${Math.round(segment.bytes.length / 1024)} KiB (wrk)`, { peer: `nginx ${debianVersion('nginx-light')}` });
  for (const [sides, connections] of [[{ a, b }, 1], [{ a, b }, 16], [{ a, b }, 200], [secure, 1], [secure, 16], [secure, 200]]) {
    const runs = await inTurns({ a: () => load(sides.a, segment.path, connections), b: () => load(sides.b, '/segment.m4s', connections) });
    const what = `segment${sides === secure ? ' by TLS' : ''}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`;
    report.row(`${what}: served for each second of processor`, 'MiB/cpu s', 'more', runs.a.mibPerCpu, runs.b.mibPerCpu);
    report.row(what, 'MiB/s', 'more', runs.a.mibPerSecond, runs.b.mibPerSecond);
  }
  const small = await inTurns({ a: () => load(a, '/style.css', 16), b: () => load(b, '/style.css', 16) });
  const what = `file of the page, ${(css.length / 1024).toFixed(1)} KiB, 16 connections`;
  report.row(`${what}: for each second of processor`, 'req/cpu s', 'more', small.a.perCpu, small.b.perCpu);
  report.row(what, 'req/s', 'more', small.a.perSecond, small.b.perSecond);
  report.save();
});
