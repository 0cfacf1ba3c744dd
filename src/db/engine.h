/*
 * engine.h: the seam of the database port, for src/ only: what an engine of databases is asked
 * (struct db_engine, a table of functions), and what every engine shares: a database, the functions
 * that wait for it, a transaction. An engine is a folder beside sqlite/.
 *
 *   any thread ── db_write ──▶ writing ──▶ the engine's own threads        ──▶ done
 *              ── db_read  ──▶ waiting ──▶ the readers (for all databases) ──▶ done
 *              ── db_read_long ──▶ by owners ──▶ half of the readers       ──▶ done
 *
 * How writing functions become commits is the engine's (in groups, or N at a time in the order that
 * db.h promises); waiting, bounds, turns, answers, watches and migrations are everybody's.
 *
 * What the seam costs is one indirect call a statement, a row and a column: some five instructions,
 * where SQLite's own share is thousands for a statement and some hundred for a column. So columns
 * go through the table like all else: copying each row into values of ours would cost more, also
 * for the columns that nobody asks for.
 */
#ifndef HEARTH_SRC_DB_ENGINE_H
#define HEARTH_SRC_DB_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "db/database.h"
#include "hearth/fts.h"
#include "loop/executor.h"
#include "loop/ring.h"
#include "loop/wakeup.h"

#define READERS     4    /* threads for all databases; an engine keeps what each needs */
#define WAITING_MAX 4096 /* functions that wait for one database: for its writer, for readers */

struct cut_engine;
struct lease_engine;
struct metric;
struct queue_engine;
struct waiter;

/* What a db_fn sees; the engine makes it, on the thread that runs the function. */
struct db_tx {
	const struct db_engine *engine;
	struct db *db;    /* NULL in a cut (cut.h) */
	void *connection; /* the engine's */
	bool writes;
	uint64_t signals;     /* raised by db_tx_signal */
	int64_t slice_end_ms; /* of a read: monotonic */
};

#define FTS_NAME_MAX 48 /* bytes of an index's name */

/* Called for each token of each document of an index; a result other than 0 ends it. */
typedef int fts_token_fn(void *arg, int64_t document, struct slice token);

/* Full-text search, inside a db_fn but for `broken`; each as fts.h has it. Names were looked at. */
struct fts_engine {
	int (*create)(struct db_tx *tx, const char *name);
	int (*put)(struct db_tx *tx, const char *name, int64_t document, struct slice text);
	int (*remove)(struct db_tx *tx, const char *name, int64_t document, struct slice text);
	int (*clear)(struct db_tx *tx, const char *name);
	int (*check)(struct db_tx *tx, const char *name);
	/* `needle` has a token at least. */
	int (*find)(struct db_tx *tx, const char *name, struct slice needle, int64_t above,
		fts_fn *each, void *arg);
	/* What an index of a database has, in any order; in a cut. */
	int (*tokens)(struct db_tx *tx, const char *database, const char *name, fts_token_fn *each,
		void *arg);
	bool (*broken)(void *state); /* any thread */
};

/*
 * An engine; `state` is what it keeps of a database. Only what is said to be for any thread is
 * called by more than one at a time.
 */
struct db_engine {
	const char *name;
	const char *id_type, *bytes_type; /* what stands for `{id}` and `{bytes}` in migrations */

	/*
	 * Opens the database db->name, or makes it; `place` is the data folder, or where a server is.
	 * 0 with *state set, or an error with a sentence appended to `why`. Then it is migrated by
	 * transact, on the same thread, and then `start` begins to take what waits (db_take).
	 */
	int (*open)(struct db *db, const char *place, void **state, struct strbuf *why);
	/*
	 * Runs fn in a writing transaction of its own, once, on the calling thread; its result, or an
	 * error, which is said in `why` if nothing stands there.
	 */
	int (*transact)(void *state, db_fn *fn, void *arg, struct strbuf *why);
	void (*start)(void *state);
	/* Only when it was started: until what waits was run and answered (db_wait_for_work). */
	void (*stop)(void *state);
	void (*close)(void *state); /* no reader is inside any more */
	/* As db_is_quiet; any thread. */
	bool (*is_quiet)(const void *state, struct db_quiet *q);
	/*
	 * Runs a reading function in a transaction of its own: fn's result or HEARTH_EIO. On the thread
	 * of the reader of this number, 0 … READERS - 1; several readers at a time.
	 */
	int (*read)(void *state, int reader, db_fn *fn, void *arg);

