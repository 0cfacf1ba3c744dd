/*
 * The frame parser: every case whole, cut in two at every byte, and byte by byte (RFC 6455 sections
 * 5 and 7).
 */
#include "harness.h"

#include "ws_test.h"

#define MESSAGE_MAX 1000

/* What the parser told, as one line: "T[hello] ping[x] close 1000[bye]" or "… !1002". */
struct trace {
	struct strbuf text;
	enum ws_parsed last;
};

static struct strbuf in;
static bool deflate;

static void trace_event(struct trace *t, const struct ws_parser *p)
{
	if (t->last == WS_PARSED_MESSAGE)
		strbuf_printf(&t->text, "%s%s", p->text ? "T" : "B", p->compressed ? "z" : "");
	else if (t->last == WS_PARSED_PING)
		strbuf_adds(&t->text, "ping");
	else if (t->last == WS_PARSED_PONG)
		strbuf_adds(&t->text, "pong");
	else if (t->last == WS_PARSED_CLOSE)
		strbuf_printf(&t->text, "close %d", p->code);
	if (t->last == WS_PARSED_ERROR) {
		strbuf_printf(&t->text, "!%d", p->code);
		ck_assert_uint_gt(strlen(p->why), 0);
	} else {
		strbuf_printf(&t->text, "[%.*s] ", SLICE_ARG(ws_payload(p)));
	}
}

/* Gives one piece of input, in memory of its own so that reading past it is found. */
static void trace_feed(struct trace *t, struct ws_parser *p, struct slice piece)
{
	char *copy = mem_strdup(piece);
	struct slice rest = slice_of(copy, piece.n);

	while (t->last != WS_PARSED_CLOSE && t->last != WS_PARSED_ERROR) {
		size_t used;

		t->last = ws_parse(p, rest, &used);
		ck_assert_uint_le(used, rest.n);
		rest = slice_skip(rest, used);
		if (t->last == WS_PARSED_MORE)
			break;
		trace_event(t, p);
	}
	ck_assert(t->last != WS_PARSED_MORE || rest.n == 0);
	free(copy);
}

static struct trace trace_split(size_t at, size_t step)
{
	struct ws_parser p = { .message_max = MESSAGE_MAX, .deflate = deflate };
	struct trace t = { .last = WS_PARSED_MORE };
	struct slice all = strbuf_slice(&in);

	trace_feed(&t, &p, slice_head(all, at));
	for (struct slice rest = slice_skip(all, at); rest.n; rest = slice_skip(rest, step))
		trace_feed(&t, &p, slice_head(rest, step));
	strbuf_adds(&t.text, "");
	ws_parser_clear(&p);
	return t;
}

/* Checks and empties `in`. */
static void check(const char *expected)
{
	for (size_t at = 0; at <= in.n; at++) {
		struct trace t = trace_split(at, at == 0 ? 1 : in.n);

		ck_assert_msg(strcmp(t.text.p, expected) == 0, "cut at %zu: \"%s\", not \"%s\"", at,
			t.text.p, expected);
		strbuf_free(&t.text);
	}
	strbuf_free(&in);
}

static void put(int first, const char *payload)
{
	put_frame(&in, first, slice_str(payload));
}

static void put_raw(const char *bytes, size_t n)
{
	strbuf_add(&in, slice_of(bytes, n));
}

