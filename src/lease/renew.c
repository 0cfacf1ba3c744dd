/*
 * renew.c: leases that are kept: renewed in time, or claimed as soon as they are free (keeper.h).
 *
 * One timer on the loop looks at who is due and hands those of a database to its writer, up to
 * BATCH_MAX in one transaction; so a thousand streams cost a few commits in a third of their time
 * to live. A lease counts as lost, without a word of the database, when it was not renewed for its
 * time to live, counted from before the last renewal was asked for.
 *
 * On the loop, but for run_batch, which is on a database's writer.
 */
#include <stdlib.h>

#include "db/database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "lease/keeper.h"

#define BATCH_MAX  128
#define LOOK_LEAST 20 /* ms between two looks */
#define RETRY_PART 12 /* of the time to live, where the database did not take it */

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
	/* Lost meanwhile, by its time alone, and its owner was told: nothing is left to be done. */
	if (k->state == LOST)
		return;
	/* The same of one that is to be ended: it is, if it is still held. */
	if (k->state == ENDING && it->state == HELD)
		k->lease = it->lease;
	k->due_ms = failed ? now_ms + ttl_ms / RETRY_PART : b->asked_ms + ttl_ms / LEASE_RENEW_PART;
	if (it->state == WANTED && ours) {
		k->lease = it->lease;
		/* Unkept meanwhile: it is freed at once. */
		if (k->state == WANTED) {
			k->state = HELD;
			lease_keeper_tell(k);
		} else {
			k->due_ms = 0;
		}
	} else if (it->state == HELD && !failed && it->result != 0) {
		lease_keeper_lose(k);
	} else if (it->state == ENDING || (k->state == ENDING && it->state == WANTED)) {
		/* Freed, or nothing known to be ours; where it failed, time frees it. */
		list_remove(&k->node);
		lease_keeper_unref(k);
		return;
	} else if (it->state == HELD && ours && k->state == WANTED) {
		/* Given up for lost, and renewed after all: the epoch is still ours. */
		k->state = HELD;
		k->lease = it->lease;
		lease_keeper_tell(k);
	}
	if (ours)
		k->good_until_ms = b->asked_ms + ttl_ms;
	if (ours && k->state == HELD && b->group->leases->alone)
		k->due_ms = k->good_until_ms = LEASE_NEVER;
	if (k->state == ENDING)
		k->due_ms = 0;
}

/* On the loop. */
static void batch_done(void *arg, int status)
{
	struct batch *b = arg;
	struct leases *ls = b->group->leases;

	pthread_mutex_lock(&ls->lock);
	for (int i = 0; i < b->count; i++) {
		settle(b, &b->items[i], status < 0);
		lease_keeper_unref(b->items[i].keeper);
	}
	b->group->busy = false;
	pthread_mutex_unlock(&ls->lock);
	free(b);
	if (ls->started)
		leases_look(ls);
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
			lease_keeper_lose(k);
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
	int64_t next = LEASE_NEVER;

	LIST_FOREACH (&g->keepers, node) {
		const struct lease_keeper *k = LIST_ENTRY(node, struct lease_keeper, node);
		int64_t at = k->state == HELD && k->good_until_ms < k->due_ms ? k->good_until_ms
									      : k->due_ms;

		if (k->in_batch || g->busy)
			at = k->state == HELD ? k->good_until_ms : LEASE_NEVER;
		if (at < next)
			next = at;
	}
	return next;
}

/* On the loop: by its timer, after a batch, and when somebody came. */
void leases_look(void *arg)
{
	struct leases *ls = arg;
	int64_t now_ms = clock_mono_ms(), next = LEASE_NEVER;

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
				lease_keeper_unref(b->items[j].keeper);
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
	if (next == LEASE_NEVER)
		timer_stop(&ls->timer);
	else
		timer_start(&ls->timer, next - now_ms > LOOK_LEAST ? next - now_ms : LOOK_LEAST, 0,
			leases_look, ls);
}

void leases_start(struct leases *ls)
{
	INVARIANT(!ls->started && exec_current() == exec_loop());
	ls->started = true;
	leases_look(ls);
}

void lease_keepers_drop(struct leases *ls)
{
	struct list_node *node;

	for (size_t i = 0; i < ls->group_count; i++)
		while ((node = list_pop(&ls->groups[i].keepers))) {
			struct lease_keeper *k = LIST_ENTRY(node, struct lease_keeper, node);

			INVARIANT(k->state == ENDING);
			lease_keeper_unref(k);
		}
}

void leases_stop(struct leases *ls)
{
	if (!ls->started)
		return;
	ls->started = false;
	timer_stop(&ls->timer);
}
