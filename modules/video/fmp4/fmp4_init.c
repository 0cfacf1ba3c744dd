/*
 * fmp4_init.c: the initialisation segment: ftyp, and a moov whose sample tables are empty and whose
 * mvex says that fragments follow. Pure, on a worker here; some kilobytes.
 */
#include "fmp4/fmp4_writer.h"

#include "fmp4/fmp4_box.h"
#include "hearth/error.h"

#define MOVIE_TIMESCALE 1000
#define TKHD_ENABLED    0x000001
#define TKHD_IN_MOVIE   0x000002
#define DREF_IN_FILE    0x000001
#define LANGUAGE_UND    0x55c4 /* three letters of five bits */
#define OBJECT_TYPE_AAC 0x40   /* MPEG-4 audio */
#define STREAM_AUDIO    0x15   /* stream type 5, upstream 0, reserved 1 */

/* Descriptor tags of esds (ISO/IEC 14496-1 7.2.6). */
#define TAG_ES             3
#define TAG_DECODER_CONFIG 4
#define TAG_DECODER_INFO   5
#define TAG_SL_CONFIG      6

static void write_fixed(struct strbuf *b, uint32_t integer)
{
	write_be32(b, integer << 16);
}

static void write_matrix(struct strbuf *b)
{
	static const uint32_t unity[] = { 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000 };

	for (size_t i = 0; i < sizeof(unity) / sizeof(unity[0]); i++)
		write_be32(b, unity[i]);
}

static void write_ftyp(struct strbuf *b, bool one_track)
{
	size_t at = box_begin(b, "ftyp");

	strbuf_adds(b, "iso6");
	write_be32(b, 0);
	strbuf_adds(b, "iso6mp41");
	if (one_track)
		strbuf_adds(b, "cmfc");
	box_end(b, at);
}

static void write_mvhd(struct strbuf *b, uint32_t next_track)
{
	size_t at = full_box_begin(b, "mvhd", 0, 0);

	write_zeros(b, 8); /* no times: the same input gives the same bytes */
	write_be32(b, MOVIE_TIMESCALE);
	write_be32(b, 0);   /* duration: in the fragments */
	write_fixed(b, 1);  /* rate */
	write_be16(b, 256); /* volume */
	write_zeros(b, 10);
	write_matrix(b);
	write_zeros(b, 24);
	write_be32(b, next_track);
	box_end(b, at);
}

static void write_tkhd(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = full_box_begin(b, "tkhd", 0, TKHD_ENABLED | TKHD_IN_MOVIE);

	write_zeros(b, 8);
	write_be32(b, t->id);
	write_zeros(b, 4 + 4 + 8 + 2 + 2); /* duration, layer and group among them */
	write_be16(b, t->codec == FMP4_AAC ? 256 : 0);
	write_zeros(b, 2);
	write_matrix(b);
	write_fixed(b, t->width);
	write_fixed(b, t->height);
	box_end(b, at);
}

static void write_mdhd(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = full_box_begin(b, "mdhd", 0, 0);

	write_zeros(b, 8);
	write_be32(b, t->timescale);
	write_be32(b, 0);
	write_be16(b, LANGUAGE_UND);
	write_zeros(b, 2);
	box_end(b, at);
}

static void write_hdlr(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = full_box_begin(b, "hdlr", 0, 0);

	write_zeros(b, 4);
	strbuf_adds(b, t->codec == FMP4_AVC ? "vide" : "soun");
	write_zeros(b, 12);
	strbuf_add(b, t->codec == FMP4_AVC ? SLICE("video\0") : SLICE("sound\0"));
	box_end(b, at);
}

static void write_avc1(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = box_begin(b, "avc1"), config;

	write_zeros(b, 6);
	write_be16(b, 1); /* data reference */
	write_zeros(b, 16);
	write_be16(b, t->width);
	write_be16(b, t->height);
	write_fixed(b, 72); /* dots per inch */
	write_fixed(b, 72);
	write_zeros(b, 4);
	write_be16(b, 1); /* frames a sample */
	write_zeros(b, 32);
	write_be16(b, 24); /* depth */
	write_be16(b, 0xffff);
	config = box_begin(b, "avcC");
	strbuf_add(b, t->config);
	box_end(b, config);
	box_end(b, at);
}

/* A descriptor's tag and its size in the four-byte form. */
static void write_descriptor(struct strbuf *b, uint8_t tag, size_t size)
{
	write_u8(b, tag);
	write_u8(b, (uint8_t)(0x80 | (size >> 21 & 0x7f)));
	write_u8(b, (uint8_t)(0x80 | (size >> 14 & 0x7f)));
	write_u8(b, (uint8_t)(0x80 | (size >> 7 & 0x7f)));
	write_u8(b, (uint8_t)(size & 0x7f));
}

