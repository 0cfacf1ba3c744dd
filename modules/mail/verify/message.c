/*
 * message.c: header and body of a message parted as they come (message.h). The header ends with the first
 * empty line; then the signatures are read, since they say how the body is to be hashed.
 *
 * Pure.
 */
#include "verify/message.h"

void verify_message_init(struct verify_message *m)
{
	*m = (struct verify_message){ .arena = arena_new() };
}

static void end_header(struct verify_message *m)
{
	struct header_fields fields;

	m->in_body = true;
	if (m->header.n > VERIFY_HEADER_MAX) {
		m->too_long = true;
	} else {
		m->kept = arena_slice(m->arena, strbuf_slice(&m->header));
		fields = header_fields_read(m->arena, m->kept);
		dkim_read(&m->dkim, m->arena, &fields, &m->body);
		arc_read(&m->arc, m->arena, &fields, &m->body);
	}
	strbuf_free(&m->header);
}

/* Takes the header's bytes off the front: up to the empty line, line by line. */
static struct slice take_header(struct verify_message *m, struct slice in)
{
	while (in.n && !m->in_body) {
		size_t n = mime_line(slice_head(in, VERIFY_HEADER_MAX + 1 - m->header.n));
		struct slice line;

		strbuf_add(&m->header, slice_head(in, n));
		in = slice_skip(in, n);
		line = slice_skip(strbuf_slice(&m->header), m->line);
		if (m->header.n > VERIFY_HEADER_MAX || mime_line_empty(line))
			end_header(m);
		else if (line.p[line.n - 1] == '\n')
			m->line = m->header.n;
	}
	return in;
}

void verify_message_feed(struct verify_message *m, struct slice bytes)
{
	if (!m->in_body)
		bytes = take_header(m, bytes);
	body_hash_feed(&m->body, bytes);
}

void verify_message_end(struct verify_message *m)
{
	if (!m->in_body)
		end_header(m);
	body_hash_end(&m->body);
	dkim_compare(&m->dkim, &m->body);
	arc_compare(&m->arc, &m->body);
	body_hash_clear(&m->body);
}

void verify_message_clear(struct verify_message *m)
{
	body_hash_clear(&m->body);
	strbuf_free(&m->header);
	arena_free(&m->arena);
}
