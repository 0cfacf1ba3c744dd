/*
 * recent.c: small blobs that were read or put a short while ago: a map by key and a list by last
 * use, behind one lock, for any thread. Bounded by bytes: the one used longest ago goes first.
 */
#include "blob/recent.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/blob.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "hearth/map.h"

struct entry {
	struct list_node use;
	struct buf *bytes; /* owned */
	bool sent;         /* blob_recent_share gave it out */
	char key[BLOB_KEY_MAX + 1];
};

struct blob_recent {
	pthread_mutex_t lock; /* guards all below */
	struct map *entries;
	struct list uses; /* the longest unused first */
	size_t bytes, bytes_max;
};

struct blob_recent *blob_recent_new(size_t bytes_max)
{
	struct blob_recent *r = mem_zalloc(sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	r->entries = map_new();
	list_init(&r->uses);
	r->bytes_max = bytes_max;
	return r;
}

/* Under the lock. */
static void drop(struct blob_recent *r, struct entry *e)
{
	INVARIANT(r->bytes >= e->bytes->n);
	map_remove(r->entries, slice_str(e->key));
	list_remove(&e->use);
	r->bytes -= e->bytes->n;
	buf_unref(&e->bytes);
	free(e);
}

void blob_recent_free(struct blob_recent **rp)
{
	struct blob_recent *r = *rp;

	if (!r)
		return;
	LIST_FOREACH (&r->uses, it)
		drop(r, LIST_ENTRY(it, struct entry, use));
	INVARIANT(r->bytes == 0 && map_count(r->entries) == 0);
	map_free(&r->entries);
	pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}

/* Under the lock. */
static struct entry *find(struct blob_recent *r, const char *key)
{
	struct entry *e = map_get(r->entries, slice_str(key));

	if (e) {
		list_remove(&e->use);
		list_push(&r->uses, &e->use);
	}
	return e;
}

void blob_recent_put(struct blob_recent *r, const char *key, struct buf *bytes)
{
	struct entry *e;

	if (bytes->n < BLOB_RECENT_MIN || bytes->n > BLOB_RECENT_MAX)
		return;
	pthread_mutex_lock(&r->lock);
	if (!find(r, key)) {
		e = mem_zalloc(sizeof(*e));
		e->bytes = buf_ref(bytes);
		snprintf(e->key, sizeof(e->key), "%s", key);
		map_set(r->entries, slice_str(key), e);
		list_push(&r->uses, &e->use);
		r->bytes += bytes->n;
	}
	LIST_FOREACH (&r->uses, it) {
		if (r->bytes <= r->bytes_max)
			break;
		drop(r, LIST_ENTRY(it, struct entry, use));
	}
	INVARIANT(r->bytes <= r->bytes_max);
	pthread_mutex_unlock(&r->lock);
}

struct buf *blob_recent_get(struct blob_recent *r, const char *key)
{
	struct entry *e;
	struct buf *bytes;

	pthread_mutex_lock(&r->lock);
	e = find(r, key);
	bytes = e ? buf_ref(e->bytes) : NULL;
	pthread_mutex_unlock(&r->lock);
	return bytes;
}

/* Puts the copy in the place of the bytes, unless they have gone or somebody was quicker. */
static void replace(struct blob_recent *r, const char *key, struct buf *bytes, struct buf *copy)
{
	struct entry *e;

	pthread_mutex_lock(&r->lock);
	e = map_get(r->entries, slice_str(key));
	if (e && e->bytes == bytes) {
		INVARIANT(copy->n == bytes->n); /* which r->bytes counts */
		buf_unref(&e->bytes);
		e->bytes = buf_ref(copy);
	}
	pthread_mutex_unlock(&r->lock);
}

struct buf *blob_recent_share(struct blob_recent *r, const char *key)
{
	struct entry *e;
	struct buf *bytes = NULL, *copy = NULL;
	bool again = false;
	uint64_t offset;

	pthread_mutex_lock(&r->lock);
	e = find(r, key);
	if (e) {
		bytes = buf_ref(e->bytes);
		again = e->sent;
		e->sent = true;
	}
	pthread_mutex_unlock(&r->lock);
	if (again && bytes->n >= BLOB_SHARED_MIN && buf_file(bytes, &offset) < 0)
		copy = buf_copy_shared(buf_slice(bytes));
	if (!copy)
		return bytes;
	replace(r, key, bytes, copy);
	buf_unref(&bytes);
	return copy;
}

void blob_recent_drop(struct blob_recent *r, const char *key)
{
	struct entry *e;

	pthread_mutex_lock(&r->lock);
	e = map_get(r->entries, slice_str(key));
	if (e)
		drop(r, e);
	pthread_mutex_unlock(&r->lock);
}
