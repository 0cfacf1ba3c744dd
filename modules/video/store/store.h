/*
 * store.h: every SQL statement of the video module. Inside a db_fn on the database "video".
 *
 * A file a table or two: store_channel.c, store_stream.c, store_rendition.c, store_gop.c,
 * store_raw.c, store_segment.c; what goes is store_retention.c (what is old) and store_forget.c
 * (what a deleted account leaves); the tables themselves are store_schema.c. What works with them
 * in the background has names of its own: retention.c, tidy.c. So on the database's writer, or,
 * where nothing is written, on a reader thread.
 */
#ifndef VIDEO_STORE_H
#define VIDEO_STORE_H

#include "hearth/blob.h"
#include "video.h"

extern const char *const video_migrations[];

/* ---- channels ---- */

struct video_channel {
	int64_t id, account;
	char name[VIDEO_NAME_MAX];   /* the local part of the account's address, made unique */
	char key[64];                /* the publishing key */
	char title[VIDEO_TITLE_MAX]; /* as its owner likes it; may be empty */
};

/*
 * The channel of an account, made with a new key when there is none. HEARTH_ENOTFOUND: the account
 * was deleted.
 */
int video_store_channel_of(
	struct db_tx *tx, const struct account *account, struct video_channel *out);
/* HEARTH_ENOTFOUND. */
int video_store_channel(struct db_tx *tx, int64_t id, struct video_channel *out);
int video_store_channel_by_account(struct db_tx *tx, int64_t account, struct video_channel *out);
int video_store_channel_by_key(struct db_tx *tx, struct slice key, struct video_channel *out);
int video_store_channel_by_name(struct db_tx *tx, struct slice name, struct video_channel *out);
int video_store_new_key(struct db_tx *tx, struct video_channel *channel);
/* Channels that have streamed, by name; `live` when a stream is going on. */
typedef int video_channel_fn(void *arg, const struct video_channel *channel, bool live);
int video_store_channels(struct db_tx *tx, video_channel_fn *each, void *arg);

/* ---- streams ---- */

struct video_stream {
	int64_t id, channel;
	int64_t started_at, ended_at; /* wall, ms; ended_at 0 while it goes on */
	int64_t first_sequence;       /* of the channel: GOPs before are of earlier streams */
	bool keep_raw;                /* whether there is a raw backup of it */
	int64_t follows;              /* the stream whose playlist it goes on with, or 0 */
	bool deleted;                 /* by its owner: what is left of it goes */
	/*
	 * From video_store_begin and video_store_promises: what its playlists have promised
	 * already, which a player must go on to find in them.
	 */
	bool promised_rungs, promised_audio;
	/* Of the latest GOP: */
	int64_t last_sequence; /* first_sequence - 1 when there is none */
	int64_t last_at;       /* when it came, wall, ms; before that, when the stream began */
	int64_t line_end;      /* 90 kHz: where it ends on the channel's line */
	int64_t epoch;         /* discontinuities of the channel up to it */
	int64_t target_s;      /* EXT-X-TARGETDURATION; set with the first GOP and never changed */
};

/* Whether a GOP has come. */
static inline bool video_stream_has_gop(const struct video_stream *s)
{
	return s->last_sequence >= s->first_sequence;
}

typedef int video_stream_fn(void *arg, const struct video_stream *s);

/*
 * Begins a stream behind whatever the channel has had: numbers, line and epoch count on. It follows
 * a stream that ended at most `hold_ms` ago, and keeps that one's target_s. HEARTH_ENOTFOUND: the
 * channel is gone.
 */
int video_store_begin(struct db_tx *tx, int64_t channel, int64_t now_ms, int64_t hold_ms,
	struct video_stream *out);
/* Fills in what the playlists of a stream that goes on after a restart have promised. */
int video_store_promises(struct db_tx *tx, struct video_stream *s);
/* Whether a stream that goes on with the playlist of this one has begun and not ended. */
int video_store_is_followed(struct db_tx *tx, int64_t stream, bool *out);
int video_store_end(struct db_tx *tx, int64_t stream, int64_t at_ms);
/* Ends whatever of the channel has not ended, where its last GOP did. */
int video_store_end_open(struct db_tx *tx, int64_t channel);
/*
 * Its owner does not want it any more: it is in no list, and expired (below) as soon as no playlist
 * of a stream that goes on lists it. HEARTH_ECONFLICT: it has not ended.
 */
