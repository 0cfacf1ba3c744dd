// game.test.mjs: chess through the WebSocket: real games, refused moves, draws, clocks, restarts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pairOf, Player, startGame } from './game-client.mjs';
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

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const get = async (player, path) => (await hearth.api('GET', path, undefined, { Authorization: `Bearer ${player.token}` })).body;

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

test('another game than chess is sought by its name, played and kept', async () => {
  const players = await pairOf(hearth, 'four');
  const clock = { limit: 610, increment: 1 };
  const [a, b] = players;
  a.send({ type: 'seek', clock, rules: 'go-fish' });
  assert.equal((await a.wantType('error')).code, 'no-rules');
  a.send({ type: 'seek', clock, rules: 'connect-four', legal: true });
  await a.wantType('seeking');
  b.send({ type: 'seek', clock, rules: 'connect-four', legal: true });
  const [stateA, stateB] = await Promise.all([a.wantType('state'), b.wantType('state')]);
  assert.deepEqual([stateA.color, stateB.color].sort(), ['red', 'yellow']);
  const [red, yellow] = stateA.color === 'red' ? [a, b] : [b, a];
  const { match } = stateA;
  red.move(match, 0, 'e2e4');
  assert.equal((await red.wantType('rejected', match)).code, 'malformed');
  await playMoves({ match, white: red, black: yellow }, ['4', '3', '4', '3', '4', '3', '4']);
  for (const player of players) {
    const end = await player.wantType('ended', match);
    assert.deepEqual([end.status, end.winner, end.reason], ['win', 'red', 'four in a row']);
  }
  const kept = await get(red, `/api/game/matches/${match}`);
  assert.equal(kept.rules, 'connect-four');
  assert.equal(kept.moves.join(' '), '4 3 4 3 4 3 4');
  await Promise.all(players.map((player) => player.close()));
});

test('battleship: ships are placed at the same time, and nobody else hears where', async () => {
  const players = await pairOf(hearth, 'ships');
  const clock = { limit: 620, increment: 1 };
  const [a, b] = players;
  for (const player of players) {
    player.send({ type: 'seek', clock, rules: 'battleship' });
    if (player === a) await a.wantType('seeking');
  }
  const [stateA] = await Promise.all([a.wantType('state'), b.wantType('state')]);
  const [first, second] = stateA.color === 'first' ? [a, b] : [b, a];
  const { match } = stateA;
  const fleets = [['A1-A5', 'B1-B4', 'C1-C3', 'D1-D3', 'E1-E2'], ['F6-J6', 'F7-I7', 'F8-H8', 'F9-H9', 'F10-G10']];
  // The second is the quicker one: nobody waits for the other.
  for (const [seat, player] of [[1, second], [0, first]]) {
    let ply = 0; // of what the other has done since then nobody needs to have heard
    for (const move of fleets[seat]) {
      player.move(match, ply, move);
      ({ ply } = await player.want((frame) => frame.type === 'moved' && frame.move === move));
    }
  }
  first.move(match, 10, 'F6');
  const shot = await second.want((frame) => frame.type === 'moved' && frame.move === 'F6');
  assert.equal(shot.san, 'F6:hit');
  second.send({ type: 'resume', match });
  await second.wantType('state', match);
  for (const [seat, player] of [[0, first], [1, second]]) {
    const heard = JSON.stringify(player.all);
    for (const move of fleets[seat]) assert.ok(heard.includes(move), `${move} is unknown to who placed it`);
    for (const move of fleets[1 - seat]) assert.ok(!heard.includes(move), `${move} is known to the other`);
    const boards = player.all.filter((frame) => frame.position?.boards).map((frame) => frame.position.boards[1 - seat]);
    assert.ok(boards.length > 0 && boards.every((board) => !board.includes('s')));
  }
  first.send({ type: 'resign', match });
  const end = await second.wantType('ended', match);
  assert.ok(end.position.boards.every((board) => board.includes('s')), 'nothing is secret any more');
  const kept = await get(first, `/api/game/matches/${match}`);
  for (const move of fleets.flat()) assert.ok(kept.moves.includes(move), move);
  await Promise.all(players.map((player) => player.close()));
});

