// Groups as lists: what their mail says, who may write to them, leaving with one click, and what is not passed
// on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
let hearth, number = 0;
const run = (...args) => {
  const done = hearth.command(...args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const header = async (name, about) => {
  const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
  await client.ok('EXAMINE INBOX');
  const found = await client.search(`SEARCH SUBJECT "${about}"`);
  const text = found.length ? (await client.fetch(`FETCH ${found.at(-1)} (BODY.PEEK[HEADER])`))[0]['BODY[HEADER]'] : null;
  client.close();
  return text;
};
const send = async (to, { about = `list mail ${++number}`, more = '', as, hold, notify } = {}) => {
  const client = await SmtpClient.hello(as ? hearth.port.submission : hearth.port.smtp);
  const from = as ? `${as}@hearth.test` : 'x@example.org';
  if (as) await client.expect(235, `AUTH PLAIN ${Buffer.from(`\0${from}\0${PASSWORD}`).toString('base64')}`);
  await client.expect(250, `MAIL FROM:<${from}>${hold ? ` HOLDFOR=${hold}` : ''}`);
  let reply, codes = [];
  for (const one of [to].flat()) codes.push((reply = await client.say(`RCPT TO:<${one}>${notify ? ` NOTIFY=${notify}` : ''}`)).code);
  if (codes.includes(250)) {
    await client.expect(354, 'DATA');
    reply = await client.say(`From: ${from}\r\n${more}Subject: ${about}\r\n\r\nhello\r\n.`);
  }
  client.close();
  return codes.length > 1 ? [...codes, reply.code] : reply.code;
};
const count = async (name, about) => {
  const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
  await client.ok('EXAMINE INBOX');
  const found = await client.search(`SEARCH SUBJECT "${about}"`);
  client.close();
  return found.length;
};
const members = () => run('group', 'show', 'choir').split('\n').slice(1).filter(Boolean).map((line) => line.split('@')[0]);

before(async () => {
  hearth = await new Hearth({ 'server.url': 'https://mail.hearth.test' }).start();
  for (const name of ['ann', 'bob', 'cleo', 'dan']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
  run('group', 'add', 'choir', '--title', 'The choir');
  run('group', 'join', 'choir', 'ann', '--owner');
  for (const name of ['bob', 'cleo']) run('group', 'join', 'choir', name);
  run('alias', 'add', 'singers', 'choir', 'dan');
});
after(() => hearth.remove());

test('a group’s mail says what it is of, and how to leave', async () => {
  const about = 'how it says so';
  assert.equal(await send('singers@hearth.test', { about }), 250);
  const links = [];
  for (const name of ['ann', 'bob']) {
    const text = await header(name, about);
    assert.match(text, /^List-Id: "The choir" <choir\.hearth\.test>\r\nList-Post: <mailto:choir@hearth\.test>\r\nList-Help: <https:\/\/mail\.hearth\.test\/#account\/groups>\r$/m);
    assert.match(text, /^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
    assert.match(text, /^Delivered-To: singers@hearth\.test\r$/m);
    links.push(/^List-Unsubscribe: <https:\/\/mail\.hearth\.test(\/api\/mail\/lists\/leave\/[0-9a-f-]+)>\r$/m.exec(text)[1]);
  }
  assert.notEqual(links[0], links[1]);
  assert.doesNotMatch(await header('dan', about), /^List-/m); // by the alias alone

  const click = async (path, method = 'POST', body = 'List-Unsubscribe=One-Click') => (await fetch(hearth.base + path, {
    method, body: method === 'POST' ? body : undefined, headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://webmail.example' } })).status;
  assert.equal(await click(links[1], 'POST', 'x=y'), 400);
  assert.equal(await click(links[1].replace(/.$/, (c) => (c === '0' ? '1' : '0'))), 404);
  assert.deepEqual(members(), ['ann', 'bob', 'cleo']);
  assert.equal(await click(links[1]), 204);
  assert.deepEqual(members(), ['ann', 'cleo']);
  assert.equal(await click(links[1]), 204); // twice is the same
  assert.equal(await click(links[0]), 409); // the last owner
  run('group', 'join', 'choir', 'bob');
});

test('a browser that follows the link to leave is asked first, and told what became of it', async () => {
  const about = 'to be left by a page';
  run('group', 'add', 'band', '--title', 'Rock & <b>Roll</b>');
  run('group', 'join', 'band', 'ann', '--owner');
  run('group', 'join', 'band', 'bob');
  assert.equal(await send('band@hearth.test', { about }), 250);
  const [anns, bobs] = await Promise.all(['ann', 'bob'].map(async (name) => /^List-Unsubscribe: <https:\/\/mail\.hearth\.test(.+)>\r$/m.exec(await header(name, about))[1]));
  const inside = () => run('group', 'show', 'band').includes('bob@');
  const visit = async (path, body) => {
    const answer = await fetch(hearth.base + path, body ? { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://mail.hearth.test', 'Sec-Fetch-Site': 'same-origin' } } : {});
    const text = await answer.text();
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(answer.headers.get('content-security-policy'), /default-src 'none'.*form-action 'self'/);
    assert.doesNotMatch(text, /<script|<b>/i);
    return { status: answer.status, text };
  };
  for (let i = 0; i < 2; i++) { // as often as one looks
    const { status, text } = await visit(bobs);
    assert.equal(status, 200);
    assert.match(text, /Leave this group\?[^]*Rock &amp; &lt;b&gt;Roll&lt;\/b&gt;[^]*<form method="post">/);
    assert.ok(inside());
  }
  const fields = (text) => new URLSearchParams([...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]+)">/g)].map(([, name, value]) => [name, value])).toString();
  const button = fields((await visit(bobs)).text);
  const wrong = bobs.replace(/.$/, (c) => (c === '0' ? '1' : '0'));
  for (const body of [undefined, button]) {
    const { status, text } = await visit(wrong, body);
    assert.equal(status, 404);
    assert.match(text, /no longer good/);
    assert.doesNotMatch(text, /Rock|<form/);
  }
  const owner = await visit(anns, button);
  assert.equal(owner.status, 409);
  assert.match(owner.text, /last owner/);
  assert.ok(inside());
  const left = await visit(bobs, button);
  assert.equal(left.status, 200);
  assert.match(left.text, /You have left/);
  assert.doesNotMatch(left.text, /<form/);
  assert.ok(!inside());
  assert.match((await visit(bobs, button)).text, /You have left/); // twice is the same
  run('group', 'delete', 'band');
  assert.equal((await visit(bobs)).status, 404);
});

test('who may write to a group', async () => {
  const rows = { // anybody elsewhere, ann (an owner), bob (a member), dan
    anybody: [250, 250, 250, 250],
    members: [550, 250, 250, 550],
    owners: [550, 250, 550, 550],
  };
  for (const [posting, wanted] of Object.entries(rows)) {
    run('group', 'posting', 'choir', posting);
    for (const to of ['choir@hearth.test', 'choir+x@hearth.test', 'singers@hearth.test'])
      for (const [i, as] of [undefined, 'ann', 'bob', 'dan'].entries()) assert.equal(await send(to, { as }), wanted[i], `${posting}: ${as} to ${to}`);
  }
  const about = 'of owners alone';
  await send('choir@hearth.test', { as: 'ann', about });
  assert.match(await header('cleo', about), /^List-Post: NO/m);
  assert.equal(hearth.command('group', 'posting', 'choir', 'some').status, 2);
  assert.equal(hearth.command('group', 'posting', 'nobody', 'owners').status, 1);
  // Over HTTP, by its owners.
  const login = async (name) => ({ Authorization: `Bearer ${await hearth.login(`${name}@hearth.test`, PASSWORD)}` });
  const ann = await login('ann'), bob = await login('bob');
  const { body: { groups: [group] } } = await hearth.api('GET', '/api/auth/groups', undefined, ann);
  assert.equal(group.posting, 'owners');
  const patch = (body, who) => hearth.api('PATCH', `/api/auth/groups/${group.id}`, body, who);
  assert.equal((await patch({ posting: 'anybody' }, bob)).status, 403);
  assert.equal((await patch({ posting: 'some' }, ann)).body.field, 'posting');
  assert.equal((await patch({ posting: 'anybody' }, ann)).body.posting, 'anybody');
  assert.equal(await send('choir@hearth.test'), 250);
});

test('what came through the group before, and replies that nobody wrote, are not passed on', async () => {
  assert.equal(await send('choir@hearth.test', { more: 'List-Id: "x" <CHOIR.hearth.test>\r\n' }), 554);
  assert.equal(await send('choir@hearth.test', { more: 'Auto-Submitted: auto-replied (vacation)\r\n' }), 554);
  const long = `X-Long: ${'0123456789 '.repeat(70)}\r\n`.repeat(30);
  assert.equal(await send('choir@hearth.test', { more: `${long}Auto-Submitted:\r\n auto-replied\r\n` }), 554);
  assert.equal(await send('choir@hearth.test', { more: `${long}List-Id: <choir.hearth.test>\r\n` }), 554);
  assert.equal(await send('choir@hearth.test', { more: 'Auto-Submitted: auto-generated\r\nList-Id: <other.hearth.test>\r\n' }), 250);
  // Who has it by themselves gets it all the same.
  const about = 'to some of them';
  assert.equal(await send('singers@hearth.test', { about, more: 'Auto-Submitted: auto-replied\r\n' }), 250);
  assert.ok(await header('dan', about));
  assert.equal(await header('bob', about), null);
});

test('a mail that has waited comes through the group as one that has not', async () => {
  const about = 'after a while', alone = 'after a while to some';
  assert.equal(await send('choir@hearth.test', { as: 'bob', about, hold: 1 }), 250);
  assert.equal(await send('singers@hearth.test', { as: 'bob', about: alone, hold: 2, more: 'Auto-Submitted: auto-replied\r\n' }), 250);
  const waiting = run('queue', 'list').split('\n').filter((line) => line.includes('singers@hearth.test'));
  assert.equal(waiting.length, 1); // dan alone
  await eventually(() => header('cleo', about), 30, 'its time has come');
  assert.match(await header('cleo', about), /^List-Id: [^]*^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
  await eventually(() => header('dan', alone), 30, 'its time has come, too');
  assert.equal(await header('ann', alone), null);
  await eventually(() => run('queue', 'list').trim() === '', 30, 'nobody waits');
  // It says of the group what is so then; and reports are asked for as they were.
  const owners = 'to be told by owners', quiet = 'told to nobody', loud = 'told to its sender';
  hearth.addUser('gone@hearth.test', PASSWORD);
  assert.equal(await send('gone@hearth.test', { as: 'bob', about: quiet, hold: 4, notify: 'NEVER' }), 250);
  assert.equal(await send('gone@hearth.test', { as: 'bob', about: loud, hold: 4 }), 250);
  assert.equal(await send('choir@hearth.test', { as: 'bob', about: owners, hold: 4 }), 250);
  run('group', 'posting', 'choir', 'owners');
  run('user', 'delete', 'gone@hearth.test');
  await eventually(() => header('cleo', owners), 30, 'its time has come');
  assert.match(await header('cleo', owners), /^List-Id: "The choir" <choir\.hearth\.test>\r\nList-Post: NO \(owners write to it\)\r$/m);
  await eventually(() => run('queue', 'list').trim() === '', 30, 'nobody waits');
  const client = await ImapClient.login(hearth.port.imap, 'bob@hearth.test', PASSWORD);
  await client.ok('EXAMINE INBOX');
  const reports = await client.search('SEARCH FROM "Mail delivery"');
  assert.equal(reports.length, 1);
  const [report] = await client.fetch(`FETCH ${reports[0]} (BODY.PEEK[])`);
  assert.match(report['BODY[]'], new RegExp(`^Action: failed\\r\\n[^]*^Subject: ${loud}\\r$`, 'm'));
  client.close();
  run('group', 'posting', 'choir', 'anybody');
});

test('what others write to a moderated group waits for an owner’s word', async () => {
  run('group', 'posting', 'choir', 'moderated');
  const login = async (name) => ({ Authorization: `Bearer ${await hearth.login(`${name}@hearth.test`, PASSWORD)}` });
  const ann = await login('ann'), bob = await login('bob');
  const { body: { groups: [group] } } = await hearth.api('GET', '/api/auth/groups', undefined, ann);
  const held = (method = 'GET', path = '', who = ann) => hearth.api(method, `/api/mail/lists/${group.id}/held${path}`, undefined, who);
  const there = () => run('list', 'held', 'choir').split('\n').filter(Boolean).map((line) => line.split('\t'));
  assert.equal(await send('choir@hearth.test', { as: 'bob', about: 'of a member' }), 250);
  assert.ok(await header('cleo', 'of a member'));
  for (const about of ['first to wait', 'second to wait', 'third to wait', 'fourth to wait']) assert.equal(await send('choir+x@hearth.test', { about }), 250);
  assert.equal(await header('cleo', 'to wait'), null);
  await eventually(() => header('ann', 'Mail to your group waits'), 30, 'the letter');
  assert.equal(await header('bob', 'Mail to your group waits'), null);
  // The owner alone sees them, and decides.
  assert.deepEqual([(await held('GET', '', bob)).status, (await held('GET', '', {})).status], [404, 401]);
  const { body } = await held();
  assert.deepEqual(body.held.map((one) => [one.sender, one.subject]), ['first', 'second', 'third', 'fourth'].map((one) => ['x@example.org', `${one} to wait`]));
  const [first, second, third, fourth] = body.held.map((one) => one.id);
  assert.equal((await held('POST', `/${first}/approve`, bob)).status, 404);
  run('queue', 'release', '--all'); // is not for these
  run('queue', 'requeue', '--all');
  assert.equal((await held()).body.held.length, 4);
  assert.equal((await held('POST', `/${first}/approve`)).status, 200);
  assert.equal((await held('POST', `/${first}/approve`)).status, 404);
  assert.equal((await held('DELETE', `/${second}`)).status, 200);
  assert.equal((await held('DELETE', `/${second}`)).status, 404);
  await eventually(() => header('cleo', 'first to wait'), 30, 'what was let go');
  const text = await header('cleo', 'first to wait');
  assert.match(text, /^Delivered-To: choir\+x@hearth\.test\r$[^]*^List-Id: "The choir" <choir\.hearth\.test>\r$[^]*^List-Unsubscribe: /m);
  // By command; and it survives a kill.
  await hearth.kill();
  await hearth.start();
  assert.deepEqual(there().map((row) => Number(row[0])), [third, fourth]);
  run('list', 'approve', 'choir', String(third));
  run('list', 'reject', 'choir', String(fourth));
  assert.equal(hearth.command('list', 'approve', 'choir', String(fourth)).status, 1);
  assert.equal(hearth.command('list', 'held', 'nobody').status, 1);
  assert.equal(hearth.command('list', 'approve', 'choir').status, 2);
  await eventually(() => header('bob', 'third to wait'), 30, 'what was let go by command');
  assert.equal(await header('bob', 'fourth to wait'), null);
  assert.deepEqual(there(), []);
  // To who is there besides, at once.
  assert.equal(await send('singers@hearth.test', { about: 'to both of these' }), 250);
  assert.ok(await header('dan', 'to both of these'));
  assert.equal(await header('bob', 'to both of these'), null);
  assert.equal(hearth.command('verify').status, 0);
});

test('who has left gets nothing of what waited; of a group that is gone its sender is told', async () => {
  const timed = 'meant for later', moderated = 'meant for when it may', late = 'meant for nobody';
  run('group', 'add', 'duo');
  for (const name of ['bob', 'cleo', 'dan']) run('group', 'join', 'duo', name, ...(name === 'bob' ? ['--owner'] : []));
  run('group', 'posting', 'duo', 'moderated');
  assert.equal(await send('duo@hearth.test', { about: moderated }), 250);
  assert.equal(await send('duo@hearth.test', { as: 'bob', about: timed, hold: 3 }), 250);
  run('group', 'leave', 'duo', 'dan');
  run('list', 'approve', 'duo', run('list', 'held', 'duo').split('\t')[0]);
  for (const about of [timed, moderated]) await eventually(() => header('cleo', about), 30, about);
  assert.equal(await send('duo@hearth.test', { as: 'cleo', about: late, hold: 2 }), 250);
  run('group', 'delete', 'duo');
  await eventually(() => !run('queue', 'list').includes('duo@'), 30, 'nobody waits');
  for (const about of [timed, moderated, late]) assert.equal(await header('dan', about), null, about);
  assert.equal(await header('bob', late), null);
  const client = await ImapClient.login(hearth.port.imap, 'cleo@hearth.test', PASSWORD);
  await client.ok('EXAMINE INBOX');
  const [report] = await client.search(`SEARCH FROM "Mail delivery" TEXT "${late}"`);
  assert.match((await client.fetch(`FETCH ${report} (BODY.PEEK[])`))[0]['BODY[]'], /^Final-Recipient: rfc822; ?duo@hearth\.test\r\n[^]*there is no such group any more/m);
  client.close();
});

test('who is named by themselves, or in a group that passes it on, has at once what waits elsewhere', async () => {
  run('group', 'posting', 'choir', 'moderated');
  run('group', 'add', 'pair');
  run('group', 'join', 'pair', 'dan', '--owner');
  run('group', 'join', 'pair', 'bob');
  run('alias', 'add', 'all', 'choir', 'pair');
  const held = (group) => run('list', 'held', group).split('\n').filter(Boolean).map((line) => line.split('\t'));
  const all = ['choir@hearth.test', 'pair@hearth.test', 'cleo@hearth.test'], ok = [250, 250, 250, 250];
  for (const [i, to] of [all, [...all].reverse()].entries()) {
    const about = `to one and all, ${i}`;
    assert.deepEqual(await send(to, { about }), ok);
    for (const [name, way] of [['bob', 'pair'], ['cleo', 'cleo'], ['dan', 'pair']]) assert.match(await header(name, about), new RegExp(`^Delivered-To: ${way}@hearth\\.test\r$`, 'm'));
    assert.doesNotMatch(await header('cleo', about), /^List-Id/m);
    assert.equal(await header('ann', about), null);
    run('list', 'reject', 'choir', held('choir').at(-1)[0]);
  }
  // One address that leads to both.
  assert.equal(await send('all@hearth.test', { about: 'by one address' }), 250);
  for (const name of ['bob', 'dan']) assert.match(await header(name, 'by one address'), /^List-Id: "?pair/m);
  assert.equal(await header('cleo', 'by one address'), null);
  assert.equal(held('pair').length, 0);
  run('list', 'approve', 'choir', held('choir').at(-1)[0]);
  await eventually(() => header('cleo', 'by one address'), 30, 'what was let go');
  for (const name of ['ann', 'bob', 'cleo', 'dan']) assert.equal(await count(name, 'by one address'), 1, name);
  // What a group does not pass on gets to whoever is named, too, in either order.
  for (const to of [['choir@hearth.test', 'bob@hearth.test'], ['bob@hearth.test', 'choir@hearth.test']]) {
    const about = `a loop for ${to[0]}`;
    assert.deepEqual(await send(to, { about, more: 'List-Id: <choir.hearth.test>\r\n' }), [250, 250, 250]);
    assert.ok(await header('bob', about));
    assert.equal(await header('cleo', about), null);
  }
  assert.doesNotMatch(run('list', 'held', 'choir'), /a loop for/);
});

test('of each group where a mail waits its owners are told and its room counts', async () => {
  const letters = async (name, group) => {
    const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, PASSWORD);
    await client.ok('EXAMINE INBOX');
    const found = await client.search(`SEARCH SUBJECT "Mail to your group waits" BODY "the group ${group}."`);
    client.close();
    return found.length;
  };
  const held = (group) => run('list', 'held', group).split('\n').filter(Boolean).map((line) => line.split('\t'));
  for (const [group, owner] of [['alto', 'cleo'], ['tenor', 'dan']]) {
    run('group', 'add', group);
    run('group', 'join', group, owner, '--owner');
    run('group', 'join', group, 'bob');
    run('group', 'posting', group, 'moderated');
  }
  const both = ['alto@hearth.test', 'tenor@hearth.test'];
  assert.deepEqual(await send(both, { about: 'to two that wait' }), [250, 250, 250]);
  for (const [group, owner] of [['alto', 'cleo'], ['tenor', 'dan']]) {
    await eventually(() => letters(owner, group), 30, `the owner of ${group} is told`);
    assert.equal(held(group).length, 1);
  }
  // One is full: its recipients alone are put off, whichever it is; also what came before, and is to wait for its author, too.
  const late = await SmtpClient.hello(hearth.port.submission);
  await late.expect(235, `AUTH PLAIN ${Buffer.from(`\0ann@hearth.test\0${PASSWORD}`).toString('base64')}`);
  await late.expect(250, 'MAIL FROM:<ann@hearth.test> HOLDFOR=60');
  await late.expect(250, 'RCPT TO:<tenor@hearth.test>');
  const client = await SmtpClient.hello(hearth.port.smtp);
  for (let i = held('tenor').length; i < 100; i++) {
    await client.expect(250, 'MAIL FROM:<x@example.org>');
    await client.expect(250, 'RCPT TO:<tenor@hearth.test>');
    await client.expect(354, 'DATA');
    await client.expect(250, `From: x@example.org\r\nSubject: filler ${i}\r\n\r\nhello\r\n.`);
  }
  client.close();
  await late.expect(354, 'DATA');
  assert.match(String((await late.say('From: ann@hearth.test\r\nSubject: late\r\n\r\nhello\r\n.')).code), /^45/);
  late.close();
  assert.deepEqual(await send([...both, 'ann@hearth.test'], { about: 'where there is room' }), [250, 452, 250, 250]);
  assert.deepEqual(await send([...both].reverse(), { about: 'where there is room' }), [452, 250, 250]);
  assert.deepEqual([held('alto').length, held('tenor').length], [3, 100]);
  assert.equal(await count('ann', 'where there is room'), 1);
  for (const group of ['alto', 'tenor']) run('group', 'delete', group);
});

test('what its author keeps back waits for an owner as any, and no shorter', async () => {
  run('group', 'add', 'solo');
  run('group', 'join', 'solo', 'cleo', '--owner');
  run('group', 'join', 'solo', 'bob');
  run('group', 'posting', 'solo', 'moderated');
  const held = () => run('list', 'held', 'solo').split('\n').filter(Boolean).map((line) => line.split('\t'));
  assert.deepEqual(await send(['solo@hearth.test', 'bob@hearth.test'], { as: 'dan', about: 'kept back', hold: 3 }), [250, 250, 250]);
  assert.equal(held().length, 1);
  await eventually(() => count('cleo', 'Mail to your group waits'), 30, 'its owner is told');
  run('list', 'approve', 'solo', held()[0][0]);
  const due = run('queue', 'list').split('\n').filter((line) => /(solo|bob)@hearth\.test/.test(line));
  assert.equal(due.length, 2);
  for (const name of ['bob', 'cleo']) assert.equal(await count(name, 'kept back'), 0, name);
  await eventually(() => header('cleo', 'kept back'), 30, 'its time has come');
  assert.match(await header('cleo', 'kept back'), /^List-Id: "?solo/m);
  await eventually(() => header('bob', 'kept back'), 30, 'its time has come');
  assert.doesNotMatch(await header('bob', 'kept back'), /^List-Id/m);
  run('group', 'delete', 'solo');
  assert.equal(hearth.command('verify').status, 0);
});
