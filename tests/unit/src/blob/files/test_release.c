/*
 * test_release.c: a blob that rows let go of is removed once nothing names it, by the one queue that
 * all modules' databases have for it.
 */
#include "src/blob/files/embedded.h"

#include "harness.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "job/queue.h"

static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

#include "src/ports/blob_calls.h"

static const char *const migrations[] = {
	"CREATE TABLE thing (id {id}, blob TEXT NOT NULL);",
	NULL,
};
static const struct db_schema owners[] = { { "one", migrations }, { "two", migrations } };
static struct db *db[2];
static struct blob_store *store;

static int named(struct db_tx *tx, const char *key)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n, "SELECT count(*) FROM thing WHERE blob = $1", db_str(key));

	return rc < 0 ? rc : n > 0;
}

static const struct blob_names names[] = { { "one", named }, { "two", named } };

static void begin(void)
{
	struct strbuf why = { 0 };

	embedded.options = blob_options_default();
	embedded.options.grace_ms = 300;
	store = embedded_open();
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(db_open(embedded.dir, &owners[i], &db[i], &why), 0);
		ck_assert_int_eq(blob_release_start(store, db[i], &names[i], embedded.pool), 0);
	}
}

static void end(void)
{
	queue_stop_all();
	INVARIANT(loop_run_until(embedded_idle, store, 10000));
	blob_store_close(&store);
	pool_free(&embedded.pool);
	for (int i = 0; i < 2; i++)
		db_close(&db[i]);
	db_close(&embedded.db);
	embedded_remove();
}

static int add(struct db_tx *tx, void *key)
{
	int rc = db_run(tx, "INSERT INTO thing (blob) VALUES ($1)", db_str(key));

	return rc < 0 ? rc : 0;
}

/* Lets go of one row, and says so. */
static int drop(struct db_tx *tx, void *key)
{
	int rc = db_run(tx,
		"DELETE FROM thing WHERE id = (SELECT max(id) FROM thing WHERE blob = $1)",
		db_str(key));

	return rc < 0 ? rc : blob_release(tx, key, 0);
}

static int drop_then_fail(struct db_tx *tx, void *key)
{
	int rc = drop(tx, key);

	return rc < 0 ? rc : HEARTH_ECONFLICT;
}

static int count_open(struct db_tx *tx, void *arg)
{
	int64_t dead;

	return queue_count(tx, "blob.release", arg, &dead);
}

static int nothing_open(void *arg)
{
	int64_t open = -1;

	for (int i = 0; i < 2; i++) {
		int rc = db_read_wait(db[i], count_open, &open);

		if (rc < 0 || open > 0)
			return 0;
	}
	(void)arg;
	return 1;
}

/* Any thread may wait here: the loop does not run. */
static bool is_stored(const char *key)
{
	struct blob_info info;
	int rc = blob_stat_wait(store, key, &info);

	ck_assert(rc == 0 || rc == HEARTH_ENOTFOUND);
	return rc == 0;
}

static void settle(void)
{
	ck_assert(loop_run_until(nothing_open, NULL, 30000));
}

START_TEST(goes_when_the_last_row_let_go)
{
	struct buf *bytes = buf_static(SLICE("abc"));
	char key[BLOB_KEY_MAX + 1];

	begin();
	ck_assert_int_eq(put(store, "one/", bytes, BLOB_PLAIN, key), 0);
	ck_assert_int_eq(db_write_wait(db[0], add, key), 0);
	ck_assert_int_eq(db_write_wait(db[0], add, key), 0);
	ck_assert_int_eq(db_write_wait(db[0], drop, key), 0);
	settle();
	ck_assert(is_stored(key));
	ck_assert_int_eq(db_write_wait(db[0], drop_then_fail, key), HEARTH_ECONFLICT);
	settle();
	ck_assert(is_stored(key));
	ck_assert_int_eq(db_write_wait(db[0], drop, key), 0);
	ck_assert_int_eq(db_write_wait(db[0], drop, (void *)""), 0); /* none */
	settle();
	ck_assert(!is_stored(key));
	/* Twice, and what is not there: no harm. */
	ck_assert_int_eq(db_write_wait(db[0], drop, key), 0);
	settle();
	buf_unref(&bytes);
	end();
}
END_TEST

