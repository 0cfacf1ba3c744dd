/*
 * password_hash.c: hashing passwords (argon2id, password/argon.c). On workers of "hash".
 */
#include <sodium.h>

#include "account/account.h"
#include "hearth/error.h"
#include "password/argon.h"

_Static_assert(AUTH_HASH_MAX >= ARGON_ENCODED_MAX, "room for an encoded hash");

/*
 * What is hashed is the form NFKC, so that one password is one however it was typed. What has none
 * (and so is nobody's password) is hashed as it came, for a log-in to take as long as any.
 */
static struct slice normal_form(struct slice password, char out[AUTH_PASSWORD_NFKC], bool *valid)
{
	size_t n = 0;

	*valid = password_normalise(password, out, &n) == 0;
	return *valid ? slice_of(out, n) : slice_head(password, AUTH_PASSWORD_MAX);
}

int auth_password_hash(const struct auth *a, struct slice password, char out[AUTH_HASH_MAX])
{
	char text[AUTH_PASSWORD_NFKC];
	bool valid;
	struct slice form = normal_form(password, text, &valid);
	int rc = argon_hash(form, a->argon_memory, (uint32_t)a->argon_passes, out);

	sodium_memzero(text, sizeof(text));
	return rc;
}

bool auth_password_matches(const char *hash, struct slice password)
{
	char text[AUTH_PASSWORD_NFKC];
	bool valid;
	struct slice form = normal_form(password, text, &valid);
	bool same = argon_matches(hash, form);

	sodium_memzero(text, sizeof(text));
	return same && valid;
}

bool auth_password_outdated(const struct auth *a, const char *hash)
{
	return crypto_pwhash_str_needs_rehash(hash, a->argon_passes, a->argon_memory) != 0;
}
