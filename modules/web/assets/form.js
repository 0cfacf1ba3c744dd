// form.js: forms whose problems are shown beside the field that the server names, and which count
// down while the server wants nothing more of this kind.
import { element } from './dom.js';
import { duration } from './text.js';

let ids = 0;

// A control with its label; `hint` is a sentence below it. Types beyond those of <input>: textarea,
// select (with options: [value, text][]), checkbox (its label behind it).
export function field({ name, label, hint, type = 'text', options, value, ...rest }) {
  const id = `field-${++ids}`;
  const notes = [hint && `${id}-hint`, `${id}-problem`].filter(Boolean).join(' ');
  const properties = { id, name, 'aria-describedby': notes, ...rest };
  let control;
  if (type === 'select')
    control = element('select', properties, options.map(([key, text]) =>
      element('option', { value: key, textContent: text, defaultSelected: key === value })));
  else if (type === 'textarea') control = element('textarea', { rows: 4, ...properties });
  else control = element('input', { type, ...properties });
  // The default, too: what a form that is used again begins with.
  if (type === 'checkbox') control.defaultChecked = Boolean(value);
  else if (type !== 'select' && value !== undefined && value !== null) control.defaultValue = value;
  const text = element('label', { for: id, textContent: label });
  return element('div', { className: type === 'checkbox' ? 'field check' : 'field' },
    ...(type === 'checkbox' ? [control, text] : [text, control]),
    hint && element('small', { id: `${id}-hint`, className: 'hint', textContent: hint }),
    element('small', { id: `${id}-problem`, className: 'problem', role: 'alert' }));
}

export const password = (name, label, more = {}) =>
  field({ name, label, type: 'password', required: true, autocomplete: 'current-password', ...more });

// The digits that an app or a message shows.
export const code = (label, more = {}) => field({
  name: 'code', label, inputMode: 'numeric', autocomplete: 'one-time-code', required: true, maxLength: 12, className: 'code', ...more,
});

// Several checkboxes under one heading; their values come as a list.
export function choices(name, legend, options, hint) {
  const id = `field-${++ids}`;
  return element('fieldset', { className: 'field choices', 'aria-describedby': `${id}-problem` },
    element('legend', { textContent: legend }),
    options.map(([value, text, checked]) => element('label', {},
      element('input', { type: 'checkbox', name, value, defaultChecked: Boolean(checked) }), ` ${text}`)),
    hint && element('small', { className: 'hint', textContent: hint }),
    element('small', { id: `${id}-problem`, className: 'problem', role: 'alert' }));
}

function read(form) {
  const values = {};
  for (const control of form.elements) {
    if (!control.name || control.disabled) continue;
    if (control.closest('.choices')) {
      values[control.name] ??= [];
      if (control.checked) values[control.name].push(control.value);
    } else if (control.type === 'checkbox') values[control.name] = control.checked;
    else if (control.type === 'file') [values[control.name]] = control.files;
    else values[control.name] = control.type === 'password' ? control.value : control.value.trim();
  }
  return values;
}

function clear(form) {
  for (const place of form.querySelectorAll('.problem')) place.textContent = '';
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

function place(form, problem) {
  // A pointer into a document ("/mail/page_size") ends with the field's name.
  const name = String(problem.field ?? '').split('/').pop();
  const control = name === '' ? null : [...form.elements].find((one) => one.name === name);
  const where = control?.closest('.field')?.querySelector('.problem');
  if (where) {
    where.textContent = problem.message;
    control.setAttribute('aria-invalid', 'true');
    control.focus();
  } else {
    form.querySelector(':scope > .problem').textContent = problem.message;
  }
}

// Waits as long as the server asked, saying how long; the form can be sent again afterwards.
function wait(form, submit, problem) {
  const where = form.querySelector(':scope > .problem');
  const end = Date.now() + problem.wait * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    submit.disabled = left > 0;
    where.textContent = left > 0 ? problem.message : 'You can try again now.';
    count.textContent = left > 0 ? `Try again in ${duration(left)}.` : '';
    if (left <= 0 || !form.isConnected) clearInterval(timer);
  };
  const count = form.querySelector('.countdown');
  const timer = setInterval(tick, 500);
  tick();
}

// A form: `send(values, form)` does what it is for; a Problem it throws is shown where it belongs.
export function form({ submit, fields, send, className, reset = false, danger = false, more = [] }) {
  const act = element('button', { type: 'submit', textContent: submit, className: danger ? 'danger' : '' });
  const said = element('span', { className: 'said', role: 'status' });
  const node = element('form', { className: className || '', noValidate: false }, fields,
    element('p', { className: 'problem', role: 'alert' }),
    element('p', { className: 'countdown', role: 'timer' }),
    element('div', { className: 'row' }, act, more, said));
  node.say = (text) => { said.textContent = text; };
  node.act = act;
  node.addEventListener('input', ({ target }) => {
    node.say('');
    // What was wrong there is about to be another.
    if (!target.hasAttribute('aria-invalid')) return;
    target.removeAttribute('aria-invalid');
    target.closest('.field').querySelector('.problem').textContent = '';
  });
  node.addEventListener('submit', async (event) => {
    event.preventDefault();
    clear(node);
    node.say('');
    act.disabled = true;
    act.setAttribute('aria-busy', 'true');
    try {
      const values = read(node);
      await send(values, node);
      if (reset) node.reset();
      act.disabled = false;
    } catch (problem) {
      act.disabled = false;
      if (problem.wait && problem.status === 429) wait(node, act, problem);
      else place(node, problem);
    }
    act.removeAttribute('aria-busy');
  });
  return node;
}
