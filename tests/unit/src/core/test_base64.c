/*
 * test_base64.c: base64 and base64url: RFC 4648's vectors (section 10), what is refused, and that
 * one value has one spelling.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "hearth/text.h"

START_TEST(vectors)
{
	static const char *const in[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	static const char *const padded[] = { "", "Zg==", "Zm8=", "Zm9v",
		"Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		struct strbuf b = { 0 };
		size_t digits = strcspn(padded[i], "=");

		base64_encode(&b, slice_str(in[i]));
		ck_slice_eq(strbuf_slice(&b), padded[i]);
		strbuf_reset(&b);
		base64url_encode(&b, slice_str(in[i]));
		ck_assert(slice_eq(strbuf_slice(&b), slice_of(padded[i], digits)));
		strbuf_reset(&b);
		ck_assert_int_eq(base64_decode(&b, slice_str(padded[i])), 0);
		ck_slice_eq(strbuf_slice(&b), in[i]);
		ck_assert_int_eq(base64url_decode(&b, slice_of(padded[i], digits)), 0);
		ck_assert_uint_eq(b.n, 2 * strlen(in[i]));
		strbuf_free(&b);
	}
}
END_TEST

START_TEST(alphabets_differ_in_two)
{
	struct strbuf b = { 0 };

	base64_encode(&b, SLICE("\xFB\xEF\xFF"));
	base64url_encode(&b, SLICE("\xFB\xEF\xFF"));
	ck_assert_str_eq(b.p, "++//--__");
	ck_assert_int_eq(base64_decode(&b, SLICE("--__")), HEARTH_EINVAL);
	ck_assert_int_eq(base64url_decode(&b, SLICE("++//")), HEARTH_EINVAL);
	strbuf_free(&b);
}
END_TEST

START_TEST(refuses_and_leaves_the_output)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zm8", "====", "=",
		"Z===", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9v====", "Zg=a",
		"Zh==", "Zm9=", "Z@==", "Zm9\x80" };
	static const char *const bad_url[] = { "Z", "Zg==", "Zh", "Zm9", "Zm9vY", "Zm9v=", "Z g" };
	struct strbuf b = { 0 };

	strbuf_adds(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(base64_decode(&b, slice_str(bad[i])) == HEARTH_EINVAL, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++)
		ck_assert_msg(base64url_decode(&b, slice_str(bad_url[i])) == HEARTH_EINVAL, "%s",
			bad_url[i]);
	ck_assert_str_eq(b.p, "kept");
	strbuf_free(&b);
}
END_TEST

START_TEST(every_length_there_and_back)
{
	rand_seed_for_tests(7);
	for (size_t n = 0; n < 500; n++) {
		struct strbuf text = { 0 }, url = { 0 }, back = { 0 };
		char in[500];

		rand_bytes(in, n);
		base64_encode(&text, slice_of(in, n));
		base64url_encode(&url, slice_of(in, n));
		ck_assert_int_eq(base64_decode(&back, strbuf_slice(&text)), 0);
		ck_assert(slice_eq(strbuf_slice(&back), slice_of(in, n)));
		strbuf_reset(&back);
		ck_assert_int_eq(base64url_decode(&back, strbuf_slice(&url)), 0);
		ck_assert(slice_eq(strbuf_slice(&back), slice_of(in, n)));
		strbuf_free(&text);
		strbuf_free(&url);
		strbuf_free(&back);
	}
}
END_TEST

START_TEST(one_spelling_only)
{
	rand_seed_for_tests(8);
	for (int i = 0; i < 200000; i++) {
		static const char digits[] = "AQgwZz09+/=- ";
		struct strbuf bytes = { 0 }, again = { 0 };
		char text[8];
		size_t n = rand_below(sizeof(text) + 1);

		for (size_t j = 0; j < n; j++)
			text[j] = digits[rand_below(sizeof(digits) - 1)];
		if (base64_decode(&bytes, slice_of(text, n)) == 0) {
			base64_encode(&again, strbuf_slice(&bytes));
			ck_assert(slice_eq(strbuf_slice(&again), slice_of(text, n)));
		}
		strbuf_free(&bytes);
		strbuf_free(&again);
	}
}
END_TEST

TEST_MAIN("base64", vectors, alphabets_differ_in_two, refuses_and_leaves_the_output,
	every_length_there_and_back, one_spelling_only)
