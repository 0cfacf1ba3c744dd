// games/board.js: a chess position as squares that are buttons. It knows no rules: the legal moves
// come from the server.
import { element } from '../dom.js';

const GLYPHS = { k: '♚', q: '♛', r: '♜', b: '♝', n: '♞', p: '♟' };
const NAMES = { k: 'king', q: 'queen', r: 'rook', b: 'bishop', n: 'knight', p: 'pawn' };
export const START = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';

const squareName = (file, rank) => 'abcdefgh'[file] + (rank + 1);

// The pieces of a FEN by square name.
function pieces(fen) {
  const found = {};
  // Of crazyhouse pockets stand behind it in brackets, and "~" behind what was a pawn.
  fen.split(/[ []/)[0].replaceAll('~', '').split('/').forEach((row, i) => {
    let file = 0;
    for (const c of row) {
      if (c >= '1' && c <= '8') file += Number(c);
      else found[squareName(file++, 7 - i)] = c;
    }
  });
  return found;
}

// `black`: seen from Black's side. `last`: the last move (UCI). `chosen`: the square of the piece that
// is to move, `targets` where it may go. `choose` is called with a square's name.
export function drawBoard(board, { fen = START, black = false, last = '', chosen = null, targets = [], choose }) {
  const on = pieces(fen);
  const moved = [last.slice(0, 2), last.slice(2, 4)];
  const squares = [];
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const name = squareName(black ? 7 - column : column, black ? row : 7 - row);
      const piece = on[name];
      const white = piece && piece === piece.toUpperCase();
      const classes = [(row + column) % 2 ? 'dark' : 'light'];
      if (white) classes.push('white');
      if (moved.includes(name)) classes.push('last');
      if (chosen === name) classes.push('chosen');
      if (targets.includes(name)) classes.push('target');
      squares.push(element('button', {
        type: 'button',
        className: classes.join(' '),
        textContent: piece ? GLYPHS[piece.toLowerCase()] : '',
        'data-square': name,
        'aria-label': piece ? `${name} ${white ? 'white' : 'black'} ${NAMES[piece.toLowerCase()]}` : name,
        onclick: () => choose(name),
      }));
    }
  }
  const focus = document.activeElement?.dataset?.square;
  board.replaceChildren(...squares);
  if (focus) board.querySelector(`[data-square="${focus}"]`)?.focus();
}
