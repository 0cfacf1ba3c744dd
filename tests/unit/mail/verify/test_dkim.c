/*
 * test_dkim.c: signatures of messages: the examples of RFC 6376 and RFC 8463, cut in two at every byte;
 * what a change breaks; every rule of a field and of a key that can fail.
 */
#include "harness.h"

#include "mail/verify/dns_texts.h"
#include "verify/message.h"

#define MESSAGE                                                            \
	"From: Joe SixPack <joe@football.example.com>\r\n"                 \
	"To: Suzie Q <suzie@shopping.example.net>\r\n"                     \
	"Subject: Is dinner ready?\r\n"                                    \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"                  \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n" \
	"\r\n"                                                             \
	"Hi.\r\n"                                                          \
	"\r\n"                                                             \
	"We lost the game. Are you hungry yet?\r\n"                        \
	"\r\n"                                                             \
	"Joe.\r\n"

/* RFC 6376 appendix A.2. */
static const char simple_rsa[] = "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
				 "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
				 "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
				 "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
				 "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
				 "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
				 "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
				 "      4bmp/YzhwvcubU4=;\r\n"
				 "Received: from client1.football.example.com  [192.0.2.1]\r\n"
				 "      by submitserver.example.com with SUBMISSION;\r\n"
				 "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n" MESSAGE;

#define RSA_6376                                                                           \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" \
	"IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0" \
	"fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"

/* RFC 8463 appendix A.3: one of each kind. */
static const char two_kinds[] =
	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
	" d=football.example.com; i=@football.example.com;\r\n"
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
	" subject : date : message-id : from : subject : date;\r\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
	" d=football.example.com; i=@football.example.com;\r\n"
	" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
	" date : message-id : from : subject : date;\r\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
	" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n" MESSAGE;

#define ED25519_8463 "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define RSA_8463                                                                           \
	"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id" \
	"Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lx" \
	"j+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"

#define NOW 1600000000

/* What the DNS has. */
struct zone {
	const char *name;
	enum dns_status status;
	const char *txt[3];
};

static void answer(struct verify_message *m, size_t i, const struct zone *z)
{
	struct strbuf rdata[3] = { 0 };
	struct slice slices[3];
	struct dns_answer a = { .status = z->status, .name = z->name, .why = "", .rdata = slices };

	for (; a.count < 3 && z->txt[a.count]; a.count++) {
		rdata[a.count] = txt_rdata(slice_str(z->txt[a.count]));
		slices[a.count] = strbuf_slice(&rdata[a.count]);
	}
	dkim_answer(&m->dkim, i, m->arena, &a);
	for (size_t k = 0; k < 3; k++)
		strbuf_free(&rdata[k]);
}

/* Verifies a message in pieces: the first of `cut` bytes, then all the rest. */
static void verify(struct verify_message *m, struct slice text, size_t cut, const struct zone *zone)
{
	verify_message_init(m);
	verify_message_feed(m, slice_head(text, cut));
	verify_message_feed(m, slice_skip(text, cut));
	verify_message_end(m);
	for (size_t i = 0; i < m->dkim.count; i++) {
		const char *name = dkim_wants(&m->dkim, i);

		for (const struct zone *z = zone; name && z->name; z++)
			if (slice_ieq(slice_str(name), slice_str(z->name)))
				answer(m, i, z);
	}
	dkim_judge(&m->dkim, m->arena, NOW);
}

static const struct zone world[] = {
	{ "brisbane._domainkey.example.com", DNS_FOUND, { "v=DKIM1; p=" RSA_6376 } },
	{ "brisbane._domainkey.football.example.com", DNS_FOUND, { ED25519_8463 } },
	{ "test._domainkey.football.example.com", DNS_FOUND, { RSA_8463 } },
	{ NULL, 0, { NULL } },
};

START_TEST(the_examples_of_the_rfcs_hold_however_they_are_cut)
{
	for (size_t cut = 0; cut <= sizeof(two_kinds); cut++) {
		struct verify_message m;

		verify(&m, slice_str(simple_rsa), cut, world);
		ck_assert_uint_eq(m.dkim.count, 1);
		ck_assert_msg(m.dkim.signatures[0].result == VERIFY_PASS, "cut %zu: %s", cut,
			m.dkim.signatures[0].reason);
		verify_message_clear(&m);

		verify(&m, slice_str(two_kinds), cut, world);
		ck_assert_uint_eq(m.dkim.count, 2);
		for (size_t i = 0; i < 2; i++)
			ck_assert_msg(m.dkim.signatures[i].result == VERIFY_PASS, "cut %zu: %s",
				cut, m.dkim.signatures[i].reason);
		verify_message_clear(&m);
	}
}
END_TEST

