/*
 * sts_refresh.c: policies are fetched anew before their time is over, so that nobody in between can wait for
 * that: REFRESH_MAX of them at a time, at one node of several (sts_internal.h). On the loop.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "policy/sts_internal.h"

#define REFRESH_MAX 8
#define USED_MS     INT64_C(2592000000) /* whom nobody has written to for 30 days is let go */

struct refresh {
	struct sts *s;
	struct arena *a;
	struct slice domains[REFRESH_MAX];
	size_t n;
};

/* One node of several does it. */
static int read_due(struct db_tx *tx, void *arg)
{
	struct refresh *r = arg;
	int64_t now = clock_wall_ms();
	int rc = lease_turn(hearth_leases(r->s->m->h), tx, "mail.sts", STS_REFRESH_MS, NULL);

	r->n = 0;
	arena_reset(r->a);
	return rc < 0 ? rc
		      : mail_store_sts_due(
				tx, now, now - USED_MS, REFRESH_MAX, r->a, r->domains, &r->n);
}

static void on_due(void *arg, int status)
{
	struct refresh *r = arg;

	for (size_t i = 0; status == 0 && i < r->n && !r->s->ended; i++) {
		struct sts_entry *e = sts_entry_get(r->s, r->domains[i]);

		if (!e || e->busy)
			continue;
		e->anew = true;
		sts_begin(e);
	}
	r->s->refreshing = false;
	arena_free(&r->a);
	free(r);
}

void sts_refresh(void *arg)
{
	struct sts *s = arg;
	struct refresh *r;

	if (s->refreshing)
		return;
	s->refreshing = true;
	r = mem_zalloc(sizeof(*r));
	r->s = s;
	r->a = arena_new();
	if (db_write(s->m->db, read_due, on_due, r) < 0)
		on_due(r, HEARTH_EBUSY);
}
