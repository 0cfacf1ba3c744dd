// register.test.mjs: how people come in: the first start, invitations, rules for passwords, phones;
// and what administrators then do with accounts, over HTTP and by command.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Hearth } from './hearth.mjs';

const PASSWORD = 'correct horse';
const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const problem = (answer, status, field) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  if (field !== undefined) assert.equal(answer.body.field, field, JSON.stringify(answer.body));
  return answer.body;
};
const registerAt = (hearth) => (body) => hearth.api('POST', '/api/auth/register', { password: PASSWORD, ...body });
const LINK = /\/#register\?invitation=([A-Za-z0-9_-]{43})$/m;
const secretIn = (text) => LINK.exec(text)?.[1];

describe('the first start', () => {
  let hearth, first, root;
  const file = () => join(hearth.dir, 'data', 'first-start');
  const firstLine = async () => {
    hearth.log = '';
    await hearth.start();
    return eventually(() => /There is no administrator yet.*\n/.exec(hearth.log)?.[0], 20, 'the link').then((line) => line.trim());
  };
  const config = async () => (await hearth.api('GET', '/api/auth/config')).body;
  before(() => {
    hearth = new Hearth({ 'auth.registration': 'closed' });
  });
  after(() => hearth.remove());

  test('a server without an administrator prints a link, keeps it for its owner, and tells it again', async () => {
    const line = await firstLine();
    first = secretIn(line);
    assert.ok(line.includes(`http://127.0.0.1:${hearth.port.http}/#register?invitation=`), line);
    assert.equal(secretIn(readFileSync(file(), 'utf8').trim()), first);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
    const told = hearth.command('first-start').stdout.trim();
    assert.equal(told, `http://127.0.0.1:${hearth.port.http}/#register?invitation=${first}`);
    assert.equal(hearth.command('first-start', 'x').status, 2);
    assert.equal((await config()).first_start, true);
  });

  test('it is the same after a restart, also when members are there; a lost file makes another', async () => {
    hearth.addUser('mia@hearth.test', PASSWORD);
    await hearth.kill();
    assert.equal(secretIn(await firstLine()), first);
    await hearth.kill();
    for (const text of ['', 'invitation=', '#register?invitation=short', '\0'.repeat(3000)]) {
      writeFileSync(file(), text);
      const other = secretIn(hearth.command('first-start').stdout.trim());
      assert.ok(other && other !== first, text);
      assert.equal(statSync(file()).mode & 0o777, 0o600);
    }
    const second = secretIn(await firstLine());
    problem(await registerAt(hearth)({ address: 'root@hearth.test', invitation: first }), 403, 'invitation');
    first = second;
    assert.equal((await config()).first_start, true);
  });

  test('it makes an administrator once, whatever registration says', async () => {
    problem(await registerAt(hearth)({ address: 'root@hearth.test' }), 403);
    problem(await registerAt(hearth)({ address: 'root@elsewhere.test', invitation: first }), 400, 'address');
    const made = await registerAt(hearth)({ address: 'root@hearth.test', invitation: first });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.account.role, 'administrator');
    root = made.body.token;
    assert.equal((await hearth.api('GET', '/api/auth/accounts', undefined, bearer(root))).body.accounts.length, 2);
    problem(await registerAt(hearth)({ address: 'second@hearth.test', invitation: first }), 403, 'invitation');
    assert.equal((await config()).first_start, false);
    // Not said from memory: by command even the last one loses the role.
    assert.equal(hearth.command('user', 'role', 'root@hearth.test', 'member').status, 0);
    assert.equal((await config()).first_start, true);
    assert.equal(hearth.command('user', 'role', 'root@hearth.test', 'administrator').status, 0);
    assert.equal((await config()).first_start, false);
    root = await hearth.login('root@hearth.test', PASSWORD);
    assert.equal(hearth.command('first-start').status, 1);
  });

  test('the secret is in no list and in no file of the server; a restart with an administrator prints none', async () => {
    const { body } = await hearth.api('GET', '/api/auth/invitations', undefined, bearer(root));
    assert.deepEqual(body, { invitations: [] });
    await hearth.stop();
    assert.ok(!existsSync(file()));
    for (const name of ['auth.db', 'auth.db-wal']) {
      const path = join(hearth.dir, 'data', name);
      if (existsSync(path)) assert.ok(!readFileSync(path).includes(first), name);
    }
    hearth.log = '';
    await hearth.start();
    assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(root))).status, 200);
    assert.doesNotMatch(hearth.log, /invitation=/);
  });

  test('by the page only the link makes an administrator, by command the first account is one', async () => {
    const other = new Hearth();
    try {
      await other.start();
      const secret = await eventually(() => secretIn(other.log), 20, 'the link');
      const add = (...args) => other.command('user', 'add', ...args, '--password-stdin', { input: `${PASSWORD}\n` });
      assert.equal((await registerAt(other)({ address: 'mia@hearth.test' })).body.account.role, 'member');
      assert.doesNotMatch(add('ben@hearth.test').stdout, /administrator/); // not the first
      for (const address of ['mia@hearth.test', 'ben@hearth.test']) assert.equal(other.command('user', 'delete', address).status, 0);
      assert.match(add('admin@hearth.test').stdout, /administrator, since it is the first account/);
      assert.ok(!existsSync(join(other.dir, 'data', 'first-start')));
      assert.match(add('eve@hearth.test').stdout, /added$/m);
      problem(await registerAt(other)({ address: 'ray@hearth.test', invitation: secret }), 403, 'invitation');
    } finally {
      await other.remove();
    }
  });

  test('an account that is told to be none is no administrator; who is made one voids the link', async () => {
    const other = new Hearth();
    try {
      assert.match(other.command('user', 'add', 'ann@hearth.test', '--no-admin', '--password-stdin', { input: `${PASSWORD}\n` }).stdout, /added$/m);
      const secret = secretIn(other.command('first-start').stdout.trim());
      await other.start();
      assert.equal(secretIn(other.command('first-start').stdout.trim()), secret);
      assert.equal(other.command('user', 'role', 'ann@hearth.test', 'administrator').status, 0);
      problem(await registerAt(other)({ address: 'ray@hearth.test', invitation: secret }), 403, 'invitation');
      assert.ok(!existsSync(join(other.dir, 'data', 'first-start')));
    } finally {
      await other.remove();
    }
  });

  test('without a word in the INI file people come by invitation', async () => {
    const other = new Hearth();
    delete other.settings['auth.registration'];
    try {
      await other.start();
      assert.equal((await other.api('GET', '/api/auth/config')).body.registration, 'invitation');
      problem(await registerAt(other)({ address: 'mia@hearth.test' }), 403);
    } finally {
      await other.remove();
    }
  });
});

