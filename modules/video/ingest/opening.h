/*
 * opening.h: which tracks a publisher will send. A playlist promises its tracks for its whole life,
 * so what comes first is kept until all of them have shown themselves: those that the metadata
 * names, or, where there is none, picture and sound. It is a matter of some tags, unless one never
 * comes; then the wait ends. On the loop, no I/O.
 */
#ifndef VIDEO_OPENING_H
#define VIDEO_OPENING_H

#include "hearth/buf.h"

/* How long is waited for a track that was announced, or might come; of the publisher's time. */
#define OPENING_VIDEO_MS   10000
#define OPENING_AUDIO_MS   3000
#define OPENING_UNKNOWN_MS 1000 /* …where nothing was announced: only of sound */
#define OPENING_BYTES_MAX  (8u << 20)

struct opening_tag {
	struct opening_tag *next;
	uint8_t type; /* FLV_AUDIO, FLV_VIDEO */
	int64_t timestamp_ms;
	struct buf *body;
};

struct opening {
	bool over;                     /* nothing is kept any more */
	bool told;                     /* there was metadata */
	bool video_told, audio_told;   /* it names them */
	bool video_known, audio_known; /* they are there, or will not be */
	bool audio_foreign;            /* sound came, of a codec that is not taken here */
	bool timed;
	int64_t first_ms; /* of the first tag */
	struct opening_tag *first, **last;
	size_t bytes;
};

void opening_init(struct opening *o);
/* Nothing of use has come: the wait begins again, with what was announced. */
void opening_again(struct opening *o);
/* Throws away what was kept. */
void opening_clear(struct opening *o);
/* A script tag: onMetaData says what will come. */
void opening_script(struct opening *o, struct slice body);
/* Keeps an audio or video tag. True: the wait is over, take what was kept. */
bool opening_keep(struct opening *o, uint8_t type, int64_t timestamp_ms, struct slice body);
/* Whether the publisher may still bring sound that is taken here. */
bool opening_audio_may_come(const struct opening *o);
/* The next tag that was kept, to be owned by the caller; NULL. */
struct opening_tag *opening_take(struct opening *o);
void opening_tag_free(struct opening_tag **t);

#endif
