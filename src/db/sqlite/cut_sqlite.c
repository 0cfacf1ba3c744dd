/*
 * cut_sqlite.c: a cut through SQLite files, by their locks.
 *
 *   BEGIN IMMEDIATE on all, by one connection ─▶ BEGIN and a first read, by one a database ─▶
 *   ROLLBACK of the lock
 *
 * No thread of a server waits for one database while it writes to another, so the locks cannot wait
 * for each other in a circle; a server's writers wait for the few milliseconds that all are held.
 * On a command's main thread.
 */
#include "db/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/identity.h"
#include "db/sqlite/sqlite.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define TRIES      60000 /* of a millisecond: somebody writes all the time */
#define COPY_PAGES 256

struct file_cut {
	struct cut cut;
	size_t count;
	sqlite3 *readers[]; /* NULL once released */
};

static int wait_a_little(void *arg, int tries)
{
	(void)arg;
	if (tries >= TRIES)
		return 0;
	usleep(1000);
	return 1;
}

static int failed(sqlite3 *db, const char *what, struct strbuf *why)
{
	int code = sqlite3_errcode(db) & 0xff;

	strbuf_printf(why, "%s: %s", what, sqlite3_errmsg(db));
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? HEARTH_ECORRUPT
	       : code == SQLITE_BUSY                           ? HEARTH_EBUSY
							       : HEARTH_EIO;
}

static int run(sqlite3 *db, const char *sql, const char *what, struct strbuf *why)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(db, what, why);
}

static int open_file(
	const char *dir, const char *name, int flags, sqlite3 **out, struct strbuf *why)
{
	struct strbuf path = { 0 };
	int rc;

	strbuf_printf(&path, "%s/%s.db", dir, name);
	rc = sqlite3_open_v2(path.p, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_busy_handler(*out, wait_a_little, NULL);
		rc = 0;
	} else {
		rc = failed(*out, path.p, why);
	}
	strbuf_free(&path);
	return rc;
}

static int attach(sqlite3 *db, const char *dir, const char *name, struct strbuf *why)
{
	char *sql = sqlite3_mprintf("ATTACH '%q/%q.db' AS %Q", dir, name, name);
	int rc = run(db, sql, name, why);

	sqlite3_free(sql);
	return rc;
}

