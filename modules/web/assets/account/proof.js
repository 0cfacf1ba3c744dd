// account/proof.js: the code of a second factor that the server asks for, once there is one, before
// what would weaken it, go round it or open a way in for good; and the password beside it.
import { post } from '../api.js';
import { askFirst } from '../dialog.js';
import { button, paragraph } from '../dom.js';
import { field, password } from '../form.js';
import { session } from '../session.js';

// The fields of a form: nothing while no factor is enrolled. `sms`: whether codes by SMS are.
export function proofFields({ sms = session.config.sms, ...more } = {}) {
  if (!session.account.second_factor) return [];
  const said = paragraph('', 'hint');
  const send = () => post('/api/auth/me/factors/sms/code').then(() => { said.textContent = 'A code is on its way.'; }, (problem) => { said.textContent = problem.message; });
  return [
    field({ name: 'code', label: 'Code of the app or phone, or a recovery code', autocomplete: 'one-time-code', required: true, ...more }),
    ...(sms ? [button('Send a code by SMS', send, { className: 'quiet' }), said] : []),
  ];
}

// Password and code, for what is done for good or to others: so that nobody does it who only found the screen.
export const ownProof = (label = 'Your own password') => [password('password', label, { hint: 'So that nobody does this who only found your screen.' }), ...proofFields()];

// What the server does without, for some minutes, once this session has shown them: `send(proof)` is tried
// with nothing, and again with what a dialog asks for where the server wants it. What it says of the rest is
// thrown, for the form behind.
export async function proven(send) {
  try {
    return await send({});
  } catch (problem) {
    if (problem.status !== 400 || problem.field !== 'password') throw problem;
  }
  let failed;
  const done = await askFirst({
    title: 'Is it you?', text: 'You are not asked again for some minutes.', submit: 'Go on', fields: ownProof(),
    send: (proof) => send(proof).catch((problem) => {
      if (['password', 'code'].includes(problem.field) || problem.wait) throw problem;
      failed = problem;
    }),
  });
  if (failed) throw failed;
  if (done === undefined) throw new Error('Nothing was done.');
  return done;
}
