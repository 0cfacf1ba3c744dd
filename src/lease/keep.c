/*
 * keep.c: leases that are kept: renewed in time, or claimed as soon as they are free.
 *
 *   lease_claim ─▶ WANTED ──taken──▶ HELD ──unkept──▶ ENDING ──freed──▶ gone
 *                    ▲                │
 *                    └──── lost ──────┘
 *   lease_keep ──────────────────▶ HELD ──lost──▶ LOST ──unkept──▶ gone
 *
 * One timer on the loop looks at who is due and hands those of a database to its writer, up to
 * BATCH_MAX in one transaction; so a thousand streams cost a few commits in a third of their time
 * to live. A lease counts as lost, without a word of the database, when it was not renewed for its
 * time to live, counted from before the last renewal was asked for.
 *
 * Threads: keepers are made and unkept on their owner's executor, looked at on the loop, renewed on
 * a writer by copies; what they share is under leases->lock. There are as many as their owners have
 * streams, matches and the like, which they bound.
 */
#include "lease/leases.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define BATCH_MAX  128
#define LOOK_LEAST 20 /* ms between two looks */
#define NEVER      INT64_MAX
#define RENEW_PART 3  /* of the time to live */
#define RETRY_PART 12 /* where the database did not take it */

enum keeper_state {
	WANTED,
	HELD,
	LOST,
	ENDING,
};

struct lease_keeper {
	struct list_node node; /* the group's; lock */
	struct lease_group *group;
	struct exec *owner;
	lease_lost_fn *lost;   /* of one kept; else NULL */
	lease_claim_fn *claim; /* of one claimed; else NULL */
	void *arg;
	bool closed;     /* the owner's thread */
	int64_t told;    /* the epoch fn was told of; the owner's thread */
	atomic_int refs; /* the owner's, batches', posts' */

	/* lock: */
	enum keeper_state state;
	bool in_batch;
	struct lease lease;    /* epoch 0: none */
	int64_t due_ms;        /* when to look at it; monotonic, as the next */
	int64_t good_until_ms; /* of a HELD one */
};

struct batch {
	struct lease_group *group;
	int64_t asked_ms; /* monotonic */
	int count;
	struct item {
		struct lease_keeper *keeper;
		enum keeper_state state; /* as it was handed over: WANTED, HELD or ENDING */
		struct lease lease;
		int result; /* of the engine: 0, HEARTH_EBUSY or HEARTH_ECONFLICT */
	} items[BATCH_MAX];
};

static void unref(struct lease_keeper *k)
{
	if (atomic_fetch_sub(&k->refs, 1) == 1)
		free(k);
}

/* ---- telling the owner; on its executor ---- */

static void tell(void *arg)
{
	struct lease_keeper *k = arg;
	struct leases *ls = k->group->leases;
	struct lease now;

	pthread_mutex_lock(&ls->lock);
	now = k->state == HELD ? k->lease : (struct lease){ 0 };
	pthread_mutex_unlock(&ls->lock);
	/* It may have been lost and taken again before this ran: both are told. */
	if (!k->closed && k->told && k->told != now.epoch) {
		k->told = 0;
		if (k->lost)
			k->lost(k->arg);
		else
			k->claim(k->arg, NULL);
	}
	if (!k->closed && k->claim && now.epoch && k->told != now.epoch) {
		k->told = now.epoch;
		k->claim(k->arg, &now);
	}
	unref(k);
}

/* With the lock held. */
static void post_tell(struct lease_keeper *k)
{
	atomic_fetch_add(&k->refs, 1);
	exec_post(k->owner, tell, k);
}

/* With the lock held: it is not ours any more, or may not be. */
static void lose(struct lease_keeper *k)
{
	if (k->state != HELD)
		return;
	log_warn("lease", "a lease was lost", "name", "%s", k->lease.name, NULL);
	k->state = k->claim ? WANTED : LOST;
	k->lease.epoch = 0;
	k->due_ms = k->claim ? clock_mono_ms() + k->group->leases->ttl_ms / RENEW_PART : NEVER;
	post_tell(k);
}

/* ---- the batch ---- */

/* On the writer; may be run again. */
static int run_batch(struct db_tx *tx, void *arg)
{
	struct batch *b = arg;
	struct leases *ls = b->group->leases;

	for (int i = 0; i < b->count; i++) {
		struct item *it = &b->items[i];

		if (it->state == WANTED)
			it->result = lease_take(ls, tx, it->lease.name, &it->lease);
		else if (it->state == HELD)
			it->result = lease_renew(ls, tx, &it->lease);
		else
			it->result = lease_end(tx, &it->lease);
		if (it->result < 0 && it->result != HEARTH_EBUSY && it->result != HEARTH_ECONFLICT)
			return it->result;
	}
	return 0;
}

