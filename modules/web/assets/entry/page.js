// entry/page.js: what somebody sees who is not signed in, or who must enrol a second factor first.
import { session } from '../session.js';
import { showEnrol } from './enrol.js';
import { showForgotten, showVerified } from './forgotten.js';
import { showRegister } from './register.js';
import { showReset } from './reset.js';
import { showSignIn } from './sign-in.js';

// `done` is called once there is a session.
export function enter(root, name, done) {
  if (session.account) showEnrol(root, done);
  else if (name === 'register') showRegister(root, new URLSearchParams(location.hash.split('?')[1]).get('invitation'), done);
  else if (name === 'reset') showReset(root, new URLSearchParams(location.hash.split('?')[1]).get('token') ?? '', () => showSignIn(root, done, null, 'Your new password is set. Sign in with it.'));
  else if (name === 'forgotten') showForgotten(root);
  else if (name === 'second-address') showVerified(root, new URLSearchParams(location.hash.split('?')[1]).get('token') ?? '');
  else showSignIn(root, done);
}
