// entry/forgotten.js: asking for a new password, and the link that verifies a second address.
import { post } from '../api.js';
import { element, paragraph } from '../dom.js';
import { field, form } from '../form.js';
import { isOn, session } from '../session.js';

const toSignIn = () => element('p', {}, session.account
  ? element('a', { href: '#mail', textContent: 'Go on' })
  : element('a', { href: '#sign-in', textContent: 'To sign in' }));

export function showForgotten(root) {
  if (!isOn('mail')) {
    root.replaceChildren(
      element('h2', { textContent: 'Forgotten your password?' }),
      paragraph('Ask an administrator, who can make a link for you with which you choose a new one.'),
      toSignIn());
    return;
  }
  root.replaceChildren(
    element('h2', { textContent: 'Forgotten your password?' }),
    paragraph('If you have verified a second address, a link for a new password goes there. Without one, ask an administrator, who can make a link for you.'),
    form({
      fields: [field({ name: 'address', label: 'Address', autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: true, inputMode: 'email' })],
      submit: 'Send the link',
      async send(values, node) {
        await post('/api/auth/forgotten', values);
        node.say('If there is a second address, the link is on its way there.');
      },
    }),
    toSignIn());
  root.querySelector('input').focus();
}

// A link out of a letter says yes to something.
async function sayYes(root, { title, path, token, done }) {
  const said = element('p', { role: 'status', textContent: 'One moment …' });
  root.replaceChildren(element('h2', { textContent: title }), said, toSignIn());
  history.replaceState(null, '', '/');
  try {
    await post(path, { token });
    said.textContent = done;
  } catch (problem) {
    said.textContent = problem.message;
  }
}

export const showVerified = (root, token) => sayYes(root, {
  title: 'A second address', path: '/api/auth/second-address/verify', token, done: 'It counts now: links for a new password go there.' });

export const showForward = (root, token) => sayYes(root, {
  title: 'Mail that is sent on to you', path: '/api/mail/forward/confirm', token, done: 'It is sent on to you from now.' });

export const showSubscribed = (root, token) => sayYes(root, {
  title: 'Mail of a group', path: '/api/auth/subscribe', token, done: 'You get what is written to the group from now. Each of its mails has a link to leave.' });

export const showRefused = (root, token) => sayYes(root, {
  title: 'Invitations', path: '/api/auth/subscribe/refuse', token, done: 'No group here asks you again.' });
