/*
 * release.c: removing a blob once nothing names it: the one durable queue of it, in each database
 * whose rows name blobs, so that a release is part of the transaction that lets go.
 *
 *   blob_release ──▶ task ──named by another row──▶ done: its end will be a release as well
 *                         ──put within the grace, or a backup copies──▶ another task, for later
 *                         ──else──▶ deleted
 *
 * A put between the question and the deletion makes the blob young again: it stays. Each release is
 * a task of its own, also of one key twice: whoever lets go while an earlier task is in hand must
 * not rely on what that has seen.
 *
 * Handlers run on workers, AT_ONCE of them for a database, whose commits are shared then.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "blob/store.h"
#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "job/queue.h"

#define QUEUE        "blob.release"
#define AT_ONCE      4
#define OWNERS_MAX   16
#define LEASE_MS     (INT64_C(60) * 1000)
#define ATTEMPTS_MAX 100 /* some days of a disk that cannot be written */
#define MARGIN_MS    1000

int blob_release(struct db_tx *tx, const char *key, int64_t not_before_ms)
{
	char own[17];
	int rc;

	if (!key[0])
		return 0;
	snprintf(own, sizeof(own), "%016" PRIx64, rand_u64());
	rc = queue_push(tx, QUEUE, slice_str(own), slice_str(key), 0, not_before_ms);
	return rc == HEARTH_EEXIST ? HEARTH_EIO : rc;
}

/* Who is asked, for as long as the store is open. */
struct blob_releasing {
	struct list_node node; /* the store's */
	struct blob_store *store;
	struct db *db;
	const struct blob_names *names;
	struct queue_consumer consumer;
};

struct releasing {
	const struct blob_releasing *by, *asked;
	const struct queue_task *task;
	const char *key;
	bool named;
	int64_t again_ms;
};

static int ask(struct db_tx *tx, void *arg)
{
	struct releasing *r = arg;
	int named = r->asked->names->named(tx, r->key);

	r->named = named > 0;
	return named < 0 ? named : 0;
}

/* A bare hash: what keys without a name were before they had scopes, the same for all modules. */
static bool is_everybodys(const char *key)
{
	return strlen(key) == 2 * (size_t)BLOB_HASH && !strchr(key, '/');
}

/* Asks the owner, or all who may be. 0 with r->named set, or an error. */
static int ask_who_may_name(struct releasing *r)
{
	const struct blob_releasing *all[OWNERS_MAX] = { r->by };
	int n = 1, rc = 0;

	if (is_everybodys(r->key)) {
		pthread_mutex_lock(&r->by->store->lock);
		n = 0;
		LIST_FOREACH (&r->by->store->releasing, it)
			all[n++] = LIST_ENTRY(it, struct blob_releasing, node);
		pthread_mutex_unlock(&r->by->store->lock);
	}
	for (int i = 0; i < n && rc == 0 && !r->named; i++) {
		r->asked = all[i];
		rc = db_read_wait(r->asked->db, ask, r);
	}
	return rc;
}

static int come_again(struct db_tx *tx, void *arg)
{
	const struct releasing *r = arg;
	int rc = queue_complete(tx, r->task);

	return rc < 0 ? rc : blob_release(tx, r->key, r->again_ms);
}

static int release(void *releasing, const struct queue_task *task, struct arena *a)
{
	struct releasing r = {
		.by = releasing, .task = task, .key = arena_strdup(a, task->payload)
	};
	int rc = ask_who_may_name(&r);

	if (rc < 0 || r.named)
		return rc;
	rc = blob_delete_wait(r.by->store, r.key);
	if (rc != HEARTH_EBUSY)
		return rc;
	r.again_ms = clock_wall_ms() + r.by->store->options.grace_ms + MARGIN_MS;
	return db_write_wait(r.by->db, come_again, &r);
}

int blob_release_start(
	struct blob_store *s, struct db *db, const struct blob_names *names, struct pool *pool)
{
	struct blob_releasing *by = mem_zalloc(sizeof(*by));

	*by = (struct blob_releasing){ .store = s,
		.db = db,
		.names = names,
		.consumer = { .name = QUEUE,
			.database = names->database,
			.concurrency = AT_ONCE,
			.lease_ms = LEASE_MS,
			.attempts_max = ATTEMPTS_MAX,
			.handle = release } };
	pthread_mutex_lock(&s->lock);
	INVARIANT(s->releasing_count++ < OWNERS_MAX);
	list_push(&s->releasing, &by->node);
	pthread_mutex_unlock(&s->lock);
	return queue_start(db, &by->consumer, pool, by);
}

void blob_release_free(struct blob_store *s)
{
	LIST_FOREACH (&s->releasing, it) {
		list_remove(it);
		free(LIST_ENTRY(it, struct blob_releasing, node));
	}
}
