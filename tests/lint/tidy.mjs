// tidy.mjs SECONDS FILE…: clang-tidy over the files, as many at a time as there are processors. What was found good is
// remembered under a hash of all that went into it (build/lint/), so a second run looks only at what has changed since.
// With SECONDS > 0 it begins no file after that time; those whose last change is the latest come first, so that what is
// new is looked at, and it says how many were left. Exits 1 when something was found.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const seconds = Number(process.argv[2]), files = process.argv.slice(3);
const CACHE = 'build/lint';
const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'ignore'] });
const hash = (...parts) => parts.reduce((h, part) => h.update(part), createHash('sha256')).digest('hex');
const base = run('clang-tidy', '--version') + readFileSync('.clang-tidy');
const hashes = new Map();

function flags(file) {
  const own = file.startsWith('src/')
    ? ['-Isrc', '-I/usr/share/include/llhttp', '-DLLHTTP_STRICT_MODE=1']
    : [`-I${file.split('/').slice(0, 2).join('/')}`];
  return ['-std=gnu17', '-D_GNU_SOURCE', '-Iinclude', ...own];
}

function hashOf(path) {
  if (!hashes.has(path)) hashes.set(path, hash(readFileSync(path)));
  return hashes.get(path);
}

// All of our own that the file is made of.
function keyOf(file) {
  const rule = run('gcc', '-MM', ...flags(file), file);
  const parts = rule.replace(/^[^:]*:/, '').replaceAll('\\\n', ' ').split(/\s+/).filter((path) => path && !path.startsWith('/'));
  return hash(base, ...flags(file), ...parts.map(hashOf));
}

function latestFirst(list) {
  const log = run('git', 'log', '-n', '300', '--format=', '--name-only', '--', 'src', 'modules').split('\n');
  const changed = run('git', 'status', '--porcelain', '--no-renames', '-uall').split('\n').map((line) => line.slice(3));
  const at = new Map([...changed, ...log].reverse().map((path, i) => [path, i]));
  return [...list].sort((a, b) => (at.get(b) ?? -1) - (at.get(a) ?? -1));
}

function look(file) {
  return new Promise((resolve) => {
    const child = spawn('clang-tidy', ['--quiet', file, '--', ...flags(file)], { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (bytes) => { out += bytes; });
    child.on('close', (code) => resolve(code === 0 && !/(warning|error):/.test(out) ? '' : out || `${file}: clang-tidy: exit ${code}\n`));
  });
}

mkdirSync(CACHE, { recursive: true });
const until = seconds > 0 ? Date.now() + seconds * 1000 : Infinity;
const queue = latestFirst(files);
let found = 0, looked = 0, known = 0;
async function worker() {
  while (queue.length > 0 && Date.now() < until) {
    const file = queue.shift(), good = `${CACHE}/${keyOf(file)}`;
    if (existsSync(good)) { known++; continue; }
    const out = await look(file);
    looked++;
    if (out) { found++; console.log(out.trimEnd()); } else writeFileSync(good, '');
  }
}
await Promise.all(cpus().map(worker));
console.log(`clang-tidy: ${looked} looked at, ${known} unchanged, ${queue.length} left for another time`);
process.exit(found > 0 ? 1 : 0);
