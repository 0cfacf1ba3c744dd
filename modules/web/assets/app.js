// app.js: who is signed in, and which section is shown. Each section has a file of its own; those
// for accounts are fetched when they are first wanted.
import { get, onEnded, post, why } from './api.js';
import { byId, element, notice } from './dom.js';
import * as games from './games.js';
import * as live from './live.js';
import * as mail from './mail.js';
import { dropAllDrafts } from './mail/drafts.js';
import { isOn, loadAccount, loadPreferences, session } from './session.js';
import { listen, open } from './socket.js';

// A section whose file is fetched when it is first wanted: by then another address may be, and it is that one's turn,
// in whichever order the two have their file.
function fetched(id, load) {
  return async (path, isWanted) => {
    const page = await load();
    if (isWanted()) await page.enter(byId(id), path);
  };
}

let writing = null;
const sections = {
  mail,
  write: {
    async enter(path, isWanted) {
      writing = await import('./mail/write.js');
      if (isWanted()) await writing.enter(byId('write'), path);
    },
    leave: () => writing?.leave(byId('write')),
  },
  live,
  games,
  account: { enter: fetched('account', () => import('./account/page.js')) },
  admin: { enter: fetched('admin', () => import('./admin/page.js')) },
};
// What a section needs of the server; one whose module is off is not there.
const NEEDS = { mail: ['mail'], write: ['mail'], live: ['video'], games: ['game', 'gateway'] };
const START = { mail: 'mail', video: 'live', game: 'games' };
// Links of mails: they do what they say whoever is signed in where they are opened.
const LINKS = ['reset', 'second-address', 'forward', 'subscribe', 'refuse'];
const ENDED = 'signed-out'; // in the tab's storage: why the page was loaded anew

const isThere = (name) => (NEEDS[name] ?? []).every(isOn);
const looksAfter = () => session.account.role !== 'member';

// What the address bar names: "#account/profile" is ['account', 'profile'].
function wanted() {
  const path = location.hash.slice(1).split('?')[0].split('/');
  if (!session.account || session.mustEnrol || LINKS.includes(path[0])) return ['sign-in', ...path];
  if (path[0] in sections && isThere(path[0]) && (path[0] !== 'admin' || looksAfter())) return path;
  return [[START[session.preferences.general?.start_page], 'mail', 'live', 'games'].find((name) => name && isThere(name)) ?? 'account'];
}

function drawHead(name) {
  const { account } = session;
  for (const link of document.querySelectorAll('header a')) {
    if (link.hash === `#${name === 'write' ? 'mail' : name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    if (link.hash.slice(1) in NEEDS) link.hidden = !isThere(link.hash.slice(1));
  }
  byId('nav').hidden = !account || session.mustEnrol;
  byId('who').hidden = !account;
  byId('nav-admin').hidden = !account || !looksAfter();
  if (!account) return;
  const shown = account.name || account.address;
  byId('address').textContent = shown;
  byId('to-account').setAttribute('aria-label', `Your account: ${shown}`);
  byId('face').replaceChildren(account.avatar
    ? element('img', { src: `${account.avatar}${account.avatar.includes('?') ? '&' : '?'}size=64`, alt: '' })
    : [...shown][0].toUpperCase());
}

let turn = 0; // of what is shown
let begun = false; // it is known what this server has, and who is there: something was shown

async function show() {
  const [name, ...path] = wanted();
  const mine = ++turn;
  begun = true;
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== name;
  drawHead(name);
  document.title = 'Hearth';
  if (session.account && location.hash.startsWith('#register')) notice('You are signed in already. Sign out to make another account by this link.');
  for (const [id, section] of Object.entries(sections)) if (id !== name) section.leave?.();
  try {
    if (name === 'sign-in') (await import('./entry/page.js')).enter(byId('sign-in'), path[0], enter);
    else await sections[name].enter(path, () => mine === turn);
  } catch (problem) {
    notice(why(problem));
  }
}

// Somebody has signed in, by whichever way.
async function enter() {
  await loadAccount();
  if (!session.mustEnrol) {
    await loadPreferences();
    if (isOn('gateway')) open();
  }
  notice('');
  await show();
  const asked = session.account.group_invitations;
  if (asked && !session.mustEnrol) notice(asked === 1 ? 'A group invites you: see Groups in your account.' : `${asked} groups invite you: see Groups in your account.`);
}

// Loading the page anew is the surest way to leave nothing of a person on it.
function leave(said) {
  dropAllDrafts();
  if (said) sessionStorage.setItem(ENDED, said);
  location.reload();
}

byId('sign-out').addEventListener('click', async () => {
  const { account } = session;
  session.account = null; // that the session ends is no news
  try {
    await post('/api/auth/logout');
  } catch (problem) {
    // Who goes away from a shared device must know. An answer says that there is no session.
    if (problem.status !== 401) {
      session.account = account;
      notice(`You are still signed in. ${problem.message}`);
      return;
    }
  }
  history.replaceState(null, '', '/');
  leave();
});

onEnded(() => { if (session.account) leave('You were signed out.'); });
// The server closes the socket with 1008 when the session was ended elsewhere.
listen((frame) => { if (frame.type === 'disconnected' && frame.code === 1008) get('/api/auth/me').catch(() => {}); });
// An app is not told while it sleeps: it looks when it is seen again.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && session.account) get('/api/auth/me').catch(() => {});
});
document.addEventListener('account-changed', () => drawHead(wanted()[0]));
// The skip link is no address: it brings the focus past the head, and the section stays.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});
window.addEventListener('hashchange', () => {
  if (!begun) return; // what is shown first looks at the address as it is by then
  notice('');
  show();
});

try {
  session.config = await get('/api/auth/config');
  if (await loadAccount()) {
    await enter();
  } else {
    dropAllDrafts();
    await show();
  }
  const ended = sessionStorage.getItem(ENDED);
  sessionStorage.removeItem(ENDED);
  if (ended) notice(ended);
} catch (problem) {
  notice(problem.message);
}
