// game-nodes.test.mjs: two servers on one data folder: the matches are one node's at a time, whose
// games the other leaves alone, and takes over when it is gone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pairOf, Player, startGame } from './game-client.mjs';
import { eventually, Hearth } from './hearth.mjs';

let a;
let b;
const shared = { 'server.nodes': 'shared', 'server.lease': '2s' };
before(async () => {
  a = await new Hearth(shared).start();
  b = await new Hearth({ ...shared, 'server.data': a.settings['server.data'] }).start();
});
after(async () => {
  await b.remove();
  await a.remove();
});

const get = async (node, player, path) => (await node.api('GET', path, undefined, { Authorization: `Bearer ${player.token}` })).body;

// The same two people on a node, once it owns the matches; with the state that the first is told.
async function at(node, players, match) {
  const there = await Promise.all(players.map((player) => Player.connect(node, player.token)));
  const state = await eventually(async () => {
    there[0].send({ type: 'resume', match });
    const answer = await there[0].want((frame) => frame.type === 'state' || frame.type === 'error');
    assert.ok(answer.type === 'state' || answer.code === 'elsewhere', JSON.stringify(answer));
    return answer.type === 'state' && answer;
  });
  there[1].send({ type: 'resume', match });
  await there[1].wantType('state', match);
  const white = state.color === 'white' ? 0 : 1;
  return { state, white: there[white], black: there[1 - white], leave: () => Promise.all(there.map((player) => player.close())) };
}

async function move({ white, black }, match, ply, text) {
  (ply % 2 ? black : white).move(match, ply, text);
  for (const player of [white, black]) assert.equal((await player.wantType('moved', match)).move, text);
}

test('a game is one node\'s, is left alone by the other, and goes on there when it is gone', async () => {
  const players = await pairOf(a, 'nodes');
  const game = await startGame(players, { limit: 600, increment: 0 });
  const { match } = game;
  await move(game, match, 0, 'e2e4');
  await move(game, match, 1, 'e7e5');

  // The other node says that the games are not here, and shows them all the same.
  const [stranger] = await pairOf(b, 'stranger');
  for (const frame of [{ type: 'seek', clock: { limit: 600 } }, { type: 'resume', match }, { type: 'move', match, move: 'a2a3' }]) {
    stranger.send(frame);
    assert.equal((await stranger.wantType('error')).code, 'elsewhere');
  }
  const seen = await get(b, stranger, `/api/game/matches/${match}`);
  assert.deepEqual([seen.status, seen.ply, seen.running, seen.clock.black], ['started', 2, 'white', 600000]);
  assert.ok(seen.clock.white > 500000 && seen.clock.white <= 600000, JSON.stringify(seen.clock));
  await stranger.close();

  // One that stands still is taken for dead, and when it goes on it changes nothing.
  a.child.kill('SIGSTOP');
  const onB = await at(b, players, match);
  assert.deepEqual([onB.state.ply, onB.state.status, onB.state.clock.black], [2, 'started', 600000]);
  await move(onB, match, 2, 'g1f3');
  a.child.kill('SIGCONT');
  game.white.move(match, 2, 'b1c3');
  const refused = await game.white.want((frame) => frame.type === 'rejected' || frame.code === 'elsewhere');
  assert.ok(['elsewhere', 'stale', 'try-again'].includes(refused.code), JSON.stringify(refused));

  // Who comes back finds that others go on with what was his.
  await a.kill();
  await a.start();
  const late = await Player.connect(a, players[0].token);
  late.send({ type: 'resume', match });
  assert.equal((await late.wantType('error')).code, 'elsewhere');
  await late.close();
  await move(onB, match, 3, 'b8c6');
  await onB.leave();

  // A node that stops gives them up at once.
  await b.stop();
  const onA = await at(a, players, match);
  assert.deepEqual([onA.state.ply, onA.state.moves], [4, ['e4', 'e5', 'Nf3', 'Nc6']]);
  await move(onA, match, 4, 'f1b5');
  onA.white.send({ type: 'resign', match });
  assert.equal((await onA.black.wantType('ended', match)).winner, 'black');
  await onA.leave();
});
