// imap-grammar.test.mjs: the formal syntax of RFC 3501 (and 9051, and of what is announced),
// production by production: what is no error is answered OK, and what is one by its right word.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Hearth } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';

const PASSWORD = 'correct-horse';
const user = 'a@hearth.test';
const lit = (text) => Buffer.from(text, 'latin1');
const MESSAGE = lit('From: a@x.example\r\nTo: b@x.example\r\nSubject: one\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninside\r\n--b--\r\n');

describe('the grammar', () => {
  const h = new Hearth();
  let c;
  before(async () => {
    h.addUser(user, PASSWORD);
    await h.start();
    c = await ImapClient.login(h.port.imap, user, PASSWORD);
  });
  after(() => h.remove());

  // rows: [command, 'OK' | 'NO' | 'BAD' | a response code, a response that must come (optional)]
  const table = (name, rows, select = 'INBOX') => test(name, async () => {
    const wrong = [];
    const t = await ImapClient.login(h.port.imap, user, PASSWORD);
    if (select) await t.ok(`SELECT ${select}`);
    for (const [command, expected, response] of rows) {
      const answer = await t.command(command, { plus: true });
      const text = [command].flat().map(String).join('|');
      if (answer.status !== expected && answer.code !== expected) wrong.push(`${text}: ${answer.status} [${answer.code}] ${answer.text}, not ${expected}`);
      else if (response && !answer.lines.some((line) => response.test(line))) wrong.push(`${text}: ${JSON.stringify(answer.lines)}, not ${response}`);
    }
    t.close();
    assert.deepEqual(wrong, []);
  });

  table('APPEND', [
    [['APPEND INBOX ', MESSAGE], 'OK'],
    [['APPEND inbox (\\Seen) ', MESSAGE], 'OK'],
    [['append "InBoX" (\\seen \\FLAGGED $Forwarded key) ', MESSAGE], 'OK'],
    [['APPEND INBOX () ', MESSAGE], 'OK'],
    [['APPEND INBOX (\\Seen \\Recent) "17-Jul-1996 02:44:25 -0700" ', MESSAGE], 'OK'],
    [['APPEND INBOX " 1-Jan-2024 00:00:00 +0000" ', MESSAGE], 'OK'],
    [['APPEND INBOX "01-Jan-2024 23:59:60 +1400" ', MESSAGE], 'OK'],
    [['APPEND ', lit('INBOX'), ' ', MESSAGE], 'OK'],
    [['APPEND INBOX ', lit('no header at all')], 'OK'],
    [['APPEND INBOX ', lit('bare\nlines\n')], 'OK'],
    [['APPEND nowhere ', MESSAGE], 'TRYCREATE'],
    [['APPEND INBOX ', lit('')], 'NO'],
    [['APPEND INBOX ', lit('a\0b')], 'NO'],
    [['APPEND INBOX (\\Nonsense) ', MESSAGE], 'BAD'],
    [['APPEND INBOX (\\Seen ', MESSAGE], 'BAD'],
    [['APPEND INBOX "31-Feb-2024 00:00:00 +0000" ', MESSAGE], 'BAD'],
    [['APPEND INBOX "1-Jan-2024" ', MESSAGE], 'BAD'],
    ['APPEND INBOX "text"', 'BAD'],
  ]);

  table('any state', [
    ['CAPABILITY', 'OK', /^CAPABILITY IMAP4rev1 /], ['capability', 'OK'], ['NoOp', 'OK'], ['NOOP ', 'OK'],
    ['ID NIL', 'OK'], ['ID ()', 'OK'], ['ID ("name" NIL)', 'OK'], ['ID ("a" "")', 'OK'], [['ID (', lit('name'), ' ', lit('x'), ')'], 'OK'],
    ['ID', 'BAD'], ['ID (name "x")', 'BAD'], ['ID ("a")', 'BAD'], ['NOOP x', 'BAD'],
    ['NAMESPACE', 'OK', /^NAMESPACE \(\("" "\/"\)\) NIL NIL$/], ['ENABLE CONDSTORE', 'OK'], ['ENABLE X-Y UTF8=ACCEPT', 'OK'], ['ENABLE', 'BAD'],
    ['LOGIN a b', 'BAD'], ['AUTHENTICATE PLAIN', 'BAD'], ['STARTTLS', 'BAD'], ['NOSUCH', 'BAD'], ['UID', 'BAD'], ['UID NOOP', 'BAD'], ['', 'BAD'],
  ]);

  table('mailbox names', [
    ['CREATE plain', 'OK'], ['CREATE "with space"', 'OK'], [['CREATE ', lit('by literal')], 'OK'], ['CREATE a]b', 'OK'], ['CREATE ]', 'OK'],
    ['CREATE "quote\\"and\\\\"', 'OK'], ['CREATE "percent%star*"', 'OK'], ['CREATE Entw&APw-rfe', 'OK'], ['CREATE "&Jjo-!"', 'OK'], ['CREATE A&-B', 'OK'], ['CREATE a#b~c', 'OK'],
    ['CREATE deep/er/est', 'OK'], ['CREATE trailing/', 'OK'], ['CREATE NIL', 'OK'], ['CREATE "NIL2"', 'OK'], ['CREATE 123', 'OK'], ['CREATE inbox/below', 'OK'],
    ['CREATE plain', 'ALREADYEXISTS'], ['CREATE INBOX', 'ALREADYEXISTS'], ['CREATE iNbOx', 'ALREADYEXISTS'],
    ['CREATE ""', 'NO'], ['CREATE /', 'NO'], ['CREATE a//b', 'NO'], ['CREATE "&bad"', 'NO'], ['CREATE "&AAAA-"', 'NO'],
    ['CREATE', 'BAD'], ['CREATE a b', 'BAD'], ['CREATE a%b', 'BAD'], ['CREATE (a)', 'BAD'], ['CREATE "open', 'BAD'], ['CREATE "bad\\escape"', 'BAD'],
    ['CREATE drafts2 (USE (\\Drafts))', 'USEATTR'], ['CREATE plain2 (USE ())', 'OK'],
    ['LIST "" *', 'OK', /^LIST \(.*\) "\/" "?A&-B"?$/], ['LIST "" "percent%star*"', 'OK', /percent%star\*/], ['LIST "" Entw*', 'OK', /Entw&APw-rfe/],
    ['RENAME plain renamed', 'OK'], ['RENAME renamed plain', 'OK'], ['RENAME plain plain', 'NO'], ['RENAME nowhere x', 'NONEXISTENT'], ['RENAME plain INBOX', 'NO'], ['RENAME plain', 'BAD'],
    ['STATUS inbox/below (MESSAGES)', 'OK', /^STATUS INBOX\/below /], ['SUBSCRIBE iNbOx/below', 'OK'], ['LIST (SUBSCRIBED) "" INBOX/%', 'OK', /INBOX\/below$/], ['RENAME inbox/below INBOX/lower', 'OK'], ['RENAME Inbox/lower inbox/LOWER', 'OK'], ['CREATE inBOX/LOWER', 'ALREADYEXISTS'], ['DELETE inbox/LOWER', 'OK'],
    ['CREATE up/up/up/up', 'OK'], ['DELETE up', 'OK'], ['RENAME up/up up', 'OK'], ['LIST "" up*', 'OK', /^LIST .* up\/up\/up$/], ['STATUS up/up/up/up (MESSAGES)', 'NONEXISTENT'], [`CREATE ${'n/'.repeat(30)}n`, 'OK'], ['RENAME n m/m/m', 'NO'],
    ['DELETE plain', 'OK'], ['DELETE plain', 'NONEXISTENT'], ['DELETE INBOX', 'NO'], ['DELETE deep', 'OK'], ['DELETE', 'BAD'],
    ['SUBSCRIBE nowhere', 'OK'], ['SUBSCRIBE nowhere', 'OK'], ['LSUB "" nowhere', 'OK', /^LSUB .* nowhere$/], ['UNSUBSCRIBE nowhere', 'OK'], ['UNSUBSCRIBE nowhere', 'OK'], ['SUBSCRIBE', 'BAD'],
  ]);

  table('LIST, LSUB, STATUS', [
    ['LIST "" ""', 'OK', /^LIST \(\\Noselect\) "\/" ""$/i], ['LIST x ""', 'OK', /^LIST \(\\Noselect\) "\/" /i], ['LIST "" %', 'OK', /INBOX/], ['LIST "" *', 'OK'], ['LIST "" inbox', 'OK', /INBOX$/],
    ['LIST "deep/" %', 'OK', /deep\/er$/], ['LIST deep/ *', 'OK', /deep\/er\/est$/], ['LIST "" deep/%/est', 'OK', /est$/], ['LIST "" nothing*', 'OK'], [['LIST ', lit(''), ' ', lit('%')], 'OK'], ['LIST () "" %', 'OK'],
    ['LIST "" (% "*")', 'OK'], ['LIST (SUBSCRIBED) "" *', 'OK'], ['LIST "" % RETURN (CHILDREN)', 'OK', /Has(No)?Children/], ['LIST "" % RETURN ()', 'OK'], ['LIST (SUBSCRIBED RECURSIVEMATCH) "" %', 'OK'], ['LIST (REMOTE) "" %', 'OK'],
    ['LIST "" INBOX RETURN (STATUS (MESSAGES UIDNEXT))', 'OK', /^STATUS INBOX \(MESSAGES \d+ UIDNEXT \d+\)/], ['LIST "" * RETURN (SPECIAL-USE)', 'OK', /\\Sent/], ['LIST (SPECIAL-USE) "" *', 'OK', /\\Trash/],
    ['LSUB "" *', 'OK'], ['LSUB "" %', 'OK'], ['LSUB "" ""', 'OK'],
    ['LIST', 'BAD'], ['LIST ""', 'BAD'], ['LIST (RECURSIVEMATCH) "" %', 'BAD'], ['LIST (NONSENSE) "" %', 'BAD'], ['LIST "" ()', 'BAD'], ['LIST "" % RETURN', 'BAD'],
    ['STATUS INBOX (MESSAGES)', 'OK', /^STATUS INBOX \(MESSAGES \d+\)$/], ['STATUS inbox (UNSEEN RECENT UIDVALIDITY UIDNEXT MESSAGES)', 'OK'], ['STATUS INBOX (SIZE)', 'OK'], ['STATUS "INBOX" (messages)', 'OK'],
    ['STATUS nowhere (MESSAGES)', 'NONEXISTENT'], ['STATUS INBOX ()', 'BAD'], ['STATUS INBOX MESSAGES', 'BAD'], ['STATUS INBOX (NONSENSE)', 'BAD'], ['STATUS INBOX', 'BAD'],
  ]);

  table('sequence sets', [
    ['FETCH 1 UID', 'OK', /^1 FETCH/], ['FETCH * UID', 'OK'], ['FETCH 1:* UID', 'OK'], ['FETCH *:1 UID', 'OK', /^1 FETCH/], ['FETCH 3:1 UID', 'OK', /^1 FETCH/], ['FETCH *:* UID', 'OK'], ['FETCH 2,* UID', 'OK'], ['FETCH 1,1,1:2,2 UID', 'OK'],
    ['UID FETCH 4294967295 UID', 'OK'], ['UID FETCH 999:1000 UID', 'OK'], ['UID FETCH 999:* UID', 'OK', / FETCH /], ['UID FETCH *:999 UID', 'OK', / FETCH /], ['UID FETCH 1:4294967295 UID', 'OK'], ['UID STORE 999 +FLAGS (x)', 'OK'], ['UID COPY 999 Trash', 'OK'], ['UID MOVE 999 Trash', 'OK'], ['UID EXPUNGE 999', 'OK'],
    ['FETCH 999 UID', 'BAD'], ['FETCH 1:999 UID', 'BAD'], ['STORE 999 FLAGS ()', 'BAD'], ['COPY 999 Trash', 'BAD'], ['FETCH 0 UID', 'BAD'], ['FETCH 1:0 UID', 'BAD'], ['FETCH 01 UID', 'OK'], ['FETCH 4294967296 UID', 'BAD'], ['FETCH 1, UID', 'BAD'], ['FETCH ,1 UID', 'BAD'], ['FETCH 1: UID', 'BAD'], ['FETCH a UID', 'BAD'], ['FETCH 1:2:3 UID', 'BAD'], ['FETCH -1 UID', 'BAD'], ['FETCH "1" UID', 'BAD'],
  ]);

  table('FETCH', [
    ['FETCH 1 ALL', 'OK', /FLAGS .*INTERNALDATE .*RFC822.SIZE .*ENVELOPE/], ['FETCH 1 FAST', 'OK'], ['FETCH 1 FULL', 'OK', /BODY \(/], ['fetch 1 fast', 'OK'], ['FETCH 1 (UID)', 'OK'], ['FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)', 'OK'], ['FETCH 1 (UID UID)', 'OK'],
    ['FETCH 1 RFC822', 'OK'], ['FETCH 1 RFC822.HEADER', 'OK'], ['FETCH 1 RFC822.TEXT', 'OK'], ['FETCH 1 BODY[]', 'OK'], ['FETCH 1 BODY.PEEK[]', 'OK'], ['FETCH 1 body.peek[header]', 'OK'], ['FETCH 1 BODY[TEXT]', 'OK'],
    ['FETCH 1 BODY[HEADER.FIELDS (Subject)]', 'OK', /BODY\[HEADER.FIELDS \("?Subject"?\)\]/i], ['FETCH 1 BODY[HEADER.FIELDS ("Subject" to)]', 'OK'], [['FETCH 1 BODY[HEADER.FIELDS (', lit('Subject'), ')]'], 'OK'], ['FETCH 1 BODY[HEADER.FIELDS.NOT (Subject From)]', 'OK'], ['FETCH 1 BODY[HEADER.FIELDS (No-Such)]', 'OK'],
    ['FETCH 1 BODY[1]', 'OK', /first/], ['FETCH 1 BODY[1.MIME]', 'OK'], ['FETCH 1 BODY[2]', 'OK'], ['FETCH 1 BODY[2.HEADER]', 'OK', /Subject: in/], ['FETCH 1 BODY[2.TEXT]', 'OK', /inside/], ['FETCH 1 BODY[2.1]', 'OK', /inside/], ['FETCH 1 BODY[2.MIME]', 'OK'], ['FETCH 1 BODY[2.1.MIME]', 'OK'], ['FETCH 1 BODY[2.HEADER.FIELDS (Subject)]', 'OK'], ['FETCH 1 BODY[2.HEADER.FIELDS.NOT (X)]', 'OK'],
    ['FETCH 1 BODY[9]', 'OK', /NIL|""/], ['FETCH 1 BODY[1.1.1]', 'OK'], ['FETCH 1 BODY[]<0.10>', 'OK', /BODY\[\]<0> /], ['FETCH 1 BODY[]<5.1>', 'OK', /BODY\[\]<5> /], ['FETCH 1 BODY[]<99999.10>', 'OK', /BODY\[\]<99999> (""|\{0\})/], ['FETCH 1 BODY[1]<0.4294967295>', 'OK'], ['FETCH 1 BODY[HEADER.FIELDS (To)]<0.5>', 'OK'],
    ['FETCH 1 BODY[]<0.0>', 'BAD'], ['FETCH 1 BODY[]<0>', 'BAD'], ['FETCH 1 BODY[]<1.>', 'BAD'], ['FETCH 1 BODY[MIME]', 'BAD'], ['FETCH 1 BODY[0]', 'BAD'], ['FETCH 1 BODY[1.]', 'BAD'], ['FETCH 1 BODY[HEADER.FIELDS ()]', 'BAD'], ['FETCH 1 BODY[HEADER.FIELDS]', 'BAD'], ['FETCH 1 BODY[', 'BAD'], ['FETCH 1 NONSENSE', 'BAD'], ['FETCH 1 ()', 'BAD'], ['FETCH 1 (ALL)', 'BAD'], ['FETCH 1 UID FLAGS', 'BAD'], ['FETCH 1', 'BAD'], ['FETCH', 'BAD'], ['FETCH 1 BODYSTRUCTURE[]', 'BAD'], ['FETCH 1 RFC822.PEEK', 'BAD'],
  ]);

  table('STORE, COPY, MOVE', [
    ['STORE 1 FLAGS ()', 'OK', /FLAGS \(/], ['STORE 1 FLAGS \\Seen', 'OK'], ['STORE 1 FLAGS \\Seen \\Flagged key', 'OK'], ['STORE 1 +FLAGS (key)', 'OK'], ['STORE 1 -FLAGS (key $x)', 'OK'], ['STORE 1 +flags.silent ()', 'OK'], ['store 1:* -FLAGS.SILENT (\\deleted)', 'OK'], ['STORE 1 +FLAGS (\\Recent)', 'OK'], ['STORE 1 +FLAGS (NIL)', 'OK'], ['STORE 1 -FLAGS (never-there)', 'OK'], ['STORE 1,1 +FLAGS (a a A)', 'OK'], ["STORE 1 +FLAGS (od'd!#$&+,-./:;<=>?@[^_`|}~)", 'OK'],
    ['STORE 1 +FLAGS (\\Nope)', 'BAD'], ['STORE 1 FLAGS', 'BAD'], ['STORE 1 +FLAG (x)', 'BAD'], ['STORE 1 FLAGS (a(b)', 'BAD'], ['STORE 1 FLAGS ("x")', 'BAD'], ['STORE', 'BAD'], ['STORE 1 FLAGS (a]b)', 'BAD'],
    ['COPY 1 INBOX', 'OK'], ['COPY 1 iNBOX', 'OK'], ['COPY 1:2 "Trash"', 'OK'], ['UID COPY 1:* Trash', 'OK'], ['COPY 1 nowhere', 'TRYCREATE'], ['MOVE 1 nowhere', 'TRYCREATE'], ['COPY 1', 'BAD'], ['COPY Trash', 'BAD'], ['MOVE * Trash', 'OK'], ['UID MOVE * Trash', 'OK'], ['MOVE * INBOX', 'OK'],
    ['EXPUNGE', 'OK'], ['EXPUNGE 1', 'BAD'], ['UID EXPUNGE', 'BAD'], ['UID EXPUNGE 1:*', 'OK'], ['CHECK', 'OK'], ['CHECK x', 'BAD'],
  ]);

  table('SEARCH', [
    ['SEARCH ALL', 'OK', /^SEARCH 1/], ['search all', 'OK'], ['SEARCH 1', 'OK', /^SEARCH 1$/], ['SEARCH *', 'OK'], ['SEARCH 1:*', 'OK'], ['SEARCH 999', 'OK', /^SEARCH$/], ['SEARCH 999:*', 'OK'], ['SEARCH UID 999', 'OK', /^SEARCH$/], ['SEARCH UID 1:*', 'OK'], ['UID SEARCH UID 1', 'OK'], ['UID SEARCH 1,2', 'OK'],
    ...['ANSWERED', 'DELETED', 'DRAFT', 'FLAGGED', 'NEW', 'OLD', 'RECENT', 'SEEN', 'UNANSWERED', 'UNDELETED', 'UNDRAFT', 'UNFLAGGED', 'UNSEEN'].map((key) => [`SEARCH ${key}`, 'OK', /^SEARCH/]),
    ['SEARCH KEYWORD key', 'OK'], ['SEARCH UNKEYWORD $x', 'OK'], ['SEARCH KEYWORD \\Seen', 'BAD'], ['SEARCH SUBJECT one', 'OK', /^SEARCH 1/], ['SEARCH SUBJECT ""', 'OK', /^SEARCH 1/], ['SEARCH FROM ""', 'OK'], ['SEARCH HEADER X-None ""', 'OK', /^SEARCH$/], ['SEARCH HEADER Subject ""', 'OK', /^SEARCH 1/], ['SEARCH HEADER "Subject" one', 'OK'], [['SEARCH HEADER ', lit('Subject'), ' ', lit('one')], 'OK'], ['SEARCH TEXT a]b', 'OK'],
    ['SEARCH BCC x CC x TO x FROM x', 'OK'], ['SEARCH BODY inside', 'OK', /^SEARCH 1/], ['SEARCH TEXT "no such text"', 'OK', /^SEARCH$/], ['SEARCH LARGER 0', 'OK'], ['SEARCH SMALLER 4294967295', 'OK'], ['SEARCH LARGER 4294967296', 'OK'],
    ['SEARCH ON 1-Jan-2024', 'OK'], ['SEARCH BEFORE "01-Jan-2024"', 'OK'], ['SEARCH SINCE 1-jan-1990', 'OK'], ['SEARCH SENTON 1-Jan-2024', 'OK', /^SEARCH 1/], ['SEARCH SENTBEFORE 2-Jan-2024 SENTSINCE 31-Dec-2023', 'OK', /^SEARCH 1/], ['SEARCH ON " 1-Jan-2024"', 'OK'], ['SEARCH ON 31-Feb-2024', 'BAD'], ['SEARCH ON 2024-01-01', 'BAD'], ['SEARCH ON 1-Jan-24', 'BAD'],
    ['SEARCH NOT SEEN', 'OK'], ['SEARCH NOT NOT ALL', 'OK', /^SEARCH 1/], ['SEARCH OR SEEN UNSEEN', 'OK', /^SEARCH 1/], ['SEARCH OR OR SEEN ANSWERED NOT SEEN', 'OK'], ['SEARCH (ALL)', 'OK'], ['SEARCH ((ALL) (UNDELETED NOT (DRAFT)))', 'OK'], ['SEARCH NOT (1 2)', 'OK'], ['SEARCH NOT 1:*', 'OK', /^SEARCH$/], [`SEARCH ${'NOT '.repeat(40)}ALL`, 'OK'], [`SEARCH ${'('.repeat(20)}ALL${')'.repeat(20)}`, 'OK'],
    ['SEARCH CHARSET UTF-8 ALL', 'OK'], ['SEARCH CHARSET us-ascii TEXT x', 'OK'], ['SEARCH CHARSET "utf-8" ALL', 'OK'], ['SEARCH CHARSET ISO-2022-XX TEXT x', 'BADCHARSET (US-ASCII UTF-8)'], [['SEARCH CHARSET UTF-8 SUBJECT ', lit('\xc3\xbc')], 'OK'], ['SEARCH YOUNGER 3600', 'OK'], ['SEARCH OLDER 1', 'OK'], ['SEARCH YOUNGER 0', 'BAD'],
    ['SEARCH RETURN () ALL', 'OK', /^ESEARCH/], ['SEARCH RETURN (MIN MAX) ALL', 'OK', /^ESEARCH \(TAG "[^"]*"\) MIN 1 MAX \d/], ['SEARCH RETURN (COUNT) 999', 'OK', /COUNT 0$/], ['UID SEARCH RETURN (ALL) CHARSET UTF-8 ALL', 'OK', / UID ALL /], ['SEARCH RETURN (ALL) TEXT nothing-like-it', 'OK', /^ESEARCH \(TAG "[^"]*"\)$/],
    ['SEARCH', 'BAD'], ['SEARCH ()', 'BAD'], ['SEARCH NONSENSE', 'BAD'], ['SEARCH NOT', 'BAD'], ['SEARCH OR SEEN', 'BAD'], ['SEARCH (ALL', 'BAD'], ['SEARCH CHARSET', 'BAD'], ['SEARCH SUBJECT', 'BAD'], ['SEARCH LARGER x', 'BAD'], ['SEARCH UID', 'BAD'], ['SEARCH 0', 'BAD'], ['SEARCH RETURN (NONSENSE) ALL', 'BAD'],
  ]);

  table('SELECT and leaving', [
    ['SELECT inbox', 'READ-WRITE', /^FLAGS /], ['EXAMINE "INBOX"', 'READ-ONLY'], [['SELECT ', lit('InBox')], 'READ-WRITE'], ['UNSELECT', 'OK'], ['UNSELECT', 'BAD'], ['CLOSE', 'BAD'], ['SELECT INBOX', 'OK'], ['CLOSE', 'OK'], ['FETCH 1 UID', 'BAD'], ['SELECT nowhere', 'NONEXISTENT'], ['SELECT', 'BAD'], ['SELECT a b', 'BAD'], ['SELECT ""', 'NO'],
    ['CREATE empty', 'OK'], ['SELECT empty', 'OK', /^0 EXISTS/], ['FETCH 1:* UID', 'BAD'], ['UID FETCH 1:* UID', 'OK'], ['UID FETCH * UID', 'OK'], ['SEARCH ALL', 'OK', /^SEARCH$/], ['SEARCH 1', 'OK', /^SEARCH$/], ['SEARCH *', 'OK', /^SEARCH$/], ['UID SEARCH UID *', 'OK', /^SEARCH$/], ['UID STORE 1:* FLAGS (x)', 'OK'], ['UID COPY 1:* INBOX', 'OK'], ['UID MOVE * INBOX', 'OK'], ['EXPUNGE', 'OK'], ['UID EXPUNGE *', 'OK'], ['CLOSE', 'OK'], ['DELETE empty', 'OK'],
    ['LOGOUT', 'OK', /^BYE/],
  ]);

  test('tags, and what stands between commands', async () => {
    const t = await ImapClient.login(h.port.imap, user, PASSWORD);
    const says = async (line, match) => {
      t.send(`${line}\r\n`);
      const answer = await t.response(/^(\S+) (OK|NO|BAD)/);
      assert.match(answer, match, line);
    };
    for (const tag of ['a', '1', 'A1.b', '.', '!', '#$&\',-./:;<=>?@[]^_`|}~', 'x'.repeat(60), 'OK', 'NIL'])
      await says(`${tag} NOOP`, new RegExp(`^${tag.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')} OK`));
    for (const line of ['+ NOOP', '* NOOP', '( NOOP', 'a%b NOOP', '"q" NOOP', ' a NOOP', '\xe4 NOOP']) await says(line, /^\* BAD/);
    await says('tagonly', /BAD/);
    t.send('i IDLE\r\n');
    await t.response(/^\+/);
    await says('done', /^i OK/);
    t.send('j IDLE\r\n');
    await t.response(/^\+/);
    await says('j NOOP', /^j BAD/);
    await says('k NOOP', /^k OK/);
    t.close();
  });

  test('AUTHENTICATE and LOGIN', async () => {
    const plain = Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64');
    for (const [lines, match] of [
      [[`a AUTHENTICATE PLAIN ${plain}`], /^a OK/],
      [['a authenticate plain', plain], /^a OK/],
      [['a AUTHENTICATE PLAIN', '*'], /^a BAD/],
      [['a AUTHENTICATE PLAIN', '!!!'], /^a (BAD|NO)/],
      [['a AUTHENTICATE PLAIN ='], /^a (BAD|NO)/],
      [['a AUTHENTICATE PLAIN', ''], /^a (BAD|NO)/],
      [['a AUTHENTICATE NOSUCH'], /^a NO/],
      [['a AUTHENTICATE'], /^a BAD/],
      [[`a LOGIN "${user}" ${PASSWORD}`], /^a OK/],
      [[`a LOGIN {${user.length}+}`, `${user} {${PASSWORD.length}+}`, PASSWORD], /^a OK/],
      [[`a LOGIN ${user}`], /^a BAD/],
      [['a SELECT INBOX'], /^a BAD/],
      [['a NAMESPACE'], /^a BAD/],
      [['a ID NIL'], /^a OK/],
      [['a LOGOUT'], /^a OK/],
    ]) {
      const t = await ImapClient.connect(h.port.imap);
      t.send(lines.map((line) => `${line}\r\n`).join(''));
      assert.match(await t.response(/^a /), match, lines.join('|'));
      t.close();
    }
  });
});
