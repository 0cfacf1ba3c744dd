// pages.js: a section that has pages: their list at the side, one of them beside it. On a narrow
// screen it is either the list or a page with a way back.
import { why } from './api.js';
import { element } from './dom.js';

// `pages`: [name, title, load][]; load gives the nodes of the page, now or later, for what the address says behind
// its name.
export async function showPages(root, title, base, pages, path) {
  const named = pages.find(([name]) => name === path[0]);
  const [name, heading, load] = named ?? pages[0];
  const links = pages.map(([one, text]) => element('li', {}, element('a', {
    href: `#${base}/${one}`, textContent: text, 'aria-current': one === name ? 'page' : undefined,
  })));
  const top = element('h2', { textContent: heading, tabIndex: -1 });
  const place = element('div', { className: 'page-body', 'aria-busy': 'true' });
  document.title = `${heading} · ${title} · Hearth`;
  root.classList.toggle('at-list', !named);
  root.replaceChildren(
    element('nav', { className: 'side', 'aria-label': title }, element('h2', { textContent: title }), element('ul', {}, links)),
    element('div', { className: 'page' },
      element('a', { className: 'back', href: `#${base}`, textContent: `‹ ${title}` }), top, place));
  if (named) {
    top.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  try {
    place.replaceChildren(...[await load(path.slice(1))].flat().filter(Boolean));
  } catch (problem) {
    place.replaceChildren(element('p', { className: 'problem', role: 'alert', textContent: why(problem) }));
  }
  place.removeAttribute('aria-busy');
}
