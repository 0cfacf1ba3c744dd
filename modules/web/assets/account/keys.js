// account/keys.js: app passwords for mail programs and streaming, and API tokens for programs of
// one's own: made with the password once more, shown once, ended.
import { get, post, remove } from '../api.js';
import { button, card, element, list, paragraph, row } from '../dom.js';
import { askFirst, secretOnce } from '../dialog.js';
import { choices, field, form, password } from '../form.js';
import { isOn, session } from '../session.js';
import { ago, day } from '../text.js';
import { proofFields } from './proof.js';

const EXPIRY = [['', 'Never'], ['30', 'After 30 days'], ['90', 'After 90 days'], ['365', 'After a year']];

const KINDS = {
  app: {
    path: '/api/auth/app-passwords',
    rows: 'app_passwords',
    noun: 'app password',
    text: 'Mail programs and streaming software cannot ask for a second step. Give each a password of its own; you can end it without touching the others.',
    scopes: () => [
      ...(isOn('mail') ? [['imap', 'Read mail (IMAP)', true], ['smtp', 'Send mail (SMTP)', true]] : []),
      ...(isOn('video') ? [['rtmp', 'Stream video (RTMP)', !isOn('mail')]] : []),
    ],
    secret: (made) => made.password,
    facts: () => [`User name: ${session.account.address}`],
    example: 'Mail on my phone',
  },
  token: {
    path: '/api/auth/tokens',
    rows: 'tokens',
    noun: 'API token',
    text: 'For programs that use the HTTP API for you. A token opens what you choose here and nothing else.',
    scopes: () => ['account', ...['mail', 'video', 'game'].filter(isOn), ...(session.account.role === 'member' ? [] : ['admin'])]
      .flatMap((name) => [[`${name}:read`, `${name}: look`], [name, `${name}: look and change`]]),
    secret: (made) => made.token,
    facts: () => ['Send it as "Authorization: Bearer …".'],
    example: 'Backup script',
  },
};

async function show(kind) {
  const { path, rows, noun, text, scopes, secret, facts, example } = KINDS[kind];
  const made = element('div');
  const there = element('div');

  async function draw() {
    const all = (await get(path))[rows];
    there.replaceChildren(list(all.map((one) => row(one.name, [
      one.scopes, `made ${day(one.created_at)}`,
      one.used_at > one.created_at ? `last used ${ago(one.used_at)}${one.network ? ` from ${one.network}` : ''}` : 'not used yet',
      one.expires_at && `until ${day(one.expires_at)}`,
    ], button('End', async () => {
      const done = await askFirst({
        title: `End “${one.name}”?`, text: 'Whatever uses it is cut off at once.', submit: 'End it', danger: true,
        send: () => remove(`${path}/${one.id}`),
      });
      if (done) await draw();
    }, { className: 'quiet', 'aria-label': `End ${one.name}` }))), 'There is none yet.'));
  }

  await draw();
  return [
    card(null, paragraph(text), there),
    made,
    card(`Make an ${noun}`, form({
      fields: [
        field({ name: 'name', label: 'Name', required: true, maxLength: 64, placeholder: example, hint: 'So that you know later what it is for.' }),
        choices('scopes', 'What it is for', scopes()),
        field({ name: 'expires_days', label: 'Ends', type: 'select', options: EXPIRY, value: '' }),
        password('password', 'Your password'),
        ...proofFields(),
      ],
      submit: 'Make it',
      reset: true,
      async send({ scopes: chosen, expires_days: days, ...values }) {
        const answer = await post(path, { ...values, scopes: chosen.join(' '), ...(days && { expires_days: Number(days) }) });
        made.replaceChildren(secretOnce({
          title: `Your ${noun} “${answer.name}”`, text: 'It is shown only now.', secret: secret(answer), facts: facts(),
        }));
        await draw();
      },
    })),
  ];
}

export const showAppPasswords = () => show('app');
export const showTokens = () => show('token');
