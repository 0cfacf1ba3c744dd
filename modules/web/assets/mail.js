// mail.js: mailboxes, the list of messages, one message. HTML mail is shown in a frame that may
// run nothing and fetch nothing.
import { get, post } from './api.js';
import { byId, element, notice } from './dom.js';
import { session } from './session.js';

const pageSize = () => session.preferences.mail?.page_size ?? 50;
let mailbox = 'INBOX';
let query = '';
let refresh = 0;

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const minute = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

async function listMailboxes() {
  const { mailboxes } = await get('/api/mail/mailboxes');
  byId('mailboxes').replaceChildren(...mailboxes.map((box) => {
    const button = element('button', {
      type: 'button',
      className: box.name === mailbox ? '' : 'quiet',
      textContent: box.unseen ? `${box.name} (${box.unseen})` : box.name,
      onclick: () => { mailbox = box.name; load(); },
    });
    return element('li', {}, button);
  }));
}

function messageRow(message) {
  const who = element('span', { textContent: message.from || '(no sender)' });
  const when = element('small', { textContent: message.date ? day.format(message.date * 1000) : '' });
  const button = element('button', { type: 'button', className: message.seen ? '' : 'unseen' },
    element('div', { className: 'line' }, who, when),
    element('div', { className: 'line' }, element('span', { textContent: message.subject || '(no subject)' })),
    element('p', { textContent: message.preview || '' }));
  button.onclick = () => open(message, button);
  return element('li', {}, button);
}

async function listMessages(before) {
  const search = new URLSearchParams({ mailbox, limit: pageSize() });
  if (before) search.set('before', before);
  if (query) search.set('q', query);
  const { messages } = await get(`/api/mail/messages?${search}`);
  const rows = messages.map(messageRow);
  if (before) byId('messages').append(...rows);
  else byId('messages').replaceChildren(...rows);
  byId('more').hidden = messages.length < pageSize();
  byId('more').onclick = () => listMessages(messages.at(-1).uid).catch(show);
}

function bodyOf(message) {
  if (message.text || !message.html) return element('pre', { textContent: message.text || '' });
  const frame = element('iframe', { title: 'The message', sandbox: '' });
  frame.setAttribute('sandbox', '');
  frame.srcdoc = message.html;
  return frame;
}

function attachments(message) {
  return message.attachments.map((part) => element('li', {}, element('a', {
    href: `/api/mail/messages/${message.id}/parts/${part.part}`,
    textContent: `${part.name || part.type} (${Math.ceil(part.size / 1024)} KB)`,
    download: part.name || '',
  })));
}

async function open(summary, button) {
  for (const other of byId('messages').querySelectorAll('[aria-current]')) other.removeAttribute('aria-current');
  button.setAttribute('aria-current', 'true');
  try {
    const message = await get(`/api/mail/messages/${summary.id}`);
    const facts = element('dl');
    for (const [name, value] of [['From', message.from], ['To', message.to],
      ['Date', message.date ? minute.format(message.date * 1000) : '']])
      facts.append(element('dt', { textContent: name }), element('dd', { textContent: value || '' }));
    byId('message').replaceChildren(
      element('h2', { textContent: message.subject || '(no subject)' }), facts, bodyOf(message),
      element('ul', {}, ...attachments(message)),
      element('a', { href: `/api/mail/messages/${message.id}/source`, textContent: 'Source', target: '_blank' }));
    if (!message.seen) {
      await post(`/api/mail/messages/${message.id}/flags`, { seen: true });
      button.classList.remove('unseen');
      listMailboxes().catch(() => {});
    }
  } catch (problem) {
    show(problem);
  }
}

const show = (problem) => notice(problem.message);

function load() {
  // The list of mailboxes comes first: it makes them for a new account.
  listMailboxes().then(() => listMessages()).then(() => notice(''), show);
}

byId('search-form').addEventListener('submit', (event) => {
  event.preventDefault();
  query = byId('search').value.trim();
  load();
});

export function enter() {
  load();
  clearInterval(refresh);
  refresh = setInterval(() => { if (!query) load(); }, 15000);
}

export function leave() {
  clearInterval(refresh);
}
