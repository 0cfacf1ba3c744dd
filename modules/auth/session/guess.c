/*
 * guess.c: the limits on guesses (guess.h), on one ladder after the other:
 *
 *   name and network ─▶ network ─▶ known here? ──yes──────────────────────────▶ go ahead
 *                                      │ no                                       ▲
 *                                      ▼                                          │
 *                                    name ──it waits──▶ known to the database? ───┘
 *
 * Counters and what is known lie in the shared cache. That may lose them; so before an account is
 * slowed for everybody, its sessions and devices in the database are asked.
 */
#include "session/guess.h"

#include <stdio.h>
#include <string.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/network.h"
#include "session/session.h"

#define ALL_FACTOR   10 /* times guesses_per_account: free over all networks */
#define KNOWN_TTL_MS (INT64_C(30) * 24 * 3600 * 1000)

static void give_back(struct auth_guess *g)
{
	ladder_return(&g->both);
	ladder_return(&g->net);
	ladder_return(&g->all);
}

static void refuse(struct auth_guess *g, int64_t retry_ms)
{
	give_back(g);
	g->done(g->arg, HEARTH_EBUSY, retry_ms);
}

/* ---- the third ladder: the name, for networks that are not known ---- */

static int find_known(struct db_tx *tx, void *arg)
{
	struct auth_guess *g = arg;

	return auth_store_is_known(
		tx, g->address, g->network, g->device, clock_wall_ms(), &g->known);
}

static void on_asked(void *arg, int status)
{
	struct auth_guess *g = arg;

	if (status == 0 && g->known)
		g->done(g->arg, 0, 0);
	else
		refuse(g, g->retry_ms);
}

static void on_all(void *arg, int status, int64_t retry_ms)
{
	struct auth_guess *g = arg;

	if (status == 0) {
		g->done(g->arg, 0, 0);
		return;
	}
	g->retry_ms = retry_ms;
	if (db_read(g->a->db, find_known, on_asked, g) < 0)
		refuse(g, retry_ms);
}

static void on_known(void *arg, int status, struct buf *value)
{
	struct auth_guess *g = arg;

	(void)value;
	g->known = status == 0;
	if (g->known)
		g->done(g->arg, 0, 0);
	else
		ladder_take(&g->all, g->a->cache, "name", slice_str(g->name),
			g->a->guesses_per_account * ALL_FACTOR, g->a->guess_window_ms, on_all, g);
}

/* ---- the first two ---- */

static void on_net(void *arg, int status, int64_t retry_ms)
{
	struct auth_guess *g = arg;

	if (status == 0)
		cache_get(g->a->cache, slice_str(g->known_key), on_known, g);
	else
		refuse(g, retry_ms);
}

static void on_both(void *arg, int status, int64_t retry_ms)
{
	struct auth_guess *g = arg;

	if (status == 0)
		ladder_take(&g->net, g->a->cache, "network", slice_str(g->network),
			g->a->guesses_per_network, g->a->guess_window_ms, on_net, g);
	else
		refuse(g, retry_ms);
}

void auth_guess_take(struct auth_guess *g, struct auth *a, const char *name, const char *address,
	const char *peer, const char *device_hex, auth_guess_fn *done, void *arg)
{
	char both[400];

	*g = (struct auth_guess){ .a = a, .done = done, .arg = arg };
	snprintf(g->name, sizeof(g->name), "%s", name);
	snprintf(g->address, sizeof(g->address), "%s", address);
	snprintf(g->device, sizeof(g->device), "%s", device_hex);
	auth_network(peer, g->network);
	snprintf(both, sizeof(both), "%s\n%s", g->network, g->address);
	ladder_key("known", slice_str(both), g->known_key);
	snprintf(both, sizeof(both), "%s\n%s", g->network, g->name);
	ladder_take(&g->both, a->cache, "both", slice_str(both), a->guesses_per_account,
		a->guess_window_ms, on_both, g);
}

void auth_guess_right(struct auth_guess *g)
{
	ladder_forget(&g->both);
	ladder_return(&g->net);
	ladder_return(&g->all);
	cache_put(g->a->cache, slice_str(g->known_key), SLICE("1"), KNOWN_TTL_MS, NULL, NULL);
}

void auth_guess_cancel(struct auth_guess *g)
{
	give_back(g);
}

void auth_registration_take(
	struct auth *a, struct ladder_step *step, const char *peer, ladder_fn *done, void *arg)
{
	char network[AUTH_NETWORK_MAX];

	auth_network(peer, network);
	ladder_take(step, a->cache, "register", slice_str(network), a->registrations_per_network,
		a->guess_window_ms, done, arg);
}