/* The examples of section 5.7 that a client sends. */
START_TEST(reads_messages)
{
	put_raw("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
	check("T[Hello] ");
	put_raw("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
	check("pong[Hello] ");
	put(FIN | WS_TEXT, "one");
	put(FIN | WS_BINARY, "two\xFF");
	put(FIN | WS_TEXT, "");
	put(FIN | WS_BINARY, "");
	check("T[one] B[two\xFF] T[] B[] ");
}
END_TEST

START_TEST(joins_fragments)
{
	put(WS_TEXT, "a");
	put(WS_CONTINUATION, "");
	put(WS_CONTINUATION, "b");
	put(FIN | WS_CONTINUATION, "c");
	put(FIN | WS_BINARY, "d");
	check("T[abc] B[d] ");
	put(WS_BINARY, "");
	put(FIN | WS_CONTINUATION, "");
	check("B[] ");
	put(WS_BINARY, "never complete");
	check("");
}
END_TEST

/* Control frames may come between the frames of a message, not within one. */
START_TEST(takes_control_frames_in_between)
{
	put(WS_TEXT, "a");
	put(FIN | WS_PING, "now");
	put(FIN | WS_PONG, "");
	put(WS_CONTINUATION, "b");
	put(FIN | WS_PING, "");
	put(FIN | WS_CONTINUATION, "c");
	put(WS_TEXT, "d");
	put_close(&in, 1001, "leaving");
	put(FIN | WS_CONTINUATION, "e");
	check("ping[now] pong[] ping[] T[abc] close 1001[leaving] ");
}
END_TEST

START_TEST(reads_every_length)
{
	static const size_t sizes[] = { 1, 7, 8, 9, 125, 126, 127, 255, 256, 999, 1000 };
	char bytes[MESSAGE_MAX];
	struct strbuf expected = { 0 };

	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put_frame(&in, FIN | WS_TEXT, slice_of(bytes, sizes[i]));
		strbuf_printf(&expected, "T[%.*s] ", (int)sizes[i], bytes);
		check(expected.p);
		strbuf_free(&expected);
	}
}
END_TEST

/* 64 KiB and more need the long form; the parser agrees with itself about the mask at odd cuts. */
START_TEST(reads_long_messages)
{
	size_t n = 70001, used, at = 0;
	char *bytes = mem_alloc(n);
	struct ws_parser p = { .message_max = 1 << 20 };
	enum ws_parsed event = WS_PARSED_MORE;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	put_frame(&in, FIN | WS_BINARY, slice_of(bytes, n));
	for (size_t step = 1; at < in.n; step = step * 3 % 4099) {
		event = ws_parse(&p, slice_head(slice_skip(strbuf_slice(&in), at), step), &used);
		at += used;
	}
	ck_assert_int_eq(event, WS_PARSED_MESSAGE);
	ck_assert(slice_eq(ws_payload(&p), slice_of(bytes, n)));
	/* What it held is given back at the next call, also without new input. */
	ck_assert_int_eq(ws_parse(&p, (struct slice){ 0 }, &used), WS_PARSED_MORE);
	ck_assert_uint_eq(p.message.cap, 0);
	ws_parser_clear(&p);
	strbuf_free(&in);
	free(bytes);
}
END_TEST

START_TEST(refuses_what_is_reserved)
{
	for (int opcode = 0; opcode < 16; opcode++) {
		bool known = opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);

		for (int bits = known ? 0x10 : 0; bits < 0x80; bits += 0x10) {
			put(FIN | bits | opcode, "");
			check("!1002");
		}
	}
}
END_TEST

START_TEST(refuses_what_is_not_masked)
{
	put_raw("\x81\x05Hello", 7);
	check("!1002");
	put_raw("\x89\x00", 2);
	check("!1002");
}
END_TEST

START_TEST(refuses_bad_control_frames)
{
	char bytes[126];

	memset(bytes, 'x', sizeof(bytes));
	for (int opcode = WS_CLOSE; opcode <= WS_PONG; opcode++) {
		put(opcode, "x");
		check("!1002");
		put_frame(&in, FIN | opcode, slice_of(bytes, 126));
		check("!1002");
	}
	put_frame(&in, FIN | WS_PING, slice_of(bytes, 125));
	put(FIN | WS_TEXT, "on");
	put_raw("\x88\x80\x00\x00", 4);
	bytes[125] = '\0';
	{
		struct strbuf expected = { 0 };

		strbuf_printf(&expected, "ping[%s] T[on] ", bytes);
		check(expected.p);
		strbuf_free(&expected);
	}
}
END_TEST

START_TEST(refuses_fragments_out_of_order)
{
	put(FIN | WS_CONTINUATION, "x");
	check("!1002");
	put(WS_CONTINUATION, "x");
	check("!1002");
	put(WS_TEXT, "a");
	put(FIN | WS_TEXT, "b");
	check("!1002");
	put(WS_TEXT, "a");
	put(WS_BINARY, "b");
	check("!1002");
	put(WS_TEXT, "a");
	put(FIN | WS_CONTINUATION, "b");
	put(FIN | WS_CONTINUATION, "c");
	check("T[ab] !1002");
}
END_TEST

