// entry/reset.js: choosing a new password by a link that an administrator or a mail gave.
import { post } from '../api.js';
import { element, paragraph } from '../dom.js';
import { form, password } from '../form.js';
import { session } from '../session.js';

// To somebody who is signed in, as whomever.
export function showSet(root) {
  root.replaceChildren(
    element('h2', { textContent: 'The new password is set' }),
    paragraph('It is that of the account whose link this was.'),
    element('p', {}, element('a', { href: '#mail', textContent: 'Go on' })));
}

export function showReset(root, token, done) {
  root.replaceChildren(
    element('h2', { textContent: 'Choose a new password' }),
    paragraph('What was signed in with the old one is signed out, mail programs too. A second step is asked for as before.'),
    form({
      fields: [password('password', 'New password', {
        autocomplete: 'new-password', minLength: session.config.password_min,
        hint: `At least ${session.config.password_min} characters; a few words that only you would put together are best.`,
      })],
      submit: 'Set the password',
      async send(values) {
        await post('/api/auth/reset', { token, ...values });
        // The secret of the link is used up: it need not stay in the address bar.
        history.replaceState(null, '', '/');
        done();
      },
    }));
  root.querySelector('input').focus();
}
