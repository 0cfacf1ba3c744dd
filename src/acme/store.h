/*
 * store.h: what is kept of an ACME account, its certificate and the attempts at one: a database of
 * its own, "acme", so that every node has it and a backup as well. Keys lie in it as PEM; its file is
 * the owner's alone, as the whole data folder.
 *
 * All but acme_store_read wait: for workers, commands, and the start. Writing wants the lease under
 * which the node acts, and is HEARTH_ECONFLICT once that is lost.
 */
#ifndef HEARTH_SRC_ACME_STORE_H
#define HEARTH_SRC_ACME_STORE_H

#include "hearth/arena.h"
#include "hearth/db.h"
#include "hearth/lease.h"

const struct db_schema *acme_schema(void);

/* Texts are "" where there is none; times are wall time in milliseconds, 0 for never. */
struct acme_record {
	/* of the account at this directory */
	struct slice account_key;
	const char *account_url, *email;
	const char *issuer; /* the authority's name in CAA records */
	/* of the certificate in use */
	struct slice key, chain;
	int64_t version; /* another with each certificate */
	int64_t not_after_ms, renew_ms;
	/* of the order under way */
	const char *order_url, *order_names;
	struct slice order_key;
	/* of the attempts */
	int64_t tries; /* since the last success */
	int64_t next_ms, ended_ms;
	const char *error;
	const char *left_out; /* names that could not be confirmed, with commas between */
	int64_t left_out_ms;
};

/* A db_fn: reads all of it for a directory; `arg` is a struct acme_reading. */
struct acme_reading {
	const char *directory;
	struct arena *arena;
	struct acme_record record;
};
int acme_store_read(struct db_tx *tx, void *arg);

struct acme_store {
	struct db *db;
	struct lease lease; /* epoch 0: nothing is fenced (a command's) */
};

/* Gives the account at a directory its key, if it has none; not fenced: the first one counts. */
int acme_store_key(const struct acme_store *s, const char *directory, struct slice key);
int acme_store_account(const struct acme_store *s, const char *directory, struct slice key,
	const char *url, const char *email, const char *issuer);
/* An order, to go on with after a crash; NULL: there is none any more. */
int acme_store_order(
	const struct acme_store *s, const char *url, struct slice key, const char *names);
/* A certificate: the order and what was wrong are over, and for an hour no other is got by itself. */
int acme_store_certificate(const struct acme_store *s, struct slice key, struct slice chain,
	int64_t not_after_ms, int64_t renew_ms);
/* An attempt begins; one has ended: if another was wanted meanwhile, that is still so. */
int acme_store_begun(const struct acme_store *s, const struct acme_record *r);
int acme_store_ended(const struct acme_store *s, const struct acme_record *r);
/* Another certificate is wanted now, whatever there is. */
int acme_store_want(const struct acme_store *s);

#endif
