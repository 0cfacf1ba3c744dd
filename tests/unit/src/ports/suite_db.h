/*
 * suite_db.h: what db.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it says before that how a database
 * is opened, by defining:
 *
 *	static void suite_db_fresh(void);         // forget all databases: an empty place
 *	static int suite_db_open(const struct db_schema *s, struct db **out, struct strbuf *why);
 *	static void suite_db_close(struct db **db);
 *	static void suite_loop(void);             // the calling thread becomes the loop's
 *	static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);
 *	static void suite_loop_end(void);
 *
 * and puts SUITE_DB in its list of tests.
 */
#ifndef HEARTH_TESTS_SUITE_DB_H
#define HEARTH_TESTS_SUITE_DB_H

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/arena.h"
#include "hearth/db.h"
#include "hearth/error.h"
#include "src/dies.h"
#include "src/ports/twice.h"

#define WITHIN_MS 60000

static const char *const suite_migrations[] = {
	"CREATE TABLE item (id {id}, name TEXT NOT NULL UNIQUE, n BIGINT, data {bytes});"
	"CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);"
	"INSERT INTO counter (name, value) VALUES ('a', 0), ('b', 1000), ('c', 0);",
	NULL,
};
static const struct db_schema suite_schema = { "suite", suite_migrations };

static struct db *open_suite(const struct db_schema *schema)
{
	struct strbuf why = { 0 };
	struct db *db = NULL;

	if (suite_db_open(schema, &db, &why) < 0)
		ck_abort_msg("cannot open: %s", why.p);
	strbuf_free(&why);
	return db;
}

static struct db *fresh(void)
{
	suite_db_fresh();
	return open_suite(&suite_schema);
}

/* ---- functions to run ---- */

static int put_name(struct db_tx *tx, const char *name)
{
	int rc = db_run(tx, "INSERT INTO item (name) VALUES ($1)", db_str(name));

	return rc < 0 ? rc : 0;
}

static int insert_name(struct db_tx *tx, void *arg)
{
	return put_name(tx, arg);
}

static int insert_then_fail(struct db_tx *tx, void *arg)
{
	int rc = put_name(tx, arg);

	return rc < 0 ? rc : HEARTH_ECONFLICT;
}

static int write_name(struct db *db, db_fn *fn, const char *name)
{
	return db_write_wait(db, fn, (void *)name);
}

struct count {
	const char *name;
	int64_t n;
};

static int count_name(struct db_tx *tx, void *arg)
{
	struct count *c = arg;

	return db_get_int(tx, &c->n, "SELECT count(*) FROM item WHERE name = $1", db_str(c->name));
}

static int64_t named(struct db *db, const char *name)
{
	struct count c = { name, -1 };

	ck_assert_int_eq(db_read_wait(db, count_name, &c), 0);
	return c.n;
}

static int count_all(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(*) FROM item");
}

static int add_to_a(struct db_tx *tx, void *arg)
{
	int64_t value;
	int rc = db_get_int(tx, &value, "SELECT value FROM counter WHERE name = 'a'");

	(void)arg;
	if (rc == 0)
		rc = db_run(
			tx, "UPDATE counter SET value = $1 WHERE name = 'a'", db_int(value + 1));
	return rc < 0 ? rc : 0;
}

static int get_a(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT value FROM counter WHERE name = 'a'");
}

/* ---- asynchronous calls ---- */

struct call {
	struct exec *asker;
	int status, answers;
	bool wrong_place; /* done ran elsewhere, or inside the call */
	bool in_call;
	atomic_int *left;
};

static void on_done(void *arg, int status)
{
	struct call *c = arg;

	c->status = status;
	c->answers++;
	c->wrong_place |= exec_current() != c->asker || c->in_call;
	if (c->left)
		atomic_fetch_sub(c->left, 1);
}

static int none_left(void *arg)
{
	return atomic_load((atomic_int *)arg) == 0;
}

/* ---- atomicity ---- */

struct named_call {
	struct call call; /* first: it is done's argument, and fn's */
	const char *name;
	bool fail;
};

static int insert_as_told(struct db_tx *tx, void *arg)
{
	struct named_call *n = arg;

	return n->fail ? insert_then_fail(tx, (void *)n->name) : put_name(tx, n->name);
}

START_TEST(db_a_function_that_fails_rolls_back_alone)
{
	struct db *db = fresh();
	atomic_int left = 4;
	struct named_call calls[] = { { .name = "first" }, { .name = "failing", .fail = true },
		{ .name = "third" }, { .name = "first" } };

	suite_loop();
	for (int i = 0; i < 4; i++) {
		calls[i].call =
			(struct call){ .asker = exec_current(), .left = &left, .in_call = true };
		ck_assert_int_eq(db_write(db, insert_as_told, on_done, &calls[i]), 0);
		calls[i].call.in_call = false;
	}
	ck_assert(suite_run_until(none_left, &left, WITHIN_MS));
	ck_assert_int_eq(calls[0].call.status, 0);
	ck_assert_int_eq(calls[1].call.status, HEARTH_ECONFLICT);
	ck_assert_int_eq(calls[2].call.status, 0);
	ck_assert_int_eq(calls[3].call.status, HEARTH_EEXIST);
	for (int i = 0; i < 4; i++)
		ck_assert(calls[i].call.answers == 1 && !calls[i].call.wrong_place);
	suite_loop_end();
	ck_assert_int_eq(named(db, "first"), 1);
	ck_assert_int_eq(named(db, "failing"), 0);
	ck_assert_int_eq(named(db, "third"), 1);
	suite_db_close(&db);
	ck_assert_ptr_null(db);
}
END_TEST

