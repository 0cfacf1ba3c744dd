/*
 * turn.c: turns by network (turn.h): a ring of networks where somebody waits, each with its own
 * line. A network has an entry only while somebody of it waits. On the loop.
 */
#include "session/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"
#include "hearth/log.h"

#define SLOTS 1024

struct turn_group {
	char network[AUTH_NETWORK_MAX];
	struct list line;        /* struct turn, in order of coming */
	struct list_node ring;   /* among the networks */
	struct turn_group *next; /* of the same slot */
};

struct turns {
	struct list ring;
	struct turn_group *slots[SLOTS];
	int in_hand;
	bool handing; /* hand_out is at work: an fn that ends at once does not nest */
};

struct turns *turns_new(void)
{
	struct turns *t = mem_zalloc(sizeof(*t));

	list_init(&t->ring);
	return t;
}

void turns_free(struct turns **t)
{
	free(*t);
	*t = NULL;
}

static struct turn_group **slot_of(struct turns *t, const char *network)
{
	uint32_t hash = 2166136261u;

	for (const char *p = network; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return &t->slots[hash % SLOTS];
}

static struct turn_group *group_of(struct turns *t, const char *network)
{
	struct turn_group **slot = slot_of(t, network), *g;

	for (g = *slot; g; g = g->next)
		if (strcmp(g->network, network) == 0)
			return g;
	g = mem_zalloc(sizeof(*g));
	snprintf(g->network, sizeof(g->network), "%s", network);
	list_init(&g->line);
	list_push(&t->ring, &g->ring);
	g->next = *slot;
	*slot = g;
	return g;
}

static void group_drop(struct turns *t, struct turn_group *g)
{
	struct turn_group **at = slot_of(t, g->network);

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	list_remove(&g->ring);
	free(g);
}

/* The first of the network at the head, which goes to the end; NULL when nobody waits. */
static struct turn *pop(struct turns *t)
{
	struct turn_group *g;
	struct turn *turn;

	if (list_empty(&t->ring))
		return NULL;
	g = LIST_ENTRY(list_pop(&t->ring), struct turn_group, ring);
	INVARIANT(!list_empty(&g->line));
	turn = LIST_ENTRY(list_pop(&g->line), struct turn, node);
	if (list_empty(&g->line))
		group_drop(t, g);
	else
		list_push(&t->ring, &g->ring);
	return turn;
}

static void hand_out(struct turns *t)
{
	struct turn *turn;

	if (t->handing)
		return;
	t->handing = true;
	while (t->in_hand < TURNS_IN_HAND && (turn = pop(t)) != NULL) {
		t->in_hand++;
		turn->fn(turn->arg);
	}
	t->handing = false;
}

void turn_take(struct turns *t, struct turn *turn, const char *network, turn_fn *fn, void *arg)
{
	INVARIANT(fn && network[0]);
	*turn = (struct turn){ .fn = fn, .arg = arg };
	list_push(&group_of(t, network)->line, &turn->node);
	hand_out(t);
}

void turn_end(struct turns *t)
{
	INVARIANT(t->in_hand > 0);
	t->in_hand--;
	hand_out(t);
}
