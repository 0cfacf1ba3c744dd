/*
 * ingest.h: who publishes on a channel, and the life of the stream that comes of it. One for each
 * channel that is being published to. On the loop. What is counted here is counted in this process,
 * since it bounds this process's memory: [video] publishers streams on each server. That a channel
 * has one publisher holds over all servers on a database, by its lease.
 */
#ifndef VIDEO_INGEST_H
#define VIDEO_INGEST_H

#include "store/store.h"
#include "video.h"

struct ingest;

/* What the publisher's session is told; each from a later turn. */
struct ingest_publisher {
	void *arg;
	/*
	 * The stream has begun (0), or cannot (< 0: nothing of it is there any more);
	 * HEARTH_ETOOBIG: the account's quota is used up; HEARTH_ECONFLICT: the channel is published
	 * to at another server of this database.
	 */
	void (*ready)(void *arg, int status);
	/* The disk has caught up: read on. */
	void (*drained)(void *arg);
	/*
	 * Somebody else publishes with this key now, or (stopping) the server ends: close, and do
	 * not call again. Also instead of `ready`.
	 */
	void (*replaced)(void *arg, bool stopping);
	/* The stream goes on, but not as it was meant. */
	void (*warned)(void *arg, const char *why);
	/* The stream has ended here, and why; do not call again. */
	void (*ended)(void *arg, const char *why);
};

/*
 * Begins to publish, or takes over from a publisher that broke off or is still there. `ready` is
 * called when tags are taken. `quota` is the account's (0: no bound). NULL when too much
 * waits, or as many publish as may.
 */
struct ingest *ingest_open(struct video *v, const struct video_channel *channel, int64_t quota,
	const struct ingest_publisher *p);
/*
 * One tag (demuxer.h), once `ready` said 0. 0, *why NULL or a warning; HEARTH_EBUSY: taken, and
 * enough until `drained`; HEARTH_EUNSUPPORTED, HEARTH_EINVAL, HEARTH_EDENIED (the quota is used
 * up): not taken, *why says it.
 */
int ingest_tag(
	struct ingest *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why);
/*
 * The publisher is gone, also before it was ready. `finished`: it said so, the stream ends; else it
 * may come back for a while.
 */
void ingest_close(struct ingest *in, bool finished);

/* Tells whoever publishes on the channel. */
void ingest_warn(struct video *v, int64_t channel, const char *why);
/* Whether somebody publishes on the channel, or is about to. */
bool ingest_has_publisher(const struct video *v, int64_t channel);

/* The channel's account is gone: whoever publishes is sent away, and the stream ends. */
void ingest_forget(struct video *v, int64_t channel);

/*
 * After a restart: goes on with the streams that had not ended, if their publishers come back.
 * Blocks; before the loop runs.
 */
int ingest_recover(struct video *v);
/* Where several servers share the database: adopts also what one of them leaves behind later. */
void ingest_watch_others(struct video *v);
/*
 * The server stops: publishers are sent away and what came is stored. Their streams do not end by
 * that: the next start decides.
 */
void ingest_drain(struct video *v);
/* Frees what is left, at the end. */
void ingest_free_all(struct video *v);

#endif
