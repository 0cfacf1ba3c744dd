/*
 * verify_internal.h: what the files of `hearth verify` share: verify.c the databases and what
 * modules know of their rows, verify_index.c the search indexes, verify_blobs.c the blobs. On a
 * command's main thread.
 */
#ifndef HEARTH_SRC_BACKUP_VERIFY_INTERNAL_H
#define HEARTH_SRC_BACKUP_VERIFY_INTERNAL_H

#include "backup/backup.h"
#include "backup/files.h"
#include "backup/verify.h"
#include "db/engine.h"

struct verifying {
	const char *data;
	const struct hearth_checks *const *checks; /* ends with NULL */
	struct backup_dbs dbs;                     /* those that can be read */
	struct db_tx tx;                           /* on all of them */
	const char *address;                       /* SQL, or NULL */
	bool incomplete; /* a database is missing or cannot be read: rules may not run */
	int64_t damages;
};

/* A damage: one line. So many are printed, the others counted. */
void verify_tell(struct verifying *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A damage that a row describes: account, then where. */
void verify_tell_row(struct verifying *v, struct db_rows *rows, const char *what);
/* The same for each row of a statement (db_each); `arg` is a struct telling. */
struct telling {
	struct verifying *v;
	const char *what;
	bool told; /* one at least */
};
int verify_tell_each(struct db_rows *rows, void *arg);
/* Whether this database is there and can be read. */
bool verify_has(const struct verifying *v, const char *name);

/* Whether a search index has what its texts have, no more and no less. */
void verify_check_index(struct verifying *v, const struct hearth_index *index);
/* The bytes of every blob; `hold` keeps them from being deleted meanwhile. */
void verify_check_blobs(struct verifying *v, struct backup_hold *hold);

#endif
