/*
 * engine.c: SQLite as an engine of databases (db/engine.h): a database is the file PLACE/NAME.db,
 * which is opened and closed here, and read.
 *
 * Opening, migrating and closing are on the main thread, reading on the readers' threads.
 */
#include <stdio.h>
#include <stdlib.h>

#include "db/sqlite/sqlite.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "job/queue_store.h"
#include "lease/lease_internal.h"

static void close_file(void *state)
{
	struct sqlite_db *s = state;

	for (int i = 0; i < READERS; i++)
		connection_close(&s->readers[i]);
	connection_close(&s->writer);
	free(s->path);
	free(s->wal_path);
	free(s);
}

static int open_file(struct db *db, const char *place, void **state, struct strbuf *why)
{
	struct sqlite_db *s = mem_zalloc(sizeof(*s));
	struct strbuf path = { 0 }, wal_path = { 0 };
	int rc;

	strbuf_printf(&path, "%s/%s.db", place, db->name);
	strbuf_printf(&wal_path, "%s-wal", path.p);
	s->db = db;
	s->path = path.p;
	s->wal_path = wal_path.p;
	rc = connection_open(s->path, db->name, CONNECTION_WRITES, &s->writer, why);
	if (rc < 0) {
		close_file(s);
		return rc;
	}
	s->writer->index_broken = &s->index_broken;
	*state = s;
	return 0;
}

/* ---- migrating ---- */

static int transact(void *state, db_fn *fn, void *arg, struct strbuf *why)
{
	struct sqlite_db *s = state;
	struct connection *c = s->writer;
	struct db_tx tx = sqlite_tx(s, c, true);
	int ended = 0, rc = connection_run(c, "BEGIN IMMEDIATE");

	if (rc == 0)
		rc = fn(&tx, arg);
	if (connection_in_transaction(c))
		ended = connection_run(c, rc < 0 ? "ROLLBACK" : "COMMIT");
	if (rc >= 0 && ended < 0)
		rc = ended;
	if (rc < 0 && why->n == 0)
		strbuf_printf(why, "%s: %s", s->path, sqlite3_errmsg(c->sqlite));
	return rc;
}

static int script(struct db_tx *tx, const char *sql, struct strbuf *why)
{
	int rc = connection_script(tx->connection, sql, why);

	if (rc == 0 && !connection_in_transaction(tx->connection)) {
		strbuf_adds(why, "it ends the transaction it runs in");
		rc = HEARTH_EINVAL;
	}
	return rc;
}

/* ---- reading ---- */

/* This reader's connection to the database; NULL when it cannot be opened. */
static struct connection *connection_of(struct sqlite_db *s, int reader)
{
	struct strbuf why = { 0 };

	if (!s->readers[reader] && connection_open(s->path, s->db->name, CONNECTION_READS,
					   &s->readers[reader], &why) < 0)
		log_error("db", "a reader cannot open its database", "database", "%s", s->db->name,
			"why", "%s", why.p, NULL);
	else
		s->readers[reader]->index_broken = &s->index_broken;
	strbuf_free(&why);
	return s->readers[reader];
}

static int run_read(struct sqlite_db *s, struct connection *c, db_fn *fn, void *arg)
{
	struct db_tx tx = sqlite_tx(s, c, false);
	int rc;

	tx.slice_end_ms = clock_mono_ms() + DB_SLICE_MS;
	rc = fn(&tx, arg);
	connection_end_rows(c);
	return rc;
}

static int read_file(void *state, int reader, db_fn *fn, void *arg)
{
	struct sqlite_db *s = state;
	struct connection *c = connection_of(s, reader);
	int rc;

	if (!c || connection_run(c, "BEGIN") < 0)
		return HEARTH_EIO;
	if (s->db->twice) /* for tests: a read may be repeated as well */
		run_read(s, c, fn, arg);
	rc = run_read(s, c, fn, arg);
	if (connection_in_transaction(c))
		connection_run(c, "ROLLBACK");
	return rc;
}

/* ---- the table ---- */

const struct db_engine db_sqlite = {
	.name = "sqlite",
	/* AUTOINCREMENT: as with other engines, a number is never given out twice. */
	.id_type = "INTEGER PRIMARY KEY AUTOINCREMENT",
	.bytes_type = "BLOB",

	.open = open_file,
	.transact = transact,
	.start = sqlite_start,
	.stop = sqlite_stop,
	.close = close_file,
	.is_quiet = sqlite_is_quiet,
	.read = read_file,

	.run = sqlite_run,
	.query = sqlite_query,
	.next = sqlite_next,
	.end = sqlite_end,
	.col_int = sqlite_col_int,
	.col_text = sqlite_col_text,
	.col_bytes = sqlite_col_bytes,
	.col_is_null = sqlite_col_is_null,
	.script = script,

	.fts = &fts_sqlite,
	.cut = &cut_sqlite,
	.leases = &lease_sqlite,
	.queues = &queue_sqlite,
};
