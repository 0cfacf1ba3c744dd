/*
 * sample.h: one coded picture or audio frame on its way from the segmenter through the transcoder
 * to the MP4 writer, and a list of them.
 *
 * Video samples are AVC access units with length-prefixed NAL units and count time in 90 kHz
 * ticks; audio samples are raw AAC frames and count in audio samples of the core rate. Times are
 * absolute on the channel's own timeline, in decoding order. Pure; whoever owns a list bounds it.
 */
#ifndef HEARTH_VIDEO_SAMPLE_H
#define HEARTH_VIDEO_SAMPLE_H

#include "hearth/buf.h"

#define VIDEO_TIMESCALE   90000 /* ticks a second of all video times */
#define MEDIA_SAMPLE_COST 128   /* memory of a sample besides its bytes */

struct media_sample {
	int64_t dts;       /* decoding time */
	int32_t cts;       /* presentation time minus decoding time; may be negative */
	uint32_t duration; /* up to the next sample's dts */
	bool key;          /* decoding may begin here */
	struct buf *data;  /* one reference, owned by the sample */
};

struct media_samples {
	struct media_sample *p;
	size_t n, cap;
};

/* Appends `s` and takes over its reference. */
void media_samples_add(struct media_samples *list, struct media_sample s);
/* Appends the first `n` of `from` to the end of `to`, and keeps the rest in `from`. */
void media_samples_move(struct media_samples *to, struct media_samples *from, size_t n);
/* What one takes in memory, so that empty ones count too. */
static inline size_t media_sample_cost(const struct media_sample *s)
{
	return s->data->n + MEDIA_SAMPLE_COST;
}
/*
 * Each of the first `n` lasts until the next one; one that has none behind it as long as the one
 * before, and a lone one for `lone`.
 */
void media_samples_set_durations(struct media_samples *list, size_t n, uint32_t lone);
/* Gives all references back, frees the memory and makes the list empty. */
void media_samples_clear(struct media_samples *list);

#endif
