/*
 * test_dkim_sign.c: what we sign is what we verify: both kinds of key, messages of every shape; that
 * nothing of what a reader goes by can be added or changed; that a key survives being written down.
 */
#include "harness.h"

#include <openssl/rsa.h>

#include "mail/verify/dns_texts.h"
#include "sign/dkim_sign.h"
#include "verify/message.h"

static EVP_PKEY *keys[2];

/* The record of a key, as the DNS would give it, for every signature that asks. */
static void answer_all(struct verify_message *m)
{
	for (size_t i = 0; i < m->dkim.count; i++) {
		bool rsa = slice_ieq(m->dkim.signatures[i].algorithm, SLICE("rsa-sha256"));
		struct strbuf half = { 0 }, record = { 0 }, rdata;
		struct slice one;

		if (!dkim_wants(&m->dkim, i))
			continue;
		ck_assert(sign_key_public(keys[!rsa], &half));
		sign_key_record(
			&record, rsa ? SIGNATURE_RSA : SIGNATURE_ED25519, strbuf_slice(&half));
		rdata = txt_rdata(strbuf_slice(&record));
		one = strbuf_slice(&rdata);
		dkim_answer(&m->dkim, i, m->arena,
			&(struct dns_answer){
				.status = DNS_FOUND, .why = "", .count = 1, .rdata = &one });
		strbuf_free(&half);
		strbuf_free(&record);
		strbuf_free(&rdata);
	}
	dkim_judge(&m->dkim, m->arena, 1000);
}

static void make_keys(void)
{
	for (int i = 0; i < 2; i++)
		if (!keys[i])
			keys[i] = sign_key_make(i ? SIGNATURE_ED25519 : SIGNATURE_RSA);
}

