/*
 * fts.h: port: full-text search, a part of the database port.
 *
 * An index maps documents (64-bit ids) to the folded text (text_fold of text.h) they were put
 * with, cut into overlapping three-character tokens by the one tokenizer of the house. So a search
 * for any string of three characters or more, in any script, narrows the documents down to
 * *candidates*: every document that contains the string is among them, and a few that do not may
 * be too. Whoever needs exactness (IMAP SEARCH) checks the candidates by looking.
 *
 * Any bytes may be put; of text with NUL in it what lies across the NUL is not found.
 *
 * What is promised: puts and removals are part of the transaction they are made in; a search sees
 * the state of its own transaction; two engines give supersets of the same truth.
 *
 * PostgreSQL keeps the tokens of a document, hashed, in a BIGINT[] under GIN (@>). Not in a
 * tsvector: that holds 1 MB, which a long text in a script of many characters goes beyond, and no
 * NUL. All calls are inside a db_fn, on a database thread. A search gives at most as many
 * candidates as it is asked for.
 */
#ifndef HEARTH_FTS_H
#define HEARTH_FTS_H

#include "hearth/db.h"

/*
 * Creates an index if it is not there; `name` is letters and underscores. Within a write
 * transaction: module start. In a function of its own: where one is created and filled, and fails,
 * SQLite (3.40) cannot go back to before it, and all that share the transaction fail with it.
 */
int fts_create(struct db_tx *tx, const char *name);
/* Puts a document; a document of this id must not be there. `text` is folded already. */
int fts_put(struct db_tx *tx, const char *name, int64_t document, struct slice text);
/* Removes a document; `text` must be one of the same tokens as it was put with (fts_digest). */
int fts_remove(struct db_tx *tx, const char *name, int64_t document, struct slice text);
/*
 * A number for the tokens of a text: whoever keeps it beside a document instead of the text can tell
 * later whether what he has is the same to the index. Pure, any thread.
 */
int64_t fts_digest(struct slice text);

/*
 * An index can be broken: by a disk, or by a fault of the engine. Then fts_find says
 * HEARTH_ECORRUPT, or commits that put into it fail, and from then on fts_broken is true (until the
 * process ends). What helps is fts_clear, which empties it whatever state it is in, and putting all
 * documents again. fts_check looks through all of an index: 0 or HEARTH_ECORRUPT; that takes as
 * long as reading it does. Both within a write transaction; fts_broken on any thread.
 */
int fts_clear(struct db_tx *tx, const char *name);
int fts_check(struct db_tx *tx, const char *name);
bool fts_broken(struct db *db);

/* Called for each candidate, in ascending order of id; a result other than 0 ends the search. */
typedef int fts_fn(void *arg, int64_t document);
/*
 * Finds the candidates for the folded `needle` whose id is greater than `above`.
 * HEARTH_EUNSUPPORTED when it is shorter than three characters: every document is a candidate then,
 * and the caller knows better how to list them.
 */
int fts_find(struct db_tx *tx, const char *name, struct slice needle, int64_t above, fts_fn *each,
	void *arg);

#endif
