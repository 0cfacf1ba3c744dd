/*
 * test_preferences_store.c: documents and attachments in the database: which version wins, what is
 * published, how much there is room for, and that no key of a blob is ever forgotten.
 */
#include "harness.h"

#include "account/account.h"
#include "database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "preferences/preferences.h"

#include <stdio.h>

#define T0 INT64_C(1700000000000)

extern const struct hearth_module auth_module;

static struct db *db;

/* One test's function, in one write transaction on fresh tables. */
static void within_fresh(db_fn *fn)
{
	clock_fake(T0, 1000000);
	db = database_new(auth_module.schemas);
	ck_assert_int_eq(db_write_wait(db, fn, NULL), 0);
	db_close(&db);
	clock_fake(-1, 0);
}

static int64_t account(struct db_tx *tx, const char *address)
{
	int64_t id = 0;

	ck_assert_int_eq(auth_store_add(tx, address, "h", AUTH_MEMBER, T0, &id), 0);
	return id;
}

static int64_t count(struct db_tx *tx, const char *sql)
{
	int64_t n = -1;

	ck_assert_int_eq(db_get_int(tx, &n, sql), 0);
	return n;
}

#define EVENTS "SELECT count(*) FROM bus_outbox WHERE topic = 'auth.preferences.changed'"

static void check_document(
	struct db_tx *tx, int64_t id, const char *document, int64_t expected_version)
{
	struct arena *a = arena_new();
	struct slice text;
	int64_t version;

	ck_assert_int_eq(preferences_load(tx, id, a, &text, &version), 0);
	ck_assert(slice_eq(text, slice_str(document)));
	ck_assert_int_eq(version, expected_version);
	arena_free(&a);
}

static int versions(struct db_tx *tx, void *arg)
{
	int64_t ann = account(tx, "ann@x.test"), bob = account(tx, "bob@x.test");

	(void)arg;
	check_document(tx, ann, "{}", 0);
	ck_assert_int_eq(preferences_save(tx, ann, 1, SLICE("{\"x\":1}"), T0), HEARTH_ECONFLICT);
	ck_assert_int_eq(preferences_save(tx, ann, 0, SLICE("{\"x\":1}"), T0), 0);
	check_document(tx, ann, "{\"x\":1}", 1);
	ck_assert_int_eq(preferences_save(tx, ann, 0, SLICE("{\"x\":2}"), T0), HEARTH_ECONFLICT);
	ck_assert_int_eq(preferences_save(tx, ann, 2, SLICE("{\"x\":2}"), T0), HEARTH_ECONFLICT);
	check_document(tx, ann, "{\"x\":1}", 1);
	ck_assert_int_eq(preferences_save(tx, ann, 1, SLICE("{\"x\":2}"), T0), 0);
	check_document(tx, ann, "{\"x\":2}", 2);
	check_document(tx, bob, "{}", 0);
	/* What was refused is no event. */
	ck_assert_int_eq(count(tx, EVENTS), 2);
	ck_assert_int_eq(auth_store_delete(tx, bob, T0, 0), 0);
	ck_assert_int_eq(preferences_save(tx, bob, 0, SLICE("{}"), T0), HEARTH_EDENIED);
	ck_assert_int_eq(preferences_save(tx, 999, 0, SLICE("{}"), T0), HEARTH_EDENIED);
	ck_assert_int_eq(count(tx, EVENTS), 2);
	return 0;
}

START_TEST(a_version_wins_once)
{
	within_fresh(versions);
}
END_TEST

static struct preferences_file file(const char *name, const char *blob, int64_t size)
{
	return (struct preferences_file){ .name = slice_str(name),
		.type = SLICE("image/png"),
		.blob = slice_str(blob),
		.size = size };
}

static int put(struct db_tx *tx, int64_t id, struct preferences_file f, int64_t at)
{
	int rc;

	f.changed_at = at;
	rc = preferences_file_begin(tx, id, &f, 0);
	return rc < 0 ? rc : preferences_file_finish(tx, id, &f, at);
}

/* How often a key was released, at once or for later than `after`. */
static int64_t released(struct db_tx *tx, const char *key, int64_t after)
{
	int64_t n = -1;

	ck_assert_int_eq(db_get_int(tx, &n,
				 "SELECT count(*) FROM job_queue WHERE queue = 'blob.release' AND "
				 "CAST(payload AS TEXT) = $1 AND due_ms > $2",
				 db_str(key), db_int(after)),
		0);
	return n;
}

#define LATER (T0 + 2 * AUTH_BLOB_PUT_MS - 1)

