/*
 * long_reads.c: a list of owners, in the order of their turns, each with a list of jobs in the
 * order they came; taking one is a look at the first owner who has none running. Under the readers'
 * lock, on any thread.
 */
#include "db/long_reads.h"

#include <stdlib.h>

#include "hearth/log.h"

struct owner {
	struct list_node node;
	int64_t id;
	struct ring jobs; /* struct read */
	bool running;
};

static struct owner *find(const struct long_reads *l, int64_t id)
{
	LIST_FOREACH (&l->owners, node) {
		struct owner *o = LIST_ENTRY(node, struct owner, node);

		if (o->id == id)
			return o;
	}
	return NULL;
}

void long_reads_push(struct long_reads *l, const struct read *r)
{
	struct owner *o = find(l, r->owner);

	if (!o) {
		o = mem_zalloc(sizeof(*o));
		o->id = r->owner;
		list_push(&l->owners, &o->node);
	}
	ring_push(&o->jobs, r, sizeof(*r));
	l->waiting++;
}

bool long_reads_take(struct long_reads *l, struct read *r)
{
	LIST_FOREACH (&l->owners, node) {
		struct owner *o = LIST_ENTRY(node, struct owner, node);

		if (o->running || !ring_pop(&o->jobs, r, sizeof(*r)))
			continue;
		l->waiting--;
		o->running = true;
		list_remove(&o->node);
		list_push(&l->owners, &o->node);
		return true;
	}
	return false;
}

void long_reads_end(struct long_reads *l, int64_t owner)
{
	struct owner *o = find(l, owner);

	INVARIANT(o && o->running);
	o->running = false;
	if (o->jobs.count)
		return;
	list_remove(&o->node);
	ring_free(&o->jobs);
	free(o);
}
