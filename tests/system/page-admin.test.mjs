// page-admin.test.mjs: the page for who looks after people, and whether all pages can be read and
// used, in a real Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { close, faults, launch, open, PASSWORD, person, problemAt, prove, shot, signedIn, signedOut, skip, visit } from './browser.mjs';
import { Hearth } from './hearth.mjs';

let browser, hearth;
before(async () => {
  hearth = await new Hearth({ 'auth.sms_driver': 'file' }).start();
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  await hearth.remove();
});

test('administration: somebody invited, put into a group, made moderator, shut out', { skip, timeout: 240_000 }, async () => {
  const { page } = await person(browser, hearth, 'root', '--admin');
  await visit(page, 'admin/groups');
  await page.fill('[name=name]', 'Choir');
  await page.fill('[name=title]', 'The choir');
  await page.click('text="Make the group"');
  await page.waitForSelector('#people li:has-text("root@hearth.test")');
  await visit(page, 'admin/invitations');
  await page.fill('[name=note]', 'Hanna');
  await page.check('.choices [name=groups]');
  await page.click('text="Make the invitation"');
  const link = await page.locator('.once .secret').textContent();
  await page.waitForSelector('#invitations li:has-text("Hanna")');

  const guest = await open(browser);
  await guest.goto(link.replace(/^[^#]*/, `${hearth.base}/`));
  await guest.fill('[name=address]', 'hanna@hearth.test');
  await guest.fill('[name=name]', 'Hanna');
  await guest.fill('[name=password]', PASSWORD);
  await guest.click('text="Make the account"');
  await signedIn(guest);
  await visit(guest, 'account/groups');
  assert.equal(await guest.title(), 'Groups · Account · Hearth');
  assert.match(await guest.textContent('#groups'), /The choir.*invites you/);
  await guest.click('[aria-label="Join The choir"]');
  await guest.waitForSelector('#people li:has-text("Hanna")');
  assert.equal(await guest.locator('#people button').count(), 0); // a member changes nothing
  await guest.click('text="Leave"');
  await guest.waitForSelector('text="You are in no group."');

  await visit(page, 'admin/groups');
  await page.click('[aria-label="Open The choir"]');
  await page.fill('#admin [name=address]', 'nobody@hearth.test');
  await page.click('text="Invite"');
  await problemAt(page, 'address').waitFor();
  await page.fill('#admin [name=address]', 'Hanna@hearth.test');
  await page.click('text="Invite"');
  await page.waitForSelector('#invited li:has-text("Hanna")');
  await guest.reload();
  await guest.waitForSelector('#notice:has-text("A group invites you")');
  await visit(guest, 'account/groups');
  await guest.click('[aria-label="Decline The choir"]');
  await guest.waitForSelector('text="You are in no group."');
  await page.fill('#admin [name=address]', 'hanna@hearth.test');
  await page.click('text="Invite"');
  await page.waitForSelector('#invited li:has-text("Hanna")');
  await guest.reload();
  await visit(guest, 'account/groups');
  await guest.click('[aria-label="Join The choir"]');
  await guest.waitForSelector('#people li:has-text("Hanna")');
  await visit(page, 'admin/accounts');
  await visit(page, 'admin/groups');
  await page.click('[aria-label="Open The choir"]');
  await page.click('[aria-label="Make an owner: hanna@hearth.test"]');
  await page.waitForSelector('[aria-label="Make a member: hanna@hearth.test"]');
  await visit(guest, 'account/profile');
  await visit(guest, 'account/groups');
  await guest.click('[aria-label="Open The choir"]');
  await guest.fill('[name=description]', 'We sing.\nOn Mondays.');
  assert.equal(await guest.inputValue('[name=posting]'), 'anybody');
  await guest.selectOption('[name=posting]', 'members');
  await guest.click('.card:has([name=description]) button[type=submit]');
  await guest.waitForSelector('text="Saved."');
  await visit(page, 'admin/accounts');
  await visit(page, 'admin/groups');
  await page.click('[aria-label="Open The choir"]');
  await page.waitForSelector('[name=posting]');
  assert.equal(await page.inputValue('[name=posting]'), 'members');

  await visit(page, 'admin/accounts');
  await page.fill('[name=search]', 'hanna');
  await page.click('text="Search"');
  await page.waitForFunction(() => document.querySelectorAll('#accounts li').length === 1);
  await page.click('#accounts button');
  await page.selectOption('dialog [name=role]', 'moderator');
  await page.fill('dialog [name=quota]', '10');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('#accounts li:has-text("moderator"):has-text("10 MB")');

  // A moderator looks after members, and makes no invitations.
  hearth.addUser('iris@hearth.test', PASSWORD);
  await guest.reload();
  await visit(guest, 'admin/accounts');
  assert.deepEqual(await guest.locator('#admin .side a').allTextContents(), ['Accounts', 'Groups']);
  assert.equal(await guest.locator('#accounts li:has-text("root@") button').count(), 0);
  await guest.click('[aria-label="Change iris@hearth.test"]');
  assert.equal(await guest.locator('dialog [name=role]').count(), 0);
  await guest.check('dialog [name=disabled]');
  await guest.click('dialog button[type=submit]');
  await guest.waitForSelector('#accounts li:has-text("iris@"):has-text("disabled")');
  assert.equal((await hearth.api('POST', '/api/auth/login', { address: 'iris@hearth.test', password: PASSWORD })).status, 401);
  await page.click('#accounts button');
  await page.check('dialog [name=disabled]');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('#accounts li:has-text("disabled")');
  await signedOut(guest);
  await close(guest);
  // The last administrator stays one.
  await page.fill('[name=search]', 'root');
  await page.click('text="Search"');
  await page.click('#accounts li:has-text("root@") button');
  await page.selectOption('dialog [name=role]', 'member');
  await page.click('dialog button[type=submit]');
  await problemAt(page, 'role').waitFor();
  await page.click('dialog button:text-is("Cancel")');
  await close(page);
});

test('administration: a link for a new password, what is kept, and the end of an account', { skip, timeout: 240_000 }, async () => {
  const { page } = await person(browser, hearth, 'olga', '--admin');
  hearth.addUser('pia@hearth.test', PASSWORD);
  await page.setViewportSize({ width: 375, height: 740 });
  await visit(page, 'admin/accounts');
  await page.fill('[name=search]', 'pia');
  await page.click('text="Search"');
  await page.waitForFunction(() => document.querySelectorAll('#accounts li').length === 1);
  await page.focus('[aria-label="More of pia@hearth.test"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.deeds:has-text("in all")');
  assert.match(await page.textContent('.deeds'), /mail: /);
  await page.click('[aria-label="New password for pia@hearth.test"]');
  await page.fill('dialog [name=password]', 'not mine');
  await page.click('dialog button[type=submit]');
  await problemAt(page, 'password').waitFor();
  await page.fill('dialog [name=password]', PASSWORD);
  await page.click('dialog button[type=submit]');
  const link = await page.locator('.once .secret').textContent();
  assert.deepEqual(await faults(page), []);
  await shot(page, 'admin-deeds-375');

  const guest = await open(browser, { viewport: { width: 375, height: 740 } });
  await guest.goto(link.replace(/^[^#]*/, `${hearth.base}/`));
  await guest.fill('[name=password]', 'short');
  await guest.fill('[name=password]', 'violet heron ferry');
  assert.deepEqual(await faults(guest), []);
  await shot(guest, 'reset-375');
  await guest.keyboard.press('Enter');
  await guest.waitForSelector('text=/Your new password is set/');
  assert.ok(!guest.url().includes('token='), guest.url());
  await guest.fill('[name=address]', 'pia@hearth.test');
  await guest.fill('[name=password]', 'violet heron ferry');
  await guest.keyboard.press('Enter');
  await signedIn(guest);

  await page.click('[aria-label="Delete pia@hearth.test"]');
  await page.fill('dialog [name=password]', PASSWORD);
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('#accounts li:has-text("pia@hearth.test is deleted")');
  await signedOut(guest);
  await close(guest);
  // The address rests until it is freed.
  await page.fill('.card:has-text("An address that rests") [name=address]', 'pia@hearth.test');
  await page.click('text="Free it"');
  await prove(page);
  await page.waitForSelector('text="Somebody else can have it now."');
  await close(page);
});

test('every page can be read and used: labels, names, contrast, a phone’s width, the keyboard', { skip, timeout: 240_000 }, async () => {
  const { page } = await person(browser, hearth, 'ida', '--admin');
  const paths = ['profile', 'preferences', 'mail', 'password', 'factors', 'phone', 'sessions', 'app-passwords', 'tokens', 'groups', 'events', 'data']
    .map((name) => `account/${name}`).concat(['accounts', 'invitations', 'groups'].map((name) => `admin/${name}`));
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of [[1200, 800], [360, 740]]) {
      await page.setViewportSize({ width, height });
      for (const path of paths) {
        await visit(page, path);
        assert.deepEqual(await faults(page), [], `${path} ${colorScheme} ${width}`);
        await shot(page, `${path.replace('/', '-')}-${width}-${colorScheme}`);
      }
    }
    // On a phone the list of pages is a page of its own, with a way there and back.
    await page.click('#admin .back');
    await page.click('.side a:text-is("Invitations")');
    await page.waitForSelector('#admin .page h2:text-is("Invitations")');
  }
  await page.evaluate(() => { location.hash = 'account/mail'; });
  await page.waitForSelector('text="New filter"');
  await page.focus('text="New filter"');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'name');
  assert.deepEqual(await faults(page), []);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'New filter');
  await page.click('#sign-out');
  await signedOut(page);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await faults(page), []);
    await page.click('text="Make one"');
    await page.waitForSelector('[autocomplete=new-password]');
    assert.deepEqual(await faults(page), []);
    await page.click('text=/sign in/');
    await signedOut(page);
  }
  await close(page);
});
