/*
 * transcode.c: decode, scale, encode, one picture after the other, in one thread.
 *
 * Times never pass through the codecs. A packet goes into the decoder with its sample's number as
 * its pts, a picture into the encoder with its number in display order, and at the end both are
 * translated back: presentation times are those of the source pictures, decoding times the source's
 * in their order. So they fit the neighbouring GOPs however the encoder reorders.
 */
#include "package/transcode.h"

#include "codec/avc.h"
#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "package/libav.h"

#include <limits.h>
#include <stdlib.h>

#define QUALITY       "23" /* crf: quality wins until the bit rate is reached */
#define HEIGHT_MIN    64
#define BITRATE_MAX   200000000u
#define FPS_MAX       240
#define SEI_USER_DATA 5 /* unregistered: x264 writes its version into every GOP */

struct transcode {
	const struct transcode_params *params;
	const struct media_samples *lead, *in;
	struct transcode_result *out;
	AVCodecContext *decoder, *encoder;
	struct SwsContext *scaler;
	AVFrame *picture, *scaled;
	AVPacket *packet;
	AVRational sar;
	unsigned length_size; /* of the source's NAL units' lengths */
	uint32_t *shown; /* numbers of the samples whose pictures were encoded, in display order */
	size_t shown_n;
	bool *alive; /* by sample number: its picture was encoded */
};

/* What is decoded first: it must be a key frame. */
static const struct media_sample *first_of(const struct transcode *t)
{
	if (t->lead && t->lead->n)
		return &t->lead->p[0];
	return t->in->n ? &t->in->p[0] : NULL;
}

static uint32_t round_even(uint64_t n, uint64_t d)
{
	return (uint32_t)((n + d) / (2 * d) * 2);
}

/* The output size: 1 when the source is small enough as it is. */
static int plan_size(struct transcode *t, struct slice avcc)
{
	struct transcode_result *out = t->out;
	uint64_t target = t->params->height;
	struct avc_config config;
	struct avc_sps sps;

	if (avc_config_parse(avcc, &config) < 0 || avc_sps_parse(config.sps, &sps) < 0)
		return HEARTH_EINVAL;
	if (!first_of(t) || !first_of(t)->key)
		return HEARTH_EINVAL;
	if (target < HEIGHT_MIN || target % 2 || !t->params->bitrate ||
		t->params->bitrate > BITRATE_MAX || t->params->b_frames > 3)
		return HEARTH_EINVAL;
	if ((uint64_t)sps.width * sps.height > TRANSCODE_PIXELS_MAX ||
		t->in->n > TRANSCODE_SAMPLES_MAX || (t->lead && t->lead->n > TRANSCODE_SAMPLES_MAX))
		return HEARTH_ETOOBIG;
	if (sps.width <= target || sps.height <= target)
		return 1;
	out->width = out->height = (uint32_t)target;
	if (sps.width > sps.height)
		out->width = round_even(sps.width * target, sps.height);
	else
		out->height = round_even(sps.height * target, sps.width);
	t->length_size = config.length_size;
	t->sar = (AVRational){ (int)sps.sar_num, (int)sps.sar_den };
	return 0;
}

static int open_decoder(struct transcode *t, struct slice avcc)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
	AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!c)
		return HEARTH_EUNSUPPORTED;
	t->decoder = c;
	c->thread_count = 1;
	c->max_pixels = TRANSCODE_PIXELS_MAX;
	/* Who begins at a refresh and not at an IDR picture would be shown nothing until it is
	 * done. */
	if (!avc_has_idr(buf_slice(first_of(t)->data), t->length_size)) {
		c->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
		c->flags2 |= AV_CODEC_FLAG2_SHOW_ALL;
	}
	c->extradata = av_mallocz(avcc.n + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!c->extradata)
		return HEARTH_EUNSUPPORTED;
	memcpy(c->extradata, avcc.p, avcc.n);
	c->extradata_size = (int)avcc.n;
	return avcodec_open2(c, codec, NULL) < 0 ? HEARTH_EINVAL : 0;
}

static AVRational frame_rate(const struct transcode_params *p)
{
	if (!p->fps_num || !p->fps_den || p->fps_num > INT_MAX || p->fps_den > INT_MAX ||
		p->fps_num < p->fps_den || p->fps_num / p->fps_den > FPS_MAX)
		return (AVRational){ 30, 1 };
	return (AVRational){ (int)p->fps_num, (int)p->fps_den };
}

/*
 * What makes GOPs fit: keyint=infinite and scenecut=0 (the first picture is the one IDR),
 * stitchable=1 (headers do not depend on the content), force-cfr=1 (nor on the times), and the rate
 * buffer half full at the start, as the GOP before may have left it.
 */
