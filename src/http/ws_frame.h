/*
 * ws_frame.h: WebSocket frames, bytes in and events out (RFC 6455 sections 5 and 7), for a server:
 * what comes is masked, what goes is not. Pure: no socket, no clock, no session.
 *
 *	while ((event = ws_parse(p, in, &used)) != WS_PARSED_MORE) { in = slice_skip(in, used); … }
 */
#ifndef HEARTH_SRC_WS_FRAME_H
#define HEARTH_SRC_WS_FRAME_H

#include "hearth/str.h"

#define WS_CONTROL_MAX 125  /* bytes of payload of a control frame */
#define WS_NO_CODE     1005 /* a Close without a code (section 7.4.1) */
#define WS_HEAD_MAX    14   /* bytes before the payload, with a mask */

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8, /* from here on: control frames, never in fragments */
	WS_PING = 9,
	WS_PONG = 10,
};

enum ws_parsed {
	WS_PARSED_MORE,    /* all input is used; more is needed */
	WS_PARSED_MESSAGE, /* `text`, `compressed` and ws_payload: a whole message */
	WS_PARSED_PING,    /* ws_payload */
	WS_PARSED_PONG,    /* ws_payload */
	WS_PARSED_CLOSE,   /* `code`, 1005 when it has none; ws_payload: the reason */
	WS_PARSED_ERROR,   /* `code`: what to close with, `why`: in words */
};

/*
 * Zeroed but for the first two it is ready. After WS_PARSED_CLOSE and WS_PARSED_ERROR it reads
 * nothing more and says the same again.
 */
struct ws_parser {
	size_t message_max; /* bytes of a message; a compressed one may be a little larger */
	bool deflate;       /* permessage-deflate was agreed on: RSV1 may be set */

	bool text;       /* text that is not compressed is valid UTF-8 */
	bool compressed; /* payload is what ws_inflate takes */
	int code;
	const char *why;

	/* the rest is the parser's own */
	enum ws_parsed ended;            /* CLOSE or ERROR, once it was told */
	unsigned char head[WS_HEAD_MAX]; /* of the frame being read */
	uint8_t head_n, head_size;
	uint8_t opcode;
	bool fin;
	bool in_payload; /* the head is complete */
	bool in_message; /* a message was begun and continues */
	bool told;       /* `message` was given out: it is emptied at the next call */
	struct {
		uint8_t need;      /* bytes that a character still lacks */
		uint8_t low, high; /* between these the next one must be */
	} utf8;
	uint8_t control_n;
	char control[WS_CONTROL_MAX];
	uint64_t left;         /* bytes of payload still to come */
	uint64_t read;         /* bytes of payload so far */
	struct strbuf message; /* hardly any memory between messages */
};

/* Releases the memory. */
void ws_parser_clear(struct ws_parser *p);
/* Reads on; *used says how much of `in` is done with. */
enum ws_parsed ws_parse(struct ws_parser *p, struct slice in, size_t *used);
/* What came with the event; valid until the next call of ws_parse. */
struct slice ws_payload(const struct ws_parser *p);

/* Whether a close code may be sent on the wire (section 7.4). */
bool ws_code_valid(int code);

/* Writes the head of a final, unmasked frame to `out` (WS_HEAD_MAX bytes); returns its length. */
size_t ws_frame_head(char *out, enum ws_opcode opcode, bool compressed, size_t payload_n);

#endif
