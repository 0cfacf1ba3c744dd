/*
 * login.c: checking a password.
 *
 *   outside the web: is it an app password? (reader) ──yes──▶ answer
 *        │ no
 *        ▼
 *   take a guess (cache) ─▶ look the account up and check the hash (worker) ─▶ answer (loop)
 *
 * Nothing tells which accounts exist: an unknown name costs the same hash as a known one. An app
 * password is too long to be guessed, so it takes no guess; and a program that goes on with a
 * password that no longer opens mail uses up the guesses of mail, not those of the web.
 */
#include <sodium.h>

#include "account/account.h"
#include "factor/factor.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

struct login {
	struct auth *a;
	char address[256];
	char guess[264]; /* the name it is counted under */
	char peer[64];
	char password[AUTH_PASSWORD_MAX + 1];
	size_t password_len;
	char app_hex[AUTH_TOKEN_HEX]; /* what it is if it is an app password */
	enum accounts_via via;
	uint64_t revocations; /* heard of when the database was asked */
	accounts_fn *done;
	void *arg;
	/* outcome, set on the worker */
	struct account account;
	char hash[AUTH_HASH_MAX];
	int status;
};

static void finish(struct login *l, int status)
{
	l->done(l->arg, status, status == 0 ? &l->account : NULL);
	sodium_memzero(l, sizeof(*l));
	free(l);
}

/* What both kinds of right password lead to. */
static void succeed(struct login *l)
{
	auth_account_fill(l->a, &l->account);
	if (l->account.token)
		auth_token_touch(l->a, l->account.token, l->peer);
	finish(l, 0);
}

/* ---- the main password ---- */

static int find_account(struct db_tx *tx, void *arg)
{
	struct login *l = arg;

	return auth_store_find(tx, l->address, &l->account, l->hash);
}

/* Outside the web it is enough for an account that neither has a second factor nor must. */
static bool is_enough(const struct login *l)
{
	return l->via == ACCOUNTS_VIA_WEB ||
	       (!l->account.factors && !auth_factor_required(l->a, &l->account));
}

static void check_password(void *arg)
{
	struct login *l = arg;
	int found = db_read_wait(l->a->db, find_account, l);
	bool right = auth_password_matches(
		found == 0 ? l->hash : l->a->decoy, slice_of(l->password, l->password_len));

	l->account.scopes = auth_via_scope(l->via);
	if (found == HEARTH_ENOTFOUND ||
		(found == 0 && (!right || !is_enough(l) || l->account.disabled)))
		l->status = HEARTH_EDENIED;
	else
		l->status = found;
}

static void check(struct login *l);

static void on_checked(void *arg, int status)
{
	struct login *l = arg;

	(void)status;
	/* A password was changed or ended meanwhile, and this answer may be from before. */
	if (l->status == 0 && l->revocations != l->a->revocations) {
		check(l);
		return;
	}
	if (l->status == 0) {
		auth_guess_return(l->a, l->guess, l->peer);
		auth_rehash(l->a, l->account.id, l->hash, slice_of(l->password, l->password_len));
		succeed(l);
		return;
	}
	log_info("auth", "log-in refused", "account", "%s", l->address, "peer", "%s", l->peer,
		"why", "%s", error_name(l->status), NULL);
	finish(l, l->status);
}

static void check(struct login *l)
{
	l->revocations = l->a->revocations;
	if (job_run(l->a->hash, check_password, on_checked, l) < 0)
		finish(l, HEARTH_EBUSY);
}

static void on_guess(void *arg, int status)
{
	if (status == 0)
		check(arg);
	else
		finish(arg, HEARTH_EBUSY);
}

static void take_guess(struct login *l)
{
	snprintf(l->guess, sizeof(l->guess), "%s%s",
		l->via == ACCOUNTS_VIA_WEB ? "" : "mail:", l->address);
	auth_guess_take(l->a, l->guess, l->peer, on_guess, l);
}

/* ---- an app password ---- */

static int find_app_password(struct db_tx *tx, void *arg)
{
	struct login *l = arg;
	int rc = auth_store_find_app_password(tx, l->app_hex, l->via, &l->account);

	if (rc == 0 && (strcmp(l->account.address, l->address) != 0 ||
			       auth_factor_missing(l->a, &l->account)))
		rc = HEARTH_ENOTFOUND;
	return rc;
}

static void ask_app_password(struct login *l);

static void on_app_password(void *arg, int status)
{
	struct login *l = arg;

	if (status == 0 && l->revocations != l->a->revocations)
		ask_app_password(l);
	else if (status == 0)
		succeed(l);
	else if (status == HEARTH_ENOTFOUND)
		take_guess(l);
	else
		finish(l, status);
}

static void ask_app_password(struct login *l)
{
	l->revocations = l->a->revocations;
	if (db_read(l->a->db, find_app_password, on_app_password, l) < 0)
		finish(l, HEARTH_EBUSY);
}

void auth_login(void *self, struct slice user, struct slice password, const struct conn_info *peer,
	enum accounts_via via, accounts_fn *done, void *arg)
{
	struct auth *a = self;
	struct login *l = mem_zalloc(sizeof(*l));

	l->a = a;
	l->via = via;
	l->done = done;
	l->arg = arg;
	snprintf(l->peer, sizeof(l->peer), "%s", peer->peer);
	/* What can be no account's name or password is checked all the same, and is wrong. */
	if (auth_address(hearth_config(a->h), user, l->address) < 0)
		snprintf(l->address, sizeof(l->address), "?");
	l->password_len = password.n <= AUTH_PASSWORD_MAX ? password.n : 0;
	if (l->password_len)
		memcpy(l->password, password.p, l->password_len);
	if (via != ACCOUNTS_VIA_WEB &&
		auth_app_password_hash(slice_of(l->password, l->password_len), l->app_hex))
		ask_app_password(l);
	else
		take_guess(l);
}
