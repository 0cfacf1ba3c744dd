// account/factors.js: second factors: an authenticator app, codes by SMS, recovery codes.
import { get, post } from '../api.js';
import { button, card, element, later, paragraph } from '../dom.js';
import { askFirst } from '../dialog.js';
import { code, form, password } from '../form.js';
import { session } from '../session.js';
import { day } from '../text.js';
import { proofFields } from './proof.js';
import { recoveryCodes } from './recovery.js';

const BASE = '/api/auth/me/factors';
const confirm = (values) => ({ password: values.password, code: values.code || undefined });

// What a change asks for: the password, and a code of a factor once there is one.
const proof = ({ sms }) => [password('password', 'Your password'), ...proofFields({ sms: sms.enrolled })];

// The picture is an SVG of the server's; as an image it can run nothing.
function enrolApp({ secret, uri, qr }, enrolled) {
  return element('div', { className: 'enrol' },
    paragraph('Scan this with an authenticator app, or type the secret into it. Then enter the code it shows.'),
    element('div', { className: 'qr' }, element('img', {
      src: `data:image/svg+xml,${encodeURIComponent(qr)}`, alt: 'QR code with the secret below', width: 200, height: 200,
    })),
    element('p', {}, 'Secret: ', element('output', { className: 'secret small', id: 'totp-secret', textContent: secret.replace(/.{4}(?=.)/g, '$& ') })),
    element('p', {}, element('a', { href: uri, textContent: 'Open in an app on this device' })),
    form({
      fields: [code('Code of the app')],
      submit: 'Confirm',
      send: async (values) => enrolled((await post(`${BASE}/totp/confirm`, values)).recovery_codes),
    }));
}

function remover(factors, kind, text, again) {
  return button('Remove', async () => {
    const done = await askFirst({
      title: 'Remove this factor?', text, submit: 'Remove', danger: true,
      fields: proof(factors),
      send: (values) => post(`${BASE}/${kind}/remove`, confirm(values)),
    });
    if (done) again();
  }, { className: 'quiet' });
}

function appCard(factors, again, enrolled) {
  const { totp } = factors;
  if (totp.enrolled) {
    return card('Authenticator app',
      paragraph(`Set up on ${day(totp.since)}. Signing in asks for the code that the app shows.`),
      remover(factors, 'totp', 'Signing in will no longer ask for codes of the app. Trusted devices are forgotten.', again));
  }
  const place = element('div');
  place.append(
    paragraph('An app on your phone shows a new code every half minute. It works without a network and is the safest choice.'),
    form({
      fields: proof(factors),
      submit: 'Set up an app',
      async send(values) {
        place.replaceChildren(enrolApp(await post(`${BASE}/totp`, confirm(values)), enrolled));
        place.querySelector('input').focus();
      },
    }));
  return card('Authenticator app', place);
}

function smsCard(factors, again, enrolled) {
  const { sms } = factors;
  if (sms.enrolled) {
    return card('Codes by SMS',
      paragraph(`Codes are sent to ${sms.phone ?? 'your phone'} when you ask for one, since ${day(sms.since)}.`),
      remover(factors, 'sms', 'Signing in will no longer offer codes by SMS. Trusted devices are forgotten.', again));
  }
  if (!session.config.sms) return null;
  if (!sms.available) {
    return card('Codes by SMS',
      element('p', {}, 'Codes can be sent to your phone once ', session.mustEnrol ? 'you have one here.' : element('a', { href: '#account/phone', textContent: 'you have given its number' }), '.'));
  }
  return card('Codes by SMS',
    paragraph('A code is sent to your phone when you sign in.'),
    form({
      fields: proof(factors),
      submit: 'Use my phone',
      send: async (values) => enrolled((await post(`${BASE}/sms`, confirm(values))).recovery_codes),
    }));
}

function recoveryCard(factors, shown) {
  if (!factors.totp.enrolled && !factors.sms.enrolled) return null;
  return card('Recovery codes',
    paragraph(`For when app and phone are gone: each code signs you in once. ${factors.recovery_codes} are left.`),
    button('Make new codes', async () => {
      const answer = await askFirst({
        title: 'Make new recovery codes?', text: 'The codes you have will not work any more.', submit: 'Make new codes',
        fields: proof(factors),
        send: (values) => post(`${BASE}/recovery`, confirm(values)),
      });
      if (answer) shown(answer.recovery_codes);
    }, { className: 'quiet' }));
}

// The cards, drawn anew after each change. With enrolOnly, `done` is called once there is a factor.
export function factorCards({ enrolOnly = false, done = () => {} } = {}) {
  const place = element('div');
  const draw = async () => {
    const factors = await get(BASE);
    session.account.second_factor = factors.totp.enrolled || factors.sms.enrolled;
    // The first factor brings recovery codes, which are shown until they are put away.
    const enrolled = (codes) => {
      if (codes?.length) shown(codes);
      else if (enrolOnly) done();
      else again();
    };
    const shown = (codes) => {
      place.replaceChildren(recoveryCodes(codes, () => (enrolOnly ? done() : again())));
      place.querySelector('h3').focus();
    };
    place.replaceChildren(...[
      !enrolOnly && !session.account.second_factor && card(null, paragraph(
        'With a second factor, your password alone no longer opens your account. Mail programs and streaming then need app passwords.')),
      appCard(factors, again, enrolled), smsCard(factors, again, enrolled), !enrolOnly && recoveryCard(factors, shown),
    ].filter(Boolean));
  };
  const again = () => draw().catch((problem) => place.replaceChildren(paragraph(problem.message, 'problem')));
  return later(draw().then(() => place));
}

export const show = () => factorCards();
