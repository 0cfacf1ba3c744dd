// page-write.test.mjs: the page writes mail: new messages, answers, what is handed on, with files; what is
// wrong is said at its field, what is written is kept; and messages are put elsewhere and deleted. In a
// real Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { close, faults, launch, PASSWORD, person, problemAt, prove, shot, skip } from './browser.mjs';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { deliver } from './smtp-client.mjs';

let browser, hearth;
before(async () => {
  // What is for elsewhere stays in the queue: nobody is there.
  hearth = await new Hearth({ 'mail.relay': '127.0.0.1:9', 'connections.uploads_per_account': 8 }).start();
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  await hearth.remove();
});

const said = (page, text) => page.waitForSelector(`#bar:has-text("${text}")`);
const focused = (page) => page.evaluate(() => document.activeElement.name || document.activeElement.textContent);

// All that is wrong with the page, in both looks and widths.
async function looks(page, name) {
  for (const [width, height, colorScheme] of [[375, 740, 'dark'], [1280, 800, 'light']]) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await faults(page), [], `${name} ${width} ${colorScheme}`);
    await shot(page, `${name}-${width}-${colorScheme}`);
  }
}

const newest = async (one, mailbox = 'INBOX') => {
  const { body } = await one.ask('GET', `/api/mail/messages?mailbox=${mailbox}&limit=1`);
  return body.messages.length ? (await one.ask('GET', `/api/mail/messages/${body.messages[0].id}`)).body : null;
};
const source = async (one, id) => (await one.ask('GET', `/api/mail/messages/${id}/source`)).body;

test('a message is written, kept over a reload, refused at its field, sent with a file', { skip, timeout: 120_000 }, async () => {
  const ann = await person(browser, hearth, 'ann');
  const bob = await person(browser, hearth, 'bob');
  const { page } = ann;
  await page.click('#to-write');
  await page.waitForSelector('#write [name=to]');
  assert.equal(await page.title(), 'New message · Mail · Hearth');
  assert.equal(await focused(page), 'to');
  await page.keyboard.press('Control+Enter');
  await problemAt(page, 'to').waitFor();
  await looks(page, 'write-empty');
  await page.fill('[name=to]', 'Bob <bob@hearth.test>');
  await page.click('text="Cc and Bcc"');
  assert.equal(await focused(page), 'cc');
  await page.fill('[name=cc]', '"Elsewhere, Ella" <ella@elsewhere.example>, nobody@hearth.test');
  await page.fill('[name=subject]', 'Grüße');
  await page.fill('[name=text]', 'Hello Bob,\n\nsee the attachment.\n');
  await page.setInputFiles('[name=attachments]', { name: 'grün.txt', mimeType: 'text/plain', buffer: Buffer.from('green') });
  await page.waitForSelector('.files li:has-text("grün.txt (5 bytes)")');
  await page.waitForSelector('text="Kept in this tab."');
  await looks(page, 'write-filled');

  // Back, and by a reload: all of it is there but the file, which is named.
  await page.click('nav a[href="#mail"]');
  await page.waitForSelector('#messages', { state: 'attached' });
  await page.click('#to-write');
  await page.waitForSelector('#write [name=to]');
  assert.equal(await page.inputValue('[name=text]'), 'Hello Bob,\n\nsee the attachment.\n');
  await page.reload();
  await page.waitForSelector('#write [name=to]');
  assert.equal(await page.inputValue('[name=to]'), 'Bob <bob@hearth.test>');
  assert.equal(await page.inputValue('[name=subject]'), 'Grüße');
  await page.waitForSelector('text=/Choose again .* grün.txt/');

  // Spoken of, and not there.
  await page.click('text="Send"');
  await page.waitForSelector('dialog:has-text("Send without an attachment?")');
  await page.click('dialog >> text="Cancel"');
  await page.setInputFiles('[name=attachments]', [{ name: 'grün.txt', mimeType: 'text/plain', buffer: Buffer.from('green') }, { name: 'other', mimeType: '', buffer: Buffer.from('x') }]);
  await page.click('[aria-label="Remove other"]');
  await page.click('text="Send"');
  await problemAt(page, 'cc').waitFor();
  assert.match(await problemAt(page, 'cc').textContent(), /nobody@hearth\.test/);
  assert.equal(await focused(page), 'cc');
  await page.fill('[name=cc]', '"Elsewhere, Ella" <ella@elsewhere.example>');
  await page.fill('[name=bcc]', 'ann@hearth.test');
  await page.focus('[name=text]');
  await page.keyboard.press('Control+Enter');
  await said(page, 'Sent to 3 people.');
  await page.waitForSelector('#mail:not([hidden])');
  await looks(page, 'sent-bar');
  const got = await eventually(() => newest(bob), 20, 'Bob has it');
  assert.deepEqual([got.subject, got.text.replace(/\r\n/g, '\n'), got.attachments.map(({ name, size }) => [name, size])], ['Grüße', 'Hello Bob,\n\nsee the attachment.\n', [['grün.txt', 5]]]);
  assert.deepEqual(got.people.cc, [{ name: 'Elsewhere, Ella', address: 'ella@elsewhere.example' }]);
  assert.deepEqual((await newest(ann, 'Sent')).people.bcc.map(({ address }) => address), ['ann@hearth.test']);
  // What was sent is no draft any more; what is thrown away neither.
  await page.click('#to-write');
  await page.waitForSelector('#write [name=to]');
  assert.equal(await page.inputValue('[name=subject]'), '');
  await page.fill('[name=subject]', 'never mind');
  await page.click('text="Discard"');
  await page.click('dialog >> text="Discard"');
  await page.waitForSelector('#mail:not([hidden])');
  // Nothing of a person stays in the tab.
  await page.click('#to-write');
  await page.fill('#write [name=subject]', 'a secret');
  await page.waitForSelector('text="Kept in this tab."');
  await page.click('#sign-out');
  await page.waitForSelector('#sign-in:not([hidden]) [name=password]');
  assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), '{}');
  await close(page);
  await close(bob.page);
});

