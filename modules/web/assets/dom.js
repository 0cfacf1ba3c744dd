// dom.js: making elements. Text that came from people goes in as text, never as markup.

// An element with properties (those with a dash or `role` are attributes) and children.
export function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (key.includes('-') || key === 'role' || key === 'for' || key === 'list') node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

// What is said at the top of the page, in place of what was said before.
export function notice(...what) {
  byId('notice').replaceChildren(...what.filter(Boolean));
}

// What it does may take a while: until then it does nothing else, and why it failed is told. When it
// took itself away, the focus goes to the page's heading instead of nowhere.
export function button(textContent, act, properties = {}) {
  const node = element('button', { type: 'button', textContent, ...properties });
  node.addEventListener('click', async () => {
    if (node.getAttribute('aria-busy')) return;
    node.setAttribute('aria-busy', 'true');
    try {
      await act();
    } catch (problem) {
      notice(problem.message);
    }
    node.removeAttribute('aria-busy');
    if (!node.isConnected && document.activeElement === document.body)
      [...document.querySelectorAll('.page > h2')].find((heading) => heading.checkVisibility())?.focus();
  });
  return node;
}

export const paragraph = (textContent, className) => element('p', { textContent, className: className || '' });

// A part of a page: a heading, and what is below it.
export function card(title, ...children) {
  return element('section', { className: 'card' }, title && element('h3', { textContent: title }), ...children);
}

// Rows of something, or a sentence when there are none.
export function list(rows, none, properties = {}) {
  if (!rows.length) return paragraph(none, 'hint');
  return element('ul', { className: 'rows', ...properties }, rows);
}

// One of those rows: a title, small lines of facts, what can be done.
export function row(title, facts, ...actions) {
  return element('li', {},
    element('div', { className: 'what' },
      element('strong', {}, title),
      facts.filter(Boolean).map((fact) => element('span', { className: 'fact' }, fact))),
    actions.filter(Boolean).length ? element('div', { className: 'row' }, actions) : null);
}

// Something that is about to be there; replaced by it, or by why it is not.
export function later(promise) {
  const place = element('div', { className: 'later', 'aria-busy': 'true' });
  promise.then((node) => place.replaceWith(node), (problem) => {
    place.removeAttribute('aria-busy');
    place.replaceChildren(element('p', { className: 'problem', role: 'alert', textContent: problem.message }));
  });
  return place;
}
