/*
 * test_arc.c: chains that are sealed here hold here: one hop after the other, with changes between; what
 * breaks one; forms that are none; fifty sets and no more.
 */
#include "harness.h"

#include "mail/verify/dns_texts.h"
#include "sign/arc_seal.h"
#include "verify/message.h"

static EVP_PKEY *key;

static const struct sign_as *as(void)
{
	static struct sign_as it;

	if (!key)
		key = sign_key_make(SIGNATURE_ED25519);
	it = (struct sign_as){ .domain = "hop.test",
		.selector = "s",
		.algorithm = SIGNATURE_ED25519,
		.key = key,
		.now_s = 500,
		.end_s = 2000 };
	return &it;
}

static const char plain[] =
	"From: A <a@example.org>\r\nTo: b@hop.test\r\nSubject: s\r\n\r\nHello\r\n";

/* Judged, with the key where `known` says so. */
static struct verify_message judge(struct slice message, enum dns_status status)
{
	struct strbuf half = { 0 }, record = { 0 }, rdata;
	struct verify_message m;
	struct slice one;

	as();
	ck_assert(sign_key_public(key, &half));
	sign_key_record(&record, SIGNATURE_ED25519, strbuf_slice(&half));
	rdata = txt_rdata(strbuf_slice(&record));
	one = strbuf_slice(&rdata);
	verify_message_init(&m);
	verify_message_feed(&m, message);
	verify_message_end(&m);
	for (size_t i = 0; i < arc_asks(&m.arc); i++) {
		ck_assert_str_eq(arc_wants(&m.arc, i), "s._domainkey.hop.test");
		arc_answer(&m.arc, i, m.arena,
			&(struct dns_answer){ .status = status,
				.why = "",
				.count = status == DNS_FOUND,
				.rdata = &one });
	}
	arc_judge(&m.arc, m.arena, 1000);
	strbuf_free(&half);
	strbuf_free(&record);
	strbuf_free(&rdata);
	return m;
}

static void expect(struct slice message, enum verify_result want, const char *what)
{
	struct verify_message m = judge(message, DNS_FOUND);

	ck_assert_msg(m.arc.result == want, "%s: %s (%s)", what, verify_result_name(m.arc.result),
		m.arc.reason ? m.arc.reason : "");
	verify_message_clear(&m);
}

/* Passes it on: verified, then sealed. False: it is not sealed. */
static bool hop(struct strbuf *message)
{
	struct verify_message m = judge(strbuf_slice(message), DNS_FOUND);
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	bool sealed = arc_seal(&out, a, strbuf_slice(message),
		&(struct arc_finding){ .authserv_id = "hop.test",
			.results = SLICE("dkim=pass header.d=example.org;\r\n\tspf=none"),
			.chain = m.arc.result },
		as());

	strbuf_add(&out, strbuf_slice(message));
	strbuf_free(message);
	*message = out;
	arena_free(&a);
	verify_message_clear(&m);
	return sealed;
}

static struct strbuf chain(size_t hops)
{
	struct strbuf message = { 0 };

	strbuf_adds(&message, plain);
	while (hops--)
		ck_assert(hop(&message));
	return message;
}

static void free_key(void)
{
	EVP_PKEY_free(key);
	key = NULL;
}

static struct strbuf with(struct slice message, const char *before, const char *after)
{
	ptrdiff_t at = slice_find(message, slice_str(before));
	struct strbuf out = { 0 };

	ck_assert_msg(at >= 0, "%s", before);
	strbuf_add(&out, slice_head(message, (size_t)at));
	strbuf_adds(&out, after);
	strbuf_add(&out, slice_skip(message, (size_t)at + strlen(before)));
	return out;
}

