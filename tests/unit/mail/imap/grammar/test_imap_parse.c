/*
 * test_imap_parse.c: putting commands together from lines and literals: cut at every byte, within
 * limits, and with clients that mean harm.
 */
#include "harness.h"

#include "mail/imap/grammar/imap_dump.h"

/* The lines and literals of a small server, so that every limit is reached soon. */
static const struct imap_limits small = {
	.line_max = 40,
	.command_max = 100,
	.literal_max = 20,
	.literal_count = 3,
	.append_max = 30,
	.skip_max = 200,
};

/* Expects the same log for the whole input, for every two pieces and byte by byte. */
static void check_slice(
	struct slice in, const struct imap_limits *limits, bool refuse_append, const char *want)
{
	for (size_t cut = 0; cut <= in.n; cut++) {
		struct dump_run r = dump_run(in, cut, cut ? in.n + 1 : 1, limits, refuse_append);

		ck_assert_str_eq(r.log.p, want);
		ck_assert_uint_le(r.held_max, limits->command_max + 2);
		dump_free(&r);
	}
}

static void check(const char *in, const char *want)
{
	check_slice(slice_str(in), &small, false, want);
}

START_TEST(rfc_3501_session)
{
	check_slice(SLICE("a001 login mrc secret\r\n"
			  "a002 select inbox\r\n"
			  "a003 fetch 12 full\r\n"
			  "a004 fetch 12 body[header]\r\n"
			  "a005 store 12 +flags \\deleted\r\n"
			  "a006 logout\r\n"),
		&imap_limits_after_auth, false,
		"a001 LOGIN \"mrc\" \"secret\"\n"
		"a002 SELECT \"INBOX\"\n"
		"a003 FETCH 12 FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY\n"
		"a004 FETCH 12 seen BODY[HEADER]\n"
		"a005 STORE 12 + (\\Deleted)\n"
		"a006 LOGOUT\n");
}
END_TEST

START_TEST(literals)
{
	check("a LOGIN {5}\r\nsmith {6}\r\nsesame\r\nb NOOP\r\n",
		"continue\ncontinue\na LOGIN \"smith\" \"sesame\"\nb NOOP\n");
	check("a LOGIN {5+}\r\nsmith {006+}\r\nses\r\ne\r\n", "a LOGIN \"smith\" \"ses\r\ne\"\n");
	check("a LOGIN {0+}\r\n {0}\r\n\r\n", "continue\na LOGIN \"\" \"\"\n");
	/* What looks like a literal inside of one is none. */
	check("a LOGIN {5+}\r\n{3}\r\n {2+}\r\n\r\n\r\nb NOOP\r\n",
		"a LOGIN \"{3}\r\n\" \"\r\n\"\nb NOOP\n");
	check_slice(SLICE("a LOGIN {2+}\r\nx\0 y\r\nb NOOP\r\n"), &small, false,
		"a BAD LOGIN: Expected no NUL in a literal\r\nb NOOP\n");
}
END_TEST

START_TEST(idle_and_lines)
{
	check("a IDLE\r\nDONE\r\nb NOOP\r\n", "a IDLE\nline DONE\nb NOOP\n");
	check("a AUTHENTICATE X\r\nQUJD\r\nb NOOP\r\n",
		"a AUTHENTICATE \"X\"\nline QUJD\nb NOOP\n");
	check("a IDLE\r\n\r\n", "a IDLE\nline \n");
	check("a IDLE\r\n{5}\r\nb NOOP\r\n", "a IDLE\nline {5}\nb NOOP\n");
	check("a IDLE\r\nDONE\nX\r\nb NOOP\r\n",
		"a IDLE\n* BAD Expected lines to end in CRLF, not in LF\r\nb NOOP\n");
	check("a IDLE\r\n12345678901234567890123456789012345678901\r\nb NOOP\r\n",
		"a IDLE\n* BAD Command line too long\r\nb NOOP\n");
}
END_TEST

