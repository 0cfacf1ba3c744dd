/*
 * gop.h: what the segmenter hands out: some seconds of samples that can be packaged, transcoded and
 * stored by themselves. Usually it is one group of pictures, from a key frame up to another; several
 * where those are shorter than a segment should be; a piece of one that is longer than it may be.
 * Pure; whoever took it owns it.
 */
#ifndef VIDEO_GOP_H
#define VIDEO_GOP_H

#include "codec/sample.h"

struct gop {
	struct gop *next;           /* the segmenter's own until taken */
	uint64_t sequence;          /* grows by one each GOP */
	int64_t start;              /* 90 kHz: where it begins on the channel's line… */
	int64_t duration;           /* …and up to where the next one begins; more than 0 */
	uint32_t duration_max_ms;   /* it is not longer than this and SEGMENTER_OVER_MS */
	bool discontinuity;         /* does not continue the GOP before */
	bool independent;           /* begins with a key frame (or has no video) */
	size_t bytes;               /* of all samples */
	struct media_samples video; /* durations set */
	struct media_samples audio; /* in ticks of the sound's rate, durations set */
};

/* Without samples yet. */
struct gop *gop_new(uint64_t sequence, int64_t start, int64_t duration);
/* All samples are in it: `independent` and `bytes` say what they are. At least one is. */
void gop_seal(struct gop *g);
/* Legal on NULL. */
void gop_free(struct gop **g);

#endif
