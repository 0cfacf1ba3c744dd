// games.mjs: chess games to be played against a server: random but the same in every run, and pairs
// of players that play them.
import { Chess } from 'chess.js';
import { WsClient } from './ws-client.mjs';

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

// Two players at one board; each sends its move when it has heard of the other's.
export class Pair {
  constructor(index) {
    this.clock = { limit: 3600 + index, increment: 1 };
  }

  static async connect(index, port, tokens) {
    const pair = new Pair(index);
    pair.players = await Promise.all([0, 1].map((i) => {
      const player = { colour: undefined };
      return WsClient.connect(port, tokens[2 * index + i], (text) => pair.hear(player, text)).then((client) => Object.assign(player, { client }));
    }));
    return pair;
  }

  hear(player, text) {
    if (text.startsWith('{"type":"moved"')) {
      const ply = Number(/"ply":(\d+)/.exec(text)[1]);
      if (ply < this.moves.length) {
        if (ply % 2 === player.colour) this.send(player, ply);
      } else if (++this.done === 2) {
        this.finished();
      }
    } else if (text.startsWith('{"type":"state"')) {
      const frame = JSON.parse(text);
      player.colour = frame.color === 'white' ? 0 : 1;
      this.match = frame.match;
      if (++this.seated === 2) this.ready();
    } else if (text.startsWith('{"type":"ended"')) {
      if (++this.left === 2) this.over();
    } else if (text.startsWith('{"type":"rejected"') || text.startsWith('{"type":"error"')) {
      this.failed(new Error(text));
    }
  }

  send(player, ply) {
    player.client.send(`{"to":"game","type":"move","match":${this.match},"ply":${ply},"move":"${this.moves[ply]}"}`);
  }

  // Sits down to a new match.
  seek() {
    this.seated = 0;
    return new Promise((ready, failed) => {
      Object.assign(this, { ready, failed });
      for (const { client } of this.players)
        client.send(`{"to":"game","type":"seek","clock":${JSON.stringify(this.clock)}}`);
    });
  }

  // Plays these moves to the last, until both have heard of it.
  play(moves) {
    this.moves = moves;
    this.done = 0;
    return new Promise((finished, failed) => {
      Object.assign(this, { finished, failed });
      this.send(this.players.find((player) => player.colour === 0), 0);
    });
  }

  resign() {
    this.left = 0;
    return new Promise((over, failed) => {
      Object.assign(this, { over, failed });
      this.players[0].client.send(`{"to":"game","type":"resign","match":${this.match}}`);
    });
  }

  close() {
    for (const { client } of this.players) client.close();
  }
}