test('resign, draw by agreement, draw by claim, stale and foreign moves', async () => {
  const players = await pairOf(hearth, 'ends');
  let game = await startGame(players);
  await playMoves(game, ['e2e4', 'e7e5']);
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
  // What is something else than it should be is an error, never left out.
  for (const odd of [{ type: 'seek', rules: 7 }, { type: 'seek', rules: 'chess\0', clock: { limit: 60 } }, { type: 'seek', clock: { limit: 60 }, legal: 'yes' },
    { type: 'resume', match: game.match, legal: 1 }, { type: 'resume', match: `${game.match}` }, { type: 'move', match: game.match, move: 'e2e4', draw: 'no' }, { type: 'move', match: game.match, move: 'g1f3' }, { type: 'current', legal: {} }])
    stranger.send(odd);
  for (let i = 0; i < 8; i++) assert.match((await stranger.wantType('error')).code, /^(bad-frame|no-rules)$/);
  for (const odd of ['g1f3\0', `g1f3${'é'.repeat(20)}`, 'g1f3 ', '']) game.white.move(game.match, 2, odd);
  for (let i = 0; i < 4; i++) {
    const refused = await game.white.wantType('rejected', game.match);
    assert.deepEqual([refused.code, refused.ply], ['malformed', 2]);
    assert.doesNotMatch(refused.move, /\ufffd/);
  }
  await Promise.all([...players, stranger].map((player) => player.close()));
});

test('a player is a name and a number, never an address; the page of matches says when there is more', async () => {
  const players = await pairOf(hearth, 'named');
  const { status } = await hearth.api('PATCH', '/api/auth/me', { name: 'Ánna B.' }, { Authorization: `Bearer ${players[0].token}`, 'Content-Type': 'application/merge-patch+json' });
  assert.equal(status, 200);
  const games = [];
  for (let i = 0; i < 3; i++) {
    const game = await startGame(players, { limit: 61, increment: 2 });
    await playMoves(game, ['e2e4', 'e7e5', 'g1f3'].slice(0, i + 1));
    game.white.send({ type: 'resign', match: game.match });
    for (const player of players) await player.wantType('ended', game.match);
    games.push(game);
  }
  const [watcher] = await pairOf(hearth, 'onlooker');
  const seen = await get(watcher, `/api/game/matches/${games[2].match}`);
  watcher.send({ type: 'resume', match: games[2].match });
  const state = await watcher.wantType('state', games[2].match);
  for (const what of [seen, state, games[2].state, ...players.flatMap((player) => player.all.slice(1))]) assert.doesNotMatch(JSON.stringify(what), /@/);
  const anna = players[0] === games[2].white ? 'white' : 'black';
  const bert = anna === 'white' ? 'black' : 'white';
  for (const one of [seen, state]) {
    assert.deepEqual([one[anna], one.players[anna].name, one[bert]], ['Ánna B.', 'Ánna B.', `player ${one.players[bert].id}`]);
    assert.deepEqual(one.time_control, { limit: 61, increment: 2 });
    assert.deepEqual([one.uci, one.moves, one.running, one.draw_offer], [['e2e4', 'e7e5', 'g1f3'], ['e4', 'e5', 'Nf3'], null, null]);
    assert.match(one.position.fen, /5N2/);
    assert.ok(Date.now() - one.started_at < 60000 && one.ended_at >= one.started_at);
  }
  assert.deepEqual(seen.clock, state.clock);

  const first = await get(players[0], '/api/game/matches?limit=2');
  assert.deepEqual([first.matches.map(({ match }) => match), first.more, first.next], [[games[2].match, games[1].match], true, games[1].match]);
  assert.deepEqual([first.matches[0].ply, first.matches[0].last, first.matches[0].position], [3, 'g1f3', seen.position]);
  const second = await get(players[0], `/api/game/matches?limit=2&before=${first.next}`);
  assert.deepEqual([second.matches.map(({ match, status: how }) => [match, how]), second.more, second.next], [[[games[0].match, 'aborted']], false, undefined]);
  assert.equal((await get(players[0], '/api/game/matches?limit=0')).status, 400);
  await Promise.all([...players, watcher].map((player) => player.close()));
});

test('what the clocks show at the end is told the same for ever', async () => {
  const players = await pairOf(hearth, 'final');
  for (const limit of [1, 60]) {
    const game = await startGame(players, { limit, increment: 0 });
    await playMoves(game, ['e2e4', 'e7e5']);
    if (limit === 60) {
      await pause(300);
      game.white.send({ type: 'resign', match: game.match });
    }
    const [told] = await Promise.all(players.map((player) => player.wantType('ended', game.match)));
    assert.ok(limit === 1 ? told.clock.white === 0 : told.clock.white < 59800, JSON.stringify(told));
    players[0].send({ type: 'resume', match: game.match });
    const state = await players[0].wantType('state', game.match);
    const { clock } = await get(players[0], `/api/game/matches/${game.match}`);
    assert.deepEqual([state.clock, clock], [told.clock, told.clock]);
  }
  await Promise.all(players.map((player) => player.close()));
});

