/*
 * test_imap_commands.c: the arguments of every command, well-formed and malformed.
 */
#include "harness.h"

#include "mail/imap/grammar/imap_dump.h"

/* Runs lines without their CRLFs, byte by byte and in every two pieces, and expects this log. */
static void check(const char *lines, const char *want)
{
	struct strbuf in = { 0 };

	for (; *lines; lines++)
		strbuf_adds(&in, *lines == '\n' ? "\r\n" : (char[]){ *lines, '\0' });
	strbuf_adds(&in, "\r\n");
	for (size_t cut = 0; cut <= in.n; cut++) {
		struct dump_run r = dump_run(
			strbuf_slice(&in), cut, cut ? in.n : 1, &imap_limits_after_auth, false);

		ck_assert_str_eq(r.log.p, want);
		dump_free(&r);
	}
	strbuf_free(&in);
}

START_TEST(without_arguments)
{
	static const char *const verbs[] = { "CAPABILITY", "NOOP", "LOGOUT", "STARTTLS",
		"NAMESPACE", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "IDLE" };
	struct strbuf in = { 0 }, want = { 0 };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		strbuf_reset(&in);
		strbuf_reset(&want);
		strbuf_printf(&in, "a1 %s x", verbs[i]);
		strbuf_printf(&want, "a1 BAD %s: Expected the end of the command\r\n", verbs[i]);
		check(in.p, want.p);
		strbuf_reset(&want);
		strbuf_printf(&want, "a1 %s\n", verbs[i]);
		in.n -= 2;
		in.p[in.n] = '\0';
		check(in.p, want.p);
		strbuf_addc(&in, ' '); /* a space at the end does no harm */
		check(in.p, want.p);
		in.p[4] |= 0x20;
		check(in.p, want.p);
	}
	strbuf_free(&in);
	strbuf_free(&want);
}
END_TEST

START_TEST(no_command)
{
	check("", "* BAD Expected a tag\r\n");
	check(" NOOP", "* BAD Expected a tag\r\n");
	check("+ NOOP", "* BAD Expected a tag\r\n");
	check("a+b NOOP", "* BAD Expected a space\r\n");
	check("(a) NOOP", "* BAD Expected a tag\r\n");
	check("a1", "a1 BAD Expected more arguments\r\n");
	check("a1 ", "a1 BAD Expected a known command\r\n");
	check("a1  NOOP", "a1 BAD Expected a known command\r\n");
	check("a1 FROBNICATE", "a1 BAD Expected a known command\r\n");
	check("a1 NOOPS", "a1 BAD Expected a known command\r\n");
	check("a1 UID NOOP", "a1 BAD Expected a command that goes with UID\r\n");
	check("a1 UID", "a1 BAD Expected more arguments\r\n");
	check("a] NOOP", "a] NOOP\n");
}
END_TEST

START_TEST(tag_length)
{
	struct strbuf in = { 0 }, want = { 0 };

	strbuf_printf(&in, "%0*d NOOP", IMAP_TAG_MAX, 0);
	strbuf_printf(&want, "%s\n", in.p);
	check(in.p, want.p);
	strbuf_reset(&in);
	strbuf_printf(&in, "%0*d NOOP", IMAP_TAG_MAX + 1, 0);
	check(in.p, "* BAD Expected a tag\r\n");
	strbuf_free(&in);
	strbuf_free(&want);
}
END_TEST

START_TEST(login)
{
	check("a LOGIN smith sesame", "a LOGIN \"smith\" \"sesame\"\n");
	check("a login \"sm \\\"i\\\\th\" \"\"", "a LOGIN \"sm \"i\\th\" \"\"\n");
	check("a LOGIN {5+}\nsmith {6}\nsesame", "continue\na LOGIN \"smith\" \"sesame\"\n");
	check("a LOGIN {3+}\na\n {0+}\n", "a LOGIN \"a\r\n\" \"\"\n");
}
END_TEST

