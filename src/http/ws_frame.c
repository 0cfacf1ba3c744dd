/*
 * ws_frame.c: the frame parser.
 *
 *   HEAD ──complete──▶ PAYLOAD ──last byte──▶ HEAD, with an event for a control frame and for the
 *                                             last frame of a message
 *   any ──error──▶ failed, for good
 *
 * Payload is unmasked as it is copied: of messages to `message`, of control frames, which may come
 * between the frames of a message, to `control`. Text is checked as it comes, so that a bad byte is
 * answered before the rest is waited for; compressed text is checked by who inflates it.
 */
#include "http/ws_frame.h"

#include "hearth/text.h"
#include "hearth/ws.h"

static enum ws_parsed fail(struct ws_parser *p, int code)
{
	p->failed = true;
	p->code = code;
	return WS_PARSED_ERROR;
}

void ws_parser_clear(struct ws_parser *p)
{
	strbuf_free(&p->message);
}

struct slice ws_payload(const struct ws_parser *p)
{
	return p->opcode >= WS_CLOSE ? slice_of(p->control, p->control_n) : strbuf_slice(&p->message);
}

bool ws_code_valid(int code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
	       (code >= 3000 && code <= 4999);
}

/* ---- the head of a frame ---- */

/* How long the head is, as far as its first two bytes say. */
static size_t head_size(const struct ws_parser *p)
{
	unsigned length = p->head_n > 1 ? p->head[1] & 0x7F : 0;

	return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
}

/* The length of the payload; UINT64_MAX when it is not written in the shortest way. */
static uint64_t head_length(const struct ws_parser *p)
{
	unsigned length = p->head[1] & 0x7F;
	size_t bytes = length == 126 ? 2 : 8;
	uint64_t n = 0;

	if (length < 126)
		return length;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | p->head[2 + i];
	return (bytes == 2 && n < 126) || (bytes == 8 && n < 65536) || n >> 63 ? UINT64_MAX : n;
}

/* What only the first two bytes decide. */
static enum ws_parsed check_start(struct ws_parser *p)
{
	unsigned rsv = p->head[0] & 0x70, opcode = p->head[0] & 0x0F;
	bool control = opcode >= WS_CLOSE;

	p->fin = p->head[0] & 0x80;
	if (opcode > WS_PONG || (opcode > WS_BINARY && !control) || !(p->head[1] & 0x80))
		return fail(p, WS_PROTOCOL_ERROR);
	/* RSV1 marks a compressed message, on its first frame. */
	if (rsv && (rsv != 0x40 || !p->deflate || control || opcode == WS_CONTINUATION))
		return fail(p, WS_PROTOCOL_ERROR);
	if (control && (!p->fin || (p->head[1] & 0x7F) > WS_CONTROL_MAX))
		return fail(p, WS_PROTOCOL_ERROR);
	if (!control && (opcode == WS_CONTINUATION) != p->in_message)
		return fail(p, WS_PROTOCOL_ERROR);
	p->opcode = (uint8_t)opcode;
	return WS_PARSED_MORE;
}

static enum ws_parsed finish_head(struct ws_parser *p)
{
	p->left = head_length(p);
	if (p->left == UINT64_MAX)
		return fail(p, WS_PROTOCOL_ERROR);
	p->mask_at = 0;
	p->in_payload = true;
	if (p->opcode >= WS_CLOSE) {
		p->control_n = 0;
		return WS_PARSED_MORE;
	}
	if (p->opcode != WS_CONTINUATION) {
		p->text = p->opcode == WS_TEXT;
		p->compressed = p->head[0] & 0x40;
		p->in_message = true;
		p->utf8[0] = 0;
	}
	if (p->left > p->message_max - p->message.n)
		return fail(p, WS_TOO_BIG);
	return WS_PARSED_MORE;
}

/* Takes bytes of the head one by one: there are few. */
static enum ws_parsed read_head(struct ws_parser *p, struct slice in, size_t *used)
{
	enum ws_parsed result = WS_PARSED_MORE;

	while (*used < in.n && !p->in_payload && result == WS_PARSED_MORE) {
		p->head[p->head_n++] = (unsigned char)in.p[(*used)++];
		if (p->head_n == 2)
			result = check_start(p);
		if (result == WS_PARSED_MORE && p->head_n > 1 && p->head_n == head_size(p))
			result = finish_head(p);
	}
	return result;
}

