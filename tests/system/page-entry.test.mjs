// page-entry.test.mjs: coming in by the page, in a real Chromium: one person from the link of the first
// start to the end of the account; registering with a phone; a factor that is required; too many guesses.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Authenticator } from './authenticator.mjs';
import { close, faults, fillSignIn, launch, open, PASSWORD, problemAt, shot, signedIn, signedOut, skip, visit } from './browser.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';

let browser;
before(async () => { if (!skip) browser = await launch(); });
after(() => browser?.close());
const firstLink = (hearth) => eventually(() => /\S+#register\?invitation=\S+/.exec(hearth.log)?.[0], 20, 'the link');

test('one person, from the link of the first start to the end of the account', { skip, timeout: 240_000 }, async () => {
  const hearth = await new Hearth({ 'auth.registration': 'closed' }).start();
  const address = 'ann@hearth.test';
  let page, app;
  try {
    page = await open(browser);
    await page.goto(hearth.base);
    await signedOut(page);
    assert.equal(await page.locator('text=Make one').count(), 0); // registration is closed
    const link = await firstLink(hearth);
    await page.goto(link);
    await page.waitForSelector('#sign-in [name=address]');

    // What is wrong is said beside its field, which has the focus.
    await page.fill('[name=address]', 'ann@elsewhere.test');
    await page.fill('[name=password]', PASSWORD);
    await page.click('text="Make the account"');
    assert.match(await problemAt(page, 'address').textContent(), /hearth\.test/);
    assert.equal(await page.evaluate(() => document.activeElement.name), 'address');
    assert.equal(await page.getAttribute('[name=address]', 'aria-invalid'), 'true');
    await page.fill('[name=address]', address);
    await page.fill('[name=password]', 'password1234');
    await page.click('text="Make the account"');
    await problemAt(page, 'password').waitFor();
    assert.equal(await problemAt(page, 'address').count(), 0);
    await page.fill('[name=password]', PASSWORD);
    await page.click('text="Make the account"');
    await signedIn(page);
    assert.ok(!page.url().includes('invitation'), page.url());
    assert.ok(await page.isVisible('#nav-admin')); // the first one is an administrator

    // An authenticator app, by the secret as it is shown.
    await visit(page, 'account/factors');
    await page.fill('#account [name=password]', 'not the password');
    await page.click('text=Set up an app');
    await problemAt(page, 'password').waitFor();
    await page.fill('#account [name=password]', PASSWORD);
    await page.click('text=Set up an app');
    await page.waitForFunction(() => document.querySelector('.qr img')?.naturalWidth > 0);
    app = new Authenticator((await page.textContent('#totp-secret')).replaceAll(' ', ''));
    await page.fill('[name=code]', app.wrong());
    await page.click('text="Confirm"');
    await problemAt(page, 'code').waitFor();
    await page.fill('[name=code]', await app.code());
    await page.click('text="Confirm"');
    await page.waitForSelector('.codes');
    const codes = await page.locator('.codes code').allTextContents();
    assert.equal(codes.length, 10);
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('text="Download"')]);
    assert.equal(file.suggestedFilename(), 'hearth-recovery-codes.txt');
    const kept = readFileSync(await file.path(), 'utf8');
    for (const code of codes) assert.ok(kept.includes(code));
    await page.emulateMedia({ media: 'print' });
    assert.ok(await page.isVisible('.codes') && await page.isHidden('header') && await page.isHidden('.side'));
    await page.emulateMedia({ media: 'screen' });
    await page.click('text="I have kept them"');
    await page.waitForSelector('text=/10 are left/');

    // In two steps; the device is trusted; then in one.
    await page.click('#sign-out');
    await signedOut(page);
    assert.equal(await page.textContent('#notice'), '');
    await fillSignIn(page, address, PASSWORD);
    await page.waitForSelector('[name=trust]');
    assert.equal(await page.evaluate(() => document.activeElement.name), 'code');
    await page.fill('[name=code]', app.wrong());
    await page.click('#sign-in button[type=submit]');
    await problemAt(page, 'code').waitFor();
    await page.fill('[name=code]', await app.code());
    await page.check('[name=trust]');
    await page.click('#sign-in button[type=submit]');
    await signedIn(page);
    await page.click('#sign-out');
    await signedOut(page);
    await fillSignIn(page, address, PASSWORD);
    await signedIn(page);
    await visit(page, 'account/sessions');
    assert.equal(await page.locator('#devices li').count(), 1);

    // By a recovery code, from elsewhere; ended from here, and that browser shows it.
    const other = await open(browser);
    await other.goto(hearth.base);
    await fillSignIn(other, address, PASSWORD);
    await other.click('text="Use instead: Recovery code"');
    await other.fill('[name=code]', codes[3]);
    await other.click('#sign-in button[type=submit]');
    await signedIn(other);
    await visit(page, 'account/profile');
    await visit(page, 'account/sessions');
    assert.equal(await page.locator('#sessions li').count(), 2);
    const end = '#sessions li:not(:has-text("this one")) button';
    await page.route('**/api/auth/sessions/*', (route) => route.abort(), { times: 1 });
    await page.click(end);
    await page.waitForSelector('#notice:has-text("cannot be reached")');
    page.complaints.splice(0);
    await page.focus(end);
    await page.keyboard.press('Enter');
    await signedOut(other);
    await other.waitForFunction(() => document.getElementById('notice').textContent === 'You were signed out.');
    assert.equal(await other.locator('#messages li').count(), 0);
    await close(other);
    await page.waitForFunction(() => document.querySelectorAll('#sessions li').length === 1);
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H2'); // and not lost

    // The main password opens IMAP no more; an app password does.
    await visit(page, 'account/app-passwords');
    await page.fill('[name=name]', 'Telephone <b>');
    await page.fill('#account [name=password]', PASSWORD);
    await page.fill('#account [name=code]', codes[6]); // it goes round the second factor, so it asks for it
    await page.click('text="Make it"');
    await page.waitForSelector('.once .secret');
    const secret = await page.textContent('.once .secret');
    const imap = await ImapClient.connect(hearth.port.imap);
    assert.equal((await imap.command(`LOGIN ${address} "${PASSWORD}"`)).code, 'AUTHENTICATIONFAILED');
    const opened = await ImapClient.login(hearth.port.imap, address, secret);
    await page.click('.rows li:has-text("Telephone <b>") button');
    await page.click('dialog button[type=submit]');
    await eventually(() => opened.closed, 20, 'the connection of the ended password closes');
    await page.waitForSelector('text="There is none yet."');
    imap.close();

    // All of one's data.
    await visit(page, 'account/data');
    await page.fill('#account [name=password]', PASSWORD);
    await page.click('text="Ask for my data"');
    await page.waitForSelector('a:text-is("Download")', { timeout: 60_000 });
    const [archive] = await Promise.all([page.waitForEvent('download'), page.click('a:text-is("Download")')]);
    assert.equal(archive.suggestedFilename(), 'hearth-export-1.tar');
    const tar = readFileSync(await archive.path());
    assert.ok(tar.includes('account.json') && tar.includes(address), `${tar.length} bytes: ${tar.subarray(0, 200).toString('latin1').replaceAll('\0', '')}`);

    // The end: not of the last administrator, not without the address, nor without a code.
    await page.click('text=Delete my account');
    await page.fill('dialog [name=address]', 'somebody@hearth.test');
    await page.fill('dialog [name=password]', PASSWORD);
    await page.fill('dialog [name=code]', codes[5]);
    await page.click('dialog button[type=submit]');
    await problemAt(page, 'address').waitFor();
    await page.fill('dialog [name=address]', address);
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('dialog form > .problem:has-text("last administrator")');
    hearth.addUser('root@hearth.test', PASSWORD, '--admin');
    await page.fill('dialog [name=code]', codes[3]); // used already
    await page.click('dialog button[type=submit]');
    await problemAt(page, 'code').waitFor();
    await page.fill('dialog [name=code]', codes[5]);
    await page.click('dialog button[type=submit]');
    await signedOut(page);
    await page.waitForFunction(() => document.getElementById('notice').textContent === 'Your account was deleted.');
    await fillSignIn(page, address, PASSWORD);
    await page.waitForSelector('#sign-in form > .problem:not(:empty)');
    await close(page);
  } catch (error) {
    if (page) await shot(page, 'failed');
    throw error;
  } finally {
    await hearth.remove();
  }
});

