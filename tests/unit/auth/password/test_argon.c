/*
 * test_argon.c: argon2id as others write and read it; memory that is used again, also by several
 * threads at once and after other parameters.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/error.h"
#include "password/argon.h"

#define MEMORY ((size_t)8 << 20)

static struct slice word(const char *text)
{
	return slice_str(text);
}

START_TEST(libsodium_reads_ours_and_we_read_its)
{
	char ours[ARGON_ENCODED_MAX], theirs[crypto_pwhash_STRBYTES];

	ck_assert_int_eq(argon_hash(word("correct horse"), MEMORY, 2, ours), 0);
	ck_assert_int_eq(strncmp(ours, "$argon2id$v=19$m=8192,t=2,p=1$", 30), 0);
	ck_assert_int_eq(crypto_pwhash_str_verify(ours, "correct horse", 13), 0);
	ck_assert_int_ne(crypto_pwhash_str_verify(ours, "correct hors", 12), 0);
	ck_assert_int_eq(crypto_pwhash_str_alg(theirs, "correct horse", 13, 3, MEMORY * 2,
				 crypto_pwhash_ALG_ARGON2ID13),
		0);
	ck_assert(argon_matches(theirs, word("correct horse")));
	ck_assert(!argon_matches(theirs, word("correct horsf")));
	ck_assert(!argon_matches(theirs, word("")));
}
END_TEST

START_TEST(an_empty_password_is_one)
{
	char made[ARGON_ENCODED_MAX];

	ck_assert_int_eq(argon_hash((struct slice){ 0 }, MEMORY, 1, made), 0);
	ck_assert(argon_matches(made, (struct slice){ 0 }));
	ck_assert(!argon_matches(made, word(" ")));
}
END_TEST

START_TEST(a_decoy_costs_nothing_to_make_and_is_nobodys)
{
	char one[ARGON_ENCODED_MAX], other[ARGON_ENCODED_MAX];

	while (argon_is_keeping())
		argon_rest();
	argon_decoy(MEMORY, 2, one);
	argon_decoy(MEMORY, 2, other);
	ck_assert(!argon_is_keeping());
	ck_assert_str_ne(one, other);
	ck_assert_int_eq(strncmp(one, "$argon2id$v=19$m=8192,t=2,p=1$", 30), 0);
	/* It is looked at as any other is. */
	ck_assert(!argon_matches(one, (struct slice){ 0 }));
	ck_assert(!argon_matches(one, word("correct horse")));
	ck_assert(argon_is_keeping());
}
END_TEST

START_TEST(two_hashes_of_one_password_differ)
{
	char a[ARGON_ENCODED_MAX], b[ARGON_ENCODED_MAX];

	ck_assert_int_eq(argon_hash(word("correct horse"), MEMORY, 1, a), 0);
	ck_assert_int_eq(argon_hash(word("correct horse"), MEMORY, 1, b), 0);
	ck_assert_str_ne(a, b);
	ck_assert(argon_matches(a, word("correct horse")));
	ck_assert(argon_matches(b, word("correct horse")));
}
END_TEST

START_TEST(what_is_no_hash_matches_nothing)
{
	static const char *const texts[] = { "", "$", "x", "$argon2id$v=19$",
		"$argon2i$v=19$m=8192,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=16$m=8192,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=0,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=8192,t=0,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=8192,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$",
		"$argon2id$v=19$m=8192,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA",
		"$argon2id$v=19$m=8192,t=2,p=1$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=8192,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(!argon_matches(texts[i], word("correct horse")), "%s", texts[i]);
}
END_TEST

START_TEST(parameters_that_cannot_be_are_refused)
{
	char out[ARGON_ENCODED_MAX];

	ck_assert_int_eq(argon_hash(word("x"), 0, 1, out), HEARTH_EINVAL);
	ck_assert_int_eq(argon_hash(word("x"), 4096, 1, out), HEARTH_EINVAL);
	ck_assert_int_eq(argon_hash(word("x"), MEMORY, 0, out), HEARTH_EINVAL);
}
END_TEST

static void *hash_often(void *arg)
{
	size_t memory = MEMORY + (size_t)(*(int *)arg % 3) * 65536;
	char password[16], out[ARGON_ENCODED_MAX];

	for (int i = 0; i < 6; i++) {
		snprintf(password, sizeof(password), "%d of %d", i, *(int *)arg);
		ck_assert_int_eq(argon_hash(word(password), memory, 1, out), 0);
		ck_assert_int_eq(crypto_pwhash_str_verify(out, password, strlen(password)), 0);
		ck_assert(argon_matches(out, word(password)));
	}
	return NULL;
}

START_TEST(many_threads_with_other_parameters_each_have_their_own_memory)
{
	pthread_t threads[6];
	int numbers[6];

	for (int i = 0; i < 6; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, hash_often, &numbers[i]);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static long resident_kib(void)
{
	long pages = 0, unused;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld", &unused, &pages), 2);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

START_TEST(memory_is_given_back_after_a_rest)
{
	char hash[ARGON_ENCODED_MAX];
	long held;

	ck_assert_int_eq(argon_hash(word("x"), 8 * MEMORY, 1, hash), 0);
	held = resident_kib();
	argon_rest();
	ck_assert(argon_matches(hash, word("x"))); /* used meanwhile: it stays */
	argon_rest();
	ck_assert_int_gt(resident_kib(), held - (32 << 10));
	argon_rest();
	ck_assert_int_lt(resident_kib(), held - (32 << 10));
	ck_assert(argon_matches(hash, word("x")));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { libsodium_reads_ours_and_we_read_its,
		an_empty_password_is_one, a_decoy_costs_nothing_to_make_and_is_nobodys,
		two_hashes_of_one_password_differ, what_is_no_hash_matches_nothing,
		parameters_that_cannot_be_are_refused,
		many_threads_with_other_parameters_each_have_their_own_memory,
		memory_is_given_back_after_a_rest };

	return sodium_init() < 0 ? 1 : run_suite("argon", tests, sizeof(tests) / sizeof(tests[0]));
}