// Each larger than what counts as an upload, and more of them than an account may be sending at a time: the mail is one.
test('twenty files dropped at once go with the mail', { skip, timeout: 120_000 }, async () => {
  const uma = await person(browser, hearth, 'uma');
  const { page } = uma;
  await page.click('#to-write');
  await page.fill('#write [name=to]', 'uma@hearth.test');
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    for (let i = 0; i < 20; i++) dataTransfer.items.add(new File(['x'.repeat(70_000)], `file-${i}.txt`, { type: 'text/plain' }));
    document.querySelector('#write form').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.waitForSelector('.files li:has-text("file-19.txt")');
  await page.click('text="Send"');
  await said(page, 'Sent.');
  const got = await eventually(() => newest(uma), 20, 'it is there');
  assert.deepEqual(got.attachments.map(({ name, size }) => [name, size]), Array.from({ length: 20 }, (_, i) => [`file-${i}.txt`, 70_000]));
  await close(page);
});

test('answers go to whom they should, quote, and refer; what is handed on takes its attachments along', { skip, timeout: 120_000 }, async () => {
  const carl = await person(browser, hearth, 'carl');
  const dora = await person(browser, hearth, 'dora');
  const { page } = carl;
  assert.equal(hearth.command('alias', 'add', 'quiz@hearth.test', 'carl@hearth.test').status, 0);
  await deliver(hearth.port.smtp, 'carl@hearth.test', 'Message-ID: <q@elsewhere.example>\r\nFrom: "Quinn, Q." <quinn@elsewhere.example>\r\nReply-To: dora@hearth.test\r\nTo: Quiz@hearth.test, Zoe <zoe@elsewhere.example>\r\n' +
    'Cc: dora@hearth.test\r\nSubject: A question\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nFirst line\r\n> older\r\n\r\n-- \r\nQuinn\r\n--b\r\nContent-Type: text/plain\r\n' +
    'Content-Disposition: attachment; filename=facts.txt\r\n\r\nfacts\r\n--b--\r\n');
  await page.click('#messages a:has-text("A question")');
  await page.waitForSelector('#message h2:has-text("A question")');
  await looks(page, 'message-actions');
  await page.click('text="Reply"');
  await page.waitForSelector('#write [name=to]');
  assert.equal(await page.inputValue('[name=to]'), 'dora@hearth.test');
  assert.equal(await page.inputValue('[name=from]'), 'quiz@hearth.test'); // as whom it came to
  assert.equal(await page.inputValue('[name=subject]'), 'Re: A question');
  assert.match(await page.inputValue('[name=text]'), /^\n\nOn .*, Quinn, Q\. wrote:\n> First line\n>> older\n$/);
  assert.equal(await focused(page), 'text');
  assert.equal(await page.evaluate(() => document.activeElement.selectionStart), 0);
  await page.keyboard.type('Indeed.');
  await looks(page, 'write-answer');
  await page.click('text="Send"');
  await said(page, 'Sent.');
  await page.waitForSelector('#message h2:has-text("A question")'); // where one was
  const answer = await eventually(() => newest(dora), 20, 'Dora has it');
  assert.equal(answer.from, 'quiz@hearth.test');
  assert.match(answer.text, /^Indeed\.\r\n\r\nOn .* wrote:/);
  assert.match(await source(dora, answer.id), /\r\nIn-Reply-To: <q@elsewhere\.example>\r\nReferences: <q@elsewhere\.example>\r\n/);
  const asked = await newest(carl);
  assert.equal(asked.answered, true);

  await page.click('text="Reply all"');
  await page.waitForSelector('#write [name=cc]');
  assert.deepEqual([await page.inputValue('[name=to]'), await page.inputValue('[name=cc]')], ['dora@hearth.test', 'Zoe <zoe@elsewhere.example>']);
  await page.goBack();
  await page.waitForSelector('#mail:not([hidden])');
  await page.click('text="Forward"');
  await page.waitForSelector('.files li:has-text("facts.txt")');
  assert.equal(await focused(page), 'to');
  assert.match(await page.inputValue('[name=text]'), /\n---------- Forwarded message ----------\nFrom: "Quinn, Q\." <quinn@elsewhere\.example>\nDate: .*\nSubject: A question\nTo: Quiz@hearth\.test, Zoe <zoe@elsewhere\.example>\nCc: dora@hearth\.test\n\nFirst line\n/);
  await page.fill('[name=to]', 'dora@hearth.test');
  await page.click('text="Send"');
  await said(page, 'Sent.');
  const handed = await eventually(async () => { const one = await newest(dora); return one.subject === 'Fwd: A question' && one; }, 20, 'Dora has that');
  assert.deepEqual(handed.attachments.map(({ name, size }) => [name, size]), [['facts.txt', 5]]);

  // An answer to one's own goes to whom that went; one that is not there any more is said.
  await page.evaluate((id) => { location.hash = `write/all/${id}`; }, (await newest(carl, 'Sent')).id);
  await page.waitForSelector('#write [name=to]');
  assert.equal(await page.inputValue('[name=to]'), 'dora@hearth.test');
  // HTML is quoted as its text.
  await deliver(hearth.port.smtp, 'carl@hearth.test', 'From: h@elsewhere.example\r\nSubject: Re: rich\r\nContent-Type: text/html\r\n\r\n<style>p { color: red }</style><p>One</p>\r\n<p>Two <b>bold</b><br>three &lt;3</p><script>alert(1)</script><ul><li>four</ul>\r\n');
  await page.evaluate((id) => { location.hash = `write/reply/${id}`; }, (await newest(carl)).id);
  await page.waitForFunction(() => document.querySelector('#write [name=subject]')?.value === 'Re: rich');
  assert.match(await page.inputValue('[name=text]'), /wrote:\n> One\n>\n> Two bold\n> three <3\n>\n> four\n$/);
  await page.evaluate(() => { location.hash = 'write/reply/999999'; });
  await page.waitForSelector('#write [role=alert]:has-text("not here any more")');
  await close(page);
  await close(dora.page);
});