static void write_esds(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = full_box_begin(b, "esds", 0, 0);
	size_t decoder = 13 + 5 + t->config.n;

	write_descriptor(b, TAG_ES, 3 + 5 + decoder + 5 + 1);
	write_zeros(b, 3); /* ES_ID, no flags */
	write_descriptor(b, TAG_DECODER_CONFIG, decoder);
	write_u8(b, OBJECT_TYPE_AAC);
	write_u8(b, STREAM_AUDIO);
	write_zeros(b, 3 + 4 + 4); /* buffer size and bit rates: not known beforehand */
	write_descriptor(b, TAG_DECODER_INFO, t->config.n);
	strbuf_add(b, t->config);
	write_descriptor(b, TAG_SL_CONFIG, 1);
	write_u8(b, 2); /* predefined: MP4 */
	box_end(b, at);
}

static void write_mp4a(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = box_begin(b, "mp4a");

	write_zeros(b, 6);
	write_be16(b, 1); /* data reference */
	write_zeros(b, 8);
	write_be16(b, t->channels ? t->channels : 2);
	write_be16(b, 16); /* bits a sample, by convention */
	write_zeros(b, 4);
	write_fixed(b, t->timescale > UINT16_MAX ? 0 : t->timescale);
	write_esds(b, t);
	box_end(b, at);
}

static void write_empty_table(struct strbuf *b, const char type[4], size_t size)
{
	size_t at = full_box_begin(b, type, 0, 0);

	write_zeros(b, size);
	box_end(b, at);
}

static void write_stbl(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = box_begin(b, "stbl");
	size_t stsd = full_box_begin(b, "stsd", 0, 0);

	write_be32(b, 1);
	if (t->codec == FMP4_AVC)
		write_avc1(b, t);
	else
		write_mp4a(b, t);
	box_end(b, stsd);
	write_empty_table(b, "stts", 4);
	write_empty_table(b, "stsc", 4);
	write_empty_table(b, "stsz", 8);
	write_empty_table(b, "stco", 4);
	box_end(b, at);
}

static void write_minf(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = box_begin(b, "minf"), head, dinf, dref, url;

	if (t->codec == FMP4_AVC) {
		head = full_box_begin(b, "vmhd", 0, 1);
		write_zeros(b, 8);
	} else {
		head = full_box_begin(b, "smhd", 0, 0);
		write_zeros(b, 4);
	}
	box_end(b, head);
	dinf = box_begin(b, "dinf");
	dref = full_box_begin(b, "dref", 0, 0);
	write_be32(b, 1);
	url = full_box_begin(b, "url ", 0, DREF_IN_FILE);
	box_end(b, url);
	box_end(b, dref);
	box_end(b, dinf);
	write_stbl(b, t);
	box_end(b, at);
}

static void write_trak(struct strbuf *b, const struct fmp4_track *t)
{
	size_t at = box_begin(b, "trak"), mdia;

	write_tkhd(b, t);
	mdia = box_begin(b, "mdia");
	write_mdhd(b, t);
	write_hdlr(b, t);
	write_minf(b, t);
	box_end(b, mdia);
	box_end(b, at);
}

static void write_mvex(struct strbuf *b, const struct fmp4_track *tracks, size_t n)
{
	size_t at = box_begin(b, "mvex");

	for (size_t i = 0; i < n; i++) {
		size_t trex = full_box_begin(b, "trex", 0, 0);

		write_be32(b, tracks[i].id);
		write_be32(b, 1); /* sample description */
		write_zeros(b, 12);
		box_end(b, trex);
	}
	box_end(b, at);
}

int fmp4_write_init(struct strbuf *out, const struct fmp4_track *tracks, size_t n)
{
	uint32_t next_track = 1;
	size_t moov;

	for (size_t i = 0; i < n; i++) {
		if (tracks[i].config.n > FMP4_CONFIG_MAX)
			return HEARTH_ETOOBIG;
		if (tracks[i].id >= next_track)
			next_track = tracks[i].id + 1;
	}
	write_ftyp(out, n == 1);
	moov = box_begin(out, "moov");
	write_mvhd(out, next_track);
	for (size_t i = 0; i < n; i++)
		write_trak(out, &tracks[i]);
	write_mvex(out, tracks, n);
	box_end(out, moov);
	return 0;
}
