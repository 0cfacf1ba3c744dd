// mail/content.js: what a message says: who, when, its text, its attachments; of one's own mailboxes, or of a
// group. `path` is where the server has it.
import { element } from '../dom.js';
import { minute, size } from '../text.js';
import { hasOwnPictures, hasPictures, htmlFrame, pictureFrame, redraw } from './html.js';

const SHOWN_MAX = 2 ** 20 - 4; // bytes of a text: what reaches it was cut by the server, at a whole character

const PICTURES_MAX = 16 * 2 ** 20; // bytes of the pictures of a message that are shown in it

// Text with its web addresses as links.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]])/).map((piece, at) => (at % 2
    ? element('a', { href: piece, target: '_blank', rel: 'noopener noreferrer', textContent: piece })
    : piece));
}

// What was written with pictures and tables often says in its plain text only to look at the other.
function plain(message, path) {
  const text = element('pre', {}, linked(message.text || ''));
  if (!message.html) return [text];
  const bar = element('p', { className: 'row pictures' },
    'This is its plain text.',
    element('button', {
      type: 'button', className: 'quiet', textContent: 'Show formatted',
      onclick: () => {
        text.replaceWith(...formatted(message, path));
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
async function ownPictures(message, path) {
  const pictures = new Map();
  let left = PICTURES_MAX;
  for (const { part, content_id: id, size: bytes } of message.pictures) {
    if (bytes > left || pictures.has(id)) continue;
    const answer = await fetch(`${path}/parts/${part}`);
    if (!answer.ok) continue;
    left -= bytes;
    // Its kind is the browser's to see: nothing but a picture is drawn by an <img>.
    pictures.set(id, await dataOf(new Blob([await answer.arrayBuffer()], { type: 'image/png' })));
  }
  return pictures;
}

function formatted(message, path) {
  let pictures = new Map();
  const frame = htmlFrame(message.html, pictures);
  if (hasOwnPictures(message.html) && message.pictures.length)
    ownPictures(message, path).then((own) => {
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

const body = (message, path) => (message.text || !message.html ? plain(message, path) : formatted(message, path));

const isCut = ({ text, html }) => [text, html].some((one) => one && new Blob([one]).size > SHOWN_MAX);

function attachments(message, path) {
  if (!message.attachments.length) return null;
  return element('ul', { className: 'attachments', 'aria-label': 'Attachments' }, message.attachments.map((part) => element('li', {}, element('a', {
    href: `${path}/parts/${part.part}`,
    textContent: `${part.name || part.type} (${size(part.size)})`,
    download: part.name || '',
  }))));
}

// Where a message of one's own is.
export const pathOf = (id) => `/api/mail/messages/${id}`;

// Who and when.
export function factsOf(message) {
  const line = (people) => people.map(({ name, address }) => (name ? `${name} <${address}>` : address)).join(', ');
  return element('dl', {}, [['From', message.from], ['To', line(message.people.to) || message.to], ['Cc', line(message.people.cc)], ['Bcc', line(message.people.bcc)], ['Date', message.date && minute(message.date * 1000)]]
    .filter(([, value]) => value)
    .map(([name, value]) => [element('dt', { textContent: name }), element('dd', { textContent: value })]));
}

// Its text, its attachments, and the way to its source.
export const content = (message, path) => [
  body(message, path), attachments(message, path),
  isCut(message) && element('p', { className: 'hint', textContent: 'This is its beginning; all of it is in the source.' }),
  element('p', {}, element('a', { href: `${path}/source`, textContent: 'Source', target: '_blank', rel: 'noopener' })),
].flat().filter(Boolean);
