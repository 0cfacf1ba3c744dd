/*
 * ws_frame.c: the frame parser.
 *
 *   HEAD ──complete──▶ PAYLOAD ──last byte──▶ HEAD; a control frame and the last frame of a message
 *     └──wrong──▶ ended ◀──Close, wrong───┘   are events
 *
 * The payload is unmasked where it is copied to: that of messages to `message`, that of control
 * frames, which may come between the frames of a message, to `control`. Text is checked as it
 * comes, so that a wrong byte is answered at once; compressed text is checked by who inflates it.
 * Pure, one parser a connection; the message under way is bounded by what the parser was made with.
 */
#include "http/ws_frame.h"

#include "hearth/text.h"
#include "hearth/ws.h"

#define KEEP_MAX 1024 /* bytes of memory that a parser keeps between messages */

static enum ws_parsed fail(struct ws_parser *p, int code, const char *why)
{
	p->code = code;
	p->why = why;
	p->ended = WS_PARSED_ERROR;
	strbuf_free(&p->message);
	return WS_PARSED_ERROR;
}

static bool is_control(const struct ws_parser *p)
{
	return p->opcode >= WS_CLOSE;
}

/* ---- the head of a frame ---- */

/* What its first two bytes decide. */
static enum ws_parsed check_start(struct ws_parser *p)
{
	unsigned first = p->head[0], reserved = first & 0x70, length = p->head[1] & 0x7F;

	p->fin = first & 0x80;
	p->opcode = first & 0x0F;
	p->head_size = 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
	if (p->opcode > WS_PONG || (p->opcode > WS_BINARY && !is_control(p)))
		return fail(p, WS_PROTOCOL_ERROR, "unknown opcode");
	/* RSV1 marks a compressed message, on its first frame. */
	if (reserved &&
		(reserved != 0x40 || !p->deflate || is_control(p) || p->opcode == WS_CONTINUATION))
		return fail(p, WS_PROTOCOL_ERROR, "a reserved bit is set");
	if (!(p->head[1] & 0x80))
		return fail(p, WS_PROTOCOL_ERROR, "a frame is not masked");
	if (is_control(p) && (!p->fin || length > WS_CONTROL_MAX))
		return fail(p, WS_PROTOCOL_ERROR, "a control frame is fragmented or too long");
	if (!is_control(p) && (p->opcode == WS_CONTINUATION) != p->in_message)
		return fail(p, WS_PROTOCOL_ERROR,
			p->in_message ? "a message begins within another" : "nothing to continue");
	return WS_PARSED_MORE;
}

/* The length of the payload; false when it is not written in the shortest way. */
static bool read_length(struct ws_parser *p)
{
	unsigned length = p->head[1] & 0x7F;
	uint64_t n = 0;

	p->left = length;
	if (length < 126)
		return true;
	for (unsigned i = 2; i + 4 < p->head_size; i++)
		n = n << 8 | p->head[i];
	p->left = n;
	return length == 126 ? n >= 126 : n > 0xFFFF && n >> 63 == 0;
}

/* How large a message may be on the wire: deflate can make what it cannot compress a bit larger. */
static size_t wire_max(const struct ws_parser *p)
{
	return p->compressed ? p->message_max + p->message_max / 8 + 64 : p->message_max;
}

static enum ws_parsed finish_head(struct ws_parser *p)
{
	if (!read_length(p))
		return fail(p, WS_PROTOCOL_ERROR, "a length is not written in the shortest way");
	p->read = 0;
	p->in_payload = true;
	if (is_control(p)) {
		p->control_n = 0;
		return WS_PARSED_MORE;
	}
	if (p->opcode != WS_CONTINUATION) {
		p->text = p->opcode == WS_TEXT;
		p->compressed = p->head[0] & 0x40;
		p->in_message = true;
	}
	if (p->left > wire_max(p) - p->message.n)
		return fail(p, WS_TOO_BIG, "a message is too big");
	return WS_PARSED_MORE;
}

static enum ws_parsed read_head(struct ws_parser *p, struct slice in, size_t *used)
{
	enum ws_parsed result = WS_PARSED_MORE;

	while (*used < in.n && !p->in_payload && result == WS_PARSED_MORE) {
		p->head[p->head_n++] = (unsigned char)in.p[(*used)++];
		if (p->head_n == 2)
			result = check_start(p);
		else if (p->head_n > 2 && p->head_n == p->head_size)
			result = finish_head(p);
	}
	return result;
}

/* ---- payload ---- */

static void unmask(const struct ws_parser *p, char *to, const char *from, size_t n)
{
	const unsigned char *mask = p->head + p->head_size - 4;
	unsigned char key[8];
	uint64_t word, key_word;

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = mask[(p->read + i) % 4];
	memcpy(&key_word, key, sizeof(key));
	for (; n >= sizeof(word); n -= sizeof(word), to += sizeof(word), from += sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		word ^= key_word;
		memcpy(to, &word, sizeof(word));
	}
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(from[i] ^ key[i]);
}

