/*
 * transcode.h: makes a smaller rendition of one GOP's video: AVC in, AVC out, audio untouched by
 * the caller.
 *
 * The seams between GOPs do not show: every GOP begins with an IDR picture and refers to nothing
 * outside itself, SPS and PPS are the same for all GOPs with the same parameters and source SPS,
 * and the samples that come out have the very times of those that went in. On a worker of the pool
 * `work`, which it may hold for as long as a GOP takes; bounded by TRANSCODE_PIXELS_MAX and
 * TRANSCODE_SAMPLES_MAX.
 */
#ifndef HEARTH_VIDEO_TRANSCODE_H
#define HEARTH_VIDEO_TRANSCODE_H

#include "codec/sample.h"

#define TRANSCODE_PIXELS_MAX  9437184 /* of a source picture: 4096x2304 */
#define TRANSCODE_SAMPLES_MAX 20000   /* in a GOP */

/* One rung of the ladder. Keep it the same for all GOPs of a stream. */
struct transcode_params {
	uint32_t height;             /* of the output ("720p"): the shorter side, even, 64 and up */
	uint32_t bitrate;            /* bit/s that is not exceeded over a second */
	uint32_t fps_num, fps_den;   /* nominal frame rate: for rate control and headers only */
	uint8_t b_frames;            /* 0 where the source has none, else up to 3 */
	void (*progress)(void *arg); /* called before each picture; or NULL */
	void *progress_arg;
};

struct transcode_result {
	struct strbuf avcc;           /* decoder configuration; owned */
	struct media_samples samples; /* owned */
	uint32_t width, height;
	uint32_t frames_lost; /* pictures that could not be decoded */
};

/*
 * Transcodes the samples of one GOP (AVCC format, absolute 90 kHz times) that the decoder
 * configuration `avcc` describes. They begin with a key frame; or else `lead` (NULL: none) does,
 * and has all the pictures from there up to them: those are decoded and do not come out. Blocks:
 * for worker threads only. Takes one CPU, and for the largest pictures some hundred MiB.
 *
 * Returns 0 with *out filled; 1 when the source's shorter side is not larger than the target: there
 * is nothing to do, serve the source. HEARTH_EINVAL: no picture could be decoded, there is no key
 * frame to begin with, or avcC or parameters make no sense; HEARTH_ETOOBIG: over a bound above;
 * HEARTH_EUNSUPPORTED: this installation of libavcodec lacks the codecs, or refuses the parameters.
 */
int transcode_gop(const struct transcode_params *params, struct slice avcc,
	const struct media_samples *lead, const struct media_samples *in,
	struct transcode_result *out);
void transcode_result_clear(struct transcode_result *r);

#endif
