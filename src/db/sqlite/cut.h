/*
 * cut.h: one moment in the life of several databases, for backup and verify, also while a server
 * writes to them. All of them are locked for writing at once, for the blink it takes to begin a
 * read in each; so what one of them says of another holds in the cut.
 *
 * All of it blocks; for commands. On their main thread.
 */
#ifndef HEARTH_SRC_DB_CUT_H
#define HEARTH_SRC_DB_CUT_H

#include "db/sqlite/connection.h"

struct cut;

/*
 * Makes a cut through DIR/NAME.db for these names, which must be there. Their state stays readable,
 * and their logs stay as long, until cut_free or cut_release. 0, or an error with a sentence.
 */
int cut_new(
	const char *dir, const char *const *names, size_t n, struct cut **out, struct strbuf *why);
/* Lets go of one database. */
void cut_release(struct cut *c, size_t i);
void cut_free(struct cut **c);

/* Which folder a database is of, and how far it had come, in the cut. */
struct identity;
int cut_identity(struct cut *c, size_t i, struct identity *out, struct strbuf *why);

/*
 * Copies a database into a new file, page for page, and looks at the copy (quick_check).
 * `each` is called now and then; a result other than 0 ends it. HEARTH_ECORRUPT with why.
 */
typedef int cut_progress_fn(void *arg, int64_t done, int64_t total);
int cut_copy(struct cut *c, size_t i, const char *to, cut_progress_fn *each, void *arg,
	struct strbuf *why);

/*
 * One connection that has all of them attached under their names and reads in the cut, as a db_fn
 * would; for as long as it lives. 0, or an error.
 */
int cut_attach(const char *dir, const char *const *names, size_t n, struct connection **out,
	struct strbuf *why);

/*
 * Tells the blob store of DIR to delete nothing until then (pack.h): in its database, so that a
 * running server sees it. `id` is the holder's own number; until_ms 0 ends it.
 */
int cut_hold_blobs(const char *dir, int64_t id, int64_t until_ms, struct strbuf *why);

#endif
