/*
 * What an account has on its way (store/outgoing.h) is counted beside the rows, without drift; and what is
 * forgotten by the hour is found by an index, not by a look at all.
 */
#include "store/outgoing.h"

#include "database.h"
#include "harness.h"
#include "hearth/error.h"
#include "store/forward.h"
#include "store/moderated.h"

enum { ACCOUNT = 7, SIZE = 1000 };

static const struct db_schema schema = { "mail", mail_migrations };

/* One mail to two recipients. */
static int send(struct db_tx *tx, void *account)
{
	struct mail_outgoing o = { .account = *(int64_t *)account,
		.mail_from = SLICE("x@y.test"),
		.envid = SLICE(""),
		.queued_ms = 1,
		.expires_ms = 2,
		.content = { .blob_key = SLICE("key"), .blob_size = SIZE, .message = SLICE("m") } };
	struct mail_queued q = { .domain = SLICE("z.test"),
		.orcpt = SLICE(""),
		.recipient = SLICE("a@z.test"),
		.list_name = SLICE("") };
	int64_t id;
	int rc = mail_store_outgoing_add(tx, &o, &id);

	for (int i = 0; i < 2 && rc == 0; i++)
		rc = mail_store_queue_add(tx, id, &q);
	return rc;
}

static int remove_first(struct db_tx *tx, void *arg)
{
	int64_t id = 0;
	int rc = db_get_int(tx, &id, "SELECT min(id) FROM queue");

	(void)arg;
	return rc < 0 ? rc : mail_store_queue_remove(tx, id);
}

/* What an attempt has dealt with meanwhile is not there for who only looked at it. */
static int take_last(struct db_tx *tx, void *arg)
{
	int64_t id = 0;
	int rc = db_get_int(tx, &id, "SELECT max(id) FROM queue");

	(void)arg;
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(mail_store_queue_take(tx, id), 0);
	ck_assert_int_eq(mail_store_queue_take(tx, id), HEARTH_ENOTFOUND);
	return mail_store_queue_remove(tx, id);
}

static int size(struct db_tx *tx, void *bytes)
{
	int64_t there = -1;
	int rc = mail_store_outgoing_size(tx, ACCOUNT, bytes);

	if (rc == 0)
		rc = db_get_int(tx, &there,
			"SELECT COALESCE(sum(blob_size), 0) FROM outgoing WHERE account = $1",
			db_int(ACCOUNT));
	ck_assert_int_eq(there, *(int64_t *)bytes);
	return rc;
}

/* So that what is kept is not what would be summed. */
static int change_row(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "UPDATE on_its_way SET bytes = bytes + 1") < 0 ? HEARTH_EIO : 0;
}

static int kept_size(struct db_tx *tx, void *bytes)
{
	return mail_store_outgoing_size(tx, ACCOUNT, bytes);
}

START_TEST(counted_without_drift)
{
	struct db *db = database_new(&schema);
	int64_t account = ACCOUNT, server = 0, bytes = -1;
	static const int left[] = { 2 * SIZE, SIZE, SIZE, 0 };

	ck_assert_int_eq(db_read_wait(db, size, &bytes), 0);
	ck_assert_int_eq(bytes, 0);
	ck_assert_int_eq(db_write_wait(db, send, &account), 0);
	ck_assert_int_eq(db_write_wait(db, send, &account), 0);
	ck_assert_int_eq(db_write_wait(db, send, &server), 0);
	ck_assert_int_eq(db_write_wait(db, take_last, NULL), 0);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		ck_assert_int_eq(db_write_wait(db, remove_first, NULL), 0);
		ck_assert_int_eq(db_read_wait(db, size, &bytes), 0);
		ck_assert_int_eq(bytes, left[i]);
	}
	/* It is read, not summed; and what is wrong with it ends with the last mail. */
	ck_assert_int_eq(db_write_wait(db, remove_first, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, send, &account), 0);
	ck_assert_int_eq(db_write_wait(db, change_row, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, kept_size, &bytes), 0);
	ck_assert_int_eq(bytes, SIZE + 1);
	ck_assert_int_eq(db_write_wait(db, remove_first, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, remove_first, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, size, &bytes), 0);
	ck_assert_int_eq(bytes, 0);
	db_close(&db);
}
END_TEST

