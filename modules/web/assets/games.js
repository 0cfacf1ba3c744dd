// games.js: a game against another browser: chess on a board, others as text. The server knows the rules: it
// sends the position, the clocks and the legal moves, and the page shows them. #games is the lobby with one's own games,
// #games/NUMBER one match, played or watched.
import { askFirst } from './dialog.js';
import { byId, element, notice } from './dom.js';
import { drawBoard } from './games/board.js';
import { capital, gameName, showGames } from './games/list.js';
import { plain } from './games/plain.js';
import { session } from './session.js';
import { listen, open, send } from './socket.js';

const ENDINGS = {
  mate: 'checkmate', resign: 'resignation', stalemate: 'stalemate', outoftime: 'time', draw: 'a draw', timeout: 'the other side leaving',
};

let entered = false;
let wanted = null; // the number of the match that is shown, from the address
let match = null; // it, as last told, with `color`, ours, or null for who watches
let chosen = null; // the square of the piece to move
let clocksAt = 0; // when `match.clock` was told
let seeking = false;
let gone = null; // the other side has no connection: { since, claimIn } in ms, claimIn null when unknown

const addressOf = (number) => `#games/${number}`;
const goesOn = () => match?.status === 'started';
const isMine = () => goesOn() && match.color !== null && match.color !== undefined;
const colors = () => Object.keys(match.players);
const turn = () => match.position.turn; // null where not one alone is to move
const other = () => colors().find((color) => color !== match.color);
const isOurTurn = () => turn() === match.color || match.legal?.length > 0;

// ---- what is shown ----

function drawTheBoard() {
  const legal = match?.legal || [];
  const text = match ? plain(match.rules, match.position, Math.max(0, colors().indexOf(match.color))) : '';
  byId('plain').hidden = !text;
  byId('plain').textContent = text;
  byId('board').hidden = match && !match.position.fen;
  byId('legal-moves').replaceChildren(...legal.map((move) => element('option', { value: move })));
  if (byId('board').hidden) return;
  drawBoard(byId('board'), {
    fen: match?.position.fen,
    black: match?.color === 'black',
    last: match?.last ?? '',
    chosen,
    targets: chosen ? legal.filter((uci) => uci.startsWith(chosen)).map((uci) => uci.slice(2, 4)) : [],
    choose,
  });
}

const DAY = 86400000;
const time = (ms) => {
  if (ms === null) return 'no limit';
  if (ms >= DAY) return `${Math.floor(ms / DAY)} d ${Math.floor(ms % DAY / 3600000)} h`;
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
};

const periods = (rest) => rest === undefined ? '' : ` + ${rest} ×`;

// A rating that is uncertain has a question mark, as everywhere.
const rating = (color) => {
  const { rating, provisional } = match.players?.[color] ?? {};
  return rating === undefined ? '' : ` (${rating}${provisional ? '?' : ''})`;
};

function drawClocks() {
  byId('clocks').hidden = !match?.clock;
  if (!match?.clock) return;
  const elapsed = goesOn() && match.running ? Date.now() - clocksAt : 0;
  const control = match.time_control ?? {};
  const free = control.kind === 'delay' ? (control.delay ?? 0) * 1000 : 0;
  const used = Math.max(0, elapsed - free);
  const left = (color) => {
    const told = match.clock[color];
    if (told === null || color !== match.running) return time(told) + periods(match.periods?.[color]);
    let [ms, rest] = [told - used, match.periods?.[color]];
    for (; ms <= 0 && rest > 0; rest--) ms += control.period * 1000;
    return time(ms) + periods(rest);
  };
  const bottom = match.color ?? colors()[0];
  const top = colors().find((color) => color !== bottom);
  const name = (color) => (color === match.color ? 'you' : match[color]) + rating(color);
  for (const [id, color] of [['clock-top', top], ['clock-bottom', bottom]]) {
    byId(id).textContent = `${name(color)}: ${left(color)}`;
    byId(id).classList.toggle('running', goesOn() && match.running === color);
  }
  if (gone) drawGone();
}

// What one may do about somebody who is away.
function drawGone() {
  const away = isMine() && gone;
  const wait = away && gone.claimIn !== null ? gone.claimIn - (Date.now() - gone.since) : null;
  byId('gone').hidden = !away;
  byId('claim-victory').hidden = byId('claim-draw').hidden = !away || wait === null || wait > 0;
  if (!away) return;
  byId('gone-text').textContent = wait === null || wait <= 0 ? `${match.opponent} has left.`
    : `${match.opponent} has left. You may claim the game in ${time(wait)}.`;
}