test('a draw offer stands until the other answers or moves; a claim by the move about to be made', async () => {
  const players = await pairOf(hearth, 'offer');
  let game = await startGame(players);
  const { match, white, black } = game;
  await playMoves(game, ['e2e4', 'e7e5']);
  white.send({ type: 'draw', match });
  await black.wantType('draw-offered', match);
  white.move(match, 2, 'g1f3');
  assert.equal((await black.want((f) => f.type === 'moved' && f.ply === 3)).draw_offer, 'white');
  await white.want((f) => f.type === 'moved' && f.ply === 3);
  // A second word for the same changes nothing; no is told, and is final until the next own move.
  white.send({ type: 'draw', match });
  await white.want((f) => f.type === 'draw-offered' && f.by === 'white');
  black.send({ type: 'decline', match });
  assert.equal((await white.wantType('draw-declined', match)).by, 'black');
  white.send({ type: 'draw', match });
  assert.equal((await white.wantType('rejected', match)).code, 'illegal');
  black.move(match, 3, 'b8c6');
  await white.want((f) => f.type === 'moved' && f.ply === 4);
  // With the move, which answers nothing of one's own; the other's move is a no.
  white.send({ type: 'move', match, move: 'f3g1', ply: 4, draw: true });
  assert.equal((await black.want((f) => f.type === 'moved' && f.ply === 5)).draw_offer, 'white');
  await white.want((f) => f.type === 'moved' && f.ply === 5);
  black.move(match, 5, 'c6b8');
  assert.equal((await white.want((f) => f.type === 'moved' && f.ply === 6)).draw_offer, null);
  await black.want((f) => f.type === 'moved' && f.ply === 6);
  for (const [ply, move] of ['g1f3', 'g8f6', 'f3g1'].entries()) {
    (ply % 2 ? black : white).move(match, 6 + ply, move);
    for (const player of players) await player.want((f) => f.type === 'moved' && f.ply === 7 + ply);
  }
  // The position would stand for the third time after Ng8; it is not played.
  black.send({ type: 'draw', match, move: 'f6g8', ply: 9 });
  const end = await black.wantType('ended', match);
  assert.deepEqual([end.status, end.reason, end.ply], ['draw', 'threefold repetition', 9]);
  await white.wantType('ended', match);

  game = await startGame(players);
  game.black.send({ type: 'abort', match: game.match });
  const aborted = await game.white.wantType('ended', game.match);
  assert.deepEqual([aborted.status, aborted.winner, aborted.reason], ['aborted', null, 'aborted by black']);
  await game.black.wantType('ended', game.match);
  game = await startGame(players);
  await playMoves(game, ['e2e4', 'e7e5']);
  game.white.send({ type: 'abort', match: game.match });
  assert.equal((await game.white.wantType('rejected', game.match)).code, 'illegal');
  await Promise.all(players.map((player) => player.close()));
});

