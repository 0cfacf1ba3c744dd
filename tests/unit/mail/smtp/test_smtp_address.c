/*
 * test_smtp_address.c: every production of RFC 5321 section 4.1.2 and 4.1.3, limits, and the one
 * spelling of an address.
 */
#include "harness.h"

#include "hearth/error.h"
#include "smtp/smtp_address.h"

/* An address that fills all of the text: 0, HEARTH_EINVAL or HEARTH_ETOOBIG. */
static int parse_slice(struct slice text, struct smtp_address *a)
{
	ptrdiff_t n;

	*a = (struct smtp_address){ 0 };
	n = smtp_address_read(text, a);
	return n < 0 ? (int)n : (size_t)n == text.n ? 0 : HEARTH_EINVAL;
}

static int parse(const char *text, struct smtp_address *a)
{
	return parse_slice(slice_str(text), a);
}

static const char *const good[] = {
	"a@b",
	"Smith@bar.com",
	"!#$%&'*+-/=?^_`{|}~@example.org",
	"a.b.c@x-1.example.org",
	"1@2.3",
	"\"\"@example.org",
	"\"a b\"@example.org",
	"\"a@b>c\"@example.org",
	"\"a\\\"b\\\\\"@example.org",
	"a@[192.0.2.1]",
	"a@[IPv6:2001:db8::1]",
	"a@[ipv6:::ffff:192.0.2.1]",
	"пример@пример.рф",
	"\"ü\"@example.org",
	".a@b",
	"a.@b",
	"a..b@c",
	"a@b.",
	"a@-b",
	"a@b-",
	"a@b-.c",
	"a@xn--e1afmkfd.example",
	"a@b_c",
	"a@_spf.b",
};

START_TEST(accepts)
{
	struct smtp_address a;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(parse(good[i], &a) == 0, "%s", good[i]);
}
END_TEST

static const char *const bad[] = {
	"",
	"a",
	"@b",
	"a@",
	"a b@c",
	"a@.b",
	"a@b..c",
	"a@b..",
	"..@b",
	"a@-",
	"a@b._",
	"a@[192.0.2.1].",
	"a@b c",
	"a@b>",
	"\"a@b",
	"\"a\"b@c",
	"\"a\tb\"@c",
	"\"a\\\"@c",
	"\"a\\\x7f\"@c",
	"a(comment)@b",
	"a,b@c",
	"a@[192.0.2.256]",
	"a@[192.0.2]",
	"a@[192.0.2.1",
	"a@192.0.2.1]",
	"a@[]",
	"a@[2001:db8::1]",
	"a@[IPv6:2001:db8::1::2]",
	"a@[IPv6:]",
	"a@[tag:x]",
	"\xff@b",
	"a@\xc3",
};

START_TEST(refuses)
{
	struct smtp_address a;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(parse(bad[i], &a) == HEARTH_EINVAL, "%s", bad[i]);
	ck_assert_int_eq(parse_slice(slice_of("a@b\0c", 5), &a), HEARTH_EINVAL);
	ck_assert_int_eq(parse_slice(slice_of("a\0@bc", 5), &a), HEARTH_EINVAL);
	ck_assert_int_eq(parse_slice(slice_of("a@[1.2.3.4\0]", 12), &a), HEARTH_EINVAL);
}
END_TEST

START_TEST(splits)
{
	struct smtp_address a;

	ck_assert_int_eq(parse("\"x@y\"@[IPv6:::1]", &a), 0);
	ck_assert(slice_eq(a.local, SLICE("\"x@y\"")));
	ck_assert(slice_eq(a.domain, SLICE("[IPv6:::1]")));
	ck_assert(a.quoted && a.literal && !a.utf8);
	ck_assert_int_eq(parse("jörg@example.org", &a), 0);
	ck_assert(!a.quoted && !a.literal && a.utf8);
	ck_assert(slice_eq(a.text, SLICE("jörg@example.org")));
	/* The front of something longer. */
	ck_assert_int_eq(smtp_address_read(SLICE("a@b.c> SIZE=1"), &a), 5);
	ck_assert(slice_eq(a.domain, SLICE("b.c")));
}
END_TEST

