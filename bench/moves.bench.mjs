// moves.bench.mjs: chess moves a second through the WebSocket beside a server in Node with `ws` and
// chess.js (peers/ws-chess.mjs). Every move is checked, stored and told to both players; each player
// moves as soon as it has heard of the other's move.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { eventually, HERE, inTurns, main, PASSWORD, Report, settled, startHearth, startProgram, tempFolder, timed, within } from './lib.mjs';
import { Pairs, randomGames } from './load/games.mjs';

const PLIES = 80;
const LOADS = [
  { pairs: 1, games: 5 },
  { pairs: 50, games: 5 },
  { pairs: 200, games: 3 },
];

const version = (name) => JSON.parse(readFileSync(createRequire(import.meta.url).resolve('ws').replace(/node_modules\/.*/, `node_modules/${name}/package.json`))).version;

async function startNode(...flags) {
  const child = startProgram(process.execPath, [`${HERE}/peers/ws-chess.mjs`, tempFolder('chess'), ...flags]);
  await eventually(() => /^\d+\n/.test(child.said), 20, 'the Node server listens');
  return { port: Number.parseInt(child.said, 10), pid: child.pid, tokens: [] };
}

const games = randomGames(40, PLIES);

// An account for each player: what one account may play at a time is bounded.
async function registered(hearth, n) {
  const tokens = [];
  while (tokens.length < n)
    tokens.push(...await Promise.all(Array.from({ length: Math.min(8, n - tokens.length) }, async (_, i) => {
      const { status, body } = await hearth.api('POST', '/api/auth/register', { address: `player${tokens.length + i}@hearth.test`, password: PASSWORD });
      if (status !== 201) throw new Error(`an account cannot be made: ${status} ${JSON.stringify(body)}`);
      return body.token;
    })));
  return tokens;
}

async function load({ pairs: count, games: rounds }, { port, pid, tokens }) {
  const pairs = await within(60, Pairs.connect(count, port, tokens, games), 'all are connected');
  let seconds = 0;
  let cpu = 0;
  for (let round = 0; round < rounds; round++) {
    await within(60, pairs.ask('seek'), 'all are seated');
    await settled(pid);
    const took = await timed(pid, () => within(300, pairs.ask(`play ${round}`), 'all games are played'));
    seconds += took.seconds;
    cpu += took.cpu;
    await within(60, pairs.ask('resign'), 'all have resigned');
  }
  await pairs.close();
  const moves = count * rounds * PLIES;
  return { rate: moves / seconds, cpu: (cpu / moves) * 1e6 };
}

await main(async () => {
  const hearth = await startHearth({ 'auth.registration': 'open', 'auth.registrations_per_network': 10000 });
  const tokens = await registered(hearth, 2 * Math.max(...LOADS.map((one) => one.pairs)));
  const ours = { port: hearth.port.http, pid: hearth.child.pid, tokens };
  const synced = await startNode();
  const unsynced = await startNode('--no-sync');
  const name = `Node ${process.version}, ws ${version('ws')}, chess.js ${version('chess.js')}`;
  const report = new Report('moves', 'Games: moves through the WebSocket', { peer: `${name}, fdatasync before each answer (shared)`, 'no sync': `${name}, without waiting for the disk` });
  for (const one of LOADS) {
    const { a, b, c } = await inTurns({ a: () => load(one, ours), b: () => load(one, synced), c: () => load(one, unsynced) });
    const what = `${one.pairs} ${one.pairs === 1 ? 'game' : 'games'} at a time`;
    report.row(what, 'moves/s', 'more', a.rate, b.rate);
    report.row(what, 'moves/s', 'more', a.rate, c.rate, 'no sync');
    report.row(`${what}: processor`, 'µs/move', 'less', a.cpu, b.cpu);
  }
  report.save();
});