describe('registering', () => {
  let hearth, admin, register;
  before(async () => {
    hearth = await new Hearth({ 'auth.registration': 'open', 'auth.registrations_per_network': 1000 }).start();
    hearth.addUser('admin@hearth.test', PASSWORD, '--admin');
    admin = await hearth.login('admin@hearth.test', PASSWORD);
    register = registerAt(hearth);
  });
  after(() => hearth.remove());

  test('the page hears how people come in', async () => {
    const { status, body } = await hearth.api('GET', '/api/auth/config');
    assert.equal(status, 200);
    assert.deepEqual([body.registration, body.phone_required, body.password_min, body.sms, body.second_factor], ['open', false, 8, false, 'optional']);
  });

  test('every field that is wrong is named', async () => {
    const good = { address: 'bob@hearth.test', password: PASSWORD, name: 'Bob', invitation: 'A'.repeat(43) };
    const wrong = {
      address: [undefined, null, 7, true, [], {}, '', 'b'.repeat(65), `${'b'.repeat(64)}@${'h'.repeat(190)}.test`,
        'bоb@hearth.test' /* a Cyrillic о */, 'bob@heаrth.test', 'ｂｏｂ@hearth.test', 'bob@elsewhere.test', 'bob\u0000@hearth.test', 'b\u200bob@hearth.test'],
      password: [undefined, null, 12345678, [], {}, '', 'seven77', 'x'.repeat(257), 'tab\tand some', 'line\nand some', 'nul\u0000and some',
        'password', 'PASSWORD1', 'ｐａｓｓｗｏｒｄ', 'qwertyuiop', 'aaaaaaaa', '12345678', '87654321', 'bob@hearth.test', 'hearth.test', 'HEARTH1999'],
      name: [7, [], {}, '', 'x'.repeat(300), 'a\u0000b', 'a\u202eb', '\u200b', 'Bоb'],
      invitation: [7, [], {}, '', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}А` /* Cyrillic */, `${'A'.repeat(42)}\u0000`, 'A'.repeat(3000)],
      phone: [7, [], {}, '', 'call me', '+49', '+49151234567890123', '+４９151234567'],
    };
    for (const [field, values] of Object.entries(wrong))
      for (const value of values) {
        const answer = await register({ ...good, [field]: value });
        assert.equal(answer.body.field, field, `${field} = ${JSON.stringify(value)}: ${JSON.stringify(answer.body)}`);
        problem(answer, 400, field);
      }
    problem(await register({ ...good, extra: 'x'.repeat(5000) }), 413);
    // Bytes that are no UTF-8 are no JSON at all.
    const bytes = await fetch(`${hearth.base}/api/auth/register`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: Buffer.from('{"address":"bob@hearth.test","password":"correct \xff horse"}', 'latin1') });
    assert.equal(bytes.status, 400);
    // No message can be sent from here.
    problem(await register({ address: 'bob@hearth.test', phone: '+4915123456789' }), 400, 'phone');
    // Nulls of what may be missing are as good as nothing.
    assert.equal((await register({ address: 'bob@hearth.test', name: null, invitation: null, phone: null })).status, 201);
    assert.equal(problem(await register({ address: 'BOB@hearth.test' }), 409).field, 'address');
    problem(await register({ address: 'bob+bank@hearth.test' }), 400, 'address');
    for (const name of ['postmaster', 'Admin', 'hostmaster']) problem(await register({ address: `${name}@hearth.test` }), 400, 'address');
  });

  test('one password is one however it was typed, up to 64 characters of any script', async () => {
    assert.equal((await register({ address: 'wide@hearth.test', password: 'ｃｏｒｒｅｃｔ　ｈｏｒｓｅ' })).status, 201);
    await hearth.login('wide@hearth.test', 'correct horse');
    assert.equal((await register({ address: 'marks@hearth.test', password: 'cha\u0308ir nai\u0308ve' })).status, 201);
    await hearth.login('marks@hearth.test', 'ch\u00e4ir na\u00efve');
    const long = '🦊🌋🎻🧂'.repeat(16);
    assert.equal((await register({ address: 'emoji@hearth.test', password: long })).status, 201);
    await hearth.login('emoji@hearth.test', long);
    problem(await hearth.api('POST', '/api/auth/login', { address: 'emoji@hearth.test', password: long.slice(2) }), 401);
    problem(await hearth.api('POST', '/api/auth/login', { address: 'emoji@hearth.test', password: 'nul\u0000nul' }), 401);
  });

  test('what was answered with 201 is there after kill -9, and can log in', async () => {
    const made = await register({ address: 'eve@hearth.test' });
    await hearth.kill();
    assert.equal(made.status, 201);
    await hearth.start();
    assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(made.body.token))).status, 200);
    await hearth.login('eve@hearth.test', PASSWORD);
  });

  test('fifty at once of one address: one wins', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => register({ address: 'race@hearth.test', password: `${PASSWORD} ${i}` })));
    const made = answers.filter((answer) => answer.status === 201);
    assert.equal(made.length, 1);
    for (const answer of answers) if (answer.status !== 201) problem(answer, 409, 'address');
    const winner = answers.indexOf(made[0]);
    await hearth.login('race@hearth.test', `${PASSWORD} ${winner}`);
  });

  test('an invitation gives a role, is for one address, and its last use is taken once', async () => {
    const post = (body) => hearth.api('POST', '/api/auth/invitations', body, bearer(admin));
    const made = await post({ role: 'moderator', address: 'Mod@hearth.test', note: 'for the games', groups: [] });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { secret, link } = made.body;
    assert.equal(secretIn(link), secret);
    assert.ok(link.startsWith(`${hearth.base}/#register`), link);
    const listed = await hearth.api('GET', '/api/auth/invitations', undefined, bearer(admin));
    assert.deepEqual(listed.body.invitations.map((in_) => [in_.role, in_.address, in_.uses_left, in_.note]), [['moderator', 'mod@hearth.test', 1, 'for the games']]);
    assert.ok(!JSON.stringify(listed.body).includes(secret));
    problem(await register({ address: 'other@hearth.test', invitation: secret }), 403, 'invitation');
    // A password that is refused and an address that is taken use nothing up.
    problem(await register({ address: 'mod@hearth.test', invitation: secret, password: 'password' }), 400, 'password');
    const mod = await register({ address: 'mod@hearth.test', invitation: secret });
    assert.deepEqual([mod.status, mod.body.account.role], [201, 'moderator']);
    const none = (await register({ address: 'other@hearth.test', invitation: secret })).body;
    const unknown = (await register({ address: 'other@hearth.test', invitation: 'A'.repeat(43) })).body;
    assert.deepEqual(none, unknown);

    const three = (await post({ uses: 3 })).body.secret;
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => register({ address: `guest${i}@hearth.test`, invitation: three })));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 3);
    for (const answer of answers) if (answer.status !== 201) problem(answer, 403, 'invitation');
  });

  test('an invitation asks its guests into groups', async () => {
    const { id } = (await hearth.api('POST', '/api/auth/groups', { name: 'choir', title: 'Choir' }, bearer(admin))).body;
    const gone = (await hearth.api('POST', '/api/auth/groups', { name: 'band', title: 'Band' }, bearer(admin))).body.id;
    problem(await hearth.api('POST', '/api/auth/invitations', { groups: [id, 999999] }, bearer(admin)), 400, 'groups');
    const { secret, groups } = (await hearth.api('POST', '/api/auth/invitations', { groups: [id, gone] }, bearer(admin))).body;
    assert.deepEqual(groups, [id, gone]);
    assert.equal((await hearth.api('DELETE', `/api/auth/groups/${gone}`, undefined, bearer(admin))).status, 204);
    const guest = await register({ address: 'alto@hearth.test', invitation: secret });
    assert.equal(guest.status, 201, JSON.stringify(guest.body));
    const seen = async () => (await hearth.api('GET', `/api/auth/groups/${id}`, undefined, bearer(guest.body.token))).body;
    assert.deepEqual([(await seen()).role, (await seen()).invited, (await seen()).people], [null, 'member', undefined]);
    assert.equal((await hearth.api('PUT', `/api/auth/groups/${id}/members/${guest.body.account.id}`, undefined, bearer(guest.body.token))).status, 204);
    assert.ok((await seen()).people.some((one) => one.account === guest.body.account.id));
    problem(await register({ address: 'choir@hearth.test' }), 409, 'address');
  });

  test('an invitation taken back, or after its time, is void', async () => {
    const made = await hearth.api('POST', '/api/auth/invitations', {}, bearer(admin));
    assert.equal((await hearth.api('DELETE', `/api/auth/invitations/${made.body.id}`, undefined, bearer(admin))).status, 204);
    problem(await hearth.api('DELETE', `/api/auth/invitations/${made.body.id}`, undefined, bearer(admin)), 404);
    problem(await register({ address: 'late@hearth.test', invitation: made.body.secret }), 403, 'invitation');
  });

  test('bad invitations are named; only administrators make them', async () => {
    const wrong = {
      role: [7, 'boss', '', 'Administrator', [], 'аdministrator' /* Cyrillic */],
      address: [7, '', 'x@elsewhere.test', 'bоb@hearth.test', {}],
      groups: [7, 'a', [0], ['1'], [1.5], [null], Array.from({ length: 33 }, (_, i) => i + 1)],
      uses: [0, -1, 1.5, '1', 10001, 1e30, []],
      expires_days: [0, -1, 366, '7', {}],
      note: [7, 'x'.repeat(201), 'a\u0000b', []],
    };
    for (const [field, values] of Object.entries(wrong))
      for (const value of values) {
        const answer = await hearth.api('POST', '/api/auth/invitations', { [field]: value }, bearer(admin));
        assert.equal(answer.body.field, field, `${field} = ${JSON.stringify(value)}: ${JSON.stringify(answer.body)}`);
        problem(answer, 400, field);
      }
    const member = (await register({ address: 'member@hearth.test' })).body.token;
    for (const [method, path] of [['GET', '/api/auth/invitations'], ['POST', '/api/auth/invitations'], ['DELETE', '/api/auth/invitations/1'],
      ['GET', '/api/auth/accounts'], ['GET', '/api/auth/accounts/1'], ['PATCH', '/api/auth/accounts/1']]) {
      problem(await hearth.api(method, path, method === 'GET' || method === 'DELETE' ? undefined : {}, bearer(member)), 403);
      problem(await hearth.api(method, path, method === 'GET' || method === 'DELETE' ? undefined : {}), 401);
    }
  });

  test('hearth invite prints a link that works', async () => {
    const done = hearth.command('invite', '--moderator', '--address', 'cara@hearth.test', '--uses', '1', '--expires', '90m');
    assert.equal(done.status, 0, done.stderr);
    const cara = await register({ address: 'cara@hearth.test', invitation: secretIn(done.stdout) });
    assert.deepEqual([cara.status, cara.body.account.role], [201, 'moderator']);
    for (const args of [['--uses', '0'], ['--uses'], ['--expires', '7'], ['--expires', '0d'], ['--expires', '366d'], ['--address', 'x@elsewhere.test'],
      ['--address', 'x y'], ['--root'], ['cara']])
      assert.equal(hearth.command('invite', ...args).status, 2, args.join(' '));
  });

  test('another password ends the other sessions and keeps this one', async () => {
    await register({ address: 'pia@hearth.test', name: '  Pia  Lindqvist ' });
    const [mine, other] = [await hearth.login('pia@hearth.test', PASSWORD), await hearth.login('pia@hearth.test', PASSWORD)];
    const change = (body) => hearth.api('POST', '/api/auth/me/password', { current: PASSWORD, password: 'another horse', ...body }, bearer(mine));
    problem(await hearth.api('POST', '/api/auth/me/password', { current: PASSWORD, password: 'another horse' }), 401);
    for (const value of [undefined, null, 7, [], 'x'.repeat(257)]) problem(await change({ current: value }), 400, 'current');
    problem(await change({ current: 'wrong horse' }), 403, 'current');
    for (const value of [undefined, null, 7, [], 'x'.repeat(257), 'short', 'password', 'pia@hearth.test']) problem(await change({ password: value }), 400, 'password');
    problem(await change({ password: 'PiaLindqvist7' }), 400, 'password'); // her own name
    assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(mine))).body.name, 'Pia Lindqvist');
    assert.equal((await change({})).status, 204);
    await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(other))).status === 401);
    assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(mine))).status, 200);
    problem(await hearth.api('POST', '/api/auth/login', { address: 'pia@hearth.test', password: PASSWORD }), 401);
    await hearth.login('pia@hearth.test', 'another horse');
    const { body } = await hearth.api('GET', '/api/auth/events', undefined, bearer(mine));
    assert.ok(body.events.some((event) => event.kind === 'password.changed'));
    assert.ok(body.events.some((event) => event.kind === 'account.registered'));
  });

  test('administrators look through the accounts and change them', async () => {
    const api = (method, path, body) => hearth.api(method, `/api/auth/accounts${path}`, body, bearer(admin));
    const { account: sam, token } = (await register({ address: 'sam.searched@hearth.test' })).body;
    const found = (await api('GET', '?search=Searched')).body;
    assert.deepEqual(found.accounts.map(({ address, role, disabled, quota, own_quota }) => [address, role, disabled, quota, own_quota]),
      [['sam.searched@hearth.test', 'member', false, 0, false]]);
    assert.equal((await api('GET', '?search=%25')).body.accounts.length, 0);

    const all = [];
    for (let path = '?limit=3'; ;) {
      const { body } = await api('GET', path);
      all.push(...body.accounts.map((account) => account.id));
      if (!body.next) break;
      assert.equal(body.accounts.length, 3);
      path = `?limit=3&after=${body.next}`;
    }
    const lines = hearth.command('user', 'list').stdout.trim().split('\n');
    assert.equal(all.length, lines.length);
    assert.equal(new Set(all).size, all.length);
    for (const path of ['?limit=0', '?limit=201', '?limit=x']) problem(await api('GET', path), 400, 'limit');
    problem(await api('GET', '?after=x'), 400, 'after');
    problem(await api('GET', `?search=${'x'.repeat(300)}`), 400, 'search');

    const wrong = { role: [null, 7, 'boss', ''], disabled: [null, 'yes', 1], quota: [-1, 1.5, '1', 2 ** 60, []] };
    for (const [field, values] of Object.entries(wrong))
      for (const value of values) problem(await api('PATCH', `/${sam.id}`, { [field]: value }), 400, field);
    problem(await api('PATCH', `/${sam.id}`, {}), 400);
    problem(await api('PATCH', '/999999', { disabled: true }), 404);
    problem(await api('GET', '/999999'), 404);

    const changed = await api('PATCH', `/${sam.id}`, { role: 'administrator', quota: 5000 });
    assert.deepEqual([changed.status, changed.body.role, changed.body.quota, changed.body.own_quota], [200, 'administrator', 5000, true]);
    // The session goes on, with the new role, at once.
    await eventually(async () => (await hearth.api('GET', '/api/auth/accounts', undefined, bearer(token))).status === 200);
    assert.equal((await api('PATCH', `/${sam.id}`, { quota: null })).body.own_quota, false);
    // Losing it ends what it opened, and what it invited.
    const invited = (await hearth.api('POST', '/api/auth/invitations', { role: 'administrator' }, bearer(token))).body.secret;
    assert.equal((await api('PATCH', `/${sam.id}`, { role: 'member' })).body.role, 'member');
    await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(token))).status === 401);
    problem(await register({ address: 'backdoor@hearth.test', invitation: invited }), 403, 'invitation');
    const again = await hearth.login('sam.searched@hearth.test', PASSWORD);
    problem(await hearth.api('GET', '/api/auth/accounts', undefined, bearer(again)), 403);
    assert.ok((await hearth.api('GET', '/api/auth/events', undefined, bearer(again))).body.events
      .some((event) => event.kind === 'role.changed' && event.detail === 'administrator, by admin@hearth.test'));
    assert.equal((await api('PATCH', `/${sam.id}`, { disabled: true })).body.disabled, true);
    await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(again))).status === 401);
    problem(await hearth.api('POST', '/api/auth/login', { address: 'sam.searched@hearth.test', password: PASSWORD }), 401);
    assert.equal((await api('PATCH', `/${sam.id}`, { disabled: false })).status, 200);
    await hearth.login('sam.searched@hearth.test', PASSWORD);
  });

  test('the last administrator stays', async () => {
    const api = (id, body) => hearth.api('PATCH', `/api/auth/accounts/${id}`, body, bearer(admin));
    const { id } = (await hearth.api('GET', '/api/auth/me', undefined, bearer(admin))).body;
    problem(await api(id, { role: 'member' }), 409, 'role');
    problem(await api(id, { disabled: true }), 409, 'disabled');
    assert.equal((await api(id, { role: 'administrator' })).status, 200);
    // One that is disabled does not count.
    hearth.addUser('spare@hearth.test', PASSWORD, '--admin');
    assert.equal(hearth.command('user', 'disable', 'spare@hearth.test').status, 0);
    problem(await api(id, { role: 'member' }), 409, 'role');
    // Two who take each other's role away at once: one is left.
    assert.equal(hearth.command('user', 'enable', 'spare@hearth.test').status, 0);
    const spare = await hearth.login('spare@hearth.test', PASSWORD);
    const spareId = (await hearth.api('GET', '/api/auth/me', undefined, bearer(spare))).body.id;
    await Promise.all([api(spareId, { role: 'member' }), hearth.api('PATCH', `/api/auth/accounts/${id}`, { role: 'member' }, bearer(spare))]);
    assert.equal(hearth.command('user', 'list').stdout.split('\n').filter((line) => line.includes('\tadministrator\t')).length, 1);
    hearth.command('user', 'role', 'admin@hearth.test', 'administrator');
    admin = await hearth.login('admin@hearth.test', PASSWORD);
  });

  test('commands: role, sessions listed and ended', async () => {
    await register({ address: 'tess@hearth.test' });
    const tokens = [await hearth.login('tess@hearth.test', PASSWORD), await hearth.login('tess@hearth.test', PASSWORD)];
    assert.equal(hearth.command('user', 'role', 'tess@hearth.test', 'moderator').status, 0);
    assert.match(hearth.command('user', 'list').stdout, /^tess@hearth\.test\tmoderator\tenabled\tpassword$/m);
    await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(tokens[0]))).body.role === 'moderator');
    const lines = hearth.command('session', 'list', 'tess@hearth.test').stdout.trim().split('\n').map((line) => line.split('\t'));
    assert.equal(lines.length, 3);
    for (const [id, kind, network, used] of lines) {
      assert.match(id, /^\d+$/);
      assert.deepEqual([kind, network], ['session', '127.0.0.1']);
      assert.match(used, /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
    }
    // The newest is first; its number ends it alone.
    assert.match(hearth.command('session', 'revoke', lines[0][0]).stdout, /1 ended/);
    await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(tokens[1]))).status === 401);
    assert.equal((await hearth.api('GET', '/api/auth/me', undefined, bearer(tokens[0]))).status, 200);
    assert.match(hearth.command('session', 'revoke', 'tess@hearth.test').stdout, /2 ended/);
    await eventually(async () => (await hearth.api('GET', '/api/auth/me', undefined, bearer(tokens[0]))).status === 401);
    assert.equal(hearth.command('session', 'list', 'tess@hearth.test').stdout, '');
    assert.equal(hearth.command('session', 'revoke', lines[0][0]).status, 1);
    for (const args of [['session', 'list'], ['session', 'list', 'a', 'b'], ['session', 'revoke'], ['session', 'revoke', 'a b'],
      ['user', 'role', 'tess@hearth.test'], ['user', 'role', 'tess@hearth.test', 'boss'], ['user', 'list', 'x'], ['user', 'add', 'x', '--root']])
      assert.equal(hearth.command(...args).status, 2, args.join(' '));
    for (const args of [['session', 'list', 'nobody'], ['session', 'revoke', 'nobody'], ['user', 'role', 'nobody', 'member']])
      assert.equal(hearth.command(...args).status, 1, args.join(' '));
    for (const password of ['short', 'password', 'nina@hearth.test', 'hearth.test'])
      assert.equal(hearth.command('user', 'add', 'nina@hearth.test', '--password-stdin', { input: `${password}\n` }).status, 1, password);
  });
});

