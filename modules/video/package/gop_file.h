/*
 * gop_file.h: a GOP as bytes, for its way from the ingest to the workers: what was said of the
 * codecs, and the samples. Pure.
 *
 *   "HCK2"   fps_num fps_den : u32   b_frames : u8   audio_rate : u32   channels : u8
 *   codec of pictures, of sound: u8 each, codec.h's number, 0: no such track
 *   configuration of each  u32 + bytes
 *   lead, video, audio: each  count : u32, and so many
 *                             dts i64   cts i32   duration u32   key u8   size u32 + bytes
 *
 * Numbers are big-endian. "HCK1" has no numbers of codecs: they are AVC and AAC where there is a
 * configuration. Such files may wait on a queue while the program is replaced.
 */
#ifndef VIDEO_GOP_FILE_H
#define VIDEO_GOP_FILE_H

#include "codec/codec.h"
#include "codec/sample.h"
#include "hearth/buf.h"

struct gop_file {
	/* For the transcoder; the same for all GOPs of an epoch, so that what it makes fits
	 * together. */
	uint32_t fps_num, fps_den;
	uint8_t b_frames;
	uint32_t audio_rate; /* core samples a second; 0: no audio */
	uint8_t channels;
	const struct codec *video_codec, *audio_codec; /* NULL: no such track */
	struct slice video_config, audio_config;       /* of a read file: into its buffer */
	/*
	 * Owned. Where the video does not begin with a key frame, `lead` has what comes before it,
	 * from the last key frame on; empty when that is too much.
	 */
	struct media_samples lead, video, audio;
};

/* Appends the GOP. */
void gop_file_write(struct strbuf *out, const struct gop_file *c);
/*
 * Reads a GOP whose samples keep references to `file`. HEARTH_ECORRUPT when it is no such file;
 * then *out holds nothing.
 */
int gop_file_read(struct buf *file, struct gop_file *out);
void gop_file_clear(struct gop_file *c);

#endif
