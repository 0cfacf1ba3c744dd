// account/filter.js: one filter of mail: told in words, and changed in a dialog.
import { askFirst } from '../dialog.js';
import { element } from '../dom.js';
import { field } from '../form.js';
import { size } from '../text.js';

const PARTS = { from: 'sender', to: 'recipient', subject: 'subject', list: 'mailing list' };

// "sender has “bank” → move to Money".
export function told({ match = 'all', if: conditions, then }) {
  const when = Object.entries(PARTS).filter(([name]) => conditions[name]).map(([name, text]) => `${text} has “${conditions[name]}”`);
  if (conditions.has_attachment !== undefined) when.push(conditions.has_attachment ? 'has attachments' : 'has no attachments');
  if (conditions.larger_than !== undefined) when.push(`larger than ${size(conditions.larger_than)}`);
  const what = [
    then.move && `move to ${then.move}`, then.discard && 'move to the trash', then.seen && 'mark as read', then.flagged && 'flag',
    then.keywords && `tag ${then.keywords.join(', ')}`, then.stop && 'stop',
  ].filter(Boolean);
  return `${when.join(match === 'any' ? ' or ' : ' and ')} → ${what.join(', ')}`;
}

const part = (legend, ...fields) => element('fieldset', {}, element('legend', { textContent: legend }), fields);

function fields(filter) {
  const { name, enabled = true, match = 'all', if: conditions = {}, then = {} } = filter ?? {};
  const attachment = conditions.has_attachment;
  return [
    field({ name: 'name', label: 'Name', value: name, required: true, maxLength: 100 }),
    part('When',
      field({ name: 'match', label: 'Must hold', type: 'select', options: [['all', 'All of these'], ['any', 'Any of these']], value: match }),
      Object.entries(PARTS).map(([one, text]) => field({ name: one, label: `The ${text} has`, value: conditions[one], maxLength: 200 })),
      field({ name: 'has_attachment', label: 'Attachments', type: 'select', options: [['', 'With or without'], ['yes', 'With'], ['no', 'Without']], value: attachment === undefined ? '' : attachment ? 'yes' : 'no' }),
      field({ name: 'larger_than', label: 'Larger than (KB)', type: 'number', min: 0, max: 1048576, value: conditions.larger_than === undefined ? '' : conditions.larger_than / 1024, step: 'any' })),
    part('Then',
      field({ name: 'move', label: 'Move to the mailbox', value: then.move, maxLength: 200 }),
      field({ name: 'keywords', label: 'Tag with', value: then.keywords?.join(' '), hint: 'Up to ten words.' }),
      field({ name: 'seen', label: 'Mark as read', type: 'checkbox', value: then.seen }),
      field({ name: 'flagged', label: 'Flag', type: 'checkbox', value: then.flagged }),
      field({ name: 'discard', label: 'Move to the trash', type: 'checkbox', value: then.discard }),
      field({ name: 'stop', label: 'Try no further filters', type: 'checkbox', value: then.stop })),
    field({ name: 'enabled', label: 'In use', type: 'checkbox', value: enabled }),
  ];
}

// The filter that the fields say; throws when nothing is asked of it.
function made(values) {
  const filter = { name: values.name, enabled: values.enabled, match: values.match, if: {}, then: {} };
  for (const name of Object.keys(PARTS)) if (values[name]) filter.if[name] = values[name];
  if (values.has_attachment) filter.if.has_attachment = values.has_attachment === 'yes';
  if (values.larger_than !== '') filter.if.larger_than = Math.round(Number(values.larger_than) * 1024);
  if (values.move) filter.then.move = values.move;
  if (values.keywords) filter.then.keywords = values.keywords.split(/[\s,]+/).filter(Boolean);
  for (const name of ['seen', 'flagged', 'discard', 'stop']) if (values[name]) filter.then[name] = true;
  if (!Object.keys(filter.if).length) throw Object.assign(new Error('Say at least one thing that must hold.'), { field: 'from' });
  if (!Object.keys(filter.then).length) throw Object.assign(new Error('Say what is to be done.'), { field: 'move' });
  return filter;
}

// `filter` null: a new one.
export const editFilter = (filter, save) => askFirst({
  title: filter ? 'Change the filter' : 'New filter',
  fields: fields(filter),
  submit: 'Save',
  send: (values) => save(made(values)),
});
