/*
 * test_dmarc.c: DMARC (RFC 9989): records, the tree walk, alignment and what its owner wants, against a
 * DNS of the test's own; as tables.
 */
#include "harness.h"
#include "mail/verify/fake_dns.h"
#include "verify/dmarc.h"

static struct fake_dns dns;

/* ---- records ---- */

static const struct {
	const char *text;
	bool is, applies;
	enum dmarc_policy p, sp, np;
} records[] = {
	{ "v=DMARC1; p=reject", true, true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT },
	{ "v=DMARC1;p=none;sp=quarantine", true, true, DMARC_NONE, DMARC_QUARANTINE,
		DMARC_QUARANTINE },
	{ "v=DMARC1; p=none; np=reject;", true, true, DMARC_NONE, DMARC_NONE, DMARC_REJECT },
	{ "v = DMARC1 ; p = REJECT ; pct=10; rf=afrf", true, true, DMARC_REJECT, DMARC_REJECT,
		DMARC_REJECT },
	/* Without a policy it is one of none; with what is no policy, one for reports or nothing. */
	{ "v=DMARC1", true, true, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "v=DMARC1; rua=mailto:a@example.org", true, true, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "v=DMARC1; p=refuse", true, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "v=DMARC1; p=reject; sp=what", true, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "v=DMARC1; p=reject; np=what; rua=mailto:a@example.org", true, true, DMARC_NONE,
		DMARC_NONE, DMARC_NONE },
	{ "v=DMARC1; p=reject; p=none", true, true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT },
	{ "v=DMARC1; foo; =; ;; p=reject; x=y=z", true, true, DMARC_REJECT, DMARC_REJECT,
		DMARC_REJECT },
	{ "V=DMARC1; p=reject", true, true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT },
	{ "v=DMARC2; p=reject", false, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "v=dmarc1; p=reject", false, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "p=reject; v=DMARC1", false, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ " v=DMARC1; p=reject", false, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "v=DMARC1 p=reject", false, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "v=spf1 -all", false, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
	{ "", false, false, DMARC_NONE, DMARC_NONE, DMARC_NONE },
};

START_TEST(records_are_read)
{
	struct dmarc_record r;

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		bool is = dmarc_record_parse(slice_str(records[i].text), &r);

		ck_assert_msg(is == records[i].is, "%s", records[i].text);
		ck_assert_msg(!is || (r.applies == records[i].applies && r.p == records[i].p &&
					     r.sp == records[i].sp && r.np == records[i].np),
			"%s", records[i].text);
	}
	ck_assert(dmarc_record_parse(
		SLICE("v=DMARC1; p=none; adkim=s; aspf=S; t=y; psd=n; rua=mailto:x@y.z, mailto:q"),
		&r));
	ck_assert(r.strict_dkim && r.strict_spf && r.testing && r.psd == DMARC_PSD_NO);
	ck_assert(slice_eq(r.rua, SLICE("mailto:x@y.z, mailto:q")));
}
END_TEST

START_TEST(records_cut_at_every_byte)
{
	static const char text[] = "v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=r; "
				   "rua=mailto:a@b.c; psd=y; t=y; fo=1";
	struct dmarc_record r;

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, text, n);
		ck_assert(dmarc_record_parse(slice_of(copy, n), &r) == (n >= 8));
		free(copy);
	}
}
END_TEST

/* ---- messages ---- */

