// mail/reply.js: what an answer begins with: whom it goes to, its subject, the text that is answered.
import { minute } from '../text.js';

// As it is written in an address field (RFC 5322 section 3.4).
export function written({ name, address }) {
  if (!name || name === address) return address;
  return `${/^[\p{L}\p{N} '’_-]+$/u.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`} <${address}>`;
}

const line = (people) => people.map(written).join(', ');

const sameAs = (a) => (b) => a.address.toLowerCase() === b.address.toLowerCase();

// Each once, and none of those that `left` has.
function but(people, left) {
  return people.filter((one, at) => people.findIndex(sameAs(one)) === at && !left.some(sameAs(one)));
}

// To whom: who wrote, or where they want answers; of one's own message those it went to. With `all`,
// everybody who got it.
export function recipients({ people }, own, all) {
  const mine = (one) => own.some((address) => address.toLowerCase() === one.address.toLowerCase());
  const others = (list) => list.filter((one) => !mine(one));
  const wrote = people.reply_to.length ? people.reply_to : people.from;
  const ours = people.from.length > 0 && people.from.every(mine);
  let to = but(ours ? people.to : wrote, []);
  if (!to.length) to = but(people.to, []);
  if (!all) return { to: line(to), cc: '' };
  if (ours) return { to: line(to), cc: line(but(people.cc, to)) };
  return { to: line(to), cc: line(others(but([...people.to, ...people.cc], to))) };
}

// Whether answering all is anything else than answering.
export function hasOthers(message, own) {
  return recipients(message, own, true).cc !== '';
}

const BLOCKS = /^(address|article|aside|blockquote|center|dd|div|dl|dt|fieldset|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|tr|ul)$/;

// The text of HTML, line by line; nothing of it is run or fetched.
function textOf(html) {
  let out = '';
  const end = () => { if (out && !out.endsWith('\n')) out += '\n'; };
  const visit = (node) => {
    const name = node.nodeName.toLowerCase();
    if (node.nodeType === 3) out += out.endsWith('\n') || !out ? node.data.replace(/\s+/g, ' ').trimStart() : node.data.replace(/\s+/g, ' ');
    else if (name === 'br') out += '\n';
    else if (!/^(script|style|head|title|template)$/.test(name)) {
      const block = BLOCKS.test(name);
      if (block) end();
      for (const child of node.childNodes) visit(child);
      if (block) end();
      if (name === 'p') out += '\n';
      if (name === 'td' || name === 'th') out += ' ';
    }
  };
  visit(new DOMParser().parseFromString(html, 'text/html').body);
  return out.replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n');
}

// Without line ends behind it.
const words = (message) => (message.text || (message.html ? textOf(message.html) : '')).replace(/\r\n?/g, '\n').trimEnd();

const sender = ({ from, people }) => people.from[0]?.name || people.from[0]?.address || from || 'Somebody';

// What is quoted bears ">" (RFC 3676 section 4.5); a signature is not quoted (section 4.3).
function quoted(message) {
  const lines = words(message).split('\n');
  const end = lines.lastIndexOf('-- ');
  const kept = end >= 0 ? lines.slice(0, end) : lines;
  while (kept.length && !kept.at(-1).trim()) kept.pop();
  const head = `${message.date ? `On ${minute(message.date * 1000)}, ` : ''}${sender(message)} wrote:`;
  return `\n\n${head}\n${kept.map((one) => (one.startsWith('>') ? `>${one}` : one ? `> ${one}` : '>')).join('\n')}\n`;
}

function handedOn(message) {
  const facts = [['From', line(message.people.from) || message.from], ['Date', message.date && minute(message.date * 1000)],
    ['Subject', message.subject], ['To', line(message.people.to)], ['Cc', line(message.people.cc)]];
  return `\n\n---------- Forwarded message ----------\n${facts.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n${words(message)}\n`;
}

const begins = (pattern, prefix, subject) => (pattern.test(subject) ? subject : `${prefix} ${subject}`.trimEnd());

// As whom one answers: the address of one's own that it came to, else the account's.
export function answersAs({ people }, own) {
  const came = [...people.to, ...people.cc, ...people.from].map(({ address }) => address.toLowerCase());
  return own.find((address) => came.includes(address.toLowerCase())) ?? own[0];
}

// A message that is a draft, to be gone on with. `draft` is what goes once it is sent.
export function draftOf(message, own) {
  const { people, subject } = message;
  return {
    from: own.find((address) => people.from.some((one) => one.address.toLowerCase() === address.toLowerCase())) ?? own[0],
    to: line(people.to), cc: line(people.cc), bcc: line(people.bcc), subject: subject || '', text: words(message), draft: message.id,
    kept: message.attachments.map(({ part, name, type, size }) => ({ part, name: name || type, size })),
  };
}

// What a draft begins with: `way` is reply, all or forward.
export function answerTo(message, way, own) {
  const subject = message.subject || '';
  if (way === 'forward') {
    return {
      from: own[0], to: '', cc: '', subject: begins(/^\s*(fwd?|wg|tr|rv)\s*:/i, 'Fwd:', subject), text: handedOn(message),
      kept: message.attachments.map(({ part, name, type, size }) => ({ part, name: name || type, size })),
    };
  }
  return { from: answersAs(message, own), ...recipients(message, own, way === 'all'), subject: begins(/^\s*(re|aw|sv|antw|vs)\s*(\[\d+\])?\s*:/i, 'Re:', subject), text: quoted(message), kept: [] };
}
