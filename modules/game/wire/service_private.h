/*
 * service_private.h: what the files that read clients' frames share (service.c, seek_frames.c). On the loop.
 */
#ifndef GAME_SERVICE_PRIVATE_H
#define GAME_SERVICE_PRIVATE_H

#include "game.h"

void game_send_error(
	struct game *g, const struct frame_message *from, const char *code, const char *text);
/* True where a frame is for what another node owns: it goes there, if it can. */
bool game_hand_on(struct game *g, const struct frame_message *from, int what);
/* False, and an error to the client, when a member that is true or false is something else. */
bool game_read_flag(struct game *g, const struct frame_message *from, const struct json *frame,
	const char *name, bool *out);

/* The frames "seek", "cancel" (a seek, or all of the account) and "seeks". */
void game_on_seek(struct game *g, const struct frame_message *from, const struct json *frame);
void game_on_cancel(struct game *g, const struct frame_message *from, const struct json *frame);
void game_on_seeks(struct game *g, const struct frame_message *from, const struct json *frame);

#endif
