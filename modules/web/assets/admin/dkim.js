// admin/dkim.js: the keys that sign mail, domain by domain: which sign, which wait for the DNS.
import { get, post } from '../api.js';
import { button, card, element, list, paragraph } from '../dom.js';
import { askFirst, copyButton } from '../dialog.js';
import { ago } from '../text.js';
import { proven } from '../account/proof.js';

const PATH = '/api/mail/dkim';

// Each state: its badge, whether it is as it should be, what is to be done.
const STATES = {
  waits: ['waits for the DNS', 'bad', 'Publish its record. It signs once it is seen there.'],
  signs: ['signs', 'good', 'Its record must be published.'],
  kept: ['kept', '', 'It signs no more; mail that it signed is still on its way, so its record stays for a while.'],
  revoked: ['revoked', '', 'Publish its record without a key: nothing that it signed counts.'],
};
const KINDS = { rsa: 'RSA', ed25519: 'Ed25519' };
let ids = 0;

function keyRow(key, draw) {
  const [text, kind, todo] = STATES[key.state];
  const id = `key-${++ids}`;
  const revoke = () => askFirst({
    title: `Revoke ${key.selector}?`, submit: 'Revoke', danger: true,
    text: 'For a key that others may have. Mail that it signed counts as forged from the moment its record is published without it.',
    send: async () => draw(await proven((proof) => post(`${PATH}/revoke`, { domain: key.domain, selector: key.selector, ...proof }))),
  });
  return element('li', { className: 'record' },
    element('div', { className: 'what' },
      element('strong', { id }, `${key.selector} (${KINDS[key.algorithm] ?? key.algorithm})`, element('em', { className: `badge ${kind}`, textContent: text })),
      element('span', { className: 'fact', textContent: `since ${ago(key.since)}` }), element('span', { className: 'fact', textContent: todo }),
      key.state !== 'kept' && [element('code', { className: 'value', textContent: `${key.name} TXT` }), element('code', { className: 'value', textContent: key.record })]),
    element('div', { className: 'row' },
      key.state !== 'kept' && copyButton(key.record, 'Copy value', { 'aria-describedby': id }),
      key.state !== 'revoked' && button('Revoke …', revoke, { className: 'quiet danger', 'aria-label': `Revoke ${key.selector}` })));
}

function domainCard(domain, keys, draw) {
  const waits = keys.some(({ state }) => state === 'waits');
  const rotate = async (now) => draw(await proven((proof) => post(`${PATH}/rotate`, { domain, now, ...proof })));
  const signNow = () => askFirst({
    title: 'Sign with the new keys now?', submit: 'Sign now',
    text: 'Until their records are seen everywhere, mail that they sign counts as not signed.',
    send: () => rotate(true),
  });
  return card(domain, list(keys.map((key) => keyRow(key, draw)), 'It has none yet: they are made for its first mail.'),
    element('div', { className: 'row' },
      button(waits ? 'Look at the DNS now' : 'New keys', () => rotate(false), { className: 'quiet', 'aria-label': `${waits ? 'Look at the DNS now' : 'New keys'}: ${domain}` }),
      waits && button('Sign with the new ones now …', signNow, { className: 'quiet', 'aria-label': `Sign with the new ones now: ${domain}` })));
}

export async function show() {
  const place = element('div', { id: 'keys' });
  function draw({ signs, domains, keys }) {
    // Keys of a domain that is ours no more are still published.
    const all = [...new Set([...domains, ...keys.map(({ domain }) => domain)])];
    place.replaceChildren(
      card(null, paragraph(signs
        ? 'What is sent to other servers is signed (DKIM), so that they see that it comes from here. The first keys make themselves. Change them once a year, or so: new ones sign once their records are seen in the DNS.'
        : 'Signing is off ([dkim] sign): many servers take mail that is not signed for spam.')),
      ...all.map((domain) => domainCard(domain, keys.filter((key) => key.domain === domain), draw)));
  }
  draw(await get(PATH));
  return place;
}
