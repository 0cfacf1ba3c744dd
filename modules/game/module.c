/*
 * module.c: the game module's table of contents (README.md).
 *
 * On the loop, before it serves anybody and after it has ended.
 */
#include <stdlib.h>

#include "engine/chores.h"
#include "engine/shard.h"
#include "engine/tenure.h"
#include "game.h"
#include "hearth/accounts.h"
#include "hearth/export.h"
#include "hearth/map.h"
#include "hearth/metric.h"
#include "lobby/lobby.h"
#include "personal/personal.h"
#include "personal/preferences.h"
#include "store/store.h"
#include "wire/relay.h"

static const struct config_setting settings[] = {
	{ NULL, "shards", CONFIG_INT, "2", "1", "16", NULL,
		"threads that the matches of this server are on" },
	{ NULL, "first_move", CONFIG_DURATION, "60s", "1s", "1h", NULL,
		"how long each side's first move is waited for before the match is aborted" },
	{ NULL, "grace", CONFIG_DURATION, "30s", "0s", "10m", NULL,
		"how long the clock of whose turn it was stands after a restart, to come back in" },
	{ NULL, "claim_after", CONFIG_DURATION, "40s", "5s", "1h", NULL,
		"how long a player may be away before the other may claim the match; twice as "
		"long from 8 minutes a side, three times from 25" },
	{ NULL, "matches_per_account", CONFIG_INT, "50", "1", "100", NULL,
		"matches of one account that may go on at a time" },
	{ NULL, "seeks_per_account", CONFIG_INT, "16", "1", "64", NULL,
		"seeks of one account that may wait at a time" },
	{ NULL, "seek_ttl", CONFIG_DURATION, "10m", "5s", "24h", NULL,
		"how long a seek waits for opponents before it ends" },
	CONFIG_END,
};

static const struct db_schema schemas[] = {
	{ "game", game_migrations },
	{ .name = NULL },
};

static const struct bus_subscription subscriptions[] = {
	{ .topic = ACCOUNTS_TOPIC_PREFERENCES,
		.name = "game.preferences",
		.database = "game",
		.prepare = game_preferences_prepare,
		.apply = game_preferences_apply,
		.everywhere = game_preferences_changed },
	{ .topic = ACCOUNTS_TOPIC_EXPORT,
		.name = "game.exports",
		.database = "game",
		.apply = game_on_export },
	{ .topic = ACCOUNTS_TOPIC_DELETED,
		.name = "game.accounts",
		.database = "game",
		.apply = game_on_deleted,
		.everywhere = game_account_gone },
	{ .topic = NULL },
};

static const struct queue_consumer queues[] = {
	{ GAME_QUEUE_EXPORT, "game", "io", 1, EXPORT_LEASE_MS, EXPORT_ATTEMPTS_MAX, game_export },
	{ .name = NULL },
};

static int start(struct hearth *h, void **state)
{
	const struct config *c = hearth_config(h);
	struct game *g = mem_zalloc(sizeof(*g));

	g->h = h;
	g->db = hearth_db(h, "game");
	g->accounts = hearth_service(h, "accounts");
	g->connections = hearth_service(h, "connections");
	g->shard_count = (int)config_int(c, "game", "shards");
	g->first_move_us = config_duration_ms(c, "game", "first_move") * 1000;
	g->claim_after_us = config_duration_ms(c, "game", "claim_after") * 1000;
	g->matches_max = config_int(c, "game", "matches_per_account");
	g->seeks_max = config_int(c, "game", "seeks_per_account");
	g->seek_ttl_ms = config_duration_ms(c, "game", "seek_ttl");
	g->moves = metric_counter("hearth_game_moves_total", NULL, "moves that are on disk");
	g->rejected =
		metric_counter("hearth_game_rejected_total", NULL, "intents that were refused");
	g->live = metric_gauge("hearth_game_matches", NULL, "matches that are going on");
	g->arena = arena_new();
	*state = g;
	registry_announce(hearth_registry(h), "game");
	for (int i = 0; i < g->shard_count; i++)
		g->shards[i] = game_shard_new(g, i);
	g->lobby = game_lobby_new(g);
	g->seeking = map_new();
	g->relay = game_relay_new(g);
	if (game_tenure_start(g, config_duration_ms(c, "game", "grace")) < 0)
		return -1;
	g->chores = game_chores_new(g);
	game_service_init(g);
	g->accounts->keeps_data(g->accounts->self, "game");
	g->connections->serve(g->connections->self, "game", &g->service);
	registry_set_state(hearth_registry(h), "game", REGISTRY_READY);
	return 0;
}

static void drain(void *state)
{
	game_tenure_drain(state);
}

static void stop(void *state)
{
	struct game *g = state;

	registry_withdraw(hearth_registry(g->h), "game");
	g->connections->serve(g->connections->self, "game", NULL);
	for (int i = 0; i < g->shard_count; i++)
		game_shard_free(&g->shards[i]);
	game_chores_free(&g->chores);
	game_tenure_stop(g);
	game_relay_free(&g->relay);
	game_lobby_free(&g->lobby);
	map_free(&g->seeking);
	arena_free(&g->arena);
	free(g);
}

static const char *const needs[] = { "accounts", "connections", NULL };

const struct hearth_module game_module = {
	.name = "game",
	.checks = &game_checks,
	.doc = "games by rules that are plugged in: chess, its variants, go and others",
	.scope = ACCOUNTS_SCOPE_GAME,
	.settings = settings,
	.schemas = schemas,
	.routes = game_routes,
	.subscriptions = subscriptions,
	.queues = queues,
	.needs = needs,
	.start = start,
	.drain = drain,
	.stop = stop,
};
