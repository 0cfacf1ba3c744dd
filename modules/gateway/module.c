/*
 * module.c: the gateway's table of contents: it holds every WebSocket (README.md).
 * On the loop.
 */
#include "gateway.h"

#include "hearth/metric.h"

#include <stdlib.h>

static const struct config_setting settings[] = {
	{ NULL, "message_max", CONFIG_SIZE, "16K", "1K", "1M", NULL,
		"largest frame taken from a client" },
	{ NULL, "output_max", CONFIG_SIZE, "256K", "16K", "16M", NULL,
		"bytes that may wait for a client that reads slowly; beyond twice that it is cut "
		"off" },
	{ NULL, "ping", CONFIG_DURATION, "20s", "1s", "10m", NULL,
		"a ping this often; twice as much silence ends the connection" },
	{ NULL, "connections_per_account", CONFIG_INT, "64", "1", "100000", NULL,
		"WebSockets of one account" },
	CONFIG_END,
};

static const struct http_route routes[] = {
	{ HTTP_GET, "/ws", gateway_accept, HTTP_ACCOUNT, 0 },
	{ .pattern = NULL },
};

static uint32_t node_hash(const char *node)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *node; node++)
		hash = (hash ^ (unsigned char)*node) * 16777619u;
	return hash;
}

static int start(struct hearth *h, void **state)
{
	const struct config *c = hearth_config(h);
	struct gateway *g = mem_zalloc(sizeof(*g));

	g->h = h;
	g->peers = map_new();
	g->accounts = map_new();
	g->arena = arena_new();
	/*
	 * A number of which the upper half is the node's: nodes, and the lives of one, each have a
	 * random id, so two have the same upper half once in four billion times.
	 */
	g->first_id = (uint64_t)node_hash(registry_node(hearth_registry(h))) << 32;
	g->message_max = (size_t)config_size(c, "gateway", "message_max");
	g->output_high = (size_t)config_size(c, "gateway", "output_max");
	g->ping_ms = config_duration_ms(c, "gateway", "ping");
	g->per_account_max = config_int(c, "gateway", "connections_per_account");
	g->open = metric_gauge("hearth_gateway_connections", NULL, "WebSockets that are open");
	g->frames_in =
		metric_counter("hearth_gateway_frames_total", "direction=\"in\"", "frames carried");
	g->frames_out = metric_counter(
		"hearth_gateway_frames_total", "direction=\"out\"", "frames carried");
	g->revoked = bus_listen(hearth_bus(h), ACCOUNTS_TOPIC_REVOKED, gateway_close_revoked, g);
	gateway_connections_init(g);
	hearth_offer(h, "connections", &g->service);
	*state = g;
	return 0;
}

static void drain(void *state)
{
	struct gateway *g = state;
	size_t it = 0;
	void *value;

	g->draining = true;
	while (map_next(g->peers, &it, NULL, &value))
		ws_close(((struct gateway_peer *)value)->ws, WS_SERVICE_RESTART,
			"the server restarts");
}

static void stop(void *state)
{
	struct gateway *g = state;

	gateway_connections_clear(g);
	bus_unlisten(&g->revoked);
	map_free(&g->peers);
	map_free(&g->accounts);
	arena_free(&g->arena);
	free(g);
}

static const char *const offers[] = { "connections", NULL };
static const char *const needs[] = { "accounts", NULL };

const struct hearth_module gateway_module = {
	.name = "gateway",
	.doc = "WebSockets, carried to the service they ask for",
	.scope = ACCOUNTS_SCOPE_GAME,
	.settings = settings,
	.routes = routes,
	.needs = needs,
	.offers = offers,
	.start = start,
	.drain = drain,
	.stop = stop,
};