static void free_keys(void)
{
	for (int i = 0; i < 2; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
}

/* The message with a signature of each kind in front. */
static struct strbuf sign(struct slice message, int64_t end_s)
{
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	struct sign_message m;

	make_keys();
	sign_message_read(&m, a, message);
	for (int i = 0; i < 2; i++)
		ck_assert(dkim_sign(&out, &m,
			&(struct sign_as){ .domain = "example.org",
				.selector = i ? "e1" : "r1",
				.algorithm = i ? SIGNATURE_ED25519 : SIGNATURE_RSA,
				.key = keys[i],
				.now_s = 500,
				.end_s = end_s }));
	strbuf_add(&out, message);
	arena_free(&a);
	return out;
}

/* The signatures of a message have these results, that of RSA first. */
static void expect_two(
	struct slice message, enum verify_result rsa, enum verify_result ed25519, const char *what)
{
	struct verify_message m;

	verify_message_init(&m);
	verify_message_feed(&m, message);
	verify_message_end(&m);
	answer_all(&m);
	ck_assert_uint_eq(m.dkim.count, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_msg(m.dkim.signatures[i].result == (i ? ed25519 : rsa), "%s: %s (%s)",
			what, verify_result_name(m.dkim.signatures[i].result),
			m.dkim.signatures[i].reason ? m.dkim.signatures[i].reason : "");
	verify_message_clear(&m);
}

static void expect(struct slice message, enum verify_result want, const char *what)
{
	expect_two(message, want, want, what);
}

static const char plain[] = "From: A <a@example.org>\r\nTo: b@example.net\r\nSubject: s\r\n"
			    "Date: Sat, 1 Jan 2000 00:00:00 +0000\r\n\r\nHello\r\n";

START_TEST(what_is_signed_verifies_whatever_its_shape)
{
	static const char *const messages[] = {
		plain,
		"From: a@example.org\r\n\r\n",
		"From: a@example.org\r\n",
		"From: a@example.org",
		"From: a@example.org\r\n\r\nno line end",
		"From: a@example.org\r\n\r\n\r\n\r\n\r\n",
		"From: a@example.org\r\n\r\n \t \r\n  x \t y  \r\n\r\n z\r\n \r\n",
		"FROM : a@example.org\r\nSubject:\r\n\t folded \r\n  much \r\n\r\n.\r\n..\r\n",
		"From: a@example.org\r\nTo: a@x\r\nTo: b@x\r\nSubject: one\r\nSubject: "
		"two\r\n\r\nx",
	};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct strbuf out = sign(slice_str(messages[i]), 2000);

		expect(strbuf_slice(&out), VERIFY_PASS, messages[i]);
		strbuf_free(&out);
	}
	free_keys();
}
END_TEST

START_TEST(a_line_end_that_is_half_is_signed_as_it_is_sent)
{
	struct strbuf out =
		sign(SLICE("From: a@example.org\nSubject: x\r\n\nline\rline\n\n"), 2000);
	struct strbuf wire = { 0 };

	for (size_t i = 0; i < out.n; i++) {
		bool cr = out.p[i] == '\r', lf = out.p[i] == '\n';

		if (!cr && !lf)
			strbuf_addc(&wire, out.p[i]);
		else if (cr || i == 0 || out.p[i - 1] != '\r')
			strbuf_adds(&wire, "\r\n");
	}
	expect(strbuf_slice(&wire), VERIFY_PASS, "as the client writes it");
	strbuf_free(&out);
	strbuf_free(&wire);
	free_keys();
}
END_TEST

static struct strbuf with(struct slice message, const char *before, const char *after)
{
	ptrdiff_t at = slice_find(message, slice_str(before));
	struct strbuf out = { 0 };

	ck_assert_int_ge(at, 0);
	strbuf_add(&out, slice_head(message, (size_t)at));
	strbuf_adds(&out, after);
	strbuf_add(&out, slice_skip(message, (size_t)at + strlen(before)));
	return out;
}

START_TEST(what_is_changed_or_added_breaks_it)
{
	static const char *const changes[][2] = {
		{ "Hello", "hello" },
		{ "Hello", "Hello\r\nand more" },
		{ "From: A <a@", "From: B <b@" },
		{ "From: A", "From: c@example.org\r\nFrom: A" },
		{ "Subject: s", "Subject: s\r\nSubject: t" },
		{ "Date: S", "Reply-To: c@example.com\r\nDate: S" },
		{ "Date: S", "Cc: c@example.com\r\nDate: S" },
		{ "Date: S", "Content-Type: text/html\r\nDate: S" },
		{ "To: b@example.net\r\n", "" },
	};
	struct strbuf out = sign(slice_str(plain), 2000);

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct strbuf other = with(strbuf_slice(&out), changes[i][0], changes[i][1]);

		expect(strbuf_slice(&other), VERIFY_FAIL, changes[i][1]);
		strbuf_free(&other);
	}
	strbuf_free(&out);
	free_keys();
}
END_TEST

START_TEST(what_a_way_may_change_does_not_break_it)
{
	static const char *const changes[][2] = {
		{ "Subject: s", "subject  :   s  " },
		{ "To: b@example.net", "To:\r\n\tb@example.net" },
		{ "Hello", "Hello  " },
		{ "Date: S", "Received: from x\r\nX-New: y\r\nDate: S" },
		{ "Hello\r\n", "Hello\r\n\r\n \r\n" },
	};
	struct strbuf out = sign(slice_str(plain), 2000);

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct strbuf other = with(strbuf_slice(&out), changes[i][0], changes[i][1]);

		expect(strbuf_slice(&other), VERIFY_PASS, changes[i][1]);
		strbuf_free(&other);
	}
	strbuf_free(&out);
	out = sign(slice_str(plain), 900); /* x= is over */
	expect(strbuf_slice(&out), VERIFY_POLICY, "expired");
	strbuf_free(&out);
	free_keys();
}
END_TEST

