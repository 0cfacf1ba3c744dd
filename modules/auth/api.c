/*
 * api.c: /api/auth/…: register, log in, log out, who am I.
 */
#include <sodium.h>

#include "auth.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/text.h"

/* One registration or log-in from the request to its token. */
struct entry {
	struct auth *a;
	struct http_request *rq;
	char address[256];
	char password[AUTH_PASSWORD_MAX + 1];
	size_t password_len;
	char hash[AUTH_HASH_MAX];
	struct account account;
	char token[64], token_hex[AUTH_TOKEN_HEX];
	char device[200], peer[64]; /* for the list of sessions; copied, since SQL runs elsewhere */
	int created;                /* the status to answer with: 200 or 201 */
	int status;
};

static void entry_free(struct entry *e)
{
	sodium_memzero(e, sizeof(*e));
	free(e);
}

static void write_account(struct json_writer *w, const struct account *account)
{
	json_put_i64(w, "id", account->id);
	json_put_str(w, "address", account->address);
	json_put_bool(w, "admin", account->admin);
}

static void reply_token(struct entry *e)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "token", e->token);
	json_name(&w, "account");
	json_open_object(&w);
	write_account(&w, &e->account);
	json_close_object(&w);
	json_close_object(&w);
	http_set_session(e->rq, slice_str(e->token), e->a->token_ttl_ms / 1000);
	http_set_header(e->rq, "Cache-Control", "no-store");
	http_reply_json(e->rq, e->created, &out);
}

static int add_token(struct db_tx *tx, void *arg)
{
	struct entry *e = arg;
	int64_t now = clock_wall_ms();

	return auth_store_add_token(tx, e->token_hex, e->account.id, now, now + e->a->token_ttl_ms,
		slice_str(e->device), e->peer);
}

static void on_token_added(void *arg, int status)
{
	struct entry *e = arg;

	if (status == 0)
		reply_token(e);
	else
		http_reply_error(e->rq, status);
	entry_free(e);
}

static void give_token(struct entry *e)
{
	struct slice device = slice_head(http_header(e->rq, "User-Agent"), sizeof(e->device) - 1);
	int rc;

	/* A name for people; a header field may have any bytes, and text in SQL is UTF-8. */
	while (!utf8_valid(device))
		device.n--;
	if (device.n)
		memcpy(e->device, device.p, device.n);
	snprintf(e->peer, sizeof(e->peer), "%s", http_peer(e->rq)->peer);
	auth_token_make(e->token, e->token_hex);
	rc = db_write(e->a->db, add_token, on_token_added, e);
	if (rc < 0)
		on_token_added(e, rc);
}

/* Reads {"address", "password"}; answers itself and returns NULL when something is wrong. */
static struct entry *read_entry(struct auth *a, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct slice address, password;
	struct entry *e;

	if (!body)
		return NULL;
	if (!http_peer(rq)->tls && !http_peer(rq)->loopback) {
		http_reply_problem(rq, 403, NULL, "a password is taken over HTTPS only");
		return NULL;
	}
	if (json_get_text(body, "address", &address) < 0 || address.n == 0 || address.n > 254) {
		http_reply_problem(rq, 400, "address", "expected a mail address as text");
		return NULL;
	}
	if (json_get_text(body, "password", &password) < 0 || password.n > AUTH_PASSWORD_MAX) {
		http_reply_problem(
			rq, 400, "password", "expected a password as text of at most 256 bytes");
		return NULL;
	}
	e = mem_zalloc(sizeof(*e));
	e->a = a;
	e->rq = rq;
	if (auth_address(hearth_config(a->h), address, e->address) < 0) {
		http_reply_problem(rq, 400, "address",
			"expected a mail address of letters, digits and \".-_+\", such as name@%s",
			hearth_hostname(a->h));
		entry_free(e);
		return NULL;
	}
	memcpy(e->password, password.p, password.n);
	e->password_len = password.n;
	return e;
}

/* ---- register ---- */

static int add_account(struct db_tx *tx, void *arg)
{
	struct entry *e = arg;

	return auth_store_add(tx, e->address, e->hash, false, clock_wall_ms(), &e->account.id);
}

static void hash_and_add(void *arg)
{
	struct entry *e = arg;

	e->status = auth_password_hash(e->a, slice_of(e->password, e->password_len), e->hash);
	if (e->status == 0)
		e->status = db_write_wait(e->a->db, add_account, e);
}

