// admin/reports.js: what other servers report: of mail in our domains' names (DMARC), of TLS with our
// servers (TLS-RPT).
import { get } from '../api.js';
import { button, card, element, paragraph, row } from '../dom.js';
import { field, form } from '../form.js';
import { day } from '../text.js';

const PATH = '/api/mail/reports';

const badge = (text, kind = '') => element('em', { className: `badge ${kind}`, textContent: text });
const many = (n, one) => (n === 1 ? `1 ${one}` : `${n} ${one}s`);
const DONE = { none: 'taken', quarantine: 'treated as junk', reject: 'refused' };

// What one row of a report says.
function told(kind, { source, result, dkim, spf, detail, count }) {
  if (kind === 'tls') return `${many(count, 'connection')} ${result ? `failed${source ? ` with ${source}` : ''}: ${result}` : 'worked'}${detail ? ` (policy ${detail})` : ''}`;
  const proof = dkim === 'pass' || spf === 'pass' ? 'passed' : 'failed';
  return `${many(count, 'mail')} from ${source} ${proof} (DKIM ${dkim || 'none'}, SPF ${spf || 'none'})${detail ? ` as ${detail}` : ''}: ${DONE[result] ?? result}`;
}

async function details(report) {
  const { rows, contact, report_id: id } = await get(`${PATH}/${report.id}`);
  return element('div', { className: 'deeds' },
    element('ul', { className: 'plain' }, rows.map((one) => element('li', { textContent: told(report.kind, one) }))),
    element('p', { className: 'hint', textContent: `Report ${id}${contact ? `, by ${contact}` : ''}` }));
}

function reportRow(report) {
  const name = `${report.organization || report.contact || 'Somebody'} on ${report.domain}`;
  const more = button('Show', async () => {
    const open = more.getAttribute('aria-expanded') === 'true';
    if (open) node.querySelector('.deeds').remove();
    else node.append(await details(report));
    more.setAttribute('aria-expanded', String(!open));
  }, { className: 'quiet', 'aria-expanded': 'false', 'aria-label': `Show the report of ${name}, ${day(report.begin * 1000)}` });
  const node = row([name, badge(report.kind === 'tls' ? 'TLS' : 'DMARC'), report.failed > 0 ? badge(`${report.failed} failed`, 'bad') : badge('all passed', 'good')],
    [day(report.begin * 1000), many(report.passed + report.failed, report.kind === 'tls' ? 'connection' : 'mail')], more);
  return node;
}

export async function show() {
  const rows = element('ul', { className: 'rows', id: 'reports' });
  const more = button('Older reports', () => load(), { className: 'quiet' });
  let filter = {};
  let next = 0;

  async function load() {
    const page = await get(`${PATH}?${new URLSearchParams({ ...filter, ...(next && { before: next }) })}`);
    if (!next) rows.replaceChildren();
    rows.append(...page.reports.map(reportRow));
    if (!rows.children.length) rows.append(element('li', { className: 'hint', textContent: 'There is none yet. Other servers send one a day, once the records that ask for them are published.' }));
    next = page.next ?? 0;
    more.hidden = !next;
  }
  await load();
  return card(null, paragraph('Mail that failed came from somebody else in your name, or from a server of yours that does not sign. TLS that failed kept mail away.', 'hint'),
    form({
      className: 'inline',
      fields: [
        field({ name: 'kind', label: 'Kind', type: 'select', options: [['', 'All'], ['dmarc', 'DMARC: in our name'], ['tls', 'TLS: to us']] }),
        field({ name: 'domain', label: 'Domain', type: 'search', maxLength: 254 }),
      ],
      submit: 'Show',
      async send(values) {
        filter = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
        next = 0;
        await load();
      },
    }), rows, more);
}