static int keys(struct db_tx *tx, void *arg)
{
	struct preferences_file f = file("logo", "auth/attachment/1/a", 10), found;
	int64_t ann = account(tx, "ann@x.test"), bob = account(tx, "bob@x.test");
	struct arena *a = arena_new();

	(void)arg;
	/* Before a blob comes it is released for later: a crash leaves none that stays. */
	f.changed_at = T0;
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 0), 0);
	ck_assert_int_eq(released(tx, f.blob.p, LATER), 1);
	ck_assert_int_eq(preferences_file_named(tx, f.blob.p), 0);
	ck_assert_int_eq(preferences_file_finish(tx, ann, &f, T0 + AUTH_BLOB_PUT_MS), 0);
	ck_assert_int_eq(preferences_file_named(tx, f.blob.p), 1);
	ck_assert_int_eq(released(tx, f.blob.p, -1), 1);
	/* What is replaced, and what is removed, is released at once. */
	ck_assert_int_eq(put(tx, ann, file("logo", "auth/attachment/1/b", 20), T0 + 5), 0);
	ck_assert_int_eq(released(tx, "auth/attachment/1/a", -1), 2);
	ck_assert_int_eq(preferences_file_named(tx, "auth/attachment/1/a"), 0);
	ck_assert_int_eq(preferences_file_find(tx, ann, SLICE("logo"), a, &found), 0);
	ck_assert(slice_eq(found.blob, SLICE("auth/attachment/1/b")) && found.size == 20);
	ck_assert_int_eq(
		preferences_file_find(tx, bob, SLICE("logo"), a, &found), HEARTH_ENOTFOUND);
	ck_assert_int_eq(preferences_file_delete(tx, bob, SLICE("logo")), HEARTH_ENOTFOUND);
	ck_assert_int_eq(preferences_file_delete(tx, ann, SLICE("logo")), 0);
	ck_assert_int_eq(preferences_file_delete(tx, ann, SLICE("logo")), HEARTH_ENOTFOUND);
	ck_assert_int_eq(released(tx, "auth/attachment/1/b", -1), 2);
	/* Who was so slow that the blob may be gone names nothing. */
	f = file("slow", "auth/attachment/1/c", 30);
	f.changed_at = T0;
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 0), 0);
	ck_assert_int_eq(
		preferences_file_finish(tx, ann, &f, T0 + AUTH_BLOB_PUT_MS + 1), HEARTH_ECONFLICT);
	/* The account takes its files along, and nobody else's. */
	ck_assert_int_eq(put(tx, ann, file("a", "auth/attachment/1/d", 1), T0), 0);
	ck_assert_int_eq(put(tx, ann, file("b", "auth/attachment/1/e", 1), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("b", "auth/attachment/2/a", 1), T0), 0);
	ck_assert_int_eq(auth_store_delete(tx, ann, T0 + 9, 0), 0);
	ck_assert_int_eq(released(tx, "auth/attachment/1/d", -1), 2);
	ck_assert_int_eq(released(tx, "auth/attachment/1/e", -1), 2);
	ck_assert_int_eq(released(tx, "auth/attachment/2/a", -1), 1);
	ck_assert_int_eq(put(tx, ann, file("a", "auth/attachment/1/f", 1), T0), HEARTH_EDENIED);
	ck_assert_int_eq(preferences_file_find(tx, bob, SLICE("b"), a, &found), 0);
	arena_free(&a);
	return 0;
}

START_TEST(no_key_is_forgotten)
{
	within_fresh(keys);
}
END_TEST

static int room(struct db_tx *tx, void *arg)
{
	int64_t ann = account(tx, "ann@x.test"), bob = account(tx, "bob@x.test");
	char name[20], blob[20];

	(void)arg;
	for (int i = 0; i < PREFERENCES_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		snprintf(blob, sizeof(blob), "a/%d", i);
		ck_assert_int_eq(put(tx, ann, file(name, blob, 1), T0), 0);
	}
	ck_assert_int_eq(put(tx, ann, file("more", "a/x", 1), T0), HEARTH_EBUSY);
	ck_assert_int_eq(put(tx, ann, file("f7", "a/y", 1), T0), 0);
	ck_assert_int_eq(released(tx, "a/7", -1), 2);
	/* In bytes; what is replaced does not count. */
	ck_assert_int_eq(put(tx, bob, file("a", "b/1", PREFERENCES_FILES_SIZE_MAX - 1), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("b", "b/2", 1), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("c", "b/3", 1), T0), HEARTH_EBUSY);
	ck_assert_int_eq(put(tx, bob, file("b", "b/4", 2), T0), HEARTH_EBUSY);
	ck_assert_int_eq(put(tx, bob, file("a", "b/5", 5), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("c", "b/6", 1), T0), 0);
	return 0;
}

static int quota(struct db_tx *tx, void *arg)
{
	int64_t ann = account(tx, "ann@x.test");
	struct preferences_file f = file("a", "a/1", 500);

	(void)arg;
	f.changed_at = T0;
	ck_assert_int_eq(
		db_run(tx, "UPDATE account SET quota = 1000 WHERE id = $1", db_int(ann)), 1);
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 501), HEARTH_ETOOBIG);
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 500), 0);
	ck_assert_int_eq(preferences_file_finish(tx, ann, &f, T0), 0);
	/* In place of itself it fits, beside itself it does not. */
	f.blob = SLICE("a/2");
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 500), 0);
	f.name = SLICE("b");
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 500), HEARTH_ETOOBIG);
	return 0;
}

START_TEST(a_quota_is_for_all_modules_together)
{
	within_fresh(quota);
}
END_TEST

static int litter(struct db_tx *tx, void *arg)
{
	(void)arg;
	ck_assert_int_eq(db_run(tx,
				 "INSERT INTO preferences_litter (blob, since) VALUES ('k/1', "
				 "$1), ('k/2', $1), ('k/3', $2)",
				 db_int(T0), db_int(T0 + AUTH_BLOB_PUT_MS)),
		3);
	ck_assert_int_eq(preferences_release_litter(tx, T0 + 2 * AUTH_BLOB_PUT_MS + 1), 0);
	ck_assert_int_eq(released(tx, "k/1", -1) + released(tx, "k/2", -1), 2);
	ck_assert_int_eq(released(tx, "k/3", -1), 0);
	ck_assert_int_eq(count(tx, "SELECT count(*) FROM preferences_litter"), 1);
	return 0;
}

START_TEST(what_was_litter_before_is_released)
{
	within_fresh(litter);
}
END_TEST

START_TEST(there_is_room_for_so_much)
{
	within_fresh(room);
}
END_TEST

TEST_MAIN("preferences store", a_version_wins_once, no_key_is_forgotten, there_is_room_for_so_much,
	a_quota_is_for_all_modules_together, what_was_litter_before_is_released)
