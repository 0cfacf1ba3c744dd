// page.test.mjs: the page in a real Chromium: sign in, read mail, play chess against another
// browser to mate. (video.test.mjs plays the streams.)
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { faults, fillSignIn, launch, open, signedIn, signedOut, skip, visit } from './browser.mjs';
import { eventually, Hearth } from './hearth.mjs';
import { Publisher } from './rtmp-client.mjs';

let hearth;
let browser;
before(async () => {
  hearth = await new Hearth().start();
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  await hearth.remove();
});

// SMTP without ceremony.
function deliver(to, message) {
  return new Promise((done, fail) => {
    const socket = connect(hearth.port.smtp, '127.0.0.1');
    let text = '';
    socket.on('data', (bytes) => { text += bytes; });
    socket.on('error', fail);
    socket.on('close', () => (/^250 2\.0\.0 kept/m.test(text) ? done() : fail(new Error(text))));
    socket.write(`EHLO test\r\nMAIL FROM:<sender@elsewhere.test>\r\nRCPT TO:<${to}>\r\nDATA\r\n${message.replace(/\r?\n/g, '\r\n')}\r\n.\r\nQUIT\r\n`);
  });
}

// A person in a browser of their own, signed in by the form.
async function person(address, options) {
  const page = await open(browser, options);
  await page.goto(hearth.base);
  await fillSignIn(page, address, 'correct horse');
  await signedIn(page);
  return page;
}