test('each frame has its sequence, from which a client goes on; moves are taken back where both agree', async () => {
  const players = await pairOf(hearth, 'since');
  const { match, white, black, state } = await startGame(players);
  assert.equal(state.seq, 0);
  await playMoves({ match, white, black }, ['e2e4', 'e7e5']);
  white.send({ type: 'draw', match });
  assert.equal((await black.wantType('draw-offered', match)).seq, 3);
  await black.close();
  white.move(match, 2, 'g1f3');
  assert.equal((await white.want((f) => f.type === 'moved' && f.ply === 3)).seq, 4);
  const back = await Player.connect(hearth, black.token);
  back.send({ type: 'watch', match, since: 2, legal: true });
  const missed = await back.wantType('missed', match);
  assert.deepEqual([missed.since, missed.seq, missed.ply, missed.last, missed.running, missed.draw_offer, missed.color, missed.status], [2, 4, 3, 'g1f3', 'black', 'white', 'black', 'started']);
  assert.deepEqual(missed.events.map(({ seq, kind, seat, ply, san }) => [seq, kind, seat, ply, san]), [[3, 'draw-offer', 'white', 2, undefined], [4, 'move', 'white', 3, 'Nf3']]);
  assert.ok(missed.legal.includes('b8c6') && missed.events[1].clock.white > 590000 && missed.events[1].at > 1e12);
  // Over HTTP, a page of events at a time.
  const events = async (query) => (await get(white, `/api/game/matches/${match}${query}`)).events?.map(({ seq }) => seq);
  assert.deepEqual(await events(''), [1, 2, 3, 4]);
  assert.deepEqual([await events('?limit=3'), await events('?since=3&limit=3'), await events('?since=4')], [[1, 2, 3], [4], []]);
  assert.deepEqual([await events('?since=4800'), await events('?since=4801'), await events('?since=-1'), await events('?limit=1001')], [[], undefined, undefined, undefined]);
  // Nothing is missing: nothing is told twice. What never was is answered with all there is.
  back.send({ type: 'watch', match, since: 4 });
  assert.deepEqual((await back.wantType('missed', match)).events, []);
  back.send({ type: 'resume', match, since: 5 });
  assert.deepEqual((await back.wantType('state', match)).moves, ['e4', 'e5', 'Nf3']);
  back.send({ type: 'watch', match, since: -1 });
  assert.equal((await back.wantType('error')).code, 'bad-frame');
  // Only on top of what one has seen.
  back.send({ type: 'move', match, move: 'b8c6', seq: 3 });
  const stale = await back.wantType('rejected', match);
  assert.deepEqual([stale.code, stale.seq, stale.ply], ['stale', 4, 3]);
  back.send({ type: 'move', match, move: 'b8c6', seq: 4 });
  assert.equal((await back.wantType('draw-declined', match)).seq, 5);
  assert.equal((await white.want((f) => f.type === 'moved' && f.ply === 4)).seq, 5);

  white.send({ type: 'takeback', match });
  assert.deepEqual(await back.wantType('takeback-offered', match), { type: 'takeback-offered', match, seq: 6, by: 'white' });
  back.send({ type: 'takeback', match });
  const taken = await white.wantType('taken-back', match);
  assert.deepEqual([taken.seq, taken.ply, taken.last, taken.running, taken.takeback_offer], [8, 2, 'e7e5', 'white', null]);
  assert.match(taken.position.fen, / w .* 2$/);
  white.move(match, 2, 'f2f4');
  await back.want((f) => f.type === 'moved' && f.san === 'f4');
  back.send({ type: 'takeback', match });
  await white.wantType('takeback-offered', match);
  white.send({ type: 'decline', match });
  assert.equal((await back.wantType('takeback-declined', match)).by, 'white');
  white.send({ type: 'resign', match });
  const end = await back.wantType('ended', match);
  assert.deepEqual([end.seq, end.winner, end.scores], [13, 'black', { white: 0, black: 1 }]);
  const seen = await get(white, `/api/game/matches/${match}`);
  assert.deepEqual([seen.uci, seen.seq, seen.events.length, seen.events.at(-1).kind], [['e2e4', 'e7e5', 'f2f4'], 13, 13, 'end']);
  assert.deepEqual(seen.clock, end.clock);
  await Promise.all([white, back].map((player) => player.close()));
});

test('a seek is the account\'s: one pair ends its others, cancelled is final, nobody plays themselves', async () => {
  const [anna, bert] = await pairOf(hearth, 'tabs');
  const [carl] = await pairOf(hearth, 'third');
  const second = await Player.connect(hearth, anna.token);
  const clock = { limit: 333 };
  for (const tab of [anna, second]) {
    tab.send({ type: 'seek', clock });
    await tab.wantType('seeking');
  }
  // And one for another clock.
  const third = await Player.connect(hearth, anna.token);
  third.send({ type: 'seek', clock: { limit: 444 } });
  await third.wantType('seeking');
  bert.send({ type: 'seek', clock });
  const { match } = await bert.wantType('state');
  // All tabs hear that it began, and seek no more; the newest of those that sought it plays.
  for (const tab of [anna, second, third]) assert.equal((await tab.wantType('started')).match, match);
  third.send({ type: 'seeks' });
  assert.deepEqual((await third.wantType('seeks')).seeks, []);
  carl.send({ type: 'seek', clock: { limit: 444 } });
  await carl.wantType('seeking');
  carl.send({ type: 'cancel' });
  await carl.wantType('cancelled');
  await third.close();
  assert.equal((await second.wantType('state')).match, match);
  carl.send({ type: 'seek', clock });
  await carl.wantType('seeking');
  carl.send({ type: 'cancel' });
  await carl.wantType('cancelled');
  anna.send({ type: 'current' });
  assert.deepEqual([(await anna.wantType('current')).matches, (await anna.wantType('state')).match], [[match], match]);
  anna.send({ type: 'abort', match });
  await second.wantType('ended', match);
  // When it ended is told alike by both ways.
  second.send({ type: 'resume', match });
  const { ended_at } = await second.wantType('state', match);
  assert.equal((await hearth.api('GET', `/api/game/matches/${match}`, undefined, { Authorization: `Bearer ${anna.token}` })).body.ended_at, ended_at);

  // Cancelled by the one tab, for all of them.
  for (const tab of [anna, second]) {
    tab.send({ type: 'seek', clock });
    await tab.wantType('seeking');
  }
  second.send({ type: 'cancel' });
  for (const tab of [anna, second]) await tab.wantType('cancelled');
  carl.send({ type: 'seek', clock });
  await carl.wantType('seeking');
  assert.equal([anna, second, carl].flatMap((player) => player.frames).filter(({ type }) => type === 'state').length, 0);
  await Promise.all([anna, second, bert, carl].map((player) => player.close()));
});

