// account/sessions.js: where one is signed in, and the devices that are asked for no second step.
import { get, remove } from '../api.js';
import { button, card, element, list, row } from '../dom.js';
import { ago, day, device } from '../text.js';

const facts = (one) => [
  one.network && `from ${one.network}`,
  `last used ${ago(one.used_at ?? one.created_at)}`,
  `since ${day(one.created_at)}`,
];

export async function show() {
  const place = element('div');

  async function draw() {
    const [{ sessions }, { devices }] = await Promise.all([get('/api/auth/sessions'), get('/api/auth/devices')]);
    const end = (path, label) => button('End', async () => {
      await remove(path);
      await draw();
    }, { className: 'quiet', 'aria-label': label });
    sessions.sort((a, b) => (b.current ?? false) - (a.current ?? false) || (b.used_at ?? b.created_at) - (a.used_at ?? a.created_at));
    place.replaceChildren(
      card('Signed in',
        list(sessions.map((one) => row(
          [device(one.device), one.current ? element('em', { className: 'badge', textContent: 'this one' }) : ''],
          facts(one),
          !one.current && end(`/api/auth/sessions/${one.id}`, `End ${device(one.device)}, last used ${ago(one.used_at ?? one.created_at)}`))),
        'There is none.', { id: 'sessions' }),
        sessions.length > 1 && button('End all others', async () => {
          await remove('/api/auth/sessions');
          await draw();
        })),
      card('Trusted devices',
        list(devices.map((one) => row(device(one.device), [...facts(one), one.expires_at && `until ${day(one.expires_at)}`],
          end(`/api/auth/devices/${one.id}`, `Trust ${device(one.device)} no longer`))),
        'Every sign-in asks for the second step, where there is one.', { id: 'devices' })));
  }

  await draw();
  return place;
}
