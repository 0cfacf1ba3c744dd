/*
 * memory.c: the registry of a node that is alone: what it has announced is all there is. Nothing
 * expires here: an entry lives exactly as long as the process that would renew it. On the loop;
 * as many entries as services.
 */
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"
#include "hearth/list.h"
#include "registry/registry_internal.h"

struct known {
	struct list_node node;
	struct registry_entry entry;
};

static void *open_memory(const char *node, const char *address)
{
	struct list *all = mem_zalloc(sizeof(*all));

	(void)node;
	(void)address;
	list_init(all);
	return all;
}

static struct known *look_up(struct list *all, const char *service)
{
	LIST_FOREACH (all, it) {
		struct known *k = LIST_ENTRY(it, struct known, node);

		if (strcmp(k->entry.service, service) == 0)
			return k;
	}
	return NULL;
}

static void publish(void *state, const struct registry_entry *entry)
{
	struct known *k = look_up(state, entry->service);

	if (!k) {
		k = mem_zalloc(sizeof(*k));
		list_push(state, &k->node);
	}
	k->entry = *entry;
}

static void forget(void *state, const char *service)
{
	struct known *k = look_up(state, service);

	if (!k)
		return;
	list_remove(&k->node);
	free(k);
}

static const struct registry_entry *find(void *state, const char *service)
{
	struct known *k = look_up(state, service);

	return k ? &k->entry : NULL;
}

static void close_memory(void *state)
{
	struct list *all = state;

	LIST_FOREACH (all, it)
		free(LIST_ENTRY(it, struct known, node));
	free(all);
}

const struct registry_engine registry_memory = {
	.open = open_memory,
	.close = close_memory,
	.publish = publish,
	.withdraw = forget,
	.find = find,
};