static AVDictionary *encoder_options(void)
{
	AVDictionary *options = NULL;

	av_dict_set(&options, "preset", "veryfast", 0);
	av_dict_set(&options, "profile", "high", 0);
	av_dict_set(&options, "crf", QUALITY, 0);
	av_dict_set(&options, "forced-idr", "1", 0);
	av_dict_set(&options, "x264-params",
		"keyint=infinite:scenecut=0:open-gop=0:stitchable=1:force-cfr=1:b-pyramid=none", 0);
	return options;
}

/* Opens the encoder for pictures like the first one. */
static int open_encoder(struct transcode *t, const AVFrame *like)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
	AVDictionary *options;
	int rc;

	if (!c)
		return HEARTH_EUNSUPPORTED;
	t->encoder = c;
	c->width = (int)t->out->width;
	c->height = (int)t->out->height;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->sample_aspect_ratio = t->sar;
	c->framerate = frame_rate(t->params);
	c->time_base = av_inv_q(c->framerate);
	c->gop_size = INT_MAX;
	c->max_b_frames = t->params->b_frames;
	c->rc_max_rate = t->params->bitrate;
	c->rc_buffer_size = (int)t->params->bitrate;
	c->rc_initial_buffer_occupancy = c->rc_buffer_size / 2;
	c->color_primaries = like->color_primaries;
	c->color_trc = like->color_trc;
	c->colorspace = like->colorspace;
	c->color_range = AVCOL_RANGE_MPEG;
	c->thread_count = 1;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
	options = encoder_options();
	rc = avcodec_open2(c, codec, &options);
	av_dict_free(&options);
	return rc < 0 ? HEARTH_EUNSUPPORTED : 0;
}

/* avcC out of the SPS and PPS that x264 gives between start codes. */
static int write_config(struct transcode *t)
{
	struct slice left = slice_of(t->encoder->extradata, (size_t)t->encoder->extradata_size);
	struct slice nal, sps = { 0 }, pps = { 0 };

	while (avc_annexb_next(&left, &nal)) {
		if (avc_nal_type(nal) == AVC_NAL_SPS)
			sps = nal;
		else if (avc_nal_type(nal) == AVC_NAL_PPS)
			pps = nal;
	}
	return avc_config_write(&t->out->avcc, sps, pps);
}

