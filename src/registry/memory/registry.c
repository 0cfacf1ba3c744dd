/*
 * registry.c: the registry of a node that is alone: a short list of the services that run in this
 * process. Nothing expires here: an entry lives exactly as long as the process that would renew it.
 * All of it is on the loop's thread.
 */
#include "registry/registry_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/list.h"
#include "hearth/log.h"

struct service {
	struct list_node node;
	struct registry_entry entry;
};

struct registry {
	struct list services;
	char node[sizeof(((struct registry_entry *)0)->node)];
};

struct registry *registry_new(const char *node_name)
{
	struct registry *r = mem_zalloc(sizeof(*r));

	list_init(&r->services);
	snprintf(r->node, sizeof(r->node), "%s", node_name);
	return r;
}

void registry_free(struct registry **rp)
{
	struct registry *r = *rp;

	if (!r)
		return;
	LIST_FOREACH (&r->services, it) {
		list_remove(it);
		free(LIST_ENTRY(it, struct service, node));
	}
	free(r);
	*rp = NULL;
}

static struct service *find(struct registry *r, const char *service)
{
	LIST_FOREACH (&r->services, it) {
		struct service *s = LIST_ENTRY(it, struct service, node);

		if (strcmp(s->entry.service, service) == 0)
			return s;
	}
	return NULL;
}

void registry_announce(struct registry *r, const char *service, const void *local)
{
	struct service *s = mem_zalloc(sizeof(*s));

	INVARIANT(*service && strlen(service) < sizeof(s->entry.service));
	INVARIANT(!find(r, service));
	snprintf(s->entry.service, sizeof(s->entry.service), "%s", service);
	snprintf(s->entry.node, sizeof(s->entry.node), "%s", r->node);
	snprintf(s->entry.address, sizeof(s->entry.address), "local");
	s->entry.local = local;
	s->entry.healthy = true;
	list_push(&r->services, &s->node);
}

void registry_set_health(struct registry *r, const char *service, bool healthy)
{
	struct service *s = find(r, service);

	if (s)
		s->entry.healthy = healthy;
}

void registry_withdraw(struct registry *r, const char *service)
{
	struct service *s = find(r, service);

	if (!s)
		return;
	list_remove(&s->node);
	free(s);
}

const struct registry_entry *registry_find(struct registry *r, const char *service)
{
	struct service *s = find(r, service);

	return s ? &s->entry : NULL;
}
