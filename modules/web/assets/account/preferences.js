// account/preferences.js: what the person prefers, as forms made from the schema that the server
// checks them against (mail programs, filters and signature have a page of their own: mail.js).
import { get } from '../api.js';
import { card, element } from '../dom.js';
import { field, form } from '../form.js';
import { changePreferences, isOn, session } from '../session.js';

const LABELS = {
  date_format: 'Dates', keep_raw: 'Keep streams as they came', auto_queen: 'Always promote to a queen', base_s: 'Clock', increment_s: 'Increment',
};
const OPTIONS = {
  system: 'As the device', light: 'Light', dark: 'Dark', language: 'As usual in the language', iso: '2026-11-23',
  'day-month': '23/11/2026', 'month-day': '11/23/2026', mail: 'Mail', video: 'Live video', game: 'Games',
};

const words = (name) => LABELS[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');

const isScalar = (schema) => ['string', 'integer', 'boolean'].includes(schema.type);
const isGroup = (schema) => schema.type === 'object' && Object.values(schema.properties).every(isScalar) && schema.properties.base_s;

// The page to begin with is one that is there.
const choicesOf = (name, schema) => (name === 'start_page' ? schema.enum.filter(isOn) : schema.enum);

function control(name, schema, value) {
  const common = { name, label: words(name), hint: schema.description };
  if (schema.enum) {
    return field({ ...common, type: 'select', options: choicesOf(name, schema).map((one) => [one, OPTIONS[one] ?? one]), value: value ?? schema.default });
  }
  if (schema.type === 'boolean') return field({ ...common, type: 'checkbox', value: value ?? schema.default });
  if (schema.type === 'integer') {
    return field({ ...common, type: 'number', min: schema.minimum, max: schema.maximum, step: 1, placeholder: schema.default ?? '', value });
  }
  return field({ ...common, maxLength: schema.maxLength ?? 200, placeholder: schema.default ?? '', value });
}

const fieldsOf = (properties, document) => Object.entries(properties).flatMap(([name, schema]) => {
  if (isScalar(schema)) return control(name, schema, document?.[name]);
  return isGroup(schema) ? fieldsOf(schema.properties, document?.[name]) : [];
});

// What a form says as a merge patch: an empty field is taken out, so that it has its default.
function patchOf(properties, values) {
  const patch = {};
  for (const [name, schema] of Object.entries(properties)) {
    if (isGroup(schema)) {
      const inner = patchOf(schema.properties, values);
      const given = (schema.required ?? []).every((one) => inner[one] !== null);
      patch[name] = given ? inner : null;
    } else if (isScalar(schema)) {
      const value = values[name];
      if (value === '') patch[name] = null;
      else patch[name] = schema.type === 'integer' ? Number(value) : value;
    }
  }
  return patch;
}

export async function show() {
  const schema = await get('/api/auth/preferences/schema');
  const place = element('div');
  const draw = (why) => place.replaceChildren(
    why ? element('p', { className: 'problem', role: 'alert', textContent: why }) : '',
    ...Object.entries(schema.properties).filter(([part]) => part === 'general' || isOn(part)).map(([part, { title, properties }]) => card(title, form({
      fields: fieldsOf(properties, session.preferences[part]),
      submit: 'Save',
      async send(values, node) {
        try {
          await changePreferences({ [part]: patchOf(properties, values) });
        } catch (problem) {
          if (!problem.stale) throw problem;
          draw(problem.message);
          return;
        }
        node.say('Saved.');
      },
    }))));
  draw();
  return place;
}
