/*
 * preferences.c: the beginning and the end of the preferences (preferences.h). On the loop.
 */
#include "preferences/preferences.h"

#include <stdlib.h>

#include "hearth/log.h"
#include "preferences/schema_file.h"

struct preferences *preferences_new(struct auth *a)
{
	struct preferences *p = mem_zalloc(sizeof(*p));
	const char *why;

	p->a = a;
	p->arena = arena_new();
	p->blob = hearth_blob(a->h);
	p->io = hearth_pool(a->h, "io");
	if (schema_read(p->arena, schema_file(), &p->schema, &why) < 0) {
		log_error("auth", "the schema of the preferences is bad", "why", "%s", why, NULL);
		preferences_free(&p);
		return NULL;
	}
	return p;
}

void preferences_free(struct preferences **pp)
{
	struct preferences *p = *pp;

	if (!p)
		return;
	arena_free(&p->arena);
	free(p);
	*pp = NULL;
}
