/*
 * test_audit_log.c: what is noted of an account, and that noise pushes nothing out.
 */
#include "harness.h"

#include "audit/audit_log.h"
#include "database.h"
#include "hearth/clock.h"

#define T0   INT64_C(1700000000000)
#define HOUR (INT64_C(3600) * 1000)

extern const struct hearth_module auth_module;

static int64_t events(struct db_tx *tx, int64_t account, const char *kind)
{
	int64_t n = 0;

	ck_assert_int_eq(
		db_get_int(tx, &n, "SELECT count(*) FROM event WHERE account = $1 AND kind = $2",
			db_int(account), db_str(kind)),
		0);
	return n;
}

static void note(struct db_tx *tx, int64_t account, const char *kind, const char *peer, int times)
{
	for (int i = 0; i < times; i++)
		ck_assert_int_eq(auth_audit(tx, account, kind, peer, SLICE("d"), NULL), 0);
}

static int noise(struct db_tx *tx, void *arg)
{
	(void)arg;
	note(tx, 1, "session.opened", "192.0.2.1", 1);
	note(tx, 1, "sessions.ended", "192.0.2.9", 3 * AUTH_AUDIT_SAME);
	ck_assert_int_eq(events(tx, 1, "sessions.ended"), AUTH_AUDIT_SAME);
	ck_assert_int_eq(events(tx, 1, "session.opened"), 1);
	/* Another kind, network or account has its own; a command has no network. */
	note(tx, 1, "factor.wrong_code", "192.0.2.9", 2);
	note(tx, 1, "sessions.ended", "192.0.2.8", 2);
	note(tx, 1, "sessions.ended", NULL, 2);
	note(tx, 2, "sessions.ended", "192.0.2.9", 2);
	ck_assert_int_eq(events(tx, 1, "factor.wrong_code"), 2);
	ck_assert_int_eq(events(tx, 1, "sessions.ended"), AUTH_AUDIT_SAME + 4);
	ck_assert_int_eq(events(tx, 2, "sessions.ended"), 2);
	/* An hour later it is news. */
	clock_fake_advance(HOUR + 1);
	note(tx, 1, "sessions.ended", "192.0.2.9", 1);
	ck_assert_int_eq(events(tx, 1, "sessions.ended"), AUTH_AUDIT_SAME + 5);
	return 0;
}

START_TEST(what_goes_on_and_on_is_not_noted_again)
{
	struct db *db;

	clock_fake(T0, 1000000);
	db = database_new(auth_module.schemas);
	ck_assert_int_eq(db_write_wait(db, noise, NULL), 0);
	db_close(&db);
	clock_fake(-1, 0);
}
END_TEST

TEST_MAIN("audit_log", what_goes_on_and_on_is_not_noted_again)
