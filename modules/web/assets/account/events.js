// account/events.js: what happened to one's account, the newest first.
import { get } from '../api.js';
import { button, card, element, paragraph } from '../dom.js';
import { device, minute } from '../text.js';

const PAGE = 50;
const WORDS = {
  'account.made': 'Account made',
  'account.registered': 'Account made',
  'account.disabled': 'Account disabled by an administrator',
  'account.enabled': 'Account enabled by an administrator',
  'app_password.made': 'App password made',
  'app_password.ended': 'App password ended',
  'device.trusted': 'Device trusted',
  'device.ended': 'Trusted device removed',
  'export.asked': 'Export of your data asked for',
  'factor.enrolled': 'Second factor set up',
  'factor.removed': 'Second factor removed',
  'factor.recovery_codes': 'New recovery codes made',
  'group.made': 'Group made',
  'alias.added': 'Another address leads to you',
  'group.joined': 'Put into a group by an administrator',
  'invitation.made': 'Invitation made',
  'password.changed': 'Password changed',
  'password.reset_link': 'Link for a new password made',
  'phone.changed': 'Phone changed',
  'phone.removed': 'Phone removed',
  'role.changed': 'Role changed',
  'second_address.removed': 'Second address removed',
  'second_address.set': 'Second address named',
  'session.opened': 'Signed in',
  'session.ended': 'Signed out or session ended',
  'session.wrong_code': 'Wrong code at sign-in',
  'factor.wrong_code': 'Wrong code at a change of the second factors',
  'sessions.ended': 'Other sessions ended',
  'token.made': 'API token made',
  'token.ended': 'API token ended',
};
const DETAILS = { totp: 'authenticator app', sms: 'code by SMS', recovery: 'recovery code' };
const ALARMS = new Set(['session.wrong_code', 'factor.wrong_code', 'factor.removed', 'account.disabled']);

const words = (kind) => WORDS[kind] ?? kind.replaceAll(/[._]/g, ' ');

function line(event) {
  return element('li', {}, element('div', { className: 'what' },
    element('strong', { className: ALARMS.has(event.kind) ? 'alarm' : '', textContent: words(event.kind) }),
    event.detail ? element('span', { className: 'fact', textContent: DETAILS[event.detail] ?? event.detail }) : '',
    element('span', { className: 'fact' }, element('time', { dateTime: new Date(event.at).toISOString(), textContent: minute(event.at) })),
    event.device ? element('span', { className: 'fact', textContent: device(event.device) }) : '',
    event.network ? element('span', { className: 'fact', textContent: `from ${event.network}` }) : ''));
}

export async function show() {
  const rows = element('ul', { className: 'rows', id: 'events' });
  const older = button('Older events', () => load(), { className: 'quiet' });
  let last = null;

  async function load() {
    const { events } = await get(`/api/auth/events?limit=${PAGE}${last ? `&before=${last}` : ''}`);
    last = events.at(-1)?.id ?? last;
    rows.append(...events.map(line));
    older.hidden = events.length < PAGE;
  }

  await load();
  return card(null, paragraph('If something here was not you, change your password and end the sessions you do not know.'), rows, older);
}
