// imap-clients.test.mjs: reading mail with the programs that people use: imapflow, curl, mbsync, mutt,
// and the commands Thunderbird sends.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient, fetched } from './imap-client.mjs';
import { deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse';
const message = (subject, body = 'text') => `From: Ann <ann@example.org>\r\nTo: y@example.org\r\nSubject: ${subject}\r\n` +
  `Message-ID: <${subject.replace(/\W/g, '-')}@example.org>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n\r\n${body}\r\n`;

const WITH_ATTACHMENT = 'From: ann@example.org\r\nSubject: attached\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
  '--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n' +
  `--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Disposition: attachment; filename=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.alloc(3000, 42).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n--b--\r\n`;

describe('imap clients', () => {
  const h = new Hearth();
  let users = 0;

  // A fresh account with messages m1 … mn in INBOX.
  async function fresh(n = 0) {
    const user = `user${++users}@hearth.test`;
    h.addUser(user, PASSWORD);
    const c = await ImapClient.login(h.port.imap, user, PASSWORD);
    for (let i = 1; i <= n; i++) await c.ok(['APPEND INBOX ', Buffer.from(message(`m${i}`)), '']);
    return { user, c };
  }

  before(() => h.start());
  after(() => h.remove());

  test('imapflow: STARTTLS, folders, flags, search, attachments, IDLE, move', async () => {
    const { user, c } = await fresh(3);
    await c.ok(['APPEND INBOX ', Buffer.from(WITH_ATTACHMENT), '']);
    const flow = new ImapFlow({ host: '127.0.0.1', port: h.port.imap, secure: false, doSTARTTLS: true, tls: { rejectUnauthorized: false },
      auth: { user, pass: PASSWORD }, logger: false });
    await flow.connect();
    assert.equal(flow.secureConnection, true);
    const folders = await flow.list({ statusQuery: { messages: true, unseen: true } });
    assert.deepEqual(folders.map((f) => [f.path, f.specialUse]).sort(), [['Archive', '\\Archive'], ['Drafts', '\\Drafts'], ['INBOX', '\\Inbox'],
      ['Junk', '\\Junk'], ['Sent', '\\Sent'], ['Trash', '\\Trash']]);
    assert.equal(folders.find((f) => f.path === 'INBOX').status.messages, 4);
    await flow.mailboxCreate(['Projekte', 'Grün']);
    assert.ok((await flow.list()).some((f) => f.path === 'Projekte/Grün'));
    await flow.mailboxRename('Projekte/Grün', 'Projekte/Blau');
    const box = await flow.mailboxOpen('INBOX');
    assert.equal(box.exists, 4);
    assert.ok(box.permanentFlags.has('\\*'));
    const all = [];
    for await (const m of flow.fetch('1:*', { uid: true, flags: true, envelope: true, bodyStructure: true, source: true, internalDate: true, size: true })) all.push(m);
    assert.deepEqual(all.map((m) => m.envelope.subject), ['m1', 'm2', 'm3', 'attached']);
    assert.equal(all[3].source.toString(), WITH_ATTACHMENT);
    assert.equal(all[3].bodyStructure.childNodes[1].dispositionParameters.filename, 'a.bin');
    const part = await flow.download('4', '2');
    const chunks = [];
    for await (const chunk of part.content) chunks.push(chunk);
    assert.deepEqual(Buffer.concat(chunks), Buffer.alloc(3000, 42));
    assert.ok(await flow.messageFlagsAdd('1:2', ['\\Seen', '$Work']));
    assert.deepEqual(await flow.search({ seen: true }, { uid: true }), [1, 2]);
    assert.deepEqual(await flow.search({ body: 'grüße' }, { uid: true }), [4]);
    assert.deepEqual(await flow.search({ header: { subject: 'attached' } }), [4]);
    assert.deepEqual(await flow.search({ keyword: '$work', not: { uid: '1' } }, { uid: true }), [2]);
    const appended = await flow.append('Drafts', message('draft'), ['\\Draft'], new Date('2024-03-01T12:00:00Z'));
    assert.equal(appended.uid, 1);
    const moved = await flow.messageMove('1', 'Trash');
    assert.deepEqual([...moved.uidMap], [[1, 1]]);
    assert.equal(flow.mailbox.exists, 3);
    const copied = await flow.messageCopy({ seen: true }, 'Archive');
    assert.deepEqual([...copied.uidMap], [[2, 1]]);
    // IDLE, as imapflow does it by itself.
    const exists = new Promise((done) => flow.once('exists', done));
    const idle = flow.idle();
    await new Promise((done) => setTimeout(done, 300));
    await deliver(h.port.smtp, user, message('new'));
    assert.equal((await exists).count, 4);
    const gone = new Promise((done) => flow.once('expunge', done));
    const flagged = new Promise((done) => flow.once('flags', done));
    await c.ok('SELECT INBOX');
    await c.ok('UID STORE 2 +FLAGS (\\Deleted)');
    assert.equal((await flagged).uid, 2);
    await c.ok('EXPUNGE');
    assert.equal((await gone).seq, 1);
    await flow.messageDelete('1:*');
    await idle;
    assert.equal(flow.mailbox.exists, 0);
    await flow.mailboxDelete('Projekte/Blau');
    assert.deepEqual((await flow.status('Trash', { messages: true, uidNext: true, size: true })).messages, 1);
    await flow.logout();
    c.close();
  });

  test('imapflow: a mailbox of 2000 messages, over TLS from the first byte', async () => {
    const { user, c } = await fresh();
    const text = message('bulk', 'x'.repeat(500));
    for (let i = 0; i < 20; i++) {
      c.send(Array.from({ length: 100 }, (_, k) => `b${i}-${k} APPEND INBOX {${text.length}+}\r\n${text}\r\n`).join(''));
      await c.response(new RegExp(`^b${i}-99 OK`), 60);
    }
    const flow = new ImapFlow({ host: '127.0.0.1', port: h.port.imaps, secure: true, tls: { rejectUnauthorized: false }, auth: { user, pass: PASSWORD }, logger: false });
    await flow.connect();
    const lock = await flow.getMailboxLock('INBOX');
    let n = 0;
    for await (const m of flow.fetch({ all: true }, { uid: true, envelope: true, source: true })) {
      assert.equal(m.uid, ++n);
      assert.equal(m.source.toString(), text);
    }
    assert.equal(n, 2000);
    await flow.messageFlagsSet({ all: true }, ['\\Seen']);
    assert.equal((await flow.search({ seen: false })).length, 0);
    await flow.messageMove({ all: true }, 'Archive');
    assert.equal(flow.mailbox.exists, 0);
    lock.release();
    await flow.logout();
    c.close();
  });

  test('curl: lists, reads, appends, searches', async () => {
    const { user, c } = await fresh(2);
    const curl = (path, ...args) => {
      const done = spawnSync('curl', ['-sS', '-u', `${user}:${PASSWORD}`, ...args, `imap://127.0.0.1:${h.port.imap}/${path}`], { encoding: 'latin1', input: '' });
      assert.equal(done.status, 0, done.stderr);
      return done.stdout;
    };
    assert.match(curl(''), /LIST \(\\HasNoChildren\) "\/" INBOX/);
    assert.equal(curl('INBOX;MAILINDEX=2'), message('m2'));
    assert.equal(curl('INBOX;UID=1'), message('m1'));
    assert.match(curl('INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)'), /^Subject: m1/);
    const file = join(h.dir, 'new.eml');
    writeFileSync(file, message('by curl'));
    curl('INBOX', '-T', file);
    assert.match(curl('INBOX?SUBJECT%20curl'), /SEARCH 3/);
    assert.match(curl('INBOX', '-X', 'STORE 3 +FLAGS (\\Deleted)'), /\\Deleted/);
    assert.match(curl('INBOX', '-X', 'EXPUNGE'), /3 EXPUNGE/);
    assert.match(curl('', '-X', 'STATUS INBOX (MESSAGES)', '--ssl-reqd', '-k'), /MESSAGES 2/);
    assert.match(spawnSync('curl', ['-sSk', '-u', `${user}:wrong`, `imap://127.0.0.1:${h.port.imap}/`], { encoding: 'utf8' }).stderr, /denied/i);
    c.close();
  });

  test('mbsync: both ways, flags, expunge, many messages', async () => {
    const { user, c } = await fresh(5);
    const dir = join(h.dir, 'mbsync');
    mkdirSync(join(dir, 'mail'), { recursive: true });
    const rc = join(dir, 'rc');
    const [name] = readdirSync(join(h.dir, 'data', 'tls')).filter((f) => /cert|crt/.test(f));
    const tlsWord = /isync 1\.[0-4]\b/.test(spawnSync('mbsync', ['--version'], { encoding: 'utf8' }).stdout) ? 'SSLType' : 'TLSType';
    writeFileSync(rc, `IMAPAccount h\nHost localhost\nPort ${h.port.imap}\nUser ${user}\nPass ${PASSWORD}\n${tlsWord} STARTTLS\n` +
      `CertificateFile ${join(h.dir, 'data', 'tls', name)}\nAuthMechs PLAIN LOGIN\n\nIMAPStore far\nAccount h\n\n` +
      `MaildirStore near\nPath ${dir}/mail/\nInbox ${dir}/mail/INBOX\nSubFolders Verbatim\n\n` +
      'Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSyncState *\n');
    const sync = () => {
      const done = spawnSync('mbsync', ['-c', rc, '-V', 'all'], { encoding: 'utf8', timeout: 120000 });
      assert.equal(done.status, 0, done.stdout + done.stderr);
      return done.stdout;
    };
    const near = (box) => ['cur', 'new'].flatMap((d) => readdirSync(join(dir, 'mail', box, d)).map((f) => join(dir, 'mail', box, d, f)));
    const subjects = (box) => near(box).map((f) => /^Subject: (.*?)\r?$/m.exec(readFileSync(f, 'latin1'))[1]).sort();
    sync();
    assert.deepEqual(subjects('INBOX'), ['m1', 'm2', 'm3', 'm4', 'm5']);
    assert.deepEqual(readdirSync(join(dir, 'mail')).sort(), ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
    // What changes there comes here; what is new here goes there.
    await c.ok('SELECT INBOX');
    await c.ok('STORE 2 +FLAGS (\\Flagged \\Seen)');
    await c.ok('STORE 3 +FLAGS (\\Deleted)');
    await c.ok('EXPUNGE');
    for (let i = 0; i < 300; i++) writeFileSync(join(dir, 'mail', 'Archive', 'cur', `${i}.local:2,S`), message(`local ${i}`).replaceAll('\r\n', '\n'));
    mkdirSync(join(dir, 'mail', 'Neu', 'cur'), { recursive: true });
    for (const d of ['new', 'tmp']) mkdirSync(join(dir, 'mail', 'Neu', d));
    sync();
    assert.deepEqual(subjects('INBOX'), ['m1', 'm2', 'm4', 'm5']);
    assert.ok(near('INBOX').some((f) => /:2,FS$/.test(f)));
    assert.deepEqual((await c.ok('STATUS Archive (MESSAGES UNSEEN)')).lines, ['STATUS Archive (MESSAGES 300 UNSEEN 0)']);
    assert.equal((await c.ok('LIST "" Neu')).lines.length, 1);
    // A second run has nothing to do.
    const quiet = sync();
    assert.ok(!/Fetching|\+[1-9]/.test(quiet.split('\n').at(-2) || ''), quiet);
    await c.ok('SELECT Archive');
    assert.equal((await c.search('SEARCH SEEN')).length, 300);
    c.close();
  });

  test('mutt: opens, reads, flags, deletes, saves', async () => {
    const { user, c } = await fresh(4);
    await c.ok(['APPEND INBOX ', Buffer.from(WITH_ATTACHMENT), '']);
    const dir = join(h.dir, 'mutt');
    mkdirSync(dir);
    const rc = join(dir, 'muttrc');
    writeFileSync(rc, `set folder="imap://127.0.0.1:${h.port.imap}/"\nset imap_user="${user}"\nset imap_pass="${PASSWORD}"\nset ssl_starttls=no\nset ssl_force_tls=no\n` +
      `set spoolfile="+INBOX"\nset delete=yes\nset quit=yes\nset sort=mailbox-order\nset wait_key=no\nset header_cache="${dir}/cache"\nset message_cachedir="${dir}/bodies"\n` +
      'set confirmcreate=no\nset confirmappend=no\nset imap_idle=no\nset mail_check=1\nset certificate_file=/dev/null\n');
    const mutt = (keys) => new Promise((done) => {
      const child = spawn('script', ['-qec', `mutt -n -F ${rc} -e 'push "${keys}"'`, '/dev/null'],
        { env: { ...process.env, TERM: 'vt100', HOME: dir, LANG: 'C.UTF-8' }, stdio: ['pipe', 'pipe', 'pipe'] });
      let screen = '';
      child.stdout.on('data', (bytes) => { screen += bytes; });
      const timer = setTimeout(() => child.kill('SIGKILL'), 60000);
      child.on('close', (code) => (clearTimeout(timer), done({ code, screen })));
    });
    const first = await mutt(`<first-entry><display-message><exit><first-entry><flag-message><delete-message><first-entry><pipe-message>cat > ${dir}/one<enter>` +
      '<last-entry><copy-message>=Archive<enter><tag-pattern>~s m3<enter><tag-prefix><save-message>=Trash<enter><quit>');
    assert.equal(first.code, 0, first.screen);
    assert.match(readFileSync(join(dir, 'one'), 'latin1'), /Subject: m1/);
    await c.ok('SELECT INBOX');
    const left = await c.fetch('FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    assert.deepEqual(left.map((m) => m['BODY[HEADER.FIELDS (SUBJECT)]'].trim()), ['Subject: m1', 'Subject: m4', 'Subject: attached']);
    assert.ok(left[0].FLAGS.includes('\\Flagged') && left[0].FLAGS.includes('\\Seen'));
    assert.deepEqual((await c.ok('STATUS Archive (MESSAGES)')).lines, ['STATUS Archive (MESSAGES 1)']);
    assert.deepEqual((await c.ok('STATUS Trash (MESSAGES)')).lines, ['STATUS Trash (MESSAGES 1)']);
    // Again, with its caches; a search on the server.
    const second = await mutt(`<limit>=b Gr<enter><pipe-message>cat > ${dir}/two<enter><quit>`);
    assert.equal(second.code, 0, second.screen);
    assert.match(readFileSync(join(dir, 'two'), 'latin1'), /Subject: attached/);
    c.close();
  });

  test('Thunderbird: the commands it sends', async () => {
    const { user } = await fresh(3);
    const c = await ImapClient.connect(h.port.imap);
    await c.startTls();
    await c.ok('capability');
    await c.ok(`authenticate PLAIN ${Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64')}`);
    await c.ok('capability');
    await c.ok('ID ("name" "Thunderbird" "version" "128.0")');
    await c.ok('namespace');
    assert.equal((await c.ok('list (subscribed) "" "*" return (special-use)')).lines.length, 6);
    assert.equal((await c.ok('list "" "INBOX"')).lines.length, 1);
    await c.ok('list "" "Trash"');
    await c.ok('select "INBOX"');
    assert.equal(fetched((await c.ok('UID fetch 1:* (FLAGS)')).lines).length, 3);
    const headers = await c.fetch('UID fetch 1:3 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])');
    assert.equal(headers.length, 3);
    assert.match(Object.values(headers[0]).find((v) => /Subject/.test(v)), /^From: Ann/);
    assert.equal((await c.fetch('UID fetch 2 (UID RFC822.SIZE BODY[])'))[0]['BODY[]'], message('m2'));
    await c.ok('UID fetch 2 (UID RFC822.SIZE BODY.PEEK[]<0.32768>)');
    await c.ok('uid store 2 +Flags (\\Seen $label1)');
    await c.ok('uid copy 2 "Archive"');
    assert.deepEqual((await c.ok('uid move 3 "Trash"')).lines.filter((l) => l.endsWith('EXPUNGE')), ['3 EXPUNGE']);
    await c.ok('STATUS "Drafts" (UIDNEXT MESSAGES UNSEEN RECENT)');
    c.send('9 IDLE\r\n');
    await c.response(/^\+/);
    await deliver(h.port.smtp, user, message('for Thunderbird'));
    await c.response(/^\* 3 EXISTS/);
    c.send('DONE\r\n');
    await c.response(/^9 OK/);
    c.responses = [];
    assert.equal(fetched((await c.ok('UID fetch 4:* (FLAGS)')).lines)[0].UID, '4');
    await c.ok('uid store 1 +FLAGS (\\Deleted)');
    await c.ok('expunge');
    const draft = Buffer.from(message('draft'));
    await c.ok(['append "Drafts" (\\Seen \\Draft) "22-Nov-2026 10:00:00 +0100" ', draft, '']);
    assert.match((await c.ok('uid SEARCH UNDELETED HEADER Message-ID for-Thunderbird@example.org')).lines.at(-1), /SEARCH 4/);
    await c.ok('create "Ordner/Unterordner"');
    await c.ok('subscribe "Ordner/Unterordner"');
    await c.ok('rename "Ordner" "Anders"');
    await c.ok('unsubscribe "Ordner/Unterordner"');
    await c.ok('close');
    await c.ok('logout');
    await c.end();
  });
});
