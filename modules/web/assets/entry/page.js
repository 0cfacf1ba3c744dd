// entry/page.js: what somebody sees who is not signed in, who must enrol a second factor first, or who
// opened a link of a mail.
import { session } from '../session.js';
import { showEnrol } from './enrol.js';
import { showForgotten, showForward, showRefused, showSubscribed, showVerified } from './forgotten.js';
import { showRegister } from './register.js';
import { showReset, showSet } from './reset.js';
import { showSignIn } from './sign-in.js';

// `done` is called once there is a session.
export function enter(root, name, done) {
  const link = new URLSearchParams(location.hash.split('?')[1]);
  const token = link.get('token') ?? '';
  if (name === 'reset') showReset(root, token, () => (session.account ? showSet(root) : showSignIn(root, done, null, 'Your new password is set. Sign in with it.')));
  else if (name === 'second-address') showVerified(root, token);
  else if (name === 'forward') showForward(root, token);
  else if (name === 'subscribe') showSubscribed(root, token);
  else if (name === 'refuse') showRefused(root, token);
  else if (session.account) showEnrol(root, done);
  else if (name === 'register') showRegister(root, link.get('invitation'), done);
  else if (name === 'forgotten') showForgotten(root);
  else showSignIn(root, done);
}
