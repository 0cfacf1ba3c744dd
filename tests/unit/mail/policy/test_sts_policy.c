/*
 * MTA-STS as it is written (RFC 8461): records and policies in form and not, cut anywhere; which hosts a
 * policy names.
 */
#include <stdlib.h>

#include "harness.h"
#include "hearth/arena.h"
#include "policy/sts_policy.h"

START_TEST(records)
{
	static const struct {
		const char *text;
		bool counts;
		const char *id; /* NULL: not in form */
	} rows[] = {
		{ "v=STSv1; id=20160831085700Z;", true, "20160831085700Z" },
		{ "v=STSv1;id=1", true, "1" },
		{ "v=STSv1 ; x=y ;\tid=aB9 ; id=2", true, "aB9" },
		{ "v=STSv1; id=12345678901234567890123456789012", true,
			"12345678901234567890123456789012" },
		{ "v=STSv1; id=123456789012345678901234567890123", true, NULL },
		{ "v=STSv1; id=", true, NULL },
		{ "v=STSv1; id=a-b", true, NULL },
		{ "v=STSv1;", true, NULL },
		{ "v=STSv1", false, NULL },
		{ "v=STSv2; id=1", false, NULL },
		{ " v=STSv1; id=1", false, NULL },
		{ "V=STSv1; id=1", false, NULL },
		{ "id=1; v=STSv1", false, NULL },
		{ "", false, NULL },
	};
	char id[STS_ID_MAX + 1];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice text = slice_str(rows[i].text);

		ck_assert_msg(sts_is_record(text) == rows[i].counts, "%s", rows[i].text);
		ck_assert_msg(
			sts_record_read(text, id) == (rows[i].id != NULL), "%s", rows[i].text);
		if (rows[i].id)
			ck_assert_str_eq(id, rows[i].id);
	}
}
END_TEST

static struct sts_policy *read_text(const char *text)
{
	const char *why;

	return sts_policy_read(slice_str(text), &why);
}

START_TEST(policies)
{
	static const char *const bad[] = { "", "version: STSv1\nmode: enforce\nmax_age: 1\n",
		"version: STSv2\nmode: none\nmax_age: 1\n", "mode: none\nmax_age: 1\n",
		"version: STSv1\nmax_age: 1\nmx: a.example\n",
		"version: STSv1\nmode: Enforce\nmax_age: 1\nmx: a.example\n",
		"version: STSv1\nmode: none\n", "version: STSv1\nmode: none\nmax_age: -1\n",
		"version: STSv1\nmode: none\nmax_age: 12345678901\n",
		"version: STSv1\nmode: none\nmax_age: \n",
		"version: STSv1\nmode: enforce\nmax_age: 1\nmx: *\n",
		"version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.*.example\n",
		"version: STSv1\nmode: enforce\nmax_age: 1\nmx: a..example\n",
		"version: STSv1\nmode: none\nmax_age: 1\n<html>\n" };
	struct sts_policy *p = read_text("mx: mail.example.com\r\nversion: STSv1\r\nmode: enforce "
					 "\r\nmx:*.example.net\r\nx-other: y: z\r\n\r\n"
					 "max_age: 9999999999\r\nmode: none");

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p->mode, STS_ENFORCE);
	ck_assert_int_eq(p->max_age_s, STS_AGE_MAX_S);
	ck_assert_str_eq(p->text, "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: "
				  "*.example.net\nmax_age: 9999999999\n");
	ck_assert(sts_policy_matches(p, "MAIL.example.com"));
	ck_assert(sts_policy_matches(p, "mx1.example.net"));
	ck_assert(!sts_policy_matches(p, "a.mx1.example.net"));
	ck_assert(!sts_policy_matches(p, "example.net"));
	ck_assert(!sts_policy_matches(p, "x.mail.example.com"));
	ck_assert(!sts_policy_matches(p, ""));
	sts_policy_unref(&p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!read_text(bad[i]), "%s", bad[i]);
	p = read_text("version: STSv1\nmode: none\nmax_age: 0");
	ck_assert(p && p->mode == STS_NONE && p->max_age_s == 0);
	sts_policy_unref(&p);
}
END_TEST

/* Cut anywhere it is refused, or means the same but for the number at its end. */
START_TEST(cut_anywhere_and_long)
{
	static const char whole[] = "version: STSv1\nmode: testing\nmx: a.example\nmax_age: 604800";
	struct strbuf many = { 0 };
	const char *why;
	struct sts_policy *p;

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char *copy = mem_alloc(n + 1);

		memcpy(copy, whole, n);
		p = sts_policy_read(slice_of(copy, n), &why);
		ck_assert_msg(
			(p != NULL) == (n >= sizeof(whole) - 6), "%zu: %s", n, why ? why : "");
		ck_assert((p == NULL) == (why != NULL));
		sts_policy_unref(&p);
		free(copy);
	}
	strbuf_adds(&many, "version: STSv1\nmode: testing\nmax_age: 1\n");
	for (int i = 0; i < 3000; i++)
		strbuf_printf(&many, "mx: h%d.example\n", i);
	p = sts_policy_read(strbuf_slice(&many), &why);
	ck_assert(p && p->mx_count == STS_MX_MAX);
	sts_policy_unref(&p);
	while (many.n <= STS_TEXT_MAX)
		strbuf_adds(&many, "x: y\n");
	ck_assert_ptr_null(sts_policy_read(strbuf_slice(&many), &why));
	strbuf_free(&many);
}
END_TEST

TEST_MAIN("sts policy", records, policies, cut_anywhere_and_long)
