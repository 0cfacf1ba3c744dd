// names.test.mjs: names that speak for whoever runs the server: who may have one, and whom mail for
// them reaches where nobody has; and names that somebody had not long ago.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient, deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
let hearth;
const token = {};
const bearer = (name) => ({ Authorization: `Bearer ${token[name]}` });
const api = (name, method, path, body) => hearth.api(method, `/api/auth${path}`, body, name && bearer(name));
const run = (...args) => hearth.command(...args);
const refused = ({ status, body }, code, field) => assert.deepEqual([status, body.field], [code, field], JSON.stringify(body));
const signIn = async (name) => { token[name] = await hearth.login(`${name}@hearth.test`, PASSWORD); };
const count = async (name, subject) => {
  const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
  await client.ok('EXAMINE INBOX');
  const found = await client.search(`SEARCH SUBJECT "${subject}"`);
  client.close();
  return found.length;
};
// The answer to RCPT.
const rcpt = async (to) => {
  const client = await SmtpClient.hello(hearth.port.smtp);
  await client.say('MAIL FROM:<x@example.org>');
  const { code } = await client.say(`RCPT TO:<${to}>`);
  client.socket.destroy();
  return code;
};
const message = (subject) => `From: <x@example.org>\r\nSubject: ${subject}\r\n\r\nhello\r\n`;

before(async () => {
  hearth = await new Hearth({ 'auth.registration': 'open', 'auth.group_creation': 'everyone', 'mail.domains': 'hearth.test, second.test' }).start();
});
after(() => hearth.remove());

test('postmaster waits for the first administrator', async () => {
  assert.equal(await rcpt('Postmaster'), 451);
  assert.equal(await rcpt('webmaster@hearth.test'), 550);
  hearth.addUser('eve@hearth.test', PASSWORD, '--moderator');
  assert.equal(await rcpt('postmaster@hearth.test'), 451);
  hearth.addUser('ann@hearth.test', PASSWORD, '--admin');
  hearth.addUser('bob@hearth.test', PASSWORD, '--admin');
  assert.equal(await rcpt('Postmaster'), 250);
  for (const name of ['ann', 'bob', 'eve']) await signIn(name);
});

test('postmaster, abuse and hostmaster of each domain reach every administrator', async () => {
  for (const [to, subject] of [['PostMaster', 'bare'], ['postmaster@hearth.test', 'plain'], ['ABUSE@second.test', 'second'],
    ['hostmaster+ca@hearth.test', 'sub'], ['"postmaster"@hearth.test', 'quoted']]) {
    await deliver(hearth.port.smtp, to, message(subject));
    assert.deepEqual([await count('ann', subject), await count('bob', subject), await count('eve', subject)], [1, 1, 0], subject);
  }
  assert.equal(await rcpt('postmaster@elsewhere.test'), 550);
  assert.equal(await rcpt('post.master@hearth.test'), 550);
  // One who is full or disabled makes it not deaf.
  assert.equal(run('user', 'quota', 'bob@hearth.test', '1').status, 0);
  await deliver(hearth.port.smtp, 'postmaster', message('bob is full'));
  assert.equal(await count('ann', 'bob is full'), 1);
  assert.equal(run('user', 'quota', 'bob@hearth.test', 'default').status, 0);
  assert.equal(run('user', 'disable', 'bob@hearth.test').status, 0);
  await deliver(hearth.port.smtp, 'abuse@hearth.test', message('bob is away'));
  assert.equal(run('user', 'enable', 'bob@hearth.test').status, 0);
  assert.deepEqual([await count('ann', 'bob is away'), await count('bob', 'bob is away')], [1, 0]);
});

test('nobody gets a reserved name by chance', async () => {
  for (const name of ['postmaster', 'Admin', 'hostmaster', 'abuse', 'web.master', 'p0stmaster', 'r00t', 'adrnin', 'post-master', 'info', 'ａdmin', 'аdmin'])
    refused(await api(null, 'POST', '/register', { address: `${name}@hearth.test`, password: PASSWORD }), 400, 'address');
  refused(await api(null, 'POST', '/register', { address: 'postmaster@second.test', password: PASSWORD }), 400, 'address');
  for (const by of ['eve', 'ann'])
    for (const name of ['hostmaster', 'Postmaster', 'abuse', 'web-master', 'adm1n', 'r00t', 'dmarc', 'tls-rpt', 'autoconfig', 'auto-discover', 'mta-sts', 'webmail'])
      refused(await api(by, 'POST', '/groups', { name }), 400, 'name');
  for (const name of ['info', 'sales', 'lnfo', 'choir-request']) refused(await api('eve', 'POST', '/groups', { name }), 400, 'name');
  refused(await api('eve', 'POST', '/groups', { name: 'abuse', reserved: true }), 403, 'reserved');
  refused(await api('ann', 'POST', '/groups', { name: 'abuse', reserved: 'yes' }), 400, 'reserved');
  const { body: group } = await api('eve', 'POST', '/groups', { name: 'choir' });
  refused(await api('eve', 'PATCH', `/groups/${group.id}`, { name: 'postmaster' }), 400, 'name');
  // An invitation for anybody gives none, one for this address must say that it is meant.
  const { body: anybody } = await api('ann', 'POST', '/invitations', {});
  refused(await api(null, 'POST', '/register', { address: 'webmaster@hearth.test', password: PASSWORD, invitation: anybody.secret }), 400, 'address');
  refused(await api('ann', 'POST', '/invitations', { address: 'web.master@hearth.test' }), 400, 'address');
  refused(await api('ann', 'POST', '/invitations', { address: 'webmaster@hearth.test', reserved: 7 }), 400, 'reserved');
  // Commands want the word, too.
  for (const args of [['user', 'add', 'webmaster@hearth.test', '--password-stdin'], ['user', 'add', 'web-master@elsewhere.test', '--password-stdin'],
    ['group', 'add', 'Autodiscover'], ['invite', '--address', 'n0c@hearth.test']]) {
    const { status, stderr } = run(...args, { input: `${PASSWORD}\n` });
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, /--reserved/);
  }
});

