/*
 * database.h: the database port from the inside, for src/ only: its engines, opening, closing, and
 * being told of commits. Opened and closed on the main thread.
 */
#ifndef HEARTH_SRC_DATABASE_H
#define HEARTH_SRC_DATABASE_H

#include "hearth/db.h"
#include "hearth/list.h"

/* What an engine of databases does (engine.h). */
struct db_engine;

/* The embedded one: a SQLite file for each database in the data folder. */
extern const struct db_engine db_sqlite;
/* The engine of this program's databases: the one place where it is chosen. Any thread. */
const struct db_engine *db_engine(void);

/*
 * Opens the database of this schema in `place`, the data folder, makes it if it is not there, and
 * brings it to the newest migration. The schema is kept, not copied. Blocks; from any thread. On
 * failure *out is NULL and a sentence for people is appended to `why`.
 */
int db_open(const char *place, const struct db_schema *schema, struct db **out, struct strbuf *why);
/* The same with an engine of one's own. */
int db_open_with(const struct db_engine *engine, const char *place, const struct db_schema *schema,
	struct db **out, struct strbuf *why);
/*
 * Refuses new work, runs what waits, closes the file and sets *db to NULL; legal on NULL. Blocks;
 * not from a database thread. Nobody may use `db` meanwhile but functions that wait in it.
 */
void db_close(struct db **db);
/*
 * Whether functions wait or run; one whose `done` is not posted yet does. Adds to *ended how many
 * ended since the program began. Any thread.
 */
bool db_busy(struct db *db, int64_t *ended);
/*
 * Whether nothing was committed, by any process, since the last call with the same `q` (zeroed at
 * first). It may say no in vain, never yes; so who looks for work each second need not ask the
 * database while nobody writes to it. A look at a file's time: any thread, one at a time a `q`.
 */
struct db_quiet {
	int64_t written_ns;
	bool settled;
};
bool db_is_quiet(const struct db *db, struct db_quiet *q);
/* The schema's name. Any thread. */
const char *db_name(const struct db *db);

/*
 * Signals: a transaction that leaves work for somebody (a task, an event) raises a bit; after its
 * commit the watches that look for this bit are called. Names share 64 bits, so a watch may be
 * called for another name's sake and must look for itself.
 */
uint64_t db_signal_bit(struct slice name);
/* Inside a db_fn that writes. */
void db_tx_signal(struct db_tx *tx, uint64_t bits);

struct db_watch {
	struct list_node node; /* the database's */
	uint64_t bits;
	exec_fn *fn; /* on the writer's thread, after a commit: must be quick and not wait */
	void *arg;
};

/* `w` lies in its owner, with bits, fn and arg filled in, until db_unwatch. Any thread. */
void db_watch(struct db *db, struct db_watch *w);
/* Afterwards fn is not called any more. Not from fn. */
void db_unwatch(struct db *db, struct db_watch *w);

#endif
