/*
 * checks.h: what a module's rows keep to when all is well, for `hearth verify`: SQL over all the
 * databases of the data folder, each under its name ("mail.message"), in one moment of them. The
 * verifier looks at bytes, pages and indexes by itself; here is what only the module knows.
 * Constant tables; the SQL runs in the verifying command, on its main thread.
 */
#ifndef HEARTH_CHECKS_H
#define HEARTH_CHECKS_H

#include "hearth/arena.h"
#include "hearth/db.h"

struct hearth_rule {
	const char *what; /* what is wrong when the statement gives a row */
	const char *sql;  /* a row for each damage: account number (0: nobody's), then where */
};

/* A search index, and the documents it is made of. */
struct hearth_index {
	const char *database, *name; /* as given to fts_create, in this database */
	const char *documents;       /* SQL: id, then what `text` takes, or the digest (fts.h) */
	/* The text that a document was put with, in the arena; NULL: the row has its digest. */
	struct slice (*text)(struct db_rows *row, struct arena *a);
};

/* Bytes that rows keep themselves, and that have a hash or the like to be held against. */
struct hearth_kept {
	const char *what; /* what is wrong when `look` says so */
	const char *sql;  /* account, where, then what `look` takes */
	/* 0, or HEARTH_ECORRUPT. */
	int (*look)(struct db_rows *row, struct arena *a);
};

struct hearth_checks {
	const char *database; /* without it, none of this is looked at */
	const char *accounts; /* SQL: the accounts that rows belong to; NULL: none */
	const char *address;  /* SQL: the address of account $1; of the module that has accounts */
	const char *blobs;    /* SQL with columns key, account and place: blobs that rows name */
	const struct hearth_rule *rules;    /* ends with what == NULL; may be NULL */
	const struct hearth_index *indexes; /* ends with name == NULL; may be NULL */
	const struct hearth_kept *kept;     /* may be NULL */
};

#endif
