// admin/queue.js: mail that waits to be sent: how much, for whom, why, and what is to become of it.
import { get, post, remove } from '../api.js';
import { button, card, element, list, paragraph, row } from '../dom.js';
import { askFirst } from '../dialog.js';
import { field, form } from '../form.js';
import { ago, inWhile, minute, size } from '../text.js';
import { proven } from '../account/proof.js';
import { explained } from './answer.js';

const PATH = '/api/mail/queue';
const ORDERS_MAX = 200; // recipients of one order
const LOOK_MS = 1500; // after an order to try, for what came of it

const badge = (text) => element('em', { className: 'badge', textContent: text });
const people = (n) => (n === 1 ? '1 recipient' : `${n} recipients`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function why(entry) {
  if (!entry.answer) return paragraph(entry.attempts ? '' : 'Not tried yet.', 'hint');
  const words = explained(entry.answer);
  return element('div', { className: 'why' },
    words && paragraph(words),
    element('p', { className: 'said-by-other', textContent: entry.answer }));
}

// The last attempts, asked for when somebody wants to see them.
function attempts(path, entry) {
  const place = element('div');
  const look = button('Attempts', async () => {
    const { history } = await get(path);
    const one = ({ at, host, tls, code, answer }) => element('li', {},
      `${minute(at)}: ${host || 'no server was reached'}${host ? `, ${tls || 'without TLS'}` : ''}`,
      element('p', { className: 'said-by-other', textContent: `${code || ''} ${answer}`.trim() }));
    place.replaceChildren(look, element('ol', { className: 'attempts' }, history.map(one)));
  }, { className: 'quiet', 'aria-label': `Attempts: ${entry.recipient}` });
  place.append(look);
  return place;
}

function entryRow(entry, changed) {
  const path = `${PATH}/${entry.id}`;
  const act = (text, order, more = {}) => button(text, async () => {
    await post(`${path}/${order}`);
    if (order !== 'hold') await sleep(LOOK_MS);
    await again();
    changed();
  }, { className: 'quiet', 'aria-label': `${text}: ${entry.recipient}`, ...more });
  const gone = (text) => node.replaceWith(element('li', { className: 'hint', role: 'status', textContent: text }));
  const again = async () => {
    try {
      const fresh = entryRow(await get(path), changed);
      const had = node.contains(document.activeElement);
      node.replaceWith(fresh);
      if (had) fresh.querySelector('.row button').focus();
    } catch (problem) {
      if (problem.status !== 404) throw problem;
      gone(`${entry.recipient} is not in the queue any more.`);
    }
  };
  const take = async () => {
    const done = await askFirst({
      title: `Remove the mail to ${entry.recipient}?`, submit: 'Remove', danger: true,
      text: `It will not be delivered, and ${entry.sender || 'its sender'} is not told.`,
      send: () => proven((proof) => remove(path, proof)),
    });
    if (!done) return;
    gone(`The mail to ${entry.recipient} is removed.`);
    changed();
  };
  const held = entry.state === 'held';
  const node = row([entry.recipient, held ? badge('held') : '', entry.late ? badge('late') : ''],
    [`from ${entry.sender || 'this server (a report)'}`, `sent ${ago(entry.queued_at)}`, size(entry.size),
      entry.attempts === 1 ? '1 attempt' : `${entry.attempts} attempts`,
      held ? 'is not tried' : `next ${inWhile(entry.next_attempt_at)}`, `comes back ${minute(entry.expires_at)}`],
    held ? act('Release', 'release') : act('Try now', 'retry'),
    !held && act('Hold', 'hold'),
    button('Remove …', take, { className: 'quiet danger', 'aria-label': `Remove: ${entry.recipient}` }));
  node.querySelector('.what').append(...[why(entry), entry.attempts > 0 && attempts(path, entry)].filter(Boolean));
  return node;
}

// All recipients at a domain, in as many orders as it takes.
async function orderAll(domain, order) {
  for (let after = 0; ;) {
    const page = await get(`${PATH}?${new URLSearchParams({ domain, limit: ORDERS_MAX, ...(after && { after }) })}`);
    const ids = page.entries.map((entry) => entry.id);
    if (ids.length) await post(`${PATH}/orders`, { order, ids });
    if (!page.next) return;
    after = page.next;
  }
}

function destinationRow(one, show, changed) {
  const act = (text, order) => button(text, async () => {
    await orderAll(one.domain, order);
    if (order !== 'hold') await sleep(LOOK_MS);
    changed();
  }, { className: 'quiet', 'aria-label': `${text}: all for ${one.domain}` });
  const allHeld = one.held === one.recipients;
  return row([one.domain],
    [people(one.recipients), one.held > 0 && `${one.held} held`, `the oldest sent ${ago(one.oldest_at)}`, !allHeld && `next attempt ${inWhile(one.next_attempt_at)}`],
    button('Show', () => show(one.domain), { className: 'quiet', 'aria-label': `Show those for ${one.domain}` }),
    allHeld ? act('Release all', 'release') : act('Try all now', 'retry'),
    !allHeld && act('Hold all', 'hold'));
}

// The numbers, and the places mail waits for.
function overview(show, reload) {
  const place = element('div');
  async function draw() {
    const sum = await get(`${PATH}/summary`);
    place.replaceChildren(...[
      !sum.sends_elsewhere && card(null, paragraph('This server has no name on the internet ([server] hostname), so it sends no mail to other servers.')),
      card(null, element('dl', { className: 'facts', id: 'queue-facts' },
        [['Waiting', `${people(sum.recipients)}${sum.messages ? ` of ${sum.messages === 1 ? '1 mail' : `${sum.messages} mails`}` : ''}`],
          ['Held', String(sum.held)],
          ['The oldest', sum.oldest_at ? `sent ${ago(sum.oldest_at)}` : '–']]
          .map(([name, value]) => [element('dt', { textContent: name }), element('dd', { textContent: value })])),
      button('Look again', reload, { className: 'quiet' })),
      sum.recipients > 0 && card('Where to', list(sum.destinations.map((one) => destinationRow(one, show, reload)), '', { id: 'destinations' }),
        sum.domains > sum.destinations.length && paragraph(`And ${sum.domains - sum.destinations.length} more domains.`, 'hint')),
    ].filter(Boolean));
    return place;
  }
  return { draw, place };
}

// Addresses nothing is sent to for a time.
async function suppressed() {
  const rows = element('ul', { className: 'rows', id: 'suppressed' });
  const more = button('More addresses', () => load(), { className: 'quiet' });
  let next = '';

  function addressRow({ address, answer, times, since, until }) {
    const free = async () => {
      await post('/api/mail/suppressed/remove', { address });
      node.replaceWith(element('li', { className: 'hint', role: 'status', textContent: `${address} can be written to again.` }));
    };
    const node = row([address], [`said ${ago(since)}`, times > 1 && `${times} times`, `until ${minute(until)}`],
      button('Write to it again', free, { className: 'quiet', 'aria-label': `Write again to ${address}` }));
    node.querySelector('.what').append(element('p', { className: 'said-by-other', textContent: answer }));
    return node;
  }
  async function load() {
    const page = await get(`/api/mail/suppressed?${new URLSearchParams(next ? { after: next } : {})}`);
    rows.append(...page.addresses.map(addressRow));
    next = page.next ?? '';
    more.hidden = !next;
  }
  await load();
  return rows.children.length > 0 && card('Addresses nobody is at', paragraph('Their servers said so. Who writes to one hears it at once, and nothing is sent there for a time.', 'hint'), rows, more);
}

export async function show() {
  const rows = element('ul', { className: 'rows', id: 'queue' });
  const more = button('More recipients', () => load(), { className: 'quiet' });
  let filter = {};
  let next = 0;
  let turn = 0; // an answer to a filter of before is thrown away

  async function load() {
    const mine = next ? turn : ++turn;
    const page = await get(`${PATH}?${new URLSearchParams({ ...filter, ...(next && { after: next }) })}`);
    if (mine !== turn) return;
    if (!next) rows.replaceChildren();
    rows.append(...page.entries.map((entry) => entryRow(entry, () => overall.draw())));
    next = page.next ?? 0;
    more.hidden = !next;
    if (!rows.children.length && !next)
      rows.append(element('li', { className: 'hint', textContent: Object.keys(filter).length ? 'There is none like this.' : 'Nothing waits: all mail has been delivered, or has come back.' }));
  }
  const again = () => {
    next = 0;
    return Promise.all([overall.draw(), load()]);
  };
  const search = form({
    className: 'inline',
    fields: [
      field({ name: 'search', label: 'Part of an address', type: 'search', maxLength: 254 }),
      field({ name: 'state', label: 'State', type: 'select', options: [['', 'All'], ['waits', 'Waiting'], ['held', 'Held']] }),
    ],
    submit: 'Show',
    async send(values) {
      filter = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
      next = 0;
      await load();
    },
  });
  const overall = overview(async (domain) => {
    search.reset();
    search.elements.search.value = `@${domain}`;
    filter = { domain };
    next = 0;
    await load();
    recipients.querySelector('h3').focus();
  }, again);
  const recipients = card('Recipients', search, rows, more);
  recipients.querySelector('h3').tabIndex = -1;
  const [, , nobody] = await Promise.all([overall.draw(), load(), suppressed()]);
  return [overall.place, recipients, nobody];
}
