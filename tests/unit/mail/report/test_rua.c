/*
 * Where reports are wanted (RFC 8460, RFC 9990): lists in form and not, and the record of TLS-RPT.
 */
#include "harness.h"
#include "report/rua.h"

START_TEST(lists)
{
	static const struct {
		const char *list;
		const char *first; /* NULL: none */
		size_t count;
		bool web;
		uint64_t size;
	} rows[] = {
		{ "mailto:a@b.example", "a@b.example", 1, false, 0 },
		{ "mailto:a@b.example!10m", "a@b.example", 1, false, 10 << 20 },
		{ "mailto:a@b.example!512", "a@b.example", 1, false, 512 },
		{ "MAILTO:a%2Bb@b.example?subject=x", "a+b@b.example", 1, false, 0 },
		{ "mailto:a%21x@b.example", "a!x@b.example", 1, false, 0 },
		{ " ftp://x/ , https://r.example/v1 ,mailto:c@d.example", "https://r.example/v1", 2,
			true, 0 },
		{ "mailto:a@b.example,mailto:a@b.example,mailto:a@b.example,mailto:a@b.example,"
		  "mailto:a@b.example,mailto:a@b.example",
			"a@b.example", RUA_MAX, false, 0 },
		{ "http://r.example/", NULL, 0, false, 0 },
		{ "mailto:a", NULL, 0, false, 0 },
		{ "mailto:@b.example", NULL, 0, false, 0 },
		{ "mailto:a@b", NULL, 0, false, 0 },
		{ "mailto:a@b@c.example", NULL, 0, false, 0 },
		{ "mailto:a%0Ab@c.example", NULL, 0, false, 0 },
		{ "mailto:a%3Cb@c.example", NULL, 0, false, 0 },
		{ "mailto:a%40b.example%2Cc@d.example", NULL, 0, false, 0 },
		{ "https://r.example/a b", NULL, 0, false, 0 },
		{ "", NULL, 0, false, 0 },
	};
	struct arena *a = arena_new();
	struct rua out[RUA_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = rua_read(a, slice_str(rows[i].list), out);

		ck_assert_msg(n == rows[i].count, "%s: %zu", rows[i].list, n);
		if (n == 0)
			continue;
		ck_assert_msg(slice_eq(out[0].target, slice_str(rows[i].first)), "%s: %.*s",
			rows[i].list, SLICE_ARG(out[0].target));
		ck_assert(out[0].web == rows[i].web && out[0].size_max == rows[i].size);
	}
	arena_free(&a);
}
END_TEST

START_TEST(records)
{
	static const struct {
		const char *text, *list; /* NULL: it is none */
	} rows[] = {
		{ "v=TLSRPTv1; rua=mailto:a@b.example", "mailto:a@b.example" },
		{ "v=TLSRPTv1;rua=https://x/,mailto:a@b.example;",
			"https://x/,mailto:a@b.example" },
		{ "v=TLSRPTv1 ; x=y; rua = mailto:a@b.example", "mailto:a@b.example" },
		{ "v=TLSRPTv1", NULL },
		{ "v=TLSRPTv1; rua=", NULL },
		{ "v=TLSRPTv12; rua=mailto:a@b.example", NULL },
		{ "v=TLSRPTv2; rua=mailto:a@b.example", NULL },
		{ " v=TLSRPTv1; rua=mailto:a@b.example", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice list;

		ck_assert_msg(
			rua_tls_record(slice_str(rows[i].text), &list) == (rows[i].list != NULL),
			"%s", rows[i].text);
		if (rows[i].list)
			ck_assert_msg(
				slice_eq(list, slice_str(rows[i].list)), "%.*s", SLICE_ARG(list));
	}
}
END_TEST

TEST_MAIN("rua", lists, records)
