// account/data.js: one's own data: all of it as one archive, and the end of the account.
import { get, post, remove } from '../api.js';
import { button, card, element, paragraph } from '../dom.js';
import { askFirst } from '../dialog.js';
import { field, form, password } from '../form.js';
import { session } from '../session.js';
import { minute, size } from '../text.js';
import { proofFields } from './proof.js';

const LOOK_MS = 2000;

function exportCard() {
  const place = element('div', { 'aria-live': 'polite' });

  async function draw() {
    const { export: latest } = await get('/api/auth/export');
    const state = latest?.state;
    const asking = form({
      fields: [password('password', 'Your password')],
      submit: state ? 'Ask for a new archive' : 'Ask for my data',
      async send(values) {
        await post('/api/auth/export', values);
        await draw();
      },
    });
    if (state === 'making') {
      place.replaceChildren(element('p', { 'aria-busy': 'true' }, 'Your archive is being made',
        latest.waiting_for?.length ? `; still at work: ${latest.waiting_for.join(', ')}.` : '.'));
      setTimeout(() => { if (place.isConnected) draw().catch(() => {}); }, LOOK_MS);
    } else if (state === 'ready') {
      place.replaceChildren(
        paragraph(`Your archive of ${minute(latest.ready_at)} is ready (${size(latest.size)}). It is kept until ${minute(latest.expires_at)}.`),
        element('p', {}, element('a', { className: 'button', href: latest.url, download: '', textContent: 'Download' })), asking);
    } else {
      place.replaceChildren(state === 'failed' ? paragraph('The last archive could not be made. Ask once more.', 'problem') : '', asking);
    }
  }

  return draw().then(() => card('Take your data with you',
    paragraph('One archive with all that is kept of you: account, mail, streams, games. Making it can take a while; you need not wait here.'), place));
}

function deletionCard() {
  return card('Delete the account',
    paragraph('Your mail, streams and everything else of yours is deleted at once and for good.'),
    button('Delete my account …', async () => {
      const { account } = session;
      await askFirst({
        title: 'Delete your account?',
        text: 'This cannot be undone. Take your data with you first if you want to keep any of it.',
        submit: 'Delete everything', danger: true,
        fields: [
          field({ name: 'address', label: `Type ${account.address} to say that you mean it`, autocomplete: 'off', autocapitalize: 'none', spellcheck: false, required: true }),
          password('password', 'Your password'),
          ...proofFields(),
        ],
        async send({ address, ...values }) {
          if (address !== account.address) throw Object.assign(new Error('This is not your address.'), { field: 'address' });
          // Its sessions end with it; that is not to be told as something unexpected.
          session.account = null;
          try {
            await remove('/api/auth/me', values);
          } catch (problem) {
            session.account = account;
            throw problem;
          }
          history.replaceState(null, '', '/');
          sessionStorage.setItem('signed-out', 'Your account was deleted.');
          location.reload();
        },
      });
    }, { className: 'danger' }));
}

export const show = async () => [await exportCard(), deletionCard()];
