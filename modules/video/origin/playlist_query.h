/*
 * playlist_query.h: one look at what is on disk of a channel's latest stream, beyond what is known
 * of it. Made on the loop, filled on a database thread, merged and freed on the loop (playlist_cache.c).
 */
#ifndef VIDEO_PLAYLIST_QUERY_H
#define VIDEO_PLAYLIST_QUERY_H

#include "origin/playlist_cache.h"

/* What is new of one rendition. */
struct look_line {
	struct video_rendition rendition;
	struct video_segment *segments; /* the latest first; owned */
	size_t n, cap;
	int64_t length;
	bool window_full;        /* they fill the window: what was known is too old */
	struct live_init *inits; /* owned */
	size_t init_count;
};

struct look {
	struct live_channel *asked_by; /* for the loop only */
	/* What is known: */
	char name[VIDEO_NAME_MAX];
	int64_t window_ms, hold_ms;
	int64_t known_stream;
	struct {
		int64_t rendition, sequence, init; /* the latest ones */
	} known[LIVE_LINES_MAX];
	size_t known_count;
	/* What was found: */
	int64_t channel;
	struct video_stream stream;
	int64_t window;     /* 90 kHz */
	int64_t lead;       /* 90 kHz: so much stands in a playlist, also of the stream before */
	int64_t open_until; /* the stream has ended; its playlist has not before then (wall, ms) */
	struct look_line lines[LIVE_LINES_MAX];
	size_t line_count;
};

struct look *look_new(struct live_channel *c);
/* A db_fn. HEARTH_ENOTFOUND: no such channel, or nothing to watch. */
int look_at_disk(struct db_tx *tx, void *look);
void look_free(struct look **look);

#endif
