/*
 * playlist_cache.h: the aggregator's memory: the channels that somebody watches, made of stored
 * segments only, and their playlists. On the loop.
 */
#ifndef VIDEO_PLAYLIST_CACHE_H
#define VIDEO_PLAYLIST_CACHE_H

#include "store/store.h"

#define LIVE_LINES_MAX 8

struct live_init {
	int64_t number;
	struct buf *bytes; /* owned */
};

/* One quality of the latest stream: the window that its playlist shows. */
struct live_line {
	struct video_rendition rendition;
	struct video_segment *segments; /* in order, without a hole */
	size_t n, cap;
	int64_t length;          /* of all of them, 90 kHz */
	struct live_init *inits; /* in order of number; the latest ones */
	size_t init_count;
	struct buf *playlist; /* NULL: to be written */
};

struct live_waiter;

/* The loop's alone: looks at the disk bring their finds along (playlist_cache.c). */
struct live_channel {
	struct list_node used; /* by last use */
	struct video *v;
	char name[VIDEO_NAME_MAX];
	int64_t id; /* 0 before the first look */
	struct video_stream stream;
	struct live_line lines[LIVE_LINES_MAX];
	size_t line_count;
	struct buf *master; /* NULL: to be written */
	int64_t open_until; /* the stream has ended, its playlists have not before then; wall, ms */
	bool closed;        /* they have, for good */
	bool stale;         /* there is more on disk */
	bool looking;
	bool look_again;             /* it became stale while looking */
	struct live_waiter *waiters; /* for the look under way */
};

struct video_live *video_live_new(struct video *v);
void video_live_free(struct video_live **l);
/* Something of the channel (0: of any) changed on disk: it is looked at when next asked for. */
void video_live_refresh(struct video_live *l, int64_t channel);

/* The channel is gone: so is what is known of it. */
void video_live_forget(struct video_live *l, int64_t channel);

/* Of streams that have ended some may be gone from the disk: they are looked at anew. */
void video_live_forget_ended(struct video_live *l);

/* The subscription "video.aggregate" on "video.segment" (module.c). */
int video_live_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
void video_live_changed(void *module, const struct bus_event *ev);

/* Answers with the channel in memory as it is now on disk; NULL with an error otherwise. */
typedef void live_answer_fn(struct live_channel *c, int status, struct http_request *rq);
/* Calls `answer`, now or after a look at the disk. */
void live_ask(
	struct video_live *l, struct slice name, struct http_request *rq, live_answer_fn *answer);
/* The channel, if it is in memory, however old; NULL. */
struct live_channel *live_peek(struct video_live *l, struct slice name);

/* NULL when there is none of this name; or of this number. */
struct live_line *live_line_of(struct live_channel *c, struct slice name);
const struct video_segment *live_segment_of(const struct live_line *line, int64_t number);
struct buf *live_init_of(const struct live_line *line, int64_t number);

/* GET /live/… (serve.c; the routes stand in api.c). */
void video_get_master(void *module, struct http_request *rq);
void video_get_playlist(void *module, struct http_request *rq);
void video_get_file(void *module, struct http_request *rq);

#endif
