/*
 * test_token_cache.c: an answer of the database that is older than the end of a token never comes to
 * stand in the cache, whatever node asked and whatever node ended it: two of them share one cache.
 */
#include "harness.h"

#include "account/account.h"
#include "database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/session.h"

#include <stdio.h>

/* Of src/, which a module's tests do not see. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);
struct cache *cache_new(size_t bytes_max);
void cache_free(struct cache **c);

#define T0     INT64_C(1700000000000)
#define WITHIN 20000

extern const struct hearth_module auth_module;

static struct db *db;
static struct auth one, two; /* two nodes */
static char text[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];

static int add_all(struct db_tx *tx, void *arg)
{
	struct auth_token t = { .kind = AUTH_TOKEN_SESSION,
		.scopes = ACCOUNTS_SCOPE_MAIL,
		.name = SLICE("n"),
		.device = SLICE("d"),
		.peer = SLICE("192.0.2.1"),
		.created_ms = T0,
		.expires_ms = T0 + 3600000 };
	int64_t id;

	(void)arg;
	ck_assert_int_eq(auth_store_add(tx, "ann@x.test", "h", AUTH_MEMBER, T0, &t.account), 0);
	return auth_store_add_token(tx, &t, hex, &id);
}

static int end_it(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "DELETE FROM token") < 0 ? HEARTH_EIO : 0;
}

static int told, status;

static void on_account(void *arg, int rc, const struct account *account)
{
	(void)arg;
	(void)account;
	status = rc;
	told++;
}

static int is_told(void *arg)
{
	(void)arg;
	return told;
}

static int never(void *arg)
{
	(void)arg;
	return 0;
}

static void ask(struct auth *node)
{
	static const struct conn_info peer = { .peer = "192.0.2.1" };

	told = 0;
	auth_by_token(node, slice_str(text), &peer, on_account, NULL);
}

static int answer(struct auth *node)
{
	ask(node);
	ck_assert(loop_run_until(is_told, NULL, WITHIN));
	loop_run_until(never, NULL, 10); /* what it keeps is kept */
	return status;
}

static int cached;

static void on_cached(void *arg, int rc, struct buf *value)
{
	(void)arg;
	cached = rc == 0 && slice_find(buf_slice(value), SLICE("ann@x.test")) >= 0;
}

static bool is_cached(void)
{
	char key[100];

	snprintf(key, sizeof(key), "auth.token.0:%s", hex);
	cache_get(one.cache, slice_str(key), on_cached, NULL);
	loop_run_until(never, NULL, 10);
	return cached;
}

START_TEST(an_older_answer_does_not_overwrite_a_tombstone)
{
	loop_init();
	clock_fake(T0, 1000000);
	db = database_new(auth_module.schemas);
	one.db = two.db = db;
	one.cache = two.cache = cache_new(1 << 20);
	auth_token_make(text, hex);
	ck_assert_int_eq(db_write_wait(db, add_all, NULL), 0);
	ck_assert_int_eq(answer(&one), 0);
	ck_assert(is_cached());
	/* Node one says that the token changed; node two finds it valid yet, and keeps nothing. */
	auth_token_forget(&one, hex);
	ck_assert(!is_cached());
	ck_assert_int_eq(answer(&two), 0);
	ck_assert(!is_cached());
	/* An answer from before the end, that arrives after it. */
	clock_fake_advance(61000);
	ask(&two);
	auth_token_forget(&one, hex);
	ck_assert(loop_run_until(is_told, NULL, WITHIN));
	loop_run_until(never, NULL, 10);
	ck_assert(!is_cached());
	ck_assert_int_eq(db_write_wait(db, end_it, NULL), 0);
	ck_assert_int_eq(answer(&one), HEARTH_ENOTFOUND);
	ck_assert_int_eq(answer(&two), HEARTH_ENOTFOUND);
	cache_free(&one.cache);
	db_close(&db);
}
END_TEST

TEST_MAIN("tokens in the cache", an_older_answer_does_not_overwrite_a_tombstone)