test('what waits before it leaves is taken back, and written on; a draft of another program too', { skip, timeout: 120_000 }, async () => {
  const fay = await person(browser, hearth, 'fay');
  const { page } = fay;
  hearth.addUser('gil@hearth.test', PASSWORD);
  const gil = { headers: { Authorization: `Bearer ${await hearth.login('gil@hearth.test', PASSWORD)}` }, ask: (method, path) => hearth.api(method, path, undefined, gil.headers) };
  await gil.ask('GET', '/api/mail/mailboxes'); // makes them
  await page.evaluate(() => { location.hash = 'account/preferences'; });
  await page.fill('[name=send_delay]', '600');
  await page.click('.card:has([name=send_delay]) button[type=submit]');
  await page.waitForSelector('text="Saved."');
  await page.evaluate(() => { location.hash = 'write'; });
  await page.fill('#write [name=to]', 'gil@hearth.test');
  await page.fill('#write [name=subject]', 'too early');
  await page.fill('#write [name=text]', 'I am not done');
  await page.setInputFiles('#write [name=attachments]', { name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('plan') });
  await page.click('text="Send"');
  await page.waitForSelector('#bar button:text-is("Undo")');
  await looks(page, 'sent-undo');
  await page.click('#bar button:text-is("Undo")');
  await said(page, 'It is taken back, and was sent to nobody.');
  await page.waitForSelector('#write .files li:has-text("plan.txt")');
  assert.deepEqual([await page.inputValue('#write [name=to]'), await page.inputValue('#write [name=text]')], ['gil@hearth.test', 'I am not done']);
  assert.equal((await newest(fay, 'Drafts')).subject, 'too early');
  await page.fill('#write [name=text]', 'Now I am');
  await page.click('text="Send"');
  await page.waitForSelector('#bar button:text-is("Undo")');
  assert.equal(await newest(fay, 'Drafts'), null);
  // It waits; let go, it arrives once.
  assert.equal(await newest(gil), null);
  const [{ id }] = (await fay.ask('GET', '/api/mail/outgoing')).body.outgoing;
  assert.equal((await fay.ask('POST', `/api/mail/outgoing/${id}/send`)).status, 200);
  const got = await eventually(() => newest(gil), 20, 'Gil has it');
  assert.deepEqual([got.text, got.attachments.map(({ name }) => name)], ['Now I am\r\n', ['plan.txt']]);
  await page.click('#bar button:text-is("Undo")');
  await said(page, 'It has left already.');

  const c = await ImapClient.login(hearth.port.imap, 'fay@hearth.test', `"${PASSWORD}"`);
  const begun = 'To: Gil <gil@hearth.test>\r\nSubject: from afar\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbegun\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--b--\r\n';
  await c.ok(`APPEND Drafts {${begun.length}+}\r\n${begun}`);
  c.close();
  await page.evaluate(() => { location.hash = 'mail/Drafts'; });
  await page.click('#messages a:has-text("from afar")');
  await page.click('text="Go on writing"');
  await page.waitForSelector('#write [name=to]');
  assert.deepEqual([await page.inputValue('#write [name=to]'), await page.inputValue('#write [name=subject]'), await page.inputValue('#write [name=text]')], ['Gil <gil@hearth.test>', 'from afar', 'begun']);
  await page.click('text="Send"');
  await page.waitForSelector('#mail:not([hidden])');
  await eventually(async () => await newest(fay, 'Drafts') === null, 10, 'it is no draft any more');
  // Taken back it is one again, with what was attached.
  await page.click('#bar:has-text("leaves in") button:text-is("Undo")');
  await page.waitForSelector('#write .files li:has-text("a.txt")');
  assert.equal(await page.inputValue('#write [name=text]'), 'begun');
  await page.click('text="Send"');
  await page.waitForSelector('#mail:not([hidden])');
  // What is on its way is listed, and taken back there, too; mail is sent on once that address says yes.
  await page.evaluate(() => { location.hash = 'account/mail'; });
  await page.waitForSelector('#outgoing li:has-text("from afar"):has-text("gil@hearth.test")');
  await page.fill('.card:has(#forward-said) [name=address]', 'not an address');
  await page.click('text="Send on"');
  await problemAt(page, 'address').waitFor();
  await page.fill('.card:has(#forward-said) [name=address]', 'fay@elsewhere.example');
  await page.click('text="Send on"');
  await prove(page);
  await page.waitForSelector('#forward-said:has-text("A letter went to fay@elsewhere.example")');
  await looks(page, 'account-mail');
  await page.click('text="Send nothing on"');
  await page.waitForSelector('#forward-said:has-text("Your mail stays here.")');
  await page.click('[aria-label="Take back: from afar"]');
  await page.waitForFunction(() => !/from afar/.test(document.querySelector('#outgoing')?.textContent ?? ''));
  assert.equal((await newest(fay, 'Drafts')).subject, 'from afar');
  await close(page);
});

