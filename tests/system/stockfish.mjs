// stockfish.mjs: Debian's stockfish as an independent judge of chess.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

export const STOCKFISH = '/usr/games/stockfish';
export const hasStockfish = existsSync(STOCKFISH);

export class Stockfish {
  constructor() {
    this.child = spawn(STOCKFISH, [], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  say(line) {
    this.child.stdin.write(`${line}\n`);
  }

  async until(test) {
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error('stockfish ended');
      if (test(value)) return value;
    }
  }

  // The FEN after these moves; a move that is not legal is where it stops.
  async fenAfter(moves) {
    this.say(`position startpos moves ${moves.join(' ')}`);
    this.say('d');
    const line = await this.until((text) => text.startsWith('Fen: '));
    await this.until((text) => text.startsWith('Checkers'));
    return line.slice(5);
  }

  // The legal moves of a position, sorted.
  async legal(fen) {
    const moves = [];
    this.say(`position fen ${fen}`);
    this.say('go perft 1');
    await this.until((text) => {
      const move = /^([a-h][1-8][a-h][1-8][qrbn]?): 1$/.exec(text);
      if (move) moves.push(move[1]);
      return text.startsWith('Nodes searched');
    });
    return moves.sort();
  }

  quit() {
    this.child.stdin.end('quit\n');
  }
}
