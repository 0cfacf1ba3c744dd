/*
 * password.c: password rules and hashing (argon2id, RFC 9106, by libsodium).
 */
#include <sodium.h>

#include "auth.h"
#include "hearth/error.h"
#include "hearth/text.h"

_Static_assert(AUTH_HASH_MAX >= crypto_pwhash_STRBYTES, "room for an encoded hash");

int auth_password_check(struct slice password, const char **why)
{
	size_t characters = 0, at = 0;
	uint32_t code_point;

	if (password.n > AUTH_PASSWORD_MAX) {
		*why = "a password has at most 256 bytes";
		return HEARTH_EINVAL;
	}
	if (!utf8_valid(password) || memchr(password.p ? password.p : "", 0, password.n)) {
		*why = "a password is UTF-8 text without NUL";
		return HEARTH_EINVAL;
	}
	for (; at < password.n; characters++)
		at += utf8_decode(slice_skip(password, at), &code_point);
	if (characters < AUTH_PASSWORD_MIN) {
		*why = "a password has at least 8 characters";
		return HEARTH_EINVAL;
	}
	return 0;
}

int auth_password_hash(const struct auth *a, struct slice password, char out[AUTH_HASH_MAX])
{
	int rc = crypto_pwhash_str_alg(out, password.p ? password.p : "", password.n,
		a->argon_passes, a->argon_memory, crypto_pwhash_ALG_ARGON2ID13);

	return rc == 0 ? 0 : HEARTH_EBUSY;
}

bool auth_password_matches(const char *hash, struct slice password)
{
	return crypto_pwhash_str_verify(hash, password.p ? password.p : "", password.n) == 0;
}