int video_store_delete(struct db_tx *tx, int64_t stream);
/* HEARTH_ENOTFOUND. */
int video_store_stream(struct db_tx *tx, int64_t id, struct video_stream *out);
/*
 * The latest stream of a channel that can be watched: each of its renditions has a segment, or it
 * has gone on for a while without. HEARTH_ENOTFOUND.
 */
int video_store_latest(struct db_tx *tx, int64_t channel, struct video_stream *out);
/* Streams of a channel; and those of all channels that have not ended. The latest first. */
int video_store_streams(struct db_tx *tx, int64_t channel, video_stream_fn *each, void *arg);
int video_store_open_streams(struct db_tx *tx, video_stream_fn *each, void *arg);

/* ---- renditions ---- */

#define VIDEO_SOURCE "source" /* the rendition that is passed through */

struct video_rendition {
	int64_t id, stream;
	char name[16];
	uint32_t width, height; /* of the picture; 0: no video */
	uint32_t bitrate;       /* transcoded: bit/s; 0: passed through */
	uint32_t fps_num, fps_den;
	int64_t first_sequence; /* where it begins; the stream's own, or later */
	int64_t next_sequence;  /* the first one that is not stored yet: all before can be listed */
	char codecs[64];        /* RFC 6381, of the latest segment; empty before the first */
	int64_t shed_until; /* wall, ms: it is left out so long, since the server cannot keep up */
};

typedef int video_rendition_fn(void *arg, const struct video_rendition *r);

/* Adds it, or describes anew the one of this name; its beginning stays. Sets r->id. */
int video_store_set_rendition(struct db_tx *tx, struct video_rendition *r);
int video_store_shed(struct db_tx *tx, int64_t rendition, int64_t until_ms);
/* HEARTH_ENOTFOUND. */
int video_store_rendition(struct db_tx *tx, int64_t id, struct video_rendition *out);
int video_store_renditions(struct db_tx *tx, int64_t stream, video_rendition_fn *each, void *arg);

/* ---- GOPs and raw pieces ---- */

/*
 * Tasks {"stream","rendition","sequence"}: to pass a GOP through, and to make a smaller rendition
 * of it, which takes long; so they wait in queues of their own.
 */
#define VIDEO_QUEUE_PACKAGE   "video.package"
#define VIDEO_QUEUE_TRANSCODE "video.transcode"

struct video_gop {
	int64_t stream, sequence;
	int64_t start, duration; /* 90 kHz, on the stream's line */
	int64_t date_ms;         /* wall time of its beginning */
	int64_t epoch;           /* discontinuities of the stream up to its beginning */
	int64_t target_s;        /* of the stream */
	char blob[BLOB_KEY_MAX + 1];
};

/* Adds a GOP whose blob is stored, and a task for each rendition of the stream. */
int video_store_add_gop(struct db_tx *tx, const struct video_gop *c, int64_t now_ms);
/* All but target_s. HEARTH_ENOTFOUND. */
int video_store_gop(struct db_tx *tx, int64_t stream, int64_t sequence, struct video_gop *out);
/*
 * Blobs of GOPs that all renditions have had since before `before_ms`, some hundred at a time;
 * and forgets those GOPs.
 */
int video_store_finished_gops(
	struct db_tx *tx, int64_t before_ms, int (*each)(void *arg, struct slice blob), void *arg);
int video_store_forget_gop(struct db_tx *tx, struct slice blob, int64_t before_ms);

int video_store_add_raw(
	struct db_tx *tx, int64_t stream, int64_t number, const struct blob_info *blob);
/* How many pieces there are: they are numbered from 0. */
int video_store_raw_count(struct db_tx *tx, int64_t stream, int64_t *out);
int video_store_raws(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, int64_t number, int64_t size), void *arg);
/* HEARTH_ENOTFOUND. */
int video_store_raw(struct db_tx *tx, int64_t stream, int64_t number, struct blob_info *out);

/* ---- segments ---- */

struct video_segment {
	int64_t stream, rendition, sequence;
	int64_t start, duration; /* 90 kHz */
	int64_t date_ms;         /* wall time of its beginning */
	int64_t epoch;           /* as of its GOP */
	int64_t size;
	int64_t init;                /* number of its initialisation segment */
	char blob[BLOB_KEY_MAX + 1]; /* empty: it could not be made and is a gap */
};

