/*
 * playlist.h: HLS playlists (RFC 8216, and its second edition for EXT-X-GAP) out of plain structs.
 *
 * What a reader of several versions of one playlist may count on (RFC 8216 6.2.1) is the caller's
 * to keep: a constant target duration that no rounded segment duration exceeds, sequence numbers
 * that only grow, the discontinuity sequence raised when a discontinuity is dropped at the front.
 * URIs are our own: without quotation marks and line breaks.
 */
#ifndef HEARTH_HLS_PLAYLIST_H
#define HEARTH_HLS_PLAYLIST_H

#include "hearth/str.h"

struct hls_segment {
	struct slice uri;
	struct slice map;   /* URI of its initialisation segment; written where it changes */
	uint64_t duration;  /* in 90 kHz ticks */
	int64_t date_ms;    /* when its first sample was, in ms since 1970; 0: not written */
	bool discontinuity; /* timestamps or encoding differ from the segment before */
	bool gap;           /* there are no bytes behind the URI: to be skipped */
};

enum hls_type {
	HLS_LIVE,  /* segments come and go */
	HLS_EVENT, /* segments come and stay */
	HLS_VOD,   /* all are there */
};

struct hls_media {
	enum hls_type type;
	uint32_t target_s; /* never changes: at least each duration, rounded to whole seconds */
	uint64_t sequence; /* of the first segment listed */
	uint64_t discontinuity_sequence;
	bool independent; /* every segment begins with a key frame */
	bool ended;       /* no segment will follow */
	const struct hls_segment *segments;
	size_t count;
};

struct hls_variant {
	struct slice uri;
	uint32_t bandwidth;         /* bit/s: the largest of any segment, audio included */
	uint32_t average_bandwidth; /* 0: not written */
	struct slice codecs;        /* RFC 6381, as "avc1.64001f,mp4a.40.2"; empty: not written */
	uint32_t width, height;     /* 0: not written, audio only */
	uint32_t fps_milli;         /* frames a second times 1000; 0: not written */
};

/* Appends a media playlist. */
void hls_write_media(struct strbuf *out, const struct hls_media *p);
/* Appends a multivariant playlist; `independent` as in every media playlist it names. */
void hls_write_multivariant(
	struct strbuf *out, const struct hls_variant *variants, size_t n, bool independent);
/* A duration in 90 kHz ticks rounded to seconds as EXT-X-TARGETDURATION counts, at least 1. */
uint32_t hls_target_seconds(uint64_t duration);

#endif
