/*
 * store.h: the blob store from the inside: what its files share.
 *
 *	blob_put, writer ─▶ encode on a worker ─▶ ready ─▶ one commit for all that are ready ─▶ done
 *	blob_get ─▶ recent? ─▶ row on a reader ─▶ file on a worker ─▶ done
 *	blob_delete ─▶ chores: rows, then files, on a worker
 *
 * blob_store.c  opening, closing, jobs on the pool       put.c     put, commit
 * writer.c      a put as a stream                        get.c     get, stat
 * chores.c      deletions and files to be removed        sweep.c   litter of runs that are over
 * belong.c      whether table and folder are of one store
 * release.c     keys that rows have let go of: asks their owner, deletes
 * objects.h     where large ones lie: the engine (files/)
 */
#ifndef HEARTH_SRC_BLOB_STORE_H
#define HEARTH_SRC_BLOB_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "blob/blob_internal.h"
#include "blob/codec.h"
#include "blob/objects.h"
#include "blob/pack.h"
#include "blob/recent.h"
#include "hearth/list.h"
#include "hearth/metric.h"

struct blob_chores;
struct blob_sweep;

struct blob_store {
	struct db *db; /* these are constant, and safe for any thread */
	struct pool *pool;
	struct blob_options options;
	const struct blob_engine *engine;
	void *objects; /* the engine's state */
	struct blob_codecs *codecs;
	struct blob_recent *recent;
	struct blob_chores *chores;
	struct blob_sweep *sweep;
	atomic_int calls; /* puts, streams and gets that were not answered */
	struct metric *put_count, *put_bytes, *get_count, *get_recent, *corrupt;

	pthread_mutex_t lock;          /* for the rest */
	pthread_cond_t idle;           /* signalled when `jobs` becomes 0 */
	int jobs;                      /* queued or running on the pool */
	bool closing;                  /* no new jobs */
	size_t waiting, waiting_bytes; /* puts that were not answered */
	struct list ready;             /* puts that are encoded and wait for the commit */
	struct list releasing;         /* struct blob_releasing (release.c) */
	int releasing_count;
	bool flushing; /* a flush is posted, or a commit is on its way */
};

/* ---- blob_store.c ---- */

/*
 * job_run for work that uses the store, so that closing can wait for it: the last thing `work` does
 * with the store is blob_job_over. HEARTH_EBUSY, or HEARTH_ECLOSED.
 */
int blob_job(struct blob_store *s, job_fn *work, done_fn *done, void *arg);
void blob_job_over(struct blob_store *s);
/* A key that blob.h allows; a key or scope that something may be put under. */
bool blob_key_valid(const char *key);
bool blob_name_valid(const char *name);

/* ---- put.c ---- */

/* A put, from the call to its answer. One thread has it at a time. */
struct blob_put {
	struct list_node node; /* in `ready`, then in the commit */
	struct blob_store *store;
	struct exec *exec; /* that is answered */
	blob_put_fn *done;
	void *arg;
	bool text;
	size_t cost;        /* counted in waiting_bytes */
	struct buf *bytes;  /* NULL when they were streamed to a file */
	struct buf *packed; /* owner of row.stored when that is compressed */
	struct blob_row
		row; /* info.key is a scope until the hash is known, if that is to complete it */
	char replaced[BLOB_OBJECT_NAME]; /* a file that the commit left without a row */
	int status;
	bool doubtful; /* the commit failed, and its row may be there after a crash */
};

/* A put of `name`, counted as waiting whatever waits already. */
struct blob_put *blob_put_new(
	struct blob_store *s, const char *name, enum blob_flags flags, size_t cost);
/* Frees a put that was answered or is not to be; what it stored is the caller's. */
void blob_put_free(struct blob_put *p);
/* Encodes `bytes`: hash, compression, and the file of a large one. Blocks. Sets row and status. */
void blob_put_encode(struct blob_put *p);
/* Completes a scope by the hash; after `row.hash` was set. */
void blob_put_name(struct blob_put *p);
/* It is encoded, or failed: the rest goes by itself. Any thread. */
void blob_put_ready(struct blob_put *p);

/* ---- chores.c ---- */

struct blob_chores *blob_chores_new(struct blob_store *s);
/* Does what is left, and frees. Blocks; legal on NULL. */
void blob_chores_free(struct blob_chores **c);
/* Removes a file that no row names, soon. Any thread. */
void blob_chores_remove_file(struct blob_chores *c, const char *name);

/* ---- release.c ---- */

/* Once the queues were stopped. */
void blob_release_free(struct blob_store *s);

/* ---- belong.c ---- */

/* Before anything is swept: 0, HEARTH_ECONFLICT or another error, which was logged. Blocks. */
int blob_belong(struct blob_store *s);

/* ---- sweep.c ---- */

struct blob_sweep *blob_sweep_start(struct blob_store *s);
void blob_sweep_free(struct blob_sweep **w); /* when no job runs; legal on NULL */
bool blob_sweep_running(struct blob_sweep *w);
int blob_sweep_count(struct blob_sweep *w);

#endif