START_TEST(append)
{
	check("a APPEND x {5}\r\na\r\n.b\r\nb NOOP\r\n",
		"begin a APPEND \"x\" () {5}\nmessage 5 a\r\n.b\na APPEND \"x\" () {5}\nb NOOP\n");
	check("a APPEND {1}\r\nx {5+}\r\n{9+}\r \r\nb NOOP\r\n",
		"continue\nbegin a APPEND \"x\" () {5+}\nmessage 5 {9+}\r\na APPEND \"x\" () "
		"{5+}\nb NOOP\n");
	/* More behind the message: it is to be undone. */
	check("a APPEND x {3+}\r\nabc (\\Seen) {3+}\r\ndef\r\nb NOOP\r\n",
		"begin a APPEND \"x\" () {3+}\nmessage 3 abc\n"
		"undo a BAD Expected the end of the command behind the message\r\nb NOOP\n");
	check("a APPEND x {3+}\r\nabcx\r\nb NOOP\r\n",
		"begin a APPEND \"x\" () {3+}\nmessage 3 abc\n"
		"undo a BAD Expected the end of the command behind the message\r\nb NOOP\n");
	check("a APPEND x {3+}\r\nabc {3}\r\nb NOOP\r\n",
		"begin a APPEND \"x\" () {3+}\nmessage 3 abc\n"
		"undo a BAD Expected the end of the command behind the message\r\nb NOOP\n");
	/* Something wrong before it: the message is not asked for, or read over. */
	check("a APPEND x (\\X) {3}\r\nb NOOP\r\n",
		"a BAD APPEND: Expected a system flag such as \\Seen\r\nb NOOP\n");
	check("a APPEND x (\\X) {3+}\r\nabc\r\nb NOOP\r\n",
		"a BAD APPEND: Expected a system flag such as \\Seen\r\nb NOOP\n");
	check("a APPEND x {31}\r\nb NOOP\r\n", "a NO [TOOBIG] The message is too big\r\nb NOOP\n");
	check("a APPEND x {31+}\r\n1234567890123456789012345678901\r\nb NOOP\r\n",
		"a NO [TOOBIG] The message is too big\r\nb NOOP\n");
}
END_TEST

START_TEST(append_refused)
{
	check_slice(SLICE("a APPEND x {3}\r\nb NOOP\r\n"), &small, true,
		"begin a APPEND \"x\" () {3}\nb NOOP\n");
	check_slice(SLICE("a APPEND x {3+}\r\nabc\r\nb NOOP\r\n"), &small, true,
		"begin a APPEND \"x\" () {3+}\nb NOOP\n");
	check_slice(SLICE("a APPEND x {3+}\r\nabc {2+}\r\nde {4}\r\nb NOOP\r\n"), &small, true,
		"begin a APPEND \"x\" () {3+}\nb NOOP\n");
}
END_TEST

START_TEST(waits_for_the_session)
{
	struct imap_parser p;
	struct arena *a = arena_new();
	struct slice in = SLICE("a APPEND x {3+}\r\nabc\r\n");
	struct imap_event ev;

	imap_parser_init(&p, &small);
	ck_assert_int_eq(imap_parser_next(&p, a, &in, &ev), IMAP_EVENT_APPEND);
	ck_assert_int_eq(imap_parser_next(&p, a, &in, &ev), IMAP_EVENT_MORE);
	ck_assert_uint_eq(in.n, 5);
	imap_parser_want_line(&p); /* not now */
	imap_parser_accept(&p);
	ck_assert_int_eq(imap_parser_next(&p, a, &in, &ev), IMAP_EVENT_MESSAGE);
	ck_assert(slice_eq(ev.data, SLICE("abc")));
	ck_assert_int_eq(imap_parser_next(&p, a, &in, &ev), IMAP_EVENT_COMMAND);
	imap_parser_accept(&p); /* nothing to accept */
	imap_parser_refuse(&p);
	ck_assert_int_eq(imap_parser_next(&p, a, &in, &ev), IMAP_EVENT_MORE);
	ck_assert_ptr_null(p.text.p);
	imap_parser_clear(&p);
	arena_free(&a);
}
END_TEST

START_TEST(line_ends)
{
	check("a NOOP\nb NOOP\r\nc NOOP\r\n",
		"a BAD Expected lines to end in CRLF, not in LF\r\nc NOOP\n");
	check("\nb NOOP\r\nc NOOP\r\n",
		"* BAD Expected lines to end in CRLF, not in LF\r\nc NOOP\n");
	check("a NOOP\r b NOOP\r\n", "a BAD NOOP: Expected the end of the command\r\n");
	check("a NOOP\r\r\n", "a BAD NOOP: Expected the end of the command\r\n");
	check("a LOGIN \"x\ry\" z\r\n",
		"a BAD LOGIN: Expected no NUL and no line end in a quoted string\r\n");
	check_slice(SLICE("a NO\0OP\r\nb LOGIN \"\0\" x\r\n"), &small, false,
		"a BAD Expected a known command\r\n"
		"b BAD LOGIN: Expected no NUL and no line end in a quoted string\r\n");
	check("\r\n", "* BAD Expected a tag\r\n");
	check("a NOOP\nb NOOP\nc NOOP\r d NOOP\n\r\ne NOOP\r\n",
		"a BAD Expected lines to end in CRLF, not in LF\r\ne NOOP\n");
	/* The literal of a refused line is read over like the line. */
	check("a NOOP\n {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n",
		"a BAD Expected lines to end in CRLF, not in LF\r\nc NOOP\n");
}
END_TEST

