// account/page.js: the pages of one's own account. Each has a file of its own, fetched with it.
import { showPages } from '../pages.js';
import { isOn } from '../session.js';

const page = (file, name = 'show') => async (path) => (await import(file))[name](path);

const PAGES = [
  ['profile', 'Profile', page('./profile.js')],
  ['preferences', 'Preferences', page('./preferences.js')],
  ['mail', 'Mail: programs, filters, signature', page('./mail.js'), ['mail']],
  ['password', 'Password', page('./password.js')],
  ['factors', 'Two-step sign-in', page('./factors.js')],
  ['phone', 'Phone', page('./phone.js')],
  ['sessions', 'Sessions and devices', page('./sessions.js')],
  ['app-passwords', 'App passwords', page('./keys.js', 'showAppPasswords'), ['mail', 'video']],
  ['tokens', 'API tokens', page('./keys.js', 'showTokens')],
  ['groups', 'Groups', page('./groups.js')],
  ['events', 'Security log', page('./events.js')],
  ['data', 'Your data', page('./data.js')],
];

// A page that is for some modules is there with any of them.
export const enter = (root, path) => showPages(root, 'Account', 'account',
  PAGES.filter(([, , , modules]) => !modules || modules.some(isOn)), path);
