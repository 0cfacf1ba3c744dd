/*
 * The HTTP/1.1 parser: every case whole, cut in two at every byte, and byte by byte. The guard
 * cases are the contract for another llhttp: each one was accepted by 8.1.0 in strict mode, or in
 * the default mode.
 */
#include "harness.h"

#include "hearth/arena.h"
#include "http/http1_parse.h"

/* What the parser told, as one line: "GET /a host=h k=v ka|body|end" or "… !400". */
struct trace {
	struct strbuf text;
	bool ended;
	size_t used; /* bytes taken in all */
};

static void trace_head(struct trace *t, const struct http1_head *h)
{
	strbuf_printf(&t->text, "%.*s %.*s 1.%d [%.*s]", SLICE_ARG(h->method), SLICE_ARG(h->target),
		h->minor, SLICE_ARG(h->host));
	for (size_t i = 0; i < h->field_count; i++)
		if (!slice_ieq(h->fields[i].name, SLICE("host")))
			strbuf_printf(&t->text, " %.*s=%.*s", SLICE_ARG(h->fields[i].name),
				SLICE_ARG(h->fields[i].value));
	strbuf_adds(&t->text, h->keep_alive ? " keep|" : " close|");
}

/* Gives one piece of input, in memory of its own so that reading past it is found. */
static void trace_feed(struct trace *t, struct http1_parser *p, struct slice in)
{
	char *copy = mem_strdup(in);
	struct slice rest = slice_of(copy, in.n);

	while (!t->ended) {
		size_t used;
		enum http1_event event = http1_parse(p, rest, &used);

		ck_assert_uint_le(used, rest.n);
		rest = slice_skip(rest, used);
		t->used += used;
		if (event == HTTP1_MORE) {
			ck_assert_uint_eq(rest.n, 0);
			break;
		}
		if (event == HTTP1_HEAD)
			trace_head(t, http1_head(p));
		if (event == HTTP1_BODY)
			strbuf_add(&t->text, http1_body(p));
		if (event == HTTP1_END)
			strbuf_adds(&t->text, "|end");
		if (event == HTTP1_ERROR) {
			strbuf_printf(&t->text, "!%d", http1_status(p));
			ck_assert_uint_gt(strlen(http1_why(p)), 0);
		}
		t->ended = event == HTTP1_END || event == HTTP1_ERROR;
	}
	free(copy);
}

static struct trace trace_split(struct slice in, size_t at, size_t step)
{
	struct http1_parser *p = http1_new();
	struct trace t = { 0 };

	trace_feed(&t, p, slice_head(in, at));
	for (struct slice rest = slice_skip(in, at); rest.n; rest = slice_skip(rest, step))
		trace_feed(&t, p, slice_head(rest, step));
	strbuf_adds(&t.text, "");
	http1_free(&p);
	return t;
}

static void check_bytes(struct slice in, const char *expected, size_t used)
{
	struct trace whole = trace_split(in, in.n, 1);

	ck_assert_msg(strcmp(whole.text.p, expected) == 0, "%.*s gives %s, not %s", SLICE_ARG(in),
		whole.text.p, expected);
	if (used)
		ck_assert_uint_eq(whole.used, used);
	for (size_t at = 0; at < in.n; at++) {
		struct trace halves = trace_split(in, at, in.n);

		ck_assert_msg(
			strcmp(halves.text.p, expected) == 0, "cut at %zu: %s", at, halves.text.p);
		if (used)
			ck_assert_uint_eq(halves.used, used);
		strbuf_free(&halves.text);
	}
	strbuf_free(&whole.text);
	whole = trace_split(in, 0, 1);
	ck_assert_str_eq(whole.text.p, expected);
	strbuf_free(&whole.text);
}

static void check(const char *in, const char *expected)
{
	check_bytes(slice_str(in), expected, 0);
}

#define H "Host: h\r\n"

