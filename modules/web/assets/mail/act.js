// mail/act.js: what can be done with the message that is open: answered, handed on, put elsewhere,
// deleted. What only moves it can be undone for a while.
import { post, remove } from '../api.js';
import { say } from '../bar.js';
import { button, element } from '../dom.js';
import { askFirst } from '../dialog.js';
import { field } from '../form.js';
import { hasOthers } from './reply.js';

const link = (text, href, more = {}) => element('a', { className: 'button quiet', href, textContent: text, ...more });

// `from` is the mailbox it is in, `boxes` all of them, `own` one's addresses, `gone` what is shown when it is
// here no more.
export function actions(message, { from, boxes, own, gone }) {
  const path = `/api/mail/messages/${message.id}`;
  const role = boxes.find(({ name }) => name === from)?.role;

  async function move(where, said) {
    const { mailbox } = await post(`${path}/move`, where);
    gone();
    say(said ?? `Moved to ${mailbox}.`, async () => {
      await post(`${path}/move`, { mailbox: from });
      return 'It is back where it was.';
    });
  }

  const elsewhere = () => askFirst({
    title: 'Move the message', submit: 'Move',
    fields: [field({ name: 'mailbox', label: 'To', type: 'select', options: boxes.filter(({ name }) => name !== from).map(({ name }) => [name, name]) })],
    send: (where) => move(where),
  });

  async function destroy() {
    const done = await askFirst({
      title: 'Delete for good?', text: 'Nobody can bring it back.', submit: 'Delete', danger: true,
      send: () => remove(path),
    });
    if (!done) return;
    gone();
    say('Deleted.');
  }

  return element('div', { className: 'row actions', role: 'group', 'aria-label': 'What to do with it' },
    role === 'drafts' ? link('Go on writing', `#write/draft/${message.id}`) : [
      link('Reply', `#write/reply/${message.id}`),
      hasOthers(message, own) && link('Reply all', `#write/all/${message.id}`),
      link('Forward', `#write/forward/${message.id}`),
    ],
    role !== 'archive' && button('Archive', () => move({ role: 'archive' }, 'Archived.'), { className: 'quiet' }),
    role === 'junk'
      ? button('Not junk', () => move({ role: 'inbox' }), { className: 'quiet' })
      : role !== 'sent' && role !== 'drafts' && button('Junk', () => move({ role: 'junk' }), { className: 'quiet' }),
    button('Move …', elsewhere, { className: 'quiet' }),
    role === 'trash'
      ? button('Delete for good …', destroy, { className: 'quiet danger' })
      : button('Delete', () => move({ role: 'trash' }, 'Moved to the trash.'), { className: 'quiet' }));
}
