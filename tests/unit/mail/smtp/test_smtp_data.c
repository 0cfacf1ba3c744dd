/*
 * test_smtp_data.c: dots, line ends and the end of a message, whole and cut in two at every byte
 * and byte by byte.
 */
#include "harness.h"

#include "smtp/smtp_data.h"

struct result {
	struct strbuf body;
	uint64_t size;
	bool ended;
	int verdict;
	size_t left; /* bytes behind the end */
};

static void feed(struct smtp_data *d, struct slice in, struct result *r)
{
	enum smtp_data_event what = SMTP_DATA_MORE;
	struct slice body;

	if (r->ended) {
		r->left += in.n;
		return;
	}
	while ((what = smtp_data_next(d, &in, &body)) == SMTP_DATA_BODY) {
		ck_assert_uint_gt(body.n, 0);
		strbuf_add(&r->body, body);
	}
	r->ended = what == SMTP_DATA_END;
	if (what == SMTP_DATA_MORE)
		ck_assert_uint_eq(in.n, 0);
	r->left += in.n;
}

/* Feeds `in` in pieces that end at `cut` and then every `step` bytes. */
static struct result run(
	struct slice in, size_t cut, size_t step, uint64_t max, enum smtp_data_bare policy)
{
	struct smtp_data d;
	struct result r = { 0 };

	smtp_data_init(&d, max, policy);
	feed(&d, slice_head(in, cut), &r);
	for (size_t at = cut; at < in.n; at += step)
		feed(&d, slice_head(slice_skip(in, at), step), &r);
	r.size = d.size;
	r.verdict = smtp_data_result(&d);
	return r;
}

/* Runs it whole, in every two pieces and byte by byte, and expects the same each time. */
static void check(
	struct slice in, enum smtp_data_bare policy, int verdict, const char *want, size_t left)
{
	for (size_t cut = 0; cut <= in.n; cut++) {
		struct result r = run(in, cut, cut ? in.n + 1 : 1, 1000, policy);

		ck_assert(r.ended);
		ck_assert_int_eq(r.verdict, verdict);
		ck_assert_uint_eq(r.left, left);
		if (!verdict) {
			ck_assert_msg(slice_eq(strbuf_slice(&r.body), slice_str(want)),
				"cut %zu: %s, not %s", cut, r.body.p, want);
			ck_assert_uint_eq(r.size, strlen(want));
		}
		strbuf_free(&r.body);
	}
}

START_TEST(messages)
{
	enum smtp_data_bare policy[] = { SMTP_BARE_REJECT, SMTP_BARE_MEND, SMTP_BARE_KEEP };

	for (int i = 0; i < 3; i++) {
		check(SLICE(".\r\n"), policy[i], 0, "", 0);
		check(SLICE("\r\n.\r\n"), policy[i], 0, "\r\n", 0);
		check(SLICE("a\r\n.\r\nQUIT\r\n"), policy[i], 0, "a\r\n", 6);
		check(SLICE("Subject: x\r\n\r\nhi\r\n.\r\n"), policy[i], 0,
			"Subject: x\r\n\r\nhi\r\n", 0);
		check(SLICE("..\r\n.\r\n"), policy[i], 0, ".\r\n", 0);
		check(SLICE(".a\r\n..b\r\n...\r\n.\r\n"), policy[i], 0, "a\r\n.b\r\n..\r\n", 0);
		check(SLICE("a.\r\n.b.\r\n.\r\n"), policy[i], 0, "a.\r\nb.\r\n", 0);
		check(SLICE("a\r\n\r\n\r\n.\r\n"), policy[i], 0, "a\r\n\r\n\r\n", 0);
		check(SLICE("\xff\x80\r\n.\r\n"), policy[i], 0, "\xff\x80\r\n", 0);
	}
}
END_TEST

/*
 * What one server or another has taken for the end of a message. None of it is: mended or kept,
 * the message goes on to the one true end.
 */
