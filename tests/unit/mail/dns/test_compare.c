/*
 * test_compare.c: what is published beside what should be (dns/dns_records.h): records of policy that
 * others could not read are wrong, however they begin.
 */
#include "dns/dns_records.h"

#include <stdio.h>

#include "harness.h"
#include "mail/verify/dns_texts.h"

static const struct {
	const char *wanted, *found, *second; /* `second`: another record, or NULL */
	enum dns_verdict verdict;
} cases[] = {
	{ "v=spf1 mx -all", "v=spf1 mx -all", NULL, DNS_IS_GOOD },
	{ "v=spf1 mx -all", "v=spf1 a ip4:192.0.2.0/24 ~all", NULL, DNS_IS_OTHER },
	{ "v=spf1 mx -all", "v=spf1 mx -al", NULL, DNS_IS_WRONG },
	{ "v=spf1 mx -all", "v=spf1 ip4:192.0.2.300 -all", NULL, DNS_IS_WRONG },
	{ "v=spf1 mx -all", "v=spf1 mx -all", "v=spf1 a", DNS_IS_WRONG },
	{ "v=spf1 mx -all", "v=spf1 mx -all", "some text", DNS_IS_GOOD },
	{ "v=spf1 mx -all", "some text", NULL, DNS_IS_MISSING },
	{ "v=DMARC1; p=none", "v=DMARC1; p=reject", NULL, DNS_IS_OTHER },
	{ "v=DMARC1; p=none", "v=DMARC1; p=refuse", NULL, DNS_IS_WRONG },
	{ "v=DMARC1; p=none", "v=DMARC1 p=none", NULL, DNS_IS_WRONG },
};

START_TEST(policies_are_read)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_record record = { .type = DNS_TXT };
		struct dns_compared compared = { .record = &record };
		struct strbuf one = txt_rdata(slice_str(cases[i].found));
		struct strbuf two = txt_rdata(slice_str(cases[i].second));
		struct slice rdata[] = { strbuf_slice(&one), strbuf_slice(&two) };

		snprintf(record.value, sizeof(record.value), "%s", cases[i].wanted);
		dns_compare(&compared, &(struct dns_answer){ .status = DNS_FOUND,
					       .why = "",
					       .rdata = rdata,
					       .count = cases[i].second ? 2 : 1 });
		ck_assert_msg(compared.verdict == cases[i].verdict, "%s: %d", cases[i].found,
			(int)compared.verdict);
		strbuf_free(&compared.found);
		strbuf_free(&one);
		strbuf_free(&two);
	}
}
END_TEST

static enum dns_verdict alias(enum dns_status status, const char *leads_to)
{
	struct dns_record record = { .type = DNS_CNAME, .value = "mail.example.org" };
	struct dns_compared compared = { .record = &record };
	struct slice rdata = SLICE("\xC0\x00\x02\x01");

	ck_assert_int_eq(dns_record_ask(&record), DNS_A);
	dns_compare(&compared, &(struct dns_answer){ .status = status,
				       .why = "",
				       .name = leads_to,
				       .rdata = &rdata,
				       .count = status == DNS_FOUND });
	if (status == DNS_FOUND)
		ck_assert_str_eq(compared.found.p, "192.0.2.1");
	strbuf_free(&compared.found);
	return compared.verdict;
}

/* An alias is as good as the address that it stands for; and where the name has only the other kind. */
START_TEST(aliases_are_followed)
{
	ck_assert_int_eq(alias(DNS_FOUND, "Mail.example.org"), DNS_IS_GOOD);
	ck_assert_int_eq(alias(DNS_NODATA, "mail.example.org"), DNS_IS_GOOD);
	ck_assert_int_eq(alias(DNS_FOUND, "mta-sts.example.org"), DNS_IS_OTHER);
	ck_assert_int_eq(alias(DNS_NXDOMAIN, "mta-sts.example.org"), DNS_IS_MISSING);
	ck_assert_int_eq(alias(DNS_NODATA, "mta-sts.example.org"), DNS_IS_MISSING);
	ck_assert_int_eq(alias(DNS_FAILED, "mta-sts.example.org"), DNS_IS_UNKNOWN);
}
END_TEST

static enum dns_verdict issuers(struct slice first, struct slice second)
{
	struct dns_record record = { .type = DNS_CAA, .value = "0 issue \"ca.test\"" };
	struct dns_compared compared = { .record = &record };
	struct slice rdata[] = { first, second };

	dns_compare(&compared,
		&(struct dns_answer){
			.status = DNS_FOUND, .why = "", .name = "", .rdata = rdata, .count = 2 });
	strbuf_free(&compared.found);
	return compared.verdict;
}

START_TEST(one_of_the_issuers_is_ours)
{
	const struct slice ours = SLICE("\0\5issueca.test"), other = SLICE("\0\5issueb.test");

	ck_assert_int_eq(issuers(other, ours), DNS_IS_GOOD);
	ck_assert_int_eq(issuers(other, other), DNS_IS_WRONG);
	for (size_t n = 0; n < ours.n; n++) /* cut off, it is none of ours */
		ck_assert_int_eq(issuers(slice_head(ours, n), other), DNS_IS_WRONG);
}
END_TEST

TEST_MAIN("dns records", policies_are_read, aliases_are_followed, one_of_the_issuers_is_ours)
