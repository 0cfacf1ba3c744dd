/*
 * password_change.c: POST /api/auth/me/password: another password, for who shows the current one,
 * and a code where a second factor is enrolled: else a thief of the one could shut the owner out.
 *
 * What the old one opened ends with it: every other session, the trusted devices, the connections
 * of mail programs that gave it. App passwords and API tokens are their own, and stay.
 *
 * On the loop; the hash on a worker, the change in the database.
 */
#include <sodium.h>

#include "account/account.h"
#include "audit/audit_log.h"
#include "factor/proof.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "profile/profile.h"
#include "session/session.h"

struct change {
	struct auth *a;
	struct http_request *rq;
	char password[AUTH_PASSWORD_MAX + 1];
	size_t password_len;
	char hash[AUTH_HASH_MAX];
	struct profile profile;
	struct auth_proof proof;
	char why[160]; /* with HEARTH_EINVAL: why the new one is refused */
	int status;
};

static int check(struct change *c)
{
	const struct password_rules rules = { .min = c->a->password_min,
		.address = http_account(c->rq)->address,
		.name = slice_str(c->profile.name),
		.hostname = hearth_hostname(c->a->h) };

	return password_check(slice_of(c->password, c->password_len), &rules, c->why);
}

static int read_profile(struct db_tx *tx, void *arg)
{
	struct change *c = arg;

	return profile_get(tx, http_account(c->rq)->id, &c->profile);
}

static int change(struct db_tx *tx, void *arg)
{
	struct change *c = arg;
	const struct account *account = http_account(c->rq);
	const struct auth_revocation what = { .account = account->id,
		.kinds = 1u << AUTH_TOKEN_SESSION | 1u << AUTH_TOKEN_DEVICE,
		.except = account->token,
		.password = true };
	int rc = auth_store_still_held(tx, account);

	if (rc == 0)
		rc = auth_proof_take(tx, &c->proof);
	if (rc == 0 && !auth_proof_done(&c->proof))
		return 0;
	if (rc == 0)
		rc = auth_store_set_hash(tx, account->id, c->hash);
	if (rc == 0)
		rc = auth_store_revoke(tx, &what, NULL);
	return rc < 0 ? rc
		      : auth_audit(tx, account->id, "password.changed", http_peer(c->rq)->peer,
				auth_device(c->rq), NULL);
}

static void hash_and_change(void *arg)
{
	struct change *c = arg;

	INVARIANT(c->password_len <= AUTH_PASSWORD_MAX);
	c->status = db_read_wait(c->a->db, read_profile, c);
	if (c->status == 0)
		c->status = check(c);
	if (c->status == 0)
		c->status =
			auth_password_hash(c->a, slice_of(c->password, c->password_len), c->hash);
	if (c->status == 0)
		c->status = db_write_wait(c->a->db, change, c);
}

static void on_changed(void *arg, int status)
{
	struct change *c = arg;

	if (status == 0)
		status = c->status;
	/* Before the answer, which ends the request and `c` with it. */
	sodium_memzero(c->password, sizeof(c->password));
	sodium_memzero(c->hash, sizeof(c->hash));
	if (status == 0 && auth_proof_refuse(&c->proof))
		return;
	if (status == 0)
		http_reply_empty(c->rq, 204);
	else if (status == HEARTH_EINVAL)
		http_reply_problem(c->rq, 400, "password", "%s", c->why);
	else
		http_reply_error(c->rq, status);
}

static void on_confirmed(void *arg, int status)
{
	struct change *c = arg;

	if (status != 0)
		return;
	status = job_run(c->a->hash, hash_and_change, on_changed, c);
	if (status < 0)
		on_changed(c, status);
}

void auth_post_password(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct slice password;
	struct change *c;

	if (!body || !auth_read_text(rq, body, "password", 0, AUTH_PASSWORD_MAX,
			     "a password of at most 256 bytes", &password))
		return;
	c = ARENA_NEW(http_arena(rq), struct change);
	c->a = a;
	c->rq = rq;
	c->password_len = password.n;
	if (password.n)
		memcpy(c->password, password.p, password.n);
	if (!auth_proof_read(&c->proof, a, rq, body))
		return;
	/* What costs nothing to refuse is refused before the current one is hashed. */
	if (check(c) < 0) {
		http_reply_problem(rq, 400, "password", "%s", c->why);
		return;
	}
	auth_reauthenticate(a, rq, body, "current", on_confirmed, c);
}
