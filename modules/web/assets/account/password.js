// account/password.js: taking another password; the address to which a link for a new one goes.
import { get, post, put, remove } from '../api.js';
import { button, card, element, paragraph } from '../dom.js';
import { field, form, password } from '../form.js';
import { askFirst } from '../dialog.js';
import { isOn, session } from '../session.js';
import { proofFields } from './proof.js';

async function secondAddress() {
  const state = element('div');
  const draw = async () => {
    const { address, verified } = await get('/api/auth/me/second-address');
    state.replaceChildren(address
      ? element('div', { className: 'row' }, element('span', { textContent: `${address}${verified ? '' : ' (waits for its link to be opened)'}` }),
        button('Remove', async () => {
          const done = !session.account.second_factor
            ? await remove('/api/auth/me/second-address').then(() => true)
            : await askFirst({ title: 'Remove the second address?', submit: 'Remove it', fields: proofFields(), send: (values) => remove('/api/auth/me/second-address', values) });
          if (done) await draw();
        }, { className: 'quiet', 'aria-label': 'Remove the second address' }))
      : paragraph('There is none.', 'hint'));
  };
  await draw();
  return card('If you forget it', paragraph('A link for a new password can go to a second address: one you have elsewhere, or that of somebody you trust. Without a second address an administrator can make a link for you.'),
    state, form({
      fields: [
        field({ name: 'address', label: 'Second address', required: true, autocapitalize: 'none', spellcheck: false, inputMode: 'email' }),
        password('password', 'Your password'),
        ...proofFields(),
      ],
      submit: 'Send a mail there',
      reset: true,
      async send(values, node) {
        await put('/api/auth/me/second-address', values);
        await draw();
        node.say('It counts once the link in the mail is opened.');
      },
    }));
}

export async function show() {
  const least = session.config.password_min;
  return [card(null,
    paragraph('Changing your password signs out every other session and forgets the devices you trust.'),
    form({
      fields: [
        password('current', 'Password now'),
        password('password', 'New password', { autocomplete: 'new-password', minLength: least, hint: `At least ${least} characters; a few words that only you would put together are best.` }),
        password('again', 'New password once more', { autocomplete: 'new-password' }),
        ...proofFields(),
      ],
      submit: 'Change password',
      reset: true,
      async send({ again, ...values }, node) {
        if (again !== values.password) throw Object.assign(new Error('This is not the same.'), { field: 'again' });
        await post('/api/auth/me/password', values);
        node.say('Changed.');
      },
    })), isOn('mail') && await secondAddress()];
}
