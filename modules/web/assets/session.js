// session.js: who is signed in, what this server asks of people, and what they prefer.
import { ask, get } from './api.js';
import { setDateFormat } from './text.js';

export const session = {
  account: null, // as GET /api/auth/me gives it
  config: {}, // GET /api/auth/config
  mustEnrol: false, // nothing but a second factor can be had until there is one
  preferences: {}, // the whole document
};

// Whether the server runs the module: what one that is off would do is not offered.
export const isOn = (module) => session.config.modules.includes(module);

// Under which addresses the person writes, the account's own first. Asked for once.
let addresses = null;
export async function ownAddresses() {
  addresses ??= get('/api/auth/me/addresses').then((answer) => answer.addresses);
  try {
    return await addresses;
  } catch (problem) {
    addresses = null;
    throw problem;
  }
}

let etag = null;

function take(answer) {
  session.preferences = answer.document;
  ({ etag } = answer);
  const { theme = 'system', date_format: dates } = session.preferences.general ?? {};
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  setDateFormat(dates);
}

export async function loadPreferences() {
  take(await ask('GET', '/api/auth/preferences'));
}

// Changes the preferences by a merge patch (RFC 7396). When they were changed elsewhere meanwhile
// they are read again and the error says so: nothing of others is overwritten unseen.
export async function changePreferences(patch) {
  try {
    take(await ask('PATCH', '/api/auth/preferences', {
      body: patch, type: 'application/merge-patch+json', headers: { 'If-Match': etag },
    }));
  } catch (problem) {
    if (problem.status !== 412) throw problem;
    await loadPreferences();
    const stale = new Error('Your preferences were changed in another place meanwhile. They are shown as they are now; look, and change them once more.');
    stale.stale = true;
    throw stale;
  }
}

// Reads who is signed in; false when nobody is.
export async function loadAccount() {
  try {
    session.account = await get('/api/auth/me');
  } catch (problem) {
    if (problem.status === 401) return false;
    throw problem;
  }
  session.mustEnrol = false;
  if (!session.account.second_factor && session.config.second_factor !== 'optional') {
    const factors = await get('/api/auth/me/factors');
    session.mustEnrol = factors.required && !factors.totp.enrolled && !factors.sms.enrolled;
  }
  return true;
}
