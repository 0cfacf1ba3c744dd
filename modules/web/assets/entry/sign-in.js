// entry/sign-in.js: the first step: address and password.
import { post } from '../api.js';
import { element, paragraph } from '../dom.js';
import { field, form, password } from '../form.js';
import { session } from '../session.js';
import { showSecond } from './second.js';

const WAYS_IN = {
  open: () => element('p', {}, 'No account yet? ', element('a', { href: '#register', textContent: 'Make one' })),
  invitation: () => paragraph('Accounts are made by invitation here: open the link you were sent.', 'hint'),
  closed: () => null,
};

// A server that nobody administers yet: where its first link lies.
const firstStart = () => element('div', { className: 'card', id: 'first-start' },
  element('h2', { textContent: 'Welcome to your new server' }),
  paragraph('It has no administrator yet. A link makes the first one; whoever runs the server finds it'),
  element('ul', { className: 'plain' },
    element('li', {}, 'among the lines that ', element('code', { textContent: 'hearth serve' }), ' prints (', element('code', { textContent: 'journalctl -u hearth' }), '),'),
    element('li', {}, 'in the file ', element('code', { textContent: 'first-start' }), ' of the data folder,'),
    element('li', {}, 'or by the command ', element('code', { textContent: 'hearth first-start' }), '.')));

export function showSignIn(root, done, why, good) {
  root.replaceChildren(
    session.config.first_start ? firstStart() : '',
    element('h2', { textContent: 'Sign in' }),
    good ? element('p', { role: 'status', textContent: good }) : '',
    why ? element('p', { className: 'problem', role: 'alert', textContent: why }) : '',
    form({
      fields: [
        field({ name: 'address', label: 'Address', autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: true, inputMode: 'email' }),
        password('password', 'Password'),
      ],
      submit: 'Sign in',
      async send(values) {
        const answer = await post('/api/auth/login', values);
        if (!answer.second_factor) await done();
        else showSecond(root, answer.second_factor, done, (message) => showSignIn(root, done, message));
      },
    }),
    element('p', {}, element('a', { href: '#forgotten', textContent: 'Forgotten your password?' })),
    WAYS_IN[session.config.registration]?.() ?? '');
  root.querySelector('input').focus();
}