/* With the lock held: what the database said of one, or that it said nothing (`failed`). */
static void settle(struct batch *b, struct item *it, bool failed)
{
	struct lease_keeper *k = it->keeper;
	int64_t ttl_ms = b->group->leases->ttl_ms, now_ms = clock_mono_ms();
	bool ours = !failed && it->result == 0;

	k->in_batch = false;
	k->due_ms = failed ? now_ms + ttl_ms / RETRY_PART : b->asked_ms + ttl_ms / RENEW_PART;
	if (it->state == WANTED && ours) {
		k->lease = it->lease;
		/* Unkept meanwhile: it is freed at once. */
		if (k->state == WANTED) {
			k->state = HELD;
			post_tell(k);
		} else {
			k->due_ms = 0;
		}
	} else if (it->state == HELD && !failed && it->result != 0) {
		lose(k);
	} else if (it->state == ENDING || (k->state == ENDING && it->state == WANTED)) {
		/* Freed, or nothing known to be ours; where it failed, time frees it. */
		list_remove(&k->node);
		unref(k);
		return;
	} else if (it->state == HELD && ours && k->state == WANTED) {
		/* Given up for lost, and renewed after all: the epoch is still ours. */
		k->state = HELD;
		k->lease = it->lease;
		post_tell(k);
	}
	if (ours)
		k->good_until_ms = b->asked_ms + ttl_ms;
	if (ours && k->state == HELD && b->group->leases->alone)
		k->due_ms = k->good_until_ms = NEVER;
	if (k->state == ENDING)
		k->due_ms = 0;
}

static void look(void *arg);

/* On the loop. */
static void batch_done(void *arg, int status)
{
	struct batch *b = arg;
	struct leases *ls = b->group->leases;

	pthread_mutex_lock(&ls->lock);
	for (int i = 0; i < b->count; i++) {
		settle(b, &b->items[i], status < 0);
		unref(b->items[i].keeper);
	}
	b->group->busy = false;
	pthread_mutex_unlock(&ls->lock);
	free(b);
	if (ls->started)
		look(ls);
}

/* With the lock held. */
static void add_item(struct batch *b, struct lease_keeper *k)
{
	b->items[b->count++] = (struct item){ .keeper = k, .state = k->state, .lease = k->lease };
	k->in_batch = true;
	atomic_fetch_add(&k->refs, 1);
	/* Who was looked at goes behind the others. */
	list_remove(&k->node);
	list_push(&b->group->keepers, &k->node);
}

/* With the lock held: loses what is late, and takes a batch of what is due; NULL: nothing is. */
static struct batch *gather(struct lease_group *g, int64_t now_ms)
{
	struct batch *b = NULL;

	LIST_FOREACH (&g->keepers, node) {
		struct lease_keeper *k = LIST_ENTRY(node, struct lease_keeper, node);

		if (k->state == HELD && now_ms >= k->good_until_ms)
			lose(k);
		if (g->busy || k->in_batch || k->due_ms > now_ms || (b && b->count == BATCH_MAX))
			continue;
		if (!b) {
			b = mem_zalloc(sizeof(*b));
			b->group = g;
			b->asked_ms = now_ms;
		}
		add_item(b, k);
	}
	g->busy |= b != NULL;
	return b;
}

/* With the lock held: when somebody is due next. */
static int64_t next_ms(const struct lease_group *g)
{
	int64_t next = NEVER;

	LIST_FOREACH (&g->keepers, node) {
		const struct lease_keeper *k = LIST_ENTRY(node, struct lease_keeper, node);
		int64_t at = k->state == HELD && k->good_until_ms < k->due_ms ? k->good_until_ms
									      : k->due_ms;

		if (k->in_batch || g->busy)
			at = k->state == HELD ? k->good_until_ms : NEVER;
		if (at < next)
			next = at;
	}
	return next;
}

