/*
 * uploads.c: counts of uploads by account (uploads.h). There is an entry for an account with some under
 * way, so there are no more entries than connections. On the loop.
 */
#include "http/uploads.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/log.h"
#include "hearth/map.h"

struct under_way {
	int64_t count;
	uint64_t bytes;
};

struct uploads {
	int64_t count_max, bytes_max;
	struct map *accounts; /* of struct under_way, by number */
};

struct uploads *uploads_new(int64_t count_max, int64_t bytes_max)
{
	struct uploads *u = mem_zalloc(sizeof(*u));

	u->count_max = count_max;
	u->bytes_max = bytes_max;
	u->accounts = map_new();
	return u;
}

void uploads_free(struct uploads **u)
{
	void *one;

	if (!*u)
		return;
	for (size_t it = 0; map_next((*u)->accounts, &it, NULL, &one);)
		free(one);
	map_free(&(*u)->accounts);
	free(*u);
	*u = NULL;
}

bool uploads_begin(struct uploads *u, int64_t account, uint64_t bytes)
{
	struct under_way *one = map_get_u64(u->accounts, (uint64_t)account);

	if (one && u->count_max > 0 && one->count >= u->count_max)
		return false;
	if (one && u->bytes_max > 0 &&
		(one->bytes > (uint64_t)u->bytes_max ||
			bytes > (uint64_t)u->bytes_max - one->bytes))
		return false;
	if (!one) {
		one = mem_zalloc(sizeof(*one));
		map_set_u64(u->accounts, (uint64_t)account, one);
	}
	one->count++;
	one->bytes += bytes;
	return true;
}

void uploads_end(struct uploads *u, int64_t account, uint64_t bytes)
{
	struct under_way *one = map_get_u64(u->accounts, (uint64_t)account);

	INVARIANT(one && one->count > 0 && one->bytes >= bytes);
	one->bytes -= bytes;
	if (--one->count > 0)
		return;
	map_remove_u64(u->accounts, (uint64_t)account);
	free(one);
}