START_TEST(db_waiting_calls_answer_what_the_function_returned)
{
	struct db *db = fresh();

	ck_assert_int_eq(write_name(db, insert_name, "x"), 0);
	ck_assert_int_eq(write_name(db, insert_name, "x"), HEARTH_EEXIST);
	ck_assert_int_eq(write_name(db, insert_then_fail, "y"), HEARTH_ECONFLICT);
	ck_assert_int_eq(named(db, "x"), 1);
	ck_assert_int_eq(named(db, "y"), 0);
	suite_db_close(&db);
}
END_TEST

/* ---- durability, here over a close; over kill -9 in test_crash.c ---- */

START_TEST(db_what_was_written_is_there_after_reopening)
{
	struct db *db = fresh();

	ck_assert_int_eq(write_name(db, insert_name, "kept"), 0);
	suite_db_close(&db);
	db = open_suite(&suite_schema);
	ck_assert_int_eq(named(db, "kept"), 1);
	suite_db_close(&db);
}
END_TEST

/* ---- order ---- */

#define ORDERED 2000

struct ordered_call {
	int number;
	bool broken;
};

/* Every one finds the row as the one queued before it has left it. */
static int take_turn(struct db_tx *tx, void *arg)
{
	struct ordered_call *o = arg;

	o->broken = db_run(tx, "UPDATE counter SET value = $2 WHERE name = 'a' AND value = $1",
			    db_int(o->number), db_int(o->number + 1)) != 1;
	return 0;
}

START_TEST(db_functions_of_one_thread_take_turns_at_a_row)
{
	static struct ordered_call calls[ORDERED];
	struct db *db = fresh();
	int64_t value = 0;

	for (int i = 0; i < ORDERED; i++) {
		calls[i] = (struct ordered_call){ .number = i };
		ck_assert_int_eq(db_write(db, take_turn, NULL, &calls[i]), 0);
	}
	suite_db_close(&db);
	for (int i = 0; i < ORDERED; i++)
		ck_assert(!calls[i].broken);
	db = open_suite(&suite_schema);
	ck_assert_int_eq(db_read_wait(db, get_a, &value), 0);
	ck_assert_int_eq(value, ORDERED);
	suite_db_close(&db);
}
END_TEST

/* ---- retry ---- */

struct repeated {
	atomic_int runs;
	int64_t value;
};

static int add_and_count_runs(struct db_tx *tx, void *arg)
{
	struct repeated *r = arg;
	int rc = add_to_a(tx, NULL);

	atomic_fetch_add(&r->runs, 1);
	return rc < 0 ? rc
		      : db_get_int(tx, &r->value, "SELECT value FROM counter WHERE name = 'a'");
}

static int get_and_count_runs(struct db_tx *tx, void *arg)
{
	struct repeated *r = arg;

	atomic_fetch_add(&r->runs, 1);
	return get_a(tx, &r->value);
}

START_TEST(db_a_function_that_is_run_twice_takes_effect_once)
{
	struct repeated w = { .runs = 0 }, r = { .runs = 0 };
	struct db *db;

	setenv("HEARTH_DB_TWICE", "1", 1);
	db = fresh();
	unsetenv("HEARTH_DB_TWICE");
	ck_assert_int_eq(db_write_wait(db, add_and_count_runs, &w), 0);
	ck_assert_int_eq(atomic_load(&w.runs), 2);
	ck_assert_int_eq(w.value, 1);
	ck_assert_int_eq(write_name(db, insert_name, "x"), 0);
	ck_assert_int_eq(write_name(db, insert_name, "x"), HEARTH_EEXIST);
	ck_assert_int_eq(write_name(db, insert_then_fail, "y"), HEARTH_ECONFLICT);
	ck_assert_int_eq(db_read_wait(db, get_and_count_runs, &r), 0);
	ck_assert_int_eq(atomic_load(&r.runs), 2);
	ck_assert_int_eq(r.value, 1);
	suite_db_close(&db);
}
END_TEST

#define LARGE_ROWS 2500

static int fill_rows(struct db_tx *tx, void *arg)
{
	char name[32], data[1000] = { 0 };
	int rc = 0;

	(void)arg;
	for (int i = 0; i < LARGE_ROWS && rc >= 0; i++) {
		snprintf(name, sizeof(name), "%d", i);
		rc = db_run(tx, "INSERT INTO item (name, n, data) VALUES ($1, 0, $2)", db_str(name),
			db_bytes(slice_of(data, sizeof(data))));
	}
	return rc < 0 ? rc : 0;
}

