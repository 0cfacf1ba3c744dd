/*
 * store/subscription.c: which names an account subscribes to (store.h).
 *
 * On database threads; at most SUBSCRIPTIONS_MAX rows an account.
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

#define SUBSCRIPTIONS_MAX 10000 /* of one account */

static int subscriptions_are_below_max(struct db_tx *tx, int64_t account)
{
	int64_t n = 0;
	int rc = db_get_int(
		tx, &n, "SELECT count(*) FROM subscription WHERE account = $1", db_int(account));

	return rc < 0 ? rc : n >= SUBSCRIPTIONS_MAX ? HEARTH_EBUSY : 0;
}

int mail_store_subscribe(struct db_tx *tx, int64_t account, struct slice name, bool on)
{
	char room[MAIL_NAME_MAX + 1];
	int rc;

	INVARIANT(db_tx_writes(tx));
	if (!mail_name_is_good(name))
		return HEARTH_EINVAL;
	name = mail_name_canonical(name, room);
	rc = on ? subscriptions_are_below_max(tx, account) : 0;
	if (rc < 0)
		return rc;
	if (on)
		rc = db_run(tx,
			"INSERT INTO subscription (account, name) VALUES ($1, $2) ON CONFLICT "
			"(account, name) DO NOTHING",
			db_int(account), db_text(name));
	else
		rc = db_run(tx, "DELETE FROM subscription WHERE account = $1 AND name = $2",
			db_int(account), db_text(name));
	return rc < 0 ? rc : 0;
}

struct listing {
	int (*each)(void *arg, struct slice name);
	void *arg;
};

static int list_one(struct db_rows *rows, void *arg)
{
	const struct listing *l = arg;

	return l->each(l->arg, db_col_text(rows, 0));
}

int mail_store_subscriptions(
	struct db_tx *tx, int64_t account, int (*each)(void *arg, struct slice name), void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_one, &l,
		"SELECT name FROM subscription WHERE account = $1 ORDER BY name", db_int(account));
}
