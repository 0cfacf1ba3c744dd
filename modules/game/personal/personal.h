/*
 * personal.h: what the game module keeps of a person, handed out (export.h) and forgotten.
 *
 * The part of an export is games.pgn: every match the person played, with how it ended. When an
 * account is deleted its matches stay, for the opponents', with the seat empty: no number and no
 * name. Those that are going on are resigned.
 */
#ifndef GAME_PERSONAL_H
#define GAME_PERSONAL_H

#include "game.h"

#define GAME_QUEUE_EXPORT "game.export"

/* The subscription "game.exports" and the queue GAME_QUEUE_EXPORT. */
int game_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
int game_export(void *module, const struct queue_task *task, struct arena *a);
/* The subscription "game.accounts". */
int game_on_deleted(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
void game_account_gone(void *module, const struct bus_event *ev);

#endif