const shot = (page, name) => (process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/${name}.png` }) : null);

test('a wrong password is told, the right one signs in, signing out ends it', { skip }, async () => {
  hearth.addUser('ann@hearth.test', 'correct horse');
  const page = await open(browser);
  await page.goto(hearth.base);
  await signedOut(page);
  await shot(page, 'sign-in');
  await fillSignIn(page, 'ann@hearth.test', 'wrong horse');
  await page.waitForFunction(() => /wrong/i.test(document.querySelector('#sign-in form > .problem').textContent));
  await page.fill('[name=password]', 'correct horse');
  await page.press('[name=password]', 'Enter');
  await signedIn(page);
  await page.reload();
  await signedIn(page);
  // What cannot be reached is said in words, and nobody is told that they are signed out who is not.
  for (const path of ['**/account/events.js', '**/api/auth/logout']) await page.route(path, (route) => route.abort(), { times: 1 });
  await page.evaluate(() => { location.hash = 'account/events'; });
  await page.waitForSelector('#account .problem:has-text("The server cannot be reached")');
  await page.click('#sign-out');
  await page.waitForSelector('#notice:has-text("still signed in")');
  page.complaints.splice(0);
  await page.click('#sign-out');
  await signedOut(page);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('mail is listed, found, opened; HTML runs nothing and fetches nothing', { skip }, async (t) => {
  hearth.addUser('bob@hearth.test', 'correct horse');
  const seen = []; // by the server from which a mail wants pictures
  const elsewhere = createServer((request, reply) => {
    if (request.url !== '/favicon.ico') seen.push([request.url, request.headers.referer]);
    reply.writeHead(200, { 'Content-Type': request.url.endsWith('.png') ? 'image/png' : 'text/html' });
    reply.end('a page');
  });
  await new Promise((done) => { elsewhere.listen(0, '127.0.0.1', done); });
  t.after(() => elsewhere.closeAllConnections());
  t.after(() => elsewhere.close());
  const there = `http://127.0.0.1:${elsewhere.address().port}`;
  await deliver('bob@hearth.test', `From: =?UTF-8?Q?J=C3=BCrgen?= <j@elsewhere.test>\nTo: bob@hearth.test\nSubject: Gr=?UTF-8?Q?=C3=BC=C3=9Fe?=\nDate: Fri, 20 Nov 2026 10:00:00 +0100\n\nHallo Bob,\nein Text (${there}/text).\n`);
  await deliver('bob@hearth.test', `From: evil@elsewhere.test\nSubject: <b>html</b>\nMIME-Version: 1.0\nContent-Type: text/html\n\n<base href="${there}/"><meta http-equiv=refresh content="0;url=${there}/led-away"><h1 id=h>Hi</h1><script>parent.document.title="owned";document.title="owned"</script><img src="${there}/x.png" onerror="parent.document.title='owned'"><div style="background:url(${there}/y.png)">.</div><a id=out href="${there}/link" target=_top>link</a><a id=js href="javascript:parent.document.title='owned'">js</a>\n`);
  await deliver('bob@hearth.test', 'From: c@elsewhere.test\nSubject: with a file\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the file\n--b\nContent-Type: application/pdf; name="a b.pdf"\nContent-Disposition: attachment; filename="a b.pdf"\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--b--\n');
  const page = await person('bob@hearth.test');
  await page.waitForFunction(() => document.querySelectorAll('#messages li').length === 3);
  await shot(page, 'mail');
  assert.equal(await page.locator('#messages .unseen').count(), 3);
  await page.click('#messages a:has-text("Grüße")');
  await page.waitForSelector('#message h2:has-text("Grüße")');
  assert.match(await page.textContent('#message'), /Jürgen[\s\S]*ein Text \(/);
  assert.equal(await page.getAttribute('#message pre a', 'href'), `${there}/text`);
  await page.waitForFunction(() => document.querySelectorAll('#messages .unseen').length === 2);

  // HTML: shown, without scripts, pictures or ways out of its frame.
  await page.click('#messages a:has-text("<b>html</b>")');
  const frame = page.frameLocator('#message iframe');
  assert.equal(await frame.locator('#h').textContent(), 'Hi');
  assert.equal(await frame.locator('#js').getAttribute('href'), null);
  await shot(page, 'message');
  // A link opens in a tab of its own, and tells nobody where it was.
  const [tab] = await Promise.all([page.context().waitForEvent('page'), frame.locator('#out').click()]);
  await tab.waitForLoadState();
  assert.equal(tab.url(), `${there}/link`);
  assert.equal(await tab.evaluate(() => window.opener), null);
  await tab.close();
  assert.deepEqual(seen, [['/link', undefined]]);
  // Pictures come by a button, and the rest is as closed as before.
  await page.click('#message button:has-text("Show pictures")');
  await page.waitForFunction(() => !document.querySelector('#message .pictures'));
  await page.frameLocator('#message iframe').frameLocator('iframe').locator('#h').waitFor();
  await eventually(() => ['/x.png', '/y.png'].every((picture) => seen.some(([url]) => url === picture)), 20, 'the pictures');
  assert.ok(seen.every(([url, referrer]) => url !== '/led-away' && referrer === undefined), JSON.stringify(seen));
  assert.match(await page.title(), /html.* Mail · Hearth/);

  await page.click('#messages a:has-text("with a file")');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#message a:has-text("a b.pdf")')]);
  assert.equal(download.suggestedFilename(), 'a b.pdf');

  // A picture that came with the mail is part of it: shown at once, from no server.
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==';
  await deliver('bob@hearth.test', 'From: p@elsewhere.test\nSubject: its own picture\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n' +
    '<p>see</p><img id=own src="cid:a%2Bb@x"><img id=none src="cid:other@x"><img id=not src="cid:script@x">\n--b\nContent-Type: image/png\nContent-ID: <a+b@x>\nContent-Transfer-Encoding: base64\n\n' +
    `${pixel}\n--b\nContent-Type: image/svg+xml\nContent-ID: <script@x>\n\n<svg xmlns="http://www.w3.org/2000/svg"/>\n--b--\n`);
  const asked = seen.length;
  await page.click('#messages a:has-text("its own picture")');
  await frame.locator('#own').waitFor();
  // (The frame is drawn again with the picture in it: who asks meanwhile asks a document that is gone, and may
  // wait for its answer for ever.)
  const width = () => frame.locator('#own').evaluate((img) => img.naturalWidth, undefined, { timeout: 1000 }).catch(() => 0);
  const second = () => new Promise((done) => setTimeout(done, 1000));
  await eventually(async () => await Promise.race([width(), second()]) === 2, 60, 'the picture');
  assert.match(await frame.locator('#own').getAttribute('src'), /^data:/);
  assert.equal(await frame.locator('#none').getAttribute('src'), 'cid:other@x');
  assert.equal(await frame.locator('#not').getAttribute('src'), 'cid:script@x');
  assert.equal(await page.locator('#message .pictures').count(), 0);
  assert.equal(seen.length, asked);

  // Of a mail in both forms the plain one comes first, and the other by a button.
  await deliver('bob@hearth.test', 'From: e@elsewhere.test\nSubject: both\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nlook at the other form\n--b\nContent-Type: text/html\n\n<p id=form>the other form</p>\n--b--\n');
  await page.click('#messages a:has-text("both")');
  await page.waitForSelector('#message pre:has-text("look at")');
  await page.click('#message button:has-text("Show formatted")');
  await frame.locator('#form').waitFor();
  assert.equal(await page.locator('#message pre').count(), 0);

  // New mail comes by itself: the other rows stay the elements that they are.
  await page.evaluate(() => { for (const row of document.querySelectorAll('#messages li')) row.kept = true; });
  await deliver('bob@hearth.test', 'From: d@elsewhere.test\nSubject: just now\n\nnews\n');
  await page.waitForSelector('#messages li:first-child:has-text("just now")');
  assert.equal(await page.evaluate(() => [...document.querySelectorAll('#messages li')].filter((row) => row.kept).length), 5);
  assert.equal(await page.textContent('#mailboxes a'), 'INBOX (1)');

  await page.fill('#search', 'EIN TEXT');
  await page.press('#search', 'Enter');
  await page.waitForFunction(() => document.querySelectorAll('#messages li').length === 1);
  await page.fill('#search', 'nowhere to be found');
  await page.press('#search', 'Enter');
  await page.waitForFunction(() => /Nothing found/.test(document.getElementById('no-messages').textContent));
  const complaints = page.complaints.filter((text) => !/Content Security Policy|ERR_BLOCKED_BY_CSP|sandboxed|Blocked script/.test(text));
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('on a phone it is the list or a message, and Back goes back; on a laptop the message is in sight', { skip }, async () => {
  hearth.addUser('phil@hearth.test', 'correct horse');
  const phone = await person('phil@hearth.test', { viewport: { width: 375, height: 700 } });
  await phone.waitForFunction(() => /no message/.test(document.getElementById('no-messages').textContent));
  // The page reads mail; where one writes it, it says.
  await phone.click('#no-messages a');
  await phone.waitForSelector('#mail-programs');
  const programs = await phone.innerText('#mail-programs');
  for (const part of [`port ${hearth.port.imap}, STARTTLS`, `port ${hearth.port.submission}, STARTTLS`, 'phil@hearth.test']) assert.ok(programs.includes(part), programs);
  assert.deepEqual(await faults(phone), []);
  await phone.click('nav a[href="#mail"]');
  for (let i = 0; i < 20; i++) await deliver('phil@hearth.test', `From: s@elsewhere.test\nSubject: number ${i}\n\nbody ${i} ${'of a line that is longer than the screen '.repeat(4)}\n`);
  await phone.waitForFunction(() => document.querySelectorAll('#messages li').length === 20);
  assert.equal(await phone.isVisible('#message'), false);
  assert.deepEqual(await faults(phone), []);
  await shot(phone, 'phone-list');
  await phone.click('#messages a:has-text("number 3")');
  await phone.waitForSelector('#message h2:has-text("number 3")');
  assert.equal(await phone.isVisible('#messages'), false);
  assert.match(phone.url(), /#mail\/INBOX\/\d+$/);
  assert.deepEqual(await faults(phone), []);
  await shot(phone, 'phone-message');
  await phone.reload();
  await phone.waitForSelector('#message h2:has-text("number 3")');
  await phone.goBack();
  await phone.waitForSelector('#messages:visible');
  assert.equal(await phone.isVisible('#message'), false);
  // The skip link leads past the head, and nowhere else.
  await phone.evaluate(() => document.querySelector('.skip').click());
  assert.equal(await phone.evaluate(() => document.activeElement.id), 'main');
  assert.equal(await phone.isVisible('#messages'), true);
  assert.deepEqual(phone.complaints, []);
  await phone.context().close();

  const laptop = await person('phil@hearth.test', { viewport: { width: 1200, height: 600 } });
  await laptop.waitForFunction(() => document.querySelectorAll('#messages li').length === 20);
  await laptop.click('#messages a:has-text("number 0")');
  await laptop.waitForSelector('#message h2:has-text("number 0")');
  const top = await laptop.evaluate(() => document.querySelector('#message h2').getBoundingClientRect().top);
  assert.ok(top >= 0 && top < 600, `the message is at ${top}`);
  assert.deepEqual(await faults(laptop), []);
  await shot(laptop, 'laptop-message');
  assert.deepEqual(laptop.complaints, []);
  await laptop.context().close();
});

test('the link of a mail does what it says to somebody who is signed in too', { skip }, async () => {
  for (const name of ['una', 'vic']) hearth.addUser(`${name}@hearth.test`, 'correct horse');
  const headers = { Authorization: `Bearer ${await hearth.login('una@hearth.test', 'correct horse')}` };
  await hearth.api('PUT', '/api/auth/me/second-address', { address: 'vic@hearth.test', password: 'correct horse' }, headers);
  const page = await person('vic@hearth.test');
  await page.click('#messages a:has-text("Your address")');
  const [tab] = await Promise.all([page.context().waitForEvent('page'), page.click('#message pre a')]);
  await tab.waitForSelector('[role=status]:has-text("It counts now")');
  await tab.click('text="Go on"');
  await tab.waitForSelector('#mail:not([hidden])');
  assert.equal((await hearth.api('GET', '/api/auth/me/second-address', undefined, headers)).body.verified, true);

  const token = /token=(\S+)/.exec(hearth.command('user', 'reset', 'una@hearth.test').stdout)[1];
  await tab.evaluate((hash) => { location.hash = hash; }, `reset?token=${token}`);
  await tab.fill('#sign-in [name=password]', 'another correct horse');
  await tab.press('#sign-in [name=password]', 'Enter');
  await tab.waitForSelector('h2:has-text("new password is set")');
  assert.ok(await hearth.login('una@hearth.test', 'another correct horse'));
  await tab.click('text="Go on"');
  await tab.waitForSelector('#mail:not([hidden])');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an address that is chosen while the page is still loading is the one that is shown', { skip }, async () => {
  const page = await person('ann@hearth.test');
  let go;
  const asked = new Promise((done) => page.route('**/api/auth/config', async (route) => {
    done();
    await new Promise((then) => { go = then; });
    await route.continue();
  }));
  await page.reload({ waitUntil: 'commit' });
  await asked;
  await page.evaluate(() => { location.hash = 'account/groups'; });
  await page.evaluate(() => new Promise((done) => setTimeout(done, 0))); // it has been told of the change
  go();
  await page.waitForSelector('#account .side a[aria-current][href="#account/groups"]');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('Live says how to stream: server, key, address to watch at', { skip }, async () => {
  hearth.addUser('lena@hearth.test', 'correct horse');
  const page = await person('lena@hearth.test');
  await page.click('nav a[href="#live"]');
  await page.waitForSelector('#own-channel .secret');
  const key = hearth.command('stream', 'key', 'lena@hearth.test').stdout.trim();
  assert.match(await page.textContent('#own-channel'), new RegExp(`rtmp://127\\.0\\.0\\.1:${hearth.port.rtmp}/live`));
  assert.doesNotMatch(await page.textContent('#own-channel'), new RegExp(key));
  await page.click('#own-channel button:has-text("Show")');
  assert.match(await page.textContent('#own-channel'), new RegExp(key));
  assert.match(await page.textContent('#no-channels'), /Nobody has streamed yet/);
  assert.deepEqual(await faults(page), []);
  await shot(page, 'live');
  // What one has streamed stands there and is deleted there.
  const publisher = new Publisher(hearth.port.rtmp);
  assert.equal((await publisher.publish(key)).code, 'NetStream.Publish.Start');
  await publisher.finish();
  await eventually(async () => {
    await page.reload();
    await page.waitForSelector('#own-streams .card');
    return (await page.$$('#own-streams button:has-text("Delete")')).length === 1;
  }, 20, 'the stream is over');
  assert.deepEqual(await faults(page), []);
  await page.click('#own-streams button:has-text("Delete")');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('#own-streams:has-text("You have not streamed yet")');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('what a module that is off would show is not there', { skip }, async () => {
  const small = await new Hearth({ 'modules.enable': 'auth gateway mail web' }).start();
  try {
    small.addUser('mia@hearth.test', 'correct horse');
    const page = await open(browser);
    await page.goto(small.base);
    await fillSignIn(page, 'mia@hearth.test', 'correct horse');
    await signedIn(page);
    assert.deepEqual(await page.locator('#nav a:visible').allTextContents(), ['Mail']);
    await page.evaluate(() => { location.hash = 'live'; });
    await page.waitForSelector('#mail:not([hidden])');
    await visit(page, 'account/app-passwords');
    assert.deepEqual(await page.locator('#account [name=scopes]').evaluateAll((all) => all.map(({ value }) => value)), ['imap', 'smtp']);
    await visit(page, 'account/preferences');
    assert.deepEqual(await page.locator('[name=start_page] option').allTextContents(), ['Mail']);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  } finally {
    await small.remove();
  }
});

test('two browsers play a game to mate, by mouse and by keyboard', { skip }, async () => {
  hearth.addUser('carl@hearth.test', 'correct horse');
  hearth.addUser('dora@hearth.test', 'correct horse');
  const pages = await Promise.all(['carl@hearth.test', 'dora@hearth.test'].map((address) => person(address)));
  for (const page of pages) {
    await page.click('nav a[href="#games"]');
    await page.waitForSelector('#game-list :text("no game yet")');
  }
  // A seek can be taken back.
  await pages[0].click('#seek');
  await pages[0].click('#cancel-seek');
  await pages[0].waitForSelector('#seek-row:not([hidden])');
  for (const page of pages) await page.click('#seek');
  for (const page of pages) await page.waitForSelector('#move-form:not([hidden])');
  assert.match(pages[0].url(), /#games\/\d+$/);
  const isWhite = (await pages[0].textContent('#game-state')).includes('Your move');
  const [white, black] = isWhite ? pages : [pages[1], pages[0]];
  assert.doesNotMatch(await white.textContent('#games'), /@/); // nobody's mail address
  const click = async (page, from, to) => {
    await page.waitForFunction(() => document.getElementById('game-state').textContent === 'Your move.');
    await page.click(`[data-square=${from}]`);
    await page.waitForSelector('#board .target');
    await page.click(`[data-square=${to}]`);
  };
  const type = async (page, move) => {
    await page.waitForFunction(() => document.getElementById('game-state').textContent === 'Your move.');
    await page.fill('#move-text', move);
    await page.press('#move-text', 'Enter');
  };
  assert.equal(await white.isVisible('#resign'), false); // before both have moved it is aborted
  assert.equal(await white.isVisible('#abort'), true);
  await click(white, 'f2', 'f3');
  await click(black, 'e7', 'e5');
  await type(white, 'g2g4');
  // An offer stands on both sides, over a reload, until it is answered.
  await black.waitForSelector('#draw:visible');
  await white.click('#draw');
  await black.waitForSelector('#offer-state:has-text("offers a draw")');
  await black.reload();
  await black.waitForSelector('#offer-state:has-text("offers a draw")');
  await shot(black, 'game');
  // The pieces are drawn with an outline, which the look at contrast does not see.
  assert.deepEqual((await faults(black)).filter((fault) => !/<button (light|dark) /.test(fault)), []);
  await black.click('#decline');
  await white.waitForFunction(() => /declines/.test(document.getElementById('notice').textContent));
  // White's last move is taken back, which Black allows, and made again.
  await white.click('#takeback');
  await black.waitForSelector('#offer-state:has-text("take a move back")');
  await black.click('#takeback');
  await white.waitForFunction(() => !/g4/.test(document.getElementById('moves').textContent));
  await type(white, 'g2g4');
  await type(black, 'e8e4'); // refused, and said so
  await black.waitForFunction(() => document.getElementById('notice').textContent !== '');
  await click(black, 'd8', 'h4');
  await white.waitForFunction(() => /You lost by checkmate/.test(document.getElementById('game-state').textContent));
  await black.waitForFunction(() => /You won by checkmate/.test(document.getElementById('game-state').textContent));
  await shot(white, 'mate');
  assert.equal(await white.getAttribute('[data-square=h4]', 'aria-label'), 'h4 black queen');

  // The next one begins while White reads mail: it is told. A resignation is asked about first.
  for (const [page, told] of [[white, /White against (?!undefined)\S.*lost2 moves/], [black, /Black against (?!undefined)\S.*won2 moves/]]) {
    await page.click('#to-lobby a');
    await page.waitForSelector('#game-list li');
    assert.match(await page.textContent('#game-list li'), told);
  }
  await white.click('#seek');
  await white.waitForSelector('#seeking:visible');
  await white.click('nav a[href="#mail"]');
  await black.click('#seek');
  await black.waitForSelector('#move-form:not([hidden])');
  await white.click('#notice a');
  await white.waitForSelector('#move-form:not([hidden])');
  const [first, second] = (await white.textContent('#game-state')).includes('Your move') ? [white, black] : [black, white];
  await type(first, 'e2e4');
  await type(second, 'e7e5');
  await first.click('#resign');
  await first.click('dialog button:has-text("Cancel")');
  await first.waitForFunction(() => document.getElementById('game-state').textContent === 'Your move.');
  await first.click('#resign');
  await first.click('dialog button:has-text("Resign")');
  await second.waitForFunction(() => /You won by resignation/.test(document.getElementById('game-state').textContent));

  // A game that no board is drawn of is text, and its moves are written. It counts.
  for (const page of pages) {
    await page.click('#to-lobby a');
    await page.selectOption('#rules', 'connect-four');
    await page.check('#rated');
    await page.click('#seek');
  }
  for (const page of pages) await page.waitForSelector('#plain:visible');
  const [red, yellow] = (await white.textContent('#game-state')).includes('Your move') ? [white, black] : [black, white];
  assert.equal(await red.isVisible('#board'), false);
  for (const [i, move] of ['4', '3', '4', '3', '4', '3', '4'].entries()) await type(i % 2 ? yellow : red, move);
  await yellow.waitForFunction(() => document.getElementById('game-state').textContent === 'You lost: four in a row. Your rating: 1500 → 1259.');
  assert.match(await yellow.textContent('#plain'), /^1 {2}\. \. y r \. \. \.$/m);
  assert.match(await red.textContent('#game-title'), /^Connect four with /);
  assert.deepEqual(await faults(yellow), []);
  await red.click('#to-lobby a');
  await red.waitForSelector('#game-list li:has-text("Connect four")');
  assert.equal(await red.textContent('#ratings'), 'Your ratings. Connect four, blitz: 1741?');
  assert.match(await red.textContent('#game-list li'), /Red against (?!undefined)\S.*Connect four.*won/);
  for (const page of pages) {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});
