/*
 * test_results.c: Authentication-Results (RFC 8601): those that claim to be ours go, in whatever form and
 * cut wherever, and nothing else changes; what is written cannot be misread.
 */
#include "harness.h"
#include "verify/results.h"
#include "verify/results_filter.h"

#define AR "Authentication-Results: "

static bool is_ours(const void *arg, struct slice id)
{
	(void)arg;
	return slice_ieq(id, SLICE("mx.example.org")) || slice_ieq(id, SLICE("example.org"));
}

/* In pieces: up to `cut`, and from there; or byte by byte. */
static void filter(struct strbuf *out, struct slice in, size_t cut, bool bytes)
{
	struct results_filter f = { .own = is_ours };
	struct slice pieces[] = { slice_head(in, cut), slice_skip(in, cut) };

	strbuf_reset(out);
	for (size_t i = 0; i < 2; i++)
		while (pieces[i].n > 0) {
			struct slice one = slice_head(pieces[i], bytes ? 1 : pieces[i].n);

			strbuf_add(out, results_filter_feed(&f, one, out));
			pieces[i] = slice_skip(pieces[i], one.n);
		}
	results_filter_end(&f, out);
	results_filter_clear(&f);
}

static const struct {
	const char *in, *out; /* NULL: as it came */
} messages[] = {
	{ "", NULL },
	{ "\r\n", NULL },
	{ "\r\nbody", NULL },
	{ "Subject: x\r\n", NULL },
	{ "Subject: x\r\n folded\r\n\r\n" AR "mx.example.org; spf=pass\r\n", NULL },
	{ AR "mx.example.org; spf=pass\r\nSubject: x\r\n\r\nbody", "Subject: x\r\n\r\nbody" },
	{ "Subject: x\r\n" AR "mx.example.org;\r\n\tspf=pass;\r\n\tdkim=pass\r\n\r\nbody",
		"Subject: x\r\n\r\nbody" },
	{ "authentication-RESULTS:MX.Example.Org\r\nA: b\r\n\r\n", "A: b\r\n\r\n" },
	{ "Authentication-Results \t: example.org 1; none\nA: b\n\n", "A: b\n\n" },
	{ AR "\r\n mx.example.org; spf=pass\r\nA: b\r\n", "A: b\r\n" },
	{ AR "\r\n\t\r\n mx.example.org\r\n ; spf=pass\r\nA: b\r\n", "A: b\r\n" },
	{ AR "\"mx.example.org\"; spf=pass\r\nA: b\r\n", "A: b\r\n" },
	{ AR "\"mx\\.example.org\"; spf=pass\r\nA: b\r\n", "A: b\r\n" },
	{ AR "(a (nested \\) one) )mx.example.org(x); spf=pass\r\nA: b\r\n", "A: b\r\n" },
	{ AR "(mx.other.example)\r\n (b)\r\n\tmx.example.org; spf=pass\r\nA: b\r\n", "A: b\r\n" },
	{ AR "mx.example.org\r\n\r\nbody", "\r\nbody" },
	{ AR "mx.example.org", "" },
	{ AR "mx.example.org; a\r\n" AR "mx.example.org; b\r\n" AR "other; c\r\n\r\n",
		AR "other; c\r\n\r\n" },
	/* Others' stay, and what only looks like it. */
	{ AR "mx.example.org.evil.example; spf=pass\r\n\r\n", NULL },
	{ AR "other.example (mx.example.org); spf=pass\r\n\r\n", NULL },
	{ AR "(mx.example.org) other.example; spf=pass\r\n\r\n", NULL },
	{ AR "\"other.example\"; mx.example.org\r\n\r\n", NULL },
	{ AR ";mx.example.org\r\n\r\n", NULL },
	{ AR "\r\nmx.example.org: x\r\n\r\n", NULL },
	{ "X-" AR "mx.example.org\r\n\r\n", NULL },
	{ "Authentication-Result: mx.example.org\r\n\r\n", NULL },
	{ "Authentication-Results-Old: mx.example.org\r\n\r\n", NULL },
	{ "Authentication-Results", NULL },
	{ "Authentication-Results: (never ends", NULL },
	{ " " AR "mx.example.org\r\n\r\n", NULL },
	{ "Subject: x\r\n " AR "mx.example.org\r\n\r\n", NULL },
	{ "\r" AR "mx.example.org\r\n\r\n", NULL },
	{ "\r\r\n\n", NULL },
};

