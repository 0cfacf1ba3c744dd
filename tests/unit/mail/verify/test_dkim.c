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

TEST_MAIN("dkim", the_examples_of_the_rfcs_hold_however_they_are_cut)