START_TEST(bad_login)
{
	check("a LOGIN", "a BAD LOGIN: Expected more arguments\r\n");
	check("a LOGIN smith", "a BAD LOGIN: Expected more arguments\r\n");
	check("a LOGIN smith ", "a BAD LOGIN: Expected a password\r\n");
	check("a LOGIN smith x y", "a BAD LOGIN: Expected the end of the command\r\n");
	check("a LOGIN sm(ith x", "a BAD LOGIN: Expected a space\r\n");
	check("a LOGIN \"smith x",
		"a BAD LOGIN: Expected the closing quote of a quoted string\r\n");
	check("a LOGIN \"sm\\ith\" x",
		"a BAD LOGIN: Expected \" or \\ behind the \\ in a quoted string\r\n");
	check("a LOGIN \"smith\"x", "a BAD LOGIN: Expected a space\r\n");
	check("a LOGIN {x} y", "a BAD LOGIN: Expected a literal {n} or {n+}\r\n");
	check("a LOGIN {3}x y", "a BAD LOGIN: Expected a line end and the bytes of a literal\r\n");
}
END_TEST

START_TEST(authenticate)
{
	check("a AUTHENTICATE PLAIN\n*", "a AUTHENTICATE \"PLAIN\"\nline *\n");
	check("a AUTHENTICATE PLAIN AGEAYg==", "a AUTHENTICATE \"PLAIN\" [AGEAYg==]\n");
	check("a AUTHENTICATE EXTERNAL =", "a AUTHENTICATE \"EXTERNAL\" []\n");
	check("a AUTHENTICATE EXTERNAL = x",
		"a BAD AUTHENTICATE: Expected the end of the command\r\n");
	check("a AUTHENTICATE PLAIN \"AG\"",
		"a BAD AUTHENTICATE: Expected an initial response in base64\r\n");
}
END_TEST

START_TEST(id_and_enable)
{
	check("a ID NIL", "a ID\n");
	check("a ID ()", "a ID\n");
	check("a ID (\"name\" \"x\" \"version\" NIL)", "a ID \"name\" \"x\" \"version\" NIL\n");
	check("a ID (name \"x\")", "a BAD ID: Expected the name of a field as a string\r\n");
	check("a ID (\"name\")", "a BAD ID: Expected a space\r\n");
	check("a ID x", "a BAD ID: Expected NIL or a list of fields\r\n");
	check("a ENABLE CONDSTORE X-GOOD-IDEA", "a ENABLE \"CONDSTORE\" \"X-GOOD-IDEA\"\n");
	check("a ENABLE", "a BAD ENABLE: Expected more arguments\r\n");
}
END_TEST

START_TEST(mailboxes)
{
	check("a SELECT inbox", "a SELECT \"INBOX\"\n");
	check("a EXAMINE \"a b\"", "a EXAMINE \"a b\"\n");
	check("a DELETE &AOk-t&AOk-", "a DELETE \"été\"\n");
	check("a SUBSCRIBE a&-b", "a SUBSCRIBE \"a&b\"\n");
	check("a UNSUBSCRIBE []", "a UNSUBSCRIBE \"[]\"\n");
	check("a RENAME old new", "a RENAME \"old\" \"new\"\n");
	check("a CREATE new/", "a CREATE \"new/\" \n");
	check("a CREATE s (USE (\\Sent \\drafts))", "a CREATE \"s\" \\Drafts \\Sent\n");
	check("a CREATE s (USE ())", "a CREATE \"s\" \n");
	check("a CREATE s (USE (\\Other))", "a NO [USEATTR] CREATE: Unknown special use\r\n");
	check("a CREATE s (USE (Sent))",
		"a BAD CREATE: Expected a special use such as \\Drafts\r\n");
	check("a CREATE s (X)", "a BAD CREATE: Expected USE\r\n");
	check("a SELECT a&b",
		"a NO [CANNOT] SELECT: A mailbox name is too long or not in modified UTF-7\r\n");
	check("a SELECT a*", "a BAD SELECT: Expected the end of the command\r\n");
	check("a SELECT x (CONDSTORE)", "a BAD SELECT: Expected the end of the command\r\n");
}
END_TEST

