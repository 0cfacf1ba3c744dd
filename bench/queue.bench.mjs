// queue.bench.mjs: mail out through the queue to a server that takes all (smtp-sink), beside Postfix's queue;
// in and out at once; memory while much passes; a queue of many recipients after kill -9.
//
// Both hand all mail to one next hop, and the load is the same program for both (load/submit.mjs; Hearth asks
// for a password first). "Out": all is in the queue before the first goes, and time counts from the first that
// the sink has to the last. BENCH_PARTS chooses (out,both,memory,start).
import { setTimeout as sleep } from 'node:timers/promises';
import { debianVersion, eventually, freePort, inTurns, main, memory, opens, PASSWORD, Report, settled, startHearth, startProgram, timed } from './lib.mjs';
import { submit } from './load/submit.mjs';
import { startPostfix } from './peers/postfix.mjs';

const PARTS = (process.env.BENCH_PARTS || 'out,both,memory,start').split(',');
const SMALL = 4096, LARGE = 20 << 20;
const OUT = Number(process.env.BENCH_MAILS || 4000);
const MANY = Number(process.env.BENCH_MANY || 50000), MANY_LARGE = Number(process.env.BENCH_LARGE || 200);
const RECIPIENTS = 100000, ABOVE_IDLE = 64, START_S = 2;
const SETTINGS = { 'queue.per_hour': '0' };

// Takes all mail at a port; `.mails` counts.
class Sink {
  constructor(port) {
    this.port = port;
    this.mails = 0;
    this.seen = [];
  }

