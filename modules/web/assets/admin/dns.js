// admin/dns.js: the DNS records that mail needs, and what is published of them.
import { get, post } from '../api.js';
import { button, card, element, paragraph } from '../dom.js';
import { copyButton } from '../dialog.js';
import { ago } from '../text.js';

const PATH = '/api/mail/dns';
const LOOK_MS = 700; // while a check is under way
const LOOKS_MAX = 120;

// What is wrong comes first.
const STATES = {
  missing: ['missing', 'bad'], wrong: ['different', 'bad'], unknown: ['not known', 'bad'], other: ['published, differently', 'good'], published: ['published', 'good'],
};
const ORDER = Object.keys(STATES);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// A TXT record's strings have 255 bytes at most (RFC 1035 section 3.3.14); the values are ASCII.
const quoted = (text) => text.match(/.{1,255}/g).map((part) => `"${part.replace(/["\\]/g, '\\$&')}"`).join(' ');

function line({ name, type, value }) {
  const ends = ['MX', 'SRV', 'CNAME', 'PTR'].includes(type);
  return `${name}. IN ${type} ${type === 'TXT' ? quoted(value) : `${value}${ends ? '.' : ''}`}`;
}

let ids = 0;

function recordRow(record) {
  const [text, kind] = STATES[record.state];
  const id = `record-${++ids}`;
  const differs = record.found && record.state !== 'published';
  return element('li', { className: 'record' },
    element('div', { className: 'what' },
      element('strong', { id }, record.name, ` ${record.type}`, element('em', { className: `badge ${kind}`, textContent: text }),
        record.secure ? element('em', { className: 'badge', textContent: 'DNSSEC', title: 'The answer is proven by signatures' }) : ''),
      element('span', { className: 'fact', textContent: record.why }),
      element('code', { className: 'value', textContent: record.value }),
      differs && element('p', { className: 'hint' }, record.state === 'unknown' ? 'The DNS does not answer: ' : 'There is: ', element('code', { className: 'value', textContent: record.found }))),
    element('div', { className: 'row' }, copyButton(record.value, 'Copy value', { 'aria-describedby': id })));
}

function told(state) {
  const bad = state.records.filter(({ state: one }) => STATES[one][1] === 'bad').length;
  if (!state.checked_at) return 'The records are being looked up …';
  const when = state.checking ? 'They are being looked up again …' : `Looked up ${ago(state.checked_at)}.`;
  if (!bad) return `All ${state.records.length} records are published. ${when}`;
  return `${bad} of ${state.records.length} records are missing or are not as they should be. ${when}`;
}

export async function show() {
  const place = element('div');
  const said = element('p', { role: 'status', id: 'dns-said' });
  const rows = element('ul', { className: 'rows', id: 'records' });
  const zone = element('div');
  let drawn = 0; // when what is shown was looked up

  function draw(state) {
    said.textContent = told(state);
    if (!state.checked_at || state.checked_at === drawn) return;
    drawn = state.checked_at;
    const records = [...state.records].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
    rows.replaceChildren(...records.map(recordRow));
    const lines = state.records.filter(({ type }) => type !== 'PTR').map(line).join('\n');
    zone.replaceChildren(card('All of them, as lines of a zone file',
      element('pre', { className: 'zone', tabIndex: 0, textContent: lines, 'aria-label': 'Lines of a zone file', role: 'group' }), copyButton(lines, 'Copy all')));
  }

  // Until the check has ended, or the page is another.
  async function follow(state) {
    for (let looks = 0; state.checking && looks < LOOKS_MAX; looks++) {
      await sleep(LOOK_MS);
      if (!place.isConnected) return;
      state = await get(PATH);
      draw(state);
    }
  }

  const state = await get(PATH);
  if (!state.has_name)
    return card(null, paragraph(`“${state.hostname}” is no name on the internet. Set [server] hostname, and [mail] domains, in the configuration; then this page says what to publish.`));
  draw(state);
  const again = button('Look them up now', async () => {
    const begun = await post(`${PATH}/check`);
    draw(begun);
    await follow(begun);
  }, { className: 'quiet' });
  place.append(card(null, said,
    paragraph('Where your domain’s records are kept, publish what is missing. A change may take as long to be seen as the old record was valid.', 'hint'), again), card('Records', rows), zone);
  queueMicrotask(() => follow(state).catch((problem) => { said.textContent = problem.message; }));
  return place;
}