static const struct {
	const char *name, *type, *value;
} zone[] = {
	{ "_dmarc.example.com", "TXT", "v=DMARC1; p=reject; sp=quarantine; np=none" },
	{ "there.example.com", "A", "192.0.2.1" },
	{ "v6.example.com", "AAAA", "2001:db8::1" },
	{ "mx.example.com", "MX", "10 there.example.com" },
	{ "text.example.com", "TXT", "nothing else" },
	{ "alias.example.com", "CNAME", "gone.example.net" },
	{ "_dmarc.own.example.com", "TXT", "v=DMARC1; p=none; adkim=s" },
	{ "_dmarc.apart.example.com", "TXT", "v=DMARC1; p=quarantine; psd=n" },
	{ "_dmarc.twice.example", "TXT", "v=DMARC1; p=reject" },
	{ "_dmarc.twice.example", "TXT", "v=DMARC1; p=none" },
	{ "_dmarc.other.example", "TXT", "some text" },
	{ "_dmarc.other.example", "TXT", "v=DMARC1; p=quarantine; t=y" },
	{ "_dmarc.try.example", "TXT", "v=DMARC1; p=reject; t=y" },
	{ "_dmarc.strict.example", "TXT", "v=DMARC1; p=reject; adkim=s; aspf=s" },
	{ "_dmarc.broken.example", "TXT", "v=DMARC1; p=what" },
	{ "_dmarc.bank", "TXT", "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y" },
	{ "_dmarc.good.bank", "TXT", "v=DMARC1; p=reject" },
	{ "_dmarc.deep.inner.good.bank", "TXT", "v=DMARC1; p=none" },
	{ "lone.bank", "A", "192.0.2.1" },
	{ "_dmarc.dead.example", "TXT", "TIMEOUT" },
	{ "_dmarc.f.g.h.i.j.k.mail.example", "TXT", "v=DMARC1; p=none; sp=reject" },
	{ "_dmarc.d.e.f.g.h.i.j.k.mail.example", "TXT", "v=DMARC1; p=quarantine" },
};

