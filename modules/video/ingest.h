/*
 * ingest.h: from a publisher's tags to what is on disk: the raw backup, and chunks with a task for
 * each rendition. One a channel that is being published to. On the loop.
 */
#ifndef VIDEO_INGEST_H
#define VIDEO_INGEST_H

#include "store.h"
#include "video.h"

struct ingest;

/* What the publisher's session is told. */
struct ingest_publisher {
	void *arg;
	/* The stream has begun (0), or cannot (< 0): tags are taken from now on. */
	void (*ready)(void *arg, int status);
	/* The disk has caught up: read on. */
	void (*drained)(void *arg);
	/* Somebody else publishes with this key now, or the server stops: close, do not call again. */
	void (*replaced)(void *arg);
};

/*
 * Begins to publish, or takes over from a publisher that broke off or is still there. `ready` is
 * called later.
 */
struct ingest *ingest_open(struct video *v, const struct video_channel *channel, const struct ingest_publisher *p);
/*
 * One audio, video or script tag as it came (flv_tag.h). 0; HEARTH_EBUSY: taken, and enough until
 * `drained`; HEARTH_EUNSUPPORTED with *why: a codec that is not taken here; HEARTH_EINVAL: malformed.
 */
int ingest_tag(struct ingest *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why);
/*
 * The publisher is gone. `finished`: it said so, the stream ends; else it may come back for a while.
 */
void ingest_close(struct ingest *in, bool finished);
/* The server stops: everybody is sent away and what came is stored. */
void ingest_drain(struct video *v);
/* Frees what is left, at the end. */
void ingest_free_all(struct video *v);

#endif
