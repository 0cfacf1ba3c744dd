// game-nodes.test.mjs: two servers on one data folder: the matches are one node's at a time; the other
// hands frames on to it, and takes the matches over when it is gone.
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

const moved = async (players, match, text) => {
  for (const player of players) assert.equal((await player.wantType('moved', match)).move, text);
};

// The state, once somebody owns the matches; a node that has just lost or got them says so.
async function resumed(player, match) {
  return eventually(async () => {
    player.send({ type: 'resume', match });
    const answer = await player.want((frame) => frame.type === 'state' || frame.type === 'error' || frame.type === 'rejected');
    assert.ok(answer.type === 'state' || ['elsewhere', 'try-again'].includes(answer.code), JSON.stringify(answer));
    return answer.type === 'state' && answer;
  });
}

test('people on two nodes meet and play; the node that has the games stands still, or dies, and the other goes on', async () => {
  const [[ann], [, ben]] = await Promise.all([pairOf(a, 'ann'), pairOf(b, 'ben')]);
  const game = await startGame([ann, ben], { limit: 600, increment: 0 });
  const { match } = game;
  for (const player of [ann, ben]) await player.want((frame) => frame.type === 'started' && frame.match === match);
  game.white.move(match, 0, 'e2e4');
  await moved([ann, ben], match, 'e2e4');
  game.black.move(match, 1, 'e7e5');
  await moved([ann, ben], match, 'e7e5');
  game.white.move(match, 1, 'd2d4');
  assert.equal((await game.white.wantType('rejected', match)).code, 'stale');
  const seen = await get(b, ben, `/api/game/matches/${match}`);
  assert.deepEqual([seen.status, seen.ply, seen.running, seen.clock.black], ['started', 2, 'white', 600000]);
  assert.ok(seen.clock.white > 500000 && seen.clock.white <= 600000, JSON.stringify(seen.clock));

  // The first node owns the matches and stands still: it is taken for dead, and when it goes on it
  // changes nothing.
  const side = (player) => (player === game.white ? 'white' : 'black');
  a.child.kill('SIGSTOP');
  assert.equal((await ben.want((frame) => frame.code === 'elsewhere')).type, 'error');
  const late = await Player.connect(b, ann.token);
  const [state] = await Promise.all([late, ben].map((player) => resumed(player, match)));
  assert.deepEqual([state.ply, state.status, state.color, state.clock.black], [2, 'started', side(ann), 600000]);
  const white = game.white === ann ? late : ben;
  const black = game.white === ann ? ben : late;
  white.move(match, 2, 'g1f3');
  await moved([late, ben], match, 'g1f3');
  a.child.kill('SIGCONT');
  ann.move(match, 2, 'b1c3');
  const refused = await ann.want((frame) => frame.type === 'rejected' || frame.code === 'elsewhere');
  assert.ok(['elsewhere', 'stale', 'try-again', 'illegal'].includes(refused.code), JSON.stringify(refused));
  black.move(match, 3, 'b8c6');
  await moved([late, ben], match, 'b8c6');

  // Who was cut off comes back on the first node, which hands on what he says.
  await a.kill();
  await a.start();
  const back = await Player.connect(a, ann.token);
  const again = await resumed(back, match);
  assert.deepEqual([again.ply, again.color, again.moves], [4, side(ann), ['e4', 'e5', 'Nf3', 'Nc6']]);

  // Now the second one dies.
  await b.kill();
  assert.equal((await back.want((frame) => frame.code === 'elsewhere')).type, 'error');
  assert.equal((await resumed(back, match)).ply, 4);
  const other = await Player.connect(a, ben.token);
  await resumed(other, match);
  (game.white === ann ? back : other).move(match, 4, 'f1b5');
  await moved([back, other], match, 'f1b5');
  back.send({ type: 'resign', match });
  assert.equal((await other.wantType('ended', match)).winner, side(ben));
  await Promise.all([back, other].map((player) => player.close()));
});
