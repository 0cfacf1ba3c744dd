/*
 * preferences.c: takes what a person has chosen for games out of the event (preferences.h). The document
 * was checked against its schema before it was published; what is missing in it has its default. On a
 * bus worker, inside a db_fn and on the loop, as the bus calls.
 */
#include "personal/preferences.h"

#include "engine/shard.h"
#include "hearth/accounts.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "lobby/lobby.h"

static int read_event(const struct bus_event *ev, struct arena *a, struct game_preferences *out)
{
	struct accounts_preferences read;
	const struct json *clock;
	int rc = accounts_preferences_read(a, ev->payload, "game", &read);

	*out = (struct game_preferences){ .account = read.account, .version = read.version };
	if (rc < 0)
		return rc;
	clock = json_get(read.section, "clock");
	json_get_i64(clock, "base_s", GAME_LIMIT_MIN_S, GAME_LIMIT_MAX_S, &out->base_s);
	json_get_i64(clock, "increment_s", 0, GAME_INCREMENT_MAX_S, &out->increment_s);
	json_get_bool(read.section, "auto_queen", &out->auto_queen);
	return 0;
}

int game_preferences_prepare(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	(void)module;
	*prepared = ARENA_NEW(a, struct game_preferences);
	return read_event(ev, a, *prepared);
}

int game_preferences_apply(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)ev;
	return game_store_set_preferences(tx, prepared);
}

/* On every node, since another may have the matches. One that was missed counts from the next
 * match on. */
void game_preferences_changed(void *module, const struct bus_event *ev)
{
	struct game *g = module;
	struct arena *a = arena_new();
	struct game_preferences p;

	if (ev && read_event(ev, a, &p) == 0)
		for (int i = 0; i < g->shard_count; i++)
			game_shard_complete(g->shards[i], p.account, p.auto_queen);
	arena_free(&a);
}
