// game-client.mjs: a player over the WebSocket, for tests: frames in a queue, and `want` to wait for
// the next one of a kind.
import WebSocket from 'ws';

export class Player {
  static async connect(hearth, token) {
    const player = new Player();
    player.token = token;
    player.all = []; // every frame that came
    player.frames = [];
    player.waiting = [];
    player.socket = new WebSocket(`ws://127.0.0.1:${hearth.port.http}/ws`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    player.socket.on('message', (data) => player.take(JSON.parse(data)));
    player.closed = new Promise((done) => player.socket.on('close', (code) => {
      player.gone = code;
      for (const waiter of player.waiting.splice(0)) waiter.fail(new Error(`closed with ${code}`));
      done(code);
    }));
    await new Promise((done, fail) => {
      player.socket.on('open', done);
      player.socket.on('error', fail);
    });
    player.socket.on('error', () => {});
    await player.want((frame) => frame.type === 'welcome');
    return player;
  }

  take(frame) {
    this.all.push(frame);
    const i = this.waiting.findIndex((waiter) => waiter.test(frame));
    if (i >= 0) this.waiting.splice(i, 1)[0].done(frame);
    else this.frames.push(frame);
  }

  // The first frame, already here or still to come, that passes the test.
  want(test, seconds = 60) {
    const i = this.frames.findIndex(test);
    if (i >= 0) return Promise.resolve(this.frames.splice(i, 1)[0]);
    if (this.gone) return Promise.reject(new Error(`closed with ${this.gone}`));
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`no such frame; here: ${JSON.stringify(this.frames).slice(0, 500)}`)), seconds * 1000);
      this.waiting.push({
        test,
        done: (frame) => { clearTimeout(timer); done(frame); },
        fail: (error) => { clearTimeout(timer); fail(error); },
      });
    });
  }

  wantType(type, match) {
    return this.want((frame) => frame.type === type && (match === undefined || frame.match === match));
  }

  send(frame) {
    this.socket.send(JSON.stringify({ to: 'game', ...frame }));
  }

  move(match, ply, move) {
    this.send({ type: 'move', match, ply, move });
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}

// Two accounts with a player each.
export async function pairOf(hearth, name) {
  const players = [];
  for (const side of ['a', 'b']) {
    const address = `${name}${side}@hearth.test`;
    const { status, body } = await hearth.api('POST', '/api/auth/register', { address, password: 'correct horse' });
    const token = status === 201 ? body.token : await hearth.login(address, 'correct horse');
    players.push(await Player.connect(hearth, token));
  }
  return players;
}

// Starts a game between two players; gives {match, white, black, state} (the white side's state).
// The clock is this game's own, so that games that start at the same time do not mix.
export async function startGame([a, b], clock = { limit: 600, increment: 1 }, legal = true) {
  a.send({ type: 'seek', clock, legal });
  await a.wantType('seeking');
  b.send({ type: 'seek', clock, legal });
  const [stateA, stateB] = await Promise.all([a.wantType('state'), b.wantType('state')]);
  const [white, black] = stateA.color === 'white' ? [a, b] : [b, a];
  return { match: stateA.match, white, black, state: stateA.color === 'white' ? stateA : stateB };
}