test('a message is put elsewhere and brought back, and deleted for good', { skip, timeout: 120_000 }, async () => {
  const eve = await person(browser, hearth, 'eve');
  const { page } = eve;
  for (const subject of ['one', 'two', 'three']) await deliver(hearth.port.smtp, 'eve@hearth.test', `From: x@elsewhere.example\r\nSubject: number ${subject}\r\n\r\nx\r\n`);
  await page.waitForFunction(() => document.querySelectorAll('#messages li').length === 3);
  const count = async (mailbox) => (await eve.ask('GET', `/api/mail/messages?mailbox=${mailbox}`)).body.messages.length;
  await page.click('#messages a:has-text("number two")');
  await page.click('#message >> text="Archive"');
  await said(page, 'Archived.');
  await page.waitForFunction(() => document.querySelectorAll('#messages li').length === 2);
  assert.match(await focused(page), /number one/); // the one below it
  assert.equal(await count('Archive'), 1);
  await page.click('#bar >> text="Undo"');
  await said(page, 'It is back where it was.');
  await page.waitForSelector('#messages a:has-text("number two")');
  assert.equal(await count('Archive'), 0);

  await page.click('#messages a:has-text("number one")');
  await page.waitForSelector('#message h2:has-text("number one")');
  await page.click('#message >> text="Move …"');
  await page.selectOption('dialog [name=mailbox]', 'Junk');
  await page.click('dialog >> text="Move"');
  await said(page, 'Moved to Junk.');
  await page.click('#mailboxes >> text=/^Junk/');
  await page.click('#messages a:has-text("number one")');
  await page.waitForSelector('#message h2:has-text("number one")');
  assert.equal(await page.locator('#message >> text="Junk"').count(), 0);
  await page.click('#message >> text="Not junk"');
  await said(page, 'Moved to INBOX.');

  await page.click('#mailboxes >> text=/^INBOX/');
  await page.click('#messages a:has-text("number three")');
  await page.waitForSelector('#message h2:has-text("number three")');
  await page.click('#message >> text="Delete"');
  await said(page, 'Moved to the trash.');
  await page.click('#mailboxes >> text=/^Trash/');
  await page.setViewportSize({ width: 375, height: 740 });
  await page.click('#messages a:has-text("number three")');
  await page.waitForSelector('#message h2:has-text("number three")');
  await page.click('#message >> text="Delete for good …"');
  await page.click('dialog >> text="Delete"');
  await said(page, 'Deleted.');
  await page.waitForSelector('#no-messages:has-text("no message")');
  assert.deepEqual(await faults(page), []);
  assert.deepEqual([await count('Trash'), await count('INBOX')], [0, 2]);
  await close(page);
});
