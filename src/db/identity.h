/*
 * identity.h: which data folder a database belongs to, and how many commits it has had. So a
 * database that was lost, replaced or set back to an older state is known from its neighbours'
 * point of view (kernel/ledger.h); without that, rows of one would name things of another that are
 * not there, and numbers would be given out twice. Inside a db_fn, but for what says otherwise: on
 * the database's thread.
 */
#ifndef HEARTH_SRC_DB_IDENTITY_H
#define HEARTH_SRC_DB_IDENTITY_H

#include "hearth/db.h"

#define IDENTITY_FOLDER 33 /* 32 hex digits and a NUL */

/* The migrations every database gets for it. */
extern const char *const identity_migrations[];

struct identity {
	char folder[IDENTITY_FOLDER]; /* "" when it belongs to none yet */
	int64_t commits;              /* grows with each commit that changes something */
};

/* Blocks: workers, commands, start. */
int identity_read(struct db *db, struct identity *out);
int identity_set_folder(struct db *db, const char *folder);
/* From now on the number of each commit is noted, once it is on disk, at this place of a file. */
void identity_note_in(struct db *db, int fd, int64_t offset);

#define IDENTITY_NOTE 20 /* bytes of a note: decimal digits */

/* ---- for an engine ---- */

/* Within a transaction that changes something, before its commit; 0 with *number, or an error. */
int identity_count(struct db_tx *tx, int64_t *number);
/* After the commit; `number` is 0 when nothing was counted. */
void identity_note(struct db *db, int64_t number);

#endif
