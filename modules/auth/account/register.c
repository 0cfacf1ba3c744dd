/*
 * register.c: POST /api/auth/register: a person makes their own account.
 *
 *   read and check ─▶ count (cache) ─▶ hash and add (worker) ─▶ a session (entry.c)
 */
#include <sodium.h>

#include "account/account.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "record/record.h"
#include "session/session.h"

struct registration {
	struct auth *a;
	struct http_request *rq;
	struct account account;
	char password[AUTH_PASSWORD_MAX + 1];
	size_t password_len;
	char hash[AUTH_HASH_MAX];
	int status;
};

static void registration_free(struct registration *r)
{
	sodium_memzero(r, sizeof(*r));
	free(r);
}

static int add_account(struct db_tx *tx, void *arg)
{
	struct registration *r = arg;
	int rc = auth_store_add(
		tx, r->account.address, r->hash, AUTH_MEMBER, clock_wall_ms(), &r->account.id);

	return rc < 0 ? rc
		      : auth_record(tx, r->account.id, "account.registered", http_peer(r->rq)->peer,
				auth_device(r->rq), NULL);
}

static void hash_and_add(void *arg)
{
	struct registration *r = arg;

	r->status = auth_password_hash(r->a, slice_of(r->password, r->password_len), r->hash);
	if (r->status == 0)
		r->status = db_write_wait(r->a->db, add_account, r);
}

static void on_added(void *arg, int status)
{
	struct registration *r = arg;

	(void)status;
	if (r->status == 0)
		auth_enter(r->a, r->rq, &r->account, ACCOUNTS_SCOPE_WEB, 201);
	else if (r->status == HEARTH_EEXIST)
		http_reply_problem(r->rq, 409, "address", "there is an account of this address");
	else
		http_reply_error(r->rq, r->status);
	registration_free(r);
}

static void on_allowed(void *arg, int status)
{
	struct registration *r = arg;

	if (status == 0)
		status = job_run(r->a->hash, hash_and_add, on_added, r);
	if (status == 0)
		return;
	http_set_header(r->rq, "Retry-After", "900");
	http_reply_problem(
		r->rq, 429, NULL, "too many registrations from this network; try again later");
	registration_free(r);
}

/* Reads {"address", "password"}; false when the request was answered. */
static bool read_registration(struct registration *r)
{
	const struct config *config = hearth_config(r->a->h);
	const struct json *body = http_body_json(r->rq);
	struct slice address, password;
	const char *why;

	if (!body || !auth_secure(r->rq) ||
		!auth_read_text(r->rq, body, "address", 1, 254, "a mail address", &address) ||
		!auth_read_text(r->rq, body, "password", 0, AUTH_PASSWORD_MAX,
			"a password of at most 256 bytes", &password))
		return false;
	if (auth_address(config, address, r->account.address) < 0) {
		http_reply_problem(r->rq, 400, "address",
			"expected a mail address of letters, digits and \".-_+\", such as name@%s",
			hearth_hostname(r->a->h));
		return false;
	}
	if (!auth_address_is_local(config, r->account.address)) {
		http_reply_problem(r->rq, 400, "address", "accounts here are of the domain %s",
			hearth_hostname(r->a->h));
		return false;
	}
	if (auth_password_check(password, &why) < 0) {
		http_reply_problem(r->rq, 400, "password", "%s", why);
		return false;
	}
	memcpy(r->password, password.p, password.n);
	r->password_len = password.n;
	return true;
}

void auth_post_register(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct registration *r;

	if (strcmp(config_text(hearth_config(a->h), "auth", "registration"), "open") != 0) {
		http_reply_problem(rq, 403, NULL,
			"registration is closed here; ask an administrator for an account");
		return;
	}
	r = mem_zalloc(sizeof(*r));
	r->a = a;
	r->rq = rq;
	if (read_registration(r))
		auth_registration_take(a, http_peer(rq)->peer, on_allowed, r);
	else
		registration_free(r);
}
