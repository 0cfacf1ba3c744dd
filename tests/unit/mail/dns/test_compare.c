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

TEST_MAIN("dns records", policies_are_read)
