/*
 * rating_api.h: GET /api/game/ratings: one's own ratings. On the loop.
 */
#ifndef GAME_RATING_API_H
#define GAME_RATING_API_H

#include "hearth/http.h"

void game_get_ratings(void *module, struct http_request *rq);

#endif