START_TEST(reads_requests)
{
	check("GET / HTTP/1.1\r\n" H "\r\n", "GET / 1.1 [h] keep||end");
	check("GET /a?b=c HTTP/1.1\r\n" H "A: 1\r\nB:2 \t \r\nC:\r\n\r\n",
		"GET /a?b=c 1.1 [h] A=1 B=2 C= keep||end");
	check("GET / HTTP/1.0\r\n\r\n", "GET / 1.0 [] close||end");
	check("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"GET / 1.0 [] Connection=keep-alive keep||end");
	check("GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
		"GET / 1.1 [h] Connection=close close||end");
	check("GET http://other:8080/x?y HTTP/1.1\r\n" H "\r\n",
		"GET /x?y 1.1 [other:8080] keep||end");
	check("GET https://other HTTP/1.1\r\n" H "\r\n", "GET / 1.1 [other] keep||end");
	check("OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * 1.1 [h] keep||end");
	check("GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / 1.1 [] keep||end");
	check("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET / 1.1 [[::1]:8080] keep||end");
}
END_TEST

START_TEST(reads_bodies)
{
	check("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello",
		"POST / 1.1 [h] Content-Length=5 keep|hello|end");
	check("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
		"POST / 1.1 [h] Content-Length=0 keep||end");
	check("POST / HTTP/1.1\r\n" H
	      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\n wo\r\n0\r\n\r\n",
		"POST / 1.1 [h] Transfer-Encoding=chunked keep|hello wo|end");
	check("POST / HTTP/1.1\r\n" H
	      "Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\nY: 2\r\n\r\n",
		"POST / 1.1 [h] Transfer-Encoding=Chunked keep|0123456789|end");
	check("GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"GET / 1.1 [h] Upgrade=websocket Connection=Upgrade keep||end");
	check("POST / HTTP/1.1\r\n" H
	      "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nab",
		"POST / 1.1 [h] Upgrade=websocket Connection=Upgrade Content-Length=2 keep|ab|end");
}
END_TEST

/* What follows a request is not touched: pipelined requests, or the protocol after an upgrade. */
START_TEST(stops_at_the_end)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\n" H "\r\n",
		"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nT: 1\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct strbuf in = { 0 };
		struct trace alone = trace_split(slice_str(requests[i]), 0, 1);

		strbuf_printf(&in, "%s GET / HTTP/9.9\r\n\r\n", requests[i]);
		check_bytes(strbuf_slice(&in), alone.text.p, strlen(requests[i]));
		strbuf_free(&in);
		strbuf_free(&alone.text);
	}
}
END_TEST