static int touch_rows(struct db_tx *tx, void *arg)
{
	char name[32];
	int rc = 0;

	(void)arg;
	for (int i = 0; i < LARGE_ROWS && rc >= 0; i++) {
		snprintf(name, sizeof(name), "%d", i);
		rc = db_run(tx, "UPDATE item SET n = n + 1 WHERE name = $1", db_str(name));
	}
	return rc < 0 ? rc : 0;
}

static int sum_rows(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT sum(n) FROM item");
}

/* What undoes it is megabytes, which no engine keeps in memory for long. */
START_TEST(db_a_large_function_that_can_be_undone_takes_effect)
{
	struct db *db;
	int64_t sum = 0;

	setenv("HEARTH_DB_TWICE", "1", 1);
	db = fresh();
	unsetenv("HEARTH_DB_TWICE");
	ck_assert_int_eq(db_write_wait(db, fill_rows, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, touch_rows, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, sum_rows, &sum), 0);
	ck_assert_int_eq(sum, LARGE_ROWS);
	suite_db_close(&db);
}
END_TEST

/* ---- visibility ---- */

#define HAMMERS 8
#define BLOWS   300

struct hammer {
	struct db *db;
	int number, failed;
};

static void *write_and_look(void *arg)
{
	struct hammer *h = arg;
	char name[32];

	for (int i = 0; i < BLOWS; i++) {
		struct count c = { name, -1 };

		snprintf(name, sizeof(name), "%d/%d", h->number, i);
		h->failed += db_write_wait(h->db, insert_name, name) != 0;
		h->failed += db_read_wait(h->db, count_name, &c) != 0 || c.n != 1;
		h->failed += db_write_wait(h->db, add_to_a, NULL) != 0;
	}
	return NULL;
}

START_TEST(db_eight_threads_each_see_what_they_wrote)
{
	struct db *db = fresh();
	struct hammer h[HAMMERS];
	pthread_t t[HAMMERS];
	int64_t value = 0;

	for (int i = 0; i < HAMMERS; i++) {
		h[i] = (struct hammer){ db, i, 0 };
		pthread_create(&t[i], NULL, write_and_look, &h[i]);
	}
	for (int i = 0; i < HAMMERS; i++) {
		pthread_join(t[i], NULL);
		ck_assert_int_eq(h[i].failed, 0);
	}
	ck_assert_int_eq(db_read_wait(db, get_a, &value), 0);
	ck_assert_int_eq(value, HAMMERS * BLOWS);
	suite_db_close(&db);
}
END_TEST

static int move_one(struct db_tx *tx, void *arg)
{
	(void)arg;
	if (db_run(tx, "UPDATE counter SET value = value - 1 WHERE name = 'b'") != 1)
		return HEARTH_EIO;
	return db_run(tx, "UPDATE counter SET value = value + 1 WHERE name = 'c'") == 1
		       ? 0
		       : HEARTH_EIO;
}

/* Looks at both ends a moment apart; what is between them must not change. */
static int look_twice(struct db_tx *tx, void *arg)
{
	int64_t b = -1, c = -1, again = -1;

	if (db_get_int(tx, &b, "SELECT value FROM counter WHERE name = 'b'") < 0)
		return HEARTH_EIO;
	usleep(2000);
	if (db_get_int(tx, &c, "SELECT value FROM counter WHERE name = 'c'") < 0 ||
		db_get_int(tx, &again, "SELECT sum(value) FROM counter WHERE name <> 'a'") < 0)
		return HEARTH_EIO;
	*(bool *)arg |= b + c != 1000 || again != 1000;
	return 0;
}

static void *move_many(void *db)
{
	for (int i = 0; i < 400; i++)
		db_write_wait(db, move_one, NULL);
	return NULL;
}

START_TEST(db_a_read_sees_one_state_throughout)
{
	struct db *db = fresh();
	bool torn = false;
	pthread_t t;

	pthread_create(&t, NULL, move_many, db);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(db_read_wait(db, look_twice, &torn), 0);
	pthread_join(t, NULL);
	ck_assert(!torn);
	suite_db_close(&db);
}
END_TEST

/* ---- executors ---- */

struct from_shard {
	struct db *db;
	struct call call;
	int64_t value;
};

static void ask_from_shard(void *arg)
{
	struct from_shard *f = arg;

	f->call.asker = exec_current();
	f->call.in_call = true;
	ck_assert_int_eq(db_write(f->db, add_to_a, on_done, &f->call), 0);
	f->call.in_call = false;
}

START_TEST(db_done_comes_to_the_executor_that_asked)
{
	struct db *db = fresh();
	struct exec *shard = exec_new("shard");
	struct from_shard f = { .db = db };

	exec_call(shard, ask_from_shard, &f);
	suite_db_close(&db);
	exec_free(&shard);
	ck_assert(f.call.answers == 1 && f.call.status == 0 && !f.call.wrong_place);
}
END_TEST

static int answered_once(void *arg)
{
	const struct call *c = arg;

	return c->answers == 1;
}

/* As a worker does: it is no executor, and another one is told. */
static void *write_for_the_loop(void *arg)
{
	struct from_shard *f = arg;

	ck_assert(!exec_current());
	ck_assert_int_eq(db_write_to(f->db, f->call.asker, add_to_a, on_done, &f->call), 0);
	return NULL;
}