START_TEST(list)
{
	check("a LIST \"\" *", "a LIST 0 select 0 returns 0 status 0 \"\" \"*\"\n");
	check("a LIST foo/ %/b*", "a LIST 0 select 0 returns 0 status 0 \"foo/\" \"%/b*\"\n");
	check("a LIST \"\" \"\"", "a LIST 0 select 0 returns 0 status 0 \"\" \"\"\n");
	check("a LIST \"\" \"&AOk-*\"", "a LIST 0 select 0 returns 0 status 0 \"\" \"é*\"\n");
	check("a LSUB \"#news.\" comp.mail.*",
		"a LSUB 0 select 0 returns 0 status 0 \"#news.\" \"comp.mail.*\"\n");
	check("a LIST (SUBSCRIBED) \"\" *", "a LIST 1 select 1 returns 0 status 0 \"\" \"*\"\n");
	check("a LIST () \"\" (INBOX Drafts Sent/%)",
		"a LIST 1 select 0 returns 0 status 0 \"\" \"INBOX\" \"Drafts\" \"Sent/%\"\n");
	check("a LIST (SUBSCRIBED RECURSIVEMATCH REMOTE SPECIAL-USE) \"\" % RETURN (CHILDREN "
	      "SUBSCRIBED)",
		"a LIST 1 select 15 returns 17 status 0 \"\" \"%\"\n");
	check("a LIST \"\" * RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN SIZE))",
		"a LIST 1 select 0 returns 34 status 49 \"\" \"*\"\n");
	check("a LIST \"\" * RETURN ()", "a LIST 1 select 0 returns 0 status 0 \"\" \"*\"\n");
}
END_TEST

START_TEST(bad_list)
{
	check("a LIST \"\"", "a BAD LIST: Expected more arguments\r\n");
	check("a LIST (RECURSIVEMATCH) \"\" *",
		"a BAD LIST: Expected another selection option beside RECURSIVEMATCH\r\n");
	check("a LIST (RECURSIVEMATCH REMOTE) \"\" *",
		"a BAD LIST: Expected another selection option beside RECURSIVEMATCH\r\n");
	check("a LIST (X) \"\" *",
		"a BAD LIST: Expected a selection option such as SUBSCRIBED\r\n");
	check("a LIST \"\" ()", "a BAD LIST: Expected a mailbox name or pattern\r\n");
	check("a LIST \"\" * RETURN", "a BAD LIST: Expected more arguments\r\n");
	check("a LIST \"\" * RETURN (X)",
		"a BAD LIST: Expected a return option such as CHILDREN\r\n");
	check("a LIST \"\" * RETURN (STATUS)", "a BAD LIST: Expected a space\r\n");
	check("a LIST \"\" * RETURN (STATUS (X))",
		"a BAD LIST: Expected a status item such as MESSAGES\r\n");
	check("a LIST \"\" * x", "a BAD LIST: Expected RETURN or the end of the command\r\n");
}
END_TEST

START_TEST(status)
{
	check("a STATUS blurdybloop (UIDNEXT MESSAGES)", "a STATUS \"blurdybloop\" items 5\n");
	check("a STATUS inbox (recent uidvalidity unseen size)", "a STATUS \"INBOX\" items 58\n");
	check("a STATUS x ()", "a BAD STATUS: Expected a status item such as MESSAGES\r\n");
	check("a STATUS x MESSAGES", "a BAD STATUS: Expected a list of status items\r\n");
}
END_TEST

