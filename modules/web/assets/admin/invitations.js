// admin/invitations.js: links with which people make their accounts.
import { get, post, remove } from '../api.js';
import { button, card, element, list, paragraph, row } from '../dom.js';
import { secretOnce } from '../dialog.js';
import { choices, field, form } from '../form.js';
import { day } from '../text.js';
import { proofFields } from '../account/proof.js';
import { ROLES } from './roles.js';

const PATH = '/api/auth/invitations';
const PAGE = 50;

export async function show() {
  const there = element('div');
  const made = element('div');
  const { groups } = await get('/api/auth/groups');
  const titles = new Map(groups.map((group) => [group.id, group.title]));

  // Those behind the last that is shown, or from the start.
  async function draw(before) {
    const { invitations } = await get(`${PATH}?limit=${PAGE}${before ? `&before=${before}` : ''}`);
    const older = invitations.length === PAGE
      && button('Older invitations', () => { older.remove(); return draw(invitations.at(-1).id); }, { className: 'quiet' });
    if (!before) there.replaceChildren();
    there.append(list(invitations.map((one) => row(
      [one.note || one.address || 'Anybody with the link', one.role === 'member' ? '' : element('em', { className: 'badge', textContent: one.role })],
      [one.note && one.address, one.uses_left === 1 ? 'once' : `${one.uses_left} times`, one.expires_at && `until ${day(one.expires_at)}`,
        one.groups.length && `into ${one.groups.map((id) => titles.get(id) ?? id).join(', ')}`],
      button('End', async () => { await remove(`${PATH}/${one.id}`); await draw(); }, { className: 'quiet', 'aria-label': `End the invitation of ${day(one.created_at)}` }))),
    before ? 'That was all.' : 'There is none that can still be used.', before ? {} : { id: 'invitations' }), older || '');
  }

  await draw();
  return [
    card(null, paragraph('Who opens the link chooses a password and has an account. Send it by a way that only they read.'), there),
    made,
    card('New invitation', form({
      fields: [
        field({ name: 'note', label: 'Note for yourself', maxLength: 100, placeholder: 'Anna of the choir' }),
        field({ name: 'address', label: 'Only for the address', autocapitalize: 'none', spellcheck: false, hint: 'Empty: they choose one.' }),
        field({ name: 'reserved', label: 'A name such as postmaster or webmaster is meant', type: 'checkbox', hint: 'Such a name speaks for whoever runs the server.' }),
        field({ name: 'role', label: 'Role', type: 'select', options: ROLES, value: 'member' }),
        ...proofFields({ required: false, hint: 'Only for moderators and administrators.' }),
        groups.length > 0 && choices('groups', 'Into the groups', groups.map((group) => [group.id, group.title])),
        field({ name: 'uses', label: 'How many people', type: 'number', min: 1, value: 1, required: true }),
        field({ name: 'expires_days', label: 'Days it is valid', type: 'number', min: 1, value: 7, required: true }),
      ],
      submit: 'Make the invitation',
      reset: true,
      async send({ note, address, reserved, role, code, groups: chosen = [], uses, expires_days: days }) {
        const answer = await post(PATH, {
          role, uses: Number(uses), expires_days: Number(days), ...(code && { code }), ...(note && { note }), ...(address && { address }), ...(reserved && { reserved }),
          ...(chosen.length && { groups: chosen.map(Number) }),
        });
        made.replaceChildren(secretOnce({ title: 'Your invitation', text: 'The link is shown only now.', secret: answer.link }));
        await draw();
      },
    })),
  ];
}