/* Equal bytes of two modules are two blobs, and each module's rows speak for its own only. */
START_TEST(scopes_are_apart)
{
	struct buf *bytes = buf_static(SLICE("the same bytes"));
	char one[BLOB_KEY_MAX + 1], two[BLOB_KEY_MAX + 1];

	begin();
	ck_assert_int_eq(put(store, "one/", bytes, BLOB_PLAIN, one), 0);
	ck_assert_int_eq(put(store, "two/", bytes, BLOB_PLAIN, two), 0);
	ck_assert_str_eq(one + 4, two + 4);
	ck_assert_int_eq(db_write_wait(db[0], add, one), 0);
	ck_assert_int_eq(db_write_wait(db[1], add, two), 0);
	ck_assert_int_eq(db_write_wait(db[0], drop, one), 0);
	settle();
	ck_assert(!is_stored(one));
	ck_assert(is_stored(two));
	buf_unref(&bytes);
	end();
}
END_TEST

/* A bare hash, as keys were before they had scopes: whoever may name it is asked. */
START_TEST(a_key_without_a_scope_is_everybodys)
{
	static const char key[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct buf *bytes = buf_static(SLICE("abc"));

	begin();
	ck_assert_int_eq(put(store, key, bytes, BLOB_PLAIN, NULL), 0);
	ck_assert_int_eq(db_write_wait(db[0], add, (void *)key), 0);
	ck_assert_int_eq(db_write_wait(db[1], add, (void *)key), 0);
	ck_assert_int_eq(db_write_wait(db[0], drop, (void *)key), 0);
	settle();
	ck_assert(is_stored(key));
	ck_assert_int_eq(db_write_wait(db[1], drop, (void *)key), 0);
	settle();
	ck_assert(!is_stored(key));
	buf_unref(&bytes);
	end();
}
END_TEST

static int release_later(struct db_tx *tx, void *key)
{
	return blob_release(tx, key, clock_wall_ms() + 2000);
}

/* Released before it is put: what comes to be named in time stays, what does not goes. */
START_TEST(what_is_never_named_goes_as_well)
{
	struct buf *bytes = buf_static(SLICE("abc"));

	begin();
	ck_assert_int_eq(db_write_wait(db[0], release_later, (void *)"a/named"), 0);
	ck_assert_int_eq(db_write_wait(db[0], release_later, (void *)"a/never"), 0);
	ck_assert_int_eq(put(store, "a/named", bytes, BLOB_PLAIN, NULL), 0);
	ck_assert_int_eq(put(store, "a/never", bytes, BLOB_PLAIN, NULL), 0);
	ck_assert_int_eq(db_write_wait(db[0], add, (void *)"a/named"), 0);
	settle();
	ck_assert(is_stored("a/named"));
	ck_assert(!is_stored("a/never"));
	buf_unref(&bytes);
	end();
}
END_TEST

START_TEST(a_scope_leaves_room_for_the_hash)
{
	char scope[BLOB_KEY_MAX + 2];
	struct buf *bytes = buf_static(SLICE("abc"));

	begin();
	memset(scope, 'x', sizeof(scope));
	scope[BLOB_KEY_MAX - 64] = 0;
	scope[BLOB_KEY_MAX - 65] = '/';
	ck_assert_int_eq(put(store, scope, bytes, BLOB_PLAIN, NULL), 0);
	scope[BLOB_KEY_MAX - 65] = 'x';
	scope[BLOB_KEY_MAX - 64] = '/';
	scope[BLOB_KEY_MAX - 63] = 0;
	ck_assert_int_eq(put(store, scope, bytes, BLOB_PLAIN, NULL), HEARTH_EINVAL);
	ck_assert_int_eq(put(store, NULL, bytes, BLOB_PLAIN, NULL), HEARTH_EINVAL);
	buf_unref(&bytes);
	end();
}
END_TEST

TEST_MAIN("blobs that are let go", goes_when_the_last_row_let_go, scopes_are_apart,
	a_key_without_a_scope_is_everybodys, what_is_never_named_goes_as_well,
	a_scope_leaves_room_for_the_hash)