static int plans(struct db_tx *tx, void *arg)
{
	static const char *const statements[] = {
		"EXPLAIN QUERY PLAN DELETE FROM sending WHERE hour < 1",
		"EXPLAIN QUERY PLAN DELETE FROM forwarded WHERE hour < 1",
	};

	(void)arg;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct db_rows rows;

		ck_assert_int_eq(db_query(tx, &rows, statements[i]), 0);
		ck_assert_int_gt(db_next(&rows), 0);
		ck_assert(slice_find(db_col_text(&rows, 3), SLICE("_hour (hour<?)")) > 0);
		ck_assert_int_eq(db_end(&rows), 0);
	}
	return 0;
}

START_TEST(forgotten_by_the_hour)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_read_wait(db, plans, NULL), 0);
	db_close(&db);
}
END_TEST

static int count_moderated(void *n, const struct mail_moderated *m)
{
	(void)m;
	*(int *)n += 1;
	return 0;
}

/* One mail through a list that waits for an owner, and one that waits for its time. */
static int hold_restored(struct db_tx *tx, void *arg)
{
	struct mail_outgoing o = { .mail_from = SLICE("x@y.test"),
		.envid = SLICE(""),
		.queued_ms = 1,
		.expires_ms = 2,
		.content = { .blob_key = SLICE("key"), .blob_size = SIZE, .message = SLICE("m") } };
	struct mail_queued q = { .domain = SLICE("z.test"),
		.orcpt = SLICE(""),
		.recipient = SLICE("list@z.test"),
		.list_name = SLICE("list"),
		.list = 5,
		.here = 1 };
	int64_t waits = 0, timed = 0, n = 0, row = 0;
	int moderated = 0;

	(void)arg;
	ck_assert_int_eq(mail_store_outgoing_add(tx, &o, &waits), 0);
	ck_assert_int_eq(mail_store_outgoing_add(tx, &o, &timed), 0);
	q.moderated = true;
	ck_assert_int_eq(mail_store_queue_add(tx, waits, &q), 0);
	q.moderated = false;
	ck_assert_int_eq(mail_store_queue_add(tx, timed, &q), 0);
	/* As after a restore: the second alone is held for whoever runs the server. */
	ck_assert_int_eq(mail_store_queue_hold_all(tx, 9, SLICE("restored"), &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(mail_store_moderated_list(tx, 5, count_moderated, &moderated), 0);
	ck_assert_int_eq(moderated, 1);
	ck_assert_int_eq(mail_store_moderated_release(tx, 5, timed, 3), HEARTH_ENOTFOUND);
	ck_assert_int_eq(mail_store_moderated_drop(tx, 5, timed), HEARTH_ENOTFOUND);
	ck_assert_int_eq(
		db_get_int(tx, &row, "SELECT id FROM queue WHERE outgoing = $1", db_int(waits)), 0);
	ck_assert_int_eq(mail_store_queue_hold(tx, row), 0);
	ck_assert_int_eq(mail_store_queue_retry(tx, row, 3), HEARTH_ENOTFOUND);
	ck_assert_int_eq(mail_store_moderated_release(tx, 5, waits, 3), 0);
	ck_assert_int_eq(
		db_get_int(tx, &row, "SELECT id FROM queue WHERE outgoing = $1", db_int(timed)), 0);
	return mail_store_queue_retry(tx, row, 3);
}

START_TEST(what_waits_for_an_owner_is_theirs)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_write_wait(db, hold_restored, NULL), 0);
	db_close(&db);
}
END_TEST

/* Of a mail through two lists, the rows of members elsewhere of one. */
static int count_sending(struct db_tx *tx, void *arg)
{
	struct mail_outgoing o = { .mail_from = SLICE("x@y.test"),
		.envid = SLICE(""),
		.queued_ms = 1,
		.expires_ms = 9,
		.content = { .blob_key = SLICE("key"), .blob_size = SIZE, .message = SLICE("m") } };
	struct mail_queued q = { .domain = SLICE("z.test"),
		.orcpt = SLICE(""),
		.recipient = SLICE("list@z.test"),
		.list_name = SLICE("list"),
		.due_ms = 1 };
	static const int64_t here[] = { 1, -1, -2, -3 }, lists[] = { 5, 5, 5, 6 };
	struct arena *a = arena_new();
	struct mail_queued rows[5];
	int64_t id = 0;
	size_t n = 0;

	(void)arg;
	ck_assert_int_eq(mail_store_outgoing_add(tx, &o, &id), 0);
	for (size_t i = 0; i < 4; i++) {
		q.here = here[i];
		q.list = lists[i];
		ck_assert_int_eq(mail_store_queue_add(tx, id, &q), 0);
	}
	ck_assert_int_eq(mail_store_queue_counted(tx, id, 5), 0);
	ck_assert_int_eq(mail_store_queue_due(tx, q.domain, 2, 0, 0, 5, a, rows, &n), 0);
	ck_assert_int_eq(n, 4);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(rows[i].counted, rows[i].here < 0 && rows[i].list == 5);
	arena_free(&a);
	return 0;
}

