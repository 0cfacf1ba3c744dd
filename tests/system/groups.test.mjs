// groups.test.mjs: groups over HTTP and by command: who may do what, what is refused and why.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, Hearth } from './hearth.mjs';

let hearth;
const token = {}, id = {};
const bearer = (name) => ({ Authorization: `Bearer ${token[name]}` });
const api = (name, method, path, body) => hearth.api(method, `/api/auth/groups${path}`, body, bearer(name));
const problem = (answer, status, field) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  if (field !== undefined) assert.equal(answer.body.field, field, JSON.stringify(answer.body));
};
const people = async (name, group) => (await api(name, 'GET', `/${group}`)).body.people.map((one) => [one.address.split('@')[0], one.role]);
const ask = (by, group, who, role) => api(by, 'PUT', `/${group}/members/${id[who]}`, role && { role });
// Asked, and said yes to.
const join = async (by, group, who, role) => {
  const asked = await ask(by, group, who, role);
  return asked.status === 202 ? ask(who, group, who) : asked;
};
const leave = (by, group, who) => api(by, 'DELETE', `/${group}/members/${id[who]}`);

before(async () => {
  hearth = await new Hearth({ 'auth.group_creation': 'everyone' }).start();
  for (const name of ['root', 'ann', 'bob', 'cleo', 'dan']) {
    hearth.addUser(`${name}@hearth.test`, 'correct horse battery', ...(name === 'root' ? ['--admin'] : []));
    token[name] = await hearth.login(`${name}@hearth.test`, 'correct horse battery');
    id[name] = (await hearth.api('GET', '/api/auth/me', undefined, bearer(name))).body.id;
  }
});
after(() => hearth.remove());

