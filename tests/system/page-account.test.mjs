// page-account.test.mjs: the pages of one's own account, in a real Chromium.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { close, fillSignIn, launch, PASSWORD, person, problemAt, signedIn, signedOut, skip, visit } from './browser.mjs';
import { eventually, Hearth } from './hearth.mjs';

let browser, hearth;
before(async () => {
  hearth = await new Hearth({ 'auth.sms_driver': 'file', 'auth.sms_gap': '0s' }).start();
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  await hearth.remove();
});

const codeTo = (nth) => eventually(() => {
  const path = join(hearth.dir, 'data', 'sms.log');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').filter(Boolean) : [];
  return lines.length >= nth && /\b\d{6}\b/.exec(JSON.parse(lines[nth - 1]).text)[0];
}, 20, 'a code');

test('profile: name, picture, time zone, languages; a hostile name stays text', { skip, timeout: 240_000 }, async () => {
  const { page, ask } = await person(browser, hearth, 'ben');
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

test('password: the other session ends, this one stays', { skip, timeout: 240_000 }, async () => {
  const { page, address, ask } = await person(browser, hearth, 'cleo');
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

test('preferences: obeyed at once and after a reload; a change elsewhere is not overwritten unseen', { skip, timeout: 240_000 }, async () => {
  const { page, headers, ask } = await person(browser, hearth, 'dan');
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
  await page.click('nav a[href="#games"]');
  await page.waitForFunction(() => document.getElementById('clock').value === '600+0');
  await visit(page, 'account/preferences');
  await page.fill('[name=language]', 'not a language');
  await page.click('.card:has([name=language]) button[type=submit]');
  await problemAt(page, 'language').waitFor();
  await close(page);
});

test('mail: a filter made, moved, changed, removed; a signature with its picture', { skip, timeout: 240_000 }, async () => {
  const { page, headers, ask } = await person(browser, hearth, 'eve');
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
  // Somebody else reorders them while this one is being changed: nothing of theirs is lost.
  const reorder = async () => {
    const now = await ask('GET', '/api/auth/preferences');
    const done = await fetch(`${hearth.base}/api/auth/preferences`, {
      method: 'PATCH', body: JSON.stringify({ mail: { filters: [...now.body.mail.filters].reverse() } }),
      headers: { ...headers, 'If-Match': now.headers.get('etag'), 'Content-Type': 'application/merge-patch+json' },
    });
    assert.equal(done.status, 200);
  };
  await page.click('[aria-label="Change Bills"]');
  await page.fill('dialog [name=subject]', 'bill');
  await reorder();
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('dialog .problem:has-text("changed in another place")');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.deepEqual((await filters()).map((one) => [one.name, one.if.subject]), [['Bills', 'bill'], ['Lists', undefined]]);
  await page.fill('[name=text]', 'Mine');
  await reorder();
  await page.click('.card:has([name=html]) button[type=submit]');
  await page.waitForSelector('#notice:has-text("changed in another place")');
  await page.waitForFunction(() => document.querySelector('#filters li').textContent.includes('Lists'));
  await page.click('[aria-label="Remove Lists"]');
  await page.waitForFunction(() => document.querySelectorAll('#filters li').length === 1);
  assert.deepEqual((await filters()).map((one) => [one.name, one.enabled, one.if]), [['Bills', false, { subject: 'bill' }]]);

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

test('phone and SMS: a number given, a factor of it, a code at sign-in', { skip, timeout: 240_000 }, async () => {
  const { page, address } = await person(browser, hearth, 'finn');
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
  await page.click('dialog button:text-is("Send a code by SMS")');
  await page.fill('dialog [name=code]', await codeTo(3));
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('text="Use my phone"');
  await close(page);
});

test('API tokens open what was chosen', { skip, timeout: 240_000 }, async () => {
  const { page } = await person(browser, hearth, 'gil');
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