/* ---- rules ---- */

static struct strbuf with(const char *text, const char *before, const char *after)
{
	const char *at = strstr(text, before);
	struct strbuf out = { 0 };

	ck_assert_msg(at != NULL, "%s", before);
	strbuf_add(&out, slice_of(text, (size_t)(at - text)));
	strbuf_adds(&out, after);
	strbuf_adds(&out, at + strlen(before));
	return out;
}

static void expect(struct slice text, const struct zone *zone, enum verify_result want,
	const char *reason, const char *what)
{
	struct verify_message m;

	verify(&m, text, text.n / 2, zone);
	ck_assert_uint_ge(m.dkim.count, 1);
	ck_assert_msg(m.dkim.signatures[0].result == want, "%s: %s (%s)", what,
		verify_result_name(m.dkim.signatures[0].result),
		m.dkim.signatures[0].reason ? m.dkim.signatures[0].reason : "");
	if (reason)
		ck_assert_str_eq(m.dkim.signatures[0].reason, reason);
	else
		ck_assert_ptr_null(m.dkim.signatures[0].reason);
	verify_message_clear(&m);
}

START_TEST(each_rule_of_a_signature_is_held)
{
	static const struct {
		const char *before, *after;
		enum verify_result result;
		const char *reason;
	} rules[] = {
		{ "v=1; ", "", VERIFY_NEUTRAL, "a tag is missing" },
		{ "v=1; ", "v=2; ", VERIFY_NEUTRAL, "unknown version" },
		{ "v=1; ", "v=1; v=1; ", VERIFY_NEUTRAL, "it is no list of tags" },
		{ "v=1; ", "v=1;; ", VERIFY_NEUTRAL, "it is no list of tags" },
		{ "v=1; ", "v=1; 1a=x; ", VERIFY_NEUTRAL, "it is no list of tags" },
		{ "v=1; ", "v=1; no; ", VERIFY_NEUTRAL, "it is no list of tags" },
		{ "a=rsa-sha256; ", "", VERIFY_NEUTRAL, "a tag is missing" },
		{ "a=rsa-sha256", "a=rsa-sha1", VERIFY_PERMERROR,
			"rsa-sha1 proves nothing any more" },
		{ "a=rsa-sha256", "a=rsa-md5", VERIFY_NEUTRAL, "unknown algorithm" },
		{ "a=rsa-sha256", "a=ed25519-sha256", VERIFY_PERMERROR,
			"inappropriate key algorithm" },
		{ "d=example.com", "d=com", VERIFY_NEUTRAL, "d= is no domain" },
		{ "d=example.com", "d=example..com", VERIFY_NEUTRAL, "d= is no domain" },
		{ "d=example.com", "d=exam ple.com", VERIFY_NEUTRAL, "d= is no domain" },
		{ "d=example.com;", "", VERIFY_NEUTRAL, "d= is no domain" },
		{ "s=brisbane", "s=bris/bane", VERIFY_NEUTRAL, "s= is no selector" },
		{ "s=brisbane", "s=elsewhere", VERIFY_TEMPERROR, "key unavailable" },
		{ "i=joe@football.example.com", "i=joe@example.org", VERIFY_PERMERROR,
			"i= is not in d=" },
		{ "i=joe@football.example.com", "i=joe@badexample.com", VERIFY_PERMERROR,
			"i= is not in d=" },
		{ "i=joe@football.example.com", "i=joe", VERIFY_NEUTRAL, "i= has no @" },
		{ "c=simple/simple", "c=nowsp/simple", VERIFY_NEUTRAL, "unknown canonicalization" },
		{ "c=simple/simple", "c=simple/", VERIFY_NEUTRAL, "unknown canonicalization" },
		{ "q=dns/txt", "q=http/get", VERIFY_NEUTRAL, "unknown way to the key" },
		{ "q=dns/txt", "t=10; x=10", VERIFY_NEUTRAL, "x= is not behind t=" },
		{ "q=dns/txt", "x=soon", VERIFY_NEUTRAL, "x= is no number" },
		{ "q=dns/txt", "t=-1", VERIFY_NEUTRAL, "t= is no number" },
		{ "q=dns/txt", "l=-1", VERIFY_NEUTRAL, "l= is no number" },
		{ "q=dns/txt", "l=100000", VERIFY_FAIL, "the body is shorter than l=" },
		{ "q=dns/txt", "l=0", VERIFY_FAIL, "body hash did not verify" },
		{ "Received : From :", "Received :", VERIFY_PERMERROR, "From is not signed" },
		{ "Received : From :", "Received : : From :", VERIFY_NEUTRAL, "empty name in h=" },
		{ "Received : From :", "Recei ved : From :", VERIFY_NEUTRAL, "bad name in h=" },
		{ "bh=2jUS", "bh=3jUS", VERIFY_FAIL, "body hash did not verify" },
		{ "bh=2jUS", "bh=!jUS", VERIFY_NEUTRAL, "bh= is not base64" },
		{ "b=AuUo", "b=BuUo", VERIFY_FAIL, "signature did not verify" },
		{ "b=AuUo", "b=-uUo", VERIFY_NEUTRAL, "b= is not base64" },
		{ "Is dinner", "Was dinner", VERIFY_FAIL, "signature did not verify" },
		{ "hungry yet", "thirsty yet", VERIFY_FAIL, "body hash did not verify" },
		{ "Joe.\r\n", "Joe.\r\n\r\n\r\n", VERIFY_PASS, NULL },
		{ "Joe.\r\n", "Joe.\r\nx", VERIFY_FAIL, "body hash did not verify" },
		{ "Received: from client1", "X-Other: y\r\nReceived: from client1", VERIFY_PASS,
			NULL },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct strbuf text = with(simple_rsa, rules[i].before, rules[i].after);

		expect(strbuf_slice(&text), world, rules[i].result, rules[i].reason,
			rules[i].after);
		strbuf_free(&text);
	}
}
END_TEST