test('an administrator gives one by saying that it is meant', async () => {
  const { body: invitation, status } = await api('ann', 'POST', '/invitations', { address: 'webmaster@hearth.test', reserved: true });
  assert.equal(status, 201);
  assert.equal((await api(null, 'POST', '/register', { address: 'webmaster@hearth.test', password: PASSWORD, invitation: invitation.secret })).status, 201);
  assert.equal((await api('ann', 'POST', '/groups', { name: 'www', reserved: true })).status, 201);
  assert.equal(run('group', 'add', 'ftp', '--reserved').status, 0);
  assert.match(run('invite', '--address', 'noc@hearth.test', '--reserved').stdout, /#register/);
  hearth.addUser('root@hearth.test', PASSWORD, '--admin'); // an administrator's name needs no word
  assert.equal(run('user', 'delete', 'root@hearth.test').status, 0);
  // Who has the name gets the mail, an empty group does not.
  hearth.addUser('abuse@hearth.test', PASSWORD, '--reserved');
  assert.equal(run('group', 'add', 'hostmaster', '--reserved').status, 0);
  await deliver(hearth.port.smtp, 'abuse@hearth.test', message('for abuse'));
  assert.deepEqual([await count('abuse', 'for abuse'), await count('ann', 'for abuse')], [1, 0]);
  await deliver(hearth.port.smtp, 'hostmaster@hearth.test', message('to an empty group'));
  assert.equal(await count('ann', 'to an empty group'), 1);
  assert.equal(run('group', 'join', 'hostmaster', 'eve').status, 0);
  await deliver(hearth.port.smtp, 'hostmaster@hearth.test', message('for the group'));
  assert.deepEqual([await count('eve', 'for the group'), await count('ann', 'for the group')], [1, 0]);
});

test('what strangers write to an administrator gives by naming it, and nobody else', async () => {
  assert.equal((await api('ann', 'POST', '/groups', { name: 'info' })).status, 201);
  assert.equal(run('group', 'add', 'support').status, 0);
  hearth.addUser('sales@hearth.test', PASSWORD);
  const { body: { secret } } = await api('ann', 'POST', '/invitations', { address: 'marketing@hearth.test' });
  const { body: { secret: anybody } } = await api('ann', 'POST', '/invitations', {});
  const register = (address, invitation) => api(null, 'POST', '/register', { address, password: PASSWORD, invitation });
  refused(await register('billing@hearth.test', anybody), 400, 'address');
  refused(await register('choir-owner@hearth.test', anybody), 400, 'address');
  assert.equal((await register('marketing@hearth.test', secret)).status, 201);
});

test('the address of who left rests, over restarts, until an administrator frees it', async () => {
  const register = (address) => api(null, 'POST', '/register', { address, password: PASSWORD });
  const { body: { token: gone } } = await register('zoe@hearth.test');
  assert.equal((await hearth.api('DELETE', '/api/auth/me', { password: PASSWORD }, { Authorization: `Bearer ${gone}` })).status, 204);
  hearth.addUser('yves@hearth.test', PASSWORD);
  assert.equal(run('user', 'delete', 'yves@hearth.test').status, 0);
  assert.equal((await api('ann', 'POST', '/groups', { name: 'tenors' })).status, 201);
  const { body: { groups } } = await api('ann', 'GET', '/groups');
  assert.equal((await api('ann', 'DELETE', `/groups/${groups.find((one) => one.name === 'tenors').id}`)).status, 204);
  await hearth.kill();
  await hearth.start();
  for (const address of ['zoe@hearth.test', 'ZOE@hearth.test', 'yves@hearth.test', 'tenors@second.test']) refused(await register(address), 409, 'address');
  for (const name of ['zoe', 'yves', 'tenors']) refused(await api('ann', 'POST', '/groups', { name }), 409, 'name');
  const added = run('user', 'add', 'yves@hearth.test', '--password-stdin', { input: `${PASSWORD}\n` });
  assert.equal(added.status, 1);
  assert.match(added.stderr, /user free/);
  assert.match(run('group', 'add', 'tenors').stderr, /user free tenors/);
  assert.equal(await rcpt('zoe@hearth.test'), 550);
  // A name that was another domain's is nobody's business here.
  assert.equal((await register('zoe@second.test')).status, 201);
  refused(await api('eve', 'POST', '/addresses/free', { password: PASSWORD, address: 'zoe@hearth.test' }), 403);
  refused(await api('ann', 'POST', '/addresses/free', { password: PASSWORD, address: 'a b' }), 400, 'address');
  refused(await api('ann', 'POST', '/addresses/free', { password: PASSWORD, address: 'nobody@hearth.test' }), 404, 'address');
  assert.equal((await api('ann', 'POST', '/addresses/free', { password: PASSWORD, address: 'Zoe@hearth.test' })).status, 204);
  assert.equal((await register('zoe@hearth.test')).status, 201);
  assert.equal(run('user', 'free', 'tenors').status, 0);
  assert.equal(run('user', 'free', 'tenors').status, 1);
  assert.equal(run('user', 'free').status, 2);
  assert.equal(run('group', 'add', 'tenors').status, 0);
});
