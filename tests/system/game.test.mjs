// game.test.mjs: chess through the WebSocket: real games, refused moves, draws, clocks, restarts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pairOf, startGame } from './game-client.mjs';
import { Hearth } from './hearth.mjs';
import { hasStockfish, Stockfish } from './stockfish.mjs';

const GAMES = Number(process.env.GAMES || 1000);
const PAIRS = 20;
// Random games may go on for hundreds of moves: most are resigned, one in twenty goes on long.
const plies = (n) => (n % 20 ? 120 : 500);

let hearth;
before(async () => {
  hearth = await new Hearth({ 'auth.registrations_per_network': 1000 }).start();
});
after(() => hearth.remove());

const squares = [...'abcdefgh'].flatMap((file) => [...'12345678'].map((rank) => file + rank));
const pick = (list) => list[Math.floor(Math.random() * list.length)];

// A move, well-formed or not, that is not among the legal ones.
function illegalMove(legal) {
  for (;;) {
    const move = Math.random() < 0.1 ? pick(['', 'e9e4', 'castle', 'e2e4e5', 'O-O', '0000']) : pick(squares) + pick(squares);
    if (!legal.some((one) => one.slice(0, 4) === move)) return move;
  }
}

// Plays the moves in turn; gives the final "ended" or the last "moved" frame.
async function playMoves({ match, white, black }, moves) {
  let last;
  for (const [ply, move] of moves.entries()) {
    const [mover, other] = ply % 2 ? [black, white] : [white, black];
    mover.move(match, ply, move);
    last = await mover.wantType('moved', match);
    assert.equal(last.move, move);
    assert.equal(last.ply, ply + 1);
    await other.wantType('moved', match);
  }
  return last;
}

test('two players play to mate', async () => {
  const players = await pairOf(hearth, 'mate');
  const game = await startGame(players);
  await playMoves(game, ['f2f3', 'e7e5', 'g2g4', 'd8h4']);
  for (const player of players) {
    const end = await player.wantType('ended', game.match);
    assert.deepEqual([end.status, end.winner, end.reason], ['mate', 'black', 'checkmate']);
  }
  game.white.move(game.match, 4, 'a2a3');
  assert.equal((await game.white.wantType('rejected', game.match)).code, 'illegal');
  await Promise.all(players.map((player) => player.close()));
});

test('resign, draw by agreement, draw by claim, stale and foreign moves', async () => {
  const players = await pairOf(hearth, 'ends');
  let game = await startGame(players);
  game.black.send({ type: 'resign', match: game.match });
  assert.equal((await game.white.wantType('ended', game.match)).winner, 'white');
  await game.black.wantType('ended', game.match);

  game = await startGame(players);
  await playMoves(game, ['e2e4']);
  game.white.send({ type: 'draw', match: game.match });
  await game.black.wantType('draw-offered', game.match);
  game.black.send({ type: 'draw', match: game.match });
  const agreed = await game.white.wantType('ended', game.match);
  assert.deepEqual([agreed.status, agreed.winner, agreed.reason], ['draw', null, 'agreement']);
  await game.black.wantType('ended', game.match);

  game = await startGame(players);
  await playMoves(game, ['g1f3', 'g8f6', 'f3g1', 'f6g8', 'g1f3', 'g8f6', 'f3g1', 'f6g8']);
  game.white.send({ type: 'draw', match: game.match });
  assert.equal((await game.white.wantType('ended', game.match)).reason, 'threefold repetition');
  await game.black.wantType('ended', game.match);

  game = await startGame(players);
  await playMoves(game, ['e2e4']);
  game.white.move(game.match, 0, 'd2d4');
  assert.equal((await game.white.wantType('rejected', game.match)).code, 'stale');
  game.white.move(game.match, 1, 'd2d4');
  assert.equal((await game.white.wantType('rejected', game.match)).code, 'illegal');
  const [stranger] = await pairOf(hearth, 'stranger');
  stranger.move(game.match, 1, 'e7e5');
  assert.equal((await stranger.wantType('rejected', game.match)).code, 'not-yours');
  stranger.send({ type: 'resume', match: game.match });
  const seen = await stranger.wantType('state', game.match);
  assert.equal(seen.color, null);
  game.black.move(game.match, 1, 'e7e5');
  assert.equal((await stranger.wantType('moved', game.match)).san, 'e5');
  stranger.send({ type: 'resume', match: 123456789 });
  assert.equal((await stranger.wantType('rejected')).code, 'no-match');
  for (const bad of [{ type: 'move' }, { type: 'seek' }, { type: 'seek', clock: { limit: -1 } }, { type: 'x' }, {}])
    stranger.send(bad);
  for (let i = 0; i < 5; i++) await stranger.wantType('error');
  await Promise.all([...players, stranger].map((player) => player.close()));
});

