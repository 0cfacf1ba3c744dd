// lib.mjs: what the benchmarks share: Hearth and a peer in turns, medians, what a process and its
// children used of processor and memory, the table and the JSON that come out.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, Hearth } from '../tests/system/hearth.mjs';

export { eventually, Hearth };

export const HERE = dirname(fileURLToPath(import.meta.url));
export const RESULTS = join(HERE, 'results');
export const ROUNDS = Number(process.env.BENCH_ROUNDS || 5);
export const PASSWORD = 'correct horse';

// ---- starting and ending ----

const endings = [];

// `fn` runs when the benchmark ends, however it ends; what was begun last ends first.
export function atEnd(fn) {
  endings.push(fn);
}

async function end() {
  while (endings.length) {
    try {
      await endings.pop()();
    } catch (error) {
      console.error(`  at the end: ${error.message.split('\n')[0]}`);
    }
  }
}

// Runs a benchmark and tidies up behind it, also after ^C.
export async function main(fn) {
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => end().then(() => process.exit(130)));
  try {
    await fn();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  await end();
  process.exit();
}

export function tempFolder(name) {
  const dir = mkdtempSync(join(process.env.BENCH_TMP || tmpdir(), `hearth-bench-${name}-`));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// A Hearth with some accounts. It logs as it does by default; the peers are told to log nothing.
// Whoever stops it sets `.stopping` before, since an end that was not asked for is told.
export async function startHearth(settings = {}, accounts = []) {
  const hearth = new Hearth(settings);
  atEnd(() => hearth.remove());
  for (const address of accounts) hearth.addUser(address, PASSWORD);
  await hearth.start();
  atEnd(() => { hearth.stopping = true; });
  hearth.exited.then((how) => {
    if (!hearth.stopping) console.error(`  Hearth ended: ${JSON.stringify(how)}\n${hearth.log.slice(-2000)}`);
  });
  return hearth;
}

// Waits for a promise, but not for ever.
export function within(seconds, promise, what) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not within ${seconds} s: ${what}`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Starts a program; it is killed at the end. Gives the child, with what it said in `.said`.
export function startProgram(file, args, options = {}) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => { child.said = (child.said + bytes).slice(-8000); });
  child.ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
  child.stop = async (signal = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return child.ended;
  };
  atEnd(() => child.stop());
  return child;
}

export function opens(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); done(true); });
    socket.on('error', () => done(false));
  });
}

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- what a process and all its children use ----

function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const field = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(field[i]), 0);
  return { parent: Number(field[1]), ticks };
}

// The process and its living descendants.
export function processTree(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const { parent } = stat(name);
      if (!children.has(parent)) children.set(parent, []);
      children.get(parent).push(Number(name));
    } catch { /* it has just ended */ }
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]) || []));
  return tree;
}

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

// Seconds of processor time, user and system, children that ended included.
export function cpuSeconds(pid) {
  let ticks = 0;
  for (const one of processTree(pid)) {
    try {
      ticks += stat(one).ticks;
    } catch { /* it has just ended */ }
  }
  return ticks / TICKS;
}

// KiB in memory. `rss` counts pages that processes share once for each, `pss` once, `own` not at all.
export function memory(pid) {
  const sum = { rss: 0, pss: 0, own: 0 };
  for (const one of processTree(pid)) {
    try {
      const text = readFileSync(`/proc/${one}/smaps_rollup`, 'latin1');
      const kib = (name) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)[1]);
      sum.rss += kib('Rss');
      sum.pss += kib('Pss');
      sum.own += kib('Private_Clean') + kib('Private_Dirty');
    } catch { /* it has just ended */ }
  }
  return sum;
}

// ---- measuring ----

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// How far apart the runs lie: the middle half of them spans this part of the median.
export function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / median(numbers);
}

// Runs the sides in turns (A B A B …), `rounds` times each after one round that does not count.
// sides: {name: async () => ({figure: number, …})}; gives {name: {figure: [numbers]}}.
export async function inTurns(sides, { rounds = ROUNDS, warmUp = true } = {}) {
  const runs = Object.fromEntries(Object.keys(sides).map((name) => [name, {}]));
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const [name, fn] of Object.entries(sides)) {
      const figures = await fn();
      if (round < 0) continue;
      for (const [figure, number] of Object.entries(figures)) (runs[name][figure] ||= []).push(number);
    }
  }
  return runs;
}

// Runs fn and says what it took: {seconds, cpu}, cpu being what the tree of `pid` used meanwhile.
export async function timed(pid, fn) {
  const cpu = cpuSeconds(pid);
  const start = process.hrtime.bigint();
  const value = await fn();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  return { value, seconds, cpu: cpuSeconds(pid) - cpu };
}

// Waits until the tree of `pid` uses no more processor for longer than Hearth lets events gather (a
// second): what it does behind its answers is done.
export async function settled(pid) {
  let before = cpuSeconds(pid), still = 0;
  await eventually(async () => {
    await sleep(300);
    const now = cpuSeconds(pid);
    still = now - before < 0.02 ? still + 1 : 0;
    before = now;
    return still >= 5;
  }, 300, 'the server is done');
}

// ---- what comes out ----

// What durability costs here: the median time of appending 4 KiB and fdatasync, in µs.
function diskUs() {
  const file = join(tempFolder('disk'), 'file');
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(4096, 'x');
  const times = Array.from({ length: 200 }, () => {
    const start = process.hrtime.bigint();
    writeSync(fd, block);
    fdatasyncSync(fd);
    return Number(process.hrtime.bigint() - start) / 1e3;
  });
  closeSync(fd);
  return Math.round(median(times));
}

function machine() {
  const git = (...args) => {
    try {
      return execFileSync('git', args, { cwd: HERE, encoding: 'utf8' }).trim();
    } catch {
      return '';
    }
  };
  return {
    date: new Date().toISOString().slice(0, 16) + 'Z',
    commit: process.env.BENCH_COMMIT || git('rev-parse', '--short', 'HEAD'),
    cpu: cpus()[0].model,
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    fdatasync_us: diskUs(),
    rounds: ROUNDS,
  };
}

export function debianVersion(name) {
  try {
    return execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
  } catch {
    return 'unknown';
  }
}

const digits = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

export class Report {
  // better: what is good when it is larger ("more") or smaller ("less") stands with each row.
  constructor(name, title, peers) {
    this.name = name;
    this.title = title;
    this.peers = peers;
    this.rows = [];
    console.log(`\n${title}\n  peer: ${Object.values(peers).join(', ')}`);
    console.log(`  ${'what'.padEnd(58)} ${'unit'.padEnd(10)} ${'hearth'.padStart(9)} ${'peer'.padStart(9)} ${'ratio'.padStart(7)}   spread`);
  }

  // hearth, peer: numbers of the runs, in turns.
  row(what, unit, better, hearth, peer, peerName = 'peer') {
    const [a, b] = [median(hearth), median(peer)];
    const row = { what, unit, better, peer: peerName, hearth: a, other: b, ratio: a / b,
      spread: [spread(hearth), spread(peer)], runs: { hearth, peer } };
    this.rows.push(row);
    console.log(`  ${(what + (peerName === 'peer' ? '' : `, ${peerName}`)).padEnd(58)} ${unit.padEnd(10)} ${digits(a).padStart(9)} ${digits(b).padStart(9)} `
      + `${digits(row.ratio).padStart(7)}   ±${Math.round(50 * row.spread[0])} % ±${Math.round(50 * row.spread[1])} % (${better} is better)`);
    return row;
  }

  note(text) {
    (this.notes ||= []).push(text);
    console.log(`  ${text}`);
  }

  save() {
    mkdirSync(RESULTS, { recursive: true });
    const { name, title, peers, rows, notes } = this;
    writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify({ name, title, peers, machine: machine(), rows, notes }, null, 2)}\n`);
  }
}
