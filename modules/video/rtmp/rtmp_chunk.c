/*
 * rtmp_chunk.c: the chunk reader.
 *
 * It is in one of two states: `chunk_left == 0`, a chunk header comes next, taken in one piece or
 * not at all; or inside the chunk of streams[current], whose bytes are taken as they come. Per
 * chunk stream there is the last header, which shorter headers lean on, and the message under way.
 *
 * Where the field differs from the letter:
 *  - A fmt 3 header that opens a message adds the last delta; after fmt 0 that is the absolute
 *    timestamp (section 5.3.1.2.4, and what FFmpeg's writer counts on).
 *  - A fmt 3 header repeats the extended timestamp, but librtmp, older FFmpeg and OBS leave it out:
 *    four bytes that differ from the last one are body.
 *  - A fresh chunk stream may begin with fmt 1 (librtmp's ping): message stream 0, delta from 0.
 *
 * Pure, on the loop here; a call costs what it takes off the input.
 */
#include "rtmp/rtmp_chunk.h"

#include "bytes.h"
#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

#include <stdlib.h>

#define DEFAULT_CHUNK_SIZE 128
#define EXTENDED           0xFFFFFFu    /* the 3-byte field that says: 4 bytes more */
#define BODY_FIRST         (64u << 10)  /* body memory taken on the word of a header */
#define BODY_KEPT          (512u << 10) /* body memory a chunk stream keeps between messages */

struct chunk_header {
	uint32_t timestamp; /* of the message, as on the wire */
	uint32_t field;     /* timestamp or delta as it was sent last */
	uint32_t length;
	uint32_t stream_id;
	uint8_t type;
	bool extended; /* `field` came in an extended timestamp */
};

struct chunk_stream {
	uint32_t csid;
	struct chunk_header head;
	bool open;          /* a message is under way */
	struct strbuf body; /* what has come of it */
};

struct rtmp_reader {
	size_t message_max;
	uint32_t chunk_size;
	uint64_t received;
	size_t pending; /* bytes in all bodies under way */
	uint32_t chunk_left;
	struct chunk_stream *current;   /* whose chunk is being read */
	struct chunk_stream *delivered; /* whose body the caller is looking at */
	bool have_time;
	int64_t time_ms; /* of the last audio or video message: what 32 bits are unwrapped by */
	const char *reason;
	size_t stream_count;
	struct chunk_stream streams[RTMP_CHUNK_STREAMS_MAX];
};

struct rtmp_reader *rtmp_reader_new(size_t message_max)
{
	struct rtmp_reader *r = mem_zalloc(sizeof(*r));

	r->message_max = message_max;
	r->chunk_size = DEFAULT_CHUNK_SIZE;
	return r;
}

void rtmp_reader_free(struct rtmp_reader **r)
{
	if (!*r)
		return;
	for (size_t i = 0; i < (*r)->stream_count; i++)
		strbuf_free(&(*r)->streams[i].body);
	free(*r);
	*r = NULL;
}

void rtmp_reader_set_message_max(struct rtmp_reader *r, size_t message_max)
{
	r->message_max = message_max;
}

uint64_t rtmp_reader_received(const struct rtmp_reader *r)
{
	return r->received;
}

const char *rtmp_reader_reason(const struct rtmp_reader *r)
{
	return r->reason ? r->reason : "no error";
}

static int fail(struct rtmp_reader *r, int code, const char *reason)
{
	r->reason = reason;
	return code;
}

static struct chunk_stream *stream_find(struct rtmp_reader *r, uint32_t csid)
{
	if (r->current && r->current->csid == csid)
		return r->current;
	for (size_t i = 0; i < r->stream_count; i++)
		if (r->streams[i].csid == csid)
			return &r->streams[i];
	return NULL;
}

/* Takes `n` bytes off the front of the input. */
static void consume(struct rtmp_reader *r, struct slice *in, size_t n)
{
	INVARIANT(n <= in->n);
	*in = slice_skip(*in, n);
	r->received += n;
}

