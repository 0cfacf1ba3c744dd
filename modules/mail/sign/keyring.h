/*
 * sign/keyring.h: the keys that sign mail, on their way between rows (store/dkim_key.h) and use: made,
 * sealed, opened. Blocks: for workers, and a command's main thread.
 */
#ifndef MAIL_SIGN_KEYRING_H
#define MAIL_SIGN_KEYRING_H

#include "hearth/module.h"
#include "hearth/secret.h"
#include "sign/sign_key.h"
#include "store/dkim_key.h"

/* Durable: a key was made, or is in another state; its payload is {}. */
#define MAIL_TOPIC_KEYS "mail.keys"

struct keyring {
	struct db *db;
	bool ready; /* false: without the key of secrets nothing can be sealed or opened */
	unsigned char seal[SECRET_KEY];
};

/* 0, also when it is not ready; HEARTH_EIO. */
int keyring_open(struct keyring *r, const struct hearth *h);
void keyring_close(struct keyring *r);

/*
 * Makes what a domain lacks, one key of each kind. As MAIL_DKIM_SIGNS: where none signs or waits (its
 * first ones: before they are published what they sign counts as not signed, RFC 6376 section 6.1.2).
 * As MAIL_DKIM_WAITS: where none waits, of whichever kind. `made` counts them. HEARTH_EDENIED when the ring is
 * not ready; HEARTH_EBUSY: the domain has fifty.
 */
int keyring_make(struct keyring *r, struct slice domain, enum mail_dkim_state state, size_t *made);
/* The private half of a row; NULL when it is gone, or this ring does not open it. */
EVP_PKEY *keyring_load(const struct keyring *r, const struct mail_dkim_key *row);

/*
 * The domains of [mail] domains, those that are aliases of one, and the hostname where it is none of them,
 * in lower case: for all of them we sign. The aliases alone, too.
 */
size_t keyring_aliases(const struct hearth *h, struct arena *a, struct slice **out);
size_t keyring_domains(const struct hearth *h, struct arena *a, struct slice **out);
/* All rows, or a domain's. */
int keyring_list(
	struct db *db, struct slice domain, struct arena *a, struct mail_dkim_key **out, size_t *n);
/* Tells whoever runs the server, in a transaction that changed something. */
int keyring_publish(struct db_tx *tx);

#endif