START_TEST(sending_is_counted_once_a_list)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_write_wait(db, count_sending, NULL), 0);
	db_close(&db);
}
END_TEST

#define MEMBERS 3

static int note_moderated(void *last, const struct mail_moderated *m)
{
	ck_assert_int_gt(m->id, *(int64_t *)last);
	*(int64_t *)last = m->id;
	return 0;
}

/* As many mails as may wait for one group, each to some members, and one more for another. */
static int fill_moderated(struct db_tx *tx, void *arg)
{
	struct mail_outgoing o = { .mail_from = SLICE("x@y.test"),
		.envid = SLICE(""),
		.queued_ms = 1,
		.expires_ms = 2,
		.content = { .blob_key = SLICE("key"), .blob_size = SIZE, .message = SLICE("m") } };
	struct mail_queued q = { .domain = SLICE("z.test"),
		.orcpt = SLICE(""),
		.recipient = SLICE("list@z.test"),
		.list_name = SLICE("list"),
		.list = 5,
		.moderated = true };
	int64_t id = 0, first = 0, last = 0;

	(void)arg;
	ck_assert_int_eq(mail_store_moderated_room(tx, 5), 0);
	for (int i = 0; i < MAIL_MODERATED_MAX; i++) {
		ck_assert_int_eq(mail_store_moderated_room(tx, 5), 0);
		ck_assert_int_eq(mail_store_outgoing_add(tx, &o, &id), 0);
		first = first ? first : id;
		for (q.here = 1; q.here <= MEMBERS; q.here++)
			ck_assert_int_eq(mail_store_queue_add(tx, id, &q), 0);
	}
	ck_assert_int_eq(mail_store_moderated_room(tx, 5), HEARTH_EBUSY);
	ck_assert_int_eq(mail_store_moderated_list(tx, 5, note_moderated, &last), 0);
	ck_assert_int_eq(last, id);
	q.list = 6;
	ck_assert_int_eq(mail_store_queue_add(tx, first, &q), 0);
	ck_assert_int_eq(mail_store_moderated_room(tx, 6), 0);
	ck_assert_int_eq(mail_store_moderated_drop(tx, 5, first), 0);
	ck_assert_int_eq(mail_store_moderated_room(tx, 5), 0);
	last = 0;
	ck_assert_int_eq(mail_store_moderated_list(tx, 6, note_moderated, &last), 0);
	ck_assert_int_eq(last, first); /* it waits for the other group still */
	return 0;
}

/* From one mail to the next by the index, past all the rows that each has. */
static int plan_of_moderated(struct db_tx *tx, void *arg)
{
	struct db_rows rows;
	int steps = 0;

	(void)arg;
	ck_assert_int_eq(db_query(tx, &rows,
				 "EXPLAIN QUERY PLAN SELECT q.outgoing FROM queue q WHERE q.list = "
				 "1 AND q.held = 2 AND q.outgoing > 1 ORDER BY q.outgoing LIMIT 1"),
		0);
	for (; db_next(&rows) > 0; steps++)
		ck_assert_msg(slice_find(db_col_text(&rows, 3),
				      SLICE("queue_moderated (list=? AND outgoing>?)")) > 0,
			"%.*s", SLICE_ARG(db_col_text(&rows, 3)));
	ck_assert_int_eq(steps, 1);
	return db_end(&rows);
}

START_TEST(what_waits_for_an_owner_is_counted_mail_by_mail)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_write_wait(db, fill_moderated, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, plan_of_moderated, NULL), 0);
	db_close(&db);
}
END_TEST

TEST_MAIN("mail on its way", counted_without_drift, forgotten_by_the_hour,
	what_waits_for_an_owner_is_theirs, what_waits_for_an_owner_is_counted_mail_by_mail,
	sending_is_counted_once_a_list)
