/*
 * reader.c: the threads that read, for all databases together, whatever their engines are: which
 * reads wait, and whose turn it is. A read runs in one transaction of its engine, so it sees one
 * state throughout, beside whatever is written.
 *
 *   db_read       ──▶ waiting    ──▶ every reader
 *   db_read_long  ──▶ long_reads ──▶ the first LONG_READERS, who prefer these
 *
 * So a short read waits for short ones only: the other readers never run anything else. A short
 * read that was not short is counted (hearth_db_slow_reads_total): its caller should say so.
 */
#include <stdio.h>

#include "db/long_reads.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define LONG_READERS (READERS / 2)
#define SLOW_MS      100

static struct {
	pthread_mutex_t turn; /* one database at a time joins in or leaves */
	int databases;
	pthread_t threads[READERS];

	pthread_mutex_t lock; /* for the rest, and for the databases' `reading` */
	pthread_cond_t filled;
	pthread_cond_t ended; /* a read is over: there is room, or a database can close */
	struct ring waiting;  /* struct read */
	struct long_reads longs;
	bool stopping;
} readers = {
	.turn = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.filled = PTHREAD_COND_INITIALIZER,
	.ended = PTHREAD_COND_INITIALIZER,
	.longs = { .owners = { { &readers.longs.owners.head, &readers.longs.owners.head } } },
};

static int run_read(const struct read *r, int reader)
{
	struct db *db = r->db;
	int64_t begun_ms = clock_mono_ms();
	int rc = db->engine->read(db->state, reader, r->job.fn, r->job.arg);

	if (!r->is_long && clock_mono_ms() - begun_ms > SLOW_MS)
		metric_add(db->slow_reads, 1);
	return rc;
}

/* Under the lock. */
static bool take_now(struct read *r, int reader)
{
	return (reader < LONG_READERS && long_reads_take(&readers.longs, r)) ||
	       ring_pop(&readers.waiting, r, sizeof(*r));
}

/* Waits for a read; false at the end. */
static bool take(struct read *r, int reader)
{
	bool taken;

	pthread_mutex_lock(&readers.lock);
	while (!(taken = take_now(r, reader)) && !readers.stopping)
		pthread_cond_wait(&readers.filled, &readers.lock);
	pthread_mutex_unlock(&readers.lock);
	return taken;
}

static void *reader_main(void *arg)
{
	int reader = (int)(intptr_t)arg;
	struct read r;

	pthread_setname_np(pthread_self(), "db-reader");
	db_thread_enter();
	while (take(&r, reader)) {
		db_answer(r.db, &r.job, run_read(&r, reader));
		pthread_mutex_lock(&readers.lock);
		r.db->reading--;
		if (r.is_long)
			long_reads_end(&readers.longs, r.owner);
		pthread_cond_broadcast(&readers.ended);
		pthread_mutex_unlock(&readers.lock);
	}
	return NULL;
}

static int queue(const struct read *r, bool wait)
{
	struct db *db = r->db;
	int rc = 0;

	pthread_mutex_lock(&readers.lock);
	while (wait && db->reading >= WAITING_MAX)
		pthread_cond_wait(&readers.ended, &readers.lock);
	if (db->reading >= WAITING_MAX)
		rc = HEARTH_EBUSY;
	if (rc == 0) {
		db->reading++;
		atomic_fetch_add(&db->asked, 1);
		if (r->is_long)
			long_reads_push(&readers.longs, r);
		else
			ring_push(&readers.waiting, r, sizeof(*r));
	}
	pthread_mutex_unlock(&readers.lock);
	/* Not every reader takes a long one: all are woken to find the one that does. */
	if (rc == 0 && r->is_long)
		pthread_cond_broadcast(&readers.filled);
	else if (rc == 0)
		pthread_cond_signal(&readers.filled);
	return rc;
}

int readers_queue(struct db *db, const struct db_job *job, bool wait)
{
	return queue(&(struct read){ .db = db, .job = *job }, wait);
}

int readers_queue_long(struct db *db, int64_t owner, const struct db_job *job, bool wait)
{
	return queue(&(struct read){ db, *job, true, owner }, wait);
}

void readers_keep_out(struct db *db, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&readers.lock);
	if (db->reading == 0)
		fn(arg);
	pthread_mutex_unlock(&readers.lock);
}

void readers_join_in(void)
{
	pthread_mutex_lock(&readers.turn);
	if (readers.databases++ == 0) {
		readers.stopping = false;
		for (int i = 0; i < READERS; i++)
			if (pthread_create(&readers.threads[i], NULL, reader_main,
				    (void *)(intptr_t)i) != 0)
				log_fatal("db", "cannot start the readers");
	}
	pthread_mutex_unlock(&readers.turn);
}

static void end_threads(void)
{
	pthread_mutex_lock(&readers.lock);
	readers.stopping = true;
	pthread_cond_broadcast(&readers.filled);
	pthread_mutex_unlock(&readers.lock);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers.threads[i], NULL);
	ring_free(&readers.waiting);
}

void readers_leave(struct db *db)
{
	pthread_mutex_lock(&readers.lock);
	while (db->reading > 0)
		pthread_cond_wait(&readers.ended, &readers.lock);
	pthread_mutex_unlock(&readers.lock);
	pthread_mutex_lock(&readers.turn);
	if (--readers.databases == 0)
		end_threads();
	pthread_mutex_unlock(&readers.turn);
}
