// games/list.js: one's own games, those that go on first as the server has them, a page at a time; and
// one's ratings.
import { get } from '../api.js';
import { button, element, list, row } from '../dom.js';
import { session } from '../session.js';
import { ago } from '../text.js';

const PAGE = 20;

function result(match, color) {
  if (match.status === 'started') return 'goes on';
  if (!match.winner) return match.status === 'aborted' ? 'aborted' : 'draw';
  return match.winner === color ? 'won' : 'lost';
}

// What a game is called; the page offers all of them.
export const gameName = (rules) => document.querySelector(`#rules option[value="${rules}"]`)?.textContent ?? rules;

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function rowOf(match) {
  const colors = Object.keys(match.players);
  const color = colors.find((one) => match.players[one].id === session.account.id) ?? colors[0];
  const others = colors.filter((one) => one !== color).map((one) => match.players[one].name).join(', ');
  const moves = Math.ceil(match.ply / 2);
  return row(
    element('a', { href: `#games/${match.match}`, textContent: `${capital(color)} against ${others}` }),
    [match.rules !== 'chess' && gameName(match.rules), result(match, color), moves === 1 ? '1 move' : `${moves} moves`, match.started_at && ago(match.started_at)]);
}

async function page(place, before) {
  const answer = await get(`/api/game/matches?limit=${PAGE}${before ? `&before=${before}` : ''}`);
  const rows = answer.matches.map(rowOf);
  if (before) place.querySelector('ul').append(...rows);
  else place.replaceChildren(list(rows, 'You have played no game yet.'));
  place.querySelector('.older')?.remove();
  if (answer.more) place.append(button('Older games', () => page(place, answer.next), { className: 'quiet older' }));
}

// One's own ratings; of those that are uncertain it is said by a question mark.
async function ratings(place) {
  const all = (await get('/api/game/ratings')).ratings;
  const told = all.map(({ rules, speed, rating, provisional }) => `${gameName(rules)}, ${speed}: ${rating}${provisional ? '?' : ''}`);
  place.textContent = told.length ? `Your ratings. ${told.join(' · ')}` : '';
}

export const showGames = (place, rated) => Promise.all([page(place, null), ratings(rated)]);
