/*
 * db.h: port: SQL.
 *
 * Every module owns its databases (each a schema name of its own) and no other. Work is a plain
 * synchronous function that gets a transaction; it runs on a database thread, never on the loop.
 *
 * What is promised (and what a second implementation must keep)
 *   atomicity   A function given to db_write takes effect whole (it returned 0) or not at all (it
 *               returned < 0). Functions that wait together may be committed together, each under
 *               its own savepoint: one that fails rolls back alone. A statement that fails changes
 *               nothing and does not end the transaction.
 *   durability  When `done` is called with 0, the effect is on disk: it survives kill -9 and a loss
 *               of power. An effect that was not answered may or may not be there, nor is it known
 *               after HEARTH_EIO: a connection can be lost while the commit is on its way.
 *   order       All functions take effect as if one at a time (serialisable), so reading and then
 *               writing is safe. What is queued after another was answered takes effect after it.
 *               Beyond that order is promised for a key, not for a thread: two functions that one
 *               thread queues, and whose statements meet in a row, take effect in the order they
 *               were queued in; two that have no row in common may change places. Whoever needs
 *               more makes them one function, or waits for the first one's answer.
 *   visibility  A read that is queued after a write was answered, on any node, sees that write.
 *               A read sees one consistent state throughout.
 *   retry       A function, a reading one too, may be run again from its beginning: after a
 *               serialisation failure, a deadlock, a commit that failed as a group, a connection
 *               that was lost before the commit. So it changes nothing but through its transaction
 *               and its argument's outputs, which it sets anew each time; it prints nothing, sends
 *               nothing and counts nothing. With HEARTH_DB_TWICE=1 in the environment every
 *               function is run twice and the first run undone, so that tests find those that
 *               do otherwise.
 *   memory      Rows come as they are asked for, some KiB of them at a time: a statement may give
 *               more than there is memory for. A value is whole in memory.
 *
 * The SQL subset: one SQL text for every engine. Parameters $1…$32 in any order, each with the type
 * of its value: DB_INT is BIGINT, also in "flags & $1" or "$1 & 4"; TEXT, {bytes} and BIGINT
 * columns, `{id}` for a generated primary key (see struct db_schema); times as integers;
 * ON CONFLICT, RETURNING, common table expressions; no engine functions but count, sum, min, max,
 * coalesce, length, lower (of ASCII letters), abs; full-text search only through fts.h. TEXT is
 * valid UTF-8 without NUL and is compared by its bytes; what is anything else is {bytes}. A
 * condition is a comparison, never a number by itself. A parameter that can be NULL and is compared
 * with nothing that has a type is written CAST($2 AS TEXT).
 *
 * PostgreSQL: a database made with LC_COLLATE "C"; N connections a node, whichever is free, but for
 * a function whose forerunner of the same thread is not committed: it waits for that one (order).
 * SERIALIZABLE transactions, repeated on 40001 (serialisation) and 40P01 (deadlock); a commit whose
 * answer was lost is looked up (pg_xact_status) before it is repeated or answered. PREPARE with the
 * types of the values, lest "$1 & 4" become an int4. A savepoint in front of each statement that a
 * uniqueness rule can refuse. Rows through a portal, some hundred at a time, so that other
 * statements can run between them. REPEATABLE READ READ ONLY for reads, on the primary.
 */
#ifndef HEARTH_DB_H
#define HEARTH_DB_H

#include "hearth/job.h"
#include "hearth/str.h"

struct db;
struct db_tx;

/*
 * A module's table of databases; ends with name == NULL. Migrations are applied in order, each
 * once, each in one transaction, and are never edited after they were released. In their text
 * `{id}` stands for the type of a generated 64-bit primary key, whose numbers are never given out
 * twice, also when rows were deleted, and grow, but where several nodes write not in the order of
 * commits; `{bytes}` for the type of bytes. A script neither begins nor ends a transaction.
 *
 * A migration leaves the previous program working, so that nodes can be upgraded one by one: the
 * nodes that run go on beside the first new one (an old program only *starts* no more). So a script
 * adds tables, indexes, and columns that are NULL or have a DEFAULT; what the new program does not
 * need any more goes with a migration of the release after it, marked "-- unused since NUMBER".
 * A unit test (db/test_migrations.c) holds every script that is not older than this rule to it.
 */