function ratedText() {
  const { rating, rating_change: change } = match.players?.[match.color] ?? {};
  return change === undefined ? '' : ` Your rating: ${rating} → ${rating + change}.`;
}

function stateText() {
  if (goesOn() && match.color) return isOurTurn() ? 'Your move.' : 'Waiting for the other side.';
  if (goesOn()) return `${capital(turn() ?? 'both')} to move.`;
  const reason = match.reason || match.position.reason || match.status;
  const how = ENDINGS[match.status] ? ` by ${ENDINGS[match.status]}` : `: ${reason}`;
  if (match.status === 'aborted') return 'The game was aborted.';
  if (!match.winner) return match.status === 'draw' ? 'The game is a draw.' : `The game is a draw${how}.`;
  if (match.color) return `${match.winner === match.color ? 'You won' : 'You lost'}${how}.`;
  return `${capital(match.winner)} won${how}.`;
}

// What stands between the two.
function offers() {
  const said = [];
  if (match.draw_offer) said.push(match.draw_offer === other() ? `${match.opponent} offers a draw.` : 'You have offered a draw.');
  if (match.takeback_offer) said.push(match.takeback_offer === other() ? `${match.opponent} asks to take a move back.` : 'You have asked to take a move back.');
  return said;
}

function drawState() {
  byId('seek-row').hidden = seeking || goesOn();
  byId('seeking').hidden = !seeking;
  byId('move-form').hidden = !isMine();
  byId('to-lobby').hidden = wanted === null || isMine(); // from the lobby one would be led back to it
  byId('game-title').textContent = !match ? 'Games' : match.color ? `${gameName(match.rules)} with ${match.opponent}` : colors().map((color) => match[color]).join(' – ');
  byId('move-text').placeholder = match?.legal?.[0] ?? '';
  byId('game-state').textContent = match ? stateText() + ratedText() : '';
  if (!isMine()) return;
  const begun = match.ply >= 2; // before that it is no game yet
  byId('abort').hidden = begun;
  byId('resign').hidden = !begun;
  byId('draw').textContent = match.draw_offer === other() ? 'Accept the draw' : 'Offer or claim a draw';
  byId('draw').hidden = !begun || match.draw_offer === match.color;
  byId('takeback').textContent = match.takeback_offer === other() ? 'Allow it' : 'Take a move back';
  byId('takeback').hidden = match.ply === 0 || match.takeback_offer === match.color;
  byId('decline').hidden = match.draw_offer !== other() && match.takeback_offer !== other();
  byId('offer-state').textContent = offers().join(' ');
}

function drawMoves() {
  const san = match?.moves || [];
  const rows = [];
  for (let i = 0; i < san.length; i += 2) rows.push(element('li', { textContent: san.slice(i, i + 2).join(' ') }));
  byId('moves').replaceChildren(...rows);
}

function draw() {
  if (!entered) return;
  drawTheBoard();
  drawClocks();
  drawState();
  drawGone();
  drawMoves();
  byId('own-games').hidden = goesOn();
  document.title = `${match ? byId('game-title').textContent : 'Games'} · Hearth`;
}

const refreshGames = () => showGames(byId('game-list'), byId('ratings')).catch((problem) => notice(problem.message));

// ---- what the server tells ----

function show(frame) {
  match = frame;
  chosen = null;
  gone = frame.claim_in === undefined || frame.claim_in === null ? null : { since: Date.now(), claimIn: frame.claim_in };
  clocksAt = Date.now();
  draw();
}

const isShown = (frame) => frame.match === match?.match;

// Asks for what is shown: after a break too, since a connection is a new client.
function ask() {
  if (wanted !== null) send({ to: 'game', type: 'resume', match: wanted, legal: true });
  else send({ to: 'game', type: 'current' });
}

