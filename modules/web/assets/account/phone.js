// account/phone.js: one's phone: a number counts once a code that was sent to it came back.
import { get, post, remove } from '../api.js';
import { button, card, element, paragraph } from '../dom.js';
import { askFirst } from '../dialog.js';
import { code, field, form } from '../form.js';
import { session } from '../session.js';
import { proofFields } from './proof.js';

export function show() {
  const place = element('div');

  function verify({ ticket, phone }) {
    place.replaceChildren(card('Is it yours?',
      paragraph(`A code was sent to ${phone}.`),
      form({
        fields: [code('Code of the message')],
        submit: 'Confirm',
        async send(values) {
          try {
            Object.assign(session.account, await post('/api/auth/me/phone/verify', { ticket, ...values }));
          } catch (problem) {
            if (problem.field !== 'ticket') throw problem;
            draw(problem.message);
            return;
          }
          draw();
        },
        more: [button('Another number', () => draw(), { className: 'quiet' })],
      })));
    place.querySelector('input').focus();
  }

  function draw(why) {
    const { phone } = session.account;
    place.replaceChildren(
      why ? paragraph(why, 'problem') : '',
      phone ? card('Your phone', element('p', {}, element('strong', { textContent: phone })),
        button('Forget this number', async () => {
          const done = await askFirst({
            title: 'Forget this number?', text: `${phone} will no longer be your account's phone.`, submit: 'Forget it', danger: true,
            send: () => remove('/api/auth/me/phone'),
          });
          if (!done) return;
          session.account.phone = null;
          draw();
        }, { className: 'quiet' })) : '',
      session.config.sms ? card(phone ? 'Another number' : 'Give your number', form({
        fields: [field({ name: 'phone', label: 'Mobile phone', type: 'tel', autocomplete: 'tel', required: true, hint: 'With its country, such as +49 151 23456789. A code is sent there.' }), ...proofFields()],
        submit: 'Send a code',
        send: async (values) => verify(await post('/api/auth/me/phone', values)),
      })) : card(null, paragraph('This server sends no SMS, so no number can be given.')));
  }

  draw();
  return get('/api/auth/me').then((account) => {
    Object.assign(session.account, account);
    draw();
    return place;
  });
}
