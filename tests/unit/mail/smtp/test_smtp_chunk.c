/*
 * test_smtp_chunk.c: the octets behind BDAT, in any chunks and cut anywhere: what passes, what a CR or
 * LF of its own does, sizes, and that nothing behind a chunk is touched.
 */
#include "harness.h"

#include "smtp/smtp_chunk.h"

struct result {
	struct strbuf body;
	int verdict;
};

/* One chunk, whose octets come in pieces of `step` bytes with more behind them. */
static void feed(
	struct smtp_chunk *c, struct slice octets, bool last, size_t step, struct result *r)
{
	struct strbuf in = { 0 };
	enum smtp_data_event what = SMTP_DATA_MORE;
	struct slice body, piece;

	strbuf_add(&in, octets);
	strbuf_adds(&in, "BDAT 0");
	smtp_chunk_begin(c, octets.n, last);
	piece = slice_of(in.p, 0);
	for (size_t at = 0; what != SMTP_DATA_END; at += step) {
		piece = slice_head(slice_skip(strbuf_slice(&in), at), step);
		while ((what = smtp_chunk_next(c, &piece, &body)) == SMTP_DATA_BODY) {
			ck_assert_uint_gt(body.n, 0);
			strbuf_add(&r->body, body);
		}
		if (what == SMTP_DATA_MORE)
			ck_assert_uint_eq(piece.n, 0);
	}
	/* What is left of the piece is what came behind the chunk. */
	ck_assert_uint_eq(c->left, 0);
	ck_assert(slice_starts(SLICE("BDAT 0"), piece));
	strbuf_free(&in);
}

/* Two chunks that meet at `cut`, the input in pieces of `step`. */
static struct result run(struct slice in, size_t cut, size_t step, uint64_t max,
	enum smtp_data_bare policy, bool binary)
{
	struct smtp_chunk c;
	struct result r = { 0 };

	strbuf_adds(&r.body, "");
	smtp_chunk_init(&c, max, policy, binary);
	feed(&c, slice_head(in, cut), false, step, &r);
	feed(&c, slice_skip(in, cut), true, step, &r);
	ck_assert_uint_eq(c.size, in.n);
	r.verdict = smtp_chunk_result(&c);
	return r;
}

static void check(
	struct slice in, enum smtp_data_bare policy, bool binary, int verdict, struct slice want)
{
	for (size_t cut = 0; cut <= in.n; cut++)
		for (size_t step = 1; step <= in.n + 6; step++) {
			struct result r = run(in, cut, step, 1000, policy, binary);

			ck_assert_int_eq(r.verdict, verdict);
			if (!verdict)
				ck_assert_msg(slice_eq(strbuf_slice(&r.body), want),
					"cut %zu step %zu: %s", cut, step, r.body.p);
			strbuf_free(&r.body);
		}
}

static const enum smtp_data_bare policies[] = { SMTP_BARE_KEEP, SMTP_BARE_REJECT, SMTP_BARE_MEND };

START_TEST(lines)
{
	/* A dot is a dot, also where DATA would end. */
	static const char *const all[] = { "", "\r\n", "a", ".", ".\r\n", "a\r\n.\r\nb\r\n",
		"Subject: x\r\n\r\n..\r\n\r\n", "no end of a line", "\xff\x80\r\n" };

	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			check(slice_str(all[i]), policies[p], false, 0, slice_str(all[i]));
}
END_TEST

START_TEST(bare)
{
	static const char *const all[][2] = { { "a\nb", "a\r\nb" }, { "a\rb", "a b" },
		{ "\r", " " }, { "\n", "\r\n" }, { "a\r\r\nb", "a \r\nb" },
		{ "\r\n\n\r", "\r\n\r\n " }, { "x\n.\ny\r\n", "x\r\n.\r\ny\r\n" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct slice in = slice_str(all[i][0]);

		check(in, SMTP_BARE_KEEP, false, 0, in);
		check(in, SMTP_BARE_REJECT, false, SMTP_EDATA_BARE, in);
		check(in, SMTP_BARE_MEND, false, 0, slice_str(all[i][1]));
		/* Octets are what they are. */
		check(in, SMTP_BARE_REJECT, true, 0, in);
		check(in, SMTP_BARE_MEND, true, 0, in);
	}
	check(SLICE("\0\r\0\n\0"), SMTP_BARE_REJECT, true, 0, SLICE("\0\r\0\n\0"));
}
END_TEST

START_TEST(sizes)
{
	struct slice in = SLICE("12345\r\n.2345\r\n");
	struct smtp_chunk c;

	for (uint64_t max = 0; max < 20; max++)
		for (size_t cut = 0; cut <= in.n; cut++) {
			struct result r = run(in, cut, 3, max, SMTP_BARE_REJECT, false);

			ck_assert_int_eq(r.verdict, max < in.n ? SMTP_EDATA_SIZE : 0);
			ck_assert_uint_le(r.body.n, max);
			strbuf_free(&r.body);
		}
	smtp_chunk_init(&c, UINT64_MAX - 1, SMTP_BARE_KEEP, false);
	c.size = 10;
	smtp_chunk_begin(&c, UINT64_MAX - 5, true);
	ck_assert_int_eq(smtp_chunk_result(&c), SMTP_EDATA_SIZE);
}
END_TEST

/* Whole lines pass in one run, without a copy. */
START_TEST(no_copy)
{
	struct smtp_chunk c;
	struct slice in = SLICE("one\r\n.\r\nthree\r\nfour"), all = in, body;

	smtp_chunk_init(&c, 1000, SMTP_BARE_REJECT, false);
	smtp_chunk_begin(&c, in.n - 2, true);
	ck_assert_int_eq(smtp_chunk_next(&c, &in, &body), SMTP_DATA_BODY);
	ck_assert_ptr_eq(body.p, all.p);
	ck_assert_uint_eq(body.n, all.n - 2);
	ck_assert_int_eq(smtp_chunk_next(&c, &in, &body), SMTP_DATA_END);
	ck_assert_uint_eq(in.n, 2);
}
END_TEST

TEST_MAIN("smtp chunk", lines, bare, sizes, no_copy)