START_TEST(each_rule_of_a_key_is_held)
{
	static const struct {
		struct zone zone;
		enum verify_result result;
		const char *reason;
	} rules[] = {
		{ { "", DNS_NXDOMAIN, { NULL } }, VERIFY_PERMERROR, "no key for signature" },
		{ { "", DNS_NODATA, { NULL } }, VERIFY_PERMERROR, "no key for signature" },
		{ { "", DNS_FAILED, { NULL } }, VERIFY_TEMPERROR, "key unavailable" },
		{ { "", DNS_BOGUS, { NULL } }, VERIFY_TEMPERROR, "key unavailable" },
		{ { "", DNS_FOUND, { "v=spf1 -all" } }, VERIFY_PERMERROR, "key syntax error" },
		{ { "", DNS_FOUND, { "p=" RSA_6376 } }, VERIFY_PASS, NULL },
		{ { "", DNS_FOUND, { "v=DKIM2; p=" RSA_6376 } }, VERIFY_PERMERROR,
			"key syntax error" },
		{ { "", DNS_FOUND, { "k=rsa; v=DKIM1; p=" RSA_6376 } }, VERIFY_PERMERROR,
			"key syntax error" },
		{ { "", DNS_FOUND, { "v=DKIM1; k=dsa; p=" RSA_6376 } }, VERIFY_PERMERROR,
			"unknown kind of key" },
		{ { "", DNS_FOUND, { ED25519_8463 } }, VERIFY_PERMERROR,
			"inappropriate key algorithm" },
		{ { "", DNS_FOUND, { "v=DKIM1; h=sha1; p=" RSA_6376 } }, VERIFY_PERMERROR,
			"inappropriate key algorithm" },
		{ { "", DNS_FOUND, { "v=DKIM1; h=sha1 : sha256; p=" RSA_6376 } }, VERIFY_PASS,
			NULL },
		{ { "", DNS_FOUND, { "v=DKIM1; s=tlsrpt; p=" RSA_6376 } }, VERIFY_PERMERROR,
			"the key is not for mail" },
		{ { "", DNS_FOUND, { "v=DKIM1; s=x:email; p=" RSA_6376 } }, VERIFY_PASS, NULL },
		{ { "", DNS_FOUND, { "v=DKIM1; t=s; p=" RSA_6376 } }, VERIFY_PERMERROR,
			"i= is not d=, as the key wants" },
		{ { "", DNS_FOUND, { "v=DKIM1; n=a note; x=y; p=" RSA_6376 " ; " } }, VERIFY_PASS,
			NULL },
		{ { "", DNS_FOUND, { "v=DKIM1; p=" } }, VERIFY_PERMERROR, "key revoked" },
		{ { "", DNS_FOUND, { "v=DKIM1; p=AAAA" } }, VERIFY_PERMERROR, "key syntax error" },
		{ { "", DNS_FOUND, { "v=DKIM1; p=A!" } }, VERIFY_PERMERROR, "key syntax error" },
		{ { "", DNS_FOUND, { "v=DKIM1" } }, VERIFY_PERMERROR, "key syntax error" },
		{ { "", DNS_FOUND, { RSA_8463 } }, VERIFY_FAIL, "signature did not verify" },
		/* Several records: one that holds is enough, and one that is a key says more. */
		{ { "", DNS_FOUND, { "v=spf1 -all", RSA_8463, "p=" RSA_6376 } }, VERIFY_PASS,
			NULL },
		{ { "", DNS_FOUND, { "v=spf1 -all", RSA_8463 } }, VERIFY_FAIL,
			"signature did not verify" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct zone zone[] = { rules[i].zone, { NULL, 0, { NULL } } };

		zone[0].name = "brisbane._domainkey.example.com";
		expect(slice_str(simple_rsa), zone, rules[i].result, rules[i].reason,
			rules[i].zone.txt[0] ? rules[i].zone.txt[0] : "");
	}
}
END_TEST

/* RFC 8616 section 5: beyond ASCII a name is asked for as the DNS has it. */
START_TEST(a_domain_beyond_ascii_is_asked_for_in_its_a_labels)
{
	struct strbuf text = with(simple_rsa, "d=example.com",
		"d=B\xc3\xbc"
		"cher.example");
	struct strbuf other =
		with(text.p, "i=joe@football.example.com", "i=@xn--bcher-kva.example");
	struct verify_message m;

	verify(&m, strbuf_slice(&other), 0, world);
	ck_assert_str_eq(
		m.dkim.signatures[0].s.key_name, "brisbane._domainkey.xn--bcher-kva.example");
	ck_assert_str_eq(m.dkim.signatures[0].reason, "key unavailable");
	verify_message_clear(&m);
	strbuf_free(&text);
	strbuf_free(&other);
}
END_TEST

START_TEST(a_key_that_is_only_tried_says_so)
{
	static const struct zone zone[] = {
		{ "brisbane._domainkey.example.com", DNS_FOUND, { "v=DKIM1; t=y; p=" RSA_6376 } },
		{ NULL, 0, { NULL } },
	};
	struct verify_message m;

	verify(&m, slice_str(simple_rsa), 0, zone);
	ck_assert_int_eq(m.dkim.signatures[0].result, VERIFY_PASS);
	ck_assert(m.dkim.signatures[0].testing);
	verify_message_clear(&m);
}
END_TEST

START_TEST(signatures_beyond_the_bound_are_counted_and_left_alone)
{
	struct strbuf text = { 0 };
	struct verify_message m;

	for (int i = 0; i < DKIM_SIGNATURES_MAX + 7; i++)
		strbuf_adds(&text, "DKIM-Signature: v=1\r\n");
	strbuf_adds(&text, simple_rsa);
	verify(&m, strbuf_slice(&text), 10, world);
	ck_assert_uint_eq(m.dkim.count, DKIM_SIGNATURES_MAX);
	ck_assert_uint_eq(m.dkim.ignored, 8);
	verify_message_clear(&m);
	strbuf_free(&text);
}
END_TEST

START_TEST(of_a_header_that_is_too_long_nothing_is_looked_at)
{
	struct strbuf text = { 0 };
	struct verify_message m;

	strbuf_adds(&text, "X: ");
	for (int i = 0; i < VERIFY_HEADER_MAX; i++)
		strbuf_addc(&text, 'x');
	strbuf_adds(&text, "\r\n");
	strbuf_adds(&text, simple_rsa);
	verify(&m, strbuf_slice(&text), 100, world);
	ck_assert(m.too_long);
	ck_assert_uint_eq(m.dkim.count, 0);
	verify_message_clear(&m);
	strbuf_free(&text);
}
END_TEST

TEST_MAIN("dkim", the_examples_of_the_rfcs_hold_however_they_are_cut,
	each_rule_of_a_signature_is_held, each_rule_of_a_key_is_held,
	a_domain_beyond_ascii_is_asked_for_in_its_a_labels, a_key_that_is_only_tried_says_so,
	signatures_beyond_the_bound_are_counted_and_left_alone,
	of_a_header_that_is_too_long_nothing_is_looked_at)