START_TEST(each_hop_seals_what_came_before)
{
	struct strbuf message = { 0 };
	struct verify_message m;

	strbuf_adds(&message, plain);
	expect(strbuf_slice(&message), VERIFY_NONE, "no chain");
	for (size_t i = 1; i <= 3; i++) {
		ck_assert(hop(&message));
		m = judge(strbuf_slice(&message), DNS_FOUND);
		ck_assert_int_eq(m.arc.result, VERIFY_PASS);
		ck_assert_uint_eq(m.arc.count, i);
		ck_assert(slice_eq(m.arc.seals[0].domain, SLICE("hop.test")));
		ck_assert(slice_starts(m.arc.seals[0].results, SLICE("hop.test; dkim=pass")));
		verify_message_clear(&m);
	}
	m = judge(strbuf_slice(&message), DNS_FAILED);
	ck_assert_int_eq(m.arc.result, VERIFY_TEMPERROR);
	verify_message_clear(&m);
	m = judge(strbuf_slice(&message), DNS_NXDOMAIN);
	ck_assert_int_eq(m.arc.result, VERIFY_FAIL);
	verify_message_clear(&m);
	strbuf_free(&message);
	free_key();
}
END_TEST

START_TEST(a_chain_breaks_where_it_was_changed)
{
	static const char *const changes[][2] = {
		{ "Hello", "hello" },
		{ "Subject: s", "Subject: t" },
		{ "spf=none", "spf=pass" },   /* what a hop found */
		{ "i=1; a=ed", "i=3; a=ed" }, /* a gap */
		{ "cv=none", "cv=pass" },
		{ "cv=pass", "cv=none" },
		{ "cv=pass", "cv=fail" },
		{ "t=500; cv", "t=501; cv" },
		{ "ARC-Seal: i=2", "X-Seal: i=2" },
		{ "ARC-Seal: i=2", "ARC-Seal: i=51" },
		{ "ARC-Seal: i=2", "ARC-Seal: i=0" },
		{ "ARC-Seal: i=2;", "ARC-Seal:" },
		{ "ARC-Seal: i=2", "ARC-Seal: h=From; i=2" },
		{ "From: A", "ARC-Authentication-Results: i=1; x; none\r\nFrom: A" },
		{ "From: A", "ARC-Authentication-Results: i; x; none\r\nFrom: A" },
	};
	struct strbuf message = chain(2);

	expect(strbuf_slice(&message), VERIFY_PASS, "as it was");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct strbuf other = with(strbuf_slice(&message), changes[i][0], changes[i][1]);

		expect(strbuf_slice(&other), VERIFY_FAIL, changes[i][1]);
		strbuf_free(&other);
	}
	strbuf_free(&message);
	free_key();
}
END_TEST

START_TEST(who_finds_it_broken_says_so_and_nobody_goes_on)
{
	struct strbuf message = chain(1);
	struct strbuf other = with(strbuf_slice(&message), "Hello", "hello");
	struct verify_message m;

	ck_assert(hop(&other));
	ck_assert_int_ge(slice_find(strbuf_slice(&other), SLICE("cv=fail")), 0);
	m = judge(strbuf_slice(&other), DNS_FOUND);
	ck_assert_int_eq(m.arc.result, VERIFY_FAIL);
	ck_assert_str_eq(m.arc.reason, "it was broken before");
	verify_message_clear(&m);
	ck_assert(!hop(&other));
	strbuf_free(&other);
	strbuf_free(&message);
	free_key();
}
END_TEST

START_TEST(a_chain_has_fifty_sets_and_no_more)
{
	struct strbuf message = chain(ARC_SETS_MAX);

	expect(strbuf_slice(&message), VERIFY_PASS, "fifty");
	ck_assert(!hop(&message));
	expect(strbuf_slice(&message), VERIFY_PASS, "still fifty");
	strbuf_free(&message);
	free_key();
}
END_TEST

START_TEST(it_is_read_whole_however_it_is_cut_short)
{
	struct strbuf message = chain(2);

	for (size_t n = 0; n < message.n - sizeof("Hello\r\n"); n++) {
		struct verify_message m = judge(slice_head(strbuf_slice(&message), n), DNS_FOUND);

		ck_assert_msg(m.arc.result != VERIFY_PASS, "%zu bytes", n);
		verify_message_clear(&m);
	}
	strbuf_free(&message);
	free_key();
}
END_TEST

TEST_MAIN("arc", each_hop_seals_what_came_before, a_chain_breaks_where_it_was_changed,
	who_finds_it_broken_says_so_and_nobody_goes_on, a_chain_has_fifty_sets_and_no_more,
	it_is_read_whole_however_it_is_cut_short)