const on = {
  connected() {
    seeking = false;
    send({ to: 'game', type: 'seeks', legal: true }); // a seek outlives its connection for a moment
    if (entered) ask();
    draw();
  },
  seeking() {
    seeking = true;
    draw();
  },
  cancelled() {
    seeking = false;
    draw();
  },
  seeks({ seeks }) {
    seeking = seeks.length > 0;
    draw();
  },
  'seek-expired'() {
    if (seeking && entered) notice('Nobody wanted to play that. You may try again, or another clock.');
    seeking = false;
    draw();
  },
  // A match has begun, in whichever tab it was sought.
  started(frame) {
    const sought = seeking;
    seeking = false;
    if (entered && (sought || !goesOn())) location.hash = addressOf(frame.match);
    else notice(`Your game with ${frame.opponent} has begun. `, element('a', { href: addressOf(frame.match), textContent: 'Go to it' }));
  },
  current({ matches }) {
    // Who comes to the games while one goes on wants to be there.
    if (entered && wanted === null && matches.length && !seeking) location.replace(addressOf(matches[0]));
  },
  state(frame) {
    if (frame.match === wanted) show(frame);
  },
  moved(frame) {
    if (!isShown(frame)) return;
    match.moves = [...match.moves, frame.san];
    const { ply, position, move, clock, periods, running, draw_offer, takeback_offer, legal } = frame;
    Object.assign(match, { ply, position, last: move, clock, periods, running, draw_offer, takeback_offer, legal });
    chosen = null;
    clocksAt = Date.now();
    draw();
  },
  'taken-back'(frame) {
    if (isShown(frame)) ask(); // which moves are left
  },
  'draw-offered'(frame) {
    if (!isShown(frame)) return;
    match.draw_offer = frame.by;
    draw();
  },
  'draw-declined'(frame) {
    if (!isShown(frame)) return;
    match.draw_offer = null;
    draw();
    if (frame.by !== match.color) notice(`${match.opponent} declines the draw.`);
  },
  'takeback-offered'(frame) {
    if (!isShown(frame)) return;
    match.takeback_offer = frame.by;
    draw();
  },
  'takeback-declined'(frame) {
    if (!isShown(frame)) return;
    match.takeback_offer = null;
    draw();
    if (frame.by !== match.color) notice(`${match.opponent} wants the move to stand.`);
  },
  'opponent-gone'(frame) {
    if (!isShown(frame) || frame.color === match.color) return;
    gone = { since: Date.now(), claimIn: frame.claim_in ?? null };
    draw();
  },
  'opponent-back'(frame) {
    if (!isShown(frame) || frame.color === match.color) return;
    gone = null;
    draw();
  },
  ended(frame) {
    if (!isShown(frame)) return;
    Object.assign(match, { status: frame.status, reason: frame.reason, winner: frame.winner, clock: frame.clock ?? match.clock, players: frame.players ?? match.players, position: frame.position ?? match.position, legal: [], draw_offer: null, takeback_offer: null });
    gone = null;
    draw();
    refreshGames();
  },
  rejected(frame) {
    notice(frame.code === 'no-match' ? 'There is no such game.' : frame.text);
    draw();
  },
  error(frame) {
    notice(frame.text);
  },
};

listen((frame) => {
  if (frame.type in on) on[frame.type](frame);
});

// ---- what the person does ----

function act(frame) {
  notice('');
  if (!send({ to: 'game', match: match?.match, ...frame })) notice('Not connected: that was not sent. It is tried to connect again.');
}

const play = (uci) => act({ type: 'move', ply: match.ply, move: uci });

function choose(name) {
  if (!isMine()) return;
  const legal = match.legal || [];
  const moves = chosen ? legal.filter((uci) => uci.slice(0, 4) === chosen + name) : [];
  if (moves.length) {
    chosen = null;
    play(moves.find((uci) => uci.endsWith('q')) || moves[0]);
  } else {
    chosen = legal.some((uci) => uci.startsWith(name)) ? name : null;
  }
  drawTheBoard();
}

byId('seek').addEventListener('click', () => {
  act({ type: 'seek', rules: byId('rules').value, clock: byId('clock').value, rated: byId('rated').checked, legal: true });
});
byId('cancel-seek').addEventListener('click', () => act({ type: 'cancel' }));
for (const [id, type] of [['abort', 'abort'], ['draw', 'draw'], ['takeback', 'takeback'], ['decline', 'decline'], ['claim-victory', 'claim-victory'], ['claim-draw', 'claim-draw']])
  byId(id).addEventListener('click', () => act({ type }));

byId('resign').addEventListener('click', () => askFirst({
  title: 'Resign this game?', text: `${match.opponent} wins, then.`, submit: 'Resign', danger: true,
  send: async () => act({ type: 'resign' }),
}));

byId('move-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = byId('move-text').value.trim();
  play(match.legal?.find((move) => move.toLowerCase() === text.toLowerCase()) ?? text);
  byId('move-text').value = '';
});

setInterval(() => { if (entered) drawClocks(); }, 250);

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

export function enter([number]) {
  offerClock();
  open();
  wanted = Number(number) || null;
  if (match?.match !== wanted) match = gone = chosen = null;
  entered = true;
  ask();
  draw();
  refreshGames();
}

export function leave() {
  entered = false;
}
