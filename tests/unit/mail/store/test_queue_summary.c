/*
 * What waits, by domain (store/outgoing.h): counted in slices, whatever their size, as one look at all rows would
 * count it; and found by indexes alone.
 */
#include <stdio.h>

#include "database.h"
#include "harness.h"
#include "hearth/error.h"
#include "store/outgoing.h"

enum { DOMAINS = 300, HELD = 5 };

static const struct db_schema schema = { "mail", mail_migrations };

/* Of the domain i, i % 150 + 1 recipients, of which every HELD-th is held. */
static int fill(struct db_tx *tx, void *arg)
{
	int rc = 0, n = 0;

	(void)arg;
	for (int i = 0; i < DOMAINS && rc == 0; i++) {
		struct mail_outgoing o = { .mail_from = SLICE("x@y.test"),
			.envid = SLICE(""),
			.queued_ms = 1000 + i,
			.expires_ms = 100000,
			.content = { .blob_key = SLICE("key"), .message = SLICE("m") } };
		char domain[32];
		int64_t id = 0;

		snprintf(domain, sizeof(domain), "d%03d.test", (i * 7) % DOMAINS);
		rc = mail_store_outgoing_add(tx, &o, &id);
		for (int k = 0; k < i % 150 + 1 && rc == 0; k++)
			rc = mail_store_queue_add(tx, id,
				&(struct mail_queued){ .domain = slice_str(domain),
					.orcpt = SLICE(""),
					.recipient = SLICE("a@z.test"),
					.list_name = SLICE(""),
					.held = n++ % HELD == 0,
					.due_ms = 5000 - k });
	}
	return rc;
}

static int totals(struct db_tx *tx, void *arg)
{
	return mail_store_queue_totals(tx, arg);
}

static int count(struct db_tx *tx, void *arg)
{
	struct mail_queue_domains *d = arg;

	memset(d, 0, sizeof(*d));
	return mail_store_queue_count_domains(tx, d);
}

/* A slice goes on where the last one ended, with what was found so far. */
static int go_on(struct db_tx *tx, void *arg)
{
	struct mail_queue_domains *d = arg;

	for (int i = 0; i < DOMAINS; i += DOMAINS / 3) {
		memset(d, 0, sizeof(*d));
		snprintf(d->after, sizeof(d->after), "d%03d.test", i);
		d->count = i + 1;
		d->n = 1;
		snprintf(d->top->domain, sizeof(d->top->domain), "a.test");
		d->top->recipients = 1000;
		ck_assert_int_eq(mail_store_queue_count_domains(tx, d), 0);
		ck_assert(d->done);
		ck_assert_int_eq(d->count, DOMAINS);
		ck_assert_str_eq(d->top->domain, "a.test");
	}
	return 0;
}

/* As one statement has it that reads all. */
static int compare(struct db_tx *tx, void *arg)
{
	const struct mail_queue_domains *d = arg;
	struct db_rows rows;
	size_t i = 0;

	ck_assert_int_eq(
		db_query(tx, &rows,
			"SELECT q.domain, count(*), sum(q.held), min(q.due_ms), min(o.queued_ms)"
			" FROM queue q JOIN outgoing o ON o.id = q.outgoing GROUP BY q.domain"
			" ORDER BY 2 DESC, q.domain LIMIT 100"),
		0);
	for (; db_next(&rows) > 0; i++) {
		ck_assert(slice_eq(db_col_text(&rows, 0), slice_str(d->top[i].domain)));
		ck_assert_int_eq(db_col_int(&rows, 1), d->top[i].recipients);
		ck_assert_int_eq(db_col_int(&rows, 2), d->top[i].held);
		ck_assert_int_eq(db_col_int(&rows, 3), d->top[i].due_ms);
		ck_assert_int_eq(db_col_int(&rows, 4), d->top[i].oldest_ms);
	}
	ck_assert_uint_eq(i, d->n);
	return db_end(&rows);
}

START_TEST(counted_as_by_a_look_at_all)
{
	struct db *db = database_new(&schema);
	struct mail_queue_totals t;
	static struct mail_queue_domains d;
	int64_t all = 2 * 150 * 151 / 2;

	ck_assert_int_eq(db_read_wait(db, count, &d), 0);
	ck_assert(d.done && d.count == 0 && d.n == 0);
	ck_assert_int_eq(db_write_wait(db, fill, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, totals, &t), 0);
	ck_assert_int_eq(t.recipients, all);
	ck_assert_int_eq(t.held, all / HELD);
	ck_assert_int_eq(t.messages, DOMAINS);
	ck_assert_int_eq(t.oldest_ms, 1000);
	ck_assert_int_eq(db_read_wait(db, count, &d), 0);
	ck_assert(d.done && d.n == MAIL_QUEUE_TOP);
	ck_assert_int_eq(d.count, DOMAINS);
	ck_assert_int_eq(db_read_wait(db, compare, &d), 0);
	ck_assert_int_eq(db_read_wait(db, go_on, &d), 0);
	db_close(&db);
}
END_TEST

/* No plan that reads the rows, or sorts. */
static int plans(struct db_tx *tx, void *arg)
{
	static const char *const statements[] = {
		("EXPLAIN QUERY PLAN SELECT domain, count(*), sum(CASE WHEN held = 0 THEN 0 ELSE "
		 "1 END), min(due_ms), min(id) FROM queue WHERE domain > 'a' GROUP BY domain ORDER "
		 "BY domain"),
		"EXPLAIN QUERY PLAN SELECT count(*) FROM queue WHERE held > 0",
		"EXPLAIN QUERY PLAN SELECT min(domain) FROM queue WHERE domain > 'a'",
		("EXPLAIN QUERY PLAN SELECT 1 FROM queue q WHERE q.held = 0 AND q.domain = 'a' AND "
		 "q.due_ms <= 1"),
	};

	(void)arg;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct db_rows rows;

		ck_assert_int_eq(db_query(tx, &rows, statements[i]), 0);
		while (db_next(&rows) > 0)
			ck_assert_msg(slice_find(db_col_text(&rows, 3),
					      SLICE("USING COVERING INDEX queue_")) > 0,
				"%s: %.*s", statements[i], SLICE_ARG(db_col_text(&rows, 3)));
		ck_assert_int_eq(db_end(&rows), 0);
	}
	return 0;
}

START_TEST(found_by_indexes)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_read_wait(db, plans, NULL), 0);
	db_close(&db);
}
END_TEST

TEST_MAIN("the queue in numbers", counted_as_by_a_look_at_all, found_by_indexes)