/* On the loop: by its timer, after a batch, and when somebody came. */
static void look(void *arg)
{
	struct leases *ls = arg;
	int64_t now_ms = clock_mono_ms(), next = NEVER;

	if (!ls->started)
		return;
	for (size_t i = 0; i < ls->group_count; i++) {
		struct lease_group *g = &ls->groups[i];
		struct batch *b;

		pthread_mutex_lock(&ls->lock);
		b = gather(g, now_ms);
		pthread_mutex_unlock(&ls->lock);
		if (b && db_write(g->db, run_batch, batch_done, b) < 0) {
			pthread_mutex_lock(&ls->lock);
			for (int j = 0; j < b->count; j++) {
				settle(b, &b->items[j], true);
				/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a reference each */
				unref(b->items[j].keeper);
			}
			g->busy = false;
			pthread_mutex_unlock(&ls->lock);
			free(b);
		}
		pthread_mutex_lock(&ls->lock);
		if (next_ms(g) < next)
			next = next_ms(g);
		pthread_mutex_unlock(&ls->lock);
	}
	if (next == NEVER)
		timer_stop(&ls->timer);
	else
		timer_start(&ls->timer, next - now_ms > LOOK_LEAST ? next - now_ms : LOOK_LEAST, 0,
			look, ls);
}

void leases_start(struct leases *ls)
{
	INVARIANT(!ls->started && exec_current() == exec_loop());
	ls->started = true;
	look(ls);
}

void lease_keepers_drop(struct leases *ls)
{
	struct list_node *node;

	for (size_t i = 0; i < ls->group_count; i++)
		while ((node = list_pop(&ls->groups[i].keepers))) {
			struct lease_keeper *k = LIST_ENTRY(node, struct lease_keeper, node);

			INVARIANT(k->state == ENDING);
			unref(k);
		}
}

void leases_stop(struct leases *ls)
{
	if (!ls->started)
		return;
	ls->started = false;
	timer_stop(&ls->timer);
}

/* ---- keeping ---- */

static struct lease_group *group_of(struct leases *ls, const struct db *db)
{
	for (size_t i = 0; i < ls->group_count; i++)
		if (ls->groups[i].db == db)
			return &ls->groups[i];
	log_fatal("lease", "a database without leases: %s", db_name(db));
}

static struct lease_keeper *add(struct leases *ls, struct db *db, struct lease_keeper keeper)
{
	struct lease_keeper *k = mem_alloc(sizeof(*k));

	INVARIANT(exec_current() && exec_loop());
	*k = keeper;
	k->group = group_of(ls, db);
	k->owner = exec_current();
	atomic_init(&k->refs, 2); /* the owner's and the list's */
	pthread_mutex_lock(&ls->lock);
	list_push(&k->group->keepers, &k->node);
	pthread_mutex_unlock(&ls->lock);
	exec_post(exec_loop(), look, ls);
	return k;
}

struct lease_keeper *lease_keep(
	struct leases *ls, struct db *db, const struct lease *l, lease_lost_fn *lost, void *arg)
{
	int64_t now_ms = clock_mono_ms();

	INVARIANT(l->epoch > 0);
	return add(ls, db,
		(struct lease_keeper){
			.lost = lost,
			.arg = arg,
			.told = l->epoch,
			.state = HELD,
			.lease = *l,
			/* It was taken a while ago; how long is not known, so it is renewed now. */
			.due_ms = ls->alone ? NEVER : now_ms,
			.good_until_ms = ls->alone ? NEVER : now_ms + ls->ttl_ms,
		});
}

struct lease_keeper *lease_claim(
	struct leases *ls, struct db *db, const char *name, lease_claim_fn *fn, void *arg)
{
	struct lease_keeper k = { .claim = fn, .arg = arg, .state = WANTED };

	INVARIANT(*name && strlen(name) <= LEASE_NAME_MAX);
	snprintf(k.lease.name, sizeof(k.lease.name), "%s", name);
	return add(ls, db, k);
}

void lease_unkeep(struct lease_keeper **kp)
{
	struct lease_keeper *k = *kp;
	struct leases *ls;
	bool stays;

	*kp = NULL;
	if (!k)
		return;
	/* Modules stop after the loop has ended, on a thread that is no executor any more. */
	INVARIANT(exec_current() == k->owner || !exec_current());
	ls = k->group->leases;
	k->closed = true;
	pthread_mutex_lock(&ls->lock);
	/* What is claimed is freed first; at the end of the process that is leases_free's. */
	stays = k->claim && (k->state == HELD || k->in_batch) && exec_loop();
	k->state = stays ? ENDING : LOST;
	k->due_ms = stays ? 0 : NEVER;
	if (!stays)
		list_remove(&k->node);
	pthread_mutex_unlock(&ls->lock);
	if (stays)
		exec_post(exec_loop(), look, ls);
	else
		unref(k);
	unref(k); /* NOLINT(clang-analyzer-unix.Malloc): the list's, and then the owner's */
}