START_TEST(db_done_comes_to_the_executor_that_was_named)
{
	struct db *db = fresh();
	struct from_shard f = { .db = db };
	pthread_t t;

	suite_loop();
	f.call.asker = exec_current();
	pthread_create(&t, NULL, write_for_the_loop, &f);
	pthread_join(t, NULL);
	ck_assert(suite_run_until(answered_once, &f.call, WITHIN_MS));
	ck_assert(f.call.status == 0 && !f.call.wrong_place);
	suite_db_close(&db);
	suite_loop_end();
}
END_TEST

static int read_sum_or_fail(struct db_tx *tx, void *arg)
{
	int64_t *sum = arg;

	return *sum < 0 ? HEARTH_ECONFLICT : db_get_int(tx, sum, "SELECT sum(value) FROM counter");
}

START_TEST(db_a_read_in_two_steps_answers_what_the_function_returned)
{
	struct db *db = fresh();
	int64_t sum = 0, fails = -1;
	struct waiter *one = NULL, *two = NULL;

	ck_assert_int_eq(db_read_begin(db, read_sum_or_fail, &sum, &one), 0);
	ck_assert_int_eq(db_read_begin(db, read_sum_or_fail, &fails, &two), 0);
	ck_assert(one && two);
	ck_assert_int_eq(db_wait(&two), HEARTH_ECONFLICT);
	ck_assert_int_eq(db_wait(&one), 0);
	ck_assert(!one && !two);
	ck_assert_int_eq(sum, 1000);
	suite_db_close(&db);
}
END_TEST

/* ---- bounds ---- */

struct gate {
	pthread_mutex_t lock;
	atomic_bool reached;
};

static int wait_at_gate(struct db_tx *tx, void *arg)
{
	struct gate *g = arg;

	(void)tx;
	atomic_store(&g->reached, true);
	pthread_mutex_lock(&g->lock);
	pthread_mutex_unlock(&g->lock);
	return 0;
}

static int count_run(struct db_tx *tx, void *arg)
{
	(void)tx;
	atomic_fetch_add((atomic_int *)arg, 1);
	return 0;
}

struct late_writer {
	struct db *db;
	atomic_int *ran;
	int status;
};

static void *write_late(void *arg)
{
	struct late_writer *w = arg;

	w->status = db_write_wait(w->db, count_run, w->ran);
	return NULL;
}

START_TEST(db_a_full_queue_refuses_or_holds_up_the_caller)
{
	struct db *db = fresh();
	struct gate g = { .lock = PTHREAD_MUTEX_INITIALIZER };
	atomic_int ran = 0;
	struct late_writer late = { db, &ran, -1 };
	int queued = 0;
	pthread_t t;

	pthread_mutex_lock(&g.lock);
	ck_assert_int_eq(db_write(db, wait_at_gate, NULL, &g), 0);
	while (!atomic_load(&g.reached))
		usleep(1000);
	while (db_write(db, count_run, NULL, &ran) == 0)
		ck_assert_int_lt(queued++, 1000000);
	ck_assert_int_eq(db_write(db, count_run, NULL, &ran), HEARTH_EBUSY);
	pthread_create(&t, NULL, write_late, &late);
	usleep(20000);
	ck_assert_int_eq(atomic_load(&ran), 0);
	pthread_mutex_unlock(&g.lock);
	pthread_join(t, NULL);
	ck_assert_int_eq(late.status, 0);
	suite_db_close(&db);
	ck_assert_int_eq(atomic_load(&ran), suite_runs() * (queued + 1));
}
END_TEST

/* ---- statements ---- */

static int round_trip(struct db_tx *tx, void *arg)
{
	struct db_rows rows;

	(void)arg;
	ck_assert(db_tx_writes(tx));
	ck_assert_int_eq(db_run(tx, "INSERT INTO item (data, name, n) VALUES ($3, $1, $2)",
				 db_str("min"), db_int(INT64_MIN), db_bytes(slice_of("a\0b", 3))),
		1);
	ck_assert_int_eq(
		db_run(tx, "INSERT INTO item (name, n, data) VALUES ($1, $2, $3)",
			db_text(slice_of(NULL, 0)), db_null(), db_bytes(slice_of(NULL, 0))),
		1);
	ck_assert_int_eq(
		db_query(tx, &rows,
			"SELECT name, n, data FROM item WHERE n = $1 OR n IS NULL ORDER BY id",
			db_int(INT64_MIN)),
		0);
	ck_assert_int_eq(db_next(&rows), 1);
	ck_assert(slice_eq(db_col_text(&rows, 0), slice_str("min")));
	ck_assert(db_col_int(&rows, 1) == INT64_MIN);
	ck_assert(slice_eq(db_col_bytes(&rows, 2), slice_of("a\0b", 3)));
	ck_assert_int_eq(db_next(&rows), 1);
	ck_assert(!db_col_is_null(&rows, 0) && db_col_text(&rows, 0).n == 0);
	ck_assert(db_col_is_null(&rows, 1));
	ck_assert(!db_col_is_null(&rows, 2) && db_col_bytes(&rows, 2).n == 0);
	ck_assert_int_eq(db_next(&rows), 0);
	ck_assert_int_eq(db_next(&rows), 0);
	ck_assert_int_eq(db_end(&rows), 0);
	ck_assert_int_eq(db_end(&rows), 0);
	return 0;
}