/* A connection that holds the write locks of all; closing it gives them back. */
static int lock_all(
	const char *dir, const char *const *names, size_t n, sqlite3 **out, struct strbuf *why)
{
	int rc = 0;

	if (sqlite3_open_v2(":memory:", out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return failed(*out, "a connection", why);
	sqlite3_busy_handler(*out, wait_a_little, NULL);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = attach(*out, dir, names[i], why);
	return rc < 0 ? rc : run(*out, "BEGIN IMMEDIATE", "the databases stay locked", why);
}

static void release(struct cut *cut, size_t i)
{
	struct file_cut *c = (struct file_cut *)cut;

	sqlite3_close(c->readers[i]);
	c->readers[i] = NULL;
}

static void end(struct cut *cut)
{
	struct file_cut *c = (struct file_cut *)cut;

	for (size_t i = 0; i < c->count; i++)
		release(cut, i);
	free(c);
}

static int begin(
	const char *dir, const char *const *names, size_t n, struct cut **out, struct strbuf *why)
{
	struct file_cut *c = mem_zalloc(sizeof(*c) + n * sizeof(sqlite3 *));
	sqlite3 *lock = NULL;
	int rc = 0;

	c->count = n;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = open_file(dir, names[i], SQLITE_OPEN_READWRITE, &c->readers[i], why);
	if (rc == 0)
		rc = lock_all(dir, names, n, &lock, why);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = run(c->readers[i], "BEGIN; SELECT count(*) FROM sqlite_schema", names[i], why);
	sqlite3_close(lock);
	if (rc < 0) {
		end(&c->cut);
		return rc;
	}
	*out = &c->cut;
	return 0;
}

static int identity(struct cut *cut, size_t i, struct identity *out, struct strbuf *why)
{
	const struct file_cut *c = (const struct file_cut *)cut;
	sqlite3_stmt *stmt = NULL;
	int rc = 0;

	*out = (struct identity){ .commits = 0 };
	if (sqlite3_prepare_v2(c->readers[i], "SELECT folder, commits FROM identity", -1, &stmt,
		    NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW) {
		snprintf(out->folder, sizeof(out->folder), "%s",
			(const char *)sqlite3_column_text(stmt, 0));
		out->commits = sqlite3_column_int64(stmt, 1);
	} else {
		rc = failed(c->readers[i],
			"it is empty, damaged, or of an older program (start the server once)",
			why);
	}
	sqlite3_finalize(stmt);
	return rc;
}

static int size(struct cut *cut, size_t i, int64_t *bytes, struct strbuf *why)
{
	const struct file_cut *c = (const struct file_cut *)cut;
	sqlite3_stmt *stmt = NULL;
	int rc = 0;

	*bytes = 0;
	if (sqlite3_prepare_v2(c->readers[i],
		    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", -1,
		    &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW)
		*bytes = sqlite3_column_int64(stmt, 0);
	else
		rc = failed(c->readers[i], "its size", why);
	sqlite3_finalize(stmt);
	return rc;
}

/* ---- copying ---- */

/* The first complaint of quick_check, if there is one. */
static int look_at(sqlite3 *db, const char *path, struct strbuf *why)
{
	sqlite3_stmt *stmt = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK ||
		sqlite3_step(stmt) != SQLITE_ROW) {
		rc = failed(db, path, why);
	} else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0) {
		strbuf_printf(
			why, "%s is damaged: %s", path, (const char *)sqlite3_column_text(stmt, 0));
		rc = HEARTH_ECORRUPT;
	}
	sqlite3_finalize(stmt);
	return rc;
}

static int copy_pages(
	sqlite3 *to, sqlite3 *from, cut_progress_fn *each, void *arg, struct strbuf *why)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc = SQLITE_OK, stop = 0;

	while (b && rc == SQLITE_OK && stop == 0) {
		rc = sqlite3_backup_step(b, COPY_PAGES);
		stop = each(arg, sqlite3_backup_pagecount(b) - sqlite3_backup_remaining(b),
			sqlite3_backup_pagecount(b));
	}
	if (b)
		sqlite3_backup_finish(b);
	if (stop != 0)
		return stop;
	return rc == SQLITE_DONE ? 0 : failed(b ? from : to, "copying", why);
}

static int copy_database(struct cut *cut, size_t i, const char *to, cut_progress_fn *each,
	void *arg, struct strbuf *why)
{
	const struct file_cut *c = (const struct file_cut *)cut;
	sqlite3 *copy = NULL;
	int rc;

	unlink(to);
	if (sqlite3_open_v2(to, &copy,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		rc = failed(copy, to, why);
	else
		rc = run(copy, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", to, why);
	if (rc == 0)
		rc = copy_pages(copy, c->readers[i], each, arg, why);
	/* A copy that says it has a log would make one only for being looked at. */
	if (rc == 0)
		rc = run(copy, "PRAGMA journal_mode = DELETE", to, why);
	if (rc == 0)
		rc = look_at(copy, to, why);
	sqlite3_close(copy);
	return rc;
}

/* ---- reading as a db_fn would ---- */

/* A connection of no file that reads the others under their names. */
static int open_reader(struct connection **out, struct strbuf *why)
{
	int rc = connection_open(":memory:", "verify", CONNECTION_WRITES, out, why);

	if (rc == 0)
		sqlite3_busy_handler((*out)->sqlite, wait_a_little, NULL);
	return rc;
}

static int attach_all(struct connection *c, const char *dir, const char *const *names, size_t n,
	struct strbuf *why)
{
	sqlite3 *lock = NULL;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = attach(c->sqlite, dir, names[i], why);
	if (rc == 0)
		rc = lock_all(dir, names, n, &lock, why);
	if (rc == 0)
		rc = run(c->sqlite, "PRAGMA query_only = ON; BEGIN", "a read", why);
	for (size_t i = 0; i < n && rc == 0; i++) {
		char *sql = sqlite3_mprintf("SELECT count(*) FROM %Q.sqlite_schema", names[i]);

		rc = run(c->sqlite, sql, names[i], why);
		sqlite3_free(sql);
	}
	sqlite3_close(lock);
	return rc;
}

static int open_cut(
	const char *dir, const char *const *names, size_t n, void **connection, struct strbuf *why)
{
	struct connection *c = NULL;
	int rc = open_reader(&c, why);

	if (rc == 0)
		rc = attach_all(c, dir, names, n, why);
	if (rc < 0)
		connection_close(&c);
	*connection = c;
	return rc;
}

/* Attached, since a connection of its own would give it a log. */
static int open_copy(const char *path, void **connection, struct strbuf *why)
{
	struct connection *c = NULL;
	char *sql = sqlite3_mprintf("ATTACH %Q AS copy; PRAGMA query_only = ON; BEGIN", path);
	int rc = open_reader(&c, why);

	if (rc == 0)
		rc = run(c->sqlite, sql, path, why);
	if (rc < 0)
		connection_close(&c);
	sqlite3_free(sql);
	*connection = c;
	return rc;
}

static void close_reader(void *connection)
{
	struct connection *c = connection;

	connection_close(&c);
}

struct complaints {
	cut_complaint_fn *fn;
	void *arg;
	const char *behind; /* added to each */
};

static int complain(struct db_rows *rows, void *arg)
{
	const struct complaints *c = arg;
	struct slice text = db_col_text(rows, 0);

	if (!slice_eq(text, SLICE("ok")))
		c->fn(c->arg, text, c->behind);
	return 0;
}

static int check_pages(struct db_tx *tx, const char *name, cut_complaint_fn *fn, void *arg)
{
	struct complaints c = { fn, arg, "" };
	struct strbuf sql = { 0 };
	int rc, again;

	strbuf_printf(&sql, "PRAGMA %s.integrity_check(20)", name);
	rc = db_each(tx, complain, &c, sql.p);
	strbuf_reset(&sql);
	strbuf_printf(&sql, "PRAGMA %s.foreign_key_check", name);
	c.behind = ": a row names one that is not there";
	again = db_each(tx, complain, &c, sql.p);
	strbuf_free(&sql);
	return rc < 0 ? rc : again;
}

static int hold_blobs(const char *dir, int64_t id, int64_t until_ms, struct strbuf *why)
{
	char sql[200];
	sqlite3 *db = NULL;
	int rc = open_file(dir, "blob", SQLITE_OPEN_READWRITE, &db, why);

	if (until_ms > 0)
		snprintf(sql, sizeof(sql),
			"INSERT INTO hold (id, until_ms) VALUES (%lld, %lld)"
			" ON CONFLICT (id) DO UPDATE SET until_ms = excluded.until_ms",
			(long long)id, (long long)until_ms);
	else
		snprintf(sql, sizeof(sql), "DELETE FROM hold WHERE id = %lld", (long long)id);
	if (rc == 0)
		rc = run(db, sql, "blob.db", why);
	sqlite3_close(db);
	return rc;
}

const struct cut_engine cut_sqlite = {
	.begin = begin,
	.release = release,
	.end = end,
	.identity = identity,
	.size = size,
	.copy = copy_database,
	.open = open_cut,
	.open_copy = open_copy,
	.close = close_reader,
	.check = check_pages,
	.hold_blobs = hold_blobs,
};
