/*
 * storage.c: how much is kept for an account, for those who look after it (accounts.h): what its
 * channel is charged with. On a worker, which waits for the database.
 */
#include "hearth/error.h"
#include "personal/personal.h"
#include "store/store.h"

struct used {
	const int64_t *accounts;
	size_t n;
	int64_t *bytes;
};

static int of_account(struct db_tx *tx, int64_t account, int64_t *bytes)
{
	int64_t channel = 0;
	int rc = db_get_int(
		tx, &channel, "SELECT id FROM channel WHERE account = $1", db_int(account));

	*bytes = 0;
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	return rc == 0 ? video_store_used(tx, channel, bytes) : rc;
}

static int read_used(struct db_tx *tx, void *arg)
{
	const struct used *u = arg;
	int rc = 0;

	for (size_t i = 0; i < u->n && rc == 0; i++)
		rc = of_account(tx, u->accounts[i], &u->bytes[i]);
	return rc;
}

int video_used_wait(void *db, const int64_t *accounts, size_t n, int64_t *bytes)
{
	return db_read_wait(db, read_used, &(struct used){ accounts, n, bytes });
}
