/*
 * ws_frame.h: WebSocket frames, bytes in and events out (RFC 6455 section 5), for the server's side:
 * what comes is masked, what goes is not. Pure: no socket, no clock.
 */
#ifndef HEARTH_SRC_WS_FRAME_H
#define HEARTH_SRC_WS_FRAME_H

#include "hearth/str.h"

#define WS_CONTROL_MAX 125
#define WS_HEAD_MAX    14

enum ws_parsed {
	WS_PARSED_MORE,    /* all input is used; more is needed */
	WS_PARSED_MESSAGE, /* `text`, `compressed`, ws_payload: a whole message */
	WS_PARSED_PING,    /* ws_payload: its bytes */
	WS_PARSED_PONG,
	WS_PARSED_CLOSE,   /* `code`, 1005 without one; ws_payload: the reason */
	WS_PARSED_ERROR,   /* `code`: what to close with; nothing more is read */
};

/* Zero-initialised but for the first two is ready. */
struct ws_parser {
	size_t message_max;
	bool deflate; /* permessage-deflate was agreed on: RSV1 may be set */

	bool text, compressed; /* of the message being read, and of WS_PARSED_MESSAGE */
	int code;

	unsigned char head[WS_HEAD_MAX]; /* of the frame being read */
	uint8_t head_n;
	uint8_t opcode;
	bool fin;
	bool in_payload;  /* the head is complete */
	bool in_message;  /* a message was begun: continuations are due */
	bool failed;
	bool done;        /* `message` was given out; it is emptied at the next call */
	uint8_t utf8[3];  /* how many bytes a character still needs; what the next may be, from and to */
	uint8_t control_n;
	uint64_t left;    /* bytes of payload still to come */
	uint32_t mask_at; /* bytes of payload so far, modulo 4 */
	char control[WS_CONTROL_MAX];
	struct strbuf message; /* no memory between messages */
};

void ws_parser_clear(struct ws_parser *p);
enum ws_parsed ws_parse(struct ws_parser *p, struct slice in, size_t *used);
/* What came with the event; valid until the next call. */
struct slice ws_payload(const struct ws_parser *p);

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

/* Writes the head of an unmasked, final frame to `out` (WS_HEAD_MAX bytes); returns its length. */
size_t ws_frame_head(char *out, enum ws_opcode opcode, bool compressed, size_t payload_n);
/* Whether a close code may be sent over the wire (RFC 6455 section 7.4). */
bool ws_code_valid(int code);

#endif