static const struct {
	const char *author, *proven; /* "dkim:DOMAIN", "spf:DOMAIN", "?dkim:DOMAIN" (temperror) */
	enum dmarc_result result;
	enum dmarc_policy wanted;
	const char *policy; /* where it is; NULL: none */
} messages[] = {
	{ "example.com", "", DMARC_RESULT_FAIL, DMARC_REJECT, "example.com" },
	{ "example.com", "spf:example.com", DMARC_RESULT_PASS, DMARC_NONE, "example.com" },
	{ "example.com", "dkim:example.com", DMARC_RESULT_PASS, DMARC_NONE, "example.com" },
	{ "example.com", "dkim:mail.example.com", DMARC_RESULT_PASS, DMARC_NONE, "example.com" },
	{ "a.b.example.com", "spf:c.example.com", DMARC_RESULT_PASS, DMARC_NONE, "example.com" },
	{ "a.b.example.com", "spf:example.com", DMARC_RESULT_PASS, DMARC_NONE, "example.com" },
	{ "example.com", "spf:example.net dkim:badexample.com", DMARC_RESULT_FAIL, DMARC_REJECT,
		"example.com" },
	{ "example.com", "spf:com", DMARC_RESULT_FAIL, DMARC_REJECT, "example.com" },
	/* sp for what is there, by any record or as an alias of nothing; np for what is not */
	{ "there.example.com", "", DMARC_RESULT_FAIL, DMARC_QUARANTINE, "example.com" },
	{ "v6.example.com", "", DMARC_RESULT_FAIL, DMARC_QUARANTINE, "example.com" },
	{ "mx.example.com", "", DMARC_RESULT_FAIL, DMARC_QUARANTINE, "example.com" },
	{ "text.example.com", "", DMARC_RESULT_FAIL, DMARC_QUARANTINE, "example.com" },
	{ "alias.example.com", "", DMARC_RESULT_FAIL, DMARC_QUARANTINE, "example.com" },
	{ "nowhere.example.com", "", DMARC_RESULT_FAIL, DMARC_NONE, "example.com" },
	/* a record of its own; one that says it is an organization */
	{ "own.example.com", "", DMARC_RESULT_FAIL, DMARC_NONE, "own.example.com" },
	{ "own.example.com", "dkim:example.com", DMARC_RESULT_FAIL, DMARC_NONE, "own.example.com" },
	{ "own.example.com", "spf:example.com", DMARC_RESULT_PASS, DMARC_NONE, "own.example.com" },
	{ "apart.example.com", "spf:example.com", DMARC_RESULT_FAIL, DMARC_QUARANTINE,
		"apart.example.com" },
	{ "example.com", "spf:apart.example.com", DMARC_RESULT_FAIL, DMARC_REJECT, "example.com" },
	{ "a.apart.example.com", "dkim:b.apart.example.com", DMARC_RESULT_PASS, DMARC_NONE,
		"apart.example.com" },
	/* none, several, others beside it, one that is none */
	{ "nothing.example", "spf:nothing.example", DMARC_RESULT_NONE, DMARC_NONE, NULL },
	{ "twice.example", "", DMARC_RESULT_NONE, DMARC_NONE, NULL },
	{ "broken.example", "", DMARC_RESULT_NONE, DMARC_NONE, "broken.example" },
	{ "other.example", "", DMARC_RESULT_FAIL, DMARC_NONE, "other.example" },
	{ "try.example", "", DMARC_RESULT_FAIL, DMARC_QUARANTINE, "try.example" },
	{ "strict.example", "dkim:a.strict.example spf:b.strict.example", DMARC_RESULT_FAIL,
		DMARC_REJECT, "strict.example" },
	{ "strict.example", "dkim:a.strict.example spf:strict.example", DMARC_RESULT_PASS,
		DMARC_NONE, "strict.example" },
	/* below a suffix that others register in */
	{ "good.bank", "spf:a.good.bank", DMARC_RESULT_PASS, DMARC_NONE, "good.bank" },
	{ "good.bank", "spf:evil.bank", DMARC_RESULT_FAIL, DMARC_REJECT, "good.bank" },
	{ "lone.bank", "spf:a.lone.bank", DMARC_RESULT_PASS, DMARC_NONE, "bank" },
	{ "lone.bank", "spf:evil.bank", DMARC_RESULT_FAIL, DMARC_QUARANTINE, "bank" },
	{ "no.bank", "", DMARC_RESULT_FAIL, DMARC_REJECT, "bank" },
	{ "bank", "", DMARC_RESULT_FAIL, DMARC_NONE, "bank" },
	{ "x.inner.good.bank", "", DMARC_RESULT_FAIL, DMARC_REJECT, "good.bank" },
	{ "deep.inner.good.bank", "dkim:good.bank", DMARC_RESULT_PASS, DMARC_NONE,
		"deep.inner.good.bank" },
	/* the DNS does not answer: for the policy, for a key, for what does not matter */
	{ "dead.example", "spf:dead.example", DMARC_RESULT_TEMPERROR, DMARC_NONE, NULL },
	{ "example.com", "?dkim:example.com", DMARC_RESULT_TEMPERROR, DMARC_NONE, "example.com" },
	{ "example.com", "?dkim:a.example.com spf:example.com", DMARC_RESULT_PASS, DMARC_NONE,
		"example.com" },
	{ "example.com", "?dkim:example.net", DMARC_RESULT_FAIL, DMARC_REJECT, "example.com" },
	/* of a long name the last seven labels are asked behind the whole */
	{ "a.b.c.d.e.f.g.h.i.j.k.mail.example", "", DMARC_RESULT_NONE, DMARC_NONE, NULL },
	{ "d.e.f.g.h.i.j.k.mail.example", "", DMARC_RESULT_FAIL, DMARC_QUARANTINE,
		"d.e.f.g.h.i.j.k.mail.example" },
};

static void on_done(void *arg)
{
	(*(int *)arg)++;
}

static size_t read_proven(const char *text, struct dmarc_identifier *out)
{
	struct slice rest = slice_str(text);
	size_t n = 0;

	while (rest.n > 0) {
		struct slice domain = slice_split(&rest, ' '), kind = slice_split(&domain, ':');
		bool unknown = slice_starts(kind, SLICE("?"));

		out[n++] = (struct dmarc_identifier){ .domain = domain,
			.unknown = unknown,
			.dkim = slice_eq(slice_skip(kind, unknown), SLICE("dkim")) };
	}
	return n;
}

static void fill(void)
{
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++)
		fake_dns_add(&dns, slice_str(zone[i].name), slice_str(zone[i].type),
			slice_str(zone[i].value));
}