test('a phone is asked for where the organisation wants one', { skip, timeout: 240_000 }, async () => {
  const hearth = await new Hearth({ 'auth.registration_phone': 'yes', 'auth.sms_driver': 'file' }).start();
  try {
    const page = await open(browser);
    await page.goto(`${hearth.base}/#register`);
    await page.fill('[name=address]', 'ann@hearth.test');
    await page.fill('[name=password]', PASSWORD);
    await page.fill('[name=phone]', '+49 151 23456789');
    await page.click('text="Make the account"');
    await page.waitForSelector('[name=code]');
    const path = join(hearth.dir, 'data', 'sms.log');
    const code = await eventually(() => existsSync(path) && /\b\d{6}\b/.exec(readFileSync(path, 'utf8'))?.[0], 20, 'a code');
    await page.fill('[name=code]', code === '000000' ? '000001' : '000000');
    await page.click('text="Make the account"');
    await problemAt(page, 'code').waitFor();
    await page.fill('[name=code]', code);
    await page.click('text="Make the account"');
    await signedIn(page);
    await close(page);
  } finally {
    await hearth.remove();
  }
});

test('who must have a second factor is led to it, and then let in', { skip, timeout: 240_000 }, async () => {
  const hearth = await new Hearth({ 'auth.second_factor': 'required' }).start();
  try {
    hearth.addUser('ann@hearth.test', PASSWORD);
    const page = await open(browser);
    await page.goto(hearth.base);
    await fillSignIn(page, 'ann@hearth.test', PASSWORD);
    await page.waitForSelector('text="One more thing"');
    assert.ok(await page.isHidden('#nav'));
    await page.reload();
    await page.waitForSelector('text="One more thing"');
    assert.deepEqual(await faults(page), []);
    await page.fill('#sign-in [name=password]', PASSWORD);
    await page.click('text="Set up an app"');
    const app = new Authenticator((await page.locator('#totp-secret').textContent()).replaceAll(' ', ''));
    await page.fill('[name=code]', await app.code());
    await page.click('text="Confirm"');
    await page.click('text="I have kept them"');
    await signedIn(page);
    await page.waitForSelector('#mail:not([hidden])');
    await page.waitForSelector('#mailboxes li');
    await close(page);
  } finally {
    await hearth.remove();
  }
});

test('after too many guesses the form counts down, and then works', { skip, timeout: 240_000 }, async () => {
  const hearth = await new Hearth({ 'auth.guesses_per_account': 2 }).start();
  try {
    hearth.addUser('ann@hearth.test', PASSWORD);
    const page = await open(browser);
    await page.goto(hearth.base);
    const submit = page.locator('#sign-in button[type=submit]');
    for (let n = 0; !(await page.locator('.countdown:not(:empty)').count()); n++) {
      assert.ok(n < 10, 'nothing holds guesses back');
      await fillSignIn(page, 'ann@hearth.test', `wrong ${n}`);
      await page.waitForFunction(() => !document.querySelector('#sign-in [aria-busy]'));
    }
    assert.match(await page.textContent('.countdown'), /^Try again in \d+(:\d\d| s)\.$/);
    assert.ok(await submit.isDisabled());
    await page.waitForSelector('text="You can try again now."', { timeout: 45_000 });
    assert.ok(await submit.isEnabled());
    await fillSignIn(page, 'ann@hearth.test', PASSWORD);
    await signedIn(page);
    await close(page);
  } finally {
    await hearth.remove();
  }
});
