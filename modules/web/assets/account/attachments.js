// account/attachments.js: pictures and sounds that the preferences name (a signature's images).
import { ask, get, remove } from '../api.js';
import { button, card, element, list, paragraph, row } from '../dom.js';
import { field, form } from '../form.js';
import { size } from '../text.js';

const PATH = '/api/auth/preferences/attachments';
const TYPES = 'image/png,image/jpeg,image/webp,image/gif,audio/mpeg,audio/ogg,audio/wav';
const BYTES_MAX = 1024 * 1024;

// The name a file gets: what may stand in an address.
const nameOf = (file) => file.name.normalize('NFKD').replaceAll(/[^A-Za-z0-9._~-]+/g, '-').replace(/^[-.]+/, '').slice(-64) || 'picture';

export function attachments() {
  const place = element('div');

  async function draw() {
    const { attachments: all } = await get(PATH);
    place.replaceChildren(list(all.map((one) => row(
      [one.type.startsWith('image/') ? element('img', { className: 'thumb', src: `${PATH}/${one.name}?${one.changed_at}`, alt: '' }) : '', one.name],
      [`${one.type}, ${size(one.size)}`],
      button('Remove', async () => { await remove(`${PATH}/${one.name}`); await draw(); }, { className: 'quiet', 'aria-label': `Remove ${one.name}` }))),
    'There is none yet.', { id: 'attachments' }));
  }

  draw().catch((problem) => place.replaceChildren(paragraph(problem.message, 'problem')));
  return card('Pictures and sounds', place, form({
    fields: [field({ name: 'file', label: 'Add a file', type: 'file', accept: TYPES, required: true, hint: 'A picture or sound, up to 1 MB.' })],
    submit: 'Add',
    reset: true,
    async send({ file }) {
      if (file.size > BYTES_MAX) throw Object.assign(new Error('The file is larger than 1 MB.'), { field: 'file' });
      await ask('PUT', `${PATH}/${nameOf(file)}`, { body: file });
      await draw();
    },
  }));
}
