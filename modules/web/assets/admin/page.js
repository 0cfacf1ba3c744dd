// admin/page.js: what administrators look after; moderators look after people alone, and invite nobody.
import { groupList } from '../groups.js';
import { showPages } from '../pages.js';
import { isOn, session } from '../session.js';

const PAGES = [
  ['accounts', 'Accounts', async () => (await import('./accounts.js')).show()],
  ['invitations', 'Invitations', async () => (await import('./invitations.js')).show()],
  ['groups', 'Groups', () => groupList({ all: true })],
  ['server', 'The server', async () => (await import('./server.js')).show()],
  ['aliases', 'Aliases', async () => (await import('./aliases.js')).show(), 'mail'],
  ['queue', 'Mail on its way', async () => (await import('./queue.js')).show(), 'mail'],
  ['dns', 'Mail and the DNS', async () => (await import('./dns.js')).show(), 'mail'],
  ['reports', 'Reports of others', async () => (await import('./reports.js')).show(), 'mail'],
  ['dkim', 'Keys that sign mail', async () => (await import('./dkim.js')).show(), 'mail'],
];
// What moderators look after, too.
const OF_PEOPLE = ['accounts', 'groups'];

export const enter = (root, path) => showPages(root, 'Administration', 'admin',
  PAGES.filter(([name, , , module]) => (session.account.role === 'administrator' || OF_PEOPLE.includes(name)) && (!module || isOn(module))), path);
