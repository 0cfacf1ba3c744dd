/*
 * connection.h: one connection to one SQLite file, for src/db/sqlite/ only.
 *
 * A connection belongs to one thread at a time. It keeps the statements it has prepared, found by
 * their text: the least recently used ones are given up when there are too many.
 */
#ifndef HEARTH_SRC_CONNECTION_H
#define HEARTH_SRC_CONNECTION_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "hearth/db.h"
#include "hearth/list.h"
#include "hearth/map.h"

#define STATEMENTS_RECENT 64

struct connection {
	sqlite3 *sqlite;
	const char *name;       /* of the database, for the log */
	struct map *statements; /* text to struct statement */
	struct list idle;       /* cached and not in use; the oldest first */
	struct list busy;       /* in use between db_query and db_end */
	size_t statement_count; /* in the map */
	/* The same statements by where their texts lie, which for a caller is always one place. */
	struct statement *recent[STATEMENTS_RECENT];
	atomic_bool *index_broken; /* set when an index turns out to be; NULL: nobody is told */
	int wal_pages;             /* pages in the write-ahead log after the last commit */
};

enum connection_use {
	CONNECTION_WRITES,
	CONNECTION_READS,
};

/* Opens `path`. 0, or an error with a sentence appended to `why`, and *out NULL. */
int connection_open(const char *path, const char *name, enum connection_use use,
	struct connection **out, struct strbuf *why);
/* Closes and sets *c to NULL; legal on NULL. The last writing one moves the log into the file. */
void connection_close(struct connection **c);

/* Runs a statement without parameters and rows: BEGIN, COMMIT, SAVEPOINT. 0, or an error. */
int connection_run(struct connection *c, const char *sql);
/* Runs a script of several statements. 0, or an error with SQLite's words appended to `why`. */
int connection_script(struct connection *c, const char *sql, struct strbuf *why);
/* Whether a transaction is open: SQLite ends one by itself when the disk is full. */
bool connection_in_transaction(const struct connection *c);
/* Ends what a db_fn has left open, and says so in the log. */
void connection_end_rows(struct connection *c);
/*
 * Moves the log into the file if it has grown enough. Called when nobody waits for an answer: it
 * costs writing every page that changed, and an fsync.
 */
void connection_checkpoint(struct connection *c);

/* The error code for SQLite's result; says in the log what happened if it is news. */
int connection_error(struct connection *c, int result, const char *sql);

/* Frees all statements. */
void statements_free(struct connection *c);

/* Makes the search tokenizer known to a connection (fts_tokenizer.c). 0, or SQLite's result. */
int fts_tokenizer_register(sqlite3 *sqlite);

#endif
