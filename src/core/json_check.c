/*
 * json_check.c: whether bytes are one JSON document by RFC 8259, within our bounds. A loop over
 * what may come next, with one bit for each open level; it allocates nothing.
 *
 *	BEFORE_VALUE     a value, after ':' or ',' or at the start
 *	BEFORE_ELEMENT   a value or ']', after '['
 *	BEFORE_MEMBER    a name or '}', after '{'
 *	BEFORE_NAME      a name, after ',' in an object
 *	AFTER_VALUE      ',' or what closes the level; the end at the top
 *
 * It goes before jsmn, not behind it: jsmn looks for the partner of a closing bracket along links
 * which input that is no JSON can make as long as itself, once for each bracket.
 */
#include "core/json_check.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/text.h"

enum state { BEFORE_VALUE, BEFORE_ELEMENT, BEFORE_MEMBER, BEFORE_NAME, AFTER_VALUE };

struct check {
	struct slice in;
	size_t at;
	uint64_t is_object; /* a bit for each open level, the innermost lowest */
	int depth;
	enum state state;
	size_t values;
	int error;
	const char *why;
};

static void refuse(struct check *c, const char *why)
{
	c->error = HEARTH_EINVAL;
	c->why = why;
}

/* The byte at the cursor; -1 at the end. */
static int peek(const struct check *c)
{
	return c->at < c->in.n ? (unsigned char)c->in.p[c->at] : -1;
}

static bool take(struct check *c, char byte)
{
	if (peek(c) != byte)
		return false;
	c->at++;
	return true;
}

static void skip_space(struct check *c)
{
	while (take(c, ' ') || take(c, '\t') || take(c, '\n') || take(c, '\r'))
		;
}

static bool take_digits(struct check *c)
{
	size_t start = c->at;

	while (peek(c) >= '0' && peek(c) <= '9')
		c->at++;
	return c->at > start;
}

static void check_number(struct check *c)
{
	bool right;

	take(c, '-');
	right = take(c, '0') || take_digits(c);
	if (right && take(c, '.'))
		right = take_digits(c);
	if (right && (take(c, 'e') || take(c, 'E'))) {
		if (!take(c, '+'))
			take(c, '-');
		right = take_digits(c);
	}
	if (!right)
		refuse(c, "no number has this form");
}

int json_hex4(const char *p)
{
	unsigned char bytes[2];

	return hex_decode(slice_of(p, 4), bytes, 2) ? -1 : bytes[0] << 8 | bytes[1];
}

/* The digits behind "\u"; returns the 16 bits, or -1. */
static int check_hex4(struct check *c)
{
	int unit = c->in.n - c->at < 4 ? -1 : json_hex4(c->in.p + c->at);

	if (unit < 0)
		refuse(c, "expected four hexadecimal digits after \\u");
	else
		c->at += 4;
	return unit;
}

/* Behind a backslash. */
static void check_escape(struct check *c)
{
	int unit, letter = peek(c);

	if (letter <= 0 || !strchr("\"\\/bfnrtu", letter)) {
		refuse(c, "no escape has this letter");
		return;
	}
	c->at++;
	if (letter != 'u')
		return;
	unit = check_hex4(c);
	if (unit < 0xD800 || unit > 0xDFFF)
		return;
	if (unit < 0xDC00 && take(c, '\\') && take(c, 'u')) {
		unit = check_hex4(c);
		if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
			return;
	}
	refuse(c, "half of a surrogate pair");
}

/* At the opening quote. */
static void check_string(struct check *c)
{
	size_t start = ++c->at;

	while (!c->error && !take(c, '"')) {
		int byte = peek(c);

		if (byte < 0)
			refuse(c, "a text is not closed");
		else if (byte < 0x20)
			refuse(c, "control character in a text");
		else if (take(c, '\\'))
			check_escape(c);
		else
			c->at++;
	}
	if (!c->error && !utf8_valid(slice_of(c->in.p + start, c->at - start)))
		refuse(c, "a text is not UTF-8");
}

static void check_open(struct check *c, bool is_object)
{
	c->at++;
	if (c->depth == JSON_DEPTH_MAX) {
		c->error = HEARTH_ETOOBIG;
		c->why = "nested too deep";
		return;
	}
	c->depth++;
	c->is_object = c->is_object << 1 | is_object;
	c->state = is_object ? BEFORE_MEMBER : BEFORE_ELEMENT;
}

static void check_close(struct check *c)
{
	c->depth--;
	c->is_object >>= 1;
	c->state = AFTER_VALUE;
}

static void check_value(struct check *c)
{
	static const char *const words[] = { "null", "true", "false" };
	int byte = peek(c);

	c->values++;
	c->state = AFTER_VALUE;
	if (byte == '{' || byte == '[') {
		check_open(c, byte == '{');
		return;
	}
	if (byte == '"') {
		check_string(c);
		return;
	}
	if (byte == '-' || (byte >= '0' && byte <= '9')) {
		check_number(c);
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_starts(slice_skip(c->in, c->at), slice_str(words[i]))) {
			c->at += strlen(words[i]);
			return;
		}
	}
	refuse(c, "expected a value");
}

static void check_name(struct check *c)
{
	c->values++;
	if (peek(c) != '"') {
		refuse(c, "expected a name in quotes");
		return;
	}
	check_string(c);
	skip_space(c);
	if (!c->error && !take(c, ':'))
		refuse(c, "expected ':'");
	c->state = BEFORE_VALUE;
}

static void check_after_value(struct check *c)
{
	bool in_object = c->is_object & 1;

	if (c->depth == 0)
		refuse(c, "something follows the document");
	else if (take(c, ','))
		c->state = in_object ? BEFORE_NAME : BEFORE_VALUE;
	else if (take(c, in_object ? '}' : ']'))
		check_close(c);
	else
		refuse(c, in_object ? "expected ',' or '}'" : "expected ',' or ']'");
}

static void check_next(struct check *c)
{
	switch (c->state) {
	case BEFORE_ELEMENT:
		if (take(c, ']'))
			check_close(c);
		else
			check_value(c);
		break;
	case BEFORE_VALUE: check_value(c); break;
	case BEFORE_MEMBER:
		if (take(c, '}'))
			check_close(c);
		else
			check_name(c);
		break;
	case BEFORE_NAME: check_name(c); break;
	case AFTER_VALUE: check_after_value(c); break;
	}
}

struct json_verdict json_check(struct slice in)
{
	struct check c = { .in = in, .state = BEFORE_VALUE };

	if (in.n > JSON_BYTES_MAX)
		return (struct json_verdict){ HEARTH_ETOOBIG, "the document is too long", 0, 0 };
	for (;;) {
		skip_space(&c);
		if (c.depth == 0 && c.state == AFTER_VALUE && c.at == in.n)
			break;
		check_next(&c);
		if (c.error)
			break;
		if (c.values > JSON_VALUES_MAX) {
			c.error = HEARTH_ETOOBIG;
			c.why = "too many values";
			break;
		}
	}
	return (struct json_verdict){ c.error, c.why, c.at, c.values };
}
