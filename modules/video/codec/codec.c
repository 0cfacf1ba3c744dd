/*
 * codec.c: the table of codecs, and the tracks that are described by it. Pure; any thread.
 */
#include "codec/codec.h"

#include <stdio.h>

#include "codec/aac.h"
#include "codec/avc.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* ---- AVC ---- */

static int describe_avc(struct slice config, struct codec_info *out)
{
	struct avc_config avc;
	struct avc_sps sps;
	int rc = avc_config_parse(config, &avc);

	if (rc == 0)
		rc = avc_sps_parse(avc.sps, &sps);
	if (rc == 0)
		*out = (struct codec_info){
			.width = sps.width, .height = sps.height, .length_size = avc.length_size
		};
	return rc;
}

static void write_avc_string(struct slice config, char out[CODEC_STRING_SIZE])
{
	struct avc_config avc;

	out[0] = '\0';
	if (avc_config_parse(config, &avc) == 0)
		avc_codec_string(&avc, out);
}

static bool begins_anew_avc(const struct codec_info *info, struct slice sample)
{
	return avc_has_idr(sample, info->length_size);
}

/* ---- AAC ---- */

static int describe_aac(struct slice config, struct codec_info *out)
{
	struct aac_config aac;
	int rc = aac_config_parse(config, &aac);

	if (rc == 0)
		*out = (struct codec_info){
			.rate = aac.rate, .frame_length = aac.frame_length, .channels = aac.channels
		};
	return rc;
}

static void write_aac_string(struct slice config, char out[CODEC_STRING_SIZE])
{
	struct aac_config aac;

	out[0] = '\0';
	if (aac_config_parse(config, &aac) == 0)
		aac_codec_string(&aac, out);
}

static void write_aac_silence(struct slice config, struct strbuf *out)
{
	struct aac_config aac;

	if (aac_config_parse(config, &aac) == 0)
		aac_write_silence(out, &aac);
}

/* ---- the table ---- */

static const struct codec codecs[] = {
	{ .id = AV_CODEC_AVC,
		.number = 1,
		.video = true,
		.entry = FMP4_AVC,
		.describe = describe_avc,
		.write_string = write_avc_string,
		.begins_anew = begins_anew_avc },
	{ .id = AV_CODEC_AAC,
		.number = 2,
		.entry = FMP4_AAC,
		.describe = describe_aac,
		.write_string = write_aac_string,
		.write_silence = write_aac_silence },
};

#define CODEC_COUNT (sizeof(codecs) / sizeof(codecs[0]))

_Static_assert(CODEC_STRING_SIZE >= AVC_CODEC_STRING_SIZE, "");
_Static_assert(CODEC_STRING_SIZE >= AAC_CODEC_STRING_SIZE, "");

const struct codec *codec_of(enum av_codec id)
{
	for (size_t i = 0; i < CODEC_COUNT; i++)
		if (codecs[i].id == id)
			return &codecs[i];
	return NULL;
}

const struct codec *codec_by_number(uint8_t number)
{
	for (size_t i = 0; i < CODEC_COUNT; i++)
		if (codecs[i].number == number)
			return &codecs[i];
	return NULL;
}

/* ---- tracks ---- */

int codec_track_set(struct codec_track *t, const struct codec *codec, struct slice config)
{
	struct codec_info info;
	int rc = codec->describe(config, &info);

	if (rc < 0)
		return rc;
	INVARIANT(codec->video ? info.width && info.height : info.rate && info.frame_length);
	codec_track_clear(t);
	*t = (struct codec_track){ .codec = codec, .config = buf_copy(config), .info = info };
	return 0;
}

bool codec_track_has(const struct codec_track *t, const struct codec *codec, struct slice config)
{
	return t->codec == codec && slice_eq(buf_slice(t->config), config);
}

void codec_track_move(struct codec_track *to, struct codec_track *from)
{
	INVARIANT(to != from && from->codec);
	codec_track_clear(to);
	*to = *from;
	*from = (struct codec_track){ 0 };
}

void codec_track_clear(struct codec_track *t)
{
	buf_unref(&t->config);
	*t = (struct codec_track){ 0 };
}

int codec_track_set_silent(struct codec_track *t)
{
	return codec_track_set(t, codec_of(AV_CODEC_AAC), SLICE("\x11\x90"));
}
