/*
 * fmp4_segment.c: a media segment: styp, moof, mdat.
 *
 * A moof holds a traf a track; its trun says where the track's bytes begin, counted from the start
 * of the moof. All samples of the first run lie in front of all samples of the second. Pure, on a
 * worker here; as long as its samples, and 16 bytes for each.
 */
#include "fmp4/fmp4_writer.h"

#include "fmp4/fmp4_box.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define TFHD_DEFAULT_FLAGS   0x000020
#define TFHD_BASE_IS_MOOF    0x020000
#define TRUN_DATA_OFFSET     0x000001
#define TRUN_SAMPLE_DURATION 0x000100
#define TRUN_SAMPLE_SIZE     0x000200
#define TRUN_SAMPLE_FLAGS    0x000400
#define TRUN_SAMPLE_CTS      0x000800
#define SAMPLE_KEY           0x02000000 /* depends on no other */
#define SAMPLE_DEPENDS       0x01010000 /* depends on others, is no sync sample */
#define BOX_HEADER_SIZE      8

static size_t run_bytes(const struct media_samples *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->p[i].data->n;
	return n;
}

static void write_styp(struct strbuf *b)
{
	size_t at = box_begin(b, "styp");

	strbuf_adds(b, "msdh");
	write_be32(b, 0);
	strbuf_adds(b, "msdhiso6");
	box_end(b, at);
}

/* Writes one traf; returns where in `b` the data offset is to be put. */
static size_t write_traf(struct strbuf *b, const struct fmp4_run *run)
{
	bool video = run->track->codec == FMP4_AVC;
	const struct media_samples *s = run->samples;
	size_t traf = box_begin(b, "traf"), at, offset_at;

	INVARIANT(s->n > 0 && s->p[0].dts >= 0);
	at = full_box_begin(b, "tfhd", 0, TFHD_BASE_IS_MOOF | (video ? 0 : TFHD_DEFAULT_FLAGS));
	write_be32(b, run->track->id);
	if (!video)
		write_be32(b, SAMPLE_KEY);
	box_end(b, at);

	at = full_box_begin(b, "tfdt", 1, 0);
	write_be64(b, (uint64_t)s->p[0].dts);
	box_end(b, at);

	at = full_box_begin(b, "trun", 1, /* version 1: cts is signed */
		TRUN_DATA_OFFSET | TRUN_SAMPLE_DURATION | TRUN_SAMPLE_SIZE |
			(video ? TRUN_SAMPLE_FLAGS | TRUN_SAMPLE_CTS : 0));
	write_be32(b, (uint32_t)s->n);
	offset_at = b->n;
	write_be32(b, 0);
	for (size_t i = 0; i < s->n; i++) {
		write_be32(b, s->p[i].duration);
		write_be32(b, (uint32_t)s->p[i].data->n);
		if (video) {
			write_be32(b, s->p[i].key ? SAMPLE_KEY : SAMPLE_DEPENDS);
			write_be32(b, (uint32_t)s->p[i].cts);
		}
	}
	box_end(b, at);
	box_end(b, traf);
	return offset_at;
}

static void write_moof(struct strbuf *b, uint32_t sequence, const struct fmp4_run *runs, size_t n)
{
	size_t moof = box_begin(b, "moof"), mfhd = full_box_begin(b, "mfhd", 0, 0);
	size_t offset_at[FMP4_TRACKS_MAX], data = BOX_HEADER_SIZE;

	write_be32(b, sequence);
	box_end(b, mfhd);
	for (size_t i = 0; i < n; i++)
		if (runs[i].samples->n)
			offset_at[i] = write_traf(b, &runs[i]);
	box_end(b, moof);
	for (size_t i = 0; i < n; i++) {
		if (!runs[i].samples->n)
			continue;
		put_be(b->p + offset_at[i], b->n - moof + data, 4);
		data += run_bytes(runs[i].samples);
	}
}

int fmp4_write_segment(struct strbuf *out, uint32_t sequence, const struct fmp4_run *runs, size_t n)
{
	size_t bytes = 0, samples = 0, mdat;

	for (size_t i = 0; i < n; i++) {
		bytes += run_bytes(runs[i].samples);
		samples += runs[i].samples->n;
		if (runs[i].samples->n && runs[i].samples->p[0].dts < 0)
			return HEARTH_EINVAL;
	}
	if (n > FMP4_TRACKS_MAX || bytes > FMP4_SEGMENT_MAX || samples > FMP4_SAMPLES_MAX)
		return HEARTH_ETOOBIG;
	strbuf_reserve(out, bytes + samples * 16 + 1024);
	write_styp(out);
	write_moof(out, sequence, runs, n);
	mdat = box_begin(out, "mdat");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < runs[i].samples->n; k++)
			strbuf_add(out, buf_slice(runs[i].samples->p[k].data));
	box_end(out, mdat);
	return 0;
}
