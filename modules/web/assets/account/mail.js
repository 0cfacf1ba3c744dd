// account/mail.js: mail programs, what is on its way, what is sent on, the filters, the signature with its
// pictures.
import { button, card, element, list, notice, paragraph, row } from '../dom.js';
import { field, form } from '../form.js';
import { changePreferences, loadPreferences, session } from '../session.js';
import { attachments } from './attachments.js';
import { editFilter, told } from './filter.js';
import { forwardCard } from './forward.js';
import { outgoingCard } from './outgoing.js';
import { programsCard } from './programs.js';

const pictures = (html) => [...new Set([...html.matchAll(/cid:([A-Za-z0-9._~-]+)/g)].map(([, name]) => name))].slice(0, 10);

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function signatureCard(attempt) {
  const { enabled = true, text = '', html = '' } = session.preferences.mail?.signature ?? {};
  return card('Signature', form({
    fields: [
      field({ name: 'enabled', type: 'checkbox', label: 'Put it under new messages', value: enabled }),
      field({ name: 'text', type: 'textarea', label: 'As plain text', maxLength: 2000, value: text }),
      field({ name: 'html', type: 'textarea', label: 'As HTML (optional)', maxLength: 10000, value: html, spellcheck: false, hint: 'A picture from below is shown by <img src="cid:NAME">.' }),
    ],
    submit: 'Save',
    async send(values, node) {
      await attempt({ signature: { ...values, images: pictures(values.html) } });
      node.say('Saved.');
    },
  }));
}

function filtersCard(attempt, redraw) {
  const filters = () => session.preferences.mail?.filters ?? [];

  // Each change sends all of them: their order is what they mean.
  const save = async (next) => {
    await attempt({ filters: next });
    redraw();
  };

  // In the list as it is now: it may have been read anew since this filter was shown.
  async function change(filter, changed) {
    const at = filters().findIndex((one) => same(one, filter));
    if (at < 0) throw new Error('This filter is no more as it was. Cancel, and look at it again.');
    await save(filters().with(at, changed));
  }

  function moved(at, by) {
    const next = [...filters()];
    next.splice(at + by, 0, ...next.splice(at, 1));
    return next;
  }

  function filterRow(filter, at, all) {
    const arrow = (by, sign, word) => button(sign, () => save(moved(at, by)), {
      className: 'quiet', 'aria-label': `Move ${filter.name} ${word}`, disabled: at + by < 0 || at + by >= all.length,
    });
    return row([filter.name, filter.enabled === false ? element('em', { className: 'badge', textContent: 'off' }) : ''], [told(filter)],
      arrow(-1, '↑', 'up'), arrow(1, '↓', 'down'),
      button('Change', () => editFilter(filter, (changed) => change(filter, changed)), { className: 'quiet', 'aria-label': `Change ${filter.name}` }),
      button('Remove', () => save(filters().toSpliced(at, 1)), { className: 'quiet', 'aria-label': `Remove ${filter.name}` }));
  }

  return card('Filters',
    paragraph('They sort mail as it arrives: tried from the top, and each that holds is done.'),
    list(filters().map(filterRow), 'There is none yet: all mail goes to the inbox.', { id: 'filters' }),
    button('New filter', () => editFilter(null, (made) => save([...filters(), made]))));
}

export async function show() {
  const place = element('div');
  const [programs, outgoing, forward] = await Promise.all([programsCard(), outgoingCard(), forwardCard()]);
  const files = attachments();

  function draw() {
    place.replaceChildren(programs, outgoing, filtersCard(attempt, draw), forward, signatureCard(attempt), files);
  }

  // What was changed elsewhere meanwhile is shown as it is now, and whoever asked says so.
  async function attempt(patch) {
    try {
      await changePreferences({ mail: patch });
    } catch (problem) {
      if (problem.stale) {
        draw();
        notice(problem.message);
      }
      throw problem;
    }
  }

  await loadPreferences();
  draw();
  return place;
}
