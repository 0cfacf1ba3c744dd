// mail/message.js: one message: who, when, its text, its attachments. Shown where the list links to.
import { get, post } from '../api.js';
import { element } from '../dom.js';
import { ownAddresses } from '../session.js';
import { minute, size } from '../text.js';
import { actions } from './act.js';
import { hasOwnPictures, hasPictures, htmlFrame, pictureFrame, redraw } from './html.js';

const SHOWN_MAX = 2 ** 20 - 4; // bytes of a text: what reaches it was cut by the server, at a whole character

const PICTURES_MAX = 16 * 2 ** 20; // bytes of the pictures of a message that are shown in it

let turn = 0; // a message that comes after another was wanted is not shown
let shown = null; // the id of the message that is there

// Text with its web addresses as links.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]])/).map((piece, at) => (at % 2
    ? element('a', { href: piece, target: '_blank', rel: 'noopener noreferrer', textContent: piece })
    : piece));
}

// What was written with pictures and tables often says in its plain text only to look at the other.
function plain(message) {
  const text = element('pre', {}, linked(message.text || ''));
  if (!message.html) return [text];
  const bar = element('p', { className: 'row pictures' },
    'This is its plain text.',
    element('button', {
      type: 'button', className: 'quiet', textContent: 'Show formatted',
      onclick: () => {
        text.replaceWith(...formatted(message));
        bar.remove();
      },
    }));
  return [bar, text];
}

const dataOf = (blob) => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = () => fail(reader.error);
  reader.readAsDataURL(blob);
});

// The pictures that came with it, by their content id, as addresses that fetch nothing.
async function ownPictures(message) {
  const pictures = new Map();
  let left = PICTURES_MAX;
  for (const { part, content_id: id, size: bytes } of message.pictures) {
    if (bytes > left || pictures.has(id)) continue;
    const answer = await fetch(`/api/mail/messages/${message.id}/parts/${part}`);
    if (!answer.ok) continue;
    left -= bytes;
    // Its kind is the browser's to see: nothing but a picture is drawn by an <img>.
    pictures.set(id, await dataOf(new Blob([await answer.arrayBuffer()], { type: 'image/png' })));
  }
  return pictures;
}

function formatted(message) {
  let pictures = new Map();
  const frame = htmlFrame(message.html, pictures);
  if (hasOwnPictures(message.html) && message.pictures.length)
    ownPictures(message).then((own) => {
      pictures = own;
      if (frame.isConnected) redraw(frame, message.html, own);
    }).catch(() => {}); // without them it can still be read
  if (!hasPictures(message.html)) return [frame];
  const bar = element('p', { className: 'row pictures' },
    'Pictures from elsewhere are not fetched: they would tell the sender that you read this.',
    element('button', {
      type: 'button', className: 'quiet', textContent: 'Show pictures',
      onclick: () => {
        frame.replaceWith(pictureFrame(message.html, pictures));
        bar.remove();
      },
    }));
  return [bar, frame];
}

const body = (message) => (message.text || !message.html ? plain(message) : formatted(message));

const isCut = ({ text, html }) => [text, html].some((one) => one && new Blob([one]).size > SHOWN_MAX);

function attachments(message) {
  if (!message.attachments.length) return null;
  return element('ul', { className: 'attachments', 'aria-label': 'Attachments' }, message.attachments.map((part) => element('li', {}, element('a', {
    href: `/api/mail/messages/${message.id}/parts/${part.part}`,
    textContent: `${part.name || part.type} (${size(part.size)})`,
    download: part.name || '',
  }))));
}

function draw(place, message, back, boxes, own) {
  const line = (people) => people.map(({ name, address }) => (name ? `${name} <${address}>` : address)).join(', ');
  const facts = element('dl', {}, [['From', message.from], ['To', line(message.people.to) || message.to], ['Cc', line(message.people.cc)], ['Bcc', line(message.people.bcc)], ['Date', message.date && minute(message.date * 1000)]]
    .filter(([, value]) => value)
    .map(([name, value]) => [element('dt', { textContent: name }), element('dd', { textContent: value })]));
  const title = element('h2', { textContent: message.subject || '(no subject)', tabIndex: -1 });
  place.replaceChildren(...[
    element('a', { className: 'back', href: back.href, textContent: `‹ ${back.title}` }),
    title, actions(message, { from: back.title, boxes, own, gone: back.gone }), facts, body(message), attachments(message),
    isCut(message) && element('p', { className: 'hint', textContent: 'This is its beginning; all of it is in the source.' }),
    element('p', {}, element('a', { href: `/api/mail/messages/${message.id}/source`, textContent: 'Source', target: '_blank', rel: 'noopener' })),
  ].flat().filter(Boolean));
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
    const [message, boxes, own] = await Promise.all([get(`/api/mail/messages/${id}`), back.boxes(), ownAddresses()]);
    if (mine !== turn) return;
    draw(place, message, back, boxes, own);
    // The row is drawn anew by the event that follows.
    if (!message.seen) await post(`/api/mail/messages/${id}/flags`, { seen: true });
  } catch (problem) {
    if (mine !== turn) return;
    shown = null;
    place.replaceChildren(
      element('a', { className: 'back', href: back.href, textContent: `‹ ${back.title}` }),
      element('p', { className: 'problem', role: 'alert', textContent: problem.status === 404 ? 'This message is not here any more.' : problem.message }));
  }
}
