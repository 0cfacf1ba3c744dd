/*
 * test_engine.c: the seam of the database port (db/engine.h). An engine that passes everything on to
 * SQLite, and counts, goes through the suites of the port: it keeps a state of its own, which would
 * end the process wherever somebody took it for SQLite's. So its table is the only door.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "db/engine.h"

static struct db_engine passing; /* filled in main */

#define SUITE_ENGINE (&passing)
#include "src/ports/embedded.h"

#include "hearth/lease.h"
#include "job/queue_store.h"
#include "lease/lease_internal.h"
#include "src/ports/suite_db.h"
#include "src/ports/suite_fts.h"

/* Not where SQLite's begins: who takes one for the other finds no database there. */
struct passed {
	char none[512];
	void *inner;
};

static atomic_int opened, closed, transactions, reads, runs, queries, rows, ends, columns, scripts;

static void *inner(const void *state)
{
	return ((const struct passed *)state)->inner;
}

static int pass_open(struct db *db, const char *place, void **state, struct strbuf *why)
{
	struct passed *p = mem_zalloc(sizeof(*p));
	int rc = db_sqlite.open(db, place, &p->inner, why);

	if (rc < 0) {
		free(p);
		return rc;
	}
	opened++;
	*state = p;
	return 0;
}

static int pass_transact(void *state, db_fn *fn, void *arg, struct strbuf *why)
{
	transactions++;
	return db_sqlite.transact(inner(state), fn, arg, why);
}

static void pass_start(void *state)
{
	db_sqlite.start(inner(state));
}

static void pass_stop(void *state)
{
	db_sqlite.stop(inner(state));
}

static void pass_close(void *state)
{
	closed++;
	db_sqlite.close(inner(state));
	free(state);
}

static bool pass_is_quiet(const void *state, struct db_quiet *q)
{
	return db_sqlite.is_quiet(inner(state), q);
}

static int pass_read(void *state, int reader, db_fn *fn, void *arg)
{
	reads++;
	return db_sqlite.read(inner(state), reader, fn, arg);
}

static int pass_run(struct db_tx *tx, const char *sql, const struct db_value *values, size_t n)
{
	runs++;
	return db_sqlite.run(tx, sql, values, n);
}

static void *pass_query(
	struct db_tx *tx, const char *sql, const struct db_value *values, size_t n, int *error)
{
	queries++;
	return db_sqlite.query(tx, sql, values, n, error);
}

static int pass_next(struct db_tx *tx, void *statement)
{
	rows++;
	return db_sqlite.next(tx, statement);
}

static void pass_end(struct db_tx *tx, void *statement)
{
	ends++;
	db_sqlite.end(tx, statement);
}

static int64_t pass_col_int(void *statement, int column)
{
	columns++;
	return db_sqlite.col_int(statement, column);
}

static struct slice pass_col_text(void *statement, int column)
{
	columns++;
	return db_sqlite.col_text(statement, column);
}

static struct slice pass_col_bytes(void *statement, int column)
{
	columns++;
	return db_sqlite.col_bytes(statement, column);
}

static bool pass_col_is_null(void *statement, int column)
{
	columns++;
	return db_sqlite.col_is_null(statement, column);
}

static int pass_script(struct db_tx *tx, const char *sql, struct strbuf *why)
{
	scripts++;
	return db_sqlite.script(tx, sql, why);
}

static bool pass_broken(void *state)
{
	return db_sqlite.fts->broken(inner(state));
}

static struct fts_engine passing_fts;

static void make_engine(void)
{
	passing_fts = *db_sqlite.fts;
	passing_fts.broken = pass_broken;
	passing = (struct db_engine){
		.name = "passing",
		.id_type = db_sqlite.id_type,
		.bytes_type = db_sqlite.bytes_type,
		.open = pass_open,
		.transact = pass_transact,
		.start = pass_start,
		.stop = pass_stop,
		.close = pass_close,
		.is_quiet = pass_is_quiet,
		.read = pass_read,
		.run = pass_run,
		.query = pass_query,
		.next = pass_next,
		.end = pass_end,
		.col_int = pass_col_int,
		.col_text = pass_col_text,
		.col_bytes = pass_col_bytes,
		.col_is_null = pass_col_is_null,
		.script = pass_script,
		.fts = &passing_fts,
		.cut = db_sqlite.cut,
		.leases = db_sqlite.leases,
		.queues = db_sqlite.queues,
	};
}

/* ---- what a function asks ---- */

static int use_all(struct db_tx *tx, void *arg)
{
	struct db_rows r;
	int64_t n = 0;

	(void)arg;
	ck_assert_int_eq(db_run(tx, "INSERT INTO item (name) VALUES ($1)", db_str("here")), 1);
	ck_assert_int_eq(db_one(tx, &r, "SELECT id, name, n, data FROM item WHERE name = $1",
				 db_str("here")),
		0);
	ck_assert_int_gt(db_col_int(&r, 0), 0);
	ck_assert(slice_eq(db_col_text(&r, 1), SLICE("here")));
	ck_assert(db_col_is_null(&r, 2));
	ck_assert_uint_eq(db_col_bytes(&r, 3).n, 0);
	ck_assert_int_eq(db_end(&r), 0);
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT count(*) FROM item"), 0);
	return n == 1 ? 0 : HEARTH_EIO;
}