test('a group is made, seen by those in it, changed by its owners', async () => {
  const made = await api('ann', 'POST', '', { name: 'Chess-Club', title: 'Chess  Club', description: 'Fridays' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { body } = made;
  assert.deepEqual([body.name, body.address, body.title, body.description, body.joining, body.quota, body.members, body.role],
    ['chess-club', 'chess-club@hearth.test', 'Chess Club', 'Fridays', 'owners', null, 1, 'owner']);
  assert.deepEqual(await people('ann', body.id), [['ann', 'owner']]);
  problem(await api('bob', 'GET', `/${body.id}`), 404);
  assert.deepEqual((await api('bob', 'GET', '')).body.groups, []);
  assert.equal((await api('root', 'GET', '')).body.groups.length, 1);
  problem(await join('bob', body.id, 'bob'), 404);
  assert.equal((await join('ann', body.id, 'bob')).status, 204);
  assert.equal((await join('ann', body.id, 'bob')).status, 204);
  assert.deepEqual(await people('bob', body.id), [['ann', 'owner'], ['bob', 'member']]);
  problem(await join('bob', body.id, 'cleo'), 403);
  problem(await join('bob', body.id, 'bob', 'owner'), 403, 'role');
  problem(await leave('bob', body.id, 'ann'), 403);
  problem(await api('bob', 'PATCH', `/${body.id}`, { title: 'Mine' }), 403);
  problem(await api('bob', 'DELETE', `/${body.id}`), 403);
  const changed = await api('ann', 'PATCH', `/${body.id}`, { title: null, joining: 'open' });
  assert.deepEqual([changed.body.title, changed.body.description, changed.body.joining], ['chess-club', 'Fridays', 'open']);
  // Open: others see it, but not who is in it, and join by themselves, as members only.
  const seen = await api('cleo', 'GET', `/${body.id}`);
  assert.deepEqual([seen.status, seen.body.people, seen.body.role], [200, undefined, null]);
  problem(await join('cleo', body.id, 'cleo', 'owner'), 403, 'role');
  problem(await join('cleo', body.id, 'dan'), 403);
  assert.equal((await join('cleo', body.id, 'cleo')).status, 204);
  assert.equal((await leave('cleo', body.id, 'cleo')).status, 204);
  problem(await leave('cleo', body.id, 'cleo'), 404);
});

test('a member makes so many groups, an administrator any number', async () => {
  const few = await new Hearth({ 'auth.group_creation': 'everyone', 'auth.groups_per_account': 2 }).start();
  try {
    const made = {};
    for (const [name, ...flags] of [['ann'], ['root', '--admin']]) {
      few.addUser(`${name}@hearth.test`, 'correct horse battery', ...flags);
      made[name] = { Authorization: `Bearer ${await few.login(`${name}@hearth.test`, 'correct horse battery')}` };
    }
    const make = (who, name) => few.api('POST', '/api/auth/groups', { name }, made[who]);
    const { body: { id: first } } = await make('ann', 'choir');
    assert.equal((await make('ann', 'band')).status, 201);
    problem(await make('ann', 'orchestra'), 409);
    // Leaving or deleting one gives no place for another today: the names would be used up.
    assert.equal((await few.api('DELETE', `/api/auth/groups/${first}`, undefined, made.ann)).status, 204);
    problem(await make('ann', 'orchestra'), 409);
    for (const name of ['orchestra', 'quartet', 'trio']) assert.equal((await make('root', name)).status, 201);
  } finally {
    await few.remove();
  }
});

test('people are added by address, by those who may add people', async () => {
  const group = (await api('ann', 'POST', '', { name: 'by-address', joining: 'open' })).body.id;
  const add = (by, body) => api(by, 'POST', `/${group}/members`, body);
  assert.deepEqual((await add('ann', { address: 'BOB@hearth.test' })).body, { account: id.bob, invited: 'member' });
  assert.deepEqual((await add('ann', { address: 'cleo', role: 'owner' })).body, { account: id.cleo, invited: 'owner' });
  for (const name of ['bob', 'cleo']) assert.equal((await ask(name, group, name)).status, 204);
  assert.equal((await add('cleo', { address: 'cleo@hearth.test' })).status, 204); // and stays an owner
  assert.deepEqual(await people('ann', group), [['ann', 'owner'], ['cleo', 'owner'], ['bob', 'member']]);
  problem(await add('ann', { address: 'nobody@hearth.test' }), 404, 'address');
  // Who may not add people learns nothing of who has an account.
  problem(await add('bob', { address: 'dan@hearth.test' }), 403);
  problem(await add('bob', { address: 'nobody@hearth.test' }), 403);
  problem(await add('dan', { address: 'dan@hearth.test' }), 403); // one joins by one's number
  for (const address of [undefined, null, 7, [], '', 'a b', 'ann@elsewhere.test@', 'аnn@hearth.test', 'x'.repeat(255)])
    problem(await add('ann', { address }), 400, 'address');
  for (const role of [null, 7, '', 'boss', 'οwner']) problem(await add('ann', { address: 'dan@hearth.test', role }), 400, 'role');
  problem(await hearth.api('POST', `/api/auth/groups/${group}/members`, { address: 'dan@hearth.test' }), 401);
  problem(await api('ann', 'POST', '/4711/members', { address: 'dan@hearth.test' }), 404);
  assert.deepEqual(await people('ann', group), [['ann', 'owner'], ['cleo', 'owner'], ['bob', 'member']]);
  assert.equal((await api('ann', 'DELETE', `/${group}`)).status, 204);
});

test('nobody is put into a group without saying yes', async () => {
  const { body: group } = await api('ann', 'POST', '', { name: 'consent' });
  const invitations = async (name) => (await hearth.api('GET', '/api/auth/me', undefined, bearer(name))).body.group_invitations;
  const seen = async (name) => (await api(name, 'GET', '')).body.groups.find((one) => one.id === group.id);
  assert.equal((await ask('ann', group.id, 'bob')).status, 202);
  assert.equal((await ask('root', group.id, 'cleo', 'owner')).status, 202); // administrators ask as well
  // Who is asked sees the group, and not who is in it; they are no member.
  assert.deepEqual([(await seen('bob')).role, (await seen('bob')).invited, (await seen('cleo')).invited], [null, 'member', 'owner']);
  assert.deepEqual([await invitations('bob'), await invitations('dan')], [1, 0]);
  const { body } = await api('bob', 'GET', `/${group.id}`);
  assert.deepEqual([body.members, body.people, body.invitations], [1, undefined, undefined]);
  const shown = (await api('ann', 'GET', `/${group.id}`)).body;
  assert.deepEqual(shown.invitations.map((one) => [one.address, one.role]), [['bob@hearth.test', 'member'], ['cleo@hearth.test', 'owner']]);
  // Yes for oneself only, and only to what was asked.
  problem(await ask('bob', group.id, 'cleo'), 403);
  problem(await ask('bob', group.id, 'bob', 'owner'), 403, 'role');
  problem(await ask('dan', group.id, 'dan'), 404);
  // No; no once more; and taken back by who asked.
  assert.equal((await leave('bob', group.id, 'bob')).status, 204);
  problem(await leave('bob', group.id, 'bob'), 404);
  problem(await ask('bob', group.id, 'bob'), 404);
  assert.equal((await leave('ann', group.id, 'cleo')).status, 204);
  problem(await ask('cleo', group.id, 'cleo'), 404);
  assert.deepEqual(await people('ann', group.id), [['ann', 'owner']]);
  // Over a restart it waits; with yes they are in it, as they were asked.
  assert.equal((await ask('ann', group.id, 'bob')).status, 202);
  assert.equal((await ask('ann', group.id, 'bob', 'owner')).status, 202);
  await hearth.kill();
  await hearth.start();
  assert.equal((await ask('bob', group.id, 'bob')).status, 204);
  assert.deepEqual(await people('ann', group.id), [['ann', 'owner'], ['bob', 'owner']]);
  assert.equal(await invitations('bob'), 0);
  // By command: asked, or put in by an administrator's word, which the person reads.
  const run = (...args) => hearth.command('group', ...args);
  assert.match(run('invite', 'consent', 'cleo').stdout, /theirs to say yes/);
  assert.equal(run('invite', 'consent', 'bob').status, 1);
  assert.match(run('show', 'consent').stdout, /^cleo@hearth\.test\tinvited$/m);
  assert.equal(run('join', 'consent', 'cleo').status, 0);
  const { body: { events } } = await hearth.api('GET', '/api/auth/events', undefined, bearer('cleo'));
  assert.ok(events.some((event) => event.kind === 'group.joined' && event.detail === 'consent'));
  // A group that goes, and an account, take what waits with them.
  assert.equal((await ask('ann', group.id, 'dan')).status, 202);
  assert.equal((await api('ann', 'DELETE', `/${group.id}`)).status, 204);
  assert.equal(await invitations('dan'), 0);
});

test('the last owner stays while others are there', async () => {
  const { body: group } = await api('ann', 'POST', '', { name: 'duo' });
  await join('ann', group.id, 'bob');
  problem(await leave('ann', group.id, 'ann'), 409);
  problem(await join('ann', group.id, 'ann', 'member'), 409, 'role');
  problem(await leave('root', group.id, 'ann'), 409);
  assert.equal((await join('ann', group.id, 'bob', 'owner')).status, 204);
  assert.equal((await leave('ann', group.id, 'ann')).status, 204);
  assert.deepEqual(await people('bob', group.id), [['bob', 'owner']]);
  assert.equal((await leave('bob', group.id, 'bob')).status, 204);
  problem(await api('bob', 'GET', `/${group.id}`), 404);
  assert.equal((await api('root', 'DELETE', `/${group.id}`)).status, 204);
  problem(await api('root', 'GET', `/${group.id}`), 404);
});

test('two owners who leave at once do not both', async () => {
  const { body: group } = await api('ann', 'POST', '', { name: 'race' });
  await join('ann', group.id, 'bob', 'owner');
  await join('ann', group.id, 'cleo');
  const left = await Promise.all([leave('ann', group.id, 'ann'), leave('bob', group.id, 'bob')]);
  assert.deepEqual(left.map((answer) => answer.status).sort(), [204, 409]);
});

test('what is wrong is named', async () => {
  const post = (body) => api('ann', 'POST', '', body);
  for (const name of [undefined, null, 7, '', 'a', '-a', 'a b', 'a@b', 'a_b', 'st\u0430ff', 'x'.repeat(41), ['ab']])
    problem(await post({ title: 'T', name }), 400, 'name');
  for (const title of [7, '', ' ', 'x'.repeat(65), 'a\u200bb', 'pаypal'])
    problem(await post({ name: 'other', title }), 400, 'title');
  for (const description of [7, [], 'x'.repeat(1001), 'a\u0000', 'a\u202eb'])
    problem(await post({ name: 'other', description }), 400, 'description');
  for (const joining of [7, null, 'closed', 'Open']) problem(await post({ name: 'other', joining }), 400, 'joining');
  problem(await post({ name: 'other', quota: 5 }), 403, 'quota');
  problem(await post({ name: 'other', owner: 7 }), 400, 'owner');
  problem(await post({ name: 'other', description: 'x'.repeat(20000) }), 413);
  for (const quota of [0, -1, 1.5, '1G', {}]) problem(await api('root', 'POST', '', { name: 'other', quota }), 400, 'quota');
  const { body: group } = await post({ name: 'other' });
  problem(await post({ name: 'OTHER' }), 409, 'name');
  problem(await api('ann', 'PATCH', `/${group.id}`, { name: 'another' }), 400, 'name');
  problem(await api('ann', 'PATCH', `/${group.id}`, { joining: 'never' }), 400, 'joining');
  problem(await api('ann', 'PATCH', '/999999', { title: 'x' }), 404);
  problem(await api('ann', 'GET', '/x'), 404);
  for (const role of [null, 7, 'admin', '', 'Owner'])
    problem(await api('ann', 'PUT', `/${group.id}/members/${id.bob}`, { role }), 400, 'role');
  problem(await api('ann', 'PUT', `/${group.id}/members/999999`), 404);
  problem(await hearth.api('GET', '/api/auth/groups'), 401);
});

test('a name and an account\'s address exclude each other', async () => {
  problem(await api('ann', 'POST', '', { name: 'bob' }), 409, 'name');
  await api('ann', 'POST', '', { name: 'eve' });
  problem(await hearth.api('POST', '/api/auth/register', { address: 'eve@hearth.test', password: 'correct horse battery' }), 409, 'address');
  assert.equal(hearth.command('user', 'add', 'eve@hearth.test', '--password-stdin', { input: 'correct horse battery\n' }).status, 1);
  assert.equal(hearth.command('user', 'add', 'eve2@hearth.test', '--password-stdin', { input: 'correct horse battery\n' }).status, 0);
  assert.equal(hearth.command('group', 'add', 'eve2').status, 1);
});

test('only administrators make groups unless it is said otherwise', async () => {
  const other = await new Hearth().start();
  try {
    other.addUser('ann@hearth.test', 'correct horse battery');
    other.addUser('root@hearth.test', 'correct horse battery', '--admin');
    const make = async (name) => other.api('POST', '/api/auth/groups', { name: 'staff' },
      { Authorization: `Bearer ${await other.login(`${name}@hearth.test`, 'correct horse battery')}` });
    problem(await make('ann'), 403);
    assert.equal((await make('root')).status, 201);
  } finally {
    await other.remove();
  }
});

test('commands do the same', async () => {
  const run = (...args) => {
    const done = hearth.command('group', ...args);
    return [done.status, done.stdout + done.stderr];
  };
  assert.equal(run('add', 'Staff', '--title', 'All of us', '--open')[0], 0);
  assert.equal(run('add', 'staff')[0], 1);
  assert.equal(run('add')[0], 2);
  assert.equal(run('add', 'a b')[0], 2);
  assert.equal(run('add', 'abc', '--title')[0], 2);
  assert.equal(run('join', 'staff', 'ann@hearth.test', '--owner')[0], 0);
  assert.equal(run('join', 'staff', 'bob')[0], 0);
  assert.equal(run('join', 'staff', 'nobody@hearth.test')[0], 1);
  assert.equal(run('join', 'staff')[0], 2);
  assert.equal(run('leave', 'staff', 'ann@hearth.test')[0], 1);
  assert.match(run('show', 'staff')[1], /^staff\tAll of us\nann@hearth\.test\towner\nbob@hearth\.test\n$/);
  assert.match(run('list')[1], /^staff\t2\tAll of us\topen$/m);
  assert.equal(run('leave', 'staff', 'bob')[0], 0);
  assert.equal(run('quota', 'staff', '10G')[0], 0);
  assert.match(run('show', 'staff')[1], /^quota\t10737418240$/m);
  assert.equal(run('quota', 'staff', '10X')[0], 2);
  assert.equal(run('delete', 'staff')[0], 0);
  assert.equal(run('delete', 'staff')[0], 1);
  assert.equal(run('show', 'staff')[0], 1);
});

test('a deleted account leaves its groups, also as the last owner', async () => {
  hearth.addUser('gone@hearth.test', 'correct horse battery');
  token.gone = await hearth.login('gone@hearth.test', 'correct horse battery');
  const { body: group } = await api('gone', 'POST', '', { name: 'orphans' });
  await join('gone', group.id, 'bob');
  assert.equal(hearth.command('user', 'delete', 'gone@hearth.test').status, 0);
  assert.deepEqual(await people('bob', group.id), [['bob', 'member']]);
  assert.equal((await join('root', group.id, 'bob', 'owner')).status, 204);
});

test('quotas: one\'s own, the groups\', the default', async () => {
  const other = await new Hearth({ 'auth.quota': '1M' }).start();
  try {
    other.addUser('ann@hearth.test', 'correct horse battery');
    const session = await other.login('ann@hearth.test', 'correct horse battery');
    const quota = async () => (await other.api('GET', '/api/auth/me', undefined, { Authorization: `Bearer ${session}` })).body.quota;
    const run = (...args) => assert.equal(other.command(...args).status, 0);
    assert.equal(await quota(), 1 << 20);
    run('group', 'add', 'small');
    run('group', 'quota', 'small', '512K');
    run('group', 'join', 'small', 'ann');
    assert.equal(await quota(), 1 << 20);
    run('group', 'add', 'large');
    run('group', 'quota', 'large', '3M');
    run('group', 'join', 'large', 'ann');
    assert.equal(await quota(), 3 << 20);
    run('user', 'quota', 'ann@hearth.test', '2M');
    assert.equal(await quota(), 2 << 20);
    run('user', 'quota', 'ann@hearth.test', 'none');
    assert.equal(await quota(), null);
    run('user', 'quota', 'ann@hearth.test', 'default');
    run('group', 'leave', 'large', 'ann');
    assert.equal(await quota(), 1 << 20);
    assert.equal(other.command('user', 'quota', 'ann@hearth.test', '2X').status, 2);
    assert.equal(other.command('user', 'quota', 'nobody@hearth.test', '2M').status, 1);
  } finally {
    await other.remove();
  }
});

test('kill -9 after an answer keeps what was answered', async () => {
  const { body: group } = await api('ann', 'POST', '', { name: 'lasting' });
  await join('ann', group.id, 'cleo');
  await hearth.kill();
  await hearth.start();
  assert.deepEqual(await people('cleo', group.id), [['ann', 'owner'], ['cleo', 'member']]);
  await eventually(async () => (await leave('cleo', group.id, 'cleo')).status === 204);
});

test('a moderator looks after members, and no further', async () => {
  hearth.addUser('mo@hearth.test', 'correct horse battery', '--moderator');
  hearth.addUser('mel@hearth.test', 'correct horse battery');
  hearth.addUser('max@hearth.test', 'correct horse battery', '--moderator');
  for (const name of ['mo', 'mel', 'max']) {
    token[name] = await hearth.login(`${name}@hearth.test`, 'correct horse battery');
    id[name] = (await hearth.api('GET', '/api/auth/me', undefined, bearer(name))).body.id;
  }
  const accounts = (name, method, who, body) => hearth.api(method, `/api/auth/accounts${who ? `/${id[who]}` : ''}`, body, bearer(name));
  assert.equal((await accounts('mo', 'GET')).status, 200);
  assert.equal((await accounts('mo', 'GET', 'mel')).body.role, 'member');
  problem(await accounts('mel', 'GET'), 403);
  problem(await accounts('mo', 'PATCH', 'mel', { role: 'administrator' }), 403, 'role');
  problem(await accounts('mo', 'PATCH', 'mo', { role: 'administrator' }), 403, 'role');
  problem(await accounts('mo', 'PATCH', 'mel', { quota: 0, disabled: true }), 403, 'quota');
  problem(await accounts('mo', 'PATCH', 'root', { disabled: true }), 403);
  problem(await accounts('mo', 'PATCH', 'max', { disabled: true }), 403);
  problem(await accounts('mel', 'PATCH', 'ann', { disabled: true }), 403);
  assert.equal((await accounts('mo', 'PATCH', 'mel', { disabled: true })).body.disabled, true);
  await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer('mel'))).status === 401);
  assert.equal((await accounts('mo', 'PATCH', 'mel', { disabled: false })).body.disabled, false);
  token.mel = await hearth.login('mel@hearth.test', 'correct horse battery');
  // Groups: members in and out, no owners.
  const { body: group } = await api('ann', 'POST', '', { name: 'watched' });
  assert.equal((await join('mo', group.id, 'mel')).status, 204);
  problem(await join('mo', group.id, 'mel', 'owner'), 403, 'role');
  problem(await join('mo', group.id, 'ann', 'member'), 403, 'role');
  problem(await leave('mo', group.id, 'ann'), 403);
  problem(await api('mo', 'PATCH', `/${group.id}`, { title: 'x' }), 403);
  problem(await api('mo', 'DELETE', `/${group.id}`), 403);
  assert.equal((await leave('mo', group.id, 'mel')).status, 204);
  // A token without the scope "admin" has no more rights than a member's.
  const made = await hearth.api('POST', '/api/auth/tokens', { name: 'plain', scopes: 'account', password: 'correct horse battery' }, bearer('mo'));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  token.plain = made.body.token;
  problem(await accounts('plain', 'GET'), 403);
  problem(await join('plain', group.id, 'mel'), 404);
});