/*
 * The event "video.segment": a segment is stored; with rendition and sequence 0: the stream has
 * ended.
 */
int video_store_tell(struct db_tx *tx, const struct video_segment *s);
/*
 * Adds a segment whose blob is stored, with the bytes of its initialisation segment and what is in
 * it (both empty for a gap), and publishes "video.segment"
 * {"channel","stream","rendition","sequence"}. HEARTH_EEXIST when it is there: made before.
 */
int video_store_add_segment(
	struct db_tx *tx, const struct video_segment *s, struct slice init, const char *codecs);
/* When every rendition has its segment, the GOP is finished. */
int video_store_finish_gop(struct db_tx *tx, int64_t stream, int64_t sequence, int64_t now_ms);
/* Segments that can be listed, with sequence > after, the latest first; `each` != 0 stops. */
int video_store_segments(struct db_tx *tx, const struct video_rendition *r, int64_t after,
	int (*each)(void *arg, const struct video_segment *s), void *arg);
/* Initialisation segments of a rendition with a number > after. */
int video_store_inits(struct db_tx *tx, int64_t rendition, int64_t after,
	int (*each)(void *arg, int64_t number, struct slice bytes), void *arg);
/*
 * A segment that any stream of the channel has had under this rendition's name; an initialisation
 * segment likewise, copied into *out. HEARTH_ENOTFOUND, also for a gap.
 */
int video_store_old_segment(struct db_tx *tx, int64_t channel, struct slice rendition,
	int64_t sequence, struct video_segment *out);
int video_store_old_init(struct db_tx *tx, int64_t channel, struct slice rendition, int64_t number,
	struct buf **out);

/* Bytes kept of all streams of a channel: raw pieces and segments. */
int video_store_used(struct db_tx *tx, int64_t channel, int64_t *out);

/* ---- deleted accounts (store_forget.c) ---- */

/*
 * An account is gone: nobody finds its channel any more, by name, key or account. *channel is its
 * number, or 0 when there is none.
 */
int video_store_forget(struct db_tx *tx, int64_t account, int64_t *channel);
/* 0, or HEARTH_ENOTFOUND when the account was forgotten. */
int video_store_is_forgotten(struct db_tx *tx, int64_t account);
/* How much of a channel is still being made: streams that have not ended, GOPs under way. */
int video_store_unfinished(struct db_tx *tx, int64_t channel, int64_t *out);

/* Where a blob of a channel is named. */
enum video_blob_kind {
	VIDEO_BLOB_RAW,
	VIDEO_BLOB_GOP,
	VIDEO_BLOB_SEGMENT,
};

struct video_blob {
	enum video_blob_kind kind;
	int64_t owner, number; /* stream or rendition, and the number there */
	char key[BLOB_KEY_MAX + 1];
};

/*
 * Blobs of a channel of one kind behind (owner, number), in that order, at most `max`, into out[];
 * returns how many. Gaps have none and are left out.
 */
int video_store_blobs(struct db_tx *tx, int64_t channel, const struct video_blob *after, int max,
	struct video_blob *out);
/*
 * The oldest blobs of one kind (not of GOPs) from before `before_ms`, and those of streams that
 * were deleted, at most `max`, into out[];
 * returns how many. Of raw pieces the end of their stream counts; gaps are among them, without key.
 */
int video_store_expired(struct db_tx *tx, enum video_blob_kind kind, int64_t before_ms, int max,
	struct video_blob *out);
/* Streams that ended before then and of which nothing is kept, but for the latest of a channel. */
int video_store_forget_streams(struct db_tx *tx, int64_t before_ms);
/* Whether a row names this blob (struct blob_names): 1, 0 or an error. */
int video_store_blob_named(struct db_tx *tx, const char *key);
/* Deletes the row that names it, and releases it. */
int video_store_forget_blob(struct db_tx *tx, const struct video_blob *b);
/* The rows that are left, once no blob is. */
int video_store_forget_channel(struct db_tx *tx, int64_t channel);

/* The pieces of the raw backup of a stream, in order. */
int video_store_raw_blobs(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, struct slice blob, int64_t size), void *arg);

#endif
