// games/plain.js: a position as text, with the names of its points at the edge: for games that the page draws no
// board of. It knows no rules: positions and legal moves come from the server.

const letters = (n, without = '') => [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((c) => c !== without).slice(0, n);

// Rows of squares with what stands at their left, and the columns' names below.
function grid(rows, rowNames, columns) {
  const width = Math.max(...rowNames.map((name) => `${name}`.length));
  const lines = rows.map((row, i) => `${`${rowNames[i]}`.padStart(width)}  ${[...row].join(' ')}`);
  return [...lines, `${' '.repeat(width)}  ${columns.join(' ')}`].join('\n');
}

const chunks = (text, n) => Array.from({ length: text.length / n }, (_, i) => text.slice(i * n, (i + 1) * n));
const upwards = (n) => Array.from({ length: n }, (_, i) => i + 1);

// The lines of the board of nine men's morris; its points stand where files and ranks cross.
const MILL = ['.-----.-----.', '| .---.---. |', '| | .-.-. | |', '.-.-.   .-.-.', '| | .-.-. | |', '| .---.---. |', '.-----.-----.'];
const POINTS = 'a1 a4 a7 b2 b4 b6 c3 c4 c5 d1 d2 d3 d5 d6 d7 e3 e4 e5 f2 f4 f6 g1 g4 g7'.split(' ');

function mill({ board, hand }) {
  const lines = MILL.map((line) => [...line]);
  POINTS.forEach((point, i) => { lines[7 - Number(point[1])]['abcdefg'.indexOf(point[0]) * 2] = board[i]; });
  const rows = lines.map((line, i) => `${7 - i}  ${line.join('')}`);
  return [...rows, '   a b c d e f g', '', `To place: white ${hand[0]}, black ${hand[1]}`].join('\n');
}

const go = ({ board, size, captured, half_points: points, komi }) => [
  grid(chunks(board, size), upwards(size).reverse(), letters(size, 'I')), '',
  `X black, O white; captured by black ${captured[0]}, by white ${captured[1]}; komi ${komi}`,
  ...points ? [`Black ${points[0] / 2}, white ${points[1] / 2} (small letters: marked dead)`] : [],
].join('\n');

const fleets = ({ boards, placed }, seat) => [seat, 1 - seat].map((one, i) => [
  i ? `The other's (${placed[one]} ships)` : `Yours (${placed[one]} ships)`,
  grid(chunks(boards[one], 10), upwards(10), letters(10)),
].join('\n')).join('\n\n');

const FORMS = {
  'connect-four': ({ board }) => grid(board.split('/'), upwards(6).reverse(), upwards(7)),
  reversi: ({ board, black, white }) => `${grid(chunks(board, 8), upwards(8), [...'abcdefgh'])}\n\nX black ${black}, O white ${white}`,
  'nine-mens-morris': mill,
  go,
  battleship: fleets,
};

// The text of a position; empty where a board is drawn. `seat`: ours, 0 for who watches.
export function plain(rules, position, seat) {
  const pockets = /\[(\w+)\]/.exec(position?.fen);
  if (!position || position.fen) return pockets ? `In the pockets: ${pockets[1]}` : '';
  return FORMS[rules]?.(position, seat) ?? JSON.stringify(position, null, 1);
}
