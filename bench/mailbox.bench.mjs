// mailbox.bench.mjs: one mailbox that grows to 30,230 real messages: what a search of it takes at
// three sizes, how much memory they take while they come in, and how much disk when they are there.
//
// The 6,046 messages come again and again, each time with another field in front, so that no copy is
// the same as another. Hearth gets them by SMTP, eight at a time; Dovecot's are put into its maildir.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianVersion, eventually, inTurns, main, memory, PASSWORD, Report, settled, sleep, startHearth } from './lib.mjs';
import { found, ImapClient } from './load/imap-client.mjs';
import { deliver } from './load/smtp-client.mjs';
import { startDovecot } from './peers/dovecot.mjs';
import { messages } from '../tests/system/spam-assassin.mjs';

const SIZES = (process.env.BENCH_COPIES || '1,2,4,5').split(',').map(Number); // the last is not searched
const SEARCHES = ['SEARCH FROM "guido"', 'SEARCH SUBJECT "perl"', 'SEARCH FROM "nobody has this"'];
const ABOVE_IDLE = 64; // MiB: what is to be reached

const mails = messages().map((mail) => mail.bytes);
const copy = (n, mail) => Buffer.concat([Buffer.from(`X-Copy: ${n}\r\n`), mail]);
const bytesOf = (folder, ...more) => Number(execFileSync('du', ['-s', '--block-size=1', ...more, folder], { encoding: 'utf8' }).split('\t')[0]);

// Copies `from` to `to` - 1 of all, one behind the other.
function* all(from, to) {
  for (let n = from; n < to; n++) for (const mail of mails) yield copy(n, mail);
}

function fillMaildir(dir, from, to) {
  for (const name of ['cur', 'new', 'tmp']) if (!existsSync(join(dir, name))) mkdirSync(join(dir, name), { recursive: true });
  let i = 0;
  for (const mail of all(from, to)) writeFileSync(join(dir, 'cur', `1000000000.M${from}P${i++}.bench:2,`), mail);
  execFileSync('chown', ['-R', '65534', dir]);
}

async function open(port, user) {
  const client = await ImapClient.connect(port);
  await client.login(user, PASSWORD);
  await client.command('SELECT INBOX');
  return client;
}

await main(async () => {
  const hearth = await startHearth({}, ['alice@hearth.test']);
  const dovecot = await startDovecot('maildir');
  const { pid } = hearth.child;
  const report = new Report('mailbox', `A mailbox of up to ${mails.length * SIZES.at(-1)} messages`,
    { peer: `Dovecot ${debianVersion('dovecot-imapd')}, maildir`, 'to reach': 'what was set as the aim' });
  const rss = () => memory(pid).rss / 1024;
  await settled(pid);
  const idle = rss();
  let there = 0, most = 0, watching = true, bytes = 0;
  const watch = (async () => {
    while (watching) {
      most = Math.max(most, rss());
      await sleep(200);
    }
  })();
  for (const copies of SIZES) {
    const coming = all(there, copies);
    await deliver(hearth.port.smtp, 'alice@hearth.test', () => {
      const { value } = coming.next();
      bytes += value?.length || 0;
      return value;
    });
    fillMaildir(join(dovecot.mail, 'alice'), there, copies);
    there = copies;
    await eventually(async () => /^hearth_bus_lag_events\{subscription="mail.search",source="mail"\} 0$/m
      .test((await hearth.api('GET', '/metrics')).body), 300, 'all is in the index');
    await settled(pid);
    if (copies === SIZES.at(-1)) break;
    const [a, b] = [await open(hearth.port.imap, 'alice@hearth.test'), await open(dovecot.port, 'alice')];
    for (const command of SEARCHES) {
      const hits = await Promise.all([a, b].map(async (client) => found((await client.command(command, { keep: true })).text).length));
      const ask = (client) => async () => ({ ms: (await client.command(command)).ms });
      const runs = await inTurns({ a: ask(a), b: ask(b) }, { rounds: 9 });
      report.row(`${command}, ${hits[0]} of ${copies * mails.length}`, 'ms', 'less', runs.a.ms, runs.b.ms);
      if (hits[0] !== hits[1]) report.note(`${command}: Hearth finds ${hits[0]}, Dovecot ${hits[1]}`);
    }
    a.close();
    b.close();
  }
  watching = false;
  await watch;
  report.row('memory above idle, at most, while they come in', 'MiB', 'less', [most - idle], [ABOVE_IDLE], 'to reach');
  await sleep(Number(process.env.BENCH_REST || 30) * 1000);
  report.row('memory above idle half a minute later', 'MiB', 'less', [rss() - idle], [ABOVE_IDLE], 'to reach');
  hearth.stopping = true;
  await hearth.stop();
  const data = hearth.settings['server.data'];
  report.row('on disk for each byte of mail', 'bytes', 'less',
    [bytesOf(data, '--exclude=reserve') / bytes], [bytesOf(join(dovecot.mail, 'alice')) / bytes]);
  report.save();
});
