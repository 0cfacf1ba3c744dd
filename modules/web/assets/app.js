// app.js: signing in and out, and which section is shown. Each section has a file of its own.
import { byId, get, notice, post } from './api.js';
import * as games from './games.js';
import * as live from './live.js';
import * as mail from './mail.js';

const sections = { mail, live, games };
let account = null;

// The section named in the address bar, if somebody is signed in.
function show() {
  const name = account ? sections[location.hash.slice(1)] ? location.hash.slice(1) : 'mail' : 'sign-in';
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== name;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('nav').hidden = byId('who').hidden = !account;
  byId('address').textContent = account ? account.address : '';
  for (const [id, section] of Object.entries(sections)) {
    if (id === name) section.enter(account);
    else section.leave?.();
  }
}

byId('sign-in-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const answer = await post(`/api/auth/${event.submitter?.value || 'login'}`, {
      address: form.address.value,
      password: form.password.value,
    });
    account = answer.account;
    form.reset();
    notice('');
    show();
  } catch (problem) {
    notice(problem.message);
  }
});

byId('sign-out').addEventListener('click', async () => {
  await post('/api/auth/logout').catch(() => {});
  location.reload();
});

window.addEventListener('hashchange', show);
account = await get('/api/auth/me').catch(() => null);
show();
