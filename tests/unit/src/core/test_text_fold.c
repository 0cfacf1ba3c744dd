/*
 * test_text_fold.c: folding for search. The pairs are from Unicode's CaseFolding.txt (C and S).
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/rand.h"
#include "hearth/text.h"

START_TEST(folds)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "Hello WORLD 0@[`{", "hello world 0@[`{" },
		{ "ÀÖØÞ×÷ßÿ", "àöøþ×÷ßÿ" },
		{ "ŸŽſĲİı", "ÿžsĳİı" }, /* dotted and dotless i stay: they fold by language */
		{ "ƁǄǅǱȺ", "ɓǆǆǳⱥ" },
		{ "ẞẠỾẛ", "ßạỿṡ" },
		{ "ΑΒΓΣσςΆΏϑ", "αβγσσσάώθ" },
		{ "ἈὙᾼ", "ἀὑᾳ" },
		{ "ЁЖЯӀѠ", "ёжяӏѡ" },
		{ "KÅΩ", "kåω" }, /* Kelvin, Angstrom, Ohm */
		{ "ＡＺ", "ａｚ" },
		{ "日本語 한국어 עברית", "日本語 한국어 עברית" },
		{ "😀𐐀", "😀𐐀" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf b = { 0 };

		text_fold(&b, slice_str(cases[i].in));
		ck_slice_eq(strbuf_slice(&b), cases[i].out);
		strbuf_free(&b);
	}
}
END_TEST

START_TEST(collapses_white_space)
{
	struct strbuf b = { 0 };

	text_fold(&b, SLICE(" \t a\r\n\r\nb\v\fc\xC2\xA0\xE2\x80\x83\xE3\x80\x80"
			    "d\xC2\x85 "));
	ck_slice_eq(strbuf_slice(&b), " a b c d ");
	strbuf_reset(&b);
	text_fold(&b, SLICE("zero\xE2\x80\x8Bwidth")); /* U+200B is no white space */
	ck_slice_eq(strbuf_slice(&b), "zero\xE2\x80\x8Bwidth");
	strbuf_free(&b);
}
END_TEST

START_TEST(appends_and_replaces)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, "X");
	text_fold(&b, SLICE("A\xFF\0B\0 \0 \0C"));
	ck_assert(slice_eq(strbuf_slice(&b), SLICE("Xa\xEF\xBF\xBD"
						   "b c")));
	strbuf_free(&b);
}
END_TEST

/* Folding twice changes nothing more, for every code point. */
START_TEST(is_done_once)
{
	struct strbuf text = { 0 }, once = { 0 }, twice = { 0 };

	for (uint32_t c = 0; c <= 0x10FFFF; c++)
		utf8_append(&text, c);
	text_fold(&once, strbuf_slice(&text));
	text_fold(&twice, strbuf_slice(&once));
	ck_assert(utf8_valid(strbuf_slice(&once)));
	ck_assert(slice_eq(strbuf_slice(&once), strbuf_slice(&twice)));
	strbuf_free(&text);
	strbuf_free(&once);
	strbuf_free(&twice);
}
END_TEST

START_TEST(any_bytes_give_valid_text)
{
	rand_seed_for_tests(6);
	for (int i = 0; i < 20000; i++) {
		struct strbuf b = { 0 };
		char in[32];
		size_t n = rand_below(sizeof(in));

		rand_bytes(in, n);
		text_fold(&b, slice_of(in, n));
		ck_assert(utf8_valid(strbuf_slice(&b)));
		ck_assert_int_eq(slice_find(strbuf_slice(&b), SLICE("  ")), -1);
		strbuf_free(&b);
	}
}
END_TEST

TEST_MAIN("text_fold", folds, collapses_white_space, appends_and_replaces, is_done_once,
	any_bytes_give_valid_text)
