/*
 * store.h: what is kept of an ACME account, its certificate and the attempts at one: a database of
 * its own, "acme", so that every node has it and a backup as well. Keys lie in it sealed (vault.h).
 *
 * All but acme_store_read wait: for workers, commands, and the start. Writing wants the lease under
 * which the node acts, and is HEARTH_ECONFLICT once that is lost.
 */
#ifndef HEARTH_SRC_ACME_STORE_H
#define HEARTH_SRC_ACME_STORE_H

#include "acme/vault.h"
#include "hearth/arena.h"
#include "hearth/db.h"
#include "hearth/lease.h"

const struct db_schema *acme_schema(void);

/* Texts are "" where there is none; times are wall time in milliseconds, 0 for never. */
struct acme_record {
	bool unreadable; /* the key of the account is there, and cannot be opened */
	bool plain;      /* a key is there that is not sealed */
	/* of the account at this directory */
	struct slice account_key;
	const char *account_url, *email;
	const char *issuer; /* the authority's name in CAA records */
	/* of the certificate in use */
	struct slice key, chain; /* no key: it cannot be opened */
	int64_t version;         /* another with each certificate */
	int64_t not_after_ms, renew_ms;
	int64_t ask_ms; /* when its authority is asked again when it wants it renewed … */
	int64_t window_start_ms, window_end_ms; /* … and what it said */
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
	const struct acme_vault *vault; /* NULL: keys are not wanted */
	struct arena *arena;
	struct acme_record record;
};
int acme_store_read(struct db_tx *tx, void *arg);

struct acme_store {
	struct db *db;
	const struct acme_vault *vault;
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
/*
 * What the authority said of when to renew the certificate of r->version: r's ask_ms and window, and the
 * moment chosen. One that was set since `r` was read stays.
 */
int acme_store_asked(const struct acme_store *s, const struct acme_record *r, int64_t renew_ms);
/* Another certificate is wanted now, whatever there is. */
int acme_store_want(const struct acme_store *s);
/*
 * The same with another account, of this key: the one before, or its key, is gone. Not fenced: an attempt
 * that is under way with the old one may put that back, key and URL together, at worst.
 */
int acme_store_begin_anew(const struct acme_store *s, const char *directory, struct slice key);
/*
 * A name is to be proven by TLS, with the digest of its key authorization (RFC 8737 3), at whatever node the
 * authority comes to; no name is any more. ACME_NAMES_MAX at a time.
 */
#define ACME_DIGEST 32
int acme_store_challenge(
	const struct acme_store *s, const char *name, const unsigned char digest[ACME_DIGEST]);
int acme_store_challenges_end(const struct acme_store *s);
/* A db_fn: looks for one; `arg` is a struct acme_challenge_row. */
struct acme_challenge_row {
	char name[256]; /* as acme_challenge_name writes it */
	bool found;
	unsigned char digest[ACME_DIGEST];
};
int acme_store_find_challenge(struct db_tx *tx, void *arg);
void acme_challenge_name(const char *name, char out[256]);
/* Seals what lies there plain, all at once. Not fenced: every node seals alike. */
int acme_store_seal(const struct acme_store *s);

#endif
