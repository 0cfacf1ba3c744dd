// subscribers.js: a group's members elsewhere, for its owners: invited by their mail address, seen, removed.
import { post, remove } from './api.js';
import { button, card, element, list, paragraph, row } from './dom.js';
import { field, form } from './form.js';
import { day } from './text.js';
import { proven } from './account/proof.js';

const SAID = { invited: 'asked', member: 'since', paused: 'paused since' };

// `path` is the group's; `redraw(problem)` draws it anew.
export function subscribersCard(path, subscribers, redraw) {
  const attempt = (promise) => promise.then(() => redraw()).catch((problem) => redraw(problem.message));
  return card('Members elsewhere',
    list(subscribers.map(({ id, address, state, since }) => row(
      [address, state === 'member' ? '' : element('em', { className: 'badge', textContent: state })], [`${SAID[state]} ${day(since)}`],
      state === 'paused' && button('Send again', () => attempt(post(`${path}/subscribers/${id}/resume`)), { className: 'quiet', 'aria-label': `Send again to ${address}` }),
      button('Remove', () => attempt(remove(`${path}/subscribers/${id}`)), { className: 'quiet', 'aria-label': `Remove ${address}` }))), 'Nobody.', { id: 'subscribers' }),
    form({
      fields: [field({ name: 'address', label: 'Invite an address at another server', required: true, autocapitalize: 'none', spellcheck: false, inputMode: 'email', autocomplete: 'off', hint: 'They get the group’s mail once they have opened the link of a letter.' })],
      submit: 'Invite them',
      async send(values) {
        await proven((proof) => post(`${path}/subscribers`, { ...values, ...proof }));
        redraw();
      },
    }), paragraph('Who has no account here gets the mail alone, and leaves by the link in it.', 'hint'));
}
