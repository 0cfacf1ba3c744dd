// admin/accounts.js: the accounts of this server: found, given a role, disabled, bounded; what is kept
// for each, a link for a new password, the end.
import { get, patch, post, remove } from '../api.js';
import { button, card, element, paragraph, row } from '../dom.js';
import { askFirst, secretOnce } from '../dialog.js';
import { field, form } from '../form.js';
import { session } from '../session.js';
import { day, size } from '../text.js';
import { ownProof, proofFields, proven } from '../account/proof.js';
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
      ...(isAdmin() ? proofFields({ required: false, hint: 'Only to give rights.' }) : []),
    ],
    submit: 'Save',
    async send({ role, quota, disabled, code }) {
      const bytes = quota === '' ? null : Math.round(Number(quota) * MB);
      const was = account.own_quota ? account.quota : null;
      changed(await patch(`${PATH}/${account.id}`, isAdmin()
        ? { role, ...(code && { code }), ...(disabled !== account.disabled && { disabled }), ...(bytes !== was && { quota: bytes }) }
        : { disabled }));
    },
  });
}

const NAMES = { auth: 'pictures and exports', mail: 'mail', video: 'video', game: 'games' };

// What is kept for somebody, module by module.
async function storage(account, place) {
  const { used, quota, modules } = await get(`${PATH}/${account.id}/storage`);
  place.replaceChildren(element('p', { textContent: `${size(used)} in all${quota ? ` of ${size(quota)}` : ''}` }),
    element('ul', { className: 'plain' }, Object.entries(modules).map(([name, bytes]) =>
      element('li', { textContent: `${NAMES[name] ?? name}: ${size(bytes)}` }))));
}

// What an administrator does to somebody's account for good; never to their own.
function deeds(account, node) {
  const place = element('div', { className: 'facts' });
  const path = `${PATH}/${account.id}`;
  const gone = () => node.replaceWith(element('li', { className: 'hint', textContent: `${account.address} is deleted.` }));
  const reset = async () => {
    const answer = await askFirst({
      title: 'New password', submit: 'Make the link', fields: ownProof(),
      text: `A link lets ${account.address} choose a new password. The old one opens nothing from now on, and they are signed out everywhere, mail programs too.`,
      send: (values) => post(`${path}/reset`, values),
    });
    if (answer) place.replaceChildren(secretOnce({ title: `A new password for ${account.address}`, text: 'The link is shown only now, and works once, within a day. Give it to them by a way that only they read.', secret: answer.link }));
  };
  const factors = async () => {
    const done = await askFirst({
      title: 'Take the second factors away', submit: 'Take them away', danger: true, fields: ownProof(),
      text: `${account.address} then signs in with the password alone. Be sure that it is they who asked you.`,
      send: (values) => remove(`${path}/factors`, values),
    });
    if (done) place.replaceChildren(paragraph('The second factors are gone.'));
  };
  const end = async () => {
    const done = await askFirst({
      title: `Delete ${account.address}`, submit: 'Delete for good', danger: true, fields: ownProof(),
      text: 'Mail, films, games and everything else of this account go at once, and nobody can bring them back. The address rests before somebody else can have it.',
      send: (values) => remove(path, values),
    });
    if (done) gone();
  };
  const failed = (problem) => place.replaceChildren(element('p', { className: 'problem', role: 'alert', textContent: problem.message }));
  storage(account, place).catch(failed);
  return element('div', { className: 'deeds' }, place, element('div', { className: 'row' },
    account.id !== session.account.id && button('New password …', () => reset().catch(failed), { className: 'quiet', 'aria-label': `New password for ${account.address}` }),
    account.id !== session.account.id && account.second_factor && button('Second factors away …', () => factors().catch(failed), { className: 'quiet', 'aria-label': `Take the second factors of ${account.address} away` }),
    account.id !== session.account.id && button('Delete …', () => end().catch(failed), { className: 'quiet danger', 'aria-label': `Delete ${account.address}` })));
}

function accountRow(account) {
  const more = isAdmin() && button('More', () => {
    const open = more.getAttribute('aria-expanded') === 'true';
    more.setAttribute('aria-expanded', String(!open));
    if (open) node.querySelector('.deeds').remove();
    else node.append(deeds(account, node));
  }, { className: 'quiet', 'aria-expanded': 'false', 'aria-label': `More of ${account.address}` });
  const node = row([account.address, account.role === 'member' ? '' : badge(account.role), account.disabled ? badge('disabled') : ''],
    [`number ${account.id}`, `since ${day(account.created_at)}`, account.second_factor ? 'two steps' : 'password only',
      account.quota ? size(account.quota) : 'no bound'],
    (isAdmin() || account.role === 'member') && button('Change', () => change(account, (now) => node.replaceWith(accountRow(now))), { className: 'quiet', 'aria-label': `Change ${account.address}` }),
    more);
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
    await proven((proof) => post('/api/auth/addresses/free', { ...values, ...proof }));
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
  }), rows, more,
  isAdmin() && element('p', { className: 'hint' }, 'Somebody new? ', element('a', { href: '#admin/invitations', textContent: 'Invite them' }), '.')), isAdmin() && freeing()];
}
