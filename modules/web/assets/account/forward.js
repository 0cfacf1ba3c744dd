// account/forward.js: mail that is sent on to another address, once that has said yes.
import { get, put, remove } from '../api.js';
import { button, card, element, paragraph } from '../dom.js';
import { field, form } from '../form.js';
import { proven } from './proof.js';

const PATH = '/api/mail/forward';

function told({ address, keep, confirmed }) {
  if (!address) return 'Your mail stays here.';
  if (!confirmed) return `A letter went to ${address}. Nothing is sent on before its link is opened there.`;
  return `Your mail is sent on to ${address}${keep ? ', and stays here as well' : ', and does not stay here'}.`;
}

export async function forwardCard() {
  const place = element('div');
  function draw(state) {
    const end = state.address && button('Send nothing on', async () => {
      await remove(PATH);
      draw({ address: null, keep: true, confirmed: false });
    }, { className: 'quiet' });
    place.replaceChildren(card('Sent on', element('p', { id: 'forward-said', role: 'status', textContent: told(state) }),
      form({
        fields: [
          field({ name: 'address', label: 'To the address', value: state.address ?? '', required: true, autocapitalize: 'none', spellcheck: false, inputMode: 'email', autocomplete: 'off' }),
          field({ name: 'keep', label: 'A copy stays here', type: 'checkbox', value: state.address ? state.keep : true }),
        ],
        submit: 'Send on',
        send: async (values) => draw(await proven((proof) => put(PATH, { ...values, ...proof }))),
        more: [end].filter(Boolean),
      }), paragraph('What is sent on bears this server’s name on its envelope, so that what cannot be delivered comes back here.', 'hint')));
  }
  draw(await get(PATH));
  return place;
}
