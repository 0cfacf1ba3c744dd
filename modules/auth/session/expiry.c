/*
 * expiry.c: ends what has expired (expiry.h): a reader looks, and only when there is something a
 * transaction ends it, so many at a time.
 */
#include "session/expiry.h"

#include "hearth/clock.h"
#include "session/session.h"

#define LOOK_EVERY_MS 3000

static void look(void *arg);

static int find_due(struct db_tx *tx, void *arg)
{
	struct auth *a = arg;

	return auth_store_expired_count(tx, clock_wall_ms(), &a->expired);
}

static int end_due(struct db_tx *tx, void *arg)
{
	struct auth *a = arg;

	return auth_store_expire_tokens(tx, clock_wall_ms(), &a->expired);
}

/* Whether there may be more is seen at the next look. */
static void on_ended(void *arg, int status)
{
	struct auth *a = arg;

	(void)status;
	timer_start(&a->expiry, LOOK_EVERY_MS, 0, look, a);
}

static void on_found(void *arg, int status)
{
	struct auth *a = arg;

	if (status < 0 || !a->expired || db_write(a->db, end_due, on_ended, a) < 0)
		on_ended(a, 0);
}

static void look(void *arg)
{
	struct auth *a = arg;

	if (db_read(a->db, find_due, on_found, a) < 0)
		on_ended(a, 0);
}

void auth_expiry_start(struct auth *a)
{
	timer_start(&a->expiry, 0, 0, look, a);
}