struct db_schema {
	const char *name;              /* "mail": a file or a schema of this name */
	const char *const *migrations; /* SQL scripts, NULL-ended */
};

/* On a database thread, within a transaction. 0 or more, or an error; may be run again (retry). */
typedef int db_fn(struct db_tx *tx, void *arg);

/*
 * Queues fn(tx, arg) for the one writer; `done` gets fn's result, or HEARTH_EIO when the commit
 * failed or it is not known whether it did, on the calling executor; HEARTH_ECORRUPT, HEARTH_EINVAL
 * or HEARTH_ETOOBIG when the database refused the commit for what fn did: nothing of it is there.
 * Returns 0, or HEARTH_EBUSY when too many wait (then neither is called). From an executor, or from
 * any thread when `done` is NULL.
 */
int db_write(struct db *db, db_fn *fn, done_fn *done, void *arg);
/* The same from any thread, with `done` on the executor `to`: spares a worker's work a hop. */
int db_write_to(struct db *db, struct exec *to, db_fn *fn, done_fn *done, void *arg);
/* The same for reading: runs beside the writer on one of the reader threads. */
int db_read(struct db *db, db_fn *fn, done_fn *done, void *arg);
/*
 * The same, waiting for the answer: for workers and commands, and for modules that start while the
 * loop does not run yet. Never on a running executor and never inside a db_fn: that ends the
 * process. Waits while the queue is full.
 */
int db_write_wait(struct db *db, db_fn *fn, void *arg);
int db_read_wait(struct db *db, db_fn *fn, void *arg);
/*
 * db_read_wait in two steps, so that a worker does something else meanwhile. *w is NULL, and nothing
 * is waited for, when too many wait (HEARTH_EBUSY). Whoever began it must wait: db_wait gives fn's
 * result and sets *w to NULL.
 */
struct waiter;
int db_read_begin(struct db *db, db_fn *fn, void *arg, struct waiter **w);
int db_wait(struct waiter **w);

/*
 * For reads that may take longer than some milliseconds because somebody asked for much: searches,
 * long lists, whatever unpacks or replays. They never hold up db_read: at most half of the readers
 * run them, one of an `owner` (an account's id; 0 for the house itself) at a time, and owners take
 * turns. What may take longer than DB_SLICE_MS asks db_slice_over as it goes, returns where it
 * stands, and is queued again: others have the reader in between, and who has lost interest (the
 * client is gone) just does not queue again. A slice sees one state; the next one may see a newer.
 */
#define DB_SLICE_MS 50
int db_read_long(struct db *db, int64_t owner, db_fn *fn, done_fn *done, void *arg);
int db_read_long_wait(struct db *db, int64_t owner, db_fn *fn, void *arg);

/* ---- inside a db_fn ---- */

enum db_type {
	DB_NULL,
	DB_INT,
	DB_TEXT,
	DB_BYTES,
};

struct db_value {
	enum db_type type;
	int64_t i;
	struct slice s; /* for a parameter: stays valid until the statement has run */
};

static inline struct db_value db_null(void)
{
	return (struct db_value){ .type = DB_NULL };
}

static inline struct db_value db_int(int64_t i)
{
	return (struct db_value){ .type = DB_INT, .i = i };
}

/* Text (UTF-8) and bytes; a slice with p == NULL is the empty text, not NULL. */
static inline struct db_value db_text(struct slice s)
{
	return (struct db_value){ .type = DB_TEXT, .s = s };
}

static inline struct db_value db_bytes(struct slice s)
{
	return (struct db_value){ .type = DB_BYTES, .s = s };
}

/* A NUL-terminated string; NULL is SQL's NULL. */
static inline struct db_value db_str(const char *s)
{
	return s ? db_text(slice_str(s)) : db_null();
}

#define DB_PARAMETERS_MAX 32

#define DB_VALUES_(...) \
	(const struct db_value[]){ { DB_NULL, 0, { 0, 0 } } __VA_OPT__(, ) __VA_ARGS__ } + 1
