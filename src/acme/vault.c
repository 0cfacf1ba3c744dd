/*
 * vault.c: sealing of ACME's keys (vault.h). What is sealed begins with secret.c's version, 0x01; PEM with
 * a hyphen. Pure, but for reading the file.
 */
#include "acme/vault.h"

#include "hearth/error.h"

void acme_vault_open(struct acme_vault *v, const char *data_dir)
{
	v->ready = secret_key_read(data_dir, v->key) == 0;
}

void acme_vault_wipe(struct acme_vault *v)
{
	secret_wipe(v->key, sizeof(v->key));
	v->ready = false;
}

bool acme_vault_is_plain(struct slice stored)
{
	return stored.n > 0 && stored.p[0] == '-';
}

struct slice acme_vault_close(
	const struct acme_vault *v, struct arena *a, const char *owner, struct slice plain)
{
	unsigned char *sealed;

	if (!v || !v->ready || plain.n == 0)
		return plain;
	sealed = arena_alloc(a, plain.n + SECRET_OVERHEAD);
	secret_close(v->key, slice_str(owner), plain, sealed);
	return slice_of(sealed, plain.n + SECRET_OVERHEAD);
}

int acme_vault_take(const struct acme_vault *v, struct arena *a, const char *owner,
	struct slice stored, struct slice *plain)
{
	unsigned char *out;

	*plain = (struct slice){ 0 };
	if (stored.n == 0 || acme_vault_is_plain(stored)) {
		*plain = arena_slice(a, stored);
		return 0;
	}
	if (!v || !v->ready || stored.n <= SECRET_OVERHEAD)
		return HEARTH_ECORRUPT;
	out = arena_alloc(a, stored.n - SECRET_OVERHEAD);
	if (secret_open(v->key, slice_str(owner), stored, out) < 0)
		return HEARTH_ECORRUPT;
	*plain = slice_of(out, stored.n - SECRET_OVERHEAD);
	return 0;
}
