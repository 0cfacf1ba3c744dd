/*
 * test_body_hash.c: bodies in their two canonical forms, cut at every byte: the hash is that of the text
 * they should have; the first bytes of a form (l=); how many may ask.
 */
#include "harness.h"

#include <openssl/sha.h>

#include "verify/body_hash.h"

static const struct {
	const char *body, *simple, *relaxed;
} bodies[] = {
	{ "", "\r\n", "" },
	{ "\r\n", "\r\n", "" },
	{ "\r\n\r\n\r\n", "\r\n", "" },
	{ " \r\n\t\r\n", " \r\n\t\r\n", "" },
	{ " ", " \r\n", "" },
	{ "a", "a\r\n", "a\r\n" },
	{ "a\r\n", "a\r\n", "a\r\n" },
	{ "a\r\n\r\n \r\n", "a\r\n\r\n \r\n", "a\r\n" },
	{ "\r\na", "\r\na\r\n", "\r\na\r\n" },
	{ " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n" }, /* RFC 6376 3.4.5 */
	{ "a\r", "a\r\r\n", "a\r\r\n" },
	{ "a \rb", "a \rb\r\n", "a \rb\r\n" },
	{ "a\r\r\n\n", "a\r\r\n\n\r\n", "a\r\r\n\n\r\n" },
	{ "\r\n\r\r\n", "\r\n\r\r\n", "\r\n\r\r\n" },
	{ "a\t\t b\r\n.\r\n", "a\t\t b\r\n.\r\n", "a b\r\n.\r\n" },
};

static void expect_hash(const struct body_want *w, struct slice text, const char *what)
{
	unsigned char want[BODY_HASH_SIZE];

	SHA256((const unsigned char *)text.p, text.n, want);
	ck_assert_msg(w->known && memcmp(w->hash, want, sizeof(want)) == 0, "%s", what);
}

static void check(
	struct slice body, const char *simple, const char *relaxed, size_t cut, size_t step)
{
	struct body_hash h = { .count = 0 };

	ck_assert_int_eq(body_hash_want(&h, false, false, 0), 0);
	ck_assert_int_eq(body_hash_want(&h, true, false, 0), 1);
	ck_assert_int_eq(body_hash_want(&h, true, true, 2), 2);
	ck_assert_int_eq(body_hash_want(&h, false, true, 1), 3);
	ck_assert_int_eq(body_hash_want(&h, false, true, 0), 4);
	body_hash_feed(&h, slice_head(body, cut));
	for (size_t at = cut; at < body.n; at += step)
		body_hash_feed(&h, slice_head(slice_skip(body, at), step));
	body_hash_end(&h);
	expect_hash(&h.wants[0], slice_str(simple), simple);
	expect_hash(&h.wants[1], slice_str(relaxed), relaxed);
	ck_assert_uint_eq(body_hash_length(&h, false), strlen(simple));
	ck_assert_uint_eq(body_hash_length(&h, true), strlen(relaxed));
	ck_assert(h.wants[2].known == (strlen(relaxed) >= 2));
	if (h.wants[2].known)
		expect_hash(&h.wants[2], slice_of(relaxed, 2), "the first two");
	expect_hash(&h.wants[3], slice_of(simple, 1), "the first one");
	expect_hash(&h.wants[4], SLICE(""), "none");
	body_hash_clear(&h);
	body_hash_clear(&h);
}

START_TEST(a_body_has_its_form_however_it_is_cut)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct slice body = slice_str(bodies[i].body);

		for (size_t cut = 0; cut <= body.n; cut++)
			for (size_t step = 1; step <= 3; step += 2)
				check(body, bodies[i].simple, bodies[i].relaxed, cut, step);
	}
}
END_TEST

START_TEST(a_long_body_is_hashed_whole_and_up_to_where_it_is_asked_for)
{
	struct body_hash h = { .count = 0 };
	struct strbuf body = { 0 };

	for (int i = 0; i < 20001; i++)
		strbuf_adds(&body, i % 7 ? "some words on a line\r\n" : "\r\n");
	body_hash_want(&h, false, false, 0);
	body_hash_want(&h, true, false, 0);
	for (uint64_t i = 0; i < BODY_WANTS_MAX - 2; i++)
		ck_assert_int_ge(body_hash_want(&h, i % 2, true, 100000 - i * 7001), 0);
	ck_assert_int_eq(body_hash_want(&h, true, false, 0), -1);
	for (size_t at = 0; at < body.n; at += 12345)
		body_hash_feed(&h, slice_head(slice_skip(strbuf_slice(&body), at), 12345));
	body_hash_end(&h);
	expect_hash(&h.wants[0], strbuf_slice(&body), "simple");
	expect_hash(&h.wants[1], strbuf_slice(&body), "relaxed");
	for (size_t i = 2; i < BODY_WANTS_MAX; i++)
		expect_hash(&h.wants[i], slice_of(body.p, (size_t)h.wants[i].limit), "its first");
	body_hash_clear(&h);
	strbuf_free(&body);
}
END_TEST

TEST_MAIN("body_hash", a_body_has_its_form_however_it_is_cut,
	a_long_body_is_hashed_whole_and_up_to_where_it_is_asked_for)
