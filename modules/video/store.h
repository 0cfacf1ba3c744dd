/*
 * store.h: every SQL statement of the video module. Inside a db_fn on the database "video".
 */
#ifndef VIDEO_STORE_H
#define VIDEO_STORE_H

#include "hearth/blob.h"
#include "video.h"

extern const char *const video_migrations[];

/* ---- channels ---- */

struct video_channel {
	int64_t id, account;
	char name[VIDEO_NAME_MAX]; /* the local part of the account's address, made unique */
	char key[64];              /* the publishing key */
};

/* The first channel of an account, made with a new key when there is none. */
int video_store_channel_of(
	struct db_tx *tx, const struct account *account, struct video_channel *out);
int video_store_channel_by_account(struct db_tx *tx, int64_t account, struct video_channel *out);
int video_store_channel_by_key(struct db_tx *tx, struct slice key, struct video_channel *out);
int video_store_channel_by_name(struct db_tx *tx, struct slice name, struct video_channel *out);
int video_store_new_key(struct db_tx *tx, struct video_channel *channel);
/* Channels that have streamed, by name; `live` when a stream is going on. */
typedef int video_channel_fn(void *arg, const struct video_channel *channel, bool live);
int video_store_channels(struct db_tx *tx, video_channel_fn *each, void *arg);

/* ---- streams and renditions ---- */

struct video_stream {
	int64_t id, channel;
	int64_t started_at, ended_at; /* wall, ms; ended_at 0 while it goes on */
	int64_t first_sequence;       /* of the channel: chunks before are of earlier streams */
	int64_t last_sequence; /* of the latest chunk; first_sequence - 1 when there is none */
};

/* Begins a stream behind whatever the channel has had. */
int video_store_begin(struct db_tx *tx, int64_t channel, int64_t now_ms, struct video_stream *out);
int video_store_end(struct db_tx *tx, int64_t stream, int64_t now_ms);
/* After a crash: streams that nobody publishes any more are over. */
int video_store_end_all(struct db_tx *tx, int64_t now_ms);
/* The latest stream of a channel that has a chunk; HEARTH_ENOTFOUND. */
int video_store_latest(struct db_tx *tx, int64_t channel, struct video_stream *out);
int video_store_stream(struct db_tx *tx, int64_t id, struct video_stream *out);
int video_store_streams(struct db_tx *tx, int64_t channel,
	int (*each)(void *arg, const struct video_stream *s), void *arg);

#define VIDEO_SOURCE "source" /* the rendition that is passed through */

struct video_rendition {
	int64_t id, stream;
	char name[16];
	uint32_t width, height; /* 0: no video */
	uint32_t bitrate;       /* transcoded: bit/s; 0: passed through */
	uint32_t fps_num, fps_den;
	uint8_t b_frames;
	char codecs[64]; /* RFC 6381; known with the first segment */
};

int video_store_add_rendition(struct db_tx *tx, struct video_rendition *r);
int video_store_rendition(struct db_tx *tx, int64_t id, struct video_rendition *out);
int video_store_renditions(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, const struct video_rendition *r), void *arg);

/* ---- chunks, raw pieces, segments ---- */

/*
 * Adds a chunk whose blob is stored, and a task for each rendition of the stream on the queue
 * VIDEO_QUEUE: {"stream","rendition","sequence","chunk"}.
 */
#define VIDEO_QUEUE "video.segment.make"
int video_store_add_chunk(struct db_tx *tx, int64_t stream, int64_t sequence, const char *blob_key);
int video_store_add_raw(
	struct db_tx *tx, int64_t stream, int64_t number, const struct blob_info *blob);
int video_store_raws(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, int64_t number, struct slice key, int64_t size), void *arg);

struct video_segment {
	int64_t stream, rendition, sequence;
	int64_t start, duration; /* 90 kHz */
	int64_t date_ms;         /* wall time of its beginning */
	bool discontinuity;
	bool gap; /* could not be made: nothing is stored */
	char blob[BLOB_KEY_MAX + 1];
	int64_t size;
	char init[BLOB_KEY_MAX + 1]; /* its initialisation segment */
	int64_t init_size;
};

/*
 * Adds a segment whose blobs are stored, and publishes "video.segment"
 * {"channel","stream","rendition","sequence"}. HEARTH_EEXIST when it is there: made before.
 */
int video_store_add_segment(struct db_tx *tx, const struct video_segment *s, const char *codecs);
/*
 * Segments of a rendition with sequence > after, in order, without a hole: it stops before the
 * first number that is still being made.
 */
int video_store_segments(struct db_tx *tx, int64_t rendition, int64_t after, int64_t first_sequence,
	int (*each)(void *arg, const struct video_segment *s), void *arg);
/*
 * When every rendition has its segment nobody needs the chunk any more: removes its row and gives
 * its blob's key; "" otherwise.
 */
int video_store_drop_finished_chunk(
	struct db_tx *tx, int64_t stream, int64_t sequence, char key[BLOB_KEY_MAX + 1]);

#endif
