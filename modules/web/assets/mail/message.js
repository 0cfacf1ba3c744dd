// mail/message.js: one message of one's own, where the list links to.
import { get, post } from '../api.js';
import { element } from '../dom.js';
import { ownAddresses } from '../session.js';
import { actions } from './act.js';
import { content, factsOf, pathOf } from './content.js';

let turn = 0; // a message that comes after another was wanted is not shown
let shown = null; // the id of the message that is there

function draw(place, message, back, boxes, own) {
  const title = element('h2', { textContent: message.subject || '(no subject)', tabIndex: -1 });
  place.replaceChildren(...[
    element('a', { className: 'back', href: back.href, textContent: `‹ ${back.title}` }),
    title, actions(message, { from: back.title, boxes, own, gone: back.gone }), factsOf(message), content(message, pathOf(message.id)),
  ].flat());
  document.title = `${message.subject || '(no subject)'} · Mail · Hearth`;
  place.scrollTop = 0;
  title.focus({ preventScroll: true });
  // Where the message takes the list's place, one reads from its top.
  if (getComputedStyle(place).position !== 'sticky') window.scrollTo(0, 0);
}

// `id` null: none is chosen. `back` is the list it was chosen from.
export async function showMessage(place, id, back) {
  const mine = ++turn;
  if (id !== null && id === shown) return;
  shown = id;
  if (id === null) {
    place.replaceChildren(element('p', { className: 'hint' }, 'Choose a message, or ', element('a', { href: '#write', textContent: 'write one' }), '.'));
    return;
  }
  try {
    const [message, boxes, own] = await Promise.all([get(pathOf(id)), back.boxes(), ownAddresses()]);
    if (mine !== turn) return;
    draw(place, message, back, boxes, own);
    // The row is drawn anew by the event that follows.
    if (!message.seen) await post(`${pathOf(id)}/flags`, { seen: true });
  } catch (problem) {
    if (mine !== turn) return;
    shown = null;
    place.replaceChildren(
      element('a', { className: 'back', href: back.href, textContent: `‹ ${back.title}` }),
      element('p', { className: 'problem', role: 'alert', textContent: problem.status === 404 ? 'This message is not here any more.' : problem.message }));
  }
}
