// account/password.js: taking another password.
import { post } from '../api.js';
import { card, paragraph } from '../dom.js';
import { form, password } from '../form.js';
import { session } from '../session.js';

export function show() {
  const least = session.config.password_min;
  return card(null,
    paragraph('Changing your password signs out every other session and forgets the devices you trust.'),
    form({
      fields: [
        password('current', 'Password now'),
        password('password', 'New password', { autocomplete: 'new-password', minLength: least, hint: `At least ${least} characters; a few words that only you would put together are best.` }),
        password('again', 'New password once more', { autocomplete: 'new-password' }),
      ],
      submit: 'Change password',
      reset: true,
      async send({ again, ...values }, node) {
        if (again !== values.password) throw Object.assign(new Error('This is not the same.'), { field: 'again' });
        await post('/api/auth/me/password', values);
        node.say('Changed.');
      },
    }));
}