START_TEST(fetch)
{
	check("a FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])",
		"a FETCH 2:4 seen FLAGS BODY[HEADER.FIELDS (DATE FROM)]\n");
	check("a UID FETCH 1:* FLAGS", "a UID FETCH 1:* FLAGS\n");
	check("a FETCH 1 ALL", "a FETCH 1 FLAGS INTERNALDATE RFC822.SIZE ENVELOPE\n");
	check("a FETCH 1 fast", "a FETCH 1 FLAGS INTERNALDATE RFC822.SIZE\n");
	check("a FETCH 1 FULL", "a FETCH 1 FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY\n");
	check("a FETCH 1 (UID BODY BODYSTRUCTURE RFC822 RFC822.HEADER RFC822.TEXT)",
		"a FETCH 1 seen UID BODY BODYSTRUCTURE RFC822 RFC822.HEADER RFC822.TEXT\n");
	check("a FETCH 1 RFC822.HEADER", "a FETCH 1 RFC822.HEADER\n");
	check("a FETCH 1 BODY[]", "a FETCH 1 seen BODY[]\n");
	check("a FETCH 1 body.peek[]<0.100>", "a FETCH 1 BODY[]<0>+100 peek\n");
	check("a FETCH 1 BODY.PEEK[1.2.3]", "a FETCH 1 BODY[1.2.3] peek\n");
	check("a FETCH 1 BODY[4.2.HEADER]<100.4294967295>",
		"a FETCH 1 seen BODY[4.2.HEADER]<100>+4294967295\n");
	check("a FETCH 1 BODY[1.MIME]", "a FETCH 1 seen BODY[1.MIME]\n");
	check("a FETCH 1 (BODY[TEXT] BODY.PEEK[3.TEXT])",
		"a FETCH 1 seen BODY[TEXT] BODY[3.TEXT] peek\n");
	check("a FETCH 1 BODY.PEEK[1.HEADER.FIELDS.NOT (\"X Y\" {2+}\nTo)]",
		"a FETCH 1 BODY[1.HEADER.FIELDS.NOT (\"X Y\" To)] peek\n");
}
END_TEST

START_TEST(bad_fetch)
{
	check("a FETCH", "a BAD FETCH: Expected more arguments\r\n");
	check("a FETCH x FLAGS", "a BAD FETCH: Expected a sequence set\r\n");
	check("a FETCH 0 FLAGS", "a BAD FETCH: Expected a sequence set\r\n");
	check("a FETCH 1", "a BAD FETCH: Expected more arguments\r\n");
	check("a FETCH 1 ()",
		"a BAD FETCH: Expected a FETCH item such as FLAGS or BODY.PEEK[HEADER]\r\n");
	check("a FETCH 1 (ALL)",
		"a BAD FETCH: Expected a FETCH item such as FLAGS or BODY.PEEK[HEADER]\r\n");
	check("a FETCH 1 FLAGS UID", "a BAD FETCH: Expected the end of the command\r\n");
	check("a FETCH 1 (FLAGS", "a BAD FETCH: Expected a space or the closing parenthesis\r\n");
	check("a FETCH 1 BODY[MIME]",
		"a BAD FETCH: Expected a section such as HEADER, TEXT or 1.2.MIME\r\n");
	check("a FETCH 1 BODY[1.]",
		"a BAD FETCH: Expected a section such as HEADER, TEXT or 1.2.MIME\r\n");
	check("a FETCH 1 BODY[0]", "a BAD FETCH: Expected a part number from 1 on\r\n");
	check("a FETCH 1 BODY[4294967296]", "a BAD FETCH: Expected a part number\r\n");
	check("a FETCH 1 BODY[1 ]", "a BAD FETCH: Expected ] at the end of a section\r\n");
	check("a FETCH 1 BODY[HEADER.FIELDS]", "a BAD FETCH: Expected a space\r\n");
	check("a FETCH 1 BODY[HEADER.FIELDS ()]", "a BAD FETCH: Expected a header field name\r\n");
	check("a FETCH 1 BODY[]<0>", "a BAD FETCH: Expected <first.count>\r\n");
	check("a FETCH 1 BODY[]<0.0>", "a BAD FETCH: Expected a number of octets from 1 on\r\n");
	check("a FETCH 1 BODY[]<0.1", "a BAD FETCH: Expected > behind the number of octets\r\n");
	check("a FETCH 1 BODY[]<-1.1>", "a BAD FETCH: Expected the first octet of a part\r\n");
	check("a FETCH 1 RFC822.PEEK",
		"a BAD FETCH: Expected a FETCH item such as FLAGS or BODY.PEEK[HEADER]\r\n");
}
END_TEST