test('a flag falls, and nobody who leaves the lobby is paired', async () => {
  const players = await pairOf(hearth, 'flag');
  const game = await startGame(players, { limit: 1, increment: 0 });
  await playMoves(game, ['e2e4', 'e7e5']);
  const end = await game.black.wantType('ended', game.match);
  assert.deepEqual([end.status, end.winner], ['outoftime', 'black']);
  await game.white.wantType('ended', game.match);

  const [leaver] = await pairOf(hearth, 'leaver');
  leaver.send({ type: 'seek', clock: { limit: 77, increment: 0 } });
  await leaver.wantType('seeking');
  await leaver.close();
  players[0].send({ type: 'seek', clock: { limit: 77, increment: 0 } });
  await players[0].wantType('seeking');
  players[0].send({ type: 'cancel' });
  await players[0].wantType('cancelled');
  await Promise.all(players.map((player) => player.close()));
});

// One random game, with refused moves strewn in; gives its moves and the final FEN.
async function randomGame(players, clock, pliesMax, judge) {
  const game = await startGame(players, clock);
  const moves = [];
  let { legal, position } = game.state;
  let end;
  let resigned = false;
  while (!end) {
    const [mover, other] = moves.length % 2 ? [game.black, game.white] : [game.white, game.black];
    if (Math.random() < 0.02) {
      mover.send({ type: 'resume', match: game.match, legal: true });
      const was = await mover.wantType('state', game.match);
      mover.move(game.match, moves.length, illegalMove(legal));
      const refused = await mover.wantType('rejected', game.match);
      assert.ok(['illegal', 'malformed'].includes(refused.code), refused.code);
      mover.send({ type: 'resume', match: game.match, legal: true });
      const is = await mover.wantType('state', game.match);
      assert.deepEqual([is.position, is.ply, is.moves, is.legal], [was.position, was.ply, was.moves, was.legal]);
      assert.ok(is.clock.white <= was.clock.white && is.clock.black <= was.clock.black);
      assert.ok(was.clock.white - is.clock.white < 5000 && was.clock.black - is.clock.black < 5000);
      if (judge && Math.random() < 0.2) assert.deepEqual([...is.legal].sort(), await judge(is.position.fen));
    }
    if (moves.length >= pliesMax) {
      mover.send({ type: 'resign', match: game.match });
      resigned = true;
    } else {
      const move = pick(legal);
      mover.move(game.match, moves.length, move);
      moves.push(move);
      const [, moved] = await Promise.all([mover.wantType('moved', game.match), other.wantType('moved', game.match)]);
      ({ legal, position } = moved);
    }
    if (resigned || position.status !== 'started') {
      end = await mover.wantType('ended', game.match);
      await other.wantType('ended', game.match);
    }
  }
  return { match: game.match, moves, fen: position.fen, end };
}

test(`${GAMES} random games are legal by stockfish; what is illegal changes nothing`,
  { skip: hasStockfish ? false : 'stockfish is not installed' }, async () => {
    const engine = new Stockfish();
    let judged = Promise.resolve();
    const judge = (fen) => { // one question at a time
      const answer = judged.then(() => engine.legal(fen));
      judged = answer.catch(() => {});
      return answer;
    };
    const games = [];
    await Promise.all(Array.from({ length: PAIRS }, async (_, i) => {
      const players = await pairOf(hearth, `random${i}`);
      for (let n = i; n < GAMES; n += PAIRS) games.push(await randomGame(players, { limit: 900 + i, increment: 5 }, plies(Math.floor(n / PAIRS)), judge));
      await Promise.all(players.map((player) => player.close()));
    }));
    await judged;
    assert.equal(games.length, GAMES);
    for (const game of games) assert.equal(game.fen, await engine.fenAfter(game.moves), `match ${game.match}`);
    engine.quit();
    const kinds = {};
    for (const { end } of games) kinds[end.reason] = (kinds[end.reason] || 0) + 1;
    assert.ok(kinds.checkmate && Object.keys(kinds).length > 2, JSON.stringify(kinds));
  });

test('kill -9: a game goes on where it was, its acknowledged moves there once', async () => {
  const players = await pairOf(hearth, 'crash');
  const game = await startGame(players);
  await playMoves(game, ['e2e4', 'e7e5', 'g1f3']);
  await hearth.kill();
  await hearth.start();
  const again = await pairOf(hearth, 'crash');
  again[0].send({ type: 'current', legal: true });
  again[1].send({ type: 'resume', match: game.match, legal: true });
  const states = await Promise.all(again.map((player) => player.wantType('state', game.match)));
  for (const state of states) assert.deepEqual([state.ply, state.moves], [3, ['e4', 'e5', 'Nf3']]);
  const black = states[0].color === 'black' ? again[0] : again[1];
  black.move(game.match, 3, 'b8c6');
  assert.equal((await black.wantType('moved', game.match)).san, 'Nc6');
  const token = await hearth.login('crasha@hearth.test', 'correct horse');
  const { body } = await hearth.api('GET', `/api/game/matches/${game.match}`, undefined, { Authorization: `Bearer ${token}` });
  assert.deepEqual(body.moves, ['e4', 'e5', 'Nf3', 'Nc6']);
  await Promise.all(again.map((player) => player.close()));
});