	/* Inside a transaction, on its thread; each as db.h has it. */
	int (*run)(struct db_tx *tx, const char *sql, const struct db_value *values, size_t n);
	/* A statement that stands before its first row, until `end`; or NULL with *error. */
	void *(*query)(struct db_tx *tx, const char *sql, const struct db_value *values, size_t n,
		int *error);
	int (*next)(struct db_tx *tx, void *statement);
	void (*end)(struct db_tx *tx, void *statement);
	int64_t (*col_int)(void *statement, int column);
	struct slice (*col_text)(void *statement, int column);
	struct slice (*col_bytes)(void *statement, int column);
	bool (*col_is_null)(void *statement, int column);
	/*
	 * A migration: several statements. HEARTH_EINVAL when it ends the transaction; the engine's
	 * words in `why`.
	 */
	int (*script)(struct db_tx *tx, const char *sql, struct strbuf *why);

	/* The parts of other ports that lie in a database, and are of its transactions. */
	const struct fts_engine *fts;
	const struct cut_engine *cut;
	const struct lease_engine *leases;
	const struct queue_engine *queues;
};

/* A function that waits to be run, and who is told. */
struct db_job {
	db_fn *fn;
	void *arg;
	done_fn *done;         /* may be NULL */
	struct exec *asker;    /* where done runs */
	struct waiter *waiter; /* who waits instead, or NULL */
};

struct db {
	const struct db_engine *engine;
	void *state; /* the engine's; NULL until it is open */
	char *name;
	struct metric *commits, *jobs, *jobs_per_commit, *waiting, *failures, *slow_reads;
	int64_t note_at;    /* identity.c: where commits are noted; set once, before note_fd */
	atomic_int note_fd; /* -1: nowhere */

	struct wakeup wake; /* who writes, when there is work */

	pthread_mutex_t lock;  /* for the fields down to the blank line */
	pthread_cond_t filled; /* for who writes: there is work, or the end */
	pthread_cond_t room;   /* for those who wait to queue more */
	struct ring writing;   /* struct db_job */
	bool closing;
	struct list watches; /* struct db_watch */

	size_t reading;               /* queued and running reads; the readers' lock */
	atomic_llong asked, answered; /* functions, in all */
	bool twice;                   /* for tests: every function is run twice (db.h) */
};

/* ---- for engines, on their own threads ---- */

/* Marks the calling thread as one that runs db_fns, where the waiting calls are forbidden. */
void db_thread_enter(void);
/* Waits for a function to write; false when the database closes and none waits. */
bool db_wait_for_work(struct db *db);
/* Waits for work for so long at most: true when none came. On the same thread. */
bool db_stays_quiet(struct db *db, int ms);
/* Takes the oldest one, if there is one; *more says whether another one waits. */
bool db_take(struct db *db, struct db_job *job, bool *more);
/* Tells whoever asked; once for each that was taken, after its commit. */
void db_answer(struct db *db, const struct db_job *job, int status);
/* After a commit, calls the watches for what its functions have raised. */
void db_call_watches(struct db *db, uint64_t signals);

/* ---- for db.c ---- */

/* No function is queued any more; those that wait for room are told so. */
void db_refuse_more(struct db *db);

/* Readers live while there are databases: the first one starts them, the last one ends them. */
void readers_join_in(void);
void readers_leave(struct db *db);
/* Queues a read: 0, or HEARTH_EBUSY; with `wait` it waits for room. */
int readers_queue(struct db *db, const struct db_job *job, bool wait);
/*
 * Calls fn(arg) while no reader is inside the database or on its way, if that is so now; the others
 * wait meanwhile. Any thread.
 */
void readers_keep_out(struct db *db, void (*fn)(void *arg), void *arg);
int readers_queue_long(struct db *db, int64_t owner, const struct db_job *job, bool wait);

/* Brings a database to the newest migration. 0, or an error with a sentence appended to `why`. */
int migrate(struct db *db, const struct db_schema *schema, struct strbuf *why);

#endif