test('a seek has a number, wishes and an end; it outlives its connection for a moment', async () => {
  const players = await pairOf(hearth, 'wish');
  const [anna, bert] = players;
  const clock = { limit: 222, increment: 2 };
  anna.send({ type: 'seek', clock, color: 'black', setup: 'chess960', ttl: 60 });
  const first = await anna.wantType('seeking');
  assert.deepEqual([first.rules, first.setup, first.time_control, first.color], ['chess', 'chess960', clock, 'black']);
  assert.ok(first.expires_in > 50000 && first.expires_in <= 60000);
  // Beside it another, which is taken back by its number.
  anna.send({ type: 'seek', clock: { limit: 223 }, beside: true });
  const beside = await anna.wantType('seeking');
  anna.send({ type: 'cancel', seek: beside.seek });
  assert.equal((await anna.wantType('cancelled')).seek, beside.seek);
  anna.send({ type: 'cancel', seek: beside.seek });
  assert.equal((await anna.wantType('error')).code, 'no-seek');
  // Who wishes for the same seat waits as well; nobody is paired with a connection that is gone.
  bert.send({ type: 'seek', clock, color: 'black', setup: 'chess960' });
  await bert.wantType('seeking');
  await anna.close();
  const again = await Player.connect(hearth, anna.token);
  bert.send({ type: 'seek', clock, color: 'white', setup: 'chess960' });
  await bert.wantType('seeking');
  again.send({ type: 'seeks', legal: true });
  const [state, other] = await Promise.all([again.wantType('state'), bert.wantType('state')]);
  assert.deepEqual([state.color, other.color, state.setup], ['black', 'white', 'chess960']);
  assert.match(state.position.fen, /^[bnrqk]{8}\/p{8}\/8\/8\/8\/8\/P{8}\/[BNRQK]{8} w /);
  assert.deepEqual((await again.wantType('seeks')).seeks, []);
  again.send({ type: 'resign', match: state.match });
  assert.match((await bert.wantType('ended', state.match)).reason, /aborted/);
  bert.send({ type: 'watch', match: state.match });
  assert.match((await bert.wantType('state', state.match)).seed, /^[0-9a-f]{64}$/);
  // What is none is an error; what nobody takes up is over, and that is told.
  for (const odd of [{ setup: 'x' }, { setup: 7 }, { color: 'green' }, { ttl: 0 }, { ttl: 1e9 }, { beside: 1 }]) {
    bert.send({ type: 'seek', clock, ...odd });
    assert.match((await bert.wantType('error')).code, /^bad-/);
  }
  bert.send({ type: 'seek', clock, ttl: 1 });
  const { seek } = await bert.wantType('seeking');
  assert.deepEqual(await bert.wantType('seek-expired'), { type: 'seek-expired', seek, reason: 'time' });
  bert.send({ type: 'seeks' });
  assert.deepEqual((await bert.wantType('seeks')).seeks, []);
  await Promise.all([again, bert].map((player) => player.close()));
});

