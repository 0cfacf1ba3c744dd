/*
 * fmp4_writer.h: fragmented MP4 (ISO/IEC 14496-12, CMAF 23000-19) as HLS and DASH want it: an
 * initialisation segment that describes the tracks, and media segments of one moof and one mdat.
 *
 * The same input always gives the same bytes. One track makes a CMAF track file; an AVC and an AAC
 * track together make the muxed files of plain HLS. Pure, any thread.
 */
#ifndef HEARTH_FMP4_WRITER_H
#define HEARTH_FMP4_WRITER_H

#include "codec/sample.h"

enum fmp4_codec {
	FMP4_AVC, /* config is an avcC */
	FMP4_AAC, /* config is an AudioSpecificConfig */
};

struct fmp4_track {
	uint32_t id; /* 1 and up, each its own */
	enum fmp4_codec codec;
	uint32_t timescale;     /* ticks a second: VIDEO_TIMESCALE, or the core's sample rate */
	struct slice config;    /* not owned; at most FMP4_CONFIG_MAX bytes */
	uint16_t width, height; /* AVC: the picture, in samples */
	uint16_t channels;      /* AAC; 0 is written as 2 */
};

#define FMP4_CONFIG_MAX  65535
#define FMP4_TRACKS_MAX  2
#define FMP4_SEGMENT_MAX (1u << 30) /* bytes in all samples */
#define FMP4_SAMPLES_MAX 1000000u

/* The samples of one track in a segment, in decoding order, durations set. Nothing is owned. */
struct fmp4_run {
	const struct fmp4_track *track;
	const struct media_samples *samples;
};

/* Appends ftyp and moov. HEARTH_ETOOBIG when a config is over its bound. */
int fmp4_write_init(struct strbuf *out, const struct fmp4_track *tracks, size_t n);
/*
 * Appends styp, moof and mdat. Each track's tfdt is its first sample's dts as it is; a run without
 * samples leaves its track out. `sequence` is to grow by one each segment. HEARTH_EINVAL when a dts
 * is negative; HEARTH_ETOOBIG over one of the bounds above.
 */
int fmp4_write_segment(
	struct strbuf *out, uint32_t sequence, const struct fmp4_run *runs, size_t n);

#endif
