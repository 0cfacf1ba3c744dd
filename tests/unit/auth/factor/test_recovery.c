/*
 * Recovery codes: their shape, that they are chance, and that they are read as people type them.
 */
#include "factor/recovery.h"

#include "harness.h"

#include "hearth/error.h"
#include "hearth/rand.h"

START_TEST(shape)
{
	char text[RECOVERY_TEXT];

	recovery_make(text);
	ck_assert_uint_eq(strlen(text), RECOVERY_TEXT - 1);
	for (size_t i = 0; i < RECOVERY_TEXT - 1; i++)
		ck_assert(i % 5 == 4 ? text[i] == '-'
				     : strchr("abcdefghijkmnpqrstuvwxyz23456789", text[i]) != NULL);
}
END_TEST

/* Every letter comes at every place: none of the 80 bits is wasted. */
START_TEST(all_of_the_alphabet)
{
	static bool seen[RECOVERY_TEXT][128];
	char text[RECOVERY_TEXT], before[RECOVERY_TEXT] = "";

	rand_seed_for_tests(42);
	for (int i = 0; i < 2000; i++) {
		recovery_make(text);
		ck_assert_str_ne(text, before);
		memcpy(before, text, sizeof(text));
		for (size_t at = 0; at < RECOVERY_TEXT - 1; at++)
			seen[at][text[at] & 127] = true;
	}
	rand_seed_for_tests(0);
	for (size_t at = 0; at < RECOVERY_TEXT - 1; at++) {
		int letters = 0;

		for (int c = 0; c < 128; c++)
			letters += seen[at][c];
		ck_assert_int_eq(letters, at % 5 == 4 ? 1 : 32);
	}
}
END_TEST

START_TEST(hash_of_what_was_typed)
{
	static const struct slice same[] = { SLICE("abcd-efgh-jkmn-2345"),
		SLICE("ABCD-EFGH-JKMN-2345"), SLICE("abcdefghjkmn2345"),
		SLICE("  abcd efgh jkmn 2345\r\n"), SLICE("a-b-c-d-e-f-g-h-j-k-m-n-2-3-4-5") };
	char first[RECOVERY_HEX], hex[RECOVERY_HEX];

	ck_assert_int_eq(recovery_hash(7, same[0], first), 0);
	ck_assert_uint_eq(strlen(first), 64);
	for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
		ck_assert_int_eq(recovery_hash(7, same[i], hex), 0);
		ck_assert_str_eq(hex, first);
	}
	ck_assert_int_eq(recovery_hash(7, SLICE("abcd-efgh-jkmn-2346"), hex), 0);
	ck_assert_str_ne(hex, first);
	/* The same code of another account. */
	ck_assert_int_eq(recovery_hash(8, same[0], hex), 0);
	ck_assert_str_ne(hex, first);
}
END_TEST

START_TEST(what_is_no_code)
{
	static const struct slice bad[] = { SLICE(""), SLICE("abcd"), SLICE("abcd-efgh-jkmn-234"),
		SLICE("abcd-efgh-jkmn-23456"), SLICE("abcd-efgh-jkmn-234l"),
		SLICE("abcd-efgh-jkmn-2340"), SLICE("abcd-efgh-jkmn-234\0"),
		SLICE("abcd_efgh_jkmn_2345"), SLICE("\u0430bcd-efgh-jkmn-2345"), /* Cyrillic a */
		SLICE("abcd-efgh-jkmn-\u0662345"), { NULL, 0 } };
	char hex[RECOVERY_HEX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(recovery_hash(1, bad[i], hex) == HEARTH_EINVAL, "%zu", i);
}
END_TEST

TEST_MAIN("recovery", shape, all_of_the_alphabet, hash_of_what_was_typed, what_is_no_code)
