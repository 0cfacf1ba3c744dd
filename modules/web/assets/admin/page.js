// admin/page.js: what administrators look after; moderators look after groups.
import { groupList } from '../groups.js';
import { showPages } from '../pages.js';
import { session } from '../session.js';

const PAGES = [
  ['accounts', 'Accounts', async () => (await import('./accounts.js')).show()],
  ['invitations', 'Invitations', async () => (await import('./invitations.js')).show()],
  ['groups', 'Groups', () => groupList({ all: true })],
];

export const enter = (root, path) => showPages(root, 'Administration', 'admin',
  session.account.role === 'administrator' ? PAGES : PAGES.slice(2), path);
