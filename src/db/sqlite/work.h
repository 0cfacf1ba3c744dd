/*
 * work.h: a database and what waits for it, for src/db/ only.
 *
 *   any thread ── db_write ──▶ writing ──▶ the writer (one a database)   ──▶ done
 *              ── db_read  ──▶ reading ──▶ the readers (for all databases) ──▶ done
 *              ── db_read_long ──▶ by owners ──▶ half of the readers       ──▶ done
 */
#ifndef HEARTH_SRC_DB_WORK_H
#define HEARTH_SRC_DB_WORK_H

#include <pthread.h>
#include <stdatomic.h>

#include "db/database.h"
#include "db/sqlite/connection.h"
#include "loop/executor.h"
#include "loop/ring.h"

#define READERS     4    /* threads, each with at most one connection a database */
#define WAITING_MAX 4096 /* functions that wait for one database: for its writer, for readers */

struct metric;
struct waiter;

/* A function that waits to be run, and who is told. */
struct db_job {
	db_fn *fn;
	void *arg;
	done_fn *done;         /* may be NULL */
	struct exec *asker;    /* where done runs */
	struct waiter *waiter; /* who waits instead, or NULL */
};

struct db {
	char *name;
	char *path, *wal_path;
	struct metric *commits, *jobs, *jobs_per_commit, *waiting, *failures, *slow_reads;

	struct connection *writer; /* writer's thread */
	int64_t changes;           /* of rows, when a commit was last counted; writer's thread */
	int64_t note_at;     /* identity.c: where commits are noted; set once, before note_fd */
	atomic_int note_fd;  /* -1: nowhere */
	int failed_in_a_row; /* commits; writer thread */
	pthread_t thread;

	pthread_mutex_t lock;  /* for the fields down to the blank line */
	pthread_cond_t filled; /* for the writer: there is work, or the end */
	pthread_cond_t room;   /* for those who wait to queue more */
	struct ring writing;   /* struct db_job */
	bool closing;
	struct list watches; /* struct db_watch */

	struct connection *readers[READERS]; /* each its reader's; opened when first needed */
	size_t reading;                      /* queued and running reads; the readers' lock */
	atomic_llong asked, answered;        /* functions, in all */
	bool twice;                          /* for tests: every function is run twice (db.h) */
	atomic_bool index_broken;            /* see fts_broken; any thread */
};

/* Tells whoever asked. From a database thread. */
void db_job_answer(const struct db_job *job, int status);
/* Marks the calling thread as one that runs db_fns, where the waiting calls are forbidden. */
void db_thread_enter(void);

/* The writer's thread: argument and result are those of pthread_create. */
void *writer_main(void *db);

/* Readers live while there are databases: the first one starts them, the last one ends them. */
void readers_join_in(void);
void readers_leave(struct db *db);
/* Queues a read: 0, or HEARTH_EBUSY; with `wait` it waits for room. */
int readers_queue(struct db *db, const struct db_job *job, bool wait);
int readers_queue_long(struct db *db, int64_t owner, const struct db_job *job, bool wait);

/* Brings a database to the newest migration. 0, or an error with a sentence appended to `why`. */
int migrate(struct connection *c, const struct db_schema *schema, struct strbuf *why);

#endif
