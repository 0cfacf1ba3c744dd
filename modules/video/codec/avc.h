/*
 * avc.h: what must be known of an AVC (H.264) stream without decoding it: its configuration record
 * (ISO/IEC 14496-15 5.3.3.1), its NAL units and its codec string. Pure, any thread.
 */
#ifndef HEARTH_CODEC_AVC_H
#define HEARTH_CODEC_AVC_H

#include "hearth/str.h"

enum avc_nal_type {
	AVC_NAL_IDR = 5,
	AVC_NAL_SEI = 6,
	AVC_NAL_SPS = 7,
	AVC_NAL_PPS = 8,
	AVC_NAL_AUD = 9,
};

#define AVC_CODEC_STRING_SIZE 12 /* "avc1.64001f" and its NUL */

/* An avcC, checked whole; the slices point into it. */
struct avc_config {
	uint8_t profile, constraints, level;
	uint8_t length_size; /* bytes before each NAL unit: 1, 2 or 4 */
	uint8_t sps_count, pps_count;
	struct slice sps, pps; /* the first of each, as NAL units */
};

/* Reads an avcC. HEARTH_EINVAL when it is malformed, cut short, or has no SPS or no PPS. */
int avc_config_parse(struct slice avcc, struct avc_config *out);
/* Appends an avcC with one SPS and one PPS, length size 4. HEARTH_EINVAL when they are none. */
int avc_config_write(struct strbuf *out, struct slice sps, struct slice pps);
/* RFC 6381: "avc1." and profile, constraints and level in hexadecimal. */
void avc_codec_string(const struct avc_config *c, char out[AVC_CODEC_STRING_SIZE]);

static inline enum avc_nal_type avc_nal_type(struct slice nal)
{
	return (enum avc_nal_type)(nal.n ? nal.p[0] & 0x1f : 0);
}

/*
 * Takes the next NAL unit with a length of `length_size` bytes before it off the front of *sample.
 * Returns 1, 0 at the end, HEARTH_EINVAL when the length reaches past the sample.
 */
int avc_nal_next(struct slice *sample, unsigned length_size, struct slice *nal);
/*
 * Whether a sample has an IDR picture. Others that are marked as key frames (an I picture of an
 * open GOP, the beginning of an intra refresh) can be begun with, but need what was before for all
 * of what follows.
 */
bool avc_has_idr(struct slice sample, unsigned length_size);
/* Takes the next NAL unit between start codes (Annex B) off the front of *bytes: 1, or 0 at the
 * end. */
int avc_annexb_next(struct slice *bytes, struct slice *nal);

/* A sequence parameter set (H.264 7.3.2.1.1), as far as it is of use. */
struct avc_sps {
	uint8_t profile, constraints, level;
	uint8_t chroma_format;     /* 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
	uint8_t bit_depth;         /* of luma */
	bool interlaced;           /* fields are allowed */
	uint32_t width, height;    /* of the picture, cropping applied */
	uint32_t sar_num, sar_den; /* shape of a sample; 1:1 when not said */
	uint32_t fps_num, fps_den; /* frames a second; 0 and 1 when not said */
};

#define AVC_DIMENSION_MAX 16384

/*
 * Reads an SPS NAL unit. HEARTH_EINVAL when it is malformed, HEARTH_ETOOBIG when a side is over
 * AVC_DIMENSION_MAX.
 */
int avc_sps_parse(struct slice nal, struct avc_sps *out);

#endif
