/*
 * video.h: what the files of the video module share, and the road a stream takes.
 *
 *   RTMP session ─tags─▶ ingest ─ demuxer ┬─ raw piece (blob) ──┐
 *      (loop)                             └─ GOP (blob) ────────┴─▶ rows, a task a rendition
 *                                                                      (in-queue) │
 *   playlist ◀── aggregator ◀── "video.segment" ◀── worker: segment (blob), row ◀─┘
 *                (memory)       (out-queue, event)          (package, transcode)
 *
 * A *channel* is where an account streams; a *stream* is one broadcast of it; a *rendition* is one
 * quality; a *GOP* (group of pictures) is some seconds of samples from a key frame on, with their
 * sound: several short groups together, or a piece of one that is too long; a *segment* is a GOP in
 * one rendition, packaged. In tables and blob keys a GOP is called a chunk, as it was once; in rtmp/
 * a chunk is RTMP's own.
 * All that players see counts along the channel and never comes twice: sequence numbers, the line
 * of time, and the *epoch*, which counts discontinuities.
 */
#ifndef VIDEO_VIDEO_H
#define VIDEO_VIDEO_H

#include "hearth/accounts.h"
#include "hearth/list.h"
#include "hearth/map.h"
#include "hearth/module.h"

#define VIDEO_NAME_MAX  64  /* bytes of a channel's name, with the NUL */
#define VIDEO_TITLE_MAX 801 /* the same of its title: 200 characters */

/* A stream's TARGETDURATION is chosen up to this; so a GOP is no longer, and not much shorter. */
#define VIDEO_TARGET_MAX_S 12

struct retention;
struct tidy;
struct video_live;

/* The scopes of keys that are the hash of what they name (blob.h): GOPs as they came, segments. */
#define VIDEO_GOPS     "video/chunk/"
#define VIDEO_SEGMENTS "video/segment/"

struct video {
	struct hearth *h;
	struct db *db;
	struct blob_store *blob;
	struct map *ingests;     /* channel id → struct ingest: who is publishing. Loop */
	struct list sessions;    /* RTMP sessions. Loop */
	struct video_live *live; /* playlists. Loop */
	struct tidy *tidy;       /* what is not needed any more. Loop */
	struct retention *retention;
	int64_t segment_ms;     /* wanted length of a GOP */
	int64_t window_ms;      /* how far back a playlist reaches */
	int64_t keep_ms;        /* how long segments are kept; at least the window */
	int64_t raw_keep_ms;    /* … the raw backup of a stream that has ended */
	int64_t raw_max;        /* bytes of a stream's raw backup */
	int64_t publishers_max; /* at once */
	int64_t late_ms;        /* a smaller rendition that is later is left out */
	int64_t hold_ms;        /* how long a playlist stays open after the end of its stream */
	bool refuse_takeover;   /* a second publisher with a live key is refused */
	int64_t reconnect_ms;   /* how long a publisher that broke off may take to come back */
	struct bus_listener *revoked;
	uint64_t
		revocations; /* heard of in this process, which asks anew what it was told before */
	struct metric *publishers, *shed;
	bool draining;
	struct lease_keeper *chores; /* the claim to do them, where there are several nodes */
	bool does_chores;            /* of this node: what is old is removed by one */
	bool shared;                 /* several servers have this database */
	bool adopting;               /* a look for streams that nobody has is under way */
	struct timer adopt;          /* shared: until the next one */
};

extern const struct http_route video_routes[];
extern const struct hearth_command video_commands[];

/* For `hearth verify` (check.c). */
extern const struct hearth_checks video_checks;

#endif
