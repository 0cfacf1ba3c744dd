/*
 * store_private.h: what the files that write matches share (store.c, store_step.c). Inside a db_fn.
 */
#ifndef GAME_STORE_PRIVATE_H
#define GAME_STORE_PRIVATE_H

#include "hearth/json.h"
#include "store/store.h"

/* Publishes under the match's own key, so that its events come in order. Frees the payload. */
int game_store_publish(struct db_tx *tx, const char *topic, int64_t match, struct strbuf *payload);
/* A clock as it stands in rows. */
void game_store_write_clock(const struct game_clock *clock, struct strbuf *out);

#endif
