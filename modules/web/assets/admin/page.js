// admin/page.js: what administrators look after; moderators make no invitations.
import { groupList } from '../groups.js';
import { showPages } from '../pages.js';
import { session } from '../session.js';

const PAGES = [
  ['accounts', 'Accounts', async () => (await import('./accounts.js')).show()],
  ['invitations', 'Invitations', async () => (await import('./invitations.js')).show()],
  ['groups', 'Groups', () => groupList({ all: true })],
];

export const enter = (root, path) => showPages(root, 'Administration', 'admin',
  PAGES.filter(([name]) => name !== 'invitations' || session.account.role === 'administrator'), path);