START_TEST(line_limit)
{
	/* 40 bytes are allowed: */
	check("a LOGIN 3456789012345678901234567890 xyz\r\n",
		"a LOGIN \"3456789012345678901234567890\" \"xyz\"\n");
	check("a LOGIN 3456789012345678901234567890 wxyz\r\nb NOOP\r\n",
		"a BAD Command line too long\r\nb NOOP\n");
	/* A tag that is cut off is not known. */
	check("a2345678901234567890123456789012345678901234567890 NOOP\r\nb NOOP\r\n",
		"* BAD Command line too long\r\nb NOOP\n");
	/* Literals behind it belong to it. */
	check("a LOGIN 3456789012345678901234567890 wxyz {8+}\r\nx NOOP\r\n {1}\r\nb NOOP\r\n",
		"a BAD Command line too long\r\nb NOOP\n");
	check("a LOGIN 3456789012345678901234567890 wx{4+}\r\nxyz\n\r\nb NOOP\r\n",
		"a BAD Command line too long\r\nb NOOP\n");
	check("a LOGIN 345678901234567890123456789 {4+}\r\nxyz\n\r\nb NOOP\r\n",
		"a LOGIN \"345678901234567890123456789\" \"xyz\n\"\nb NOOP\n");
}
END_TEST

START_TEST(literal_limits)
{
	/* 20 bytes, 3 in a command, 100 in all. */
	check("a LOGIN {20+}\r\n12345678901234567890 x\r\n",
		"a LOGIN \"12345678901234567890\" \"x\"\n");
	check("a LOGIN {21}\r\nb NOOP\r\n", "a BAD [TOOBIG] Literal too big\r\nb NOOP\n");
	check("a LOGIN {21+}\r\n1\r\n4 NOOP\r\n78901234567 y {2+}\r\n\r\n z\r\nb NOOP\r\n",
		"a BAD [TOOBIG] Literal too big\r\nb NOOP\n");
	check("a SEARCH TO {1+}\r\nx TO {1+}\r\nx TO {1+}\r\nx TO {1+}\r\nx\r\nb NOOP\r\n",
		"a BAD Too many literals in one command\r\nb NOOP\n");
	check("a SEARCH TO {20+}\r\n12345678901234567890 TO {20+}\r\n12345678901234567890 TO "
	      "{20+}\r\n"
	      "12345678901234567890\r\nb NOOP\r\n",
		"a BAD [TOOBIG] Literal too big\r\nb NOOP\n");
	check("a SEARCH TO {19+}\r\n1234567890123456789 TO {19+}\r\n1234567890123456789 HEADER "
	      "abcdefghij "
	      "klmnopqrstuvwx\r\nb NOOP\r\n",
		"a BAD Command line too long\r\nb NOOP\n");
}
END_TEST

/* The most that RFC 2971 section 3.3 allows is taken before log-in, however it is written. */
START_TEST(the_longest_id)
{
	enum { QUOTED, ESCAPED, LITERALS, WAYS };

	for (int way = 0; way < WAYS; way++) {
		struct strbuf in = { 0 };
		struct dump_run r;

		strbuf_adds(&in, "x1 id (");
		for (int i = 0; i < 30; i++) {
			strbuf_adds(&in, i ? " " : "");
			strbuf_printf(&in, way == LITERALS ? "{30+}\r\n%030d" : "\"%030d\"", i);
			strbuf_adds(&in, way == LITERALS ? " {1024+}\r\n" : " \"");
			for (int k = 0; k < 1024; k++)
				strbuf_adds(&in, way == ESCAPED ? "\\\"" : "v");
			strbuf_adds(&in, way == LITERALS ? "" : "\"");
		}
		strbuf_adds(&in, ")\r\nb NOOP\r\n");
		for (size_t step = 1; step <= in.n + 1; step = step * 7 + 3) {
			r = dump_run(strbuf_slice(&in), 0, step, &imap_limits_before_auth, false);
			ck_assert_msg(!strstr(r.log.p, "BAD"), "way %d: %.80s", way, r.log.p);
			ck_assert(strstr(r.log.p, "x1 ID"));
			ck_assert(strstr(r.log.p, "\nb NOOP"));
			dump_free(&r);
		}
		/* Nothing else may be as long. */
		in.p[3] = 'x';
		r = dump_run(strbuf_slice(&in), 0, 1000, &imap_limits_before_auth, false);
		ck_assert(strstr(r.log.p, "x1 BAD"));
		ck_assert_uint_le(r.held_max, imap_limits_before_auth.command_max + 2);
		dump_free(&r);
		strbuf_free(&in);
	}
}
END_TEST

