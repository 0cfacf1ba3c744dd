/*
 * gop_file.c: writes a GOP as bytes and reads it back, each length held against what is left.
 * Pure; samples point into the file.
 */
#include "package/gop_file.h"

#include "bytes.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define MAGIC       SLICE("HCK2")
#define MAGIC_1     SLICE("HCK1")
#define SAMPLE_HEAD 21 /* bytes before a sample's data */

static void write_bytes(struct strbuf *out, struct slice s)
{
	write_be32(out, (uint32_t)s.n);
	strbuf_add(out, s);
}

static void write_samples(struct strbuf *out, const struct media_samples *list)
{
	write_be32(out, (uint32_t)list->n);
	for (size_t i = 0; i < list->n; i++) {
		const struct media_sample *s = &list->p[i];

		write_be64(out, (uint64_t)s->dts);
		write_be32(out, (uint32_t)s->cts);
		write_be32(out, s->duration);
		write_u8(out, s->key);
		write_bytes(out, buf_slice(s->data));
	}
}

void gop_file_write(struct strbuf *out, const struct gop_file *c)
{
	/* What check_codec wants of a file: a codec exactly where there is a configuration. */
	INVARIANT((c->video_codec != NULL) == (c->video_config.n > 0));
	INVARIANT((c->audio_codec != NULL) == (c->audio_config.n > 0));
	strbuf_add(out, MAGIC);
	write_be32(out, c->fps_num);
	write_be32(out, c->fps_den);
	write_u8(out, c->b_frames);
	write_be32(out, c->audio_rate);
	write_u8(out, c->channels);
	write_u8(out, c->video_codec ? c->video_codec->number : 0);
	write_u8(out, c->audio_codec ? c->audio_codec->number : 0);
	write_bytes(out, c->video_config);
	write_bytes(out, c->audio_config);
	write_samples(out, &c->lead);
	write_samples(out, &c->video);
	write_samples(out, &c->audio);
}

static struct slice read_bytes(struct byte_reader *r)
{
	size_t n = read_be32(r);

	return read_slice(r, n);
}

static void read_samples(struct byte_reader *r, struct buf *file, struct media_samples *list)
{
	size_t n = read_be32(r);

	/* More than the bytes that are left could hold. */
	if (n > r->n / SAMPLE_HEAD)
		r->bad = true;
	for (size_t i = 0; i < n && !r->bad; i++) {
		struct media_sample s = { .dts = (int64_t)read_be(r, 8),
			.cts = (int32_t)read_be32(r) };
		struct slice data;
		uint8_t key;

		s.duration = read_be32(r);
		key = read_u8(r);
		data = read_bytes(r);
		if (key > 1)
			r->bad = true;
		if (r->bad)
			break;
		s.key = key;
		s.data = buf_part(file, (size_t)(data.p - file->p), data.n);
		media_samples_add(list, s);
	}
}

/* The codec of a track that is there exactly when it has a configuration. */
static const struct codec *check_codec(
	struct byte_reader *r, uint8_t number, bool video, struct slice config)
{
	const struct codec *codec = number ? codec_by_number(number) : NULL;

	if (!codec ? number || config.n : codec->video != video || !config.n)
		r->bad = true;
	return codec;
}

/* Codecs and configurations; `first`: of a file that has no numbers of codecs. */
static void read_tracks(struct byte_reader *r, bool first, struct gop_file *out)
{
	uint8_t video = first ? 0 : read_u8(r), audio = first ? 0 : read_u8(r);

	out->video_config = read_bytes(r);
	out->audio_config = read_bytes(r);
	if (first && out->video_config.n)
		video = codec_of(AV_CODEC_AVC)->number;
	if (first && out->audio_config.n)
		audio = codec_of(AV_CODEC_AAC)->number;
	out->video_codec = check_codec(r, video, true, out->video_config);
	out->audio_codec = check_codec(r, audio, false, out->audio_config);
}

int gop_file_read(struct buf *file, struct gop_file *out)
{
	struct byte_reader r = byte_reader_of(buf_slice(file));
	struct slice magic = read_slice(&r, MAGIC.n);

	*out = (struct gop_file){ 0 };
	if (!slice_eq(magic, MAGIC) && !slice_eq(magic, MAGIC_1))
		return HEARTH_ECORRUPT;
	out->fps_num = read_be32(&r);
	out->fps_den = read_be32(&r);
	out->b_frames = read_u8(&r);
	out->audio_rate = read_be32(&r);
	out->channels = read_u8(&r);
	read_tracks(&r, slice_eq(magic, MAGIC_1), out);
	read_samples(&r, file, &out->lead);
	read_samples(&r, file, &out->video);
	read_samples(&r, file, &out->audio);
	if (r.bad || r.n) {
		gop_file_clear(out);
		return HEARTH_ECORRUPT;
	}
	return 0;
}

void gop_file_clear(struct gop_file *c)
{
	media_samples_clear(&c->lead);
	media_samples_clear(&c->video);
	media_samples_clear(&c->audio);
	*c = (struct gop_file){ 0 };
}