test('by invitation only; and closed, also to invitations', async () => {
  const hearth = new Hearth({ 'auth.registration': 'invitation', 'auth.password_min': 15 });
  try {
    await hearth.start();
    hearth.addUser('ann@hearth.test', 'a long and correct horse');
    const secret = secretIn(hearth.command('invite', '--uses', '2').stdout);
    const register = (body) => hearth.api('POST', '/api/auth/register', { password: 'another long horse', ...body });
    problem(await register({ address: 'bob@hearth.test' }), 403);
    problem(await register({ address: 'bob@hearth.test', invitation: secret, password: 'correct horse' }), 400, 'password');
    assert.equal((await register({ address: 'bob@hearth.test', invitation: secret })).status, 201);
    assert.equal((await hearth.api('GET', '/api/auth/config')).body.password_min, 15);
    await hearth.stop();
    hearth.settings['auth.registration'] = 'closed';
    await hearth.start();
    problem(await register({ address: 'cat@hearth.test', invitation: secret }), 403, 'invitation');
    problem(await register({ address: 'cat@hearth.test' }), 403);
  } finally {
    await hearth.remove();
  }
});

test('registrations of one network are counted', async () => {
  const hearth = new Hearth({ 'auth.registrations_per_network': 3 });
  try {
    await hearth.start();
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await registerAt(hearth)({ address: `n${i}@hearth.test` })).status);
    assert.deepEqual(statuses, [201, 201, 201, 429, 429]);
  } finally {
    await hearth.remove();
  }
});

