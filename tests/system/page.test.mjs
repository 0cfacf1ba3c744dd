// page.test.mjs: the page in a real Chromium: sign in, read mail, play chess against another
// browser to mate. (video.test.mjs plays the streams.)
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { fillSignIn, launch, open, signedIn, signedOut, skip } from './browser.mjs';
import { Hearth } from './hearth.mjs';

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
async function person(address) {
  const page = await open(browser);
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
  await page.click('#sign-out');
  await signedOut(page);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('mail is listed, found, opened; HTML runs nothing and fetches nothing', { skip }, async () => {
  hearth.addUser('bob@hearth.test', 'correct horse');
  await deliver('bob@hearth.test', 'From: =?UTF-8?Q?J=C3=BCrgen?= <j@elsewhere.test>\nTo: bob@hearth.test\nSubject: Gr=?UTF-8?Q?=C3=BC=C3=9Fe?=\nDate: Fri, 20 Nov 2026 10:00:00 +0100\n\nHallo Bob,\nein Text.\n');
  await deliver('bob@hearth.test', 'From: evil@elsewhere.test\nSubject: <b>html</b>\nMIME-Version: 1.0\nContent-Type: text/html\n\n<h1 id=h>Hi</h1><script>parent.document.title="owned";document.title="owned"</script><img src="http://127.0.0.1:1/x.png" onerror="parent.document.title=\'owned\'">\n');
  await deliver('bob@hearth.test', 'From: c@elsewhere.test\nSubject: with a file\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the file\n--b\nContent-Type: application/pdf; name="a b.pdf"\nContent-Disposition: attachment; filename="a b.pdf"\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--b--\n');
  const page = await person('bob@hearth.test');
  await page.waitForFunction(() => document.querySelectorAll('#messages li').length === 3);
  await shot(page, 'mail');
  assert.equal(await page.locator('#messages .unseen').count(), 3);
  await page.click('#messages button:has-text("Grüße")');
  await page.waitForSelector('#message h2:has-text("Grüße")');
  assert.match(await page.textContent('#message'), /Jürgen[\s\S]*ein Text\./);
  await page.waitForFunction(() => document.querySelectorAll('#messages .unseen').length === 2);
  await page.click('#messages button:has-text("<b>html</b>")');
  const frame = page.frameLocator('#message iframe');
  assert.equal(await frame.locator('#h').textContent(), 'Hi');
  assert.equal(await page.title(), 'Hearth');
  await shot(page, 'message');
  await page.click('#messages button:has-text("with a file")');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#message a:has-text("a b.pdf")')]);
  assert.equal(download.suggestedFilename(), 'a b.pdf');
  await page.fill('#search', 'EIN TEXT');
  await page.press('#search', 'Enter');
  await page.waitForFunction(() => document.querySelectorAll('#messages li').length === 1);
  const complaints = page.complaints.filter((text) => !/Content Security Policy|ERR_BLOCKED_BY_CSP|sandboxed/.test(text));
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('two browsers play a game to mate, by mouse and by keyboard', { skip }, async () => {
  hearth.addUser('carl@hearth.test', 'correct horse');
  hearth.addUser('dora@hearth.test', 'correct horse');
  const pages = await Promise.all(['carl@hearth.test', 'dora@hearth.test'].map(person));
  for (const page of pages) {
    await page.click('nav a[href="#games"]');
    await page.waitForSelector('#board button');
    await page.waitForTimeout(300); // the socket opens
    await page.click('#seek');
  }
  for (const page of pages) await page.waitForSelector('#move-form:not([hidden])');
  const isWhite = (await pages[0].textContent('#game-state')).includes('Your move');
  const [white, black] = isWhite ? pages : [pages[1], pages[0]];
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
  await click(white, 'f2', 'f3');
  await click(black, 'e7', 'e5');
  await type(white, 'g2g4');
  await shot(black, 'game');
  await type(black, 'e8e4'); // refused, and said so
  await black.waitForFunction(() => document.getElementById('notice').textContent !== '');
  await click(black, 'd8', 'h4');
  await white.waitForFunction(() => /You lost by checkmate/.test(document.getElementById('game-state').textContent));
  await black.waitForFunction(() => /You won by checkmate/.test(document.getElementById('game-state').textContent));
  await shot(white, 'mate');
  assert.equal(await white.getAttribute('[data-square=h4]', 'aria-label'), 'h4 black queen');
  for (const page of pages) {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});
