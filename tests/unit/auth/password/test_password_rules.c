/*
 * Which passwords may be chosen, and that one password has one form however it was typed.
 */
#include "password/password_rules.h"
#include <stdio.h>

#include "harness.h"
#include "hearth/clock.h"
#include "hearth/error.h"

static struct password_rules rules = { .min = 8,
	.address = "ann.smith@hearth.test",
	.name = { "Zoë Brontë", 12 },
	.hostname = "hearthside.test" };

/* "" when it may be chosen, else the sentence. */
static const char *check(const char *password)
{
	static char why[160];
	int rc = password_check(slice_str(password), &rules, why);

	ck_assert_int_eq(rc, why[0] ? HEARTH_EINVAL : 0);
	return why;
}

#define GOOD(password)       ck_assert_str_eq(check(password), "")
#define BAD(password, words) ck_assert_ptr_nonnull(strstr(check(password), words))

static const char *nfkc(const char *password)
{
	static char out[AUTH_PASSWORD_NFKC];
	size_t n;

	ck_assert_int_eq(password_normalise(slice_str(password), out, &n), 0);
	ck_assert_uint_eq(strlen(out), n);
	return out;
}

START_TEST(length_counts_characters)
{
	char long_one[300];

	BAD("", "at least 8");
	BAD("kittyfe", "at least 8");
	GOOD("kitty fe");
	/* Seven letters with a mark each are seven characters once composed. */
	BAD("a\u0301e\u0301i\u0301o\u0301u\u0301y\u0301n\u0303", "at least 8");
	GOOD("a\u0301e\u0301i\u0301o\u0301u\u0301y\u0301n\u0303q\u0308");
	/* One ligature that becomes eighteen characters is one keystroke. */
	BAD("\uFDFA", "at least 8");
	/* Seven emoji, then eight. */
	BAD("🐴🔋📎🦊🌋🧂🎻", "at least 8");
	GOOD("🐴🔋📎🦊🌋🧂🎻🪐");
	rules.min = 12;
	BAD("kitty feede", "at least 12");
	GOOD("kitty feeder");
	rules.min = 8;
	memset(long_one, 0, sizeof(long_one));
	for (int i = 0; i < 256; i++)
		long_one[i] = "correct horse"[i % 13];
	GOOD(long_one);
	long_one[256] = 'x';
	BAD(long_one, "at most 256 bytes");
}
END_TEST

START_TEST(sixty_four_characters_of_any_script)
{
	char text[400] = "";

	for (int i = 0; i < 32; i++)
		memcpy(text + strlen(text), i % 3 ? "🦊🌋" : "🎻🧂", 9);
	ck_assert_uint_eq(strlen(text), 256);
	GOOD(text);
	/* Also those that normalise to the longest there is. */
	text[0] = '\0';
	for (int i = 0; i < 64; i++)
		memcpy(text + strlen(text), i % 3 ? "\uFDFA" : "\uFDFB", 4);
	GOOD(text);
}
END_TEST

START_TEST(all_printing_characters)
{
	GOOD("              x");
	GOOD("~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|} ");
	GOOD("ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ");
	GOOD("密码安全需要长度够长");
	BAD("tab\tin a password", "control characters");
	BAD("line\nin a password", "control characters");
	BAD("\xc2\x85 next line too", "control characters");
}
END_TEST

START_TEST(what_is_no_utf8_is_refused)
{
	char out[AUTH_PASSWORD_NFKC], why[160];
	size_t n;

	BAD("correct \xff horse", "UTF-8");
	BAD("correct \xc0\xaf horse", "UTF-8");
	BAD("correct \xed\xa0\x80 horse", "UTF-8");
	BAD("correct horse \xf0\x9f\x90", "UTF-8");
	ck_assert_int_eq(
		password_check(slice_of("correct\0horse", 13), &rules, why), HEARTH_EINVAL);
	ck_assert_int_eq(password_normalise(SLICE("correct \xff horse"), out, &n), HEARTH_EINVAL);
}
END_TEST