START_TEST(search)
{
	check("a SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
		"a SEARCH and( flag 4 since day 8797 !from \"Smith\" )\n");
	check("a SEARCH ALL", "a SEARCH and( all )\n");
	check("a UID SEARCH 1:3,* UID 7:*", "a UID SEARCH and( seq 1:3,* uid 7:* )\n");
	check("a SEARCH ANSWERED DELETED DRAFT SEEN RECENT",
		"a SEARCH and( flag 2 flag 8 flag 16 flag 1 flag 32 )\n");
	check("a SEARCH UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNSEEN OLD",
		"a SEARCH and( !flag 2 !flag 8 !flag 16 !flag 4 !flag 1 !flag 32 )\n");
	check("a SEARCH NEW NOT NEW",
		"a SEARCH and( and( flag 32 !flag 1 ) !and( flag 32 !flag 1 ) )\n");
	check("a SEARCH KEYWORD $Junk UNKEYWORD x",
		"a SEARCH and( keyword \"$Junk\" !keyword \"x\" )\n");
	check("a SEARCH BCC a CC b TO c SUBJECT \"d e\" BODY f TEXT g",
		"a SEARCH and( bcc \"a\" cc \"b\" to \"c\" subject \"d e\" body \"f\" text \"g\" "
		")\n");
	check("a SEARCH HEADER Message-ID \"\"", "a SEARCH and( header \"Message-ID\" \"\" )\n");
	check("a SEARCH BEFORE 1-Jan-1970 ON \"2-Jan-1970\" SENTBEFORE 3-Jan-1970 SENTON "
	      "04-Jan-1970 "
	      "SENTSINCE 5-Jan-1970",
		"a SEARCH and( before day 0 on day 1 sentbefore day 2 senton day 3 sentsince day 4 "
		")\n");
	check("a SEARCH LARGER 5000000000 SMALLER 0 OLDER 60 YOUNGER 259200",
		"a SEARCH and( larger 5000000000 smaller 0 older 60 younger 259200 )\n");
	check("a SEARCH OR SEEN (FLAGGED OR 1 NOT 2)",
		"a SEARCH and( or( flag 1 and( flag 4 or( seq 1 !seq 2 ) ) ) )\n");
	check("a SEARCH NOT NOT SEEN NOT UNSEEN", "a SEARCH and( flag 1 flag 1 )\n");
	check("a SEARCH NOT (SEEN)", "a SEARCH and( !and( flag 1 ) )\n");
}
END_TEST

START_TEST(search_charset)
{
	check("a SEARCH CHARSET UTF-8 TEXT {6+}\nпри", "a SEARCH and( text \"при\" )\n");
	check("a SEARCH CHARSET \"us-ascii\" ALL", "a SEARCH and( all )\n");
	check("a SEARCH TEXT \"ü\"", "a SEARCH and( text \"ü\" )\n");
	check("a SEARCH TEXT \"\xfc\"",
		"a BAD SEARCH: Expected valid UTF-8 in the text to search for\r\n");
	check("a SEARCH CHARSET KOI8-R TEXT x",
		"a NO [BADCHARSET (US-ASCII UTF-8)] SEARCH: Unknown charset\r\n");
	check("a SEARCH CHARSET UTF-8", "a BAD SEARCH: Expected more arguments\r\n");
}
END_TEST

START_TEST(search_return)
{
	check("a SEARCH RETURN (MIN COUNT) FLAGGED", "a SEARCH return 9 and( flag 4 )\n");
	check("a SEARCH RETURN () ALL", "a SEARCH return 4 and( all )\n");
	check("a UID SEARCH RETURN (ALL MAX) CHARSET UTF-8 1",
		"a UID SEARCH return 6 and( seq 1 )\n");
	check("a SEARCH RETURN (X) ALL",
		"a BAD SEARCH: Expected a return option: MIN, MAX, ALL or COUNT\r\n");
	check("a SEARCH RETURN ALL", "a BAD SEARCH: Expected return options\r\n");
	check("a SEARCH RETURN ()", "a BAD SEARCH: Expected more arguments\r\n");
}
END_TEST

