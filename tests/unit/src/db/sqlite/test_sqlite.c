/*
 * test_sqlite.c: what only the SQLite side of the database port knows: disks that fail, a second
 * process, the log that must not grow, files that are no databases.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "db/sqlite/sqlite.h"
#include "fault_vfs.h"
#include "harness.h"
#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "src/ports/embedded.h"

static const char *const migrations[] = {
	"CREATE TABLE pair (id {id}, number BIGINT NOT NULL, half BIGINT NOT NULL, data {bytes});",
	NULL
};
static const struct db_schema schema = { "pairs", migrations };

static struct db *reopen(void)
{
	struct strbuf why = { 0 };
	struct db *db = NULL;

	if (db_open(scratch_dir, &schema, &db, &why) < 0)
		ck_abort_msg("cannot open: %s", why.p);
	strbuf_free(&why);
	return db;
}

static struct db *fresh(void)
{
	log_set_level(LOG_ERROR + 1); /* every failure here is meant */
	fault_install();
	fault_off();
	scratch_new();
	return reopen();
}

/* ---- pairs: both halves or none ---- */

struct pair {
	int number;
	size_t size; /* of its data */
	int status, answers;
};

static int put_pair(struct db_tx *tx, void *arg)
{
	const struct pair *p = arg;
	char *data = calloc(1, p->size + 1);
	int rc = 0;

	for (int half = 0; half < 2 && rc >= 0; half++)
		rc = db_run(tx, "INSERT INTO pair (number, half, data) VALUES ($1, $2, $3)",
			db_int(p->number), db_int(half), db_bytes(slice_of(data, p->size)));
	free(data);
	return rc < 0 ? rc : 0;
}

struct halves {
	int64_t number, n;
};

static int count_halves(struct db_tx *tx, void *arg)
{
	struct halves *h = arg;

	return db_get_int(
		tx, &h->n, "SELECT count(*) FROM pair WHERE number = $1", db_int(h->number));
}

static int64_t halves(struct db *db, int number)
{
	struct halves h = { number, -1 };

	ck_assert_int_eq(db_read_wait(db, count_halves, &h), 0);
	return h.n;
}

static void note_answer(void *arg, int status)
{
	struct pair *p = arg;

	p->status = status;
	p->answers++;
}

struct gate {
	pthread_mutex_t lock;
};

static int pass_gate(struct db_tx *tx, void *arg)
{
	struct gate *g = arg;

	(void)tx;
	pthread_mutex_lock(&g->lock);
	pthread_mutex_unlock(&g->lock);
	return 0;
}

static int all_answered(void *arg)
{
	const struct pair *p = arg;

	return p[0].answers && p[1].answers && p[2].answers;
}