/* Every command has its limits to itself. */
START_TEST(limits_begin_anew)
{
	struct strbuf in = { 0 }, want = { 0 };

	for (int i = 0; i < 5; i++) {
		strbuf_adds(&in, "a SEARCH TO {1+}\r\nx TO {1+}\r\nx TO {1+}\r\nx\r\n");
		strbuf_adds(&want, "a SEARCH and( to \"x\" to \"x\" to \"x\" )\n");
		strbuf_printf(&in, "b LOGIN {150+}\r\n%150d\r\n", 0);
		strbuf_adds(&want, "b BAD [TOOBIG] Literal too big\r\n");
		strbuf_printf(&in, "c %090d\r\n", 0);
		strbuf_adds(&want, "c BAD Command line too long\r\n");
	}
	check(in.p, want.p);
	strbuf_free(&in);
	strbuf_free(&want);
}
END_TEST

START_TEST(too_much_to_skip)
{
	check("a LOGIN {201+}\r\nx",
		"a BAD [TOOBIG] Literal too big\r\nclose Too much behind a refused command\n");
	check("a LOGIN {99999999999999999999+}\r\nx\r\nb NOOP\r\n",
		"a BAD [TOOBIG] Literal too big\r\nclose Too much behind a refused command\n");
	check("a LOGIN {00000000000000000000000000001+}\r\nx\r\nb NOOP\r\n",
		"a BAD [TOOBIG] Literal too big\r\nclose Too much behind a refused command\n");
	check("a LOGIN {99999999999999999999999}\r\nb NOOP\r\n",
		"a BAD [TOOBIG] Literal too big\r\nb NOOP\n");
	/* Many small ones too. */
	check("a LOGIN {100+}\r\n"
	      "123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
	      "5678901234567890"
	      " {100+}\r\n"
	      "123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
	      "5678901234567890",
		"a BAD [TOOBIG] Literal too big\r\nclose Too much behind a refused command\n");
	/* In a line that is read over, a number too long to remember is too large. */
	check("a\n {000000000000000000000000000000000000001+}\r\nx\r\nb NOOP\r\n",
		"* BAD Expected lines to end in CRLF, not in LF\r\nclose Too much behind a refused "
		"command\n");
}
END_TEST

/* CVE-2025-61600: what is sent before logging in, without a line end, is not kept. */
START_TEST(endless_line)
{
	struct strbuf in = { 0 };
	struct dump_run r;

	strbuf_adds(&in, "a LOGIN ");
	for (int i = 0; i < 70000; i++)
		strbuf_addc(&in, 'x');
	r = dump_run(strbuf_slice(&in), 0, 1000, &imap_limits_before_auth, false);
	ck_assert_str_eq(r.log.p, "a BAD Command line too long\r\n");
	ck_assert_uint_le(r.held_max, 16386);
	ck_assert_uint_eq(r.parser.text.cap, 0);
	for (int i = 0; i < 1000; i++)
		dump_feed(&r, strbuf_slice(&in));
	ck_assert_str_eq(r.log.p,
		"a BAD Command line too long\r\nclose Too much behind a refused command\n");
	ck_assert_uint_eq(r.parser.text.cap, 0);
	dump_free(&r);
	strbuf_free(&in);
}
END_TEST

/* CVE-2024-34055: many literals in one command. */
START_TEST(many_literals)
{
	struct strbuf in = { 0 };
	struct dump_run r = dump_run(SLICE("a SEARCH"), 0, 100, &imap_limits_after_auth, false);

	for (int i = 0; i < 60000; i++)
		strbuf_addc(&in, 'x');
	for (int i = 0; i < 2000; i++) {
		dump_feed(&r, SLICE(" TEXT {60000+}\r\n"));
		dump_feed(&r, strbuf_slice(&in));
		ck_assert_uint_le(r.held_max, imap_limits_after_auth.command_max + 2);
		ck_assert_uint_le(arena_size(r.arena), 3 * imap_limits_after_auth.command_max);
	}
	dump_feed(&r, SLICE("\r\nb NOOP\r\n"));
	ck_assert_str_eq(r.log.p, "a BAD [TOOBIG] Literal too big\r\nb NOOP\n");
	dump_free(&r);

	r = dump_run(SLICE("a SEARCH"), 0, 100, &imap_limits_after_auth, false);
	for (int i = 0; i < 100000; i++)
		dump_feed(&r, SLICE(" TEXT {1+}\r\nx"));
	dump_feed(&r, SLICE("\r\nb NOOP\r\n"));
	ck_assert_str_eq(r.log.p, "a BAD Too many literals in one command\r\nb NOOP\n");
	ck_assert_uint_le(r.held_max, 10000);
	dump_free(&r);
	strbuf_free(&in);
}
END_TEST

