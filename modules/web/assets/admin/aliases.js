// admin/aliases.js: addresses that lead to others: aliases, catch-alls, domain aliases.
import { get, post, remove } from '../api.js';
import { button, card, element, paragraph, row } from '../dom.js';
import { askFirst } from '../dialog.js';
import { field, form } from '../form.js';
import { proven } from '../account/proof.js';

const PATH = '/api/auth/aliases';

const badge = (text) => element('em', { className: 'badge', textContent: text });

const kind = ({ address, target }) => (address.startsWith('@') ? (target.startsWith('@') ? 'the whole domain' : 'all that nobody has') : '');

export async function show() {
  const rows = element('ul', { className: 'rows', id: 'aliases' });
  const more = button('More', () => load(), { className: 'quiet' });
  let search = '';
  let next = 0;

  async function drop(alias, node) {
    const done = await askFirst({
      title: `Remove ${alias.address}?`, submit: 'Remove', danger: true,
      text: `Mail to ${alias.address} does not reach ${alias.target} any more. What nothing is left of rests before an account or a group can have its name.`,
      send: () => proven((proof) => remove(`${PATH}/${alias.id}`, proof)),
    });
    if (done) node.replaceWith(element('li', { className: 'hint', role: 'status', textContent: `${alias.address} does not lead to ${alias.target} any more.` }));
  }

  function aliasRow(alias) {
    const node = row([alias.address, ' → ', alias.target, kind(alias) ? badge(kind(alias)) : '', alias.may_write ? badge('may write as it') : ''], [],
      button('Remove …', () => drop(alias, node), { className: 'quiet', 'aria-label': `Remove ${alias.address} to ${alias.target}` }));
    return node;
  }

  async function load() {
    const page = await get(`${PATH}?${new URLSearchParams({ ...(search && { search }), ...(next && { after: next }) })}`);
    if (!next) rows.replaceChildren();
    rows.append(...page.aliases.map(aliasRow));
    if (!rows.children.length) rows.append(element('li', { className: 'hint', textContent: search ? 'There is none like this.' : 'There is none yet.' }));
    next = page.next ?? 0;
    more.hidden = !next;
  }
  const again = () => {
    next = 0;
    return load();
  };

  await load();
  return [
    card(null, form({
      className: 'inline',
      fields: [field({ name: 'search', label: 'Part of an address', type: 'search', maxLength: 254 })],
      submit: 'Search',
      send(values) {
        ({ search } = values);
        return again();
      },
    }), rows, more),
    card('New alias', form({
      fields: [
        field({ name: 'address', label: 'Address', required: true, autocapitalize: 'none', spellcheck: false, placeholder: 'info@example.org', hint: 'Or @example.org: whatever nobody has at that domain; or, where it leads to another domain, all of it.' }),
        field({ name: 'targets', label: 'Leads to', type: 'textarea', rows: 3, required: true, autocapitalize: 'none', spellcheck: false, hint: 'Addresses here or elsewhere, with commas or lines between; or the one @domain.' }),
        field({ name: 'may_write', label: 'Whom it leads to may write as this address', type: 'checkbox', hint: 'Who alone gets its mail may anyway.' }),
      ],
      submit: 'Make the alias',
      reset: true,
      async send({ targets, ...values }, node) {
        await proven((proof) => post(PATH, { ...values, targets: targets.split(/[\s,;]+/).filter(Boolean), ...proof }));
        await again();
        node.say('It leads there now.');
      },
    }), paragraph('Mail to an address elsewhere goes on in this server’s name (SRS).', 'hint')),
  ];
}
