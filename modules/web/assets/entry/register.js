// entry/register.js: making one's account: open to all, by the link of an invitation or of a first
// start, and with a code to the phone where the organisation asks for one.
import { post } from '../api.js';
import { element, paragraph } from '../dom.js';
import { code, field, form, password } from '../form.js';
import { session } from '../session.js';

const toSignIn = () => element('p', {}, element('a', { href: '#sign-in', textContent: 'I have an account: sign in' }));

function showVerify(root, verification, done, again) {
  root.replaceChildren(
    element('h2', { textContent: 'Your phone' }),
    paragraph(`A code was sent to your phone ${verification.phone}. With it your account is made.`),
    form({
      fields: [code('Code of the message')],
      submit: 'Make the account',
      async send(values) {
        await post('/api/auth/register/verify', { ticket: verification.ticket, ...values });
        await done();
      },
      more: [element('button', { type: 'button', className: 'quiet', textContent: 'Begin once more', onclick: again })],
    }));
  root.querySelector('input').focus();
}

export function showRegister(root, invitation, done) {
  const { config } = session;
  const finish = async () => {
    // The secret of the link is used up: it need not stay in the address bar.
    history.replaceState(null, '', '/');
    await done();
  };

  if (!invitation && config.registration !== 'open') {
    root.replaceChildren(
      element('h2', { textContent: 'Make an account' }),
      paragraph(config.registration === 'invitation'
        ? 'Accounts are made by invitation here. Ask an administrator to send you a link.'
        : 'Nobody can make an account here by themselves. Ask an administrator for one.'),
      toSignIn());
    return;
  }
  root.replaceChildren(
    element('h2', { textContent: 'Make an account' }),
    invitation ? paragraph(config.first_start ? 'Choose an address and a password. With the link of the first start you will be the administrator.' : 'You were invited: choose an address and a password.') : '',
    form({
      fields: [
        field({ name: 'address', label: 'Address', hint: 'This will be your mail address too.', autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: true, inputMode: 'email' }),
        field({ name: 'name', label: 'Name (as others see it; optional)', autocomplete: 'name', maxLength: 64 }),
        password('password', 'Password', {
          autocomplete: 'new-password', minLength: config.password_min,
          hint: `At least ${config.password_min} characters; a few words that only you would put together are best.`,
        }),
        config.phone_required && field({
          name: 'phone', label: 'Mobile phone', type: 'tel', autocomplete: 'tel', required: !invitation,
          hint: 'With its country, such as +49 151 23456789. A code is sent there.',
        }),
      ],
      submit: 'Make the account',
      async send({ name, phone, ...values }) {
        const answer = await post('/api/auth/register', {
          ...values, ...(name && { name }), ...(phone && { phone }), ...(invitation && { invitation }),
        });
        if (answer.verification) showVerify(root, answer.verification, finish, () => showRegister(root, invitation, done));
        else await finish();
      },
    }),
    toSignIn());
  root.querySelector('input').focus();
}
