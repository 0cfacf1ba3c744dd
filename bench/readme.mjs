// readme.mjs: puts the figures of bench/results/ into bench/README.md, between its two marks.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HERE, RESULTS } from './lib.mjs';

const ORDER = ['smtp', 'queue', 'imap', 'mailbox', 'moves', 'segments', 'memory'];
const README = join(HERE, 'README.md');

const number = (x) => (x >= 1000 ? Math.round(x).toLocaleString('en') : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));
const percent = (x) => `±${Math.round(50 * x)} %`;

// What the ratio says, so that nobody has to think about which way round it is. A difference of less
// than a tenth, or than the runs of either side lie apart, says nothing.
function verdict({ ratio, better, spread }) {
  const gain = better === 'more' ? ratio : 1 / ratio;
  const noise = 1 + Math.max(0.1, ...spread.map((part) => part / 2));
  return gain > noise ? 'better' : gain < 1 / noise ? '**worse**' : 'even';
}

function table({ title, peers, rows, notes = [], machine }) {
  const names = Object.entries(peers).map(([key, name]) => (key === 'peer' || name.startsWith(key) ? name : `${key}: ${name}`));
  return [
    `### ${title}`, '', `${names.join('; ')}. Commit ${machine.commit}, ${machine.date}.`, '',
    '| what | unit | Hearth | peer | Hearth/peer | |', '| --- | --- | ---: | ---: | ---: | --- |',
    ...rows.map((row) => `| ${row.what.replaceAll('|', '\\|')} | ${row.unit} | ${number(row.hearth)} ${percent(row.spread[0])} `
      + `| ${number(row.other)} ${percent(row.spread[1])}${row.peer === 'peer' ? '' : ` (${row.peer})`} | ${number(row.ratio)} | ${verdict(row)} |`),
    ...(notes.length ? ['', ...notes.map((note) => `- ${note}`)] : []), '',
  ].join('\n');
}

const results = ORDER.map((name) => join(RESULTS, `${name}.json`)).filter(existsSync).map((file) => JSON.parse(readFileSync(file, 'utf8')));
if (results.length === 0) throw new Error('no results: run `make bench` first');
const { cpu, cores, memory_gib: gib, kernel, fdatasync_us: sync } = results[0].machine;
const figures = `Machine: ${cpu}, ${cores} processors, ${gib} GiB, Linux ${kernel}, fdatasync of 4 KiB ${sync} µs.\n\n${results.map(table).join('\n')}`;
const text = readFileSync(README, 'utf8');
const [begin, end] = ['<!-- figures -->\n', '<!-- /figures -->'];
const [at, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
if (at < begin.length || to < 0) throw new Error('bench/README.md has lost its marks');
writeFileSync(README, `${text.slice(0, at)}\n${figures}\n${text.slice(to)}`);
console.log(`bench/README.md has the figures of ${results.map((result) => result.name).join(', ')}`);