/*
 * The extended timestamp before a fmt 3 chunk, if the sender repeats it: 1 when the next bytes are
 * it, 0 when they are body, -1 when that cannot be told yet.
 */
static int repeats_extended(const struct byte_reader *b, uint32_t field)
{
	uint8_t expected[4];
	size_t n = b->n < 4 ? b->n : 4;

	put_be(expected, field, 4);
	if (n && memcmp(b->p, expected, n) != 0)
		return 0;
	return n == 4 ? 1 : -1;
}

/*
 * The message header (section 5.3.1.2) on top of the last one in *h. Returns 1, or 0 when there is
 * not enough of it.
 */
static int read_message_header(struct byte_reader *b, unsigned fmt, struct chunk_header *h)
{
	struct slice id;

	if (fmt == 3) {
		int repeated = h->extended ? repeats_extended(b, h->field) : 0;

		if (repeated == 1)
			read_be32(b);
		return repeated >= 0;
	}
	h->field = read_be24(b);
	if (fmt <= 1) {
		h->length = read_be24(b);
		h->type = read_u8(b);
	}
	if (fmt == 0) {
		id = read_slice(b, 4);
		if (id.n)
			h->stream_id =
				(uint32_t)(uint8_t)id.p[0] | (uint32_t)(uint8_t)id.p[1] << 8 |
				(uint32_t)(uint8_t)id.p[2] << 16 | (uint32_t)(uint8_t)id.p[3] << 24;
	}
	h->extended = h->field == EXTENDED;
	if (h->extended)
		h->field = read_be32(b);
	return !b->bad;
}

/* The basic header (section 5.3.1.1). */
static uint32_t read_basic_header(struct byte_reader *b, unsigned *fmt)
{
	uint8_t first = read_u8(b);
	uint32_t csid = first & 0x3f;

	*fmt = first >> 6;
	if (csid == 0)
		return 64u + read_u8(b);
	if (csid == 1) {
		csid = 64u + read_u8(b);
		return csid + 256u * read_u8(b);
	}
	return csid;
}

/* Opens a message on `s`, or on a new chunk stream when `s` is NULL. */
static int open_message(struct rtmp_reader *r, struct chunk_stream *s, uint32_t csid, unsigned fmt,
	struct chunk_header *h)
{
	if (!s && fmt >= 2)
		return fail(r, HEARTH_EINVAL, "a new chunk stream begins without a length");
	if (h->length > r->message_max)
		return fail(r, HEARTH_ETOOBIG, "the message is larger than allowed");
	if (!s && r->stream_count == RTMP_CHUNK_STREAMS_MAX)
		return fail(r, HEARTH_ETOOBIG, "too many chunk streams");
	if (!s) {
		s = &r->streams[r->stream_count++];
		s->csid = csid;
	}
	h->timestamp = fmt == 0 ? h->field : h->timestamp + h->field;
	s->head = *h;
	s->open = true;
	strbuf_reserve(&s->body, h->length < BODY_FIRST ? h->length : BODY_FIRST);
	r->current = s;
	return 1;
}

/* A whole chunk header: 1 when taken, 0 when more of it is needed, or an error. */
static int read_header(struct rtmp_reader *r, struct slice *in)
{
	struct byte_reader b = byte_reader_of(*in);
	struct chunk_header h = { 0 };
	struct chunk_stream *s;
	unsigned fmt;
	uint32_t csid = read_basic_header(&b, &fmt), left;
	int rc;

	if (b.bad)
		return 0;
	s = stream_find(r, csid);
	if (s)
		h = s->head;
	if (s && s->open && fmt != 3)
		return fail(r, HEARTH_EINVAL, "a header inside a message");
	if (!read_message_header(&b, fmt, &h))
		return 0;
	if (!s || !s->open) {
		rc = open_message(r, s, csid, fmt, &h);
		if (rc < 0)
			return rc;
	} else {
		r->current = s;
	}
	s = r->current;
	INVARIANT(s->open && s->body.n <= s->head.length);
	left = s->head.length - (uint32_t)s->body.n;
	r->chunk_left = left < r->chunk_size ? left : r->chunk_size;
	consume(r, in, in->n - b.n);
	return 1;
}

