// account-page.test.mjs: what a person sees of accounts in the page, in a real Chromium: registering,
// signing in in two steps, everything on the account's pages, administration.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Authenticator } from './authenticator.mjs';
import { faults, fillSignIn, launch, open, signedIn, signedOut, skip, visit } from './browser.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';

const PASSWORD = 'lavender otter canoe';
let browser;
before(async () => { if (!skip) browser = await launch(); });
after(() => browser?.close());

const shot = (page, name) => (process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }) : null);
const problemAt = (page, name) => page.locator(`.field:has([name=${name}]) .problem:not(:empty)`);
const firstLink = (hearth) => eventually(() => /\S+#register\?invitation=\S+/.exec(hearth.log)?.[0], 10, 'the link');

// The page closed, after a look that nothing went wrong in it.
async function close(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

// Somebody with an account, signed in in a browser of their own, and by the API.
async function person(hearth, name, ...flags) {
  const address = `${name}@hearth.test`;
  hearth.addUser(address, PASSWORD, ...flags);
  const page = await open(browser);
  await page.goto(hearth.base);
  await fillSignIn(page, address, PASSWORD);
  await signedIn(page);
  const headers = { Authorization: `Bearer ${await hearth.login(address, PASSWORD)}` };
  return { address, page, headers, ask: (method, path, body) => hearth.api(method, path, body, headers) };
}

test('one person, from the link of the first start to the end of the account', { skip, timeout: 180_000 }, async () => {
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
    await page.click('#sessions li:not(:has-text("this one")) button');
    await signedOut(other);
    await other.waitForFunction(() => document.getElementById('notice').textContent === 'You were signed out.');
    assert.equal(await other.locator('#messages li').count(), 0);
    await close(other);
    await page.waitForFunction(() => document.querySelectorAll('#sessions li').length === 1);

    // The main password opens IMAP no more; an app password does.
    await visit(page, 'account/app-passwords');
    await page.fill('[name=name]', 'Telephone <b>');
    await page.fill('#account [name=password]', PASSWORD);
    await page.click('text="Make it"');
    await page.waitForSelector('.once .secret');
    const secret = await page.textContent('.once .secret');
    const imap = await ImapClient.connect(hearth.port.imap);
    assert.equal((await imap.command(`LOGIN ${address} "${PASSWORD}"`)).code, 'AUTHENTICATIONFAILED');
    const opened = await ImapClient.login(hearth.port.imap, address, secret);
    await page.click('.rows li:has-text("Telephone <b>") button');
    await page.click('dialog button[type=submit]');
    await eventually(() => opened.closed, 5, 'the connection of the ended password closes');
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

describe('pages of the account', { skip, timeout: 180_000 }, () => {
  let hearth;
  before(async () => { hearth = await new Hearth({ 'auth.sms_driver': 'file', 'auth.sms_gap': '0s' }).start(); });
  after(() => hearth.remove());

  const codeTo = (nth) => eventually(() => {
    const path = join(hearth.dir, 'data', 'sms.log');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').filter(Boolean) : [];
    return lines.length >= nth && /\b\d{6}\b/.exec(JSON.parse(lines[nth - 1]).text)[0];
  }, 20, 'a code');

  test('profile: name, picture, time zone, languages; a hostile name stays text', async () => {
    const { page, ask } = await person(hearth, 'ben');
    await visit(page, 'account/profile');
    const picture = await page.screenshot();
    await page.setInputFiles('[name=file]', { name: 'me.png', mimeType: 'image/png', buffer: picture });
    await page.waitForFunction(() => document.querySelector('.face.large img')?.src.startsWith('data:'));
    await page.click('text="Use this picture"');
    await page.waitForFunction(() => document.querySelector('#face img')?.naturalWidth === 64);
    assert.match((await ask('GET', '/api/auth/me')).body.avatar, /avatar/);
    await page.setInputFiles('[name=file]', { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await page.click('text="Use this picture"');
    await page.waitForSelector('.picture .problem:not(:empty)');

    await page.fill('[name=name]', '<img src=x onerror=alert(1)>');
    await page.selectOption('[name=time_zone]', 'Europe/Berlin');
    await page.fill('[name=languages]', 'de, en-gb');
    await page.click('#account form:has([name=time_zone]) button[type=submit]');
    await page.waitForSelector('text="Saved."');
    assert.equal(await page.textContent('#address'), '<img src=x onerror=alert(1)>');
    const me = (await ask('GET', '/api/auth/me')).body;
    assert.deepEqual([me.time_zone, me.languages], ['Europe/Berlin', ['de', 'en-GB']]);
    await page.fill('[name=languages]', 'not a language');
    await page.click('#account form:has([name=time_zone]) button[type=submit]');
    await problemAt(page, 'languages').waitFor();
    await page.click('text="Remove it"');
    await page.waitForFunction(() => !document.querySelector('#face img'));
    await close(page);
  });

  test('password: the other session ends, this one stays', async () => {
    const { page, address, ask } = await person(hearth, 'cleo');
    await visit(page, 'account/password');
    const change = async (current, password, again) => {
      await page.fill('[name=current]', current);
      await page.fill('#account [name=password]', password);
      await page.fill('[name=again]', again);
      await page.click('text="Change password"');
    };
    await change(PASSWORD, 'another otter canoe', 'another otter cano');
    await problemAt(page, 'again').waitFor();
    await change('wrong', 'another otter canoe', 'another otter canoe');
    await problemAt(page, 'current').waitFor();
    await change(PASSWORD, 'another otter canoe', 'another otter canoe');
    await page.waitForSelector('text="Changed."');
    assert.equal((await ask('GET', '/api/auth/me')).status, 401);
    await page.reload();
    await signedIn(page);
    assert.ok(await hearth.login(address, 'another otter canoe'));
    await close(page);
  });

  test('preferences: obeyed at once and after a reload; a change elsewhere is not overwritten unseen', async () => {
    const { page, headers, ask } = await person(hearth, 'dan');
    await visit(page, 'account/preferences');
    await page.selectOption('[name=theme]', 'dark');
    await page.selectOption('[name=start_page]', 'game');
    await page.click('.card:has([name=theme]) button[type=submit]');
    await page.waitForSelector('text="Saved."');
    const dark = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    assert.equal(await dark(), 'dark');
    await page.goto(`${hearth.base}/`);
    await page.waitForSelector('#games:not([hidden])');
    assert.equal(await dark(), 'dark');

    await visit(page, 'account/preferences');
    const etag = (await ask('GET', '/api/auth/preferences')).headers.get('etag');
    const changed = await fetch(`${hearth.base}/api/auth/preferences`, {
      method: 'PATCH', body: JSON.stringify({ general: { language: 'sv' } }),
      headers: { ...headers, 'If-Match': etag, 'Content-Type': 'application/merge-patch+json' },
    });
    assert.equal(changed.status, 200);
    await page.fill('[name=base_s]', '600');
    await page.click('.card:has([name=base_s]) button[type=submit]');
    await page.waitForSelector('text=/changed in another place/');
    assert.equal(await page.inputValue('[name=language]'), 'sv');
    await page.fill('[name=base_s]', '600');
    await page.click('.card:has([name=base_s]) button[type=submit]');
    await page.waitForSelector('text="Saved."');
    const { general, game } = (await ask('GET', '/api/auth/preferences')).body;
    assert.deepEqual([general.language, general.theme, game.clock.base_s], ['sv', 'dark', 600]);
    await page.fill('[name=language]', 'not a language');
    await page.click('.card:has([name=language]) button[type=submit]');
    await problemAt(page, 'language').waitFor();
    await close(page);
  });

  test('mail: a filter made, moved, changed, removed; a signature with its picture', async () => {
    const { page, ask } = await person(hearth, 'eve');
    const filters = async () => (await ask('GET', '/api/auth/preferences')).body.mail?.filters ?? [];
    await visit(page, 'account/mail');
    const make = async (name, fields) => {
      await page.click('text="New filter"');
      await page.fill('dialog [name=name]', name);
      for (const [field, value] of Object.entries(fields)) await page.fill(`dialog [name=${field}]`, value);
      await page.click('dialog button[type=submit]');
    };
    await make('Empty', {});
    await problemAt(page, 'from').waitFor();
    await page.click('dialog button:text-is("Cancel")');
    await make('Bills', { from: 'bank', subject: 'invoice', move: 'Money' });
    await page.waitForSelector('#filters li:has-text("Bills")');
    await make('Lists', { list: 'dev', move: 'Lists', larger_than: '2' });
    await page.waitForSelector('#filters li:has-text("Lists")');
    await page.click('[aria-label="Move Lists up"]');
    await page.waitForFunction(() => document.querySelector('#filters li').textContent.includes('Lists'));
    assert.deepEqual((await filters()).map((one) => [one.name, one.if, one.then]), [
      ['Lists', { list: 'dev', larger_than: 2048 }, { move: 'Lists' }],
      ['Bills', { from: 'bank', subject: 'invoice' }, { move: 'Money' }],
    ]);
    await page.click('[aria-label="Change Bills"]');
    await page.uncheck('dialog [name=enabled]');
    await page.fill('dialog [name=from]', '');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('#filters li:has-text("Bills") .badge');
    await page.click('[aria-label="Remove Lists"]');
    await page.waitForFunction(() => document.querySelectorAll('#filters li').length === 1);
    assert.deepEqual((await filters()).map((one) => [one.name, one.enabled, one.if]), [['Bills', false, { subject: 'invoice' }]]);

    await page.setInputFiles('[name=file]', { name: 'My logo (1).png', mimeType: 'image/png', buffer: await page.screenshot() });
    await page.click('text="Add"');
    await page.waitForSelector('#attachments li');
    const name = (await page.textContent('#attachments strong')).trim();
    assert.match(name, /^My-logo.*\.png$/);
    await page.fill('[name=text]', 'Eve');
    await page.fill('[name=html]', `<p>Eve <img src="cid:${name}"></p>`);
    await page.click('.card:has([name=html]) button[type=submit]');
    await page.waitForSelector('text="Saved."');
    assert.deepEqual((await ask('GET', '/api/auth/preferences')).body.mail.signature.images, [name]);
    await close(page);
  });

  test('phone and SMS: a number given, a factor of it, a code at sign-in', async () => {
    const { page, address } = await person(hearth, 'finn');
    await visit(page, 'account/phone');
    await page.fill('[name=phone]', '12');
    await page.click('text="Send a code"');
    await problemAt(page, 'phone').waitFor();
    await page.fill('[name=phone]', '+49 170 5551234');
    await page.click('text="Send a code"');
    await page.fill('[name=code]', await codeTo(1));
    await page.click('text="Confirm"');
    await page.waitForSelector('text="+491705551234"');
    await visit(page, 'account/factors');
    await page.fill('.card:has-text("Codes by SMS") [name=password]', PASSWORD);
    await page.click('text="Use my phone"');
    await page.click('text="I have kept them"');
    await page.waitForSelector('text=/Codes are sent to/');
    await page.click('#sign-out');
    await signedOut(page);
    await fillSignIn(page, address, PASSWORD);
    await page.click('text="Send the code"');
    await page.fill('[name=code]', await codeTo(2));
    await page.click('#sign-in button[type=submit]');
    await signedIn(page);
    await visit(page, 'account/events');
    assert.match(await page.textContent('#events'), /Second factor set up[\s\S]*Phone changed/);
    await visit(page, 'account/factors');
    await page.click('.card:has-text("Codes by SMS") button:text-is("Remove")');
    await page.fill('dialog [name=password]', PASSWORD);
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('text="Use my phone"');
    await close(page);
  });

  test('API tokens open what was chosen', async () => {
    const { page } = await person(hearth, 'gil');
    await visit(page, 'account/tokens');
    await page.fill('[name=name]', 'reader');
    await page.check('[value="mail:read"]');
    await page.fill('#account [name=password]', PASSWORD);
    await page.click('text="Make it"');
    const token = await page.locator('.once .secret').textContent();
    const with_ = { Authorization: `Bearer ${token}` };
    assert.equal((await hearth.api('GET', '/api/mail/mailboxes', undefined, with_)).status, 200);
    assert.equal((await hearth.api('GET', '/api/auth/me', undefined, with_)).status, 403);
    await page.click('[aria-label="End reader"]');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('text="There is none yet."');
    assert.equal((await hearth.api('GET', '/api/mail/mailboxes', undefined, with_)).status, 401);
    await close(page);
  });

  test('administration: somebody invited, put into a group, made moderator, shut out', async () => {
    const admin = await person(hearth, 'root', '--admin');
    const { page } = admin;
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
    await guest.click('[aria-label="Open The choir"]');
    await guest.waitForSelector('#people li:has-text("Hanna")');
    assert.equal(await guest.locator('#people button').count(), 0); // a member changes nothing
    await guest.click('text="Leave"');
    await guest.waitForSelector('text="You are in no group."');

    await visit(page, 'admin/groups');
    await page.click('[aria-label="Open The choir"]');
    await page.fill('[name=who]', 'nobody@hearth.test');
    await page.click('text="Add"');
    await problemAt(page, 'who').waitFor();
    await page.fill('[name=who]', 'Hanna@hearth.test');
    await page.click('text="Add"');
    await page.click('[aria-label="Make an owner: hanna@hearth.test"]');
    await page.waitForSelector('[aria-label="Make a member: hanna@hearth.test"]');
    await visit(guest, 'account/profile');
    await visit(guest, 'account/groups');
    await guest.click('[aria-label="Open The choir"]');
    await guest.fill('[name=description]', 'We sing.\nOn Mondays.');
    await guest.click('.card:has([name=description]) button[type=submit]');
    await guest.waitForSelector('text="Saved."');

    await visit(page, 'admin/accounts');
    await page.fill('[name=search]', 'hanna');
    await page.click('text="Search"');
    await page.waitForFunction(() => document.querySelectorAll('#accounts li').length === 1);
    await page.click('#accounts button');
    await page.selectOption('dialog [name=role]', 'moderator');
    await page.fill('dialog [name=quota]', '10');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('#accounts li:has-text("moderator"):has-text("10 MB")');
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

  test('every page can be read and used: labels, names, contrast, a phone’s width, the keyboard', async () => {
    const { page } = await person(hearth, 'ida', '--admin');
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
});

test('a phone is asked for where the organisation wants one', { skip, timeout: 60_000 }, async () => {
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

test('who must have a second factor is led to it, and then let in', { skip, timeout: 60_000 }, async () => {
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

test('after too many guesses the form counts down, and then works', { skip, timeout: 60_000 }, async () => {
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
