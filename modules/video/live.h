/*
 * live.h: the aggregator's memory: the playlists of the channels that somebody watches, made of
 * stored segments only. On the loop.
 */
#ifndef VIDEO_LIVE_H
#define VIDEO_LIVE_H

#include "video.h"

struct video_live *video_live_new(struct video *v);
void video_live_free(struct video_live **l);
/* Something of the channel changed on disk: its playlists are made anew when they are next asked for. */
void video_live_refresh(struct video_live *l, int64_t channel);

/* The subscription "video.aggregate" on "video.segment" (module.c). */
int video_live_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
void video_live_after(void *module, const struct bus_event *ev);

/* GET /live/… (the routes stand in api.c). */
void video_get_master(void *module, struct http_request *rq);
void video_get_playlist(void *module, struct http_request *rq);
void video_get_file(void *module, struct http_request *rq);

#endif
