// memory.bench.mjs: resident memory, idle and for each idle connection, beside the servers that do the
// same work apart: nginx (HTTP), Dovecot (IMAP), Node with ws (WebSocket), and Postfix for the sum.
//
// Idle, the figure is the proportional set size (PSS) of a server and all its processes: pages that
// processes share are counted once, which is kind to servers of many processes; and the plain sum.
// For a connection it is by how much the pages grow that nobody shares.
import { Agent, request } from 'node:http';
import { debianVersion, eventually, HERE, inTurns, main, memory, opens, PASSWORD, Report, settled, sleep, startHearth,
  startProgram, tempFolder, within } from './lib.mjs';
import { ImapClient } from './load/imap-client.mjs';
import { WsClient } from './load/ws-client.mjs';
import { startDovecot } from './peers/dovecot.mjs';
import { startNginx } from './peers/nginx.mjs';
import { startPostfix } from './peers/postfix.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS || 3);
const HTTP = 4000;
const IMAP = 200;
const SOCKETS = 2000;

async function inMemory(pid) {
  await settled(pid);
  await sleep(500);
  return memory(pid);
}

// Opens `count` connections, ten at a time.
async function openAll(count, open) {
  const all = [];
  for (let i = 0; i < count; i += 10)
    all.push(...await within(60, Promise.all(Array.from({ length: 10 }, () => open())), `connections ${i} to ${i + 9}`));
  return all;
}

// KiB for each of `count` connections. Some that come and go before make what is made once only.
async function each(pid, count, open, close) {
  (await openAll(20, open)).forEach(close);
  const before = (await inMemory(pid)).own;
  const all = await openAll(count, open);
  const kib = ((await inMemory(pid)).own - before) / count;
  all.forEach(close);
  return { kib };
}

// ---- one connection of each kind ----

function keepAlive(port, path) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return new Promise((done, fail) => {
    const rq = request({ port, path, agent }, (answer) => {
      answer.resume();
      answer.on('end', () => (answer.statusCode === 200 ? done(agent) : fail(new Error(`${path}: ${answer.statusCode}`))));
    });
    rq.on('error', fail);
    rq.end();
  });
}

async function idling(port, user) {
  const client = await ImapClient.connect(port);
  await client.login(user, PASSWORD);
  await client.command('SELECT INBOX');
  await client.idle();
  return client;
}

function greeted(port, token) {
  return new Promise((done, fail) => {
    const socket = WsClient.connect(port, token, () => socket.then(done));
    socket.catch(fail);
  });
}

// ---- a fresh server for each figure: what one kind of connection left behind is not the next one's ----

const settings = { 'gateway.connections_per_account': 10000 };

async function hearthWith(fn) {
  const hearth = await startHearth(settings, ['alice@hearth.test']);
  try {
    return await fn(hearth, hearth.child.pid);
  } finally {
    hearth.stopping = true;
    await hearth.stop();
  }
}

async function startNode() {
  const child = startProgram(process.execPath, [`${HERE}/peers/ws-chess.mjs`, tempFolder('chess')]);
  await eventually(() => /^\d+\n/.test(child.said), 20, 'the Node server listens');
  return { port: Number.parseInt(child.said, 10), pid: child.pid, stop: child.stop };
}

async function with_(start, fn) {
  const server = await start();
  try {
    return await fn(server);
  } finally {
    await server.stop();
  }
}

const style = Buffer.alloc(5000, 'x');

await main(async () => {
  const report = new Report('memory', 'Resident memory', {
    nginx: `nginx ${debianVersion('nginx-light')}`, Dovecot: `Dovecot ${debianVersion('dovecot-imapd')}`,
    Node: `Node ${process.version} with ws`, Postfix: `Postfix ${debianVersion('postfix')}`, 'all four': 'those started together' });
  const options = { rounds: ROUNDS, warmUp: false };

  const idle = await inTurns({
    a: () => hearthWith(async (_, pid) => {
      const { pss, rss } = await inMemory(pid);
      return { pss: pss / 1024, rss: rss / 1024 };
    }),
    b: async () => {
      const servers = [await startNginx(), await startDovecot('maildir'), await startPostfix('peer.test'), await startNode()];
      for (const { port } of servers) await opens(port); // so that each has the processes it answers with
      const sum = { pss: 0, rss: 0 };
      for (const { pid } of servers) {
        const { pss, rss } = await inMemory(pid);
        sum.pss += pss / 1024;
        sum.rss += rss / 1024;
      }
      for (const server of servers) await server.stop();
      return sum;
    },
  }, options);
  report.row('idle, pages that are shared counted once (PSS)', 'MiB', 'less', idle.a.pss, idle.b.pss, 'all four');
  report.row('idle, pages that are shared counted each time (RSS)', 'MiB', 'less', idle.a.rss, idle.b.rss, 'all four');

  const http = await inTurns({
    a: () => hearthWith((hearth, pid) => each(pid, HTTP, () => keepAlive(hearth.port.http, '/style.css'), (agent) => agent.destroy())),
    b: () => with_(startNginx, (nginx) => {
      nginx.put('style.css', style);
      return each(nginx.pid, HTTP, () => keepAlive(nginx.port, '/style.css'), (agent) => agent.destroy());
    }),
  }, options);
  report.row(`HTTP, kept alive after a request, each of ${HTTP}`, 'KiB', 'less', http.a.kib, http.b.kib, 'nginx');

  const imap = await inTurns({
    a: () => hearthWith((hearth, pid) => each(pid, IMAP, () => idling(hearth.port.imap, 'alice@hearth.test'), (client) => client.close())),
    b: () => with_(() => startDovecot('maildir'), (dovecot) => each(dovecot.pid, IMAP, () => idling(dovecot.port, 'alice'), (client) => client.close())),
  }, options);
  report.row(`IMAP, in IDLE, each of ${IMAP}`, 'KiB', 'less', imap.a.kib, imap.b.kib, 'Dovecot');

  const ws = await inTurns({
    a: () => hearthWith(async (hearth, pid) => {
      const token = await hearth.login('alice@hearth.test', PASSWORD);
      return each(pid, SOCKETS, () => greeted(hearth.port.http, token), (client) => client.close());
    }),
    b: () => with_(startNode, (node) => each(node.pid, SOCKETS, () => greeted(node.port), (client) => client.close())),
  }, options);
  report.row(`WebSocket, signed in, each of ${SOCKETS}`, 'KiB', 'less', ws.a.kib, ws.b.kib, 'Node');
  report.save();
});
