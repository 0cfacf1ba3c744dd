/*
 * dispatch.h: what the parts of the bus share, for src/bus/ only.
 *
 *   publisher's database                          subscriber's database
 *     bus_outbox ── lane: read ─▶ prepare ─▶ apply ─▶ effects, bus_cursor
 *        ▲   └───── source: survey, trim
 *     bus_publish
 *
 * A lane is one subscription following one database; a source is one database's outbox and its
 * register of subscribers. Both run on workers, one at a time each; start and stop are the loop's.
 */
#ifndef HEARTH_SRC_DISPATCH_H
#define HEARTH_SRC_DISPATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "bus/bus_internal.h"
#include "db/database.h"
#include "hearth/lease.h"
#include "hearth/map.h"
#include "hearth/metric.h"
#include "hearth/wake.h"
#include "job/runner.h"

#define BUS_AWAY_MAX 64

struct batch;
struct outbox_topic;

struct lane {
	struct list_node node; /* the bus's */
	struct bus *bus;
	const struct bus_subscription *subscription;
	void *module;
	struct db *from; /* where events are read */
	struct db *into; /* where cursor and effects are */
	struct runner runner;
	struct db_watch watch;

	_Atomic int64_t position; /* of the cursor; -1: not read yet. The runner's, others read */
	int64_t heard; /* `everywhere` was called up to here; -1: as `position`; the runner's */
	struct lease lease;     /* epoch 0: none. The runner's, as the next */
	int64_t lease_until_ms; /* monotonic: better renewed by then */
	int attempts;           /* failures of the next event; the runner's */
	int stuck;              /* rests in a row that are no event's fault; the runner's */
	bool poisoned;          /* one was set aside, and none taken since; the runner's */
	atomic_bool again;      /* some that were set aside shall be tried anew */
	atomic_int error;       /* what the last try met; 0: nothing. The runner's, others read */
	struct metric *lag_events, *lag_seconds, *set_aside;
	bool lags;                      /* health says so; the source's */
	int64_t rest_until_ms;          /* monotonic; the runner's */
	_Atomic(struct batch *) afters; /* waits on the loop, which clears it; NULL: none */
	bool stopped;                   /* the loop's thread */
};

struct source {
	struct bus *bus;
	struct db *db;
	struct runner runner;
	bool has_dead;         /* health says so; as the next */
	bool overflows;        /* so much waits for who is away that the oldest goes */
	atomic_bool calm;      /* at the last survey no lane was behind */
	struct db_quiet quiet; /* this and the next are the tick's */
	struct db_quiet glance;
	bool changed; /* at the last glance */
	int skipped;
};

struct live {
	pthread_mutex_t lock;
	struct map *topics; /* name to struct live_topic */
	struct metric *losses;
};

struct bus {
	struct source *sources;
	size_t source_count;
	struct list lanes; /* complete before bus_start, then only read */
	const struct bus_subscription *away[BUS_AWAY_MAX]; /* of modules that are off; as `lanes` */
	size_t away_count;
	struct pool *pool; /* one thread for the sources; between bus_start and bus_stop */
	struct timer tick; /* the loop's */
	int64_t tick_ms, retry_ms, lag_max_ms;
	struct wake *wake;     /* knocks at their doors; or NULL */
	struct leases *leases; /* this node's, where others follow the same databases; else NULL */
	struct timer glance;
	const struct relay_engine *relay; /* of live topics; as `leases` */
	void *relay_state;                /* the engine's */
	struct live live;
};

/* Metrics of a lane that was added (lag.c). */
void lane_measure(struct lane *l);
/* How far this source's lanes are behind, and what was set aside: metrics and health. A worker. */
void source_measure(struct source *s, const struct outbox_topic *topics);

/* The runner's function of a lane: takes a batch of events through; true when there may be more. */
bool lane_run(void *lane);
/* Reads where the cursor stands. 0, or an error. On the lane's worker. */
int lane_read_cursor(struct lane *l);
/*
 * Where nodes share the databases (share.c), on the lane's worker. Whether a batch of what others
 * have applied is to be told of here; whether this node may go on with events, 0 or an error; it
 * has no more of them.
 */
bool lane_hear(struct batch *b);
int lane_own(struct lane *l);
void lane_disown(struct lane *l);
/* On the writer, within the transaction of an effect: 0, or HEARTH_ECONFLICT. */
int lane_check(struct db_tx *tx, const struct lane *l);
/* On the loop: wakes the lanes of databases that any node has written to. */
void lanes_glance(void *bus);
/* Tries an event anew that was set aside; false when there is none, or not now (again.c). */
bool lane_try_again(struct lane *l);
/* Frees what bus_stop left (batch.c). */
void lane_free(struct lane *l);

/* Enters all subscriptions in a source's register; while the bus starts (source.c). */
void source_register(struct source *s);
/* The runner's function of a source; true when there is more to trim. */
bool source_run(void *source);

void live_init(struct live *l);
/* Tells all who listen that they may have missed something. Any thread. */
void live_lose_all(struct live *l);
void live_clear(struct live *l);

#endif
