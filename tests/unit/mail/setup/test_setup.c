/*
 * What Outlook asks, cut off at every byte and with what is no XML of the kind; the texts for programs,
 * with addresses that would break them; the MTA-STS policy and its id.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "hearth/error.h"
#include "setup/setup.h"

static const char request[] =
	"\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- "
	"<EMailAddress>no</EMailAddress> -->"
	"<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/"
	"requestschema/2006\"><Request>\r\n<a:EMailAddress kind=\"x\"> ann&#43;x&amp;y@example.org "
	"</a:EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/x</"
	"AcceptableResponseSchema><LegacyDN/></Request></Autodiscover>";

static int read(const char *xml, struct autodiscover_request *out)
{
	return autodiscover_read(slice_str(xml), out);
}

START_TEST(a_request)
{
	struct autodiscover_request rq;
	int good = 0;

	ck_assert_int_eq(read(request, &rq), 0);
	ck_assert_str_eq(rq.address, "ann+x&y@example.org");
	ck_assert_str_eq(rq.schema, "http://schemas.microsoft.com/x");
	/* Where the address is there, it is there whole. */
	for (size_t n = 0; n < sizeof(request) - 1; n++)
		if (autodiscover_read(slice_of(request, n), &rq) == 0) {
			good++;
			ck_assert_str_eq(rq.address, "ann+x&y@example.org");
		}
	ck_assert_int_gt(good, 0);
}
END_TEST

START_TEST(what_is_no_request)
{
	static const char *const wrong[] = { "", "hello", "<", "<>", "<a", "<EMailAddress>",
		"<EMailAddress></EMailAddress>", "<EMailAddress/>ann@example.org",
		"<!DOCTYPE x [<!ENTITY a \"b\">]><EMailAddress>ann@example.org</EMailAddress>",
		"<!-- <EMailAddress>ann@example.org</EMailAddress>",
		"<EMailAddress>ann&x;@example.org</EMailAddress>",
		"<EMailAddress>ann&#10;@example.org</EMailAddress>",
		"<EMailAddress>ann&#xx;@example.org</EMailAddress>",
		"<EMailAddress>ann&#x110000000;@example.org</EMailAddress>",
		"<EMailAddress>ann&amp@example.org</EMailAddress>",
		"<EMailAddress>\xFF\xFE@example.org</EMailAddress>",
		"<EMailAddress>a\nb@example.org</EMailAddress>" };
	struct autodiscover_request rq;
	struct strbuf large = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(read(wrong[i], &rq) == HEARTH_EINVAL, "%s", wrong[i]);
	strbuf_adds(&large, "<EMailAddress>");
	for (int i = 0; i < SETUP_ADDRESS_MAX; i++)
		strbuf_addc(&large, 'x');
	strbuf_adds(&large, "</EMailAddress>");
	ck_assert_int_eq(autodiscover_read(strbuf_slice(&large), &rq), 0);
	strbuf_reset(&large);
	strbuf_adds(&large, "<EMailAddress>");
	for (int i = 0; i < SETUP_ADDRESS_MAX + 1; i++)
		strbuf_addc(&large, 'x');
	strbuf_adds(&large, "</EMailAddress>");
	ck_assert_int_eq(autodiscover_read(strbuf_slice(&large), &rq), HEARTH_EINVAL);
	strbuf_free(&large);
}
END_TEST

START_TEST(texts_hold_whatever_the_address)
{
	const struct setup s = { .host = "mail.example.org",
		.domain = "example.org",
		.address = "a<b>&\"c\x01@example.org",
		.url = "https://mail.example.org/?a&b",
		.imap = { 993, false },
		.smtp = { 587, true } };
	struct strbuf out = { 0 };

	setup_write_autodiscover(&s, &out);
	ck_assert(strstr(out.p, "<LoginName>a&lt;b&gt;&amp;&quot;c@example.org</LoginName>"));
	ck_assert(strstr(out.p, "<Port>993</Port>"));
	ck_assert(strstr(out.p, "<Encryption>TLS</Encryption>"));
	strbuf_reset(&out);
	setup_write_profile(&s, &out);
	ck_assert(strstr(out.p, "<string>a&lt;b&gt;&amp;&quot;c@example.org</string>"));
	strbuf_reset(&out);
	setup_write_autoconfig(&s, &out);
	ck_assert(strstr(out.p, "<loginPage url=\"https://mail.example.org/?a&amp;b\"/>"));
	ck_assert(strstr(out.p, "<socketType>STARTTLS</socketType>"));
	strbuf_reset(&out);
	setup_write_autodiscover_error(600, "a < b", 0, &out);
	ck_assert(strstr(out.p, "<ErrorCode>600</ErrorCode>\n<Message>a &lt; b</Message>"));
	strbuf_free(&out);
}
END_TEST

static struct config *config_of(const char *mode)
{
	static const struct config_setting rows[] = {
		{ "mail", "mta_sts", CONFIG_CHOICE, "testing", NULL, NULL,
			"off|none|testing|enforce", "" },
		{ "mail", "mta_sts_max_age", CONFIG_DURATION, "7d", "1d", "365d", NULL, "" },
		CONFIG_END,
	};
	struct config *c = config_new();
	struct strbuf errors = { 0 };
	char text[64];

	config_declare(c, NULL, rows);
	snprintf(text, sizeof(text), "mail.mta_sts=%s", mode);
	ck_assert_int_eq(config_set(c, text, &errors), 0);
	return c;
}

START_TEST(a_policy)
{
	struct config *testing = config_of("testing"), *enforce = config_of("enforce"),
		      *none = config_of("none"), *off = config_of("off");
	char id[SETUP_STS_ID + 1], other[SETUP_STS_ID + 1];
	struct strbuf out = { 0 };

	ck_assert(setup_write_sts(testing, "mail.example.org", &out));
	ck_assert_str_eq(out.p, "version: STSv1\r\nmode: testing\r\nmx: mail.example.org\r\n"
				"max_age: 604800\r\n");
	strbuf_reset(&out);
	ck_assert(setup_write_sts(none, "mail.example.org", &out));
	ck_assert_str_eq(out.p, "version: STSv1\r\nmode: none\r\nmax_age: 604800\r\n");
	strbuf_reset(&out);
	ck_assert(!setup_write_sts(off, "mail.example.org", &out));
	ck_assert(!setup_sts_id(off, "mail.example.org", id));
	ck_assert(setup_sts_id(testing, "mail.example.org", id));
	ck_assert_uint_eq(strlen(id), SETUP_STS_ID);
	ck_assert(setup_sts_id(testing, "mail.example.org", other));
	ck_assert_str_eq(id, other);
	ck_assert(setup_sts_id(enforce, "mail.example.org", other));
	ck_assert_str_ne(id, other);
	strbuf_free(&out);
	config_free(&testing);
	config_free(&enforce);
	config_free(&none);
	config_free(&off);
}
END_TEST

TEST_MAIN("setup", a_request, what_is_no_request, texts_hold_whatever_the_address, a_policy)
