/*
 * rtmp_chunk_writer.c: the chunk writer. Every message begins with a fmt 0 header and goes on with
 * fmt 3, with the extended timestamp repeated as the specification asks. Pure, on the loop here; it
 * keeps nothing but the size of chunks.
 */
#include "rtmp/rtmp_chunk.h"

#include "bytes.h"
#include "hearth/log.h"

#define DEFAULT_CHUNK_SIZE 128
#define EXTENDED           0xFFFFFFu

static void write_basic_header(struct strbuf *out, unsigned fmt, uint32_t csid)
{
	if (csid < 64) {
		write_u8(out, (uint8_t)(fmt << 6 | csid));
	} else if (csid < 64 + 256) {
		write_u8(out, (uint8_t)(fmt << 6));
		write_u8(out, (uint8_t)(csid - 64));
	} else {
		write_u8(out, (uint8_t)(fmt << 6 | 1));
		write_u8(out, (uint8_t)((csid - 64) & 0xff));
		write_u8(out, (uint8_t)((csid - 64) >> 8));
	}
}

void rtmp_writer_init(struct rtmp_writer *w)
{
	w->chunk_size = DEFAULT_CHUNK_SIZE;
}

void rtmp_writer_message(struct rtmp_writer *w, struct strbuf *out, const struct rtmp_message *m)
{
	uint32_t timestamp = (uint32_t)m->timestamp_ms;
	bool extended = timestamp >= EXTENDED;
	struct slice left = m->body;

	INVARIANT(m->csid >= 2 && m->csid <= 65599 && m->body.n <= 0xFFFFFF);
	write_basic_header(out, 0, m->csid);
	write_be24(out, extended ? EXTENDED : timestamp);
	write_be24(out, (uint32_t)m->body.n);
	write_u8(out, m->type);
	for (int shift = 0; shift < 32; shift += 8) /* the one little-endian field */
		write_u8(out, (uint8_t)(m->stream_id >> shift));
	if (extended)
		write_be32(out, timestamp);
	strbuf_add(out, slice_head(left, w->chunk_size));
	for (left = slice_skip(left, w->chunk_size); left.n;
		left = slice_skip(left, w->chunk_size)) {
		write_basic_header(out, 3, m->csid);
		if (extended)
			write_be32(out, timestamp);
		strbuf_add(out, slice_head(left, w->chunk_size));
	}
}

void rtmp_writer_set_chunk_size(struct rtmp_writer *w, struct strbuf *out, uint32_t size)
{
	uint8_t body[4];

	INVARIANT(size >= 1 && size <= RTMP_CHUNK_SIZE_MAX);
	put_be(body, size, 4);
	rtmp_writer_message(w, out,
		&(struct rtmp_message){
			.csid = 2, .type = RTMP_SET_CHUNK_SIZE, .body = slice_of(body, 4) });
	w->chunk_size = size;
}
