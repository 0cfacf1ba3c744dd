// account/profile.js: name, picture, time zone and languages.
import { ask, patch, remove } from '../api.js';
import { button, card, element } from '../dom.js';
import { field, form } from '../form.js';
import { session } from '../session.js';
import { size } from '../text.js';

const TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const BYTES_MAX = 5 * 1024 * 1024;

// The account as it is now, also in the head of the page.
function changed(account) {
  Object.assign(session.account, account);
  document.dispatchEvent(new Event('account-changed'));
}

const dataUrl = (file) => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = () => fail(new Error('The file cannot be read.'));
  reader.readAsDataURL(file);
});

function face(account) {
  return element('span', { className: 'face large' }, account.avatar
    ? element('img', { src: account.avatar, alt: 'Your picture' })
    : [...(account.name || account.address)][0].toUpperCase());
}

function picture() {
  const place = element('div', { className: 'picture' });
  const draw = () => {
    const chosen = field({ name: 'file', label: 'Picture', type: 'file', accept: TYPES.join(','), required: true, hint: 'JPEG, PNG or WebP, up to 5 MB. The square in its middle is used.' });
    const shown = face(session.account);
    chosen.querySelector('input').addEventListener('change', async (event) => {
      const [file] = event.target.files;
      if (!file || !TYPES.includes(file.type)) return;
      const preview = element('img', { src: await dataUrl(file), alt: 'Preview of the picture' });
      preview.onerror = () => shown.replaceChildren('?');
      shown.replaceChildren(preview);
    });
    place.replaceChildren(shown, form({
      fields: [chosen],
      submit: 'Use this picture',
      async send({ file }) {
        if (file.size > BYTES_MAX) throw Object.assign(new Error('The file is larger than 5 MB.'), { field: 'file' });
        if (!TYPES.includes(file.type)) throw Object.assign(new Error('Expected a JPEG, PNG or WebP picture.'), { field: 'file' });
        const { document: answer } = await ask('PUT', '/api/auth/me/avatar', { body: file });
        changed(answer);
        draw();
      },
      more: [session.account.avatar && button('Remove it', async () => {
        await remove('/api/auth/me/avatar');
        changed({ avatar: null });
        draw();
      }, { className: 'quiet' })].filter(Boolean),
    }));
  };
  draw();
  return place;
}

function zones() {
  const known = Intl.supportedValuesOf?.('timeZone') ?? [];
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = [...new Set([...known, here, 'UTC', session.account.time_zone].filter(Boolean))].sort();
  return [['', `As this device says (${here})`], ...all.map((zone) => [zone, zone.replaceAll('_', ' ')])];
}

export function show() {
  const { account } = session;
  return [
    card('Picture', picture()),
    card('About you', form({
      fields: [
        field({ name: 'name', label: 'Name', value: account.name, maxLength: 64, autocomplete: 'name', hint: 'As others see it.' }),
        field({ name: 'time_zone', label: 'Time zone', type: 'select', options: zones(), value: account.time_zone ?? '' }),
        field({ name: 'languages', label: 'Languages', value: account.languages.join(', '), hint: 'The one you like best first, such as de, en-GB.', autocapitalize: 'none', spellcheck: false }),
      ],
      submit: 'Save',
      async send({ name, time_zone: zone, languages }, node) {
        changed(await patch('/api/auth/me', {
          name: name || null, time_zone: zone || null, languages: languages.split(/[\s,]+/).filter(Boolean),
        }));
        node.say('Saved.');
      },
    })),
    card('Account',
      element('dl', { className: 'facts' },
        [['Address', account.address], ['Role', account.role],
          ['Storage', account.quota ? size(account.quota) : 'without bound']]
          .flatMap(([term, text]) => [element('dt', { textContent: term }), element('dd', { textContent: text })]))),
  ];
}
