/*
 * Domains beyond ASCII (smtp_idn.h): U-labels become the A-labels the DNS knows, what no name may have is
 * refused, and an address keeps its local part.
 */
#include "harness.h"
#include "hearth/error.h"
#include "smtp/smtp_idn.h"

static const char *ascii(const char *domain)
{
	static char out[SMTP_DOMAIN_MAX + 1];

	return smtp_domain_ascii(slice_str(domain), out) == 0 ? out : NULL;
}

START_TEST(what_is_ascii_stays)
{
	ck_assert_str_eq(ascii("Example.ORG"), "example.org");
	ck_assert_str_eq(ascii("xn--bcher-kva.example"), "xn--bcher-kva.example");
	ck_assert_str_eq(ascii("[IPv6:2001:DB8::1]"), "[ipv6:2001:db8::1]");
	ck_assert_str_eq(ascii("under_score.example"), "under_score.example");
	ck_assert_str_eq(ascii(""), "");
}
END_TEST

START_TEST(labels_beyond_ascii)
{
	ck_assert_str_eq(ascii("b\xc3\xbc"
			       "cher.example"),
		"xn--bcher-kva.example");
	ck_assert_str_eq(ascii("B\xc3\x9c"
			       "CHER.Example"),
		"xn--bcher-kva.example");
	ck_assert_str_eq(ascii("bu\xcc\x88"
			       "cher.example"),
		"xn--bcher-kva.example");                                    /* NFC */
	ck_assert_str_eq(ascii("fa\xc3\x9f.example"), "xn--fa-hia.example"); /* and not fass */
	ck_assert_str_eq(ascii("\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"),
		"xn--r8jz45g.xn--zckzah");
}
END_TEST

START_TEST(what_no_name_may_have)
{
	char label[80], out[SMTP_DOMAIN_MAX + 1];

	ck_assert_ptr_null(ascii("\xff.example"));            /* no UTF-8 */
	ck_assert_ptr_null(ascii("\xcc\x88x.example"));       /* begins with a mark */
	ck_assert_ptr_null(ascii("x\xe2\x80\x8d.example"));   /* a joiner that joins nothing */
	ck_assert_ptr_null(ascii("a\xef\xbc\x8e.b\xc3\xbc")); /* a full stop of another width */
	memset(label, 'a', sizeof(label));
	memcpy(label, "\xc3\xbc", 2);
	ck_assert_int_eq(smtp_domain_ascii(slice_of(label, sizeof(label)), out), HEARTH_EINVAL);
	ck_assert_int_eq(smtp_domain_ascii(SLICE("a\0\xc3\xbc.example"), out), HEARTH_EINVAL);
}
END_TEST

START_TEST(cut_anywhere)
{
	const char *whole = "b\xc3\xbc"
			    "cher.\xe4\xbe\x8b\xe3\x81\x88.example";
	char out[SMTP_DOMAIN_MAX + 1];

	for (size_t n = 0; n <= strlen(whole); n++)
		if (smtp_domain_ascii(slice_of(whole, n), out) == 0)
			ck_assert(smtp_is_ascii(slice_str(out)));
}
END_TEST

START_TEST(an_address)
{
	struct smtp_address a;
	struct strbuf out = { 0 };

	ck_assert_int_gt(smtp_address_read(SLICE("Zo\xc3\xab@B\xc3\xbc"
						 "cher.example"),
				 &a),
		0);
	smtp_address_canonical(&out, &a);
	ck_assert(slice_eq(strbuf_slice(&out), SLICE("Zo\xc3\xab@xn--bcher-kva.example")));
	strbuf_free(&out);
}
END_TEST

TEST_MAIN("domains beyond ASCII", what_is_ascii_stays, labels_beyond_ascii, what_no_name_may_have,
	cut_anywhere, an_address)
