/*
 * Addresses nobody is at (store/suppressed.h): how long each counts, longer each time; that it ends, is listed
 * while it counts, and forgotten long after.
 */
#include "store/suppressed.h"

#include "database.h"
#include "harness.h"
#include "hearth/error.h"

#define DAY INT64_C(86400000)

static const struct db_schema schema = { "mail", mail_migrations };
static char a[] = "a@x.test", b[] = "b@x.test";
static int64_t now = 1000 * DAY, until;

static int suppress(struct db_tx *tx, void *address)
{
	return mail_store_suppress(tx, slice_str(address), SLICE("5.1.1 nobody"), now);
}

static int look(struct db_tx *tx, void *address)
{
	struct arena *arena = arena_new();
	struct mail_suppressed s;
	int rc = mail_store_suppressed(tx, slice_str(address), now, arena, &s);

	until = rc == 0 ? s.until_ms : 0;
	if (rc == 0)
		ck_assert(slice_eq(s.answer, SLICE("5.1.1 nobody")) && s.since_ms <= now);
	arena_free(&arena);
	return rc;
}

static int count_one(void *arg, const struct mail_suppressed *s)
{
	ck_assert(s->address.n > 0);
	(*(size_t *)arg)++;
	return 0;
}

static int count_listed(struct db_tx *tx, void *n)
{
	*(size_t *)n = 0;
	return mail_store_suppressed_list(tx, SLICE(""), now, 10, count_one, n);
}

static int remove_one(struct db_tx *tx, void *address)
{
	return mail_store_unsuppress(tx, slice_str(address));
}

START_TEST(longer_each_time)
{
	static const int days[] = { 1, 4, 16, 30, 30 };
	struct db *db = database_new(&schema);
	size_t n;

	ck_assert_int_eq(db_read_wait(db, look, a), HEARTH_ENOTFOUND);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		ck_assert_int_eq(db_write_wait(db, suppress, a), 0);
		ck_assert_int_eq(db_read_wait(db, look, a), 0);
		ck_assert_int_eq(until - now, days[i] * DAY);
		now = until;
		ck_assert_int_eq(db_read_wait(db, look, a), HEARTH_ENOTFOUND);
	}
	ck_assert_int_eq(db_write_wait(db, suppress, b), 0);
	ck_assert_int_eq(db_read_wait(db, count_listed, &n), 0);
	ck_assert_uint_eq(n, 1); /* the other's time is over */
	now += 31 * DAY;         /* and it is forgotten with the next: this one counts for a day */
	ck_assert_int_eq(db_write_wait(db, suppress, b), 0);
	ck_assert_int_eq(db_write_wait(db, suppress, a), 0);
	ck_assert_int_eq(db_read_wait(db, look, a), 0);
	ck_assert_int_eq(until - now, DAY);
	ck_assert_int_eq(db_write_wait(db, remove_one, a), 0);
	ck_assert_int_eq(db_write_wait(db, remove_one, a), HEARTH_ENOTFOUND);
	ck_assert_int_eq(db_read_wait(db, look, a), HEARTH_ENOTFOUND);
	db_close(&db);
}
END_TEST

/* How many are counted, less those that are there. */
static int drift(struct db_tx *tx, void *n)
{
	return db_get_int(
		tx, n, "SELECT entries - (SELECT count(*) FROM suppressed) FROM suppressed_count");
}

/* As if there were as many as there may be but for one. */
static int fill(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "UPDATE suppressed_count SET entries = $1", db_int(SUPPRESSED_MAX - 1)) <
			       0
		       ? HEARTH_EIO
		       : 0;
}

START_TEST(counted_and_bounded)
{
	struct db *db = database_new(&schema);
	int64_t n = 1;

	ck_assert_int_eq(db_write_wait(db, suppress, a), 0);
	ck_assert_int_eq(db_write_wait(db, suppress, b), 0);
	ck_assert_int_eq(db_write_wait(db, suppress, b), 0);
	ck_assert_int_eq(db_write_wait(db, remove_one, a), 0);
	ck_assert_int_eq(db_write_wait(db, remove_one, a), HEARTH_ENOTFOUND);
	now += 100 * DAY; /* the other is forgotten */
	ck_assert_int_eq(db_write_wait(db, suppress, a), 0);
	ck_assert_int_eq(db_read_wait(db, drift, &n), 0);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(db_write_wait(db, remove_one, a), 0);

	ck_assert_int_eq(db_write_wait(db, fill, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, suppress, a), 0);
	ck_assert_int_eq(db_write_wait(db, suppress, b), 0);
	ck_assert_int_eq(db_read_wait(db, look, b), HEARTH_ENOTFOUND); /* there was no room */
	ck_assert_int_eq(db_write_wait(db, suppress, a), 0);           /* which needs none */
	ck_assert_int_eq(db_read_wait(db, look, a), 0);
	ck_assert_int_eq(until - now, 4 * DAY);
	ck_assert_int_eq(db_write_wait(db, remove_one, a), 0);
	ck_assert_int_eq(db_write_wait(db, suppress, b), 0);
	ck_assert_int_eq(db_read_wait(db, look, b), 0);
	db_close(&db);
}
END_TEST

TEST_MAIN("suppressed addresses", longer_each_time, counted_and_bounded)
