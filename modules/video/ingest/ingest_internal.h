/*
 * ingest_internal.h: a channel that is published to, for the files of this folder: its life
 * (ingest.c), how it begins (ingest_begin.c), its quota (ingest_quota.c), streams that nobody looks after (adopt.c). On the loop.
 */
#ifndef VIDEO_INGEST_INTERNAL_H
#define VIDEO_INGEST_INTERNAL_H

#include "hearth/lease.h"
#include "ingest/demuxer.h"
#include "ingest/ingest.h"

#define WAITING_BYTES_MAX (48u << 20) /* on the way to disk; beyond, the publisher waits */

#define QUOTA_USED_UP "the account's quota is used up: older streams take its room"

enum ingest_state { BEGINNING, LIVE, AWAY, ENDING, LEAVING };

struct ingest {
	struct video *v;
	struct video_channel channel;
	struct video_stream stream;
	struct lease lease;          /* of the channel, from the beginning to the end of a stream */
	struct lease_keeper *keeper; /* NULL in BEGINNING */
	enum ingest_state state;
	struct ingest_publisher publisher; /* arg NULL: nobody */
	struct account account; /* of the channel: its quota, and what others keep of it */
	int64_t used;           /* bytes the channel holds, as the database said */
	int64_t passed;         /* bytes that came since `used` was looked at */
	bool counting;          /* it is asked how much is kept: nothing of this may go */
	struct timer count;     /* LIVE with a quota: until it looks again */
	bool told_to_wait;
	bool writing;          /* a row of the stream */
	struct timer away;     /* AWAY: until it is too long */
	struct timer turn;     /* LIVE: `ready` is to be called */
	struct timer again;    /* ENDING: the disk refused the end, which is tried again */
	struct upload *upload; /* NULL in BEGINNING */
	struct demuxer *demuxer;
};

/* A channel of ours, without a stream yet; freed by ingest_free. */
struct ingest *ingest_new(struct video *v, const struct video_channel *channel);
void ingest_free(struct ingest *in);
/* Begins a stream: `ready` follows, or ingest_cannot_begin. An error: it could not be asked for. */
int ingest_begin(struct ingest *in);
/* Frees it, and tells its publisher why. */
void ingest_cannot_begin(struct ingest *in, int status);
void ingest_log(const struct ingest *in, const char *what);
/* Its stream can take tags; it goes on after another process (`goes_on`), or begins. */
void ingest_begin_stream(struct ingest *in, bool goes_on, int64_t raw_number);
/* Waits for a publisher that broke off. */
void ingest_go_away(struct ingest *in);
/* Cuts what came so far, and lets `state` (ENDING or LEAVING) take its course. */
void ingest_finish(struct ingest *in, enum ingest_state state);
/* In ENDING or LEAVING: goes on once all is stored. */
void ingest_end_when_stored(struct ingest *in);

/* Looks now and then whether the channel may hold more. Once a stream. */
void ingest_count(struct ingest *in);
/*
 * What other modules keep of the account's quota, into in->account: true when it is known, else
 * `done` comes later (accounts.h), and whoever asks sees to it that `in` stays.
 */
bool ingest_ask_elsewhere(struct ingest *in, accounts_elsewhere_fn *done);
/* Whether what is kept, here and elsewhere, and `more` bytes are beyond the account's quota. */
bool ingest_is_over(const struct ingest *in, int64_t more);

/* "video.channel.17": who holds this lease publishes to the channel, or waits for who does. */
void ingest_lease_name(int64_t channel, char out[LEASE_NAME_MAX + 1]);

#endif
