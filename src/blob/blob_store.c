/*
 * blob_store.c: opening and closing the embedded blob store, and its jobs on the pool.
 *
 *   open ──blob_store_close──▶ closing ──last job over──▶ freed
 *
 * On the loop. So many jobs may be in hand as the pool takes.
 */
#include "blob/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define RECENT_BYTES_MAX (32u << 20)
#define LITTER_KEEP_MS   (INT64_C(30) * 24 * 60 * 60 * 1000)
#define SWEEP_MAX        20 /* per cent */

static void count_with(struct blob_store *s)
{
	s->put_count = metric_counter("hearth_blob_puts_total", NULL, "Blobs put, durable");
	s->put_bytes = metric_counter(
		"hearth_blob_put_bytes_total", NULL, "Their size before compression");
	s->get_count = metric_counter("hearth_blob_gets_total", NULL, "Reads of blobs");
	s->get_recent =
		metric_counter("hearth_blob_gets_recent_total", NULL, "Reads answered from memory");
	s->corrupt =
		metric_counter("hearth_blob_corrupt_total", NULL, "Reads that found damaged bytes");
}

struct blob_options blob_options_default(void)
{
	return (struct blob_options){
		.grace_ms = BLOB_GRACE_MS,
		.litter_keep_ms = LITTER_KEEP_MS,
		.sweep_max = SWEEP_MAX,
	};
}

int blob_store_open(const char *data_dir, struct db *db, struct pool *pool,
	const struct blob_options *options, struct blob_store **out)
{
	struct blob_store *s = mem_zalloc(sizeof(*s));
	int rc;

	*out = NULL;
	s->engine = &blob_files;
	rc = s->engine->open(data_dir, &s->objects);
	if (rc < 0) {
		free(s);
		return rc;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->idle, NULL);
	list_init(&s->ready);
	list_init(&s->releasing);
	s->db = db;
	s->pool = pool;
	s->options = options ? *options : blob_options_default();
	s->codecs = blob_codecs_new();
	s->recent = blob_recent_new(RECENT_BYTES_MAX);
	s->chores = blob_chores_new(s);
	count_with(s);
	rc = blob_belong(s);
	if (rc == 0) {
		s->sweep = blob_sweep_start(s);
		*out = s;
	} else {
		blob_store_close(&s);
	}
	return rc;
}

int64_t blob_grace_ms(const struct blob_store *s)
{
	return s->options.grace_ms;
}

/* Puts that nobody will be told about: the loop is gone. Their files go with the next sweep. */
static void drop_ready(struct blob_store *s)
{
	LIST_FOREACH (&s->ready, it) {
		struct blob_put *p = LIST_ENTRY(it, struct blob_put, node);

		list_remove(it);
		buf_unref(&p->bytes);
		buf_unref(&p->packed);
		free(p);
	}
}

void blob_store_close(struct blob_store **sp)
{
	struct blob_store *s = *sp;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	while (s->jobs > 0)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	blob_chores_free(&s->chores);
	blob_sweep_free(&s->sweep);
	drop_ready(s);
	blob_release_free(s);
	blob_recent_free(&s->recent);
	blob_codecs_free(&s->codecs);
	s->engine->close(s->objects);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	free(s);
	*sp = NULL;
}

int blob_job(struct blob_store *s, job_fn *work, done_fn *done, void *arg)
{
	bool closing;
	int rc;

	pthread_mutex_lock(&s->lock);
	closing = s->closing;
	if (!closing)
		s->jobs++;
	pthread_mutex_unlock(&s->lock);
	if (closing)
		return HEARTH_ECLOSED;
	rc = job_run(s->pool, work, done, arg);
	if (rc < 0)
		blob_job_over(s);
	return rc;
}

void blob_job_over(struct blob_store *s)
{
	pthread_mutex_lock(&s->lock);
	if (--s->jobs == 0)
		pthread_cond_signal(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

bool blob_store_busy(struct blob_store *s)
{
	return atomic_load(&s->calls) > 0;
}

bool blob_store_sweeping(struct blob_store *s)
{
	return blob_sweep_running(s->sweep);
}

int blob_store_swept(struct blob_store *s)
{
	return blob_sweep_count(s->sweep);
}

bool blob_key_valid(const char *key)
{
	size_t n = strlen(key);

	return n > 0 && n <= BLOB_KEY_MAX &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.") ==
		       n;
}

bool blob_name_valid(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n > 0 && blob_key_valid(name) &&
	       (name[n - 1] != '/' || n + 2 * (size_t)BLOB_HASH <= BLOB_KEY_MAX);
}
