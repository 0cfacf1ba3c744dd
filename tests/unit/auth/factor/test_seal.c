/*
 * test_seal.c: sealed secrets: whose they are, what a wrong key sees, the key's file, and what an
 * older version left plain.
 */
#include "harness.h"

#include "account/account.h"
#include "database.h"
#include "factor/factor.h"
#include "hearth/error.h"
#include "hearth/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct hearth_module auth_module;

static char dir[] = "/tmp/test-seal-XXXXXX";
static char path[64];

static const unsigned char secret[TOTP_SECRET] = "twenty secret bytes";

static void open_dir(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/%s", dir, SEAL_FILE);
}

static void close_dir(void)
{
	char tls[64];

	unlink(path);
	snprintf(tls, sizeof(tls), "%s/tls", dir);
	ck_assert_int_eq(rmdir(tls), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(it_opens_for_its_account_and_whole_only)
{
	struct seal s = { .ready = true, .key = { 1 } }, other = { .ready = true, .key = { 2 } };
	unsigned char sealed[SEAL_MAX], again[SEAL_MAX], out[SEAL_MAX];
	size_t n = seal_close(&s, 7, slice_of(secret, sizeof(secret)), sealed), got;

	ck_assert_uint_eq(n, sizeof(secret) + SEAL_OVERHEAD);
	ck_assert_uint_eq(seal_close(&s, 7, slice_of(secret, sizeof(secret)), again), n);
	ck_assert_mem_ne(sealed, again, n);
	ck_assert_int_eq(seal_open(&s, 7, slice_of(sealed, n), out, &got), 0);
	ck_assert_uint_eq(got, sizeof(secret));
	ck_assert_mem_eq(out, secret, got);
	ck_assert_int_eq(seal_open(&s, 8, slice_of(sealed, n), out, &got), HEARTH_ECORRUPT);
	ck_assert_int_eq(seal_open(&other, 7, slice_of(sealed, n), out, &got), HEARTH_ECORRUPT);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(seal_open(&s, 7, slice_of(sealed, i), out, &got), HEARTH_ECORRUPT);
		sealed[i] ^= 1;
		ck_assert_int_eq(seal_open(&s, 7, slice_of(sealed, n), out, &got), HEARTH_ECORRUPT);
		sealed[i] ^= 1;
	}
	s.ready = false;
	ck_assert_int_eq(seal_open(&s, 7, slice_of(sealed, n), out, &got), HEARTH_ECORRUPT);
}
END_TEST

static int add_plain(struct db_tx *tx, void *arg)
{
	(void)arg;
	for (int i = 1; i <= 250; i++)
		ck_assert_int_eq(
			db_run(tx,
				"INSERT INTO factor (account, kind, secret, phone, last_step, "
				"started_at, confirmed_at) VALUES ($1, 1, $2, '', 0, 1, 1)",
				db_int(i), db_bytes(slice_of(secret, sizeof(secret)))),
			1);
	return 0;
}

static int check_sealed(struct db_tx *tx, void *arg)
{
	struct db_rows rows;
	int n = 0;

	ck_assert_int_eq(db_query(tx, &rows, "SELECT account, secret FROM factor"), 0);
	for (; db_next(&rows) > 0; n++) {
		unsigned char out[SEAL_MAX];
		size_t got;

		ck_assert_int_eq(
			seal_open(arg, db_col_int(&rows, 0), db_col_bytes(&rows, 1), out, &got), 0);
		ck_assert_mem_eq(out, secret, sizeof(secret));
	}
	ck_assert_int_eq(n, 250);
	return db_end(&rows);
}

START_TEST(the_key_is_made_once_and_seals_what_was_plain)
{
	struct db *db = database_new(auth_module.schemas);
	struct seal s = { 0 }, again = { 0 };
	struct stat st;

	open_dir();
	ck_assert_int_eq(db_write_wait(db, add_plain, NULL), 0);
	ck_assert_int_eq(seal_start(&s, db, dir), 0);
	ck_assert(s.ready);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(db_read_wait(db, check_sealed, &s), 0);
	ck_assert_int_eq(seal_start(&again, db, dir), 0);
	ck_assert_mem_eq(s.key, again.key, SEAL_KEY);
	/* Lost: none is made instead, and it is said. Back: all is well. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(seal_start(&again, db, dir), 0);
	ck_assert(!again.ready && health_is_set("auth.secrets-key"));
	ck_assert_int_ne(access(path, F_OK), 0);
	FILE *f = fopen(path, "w");
	ck_assert_uint_eq(fwrite(s.key, 1, SEAL_KEY, f), SEAL_KEY);
	fclose(f);
	ck_assert_int_eq(seal_start(&again, db, dir), 0);
	ck_assert(again.ready && !health_is_set("auth.secrets-key"));
	/* Another one, and none at all. */
	f = fopen(path, "w");
	ck_assert_uint_eq(fwrite(secret, 1, 20, f), 20);
	ck_assert_uint_eq(fwrite(secret, 1, 12, f), 12);
	fclose(f);
	ck_assert_int_eq(seal_start(&again, db, dir), 0);
	ck_assert(!again.ready);
	f = fopen(path, "w");
	fclose(f);
	ck_assert_int_lt(seal_start(&again, db, dir), 0);
	health_clear("auth.secrets-key");
	close_dir();
	db_close(&db);
}
END_TEST

TEST_MAIN("seal", it_opens_for_its_account_and_whole_only,
	the_key_is_made_once_and_seals_what_was_plain)
