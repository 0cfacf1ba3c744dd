/*
 * cut.h: one moment in the life of several databases, for backup and verify, also while a server
 * writes to them: what one of them says of another holds in the cut. For that all of them are held
 * still at once, for the blink it takes to begin a read in each.
 *
 * All of it blocks; for commands. On their main thread. The engine is the program's (db_engine).
 */
#ifndef HEARTH_SRC_DB_CUT_H
#define HEARTH_SRC_DB_CUT_H

#include "db/engine.h"

struct identity;

/* Called now and then; a result other than 0 ends it. */
typedef int cut_progress_fn(void *arg, int64_t done, int64_t total);
/* Called for each damage, which is `what` with `behind` after it. */
typedef void cut_complaint_fn(void *arg, struct slice what, const char *behind);

/* What an engine does for it; `struct cut` lies at the beginning of its own. */
struct cut {
	const struct cut_engine *engine; /* cut_new sets it */
};

struct cut_engine {
	int (*begin)(const char *dir, const char *const *names, size_t n, struct cut **out,
		struct strbuf *why);
	void (*release)(struct cut *c, size_t i);
	void (*end)(struct cut *c);
	int (*identity)(struct cut *c, size_t i, struct identity *out, struct strbuf *why);
	int (*size)(struct cut *c, size_t i, int64_t *bytes, struct strbuf *why);
	int (*copy)(struct cut *c, size_t i, const char *to, cut_progress_fn *each, void *arg,
		struct strbuf *why);

	/* Connections for a transaction's statements (struct db_tx); each until `close`. */
	int (*open)(const char *dir, const char *const *names, size_t n, void **connection,
		struct strbuf *why);
	int (*open_copy)(const char *path, void **connection, struct strbuf *why);
	void (*close)(void *connection);
	int (*check)(struct db_tx *tx, const char *name, cut_complaint_fn *each, void *arg);

	int (*hold_blobs)(const char *dir, int64_t id, int64_t until_ms, struct strbuf *why);
};

/*
 * Makes a cut through the databases of these names in `dir`, which must be there. Their state stays
 * readable until cut_free or cut_release. 0, or an error with a sentence, and *out NULL.
 */
int cut_new(
	const char *dir, const char *const *names, size_t n, struct cut **out, struct strbuf *why);
/* Lets go of one database. */
void cut_release(struct cut *c, size_t i);
/* Legal on NULL; sets *c to NULL. */
void cut_free(struct cut **c);

/* Which folder a database is of, and how far it had come, in the cut. */
int cut_identity(struct cut *c, size_t i, struct identity *out, struct strbuf *why);

/* The bytes that a copy of a database takes, in the cut. 0, or an error with a sentence. */
int cut_size(struct cut *c, size_t i, int64_t *bytes, struct strbuf *why);

/*
 * Copies a database into a new file and looks whether the copy is whole. HEARTH_ECORRUPT with why;
 * or what `each` ended it with.
 */
int cut_copy(struct cut *c, size_t i, const char *to, cut_progress_fn *each, void *arg,
	struct strbuf *why);

/*
 * A transaction that reads all of them, under their names as schemas, in one cut, as a db_fn would;
 * until cut_close. 0, or an error. The other one: what a copy holds that cut_copy has made.
 */
int cut_open(
	const char *dir, const char *const *names, size_t n, struct db_tx *tx, struct strbuf *why);
int cut_open_copy(const char *path, struct db_tx *tx, struct strbuf *why);
/* Ends it; legal on one that is zeroed, or could not be opened. */
void cut_close(struct db_tx *tx);
/* Reads a database of a cut through: each damage of the engine's own structures. 0, or an error. */
int cut_check(struct db_tx *tx, const char *name, cut_complaint_fn *each, void *arg);

/*
 * Tells the blob store of DIR to delete nothing until then (pack.h): in its database, so that a
 * running server sees it. `id` is the holder's own number; until_ms 0 ends it.
 */
int cut_hold_blobs(const char *dir, int64_t id, int64_t until_ms, struct strbuf *why);

#endif
