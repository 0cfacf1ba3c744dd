/*
 * secret.c: sealing (secret.h). What is sealed is 0x01, the nonce, the box.
 *
 * Pure, any thread; only reading the key's file blocks.
 */
#include "hearth/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define VERSION 1
#define NONCE   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG     crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(SECRET_OVERHEAD == 1 + NONCE + TAG, "what sealing adds");
_Static_assert(SECRET_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the key");

int secret_key_read(const char *data_dir, unsigned char key[SECRET_KEY])
{
	char path[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", data_dir, SECRET_KEY_FILE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return HEARTH_ENOTFOUND;
	n = fd < 0 ? -1 : read(fd, key, SECRET_KEY);
	if (fd >= 0)
		close(fd);
	if (n == SECRET_KEY)
		return 0;
	log_error("secret", "cannot read the key of secrets", "file", "%s", path, "why", "%s",
		n < 0 ? strerror(errno) : "it is not 32 bytes", NULL);
	return HEARTH_EIO;
}

void secret_close(const unsigned char key[SECRET_KEY], struct slice owner, struct slice plain,
	unsigned char *out)
{
	out[0] = VERSION;
	rand_bytes(out + 1, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + 1 + NONCE, NULL,
		(const unsigned char *)plain.p, plain.n, (const unsigned char *)owner.p, owner.n,
		NULL, out + 1, key);
}

int secret_open(const unsigned char key[SECRET_KEY], struct slice owner, struct slice sealed,
	unsigned char *out)
{
	const unsigned char *in = (const unsigned char *)sealed.p;

	if (sealed.n < SECRET_OVERHEAD || in[0] != VERSION ||
		crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + 1 + NONCE,
			sealed.n - 1 - NONCE, (const unsigned char *)owner.p, owner.n, in + 1,
			key) != 0)
		return HEARTH_ECORRUPT;
	return 0;
}

void secret_wipe(void *bytes, size_t n)
{
	sodium_memzero(bytes, n);
}