/* ---- payload ---- */

/* Goes on checking UTF-8 (RFC 3629) where the last piece ended; false at a wrong byte. */
static bool utf8_goes_on(uint8_t state[3], const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = s[i];

		if (state[0] > 0) {
			if (c < state[1] || c > state[2])
				return false;
			state[0]--;
		} else if (c >= 0x80) {
			if (c < 0xC2 || c > 0xF4)
				return false;
			state[0] = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
			state[1] = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
			state[2] = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
			continue;
		}
		state[1] = 0x80;
		state[2] = 0xBF;
	}
	return true;
}

static void unmask(struct ws_parser *p, char *to, const char *from, size_t n)
{
	const unsigned char *mask = p->head + p->head_n - 4;

	for (size_t i = 0; i < n; i++)
		to[i] = (char)(from[i] ^ mask[(p->mask_at + i) & 3]);
	p->mask_at = (uint32_t)((p->mask_at + n) & 3);
}

static enum ws_parsed finish_close(struct ws_parser *p)
{
	const unsigned char *c = (const unsigned char *)p->control;

	p->code = 1005;
	if (p->control_n == 0)
		return WS_PARSED_CLOSE;
	if (p->control_n < 2)
		return fail(p, WS_PROTOCOL_ERROR);
	p->code = c[0] << 8 | c[1];
	if (!ws_code_valid(p->code))
		return fail(p, WS_PROTOCOL_ERROR);
	p->control_n = (uint8_t)(p->control_n - 2);
	memmove(p->control, p->control + 2, p->control_n);
	return utf8_valid(ws_payload(p)) ? WS_PARSED_CLOSE : fail(p, WS_INVALID_PAYLOAD);
}

/* The payload is complete. */
static enum ws_parsed finish_frame(struct ws_parser *p)
{
	p->in_payload = false;
	p->head_n = 0;
	if (p->opcode == WS_PING)
		return WS_PARSED_PING;
	if (p->opcode == WS_PONG)
		return WS_PARSED_PONG;
	if (p->opcode == WS_CLOSE)
		return finish_close(p);
	if (!p->fin)
		return WS_PARSED_MORE;
	if (p->text && !p->compressed && p->utf8[0] > 0)
		return fail(p, WS_INVALID_PAYLOAD);
	p->in_message = false;
	p->done = true;
	return WS_PARSED_MESSAGE;
}

static enum ws_parsed read_payload(struct ws_parser *p, struct slice in, size_t *used)
{
	size_t n = in.n - *used < p->left ? in.n - *used : (size_t)p->left;
	bool control = p->opcode >= WS_CLOSE;
	char *to = control ? p->control + p->control_n : strbuf_reserve(&p->message, n);

	if (n)
		unmask(p, to, in.p + *used, n);
	*used += n;
	p->left -= n;
	if (control) {
		p->control_n = (uint8_t)(p->control_n + n);
	} else {
		strbuf_commit(&p->message, n);
		if (p->text && !p->compressed && !utf8_goes_on(p->utf8, (const unsigned char *)to, n))
			return fail(p, WS_INVALID_PAYLOAD);
	}
	return p->left == 0 ? finish_frame(p) : WS_PARSED_MORE;
}

enum ws_parsed ws_parse(struct ws_parser *p, struct slice in, size_t *used)
{
	enum ws_parsed result = WS_PARSED_MORE;

	*used = 0;
	if (p->failed)
		return WS_PARSED_ERROR;
	if (p->done) {
		strbuf_free(&p->message);
		p->done = false;
	}
	while (result == WS_PARSED_MORE && (*used < in.n || (p->in_payload && p->left == 0))) {
		if (p->in_payload)
			result = read_payload(p, in, used);
		else
			result = read_head(p, in, used);
	}
	return result;
}

/* ---- the other way ---- */

size_t ws_frame_head(char *out, enum ws_opcode opcode, bool compressed, size_t payload_n)
{
	size_t bytes = payload_n < 126 ? 0 : payload_n < 65536 ? 2 : 8;

	out[0] = (char)(0x80 | (compressed ? 0x40 : 0) | opcode);
	out[1] = (char)(bytes == 0 ? payload_n : bytes == 2 ? 126 : 127);
	for (size_t i = 0; i < bytes; i++)
		out[2 + i] = (char)((uint64_t)payload_n >> (8 * (bytes - 1 - i)));
	return 2 + bytes;
}
