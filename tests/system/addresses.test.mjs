// Whom an address reaches: aliases, catch-alls, subaddresses, domain aliases, with accounts and groups; who
// may write as what; names that are taken or rest; by command and over HTTP.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth } from './hearth.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
let hearth, number = 0;
const command = (...args) => hearth.command(...args);
const run = (...args) => {
  const done = command(...args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const refused = (pattern, ...args) => {
  const done = command(...args);
  assert.equal(done.status, 1, `${args.join(' ')}: ${done.stdout}`);
  assert.match(done.stderr, pattern);
};
const sql = (database, text) => {
  const { status, stdout, stderr } = spawnSync('sqlite3', [join(hearth.dir, 'data', `${database}.db`), text], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n').filter(Boolean);
};
const accounts = () => Object.fromEntries(sql('auth', 'SELECT id, address FROM account').map((row) => row.split('|')));
// Sends one mail to all of these; gives the code of RCPT of each, or who has it: [name, Delivered-To].
const reached = async (...to) => {
  const client = await SmtpClient.hello(hearth.port.smtp);
  const subject = `number ${++number} here`;
  await client.expect(250, 'MAIL FROM:<x@example.org>');
  const codes = [];
  for (const one of to) codes.push((await client.say(`RCPT TO:<${one}>`)).code);
  if (!codes.includes(250)) return client.close(), codes;
  await client.expect(354, 'DATA');
  await client.expect(250, `From: x@example.org\r\nSubject: ${subject}\r\n\r\nhello\r\n.`);
  client.close();
  const names = accounts();
  return sql('mail', `SELECT c.account, substr(c.trace, instr(c.trace, 'Delivered-To: ') + 14) FROM content c JOIN parsed p ON p.id = c.parsed
    WHERE c.subject = '${subject}' ORDER BY c.account`).filter((row) => row.includes('|')).map((row) => {
    const [id, address] = row.replace('\r', '').split('|');
    return `${names[id].replace('@hearth.test', '')} ${address}`;
  });
};

before(async () => {
  hearth = await new Hearth({ 'mail.domains': 'hearth.test second.test' }).start();
  hearth.addUser('root@hearth.test', PASSWORD, '--admin');
  for (const name of ['ann', 'bob', 'cleo', 'eve', 'a+b']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
  hearth.addUser('dan@second.test', PASSWORD);
  run('group', 'add', 'staff');
  for (const name of ['ann', 'bob']) run('group', 'join', 'staff', name);
  run('group', 'join', 'staff', 'cleo', '--owner');
  run('group', 'add', 'empty');
  for (const [address, ...targets] of [
    ['choir', 'ann'],
    ['both@hearth.test', 'ann@hearth.test', 'bob+both@hearth.test'],
    ['nest', 'both', 'cleo'],
    ['team', 'staff', 'eve'],
    ['list.second@second.test', 'staff@second.test'],
    ['Tagged@hearth.test', 'Bob+deep@hearth.test'],
    ['sales', 'ann', 'bob', '--may-write'],
    ['letters', 'staff', '--may-write'],
    ['@old.test', '@hearth.test'],
    ['only@old.test', 'eve'],
    ['@second.test', 'eve'],
    ['nobody', 'empty'],
    ['diamond', 'choir', 'nest'],
  ]) run('alias', 'add', address, ...targets);
});
after(() => hearth.remove());

test('whom an address reaches', async () => {
  const staff = (address) => ['ann', 'bob', 'cleo'].map((name) => `${name} ${address}`);
  for (const [to, who] of [
    ['ann@hearth.test', ['ann ann@hearth.test']],
    ['ANN+Some.Tag@Hearth.Test', ['ann ANN+Some.Tag@hearth.test']],
    ['ann+a=b!c@hearth.test', ['ann ann+a=b!c@hearth.test']], // as VERP writes it
    ['a+b@hearth.test', ['a+b a+b@hearth.test']], // a name of its own, not a subaddress
    ['choir@hearth.test', ['ann choir@hearth.test']],
    ['choir+x@hearth.test', ['ann choir+x@hearth.test']],
    ['both@hearth.test', ['ann both@hearth.test', 'bob both@hearth.test']],
    ['nest@hearth.test', staff('nest@hearth.test')],
    ['diamond@hearth.test', staff('diamond@hearth.test')],
    ['tagged@hearth.test', ['bob tagged@hearth.test']],
    ['staff@hearth.test', staff('staff@hearth.test')],
    ['staff@second.test', staff('staff@second.test')],
    ['team@hearth.test', [...staff('team@hearth.test'), 'eve team@hearth.test']],
    ['list.second@second.test', staff('list.second@second.test')],
    ['list.second@hearth.test', [550]], // an alias is at its own domain
    ['ann@old.test', ['ann ann@old.test']],
    ['ann+x@old.test', ['ann ann+x@old.test']],
    ['both@OLD.test', ['ann both@old.test', 'bob both@old.test']],
    ['staff@old.test', staff('staff@old.test')],
    ['only@old.test', ['eve only@old.test']],
    ['only@hearth.test', [550]],
    ['missing@old.test', [550]],
    ['dan@second.test', ['dan@second.test dan@second.test']],
    ['dan@hearth.test', [550]],
    ['whoever@second.test', ['eve whoever@second.test']],
    ['"any one"@second.test', ['eve "any one"@second.test']],
    ['"any@one"@second.test', ['eve "any@one"@second.test']],
    ['nobody@hearth.test', [550]],
    ['empty@hearth.test', [550]],
    ['empty@second.test', [550]], // the group's, not the catch-all's
    ['missing@hearth.test', [550]],
    ['ann@elsewhere.test', [550]],
    ['ann@sub.hearth.test', [550]],
    ['postmaster@old.test', ['root postmaster@old.test']],
    ['abuse+x@second.test', ['root abuse+x@second.test']], // before the catch-all
    ['Postmaster', ['root postmaster@hearth.test']],
  ]) assert.deepEqual(await reached(to), who, to);
  assert.equal((await reached('diamond@hearth.test', 'ann@hearth.test', 'staff@old.test', 'team@hearth.test')).length, 4);
});

test('who may write as what', async () => {
  const yes = 250, no = 550;
  const rows = [
    // address, ann, bob, cleo (owns staff), eve, root (an administrator)
    ['ann@hearth.test', yes, no, no, no, no],
    ['Ann+tag@HEARTH.test', yes, no, no, no, no],
    ['ann@old.test', yes, no, no, no, no],
    ['ann@second.test', no, no, no, yes, no], // what nobody has there is eve's
    ['', yes, yes, yes, yes, yes],
    ['choir@hearth.test', yes, no, no, no, no],
    ['choir+x@old.test', yes, no, no, no, no],
    ['tagged@hearth.test', no, yes, no, no, no],
    ['both@hearth.test', no, no, no, no, no],
    ['sales@hearth.test', yes, yes, no, no, no],
    ['sales+x@old.test', yes, yes, no, no, no],
    ['letters@hearth.test', yes, yes, yes, no, no],
    ['team@hearth.test', no, no, no, no, no],
    ['staff@hearth.test', no, no, yes, no, no],
    ['staff+x@second.test', no, no, yes, no, no],
    ['list.second@second.test', no, no, no, no, no],
    ['only@old.test', no, no, no, yes, no],
    ['whoever@second.test', no, no, no, yes, no],
    ['dan@second.test', no, no, no, no, no],
    ['postmaster@hearth.test', no, no, no, no, yes],
    ['abuse@second.test', no, no, no, no, yes],
    ['missing@hearth.test', no, no, no, no, no],
    ['ann@elsewhere.test', no, no, no, no, no],
    ['ann@sub.hearth.test', no, no, no, no, no],
    ['"ann"@hearth.test', yes, no, no, no, no],
  ];
  for (const [at, name] of ['ann', 'bob', 'cleo', 'eve', 'root'].entries()) {
    const login = async () => {
      const client = await SmtpClient.hello(hearth.port.submission);
      await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0${name}@hearth.test\0${PASSWORD}`).toString('base64')}`);
      return client;
    };
    let client = await login(), errors = 0;
    for (const [address, ...may] of rows) {
      if (errors === 15) { // of which a connection has twenty
        client.close();
        [client, errors] = [await login(), 0];
      }
      const { code } = await client.say(`MAIL FROM:<${address}>`);
      assert.equal(code, may[at], `${name} as ${address}`);
      if (code === 250) await client.expect(250, 'RSET');
      else errors++;
    }
    client.close();
    // MAIL that waits for an answer, with the next commands behind it already.
    const other = await login();
    other.send('MAIL FROM:<postmaster@hearth.test>\r\nRCPT TO:<ann@hearth.test>\r\nRSET\r\n');
    const codes = [await other.reply(), await other.reply(), await other.reply()].map((reply) => reply.code);
    assert.deepEqual(codes, name === 'root' ? [250, 250, 250] : [550, 503, 250]);
    other.close();
  }
});

test('a name is one thing, leads to somebody, and not back to itself', async () => {
  for (const [pattern, ...args] of [
    [/has this name/, 'add', 'bob', 'ann'],
    [/has this name/, 'add', 'staff', 'ann'],
    [/has this name/, 'add', 'staff@second.test', 'ann'],
    [/leads there already/, 'add', 'choir', 'ann'],
    [/nobody has/, 'add', 'new', 'missing'],
    [/none of ours/, 'add', 'new@elsewhere.test', 'ann'],
    [/none of ours/, 'add', '@elsewhere.test', 'ann'],
    [/back to itself/, 'add', 'choir', 'choir+x'],
    [/back to itself/, 'add', 'both', 'diamond'],
    [/back to itself/, 'add', '@second.test', 'whatever@second.test'],
    [/back to itself/, 'add', '@hearth.test', '@hearth.test'],
    [/an alias of one of/, 'add', '@more.test', '@old.test'],
    [/an alias of one of/, 'add', '@old.test', 'ann'],
    [/an alias of one of/, 'add', '@second.test', '@hearth.test'],
    [/an alias of one of/, 'add', 'new', '@hearth.test'],
    [/no such alias/, 'remove', 'missing'],
    [/no such alias/, 'remove', 'choir', 'bob'],
  ]) refused(pattern, 'alias', ...args);
  for (const args of [['add', 'new'], ['add'], ['add', 'a b', 'ann'], ['add', 'new', 'x@'], ['remove'], ['add', 'new', 'ann', '--what']])
    assert.equal(command('alias', ...args).status, 2, args.join(' '));
  assert.equal(command('user', 'add', 'choir', '--password-stdin', { input: `${PASSWORD}\n` }).status, 1);
  assert.equal(command('group', 'add', 'choir').status, 1);
  assert.equal((await hearth.api('POST', '/api/auth/register', { address: 'choir@hearth.test', password: PASSWORD })).status, 409);
  // As deep as anybody means, and no deeper.
  run('alias', 'add', 'deep0', 'ann');
  for (let i = 1; i < 10; i++) run('alias', 'add', `deep${i}`, `deep${i - 1}`);
  assert.deepEqual(await reached('deep9@hearth.test'), ['ann deep9@hearth.test']);
  refused(/too many/, 'alias', 'add', 'deep10', 'deep9');
  assert.match(run('alias', 'list', 'deep9'), /^deep9@hearth\.test\tdeep8@hearth\.test\n$/);
});

test('what was an alias rests, for accounts and groups; a name that rests is no alias, nor the catch-all’s', async () => {
  run('alias', 'add', 'once@second.test', 'ann');
  run('alias', 'remove', 'once@second.test');
  assert.deepEqual(await reached('once@second.test'), [550]);
  assert.equal(command('user', 'add', 'once@second.test', '--password-stdin', { input: `${PASSWORD}\n` }).status, 1);
  run('alias', 'add', 'once@second.test', 'bob'); // an alias it may be again
  assert.deepEqual(await reached('once@second.test'), ['bob once@second.test']);
  hearth.addUser('gone@second.test', PASSWORD);
  run('alias', 'add', 'gone.too', 'gone@second.test', 'ann');
  run('alias', 'add', 'gone.only', 'gone+x@second.test');
  run('user', 'delete', 'gone@second.test');
  assert.deepEqual(await reached('gone@second.test', 'gone+x@second.test', 'gone.only@hearth.test'), [550, 550, 550]);
  assert.deepEqual(await reached('gone.too@hearth.test'), ['ann gone.too@hearth.test']);
  refused(/not long ago/, 'alias', 'add', 'gone@second.test', 'ann');
  run('user', 'free', 'gone@second.test');
  run('alias', 'add', 'gone@second.test', 'ann');
  run('group', 'add', 'short');
  run('group', 'join', 'short', 'ann');
  run('alias', 'add', 'of.short', 'short@second.test');
  run('group', 'delete', 'short');
  assert.doesNotMatch(run('alias', 'list'), /short/);
});

test('administrators, over HTTP', async () => {
  const as = async (name) => ({ Authorization: `Bearer ${await hearth.login(`${name}@hearth.test`, PASSWORD)}` });
  const root = await as('root'), ann = await as('ann');
  const post = (body, who = root) => hearth.api('POST', '/api/auth/aliases', { password: PASSWORD, ...body }, who);
  assert.equal((await post({ address: 'http', targets: ['ann'] }, ann)).status, 403);
  assert.equal((await hearth.api('GET', '/api/auth/aliases', undefined, ann)).status, 403);
  assert.equal((await post({ address: 'http', targets: ['ann', 'bob'], may_write: true })).status, 204);
  for (const [body, status, field] of [
    [{ address: 'http', targets: ['ann'] }, 409, 'address'],
    [{ address: 'more', targets: [] }, 400, 'targets'],
    [{ address: 'more', targets: 'ann' }, 400, 'targets'],
    [{ address: 'more', targets: [1] }, 400, 'targets'],
    [{ address: 'more', targets: Array(51).fill('ann') }, 400, 'targets'],
    [{ address: 'more', targets: ['ann', 'missing'] }, 400, 'targets'],
    [{ address: 'more', targets: ['ann'], may_write: 1 }, 400, 'may_write'],
    [{ address: 'a b', targets: ['ann'] }, 400, 'address'],
    [{ targets: ['ann'] }, 400, 'address'],
    [{ address: 'http', targets: ['http+x'] }, 409, 'targets'],
    [{ address: 'staff', targets: ['ann'] }, 409, 'address'],
  ]) {
    const answer = await post(body);
    assert.deepEqual([answer.status, answer.body.field], [status, field], JSON.stringify(body));
  }
  const list = async (query) => (await hearth.api('GET', `/api/auth/aliases${query}`, undefined, root)).body;
  const { aliases } = await list('?search=http');
  assert.deepEqual(aliases.map((one) => [one.address, one.target, one.may_write]), [['http@hearth.test', 'ann@hearth.test', true], ['http@hearth.test', 'bob@hearth.test', true]]);
  const all = (await list('')).aliases.map((one) => one.id), paged = [];
  for (let next = ''; next !== undefined;) {
    const page = await list(`?limit=2${next && `&after=${next}`}`);
    paged.push(...page.aliases.map((one) => one.id));
    next = page.next;
  }
  assert.deepEqual(paged, all);
  assert.equal((await hearth.api('DELETE', `/api/auth/aliases/${aliases[0].id}`, { password: PASSWORD }, root)).status, 204);
  assert.equal((await hearth.api('DELETE', `/api/auth/aliases/${aliases[0].id}`, { password: PASSWORD }, root)).status, 404);
  assert.deepEqual(await reached('http@hearth.test'), ['bob http@hearth.test']);
  const events = (await hearth.api('GET', '/api/auth/events', undefined, ann)).body.events;
  assert.ok(events.some((event) => event.kind === 'alias.added' && event.detail === 'http@hearth.test'));
});

test('the separator of subaddresses is a setting', async () => {
  await hearth.stop();
  hearth.settings['mail.subaddress'] = '-';
  await hearth.start();
  assert.deepEqual(await reached('ann-tag@hearth.test'), ['ann ann-tag@hearth.test']);
  assert.deepEqual(await reached('ann+tag@hearth.test'), [550]);
  await hearth.stop();
  hearth.settings['mail.subaddress'] = 'off';
  await hearth.start();
  assert.deepEqual(await reached('ann-tag@hearth.test'), [550]);
  assert.equal(command('verify').status, 0);
});
