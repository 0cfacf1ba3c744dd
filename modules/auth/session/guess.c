/*
 * guess.c: the limit on guesses: so many wrong passwords for one name from one network, and so many
 * from one network in all, within a window. The counters live in the shared cache.
 *
 * A name is not locked for the whole world when one network guesses at it: that would let anybody
 * shut anybody out.
 */
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"

struct guess {
	struct auth *a;
	char network_key[96];
	int64_t limit; /* of what the network may do */
	auth_guess_fn *done;
	void *arg;
};

static void network_key(char out[96], const char *peer)
{
	snprintf(out, 96, "auth.guess.net:%s", peer);
}

static void account_key(char out[400], const char *address, const char *peer)
{
	snprintf(out, 400, "auth.guess:%.120s@%s", address, peer);
}

static void on_network_count(void *arg, int status, int64_t value)
{
	struct guess *g = arg;

	/* A cache that does not answer must not shut everybody out. */
	g->done(g->arg, status == 0 && value > g->limit ? HEARTH_EBUSY : 0);
	free(g);
}

static void on_account_count(void *arg, int status, int64_t value)
{
	struct guess *g = arg;

	if (status == 0 && value > g->a->guesses_per_account) {
		g->done(g->arg, HEARTH_EBUSY);
		free(g);
		return;
	}
	cache_count(g->a->cache, slice_str(g->network_key), 1, g->a->guess_window_ms,
		on_network_count, g);
}

void auth_guess_take(
	struct auth *a, const char *address, const char *peer, auth_guess_fn *done, void *arg)
{
	struct guess *g = mem_zalloc(sizeof(*g));
	char key[400];

	g->a = a;
	g->limit = a->guesses_per_network;
	g->done = done;
	g->arg = arg;
	network_key(g->network_key, peer);
	account_key(key, address, peer);
	cache_count(a->cache, slice_str(key), 1, a->guess_window_ms, on_account_count, g);
}

void auth_guess_return(struct auth *a, const char *address, const char *peer)
{
	char key[400], net[96];

	account_key(key, address, peer);
	network_key(net, peer);
	cache_remove(a->cache, slice_str(key), NULL, NULL);
	cache_count(a->cache, slice_str(net), -1, a->guess_window_ms, NULL, NULL);
}

void auth_registration_take(struct auth *a, const char *peer, auth_guess_fn *done, void *arg)
{
	struct guess *g = mem_zalloc(sizeof(*g));

	g->a = a;
	g->limit = a->registrations_per_network;
	g->done = done;
	g->arg = arg;
	snprintf(g->network_key, sizeof(g->network_key), "auth.register:%s", peer);
	cache_count(
		a->cache, slice_str(g->network_key), 1, a->guess_window_ms, on_network_count, g);
}
