// mail/archive.js: what was kept of a group's mail: listed, searched, read thread by thread. Its members read it;
// who may change the group removes.
import { proven } from '../account/proof.js';
import { get, remove } from '../api.js';
import { askFirst } from '../dialog.js';
import { button, card, element, list, row } from '../dom.js';
import { minute, size } from '../text.js';
import { content, factsOf } from './content.js';

const PAGE = 50;

// `name`: the mail that is shown first, as Archived-At calls it. `back`: a button that leads away.
export async function archivePage(group, { name, back, changes }) {
  const base = `/api/mail/lists/${group.id}/archive`;
  const place = element('div', { id: 'archive' });
  const subject = (one) => one.subject || '(no subject)';
  const told = (why) => (why ? element('p', { className: 'problem', role: 'alert', textContent: why }) : '');
  const heading = (text) => element('h3', { textContent: text, tabIndex: -1 });

  // ---- the list ----

  async function drawList(query = '', why = '') {
    const rows = element('div');
    const ask = (before) => get(`${base}?${new URLSearchParams({ limit: PAGE, ...(before && { before }), ...(query && { q: query }) })}`);
    const entry = (one) => row([subject(one)], [one.from || '(no sender)', minute(one.date * 1000)],
      button('Read', () => drawThread(one.id), { className: 'quiet', 'aria-label': `Read “${subject(one)}”` }));
    const { messages, used, quota } = await ask(0);
    const more = button('Older', async () => {
      const older = (await ask(messages.at(-1).uid)).messages;
      messages.push(...older);
      rows.querySelector('ul').append(...older.map(entry));
      more.hidden = older.length < PAGE;
    }, { className: 'quiet', hidden: messages.length < PAGE });
    const search = element('form', { className: 'row', role: 'search', onsubmit: (event) => {
      event.preventDefault();
      drawList(search.elements.q.value.trim()).catch((problem) => drawList('', problem.message));
    } }, element('label', {}, 'Search the archive', element('input', { name: 'q', type: 'search', value: query })), element('button', { textContent: 'Search' }));
    const top = heading(`The archive of ${group.title}`);
    rows.append(list(messages.map(entry), query ? `Nothing found for “${query}”.` : 'Nothing was kept yet.', { id: 'archived' }));
    place.replaceChildren(back, told(why), card(null, top, search, rows, more,
      changes && element('p', { className: 'hint', textContent: `It keeps ${size(used)}${quota ? ` of ${size(quota)} at most; then the oldest go for mail of people here, and others’ is not kept` : ''}.` }),
      changes && messages.length > 0 && !query && button('Remove all …', async () => {
        const done = await askFirst({
          title: 'Remove all that was kept?', text: 'Nobody can read it here any more. What members have in their own mailboxes stays.', submit: 'Remove all', danger: true,
          send: () => proven((proof) => remove(base, proof)),
        });
        if (done) await drawList();
      }, { className: 'quiet danger' })));
    top.focus({ preventScroll: true });
  }

  // ---- a thread ----

  // One of its mails; the text is fetched when it is first wanted.
  async function letter(one, open) {
    const path = `${base}/${one.id}`;
    const text = element('div', { className: 'deeds letter', hidden: true });
    const show = async () => {
      if (text.hidden && !text.firstChild) {
        const message = await get(path);
        text.replaceChildren(factsOf(message), ...content(message, path));
      }
      text.hidden = !text.hidden;
      toggle.setAttribute('aria-expanded', String(!text.hidden));
    };
    const toggle = button('Read', show, { className: 'quiet', 'aria-label': `Read “${subject(one)}” by ${one.from}`, 'aria-expanded': 'false' });
    const node = row([one.from || '(no sender)'], [subject(one), minute(one.date * 1000)], toggle,
      changes && button('Remove …', async () => {
        const done = await askFirst({
          title: `Remove “${subject(one)}”?`, text: 'Nobody can read it here any more. What members have in their own mailboxes stays.', submit: 'Remove', danger: true,
          send: () => remove(path),
        });
        if (done) await drawList();
      }, { className: 'quiet danger', 'aria-label': `Remove “${subject(one)}” by ${one.from}` }));
    node.append(text);
    if (open) await show();
    return node;
  }

  async function drawThread(id) {
    const { messages } = await get(`${base}?thread=${id}`);
    const top = heading(subject(messages[0]));
    const letters = await Promise.all(messages.map((one) => letter(one, one.id === id)));
    place.replaceChildren(button('‹ The archive', () => drawList(), { className: 'link' }), card(null, top, list(letters, '', { id: 'thread' })));
    top.focus({ preventScroll: true });
  }

  if (name) {
    try {
      await drawThread((await get(`${base}?${new URLSearchParams({ name })}`)).messages[0].id);
    } catch (problem) {
      await drawList('', problem.status === 404 ? 'This mail is not in the archive any more.' : problem.message);
    }
  } else {
    await drawList();
  }
  return place;
}