START_TEST(all_that_a_function_asks_comes_to_its_engine)
{
	int before = opened - closed, wanted = transactions, scripted = scripts;
	struct db *db = fresh();

	ck_assert_int_eq(opened - closed, before + 1);
	ck_assert_int_gt(transactions, wanted);
	ck_assert_int_gt(scripts, scripted);
	if (suite_runs() == 1) {
		runs = queries = rows = ends = columns = 0;
		ck_assert_int_eq(db_write_wait(db, use_all, NULL), 0);
		ck_assert_int_eq(runs, 1);
		ck_assert_int_eq(ends, queries);
		/* Another one counts the commit: a row, its only column looked at twice. */
		ck_assert_int_eq(queries, 3);
		ck_assert_int_eq(rows, 1 + 2 * 2);
		ck_assert_int_eq(columns, 4 + 2 * 2);
	}
	suite_db_close(&db);
	ck_assert_int_eq(opened - closed, before);
}
END_TEST

/* ---- the parts of other ports come with the database ---- */

static int refuse_take(
	struct db_tx *tx, const char *name, const char *node, int64_t ttl_ms, int64_t *epoch)
{
	(void)tx;
	(void)name;
	(void)node;
	(void)ttl_ms;
	*epoch = 0;
	return HEARTH_EBUSY;
}

static int refuse_push(struct db_tx *tx, const char *queue, struct slice key, struct slice payload,
	int priority, int64_t not_before_ms)
{
	(void)tx;
	(void)queue;
	(void)key;
	(void)payload;
	(void)priority;
	(void)not_before_ms;
	return HEARTH_EUNSUPPORTED;
}

static int refuse_create(struct db_tx *tx, const char *name)
{
	(void)tx;
	(void)name;
	return HEARTH_EDENIED;
}

static const struct lease_engine refusing_leases = { .take = refuse_take };
static const struct queue_engine refusing_queues = { .push = refuse_push };
static const struct fts_engine refusing_fts = { .create = refuse_create };

static int ask_parts(struct db_tx *tx, void *leases)
{
	struct lease l;

	ck_assert_int_eq(lease_take(leases, tx, "thing", &l), HEARTH_EBUSY);
	ck_assert_int_eq(queue_push(tx, "q", SLICE("k"), SLICE("p"), 0, 0), HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(fts_create(tx, "texts"), HEARTH_EDENIED);
	return 0;
}

START_TEST(leases_queues_and_search_come_with_the_engine)
{
	struct db_engine refusing = passing;
	struct lease_options options = { .node = "n", .ttl_ms = 1000, .alone = true };
	struct strbuf why = { 0 };
	struct leases *ls;
	struct db *db;

	refusing.leases = &refusing_leases;
	refusing.queues = &refusing_queues;
	refusing.fts = &refusing_fts;
	suite_db_fresh();
	ck_assert_int_eq(db_open_with(&refusing, scratch_dir, &suite_schema, &db, &why), 0);
	ls = leases_new(&db, 1, &options);
	ck_assert_int_eq(db_write_wait(db, ask_parts, ls), 0);
	leases_free(&ls);
	db_close(&db);
	strbuf_free(&why);
}
END_TEST

/* ---- opening ---- */

static int refuse_open(struct db *db, const char *place, void **state, struct strbuf *why)
{
	(void)place;
	(void)state;
	strbuf_printf(why, "nobody answers for %s", db_name(db));
	return HEARTH_ETIMEOUT;
}

static int refuse_script(struct db_tx *tx, const char *sql, struct strbuf *why)
{
	(void)tx;
	(void)sql;
	strbuf_adds(why, "no such word");
	return HEARTH_EINVAL;
}

START_TEST(an_engine_that_fails_at_the_start_leaves_nothing)
{
	struct db_engine silent = passing, wordless = passing;
	int before = opened - closed;
	struct strbuf why = { 0 };
	struct db *db;

	silent.open = refuse_open;
	wordless.script = refuse_script;
	suite_db_fresh();
	ck_assert_int_eq(
		db_open_with(&silent, scratch_dir, &suite_schema, &db, &why), HEARTH_ETIMEOUT);
	ck_assert_ptr_null(db);
	ck_assert_str_eq(why.p, "nobody answers for suite");
	strbuf_reset(&why);
	ck_assert_int_eq(
		db_open_with(&wordless, scratch_dir, &suite_schema, &db, &why), HEARTH_EINVAL);
	ck_assert_ptr_null(db);
	ck_assert_str_eq(why.p, "no such word");
	ck_assert_int_eq(opened - closed, before);
	strbuf_free(&why);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { SUITE_DB, SUITE_FTS,
		all_that_a_function_asks_comes_to_its_engine,
		leases_queues_and_search_come_with_the_engine,
		an_engine_that_fails_at_the_start_leaves_nothing };

	make_engine();
	return run_suite("engine", tests, sizeof(tests) / sizeof(tests[0]));
}
