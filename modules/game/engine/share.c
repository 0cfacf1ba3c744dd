/*
 * share.c: who has which shards, and who should (share.h). Pure; GAME_SHARDS steps for each shard.
 */
#include "engine/share.h"

#include <stdio.h>
#include <string.h>

#include "hearth/log.h"
#include "hearth/str.h"

void game_lease_name(int what, char out[LEASE_NAME_MAX + 1])
{
	INVARIANT(what >= 0 && what < GAME_OWNABLE);
	if (what == GAME_LOBBY)
		snprintf(out, LEASE_NAME_MAX + 1, "%s", GAME_LEASE_LOBBY);
	else
		snprintf(out, LEASE_NAME_MAX + 1, GAME_LEASE_SHARD "%d", what);
}

int game_lease_what(const char *name)
{
	const struct slice prefix = SLICE(GAME_LEASE_SHARD);
	struct slice s = slice_str(name);
	int64_t shard;

	if (slice_eq(s, SLICE(GAME_LEASE_LOBBY)))
		return GAME_LOBBY;
	if (!slice_starts(s, prefix) ||
		slice_i64(slice_of(s.p + prefix.n, s.n - prefix.n), 0, GAME_SHARDS - 1, &shard) < 0)
		return -1;
	return (int)shard;
}

bool game_view_has_node(const struct game_view *v, const char *node)
{
	for (int i = 0; i < v->node_count; i++)
		if (strcmp(v->nodes[i], node) == 0)
			return true;
	return false;
}

static void add_node(struct game_view *v, const char *node)
{
	int at = v->node_count;

	if (at == GAME_NODES_MAX || game_view_has_node(v, node))
		return;
	for (; at > 0 && strcmp(v->nodes[at - 1], node) > 0; at--)
		memcpy(v->nodes[at], v->nodes[at - 1], sizeof(v->nodes[at]));
	snprintf(v->nodes[at], sizeof(v->nodes[at]), "%s", node);
	v->node_count++;
}

void game_view_init(struct game_view *v, const char *self)
{
	*v = (struct game_view){ 0 };
	add_node(v, self);
}

void game_view_add(void *view, const char *name, const struct lease_holder *holder)
{
	struct game_view *v = view;
	int what = game_lease_what(name);

	/* While it is there it writes what this one would not read: it goes first. */
	if (slice_starts(slice_str(name), SLICE(GAME_LEASE_OLD))) {
		v->blocked = true;
		return;
	}
	add_node(v, holder->node);
	if (what < 0)
		return;
	INVARIANT(v->held[what].epoch == 0 && holder->epoch > 0); /* a name is held once */
	v->held[what].epoch = holder->epoch;
	snprintf(v->held[what].node, sizeof(v->held[what].node), "%s", holder->node);
}

int game_view_share(const struct game_view *v, const char *node)
{
	INVARIANT(v->node_count > 0);
	for (int i = 0; i < v->node_count; i++)
		if (strcmp(v->nodes[i], node) == 0)
			return GAME_SHARDS / v->node_count + (i < GAME_SHARDS % v->node_count);
	return 0;
}

static int held_by(const struct game_view *v, const char *node)
{
	int n = 0;

	for (int i = 0; i < GAME_SHARDS; i++)
		n += v->held[i].epoch && strcmp(v->held[i].node, node) == 0;
	return n;
}

uint32_t game_view_takes(const struct game_view *v, const char *self)
{
	int room = game_view_share(v, self) - held_by(v, self);
	uint32_t takes = 0;

	if (v->blocked)
		return 0;
	for (int i = 0; i < GAME_SHARDS && room > 0; i++)
		if (!v->held[i].epoch) {
			takes |= 1u << i;
			room--;
		}
	if (!v->held[GAME_LOBBY].epoch)
		takes |= 1u << GAME_LOBBY;
	return takes;
}

uint32_t game_view_gives(const struct game_view *v, const char *self, uint32_t owned,
	const int64_t live[GAME_SHARDS])
{
	int over = -game_view_share(v, self);
	uint32_t gives = 0;

	for (int i = 0; i < GAME_SHARDS; i++)
		over += owned >> i & 1;
	for (; over > 0; over--) {
		int least = -1;

		for (int i = 0; i < GAME_SHARDS; i++)
			if ((owned & ~gives) >> i & 1 && (least < 0 || live[i] < live[least]))
				least = i;
		gives |= 1u << least;
	}
	return gives;
}
