/*
 * av_tag.c: audio and video tag bodies.
 *
 * Enhanced headers (video bit 7 set, audio format 9) share their shape, so one function reads what
 * lies between the packet type and the data: ModEx extensions, the multitrack header, the FourCC.
 * Pure, any thread; a tag is looked at once, its data is not copied.
 */
#include "flv/av_tag.h"

#include "bytes.h"
#include "hearth/error.h"

#define FRAME_KEY     1
#define FRAME_COMMAND 5

/* Legacy codec numbers. */
#define VIDEO_AVC      7
#define VIDEO_HEVC_CN  12 /* never standard, sent by some older encoders */
#define AUDIO_MP3      2
#define AUDIO_AAC      10
#define AUDIO_EXTENDED 9

/* Legacy AVCPacketType and AACPacketType. */
#define AVC_CONFIG 0
#define AVC_NALU   1
#define AVC_END    2
#define AAC_CONFIG 0
#define AAC_RAW    1

/* Enhanced packet types; audio knows 0, 1, 2, 4 (as channel layout), 5 and 7 of them… */
#define EX_SEQUENCE_START 0
#define EX_FRAMES         1
#define EX_SEQUENCE_END   2
#define EX_FRAMES_X       3 /* video only: no composition time follows */
#define EX_METADATA       4
/* …and gives multitrack, which is 6 for video, the number 5. */
#define EX_MULTITRACK_VIDEO 6
#define EX_MULTITRACK_AUDIO 5
#define EX_MODEX            7

#define MULTITRACK_ONE        0
#define MULTITRACK_MANY       1
#define MULTITRACK_MANY_MIXED 2

static const struct {
	char fourcc[5];
	enum av_codec codec;
} fourccs[] = {
	{ "avc1", AV_CODEC_AVC },
	{ "hvc1", AV_CODEC_HEVC },
	{ "vvc1", AV_CODEC_VVC },
	{ "vp08", AV_CODEC_VP8 },
	{ "vp09", AV_CODEC_VP9 },
	{ "av01", AV_CODEC_AV1 },
	{ "mp4a", AV_CODEC_AAC },
	{ "Opus", AV_CODEC_OPUS },
	{ "fLaC", AV_CODEC_FLAC },
	{ "ac-3", AV_CODEC_AC3 },
	{ "ec-3", AV_CODEC_EAC3 },
	{ ".mp3", AV_CODEC_MP3 },
};

static const char *const names[] = {
	[AV_CODEC_OTHER] = "an unknown codec",
	[AV_CODEC_AVC] = "AVC",
	[AV_CODEC_HEVC] = "HEVC",
	[AV_CODEC_VVC] = "VVC",
	[AV_CODEC_VP8] = "VP8",
	[AV_CODEC_VP9] = "VP9",
	[AV_CODEC_AV1] = "AV1",
	[AV_CODEC_AAC] = "AAC",
	[AV_CODEC_OPUS] = "Opus",
	[AV_CODEC_FLAC] = "FLAC",
	[AV_CODEC_AC3] = "AC-3",
	[AV_CODEC_EAC3] = "E-AC-3",
	[AV_CODEC_MP3] = "MP3",
};

const char *av_codec_name(enum av_codec codec)
{
	return names[codec];
}

static enum av_codec read_fourcc(struct byte_reader *b)
{
	struct slice s = read_slice(b, 4);

	for (size_t i = 0; i < sizeof(fourccs) / sizeof(fourccs[0]); i++)
		if (slice_eq(s, slice_of(fourccs[i].fourcc, 4)))
			return fourccs[i].codec;
	return AV_CODEC_OTHER;
}

static int32_t read_si24(struct byte_reader *b)
{
	return (int32_t)(read_be24(b) << 8) >> 8;
}

/* ModEx: a size (a byte plus one, 256 meaning that 16 bits follow), data, then another type. */
static uint8_t skip_modex(struct byte_reader *b)
{
	uint8_t type = EX_MODEX;

	while (type == EX_MODEX && !b->bad) {
		uint32_t size = read_u8(b) + 1u;

		if (size == 256)
			size = read_be16(b) + 1u;
		read_slice(b, size);
		type = read_u8(b) & 0x0f;
	}
	return type;
}

/*
 * From behind the packet type to the data: fills codec, track and multitrack, and gives the packet
 * type that holds in the end.
 */
static int read_enhanced(
	struct byte_reader *b, uint8_t *type, uint8_t multitrack, struct av_tag *out)
{
	uint8_t kind = MULTITRACK_ONE, byte;