/* What a command grows to once it is parsed stays in proportion to what it was. */
static size_t parsed_size(const char *head, const char *item, const char *tail)
{
	struct strbuf in = { 0 };
	struct arena *a = arena_new();
	struct imap_parser p;
	struct imap_event ev;
	struct slice rest;
	size_t size;

	strbuf_adds(&in, head);
	while (in.n + strlen(item) + strlen(tail) < 65536)
		strbuf_adds(&in, item);
	strbuf_adds(&in, tail);
	rest = strbuf_slice(&in);
	imap_parser_init(&p, &imap_limits_after_auth);
	ck_assert_int_ne(imap_parser_next(&p, a, &rest, &ev), IMAP_EVENT_MORE);
	size = arena_size(a);
	imap_parser_clear(&p);
	arena_free(&a);
	strbuf_free(&in);
	return size;
}

START_TEST(parsed_size_is_bounded)
{
	ck_assert_uint_le(parsed_size("a FETCH 1 (UID", " UID", ")\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a FETCH 1", ",1", " UID\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a SEARCH", " 1", "\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a SEARCH", " NEW", "\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a STORE 1 FLAGS (x", " x", ")\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a STORE 1 FLAGS x", " x", "\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a ENABLE", " x", "\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a ID (\"x\" NIL", " \"x\" NIL", ")\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a LIST \"\" (x", " x", ")\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a FETCH 1 BODY[1", ".1", "]\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a FETCH 1 BODY[HEADER.FIELDS (x", " x", ")]\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a SELECT ", "x", "\r\n"), 1 << 20);
	ck_assert_uint_le(parsed_size("a SELECT \"", "\\\"", "\"\r\n"), 1 << 20);
}
END_TEST

/* A message of 64 MiB goes through, and nothing of it is held. */
START_TEST(large_append)
{
	struct strbuf in = { 0 };
	struct arena *a = arena_new();
	struct imap_parser p;
	struct imap_event ev;
	struct slice rest = SLICE("a APPEND x {67108864}\r\n");
	uint64_t sum = 0;

	for (int i = 0; i < 65536; i++)
		strbuf_addc(&in, 'x');
	imap_parser_init(&p, &imap_limits_after_auth);
	ck_assert_int_eq(imap_parser_next(&p, a, &rest, &ev), IMAP_EVENT_APPEND);
	ck_assert_uint_eq(ev.command->append.size, 64 << 20);
	imap_parser_accept(&p);
	for (int i = 0; i < 1024; i++) {
		rest = strbuf_slice(&in);
		ck_assert_int_eq(imap_parser_next(&p, a, &rest, &ev), IMAP_EVENT_MESSAGE);
		ck_assert_ptr_eq(ev.data.p, in.p);
		sum += ev.data.n;
	}
	ck_assert_uint_eq(sum, 64 << 20);
	ck_assert_ptr_null(p.text.p);
	ck_assert_uint_le(arena_size(a), 65536);
	rest = SLICE("\r\n");
	ck_assert_int_eq(imap_parser_next(&p, a, &rest, &ev), IMAP_EVENT_COMMAND);
	imap_parser_clear(&p);
	arena_free(&a);
	strbuf_free(&in);
}
END_TEST

START_TEST(other_limits_later)
{
	struct dump_run r = dump_run(SLICE("a SELECT x\r\n"), 0, 100, &small, false);

	imap_parser_set_limits(&r.parser, &imap_limits_after_auth);
	dump_feed(&r, SLICE("b SELECT 12345678901234567890123456789012345678901234567890\r\n"));
	ck_assert_str_eq(r.log.p, "a SELECT \"x\"\nb SELECT "
				  "\"12345678901234567890123456789012345678901234567890\"\n");
	dump_free(&r);
}
END_TEST

TEST_MAIN("imap parse", rfc_3501_session, literals, idle_and_lines, append, append_refused,
	waits_for_the_session, line_ends, line_limit, literal_limits, limits_begin_anew,
	the_longest_id, too_much_to_skip, endless_line, many_literals, parsed_size_is_bounded,
	large_append, other_limits_later)
