// imap.bench.mjs: one mailbox of 2,000 real messages, read and searched beside Dovecot.
//
// Both get the messages by APPEND. Dovecot's answers come from its index and cache files once they
// are warm, which the round that does not count sees to; it has no full-text index (see
// peers/dovecot.mjs), so SEARCH reads the messages there. How many messages each finds is compared.
import { cpuSeconds, debianVersion, inTurns, main, PASSWORD, Report, ROUNDS, settled, startHearth, timed } from './lib.mjs';
import { found, ImapClient } from './load/imap-client.mjs';
import { startDovecot } from './peers/dovecot.mjs';
import { messages } from '../tests/system/spam-assassin.mjs';

const COUNT = Number(process.env.BENCH_MESSAGES || 2000);
const PART = 200; // of the messages, appended in one turn
const SINGLES = 300;

const COMMANDS = [
  'FETCH 1:* (UID FLAGS)',
  'FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)',
  'FETCH 1:* BODY.PEEK[HEADER.FIELDS (From To Subject Date Message-ID)]',
  'FETCH 1:* BODY.PEEK[]',
  'FETCH 1:* BODY.PEEK[1]',
];
const SEARCHES = [
  'SEARCH TEXT "linux"',
  'SEARCH TEXT "helicopter"',
  'SEARCH TEXT "no such words anywhere"',
  'SEARCH BODY "money"',
  'SEARCH SUBJECT "linux"',
  'SEARCH FROM "example"',
  'SEARCH SINCE 1-Sep-2002 UNSEEN',
];

// The data set lists one folder after the other; every third message mixes them.
const mails = messages().filter((_, i) => i % 3 === 0).slice(0, COUNT).map((mail) => mail.bytes);

async function open(side) {
  side.client = await ImapClient.connect(side.port);
  await side.client.login(side.user, PASSWORD);
  side.filled = 0;
}

// The next part of the messages, one after the other.
async function fill(side) {
  const part = mails.slice(side.filled, side.filled + PART);
  side.filled += part.length;
  const took = await timed(side.pid, async () => {
    for (const mail of part) await side.client.append('INBOX', mail);
  });
  return { rate: part.length / took.seconds };
}

// One command: how long until its end is here.
async function ask(side, command) {
  const { ms } = await side.client.command(command);
  return { ms };
}

// Many small ones, each after the answer to the one before.
async function singles(side) {
  const { seconds, cpu } = await timed(side.pid, async () => {
    for (let i = 0; i < SINGLES; i++) await side.client.command(`FETCH ${1 + ((i * 37) % mails.length)} (UID FLAGS BODY.PEEK[])`);
  });
  return { rate: SINGLES / seconds, cpu };
}

// Processor time of a command is too short for the clock of /proc: many of them, divided.
async function processor(side, command) {
  const times = 20;
  const cpu = cpuSeconds(side.pid);
  for (let i = 0; i < times; i++) await side.client.command(command);
  return ((cpuSeconds(side.pid) - cpu) / times) * 1000;
}

await main(async () => {
  const hearth = await startHearth({}, ['alice@hearth.test']);
  const [maildir, mdbox] = [await startDovecot('maildir'), await startDovecot('mdbox')];
  const a = { port: hearth.port.imap, pid: hearth.child.pid, user: 'alice@hearth.test' };
  const b = { ...maildir, user: 'alice' };
  const c = { ...mdbox, user: 'alice' };
  const dovecot = `Dovecot ${debianVersion('dovecot-imapd')}`;
  const report = new Report('imap', `IMAP: a mailbox of ${mails.length} messages, ${(mails.reduce((sum, mail) => sum + mail.length, 0) / 2 ** 20).toFixed(1)} MiB`,
    { peer: `${dovecot}, maildir`, mdbox: `${dovecot}, mdbox` });

  for (const side of [a, b, c]) await open(side);
  const append = await inTurns({ a: () => fill(a), b: () => fill(b), c: () => fill(c) }, { rounds: Math.ceil(mails.length / PART), warmUp: false });
  report.row('APPEND, one after the other', 'msg/s', 'more', append.a.rate, append.b.rate);
  report.row('APPEND, one after the other', 'msg/s', 'more', append.a.rate, append.c.rate, 'mdbox');
  for (const side of [a, b, c]) {
    await settled(side.pid);
    await side.client.command('SELECT INBOX');
  }

  for (const command of SEARCHES) {
    const sets = await Promise.all([a, b].map(async (side) => found((await side.client.command(command, { keep: true })).text)));
    const both = sets[0].filter((n) => sets[1].includes(n)).length;
    report.note(`${command}: found by both ${both}, by Hearth alone ${sets[0].length - both}, by Dovecot alone ${sets[1].length - both}`);
  }
  for (const command of [...COMMANDS, ...SEARCHES]) {
    const runs = await inTurns({ a: () => ask(a, command), b: () => ask(b, command), c: () => ask(c, command) }, { rounds: 4 * ROUNDS });
    report.row(command, 'ms', 'less', runs.a.ms, runs.b.ms);
    if (command.startsWith('FETCH')) report.row(command, 'ms', 'less', runs.a.ms, runs.c.ms, 'mdbox');
  }
  const single = await inTurns({ a: () => singles(a), b: () => singles(b), c: () => singles(c) });
  report.row('FETCH of one message, one after the other', 'cmd/s', 'more', single.a.rate, single.b.rate);
  report.row('FETCH of one message, one after the other', 'cmd/s', 'more', single.a.rate, single.c.rate, 'mdbox');
  for (const command of [COMMANDS[1], COMMANDS[3], SEARCHES[0]]) {
    const runs = await inTurns({ a: async () => ({ cpu: await processor(a, command) }), b: async () => ({ cpu: await processor(b, command) }) });
    report.row(`${command}: processor`, 'ms', 'less', runs.a.cpu, runs.b.cpu);
  }
  report.save();
  for (const side of [a, b, c]) side.client.close();
});