START_TEST(db_values_come_back_as_they_went)
{
	struct db *db = fresh();

	ck_assert_int_eq(db_write_wait(db, round_trip, NULL), 0);
	suite_db_close(&db);
}
END_TEST

static struct db_value letter(int i)
{
	return db_text(slice_head(slice_skip(SLICE("abcdefghijklmnopqrstuvwxyz"), (size_t)i), 1));
}

/* As many parameters as there may be, the last first; one more is a mistake, and so is a gap. */
static int bind_many(struct db_tx *tx, void *arg)
{
	struct db_value values[DB_PARAMETERS_MAX];
	struct strbuf sql = { 0 };
	int64_t sum = 0;

	(void)arg;
	strbuf_adds(&sql, "SELECT 0");
	for (int i = DB_PARAMETERS_MAX; i > 0; i--) {
		values[i - 1] = db_int(INT64_C(1) << (i + 20));
		strbuf_printf(&sql, " + $%d", i);
	}
	ck_assert_int_eq(db_get_int_values(tx, &sum, sql.p, values, DB_PARAMETERS_MAX), 0);
	ck_assert_int_eq(sum, (INT64_C(2) << (DB_PARAMETERS_MAX + 20)) - (INT64_C(2) << 20));
	ck_assert_int_lt(db_get_int_values(tx, &sum, sql.p, values, DB_PARAMETERS_MAX - 1), 0);
	strbuf_adds(&sql, " + $33");
	ck_assert_int_lt(db_get_int_values(tx, &sum, sql.p, values, DB_PARAMETERS_MAX), 0);
	strbuf_free(&sql);
	ck_assert_int_lt(db_get_int(tx, &sum, "SELECT $1 + $3", db_int(1), db_int(2)), 0);
	ck_assert_int_eq(db_get_int(tx, &sum, "SELECT $2 - $1 - $1 * $2", db_int(3), db_int(5)), 0);
	ck_assert_int_eq(sum, -13);
	return 0;
}

START_TEST(db_takes_32_parameters_in_any_order)
{
	struct db *db = fresh();

	ck_assert_int_eq(db_read_wait(db, bind_many, NULL), 0);
	suite_db_close(&db);
}
END_TEST

static int sum_to_six(struct db_rows *rows, void *arg)
{
	int64_t *sum = arg;

	*sum += db_col_int(rows, 0);
	return *sum >= 6 ? HEARTH_ECONFLICT : 0;
}

static int look_at_rows(struct db_tx *tx, void *arg)
{
	static const char from[] = "SELECT n FROM item WHERE n > $1 ORDER BY n";
	struct db_rows rows;
	int64_t sum = 0;

	(void)arg;
	for (int i = 1; i <= 5; i++)
		ck_assert_int_eq(db_run(tx, "INSERT INTO item (name, n) VALUES ($1, $2)", letter(i),
					 db_int(i)),
			1);
	ck_assert_int_eq(db_one(tx, &rows, from, db_int(3)), 0);
	ck_assert_int_eq(db_col_int(&rows, 0), 4);
	ck_assert_int_eq(db_end(&rows), 0);
	ck_assert_int_eq(db_one(tx, &rows, from, db_int(5)), HEARTH_ENOTFOUND);
	ck_assert_int_lt(db_one(tx, &rows, "SELECT nothing FROM item"), 0);
	ck_assert_int_eq(db_each(tx, sum_to_six, &sum, from, db_int(4)), 0);
	ck_assert_int_eq(sum, 5);
	sum = 0;
	ck_assert_int_eq(db_each(tx, sum_to_six, &sum, from, db_int(0)), HEARTH_ECONFLICT);
	ck_assert_int_eq(sum, 6);
	ck_assert_int_lt(db_each(tx, sum_to_six, &sum, "SELECT nothing FROM item"), 0);
	return db_run(tx, "DELETE FROM item") < 0 ? HEARTH_EIO : 0;
}

START_TEST(db_one_row_and_each_row)
{
	struct db *db = fresh();

	ck_assert_int_eq(db_write_wait(db, look_at_rows, NULL), 0);
	suite_db_close(&db);
}
END_TEST