START_TEST(bad_search)
{
	check("a SEARCH", "a BAD SEARCH: Expected more arguments\r\n");
	check("a SEARCH ", "a BAD SEARCH: Expected a search key\r\n");
	check("a SEARCH X", "a BAD SEARCH: Expected a search key\r\n");
	check("a SEARCH NOT", "a BAD SEARCH: Expected more arguments\r\n");
	check("a SEARCH OR SEEN", "a BAD SEARCH: Expected more arguments\r\n");
	check("a SEARCH ()", "a BAD SEARCH: Expected a search key\r\n");
	check("a SEARCH (SEEN", "a BAD SEARCH: Expected a space or the closing parenthesis\r\n");
	check("a SEARCH SEEN)", "a BAD SEARCH: Expected the end of the command\r\n");
	check("a SEARCH SINCE 1994", "a BAD SEARCH: Expected a date such as 1-Feb-1994\r\n");
	check("a SEARCH SINCE 30-Feb-1994", "a BAD SEARCH: Expected a date such as 1-Feb-1994\r\n");
	check("a SEARCH LARGER x", "a BAD SEARCH: Expected a number of octets\r\n");
	check("a SEARCH OLDER 0", "a BAD SEARCH: Expected a number of seconds from 1 on\r\n");
	check("a SEARCH HEADER x", "a BAD SEARCH: Expected more arguments\r\n");
	check("a SEARCH KEYWORD \\Seen", "a BAD SEARCH: Expected a keyword\r\n");
}
END_TEST

/* n times `open`, `middle`, n times `close`. */
static void check_nested(
	size_t n, const char *open, const char *middle, const char *close, bool good)
{
	struct strbuf in = { 0 };
	struct dump_run r;

	strbuf_adds(&in, "a SEARCH ");
	for (size_t i = 0; i < n; i++)
		strbuf_adds(&in, open);
	strbuf_adds(&in, middle);
	for (size_t i = 0; i < n; i++)
		strbuf_adds(&in, close);
	strbuf_adds(&in, "\r\n");
	r = dump_run(strbuf_slice(&in), 0, in.n, &imap_limits_after_auth, false);
	ck_assert_msg(
		slice_starts(strbuf_slice(&r.log), SLICE("a BAD SEARCH: Expected fewer")) == !good,
		"%s", r.log.p);
	dump_free(&r);
	strbuf_free(&in);
}

START_TEST(search_bounds)
{
	check_nested(IMAP_SEARCH_DEPTH_MAX - 1, "(", "SEEN", ")", true);
	check_nested(IMAP_SEARCH_DEPTH_MAX, "(", "SEEN", ")", false);
	check_nested(30000, "(", "SEEN", ")", false);
	check_nested(IMAP_SEARCH_DEPTH_MAX - 1, "OR ", "SEEN", " SEEN", true);
	check_nested(IMAP_SEARCH_DEPTH_MAX, "OR ", "SEEN", " SEEN", false);
	check_nested(7000, "OR ", "SEEN", " SEEN", false);
	check_nested(10000, "NOT ", "SEEN", "", true);
	check_nested(IMAP_SEARCH_KEY_MAX - 2, "SEEN ", "SEEN", "", true);
	check_nested(IMAP_SEARCH_KEY_MAX - 1, "SEEN ", "SEEN", "", false);
}
END_TEST

