// sources.mjs: what a look at the text of the C sources and the pages about them can tell: heads of files, comments
// that a formatter ran together, names of files that are not there, guards. Prints what is wrong, a line each; exits 1.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n').filter((path) => path && existsSync(path));
const names = new Set(tracked.map((path) => basename(path)));
// Files of others that comments speak of, and files that exist only while the program is built or runs.
const FOREIGN = /^(llhttp|api|http|jsmn|sqlite3|uv|argon2|qrcodegen|jerror|turbojpeg|core|config|files|common|table|index|init|proxy-protocol|os_unix|example|x|[a-z])\.(h|c|md|js|sh|ini)$/;
let wrong = 0;

function say(path, line, what) {
  console.log(`${path}:${line}: ${what}`);
  wrong++;
}

function lineOf(text, at) {
  return text.slice(0, at).split('\n').length;
}

// A comment without its signs, line by line.
function plain(comment) {
  return comment.replace(/^\/\*|\*\/$/g, '').split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
}

// The first comment: which file it is, which thread runs it, and more than where else to look.
function head(path, text) {
  const comment = /^\/\*[^]*?\*\//.exec(text)?.[0];
  if (!comment) return say(path, 1, 'has no head: a comment that says what the file is');
  const words = plain(comment).join(' ').replace(/\s+/g, ' ').trim();
  const title = new RegExp(`^([a-z0-9_]+/)*${basename(path).replace('.', '\\.')}: `);
  if (!title.test(words)) return say(path, 1, `its head does not begin with "${basename(path)}: "`);
  const said = words.replace(title, '').replace(/\bsee [a-z0-9_/]+\.h\b[.;,]?/gi, '').trim();
  if (said.length < 24) say(path, 1, 'its head only says where else to look');
  // A module says it in each .c once its files have been gone through. A db_fn runs where its database is read or written.
  if (/^(src|include|modules\/(auth|gateway|web|mail|game|video)\/.*\.c$)/.test(path) &&
      !/\b(pure|loop|threads?|workers?|executors?|shard|process|macros?|constants?|types|db_fn|writer|readers?)\b/i.test(words))
    say(path, 1, 'its head does not say which thread runs it, or that it is pure');
}

// What a formatter leaves behind that lays out prose, and so lists and drawings.
function reflowed(path, text) {
  for (const m of text.matchAll(/\/\*[^]*?\*\//g)) {
    const lines = m[0].split('\n'), line = lineOf(text, m.index);
    if (lines.length === 2 && lines[1].trim() === '*/') say(path, line, 'a comment of one line ends on a line of its own');
    lines.forEach((l, i) => {
      if (i > 0 && /^\s*\*[A-Za-z]/.test(l)) say(path, line + i, 'no space behind the * of a comment');
      if (/[.;] [a-z]+ {2,}\S/.test(l)) say(path, line + i, 'the items of a list have run into each other');
    });
  }
}

// Names of files, in comments and in pages: they are there.
function stale(path, line, prose) {
  for (const m of prose.matchAll(/(?<![\w/.<>*{…-])((?:[a-z0-9_]+\/)*[a-z][a-z0-9_]*\.(?:c|h|mjs|sh))(?![\w(*])/g)) {
    const name = m[1];
    const there = name.includes('/')
      ? tracked.some((p) => p === name || p.endsWith('/' + name)) || existsSync(join(dirname(path), name))
      : names.has(name);
    if (!there && !FOREIGN.test(basename(name))) say(path, line, `${name} is not there`);
  }
}

// #ifndef X, #define X, and at the end #endif; X ends in the file's name, and no other header has it.
const guards = new Map();
function guard(path, text) {
  const m = /^#ifndef (\w+)\n#define \1\n/m.exec(text);
  const stem = basename(path, '.h').toUpperCase();
  if (!m || !/#endif\s*$/.test(text)) return say(path, 1, 'has no guard around all of it');
  if (!m[1].endsWith(`${stem}_H`)) say(path, lineOf(text, m.index), `its guard is ${m[1]}, expected …${stem}_H`);
  if (guards.has(m[1])) say(path, lineOf(text, m.index), `has the guard of ${guards.get(m[1])}`);
  guards.set(m[1], path);
}

// The own header first: so it is known to need nothing in front of it. (Order within a group is clang-format's.)
function own(path, text) {
  const includes = [...text.matchAll(/^#include [<"]([^>"]+)[>"]/gm)].map((m) => m[1]);
  const at = includes.findIndex((name) => name.startsWith('hearth/') || !name.includes('<') ? basename(name, '.h') === basename(path, '.c') : false);
  if (at > 0 && [dirname(path), `include/hearth`].some((dir) => existsSync(join(dir, basename(path, '.c') + '.h'))))
    say(path, 1, `its own header, ${includes[at]}, is not the first`);
}

for (const path of tracked.filter((p) => /^(src|include|modules|tests|bench)\/.*\.[ch]$/.test(p))) {
  const text = readFileSync(path, 'utf8');
  if (!path.startsWith('tests/')) head(path, text);
  reflowed(path, text);
  for (const m of text.matchAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm))
    m[0].split('\n').forEach((l, i) => stale(path, lineOf(text, m.index) + i, l));
  if (path.endsWith('.h')) guard(path, text);
  else own(path, text);
}
for (const path of tracked.filter((p) => p.endsWith('.md') && !p.startsWith('third_party/')))
  readFileSync(path, 'utf8').split('\n').forEach((l, i) => stale(path, i + 1, [...l.matchAll(/`[^`]*`/g)].map((m) => m[0].slice(1, -1)).join(' ')));
process.exit(wrong > 0 ? 1 : 0);