/* n times 'a', then `rest`. */
static int parse_long(size_t n, const char *rest)
{
	struct smtp_address a;
	struct strbuf b = { 0 };
	int rc;

	memset(strbuf_reserve(&b, n), 'a', n);
	strbuf_commit(&b, n);
	strbuf_adds(&b, rest);
	rc = parse_slice(strbuf_slice(&b), &a);
	strbuf_free(&b);
	return rc;
}

START_TEST(limits)
{
	struct strbuf d = { 0 };

	ck_assert_int_eq(parse_long(65, "@b"), 0);
	ck_assert_int_eq(parse_long(SMTP_ADDRESS_MAX - 2, "@b"), 0);
	ck_assert_int_eq(parse_long(SMTP_ADDRESS_MAX - 1, "@b"), HEARTH_ETOOBIG);
	for (int i = 0; i < 3; i++)
		strbuf_printf(&d, "%c%063d", i ? '.' : '@', 0);
	ck_assert_int_eq(parse_long(60, d.p), 0); /* 60 + 3 * 64 = 252 */
	ck_assert_int_eq(parse_long(62, d.p), 0);
	strbuf_printf(&d, ".%063d.0", 0);
	ck_assert_int_eq(parse_long(1, d.p), HEARTH_ETOOBIG);
	strbuf_reset(&d);
	strbuf_printf(&d, "@%064d", 0);
	ck_assert_int_eq(parse_long(1, d.p), HEARTH_ETOOBIG);
	strbuf_free(&d);
}
END_TEST

static void check_canonical(const char *in, const char *want)
{
	struct smtp_address a;
	struct strbuf b = { 0 };

	ck_assert_msg(parse(in, &a) == 0, "%s", in);
	smtp_address_canonical(&b, &a);
	ck_assert_str_eq(b.p, want);
	strbuf_free(&b);
}

START_TEST(one_spelling)
{
	check_canonical("Ann.Lee@EXAMPLE.Org", "Ann.Lee@example.org");
	check_canonical("\"ann\"@b", "ann@b");
	check_canonical("\"a\\n\\n\"@b", "ann@b");
	check_canonical("\"a n\"@b", "\"a n\"@b");
	check_canonical("\"a\\\"\\\\\"@b", "\"a\\\"\\\\\"@b");
	check_canonical("\"a..b\"@b", "a..b@b");
	check_canonical("\"\"@B", "\"\"@b");
	check_canonical("x@[IPV6:2001:DB8::1]", "x@[ipv6:2001:db8::1]");
}
END_TEST

static bool same(const char *x, const char *y)
{
	struct smtp_address a, b;
	struct strbuf one = { 0 }, two = { 0 };
	bool eq;

	ck_assert_int_eq(parse(x, &a), 0);
	ck_assert_int_eq(parse(y, &b), 0);
	smtp_address_canonical(&one, &a);
	smtp_address_canonical(&two, &b);
	eq = slice_eq(strbuf_slice(&one), strbuf_slice(&two));
	strbuf_free(&one);
	strbuf_free(&two);
	return eq;
}

START_TEST(compares)
{
	ck_assert(same("a@b.C", "a@B.c"));
	ck_assert(same("\"a\"@b", "a@b"));
	ck_assert(same("\"\\a\"@b", "a@b"));
	ck_assert(!same("A@b", "a@b"));
	ck_assert(!same("a@b", "ab@b"));
	ck_assert(!same("ab@b", "a@b"));
	ck_assert(!same("a@b", "a@c"));
}
END_TEST

START_TEST(literals)
{
	ck_assert(smtp_literal_names(SLICE("[192.0.2.1]"), "192.0.2.1"));
	ck_assert(!smtp_literal_names(SLICE("[192.0.2.2]"), "192.0.2.1"));
	ck_assert(smtp_literal_names(SLICE("[ipv6:2001:DB8:0:0::1]"), "2001:db8::1"));
	ck_assert(!smtp_literal_names(SLICE("[IPv6:::1]"), "127.0.0.1"));
	ck_assert(!smtp_literal_names(SLICE("[127.0.0.1]"), "::1"));
	ck_assert(!smtp_literal_names(SLICE("127.0.0.1"), "127.0.0.1"));
	ck_assert(!smtp_literal_names(SLICE("[]"), ""));
}
END_TEST

TEST_MAIN("smtp address", accepts, refuses, splits, limits, one_spelling, compares, literals)
