// authorize.js: a page of another origin asks to be let in (OAuth 2.1, authorization code with PKCE).
// The person says yes or no here; either way the browser goes back there, with a code or without.
import { get, post } from './api.js';
import { byId, notice } from './dom.js';

const asked = new URLSearchParams(location.search);
const redirect = asked.get('redirect_uri') || '';

// Back to the client, with its own state.
function goBack(answer) {
  const url = new URL(redirect);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (asked.has('state')) url.searchParams.set('state', asked.get('state'));
  location.replace(url);
}

// What cannot be sent back to anybody is said here: an address we do not know is no place to go to.
function refusal() {
  const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|\?|$)/.test(redirect);
  if ((!redirect.startsWith('https://') && !loopback) || redirect.includes('#')) return 'The client does not say where to go back to.';
  if (!asked.get('client_id')) return 'The client does not say who it is.';
  if (asked.get('response_type') !== 'code' || asked.get('code_challenge_method') !== 'S256' || !asked.get('code_challenge')) return 'The client does not ask by code and S256.';
  return '';
}

async function allow() {
  try {
    const { code } = await post('/api/auth/oauth/authorize', {
      client_id: asked.get('client_id'),
      redirect_uri: redirect,
      scope: asked.get('scope') || 'game',
      code_challenge: asked.get('code_challenge'),
    });
    goBack({ code });
  } catch (error) {
    notice(error.message);
  }
}

async function show() {
  const problem = refusal();
  if (problem) {
    notice(problem);
    return;
  }
  let me;
  try {
    me = await get('/api/auth/me');
  } catch (error) {
    if (error.status !== 401) notice(error.message);
  }
  byId('ask').hidden = !me;
  byId('sign-in').hidden = Boolean(me);
  if (!me) return;
  const account = me.account || me;
  byId('client').textContent = asked.get('client_id');
  byId('host').textContent = new URL(redirect).host;
  byId('what').textContent = asked.get('scope') === 'game:read' ? 'look at games' : 'play games';
  byId('me').textContent = account.name || account.address;
}

byId('allow').addEventListener('click', allow);
byId('deny').addEventListener('click', () => goBack({ error: 'access_denied' }));
byId('again').addEventListener('click', show);
show();