static int count_changes(struct db_tx *tx, void *arg)
{
	int64_t n = -1, id = -1;

	(void)arg;
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(db_run(tx, "INSERT INTO item (name, n) VALUES ($1, $2)", letter(i),
					 db_int(i)),
			1);
	ck_assert_int_eq(db_run(tx, "UPDATE item SET n = n + 10 WHERE n >= $1", db_int(2)), 3);
	ck_assert_int_eq(db_run(tx, "UPDATE item SET n = 0 WHERE n = 77"), 0);
	ck_assert_int_eq(db_run(tx, "CREATE TABLE other (x BIGINT)"), 0);
	ck_assert_int_eq(db_run(tx, "DELETE FROM item WHERE n < 10"), 2);
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT count(*) FROM item"), 0);
	ck_assert_int_eq(n, 3);
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT n FROM item WHERE name = $1", db_str("none")),
		HEARTH_ENOTFOUND);
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT max(n) FROM item WHERE name = 'none'"),
		HEARTH_ENOTFOUND);
	ck_assert_int_eq(n, 3);
	ck_assert_int_eq(
		db_get_int(tx, &id, "INSERT INTO item (name) VALUES ('r') RETURNING id"), 0);
	ck_assert_int_gt(id, 0);
	ck_assert_int_eq(db_run(tx, "INSERT INTO item (name, n) VALUES ('r', 9)"
				    " ON CONFLICT (name) DO UPDATE SET n = excluded.n"),
		1);
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT n FROM item WHERE id = $1", db_int(id)), 0);
	ck_assert_int_eq(n, 9);
	return 0;
}

START_TEST(db_run_counts_rows)
{
	struct db *db = fresh();

	ck_assert_int_eq(db_write_wait(db, count_changes, NULL), 0);
	suite_db_close(&db);
}
END_TEST

static int make_mistakes(struct db_tx *tx, void *arg)
{
	struct db_rows rows;
	int64_t n = 0;

	(void)arg;
	ck_assert_int_lt(db_run(tx, "INSERT INTO nowhere (x) VALUES (1)"), 0);
	ck_assert_int_lt(db_run(tx, "INSERT INTO item (name) VALUES ($1)"), 0);
	ck_assert_int_lt(db_run(tx, "DELETE FROM item WHERE n = $1", db_int(1), db_int(2)), 0);
	ck_assert_int_lt(db_run(tx, "DELETE FROM item; DELETE FROM item"), 0);
	ck_assert_int_lt(db_run(tx, "SELECT \"text\" FROM item"), 0);
	ck_assert_int_lt(db_run(tx, "INSERT INTO item (name) VALUES ($1)", db_null()), 0);
	ck_assert_int_lt(db_query(tx, &rows, "SELECT x FROM item"), 0);
	ck_assert_int_lt(db_next(&rows), 0);
	ck_assert_int_lt(db_end(&rows), 0);
	ck_assert_int_lt(db_get_int(tx, &n, "SELECT"), 0);
	ck_assert_int_eq(put_name(tx, "after"), 0);
	return 0;
}

START_TEST(db_mistakes_are_errors)
{
	struct db *db = fresh();

	ck_assert_int_eq(db_write_wait(db, make_mistakes, NULL), 0);
	ck_assert_int_eq(named(db, "after"), 1);
	suite_db_close(&db);
}
END_TEST

/* Pairs (x, y) with x <= y of 1…20 by the same statement nested in itself. */
static int nest(struct db_tx *tx, void *arg)
{
	static const char sql[] = "SELECT n FROM item WHERE n >= $1 ORDER BY n";
	struct db_rows outer, inner;
	int pairs = 0;

	for (int i = 1; i <= 20; i++)
		ck_assert_int_eq(db_run(tx, "INSERT INTO item (name, n) VALUES ($1, $2)", letter(i),
					 db_int(i)),
			1);
	ck_assert_int_eq(db_query(tx, &outer, sql, db_int(1)), 0);
	while (db_next(&outer) > 0) {
		ck_assert_int_eq(db_query(tx, &inner, sql, db_int(db_col_int(&outer, 0))), 0);
		while (db_next(&inner) > 0)
			pairs++;
		ck_assert_int_eq(db_end(&inner), 0);
	}
	*(int *)arg = pairs;
	return db_end(&outer);
}

START_TEST(db_a_statement_nests_in_itself)
{
	struct db *db = fresh();
	int pairs = 0;

	ck_assert_int_eq(db_write_wait(db, nest, &pairs), 0);
	ck_assert_int_eq(pairs, 210);
	suite_db_close(&db);
}
END_TEST

static int leave_early(struct db_tx *tx, void *arg)
{
	struct db_rows rows;

	(void)arg;
	ck_assert_int_eq(db_query(tx, &rows, "SELECT name FROM counter ORDER BY name"), 0);
	ck_assert_int_eq(db_next(&rows), 1);
	return 0;
}

START_TEST(db_a_query_left_open_harms_nobody)
{
	struct db *db = fresh();

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(db_read_wait(db, leave_early, NULL), 0);
		ck_assert_int_eq(db_write_wait(db, leave_early, NULL), 0);
		ck_assert_int_eq(db_write_wait(db, add_to_a, NULL), 0);
	}
	suite_db_close(&db);
}
END_TEST

/* ---- reads that may take long ---- */

#define LONG_THREADS 12

/* Long reads of a few owners, which stay until the gate is opened. */
struct long_gate {
	struct db *db;
	atomic_bool open;
	atomic_int running, running_max, ended, over_at_once;
	atomic_int of_owner[3];
	atomic_bool twice; /* two of one owner ran at once */
};

struct long_read {
	struct long_gate *gate;
	int owner;
};