test('who goes away is told of, and after a time the match can be claimed', async () => {
  const server = await new Hearth({ 'game.claim_after': '5s', 'game.matches_per_account': '2' }).start();
  try {
    const players = await pairOf(server, 'gone');
    const claimed = await startGame(players, { limit: 60, increment: 0 });
    await playMoves(claimed, ['e2e4', 'e7e5']);
    const shared = await startGame(players, { limit: 70, increment: 0 });
    await playMoves(shared, ['e2e4', 'e7e5']);
    // As many as one may have.
    players[0].send({ type: 'seek', clock: { limit: 80 } });
    assert.equal((await players[0].wantType('error')).code, 'too-many-matches');
    const [left, other] = players;
    other.send({ type: 'claim-victory', match: claimed.match });
    assert.equal((await other.wantType('rejected', claimed.match)).code, 'illegal');
    await left.close();
    const gone = await other.wantType('opponent-gone', claimed.match);
    assert.ok(gone.claim_in <= 1000, JSON.stringify(gone));
    await pause(gone.claim_in + 100);
    other.send({ type: 'resume', match: shared.match });
    assert.equal((await other.wantType('state', shared.match)).claim_in, 0);
    other.send({ type: 'claim-victory', match: claimed.match });
    const won = await other.wantType('ended', claimed.match);
    assert.deepEqual([won.status, won.winner, won.reason], ['timeout', other === claimed.white ? 'white' : 'black', 'the opponent left']);
    // Who is back cannot be claimed against.
    const back = await Player.connect(server, left.token);
    back.send({ type: 'resume', match: shared.match });
    await other.wantType('opponent-back', shared.match);
    other.send({ type: 'claim-draw', match: shared.match });
    assert.equal((await other.wantType('rejected', shared.match)).code, 'illegal');
    await Promise.all([other, back].map((player) => player.close()));
  } finally {
    await server.remove();
  }
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
    // Stockfish names an en passant square also where a pin forbids to capture there.
    const alike = (fen, own) => (own.split(' ')[3] === '-' ? fen.replace(/^(\S+ \S+ \S+) \S+/, '$1 -') : fen);
    for (const game of games) assert.equal(game.fen, alike(await engine.fenAfter(game.moves), game.fen), `match ${game.match}`);
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

// Last in the file: restarts the server.
test('a restart: whose turn it is gets time to come back, the other side is told, flags fall unseen', async () => {
  const players = await pairOf(hearth, 'grace');
  const offered = await startGame(players, { limit: 900, increment: 7 });
  await playMoves(offered, ['e2e4', 'e7e5']);
  offered.white.send({ type: 'draw', match: offered.match });
  await offered.black.wantType('draw-offered', offered.match);
  const game = await startGame(players, { limit: 2, increment: 0 });
  await playMoves(game, ['e2e4', 'e7e5']);
  await hearth.kill();
  hearth.settings['game.grace'] = '60s';
  await hearth.start();
  await pause(2500);
  const again = await pairOf(hearth, 'grace');
  again[0].send({ type: 'resume', match: game.match });
  const state = await again[0].wantType('state', game.match);
  assert.deepEqual([state.status, state.running, state.clock.black], ['started', 'white', 2000]);
  assert.ok(state.clock.white > 500 && state.clock.white <= 2000, JSON.stringify(state.clock));
  assert.deepEqual((await get(again[0], `/api/game/matches/${game.match}`)).clock, state.clock);
  // The offer stands, and is answered by who had heard of it.
  const black = again[offered.black === players[0] ? 0 : 1];
  black.send({ type: 'resume', match: offered.match });
  assert.equal((await black.wantType('state', offered.match)).draw_offer, 'white');
  black.send({ type: 'draw', match: offered.match });
  assert.equal((await black.wantType('ended', offered.match)).reason, 'agreement');
  await Promise.all(again.map((player) => player.close()));
  // Nobody hears of the other match, nor is it in memory: its time is over all the same.
  await hearth.stop();
  hearth.settings['game.grace'] = '0s';
  await hearth.start();
  const [watcher] = await pairOf(hearth, 'watcher');
  const status = async () => (await get(watcher, `/api/game/matches/${game.match}`)).status;
  for (let i = 0; i < 100 && (await status()) === 'started'; i++) await pause(100);
  const ended = await get(watcher, `/api/game/matches/${game.match}`);
  assert.deepEqual([ended.status, ended.winner, ended.clock.white, ended.running], ['outoftime', 'black', 0, null]);
  // What ended before a start is told by both ways as it was.
  watcher.send({ type: 'resume', match: offered.match });
  const over = await watcher.wantType('state', offered.match);
  const shown = await get(watcher, `/api/game/matches/${offered.match}`);
  assert.deepEqual([over.status, over.reason, over.moves, over.running], ['draw', 'agreement', ['e4', 'e5'], null]);
  assert.deepEqual([over.clock, over.position, over.ended_at], [shown.clock, shown.position, shown.ended_at]);
  await watcher.close();
});
