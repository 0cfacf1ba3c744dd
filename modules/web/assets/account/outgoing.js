// account/outgoing.js: what the person sent and others do not have yet: it waits, or is tried again.
import { get, post, remove } from '../api.js';
import { button, card, element, list, row } from '../dom.js';
import { ago, inWhile } from '../text.js';

const PATH = '/api/mail/outgoing';

const STATES = {
  waiting: (due) => `leaves ${inWhile(due)}`,
  leaving: () => 'is leaving now',
  retrying: (due) => (due > Date.now() ? `was not taken yet; tried again ${inWhile(due)}` : `was not taken yet; to be tried since ${ago(due)}`),
};

export async function outgoingCard() {
  const place = element('div');
  function mailRow({ id, subject, waiting, state, due, recipients }) {
    const name = subject || '(no subject)';
    const act = (text, done) => button(text, () => done().then(draw), { className: 'quiet', 'aria-label': `${text}: ${name}` });
    const more = waiting - recipients.length;
    return row([name], [`to ${recipients.join(', ')}${more > 0 ? ` and ${more} more` : ''}`, STATES[state](due * 1000)],
      state !== 'leaving' && act(state === 'waiting' ? 'Send now' : 'Try now', () => post(`${PATH}/${id}/send`)),
      state !== 'leaving' && act('Take back', () => remove(`${PATH}/${id}`)));
  }
  async function draw() {
    const { outgoing } = await get(PATH);
    place.replaceChildren(card('On its way', list(outgoing.map(mailRow), 'All that you sent has arrived, or has come back.', { id: 'outgoing' }),
      outgoing.length > 0 && button('Look again', draw, { className: 'quiet' })));
  }
  await draw();
  return place;
}
