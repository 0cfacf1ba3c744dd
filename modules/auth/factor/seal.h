/*
 * seal.h: secrets that must be readable again (those of authenticator apps) lie encrypted in the
 * database, under a key in a file of its own, tls/secrets.key in the data folder: who gets hold of
 * a database alone has no second factor of anybody. XChaCha20-Poly1305, bound to the account, so
 * that no row passes for another's.
 *
 * The file is made at the first start, and `hearth backup` takes it. Without it, or with another,
 * nothing sealed can be read: then no new key is made, since the old one may come back; codes of
 * authenticator apps are refused with a word about it, other ways in stay, and /healthz says so.
 */
#ifndef AUTH_SEAL_H
#define AUTH_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/db.h"
#include "hearth/secret.h"

#define SEAL_KEY      32
#define SEAL_OVERHEAD 41 /* bytes that sealing adds: a version, a nonce, a tag */
#define SEAL_MAX      128
#define SEAL_FILE     SECRET_KEY_FILE

struct seal {
	bool ready; /* false: the key is missing */
	unsigned char key[SEAL_KEY];
};

/* Seals `plain` (SEAL_MAX - SEAL_OVERHEAD bytes at most) for an account; gives the length. */
size_t seal_close(
	const struct seal *s, int64_t account, struct slice plain, unsigned char out[SEAL_MAX]);
/*
 * Opens what was sealed for this account. 0 with the bytes in out; HEARTH_ECORRUPT when it is
 * damaged, another account's or another key's.
 */
int seal_open(const struct seal *s, int64_t account, struct slice sealed,
	unsigned char out[SEAL_MAX], size_t *n);

/*
 * At start, waiting: reads the key, or makes it where nothing was ever sealed; seals what an older
 * version left plain. 0 also when the key is missing (s->ready says so); < 0: no start.
 */
int seal_start(struct seal *s, struct db *db, const char *data_dir);

#endif
