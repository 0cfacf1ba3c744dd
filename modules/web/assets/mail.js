// mail.js: mailboxes, and the list of messages of one, kept true by events: only rows that changed
// are drawn anew. On a narrow screen it is either the list or a message; each has an address of its
// own, #mail/MAILBOX and #mail/MAILBOX/ID, so that Back does what one thinks.
import { get } from './api.js';
import { byId, element, notice } from './dom.js';
import { showMessage } from './mail/message.js';
import { session } from './session.js';
import { listen } from './socket.js';
import { day, unescaped } from './text.js';

const LIST_MAX = 200; // what the server gives at most in one answer
const GATHER_MS = 300; // events that come together are one look

let entered = false;
let mailbox = 'INBOX';
let selected = null; // the id of the message that is open
let query = '';
let more = false; // there are older messages than those listed
let rows = new Map(); // id → { node, told, uid }, in the order of the list
let timer = 0;
let boxes = []; // as the server told them last
let turn = 0; // answers to an older question are thrown away

const pageSize = () => session.preferences.mail?.page_size ?? 50;
const addressOf = (...path) => `#${['mail', ...path].map(encodeURIComponent).join('/')}`;
const show = (problem) => notice(problem.message);

// ---- mailboxes ----

async function listMailboxes() {
  const { mailboxes } = await get('/api/mail/mailboxes');
  boxes = mailboxes;
  byId('mailboxes').replaceChildren(...mailboxes.map((box) => element('li', {}, element('a', {
    href: addressOf(box.name),
    textContent: box.unseen ? `${box.name} (${box.unseen})` : box.name,
    'aria-current': box.name === mailbox ? 'true' : undefined,
  }))));
}

// ---- the list ----

// On a phone, where nothing stands beside the list, it is the place to say how else one reads.
const NONE = ['There is no message here. ', element('a', { href: '#account/mail', textContent: 'Set up a mail program' })];

function drawRow(link, message) {
  link.className = message.seen ? '' : 'unseen';
  link.replaceChildren(
    element('div', { className: 'line' },
      element('span', { textContent: message.from || '(no sender)' }),
      element('small', { textContent: message.date ? day(message.date * 1000) : '' })),
    element('div', { className: 'line' },
      element('span', { textContent: message.subject || '(no subject)' }),
      message.has_attachment && element('small', { textContent: '📎', title: 'with attachments', role: 'img', 'aria-label': 'with attachments' })),
    element('p', { textContent: message.preview || '' }));
}

function mark() {
  for (const [id, { node }] of rows) {
    if (id === selected) node.firstChild.setAttribute('aria-current', 'true');
    else node.firstChild.removeAttribute('aria-current');
  }
}

// The row of a message: the one that is there, drawn anew where the message has changed.
function rowOf(message) {
  const told = JSON.stringify(message);
  const known = rows.get(message.id);
  if (known?.told === told) return known;
  const node = known?.node ?? element('li', {}, element('a', { href: addressOf(mailbox, message.id) }));
  drawRow(node.firstChild, message);
  return { node, told, uid: message.uid };
}

// Puts the messages into the list; what is older than the last of them stays as it is.
function place(messages, atEnd) {
  const least = messages.length ? messages.at(-1).uid : 0;
  const fresh = messages.map((message) => [message.id, rowOf(message)]);
  const names = new Set(fresh.map(([id]) => id));
  const rest = [...rows].filter(([id, row]) => !names.has(id) && (atEnd || (more && row.uid < least)));
  rows = new Map(atEnd ? [...rest, ...fresh] : [...fresh, ...rest]);
  const list = byId('messages');
  const wanted = [...rows.values()].map(({ node }) => node);
  for (const node of [...list.children]) if (!wanted.includes(node)) node.remove();
  wanted.forEach((node, at) => { if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null); });
  byId('no-messages').replaceChildren(...(rows.size ? [] : query ? [`Nothing found for “${query}”.`] : NONE));
  byId('more').hidden = !more;
  mark();
}

async function ask(before, limit) {
  const mine = ++turn;
  const search = new URLSearchParams({ mailbox, limit });
  if (before) search.set('before', before);
  if (query) search.set('q', query);
  const { messages } = await get(`/api/mail/messages?${search}`);
  return mine === turn ? messages : null;
}

async function listMessages() {
  const limit = Math.min(LIST_MAX, Math.max(pageSize(), rows.size));
  const messages = await ask(0, limit);
  if (!messages) return;
  more = messages.length === limit || (more && rows.size > limit);
  place(messages);
}

async function listOlder() {
  const messages = await ask([...rows.values()].at(-1).uid, pageSize());
  if (!messages) return;
  more = messages.length === pageSize();
  place(messages, true);
}

// ---- events ----

async function look() {
  try {
    await listMailboxes(); // first: it makes the mailboxes of a new account
    await listMessages();
  } catch (problem) {
    show(problem);
  }
}

listen((frame) => {
  if (!entered || (frame.type !== 'mail-changed' && frame.type !== 'connected')) return;
  clearTimeout(timer);
  timer = setTimeout(look, GATHER_MS);
});

// ---- what the person does ----

function clear() {
  rows = new Map();
  more = false;
  turn++;
  byId('messages').replaceChildren();
  byId('no-messages').textContent = '';
  byId('more').hidden = true;
}

byId('search-form').addEventListener('submit', (event) => {
  event.preventDefault();
  query = byId('search').value.trim();
  clear();
  look();
});
byId('search').addEventListener('search', () => {
  if (byId('search').value || !query) return;
  query = '';
  clear();
  look();
});
byId('more').addEventListener('click', () => listOlder().catch(show));

// The address of what was looked at last.
export const here = () => addressOf(mailbox, ...(selected ? [selected] : []));

async function knownBoxes() {
  if (!boxes.length) await listMailboxes();
  return boxes;
}

// The message that is open is elsewhere now: back to the list it was in, at the one that stood below it.
async function gone() {
  const ids = [...rows.keys()];
  const at = ids.indexOf(selected);
  const next = ids[at + 1] ?? ids[at - 1];
  location.replace(addressOf(mailbox));
  await look();
  (rows.get(next)?.node.firstChild ?? byId('to-write')).focus();
}

export function enter(path) {
  const [box = 'INBOX', id] = path.map(unescaped);
  const another = !entered || box !== mailbox;
  if (another && box !== mailbox) {
    query = '';
    byId('search').value = '';
    clear();
  }
  entered = true;
  mailbox = box;
  selected = Number(id) || null;
  byId('mail').classList.toggle('at-message', selected !== null);
  document.title = `${mailbox} · Mail · Hearth`;
  mark();
  if (another) look();
  return showMessage(byId('message'), selected, { href: addressOf(mailbox), title: mailbox, boxes: knownBoxes, gone });
}

export function leave() {
  entered = false;
  clearTimeout(timer);
}
