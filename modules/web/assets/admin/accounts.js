// admin/accounts.js: the accounts of this server: found, given a role, disabled, bounded.
import { get, patch, post } from '../api.js';
import { button, card, element, paragraph, row } from '../dom.js';
import { askFirst } from '../dialog.js';
import { field, form } from '../form.js';
import { session } from '../session.js';
import { day, size } from '../text.js';
import { ROLES } from './roles.js';

const PATH = '/api/auth/accounts';
const MB = 2 ** 20;

const badge = (text) => element('em', { className: 'badge', textContent: text });

const isAdmin = () => session.account.role === 'administrator';

// Moderators disable and enable members; administrators may all.
function change(account, changed) {
  return askFirst({
    title: account.address,
    fields: [
      isAdmin() && field({ name: 'role', label: 'Role', type: 'select', options: ROLES, value: account.role, hint: 'Who loses a role is signed out.' }),
      isAdmin() && field({ name: 'quota', label: 'Storage (MB)', type: 'number', min: 0, step: 'any', value: account.own_quota ? account.quota / MB : '', hint: 'Empty: as the server or a group says. 0: without bound.' }),
      field({ name: 'disabled', label: 'Disabled: nothing opens this account', type: 'checkbox', value: account.disabled }),
    ],
    submit: 'Save',
    async send({ role, quota, disabled }) {
      const bytes = quota === '' ? null : Math.round(Number(quota) * MB);
      const was = account.own_quota ? account.quota : null;
      changed(await patch(`${PATH}/${account.id}`, isAdmin()
        ? { role, ...(disabled !== account.disabled && { disabled }), ...(bytes !== was && { quota: bytes }) }
        : { disabled }));
    },
  });
}

function accountRow(account) {
  const node = row([account.address, account.role === 'member' ? '' : badge(account.role), account.disabled ? badge('disabled') : ''],
    [`number ${account.id}`, `since ${day(account.created_at)}`, account.second_factor ? 'two steps' : 'password only',
      account.quota ? size(account.quota) : 'no bound'],
    (isAdmin() || account.role === 'member') && button('Change', () => change(account, (now) => node.replaceWith(accountRow(now))), { className: 'quiet', 'aria-label': `Change ${account.address}` }));
  return node;
}

// The address of who left is nobody's for a while, unless an administrator says otherwise.
const freeing = () => card('An address that rests', form({
  fields: [
    paragraph('The address of a deleted account and the name of a deleted group are kept from others for a while, since mail still comes for who had them. Free one here, if it is to be given again before.', 'hint'),
    field({ name: 'address', label: 'Address', required: true, autocapitalize: 'none', spellcheck: false, inputMode: 'email' }),
  ],
  submit: 'Free it',
  async send(values, node) {
    await post('/api/auth/addresses/free', values);
    node.reset();
    node.say('Somebody else can have it now.');
  },
}));

export async function show() {
  const rows = element('ul', { className: 'rows', id: 'accounts' });
  const more = button('More accounts', () => load(), { className: 'quiet' });
  let search = '';
  let next = 0;

  async function load() {
    const query = new URLSearchParams({ ...(search && { search }), ...(next && { after: next }) });
    const page = await get(`${PATH}?${query}`);
    if (!next) rows.replaceChildren();
    rows.append(...page.accounts.map(accountRow));
    if (!rows.children.length) rows.append(element('li', { className: 'hint', textContent: 'There is none like this.' }));
    next = page.next ?? 0;
    more.hidden = !page.next;
  }

  await load();
  return [card(null, form({
    className: 'inline',
    fields: [field({ name: 'search', label: 'Part of an address', type: 'search' })],
    submit: 'Search',
    async send(values) {
      ({ search } = values);
      next = 0;
      await load();
    },
  }), rows, more), isAdmin() && freeing()];
}