#define DB_COUNT_(...)                                                    \
	(sizeof((const struct db_value[]){                                \
		 { DB_NULL, 0, { 0, 0 } } __VA_OPT__(, ) __VA_ARGS__ }) / \
			sizeof(struct db_value) -                         \
		1)

/*
 * Runs a statement that gives no rows: db_run(tx, "DELETE FROM t WHERE id = $1", db_int(7)).
 * Returns how many rows it changed, HEARTH_EEXIST when a uniqueness rule refused it, or another
 * error. `sql` holds no values of its own: prepared statements are cached by their text.
 */
#define db_run(tx, sql, ...) \
	db_run_values((tx), (sql), DB_VALUES_(__VA_ARGS__), DB_COUNT_(__VA_ARGS__))
int db_run_values(struct db_tx *tx, const char *sql, const struct db_value *values, size_t n);

/* Rows of one statement; lies in the caller, needs no initialisation before db_query. */
struct db_rows {
	struct db_tx *tx;
	void *stmt;
	int error;
};

/*
 * Starts a statement that gives rows. Then `while (db_next(&rows) > 0)`; at the end or before
 * leaving early, db_end. db_query may be nested with other statements, also the same one.
 */
#define db_query(tx, rows, sql, ...) \
	db_query_values((tx), (rows), (sql), DB_VALUES_(__VA_ARGS__), DB_COUNT_(__VA_ARGS__))
int db_query_values(struct db_tx *tx, struct db_rows *rows, const char *sql,
	const struct db_value *values, size_t n);
/* 1: a row stands; 0: there are no more; < 0: an error. */
int db_next(struct db_rows *rows);
/* Ends it early or late; returns the error that db_next met, or 0. Legal twice. */
int db_end(struct db_rows *rows);

/*
 * Columns of the standing row, from 0. Slices are valid until the next db_next or db_end. As a
 * number, a truth value (EXISTS …) is 1 or 0, and a sum is what it is if it has room.
 */
int64_t db_col_int(struct db_rows *rows, int column);
struct slice db_col_text(struct db_rows *rows, int column);
struct slice db_col_bytes(struct db_rows *rows, int column);
bool db_col_is_null(struct db_rows *rows, int column);

/*
 * The first column of the first row of a statement, for counts and RETURNING: 0 with *out set,
 * HEARTH_ENOTFOUND without a row or when it is NULL, or an error.
 */
#define db_get_int(tx, out, sql, ...) \
	db_get_int_values((tx), (out), (sql), DB_VALUES_(__VA_ARGS__), DB_COUNT_(__VA_ARGS__))
int db_get_int_values(
	struct db_tx *tx, int64_t *out, const char *sql, const struct db_value *values, size_t n);

/*
 * A statement of which one row is wanted: 0 and the row stands, until db_end; HEARTH_ENOTFOUND
 * without one, or an error, and then nothing is to be ended.
 */
#define db_one(tx, rows, sql, ...) \
	db_one_values((tx), (rows), (sql), DB_VALUES_(__VA_ARGS__), DB_COUNT_(__VA_ARGS__))
int db_one_values(struct db_tx *tx, struct db_rows *rows, const char *sql,
	const struct db_value *values, size_t n);

/*
 * Calls each(rows, arg) on every row of a statement until that returns something other than 0,
 * which is returned then; else 0, or an error.
 */
typedef int db_row_fn(struct db_rows *rows, void *arg);
#define db_each(tx, each, arg, sql, ...) \
	db_each_values((tx), (each), (arg), (sql), DB_VALUES_(__VA_ARGS__), DB_COUNT_(__VA_ARGS__))
int db_each_values(struct db_tx *tx, db_row_fn *each, void *arg, const char *sql,
	const struct db_value *values, size_t n);

/* Whether a read has had its DB_SLICE_MS. Cheap; never true while writing. */
bool db_slice_over(const struct db_tx *tx);

/* The database this transaction is in, and whether it may write. */
struct db *db_tx_db(struct db_tx *tx);
bool db_tx_writes(const struct db_tx *tx);

#endif
