/*
 * test_queue.c: durable queues in SQLite through the suite of the job port; and what they cost while
 * there is nothing to do.
 */
#define SUITE_ENGINE (&db_sqlite)
#include "src/ports/embedded.h"
#include "src/ports/suite_job.h"

static int64_t functions_run(struct db *db)
{
	int64_t ended = 0;

	while (db_busy(db, &ended)) {
		usleep(1000);
		ended = 0;
	}
	return ended;
}

START_TEST(where_nobody_writes_nothing_is_asked)
{
	struct shop *s = shop_open(NULL), other = { 0 };
	struct strbuf why = { 0 };
	int64_t before;

	push(s, (struct push){ .key = "later", .not_before_ms = INT64_MAX });
	suite_queue_start(s->db, &four_at_once, s->pool, s);
	suite_run_until(suite_never, NULL, 2200);
	before = functions_run(s->db);
	suite_run_until(suite_never, NULL, 2200);
	ck_assert_int_eq(functions_run(s->db), before);
	/* Another process, or as good as one. */
	ck_assert_int_eq(suite_db_open(&shop_schema, &other.db, &why), 0);
	push(&other, (struct push){ .key = "k" });
	ck_assert(suite_run_until(one_ended, s, WITHIN_MS));
	suite_db_close(&other.db);
	shop_close(s);
}
END_TEST

TEST_MAIN("queue", SUITE_JOB, where_nobody_writes_nothing_is_asked)
