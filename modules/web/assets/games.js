// games.js: chess against another browser. The server knows the rules: it sends the position and
// the legal moves, and the page shows them.
import { byId, element, notice } from './dom.js';
import { session } from './session.js';
import { listen, open, send } from './socket.js';

const GLYPHS = { k: '♚', q: '♛', r: '♜', b: '♝', n: '♞', p: '♟' };
const NAMES = { k: 'king', q: 'queen', r: 'rook', b: 'bishop', n: 'knight', p: 'pawn' };
const ENDINGS = {
  mate: 'checkmate', resign: 'resignation', stalemate: 'stalemate', outoftime: 'time', draw: 'a draw',
  aborted: 'aborted', timeout: 'absence',
};

let match = null; // the match as last told, with `color`, ours
let chosen = null; // the square of the piece to move
let clocksAt = 0;
let entered = false; // the socket is open for the whole page; the game is asked for once it is wanted

const squareName = (file, rank) => 'abcdefgh'[file] + (rank + 1);

// The pieces of a FEN by square name.
function pieces(fen) {
  const found = {};
  fen.split(' ')[0].split('/').forEach((row, i) => {
    let file = 0;
    for (const c of row) {
      if (c >= '1' && c <= '8') file += Number(c);
      else found[squareName(file++, 7 - i)] = c;
    }
  });
  return found;
}

function drawBoard() {
  const board = byId('board');
  const fen = match ? match.position.fen : 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';
  const on = pieces(fen);
  const black = match?.color === 'black';
  const last = match?.last ? [match.last.slice(0, 2), match.last.slice(2, 4)] : [];
  const targets = (match?.legal || []).filter((uci) => uci.startsWith(chosen)).map((uci) => uci.slice(2, 4));
  const squares = [];
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const name = squareName(black ? 7 - column : column, black ? row : 7 - row);
      const piece = on[name];
      const white = piece && piece === piece.toUpperCase();
      const classes = [(row + column) % 2 ? 'dark' : 'light'];
      if (white) classes.push('white');
      if (last.includes(name)) classes.push('last');
      if (chosen === name) classes.push('chosen');
      if (targets.includes(name)) classes.push('target');
      const square = element('button', {
        type: 'button',
        className: classes.join(' '),
        textContent: piece ? GLYPHS[piece.toLowerCase()] : '',
        onclick: () => choose(name),
      });
      square.dataset.square = name;
      square.setAttribute('aria-label',
        piece ? `${name} ${white ? 'white' : 'black'} ${NAMES[piece.toLowerCase()]}` : name);
      squares.push(square);
    }
  }
  const focus = document.activeElement?.dataset?.square;
  board.replaceChildren(...squares);
  if (focus) board.querySelector(`[data-square="${focus}"]`)?.focus();
}

function choose(name) {
  if (!match || match.status !== 'started') return;
  const legal = match.legal || [];
  const moves = chosen ? legal.filter((uci) => uci.slice(0, 4) === chosen + name) : [];
  if (moves.length) {
    chosen = null;
    play(moves.find((uci) => uci.endsWith('q')) || moves[0]);
  } else {
    chosen = legal.some((uci) => uci.startsWith(name)) ? name : null;
  }
  drawBoard();
}

function play(uci) {
  if (!send({ to: 'game', type: 'move', match: match.match, ply: match.ply, move: uci }))
    notice('Not connected; the move was not sent.');
}

const time = (ms) => {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
};

function drawClocks() {
  if (!match?.clock) return;
  const left = (color) => time(match.clock[color] - (color === match.running ? Date.now() - clocksAt : 0));
  const other = match.color === 'white' ? 'black' : 'white';
  byId('clock-top').textContent = `${match.opponent}: ${left(other)}`;
  byId('clock-bottom').textContent = `you: ${left(match.color)}`;
}

function drawState() {
  const state = byId('game-state');
  byId('move-form').hidden = match?.status !== 'started';
  byId('seek-row').hidden = match?.status === 'started';
  byId('game-title').textContent = match ? `Chess with ${match.opponent}` : 'Chess';
  if (!match) return;
  const mine = (match.ply % 2 ? 'black' : 'white') === match.color;
  if (match.status === 'started') state.textContent = mine ? 'Your move.' : 'Waiting for the other side.';
  else if (match.winner) state.textContent = `${match.winner === match.color ? 'You won' : 'You lost'} by ${ENDINGS[match.status] || match.status}.`;
  else state.textContent = `The game ended in ${ENDINGS[match.status] || match.status}.`;
}

function drawMoves() {
  const san = match?.moves || [];
  const rows = [];
  for (let i = 0; i < san.length; i += 2) rows.push(element('li', { textContent: san.slice(i, i + 2).join(' ') }));
  byId('moves').replaceChildren(...rows);
}

function draw() {
  drawBoard();
  drawClocks();
  drawState();
  drawMoves();
}

function resume() {
  send({ to: 'game', type: match ? 'resume' : 'current', match: match?.match, legal: true });
}

const on = {
  connected() {
    if (entered) resume();
  },
  seeking() {
    byId('game-state').textContent = 'Waiting for somebody to play…';
  },
  // A match of ours has begun, perhaps in another tab.
  started(frame) {
    if (match?.status !== 'started') send({ to: 'game', type: 'resume', match: frame.match, legal: true });
  },
  state(frame) {
    match = frame;
    chosen = null;
    clocksAt = Date.now();
    draw();
  },
  moved(frame) {
    if (frame.match !== match?.match) return;
    match.moves = [...match.moves, frame.san];
    Object.assign(match, { running: frame.running, draw_offer: frame.draw_offer, ply: frame.ply, position: frame.position, last: frame.move, clock: frame.clock, legal: frame.legal });
    chosen = null;
    clocksAt = Date.now();
    draw();
  },
  ended(frame) {
    if (frame.match !== match?.match) return;
    Object.assign(match, { status: frame.status, winner: frame.winner, clock: frame.clock, running: null, legal: [] });
    draw();
  },
  rejected(frame) {
    notice(frame.text);
    draw();
  },
  error(frame) {
    notice(frame.text);
  },
};

listen((frame) => on[frame.type]?.(frame));

byId('seek').addEventListener('click', () => {
  const [limit, increment] = byId('clock').value.split('+').map(Number);
  match = null;
  notice('');
  draw();
  send({ to: 'game', type: 'seek', clock: { limit, increment }, legal: true });
});

byId('resign').addEventListener('click', () => send({ to: 'game', type: 'resign', match: match.match }));

byId('move-form').addEventListener('submit', (event) => {
  event.preventDefault();
  play(byId('move-text').value.trim().toLowerCase());
  byId('move-text').value = '';
});

setInterval(drawClocks, 250);

// The clock that the person prefers stands first, and is chosen.
function offerClock() {
  const { base_s: base, increment_s: increment = 0 } = session.preferences.game?.clock ?? {};
  byId('own-clock')?.remove();
  if (!base) return;
  byId('clock').prepend(element('option', {
    id: 'own-clock', value: `${base}+${increment}`, textContent: `Mine: ${time(base * 1000)}${increment ? ` + ${increment} s` : ''}`,
  }));
  byId('clock').selectedIndex = 0;
}

export function enter() {
  offerClock();
  open();
  if (!entered) resume();
  entered = true;
  draw();
}