/* Keeps one encoded picture: start codes become lengths; its dts holds its number in display. */
static void keep_packet(struct transcode *t)
{
	struct slice left = slice_of(t->packet->data, (size_t)t->packet->size), nal;
	struct strbuf b = { 0 };

	while (avc_annexb_next(&left, &nal)) {
		uint32_t n = (uint32_t)nal.n;
		char length[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

		if (avc_nal_type(nal) == AVC_NAL_SEI && n > 1 && nal.p[1] == SEI_USER_DATA)
			continue;
		strbuf_add(&b, slice_of(length, 4));
		strbuf_add(&b, nal);
	}
	media_samples_add(&t->out->samples, (struct media_sample){
						    .dts = t->packet->pts,
						    .key = t->packet->flags & AV_PKT_FLAG_KEY,
						    .data = buf_copy(strbuf_slice(&b)),
					    });
	strbuf_free(&b);
}

/* Feeds a picture (NULL at the end) to the encoder and takes what it has ready. */
static int encode(struct transcode *t, AVFrame *frame)
{
	int rc = avcodec_send_frame(t->encoder, frame);

	while (rc >= 0) {
		rc = avcodec_receive_packet(t->encoder, t->packet);
		if (rc >= 0) {
			keep_packet(t);
			av_packet_unref(t->packet);
		}
	}
	return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? 0 : HEARTH_EUNSUPPORTED;
}

/* Scales t->picture into t->scaled. */
static int scale(struct transcode *t)
{
	AVFrame *from = t->picture, *to = t->scaled;

	t->scaler = sws_getCachedContext(t->scaler, from->width, from->height,
		(enum AVPixelFormat)from->format, (int)t->out->width, (int)t->out->height,
		AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
	if (!t->scaler)
		return HEARTH_EUNSUPPORTED;
	av_frame_unref(to);
	to->format = AV_PIX_FMT_YUV420P;
	to->width = (int)t->out->width;
	to->height = (int)t->out->height;
	if (av_frame_copy_props(to, from) < 0 || av_frame_get_buffer(to, 0) < 0 ||
		sws_scale_frame(t->scaler, to, from) < 0)
		return HEARTH_EUNSUPPORTED;
	to->color_range = AVCOL_RANGE_MPEG;
	return 0;
}

/*
 * A decoded picture is in t->picture. One that belongs to the lead, or whose sample is unknown or
 * done already, is dropped.
 */
static int take_picture(struct transcode *t)
{
	int64_t number = t->picture->pts;
	int rc;

	if (number < 0 || (uint64_t)number >= t->in->n || t->alive[number])
		return 0;
	if (!t->encoder) {
		rc = open_encoder(t, t->picture);
		if (rc < 0)
			return rc;
	}
	rc = scale(t);
	if (rc < 0)
		return rc;
	INVARIANT(t->shown_n < t->in->n);
	t->scaled->pts = (int64_t)t->shown_n;
	t->scaled->pict_type = t->shown_n ? AV_PICTURE_TYPE_NONE : AV_PICTURE_TYPE_I;
	t->alive[number] = true;
	t->shown[t->shown_n++] = (uint32_t)number;
	return encode(t, t->scaled);
}

/* Feeds a packet (NULL at the end) to the decoder; what it cannot decode is passed over. */
static int decode(struct transcode *t, const AVPacket *packet)
{
	int rc = 0;

	avcodec_send_packet(t->decoder, packet);
	while (rc == 0 && avcodec_receive_frame(t->decoder, t->picture) >= 0)
		rc = take_picture(t);
	return rc;
}

/* Decodes a sample; `number` comes back with its picture. */
static int decode_sample(struct transcode *t, const struct media_sample *sample, int64_t number)
{
	struct slice data = buf_slice(sample->data);
	int rc;

	if (t->params->progress)
		t->params->progress(t->params->progress_arg);
	if (data.n > INT_MAX / 2 || av_new_packet(t->packet, (int)data.n) < 0)
		return HEARTH_ETOOBIG;
	if (data.n)
		memcpy(t->packet->data, data.p, data.n);
	t->packet->pts = number;
	t->packet->flags = sample->key ? AV_PKT_FLAG_KEY : 0;
	rc = decode(t, t->packet);
	av_packet_unref(t->packet);
	return rc;
}

static int decode_all(struct transcode *t)
{
	int rc = 0;

	for (size_t i = 0; t->lead && i < t->lead->n && rc == 0; i++)
		rc = decode_sample(t, &t->lead->p[i], -1);
	for (size_t i = 0; i < t->in->n && rc == 0; i++)
		rc = decode_sample(t, &t->in->p[i], (int64_t)i);
	return rc < 0 ? rc : decode(t, NULL);
}

/* Gives the samples that came out the times of those that went in. */
static void set_times(struct transcode *t)
{
	const struct media_sample *last = &t->in->p[t->in->n - 1];
	struct media_samples *out = &t->out->samples;
	size_t from = 0;

	INVARIANT(out->n > 0 && out->n == t->shown_n && out->n <= t->in->n);
	for (size_t i = 0; i < out->n; i++, from++) {
		const struct media_sample *shown = &t->in->p[t->shown[out->p[i].dts]];

		while (!t->alive[from])
			from++;
		out->p[i].dts = t->in->p[from].dts;
		out->p[i].cts = (int32_t)(shown->dts + shown->cts - out->p[i].dts);
		if (i)
			out->p[i - 1].duration = (uint32_t)(out->p[i].dts - out->p[i - 1].dts);
	}
	out->p[out->n - 1].duration =
		(uint32_t)(last->dts + last->duration - out->p[out->n - 1].dts);
	t->out->frames_lost = (uint32_t)(t->in->n - out->n);
}

static int run(struct transcode *t, struct slice avcc)
{
	int rc = plan_size(t, avcc);

	if (rc != 0)
		return rc;
	rc = open_decoder(t, avcc);
	if (rc == 0)
		rc = decode_all(t);
	if (rc == 0 && t->encoder)
		rc = encode(t, NULL);
	if (rc < 0)
		return rc;
	/* Every picture that went in must have come out, or the times would not fit. */
	if (!t->shown_n || t->out->samples.n != t->shown_n)
		return HEARTH_EINVAL;
	set_times(t);
	return write_config(t);
}

int transcode_gop(const struct transcode_params *params, struct slice avcc,
	const struct media_samples *lead, const struct media_samples *in,
	struct transcode_result *out)
{
	struct transcode t = { .params = params, .lead = lead, .in = in, .out = out };
	int rc = libav_load();

	*out = (struct transcode_result){ 0 };
	if (rc < 0)
		return rc;
	t.shown = mem_alloc(in->n * sizeof(*t.shown));
	t.alive = mem_zalloc(in->n * sizeof(*t.alive));
	t.picture = av_frame_alloc();
	t.scaled = av_frame_alloc();
	t.packet = av_packet_alloc();
	rc = t.picture && t.scaled && t.packet ? run(&t, avcc) : HEARTH_EUNSUPPORTED;
	sws_freeContext(t.scaler);
	avcodec_free_context(&t.decoder);
	avcodec_free_context(&t.encoder);
	av_frame_free(&t.picture);
	av_frame_free(&t.scaled);
	av_packet_free(&t.packet);
	free(t.shown);
	free(t.alive);
	if (rc != 0)
		transcode_result_clear(out);
	return rc;
}

void transcode_result_clear(struct transcode_result *r)
{
	strbuf_free(&r->avcc);
	media_samples_clear(&r->samples);
	*r = (struct transcode_result){ 0 };
}
