/*
 * mime/unbinary.c: see mime/unbinary.h. Parts are written in the order of the message; what stands between
 * them, preambles and delimiters, is copied: no line of base64 looks like a delimiter.
 *
 * Pure; as deep as MIME_DEPTH_MAX.
 */
#include "mime/unbinary.h"

#include "mime/encode.h"
#include "mime/header.h"
#include "mime/structure.h"

#define LONGEST 998 /* RFC 5322 section 2.1.1 */

/* What only BINARYMIME can carry: NUL, a CR or LF of its own, a line without end. */
static bool is_binary(struct slice s)
{
	size_t line = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\0' || (c == '\n' && (i == 0 || s.p[i - 1] != '\r')) ||
			(c == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n')))
			return true;
		line = c == '\n' ? 0 : line + 1;
		if (line > LONGEST + 1)
			return true;
	}
	return false;
}

/* The header with another encoding in it. */
static void write_header(
	struct strbuf *out, struct slice header, const char *encoding, bool is_message)
{
	struct mime_fields it = mime_fields_of(header);
	struct mime_field field;
	bool versioned = !is_message;

	while (mime_fields_next(&it, &field)) {
		versioned = versioned || slice_ieq(field.name, SLICE("MIME-Version"));
		if (!slice_ieq(field.name, SLICE("Content-Transfer-Encoding")))
			strbuf_add(out, field.raw);
	}
	if (header.n > 0 && out->n > 0 && out->p[out->n - 1] != '\n')
		strbuf_adds(out, "\r\n");
	if (!versioned)
		strbuf_adds(out, "MIME-Version: 1.0\r\n");
	strbuf_printf(out, "Content-Transfer-Encoding: %s\r\n\r\n", encoding);
}

/* RFC 1847: what is signed, and what is encrypted, is what it is. */
static bool is_sealed(const struct mime_part *part)
{
	for (; part; part = part->parent)
		if (mime_part_is(part, SLICE("multipart"), SLICE("signed")) ||
			mime_part_is(part, SLICE("multipart"), SLICE("encrypted")))
			return true;
	return false;
}

static bool is_message(const struct mime_part *part)
{
	return !part->parent || part->parent->kind == MIME_MESSAGE;
}

static bool write_leaf(struct strbuf *out, struct slice message, const struct mime_part *part)
{
	struct slice header = mime_part_header(message, part), body = mime_part_body(message, part);

	if (part->encoding != MIME_BINARY && !is_binary(body)) {
		strbuf_add(out, header);
		strbuf_add(out, body);
		return true;
	}
	if (is_sealed(part) || !mime_encoding_is_identity(part->encoding))
		return false;
	write_header(out, header, "base64", is_message(part));
	mime_encode_base64(out, body);
	return true;
}

static bool write_part(struct strbuf *out, struct slice message, const struct mime_part *part)
{
	struct slice header = mime_part_header(message, part);
	size_t at = part->offset + part->header_size, end = at + part->body_size;

	if (slice_chr(header, '\0') >= 0)
		return false;
	if (part->kind == MIME_LEAF)
		return write_leaf(out, message, part);
	if (!mime_encoding_is_identity(
		    part->encoding)) { /* which it must not be: as it is, or not */
		struct slice all = slice_of(message.p + part->offset, end - part->offset);

		strbuf_add(out, all);
		return !is_binary(all);
	}
	if (part->encoding == MIME_BINARY)
		write_header(out, header, "8bit", is_message(part));
	else
		strbuf_add(out, header);
	for (const struct mime_part *child = part->child; child; child = child->next) {
		strbuf_add(out, slice_of(message.p + at, child->offset - at));
		if (!write_part(out, message, child))
			return false;
		at = child->offset + child->header_size + child->body_size;
	}
	strbuf_add(out, slice_of(message.p + at, end - at));
	return true;
}

bool mime_unbinary(struct strbuf *out, struct slice message)
{
	struct arena *a = arena_new();
	size_t before = out->n;
	bool done = write_part(out, message, mime_structure_parse(a, message, NULL));

	arena_free(&a);
	return done && slice_chr(slice_of(out->p + before, out->n - before), '\0') < 0;
}
