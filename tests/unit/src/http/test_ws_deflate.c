/*
 * permessage-deflate (RFC 7692): which offers are taken, what inflates, what is refused, and that
 * what is compressed inflates to the same.
 */
#include "harness.h"

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "http/ws_deflate.h"
#include "loop/loop.h"

#include <zlib.h>

#define ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define WINDOW 32768

START_TEST(agrees)
{
	static const struct {
		const char *offers;
		size_t window; /* 0: refused */
		const char *more;
	} rows[] = {
		{ "permessage-deflate", WINDOW, "" },
		{ "Permessage-Deflate", WINDOW, "" },
		{ "permessage-deflate; client_max_window_bits", WINDOW, "" },
		{ "permessage-deflate;client_max_window_bits=10", WINDOW, "" },
		{ "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
			WINDOW, "" },
		{ "permessage-deflate; server_max_window_bits=15", 32768,
			"; server_max_window_bits=15" },
		{ "permessage-deflate; server_max_window_bits=\"10\"", 1024,
			"; server_max_window_bits=10" },
		{ "permessage-deflate ; server_max_window_bits = 8", 256,
			"; server_max_window_bits=8" },
		{ "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits, other",
			WINDOW, "" },
		{ "permessage-deflate; server_max_window_bits=7, permessage-deflate", WINDOW, "" },
		{ "", 0, NULL },
		{ "permessage-bzip2", 0, NULL },
		{ "permessage-deflate2", 0, NULL },
		{ "other; permessage-deflate", 0, NULL },
		{ "permessage-deflate;", 0, NULL },
		{ "permessage-deflate; unknown", 0, NULL },
		{ "permessage-deflate; server_max_window_bits", 0, NULL },
		{ "permessage-deflate; server_max_window_bits=", 0, NULL },
		{ "permessage-deflate; server_max_window_bits=7", 0, NULL },
		{ "permessage-deflate; server_max_window_bits=16", 0, NULL },
		{ "permessage-deflate; server_max_window_bits=010", 0, NULL },
		{ "permessage-deflate; server_max_window_bits=1x", 0, NULL },
		{ "permessage-deflate; server_max_window_bits=\"\"", 0, NULL },
		{ "permessage-deflate; client_max_window_bits=7", 0, NULL },
		{ "permessage-deflate; client_max_window_bits=", 0, NULL },
		{ "permessage-deflate; server_no_context_takeover=1", 0, NULL },
		{ "permessage-deflate; client_no_context_takeover=", 0, NULL },
		{ "permessage-deflate; client_max_window_bits; client_max_window_bits", 0, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char answer[WS_DEFLATE_ANSWER_MAX] = "", expected[WS_DEFLATE_ANSWER_MAX] = "";
		size_t window = ws_deflate_agree(slice_str(rows[i].offers), answer);

		if (rows[i].window)
			snprintf(expected, sizeof(expected), ANSWER "%s", rows[i].more);
		ck_assert_msg(window == rows[i].window, "%s: %zu", rows[i].offers, window);
		ck_assert_str_eq(answer, expected);
	}
	{
		char answer[WS_DEFLATE_ANSWER_MAX];

		ck_assert_uint_eq(ws_deflate_agree((struct slice){ 0 }, answer), 0);
	}
}
END_TEST

static void ck_inflates(struct slice in, const char *expected)
{
	struct strbuf out = { 0 };

	ck_assert_int_eq(ws_inflate(in, 1000, &out), 0);
	ck_assert_uint_eq(out.n, strlen(expected));
	ck_assert(out.n == 0 || memcmp(out.p, expected, out.n) == 0);
	strbuf_free(&out);
}

/* The examples of section 7.2.3. */
START_TEST(inflates_examples)
{
	ck_inflates(SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");
	ck_inflates(SLICE("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello");
	ck_inflates(SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello");
	ck_inflates(SLICE("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello");
	/* No text: as it should be written; not at all; and two streams, the last one ended for
	 * good. */
	ck_inflates(SLICE("\x00"), "");
	ck_inflates((struct slice){ 0 }, "");
	ck_inflates(
		SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00"), "HelloHello");
}
END_TEST

START_TEST(refuses_what_does_not_inflate)
{
	static const struct slice rows[] = {
		SLICE("\xff"), SLICE("\x07"), SLICE("\xf2"),
		SLICE("\xf2\x48\xcd\xc9\xc9"),                         /* within a block */
		SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"), /* the tail was left on, and
									  no more */
		SLICE("\x00\x05\x00\xfa\xff\x48\x65"),
		SLICE("\x00\x05\x00\xfa\xfe\x48\x65\x6c\x6c\x6f\x00"),
		SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\xff"),
		SLICE("\x02\x40\x00"), /* looks back behind the beginning */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf out = { 0 };

		ck_assert_msg(ws_inflate(rows[i], 1000, &out) == HEARTH_EINVAL, "row %zu", i);
		strbuf_free(&out);
	}
	/* And the next message is not touched by it. */
	ck_inflates(SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");
}
END_TEST

/* The first `n` bytes of a text with words, as JSON has. */
static struct buf *words(size_t n)
{
	struct strbuf s = { 0 };

	for (unsigned i = 0; s.n < n; i++)
		strbuf_printf(&s, "{\"id\":%u,\"name\":\"player %u\",\"rating\":%u},", i,
			i * 7919 % 1000, 800 + i * 104729 % 1700);
	{
		struct buf *whole = buf_from_strbuf(&s), *part = buf_part(whole, 0, n);

		buf_unref(&whole);
		return part;
	}
}

START_TEST(gives_back_what_it_took)
{
	static const size_t sizes[] = { 512, 513, 1000, 4096, 16384, 65535, WS_DEFLATE_MAX };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf *message = words(sizes[i]),
			   *packed = ws_deflate(buf_slice(message), WINDOW);
		struct strbuf out = { 0 };

		ck_assert_ptr_nonnull(packed);
		ck_assert_uint_lt(packed->n, message->n * 2 / 3);
		ck_assert_int_eq(ws_inflate(buf_slice(packed), message->n, &out), 0);
		ck_assert(slice_eq(strbuf_slice(&out), buf_slice(message)));
		strbuf_free(&out);
		/* One byte more than allowed is too much. */
		ck_assert_int_eq(
			ws_inflate(buf_slice(packed), message->n - 1, &out), HEARTH_ETOOBIG);
		strbuf_free(&out);
		buf_unref(&packed);
		buf_unref(&message);
	}
}
END_TEST

/* What is short, or does not get smaller, or needs a larger window than the peer has, goes as it
 * is. */
START_TEST(compresses_only_where_it_helps)
{
	char noise[5000];
	struct buf *text = words(2000), *packed;

	ck_assert_ptr_null(ws_deflate(slice_head(buf_slice(text), 511), WINDOW));
	ck_assert_ptr_null(ws_deflate(buf_slice(text), 1024));
	packed = ws_deflate(buf_slice(text), 2048);
	ck_assert_ptr_nonnull(packed);
	buf_unref(&packed);
	buf_unref(&text);
	rand_bytes(noise, sizeof(noise));
	ck_assert_ptr_null(ws_deflate(slice_of(noise, sizeof(noise)), WINDOW));
	ck_assert_ptr_null(ws_deflate((struct slice){ 0 }, WINDOW));
	text = words(WS_DEFLATE_MAX + 1);
	ck_assert_ptr_null(ws_deflate(buf_slice(text), WINDOW));
	buf_unref(&text);
}
END_TEST

/* A peer's window of 2^bits bytes is enough for what is made for it. */
START_TEST(keeps_to_the_window)
{
	for (int bits = 9; bits <= 15; bits++) {
		size_t n = (size_t)1 << bits;
		struct buf *text = words(n), *packed = ws_deflate(buf_slice(text), n);
		char *out = mem_alloc(n + 1);
		z_stream z = { 0 };

		ck_assert_ptr_nonnull(packed);
		ck_assert_int_eq(inflateInit2(&z, -bits), Z_OK);
		z.next_in = (Bytef *)(uintptr_t)packed->p;
		z.avail_in = (uInt)packed->n;
		z.next_out = (Bytef *)out;
		z.avail_out = (uInt)n + 1;
		ck_assert_int_eq(inflate(&z, Z_SYNC_FLUSH), Z_OK);
		ck_assert_uint_eq(z.total_out, n);
		ck_assert(slice_eq(slice_of(out, n), buf_slice(text)));
		inflateEnd(&z);
		free(out);
		buf_unref(&packed);
		buf_unref(&text);
	}
}
END_TEST

/* 16 MB in less than 100 KB: it stops soon behind the limit. */
START_TEST(bounds_bombs)
{
	struct strbuf bomb = { 0 }, out = { 0 };
	char *zeros = mem_zalloc(WS_DEFLATE_MAX);

	for (int i = 0; i < 64; i++) {
		struct buf *part = ws_deflate(slice_of(zeros, WS_DEFLATE_MAX), WINDOW);

		ck_assert_ptr_nonnull(part);
		strbuf_add(&bomb, buf_slice(part));
		strbuf_add(&bomb, SLICE("\x00\x00\xff\xff"));
		buf_unref(&part);
	}
	bomb.n -= 4;
	ck_assert_uint_lt(bomb.n, 100000);
	ck_assert_int_eq(ws_inflate(strbuf_slice(&bomb), 10000, &out), HEARTH_ETOOBIG);
	ck_assert_uint_le(out.cap, 32768);
	strbuf_free(&out);
	ck_assert_int_eq(ws_inflate(strbuf_slice(&bomb), 0, &out), HEARTH_ETOOBIG);
	strbuf_free(&out);
	ck_assert_int_eq(ws_inflate(strbuf_slice(&bomb), 16 << 20, &out), 0);
	ck_assert_uint_eq(out.n, 16 << 20);
	strbuf_free(&out);
	strbuf_free(&bomb);
	free(zeros);
}
END_TEST

static int never(void *arg)
{
	(void)arg;
	return 0;
}

/* One buffer to many peers is compressed once; what was kept goes with the turn of the loop. */
START_TEST(compresses_a_broadcast_once)
{
	struct buf *text = words(4000), *same = words(4000), *a, *b, *c, *narrow;

	loop_init();
	a = ws_deflate_buf(text, WINDOW);
	narrow = ws_deflate_buf(text, 1024);
	b = ws_deflate_buf(text, 4096);
	c = ws_deflate_buf(same, WINDOW);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_ptr_null(narrow);
	ck_assert(slice_eq(buf_slice(a), buf_slice(c)));
	buf_unref(&a);
	buf_unref(&b);
	buf_unref(&c);
	loop_run_until(never, NULL, 10);
	a = ws_deflate_buf(same, WINDOW);
	ck_assert_ptr_nonnull(a);
	buf_unref(&a);
	loop_run_until(never, NULL, 10);
	buf_unref(&text);
	buf_unref(&same);
}
END_TEST

TEST_MAIN("ws_deflate", agrees, inflates_examples, refuses_what_does_not_inflate,
	gives_back_what_it_took, compresses_only_where_it_helps, keeps_to_the_window, bounds_bombs,
	compresses_a_broadcast_once)
