/*
 * av_tag.h: what an FLV audio or video tag (or the RTMP message with the same body) carries: the
 * legacy form (Adobe video file format 10.1, E.4.2 and E.4.3) and the headers of Enhanced RTMP v2.
 *
 * Both forms of AVC and AAC come out alike. Other codecs are named, so that the session can say
 * which one it refuses. Pure, any thread.
 */
#ifndef HEARTH_FLV_AV_TAG_H
#define HEARTH_FLV_AV_TAG_H

#include "hearth/str.h"

enum av_codec {
	AV_CODEC_OTHER,
	AV_CODEC_AVC,
	AV_CODEC_HEVC,
	AV_CODEC_VVC,
	AV_CODEC_VP8,
	AV_CODEC_VP9,
	AV_CODEC_AV1,
	AV_CODEC_AAC,
	AV_CODEC_OPUS,
	AV_CODEC_FLAC,
	AV_CODEC_AC3,
	AV_CODEC_EAC3,
	AV_CODEC_MP3,
};

enum av_packet {
	AV_PACKET_IGNORE, /* nothing to store: command frames, metadata, empty audio */
	AV_PACKET_CONFIG, /* data is the decoder configuration: avcC, AudioSpecificConfig… */
	AV_PACKET_FRAME,  /* data is one coded frame: length-prefixed NAL units, raw AAC… */
	AV_PACKET_END,    /* end of sequence */
};

struct av_tag {
	enum av_codec codec;
	enum av_packet packet;
	bool enhanced;     /* came with an Enhanced RTMP header */
	bool multitrack;   /* came in a multitrack packet… */
	uint8_t track;     /* …for this track; 0 is the one that every client has */
	bool key;          /* video: a key frame, by the publisher's word */
	int32_t cts_ms;    /* video: presentation minus decoding time */
	struct slice data; /* points into the body */
};

/*
 * Reads the body of a video or audio tag. Returns 0; HEARTH_EINVAL when it is malformed or cut
 * short; HEARTH_EUNSUPPORTED for a packet with many tracks in it, which only out->codec of the
 * first tells. An empty body (silence, in audio) is to be ignored.
 */
int av_tag_video(struct slice body, struct av_tag *out);
int av_tag_audio(struct slice body, struct av_tag *out);

/* The codec's name for people, such as "HEVC". */
const char *av_codec_name(enum av_codec codec);

#endif
