/*
 * login.c: checking a password.
 *
 *   outside the web: is it an app password? (reader) ──yes──▶ answer
 *        │ no
 *        ▼
 *   begin an attempt (login_throttle.c: it may wait for its turn) ─▶ turn of its network (turn.c)
 *   ─▶ look the account up (reader) ─▶ right a short while ago? (remembered.c) ──yes──▶ answer
 *        │ no
 *        ▼
 *   check the hash (worker) ─▶ answer (loop)
 *
 * Nothing tells which accounts exist: an unknown name costs the same hash as a known one. An app
 * password is too long to be guessed, so it takes no attempt and no slow hash; and a program that
 * goes on with a password that no longer opens mail uses up the guesses of mail, not those of the
 * web.
 *
 * On the loop but for what says otherwise. Who waits is bounded by login_throttle.c, hashes in hand
 * by turn.c: bounds of this process's memory and processor. What guesses count is every node's.
 */
#include <sodium.h>

#include "account/account.h"
#include "factor/factor.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/known.h"
#include "session/login_throttle.h"
#include "session/remembered.h"
#include "session/session.h"
#include "session/turn.h"

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
	struct login_attempt attempt;
	struct turn turn;
	char device_hex[AUTH_TOKEN_HEX]; /* of a trusted device's cookie, or "" */
	accounts_login_fn *done;
	void *arg;
	/* the outcome */
	int found; /* whether there is such an account; HEARTH_ENOTFOUND */
	struct account account;
	char hash[AUTH_HASH_MAX];
	bool right, hashed;
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

/* What follows from what was found and whether the password is right. */
static int outcome(const struct login *l)
{
	if (l->found < 0 && l->found != HEARTH_ENOTFOUND)
		return l->found;
	return l->found == 0 && l->right && is_enough(l) && !l->account.disabled ? 0
										 : HEARTH_EDENIED;
}

/* The attempt and the turn are over: the next may go on. */
static void refuse(struct login *l, int status)
{
	if (status == HEARTH_EDENIED)
		login_attempt_wrong(&l->attempt);
	else
		login_attempt_cancel(&l->attempt);
	turn_end(l->a->turns);
	log_info("auth", "log-in refused", "account", "%s", l->address, "peer", "%s", l->peer,
		"why", "%s", error_name(status), NULL);
	finish(l, status, status == HEARTH_EBUSY ? BUSY_RETRY_MS : 0);
}

static void accept(struct login *l)
{
	struct slice password = slice_of(l->password, l->password_len);

	login_attempt_right(&l->attempt);
	turn_end(l->a->turns);
	if (l->hashed) {
		remembered_add(l->a->remembered, l->account.id, l->hash, password);
		auth_rehash(l->a, l->account.id, l->hash, password);
		/* Over the web the session says where it was. */
		if (l->via != ACCOUNTS_VIA_WEB)
			auth_known_note(l->a, l->account.id, l->attempt.network);
	}
	succeed(l);
}

static void look(void *arg);

static void on_checked(void *arg, int status)
{
	struct login *l = arg;

	(void)status;
	status = outcome(l);
	/* A password was changed or ended meanwhile, and this answer may be from before. */
	if (status == 0 && l->revocations != l->a->revocations)
		look(l);
	else if (status == 0)
		accept(l);
	else
		refuse(l, status);
}

static void check_password(void *arg)
{
	struct login *l = arg;

	l->right = auth_password_matches(
		l->found == 0 ? l->hash : l->a->decoy, slice_of(l->password, l->password_len));
}

static void on_found(void *arg, int status)
{
	struct login *l = arg;

	l->found = status;
	l->account.scopes = auth_via_scope(l->via);
	l->hashed = !(status == 0 && remembered_has(l->a->remembered, l->account.id, l->hash,
					     slice_of(l->password, l->password_len)));
	l->right = !l->hashed;
	if (!l->hashed || (status < 0 && status != HEARTH_ENOTFOUND))
		on_checked(l, 0);
	else if (job_run(l->a->hash, check_password, on_checked, l) < 0)
		refuse(l, HEARTH_EBUSY);
}

static void look(void *arg)
{
	struct login *l = arg;

	l->revocations = l->a->revocations;
	if (db_read(l->a->db, find_account, on_found, l) < 0)
		refuse(l, HEARTH_EBUSY);
}

static void on_attempt(void *arg, int status, int64_t retry_ms)
{
	struct login *l = arg;

	if (status == 0)
		turn_take(l->a->turns, &l->turn, l->attempt.network, look, l);
	else
		finish(l, status, retry_ms);
}

static void take_attempt(struct login *l)
{
	login_attempt_take(
		&l->attempt, l->a, l->name, l->address, l->peer, l->device_hex, on_attempt, l);
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
		take_attempt(l);
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
static void name_attempt(struct login *l, struct slice typed)
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
	name_attempt(l, user);
	snprintf(l->device_hex, sizeof(l->device_hex), "%s", device_hex);
	l->password_len = password.n <= AUTH_PASSWORD_MAX ? password.n : 0;
	if (l->password_len)
		memcpy(l->password, password.p, l->password_len);
	if (via != ACCOUNTS_VIA_WEB &&
		auth_app_password_hash(slice_of(l->password, l->password_len), l->app_hex))
		ask_app_password(l);
	else
		take_attempt(l);
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
