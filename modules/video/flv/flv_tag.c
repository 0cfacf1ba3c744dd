/*
 * flv_tag.c: FLV header and tags. A tag is 11 bytes of header, the body, and 4 bytes that repeat
 * the size of both; the timestamp is 24 bits with the upper 8 behind them. Pure, any thread; a body
 * has 24 bits of length.
 */
#include "flv/flv_tag.h"

#include "bytes.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define HEADER_SIZE     9
#define TAG_HEADER_SIZE 11
#define FLAG_AUDIO      0x04
#define FLAG_VIDEO      0x01
#define TAG_ENCRYPTED   0x20
#define TAG_TYPE_MASK   0x1f

ssize_t flv_read_header(struct slice in, struct flv_header *out)
{
	struct byte_reader b = byte_reader_of(in);
	struct slice signature = slice_head(in, 4);
	uint32_t offset;
	uint8_t flags;

	if (!slice_starts(SLICE("FLV\x01"), signature))
		return HEARTH_EINVAL;
	read_slice(&b, 4);
	flags = read_u8(&b);
	offset = read_be32(&b);
	if (b.bad)
		return 0;
	if (offset < HEADER_SIZE || offset > 1024)
		return HEARTH_EINVAL;
	read_slice(&b, offset - HEADER_SIZE);
	read_be32(&b);
	*out = (struct flv_header){ .audio = flags & FLAG_AUDIO, .video = flags & FLAG_VIDEO };
	return b.bad ? 0 : (ssize_t)(in.n - b.n);
}

ssize_t flv_read_tag(struct slice in, struct flv_tag *out)
{
	struct byte_reader b = byte_reader_of(in);
	uint8_t type = read_u8(&b);
	uint32_t size = read_be24(&b), timestamp = read_be24(&b);

	timestamp |= (uint32_t)read_u8(&b) << 24;
	read_be24(&b); /* stream id: always 0 */
	if (b.bad)
		return 0;
	if (type & TAG_ENCRYPTED)
		return HEARTH_EUNSUPPORTED;
	if (type & ~TAG_TYPE_MASK)
		return HEARTH_EINVAL;
	*out = (struct flv_tag){
		.type = type,
		.timestamp_ms = timestamp,
		.body = read_slice(&b, size),
	};
	read_be32(&b);
	return b.bad ? 0 : (ssize_t)(in.n - b.n);
}

void flv_write_header(struct strbuf *out, bool audio, bool video)
{
	strbuf_add(out, SLICE("FLV\x01"));
	write_u8(out, (uint8_t)((audio ? FLAG_AUDIO : 0) | (video ? FLAG_VIDEO : 0)));
	write_be32(out, HEADER_SIZE);
	write_be32(out, 0);
}

void flv_write_tag(struct strbuf *out, const struct flv_tag *tag)
{
	INVARIANT(tag->body.n <= FLV_BODY_MAX);
	write_u8(out, tag->type);
	write_be24(out, (uint32_t)tag->body.n);
	write_be24(out, tag->timestamp_ms & 0xFFFFFF);
	write_u8(out, (uint8_t)(tag->timestamp_ms >> 24));
	write_be24(out, 0);
	strbuf_add(out, tag->body);
	write_be32(out, (uint32_t)tag->body.n + TAG_HEADER_SIZE);
}
