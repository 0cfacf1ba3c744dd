/*
 * reset.c: POST /api/auth/reset: the link is used (reset.h).
 *
 *   whose is it? ─▶ is the password good? ─▶ hash (pool "hash") ─▶ take it, one transaction
 *
 * What is looked up first costs a read; nothing is hashed for a link that is none.
 *
 * On the loop, but for what it says.
 */
#include "reset/reset.h"

#include <sodium.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "password/argon.h"
#include "profile/profile.h"

/* One request, in its own arena. */
struct using
{
	struct auth *a;
	struct http_request *rq;
	char hex[AUTH_TOKEN_HEX];
	struct account account;
	struct profile profile;
	char password[AUTH_PASSWORD_MAX + 1];
	size_t password_len;
	char hash[AUTH_HASH_MAX];
	char why[160]; /* with HEARTH_EINVAL */
	int status;
};

void auth_reset_make(const struct auth *a, struct auth_reset *r)
{
	auth_token_make(r->secret, r->hex);
	argon_decoy(a->argon_memory, (uint32_t)a->argon_passes, r->hash);
}

void auth_reset_link(const struct hearth *h, const char *secret, struct strbuf *out)
{
	hearth_url(h, out);
	strbuf_printf(out, "#reset?token=%s", secret);
}

static int find(struct db_tx *tx, void *arg)
{
	struct using *u = arg;
	int rc = auth_reset_find(tx, u->hex, clock_wall_ms(), &u->account);

	return rc == 0 ? profile_get(tx, u->account.id, &u->profile) : rc;
}

static int check(struct using *u)
{
	const struct password_rules rules = { .min = u->a->password_min,
		.address = u->account.address,
		.name = slice_str(u->profile.name),
		.hostname = hearth_hostname(u->a->h) };

	return password_check(slice_of(u->password, u->password_len), &rules, u->why);
}

static int take(struct db_tx *tx, void *arg)
{
	struct using *u = arg;

	return auth_reset_take(
		tx, u->hex, u->hash, clock_wall_ms(), http_peer(u->rq)->peer, auth_device(u->rq));
}

static void hash_and_take(void *arg)
{
	struct using *u = arg;

	u->status = db_read_wait(u->a->db, find, u);
	if (u->status == 0)
		u->status = check(u);
	if (u->status == 0)
		u->status =
			auth_password_hash(u->a, slice_of(u->password, u->password_len), u->hash);
	if (u->status == 0)
		u->status = db_write_wait(u->a->db, take, u);
}

static void on_taken(void *arg, int status)
{
	struct using *u = arg;

	if (status == 0)
		status = u->status;
	/* Before the answer, which ends the request and `u` with it. */
	sodium_memzero(u->password, sizeof(u->password));
	sodium_memzero(u->hash, sizeof(u->hash));
	if (status == 0)
		http_reply_empty(u->rq, 204);
	else if (status == HEARTH_EINVAL)
		http_reply_problem(u->rq, 400, "password", "%s", u->why);
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(u->rq, 403, "token",
			"this link was used, is too old, or another took its place");
	else
		http_reply_error(u->rq, status);
}

void auth_post_reset(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct slice token, password;
	struct using *u;
	int rc;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "token", 1, AUTH_TOKEN_TEXT,
			"the 43 characters behind \"token=\" in the link", &token) ||
		!auth_read_text(rq, body, "password", 0, AUTH_PASSWORD_MAX,
			"a password of at most 256 bytes", &password))
		return;
	u = ARENA_NEW(http_arena(rq), struct using);
	u->a = a;
	u->rq = rq;
	auth_token_hash(token, u->hex);
	u->password_len = password.n;
	if (password.n)
		memcpy(u->password, password.p, password.n);
	http_set_header(rq, "Cache-Control", "no-store");
	rc = job_run(a->hash, hash_and_take, on_taken, u);
	if (rc < 0)
		on_taken(u, rc);
}