/* `late`: SPF and DKIM end behind the walk, else before it. */
static void check_message(size_t i, bool late)
{
	struct verify_asker asker = fake_dns_asker(&dns);
	struct dmarc_identifier proven[4];
	struct dmarc_check *c = calloc(1, sizeof(*c));
	struct arena *a = arena_new();
	int called = 0;

	dns.asked = 0;
	dmarc_check_begin(c, &asker, a, slice_str(messages[i].author));
	if (late)
		fake_dns_run(&dns);
	dmarc_check_judge(c, proven, read_proven(messages[i].proven, proven), on_done, &called);
	fake_dns_run(&dns);
	ck_assert_int_eq(called, 1);
	ck_assert_msg(
		c->outcome.result == messages[i].result && c->outcome.wanted == messages[i].wanted,
		"%s %s: %s, wanted %s", messages[i].author, messages[i].proven,
		dmarc_result_name(c->outcome.result), dmarc_policy_name(c->outcome.wanted));
	ck_assert_msg(messages[i].policy
			      ? slice_eq(c->outcome.policy.domain, slice_str(messages[i].policy))
			      : !c->outcome.policy.domain.p,
		"%s: policy of %.*s", messages[i].author, SLICE_ARG(c->outcome.policy.domain));
	ck_assert_uint_le(dns.asked, 3 * DMARC_WALK_MAX + 3);
	dmarc_check_drop(c);
	free(c);
	arena_free(&a);
}

START_TEST(messages_are_judged)
{
	fill();
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		check_message(i, false);
		check_message(i, true);
	}
	fake_dns_clear(&dns);
}
END_TEST

/* Any number of signatures of names below the author's are looked at up to a bound. */
START_TEST(walks_are_bounded)
{
	struct verify_asker asker = fake_dns_asker(&dns);
	struct dmarc_identifier proven[40];
	char names[40][40];
	struct dmarc_check *c = calloc(1, sizeof(*c));
	struct arena *a = arena_new();
	int called = 0;

	fill();
	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "a.b.c.d.e.f%d.apart.example.com", i);
		proven[i] =
			(struct dmarc_identifier){ .domain = slice_str(names[i]), .dkim = true };
	}
	dns.asked = 0;
	dmarc_check_begin(c, &asker, a, SLICE("example.com"));
	dmarc_check_judge(c, proven, 40, on_done, &called);
	fake_dns_run(&dns);
	ck_assert_int_eq(called, 1);
	ck_assert_int_eq(c->outcome.result, DMARC_RESULT_FAIL);
	ck_assert_uint_le(dns.asked, (1 + DMARC_WALKS_MAX) * DMARC_WALK_MAX);
	dmarc_check_drop(c);
	free(c);
	arena_free(&a);
	fake_dns_clear(&dns);
}
END_TEST

START_TEST(one_that_is_dropped_is_silent)
{
	struct verify_asker asker = fake_dns_asker(&dns);
	struct dmarc_identifier proven = { .domain = SLICE("a.example.com") };
	int called = 0;

	fill();
	for (int questions = 0; questions < 9; questions++) {
		struct dmarc_check *c = calloc(1, sizeof(*c));
		struct arena *a = arena_new();

		dmarc_check_begin(c, &asker, a, SLICE("x.y.z.example.com"));
		dmarc_check_judge(c, &proven, 1, on_done, &called);
		for (int i = 0; i < questions && dns.waiting_n > 0; i++) {
			struct dns_question *q = dns.waiting[0];

			dns.waiting_n = 0;
			fake_dns_answer(&dns, q);
		}
		dmarc_check_drop(c);
		ck_assert_uint_eq(dns.waiting_n, 0);
		free(c);
		arena_free(&a);
	}
	fake_dns_clear(&dns);
}
END_TEST

TEST_MAIN("dmarc", records_are_read, records_cut_at_every_byte, messages_are_judged,
	walks_are_bounded, one_that_is_dropped_is_silent)
