/*
 * codec.h: the codecs that are taken here, a row of functions each: all that demuxer, worker and
 * GOP file need to know of a stream without decoding it.
 *
 * Another codec is a file beside avc.c, a row in codec.c, and a sample entry in fmp4/. Pure; any
 * thread; what comes in is as long as a tag.
 */
#ifndef VIDEO_CODEC_H
#define VIDEO_CODEC_H

#include "flv/av_tag.h"
#include "fmp4/fmp4_writer.h"
#include "hearth/buf.h"

#define CODEC_STRING_SIZE 32

/* What a decoder configuration says; 0 where the codec has no such thing. */
struct codec_info {
	uint32_t width, height; /* of the picture */
	uint8_t length_size;    /* bytes before each unit of a picture */
	uint32_t rate;          /* samples of sound a second that frames and times count in */
	uint32_t frame_length;  /* such samples in a frame */
	uint8_t channels;
};

struct codec {
	enum av_codec id;
	uint8_t number; /* in GOP files: never changed */
	bool video;
	enum fmp4_codec entry;
	/* Reads a decoder configuration. HEARTH_EINVAL, HEARTH_EUNSUPPORTED, HEARTH_ETOOBIG. */
	int (*describe)(struct slice config, struct codec_info *out);
	/* RFC 6381, of a configuration that was described; empty when it cannot be. */
	void (*write_string)(struct slice config, char out[CODEC_STRING_SIZE]);
	/* Pictures: whether all that follows this one can be decoded from it on. */
	bool (*begins_anew)(const struct codec_info *info, struct slice sample);
	/* Sound: appends a frame of silence. */
	void (*write_silence)(struct slice config, struct strbuf *out);
};

/* NULL: such is not taken here. */
const struct codec *codec_of(enum av_codec id);
const struct codec *codec_by_number(uint8_t number);

/* A track as its configuration in force describes it. */
struct codec_track {
	const struct codec *codec; /* NULL: there is no such track */
	struct buf *config;        /* owned */
	struct codec_info info;
};

/*
 * Sets the track, from a configuration that is copied. Errors as those of `describe`; then it stays
 * as it was.
 */
int codec_track_set(struct codec_track *t, const struct codec *codec, struct slice config);
/* Whether it has this very configuration. */
bool codec_track_has(const struct codec_track *t, const struct codec *codec, struct slice config);
/* The track goes to *to, and *from has none. */
void codec_track_move(struct codec_track *to, struct codec_track *from);
void codec_track_clear(struct codec_track *t);

/* A configuration for silence, where no sound says which: AAC-LC, 48 kHz, two channels. */
int codec_track_set_silent(struct codec_track *t);

#endif
