/*
 * blob_drop.c: see blob_drop.h. The task's key and payload are the blob's key.
 */
#include "personal/blob_drop.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

static int push(struct db_tx *tx, struct slice key, int64_t not_before_ms)
{
	int rc = queue_push(tx, AUTH_QUEUE_BLOB, key, key, 0, not_before_ms);

	INVARIANT(key.n > 0);
	return rc == HEARTH_EEXIST ? 0 : rc;
}

int auth_blob_drop(struct db_tx *tx, const char *key)
{
	return key[0] ? push(tx, slice_str(key), 0) : 0;
}

struct dropping {
	const struct queue_task *task;
	int64_t again_ms;
};

static int come_again(struct db_tx *tx, void *arg)
{
	const struct dropping *d = arg;
	int rc = queue_complete(tx, d->task);

	return rc < 0 ? rc : push(tx, d->task->payload, d->again_ms);
}

int auth_blob_drop_task(void *module, const struct queue_task *task, struct arena *arena)
{
	struct auth *a = module;
	struct blob_store *store = hearth_blob(a->h);
	struct dropping d = { .task = task };
	int rc = blob_delete_wait(store, arena_strdup(arena, task->payload));

	if (rc != HEARTH_EBUSY)
		return rc;
	d.again_ms = clock_wall_ms() + blob_grace_ms(store) + 1000;
	return db_write_wait(a->db, come_again, &d);
}
