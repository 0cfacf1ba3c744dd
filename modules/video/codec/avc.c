/*
 * avc.c: avcC records, walks over NAL units, the codec string. The SPS has a file of its own. Pure,
 * any thread; linear in what it is given, without a copy.
 */
#include "codec/avc.h"

#include "bytes.h"
#include "hearth/error.h"

#include <stdio.h>

/* `count` parameter sets of one type, the first of which is kept. */
static int read_sets(
	struct byte_reader *b, uint8_t count, enum avc_nal_type type, struct slice *first)
{
	for (uint8_t i = 0; i < count; i++) {
		struct slice nal = read_slice(b, read_be16(b));

		if (b->bad || avc_nal_type(nal) != type)
			return HEARTH_EINVAL;
		if (i == 0)
			*first = nal;
	}
	return count ? 0 : HEARTH_EINVAL;
}

int avc_config_parse(struct slice avcc, struct avc_config *out)
{
	struct byte_reader b = byte_reader_of(avcc);
	struct avc_config c = { 0 };

	if (read_u8(&b) != 1) /* configurationVersion */
		return HEARTH_EINVAL;
	c.profile = read_u8(&b);
	c.constraints = read_u8(&b);
	c.level = read_u8(&b);
	c.length_size = (read_u8(&b) & 3) + 1;
	c.sps_count = read_u8(&b) & 0x1f;
	if (b.bad || c.length_size == 3)
		return HEARTH_EINVAL;
	if (read_sets(&b, c.sps_count, AVC_NAL_SPS, &c.sps) < 0)
		return HEARTH_EINVAL;
	c.pps_count = read_u8(&b);
	if (b.bad || read_sets(&b, c.pps_count, AVC_NAL_PPS, &c.pps) < 0)
		return HEARTH_EINVAL;
	*out = c;
	return 0; /* what follows for the high profiles repeats the SPS */
}

int avc_config_write(struct strbuf *out, struct slice sps, struct slice pps)
{
	struct avc_sps s;

	if (sps.n > UINT16_MAX || pps.n > UINT16_MAX || avc_nal_type(pps) != AVC_NAL_PPS ||
		avc_sps_parse(sps, &s) < 0)
		return HEARTH_EINVAL;
	write_u8(out, 1);
	write_u8(out, s.profile);
	write_u8(out, s.constraints);
	write_u8(out, s.level);
	write_u8(out, 0xfc | 3); /* lengths of 4 bytes */
	write_u8(out, 0xe0 | 1);
	write_be16(out, (uint16_t)sps.n);
	strbuf_add(out, sps);
	write_u8(out, 1);
	write_be16(out, (uint16_t)pps.n);
	strbuf_add(out, pps);
	if (s.profile == 100 || s.profile == 110 || s.profile == 122 || s.profile == 144) {
		write_u8(out, 0xfc | s.chroma_format);
		write_u8(out, (uint8_t)(0xf8 | (s.bit_depth - 8)));
		write_u8(out, (uint8_t)(0xf8 | (s.bit_depth - 8)));
		write_u8(out, 0); /* no SPS extensions */
	}
	return 0;
}

void avc_codec_string(const struct avc_config *c, char out[AVC_CODEC_STRING_SIZE])
{
	snprintf(out, AVC_CODEC_STRING_SIZE, "avc1.%02x%02x%02x", c->profile, c->constraints,
		c->level);
}

int avc_nal_next(struct slice *sample, unsigned length_size, struct slice *nal)
{
	struct byte_reader b = byte_reader_of(*sample);

	if (!sample->n)
		return 0;
	*nal = read_slice(&b, read_be(&b, length_size));
	if (b.bad)
		return HEARTH_EINVAL;
	*sample = read_rest(&b);
	return 1;
}

bool avc_has_idr(struct slice sample, unsigned length_size)
{
	struct slice nal;

	while (avc_nal_next(&sample, length_size, &nal) > 0)
		if (avc_nal_type(nal) == AVC_NAL_IDR)
			return true;
	return false;
}

int avc_annexb_next(struct slice *bytes, struct slice *nal)
{
	static const struct slice start_code = { "\0\0\1", 3 };
	ptrdiff_t at = slice_find(*bytes, start_code);

	if (at < 0)
		return 0;
	*nal = slice_skip(*bytes, (size_t)at + 3);
	at = slice_find(*nal, start_code);
	*bytes = at < 0 ? slice_skip(*nal, nal->n) : slice_skip(*nal, (size_t)at);
	if (at >= 0)
		nal->n = (size_t)at;
	while (nal->n && nal->p[nal->n - 1] == 0) /* trailing_zero_8bits, zero_byte */
		nal->n--;
	return 1;
}
