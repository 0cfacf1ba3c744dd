// entry/second.js: the second step: a code of the authenticator app, of an SMS, or a recovery code.
import { post } from '../api.js';
import { button, element, paragraph } from '../dom.js';
import { code, field, form } from '../form.js';

const METHODS = {
  totp: {
    name: 'Authenticator app',
    text: () => 'Enter the six digits that your authenticator app shows now.',
    field: () => code('Code of the app'),
  },
  sms: {
    name: 'Code by SMS',
    text: (second) => `Enter the six digits that were sent to your phone ${second.phone ?? ''}.`,
    field: () => code('Code of the message'),
  },
  recovery: {
    name: 'Recovery code',
    text: () => 'Enter one of the recovery codes that you kept. Each works once.',
    field: () => code('Recovery code', { inputMode: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: false, maxLength: 40 }),
  },
};

// `second` is what the first step gave; `back` starts over, saying why.
export function showSecond(root, second, done, back) {
  // An SMS costs somebody money: it is sent when it is asked for, or when there is no other way.
  const choose = (method) => (method === 'sms' ? showSend() : showCode(method));

  const others = (method) => element('div', { className: 'ways' },
    second.methods.filter((one) => one !== method).map((one) =>
      button(`Use instead: ${METHODS[one].name}`, () => choose(one), { className: 'link' })),
    button('Start over', () => back(), { className: 'link' }));

  async function ask(path, values) {
    try {
      return await post(path, { ticket: second.ticket, ...values });
    } catch (problem) {
      if (problem.field !== 'ticket') throw problem;
      back('That took too long, or there were too many wrong codes. Sign in once more.');
      return null;
    }
  }

  function showSend() {
    root.replaceChildren(
      element('h2', { textContent: 'Second step' }),
      form({
        fields: [paragraph(`A code can be sent to your phone ${second.phone ?? ''}.`)],
        submit: 'Send the code',
        async send() {
          if (await ask('/api/auth/login/sms', {})) showCode('sms');
        },
      }),
      others('sms'));
    root.querySelector('button').focus();
  }

  function showCode(method) {
    const { text, field: make } = METHODS[method];
    root.replaceChildren(
      element('h2', { textContent: 'Second step' }),
      paragraph(text(second)),
      form({
        fields: [make(), field({
          name: 'trust', type: 'checkbox', label: 'Trust this device',
          hint: 'It is not asked for a second step for a while. Only on a device that is yours alone.',
        })],
        submit: 'Sign in',
        async send({ code: typed, trust }) {
          if (await ask('/api/auth/login/second', { method, code: typed, trust })) await done();
        },
      }),
      method === 'sms' ? element('div', { className: 'ways' }, button('Send another code', showSend, { className: 'link' })) : '',
      others(method));
    root.querySelector('input').focus();
  }

  choose(second.methods.includes('totp') ? 'totp' : second.methods[0]);
}