describe('with a phone', () => {
  let hearth, register, verify;
  const messages = () => {
    const path = join(hearth.dir, 'data', 'sms.log');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) : [];
  };
  const codeTo = (phone, nth = 1) => eventually(() => {
    const sent = messages().filter((message) => message.to === phone);
    return sent.length >= nth && /\b(\d{6})\b/.exec(sent.at(-1).text)?.[1];
  }, 20, `a code to ${phone}`);
  before(async () => {
    hearth = await new Hearth({ 'auth.registration_phone': 'yes', 'auth.sms_driver': 'file', 'auth.sms_gap': '0s', 'auth.accounts_per_phone': 1 }).start();
    register = registerAt(hearth);
    verify = (body) => hearth.api('POST', '/api/auth/register/verify', body);
  });
  after(() => hearth.remove());

  test('the link of a first start needs none', async () => {
    const secret = await eventually(() => secretIn(hearth.log), 20, 'the link');
    assert.equal((await register({ address: 'root@hearth.test', invitation: secret })).status, 201);
    const { body } = await hearth.api('GET', '/api/auth/config');
    assert.deepEqual([body.phone_required, body.sms], [true, true]);
  });

  test('the account is made when the code comes back, also after kill -9', async () => {
    problem(await register({ address: 'ann@hearth.test' }), 400, 'phone');
    const asked = await register({ address: 'ann@hearth.test', phone: '+49 (151) 234-56789' });
    assert.equal(asked.status, 202, JSON.stringify(asked.body));
    const { ticket, phone } = asked.body.verification;
    assert.match(phone, /89$/);
    assert.ok(!phone.includes('151'));
    problem(await hearth.api('POST', '/api/auth/login', { address: 'ann@hearth.test', password: PASSWORD }), 401);
    const code = await codeTo('+4915123456789');
    await hearth.kill();
    await hearth.start();
    for (const value of [undefined, null, 7, [], '', 'x'.repeat(65)]) problem(await verify({ ticket: value, code }), 400, 'ticket');
    for (const value of [undefined, null, Number(code), [], '', '12345', '1234567', '１２３４５６', 'abcdef', 'x'.repeat(100)])
      problem(await verify({ ticket, code: value }), 400, 'code');
    problem(await verify({ ticket: 'A'.repeat(43), code }), 403, 'ticket');
    const wrong = code === '000000' ? '000001' : '000000';
    assert.match(problem(await verify({ ticket, code: wrong }), 403, 'code').detail, /4 more tries/);
    const made = await verify({ ticket, code: `${code.slice(0, 3)} ${code.slice(3)}` });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.account.address, 'ann@hearth.test');
    await hearth.login('ann@hearth.test', PASSWORD);
    problem(await verify({ ticket, code }), 403, 'ticket');
    assert.ok(!hearth.log.includes(code));
  });

  test('five wrong codes end it; one code at once many times makes one account', async () => {
    const { ticket } = (await register({ address: 'bea@hearth.test', phone: '+4915100000001' })).body.verification;
    const code = await codeTo('+4915100000001');
    const wrong = code === '000000' ? '000001' : '000000';
    for (let i = 0; i < 5; i++) problem(await verify({ ticket, code: wrong }), 403, 'code');
    problem(await verify({ ticket, code }), 403, 'code');
    const again = (await register({ address: 'bea@hearth.test', phone: '+4915100000001' })).body.verification;
    const good = await codeTo('+4915100000001', 2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => verify({ ticket: again.ticket, code: good })));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    assert.equal(hearth.command('user', 'list').stdout.split('\n').filter((line) => line.startsWith('bea@')).length, 1);
  });

  test('who waits reserves nothing; a phone serves no more than it may', async () => {
    const one = (await register({ address: 'cleo@hearth.test', phone: '+4915100000002' })).body.verification;
    const two = (await register({ address: 'cleo@hearth.test', phone: '+4915100000003' })).body.verification;
    const [first, second] = [await codeTo('+4915100000002'), await codeTo('+4915100000003')];
    assert.equal((await verify({ ticket: two.ticket, code: second })).status, 201);
    problem(await verify({ ticket: one.ticket, code: first }), 409, 'address');
    problem(await register({ address: 'cleo@hearth.test', phone: '+4915100000004' }), 409, 'address');
    const shared = (await register({ address: 'dan@hearth.test', phone: '+4915100000003' })).body.verification;
    problem(await verify({ ticket: shared.ticket, code: await codeTo('+4915100000003', 2) }), 409, 'phone');
  });
});

test('a phone cannot be asked for where no message can be sent', async () => {
  const hearth = new Hearth({ 'auth.registration_phone': 'yes' });
  await assert.rejects(hearth.start(), /registration_phone/);
  await hearth.remove().catch(() => {});
});
