/*
 * lease.c: the port: this node as an owner, and the calls inside transactions, which the engine
 * carries out. Any database thread; no state but what leases_new sets.
 */
#include "lease/leases.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/engine.h"
#include "hearth/error.h"
#include "hearth/log.h"

const char *leases_node(const struct leases *ls)
{
	return ls->node;
}

int64_t leases_ttl_ms(const struct leases *ls)
{
	return ls->ttl_ms;
}

/* ---- inside a db_fn ---- */

static int take(
	struct leases *ls, struct db_tx *tx, const char *name, int64_t ttl_ms, struct lease *out)
{
	int64_t epoch;
	int rc;

	INVARIANT(db_tx_writes(tx) && *name && strlen(name) <= LEASE_NAME_MAX);
	rc = tx->engine->leases->take(tx, name, ls->node, ttl_ms, &epoch);
	if (rc == 0 && out) {
		out->epoch = epoch;
		if (name != out->name)
			snprintf(out->name, sizeof(out->name), "%s", name);
	}
	return rc;
}

int lease_take(struct leases *ls, struct db_tx *tx, const char *name, struct lease *out)
{
	return take(ls, tx, name, ls->alone ? LEASE_FOREVER : ls->ttl_ms, out);
}

int lease_turn(
	struct leases *ls, struct db_tx *tx, const char *name, int64_t period_ms, struct lease *out)
{
	/* A little less: timers of the same period do not fire to the millisecond. */
	return take(ls, tx, name, period_ms - period_ms / 8, out);
}

int lease_renew(struct leases *ls, struct db_tx *tx, const struct lease *l)
{
	INVARIANT(db_tx_writes(tx) && l->epoch > 0);
	return ls->alone ? tx->engine->leases->check(tx, l)
			 : tx->engine->leases->renew(tx, l, ls->ttl_ms);
}

int lease_end(struct db_tx *tx, const struct lease *l)
{
	INVARIANT(db_tx_writes(tx) && l->epoch > 0);
	return tx->engine->leases->end(tx, l);
}

int lease_check(struct db_tx *tx, const struct lease *l)
{
	INVARIANT(l->epoch > 0);
	return tx->engine->leases->check(tx, l);
}

int lease_holder(struct db_tx *tx, const char *name, struct lease_holder *out)
{
	return tx->engine->leases->holder(tx, name, out);
}

int lease_each(struct db_tx *tx, const char *prefix, lease_each_fn *each, void *arg)
{
	INVARIANT(*prefix && strlen(prefix) <= LEASE_NAME_MAX);
	return tx->engine->leases->each(tx, prefix, each, arg);
}

/* ---- making and freeing ---- */

struct leases *leases_new(struct db *const *dbs, size_t db_count, const struct lease_options *o)
{
	struct leases *ls = mem_zalloc(sizeof(*ls));

	INVARIANT(*o->node && strlen(o->node) <= LEASE_NODE_MAX && o->ttl_ms >= 1000);
	snprintf(ls->node, sizeof(ls->node), "%s", o->node);
	ls->ttl_ms = o->ttl_ms;
	ls->alone = o->alone;
	ls->groups = mem_zalloc(db_count * sizeof(*ls->groups));
	ls->group_count = db_count;
	for (size_t i = 0; i < db_count; i++) {
		ls->groups[i] = (struct lease_group){ .leases = ls, .db = dbs[i] };
		list_init(&ls->groups[i].keepers);
	}
	pthread_mutex_init(&ls->lock, NULL);
	return ls;
}

static int end_all(struct db_tx *tx, void *arg)
{
	return tx->engine->leases->end_all(tx, arg);
}

int leases_end_all(struct leases *ls)
{
	int rc = 0;

	for (size_t i = 0; i < ls->group_count && rc == 0; i++)
		rc = db_write_wait(ls->groups[i].db, end_all, NULL);
	return rc;
}

void leases_free(struct leases **lsp)
{
	struct leases *ls = *lsp;

	if (!ls)
		return;
	INVARIANT(!ls->started);
	lease_keepers_drop(ls);
	/* Where nobody else is, the next start frees what was held. */
	for (size_t i = 0; i < ls->group_count && !ls->alone; i++) {
		if (db_write_wait(ls->groups[i].db, end_all, ls->node) < 0)
			log_warn("lease", "leases stay until their time is over", "database", "%s",
				db_name(ls->groups[i].db), NULL);
	}
	pthread_mutex_destroy(&ls->lock);
	free(ls->groups);
	free(ls);
	*lsp = NULL;
}
