// games.mjs: chess games to be played against a server: random but the same in every run, and pairs
// of players that play them.
import { Chess } from 'chess.js';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HERE, startProgram, tempFolder } from '../lib.mjs';

// A small generator of numbers in [0, 1), seeded (mulberry32).
function random(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// `count` games of `plies` half-moves in UCI notation that do not end before.
export function randomGames(count, plies, seed = 1) {
  const next = random(seed);
  const games = [];
  while (games.length < count) {
    const chess = new Chess();
    const moves = [];
    while (moves.length < plies) {
      const legal = chess.moves({ verbose: true });
      if (legal.length === 0 || chess.isDraw()) break;
      const move = legal[Math.floor(next() * legal.length)];
      chess.move(move);
      moves.push(move.from + move.to + (move.promotion || ''));
    }
    if (moves.length === plies && !chess.isGameOver()) games.push(moves);
  }
  return games;
}

// Pairs of players (load/games.c, built when first asked for) at a server's boards: each sends its move
// when it has heard of the other's. `ask` gives when all pairs have done what was asked.
let program;

export class Pairs {
  static async connect(count, port, tokens, games) {
    const folder = tempFolder('games');
    if (!program) {
      program = join(folder, 'games');
      execFileSync('gcc', ['-std=gnu17', '-O2', '-o', program, `${HERE}/load/games.c`]);
    }
    const file = join(folder, 'what');
    writeFileSync(file, [...tokens.slice(0, 2 * count).map((token) => `token ${token}`), ...games.map((moves) => `game ${moves.join(' ')}`), ''].join('\n'));
    const pairs = new Pairs();
    pairs.child = startProgram(program, [String(port), String(count), file], { stdio: ['pipe', 'pipe', 'pipe'] });
    pairs.child.stdout.on('data', () => pairs.answered?.());
    pairs.child.ended.then(() => pairs.failed?.(new Error(pairs.child.said)));
    await pairs.answer();
    return pairs;
  }

  answer() {
    return new Promise((answered, failed) => Object.assign(this, { answered, failed }));
  }

  ask(what) {
    const answer = this.answer();
    this.child.stdin.write(`${what}\n`);
    return answer;
  }

  async close() {
    this.failed = undefined;
    this.child.stdin.end();
    await this.child.ended;
  }
}