/* Writes three pairs in one commit, and waits for the answers. */
static void write_three(struct db *db, struct pair *p)
{
	struct gate g = { PTHREAD_MUTEX_INITIALIZER };

	pthread_mutex_lock(&g.lock);
	ck_assert_int_eq(db_write(db, pass_gate, NULL, &g), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(db_write(db, put_pair, note_answer, &p[i]), 0);
	pthread_mutex_unlock(&g.lock);
	ck_assert(loop_run_until(all_answered, p, 60000));
}

/* ---- disks ---- */

/* The first, second, third… write or fsync fails, until there is no such any more. */
static void fail_each(bool goes_on)
{
	struct db *db = fresh();
	int nth = 0;

	loop_init();
	do {
		struct pair p[3] = { { .number = 10 * nth }, { .number = 10 * nth + 1 },
			{ .number = 10 * nth + 2 } };

		fault_nth(++nth, goes_on);
		write_three(db, p);
		fault_off();
		for (int i = 0; i < 3; i++) {
			int64_t n = halves(db, p[i].number);

			ck_assert_int_eq(p[i].answers, 1);
			ck_assert(p[i].status == 0 || p[i].status == HEARTH_EIO);
			ck_assert_int_eq(n, p[i].status == 0 ? 2 : 0);
			/* A single failure is made good by trying each alone. */
			ck_assert(goes_on || p[i].status == 0);
		}
		ck_assert_int_lt(nth, 1000);
	} while (atomic_load(&fault.failed));
	ck_assert_int_gt(nth, 2);
	suite_loop_end();
	db_close(&db);
	db = reopen();
	ck_assert_int_eq(halves(db, 10 * (nth - 1)), 2);
	db_close(&db);
}

START_TEST(a_disk_that_fails_once_fails_nobody)
{
	fail_each(false);
}
END_TEST

START_TEST(a_disk_that_keeps_failing_leaves_nothing_half_done)
{
	fail_each(true);
}
END_TEST

START_TEST(who_fills_the_disk_fails_alone)
{
	struct db *db = fresh();
	struct pair p[3] = { { .number = 1 }, { .number = 2, .size = 1 << 20 }, { .number = 3 } };
	struct pair spills[3] = { { .number = 4 }, { .number = 5, .size = 4 << 20 },
		{ .number = 6 } };

	loop_init();
	atomic_store(&fault.size_max, 600 << 10);
	write_three(db, p);      /* fails at the commit */
	write_three(db, spills); /* fails in the middle, when the cache is full */
	fault_off();
	ck_assert_int_eq(p[0].status, 0);
	ck_assert_int_eq(p[1].status, HEARTH_EIO);
	ck_assert_int_eq(p[2].status, 0);
	ck_assert_int_eq(spills[0].status, 0);
	ck_assert_int_eq(spills[1].status, HEARTH_EIO);
	ck_assert_int_eq(spills[2].status, 0);
	for (int number = 1; number <= 6; number++)
		ck_assert_int_eq(halves(db, number), number == 2 || number == 5 ? 0 : 2);
	suite_loop_end();
	db_close(&db);
}
END_TEST

/* ---- another process, played by a connection of its own ---- */

static sqlite3 *other_process(void)
{
	char path[300];
	sqlite3 *sqlite;

	snprintf(path, sizeof(path), "%s/pairs.db", scratch_dir);
	ck_assert_int_eq(sqlite3_open(path, &sqlite), SQLITE_OK);
	return sqlite;
}

static void *commit_later(void *arg)
{
	usleep(300 * 1000);
	sqlite3_exec(arg, "COMMIT", NULL, NULL, NULL);
	return NULL;
}

START_TEST(a_second_process_may_write)
{
	struct db *db = fresh();
	sqlite3 *other = other_process();
	struct pair p = { .number = 2 };
	pthread_t t;

	ck_assert_int_eq(sqlite3_exec(other,
				 "BEGIN IMMEDIATE; INSERT INTO pair (number, half) VALUES (1, 0)",
				 NULL, NULL, NULL),
		SQLITE_OK);
	pthread_create(&t, NULL, commit_later, other);
	ck_assert_int_eq(db_write_wait(db, put_pair, &p), 0);
	pthread_join(t, NULL);
	ck_assert_int_eq(halves(db, 1), 1);
	ck_assert_int_eq(halves(db, 2), 2);
	sqlite3_close(other);
	db_close(&db);
}
END_TEST

/* ---- groups ---- */

START_TEST(functions_that_wait_share_a_commit)
{
	static struct pair p[300];
	struct db *db = fresh();
	struct metric *commits =
		metric_counter("hearth_db_commits_total", "database=\"pairs\"", "");
	struct metric *writes = metric_counter("hearth_db_writes_total", "database=\"pairs\"", "");
	int64_t commits_before = metric_value(commits), writes_before = metric_value(writes);
	struct gate g = { PTHREAD_MUTEX_INITIALIZER };

	pthread_mutex_lock(&g.lock);
	ck_assert_int_eq(db_write(db, pass_gate, NULL, &g), 0);
	for (int i = 0; i < 300; i++) {
		p[i].number = i;
		ck_assert_int_eq(db_write(db, put_pair, NULL, &p[i]), 0);
	}
	pthread_mutex_unlock(&g.lock);
	db_close(&db);
	ck_assert_int_eq(metric_value(writes) - writes_before, 301);
	ck_assert_int_lt(metric_value(commits) - commits_before, 100);
}
END_TEST

/* One of a group: what it does, and how often it ran. */
struct member {
	struct pair p;
	enum { WRITES, FAILS_BEFORE, FAILS_BEHIND } what;
	int runs;
};

static int be_member(struct db_tx *tx, void *arg)
{
	struct member *m = arg;
	int rc;

	m->runs++;
	if (m->what == FAILS_BEFORE)
		return HEARTH_EDENIED;
	rc = put_pair(tx, &m->p);
	return rc == 0 && m->what == FAILS_BEHIND ? HEARTH_ECONFLICT : rc;
}

/*
 * Runs 30 that wait for one commit; each one in `fails` does as `what`. How often one of them ran at
 * most.
 */
static int run_members(struct db *db, struct member m[30], int fails, int what)
{
	struct gate g = { PTHREAD_MUTEX_INITIALIZER };
	int runs = 0;

	pthread_mutex_lock(&g.lock);
	ck_assert_int_eq(db_write(db, pass_gate, NULL, &g), 0);
	for (int i = 0; i < 30; i++) {
		m[i] = (struct member){ .p.number = i, .what = (i + 1) % fails ? WRITES : what };
		ck_assert_int_eq(db_write(db, be_member, NULL, &m[i]), 0);
	}
	pthread_mutex_unlock(&g.lock);
	ck_assert_int_eq(db_write_wait(db, pass_gate, &g), 0);
	for (int i = 0; i < 30; i++)
		runs = m[i].runs > runs ? m[i].runs : runs;
	return runs;
}

START_TEST(a_group_runs_once_unless_one_fails_behind_a_change)
{
	struct member m[30];
	struct db *db = fresh();

	ck_assert_int_eq(run_members(db, m, 5, FAILS_BEFORE), 1);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(halves(db, i), (i + 1) % 5 ? 2 : 0);
	db_close(&db);
	db = fresh();
	ck_assert_int_eq(run_members(db, m, 5, FAILS_BEHIND), 2);
	ck_assert_int_eq(m[4].runs, 1); /* who failed is known to fail */
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(halves(db, i), (i + 1) % 5 ? 2 : 0);
	db_close(&db);
}
END_TEST

/* ---- the log ---- */

static int64_t size_of_log(void)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/pairs.db-wal", scratch_dir);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

START_TEST(a_commit_goes_to_the_log_in_one_write)
{
	struct db *db = fresh();
	struct pair first = { .number = 1, .size = 100 }, large = { .number = 2, .size = 40000 };

	ck_assert_int_eq(db_write_wait(db, put_pair, &first), 0);
	fault_nth(1000, false);
	ck_assert_int_eq(db_write_wait(db, put_pair, &large), 0);
	/* Some twenty pages, of a header and a body each; and the fsync. */
	ck_assert_int_le(1000 - atomic_load(&fault.countdown), 3);
	fault_off();
	ck_assert_int_eq(halves(db, 2), 2);
	db_close(&db);
}
END_TEST

START_TEST(the_log_is_moved_into_the_file)
{
	struct db *db = fresh();

	for (int i = 0; i < 400; i++) {
		struct pair p = { .number = i, .size = 50000 };

		ck_assert_int_eq(db_write_wait(db, put_pair, &p), 0);
	}
	/* 40 MB were written. */
	ck_assert_int_lt(size_of_log(), 12 << 20);
	db_close(&db);
	ck_assert_int_eq(size_of_log(), 0);
}
END_TEST

/* ---- statements ---- */

static int run_many_texts(struct db_tx *tx, void *arg)
{
	for (int i = 0; i < 1000; i++) {
		struct db_rows rows;
		int64_t n = -1;
		char sql[64];

		snprintf(sql, sizeof(sql), "SELECT %d + $1", i % 300);
		ck_assert_int_eq(db_get_int(tx, &n, sql, db_int(5)), 0);
		ck_assert_int_eq(n, i % 300 + 5);
		/* One stays in use while others push it out of the cache. */
		ck_assert_int_eq(db_query(tx, &rows, "SELECT number FROM pair"), 0);
		ck_assert_int_eq(db_get_int(tx, &n, sql, db_int(6)), 0);
		ck_assert_int_eq(db_end(&rows), 0);
	}
	*(size_t *)arg = ((const struct connection *)tx->connection)->statement_count;
	return 0;
}

START_TEST(the_cache_of_statements_is_bounded)
{
	struct db *db = fresh();
	size_t count = 0;

	ck_assert_int_eq(db_write_wait(db, run_many_texts, &count), 0);
	ck_assert_int_le(count, 256);
	db_close(&db);
}
END_TEST

/* ---- files ---- */

START_TEST(a_file_that_is_no_database_is_refused)
{
	static const char text[] =
		"This is a letter to my aunt, and certainly not a database. Dear aunt, …";
	struct strbuf why = { 0 };
	struct db *db = fresh();
	char path[300];
	FILE *f;

	db_close(&db);
	snprintf(path, sizeof(path), "%s/pairs.db", scratch_dir);
	f = fopen(path, "w");
	for (int i = 0; i < 200; i++)
		fputs(text, f);
	fclose(f);
	ck_assert_int_eq(db_open(scratch_dir, &schema, &db, &why), HEARTH_ECORRUPT);
	ck_assert_ptr_null(db);
	ck_assert_ptr_nonnull(strstr(why.p, "pairs.db"));
	strbuf_free(&why);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_refused)
{
	struct strbuf why = { 0 };
	struct db *db = fresh();

	db_close(&db);
	ck_assert_int_eq(db_open("/nonexistent/folder", &schema, &db, &why), HEARTH_EIO);
	ck_assert_ptr_null(db);
	ck_assert_ptr_nonnull(strstr(why.p, "/nonexistent/folder/pairs.db"));
	strbuf_free(&why);
	db_close(&db);
}
END_TEST

static int read_pragma(struct db_tx *tx, const char *sql)
{
	int64_t value = -1;

	return db_get_int(tx, &value, sql) < 0 ? -1 : (int)value;
}

static int check_pragmas(struct db_tx *tx, void *arg)
{
	(void)arg;
	ck_assert_int_eq(read_pragma(tx, "PRAGMA synchronous"), 2);
	ck_assert_int_eq(read_pragma(tx, "PRAGMA foreign_keys"), 1);
	ck_assert_int_eq(read_pragma(tx, "PRAGMA secure_delete"), 1);
	ck_assert_int_eq(read_pragma(tx, "PRAGMA mmap_size"), 0);
	return 0;
}

START_TEST(connections_are_set_up_as_meant)
{
	struct db *db = fresh();

	ck_assert_int_eq(db_write_wait(db, check_pragmas, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, check_pragmas, NULL), 0);
	db_close(&db);
}
END_TEST

/* ---- an index that is broken ---- */

static int create_texts(struct db_tx *tx, void *arg)
{
	(void)arg;
	return fts_create(tx, "texts");
}

static int put_texts(struct db_tx *tx, void *arg)
{
	int rc = 0;

	(void)arg;
	for (int i = 1; i <= 50 && rc == 0; i++) {
		char text[80];

		snprintf(text, sizeof(text), "the text of document %d, %d", i, i * i);
		rc = fts_put(tx, "texts", i, slice_str(text));
	}
	return rc;
}

static int check_texts(struct db_tx *tx, void *arg)
{
	(void)arg;
	return fts_check(tx, "texts");
}

static int clear_texts(struct db_tx *tx, void *arg)
{
	(void)arg;
	return fts_clear(tx, "texts");
}

static int count_found(void *arg, int64_t document)
{
	(void)document;
	++*(int *)arg;
	return 0;
}

static int find_texts(struct db_tx *tx, void *arg)
{
	*(int *)arg = 0;
	return fts_find(tx, "texts", SLICE("text of"), 0, count_found, arg);
}

/* Behind the database's back, as a bad disk would. */
static void spoil_index(void)
{
	char path[sizeof(scratch_dir) + 16];
	sqlite3 *raw;

	snprintf(path, sizeof(path), "%s/pairs.db", scratch_dir);
	ck_assert_int_eq(sqlite3_open(path, &raw), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(raw,
				 "UPDATE texts_data SET block = substr(block, 1, 9) || "
				 "zeroblob(length(block) - 9) WHERE id > 10",
				 NULL, NULL, NULL),
		SQLITE_OK);
	ck_assert_int_gt(sqlite3_changes(raw), 0);
	sqlite3_close(raw);
}

START_TEST(a_broken_index_is_noticed_and_can_be_filled_anew)
{
	struct db *db = fresh();
	int n = 0;

	ck_assert_int_eq(db_write_wait(db, create_texts, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, put_texts, NULL), 0);
	db_close(&db);
	spoil_index();
	db = reopen();
	ck_assert(!fts_broken(db));
	ck_assert_int_eq(db_write_wait(db, check_texts, NULL), HEARTH_ECORRUPT);
	ck_assert(fts_broken(db));
	ck_assert_int_eq(db_write_wait(db, clear_texts, NULL), 0);
	ck_assert(!fts_broken(db));
	ck_assert_int_eq(db_write_wait(db, put_texts, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, check_texts, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, find_texts, &n), 0);
	ck_assert_int_eq(n, 50);
	db_close(&db);
}
END_TEST

TEST_MAIN("sqlite", a_disk_that_fails_once_fails_nobody,
	a_disk_that_keeps_failing_leaves_nothing_half_done, who_fills_the_disk_fails_alone,
	a_second_process_may_write, functions_that_wait_share_a_commit,
	a_group_runs_once_unless_one_fails_behind_a_change, a_commit_goes_to_the_log_in_one_write,
	the_log_is_moved_into_the_file, the_cache_of_statements_is_bounded,
	a_file_that_is_no_database_is_refused, a_folder_that_is_not_there_is_refused,
	connections_are_set_up_as_meant, a_broken_index_is_noticed_and_can_be_filled_anew)
