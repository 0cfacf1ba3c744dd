/*
 * storage.c: how much is kept for an account, for those who look after it (accounts.h): what its
 * channel is charged with.
 */
#include "hearth/error.h"
#include "personal/personal.h"
#include "store/store.h"

struct used {
	int64_t account, bytes;
};

static int read_used(struct db_tx *tx, void *arg)
{
	struct used *u = arg;
	int64_t channel = 0;
	int rc = db_get_int(
		tx, &channel, "SELECT id FROM channel WHERE account = $1", db_int(u->account));

	u->bytes = 0;
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	return rc == 0 ? video_store_used(tx, channel, &u->bytes) : rc;
}

int video_used_wait(void *db, int64_t account, int64_t *bytes)
{
	struct used u = { .account = account };
	int rc = db_read_wait(db, read_used, &u);

	*bytes = u.bytes;
	return rc;
}
