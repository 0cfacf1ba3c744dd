// smtp.bench.mjs: how many messages a second are accepted, on disk, beside Postfix.
//
// Both sides do their whole work up to "250": Hearth stores the message in its mailbox (blob, rows,
// event; the search index follows behind, and its processor time is counted), Postfix writes it to
// its queue. Postfix would still have to deliver it, which is not measured.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cpuSeconds, debianVersion, main, inTurns, Report, settled, startHearth } from './lib.mjs';
import { startPostfix } from './peers/postfix.mjs';

const run = promisify(execFile);
const SIZE = 5120;

const LOADS = [
  { what: '1 session', messages: 500, args: ['-d', '-s', 1] },
  { what: '20 sessions', messages: 3000, args: ['-d', '-s', 20] },
  { what: '100 sessions', messages: 5000, args: ['-d', '-s', 100] },
  { what: '20 sessions, a connection for each message', messages: 3000, args: ['-s', 20] },
];

// `check` throws unless the server says it took so many messages.
async function load({ messages, args }, { port, pid, to, check }) {
  const cpu = cpuSeconds(pid);
  const start = process.hrtime.bigint();
  await run('smtp-source', [...args, '-m', messages, '-l', SIZE, '-f', 'bob@example.org', '-t', to, `127.0.0.1:${port}`]);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  await settled(pid);
  await check(messages);
  return { rate: messages / seconds, cpu: ((cpuSeconds(pid) - cpu) / messages) * 1000 };
}

await main(async () => {
  const hearth = await startHearth({}, ['alice@hearth.test']);
  const postfix = await startPostfix('peer.test');
  const report = new Report('smtp', 'SMTP: messages of 5 KiB accepted durably (smtp-source)', { peer: `Postfix ${debianVersion('postfix')}` });

  let before = 0;
  const accepted = async () => Number(/^hearth_mail_accepted_total (\d+)/m.exec((await hearth.api('GET', '/metrics')).body)?.[1] || 0);
  const ours = { port: hearth.port.smtp, pid: hearth.child.pid, to: 'alice@hearth.test',
    async check(messages) {
      const now = await accepted();
      if (now - before !== messages) throw new Error(`Hearth accepted ${now - before} of ${messages}`);
      before = now;
    } };
  const theirs = { port: postfix.port, pid: postfix.pid, to: 'alice@peer.test',
    check(messages) {
      if (postfix.held() !== messages) throw new Error(`Postfix holds ${postfix.held()} of ${messages}`);
      postfix.clear();
    } };
  for (const one of LOADS) {
    const { hearth: a, postfix: b } = await inTurns({ hearth: () => load(one, ours), postfix: () => load(one, theirs) });
    report.row(one.what, 'msg/s', 'more', a.rate, b.rate);
    report.row(`${one.what}: processor`, 'ms/msg', 'less', a.cpu, b.cpu);
  }
  report.save();
});
