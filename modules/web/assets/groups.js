// groups.js: groups of people: one's own, those that invite one and those open to all; for who looks
// after people, all of them. The server says who may what; here only what can work is offered.
import { get, patch, post, put, remove } from './api.js';
import { button, card, element, later, list, row } from './dom.js';
import { askFirst } from './dialog.js';
import { field, form } from './form.js';
import { archivePage } from './mail/archive.js';
import { heldCard } from './mail/held.js';
import { isOn, session } from './session.js';
import { subscribersCard } from './subscribers.js';
import { day } from './text.js';

const PATH = '/api/auth/groups';
const JOINING = [['owners', 'Owners invite people'], ['open', 'Anybody may join']];
const POSTING = [['anybody', 'Anybody'], ['members', 'Members'], ['owners', 'Owners'], ['moderated', 'Members; of others what an owner lets go']];
const ARCHIVE = [['off', 'No'], ['members', 'Yes, for its members to read']];
const MB = 2 ** 20;
const isAdmin = () => session.account.role === 'administrator';
const isModerator = () => session.account.role !== 'member';

const count = (n) => (n === 1 ? '1 member' : `${n} members`);
const badge = (text) => element('em', { className: 'badge', textContent: text });

const fields = (group) => [
  !group && field({ name: 'name', label: 'Name', required: true, pattern: '[A-Za-z0-9][A-Za-z0-9\\-]{0,38}[A-Za-z0-9]', autocapitalize: 'none', spellcheck: false, hint: 'Also its mail address: letters a to z, digits and dashes.' }),
  field({ name: 'title', label: 'Title', value: group?.title, maxLength: 64 }),
  field({ name: 'description', label: 'Description', type: 'textarea', value: group?.description, maxLength: 1000, rows: 3 }),
  field({ name: 'joining', label: 'Who comes in', type: 'select', options: JOINING, value: group?.joining ?? 'owners' }),
  field({ name: 'posting', label: 'Who may write to its address', type: 'select', options: POSTING, value: group?.posting ?? 'anybody', hint: 'Members and owners are those who are signed in here; a member elsewhere is known by mail that is proven to be theirs (DKIM, SPF).' }),
  isOn('mail') && field({ name: 'subject_prefix', label: 'In front of the subject of its mail', value: group?.subject_prefix, maxLength: 30, hint: 'Such as [choir]. Empty: subjects stay as they are.' }),
  isOn('mail') && field({ name: 'archive', label: 'Keep its mail in an archive', type: 'select', options: ARCHIVE, value: group?.archive ?? 'off', hint: 'Who comes later reads what was kept before.' }),
  isAdmin() && field({ name: 'quota', label: 'Storage of each member (MB)', type: 'number', min: 1, step: 'any', value: group?.quota ? group.quota / MB : '', hint: 'Where it is more than they have otherwise. Empty: says nothing.' }),
  !group && isAdmin() && field({ name: 'reserved', label: 'A name such as postmaster or webmaster is meant', type: 'checkbox', hint: 'Such a name speaks for whoever runs the server.' }),
];

// What the fields say, as the API wants it.
function read({ quota, title, ...values }) {
  return { ...values, title: title || null, ...(quota !== undefined && { quota: quota === '' ? null : Math.round(Number(quota) * MB) }) };
}

