/*
 * Codec headers. The first byte chooses: avcC with its SPS and codec string, a bare SPS, the walks
 * over NAL units, an AudioSpecificConfig.
 */
#include "codec/aac.h"
#include "codec/avc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_sps(struct slice in)
{
	struct avc_sps s;

	if (avc_sps_parse(in, &s) == 0 &&
		(!s.width || !s.height || s.width > AVC_DIMENSION_MAX ||
			s.height > AVC_DIMENSION_MAX || !s.fps_den || !s.sar_den))
		abort();
}

static void fuzz_config(struct slice in)
{
	char codec[AVC_CODEC_STRING_SIZE];
	struct strbuf again = { 0 };
	struct avc_config c, d;

	if (avc_config_parse(in, &c) < 0)
		return;
	avc_codec_string(&c, codec);
	fuzz_sps(c.sps);
	if (avc_config_write(&again, c.sps, c.pps) == 0 &&
		(avc_config_parse(strbuf_slice(&again), &d) < 0 || !slice_eq(c.sps, d.sps)))
		abort();
	strbuf_free(&again);
}

static void fuzz_nals(struct slice in)
{
	struct slice left = in, nal;

	while (avc_nal_next(&left, 4, &nal) == 1)
		if (nal.n > in.n)
			abort();
	while (avc_annexb_next(&in, &nal) == 1)
		if (nal.n && avc_nal_type(nal) > 31)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char codec[AAC_CODEC_STRING_SIZE];
	struct aac_config c;
	struct slice in;

	if (!size)
		return 0;
	in = slice_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0: fuzz_config(in); break;
	case 1: fuzz_sps(in); break;
	case 2: fuzz_nals(in); break;
	default:
		if (aac_config_parse(in, &c) == 0)
			aac_codec_string(&c, codec);
	}
	return 0;
}