START_TEST(ours_go)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct slice in = slice_str(messages[i].in);
		struct slice wanted = messages[i].out ? slice_str(messages[i].out) : in;

		for (size_t cut = 0; cut <= in.n; cut++) {
			filter(&out, in, cut, false);
			ck_assert_msg(slice_eq(strbuf_slice(&out), wanted), "%zu cut at %zu: %.*s",
				i, cut, SLICE_ARG(strbuf_slice(&out)));
		}
		filter(&out, in, 0, true);
		ck_assert_msg(slice_eq(strbuf_slice(&out), wanted), "%zu by bytes", i);
	}
	strbuf_free(&out);
}
END_TEST

/* What hides its name behind more than is held is taken for forged. */
START_TEST(endless_fronts_go)
{
	static const char *const fronts[] = { AR "(", AR, "Authentication-Results " };
	static const char fills[] = { 'x', ' ', '\t' };
	struct strbuf in = { 0 }, out = { 0 };

	for (size_t i = 0; i < 3; i++) {
		strbuf_reset(&in);
		strbuf_adds(&in, fronts[i]);
		for (int n = 0; n < 2 * RESULTS_HELD_MAX; n++)
			strbuf_addc(&in, fills[i]);
		strbuf_adds(&in, "\r\nA: b\r\n\r\nbody");
		filter(&out, strbuf_slice(&in), 0, false);
		ck_assert(slice_eq(strbuf_slice(&out), SLICE("A: b\r\n\r\nbody")));
	}
	strbuf_free(&in);
	strbuf_free(&out);
}
END_TEST

START_TEST(a_field_is_written)
{
	struct strbuf out = { 0 };

	results_begin(&out, SLICE("mx.example.org"));
	results_end(&out, 0);
	ck_assert(slice_eq(strbuf_slice(&out), SLICE(AR "mx.example.org; none\r\n")));
	strbuf_reset(&out);
	results_begin(&out, SLICE("mx.example.org"));
	results_method(&out, "spf", "fail");
	results_comment(&out, SLICE("why\r\nnot) \\(x"));
	results_property(&out, "smtp.mailfrom", SLICE("a.example"));
	results_property(&out, "smtp.helo", SLICE(""));
	results_method(&out, "dkim", "pass");
	results_property(&out, "header.d", SLICE("a\"\\b;\r\nX: y"));
	results_end(&out, 0);
	ck_assert(slice_eq(strbuf_slice(&out),
		SLICE(AR
			"mx.example.org;\r\n\tspf=fail (why??not? ??x) smtp.mailfrom=a.example;\r\n"
			"\tdkim=pass header.d=\"a\\\"\\\\b;??X: y\"\r\n")));
	strbuf_free(&out);
}
END_TEST

static const struct {
	const char *value;
	bool says;
} values[] = {
	{ "mx.list.example; spf=pass smtp.mailfrom=a.example; dmarc=pass header.from=a.example",
		true },
	{ "mx;\r\n\tDMARC = (x) pass (p=reject)\r\n header.from=A.example", true },
	{ "mx; dmarc=pass", true },
	{ "mx; dmarc=pass header.from=\"a.example\"", true },
	{ "mx; dmarc=pass header.d=b.example header.from=a.example policy.dmarc=reject", true },
	{ "mx; dmarc=pass header.from=b.example", false },
	{ "mx; dmarc=pass header.from=b.example; dmarc=pass header.from=a.example", true },
	{ "mx; dmarc=fail header.from=a.example", false },
	{ "mx; dmarc=passed header.from=a.example", false },
	{ "mx; xdmarc=pass header.from=a.example", false },
	{ "mx (; dmarc=pass header.from=a.example); spf=pass", false },
	{ "mx; spf=pass smtp.mailfrom=\"x; dmarc=pass header.from=a.example\"", false },
	{ "mx; spf=fail reason=\"\\\"; dmarc=pass\"", false },
	{ "mx (never ends; dmarc=pass", false },
	{ "mx; dmarc", false },
	{ "", false },
};

START_TEST(a_field_is_read)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		ck_assert_msg(results_say(slice_str(values[i].value), SLICE("dmarc"), SLICE("pass"),
				      SLICE("header.from"), SLICE("a.example")) == values[i].says,
			"%s", values[i].value);
}
END_TEST

START_TEST(a_field_cut_at_every_byte_is_read)
{
	static const char text[] = "mx (a \\( b); dmarc = \"pa\\ss\" (x) header.from=\"a.exam\"";

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, text, n);
		results_say(slice_of(copy, n), SLICE("dmarc"), SLICE("pass"), SLICE("header.from"),
			SLICE("a.example"));
		free(copy);
	}
}
END_TEST

TEST_MAIN("results", ours_go, endless_fronts_go, a_field_is_written, a_field_is_read,
	a_field_cut_at_every_byte_is_read)