// `all`: every group the server tells, else one's own and the open ones. `name`: the group that is
// shown first, or its archive, or one mail of that.
export function groupList({ all = false, name = '', page = '', mail = '' }) {
  const place = element('div');
  const failed = (problem) => drawList(problem.message);
  const told = (why) => (why ? element('p', { className: 'problem', role: 'alert', textContent: why }) : '');

  async function drawList(why) {
    const { groups } = await get(PATH);
    const shown = groups.filter((group) => all || group.role || group.invited || group.joining === 'open')
      .sort((a, b) => Boolean(b.invited) - Boolean(a.invited));
    place.replaceChildren(
      told(why),
      card(all ? 'All groups' : null, list(shown.map((group) => row(
        [group.title, group.role ? badge(group.role) : '', group.invited ? badge(group.invited === 'owner' ? 'invites you as an owner' : 'invites you') : ''],
        [group.address ?? group.name, count(group.members), group.joining === 'open' ? 'anybody may join' : ''],
        button('Open', () => drawGroup(group.id).catch(failed), { className: 'quiet', 'aria-label': `Open ${group.title}` }),
        ...answers(group, true))),
      all ? 'There is no group yet.' : 'You are in no group.', { id: 'groups' })),
      (isAdmin() || session.config.group_creation === 'everyone') && card('New group', form({
        fields: fields(null),
        submit: 'Make the group',
        async send(values) {
          const made = await post(PATH, { ...read(values), name: values.name.toLowerCase() });
          await drawGroup(made.id);
        },
      })) || '');
  }

  const own = (id) => `${PATH}/${id}/members/${session.account.id}`;
  const join = (id) => put(own(id)).then(() => drawGroup(id)).catch(failed);
  const decline = (id) => remove(own(id)).then(() => drawList()).catch(failed);

  // What somebody can say to a group they are not in.
  const answers = (group, named) => {
    const name = (text) => (named ? { 'aria-label': `${text} ${group.title}` } : {});
    if (group.role || !(group.invited || group.joining === 'open')) return [];
    return [button('Join', () => join(group.id), name('Join')),
      group.invited && button('Decline', () => decline(group.id), { className: 'quiet', ...name('Decline') })].filter(Boolean);
  };

  function invitedRow(group, person, redraw) {
    const path = `${PATH}/${group.id}/members/${person.account}`;
    return row([person.name ?? person.address, person.role === 'owner' ? badge('owner') : ''],
      [person.name && person.address, `asked ${day(person.invited_at)}`],
      button('Take back', () => remove(path).then(() => redraw()).catch((problem) => redraw(problem.message)), { className: 'quiet', 'aria-label': `Take back the invitation of ${person.address}` }));
  }

  function personRow(group, person, redraw) {
    const path = `${PATH}/${group.id}/members/${person.account}`;
    const owner = person.role === 'owner';
    const self = person.account === session.account.id;
    const changes = group.role === 'owner' || isAdmin();
    const attempt = (promise) => promise.then(() => redraw()).catch((problem) => redraw(problem.message));
    return row([person.name ?? person.address, owner ? badge('owner') : '', self ? badge('you') : ''],
      [person.name && person.address, `since ${day(person.joined_at)}`],
      changes && button(owner ? 'Make a member' : 'Make an owner', () => attempt(put(path, { role: owner ? 'member' : 'owner' })), { className: 'quiet', 'aria-label': `${owner ? 'Make a member' : 'Make an owner'}: ${person.address}` }),
      (changes || (isModerator() && !owner)) && !self && button('Remove', () => attempt(remove(path)), { className: 'quiet', 'aria-label': `Remove ${person.address}` }));
  }

  async function drawGroup(id, why) {
    const group = await get(`${PATH}/${id}`);
    const redraw = (text) => drawGroup(id, text).catch(failed);
    const changes = mayChange(group);
    const heading = element('h3', { textContent: group.title, tabIndex: -1 });
    place.replaceChildren(...[
      button('‹ All groups', () => drawList(), { className: 'link' }),
      told(why),
      card(null, heading, element('p', { className: 'hint', textContent: `${group.address ?? group.name} · ${count(group.members)}` }),
        group.description && element('p', { className: 'lines', textContent: group.description }),
        element('div', { className: 'row' },
          group.role && button('Leave', () => remove(`${PATH}/${id}/members/${session.account.id}`).then(() => drawList()).catch((problem) => redraw(problem.message)), { className: 'quiet' }),
          mayRead(group) && button('Archive', () => drawArchive(group), { className: 'quiet' }),
          ...answers(group))),
      // What came in while it was moderated waits on when it is not any more.
      group.role === 'owner' && isOn('mail') && later(heldCard(group)),
      group.people && card('Members', list(group.people.map((person) => personRow(group, person, redraw)), 'Nobody is in it.', { id: 'people' }),
        group.invitations?.length > 0 && element('h4', { textContent: 'Asked, without an answer yet' }),
        group.invitations?.length > 0 && list(group.invitations.map((person) => invitedRow(group, person, redraw)), '', { id: 'invited' }),
        (changes || isModerator()) && form({
          fields: [field({ name: 'address', label: 'Invite somebody', required: true, autocapitalize: 'none', spellcheck: false, hint: 'The address of their account. They are in the group once they say yes.' })],
          submit: 'Invite',
          async send(values) {
            await post(`${PATH}/${id}/members`, values);
            await drawGroup(id);
          },
        })),
      changes && subscribersCard(`${PATH}/${id}`, group.subscribers ?? [], redraw),
      changes && card('The group', form({
        fields: fields(group),
        submit: 'Save',
        async send(values, node) {
          await patch(`${PATH}/${id}`, read(values));
          node.say('Saved.');
        },
        more: [button('Delete the group …', async () => {
          const done = await askFirst({
            title: `Delete “${group.title}”?`, text: 'Its members stay, its address reaches nobody any more.', submit: 'Delete', danger: true,
            send: () => remove(`${PATH}/${id}`),
          });
          if (done) await drawList();
        }, { className: 'quiet danger' })],
      })),
    ].filter(Boolean));
    heading.focus();
  }

  // What was kept before it was turned off is there for who looks after it.
  const mayChange = (group) => group.role === 'owner' || isAdmin();
  const mayRead = (group) => isOn('mail') && (mayChange(group) || (group.role && group.archive !== 'off'));

  async function drawArchive(group, one) {
    const back = button(`‹ ${group.title}`, () => drawGroup(group.id), { className: 'link' });
    place.replaceChildren(await archivePage(group, { name: one, back, changes: mayChange(group) }));
  }

  async function drawNamed() {
    const group = name && (await get(PATH)).groups.find((one) => one.name === name);
    if (group && page === 'archive') return drawArchive(group, mail);
    return group ? drawGroup(group.id) : drawList(name ? `There is no group “${name}” here.` : '');
  }

  return drawNamed().then(() => place);
}
