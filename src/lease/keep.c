/*
 * keep.c: leases that are kept, from the side of those who own them. It runs on the owner's
 * executor, but for the first part, which any thread calls with leases->lock held. States, threads
 * and bounds are in keeper.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "db/database.h"
#include "hearth/clock.h"
#include "hearth/log.h"
#include "lease/keeper.h"

void lease_keeper_unref(struct lease_keeper *k)
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
	lease_keeper_unref(k);
}

void lease_keeper_tell(struct lease_keeper *k)
{
	atomic_fetch_add(&k->refs, 1);
	exec_post(k->owner, tell, k);
}

void lease_keeper_lose(struct lease_keeper *k)
{
	if (k->state != HELD)
		return;
	log_warn("lease", "a lease was lost", "name", "%s", k->lease.name, NULL);
	k->state = k->claim ? WANTED : LOST;
	k->lease.epoch = 0;
	k->due_ms = k->claim ? clock_mono_ms() + k->group->leases->ttl_ms / LEASE_RENEW_PART
			     : LEASE_NEVER;
	lease_keeper_tell(k);
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
	exec_post(exec_loop(), leases_look, ls);
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
			.due_ms = ls->alone ? LEASE_NEVER : now_ms,
			.good_until_ms = ls->alone ? LEASE_NEVER : now_ms + ls->ttl_ms,
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
	k->due_ms = stays ? 0 : LEASE_NEVER;
	if (!stays)
		list_remove(&k->node);
	pthread_mutex_unlock(&ls->lock);
	if (stays)
		exec_post(exec_loop(), leases_look, ls);
	else
		lease_keeper_unref(k);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the list's was that, and this is the owner's */
	lease_keeper_unref(k);
}
