// game-time.test.mjs: whose time is whose over the network: a slow one is paid for, a client that
// makes itself slow gains next to nothing, and everybody sees what was done.
import assert from 'node:assert/strict';
import { createServer, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { pairOf, startGame } from './game-client.mjs';
import { eventually, Hearth } from './hearth.mjs';

let hearth;
before(async () => {
  hearth = await new Hearth({ 'gateway.ping': '1s' }).start();
});
after(() => hearth.remove());

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const MOVES = ['e2e4', 'e7e5', 'g1f3', 'b8c6', 'f1c4', 'f8c5', 'c2c3', 'g8f6'];

// A network: what goes through arrives so many milliseconds later, each way.
async function slowRoad(port, ms) {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const carry = (from, to) => {
      from.on('data', (bytes) => setTimeout(() => to.destroyed || to.write(bytes), ms));
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    };
    carry(near, far);
    carry(far, near);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

// Plays the moves with so long before each; gives the frames of the moves, as white has heard them.
async function play({ match, white, black }, moves, think = 0, from = 0) {
  const told = [];
  for (const [i, move] of moves.entries()) {
    const ply = from + i;
    const [mover, other] = ply % 2 ? [black, white] : [white, black];
    await pause(think);
    mover.move(match, ply, move);
    const [one] = await Promise.all([white.wantType('moved', match), black.wantType('moved', match)]);
    assert.ok(other);
    told.push(one);
  }
  return told;
}

test('a slow network is paid for, and what was done is told to all and stored', async () => {
  const road = await slowRoad(hearth.port.http, 60);
  const [far, near] = [await pairOf({ ...hearth, port: { http: road.address().port }, api: hearth.api.bind(hearth), login: hearth.login.bind(hearth) }, 'far'), await pairOf(hearth, 'near')];
  await pause(1500); // so that pongs have come
  const game = await startGame([far[0], near[0]], { limit: 120, increment: 0 });
  const told = await play(game, MOVES, 30);
  const slow = game.white === far[0] ? 0 : 1;
  for (const [i, move] of told.entries()) {
    assert.ok(move.quota_us > 0 && move.quota_us <= 7e6);
    if (i < 2) continue; // the clock did not run
    if (i % 2 === slow) {
      assert.ok(move.ping_us >= 110_000, `ping ${move.ping_us}`);
      assert.ok(move.forgiven_us >= 110_000, `forgiven ${move.forgiven_us}`);
      assert.ok(move.forgiven_us <= move.ping_us);
    } else {
      assert.ok(move.forgiven_us <= move.ping_us && move.ping_us < 1e6);
    }
  }
  // The clock is what is left of the time, and nothing else: to the millisecond.
  const clocks = told.at(-1).clock;
  for (const [side, color] of ['white', 'black'].entries()) {
    const used = told.reduce((sum, move, i) => sum + (i % 2 === side ? move.used_us : 0), 0);
    if (color === 'black') assert.equal(clocks[color], Math.floor((120e6 - used) / 1000));
    else assert.ok(clocks[color] <= Math.floor((120e6 - used) / 1000)); // it runs
  }
  const { body } = await hearth.api('GET', `/api/game/matches/${game.match}`, undefined, { Authorization: `Bearer ${near[0].token}` });
  for (const [i, event] of body.events.entries())
    for (const name of ['used_us', 'ping_us', 'forgiven_us', 'quota_us']) assert.equal(event[name], told[i][name], name);
  game.white.send({ type: 'resign', match: game.match });
  await near[0].wantType('ended', game.match);
  await Promise.all([...far, ...near].map((player) => player.close()));
  road.close();
});

test('pongs that are held back, forged or sent again gain no more than a program may take', async () => {
  const players = await pairOf(hearth, 'cheat');
  const [cheat] = players;
  // Every pong a second late, behind one that answers nothing and one that was answered already.
  let last = Buffer.alloc(8);
  cheat.socket._receiver.removeAllListeners('ping');
  cheat.socket._receiver.on('ping', (nonce) => {
    cheat.socket.pong(Buffer.from('forged!!'));
    cheat.socket.pong(last);
    setTimeout(() => cheat.socket.readyState === 1 && cheat.socket.pong(nonce), 800);
    last = nonce;
  });
  await pause(4500);
  const game = await startGame(players, { limit: 60, increment: 0 });
  const told = await play(game, MOVES, 300);
  const side = game.white === cheat ? 0 : 1;
  for (const [i, move] of told.entries()) {
    if (i < 2 || i % 2 !== side) continue;
    // What the kernel knows of this machine's own network, and 150 ms.
    assert.ok(move.ping_us <= 400_000, `ping ${move.ping_us}`);
    assert.ok(move.forgiven_us <= move.ping_us);
  }
  await Promise.all(players.map((player) => player.close()));
});

test('a client that says how slow it is, or when it moved, is not asked', async () => {
  const players = await pairOf(hearth, 'claims');
  const game = await startGame(players, { limit: 60, increment: 0 });
  await play(game, MOVES.slice(0, 2));
  await pause(500);
  game.white.send({ type: 'move', match: game.match, ply: 2, move: 'g1f3', lag: 100_000, ping_us: 9e9, age_us: 9e9, s: 0, at: 0 });
  const moved = await game.black.wantType('moved', game.match);
  assert.equal(moved.ply, 3);
  assert.ok(moved.used_us + moved.forgiven_us >= 480_000);
  assert.ok(moved.forgiven_us <= moved.ping_us && moved.ping_us < 1e6);
  await Promise.all(players.map((player) => player.close()));
});

test('a rated game changes both ratings, once, and only those who want each other are paired', async () => {
  const [a, b] = await pairOf(hearth, 'rated');
  const [c, d] = await pairOf(hearth, 'casual');
  const seek = (player, more) => player.send({ type: 'seek', clock: '180+2', legal: true, ...more });
  const refused = async (player, more) => {
    seek(player, more);
    return (await player.wantType('error')).code;
  };
  assert.equal(await refused(a, { rated: true, color: 'white' }), 'bad-frame');
  assert.equal(await refused(a, { rated: true, clock: '-' }), 'bad-frame');
  assert.equal(await refused(a, { rated: 'yes' }), 'bad-frame');
  assert.equal(await refused(a, { rated: true, setup: '8/8/8/4k3/8/8/4P3/4K3 w - - 0 1' }), 'bad-frame');
  assert.equal(await refused(a, { rated: true, rules: 'go', setup: 'boardsize 9 komi 40' }), 'bad-frame');
  assert.equal(await refused(a, { range: { min: 2, max: 1 } }), 'bad-frame');
  seek(c);
  await c.wantType('seeking');
  seek(d, { rated: true, range: { min: 1501, max: 3000 } });
  await d.wantType('seeking');
  seek(a, { rated: true });
  const { rating, rated } = await a.wantType('seeking');
  assert.deepEqual([rating, rated], [1500, true]);
  seek(b, { rated: true });
  const [state, other] = await Promise.all([a.wantType('state'), b.wantType('state')]);
  assert.equal(state.match, other.match);
  d.send({ type: 'cancel' });
  await d.wantType('cancelled');
  assert.equal(state.rated, true);
  assert.equal(state.speed, 'blitz');
  assert.deepEqual(state.time_control, { limit: 180, increment: 2 });
  assert.equal(state.players.white.rating, 1500);
  assert.equal(state.players.white.provisional, true);
  const [white, black] = state.color === 'white' ? [a, b] : [b, a];
  await play({ match: state.match, white, black }, ['f2f3', 'e7e5', 'g2g4', 'd8h4']);
  for (const player of [a, b]) {
    const { players } = await player.wantType('ended', state.match);
    assert.deepEqual([players.white.rating_change, players.black.rating_change], [-241, 241]);
  }
  const ratings = async (player) => (await hearth.api('GET', '/api/game/ratings', undefined, { Authorization: `Bearer ${player.token}` })).body.ratings;
  const [won] = await ratings(black);
  assert.deepEqual([won.rules, won.speed, won.rating, won.games, won.provisional], ['chess', 'blitz', 1741, 1, true]);
  assert.deepEqual(await ratings(c), []);
  // One that is aborted does not count; what was rated before begins the next.
  seek(a, { rated: true });
  await a.wantType('seeking');
  seek(b, { rated: true });
  const [next] = await Promise.all([a.wantType('state'), b.wantType('state')]);
  assert.deepEqual([next.players.white.rating, next.players.black.rating].sort(), [1259, 1741]);
  a.send({ type: 'abort', match: next.match });
  const { players } = await a.wantType('ended', next.match);
  assert.equal(players.white.rating_change, undefined);
  assert.equal((await ratings(black))[0].games, 1);
  // A setup that is fair to both is rated by itself, and begins from scratch.
  for (const more of [{ setup: 'chess960' }, { rules: 'go', setup: 'boardsize 9' }]) {
    seek(a, { rated: true, ...more });
    assert.equal((await a.wantType('seeking')).rating, 1500);
    seek(b, { rated: true, ...more });
    const own = await a.wantType('state');
    const { match } = own;
    const theirs = await b.wantType('state', match);
    const [first, second] = own.legal?.length ? [a, b] : [b, a];
    first.move(match, 0, [own, theirs].find((state) => state.legal?.length).legal[0]);
    const { legal } = await second.wantType('moved', match);
    second.move(match, 1, legal[0]);
    await second.wantType('moved', match);
    white.send({ type: 'resign', match });
    for (const player of [a, b]) await player.wantType('ended', match);
  }
  assert.deepEqual((await ratings(black)).map((one) => [one.rules, one.rating]).sort(), [['chess', 1741], ['chess960', 1741], ['go:9', 1741]]);
  // They are in the person's export, and what is stored keeps to its rules.
  const auth = { Authorization: `Bearer ${black.token}` };
  assert.equal((await hearth.api('POST', '/api/auth/export', { password: 'correct horse' }, auth)).status, 202);
  const made = await eventually(async () => {
    const { body } = await hearth.api('GET', '/api/auth/export', undefined, auth);
    return body.export.state === 'ready' && body.export;
  }, 60, 'the export is ready');
  const tar = await (await fetch(hearth.base + made.url, { headers: auth })).text();
  assert.match(tar, /game\/ratings\.json/);
  assert.match(tar, /"speed":"blitz","rating":1741,/);
  const verified = hearth.command('verify');
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  await Promise.all([a, b, c, d].map((player) => player.close()));
});

test('any clock of the field is sought, told and kept', async () => {
  const players = await pairOf(hearth, 'clocks');
  for (const [clock, told, left, speed] of [
    ['600d5', { kind: 'delay', limit: 600, delay: 5 }, 600_000, 'rapid'],
    [{ kind: 'bronstein', limit: 60, delay: 2 }, { kind: 'bronstein', limit: 60, delay: 2 }, 60_000, 'bullet'],
    ['1800+5x30', { kind: 'byo-yomi', limit: 1800, periods: 5, period: 30 }, 1_800_000, 'classical'],
    ['40/5400+30:1800+30', { kind: 'fischer', stages: [{ moves: 40, limit: 5400, increment: 30 }, { limit: 1800, increment: 30 }] }, 5_400_000, 'classical'],
    ['*180', { kind: 'hourglass', limit: 180 }, 180_000, 'blitz'],
    ['1/86400', { kind: 'correspondence', days: 1 }, 86_400_000, 'correspondence'],
    [{ kind: 'unlimited' }, { kind: 'unlimited' }, null, 'correspondence'],
  ]) {
    const game = await startGame(players, clock);
    assert.deepEqual([game.state.time_control, game.state.clock.white, game.state.speed], [told, left, speed]);
    const moves = await play(game, MOVES.slice(0, 4));
    const { clock: behind, periods, running } = moves.at(-1);
    assert.equal(running, 'white');
    if (left === null) assert.deepEqual(behind, { white: null, black: null });
    else assert.ok(Math.abs(behind.black - left) < 60_000);
    assert.deepEqual(periods, told.kind === 'byo-yomi' ? { white: 5, black: 5 } : undefined);
    game.white.send({ type: 'resign', match: game.match });
    await Promise.all(players.map((player) => player.wantType('ended', game.match)));
    const { body } = await hearth.api('GET', `/api/game/matches/${game.match}`, undefined, { Authorization: `Bearer ${players[0].token}` });
    assert.deepEqual([body.time_control, body.status], [told, 'resign']);
  }
  players[0].send({ type: 'seek', clock: '300+', legal: true });
  assert.match((await players[0].wantType('error')).text, /300\+2/);
  await Promise.all(players.map((player) => player.close()));
});