static const struct {
	const char *in; /* without the CRLF "." CRLF that ends it */
	const char *mended;
	const char *kept;
} smuggled[] = {
	{ "a\n.\nb", "a\r\n.\r\nb", "a\n.\nb" },
	{ "a\n.\r\nb", "a\r\n.\r\nb", "a\n.\r\nb" },
	{ "a\r\n.\nb", "a\r\n\r\nb", "a\r\n\nb" },
	{ "a\r.\rb", "a . b", "a\r.\rb" },
	{ "a\r\n.\rb", "a\r\n b", "a\r\n\rb" },
	{ "a\r.\r\nb", "a .\r\nb", "a\r.\r\nb" },
	{ "a\n\n.\r\n", "a\r\n\r\n.\r\n", "a\n\n.\r\n" },
	{ "a\r", "a ", "a\r" },
	{ "a\r\n.\r\r\nb", "a\r\n \r\nb", "a\r\n\r\r\nb" },
	{ "\n.\r\n", "\r\n.\r\n", "\n.\r\n" },
	{ "\r.\r\n", " .\r\n", "\r.\r\n" },
};

START_TEST(smuggling)
{
	struct strbuf in = { 0 }, mended = { 0 }, kept = { 0 };

	for (size_t i = 0; i < sizeof(smuggled) / sizeof(smuggled[0]); i++) {
		strbuf_reset(&in);
		strbuf_reset(&mended);
		strbuf_reset(&kept);
		strbuf_printf(&in, "%s\r\n.\r\n", smuggled[i].in);
		strbuf_printf(&mended, "%s\r\n", smuggled[i].mended);
		strbuf_printf(&kept, "%s\r\n", smuggled[i].kept);
		check(strbuf_slice(&in), SMTP_BARE_REJECT, SMTP_EDATA_BARE, NULL, 0);
		check(strbuf_slice(&in), SMTP_BARE_MEND, 0, mended.p, 0);
		check(strbuf_slice(&in), SMTP_BARE_KEEP, 0, kept.p, 0);
	}
	strbuf_free(&in);
	strbuf_free(&mended);
	strbuf_free(&kept);
}
END_TEST

START_TEST(size)
{
	struct slice in = SLICE("12345\r\n.2345\r\n.\r\n");

	for (size_t cut = 0; cut <= in.n; cut++)
		for (uint64_t max = 0; max < 20; max++) {
			struct result r = run(in, cut, 3, max, SMTP_BARE_REJECT);

			ck_assert(r.ended);
			ck_assert_uint_eq(r.size, 13);
			ck_assert_uint_le(r.body.n, max);
			ck_assert_int_eq(r.verdict, max < 13 ? SMTP_EDATA_SIZE : 0);
			strbuf_free(&r.body);
		}
}
END_TEST

START_TEST(unfinished)
{
	static const char *const parts[] = { "", "a", "a\r", "a\r\n", "a\r\n.", "a\r\n.\r",
		"a\n.\n" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct result r = run(slice_str(parts[i]), 0, 1, 100, SMTP_BARE_MEND);

		ck_assert(!r.ended);
		strbuf_free(&r.body);
	}
}
END_TEST

/* Clean lines come out of a large piece as they are, without a copy. */
START_TEST(no_copy)
{
	struct smtp_data d;
	struct slice in = SLICE("one\r\ntwo\r\nthree\r\n.\r\n"), body, all = in;

	smtp_data_init(&d, 1000, SMTP_BARE_REJECT);
	ck_assert_int_eq(smtp_data_next(&d, &in, &body), SMTP_DATA_BODY);
	ck_assert_ptr_eq(body.p, all.p);
	ck_assert_uint_eq(body.n, 17);
	ck_assert_int_eq(smtp_data_next(&d, &in, &body), SMTP_DATA_END);
	ck_assert_int_eq(smtp_data_next(&d, &in, &body), SMTP_DATA_END);
}
END_TEST

TEST_MAIN("smtp data", messages, smuggling, size, unfinished, no_copy)