/* Trap 1: these pass when llhttp is built in its default mode. */
START_TEST(is_strict)
{
	check("GET / HTTP/1.1\r\n" H "X-Abc: \rxTransfer-Encoding: chunked\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H "\r\n\rX", "GET / 1.1 [h] keep||end");
	check("GET / HTTP/1.1\r\n" H "\rX\r\n\r\n", "!400");
	check("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n",
		"POST / 1.1 [h] Transfer-Encoding=chunked keep|a!400");
}
END_TEST

/* Trap 2: line folding, wherever it may stand. */
START_TEST(refuses_folding)
{
	check("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H "A:\r\n Content-Length: 5\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H "A:\r\n \r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n " H "\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H "Content-Length: 5\r\n 0\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H "Connection:\r\n\tclose\r\n\r\n", "!400");
	check("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n",
		"POST / 1.1 [h] Transfer-Encoding=chunked keep|!400");
	check("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n c\r\n\r\n",
		"POST / 1.1 [h] Transfer-Encoding=chunked keep|!400");
	/* A body may begin with a space. */
	check("POST / HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n x",
		"POST / 1.1 [h] Content-Length=2 keep| x|end");
}
END_TEST

/* Trap 3: what strict llhttp accepts too. */
START_TEST(refuses_what_llhttp_takes)
{
	check("GET / HTTP/1.1\r\n" H ": x\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\n" H H "\r\n", "!400");
	check("GET / HTTP/1.0\r\n" H H "\r\n", "!400");
	check("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "!400");
	check("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "!400");
	check("GET /\r\n\r\n", "!400");
	check("GET / HTTP/0.9\r\n\r\n", "!505");
	check("GET / HTTP/2.0\r\n" H "\r\n", "!505");
	check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!400");
	check("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!400");
	check("GET  / HTTP/1.1\r\n" H "\r\n", "!400");
	check("GET /  HTTP/1.1\r\n" H "\r\n", "!400");
	check("GET / HTTP/1.1 \r\n" H "\r\n", "!505");
	check(" GET / HTTP/1.1\r\n" H "\r\n", "!400");
	check("POST / HTTP/1.1\r\n" H
	      "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 4\r\n\r\n",
		"POST / 1.1 [h] Transfer-Encoding=chunked keep|!400");
	check("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n: 4\r\n\r\n",
		"POST / 1.1 [h] Transfer-Encoding=chunked keep|!400");
	check("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "!501");
	check("CONNECT a:80 HTTP/1.1\r\n" H "\r\n", "!501");
	check("GET ftp://a/ HTTP/1.1\r\n" H "\r\n", "!400");
	check("GET http:///x HTTP/1.1\r\n" H "\r\n", "!400");
	check("GET http://user@a/ HTTP/1.1\r\n" H "\r\n", "!400");
	check("GET * HTTP/1.1\r\n" H "\r\n", "!400");
	check("SOURCE / ICE/1.0\r\n" H "\r\n", "!505");
}
END_TEST

/* What llhttp refuses by itself: so that another version is found out if it does not. */
START_TEST(refuses_malformed)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\n" H "\n",
		"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "A\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "A: \001\r\n\r\n",
		"GET /\001 HTTP/1.1\r\n" H "\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 5,5\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 18446744073709551616\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\n" H "\r\n",
		"FOO / HTTP/1.1\r\n" H "\r\n",
		"get / HTTP/1.1\r\n" H "\r\n",
		"\026\003\001\002",
	};
	static const char *const chunks[] = { "Z\r\n", "-1\r\n", "1 \r\n", "1\n",
		"11111111111111111\r\n", "1;\001\r\n", "\r\n" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct trace t = trace_split(slice_str(heads[i]), 0, 1);

		ck_assert_msg(
			t.text.n == 4 && t.text.p[0] == '!', "%s gives %s", heads[i], t.text.p);
		check(heads[i], t.text.p);
		strbuf_free(&t.text);
	}
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		struct strbuf in = { 0 };

		strbuf_printf(&in, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n%s",
			chunks[i]);
		check(in.p, "POST / 1.1 [h] Transfer-Encoding=chunked keep|!400");
		strbuf_free(&in);
	}
	check_bytes(SLICE("GET / HTTP/1.1\r\n" H "A: x\0y\r\n\r\n"), "!400", 0);
}
END_TEST

/* Feeds `unit` again and again behind `start` until the parser ends; at most `max` bytes. */
static void check_endless(const char *start, const char *unit, size_t max, const char *expected)
{
	struct http1_parser *p = http1_new();
	struct trace t = { 0 };

	trace_feed(&t, p, slice_str(start));
	while (!t.ended && t.used < max)
		trace_feed(&t, p, slice_str(unit));
	strbuf_adds(&t.text, "");
	ck_assert_str_eq(t.text.p, expected);
	ck_assert_uint_lt(t.used, max);
	strbuf_free(&t.text);
	http1_free(&p);
}

START_TEST(ends_what_is_endless)
{
	const char *chunked = "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n";
	const char *head = "POST / 1.1 [h] Transfer-Encoding=chunked keep|!400";

	check_endless("GET /", "aaaaaaaaaaaaaaaa", 40000, "!414");
	check_endless("GET / HTTP/1.1\r\n" H "A: ", "aaaaaaaaaaaaaaaa", 40000, "!431");
	check_endless("GET / HTTP/1.1\r\n" H, "Aaaaaaaaaaaaaaaaaaaaa: b\r\n", 40000, "!431");
	check_endless(chunked, "0", 40000, head);
	check_endless("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;a=",
		"bbbbbbbbbbbbbbb", 100000, head);
	check_endless("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n",
		"Aaaaaaaaaaaaa: b\r\n", 40000,
		"POST / 1.1 [h] Transfer-Encoding=chunked keep|!431");
}
END_TEST

/* One byte a chunk is allowed; a long extension with each costs far more than it brings. */
START_TEST(bounds_chunk_overhead)
{
	struct strbuf in = { 0 };
	struct trace t;

	strbuf_adds(&in, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 20000; i++)
		strbuf_adds(&in, "1\r\nx\r\n");
	strbuf_adds(&in, "0\r\n\r\n");
	t = trace_split(strbuf_slice(&in), in.n, 1);
	ck_assert_str_eq(t.text.p + t.text.n - 5, "x|end");
	strbuf_free(&t.text);

	strbuf_reset(&in);
	strbuf_adds(&in, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 2000; i++)
		strbuf_adds(&in, "1;aaaaaaaaaaaaaaaaaaaa=b\r\nx\r\n");
	for (size_t step = 1; step < 4096; step *= 7) {
		struct trace again = trace_split(strbuf_slice(&in), 0, step);

		ck_assert_str_eq(again.text.p + again.text.n - 5, "x!400");
		ck_assert_uint_lt(again.used, 40000);
		strbuf_free(&again.text);
	}
	strbuf_free(&in);
}
END_TEST

START_TEST(counts_fields)
{
	struct strbuf in = { 0 };
	struct trace t;

	for (int n = HTTP1_FIELDS_MAX - 1; n <= HTTP1_FIELDS_MAX; n++) {
		strbuf_reset(&in);
		strbuf_adds(&in, "GET / HTTP/1.1\r\n" H);
		for (int i = 0; i < n; i++)
			strbuf_adds(&in, "A: b\r\n");
		strbuf_adds(&in, "\r\n");
		t = trace_split(strbuf_slice(&in), in.n, 1);
		ck_assert_str_eq(t.text.p + t.text.n - 4, n < HTTP1_FIELDS_MAX ? "|end" : "!431");
		strbuf_free(&t.text);
	}
	strbuf_free(&in);
}
END_TEST

TEST_MAIN("http1_parse", reads_requests, reads_bodies, stops_at_the_end, is_strict, refuses_folding,
	refuses_what_llhttp_takes, refuses_malformed, ends_what_is_endless, bounds_chunk_overhead,
	counts_fields)
