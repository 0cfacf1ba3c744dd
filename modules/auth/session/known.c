/*
 * known.c: noting where an account logged in (known.h), after it did: on the loop, one write for each
 * log-in that hashed a password.
 */
#include "session/known.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/log.h"
#include "session/network.h"

struct note {
	int64_t account;
	char network[AUTH_NETWORK_MAX];
};

static int note(struct db_tx *tx, void *arg)
{
	const struct note *n = arg;

	return auth_store_note_network(tx, n->account, n->network, clock_wall_ms());
}

static void on_noted(void *arg, int status)
{
	(void)status; /* it comes again with the next log-in */
	free(arg);
}

void auth_known_note(struct auth *a, int64_t account, const char *network)
{
	struct note *n = mem_zalloc(sizeof(*n));

	INVARIANT(account > 0 && network[0]);
	n->account = account;
	snprintf(n->network, sizeof(n->network), "%s", network);
	if (db_write(a->db, note, on_noted, n) < 0)
		free(n);
}
