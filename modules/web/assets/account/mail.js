// account/mail.js: the signature with its pictures, and the filters.
import { button, card, element, list, paragraph, row } from '../dom.js';
import { field, form } from '../form.js';
import { changePreferences, loadPreferences, session } from '../session.js';
import { attachments } from './attachments.js';
import { editFilter, told } from './filter.js';

const pictures = (html) => [...new Set([...html.matchAll(/cid:([A-Za-z0-9._~-]+)/g)].map(([, name]) => name))].slice(0, 10);

function signatureCard() {
  const { enabled = true, text = '', html = '' } = session.preferences.mail?.signature ?? {};
  return card('Signature', form({
    fields: [
      field({ name: 'enabled', type: 'checkbox', label: 'Put it under new messages', value: enabled }),
      field({ name: 'text', type: 'textarea', label: 'As plain text', maxLength: 2000, value: text }),
      field({ name: 'html', type: 'textarea', label: 'As HTML (optional)', maxLength: 10000, value: html, spellcheck: false, hint: 'A picture from below is shown by <img src="cid:NAME">.' }),
    ],
    submit: 'Save',
    async send(values, node) {
      await changePreferences({ mail: { signature: { ...values, images: pictures(values.html) } } });
      node.say('Saved.');
    },
  }));
}

function filtersCard() {
  const place = element('div');
  const filters = () => session.preferences.mail?.filters ?? [];

  // Each change sends all of them: their order is what they mean.
  async function save(next) {
    await changePreferences({ mail: { filters: next } });
    draw();
  }

  const attempt = (next) => save(next).catch((problem) => draw(problem.message));

  function moved(at, by) {
    const next = [...filters()];
    next.splice(at + by, 0, ...next.splice(at, 1));
    return next;
  }

  function filterRow(filter, at, all) {
    const arrow = (by, sign, word) => button(sign, () => attempt(moved(at, by)), {
      className: 'quiet', 'aria-label': `Move ${filter.name} ${word}`, disabled: at + by < 0 || at + by >= all.length,
    });
    return row([filter.name, filter.enabled === false ? element('em', { className: 'badge', textContent: 'off' }) : ''], [told(filter)],
      arrow(-1, '↑', 'up'), arrow(1, '↓', 'down'),
      button('Change', () => editFilter(filter, (changed) => save(filters().with(at, changed))), { className: 'quiet', 'aria-label': `Change ${filter.name}` }),
      button('Remove', () => attempt(filters().toSpliced(at, 1)), { className: 'quiet', 'aria-label': `Remove ${filter.name}` }));
  }

  function draw(why) {
    place.replaceChildren(
      why ? element('p', { className: 'problem', role: 'alert', textContent: why }) : '',
      list(filters().map(filterRow), 'There is none yet: all mail goes to the inbox.', { id: 'filters' }),
      button('New filter', () => editFilter(null, (made) => save([...filters(), made]))));
  }

  draw();
  return card('Filters', paragraph('They sort mail as it arrives: tried from the top, and each that holds is done.'), place);
}

export async function show() {
  await loadPreferences();
  return [filtersCard(), signatureCard(), attachments()];
}