static int stay_long(struct db_tx *tx, void *arg)
{
	struct long_read *l = arg;
	struct long_gate *g = l->gate;
	int now = atomic_fetch_add(&g->running, 1) + 1;

	if (db_slice_over(tx)) /* only where this thread lost its turn just now */
		atomic_fetch_add(&g->over_at_once, 1);
	if (now > atomic_load(&g->running_max))
		atomic_store(&g->running_max, now);
	if (atomic_fetch_add(&g->of_owner[l->owner], 1) > 0)
		atomic_store(&g->twice, true);
	while (!atomic_load(&g->open))
		usleep(1000);
	atomic_fetch_sub(&g->of_owner[l->owner], 1);
	atomic_fetch_sub(&g->running, 1);
	atomic_fetch_add(&g->ended, 1);
	return 0;
}

static void *read_long(void *arg)
{
	struct long_read *l = arg;

	ck_assert_int_eq(db_read_long_wait(l->gate->db, l->owner, stay_long, l), 0);
	return NULL;
}

START_TEST(db_long_reads_hold_up_neither_short_ones_nor_other_owners)
{
	struct db *db = fresh();
	struct long_gate g = { .db = db };
	struct long_read l[LONG_THREADS];
	pthread_t t[LONG_THREADS];
	int64_t value = 0;

	/* Owner 0 comes first, with most of them. */
	for (int i = 0; i < LONG_THREADS; i++) {
		l[i] = (struct long_read){ &g, i < 8 ? 0 : 1 + i % 2 };
		pthread_create(&t[i], NULL, read_long, &l[i]);
		if (i == 7)
			usleep(20000);
	}
	while (atomic_load(&g.running) < 2)
		usleep(1000);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(db_read_wait(db, get_a, &value), 0);
	ck_assert_int_eq(atomic_load(&g.ended), 0);
	atomic_store(&g.open, true);
	for (int i = 0; i < LONG_THREADS; i++)
		pthread_join(t[i], NULL);
	ck_assert_int_eq(atomic_load(&g.running_max), 2);
	ck_assert_int_lt(atomic_load(&g.over_at_once), LONG_THREADS / 2);
	ck_assert(!atomic_load(&g.twice));
	suite_db_close(&db);
}
END_TEST

static int use_slice_up(struct db_tx *tx, void *arg)
{
	*(bool *)arg = db_slice_over(tx);
	for (int i = 0; i < 25 && !db_slice_over(tx); i++)
		usleep(DB_SLICE_MS * 1000 / 20);
	return db_slice_over(tx) ? 0 : HEARTH_EIO;
}

START_TEST(db_a_slice_is_over_after_its_time_when_reading)
{
	struct db *db = fresh();
	bool at_once = true;

	/* A thread may lose its turn between the beginning and the first look. */
	for (int i = 0; i < 10 && at_once; i++)
		ck_assert_int_eq(db_read_long_wait(db, 1, use_slice_up, &at_once), 0);
	ck_assert(!at_once);
	ck_assert_int_eq(db_write_wait(db, use_slice_up, &at_once), HEARTH_EIO);
	suite_db_close(&db);
}
END_TEST

static int try_to_write(struct db_tx *tx, void *arg)
{
	(void)arg;
	ck_assert(!db_tx_writes(tx));
	return put_name(tx, "by a reader");
}

START_TEST(db_a_read_cannot_write)
{
	struct db *db = fresh();

	ck_assert_int_lt(db_read_wait(db, try_to_write, NULL), 0);
	ck_assert_int_eq(named(db, "by a reader"), 0);
	suite_db_close(&db);
}
END_TEST

/* ---- migrations ---- */

static int64_t rows_of(struct db *db)
{
	int64_t n = -1;

	ck_assert_int_eq(db_read_wait(db, count_all, &n), 0);
	return n;
}

#define FIRST_MIGRATION \
	"CREATE TABLE item (id {id}, name TEXT NOT NULL UNIQUE, n BIGINT, data {bytes});"

START_TEST(db_each_migration_is_applied_once)
{
	static const char *const longer[] = {
		FIRST_MIGRATION,
		"INSERT INTO item (name) VALUES ('second {x} {idx}');",
		"INSERT INTO item (name) VALUES ('third'); INSERT INTO item (name) VALUES "
		"('fourth');",
		NULL,
	};
	static const char *const shorter[] = { FIRST_MIGRATION, NULL };
	static const struct db_schema now = { "grows", shorter }, later = { "grows", longer };
	struct strbuf why = { 0 };
	struct db *db;

	suite_db_fresh();
	db = open_suite(&now);
	ck_assert_int_eq(rows_of(db), 0);
	suite_db_close(&db);
	for (int i = 0; i < 3; i++) {
		db = open_suite(&later);
		ck_assert_int_eq(rows_of(db), 3);
		ck_assert_int_eq(named(db, "second {x} {idx}"), 1);
		suite_db_close(&db);
	}
	ck_assert_int_lt(suite_db_open(&now, &db, &why), 0);
	ck_assert_ptr_null(db);
	ck_assert_ptr_nonnull(strstr(why.p, "newer than this program"));
	strbuf_free(&why);
}
END_TEST

