// game-nodes.test.mjs: two servers on one data folder share the matches, by shards; each hands frames
// on to the other, and takes the other's over when that is gone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
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

// How many shards each node has, the fewest first; and how many nodes say that they are there.
function shares() {
  const text = "SELECT count(*) FROM lease WHERE name LIKE 'match.shard.%' AND until_ms > strftime('%s') * 1000 GROUP BY node ORDER BY 1";
  return spawnSync('sqlite3', [join(a.settings['server.data'], 'game.db'), '.timeout 5000', text], { encoding: 'utf8' }).stdout.trim().split('\n').join(' ');
}
const shared_as = (text) => eventually(() => shares() === text, 15, `shards are shared as ${text}`);

test('a second node is given half of the shards, one that stops leaves its own to the other at once', async () => {
  await shared_as('8 8');
  const games = [];
  for (let i = 0; i < 5; i++) {
    const [[ann], [, ben]] = await Promise.all([pairOf(a, `left${i}`), pairOf(b, `right${i}`)]);
    games.push(await startGame(i % 2 ? [ann, ben] : [ben, ann], { limit: 600 + i, increment: 0 }));
  }
  // Whoever has the lobby, the shard of a match and the players: those hear of every move, in order.
  const play = (ply, text) => Promise.all(games.map(async ({ match, white, black }) => {
    (ply % 2 ? black : white).move(match, ply, text);
    await moved([white, black], match, text);
  }));
  for (const [ply, text] of ['e2e4', 'e7e5', 'g1f3', 'b8c6'].entries()) await play(ply, text);
  const stopping = b.stop();
  await shared_as('16');
  await stopping;
  for (const game of games) {
    const late = await Player.connect(a, (game.white.gone ? game.white : game.black).token);
    if (game.white.gone) game.white = late;
    else game.black = late;
    for (const player of [game.white, game.black]) assert.deepEqual((await resumed(player, game.match)).ply, 4);
  }
  await play(4, 'f1b5');
  await b.start();
  await shared_as('8 8');
  for (const game of games) for (const player of [game.white, game.black]) await resumed(player, game.match);
  await play(5, 'a7a6');
  for (const { match, white, black } of games) {
    const { body } = await a.api('GET', `/api/game/matches/${match}`, undefined, { Authorization: `Bearer ${white.token}` });
    assert.deepEqual([body.status, body.moves.length], ['started', 6]);
    black.send({ type: 'resign', match });
    await white.wantType('ended', match);
    await Promise.all([white.close(), black.close()]);
  }
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
  // Another tab of hers, on the other node, which has said nothing yet.
  const tab = await Player.connect(b, ann.token);
  const game = await startGame([ann, ben], { limit: 600, increment: 0 });
  const { match } = game;
  await tab.want((frame) => frame.type === 'started' && frame.match === match);
  await tab.close();
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