START_TEST(refuses_lengths_written_too_long)
{
	static const struct {
		uint64_t n;
		size_t bytes;
		const char *expected;
	} rows[] = {
		{ 0, 2, "!1002" },
		{ 125, 2, "!1002" },
		{ 126, 2, "" },
		{ 5, 8, "!1002" },
		{ 0xFFFF, 8, "!1002" },
		{ 0x10000, 8, "!1009" },
		{ 1ull << 63, 8, "!1002" },
		{ UINT64_MAX, 8, "!1002" },
		{ (1ull << 63) - 1, 8, "!1009" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_head(&in, FIN | WS_TEXT, rows[i].n, rows[i].bytes, "\0\0\0\0");
		check(rows[i].expected);
	}
	put_head(&in, FIN | WS_PING, 1, 2, "\0\0\0\0");
	check("!1002");
}
END_TEST

/* The bound holds for the sum of the fragments, and is found out before the payload comes. */
START_TEST(bounds_messages)
{
	char bytes[MESSAGE_MAX];

	memset(bytes, 'x', sizeof(bytes));
	put_head(&in, FIN | WS_BINARY, MESSAGE_MAX + 1, 2, "\0\0\0\0");
	check("!1009");
	put_frame(&in, WS_BINARY, slice_of(bytes, MESSAGE_MAX - 1));
	put(WS_CONTINUATION, "y");
	put_head(&in, FIN | WS_CONTINUATION, 1, 0, "\0\0\0\0");
	check("!1009");
	/* A message begun anew begins at zero. */
	for (int i = 0; i < 3; i++)
		put_frame(&in, FIN | WS_PONG, slice_of(bytes, 125));
	put_frame(&in, FIN | WS_BINARY, slice_of(bytes, MESSAGE_MAX));
	put_frame(&in, FIN | WS_BINARY, slice_of(bytes, MESSAGE_MAX));
	put_head(&in, FIN | WS_BINARY, MESSAGE_MAX, 2, "\0\0\0\0");
	{
		struct trace t = trace_split(in.n, 1);

		ck_assert_uint_eq(t.text.n, 3 * 132 + 2 * (size_t)(MESSAGE_MAX + 4));
		strbuf_free(&t.text);
	}
	strbuf_free(&in);
}
END_TEST

START_TEST(checks_utf8)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF", true },
		{ "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF", true },
		{ "eight bytes of ASCII and \xCE\xBA\xE1\xBD\xB9 and more than eight bytes", true },
		{ "\x80", false },
		{ "\xC0\x80", false },
		{ "\xC1\xBF", false },
		{ "\xC2", false },
		{ "\xC2x", false },
		{ "\xE0\x9F\xBF", false },
		{ "\xE2\x82", false },
		{ "\xED\xA0\x80", false },
		{ "\xED\xBF\xBF", false },
		{ "\xF0\x8F\xBF\xBF", false },
		{ "\xF0\x9F\x98", false },
		{ "\xF4\x90\x80\x80", false },
		{ "\xF5\x80\x80\x80", false },
		{ "\xFF", false },
		{ "\xC2\x80\x80", false },
		{ "12345678\xFE 12345678", false },
	};
	struct strbuf expected = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice text = slice_str(rows[i].text);

		if (rows[i].valid)
			strbuf_printf(&expected, "T[%.*s] ", SLICE_ARG(text));
		else
			strbuf_adds(&expected, "!1007");
		put_frame(&in, FIN | WS_TEXT, text);
		check(expected.p);
		/* Fragments may cut a character. */
		for (size_t at = 0; at <= text.n; at++) {
			put_frame(&in, WS_TEXT, slice_head(text, at));
			put(FIN | WS_PING, "");
			put_frame(&in, FIN | WS_CONTINUATION, slice_skip(text, at));
			{
				struct trace t = trace_split(in.n, 1);

				ck_assert_msg(strstr(t.text.p, expected.p) != NULL, "%s", t.text.p);
				strbuf_free(&t.text);
			}
			strbuf_free(&in);
		}
		strbuf_free(&expected);
	}
}
END_TEST

/* A wrong byte is answered when it comes, before the end of its frame. */
START_TEST(fails_fast)
{
	put_head(&in, WS_TEXT, 100, 0, "\0\0\0\0");
	put_raw("good\xC0", 5);
	check("!1007");
}
END_TEST

