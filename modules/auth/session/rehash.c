/*
 * rehash.c: hashes keep up with [auth] argon2_…: after a right password, one that was made with
 * other parameters is replaced, in the background. One at a time: nobody is in a hurry, and log-ins
 * need the workers.
 */
#include <sodium.h>

#include "account/account.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

struct rehash {
	struct auth *a;
	int64_t account;
	char password[AUTH_PASSWORD_MAX];
	size_t password_len;
	char old[AUTH_HASH_MAX], new[AUTH_HASH_MAX];
};

static int replace(struct db_tx *tx, void *arg)
{
	const struct rehash *r = arg;

	return auth_store_replace_hash(tx, r->account, r->old, r->new);
}

static void hash_anew(void *arg)
{
	struct rehash *r = arg;
	int rc = auth_password_hash(r->a, slice_of(r->password, r->password_len), r->new);

	if (rc == 0)
		rc = db_write_wait(r->a->db, replace, r);
	/*
	 * Not found: the password was changed meanwhile. The others come again at the next log-in.
	 */
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		log_warn("auth", "a password was not hashed anew", "account", "%lld",
			(long long)r->account, "why", "%s", error_name(rc), NULL);
}

static void on_hashed(void *arg, int status)
{
	struct rehash *r = arg;

	(void)status;
	r->a->rehashing = false;
	hearth_release(r->a->h);
	sodium_memzero(r, sizeof(*r));
	free(r);
}

void auth_rehash(struct auth *a, int64_t account, const char *hash, struct slice password)
{
	struct rehash *r;

	if (a->rehashing || !auth_password_outdated(a, hash))
		return;
	r = mem_zalloc(sizeof(*r));
	r->a = a;
	r->account = account;
	r->password_len = password.n;
	if (password.n)
		memcpy(r->password, password.p, password.n);
	snprintf(r->old, sizeof(r->old), "%s", hash);
	a->rehashing = true;
	hearth_hold(a->h); /* the worker needs the module's state */
	if (job_run(a->hash, hash_anew, on_hashed, r) < 0)
		on_hashed(r, HEARTH_EBUSY);
}