/* The message's time on the 64-bit line: the nearest to the last audio or video message's. */
static int64_t unwrap(struct rtmp_reader *r, uint32_t timestamp, uint8_t type)
{
	int64_t t = timestamp;

	if (r->have_time)
		t = r->time_ms + (int32_t)(timestamp - (uint32_t)r->time_ms);
	if (type == RTMP_AUDIO || type == RTMP_VIDEO) {
		r->have_time = true;
		r->time_ms = t;
	}
	return t;
}

static int set_chunk_size(struct rtmp_reader *r, struct slice body)
{
	struct byte_reader b = byte_reader_of(body);
	uint32_t size = read_be32(&b);

	if (b.bad || size == 0 || size > 0x7fffffff)
		return fail(r, HEARTH_EINVAL, "Set Chunk Size is malformed");
	r->chunk_size = size < RTMP_CHUNK_SIZE_MAX ? size : RTMP_CHUNK_SIZE_MAX;
	return 0;
}

static int abort_message(struct rtmp_reader *r, struct slice body)
{
	struct byte_reader b = byte_reader_of(body);
	struct chunk_stream *s = stream_find(r, read_be32(&b));

	if (b.bad)
		return fail(r, HEARTH_EINVAL, "Abort Message is malformed");
	if (s && s->open) {
		INVARIANT(r->pending >= s->body.n);
		r->pending -= s->body.n;
		strbuf_reset(&s->body);
		s->open = false;
	}
	return 0;
}

/* A message is complete: 1 when it is for the caller, 0 when it was for the reader itself. */
static int deliver(struct rtmp_reader *r, struct rtmp_message *m)
{
	struct chunk_stream *s = r->current;

	INVARIANT(s->open && r->chunk_left == 0 && r->pending >= s->body.n);
	s->open = false;
	r->pending -= s->body.n;
	r->delivered = s;
	if (s->head.type == RTMP_SET_CHUNK_SIZE)
		return set_chunk_size(r, strbuf_slice(&s->body));
	if (s->head.type == RTMP_ABORT)
		return abort_message(r, strbuf_slice(&s->body));
	*m = (struct rtmp_message){
		.csid = s->csid,
		.type = s->head.type,
		.stream_id = s->head.stream_id,
		.timestamp_ms = unwrap(r, s->head.timestamp, s->head.type),
		.body = strbuf_slice(&s->body),
	};
	return 1;
}

/* The caller has seen the message that was delivered last. */
static void forget_delivered(struct rtmp_reader *r)
{
	if (!r->delivered)
		return;
	if (r->delivered->body.cap > BODY_KEPT)
		strbuf_free(&r->delivered->body);
	else
		strbuf_reset(&r->delivered->body);
	r->delivered = NULL;
}

int rtmp_reader_next(struct rtmp_reader *r, struct slice *in, struct rtmp_message *m)
{
	int rc;

	forget_delivered(r);
	for (;;) {
		if (!r->chunk_left) {
			rc = read_header(r, in);
			if (rc <= 0)
				return rc;
		}
		if (r->chunk_left) {
			struct slice part = slice_head(*in, r->chunk_left);

			if (r->pending + part.n > 2 * r->message_max)
				return fail(r, HEARTH_ETOOBIG, "too much in unfinished messages");
			strbuf_add(&r->current->body, part);
			r->pending += part.n;
			r->chunk_left -= (uint32_t)part.n;
			consume(r, in, part.n);
			if (r->chunk_left)
				return 0;
		}
		if (r->current->body.n == r->current->head.length) {
			rc = deliver(r, m);
			if (rc != 0)
				return rc;
			forget_delivered(r);
		}
	}
}