START_TEST(one_form_however_it_was_typed)
{
	/* Full-width letters, the wide space, a ligature, marks apart and in another order. */
	ck_assert_str_eq(nfkc("ｃｏｒｒｅｃｔ　ｈｏｒｓｅ"), "correct horse");
	ck_assert_str_eq(nfkc("o\uFB03ce ch\u00e4ir"), "office ch\u00e4ir");
	ck_assert_str_eq(nfkc("cha\u0308ir"), "ch\u00e4ir");
	ck_assert_str_eq(nfkc("q\u0323\u0307x"), nfkc("q\u0307\u0323x"));
	ck_assert_str_eq(nfkc("\u212b"), "\u00c5");
	ck_assert_str_eq(nfkc("각"), nfkc("\u1100\u1161\u11a8"));
	/* Case, spaces, joiners of emoji and what is above Unicode 14 stay. */
	ck_assert_str_eq(nfkc("Correct  Horse "), "Correct  Horse ");
	ck_assert_str_eq(nfkc("👩\u200d🚀\U0001FAE8"), "👩\u200d🚀\U0001FAE8");
	/* The form of a form is itself. */
	ck_assert_str_eq(nfkc(nfkc("ﬃ ① ㎏ ﷺ")), nfkc("ﬃ ① ㎏ ﷺ"));
}
END_TEST

START_TEST(common_ones_are_refused)
{
	BAD("password", "most common");
	BAD("PassWord1", "most common");
	BAD("qwertyuiop", "most common");
	BAD("trustno1", "most common");
	BAD("ｐａｓｓｗｏｒｄ", "most common");
	BAD("pass\u200bword", "most common"); /* an invisible space */
	BAD("𝓹𝓪𝓼𝓼𝔀𝓸𝓻𝓭", "most common");
	GOOD("correct horse");
	GOOD("passwordless elephants");
}
END_TEST

/* Every entry is found, and its neighbours that are none are not. */
START_TEST(the_list_is_searched_whole)
{
	extern const char auth_common_passwords[], auth_common_passwords_end[];
	struct slice rest = slice_of(auth_common_passwords + 1,
		(size_t)(auth_common_passwords_end - auth_common_passwords) - 2);
	struct slice last = { 0 };
	int64_t began = clock_mono_ms();
	int entries = 0;
	char near[64];

	while (rest.p) {
		struct slice line = slice_split(&rest, '\n');

		ck_assert_int_lt(slice_cmp(last, line), 0);
		ck_assert_uint_ge(line.n, 8);
		ck_assert_uint_lt(line.n, sizeof(near) - 1);
		ck_assert_msg(password_is_common(line), "%.*s", SLICE_ARG(line));
		snprintf(near, sizeof(near), "%.*s\x01", SLICE_ARG(line));
		ck_assert(!password_is_common(slice_str(near)));
		last = line;
		entries++;
	}
	ck_assert_int_ge(entries, 10000);
	/*
	 * 2 × entries look-ups; a look at every entry for each would take a hundred times as long.
	 */
	ck_assert_int_lt(clock_mono_ms() - began, 5000);
	ck_assert(!password_is_common(SLICE("")));
	ck_assert(!password_is_common(SLICE("\x01")));
	ck_assert(!password_is_common(SLICE("\xff")));
	ck_assert(!password_is_common(SLICE("password\nqwertyui")));
	ck_assert(!password_is_common(SLICE("passwor")));
}
END_TEST

START_TEST(repetitions_and_sequences)
{
	BAD("aaaaaaaa", "repeated or successive");
	BAD("ZZZZZZZZZZZZZZ", "repeated or successive");
	BAD("😀😀😀😀😀😀😀😀", "repeated or successive");
	BAD("23456789", "repeated or successive");
	BAD("fedcba9876", "repeated or successive");
	BAD("ghiJKLmno", "repeated or successive");
	BAD("aaabbbcccddd", "repeated or successive");
	BAD("1111222233334444", "repeated or successive");
	BAD("клмнопрст", "repeated or successive");
	GOOD("aaaabbbx");
	GOOD("abcdefgxz");
	GOOD("aabbaabbaa");
}
END_TEST

START_TEST(own_names_are_refused)
{
	BAD("ann.smith@hearth.test", "own address");
	BAD("Ann.Smith", "own address");
	BAD("annsmith2024", "own address");
	BAD("99-ann smith-", "own address");
	BAD("ZOË BRONTË!", "own address or name");
	BAD("zoe\u0308bronte\u0308", "own address or name");
	BAD("hearthside.test", "name of the server");
	BAD("HearthSide1", "name of the server");
	GOOD("ann smith keeps bees");
	GOOD("hearthside bees");
	rules.name = (struct slice){ 0 };
	GOOD("zoe\u0308bronte\u0308");
	/* A name of two letters is no reason. */
	rules.address = "qx@hearth.test";
	GOOD("82-qx-1938");
	rules.address = NULL;
	GOOD("ann.smith@hearth.test");
}
END_TEST

TEST_MAIN("password rules", length_counts_characters, sixty_four_characters_of_any_script,
	all_printing_characters, what_is_no_utf8_is_refused, one_form_however_it_was_typed,
	common_ones_are_refused, the_list_is_searched_whole, repetitions_and_sequences,
	own_names_are_refused)
