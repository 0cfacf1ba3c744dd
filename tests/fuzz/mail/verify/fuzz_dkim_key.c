/*
 * fuzz_dkim_key.c: any bytes as a key record: what is read of it is within it, and loads or does not.
 */
#include <openssl/err.h>

#include "hearth/log.h"
#include "verify/dkim_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char digest[HEADER_HASH_SIZE];
	struct arena *a = arena_new();
	struct dkim_key key;
	EVP_PKEY *k = NULL;

	if (dkim_key_read(slice_of(data, size), a, &key) == 0) {
		INVARIANT(key.bytes.n <= size && (key.revoked ? key.bytes.n == 0 : true));
		k = dkim_key_load(&key);
	}
	if (k && EVP_PKEY_get_bits(k) <= DKIM_RSA_MAX)
		INVARIANT(!dkim_key_verify(k, key.algorithm, digest, SLICE("no signature")));
	EVP_PKEY_free(k);
	ERR_clear_error();
	arena_free(&a);
	return 0;
}
