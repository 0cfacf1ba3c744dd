/*
 * rtmp_chunk.h: the RTMP chunk stream (RTMP 1.0 section 5.3): messages out of chunks and back.
 *
 * The reader is fed bytes cut anywhere and hands out whole messages. It obeys Set Chunk Size and
 * Abort itself and passes everything else on. Timestamps come out as 64-bit milliseconds that run
 * on where the 32 bits on the wire wrap.
 *
 * Memory: a message grows with the bytes that really came, never with what its header announces;
 * one message is bounded by `message_max`, all half-received ones together by twice that, and chunk
 * streams by RTMP_CHUNK_STREAMS_MAX. Pure, on the loop here.
 */
#ifndef HEARTH_RTMP_CHUNK_H
#define HEARTH_RTMP_CHUNK_H

#include "hearth/str.h"

#define RTMP_MESSAGE_MAX       (16u << 20) /* the bound for an authorised publisher */
#define RTMP_MESSAGE_MAX_EARLY (64u << 10) /* enough for everything before publish */
#define RTMP_CHUNK_STREAMS_MAX 64
#define RTMP_CHUNK_SIZE_MAX    0xFFFFFFu

/* Message types (section 5.4 and 7.1). */
enum rtmp_type {
	RTMP_SET_CHUNK_SIZE = 1,
	RTMP_ABORT = 2,
	RTMP_ACK = 3,
	RTMP_USER_CONTROL = 4,
	RTMP_WINDOW_ACK_SIZE = 5,
	RTMP_SET_PEER_BANDWIDTH = 6,
	RTMP_AUDIO = 8,
	RTMP_VIDEO = 9,
	RTMP_DATA_AMF3 = 15,
	RTMP_COMMAND_AMF3 = 17,
	RTMP_DATA = 18,
	RTMP_COMMAND = 20,
	RTMP_AGGREGATE = 22,
};

struct rtmp_message {
	uint32_t csid;        /* chunk stream it came on, or is to be sent on: 2..65599 */
	uint8_t type;         /* enum rtmp_type, or another number from the wire */
	uint32_t stream_id;   /* message stream: 0 control, else what createStream gave */
	int64_t timestamp_ms; /* the writer sends the low 32 bits */
	struct slice body;    /* from the reader: valid until the next call on it */
};

struct rtmp_reader;

/* A reader that expects the first byte behind the handshake, chunk size 128. */
struct rtmp_reader *rtmp_reader_new(size_t message_max);
void rtmp_reader_free(struct rtmp_reader **r);
/* Another bound from the next message header on; at most RTMP_MESSAGE_MAX makes sense. */
void rtmp_reader_set_message_max(struct rtmp_reader *r, size_t message_max);
/*
 * Takes what it can off the front of *in. Returns 1 with a whole message in *m (call again with
 * what is left); 0 when it needs more: what is left in *in, at most 17 bytes, comes again with more
 * behind it. HEARTH_EINVAL: malformed; HEARTH_ETOOBIG: over a bound; rtmp_reader_reason says it in
 * words. After an error the connection is beyond repair.
 */
int rtmp_reader_next(struct rtmp_reader *r, struct slice *in, struct rtmp_message *m);
/* Bytes consumed so far: the sequence number of an Acknowledgement (section 5.4.3). */
uint64_t rtmp_reader_received(const struct rtmp_reader *r);
/* What was wrong, after an error; a static string. */
const char *rtmp_reader_reason(const struct rtmp_reader *r);

struct rtmp_writer {
	uint32_t chunk_size; /* in force for what is written next */
};

/* Ready for the first message, chunk size 128. */
void rtmp_writer_init(struct rtmp_writer *w);
/* Appends one message: a header with all fields, then as many chunks as it takes. */
void rtmp_writer_message(struct rtmp_writer *w, struct strbuf *out, const struct rtmp_message *m);
/* Announces another chunk size, 1 to RTMP_CHUNK_SIZE_MAX, and uses it from then on. */
void rtmp_writer_set_chunk_size(struct rtmp_writer *w, struct strbuf *out, uint32_t size);

#endif
