/*
 * secret.h: sealing what must be readable again (secrets of authenticator apps, private keys) before it
 * goes into a database: under the key in tls/secrets.key of the data folder, which auth makes at the
 * first start and a backup takes along. XChaCha20-Poly1305, bound to what it is of (`owner`), so that no
 * row passes for another. Pure, but for reading the key's file.
 */
#ifndef HEARTH_SECRET_H
#define HEARTH_SECRET_H

#include "hearth/str.h"

#define SECRET_KEY      32
#define SECRET_OVERHEAD 41 /* bytes that sealing adds: a version, a nonce, a tag */
#define SECRET_KEY_FILE "tls/secrets.key"

/* 0; HEARTH_ENOTFOUND: there is no such file; HEARTH_EIO, with a line in the log. Blocks. */
int secret_key_read(const char *data_dir, unsigned char key[SECRET_KEY]);
/* Seals `plain`: writes plain.n + SECRET_OVERHEAD bytes. */
void secret_close(const unsigned char key[SECRET_KEY], struct slice owner, struct slice plain,
	unsigned char *out);
/*
 * Opens what was sealed for this owner: writes sealed.n - SECRET_OVERHEAD bytes. HEARTH_ECORRUPT when it
 * is damaged, another's or another key's.
 */
int secret_open(const unsigned char key[SECRET_KEY], struct slice owner, struct slice sealed,
	unsigned char *out);
/* Wipes what was secret, so that no compiler leaves it out. */
void secret_wipe(void *bytes, size_t n);

#endif