static bool is_ascii(const unsigned char *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return (word & 0x8080808080808080) == 0;
}

/* Goes on checking UTF-8 (RFC 3629) where the last piece ended; false at a wrong byte. */
static bool check_utf8(struct ws_parser *p, const char *bytes, size_t n)
{
	const unsigned char *s = (const unsigned char *)bytes, *end = s + n;

	while (s < end) {
		unsigned char c;

		while (p->utf8.need == 0 && end - s >= 8 && is_ascii(s))
			s += 8;
		if (s == end)
			break;
		c = *s++;
		if (p->utf8.need > 0) {
			if (c < p->utf8.low || c > p->utf8.high)
				return false;
			p->utf8.need--;
			p->utf8.low = 0x80;
			p->utf8.high = 0xBF;
		} else if (c >= 0x80) {
			if (c < 0xC2 || c > 0xF4)
				return false;
			p->utf8.need = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
			p->utf8.low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
			p->utf8.high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
		}
	}
	return true;
}

static enum ws_parsed finish_close(struct ws_parser *p)
{
	const unsigned char *c = (const unsigned char *)p->control;

	p->code = WS_NO_CODE;
	if (p->control_n > 0) {
		if (p->control_n < 2)
			return fail(p, WS_PROTOCOL_ERROR, "half a close code");
		p->code = c[0] << 8 | c[1];
		if (!ws_code_valid(p->code))
			return fail(p, WS_PROTOCOL_ERROR, "no such close code");
		p->control_n = (uint8_t)(p->control_n - 2);
		memmove(p->control, p->control + 2, p->control_n);
		if (!utf8_valid(ws_payload(p)))
			return fail(p, WS_INVALID_PAYLOAD, "the reason is not UTF-8");
	}
	p->ended = WS_PARSED_CLOSE;
	return WS_PARSED_CLOSE;
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
	if (p->utf8.need > 0)
		return fail(p, WS_INVALID_PAYLOAD, "the text ends within a character");
	p->in_message = false;
	p->told = true;
	return WS_PARSED_MESSAGE;
}

static enum ws_parsed read_payload(struct ws_parser *p, struct slice in, size_t *used)
{
	size_t n = in.n - *used < p->left ? in.n - *used : (size_t)p->left;
	char *to = is_control(p) ? p->control + p->control_n : strbuf_reserve(&p->message, n);

	if (n)
		unmask(p, to, in.p + *used, n);
	*used += n;
	p->left -= n;
	p->read += n;
	if (is_control(p)) {
		p->control_n = (uint8_t)(p->control_n + n);
	} else {
		strbuf_commit(&p->message, n);
		if (p->text && !p->compressed && !check_utf8(p, to, n))
			return fail(p, WS_INVALID_PAYLOAD, "the text is not UTF-8");
	}
	return p->left == 0 ? finish_frame(p) : WS_PARSED_MORE;
}

/* ---- driving it ---- */

enum ws_parsed ws_parse(struct ws_parser *p, struct slice in, size_t *used)
{
	enum ws_parsed result = WS_PARSED_MORE;

	*used = 0;
	if (p->ended)
		return p->ended;
	if (p->told) {
		p->told = false;
		if (p->message.cap > KEEP_MAX)
			strbuf_free(&p->message);
		else
			strbuf_reset(&p->message);
	}
	/* An empty payload is complete without a further byte. */
	while (result == WS_PARSED_MORE && (*used < in.n || (p->in_payload && p->left == 0)))
		result = p->in_payload ? read_payload(p, in, used) : read_head(p, in, used);
	return result;
}

struct slice ws_payload(const struct ws_parser *p)
{
	return is_control(p) ? slice_of(p->control, p->control_n) : strbuf_slice(&p->message);
}

void ws_parser_clear(struct ws_parser *p)
{
	strbuf_free(&p->message);
}

bool ws_code_valid(int code)
{
	return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
	       (code >= 3000 && code <= 4999);
}

/* ---- the other way ---- */

size_t ws_frame_head(char *out, enum ws_opcode opcode, bool compressed, size_t payload_n)
{
	size_t bytes = payload_n < 126 ? 0 : payload_n <= 0xFFFF ? 2 : 8;

	out[0] = (char)(0x80 | (compressed ? 0x40 : 0) | opcode);
	out[1] = (char)(bytes == 0 ? payload_n : bytes == 2 ? 126 : 127);
	for (size_t i = 0; i < bytes; i++)
		out[2 + i] = (char)((uint64_t)payload_n >> (8 * (bytes - 1 - i)));
	return 2 + bytes;
}
