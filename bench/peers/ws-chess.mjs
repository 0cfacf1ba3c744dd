// ws-chess.mjs: the game server one would write in Node: `ws`, `chess.js`, an append-only file.
//
// It speaks as much of Hearth's game protocol as a game needs (seek, move, resign; welcome, seeking,
// state, moved, ended, rejected), with the same frames, so that one load plays against both. A move
// is appended to a file and acknowledged once it is on disk; moves that wait while one fdatasync is
// on its way share the next, which is the best that can be done. With `--no-sync` it does not wait.
//
//   node ws-chess.mjs FOLDER [--no-sync]      prints its port
import { Chess } from 'chess.js';
import { fdatasync, openSync, write } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';

const [folder, ...flags] = process.argv.slice(2);
const sync = !flags.includes('--no-sync');
const file = openSync(join(folder, 'moves.log'), 'a');
const seeks = new Map(); // by clock
const matches = new Map();
const COLOURS = ['white', 'black'];
let lastMatch = 0;

// ---- durability ----

let waiting = [];
let busy = false;

function commit() {
  if (busy || waiting.length === 0) return;
  const group = waiting;
  waiting = [];
  busy = true;
  const done = (error) => {
    if (error) throw error;
    busy = false;
    for (const one of group) one.then();
    commit();
  };
  write(file, group.map((one) => one.line).join(''), (error) => {
    if (error || !sync) done(error);
    else fdatasync(file, done);
  });
}

function store(line, then) {
  waiting.push({ line, then });
  commit();
}

// ---- matches ----

function left(match, seat, now) {
  const running = match.ply > 0 && match.ply % 2 === seat;
  return Math.round(match.left[seat] - (running ? now - match.since : 0));
}

function clockOf(match) {
  const now = performance.now();
  return { white: left(match, 0, now), black: left(match, 1, now) };
}

function positionOf(match) {
  const { chess } = match;
  const key = chess.fen().split(' ').slice(0, 4).join(' ');
  return {
    fen: chess.fen(), turn: chess.turn() === 'w' ? 'white' : 'black', check: chess.inCheck(),
    repeated: match.seen.get(key) || 1, status: match.status, reason: match.reason,
  };
}

function end(match, status, winner, reason) {
  Object.assign(match, { status, reason, over: true });
  matches.delete(match.id);
  return { type: 'ended', match: match.id, ply: match.ply, status, winner, reason, clock: clockOf(match) };
}

function broadcast(match, frame) {
  const text = JSON.stringify(frame);
  for (const socket of match.sockets) socket.send(text);
}

function open(match) {
  match.sockets.forEach((socket, seat) => socket.send(JSON.stringify({
    type: 'state', match: match.id, rules: 'chess', white: 'a', black: 'b', ply: 0, last: null, moves: [],
    clock: clockOf(match), status: 'started', color: COLOURS[seat], opponent: 'x', position: positionOf(match),
  })));
}

// How a game ends by itself after a move; null: it goes on.
function ending({ chess, ply }) {
  if (chess.isCheckmate()) return ['mate', COLOURS[(ply + 1) % 2], 'checkmate'];
  if (chess.isStalemate()) return ['stalemate', null, 'stalemate'];
  if (chess.isInsufficientMaterial()) return ['draw', null, 'dead position'];
  return null;
}

const handlers = {
  seek(socket, { clock }) {
    const key = `${clock.limit} ${clock.increment || 0}`;
    const other = seeks.get(key);
    if (!other) {
      seeks.set(key, socket);
      socket.send('{"type":"seeking"}');
      return;
    }
    seeks.delete(key);
    const match = {
      id: ++lastMatch, chess: new Chess(), ply: 0, status: 'started', reason: null, over: false,
      sockets: Math.random() < 0.5 ? [other, socket] : [socket, other], seen: new Map(),
      left: [clock.limit * 1000, clock.limit * 1000], increment: (clock.increment || 0) * 1000, since: 0,
    };
    socket.send('{"type":"seeking"}');
    matches.set(match.id, match);
    store(`${match.id} start\n`, () => open(match));
  },

  move(socket, { match: id, ply, move }) {
    const match = matches.get(id);
    const refuse = (code) => socket.send(JSON.stringify({ type: 'rejected', match: id, ply, move, code }));
    if (!match || match.over) return refuse('no-match');
    if (ply !== match.ply) return refuse('stale');
    if (match.sockets[match.ply % 2] !== socket) return refuse('not-yours');
    let played;
    try {
      played = match.chess.move({ from: move.slice(0, 2), to: move.slice(2, 4), promotion: move[4] });
    } catch {
      return refuse('illegal');
    }
    const now = performance.now();
    const seat = match.ply % 2;
    if (match.ply > 1) match.left[seat] += match.increment - (now - match.since);
    match.since = now;
    match.ply++;
    const key = match.chess.fen().split(' ').slice(0, 4).join(' ');
    match.seen.set(key, (match.seen.get(key) || 0) + 1);
    const over = ending(match);
    const frame = { type: 'moved', match: id, ply: match.ply, move, san: played.san, clock: clockOf(match), position: positionOf(match) };
    const last = over && end(match, ...over);
    return store(`${id} ${ply} ${move}\n`, () => {
      broadcast(match, frame);
      if (last) broadcast(match, last);
    });
  },

  resign(socket, { match: id }) {
    const match = matches.get(id);
    if (!match) return;
    const last = end(match, 'resign', COLOURS[1 - match.sockets.indexOf(socket)], 'resignation');
    store(`${id} resign\n`, () => broadcast(match, last));
  },
};

// ---- sockets ----

const server = createServer();
const sockets = new WebSocketServer({ server, path: '/ws', maxPayload: 16384 });
sockets.on('connection', (socket) => {
  socket.on('message', (data) => {
    const frame = JSON.parse(data);
    handlers[frame.type]?.(socket, frame);
  });
  socket.on('error', () => {});
  socket.send('{"type":"welcome","account":1,"address":"x"}');
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(server.address().port));
