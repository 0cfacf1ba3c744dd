/*
 * sqlite.h: a database in SQLite, for src/db/sqlite/ only: one file, one thread that writes it, and
 * a connection for each reader that has been there.
 */
#ifndef HEARTH_SRC_DB_SQLITE_H
#define HEARTH_SRC_DB_SQLITE_H

#include "db/engine.h"
#include "db/sqlite/connection.h"

struct sqlite_db {
	struct db *db;
	char *path, *wal_path;
	struct connection *writer; /* writer's thread, once it was started */
	pthread_t thread;
	int64_t changes;     /* of rows, when a commit was last counted; writer's thread */
	int failed_in_a_row; /* commits; writer's thread */
	struct connection *readers[READERS]; /* each its reader's; opened when first needed */
	atomic_bool index_broken;            /* see fts_broken; any thread */
};

/* A transaction on one of its connections. */
static inline struct db_tx sqlite_tx(struct sqlite_db *s, struct connection *c, bool writes)
{
	return (struct db_tx){
		.engine = s->db->engine, .db = s->db, .connection = c, .writes = writes
	};
}

/* The writer's thread (writer.c); `state` is the database. */
void sqlite_start(void *state);
void sqlite_stop(void *state);
/* Whether nothing was committed (quiet.c). */
bool sqlite_is_quiet(const void *state, struct db_quiet *q);

/* Statements and rows (statement.c), as engine.h has them. */
int sqlite_run(struct db_tx *tx, const char *sql, const struct db_value *values, size_t n);
void *sqlite_query(
	struct db_tx *tx, const char *sql, const struct db_value *values, size_t n, int *error);
int sqlite_next(struct db_tx *tx, void *statement);
void sqlite_end(struct db_tx *tx, void *statement);
int64_t sqlite_col_int(void *statement, int column);
struct slice sqlite_col_text(void *statement, int column);
struct slice sqlite_col_bytes(void *statement, int column);
bool sqlite_col_is_null(void *statement, int column);

extern const struct fts_engine fts_sqlite;
extern const struct cut_engine cut_sqlite;

#endif
