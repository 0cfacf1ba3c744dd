/*
 * vault.h: how the private keys of ACME lie in the database: sealed (secret.h) under tls/secrets.key, bound
 * to what each is of, so that no row passes for another. What an older version left is plain PEM, and is
 * sealed at the next start (acme_store_seal). Pure, but for reading the file.
 *
 * The file is made by auth. Where there is none, nothing is sealed: what is plain then stays so until there
 * is one. What is sealed and cannot be opened is never made anew by itself: the file may come back, and an
 * account that the DNS names (CAA) is not to be had twice.
 */
#ifndef HEARTH_SRC_ACME_VAULT_H
#define HEARTH_SRC_ACME_VAULT_H

#include "hearth/arena.h"
#include "hearth/secret.h"

struct acme_vault {
	bool ready; /* false: the file is missing */
	unsigned char key[SECRET_KEY];
};

/* What keys are of; the account's has its directory behind it. */
#define VAULT_ACCOUNT     "acme:account:"
#define VAULT_CERTIFICATE "acme:certificate"
#define VAULT_ORDER       "acme:order"

/* Reads the file; one that is missing, or cannot be read, which is logged, leaves it not ready. Blocks. */
void acme_vault_open(struct acme_vault *v, const char *data_dir);
void acme_vault_wipe(struct acme_vault *v);

/* Whether a stored key is one of before: not sealed, and not empty. */
bool acme_vault_is_plain(struct slice stored);
/* As it is to be stored; in the arena. Not ready: as it is. */
struct slice acme_vault_close(
	const struct acme_vault *v, struct arena *a, const char *owner, struct slice plain);
/* Opens what is stored; a plain one as well. 0, or HEARTH_ECORRUPT with an empty *plain. */
int acme_vault_take(const struct acme_vault *v, struct arena *a, const char *owner,
	struct slice stored, struct slice *plain);

#endif