START_TEST(db_a_migration_that_fails_leaves_nothing)
{
	static const char *const broken[] = {
		FIRST_MIGRATION,
		"INSERT INTO item (name) VALUES ('half'); INSERT INTO nowhere VALUES (1);",
		NULL,
	};
	static const char *const mended[] = { FIRST_MIGRATION,
		"INSERT INTO item (name) VALUES ('whole');", NULL };
	static const struct db_schema before = { "breaks", broken }, after = { "breaks", mended };
	struct strbuf why = { 0 };
	struct db *db;

	suite_db_fresh();
	ck_assert_int_lt(suite_db_open(&before, &db, &why), 0);
	ck_assert_ptr_null(db);
	ck_assert_ptr_nonnull(strstr(why.p, "migration 2 of breaks"));
	strbuf_free(&why);
	db = open_suite(&after);
	ck_assert_int_eq(named(db, "half"), 0);
	ck_assert_int_eq(named(db, "whole"), 1);
	suite_db_close(&db);
}
END_TEST

static int delete_all_insert_one(struct db_tx *tx, void *arg)
{
	int64_t *id = arg;

	if (db_run(tx, "DELETE FROM item") < 0)
		return HEARTH_EIO;
	return db_get_int(tx, id, "INSERT INTO item (name) VALUES ('one') RETURNING id");
}

START_TEST(db_a_generated_id_is_never_given_out_twice)
{
	struct db *db = fresh();
	int64_t first = 0, second = 0, third = 0;

	ck_assert_int_eq(db_write_wait(db, delete_all_insert_one, &first), 0);
	ck_assert_int_eq(db_write_wait(db, delete_all_insert_one, &second), 0);
	suite_db_close(&db);
	db = open_suite(&suite_schema);
	ck_assert_int_eq(db_write_wait(db, delete_all_insert_one, &third), 0);
	ck_assert_int_lt(first, second);
	ck_assert_int_lt(second, third);
	suite_db_close(&db);
}
END_TEST

/* ---- two databases ---- */

START_TEST(db_databases_are_apart)
{
	static const struct db_schema other_schema = { "other", suite_migrations };
	struct db *db = fresh(), *other = open_suite(&other_schema);

	ck_assert_int_eq(write_name(db, insert_name, "here"), 0);
	ck_assert_int_eq(named(other, "here"), 0);
	suite_db_close(&other);
	ck_assert_int_eq(named(db, "here"), 1);
	suite_db_close(&db);
}
END_TEST

/* ---- what must not be done ---- */

static void wait_for_write(void *db)
{
	db_write_wait(db, add_to_a, NULL);
}

static void wait_for_read(void *db)
{
	int64_t n;

	db_read_wait(db, get_a, &n);
}

static void ask_without_executor(void *db)
{
	db_write(db, add_to_a, on_done, NULL);
}

static int wait_inside(struct db_tx *tx, void *arg)
{
	*(bool *)arg = dies(wait_for_write, db_tx_db(tx));
	return 0;
}

struct on_shard {
	struct db *db;
	bool write_dies, read_dies;
};

static void wait_on_shard(void *arg)
{
	struct on_shard *s = arg;

	s->write_dies = dies(wait_for_write, s->db);
	s->read_dies = dies(wait_for_read, s->db);
}

START_TEST(db_waiting_where_it_would_block_ends_the_process)
{
	struct db *db = fresh();
	struct exec *shard = exec_new("shard");
	struct on_shard s = { .db = db };
	bool inside_dies = false;

	exec_call(shard, wait_on_shard, &s);
	exec_free(&shard);
	ck_assert(s.write_dies && s.read_dies);
	ck_assert_int_eq(db_write_wait(db, wait_inside, &inside_dies), 0);
	ck_assert(inside_dies);
	ck_assert(dies(ask_without_executor, db));
	suite_db_close(&db);
}
END_TEST

#define SUITE_DB                                                                                  \
	db_a_function_that_fails_rolls_back_alone,                                                \
		db_waiting_calls_answer_what_the_function_returned,                               \
		db_what_was_written_is_there_after_reopening,                                     \
		db_functions_of_one_thread_take_turns_at_a_row,                                   \
		db_a_function_that_is_run_twice_takes_effect_once,                                \
		db_a_large_function_that_can_be_undone_takes_effect,                              \
		db_takes_32_parameters_in_any_order, db_one_row_and_each_row,                     \
		db_eight_threads_each_see_what_they_wrote, db_a_read_sees_one_state_throughout,   \
		db_done_comes_to_the_executor_that_asked,                                         \
		db_done_comes_to_the_executor_that_was_named,                                     \
		db_a_read_in_two_steps_answers_what_the_function_returned,                        \
		db_a_full_queue_refuses_or_holds_up_the_caller, db_values_come_back_as_they_went, \
		db_run_counts_rows, db_mistakes_are_errors, db_a_statement_nests_in_itself,       \
		db_a_query_left_open_harms_nobody,                                                \
		db_long_reads_hold_up_neither_short_ones_nor_other_owners,                        \
		db_a_slice_is_over_after_its_time_when_reading, db_a_read_cannot_write,           \
		db_each_migration_is_applied_once, db_a_migration_that_fails_leaves_nothing,      \
		db_a_generated_id_is_never_given_out_twice, db_databases_are_apart,               \
		db_waiting_where_it_would_block_ends_the_process

#endif
