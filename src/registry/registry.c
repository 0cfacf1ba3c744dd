/*
 * registry.c: the registry port: what this node has announced, and its engine, which knows of the
 * others. On the loop; as many entries as this node has services.
 */
#include "registry/registry_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/list.h"
#include "hearth/log.h"

struct service {
	struct list_node node; /* in `announced` */
	struct registry_entry entry;
};

struct registry {
	const struct registry_engine *engine;
	void *state; /* the engine's */
	struct list announced;
	char node[REGISTRY_NODE_MAX + 1];
	char address[REGISTRY_ADDRESS_MAX + 1];
};

struct registry *registry_new(
	const struct registry_engine *engine, const char *node, const char *address)
{
	struct registry *r = mem_zalloc(sizeof(*r));

	INVARIANT(*node && strlen(node) <= REGISTRY_NODE_MAX);
	INVARIANT(strlen(address) <= REGISTRY_ADDRESS_MAX);
	list_init(&r->announced);
	snprintf(r->node, sizeof(r->node), "%s", node);
	snprintf(r->address, sizeof(r->address), "%s", address);
	r->engine = engine;
	r->state = engine->open(r->node, r->address);
	return r;
}

static void drop(struct registry *r, struct service *s)
{
	r->engine->withdraw(r->state, s->entry.service);
	list_remove(&s->node);
	free(s);
}

void registry_free(struct registry **rp)
{
	struct registry *r = *rp;

	if (!r)
		return;
	LIST_FOREACH (&r->announced, it)
		drop(r, LIST_ENTRY(it, struct service, node));
	r->engine->close(r->state);
	free(r);
	*rp = NULL;
}

static struct service *own(struct registry *r, const char *service)
{
	LIST_FOREACH (&r->announced, it) {
		struct service *s = LIST_ENTRY(it, struct service, node);

		if (strcmp(s->entry.service, service) == 0)
			return s;
	}
	return NULL;
}

const char *registry_node(const struct registry *r)
{
	return r->node;
}

void registry_announce(struct registry *r, const char *service)
{
	struct service *s = mem_zalloc(sizeof(*s));

	INVARIANT(*service && strlen(service) <= REGISTRY_SERVICE_MAX);
	INVARIANT(!own(r, service));
	snprintf(s->entry.service, sizeof(s->entry.service), "%s", service);
	snprintf(s->entry.node, sizeof(s->entry.node), "%s", r->node);
	snprintf(s->entry.address, sizeof(s->entry.address), "%s", r->address);
	s->entry.here = true;
	s->entry.state = REGISTRY_STARTING;
	list_push(&r->announced, &s->node);
	r->engine->publish(r->state, &s->entry);
}

void registry_set_state(struct registry *r, const char *service, enum registry_state state)
{
	struct service *s = own(r, service);

	if (!s)
		return;
	s->entry.state = state;
	r->engine->publish(r->state, &s->entry);
}

void registry_drain(struct registry *r)
{
	LIST_FOREACH (&r->announced, it)
		registry_set_state(
			r, LIST_ENTRY(it, struct service, node)->entry.service, REGISTRY_DRAINING);
}

void registry_withdraw(struct registry *r, const char *service)
{
	struct service *s = own(r, service);

	if (s)
		drop(r, s);
}

const struct registry_entry *registry_find(struct registry *r, const char *service)
{
	return r->engine->find(r->state, service);
}
