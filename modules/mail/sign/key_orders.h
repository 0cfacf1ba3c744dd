/*
 * sign/key_orders.h: what people order of the keys that sign: by command (dkim_commands.c) and over HTTP
 * (api/dkim_api.c). Each tells whoever runs the server, in its transaction. Blocks: for workers, and a
 * command's main thread.
 */
#ifndef MAIL_SIGN_KEY_ORDERS_H
#define MAIL_SIGN_KEY_ORDERS_H

#include "sign/keyring.h"

/* "waits", "signs" …: a state, as people are told it. Pure. */
const char *mail_key_state_name(enum mail_dkim_state state);

/*
 * New keys of the domain, one of each kind where none waits yet; they sign once they are seen in the
 * DNS, or with `now` at once, with those that waited: *signing counts them. HEARTH_EDENIED where the
 * key of secrets is missing.
 */
int mail_keys_rotate(struct keyring *ring, struct slice domain, bool now, size_t *signing);
/* Nothing that is signed by it counts any more, once its record is published so. HEARTH_ENOTFOUND. */
int mail_keys_revoke(struct db *db, struct slice domain, struct slice selector);

#endif