static void on_registered(void *arg, int status)
{
	struct entry *e = arg;

	(void)status;
	if (e->status == 0) {
		snprintf(e->account.address, sizeof(e->account.address), "%s", e->address);
		give_token(e);
		return;
	}
	if (e->status == HEARTH_EEXIST)
		http_reply_problem(e->rq, 409, "address", "there is an account of this address");
	else
		http_reply_error(e->rq, e->status);
	entry_free(e);
}

static void on_register_allowed(void *arg, int status)
{
	struct entry *e = arg;

	if (status == 0)
		status = job_run(e->a->hash, hash_and_add, on_registered, e);
	if (status == 0)
		return;
	http_set_header(e->rq, "Retry-After", "900");
	http_reply_problem(
		e->rq, 429, NULL, "too many registrations from this network; try again later");
	entry_free(e);
}

static void post_register(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct config *config = hearth_config(a->h);
	const char *why;
	struct entry *e;

	if (strcmp(config_text(config, "auth", "registration"), "open") != 0) {
		http_reply_problem(rq, 403, NULL,
			"registration is closed here; ask an administrator for an account");
		return;
	}
	e = read_entry(a, rq);
	if (!e)
		return;
	e->created = 201;
	if (!auth_address_is_local(config, e->address))
		http_reply_problem(rq, 400, "address", "accounts here are of the domain %s",
			hearth_hostname(a->h));
	else if (auth_password_check(slice_of(e->password, e->password_len), &why) < 0)
		http_reply_problem(rq, 400, "password", "%s", why);
	else {
		auth_registration_take(a, http_peer(rq)->peer, on_register_allowed, e);
		return;
	}
	entry_free(e);
}

/* ---- log in and out ---- */

static void on_authenticated(void *arg, int status, const struct account *account)
{
	struct entry *e = arg;

	if (status == 0) {
		e->account = *account;
		give_token(e);
		return;
	}
	if (status == HEARTH_EDENIED) {
		http_reply_problem(e->rq, 401, NULL, "wrong address or password");
	} else if (status == HEARTH_EBUSY) {
		http_set_header(e->rq, "Retry-After", "900");
		http_reply_problem(e->rq, 429, NULL, "too many attempts; try again later");
	} else {
		http_reply_error(e->rq, status);
	}
	entry_free(e);
}

static void post_login(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct entry *e = read_entry(a, rq);

	if (!e)
		return;
	e->created = 200;
	auth_login(a, slice_str(e->address), slice_of(e->password, e->password_len), http_peer(rq),
		ACCOUNTS_VIA_WEB, on_authenticated, e);
}

static int revoke_own(struct db_tx *tx, void *arg)
{
	struct entry *e = arg;

	return auth_store_revoke(tx, e->account.id, e->token_hex);
}

static void on_revoked(void *arg, int status)
{
	struct entry *e = arg;
	char key[100];

	if (status == 0) {
		/* The event clears it everywhere; here it is gone before the answer. */
		snprintf(key, sizeof(key), "auth.token:%s", e->token_hex);
		cache_remove(e->a->cache, slice_str(key), NULL, NULL);
		http_set_session(e->rq, (struct slice){ 0 }, 0);
		http_reply_empty(e->rq, 204);
	} else {
		http_reply_error(e->rq, status);
	}
	entry_free(e);
}

static void post_logout(void *module, struct http_request *rq)
{
	struct entry *e = mem_zalloc(sizeof(*e));
	int rc;

	e->a = module;
	e->rq = rq;
	e->account = *http_account(rq);
	auth_token_hash(http_token(rq), e->token_hex);
	rc = db_write(e->a->db, revoke_own, on_revoked, e);
	if (rc < 0)
		on_revoked(e, rc);
}

static void get_me(void *module, struct http_request *rq)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	(void)module;
	json_writer_init(&w, &out);
	json_open_object(&w);
	write_account(&w, http_account(rq));
	json_close_object(&w);
	http_set_header(rq, "Cache-Control", "no-store");
	http_reply_json(rq, 200, &out);
}

const struct http_route auth_routes[] = {
	{ HTTP_POST, "/api/auth/register", post_register, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/login", post_login, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/logout", post_logout, HTTP_ACCOUNT, 4096 },
	{ HTTP_GET, "/api/auth/me", get_me, HTTP_ACCOUNT, 0 },
	{ .pattern = NULL },
};