START_TEST(a_key_that_is_too_short_proves_nothing)
{
	struct strbuf out;

	make_keys();
	EVP_PKEY_free(keys[1]);
	EVP_PKEY_free(keys[0]);
	keys[0] = EVP_RSA_gen(768U);
	keys[1] = sign_key_make(SIGNATURE_ED25519);
	out = sign(slice_str(plain), 2000);
	expect_two(strbuf_slice(&out), VERIFY_POLICY, VERIFY_PASS, "768 bits");
	strbuf_free(&out);
	free_keys();
}
END_TEST

START_TEST(a_key_is_the_same_when_it_was_written_down)
{
	make_keys();
	for (int i = 0; i < 2; i++) {
		struct strbuf der = { 0 }, half = { 0 }, again = { 0 };
		EVP_PKEY *copy;

		ck_assert(sign_key_write(keys[i], &der));
		copy = sign_key_read(strbuf_slice(&der));
		ck_assert_ptr_nonnull(copy);
		ck_assert(sign_key_public(keys[i], &half) && sign_key_public(copy, &again));
		ck_assert(slice_eq(strbuf_slice(&half), strbuf_slice(&again)));
		ck_assert_ptr_null(sign_key_read(slice_head(strbuf_slice(&der), der.n / 2)));
		EVP_PKEY_free(copy);
		strbuf_free(&der);
		strbuf_free(&half);
		strbuf_free(&again);
	}
	free_keys();
}
END_TEST

START_TEST(the_domain_is_that_of_the_author)
{
	static const char *const cases[][2] = {
		{ "From: A <a@Example.ORG>\r\n", "example.org" },
		{ "Sender: x@example.net\r\nFrom: a@one.test, b@two.test\r\n", "one.test" },
		{ "From: Team: a@one.test;\r\n", "one.test" },
		{ "From: nobody\r\n", "" },
		{ "To: a@one.test\r\n", "" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sign_message m;

		sign_message_read(&m, a, slice_str(cases[i][0]));
		ck_assert_msg(slice_eq(sign_message_domain(&m, a), slice_str(cases[i][1])), "%s",
			cases[i][0]);
	}
	arena_free(&a);
}
END_TEST

START_TEST(fields_in_front_are_as_if_they_had_been_there)
{
	static const char fields[] = "List-Id: <a.b>\r\nList-Unsubscribe: <https://x/>\r\n"
				     "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
	static const char message[] =
		"From: a@a.test\r\nList-Unsubscribe: <https://y/>\r\nSubject: s\r\n"
		"\r\nbody\r\n";
	struct arena *a = arena_new();
	struct sign_message m, both, whole;
	struct strbuf text = { 0 }, one = { 0 }, other = { 0 };

	strbuf_printf(&text, "%s%s", fields, message);
	sign_message_read(&m, a, SLICE(message));
	sign_message_prepend(&both, a, &m, SLICE(fields));
	sign_message_read(&whole, a, strbuf_slice(&text));
	ck_assert_uint_eq(both.name_count, whole.name_count);
	sign_message_tags(&one, &both);
	sign_message_tags(&other, &whole);
	sign_message_covered(&one, &both);
	sign_message_covered(&other, &whole);
	ck_assert(slice_eq(strbuf_slice(&one), strbuf_slice(&other)));
	ck_assert(slice_find(strbuf_slice(&one), SLICE("list-unsubscribe:<https://x/>")) > 0);
	ck_assert(slice_find(strbuf_slice(&one), SLICE("list-unsubscribe:<https://y/>")) > 0);
	strbuf_free(&text);
	strbuf_free(&one);
	strbuf_free(&other);
	arena_free(&a);
}
END_TEST

TEST_MAIN("dkim_sign", fields_in_front_are_as_if_they_had_been_there,
	what_is_signed_verifies_whatever_its_shape, a_line_end_that_is_half_is_signed_as_it_is_sent,
	what_is_changed_or_added_breaks_it, what_a_way_may_change_does_not_break_it,
	a_key_that_is_too_short_proves_nothing, a_key_is_the_same_when_it_was_written_down,
	the_domain_is_that_of_the_author)