	if (*type == EX_MODEX)
		*type = skip_modex(b);
	out->enhanced = true;
	out->multitrack = *type == multitrack;
	if (out->multitrack) {
		byte = read_u8(b);
		kind = byte >> 4;
		*type = byte & 0x0f;
	}
	if (kind == MULTITRACK_MANY_MIXED || kind == MULTITRACK_MANY) {
		out->codec = read_fourcc(b); /* the first track's own, or the one of all */
		return b->bad ? HEARTH_EINVAL : HEARTH_EUNSUPPORTED;
	}
	if (kind != MULTITRACK_ONE)
		return HEARTH_EINVAL;
	out->codec = read_fourcc(b);
	if (out->multitrack)
		out->track = read_u8(b);
	return b->bad ? HEARTH_EINVAL : 0;
}

/* What a config, frame or end packet is, the same in audio and video. */
static enum av_packet enhanced_packet(uint8_t type)
{
	switch (type) {
	case EX_SEQUENCE_START: return AV_PACKET_CONFIG;
	case EX_FRAMES: return AV_PACKET_FRAME;
	case EX_SEQUENCE_END: return AV_PACKET_END;
	default: return AV_PACKET_IGNORE;
	}
}

static int video_enhanced(struct byte_reader *b, uint8_t first, struct av_tag *out)
{
	uint8_t type = first & 0x0f, frame = first >> 4 & 7;
	int rc;

	if (frame == FRAME_COMMAND && type != EX_METADATA) {
		out->enhanced = true;
		return 0;
	}
	rc = read_enhanced(b, &type, EX_MULTITRACK_VIDEO, out);
	if (rc < 0)
		return rc;
	out->key = frame == FRAME_KEY;
	out->packet = type == EX_FRAMES_X ? AV_PACKET_FRAME : enhanced_packet(type);
	if (type == EX_FRAMES && (out->codec == AV_CODEC_AVC || out->codec == AV_CODEC_HEVC ||
					 out->codec == AV_CODEC_VVC))
		out->cts_ms = read_si24(b);
	return 0;
}

static void video_avc(struct byte_reader *b, struct av_tag *out)
{
	uint8_t type = read_u8(b);

	out->cts_ms = read_si24(b);
	switch (type) {
	case AVC_CONFIG: out->packet = AV_PACKET_CONFIG; break;
	case AVC_NALU: out->packet = AV_PACKET_FRAME; break;
	case AVC_END: out->packet = AV_PACKET_END; break;
	default: break;
	}
}

int av_tag_video(struct slice body, struct av_tag *out)
{
	struct byte_reader b = byte_reader_of(body);
	uint8_t first, codec;
	int rc;

	*out = (struct av_tag){ 0 };
	if (!body.n)
		return 0;
	first = read_u8(&b);
	codec = first & 0x0f;
	if (first & 0x80) {
		rc = video_enhanced(&b, first, out);
		if (rc < 0)
			return rc;
	} else if (first >> 4 != FRAME_COMMAND) {
		out->key = first >> 4 == FRAME_KEY;
		if (codec == VIDEO_AVC || codec == VIDEO_HEVC_CN) {
			out->codec = codec == VIDEO_AVC ? AV_CODEC_AVC : AV_CODEC_HEVC;
			video_avc(&b, out);
		} else {
			out->packet = AV_PACKET_FRAME;
		}
	}
	out->data = read_rest(&b);
	return b.bad ? HEARTH_EINVAL : 0;
}

int av_tag_audio(struct slice body, struct av_tag *out)
{
	struct byte_reader b = byte_reader_of(body);
	uint8_t first, format, type;
	int rc;

	*out = (struct av_tag){ 0 };
	if (!body.n)
		return 0;
	first = read_u8(&b);
	format = first >> 4;
	if (format == AUDIO_EXTENDED) {
		type = first & 0x0f;
		rc = read_enhanced(&b, &type, EX_MULTITRACK_AUDIO, out);
		if (rc < 0)
			return rc;
		out->packet = enhanced_packet(type);
	} else if (format == AUDIO_AAC) {
		out->codec = AV_CODEC_AAC;
		type = read_u8(&b);
		if (type == AAC_CONFIG || type == AAC_RAW)
			out->packet = type == AAC_CONFIG ? AV_PACKET_CONFIG : AV_PACKET_FRAME;
	} else {
		out->codec = format == AUDIO_MP3 ? AV_CODEC_MP3 : AV_CODEC_OTHER;
		out->packet = AV_PACKET_FRAME;
	}
	out->data = read_rest(&b);
	return b.bad ? HEARTH_EINVAL : 0;
}
