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
#include "session/guess.h"
#include "session/session.h"

#define BUSY_RETRY_MS 5000 /* when not guesses but the machine is the limit */

struct login {
	struct auth *a;
	char address[256];
	char name[300]; /* it is counted under */
	char peer[64];
	char password[AUTH_PASSWORD_MAX + 1];
	size_t password_len;
	char app_hex[AUTH_TOKEN_HEX]; /* what it is if it is an app password */
	enum accounts_via via;
	uint64_t revocations; /* heard of when the database was asked */
	struct auth_guess guess;
	char device_hex[AUTH_TOKEN_HEX]; /* of a trusted device's cookie, or "" */
	accounts_login_fn *done;
	void *arg;
	/* outcome, set on the worker */
	struct account account;
	char hash[AUTH_HASH_MAX];
	int status;
};

static void finish(struct login *l, int status, int64_t retry_ms)
{
	l->done(l->arg, status, status == 0 ? &l->account : NULL, retry_ms);
	sodium_memzero(l, sizeof(*l));
	free(l);
}

/* What both kinds of right password lead to. */
static void succeed(struct login *l)
{
	auth_account_fill(l->a, &l->account);
	if (l->account.token)
		auth_token_touch(l->a, l->account.token, l->peer);
	finish(l, 0, 0);
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
		auth_guess_right(&l->guess);
		auth_rehash(l->a, l->account.id, l->hash, slice_of(l->password, l->password_len));
		succeed(l);
		return;
	}
	log_info("auth", "log-in refused", "account", "%s", l->address, "peer", "%s", l->peer,
		"why", "%s", error_name(l->status), NULL);
	if (l->status != HEARTH_EDENIED)
		auth_guess_cancel(&l->guess);
	finish(l, l->status, l->status == HEARTH_EBUSY ? BUSY_RETRY_MS : 0);
}

static void check(struct login *l)
{
	l->revocations = l->a->revocations;
	if (job_run(l->a->hash, check_password, on_checked, l) < 0) {
		auth_guess_cancel(&l->guess);
		finish(l, HEARTH_EBUSY, BUSY_RETRY_MS);
	}
}

static void on_guess(void *arg, int status, int64_t retry_ms)
{
	if (status == 0)
		check(arg);
	else
		finish(arg, status, retry_ms);
}

static void take_guess(struct login *l)
{
	auth_guess_take(&l->guess, l->a, l->name, l->address, l->peer, l->device_hex, on_guess, l);
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
		finish(l, status, status == HEARTH_EBUSY ? BUSY_RETRY_MS : 0);
}

static void ask_app_password(struct login *l)
{
	l->revocations = l->a->revocations;
	if (db_read(l->a->db, find_app_password, on_app_password, l) < 0)
		finish(l, HEARTH_EBUSY, BUSY_RETRY_MS);
}

/*
 * What the guesses are counted under: programs that read mail apart from people, whom an old
 * password in one of those shall not slow down. What can be nobody's name is one all the same.
 */
static void name_guess(struct login *l, struct slice typed)
{
	const char *by = l->via == ACCOUNTS_VIA_WEB ? "" : "mail:";

	if (strcmp(l->address, "?") == 0)
		snprintf(
			l->name, sizeof(l->name), "%s?%.*s", by, SLICE_ARG(slice_head(typed, 255)));
	else
		snprintf(l->name, sizeof(l->name), "%s%s", by, l->address);
}

static void begin(struct auth *a, struct slice user, struct slice password,
	const struct conn_info *peer, enum accounts_via via, const char *device_hex,
	accounts_login_fn *done, void *arg)
{
	struct login *l = mem_zalloc(sizeof(*l));

	l->a = a;
	l->via = via;
	l->done = done;
	l->arg = arg;
	snprintf(l->peer, sizeof(l->peer), "%s", peer->peer);
	/* What can be no account's name or password is checked all the same, and is wrong. */
	if (auth_address(hearth_config(a->h), user, l->address) < 0)
		snprintf(l->address, sizeof(l->address), "?");
	name_guess(l, user);
	snprintf(l->device_hex, sizeof(l->device_hex), "%s", device_hex);
	l->password_len = password.n <= AUTH_PASSWORD_MAX ? password.n : 0;
	if (l->password_len)
		memcpy(l->password, password.p, l->password_len);
	if (via != ACCOUNTS_VIA_WEB &&
		auth_app_password_hash(slice_of(l->password, l->password_len), l->app_hex))
		ask_app_password(l);
	else
		take_guess(l);
}

void auth_login(void *self, struct slice user, struct slice password, const struct conn_info *peer,
	enum accounts_via via, accounts_login_fn *done, void *arg)
{
	begin(self, user, password, peer, via, "", done, arg);
}

void auth_login_web(struct auth *a, struct slice user, struct slice password,
	const struct conn_info *peer, const char *device_hex, accounts_login_fn *done, void *arg)
{
	begin(a, user, password, peer, ACCOUNTS_VIA_WEB, device_hex, done, arg);
}