START_TEST(reads_close)
{
	static const int valid[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
		1013, 1014, 3000, 3999, 4000, 4999 };
	static const int invalid[] = { 0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
		5000, 65535 };
	struct strbuf expected = { 0 };

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		strbuf_printf(&expected, "close %d[why] ", valid[i]);
		put_close(&in, valid[i], "why");
		check(expected.p);
		strbuf_free(&expected);
	}
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		put_close(&in, invalid[i], "why");
		check("!1002");
	}
	put(FIN | WS_CLOSE, "");
	check("close 1005[] ");
	put_frame(&in, FIN | WS_CLOSE, slice_of("\x03", 1));
	check("!1002");
	put_close(&in, 1000, "\xC3");
	check("!1007");
	put_close(&in, 1000, "");
	check("close 1000[] ");
}
END_TEST

/* After Close or an error nothing more is read, and the same is said again. */
START_TEST(stays_at_the_end)
{
	struct ws_parser p = { .message_max = MESSAGE_MAX };
	size_t used;

	put_close(&in, 1000, "");
	ck_assert_int_eq(ws_parse(&p, strbuf_slice(&in), &used), WS_PARSED_CLOSE);
	ck_assert_int_eq(ws_parse(&p, strbuf_slice(&in), &used), WS_PARSED_CLOSE);
	ck_assert_uint_eq(used, 0);
	p = (struct ws_parser){ .message_max = MESSAGE_MAX };
	in.p[0] = 0x7F;
	ck_assert_int_eq(ws_parse(&p, strbuf_slice(&in), &used), WS_PARSED_ERROR);
	ck_assert_int_eq(ws_parse(&p, strbuf_slice(&in), &used), WS_PARSED_ERROR);
	ck_assert_uint_eq(used, 0);
	strbuf_free(&in);
}
END_TEST

/* RSV1 marks the first frame of a compressed message, when that was agreed on; its text is not
 * checked. */
START_TEST(marks_compressed_messages)
{
	char bytes[1200];

	deflate = true;
	put(FIN | RSV1 | WS_TEXT, "\xFF\xFE");
	put(RSV1 | WS_BINARY, "a");
	put(FIN | WS_PING, "");
	put(FIN | WS_CONTINUATION, "b");
	put(FIN | WS_TEXT, "plain");
	check("Tz[\xFF\xFE] ping[] Bz[ab] T[plain] ");
	put(RSV1 | WS_TEXT, "a");
	put(FIN | RSV1 | WS_CONTINUATION, "b");
	check("!1002");
	put(FIN | RSV1 | WS_PING, "");
	check("!1002");
	put(FIN | 0x60 | WS_TEXT, "");
	check("!1002");
	/* It may be a little larger than what it inflates to. */
	memset(bytes, 'x', sizeof(bytes));
	put_head(&in, FIN | RSV1 | WS_TEXT, 1190, 2, "\0\0\0\0");
	check("!1009");
	put_head(&in, FIN | RSV1 | WS_TEXT, 1189, 2, "\0\0\0\0");
	check("");
}
END_TEST

START_TEST(writes_heads)
{
	static const struct {
		size_t n, head;
	} rows[] = { { 0, 2 }, { 125, 2 }, { 126, 4 }, { 65535, 4 }, { 65536, 10 },
		{ (size_t)1 << 40, 10 } };
	char out[WS_HEAD_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_uint_eq(ws_frame_head(out, WS_BINARY, false, rows[i].n), rows[i].head);
	ck_assert_mem_eq(out, "\x82\x7F\0\0\1\0\0\0\0\0", 10);
	ws_frame_head(out, WS_TEXT, true, 256);
	ck_assert_mem_eq(out, "\xC1\x7E\1\0", 4);
	ws_frame_head(out, WS_PONG, false, 5);
	ck_assert_mem_eq(out, "\x8A\x05", 2);
}
END_TEST

TEST_MAIN("ws_frame", reads_messages, joins_fragments, takes_control_frames_in_between,
	reads_every_length, reads_long_messages, refuses_what_is_reserved,
	refuses_what_is_not_masked, refuses_bad_control_frames, refuses_fragments_out_of_order,
	refuses_lengths_written_too_long, bounds_messages, checks_utf8, fails_fast, reads_close,
	stays_at_the_end, marks_compressed_messages, writes_heads)