START_TEST(store)
{
	check("a STORE 2:4 +FLAGS (\\Deleted)", "a STORE 2:4 + (\\Deleted)\n");
	check("a UID STORE * -FLAGS.SILENT (\\Seen \\Draft $Junk)",
		"a UID STORE * -silent (\\Seen \\Draft $Junk)\n");
	check("a STORE 1 FLAGS ()", "a STORE 1 = ()\n");
	check("a STORE 1 flags \\answered \\FLAGGED x", "a STORE 1 = (\\Answered \\Flagged x)\n");
	check("a STORE 1 FLAGS (\\Recent \\Seen)", "a STORE 1 = (\\Seen)\n");
	check("a STORE 1 FLAGS (\\Foo)", "a BAD STORE: Expected a system flag such as \\Seen\r\n");
	check("a STORE 1 FLAGS", "a BAD STORE: Expected more arguments\r\n");
	check("a STORE 1 FLAG x",
		"a BAD STORE: Expected FLAGS, +FLAGS or -FLAGS, with or without .SILENT\r\n");
	check("a STORE 1 +-FLAGS x",
		"a BAD STORE: Expected FLAGS, +FLAGS or -FLAGS, with or without .SILENT\r\n");
	check("a STORE 1 FLAGS (\"x\")", "a BAD STORE: Expected a flag\r\n");
}
END_TEST

START_TEST(copy_move_expunge)
{
	check("a COPY 2:4 MEETING", "a COPY 2:4 \"MEETING\"\n");
	check("a UID COPY 1,2 inbox", "a UID COPY 1,2 \"INBOX\"\n");
	check("a MOVE 1 x", "a MOVE 1 \"x\"\n");
	check("a UID MOVE 42:69 foo", "a UID MOVE 42:69 \"foo\"\n");
	check("a UID EXPUNGE 3000:3002", "a UID EXPUNGE 3000:3002\n");
	check("a UID EXPUNGE", "a BAD UID EXPUNGE: Expected more arguments\r\n");
	check("a EXPUNGE 1", "a BAD EXPUNGE: Expected the end of the command\r\n");
	check("a COPY 1", "a BAD COPY: Expected more arguments\r\n");
}
END_TEST

START_TEST(append)
{
	check("A003 APPEND saved-messages (\\Seen) {3+}\nabc",
		"begin A003 APPEND \"saved-messages\" (\\Seen) {3+}\nmessage 3 abc\n"
		"A003 APPEND \"saved-messages\" (\\Seen) {3+}\n");
	check("a APPEND x {0+}\n", "begin a APPEND \"x\" () {0+}\na APPEND \"x\" () {0+}\n");
	check("a APPEND x \"17-Jul-1996 02:44:25 -0700\" {1+}\nx",
		"begin a APPEND \"x\" () date 837596665-420 {1+}\nmessage 1 x\n"
		"a APPEND \"x\" () date 837596665-420 {1+}\n");
	check("a APPEND {5+}\nINBOX (kw) \" 1-Jan-1970 00:00:00 +0000\" {1+}\nx",
		"begin a APPEND \"INBOX\" (kw) date 0+0 {1+}\nmessage 1 x\n"
		"a APPEND \"INBOX\" (kw) date 0+0 {1+}\n");
	check("a APPEND x", "a BAD APPEND: Expected more arguments\r\n");
	check("a APPEND x \"y\"", "a BAD APPEND: Expected a date and time such as "
				  "\"17-Jul-1996 02:44:25 -0700\"\r\n");
	check("a APPEND x (\\Seen) y",
		"a BAD APPEND: Expected flags, a date or the message as a literal\r\n");
	check("a APPEND x {y}",
		"a BAD APPEND: Expected the message as a literal at the end of the line\r\n");
	check("a APPEND x ~{1+}\ny",
		"a BAD APPEND: Expected flags, a date or the message as a literal\r\n");
	check("a APPEND x {1}y {1+}\nz",
		"a BAD APPEND: Expected flags, a date or the message as a literal\r\n");
}
END_TEST

TEST_MAIN("imap commands", without_arguments, no_command, tag_length, login, bad_login,
	authenticate, id_and_enable, mailboxes, list, bad_list, status, fetch, bad_fetch, search,
	search_charset, search_return, bad_search, search_bounds, store, copy_move_expunge, append)
