/*
 * presence.c: who is connected where: for each account a set of (node, client) in the shared cache,
 * under "gateway.at:ACCOUNT", as lines of
 *
 *	NODE CLIENT UNTIL        UNTIL: milliseconds, wall clock; then it counts no more
 *
 * A node writes its own lines and keeps those of others, by compare-and-set; so what two nodes do at
 * once is both there afterwards. It says its lines again each third of their time, and those of a
 * node that died run out.
 *
 *   idle ──changed──▶ getting ──▶ setting ──▶ idle
 *                        ▲           │ somebody else was faster, or changed meanwhile
 *                        └───────────┘
 *
 * All on the loop. Bounds: one update an account that is or was just connected; LISTED_MAX lines of
 * a node, TRIES_MAX tries (the renewal comes in any case).
 */
#include "gateway.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TTL_MS     90000 /* three times the time between two renewals */
#define EMPTY_MS   1000
#define LISTED_MAX 256
#define TRIES_MAX  16

struct update {
	struct gateway *g;
	int64_t account;
	int tries;
	bool again; /* something changed while it was on its way */
};

static struct slice key_of(char out[64], int64_t account)
{
	return slice_of(out, (size_t)snprintf(out, 64, "gateway.at:%" PRId64, account));
}

/* The lines of other nodes that have not run out. */
static void keep_others(struct strbuf *out, struct slice old, const char *node, int64_t now_ms)
{
	while (old.n) {
		struct slice line = slice_split(&old, '\n'), rest = line;
		struct slice whose = slice_split(&rest, ' ');
		int64_t until_ms = 0;

		slice_split(&rest, ' ');
		if (slice_eq(whose, slice_str(node)) ||
			slice_i64(rest, 0, INT64_MAX, &until_ms) < 0 || until_ms <= now_ms)
			continue;
		strbuf_add(out, line);
		strbuf_addc(out, '\n');
	}
}

static void add_own(
	struct strbuf *out, const struct gateway_account *account, const char *node, int64_t now_ms)
{
	int listed = 0;

	LIST_FOREACH (&account->peers, it) {
		if (listed++ == LISTED_MAX)
			break;
		strbuf_printf(out, "%s %" PRIu64 " %" PRId64 "\n", node,
			LIST_ENTRY(it, struct gateway_peer, node)->id, now_ms + TTL_MS);
	}
}

static void get(struct update *u);

static void on_set(void *arg, int status)
{
	struct update *u = arg;

	if ((status == HEARTH_ECONFLICT || u->again) && ++u->tries < TRIES_MAX) {
		get(u);
		return;
	}
	map_remove_u64(u->g->updates, (uint64_t)u->account);
	free(u);
}

static void on_got(void *arg, int status, struct buf *value)
{
	struct update *u = arg;
	const struct gateway_account *account = map_get_u64(u->g->accounts, (uint64_t)u->account);
	struct slice old = value ? buf_slice(value) : slice_of(NULL, 0);
	int64_t now_ms = clock_wall_ms();
	struct strbuf set = { 0 };
	char key[64];

	u->again = false;
	if (status < 0 && status != HEARTH_ENOTFOUND) {
		on_set(u, status);
		return;
	}
	keep_others(&set, old, u->g->node, now_ms);
	if (account)
		add_own(&set, account, u->g->node, now_ms);
	cache_cas(u->g->cache, key_of(key, u->account), old, strbuf_slice(&set),
		set.n ? TTL_MS : EMPTY_MS, on_set, u);
	strbuf_free(&set);
}

static void get(struct update *u)
{
	char key[64];

	cache_get(u->g->cache, key_of(key, u->account), on_got, u);
}

void gateway_presence_changed(struct gateway *g, int64_t account)
{
	struct update *u = map_get_u64(g->updates, (uint64_t)account);

	if (u) {
		u->again = true;
		return;
	}
	u = mem_zalloc(sizeof(*u));
	u->g = g;
	u->account = account;
	map_set_u64(g->updates, (uint64_t)account, u);
	get(u);
}

void gateway_presence_renew(void *gateway)
{
	struct gateway *g = gateway;
	size_t it = 0;
	void *value;

	while (map_next(g->accounts, &it, NULL, &value))
		gateway_presence_changed(g, ((struct gateway_account *)value)->id);
}

void gateway_presence_free(struct gateway *g)
{
	size_t it = 0;
	void *value;

	while (map_next(g->updates, &it, NULL, &value))
		free(value);
	map_free(&g->updates);
}
