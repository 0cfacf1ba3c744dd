// mail/held.js: what waits for the word of a group's owner: seen, read, let go, thrown away.
import { get, post, remove } from '../api.js';
import { button, card, element, list, row } from '../dom.js';
import { minute, size } from '../text.js';
import { content, factsOf } from './content.js';

// A card that stays true to what was decided in it; for owners of the group.
export async function heldCard(group) {
  const base = `/api/mail/lists/${group.id}/held`;
  const place = element('div', { id: 'held' });

  function waiting(one) {
    const path = `${base}/${one.id}`;
    const about = one.subject || '(no subject)';
    const text = element('div', { className: 'deeds letter', hidden: true });
    const decide = (act) => act.then(() => draw(), (problem) => draw(problem.status === 404 ? 'Somebody was faster: it does not wait any more.' : problem.message));
    const read = button('Read', async () => {
      if (text.hidden && !text.firstChild) {
        const message = await get(path);
        text.replaceChildren(factsOf({ ...message, from: message.people.from.map(({ name, address }) => (name ? `${name} <${address}>` : address)).join(', ') }), ...content(message, path));
      }
      text.hidden = !text.hidden;
      read.setAttribute('aria-expanded', String(!text.hidden));
    }, { className: 'quiet', 'aria-label': `Read “${about}”`, 'aria-expanded': 'false' });
    const node = row([about], [`from ${one.sender || 'nobody'}`, minute(one.came_at), size(one.size)],
      read,
      button('Let go', () => decide(post(`${path}/approve`)), { 'aria-label': `Let “${about}” go to the members` }),
      button('Throw away', () => decide(remove(path)), { className: 'quiet danger', 'aria-label': `Throw “${about}” away` }));
    node.append(text);
    return node;
  }

  async function draw(why) {
    const { held } = await get(base);
    place.replaceChildren(
      why ? element('p', { className: 'problem', role: 'alert', textContent: why }) : '',
      list(held.map(waiting), 'Nothing waits.', { id: 'waiting' }));
  }

  await draw();
  return card('Waiting for your word', place);
}
