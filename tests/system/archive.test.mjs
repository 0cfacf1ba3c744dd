// Archives of groups: what is kept, who reads it, who removes it, and what is left after a kill and without the group.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
const PEOPLE = ['ann', 'bob', 'cleo', 'dan', 'root'];
let hearth, choir;
const ARCHIVES = 2 ** 52; // the accounts that are groups' archives
const who = {};
const sql = (text) => spawnSync('sqlite3', [join(hearth.dir, 'data', 'mail.db'), '.timeout 5000', text], { encoding: 'utf8' }).stdout.trim();
const run = (...args) => {
  const done = hearth.command(...args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const signIn = async () => {
  for (const name of PEOPLE) who[name] = { Authorization: `Bearer ${await hearth.login(`${name}@hearth.test`, PASSWORD)}` };
};
const archive = (name, path = '', method = 'GET', body) => hearth.api(method, `/api/mail/lists/${choir}/archive${path}`, body, who[name] ?? {});
const clear = (name, password = PASSWORD) => archive(name, '', 'DELETE', { password });
const subjects = async (name, query = '') => (await archive(name, query)).body.messages.map((one) => one.subject);
const send = async (about, { to = ['choir@hearth.test'], as, more = '', hold, text = 'hello' } = {}) => {
  const client = await SmtpClient.hello(as ? hearth.port.submission : hearth.port.smtp);
  const from = as ? `${as}@hearth.test` : 'x@example.org';
  if (as) await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0${from}\0${PASSWORD}`).toString('base64')}`);
  await client.expect(250, `MAIL FROM:<${from}>${hold ? ` HOLDFOR=${hold}` : ''}`);
  for (const one of to) await client.expect(250, `RCPT TO:<${one}>`);
  await client.expect(354, 'DATA');
  await client.expect(250, `From: ${from}\r\n${more}Subject: ${about}\r\n\r\n${text}\r\n.`);
  client.close();
};
const inbox = async (name, about) => {
  const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
  await client.ok('EXAMINE INBOX');
  const found = await client.search(`SEARCH SUBJECT "${about}"`);
  const texts = [];
  for (const uid of found) texts.push((await client.fetch(`FETCH ${uid} (BODY.PEEK[])`))[0]['BODY[]']);
  client.close();
  return texts;
};

before(async () => {
  hearth = await new Hearth({ 'server.url': 'https://mail.hearth.test', 'mail.archive_quota': '200K' }).start();
  for (const name of PEOPLE) hearth.addUser(`${name}@hearth.test`, PASSWORD, ...(name === 'root' ? ['--admin'] : []));
  run('group', 'add', 'choir', '--title', 'The choir');
  run('group', 'join', 'choir', 'ann', '--owner');
  run('group', 'join', 'choir', 'bob');
  await signIn();
  choir = (await hearth.api('GET', '/api/auth/groups', undefined, who.ann)).body.groups[0].id;
});
after(() => hearth.remove());

test('a group’s mail is kept when its owners want that, once, for its members', async () => {
  await send('before it was kept');
  assert.deepEqual((await archive('ann')).body, { messages: [], used: 0, quota: 200 * 1024 });
  assert.equal((await archive('bob')).status, 404);
  const patch = (body, name) => hearth.api('PATCH', `/api/auth/groups/${choir}`, body, who[name]);
  assert.equal((await patch({ archive: 'members' }, 'bob')).status, 403);
  assert.equal((await patch({ archive: 'everybody' }, 'ann')).body.field, 'archive');
  assert.equal((await patch({ archive: 'members' }, 'ann')).body.archive, 'members');
  run('alias', 'add', 'singers', 'choir');
  await send('first of all', { to: ['choir@hearth.test', 'singers@hearth.test', 'choir+x@hearth.test', 'dan@hearth.test'], more: 'Message-ID: <one@example.org>\r\n' });
  await send('Re: first of all', { as: 'bob', more: 'Message-ID: <two@hearth.test>\r\nIn-Reply-To: <one@example.org>\r\nReferences: <one@example.org>\r\n' });
  await send('of something else', { more: 'Message-ID: <three@example.org>\r\n', text: 'the zymurgist of Kraków' });
  await send('RE: re: first of all', { more: 'In-Reply-To: <two@hearth.test>\r\n' });
  const all = ['RE: re: first of all', 'of something else', 'Re: first of all', 'first of all'];
  assert.deepEqual(await subjects('bob'), all);
  // Paging, threads, search, one by its name.
  const { body: { messages: [newest, second] } } = await archive('bob', '?limit=2');
  assert.deepEqual(await subjects('bob', `?before=${second.uid}`), all.slice(2));
  assert.deepEqual(await subjects('bob', `?thread=${newest.id}`), ['first of all', 'Re: first of all', 'RE: re: first of all']);
  assert.deepEqual(await subjects('bob', `?thread=${second.id}`), ['of something else']);
  assert.deepEqual(await eventually(async () => {
    const found = await subjects('bob', '?q=zymurgist');
    return found.length && found;
  }, 30, 'it is found'), ['of something else']);
  assert.deepEqual(await subjects('bob', '?q=nothing-like-it'), []);
  const text = (await inbox('bob', 'of something else'))[0];
  assert.match(text, /^List-Archive: <https:\/\/mail\.hearth\.test\/#account\/groups\/choir\/archive>\r$/m);
  const [, name] = /^Archived-At: <https:\/\/mail\.hearth\.test\/#account\/groups\/choir\/archive\/([0-9a-f]{64})>\r$/m.exec(text);
  assert.deepEqual(await subjects('bob', `?name=${name}`), ['of something else']);
  assert.equal((await archive('bob', `?name=${name.replace(/^./, (c) => (c === '0' ? '1' : '0'))}`)).status, 404);
  assert.doesNotMatch((await inbox('dan', 'first of all'))[0], /^(List-Archive|Archived-At):/m); // by himself
  // As mail is read; nothing in it is one member's.
  const one = (await archive('bob', `/${second.id}`)).body;
  assert.match(one.text, /^the zymurgist of Kraków/);
  const source = await (await fetch(`${hearth.base}/api/mail/lists/${choir}/archive/${second.id}/source`, { headers: who.bob })).text();
  assert.match(source, /^Received: [^]*Subject: of something else\r\n\r\nthe zym/);
  assert.doesNotMatch(source, /Delivered-To|List-Unsubscribe|Return-Path/);
  for (const query of ['?limit=201', '?thread=x', '?before=x']) assert.equal((await archive('bob', query)).status, 400);
  for (const path of ['/999999', '/999999/source', '/999999/parts/1', '?thread=999999']) assert.equal((await archive('bob', path)).status, 404);
});

test('members read it, from the day they come to the day they leave; owners and administrators remove', async () => {
  const [one, ...rest] = (await archive('ann')).body.messages;
  const paths = ['', '?q=hello', `?thread=${one.id}`, `/${one.id}`, `/${one.id}/source`];
  const all = async (name) => [...new Set(await Promise.all(paths.map(async (path) => (await archive(name, path)).status)))];
  for (const name of ['cleo', 'dan']) assert.deepEqual(await all(name), [404]);
  assert.deepEqual(await all('nobody'), [401]);
  assert.deepEqual(await all('root'), [200]);
  run('group', 'join', 'choir', 'cleo');
  assert.deepEqual(await all('cleo'), [200]);
  run('group', 'leave', 'choir', 'cleo');
  assert.deepEqual(await all('cleo'), [404]);
  // It is of this group, not of another, nor of anybody's mailbox.
  run('group', 'add', 'band');
  run('group', 'join', 'band', 'dan');
  run('group', 'archive', 'band', 'members');
  const band = (await hearth.api('GET', '/api/auth/groups', undefined, who.dan)).body.groups.find((group) => group.name === 'band').id;
  assert.equal((await hearth.api('GET', `/api/mail/lists/${band}/archive/${one.id}`, undefined, who.dan)).status, 404);
  for (const query of ['', '?q=hello']) assert.deepEqual((await hearth.api('GET', `/api/mail/lists/${band}/archive${query}`, undefined, who.dan)).body.messages, []);
  assert.equal((await hearth.api('GET', `/api/mail/lists/${band}/archive?thread=${one.id}`, undefined, who.dan)).status, 404);
  assert.equal((await hearth.api('GET', `/api/mail/messages/${one.id}`, undefined, who.ann)).status, 404);
  assert.equal((await hearth.api('GET', '/api/mail/lists/4503599627370497/archive', undefined, who.root)).status, 404);

  assert.equal((await archive('bob', `/${one.id}`, 'DELETE')).status, 403);
  assert.equal((await clear('bob')).status, 403);
  assert.equal((await clear('dan')).status, 404);
  assert.equal((await archive('ann', '', 'DELETE', {})).body.field, 'password');
  assert.equal((await clear('ann', 'not hers')).body.field, 'password');
  assert.equal((await archive('dan', `/${one.id}`, 'DELETE')).status, 404);
  assert.equal((await archive('ann', `/${one.id}`, 'DELETE')).status, 204);
  assert.equal((await archive('ann', `/${one.id}`, 'DELETE')).status, 404);
  assert.equal((await archive('ann', `/${one.id}`)).status, 404);
  assert.equal((await archive('root', `/${rest[0].id}`, 'DELETE')).status, 204);
  assert.deepEqual(await subjects('ann'), ['Re: first of all', 'first of all']);
  assert.equal((await inbox('bob', 'of something else')).length, 1); // theirs stays
});

test('what waits is kept when the first member gets it, once; junk and loops are not', async () => {
  await send('after a while', { as: 'bob', hold: 2 });
  assert.ok(!(await subjects('bob')).includes('after a while'));
  run('group', 'posting', 'choir', 'moderated');
  await send('let go');
  await send('thrown away');
  assert.ok(!(await subjects('bob')).includes('let go'));
  const held = (await hearth.api('GET', `/api/mail/lists/${choir}/held`, undefined, who.ann)).body.held;
  run('list', 'reject', 'choir', String(held.find((one) => one.subject === 'thrown away').id));
  await hearth.kill();
  await hearth.start();
  await signIn();
  run('list', 'approve', 'choir', String(held.find((one) => one.subject === 'let go').id));
  const has = (about) => eventually(async () => (await subjects('bob')).filter((one) => one === about).length === 1, 30, about);
  await has('let go');
  await has('after a while');
  await eventually(() => run('queue', 'list').trim() === '', 30, 'nobody waits');
  for (const name of ['ann', 'bob']) assert.match((await inbox(name, 'let go'))[0], /^Archived-At: /m);
  assert.deepEqual((await subjects('bob')).slice(0, 2).sort(), ['after a while', 'let go']);
  assert.equal((await archive('bob')).body.messages.length, 4);
  run('group', 'posting', 'choir', 'anybody');
  const { code } = await (async () => {
    const client = await SmtpClient.hello(hearth.port.smtp);
    await client.expect(250, 'MAIL FROM:<x@example.org>');
    await client.expect(250, 'RCPT TO:<choir@hearth.test>');
    await client.expect(354, 'DATA');
    const reply = await client.say('From: x@example.org\r\nSubject: again\r\nList-Id: <choir.hearth.test>\r\n\r\nhello\r\n.');
    client.close();
    return reply;
  })();
  assert.equal(code, 554);
  assert.ok(!(await subjects('bob')).includes('again'));
});

test('the mail of a group whose members are all elsewhere is kept, too', async () => {
  run('group', 'add', 'far');
  run('group', 'archive', 'far', 'members');
  const [, token] = /#subscribe\?token=([A-Za-z0-9_-]+)/.exec(run('group', 'subscribe', 'far', 'fay@away.test'));
  assert.equal((await hearth.api('POST', '/api/auth/subscribe', { token })).status, 200);
  await send('to the one far away', { to: ['far@hearth.test'] });
  await send('later to the one far away', { to: ['far@hearth.test'], as: 'bob', hold: 1 });
  await eventually(() => run('list', 'archive', 'far').match(/^Subject: .*/gm)?.length === 2, 30, 'both are kept');
  assert.match(run('list', 'archive', 'far'), /Subject: to the one far away[^]*Subject: later to the one/);
  run('group', 'delete', 'far');
});

test('each group that a mail was sent to keeps it, whoever gets it through which', async () => {
  for (const name of ['wide', 'small']) {
    run('group', 'add', name);
    run('group', 'archive', name, 'members');
    run('group', 'join', name, 'ann', '--owner');
  }
  run('group', 'join', 'wide', 'bob');
  run('alias', 'add', 'both', 'wide', 'small');
  const kept = (name, about) => run('list', 'archive', name).split('\n').filter((line) => line.trim() === `Subject: ${about}`).length;
  const wide = 'wide@hearth.test', small = 'small@hearth.test', ann = 'ann@hearth.test';
  const rows = { 'to both': [wide, small], 'to both, turned': [small, wide], 'to her and hers': [ann, small], 'by an alias': ['both@hearth.test'] };
  for (const [about, to] of Object.entries(rows)) {
    await send(about, { to });
    assert.equal(kept('small', about), 1, about);
    assert.equal(kept('wide', about), to.includes(ann) ? 0 : 1, about);
    assert.equal((await inbox('ann', about)).length, 1, about);
  }
  await send('not by this one', { to: [wide, small], more: 'List-Id: <small.hearth.test>\r\n' });
  assert.deepEqual([kept('wide', 'not by this one'), kept('small', 'not by this one')], [1, 0]);
  // What waits for its author, and then for an owner; a kill changes nothing.
  await send('later to both', { to: [wide, small], as: 'bob', hold: 1 });
  await send('later to her and hers', { to: [ann, small], as: 'dan', hold: 1 });
  for (const about of ['later to both', 'later to her and hers']) await eventually(() => kept('small', about), 30, about);
  assert.equal(kept('wide', 'later to both'), 1);
  await eventually(() => run('queue', 'list').trim() === '', 30, 'nobody waits');
  for (const about of ['later to both', 'later to her and hers']) assert.equal((await inbox('ann', about)).length, 1, about);
  run('group', 'posting', 'small', 'moderated');
  for (const [about, as] of [['by a stranger', undefined], ['by one of ours', 'dan']]) {
    await send(about, { to: [ann, small], as, hold: as && 1 });
    await eventually(async () => (await inbox('ann', about)).length, 30, 'she has it');
    assert.equal(kept('small', about), 0);
    await hearth.kill();
    await hearth.start();
    const [waiting] = run('list', 'held', 'small').split('\n');
    run('list', 'approve', 'small', waiting.split('\t')[0]);
    await eventually(() => kept('small', about), 30, `${about}, let go`);
    assert.equal((await inbox('ann', about)).length, 1);
  }
  await signIn();
  assert.equal(hearth.command('verify').status, 0);
  for (const name of ['wide', 'small']) run('group', 'delete', name);
});

test('all that was acknowledged is there after a kill; the oldest go when it is full; as mbox', async () => {
  const before = run('list', 'archive', 'choir');
  assert.equal(before.match(/^From \S+ /gm).length, 4);
  assert.match(before, /^From x@example\.org [^]*Subject: first of all\r\n/);
  const sent = [];
  const sending = (async () => {
    for (let i = 0; i < 200; i++) {
      await send(`killed ${i}`, { text: `number ${i}` });
      sent.push(`killed ${i}`);
    }
  })().catch(() => {});
  await eventually(() => sent.length > 20, 60, 'some were sent');
  await hearth.kill();
  await sending;
  await hearth.start();
  await signIn();
  const there = await subjects('bob', '?limit=200');
  for (const about of sent) assert.equal(there.filter((one) => one === about).length, 1, about);
  for (const about of there.filter((one) => one.startsWith('killed'))) assert.equal((await inbox('ann', about)).length > 0, true, about);
  assert.equal(hearth.command('verify').status, 0);
  // 200 KiB are as much as it keeps.
  for (let i = 0; i < 5; i++) await send(`large ${i}`, { as: 'bob', text: 'line of a large mail\r\n'.repeat(3000) });
  const left = await subjects('bob', '?limit=200');
  assert.deepEqual(left.filter((one) => one.startsWith('large')), ['large 4', 'large 3', 'large 2']);
  assert.ok(!left.includes('first of all'));
  // Nobody outside pushes anything out.
  await send('for which there is no room', { text: 'line of a large mail\r\n'.repeat(3000) });
  for (const hold of [undefined, 1]) {
    const about = `who is not one of them ${hold ?? 'at once'}`;
    await send(about, { as: 'dan', hold, text: 'line of a large mail\r\n'.repeat(3000) });
    await eventually(async () => (await inbox('ann', about)).length, 30, 'it is there');
  }
  await send('too large for it', { as: 'bob', text: 'line of a large mail\r\n'.repeat(12000) });
  assert.deepEqual(await subjects('bob', '?limit=200'), left);
  assert.equal((await inbox('ann', 'too large for it')).length, 1);
  const metrics = await (await fetch(`${hearth.base}/metrics`)).text();
  assert.match(metrics, /^hearth_mail_archive_total\{result="no_room"\} 4$/m);
  assert.match(metrics, /^hearth_mail_archive_total\{result="dropped"\} [1-9]\d*$/m);
  assert.equal(hearth.command('list', 'archive', 'nobody').status, 1);
  assert.equal(hearth.command('list', 'archive').status, 2);
  assert.equal(run('list', 'archive', 'band'), '');
});

test('an author’s mail stays when their account goes; all of it goes when it is cleared, or with the group', async () => {
  run('group', 'archive', 'choir', 'off');
  await send('not kept');
  // Turned off, what was kept is there for who looks after it.
  const [kept] = (await archive('ann')).body.messages;
  const read = async (name) => {
    const answers = await Promise.all(['', '?q=hello', `?thread=${kept.id}`, `/${kept.id}`, `/${kept.id}/source`].map((path) => archive(name, path)));
    return [...new Set(answers.map((answer) => answer.status))];
  };
  for (const [name, status] of [['bob', 404], ['dan', 404], ['ann', 200], ['root', 200]]) assert.deepEqual(await read(name), [status], name);
  assert.equal((await archive('bob', `/${kept.id}`, 'DELETE')).status, 404);
  assert.ok(!(await subjects('ann')).includes('not kept'));
  assert.doesNotMatch((await inbox('ann', 'not kept'))[0], /^List-Archive/m);
  run('group', 'archive', 'choir', 'members');
  assert.deepEqual(await read('bob'), [200]);
  await send('by bob', { as: 'bob' });
  run('user', 'delete', 'bob@hearth.test');
  await eventually(() => sql("SELECT count(*) FROM mailbox WHERE account = (SELECT max(account) FROM forgotten)") === '0', 30, 'their mailboxes are gone');
  assert.equal((await subjects('ann'))[0], 'by bob');
  const [last] = (await archive('ann')).body.messages;
  assert.equal((await clear('ann')).status, 204);
  assert.equal((await clear('ann')).status, 204);
  assert.deepEqual(await subjects('ann'), []);
  assert.equal((await archive('ann', `/${last.id}`)).status, 404);
  await send('after it was cleared');
  assert.deepEqual(await subjects('ann'), ['after it was cleared']);
  const [one] = (await archive('ann')).body.messages;
  assert.equal(hearth.command('verify').status, 0);
  run('group', 'delete', 'choir');
  assert.equal((await archive('ann')).status, 404);
  assert.equal((await archive('root', `/${one.id}`)).status, 404);
  assert.equal(hearth.command('group', 'archive', 'choir', 'members').status, 1);
  assert.equal(hearth.command('group', 'archive', 'band', 'some').status, 2);
  // Nothing of it is left, and nothing comes any more.
  const left = `SELECT (SELECT count(*) FROM archived) + (SELECT count(*) FROM content WHERE account >= ${ARCHIVES})
    + (SELECT count(*) FROM mailbox WHERE account >= ${ARCHIVES}) + (SELECT count(*) FROM account_state WHERE account >= ${ARCHIVES})`;
  await eventually(() => sql(left) === '0', 30, 'it is gone');
  assert.equal(hearth.command('verify').status, 0);
});
