// page-lists.test.mjs: groups as lists in the page, in a real Chromium: the link to leave, what waits for
// an owner, the archive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { close, faults, fillSignIn, launch, open, PASSWORD, person, problemAt, prove, shot, signedIn, skip, visit } from './browser.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

let browser, hearth, owner;
const run = (...args) => {
  const done = hearth.command(...args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
before(async () => {
  hearth = await new Hearth().start();
  if (skip) return;
  browser = await launch();
  owner = await person(browser, hearth, 'olga');
  hearth.addUser('milo@hearth.test', PASSWORD);
  run('group', 'add', 'choir', '--title', 'The choir');
  run('group', 'join', 'choir', 'olga', '--owner');
  run('group', 'join', 'choir', 'milo');
});
after(async () => {
  await browser?.close();
  await hearth.remove();
});

const sendAll = async (messages, to = 'choir@hearth.test') => {
  const client = await SmtpClient.hello(hearth.port.smtp);
  for (const message of messages) {
    await client.expect(250, 'MAIL FROM:<ann@example.org>');
    await client.expect(250, `RCPT TO:<${to}>`);
    await client.expect(354, 'DATA');
    await client.expect(250, `${message.replace(/\n/g, '\r\n')}\r\n.`);
  }
  client.close();
};
const send = (message, to) => sendAll([message], to);
const found = async (name, about) => {
  const client = await ImapClient.login(hearth.port.imap, `${name}@hearth.test`, `"${PASSWORD}"`);
  await client.ok('EXAMINE INBOX');
  const uids = await client.search(`SEARCH SUBJECT "${about}"`);
  const text = uids.length ? (await client.fetch(`FETCH ${uids.at(-1)} (BODY.PEEK[])`))[0]['BODY[]'] : null;
  client.close();
  return text;
};

test('the link to leave asks, without a script', { skip, timeout: 240_000 }, async () => {
  run('group', 'add', 'band', '--title', 'The <band>');
  run('group', 'join', 'band', 'olga', '--owner');
  run('group', 'join', 'band', 'milo');
  await send('From: ann@example.org\nSubject: to be left\n\nhello', 'band@hearth.test');
  const link = /^List-Unsubscribe: <(?:https?:\/\/[^/]+)(.+)>\r$/m.exec(await found('milo', 'to be left'))[1];
  const page = await open(browser, { viewport: { width: 375, height: 740 }, javaScriptEnabled: false });
  await page.goto(hearth.base + link);
  await page.goto(hearth.base + link);
  assert.match(await page.textContent('main'), /You would get no more mail of the group The <band>\./);
  assert.match(run('group', 'show', 'band'), /milo@/);
  await shot(page, 'leave-375');
  await page.click('text="Leave the group"');
  await page.waitForSelector('h1:has-text("You have left")');
  assert.doesNotMatch(run('group', 'show', 'band'), /milo@/);
  await close(page);
});

test('what waits for an owner is seen, read as mail is, let go, thrown away', { skip, timeout: 240_000 }, async () => {
  run('group', 'posting', 'choir', 'moderated');
  await send('From: Ann <ann@example.org>\nTo: choir@hearth.test\nSubject: <b>first</b> to wait\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>hello <script>parent.pwned = 1</script><img src="http://tracker.example/x.png"></p>\n--x\nContent-Disposition: attachment; filename=score.txt\n\nla la la\n--x--');
  await send('From: ann@example.org\nSubject: second to wait\n\nbuy this');
  // The letter leads to where they wait.
  const letter = await eventually(() => found('olga', 'Mail to your group waits'), 30, 'the letter');
  const [, there] = /#(account\/groups\/\S+)/.exec(letter);
  assert.equal(there, 'account/groups/choir');
  const { page, ask } = owner;
  await page.evaluate((hash) => { location.hash = hash; }, there);
  await page.waitForSelector('#waiting li');
  await page.waitForSelector('text="Invite an address at another server"');
  const rows = page.locator('#waiting > li');
  assert.equal(await rows.count(), 2);
  assert.match(await rows.nth(0).textContent(), /<b>first<\/b> to wait.*from ann@example\.org/);
  assert.equal(await page.inputValue('[name=posting]'), 'moderated');
  await rows.nth(0).locator('text="Read"').click();
  await rows.nth(0).locator('iframe').waitFor();
  assert.match(await rows.nth(0).locator('dl').textContent(), /Ann <ann@example\.org>/);
  const frame = await rows.nth(0).locator('iframe').elementHandle();
  assert.match(await (await frame.contentFrame()).textContent('body'), /hello/);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  await rows.nth(0).locator('text="Show pictures"').waitFor();
  const part = await rows.nth(0).locator('.attachments a').getAttribute('href');
  const bytes = await fetch(hearth.base + part, { headers: owner.headers });
  assert.deepEqual([bytes.status, await bytes.text()], [200, 'la la la']);
  const source = await fetch(`${hearth.base}${part.replace(/\/parts.*/, '/source')}`, { headers: owner.headers });
  assert.match(await source.text(), /^Received: [^]*Subject: <b>first<\/b> to wait/);
  assert.deepEqual(await faults(page), []);
  await shot(page, 'held');
  // Nobody else reads it.
  const milo = { Authorization: `Bearer ${await hearth.login('milo@hearth.test', PASSWORD)}` };
  for (const path of [part, part.replace(/\/parts.*/, '/source'), part.replace(/\/parts.*/, '')]) assert.equal((await fetch(hearth.base + path, { headers: milo })).status, 404);

  await rows.nth(0).locator('text="Let go"').click();
  await page.waitForFunction(() => document.querySelectorAll('#waiting > li').length === 1);
  await eventually(() => found('milo', 'first</b> to wait'), 30, 'what was let go');
  assert.equal((await fetch(hearth.base + part, { headers: owner.headers })).status, 404);
  // Somebody else was faster.
  const group = (await ask('GET', '/api/auth/groups')).body.groups.find((one) => one.name === 'choir');
  const { body: { held: [second] } } = await ask('GET', `/api/mail/lists/${group.id}/held`);
  assert.equal((await ask('DELETE', `/api/mail/lists/${group.id}/held/${second.id}`)).status, 200);
  await rows.nth(0).locator('text="Throw away"').click();
  await page.waitForSelector('text=/Somebody was faster/');
  await page.waitForSelector('text="Nothing waits."');
  await send('From: ann@example.org\nSubject: third to wait\n\nbuy this');
  await visit(page, 'account/profile');
  await visit(page, 'account/groups');
  await page.click('[aria-label="Open The choir"]');
  await page.waitForSelector('#waiting li:has-text("third to wait")');
  await page.click('[aria-label="Throw “third to wait” away"]');
  await page.waitForSelector('text="Nothing waits."');
  assert.equal(await found('milo', 'third to wait'), null);
  await visit(page, 'account/profile');
  await page.evaluate(() => { location.hash = 'account/groups/nobody-has-this'; });
  await page.waitForSelector('text=/There is no group/');
  page.complaints = page.complaints.filter((line) => !line.includes('tracker.example')); // that it was not fetched
  await close(page);
});

test('the archive is searched, read thread by thread, and an owner removes', { skip, timeout: 240_000 }, async () => {
  run('group', 'posting', 'choir', 'anybody');
  const { page, ask } = await person(browser, hearth, 'nora');
  run('group', 'join', 'choir', 'nora', '--owner');
  await page.evaluate(() => { location.hash = 'account/groups/choir'; });
  await page.waitForSelector('[name=archive]');
  await page.selectOption('[name=archive]', 'members');
  await page.click('.card:has([name=archive]) button[type=submit]');
  await page.waitForSelector('text="Saved."');
  await send('From: Ann <ann@example.org>\nMessage-ID: <a@example.org>\nSubject: <i>programme</i>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nwe sing Bruckner\n--x\nContent-Disposition: attachment; filename=score.txt\n\nla la la\n--x--');
  await send('From: bea@example.org\nReferences: <a@example.org>\nSubject: Re: programme\n\nwe do');
  await sendAll([...Array(50).keys()].map((i) => `From: bea@example.org\nSubject: number ${i}\n\nhello`));
  const [, there] = /^Archived-At: <[^#]*#(.+)>\r$/m.exec(await found('milo', 'Re: programme'));
  await page.click('#account button:text-is("Archive")');
  await page.waitForSelector('#archived li:has-text("number 49")');
  assert.equal(await page.locator('#archived > li').count(), 50);
  await page.click('text="Older"');
  await page.waitForSelector('#archived li:has-text("<i>programme</i>")');
  assert.equal(await page.locator('#archived > li').count(), 52);
  assert.deepEqual(await faults(page), []);
  await shot(page, 'archive');
  await eventually(async () => (await ask('GET', `/api/mail/lists/${(await ask('GET', '/api/auth/groups')).body.groups.find((one) => one.name === 'choir').id}/archive?q=bruckner`)).body.messages.length === 1, 30, 'it is found');
  await page.fill('#archive [name=q]', 'Bruckner');
  await page.click('#archive form button');
  await page.waitForFunction(() => document.querySelectorAll('#archived > li').length === 1);
  await page.click('#archived button');
  await page.waitForSelector('#thread .letter:has-text("we sing Bruckner")');
  assert.equal(await page.locator('#thread > li').count(), 2);
  const part = await page.locator('#thread .attachments a').getAttribute('href');
  assert.equal(await (await fetch(hearth.base + part, { headers: owner.headers })).text(), 'la la la');
  assert.deepEqual(await faults(page), []);
  await page.setViewportSize({ width: 375, height: 740 });
  assert.deepEqual(await faults(page), []);
  await shot(page, 'thread-375');
  await page.click('[aria-label="Remove “<i>programme</i>” by Ann <ann@example.org>"]');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('#archived li:has-text("number 49")');
  assert.equal((await fetch(hearth.base + part, { headers: owner.headers })).status, 404);

  // A member follows the address that a mail says of itself; and removes nothing.
  const milo = await open(browser);
  await milo.goto(`${hearth.base}/#${there}`);
  await fillSignIn(milo, 'milo@hearth.test', PASSWORD);
  await signedIn(milo);
  await milo.waitForSelector('#thread .letter:has-text("we do")');
  assert.equal(await milo.locator('text="Remove …"').count(), 0);
  await milo.evaluate((hash) => { location.hash = hash.replace(/.$/, (c) => (c === '0' ? '1' : '0')); }, there);
  await milo.waitForSelector('text=/not in the archive any more/');
  await milo.click('text="‹ The choir"');
  await milo.waitForSelector('#people');
  assert.equal(await milo.locator('#held').count(), 0);
  run('group', 'archive', 'choir', 'off');
  await milo.evaluate(() => { location.hash = 'account/groups'; });
  await milo.click('[aria-label="Open The choir"]');
  await milo.waitForSelector('#people');
  assert.equal(await milo.locator('#account button:text-is("Archive")').count(), 0);
  await close(milo);

  await page.click('text="Remove all …"');
  await page.click('dialog button[type=submit]');
  await prove(page, 'not hers');
  await problemAt(page, 'password').waitFor();
  await prove(page);
  await page.waitForSelector('text="Nothing was kept yet."');
  await close(page);
});

test('members elsewhere are invited, say yes by a link, and are removed', { skip, timeout: 240_000 }, async () => {
  run('group', 'add', 'quartet');
  const { page } = await person(browser, hearth, 'pia');
  run('group', 'join', 'quartet', 'pia', '--owner');
  const see = async () => {
    await page.evaluate(() => { location.hash = 'account/profile'; });
    await page.evaluate(() => { location.hash = 'account/groups/quartet'; });
  };
  await see();
  await page.waitForSelector('h3:text-is("Members elsewhere")');
  const card = page.locator('form:has(button:text-is("Invite them"))');
  await card.locator('[name=address]').fill('ann@example.org');
  await card.locator('button').click();
  await prove(page);
  await page.waitForSelector('#subscribers li:has-text("ann@example.org"):has-text("invited")');
  assert.deepEqual(await faults(page), []);
  // The link, for somebody who is not signed in here.
  const [, token] = /token=(\S+)/.exec(run('group', 'subscribe', 'quartet', 'ann@example.org'));
  const there = await open(browser, { viewport: { width: 375, height: 740 } });
  await there.goto(`${hearth.base}#subscribe?token=${token}`);
  await there.waitForSelector('text=/You get what is written to the group from now/');
  await there.context().close();
  await see();
  await page.waitForSelector('#subscribers li:has-text("since")');
  await page.click('[aria-label="Remove ann@example.org"]');
  await page.waitForFunction(() => !document.querySelector('#subscribers'));
  await close(page);
});
