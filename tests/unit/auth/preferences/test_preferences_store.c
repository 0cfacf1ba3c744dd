/*
 * test_preferences_store.c: documents, attachments and litter in the database: which version wins,
 * what is published, how much there is room for, and that no key of a blob is ever forgotten.
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
#define LITTER "SELECT count(*) FROM preferences_litter"

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
	int rc = preferences_file_begin(tx, id, &f, 0, at);

	return rc < 0 ? rc : preferences_file_finish(tx, id, &f, at);
}

static void collect(void *arg, struct slice blob)
{
	strbuf_add(arg, blob);
	strbuf_addc(arg, ' ');
}

static void check_litter(struct db_tx *tx, int64_t before, const char *expected)
{
	struct strbuf found = { 0 };

	ck_assert_int_eq(preferences_litter(tx, before, collect, &found), 0);
	ck_assert_str_eq(found.p ? found.p : "", expected);
	strbuf_free(&found);
}

static int keys(struct db_tx *tx, void *arg)
{
	struct preferences_file f = file("logo", "k/1", 10), found;
	int64_t ann = account(tx, "ann@x.test"), bob = account(tx, "bob@x.test");
	struct arena *a = arena_new();

	(void)arg;
	/* Between the two steps a crash leaves the key as litter; then it is named. */
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 0, T0), 0);
	check_litter(tx, T0 + 1, "k/1 ");
	check_litter(tx, T0, "");
	ck_assert_int_eq(preferences_file_finish(tx, ann, &f, T0), 0);
	check_litter(tx, T0 + 1, "");
	/* What is replaced, and what is removed, is litter from then on. */
	ck_assert_int_eq(put(tx, ann, file("logo", "k/2", 20), T0 + 5), 0);
	check_litter(tx, T0 + 6, "k/1 ");
	ck_assert_int_eq(preferences_file_find(tx, ann, SLICE("logo"), a, &found), 0);
	ck_assert(slice_eq(found.blob, SLICE("k/2")) && found.size == 20);
	ck_assert_int_eq(
		preferences_file_find(tx, bob, SLICE("logo"), a, &found), HEARTH_ENOTFOUND);
	ck_assert_int_eq(preferences_file_delete(tx, bob, SLICE("logo"), T0), HEARTH_ENOTFOUND);
	ck_assert_int_eq(preferences_file_delete(tx, ann, SLICE("logo"), T0 + 7), 0);
	ck_assert_int_eq(preferences_file_delete(tx, ann, SLICE("logo"), T0 + 7), HEARTH_ENOTFOUND);
	check_litter(tx, T0 + 8, "k/1 k/2 ");
	ck_assert_int_eq(preferences_litter_forget(tx, SLICE("k/1")), 0);
	check_litter(tx, T0 + 8, "k/2 ");
	/* Who was so slow that the blob was swept away names nothing. */
	f = file("slow", "k/3", 30);
	ck_assert_int_eq(preferences_file_begin(tx, ann, &f, 0, T0), 0);
	ck_assert_int_eq(preferences_litter_forget(tx, SLICE("k/3")), 0);
	ck_assert_int_eq(preferences_file_finish(tx, ann, &f, T0), HEARTH_ECONFLICT);
	/* The account takes its files along, each key once. */
	ck_assert_int_eq(put(tx, ann, file("a", "k/4", 1), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("b", "k/5", 1), T0), 0);
	clock_fake(T0 + 9, 1000000);
	ck_assert_int_eq(auth_store_delete(tx, ann, T0 + 9, 0), 0);
	clock_fake(-1, 0);
	check_litter(tx, T0 + 10, "k/2 k/4 ");
	ck_assert_int_eq(put(tx, ann, file("a", "k/6", 1), T0), HEARTH_EDENIED);
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
	ck_assert_int_eq(count(tx, LITTER), 1);
	/* In bytes; what is replaced does not count. */
	ck_assert_int_eq(put(tx, bob, file("a", "b/1", PREFERENCES_FILES_SIZE_MAX - 1), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("b", "b/2", 1), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("c", "b/3", 1), T0), HEARTH_EBUSY);
	ck_assert_int_eq(put(tx, bob, file("b", "b/4", 2), T0), HEARTH_EBUSY);
	ck_assert_int_eq(put(tx, bob, file("a", "b/5", 5), T0), 0);
	ck_assert_int_eq(put(tx, bob, file("c", "b/6", 1), T0), 0);
	return 0;
}

START_TEST(there_is_room_for_so_much)
{
	within_fresh(room);
}
END_TEST

TEST_MAIN("preferences store", a_version_wins_once, no_key_is_forgotten, there_is_room_for_so_much)
