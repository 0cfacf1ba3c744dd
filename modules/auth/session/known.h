/*
 * known.h: the networks where an account logged in rightly, which no guesses of others shut out
 * (login_throttle.h). Kept in the database, since a restart must not make its owner a stranger.
 */
#ifndef AUTH_KNOWN_H
#define AUTH_KNOWN_H

#include "auth.h"

#define KNOWN_MS  (INT64_C(60) * 24 * 3600 * 1000) /* since the last log-in from there */
#define KNOWN_MAX 50                               /* networks of an account; the oldest goes */

/* Notes, some time later, that the account logged in from this network (network.h). On the loop. */
void auth_known_note(struct auth *a, int64_t account, const char *network);

/* ---- known_store.c: inside a db_fn ---- */

int auth_store_note_network(struct db_tx *tx, int64_t account, const char *network, int64_t now_ms);
/*
 * Whether the account of this address logged in from this network, has a token last used there, or
 * a trusted device with this hash ("": none).
 */
int auth_store_is_known(struct db_tx *tx, const char *address, const char *network,
	const char *device_hex, int64_t now_ms, bool *known);
/* All of an account; those too long ago. */
int auth_store_drop_networks(struct db_tx *tx, int64_t account);
int auth_store_expire_networks(struct db_tx *tx, int64_t now_ms);

#endif