  async start() {
    this.child = startProgram('smtp-sink', ['-c', '-u', 'postfix', '-m', '500', `127.0.0.1:${this.port}`, '500'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let before = 0;
    this.base = this.mails;
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (text) => {
        const count = Number(/mesg=\s*(\d+)[^]*$/.exec(String(text).slice(-200).replace(/^[^]*(?=mesg=)/, ''))?.[1] || 0);
        if (count <= before) return;
        before = count;
        this.mails = this.base + count;
        this.last = process.hrtime.bigint();
        this.first ??= { at: this.last, mails: this.mails };
      });
    await eventually(() => opens(this.port), 10, 'the sink listens');
  }

  // From the first that comes now, mails a second until there are `count` more.
  async rate(count) {
    const from = this.mails;
    this.first = undefined;
    await eventually(() => this.mails >= from + count, 600, `the sink has ${count} mails`).catch((e) => { throw new Error(`${e.message}: ${this.mails - from}`); });
    return (this.mails - this.first.mails) / (Number(this.last - this.first.at) / 1e9);
  }
}

const LOGIN = { user: 'alice@hearth.test', password: PASSWORD };

async function hearthWith(connections, sinkPort, more = {}) {
  const hearth = await startHearth({ ...SETTINGS, 'mail.relay': `127.0.0.1:${sinkPort}`, 'queue.connections': String(connections),
    'queue.per_destination': String(connections), ...more }, ['alice@hearth.test']);
  return { hearth, load: () => ({ port: hearth.port.submission, login: LOGIN, from: 'alice@hearth.test' }) };
}

// What is queued while the sink is away goes when it is there.
async function hearthOut(connections) {
  const port = await freePort();
  const { hearth, load } = await hearthWith(connections, port, { 'queue.retry': '1s', 'queue.retry_max': '1s' });
  return async (count) => {
    const sink = new Sink(port);
    await submit({ ...load(), to: () => 'bob@elsewhere.test', count, bytes: SMALL, connections: 20 });
    await settled(hearth.child.pid);
    await sleep(1200);
    await sink.start();
    const rate = sink.rate(count);
    hearth.command('queue', 'retry', hearth.command('queue', 'list').stdout.split('\t')[0]);
    const value = await rate;
    await settled(hearth.child.pid);
    await sink.child.stop();
    return { rate: value };
  };
}

async function postfixOut(connections) {
  const sink = new Sink(await freePort());
  await sink.start();
  const postfix = await startPostfix('peer.test', { relay: sink.port, connections, hold: true });
  return async (count) => {
    await submit({ port: postfix.port, from: 'alice@peer.test', to: () => 'bob@elsewhere.test', count, bytes: SMALL, connections: 20 });
    const rate = sink.rate(count);
    postfix.release();
    return { rate: await rate };
  };
}

async function out(report) {
  for (const connections of [20, 1]) {
    const [a, b] = [await hearthOut(connections), await postfixOut(connections)];
    const count = connections === 1 ? OUT / 2 : OUT;
    const runs = await inTurns({ hearth: () => a(count), postfix: () => b(count) });
    report.row(`out, ${connections} connection${connections > 1 ? 's' : ''}, 4 KiB`, 'msg/s', 'more', runs.hearth.rate, runs.postfix.rate);
  }
}

async function both(report) {
  const [ours, theirs] = [new Sink(await freePort()), new Sink(await freePort())];
  await ours.start();
  await theirs.start();
  const { load } = await hearthWith(20, ours.port);
  const postfix = await startPostfix('peer.test', { relay: theirs.port });
  const through = async (sink, where) => {
    const from = sink.mails, start = process.hrtime.bigint();
    await submit({ ...where, to: () => 'bob@elsewhere.test', count: OUT, bytes: SMALL, connections: 20 });
    await eventually(() => sink.mails >= from + OUT, 600, 'all are there');
    return { rate: OUT / (Number(sink.last - start) / 1e9) };
  };
  const runs = await inTurns({ hearth: () => through(ours, load()), postfix: () => through(theirs, { port: postfix.port, from: 'alice@peer.test' }) });
  report.row('in and out at once, 20 connections each, 4 KiB', 'msg/s', 'more', runs.hearth.rate, runs.postfix.rate);
}

async function memories(report) {
  const sink = new Sink(await freePort());
  await sink.start();
  const { hearth, load } = await hearthWith(20, sink.port);
  const { pid } = hearth.child;
  const rss = () => memory(pid).rss / 1024;
  await settled(pid);
  const idle = rss();
  for (const [count, bytes, what] of [[MANY, SMALL, '4 KiB'], [MANY_LARGE, LARGE, '20 MiB']]) {
    let most = 0, watching = true;
    const watch = (async () => {
      for (; watching; await sleep(100)) most = Math.max(most, rss());
    })();
    const from = sink.mails;
    await submit({ ...load(), to: () => 'bob@elsewhere.test', count, bytes, connections: bytes === LARGE ? 4 : 20 });
    await eventually(() => sink.mails >= from + count, 600, 'all are there');
    watching = false;
    await watch;
    report.row(`memory above idle while ${count} of ${what} pass`, 'MiB', 'less', [most - idle], [ABOVE_IDLE], 'to reach');
  }
}

// One with many recipients that wait beside one without, each killed and started before every run, so that what a
// start costs is the same for both. Its processor time is told as well: it says more on a busy machine.
async function starts(report) {
  const sides = {};
  for (const name of ['full', 'empty']) sides[name] = await hearthWith(20, await freePort());
  const some = (side, n) => submit({ ...side.load(), to: () => 'bob@elsewhere.test', count: n, bytes: SMALL, connections: 20 });
  for (const side of Object.values(sides)) await some(side, 500);
  await submit({ ...sides.full.load(), count: RECIPIENTS / 100, bytes: SMALL, connections: 10,
    to: (i) => Array.from({ length: 100 }, (_, k) => `bob${k}@d${i * 10 + k % 10}.test`) });
  const run = async (side) => {
    side.hearth.stopping = true;
    await side.hearth.kill();
    const start = process.hrtime.bigint();
    await side.hearth.start();
    const started = Number(process.hrtime.bigint() - start) / 1e9;
    const { seconds, cpu } = await timed(side.hearth.child.pid, () => some(side, 2000));
    return { started, rate: 2000 / seconds, cpu: cpu / 2 };
  };
  const { full, empty } = await inTurns({ full: () => run(sides.full), empty: () => run(sides.empty) });
  report.row(`starts after kill -9 with ${RECIPIENTS} recipients that wait at 10000 domains`, 's', 'less', full.started, [START_S], 'to reach');
  report.row('submission beside them; peer: with an empty queue', 'msg/s', 'more', full.rate, empty.rate, 'empty');
  report.row('its processor time', 's/1000', 'less', full.cpu, empty.cpu, 'empty');
}

await main(async () => {
  const report = new Report('queue', 'Mail out through the queue, to smtp-sink', { peer: `Postfix ${debianVersion('postfix')}`,
    'to reach': 'what was set as the aim', empty: 'Hearth without what waits' });
  for (const [name, part] of Object.entries({ out, both, memory: memories, start: starts })) if (PARTS.includes(name)) await part(report);
  if (PARTS.length === 4) report.save();
});
